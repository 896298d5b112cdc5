//! The lock of one machine's disk, or of one network: held by whoever runs it.
//!
//! The engine takes it before it touches the disk and hands it on to QEMU, which holds it until it
//! ends: the kernel then lets go, whatever the end was. So it is never a question of belief
//! whether a QEMU still runs on a disk, even where every record of it was lost.
//!
//! The file's text says where the run that holds it has its sockets. It is a hint for finding the
//! process; the lock is the proof.

use crate::process::ProcessError;
use crete_failpoint::step;
use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The kernel offers no asynchronous wait for a file lock; this is how often we ask.
const ASK_EVERY: Duration = Duration::from_millis(10);

/// A lock that is held. Dropping it lets go of this copy; a process it was handed to keeps its own.
#[derive(Debug)]
pub struct RunLock {
    file: File,
    path: PathBuf,
}

impl RunLock {
    /// Takes the lock; `None` when somebody else holds it.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn take(path: &Path) -> Result<Option<Self>, ProcessError> {
        let failed = |source| ProcessError::File {
            path: path.to_owned(),
            source,
        };
        let open = || {
            File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .mode(0o600)
                .open(path)
        };
        let file = step!("lock.open", open()).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self {
                file,
                path: path.to_owned(),
            })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Takes the lock, waiting a little: a process that is just ending, or one that is just being
    /// started for another machine, may hold a copy for an instant.
    ///
    /// # Errors
    /// As [`RunLock::take`].
    pub async fn take_within(
        path: &Path,
        patience: Duration,
    ) -> Result<Option<Self>, ProcessError> {
        let until = tokio::time::Instant::now() + patience;
        loop {
            if let Some(lock) = Self::take(path)? {
                return Ok(Some(lock));
            }
            if tokio::time::Instant::now() >= until {
                return Ok(None);
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// Notes where the run that gets this lock has its sockets; nothing once it has ended.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn note(&self, runtime: Option<&Path>) -> Result<(), ProcessError> {
        let text = runtime.map_or(&[][..], |path| path.as_os_str().as_bytes());
        let write = || {
            self.file.set_len(0)?;
            self.file.write_all_at(text, 0)
        };
        step!("lock.note", write()).map_err(|source| ProcessError::File {
            path: self.path.clone(),
            source,
        })
    }

    /// A copy to hand on.
    pub(crate) fn share(&self) -> io::Result<OwnedFd> {
        self.file.try_clone().map(OwnedFd::from)
    }
}

/// Where the run that was last given this lock has its sockets; `None` after an orderly end.
#[must_use]
pub fn noted(path: &Path) -> Option<PathBuf> {
    let text = fs::read(path).ok()?;
    (!text.is_empty()).then(|| PathBuf::from(OsStr::from_bytes(&text)))
}

/// The processes that have this lock's file open, this one left out. Only those of this person can
/// be seen, and nobody else's could have been given it.
#[must_use]
pub fn holders(path: &Path) -> Vec<i32> {
    let Ok(lock) = fs::metadata(path) else {
        return Vec::new();
    };
    let same = |meta: fs::Metadata| (meta.dev(), meta.ino()) == (lock.dev(), lock.ino());
    let own = rustix::process::getpid().as_raw_nonzero().get();
    let mut holders = Vec::new();
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = process.file_name().to_str().and_then(|n| n.parse().ok());
        let Some(pid) = pid.filter(|pid| *pid != own) else {
            continue;
        };
        let open = fs::read_dir(process.path().join("fd"));
        let mut open = open.into_iter().flatten().flatten();
        if open.any(|entry| fs::metadata(entry.path()).is_ok_and(same)) {
            holders.push(pid);
        }
    }
    holders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_that_was_handed_on_keeps_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk.lock");
        let lock = RunLock::take(&path).unwrap().unwrap();
        assert!(RunLock::take(&path).unwrap().is_none());
        let copy = lock.share().unwrap();
        drop(lock);
        assert!(RunLock::take(&path).unwrap().is_none());
        drop(copy);
        assert!(RunLock::take(&path).unwrap().is_some());
    }

    #[test]
    fn the_note_is_replaced_and_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk.lock");
        assert_eq!(noted(&path), None);
        let lock = RunLock::take(&path).unwrap().unwrap();
        for runtime in ["/run/user/1000/crete/0123456789ab", "/tmp/c"] {
            lock.note(Some(Path::new(runtime))).unwrap();
            assert_eq!(noted(&path), Some(runtime.into()));
        }
        lock.note(None).unwrap();
        assert_eq!(noted(&path), None);
    }

    #[tokio::test]
    async fn a_lock_that_is_let_go_in_time_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk.lock");
        let lock = RunLock::take(&path).unwrap().unwrap();
        let waiting = RunLock::take_within(&path, Duration::from_secs(20));
        let (taken, ()) = tokio::join!(waiting, async { drop(lock) });
        assert!(taken.unwrap().is_some());
        let _held = RunLock::take(&path).unwrap().unwrap();
        let short = RunLock::take_within(&path, Duration::ZERO).await;
        assert!(short.unwrap().is_none());
    }
}
