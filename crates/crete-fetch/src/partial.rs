//! What is kept of an unfinished download: `TARGET.part` and `TARGET.part.json` beside it.
//!
//! The side file says only what was certainly on disk when it was written; bytes beyond that
//! are not trusted, because a power cut may have left holes there.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::FetchError;

/// What a listing can show of an unfinished download.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partial {
    /// Bytes certainly on disk.
    pub received: u64,
    /// Bytes the whole file has, where the server said so.
    pub total: Option<u64>,
}

/// The side file: what a later attempt needs to know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideFile {
    /// Address first asked, without its query, which may hold secrets.
    pub url: String,
    /// `ETag` as sent, weak ones included.
    pub etag: Option<String>,
    /// `Last-Modified` as sent.
    pub last_modified: Option<String>,
    /// Bytes the whole file has.
    pub total: Option<u64>,
    /// Bytes that were on disk at the last flush.
    pub received: u64,
}

/// The unfinished download of `target`, if there is a usable one.
#[must_use]
pub fn partial(target: &Path) -> Option<Partial> {
    let side = read_side(target)?;
    Some(Partial {
        received: side.received,
        total: side.total,
    })
}

/// `target` with another ending appended to its full name.
pub(crate) fn beside(target: &Path, ending: &str) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

pub(crate) fn part_path(target: &Path) -> PathBuf {
    beside(target, "part")
}

/// Reads the side file; `received` never exceeds what the part file holds.
pub(crate) fn read_side(target: &Path) -> Option<SideFile> {
    let text = std::fs::read(beside(target, "part.json")).ok()?;
    let mut side: SideFile = serde_json::from_slice(&text).ok()?;
    let length = std::fs::metadata(part_path(target)).ok()?.len();
    side.received = side.received.min(length);
    Some(side)
}

/// Replaces the side file in one step.
pub(crate) fn write_side(target: &Path, side: &SideFile) -> Result<(), FetchError> {
    let path = beside(target, "part.json");
    let fresh = beside(target, "part.json.new");
    let write = || -> io::Result<()> {
        let mut file = File::create(&fresh)?;
        file.write_all(&serde_json::to_vec(side)?)?;
        file.sync_data()?;
        std::fs::rename(&fresh, &path)
    };
    write().map_err(FetchError::file(&path))
}

/// Moves a finished, flushed part file to its place and makes the move itself durable.
pub(crate) fn publish(part: &Path, target: &Path) -> Result<(), FetchError> {
    std::fs::rename(part, target).map_err(FetchError::file(target))?;
    sync_folder(target)?;
    remove(&beside(target, "part.json"))
}

/// Sets a file with wrong content aside as `TARGET.corrupt`, so that it is neither used nor
/// lost, and the next attempt starts afresh.
pub(crate) fn set_aside(target: &Path, reason: String) -> FetchError {
    let aside = beside(target, "corrupt");
    let moved = std::fs::rename(part_path(target), &aside)
        .map_err(FetchError::file(&aside))
        .and_then(|()| remove(&beside(target, "part.json")));
    match moved {
        Ok(()) => FetchError::Corrupt {
            path: aside,
            reason,
        },
        Err(error) => error,
    }
}

fn sync_folder(target: &Path) -> Result<(), FetchError> {
    let folder = target
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|f| f.sync_all())
        .map_err(FetchError::file(folder))
}

fn remove(path: &Path) -> Result<(), FetchError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FetchError::file(path)(error)),
        _ => Ok(()),
    }
}
