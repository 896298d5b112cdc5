//! The trash: deleting is a rename, and so is undoing it.
//!
//! A thing in the trash is a folder `trash/<id>` with `origin.json` and the object's own folder
//! as `object`. Purging is the next issue's; nothing here removes anything for good.

use crate::error::{EngineError, Result};
use crate::paths::{Roots, private_folder};
use crate::store;
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
    /// `images`, `machines` or `drafts`.
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
    private_folder(&place)?;
    let origin = Origin {
        schema_version: 1,
        kind: kind.to_owned(),
        id: id.to_owned(),
        name: name.to_owned(),
        deleted_at: now.to_owned(),
    };
    // The origin first: a crash in between leaves an origin without an object, never the reverse.
    store::write(&place.join(ORIGIN), &origin)?;
    fs::rename(folder, place.join(OBJECT)).map_err(file(folder))?;
    store::sync_folder(&place)?;
    store::sync_folder(folder.parent().unwrap_or(folder))?;
    Ok(trash_id)
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
        "drafts" => roots.drafts(),
        _ => return Err(unknown()),
    };
    let id = Uuid::parse_str(&origin.id).map_err(|_| unknown())?;
    let back: PathBuf = parent.join(id.to_string());
    fs::rename(place.join(OBJECT), &back).map_err(file(&back))?;
    store::sync_folder(&parent)?;
    fs::remove_dir_all(&place).map_err(file(&place))?;
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
    fn a_path_is_no_trash_id() {
        let temp = tempfile::tempdir().unwrap();
        let roots = Roots::open(temp.path().join("d"), temp.path().join("r")).unwrap();
        assert!(matches!(
            take(&roots, "../machines"),
            Err(EngineError::NotFound { .. })
        ));
    }
}
