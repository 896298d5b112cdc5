//! The trash: deleting is a rename, and so is undoing it.
//!
//! A thing in the trash is a folder `trash/<id>` with `origin.json` and the object's own folder
//! as `object`. Purging is the next issue's; nothing here removes anything for good.

use crate::error::{EngineError, Result};
use crate::paths::{Roots, private_folder};
use crate::store;
use crete_failpoint::step;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use uuid::Uuid;

const ORIGIN: &str = "origin.json";
const OBJECT: &str = "object";

/// Where a trashed object came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    schema_version: u32,
    /// `images`, `machines`, `networks` or `drafts`.
    pub kind: String,
    /// The object's id.
    pub id: String,
    /// Its name at that time.
    pub name: String,
    /// RFC 3339.
    pub deleted_at: String,
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
    kind: &str,
    id: &str,
    name: &str,
    folder: &Path,
    now: &str,
) -> Result<String> {
    let trash_id = Uuid::now_v7().to_string();
    let place = roots.trash().join(&trash_id);
    let origin = Origin {
        schema_version: 1,
        kind: kind.to_owned(),
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

/// Removes places without an object: what a crash in the middle of a deletion, or at the end of
/// its undoing, left.
pub(crate) fn sweep(roots: &Roots) {
    for entry in fs::read_dir(roots.trash()).into_iter().flatten().flatten() {
        let place = entry.path();
        let known = |name: &str| name == ORIGIN || name.starts_with(store::HALF);
        let only_known = fs::read_dir(&place).is_ok_and(|mut inside| {
            inside
                .all(|entry| entry.is_ok_and(|entry| entry.file_name().to_str().is_some_and(known)))
        });
        if only_known {
            // What stays shows nothing and is tried again at the next start.
            let _ = step!("trash.sweep", fs::remove_dir_all(&place));
        }
    }
}

/// Gives an object back; returns where it came from.
pub(crate) fn take(roots: &Roots, trash_id: &str) -> Result<Origin> {
    let unknown = || EngineError::NotFound {
        kind: "trash",
        id: trash_id.to_owned(),
    };
    // The id comes from the page: only a UUID may become part of a path.
    let trash_id = Uuid::parse_str(trash_id)
        .map_err(|_| unknown())?
        .to_string();
    let place = roots.trash().join(trash_id);
    let origin: Origin = store::read_if_there(&place.join(ORIGIN))?.ok_or_else(unknown)?;
    let parent = match origin.kind.as_str() {
        "images" => roots.images(),
        "machines" => roots.machines(),
        "networks" => roots.networks(),
        "drafts" => roots.drafts(),
        _ => return Err(unknown()),
    };
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

        let trash_id = put(&roots, "machines", &id, "knossos", &folder, "now").unwrap();
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
        let trash_id = put(&roots, "machines", &id, "knossos", &folder, "now").unwrap();
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
    fn what_cannot_be_moved_leaves_no_place() {
        let temp = tempfile::tempdir().unwrap();
        let roots = Roots::open(temp.path().join("d"), temp.path().join("r")).unwrap();
        let nowhere = roots.machines().join("nowhere");
        assert!(put(&roots, "machines", "nowhere", "x", &nowhere, "now").is_err());
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
