//! From the queue to the part file: written, hashed and flushed on threads of their own, so that
//! none of the three waits for another, nor the network for any of them, as long as the queues
//! between them have room.
//!
//! ```text
//! network ─▶ queue ─▶ write ─┬▶ queue ─▶ digest
//!                            └▶ "so much is written" ─▶ flush, then say so in the side file
//! ```

use std::fs::File;
use std::io::IoSlice;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::digest::Digest;
use crate::durable;
use crate::error::FetchError;
use crate::lock::EntryLock;
use crate::partial::{SideFile, write_side};

/// Bytes and time after which the side file is brought up to date, unless that is still under way:
/// what a power cut can cost.
const FLUSH_EVERY: u64 = 16 << 20;
const FLUSH_AFTER: Duration = Duration::from_millis(500);
/// Bytes given up on a full disk, so that the rest can be kept.
const GIVEN_BACK: u64 = 256 << 10;
/// Written batches that may wait for the digest.
const QUEUE: usize = 8;

/// An open part file, and the digest of what is in it.
pub(super) struct Target {
    pub file: File,
    pub digest: Digest,
}

/// The disk's side of the queue.
pub(super) struct Writer {
    pub path: PathBuf,
    pub part: PathBuf,
    pub target: Target,
    pub side: SideFile,
    /// The file is ours until the last byte is on disk, even when the caller is gone.
    pub _lock: Arc<EntryLock>,
}

impl Writer {
    /// Writes until the network's side is gone. What arrived is durable when this returns,
    /// whatever it returns.
    pub fn run(mut self, batches: mpsc::Receiver<Vec<Bytes>>) -> Result<(Target, u64), FetchError> {
        self.keep()?;
        let mut digest = std::mem::take(&mut self.target.digest);
        let (written, digest) = thread::scope(|threads| {
            let (hash, hashed) = sync_channel::<Vec<Bytes>>(QUEUE);
            let hashing = threads.spawn(move || {
                let chunks = hashed.iter().flatten();
                chunks.for_each(|chunk| digest.update(&chunk));
                digest
            });
            let written = Keeper::spawn(threads, &self).and_then(|keeper| {
                let written = self.write(batches, &hash, &keeper);
                // Awaited before the file changes its length again, or its owner.
                written.and(keeper.end())
            });
            drop(hash);
            (written, joined(hashing))
        });
        if let Err(error) = written {
            self.keep_most();
            return Err(error);
        }
        self.keep()?;
        self.target.digest = digest;
        Ok((self.target, self.side.received))
    }

    fn write(
        &mut self,
        mut batches: mpsc::Receiver<Vec<Bytes>>,
        hash: &SyncSender<Vec<Bytes>>,
        keeper: &Keeper<'_>,
    ) -> Result<(), FetchError> {
        let (mut flushed, mut at) = (self.side.received, Instant::now());
        while let Some(batch) = batches.blocking_recv() {
            let mut slices: Vec<_> = batch.iter().map(|chunk| IoSlice::new(chunk)).collect();
            durable::append(&mut self.target.file, &mut slices, &self.part)?;
            self.side.received += batch.iter().map(|chunk| chunk.len() as u64).sum::<u64>();
            // It only ends when this side is gone.
            let _ = hash.send(batch);
            if self.side.received - flushed < FLUSH_EVERY || at.elapsed() < FLUSH_AFTER {
                continue;
            }
            match keeper.written.try_send(self.side.clone()) {
                Ok(()) => (flushed, at) = (self.side.received, Instant::now()),
                // The flush before is not over: a slow disk is not asked more often.
                Err(TrySendError::Full(_)) => {}
                // It failed, and says why when it is joined.
                Err(TrySendError::Disconnected(_)) => return Ok(()),
            }
        }
        Ok(())
    }

    /// After a failed write: on a full disk there is no room either for saying what is kept, so
    /// the last of it is given back. Where even that fails, the side file says what was certain
    /// at the last flush.
    fn keep_most(&mut self) {
        self.side.received = self.side.received.saturating_sub(GIVEN_BACK);
        if self.target.file.set_len(self.side.received).is_ok() {
            let _ = self.keep();
        }
    }

    fn keep(&self) -> Result<(), FetchError> {
        keep(&self.target.file, &self.part, &self.path, &self.side)
    }
}

/// Makes what arrived durable and says so in the side file.
fn keep(file: &File, part: &Path, path: &Path, side: &SideFile) -> Result<(), FetchError> {
    durable::sync(file, part)?;
    write_side(path, side)
}

/// Flushes beside the writing. What is said to be kept was written before the flush began.
struct Keeper<'scope> {
    written: SyncSender<SideFile>,
    thread: ScopedJoinHandle<'scope, Result<(), FetchError>>,
}

impl<'scope> Keeper<'scope> {
    fn spawn(
        threads: &'scope thread::Scope<'scope, '_>,
        writer: &Writer,
    ) -> Result<Self, FetchError> {
        let part = writer.part.clone();
        let path = writer.path.clone();
        let file = writer.target.file.try_clone();
        let file = file.map_err(FetchError::file(&part))?;
        // Of two that wait the newer says more, but the older is said sooner.
        let (written, told): (_, Receiver<SideFile>) = sync_channel(0);
        let work = move || {
            told.iter()
                .try_for_each(|side| keep(&file, &part, &path, &side))
        };
        let thread = threads.spawn(work);
        Ok(Self { written, thread })
    }

    fn end(self) -> Result<(), FetchError> {
        drop(self.written);
        joined(self.thread)
    }
}

/// What a thread gave. A panic in it is a defect, and goes on here.
fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
