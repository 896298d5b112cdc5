//! Records on disk: whole or not at all.
//!
//! A record is written beside its place, synced, renamed over it, and the folder synced: after a
//! power cut there is either the old record or the new one. Nothing here knows what records mean.

use crate::error::{EngineError, Result};
use crete_failpoint::step;
use crete_model::{ClusterSpec, ImageSpec, MachineSpec, NetworkSpec, SavedDraft};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
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

/// How the names of records that are being written begin.
pub(crate) const HALF: &str = ".writing-";

/// Writes a record with mode 0600.
pub(crate) fn write<T: Serialize>(path: &Path, record: &T) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(record).map_err(|error| EngineError::Record {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    text.push(b'\n');
    write_bytes(path, &text)
}

/// Writes a file with mode 0600, whole or not at all.
pub(crate) fn write_bytes(path: &Path, text: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let create = || {
        tempfile::Builder::new()
            .prefix(HALF)
            .permissions(fs::Permissions::from_mode(0o600))
            .tempfile_in(folder)
    };
    // It removes itself when anything below fails.
    let mut file = step!("store.create", create()).map_err(at(folder))?;
    step!("store.write", file.write_all(text)).map_err(at(path))?;
    step!("store.sync", file.as_file().sync_all()).map_err(at(path))?;
    step!("store.rename", file.persist(path)).map_err(|error| at(path)(error.error))?;
    sync_folder(folder)
}

/// Makes a rename in this folder survive a power cut.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    let sync = || File::open(folder).and_then(|file| file.sync_all());
    step!("store.sync_folder", sync()).map_err(at(folder))
}

/// Makes an object's folder and its record. What a crash leaves in between is an empty folder,
/// which the next [`sweep`] takes away.
pub(crate) fn create<T: Serialize>(folder: &Path, record: &T) -> Result<()> {
    step!("store.folder", crate::paths::private_folder(folder))?;
    write(&folder.join(SPEC), record)?;
    sync_folder(folder.parent().unwrap_or(folder))
}

/// Removes what writes that were cut off left in a folder of files.
pub(crate) fn sweep_files(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(HALF.as_bytes())
        {
            // What cannot be removed does no harm: nothing reads it.
            let _ = step!("store.sweep", fs::remove_file(entry.path()));
        }
    }
}

/// Removes what writes that were cut off left in a folder of objects: halves of records, and
/// folders of objects that were never completely made.
pub(crate) fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            sweep_files(&entry.path());
            // Only an empty folder goes.
            let _ = step!("store.sweep_folder", fs::remove_dir(entry.path()));
        }
    }
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

/// What has a folder of its own, called by its id.
pub(crate) trait Object: DeserializeOwned {
    /// The newest form of its record that is understood.
    const FORM: u32 = 1;
    /// Its id.
    fn id(&self) -> String;
    /// Brings a record of an older form into the newest.
    fn upgrade(record: Value) -> Value {
        record
    }
}

macro_rules! object {
    ($kind:ty $(, $form:literal, $upgrade:path)?) => {
        impl Object for $kind {
            $(
                const FORM: u32 = $form;
                fn upgrade(record: Value) -> Value {
                    $upgrade(record)
                }
            )?
            fn id(&self) -> String {
                self.id.to_string()
            }
        }
    };
}

object!(ImageSpec, 2, crate::images::upgrade_record);
object!(ClusterSpec);
object!(MachineSpec);
object!(NetworkSpec);
object!(SavedDraft);

/// Reads an object's record. One of a later form is refused, and so is one that stands in another
/// object's folder: a copied folder would otherwise be a second machine with the first one's id,
/// and both would work on the first one's disk.
pub(crate) fn read_object<T: Object>(folder: &Path) -> Result<T> {
    let path = folder.join(SPEC);
    let record: Value = read(&path)?;
    let form = record["schema_version"].as_u64().unwrap_or_default();
    let refuse = |reason| {
        Err(EngineError::Record {
            path: path.clone(),
            reason,
        })
    };
    if form > u64::from(T::FORM) {
        return refuse(format!(
            "its form is {form}, and this Crete knows {} at most",
            T::FORM
        ));
    }
    let object: T = match serde_json::from_value(T::upgrade(record)) {
        Ok(object) => object,
        Err(error) => return refuse(error.to_string()),
    };
    let id = object.id();
    if folder.file_name().is_none_or(|name| *name != *id) {
        return refuse(format!("it is the record of {id}, whose folder is another"));
    }
    Ok(object)
}

/// An object's folder and what its record says.
pub(crate) struct Found<T> {
    /// The folder.
    pub folder: PathBuf,
    /// The record, or why it cannot be read.
    pub record: Result<T>,
}

/// Reads the records of all folders below `parent`, broken ones included.
pub(crate) fn list<T: Object>(parent: &Path) -> Result<Vec<Found<T>>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(parent).map_err(at(parent))? {
        let folder = entry.map_err(at(parent))?.path();
        if folder.is_dir() {
            found.push(Found {
                record: read_object(&folder),
                folder,
            });
        }
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

    fn draft() -> SavedDraft {
        SavedDraft {
            schema_version: 1,
            id: crete_model::DraftId(uuid::Uuid::from_u128(7)),
            name: "draft".to_owned(),
            draft: crete_model::StudioDraft::default(),
            created_at: String::new(),
            changed_at: String::new(),
        }
    }

    /// The parser's words for the only object below a folder.
    fn refused(parent: &Path) -> String {
        let mut found = list::<SavedDraft>(parent).unwrap();
        assert_eq!(found.len(), 1, "it is listed");
        let record = found.remove(0).record;
        record.unwrap_err().to_string()
    }

    #[test]
    fn a_broken_record_is_listed_with_the_parsers_words() {
        let parent = tempfile::tempdir().unwrap();
        fs::create_dir(parent.path().join("x")).unwrap();
        fs::write(parent.path().join("x").join(SPEC), "{").unwrap();
        assert!(refused(parent.path()).contains("EOF"));
    }

    #[test]
    fn a_record_in_anothers_folder_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        create(&parent.path().join("copy"), &draft()).unwrap();
        assert!(refused(parent.path()).contains(&draft().id()));
    }

    #[test]
    fn a_record_of_a_later_form_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let later = SavedDraft {
            schema_version: 2,
            ..draft()
        };
        create(&parent.path().join(draft().id()), &later).unwrap();
        assert!(refused(parent.path()).contains("its form is 2"));
    }

    #[test]
    fn a_sweep_takes_halves_and_empty_folders_only() {
        let parent = tempfile::tempdir().unwrap();
        let whole = parent.path().join(draft().id());
        create(&whole, &draft()).unwrap();
        fs::write(whole.join(".writing-abc"), "{").unwrap();
        fs::create_dir(parent.path().join("empty")).unwrap();
        let half = parent.path().join("half");
        fs::create_dir(&half).unwrap();
        fs::write(half.join(".writing-def"), "").unwrap();
        let precious = parent.path().join("precious");
        fs::create_dir(&precious).unwrap();
        fs::write(precious.join("disk"), "bytes").unwrap();

        sweep(parent.path());
        let mut left: Vec<_> = fs::read_dir(parent.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        left.sort();
        assert_eq!(left, [whole.clone(), precious]);
        assert_eq!(fs::read_dir(whole).unwrap().count(), 1);
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
