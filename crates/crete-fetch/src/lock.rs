//! One writer per target, within this process and between processes.
//!
//! The lock belongs to the open file, so the kernel releases it when a process dies. The
//! lock file itself stays: removing it would let two writers hold two different files.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use crete_failpoint::step;
use tokio_util::sync::CancellationToken;

use crate::FetchError;

/// The kernel offers no asynchronous wait for a file lock; this is how often we ask.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Held for as long as the target may be written.
#[derive(Debug)]
pub(crate) struct EntryLock {
    _file: File,
}

/// Waits for the lock that lies at `path`; `waiting` is called once if somebody else holds it.
pub(crate) async fn acquire(
    path: &Path,
    waiting: impl Fn(),
    cancel: &CancellationToken,
) -> Result<EntryLock, FetchError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(FetchError::file(folder))?;
    }
    let open = || {
        File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
    };
    let file = step!("fetch.lock", open()).map_err(FetchError::file(path))?;
    let mut told = false;
    loop {
        if cancel.is_cancelled() {
            return Err(FetchError::Cancelled);
        }
        match file.try_lock() {
            Ok(()) => return Ok(EntryLock { _file: file }),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(source)) => return Err(FetchError::file(path)(source)),
        }
        if !told {
            waiting();
            told = true;
        }
        tokio::select! {
            () = cancel.cancelled() => return Err(FetchError::Cancelled),
            () = tokio::time::sleep(ASK_EVERY) => {}
        }
    }
}
