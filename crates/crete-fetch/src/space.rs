//! How much room a file system has left.

use std::io;
use std::path::Path;

use crate::FetchError;

/// Bytes always left free, so that the rest of the computer keeps working.
pub const RESERVE: u64 = 512 * 1024 * 1024;

/// Answers how many bytes an unprivileged user may still write beside a path.
pub type FreeSpace = fn(&Path) -> io::Result<u64>;

/// Bytes an unprivileged user may still write in the folder of `path`.
///
/// # Errors
/// When the folder cannot be examined.
pub fn available(path: &Path) -> io::Result<u64> {
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let answer = rustix::fs::statvfs(folder)?;
    Ok(answer.f_bavail.saturating_mul(answer.f_frsize))
}

/// A write that failed because the disk is full, as that: `ahead` bytes are still to come.
pub(crate) fn name_full(error: FetchError, ahead: u64) -> FetchError {
    match error {
        FetchError::File { path, source } if source.kind() == io::ErrorKind::StorageFull => {
            FetchError::DiskFull {
                needed: ahead.saturating_add(RESERVE),
                free: available(&path).unwrap_or(0),
                path,
            }
        }
        other => other,
    }
}
