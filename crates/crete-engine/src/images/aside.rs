//! Files that failed a check: moved out of the way with the reason, kept, never used.
//!
//! A file `set-aside/NAME` has its reason beside it as `set-aside/NAME.json`.

use crate::error::{EngineError, Result};
use crate::paths::private_folder;
use crate::store;
use crete_model::{Problem, SetAsideFile};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const FOLDER: &str = "set-aside";

/// The reason, on disk.
#[derive(Debug, Serialize, Deserialize)]
struct Reason {
    schema_version: u32,
    at: String,
    problem: Problem,
}

/// Moves a file of an image's folder away and keeps the reason.
pub(super) fn put(folder: &Path, file: &Path, problem: &Problem, now: &str) -> Result<PathBuf> {
    let aside = folder.join(FOLDER);
    private_folder(&aside)?;
    let name = file
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let place = (1..)
        .map(|number: u32| aside.join(format!("{number}-{name}")))
        .find(|place| !place.exists() && !reason_of(place).exists())
        .unwrap_or_else(|| aside.join(&name));
    let reason = Reason {
        schema_version: 1,
        at: now.to_owned(),
        problem: problem.clone(),
    };
    // The reason first: a crash in between leaves a reason without a file, which is nothing,
    // and the file where it was, which will fail again.
    store::write(&reason_of(&place), &reason)?;
    crete_fetch::rename(file, &place).map_err(|error| EngineError::File {
        path: file.to_owned(),
        source: std::io::Error::other(error.to_string()),
    })?;
    Ok(place)
}

fn reason_of(place: &Path) -> PathBuf {
    let mut name = place.as_os_str().to_owned();
    name.push(".json");
    PathBuf::from(name)
}

/// When a file was written, RFC 3339; nothing where the file system does not know.
fn written(meta: &std::fs::Metadata) -> String {
    let time = meta.modified().ok();
    let time = time.and_then(|time| jiff::Timestamp::try_from(time).ok());
    time.map(|time| time.to_string()).unwrap_or_default()
}

/// What was set aside of an image, oldest first.
pub(super) fn list(folder: &Path) -> Vec<SetAsideFile> {
    let Ok(entries) = std::fs::read_dir(folder.join(FOLDER)) else {
        return Vec::new();
    };
    let mut found: Vec<SetAsideFile> = entries
        .flatten()
        .filter_map(|entry| {
            let path = entry.path();
            if path.extension().is_some_and(|ending| ending == "json") {
                return None;
            }
            let meta = entry.metadata().ok()?;
            // One whose reason is lost is there all the same, and takes its room.
            let (at, problem) = match store::read::<Reason>(&reason_of(&path)) {
                Ok(reason) => (reason.at, reason.problem),
                Err(error) => (written(&meta), error.problem()),
            };
            Some(SetAsideFile {
                name: path.file_name()?.to_string_lossy().into_owned(),
                bytes: meta.len(),
                at,
                problem,
            })
        })
        .collect();
    found.sort_by(|a, b| (&a.at, &a.name).cmp(&(&b.at, &b.name)));
    found
}

/// Deletes a file that [`list`] named, and its reason after it.
pub(super) fn remove(folder: &Path, name: &str) -> Result<()> {
    let place = folder.join(FOLDER).join(name);
    for path in [&place, &reason_of(&place)] {
        crete_fetch::remove(path).map_err(|error| EngineError::File {
            path: path.clone(),
            source: std::io::Error::other(error.to_string()),
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crete_model::{ErrorCode, Params};

    #[test]
    fn files_of_one_name_are_all_kept_with_their_reasons() {
        let folder = tempfile::tempdir().unwrap();
        let problem = Problem::new(ErrorCode::DownloadCorrupt, Params::new());
        for at in ["2026-11-24T10:00:00.000Z", "2026-11-25T10:00:00.000Z"] {
            let file = folder.path().join("metal.iso");
            std::fs::write(&file, at).unwrap();
            let place = put(folder.path(), &file, &problem, at).unwrap();
            assert_eq!(std::fs::read_to_string(place).unwrap(), at);
            assert!(!file.exists());
        }
        let kept = list(folder.path());
        let names: Vec<&str> = kept.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["1-metal.iso", "2-metal.iso"]);
        assert_eq!(kept[1].problem, problem);
        remove(folder.path(), "1-metal.iso").unwrap();
        assert_eq!(list(folder.path()), kept[1..]);
    }

    #[test]
    fn one_whose_reason_is_lost_is_listed_and_can_be_removed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("metal.iso");
        std::fs::write(&file, "half").unwrap();
        let problem = Problem::new(ErrorCode::DownloadCorrupt, Params::new());
        let place = put(folder.path(), &file, &problem, "2026-11-24T10:00:00.000Z").unwrap();
        std::fs::remove_file(reason_of(&place)).unwrap();
        let kept = list(folder.path());
        assert_eq!((kept.len(), kept[0].bytes), (1, 4));
        assert_ne!(kept[0].problem.code, problem.code);
        assert!(kept[0].at.starts_with("20"), "{}", kept[0].at);
        remove(folder.path(), "1-metal.iso").unwrap();
        assert!(list(folder.path()).is_empty());
    }

    #[test]
    fn nothing_set_aside_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(list(folder.path()).is_empty());
    }
}
