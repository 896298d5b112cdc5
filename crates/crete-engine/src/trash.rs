//! The trash: deleting is a rename, and so is undoing it. Only a person removes something for good.
//!
//! A thing in the trash is a folder `trash/<id>` with `origin.json` and the object's own folder
//! as `object`. What is being removed for good has another name first, so that a crash leaves
//! nothing half there that could be given back.

use crate::Engine;
use crate::error::{EngineError, Result};
use crate::paths::{Roots, private_folder};
use crate::store;
use crete_failpoint::step;
use crete_model::{ImageId, TrashKind, TrashView};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use uuid::Uuid;

const ORIGIN: &str = "origin.json";
const OBJECT: &str = "object";
/// How the names of places that are being removed for good begin.
const PURGING: &str = ".purging-";

/// Where a trashed object came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    schema_version: u32,
    /// What it was.
    pub kind: TrashKind,
    /// The object's id.
    pub id: String,
    /// Its name at that time.
    pub name: String,
    /// RFC 3339.
    pub deleted_at: String,
}

impl Origin {
    /// Where the object is when it is not in the trash.
    pub(crate) fn folder(&self, roots: &Roots) -> PathBuf {
        folder(roots, self.kind).join(&self.id)
    }
}

fn file(path: &Path) -> impl Fn(std::io::Error) -> EngineError + '_ {
    move |source| EngineError::File {
        path: path.to_owned(),
        source,
    }
}

/// Moves an object's folder to the trash and returns the id that gives it back.
pub(crate) fn put(
    roots: &Roots,
    kind: TrashKind,
    id: &str,
    name: &str,
    folder: &Path,
    now: &str,
) -> Result<String> {
    let trash_id = Uuid::now_v7().to_string();
    let place = roots.trash().join(&trash_id);
    let origin = Origin {
        schema_version: 1,
        kind,
        id: id.to_owned(),
        name: name.to_owned(),
        deleted_at: now.to_owned(),
    };
    let moved = move_in(roots, &place, &origin, folder);
    if moved.is_err() && !place.join(OBJECT).exists() {
        // The object is where it was; an empty place helps nobody.
        let _ = fs::remove_dir_all(&place);
    }
    moved.map(|()| trash_id)
}

fn move_in(roots: &Roots, place: &Path, origin: &Origin, folder: &Path) -> Result<()> {
    step!("trash.place", private_folder(place))?;
    // The origin first: a crash in between leaves an origin without an object, never the reverse.
    store::write(&place.join(ORIGIN), origin)?;
    store::sync_folder(&roots.trash())?;
    step!("trash.put", fs::rename(folder, place.join(OBJECT))).map_err(file(folder))?;
    store::sync_folder(place)?;
    store::sync_folder(folder.parent().unwrap_or(folder))
}

/// Removes what a crash left: places without an object, in the middle of a deletion or at the end
/// of its undoing, and those that were being removed for good.
pub(crate) fn sweep(roots: &Roots) {
    for entry in fs::read_dir(roots.trash()).into_iter().flatten().flatten() {
        let place = entry.path();
        let purged = entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(PURGING.as_bytes());
        let known = |name: &str| name == ORIGIN || name.starts_with(store::HALF);
        let only_known = fs::read_dir(&place).is_ok_and(|mut inside| {
            inside
                .all(|entry| entry.is_ok_and(|entry| entry.file_name().to_str().is_some_and(known)))
        });
        if purged || only_known {
            // What stays shows nothing and is tried again at the next start.
            let _ = step!("trash.sweep", fs::remove_dir_all(&place));
        }
    }
}

fn unknown(trash_id: &str) -> EngineError {
    EngineError::NotFound {
        kind: "trash",
        id: trash_id.to_owned(),
    }
}

/// A place in the trash. The id comes from the page: only a UUID may become part of a path.
fn place(roots: &Roots, trash_id: &str) -> Result<PathBuf> {
    let id = Uuid::parse_str(trash_id).map_err(|_| unknown(trash_id))?;
    Ok(roots.trash().join(id.to_string()))
}

/// Where an object lies while it is in the trash.
pub(crate) fn object(roots: &Roots, trash_id: &str) -> Result<PathBuf> {
    place(roots, trash_id).map(|place| place.join(OBJECT))
}

/// Gives an object back; returns where it came from.
pub(crate) fn take(roots: &Roots, trash_id: &str) -> Result<Origin> {
    let unknown = || unknown(trash_id);
    let place = place(roots, trash_id)?;
    let origin: Origin = store::read_if_there(&place.join(ORIGIN))?.ok_or_else(unknown)?;
    let parent = folder(roots, origin.kind);
    let id = Uuid::parse_str(&origin.id).map_err(|_| unknown())?;
    let back: PathBuf = parent.join(id.to_string());
    step!("trash.take", fs::rename(place.join(OBJECT), &back)).map_err(file(&back))?;
    store::sync_folder(&parent)?;
    if let Err(error) = step!("trash.empty", fs::remove_dir_all(&place)) {
        // The object is back, and that is what counts.
        tracing::warn!(path = %place.display(), %error, "an empty place of the trash stays");
    }
    Ok(origin)
}

fn folder(roots: &Roots, kind: TrashKind) -> PathBuf {
    match kind {
        TrashKind::Images => roots.images(),
        TrashKind::Machines => roots.machines(),
        TrashKind::Networks => roots.networks(),
        TrashKind::Drafts => roots.drafts(),
        TrashKind::Clusters => roots.clusters(),
    }
}

/// Removes something for good.
fn purge(roots: &Roots, trash_id: &str) -> Result<()> {
    let place = place(roots, trash_id)?;
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let going = roots.trash().join(format!("{PURGING}{name}"));
    step!("trash.purge", fs::rename(&place, &going)).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => unknown(trash_id),
        _ => file(&place)(source),
    })?;
    store::sync_folder(&roots.trash())?;
    step!("trash.remove", fs::remove_dir_all(&going)).map_err(file(&going))
}

/// What lies in a place; nothing when it is none, or cannot be read.
fn look(place: &Path) -> Option<TrashView> {
    let trash_id = place.file_name()?.to_str()?;
    Uuid::parse_str(trash_id).ok()?;
    let origin: Origin = store::read_if_there(&place.join(ORIGIN)).ok()??;
    let object = place.join(OBJECT);
    if !object.is_dir() {
        return None;
    }
    // Only a machine's record names an image, and one that cannot be read names none.
    let record = store::read::<BootsFrom>(&object.join(store::SPEC)).ok();
    let boots = record.filter(|_| origin.kind == TrashKind::Machines);
    Some(TrashView {
        trash_id: trash_id.to_owned(),
        kind: origin.kind,
        id: origin.id,
        name: origin.name,
        deleted_at: origin.deleted_at,
        bytes: store::allocated(&object),
        image: boots.map(|record| record.image),
    })
}

/// Of a machine's record what is needed here.
#[derive(Deserialize)]
struct BootsFrom {
    image: ImageId,
}

impl Engine {
    /// Moves an object's folder to the trash and shows it there; returns what gives it back.
    pub(crate) fn discard_object(
        &self,
        kind: TrashKind,
        id: &str,
        name: &str,
        folder: &Path,
    ) -> Result<String> {
        let trash_id = put(&self.roots, kind, id, name, folder, &self.clock.text())?;
        if let Some(view) = look(&self.roots.trash().join(&trash_id)) {
            self.trash.set(trash_id.clone(), view);
        }
        Ok(trash_id)
    }

    /// Reads what is in the trash.
    pub(crate) fn load_trash(&self) {
        let entries = fs::read_dir(self.roots.trash()).into_iter().flatten();
        for view in entries.flatten().filter_map(|entry| look(&entry.path())) {
            self.trash.set(view.trash_id.clone(), view);
        }
    }

    /// Removes something from the trash for good.
    ///
    /// # Errors
    /// When there is no such thing, or it cannot be removed.
    pub async fn purge(&self, trash_id: &str) -> Result<()> {
        let (roots, id) = (self.roots.clone(), trash_id.to_owned());
        let purging = tokio::task::spawn_blocking(move || purge(&roots, &id));
        let purged = purging.await.map_err(crate::error::internal)?;
        // Even when a part could not be removed nothing can be given back any more.
        if !place(&self.roots, trash_id)?.exists() {
            self.trash.remove(trash_id);
        }
        purged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_comes_back_as_it_was() {
        let temp = tempfile::tempdir().unwrap();
        let roots = Roots::open(temp.path().join("d"), temp.path().join("r")).unwrap();
        let id = Uuid::now_v7().to_string();
        let folder = roots.machines().join(&id);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("disk"), b"bytes").unwrap();

        let trash_id = put(&roots, TrashKind::Machines, &id, "knossos", &folder, "now").unwrap();
        assert!(!folder.exists());
        assert_eq!(take(&roots, &trash_id).unwrap().name, "knossos");
        assert_eq!(fs::read(folder.join("disk")).unwrap(), b"bytes");
        assert_eq!(fs::read_dir(roots.trash()).unwrap().count(), 0);
        assert!(matches!(
            take(&roots, &trash_id),
            Err(EngineError::NotFound { .. })
        ));
    }

    #[test]
    fn a_sweep_takes_places_without_an_object_only() {
        let temp = tempfile::tempdir().unwrap();
        let roots = Roots::open(temp.path().join("d"), temp.path().join("r")).unwrap();
        let id = Uuid::now_v7().to_string();
        let folder = roots.machines().join(&id);
        fs::create_dir(&folder).unwrap();
        let trash_id = put(&roots, TrashKind::Machines, &id, "knossos", &folder, "now").unwrap();
        // Cut off before the object came, and before the place went.
        for name in ["empty", "origin"] {
            fs::create_dir(roots.trash().join(name)).unwrap();
        }
        fs::write(roots.trash().join("origin").join(ORIGIN), "{}").unwrap();
        fs::write(roots.trash().join("origin/.writing-x"), "{").unwrap();
        sweep(&roots);
        let left: Vec<_> = fs::read_dir(roots.trash())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(left, [trash_id]);
    }

    #[test]
    fn what_is_removed_for_good_cannot_come_back() {
        let temp = tempfile::tempdir().unwrap();
        let roots = Roots::open(temp.path().join("d"), temp.path().join("r")).unwrap();
        let id = Uuid::now_v7().to_string();
        let folder = roots.machines().join(&id);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("disk"), vec![1; 10_000]).unwrap();
        let trash_id = put(&roots, TrashKind::Machines, &id, "knossos", &folder, "now").unwrap();
        let seen = look(&roots.trash().join(&trash_id)).unwrap();
        assert_eq!(
            (seen.name.as_str(), seen.kind),
            ("knossos", TrashKind::Machines)
        );
        assert!(seen.bytes >= 10_000);
        // Cut off in the middle: what is left is no place any more, and goes at the next start.
        let half = roots.trash().join(format!("{PURGING}{trash_id}"));
        fs::rename(roots.trash().join(&trash_id), &half).unwrap();
        assert!(matches!(
            take(&roots, &trash_id),
            Err(EngineError::NotFound { .. })
        ));
        assert_eq!(look(&half), None);
        sweep(&roots);
        assert_eq!(fs::read_dir(roots.trash()).unwrap().count(), 0);
        assert!(matches!(
            purge(&roots, &trash_id),
            Err(EngineError::NotFound { .. })
        ));
        assert!(purge(&roots, "../machines").is_err());
    }

    #[test]
    fn what_cannot_be_moved_leaves_no_place() {
        let temp = tempfile::tempdir().unwrap();
        let roots = Roots::open(temp.path().join("d"), temp.path().join("r")).unwrap();
        let nowhere = roots.machines().join("nowhere");
        assert!(put(&roots, TrashKind::Machines, "nowhere", "x", &nowhere, "now").is_err());
        assert_eq!(fs::read_dir(roots.trash()).unwrap().count(), 0);
    }

    #[test]
    fn a_path_is_no_trash_id() {
        let temp = tempfile::tempdir().unwrap();
        let roots = Roots::open(temp.path().join("d"), temp.path().join("r")).unwrap();
        assert!(matches!(
            take(&roots, "../machines"),
            Err(EngineError::NotFound { .. })
        ));
    }
}
