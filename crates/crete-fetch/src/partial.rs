//! What is kept of an unfinished download: `TARGET.part` and `TARGET.part.json` beside it; and of
//! a finished one, how it came: `TARGET.arrived.json`.
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

/// How a finished file came: nobody can see that in the file itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Arrival {
    /// SHA-256 of the file: of another one this says nothing.
    pub sha256: String,
    /// Whether the server announced the length.
    pub announced: bool,
    /// The host it came from, if the whole way was over TLS.
    pub secure_from: Option<String>,
}

/// What is there of the download of `target`: all of it, once it has its place.
#[must_use]
pub fn partial(target: &Path) -> Option<Partial> {
    if let Ok(whole) = std::fs::symlink_metadata(target) {
        return Some(Partial {
            received: whole.len(),
            total: Some(whole.len()),
        });
    }
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
    write_json(&side_path(target), side)
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), FetchError> {
    let text = serde_json::to_vec(value).map_err(|error| FetchError::File {
        path: path.to_owned(),
        source: error.into(),
    })?;
    durable::replace(path, &text)
}

fn arrival_path(target: &Path) -> PathBuf {
    beside(target, "arrived.json")
}

/// Says how a file came, before it gets its place.
pub(crate) fn write_arrival(target: &Path, arrival: &Arrival) -> Result<(), FetchError> {
    write_json(&arrival_path(target), arrival)
}

/// How the file at `target` with this SHA-256 came, if that was said.
pub(crate) fn read_arrival(target: &Path, sha256: &str) -> Option<Arrival> {
    let text = std::fs::read(arrival_path(target)).ok()?;
    let arrival: Arrival = serde_json::from_slice(&text).ok()?;
    (arrival.sha256 == sha256).then_some(arrival)
}

/// Forgets how a file came, after somebody else has recorded it or the file is gone.
///
/// # Errors
/// `File` when the record cannot be removed.
pub fn forget_arrival(target: &Path) -> Result<(), FetchError> {
    durable::remove(&durable::fresh(&arrival_path(target)))?;
    durable::remove(&arrival_path(target))
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
