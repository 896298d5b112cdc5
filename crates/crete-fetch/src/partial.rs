//! What is kept of an unfinished download: `TARGET.part` and `TARGET.part.json` beside it.
//!
//! The side file says only what was certainly on disk when it was written; bytes beyond that
//! are not trusted, because a power cut may have left holes there.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::FetchError;
use crate::durable::{self, beside};
use crate::place::Existing;

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

/// Where the bytes of an unfinished download are.
#[must_use]
pub fn part_path(target: &Path) -> PathBuf {
    beside(target, "part")
}

fn side_path(target: &Path) -> PathBuf {
    beside(target, "part.json")
}

/// Reads the side file; `received` never exceeds what the part file holds.
pub(crate) fn read_side(target: &Path) -> Option<SideFile> {
    let text = std::fs::read(side_path(target)).ok()?;
    let mut side: SideFile = serde_json::from_slice(&text).ok()?;
    let length = std::fs::metadata(part_path(target)).ok()?.len();
    side.received = side.received.min(length);
    Some(side)
}

/// Replaces the side file in one step.
pub(crate) fn write_side(target: &Path, side: &SideFile) -> Result<(), FetchError> {
    let path = side_path(target);
    let text = serde_json::to_vec(side).map_err(|error| FetchError::File {
        path: path.clone(),
        source: error.into(),
    })?;
    durable::replace(&path, &text)
}

/// Moves a finished, flushed part file to its place and makes the move itself durable.
pub(crate) fn publish(target: &Path, existing: Existing) -> Result<(), FetchError> {
    existing.put(&part_path(target), target)?;
    forget_side(target)
}

/// Forgets what is known of an unfinished download, after its part file was moved away.
///
/// # Errors
/// `File` when the side file cannot be removed.
pub fn forget_side(target: &Path) -> Result<(), FetchError> {
    // A new one that was being written when the program was killed says nothing either.
    durable::remove(&durable::fresh(&side_path(target)))?;
    durable::remove(&side_path(target))
}
