//! Records on disk: whole or not at all.
//!
//! A record is written beside its place, synced, renamed over it, and the folder synced: after a
//! power cut there is either the old record or the new one. Nothing here knows what records mean.

use crate::error::{EngineError, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Name of the record in an object's folder.
pub(crate) const SPEC: &str = "spec.json";

fn at(path: &Path) -> impl Fn(io::Error) -> EngineError + '_ {
    move |source| EngineError::File {
        path: path.to_owned(),
        source,
    }
}

/// Writes a record with mode 0600.
pub(crate) fn write<T: Serialize>(path: &Path, record: &T) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(record).map_err(|error| EngineError::Record {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    text.push(b'\n');
    let folder = path.parent().unwrap_or(Path::new("."));
    // NamedTempFile removes itself when anything below fails.
    let mut file = tempfile::Builder::new()
        .prefix(".writing-")
        .tempfile_in(folder)
        .map_err(at(folder))?;
    file.write_all(&text).map_err(at(path))?;
    file.as_file()
        .set_permissions(fs::Permissions::from_mode(0o600))
        .map_err(at(path))?;
    file.as_file().sync_all().map_err(at(path))?;
    file.persist(path).map_err(|error| at(path)(error.error))?;
    sync_folder(folder)
}

/// Makes a rename in this folder survive a power cut.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)
        .and_then(|file| file.sync_all())
        .map_err(at(folder))
}

/// Reads a record.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read(path).map_err(at(path))?;
    serde_json::from_slice(&text).map_err(|error| EngineError::Record {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

/// Reads a record that may not be there.
pub(crate) fn read_if_there<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    match read(path) {
        Err(EngineError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Ok(None)
        }
        other => other.map(Some),
    }
}

/// An object's folder and what its record says.
pub(crate) struct Found<T> {
    /// The folder.
    pub folder: PathBuf,
    /// The record, or why it cannot be read.
    pub record: Result<T>,
}

/// Reads the records of all folders below `parent`, broken ones included.
pub(crate) fn list<T: DeserializeOwned>(parent: &Path) -> Result<Vec<Found<T>>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(parent).map_err(at(parent))? {
        let folder = entry.map_err(at(parent))?.path();
        if !folder.is_dir() {
            continue;
        }
        // A folder without a record is one whose object was never completely made.
        let spec = folder.join(SPEC);
        found.push(Found {
            record: read(&spec),
            folder,
        });
    }
    found.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok(found)
}

/// Bytes that a folder's files take on this computer; holes do not count.
pub(crate) fn allocated(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let Ok(meta) = fs::symlink_metadata(path) else {
        return 0;
    };
    if !meta.is_dir() {
        return meta.blocks() * 512;
    }
    let Ok(entries) = fs::read_dir(path) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| allocated(&entry.path()))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_private_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(SPEC);
        write(&path, &serde_json::json!({ "a": 1 })).unwrap();
        write(&path, &serde_json::json!({ "a": 2 })).unwrap();
        assert_eq!(read::<serde_json::Value>(&path).unwrap()["a"], 2);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_broken_record_is_listed_with_the_parsers_words() {
        let parent = tempfile::tempdir().unwrap();
        fs::create_dir(parent.path().join("x")).unwrap();
        fs::write(parent.path().join("x").join(SPEC), "{").unwrap();
        let found = list::<serde_json::Value>(parent.path()).unwrap();
        assert_eq!(found.len(), 1);
        assert!(matches!(found[0].record, Err(EngineError::Record { .. })));
    }

    #[test]
    fn a_missing_record_is_not_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(
            read_if_there::<u8>(&folder.path().join("none.json"))
                .unwrap()
                .is_none()
        );
    }
}
