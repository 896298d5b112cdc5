//! From the wire to the part file.
//!
//! Bytes are written, hashed and flushed on a thread of their own, so that the network never
//! waits for the disk or the digest as long as the queue between them has room.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use crete_failpoint::step;
use crete_model::{FileFault, params};
use reqwest::Response;
use tokio::sync::mpsc;

use super::{Event, Work};
use crate::digest::{Digest, digest_file};
use crate::durable;
use crate::error::FetchError;
use crate::lock::EntryLock;
use crate::partial::{SideFile, part_path, write_side};
use crate::rate::Rate;

/// Bytes after which the side file is brought up to date: what a power cut can cost.
const FLUSH_EVERY: u64 = 16 << 20;
/// Bytes given up on a full disk, so that the rest can be kept.
const GIVEN_BACK: u64 = 256 << 10;
/// Chunks that may wait for the disk; the client's chunks are at most some hundred KiB each.
const QUEUE: usize = 64;

/// An open part file, and the digest of what is in it.
pub(super) struct Target {
    pub file: File,
    pub digest: Digest,
}

/// Opens the part file at `at`, cuts off what is not trusted, and reads what is kept once more.
pub(super) async fn open_part(work: &Work<'_>, at: u64) -> Result<Target, FetchError> {
    let part = part_path(&work.request.target);
    let mut file = durable::open(&part)?;
    step!("fetch.cut", file.set_len(at)).map_err(FetchError::file(&part))?;
    file.seek(SeekFrom::Start(at))
        .map_err(FetchError::file(&part))?;
    if at == 0 {
        let digest = Digest::default();
        return Ok(Target { file, digest });
    }
    let (send, mut done) = mpsc::channel(1);
    let cancel = work.cancel.clone();
    let reading = tokio::task::spawn_blocking(move || {
        // Progress that nobody takes in time is left out.
        let progress = |bytes| {
            let _ = send.try_send(bytes);
        };
        digest_file(&part, at, &progress, &cancel)
    });
    let tell = |done| (work.events)(Event::Verifying { done, total: at });
    tell(0);
    while let Some(bytes) = done.recv().await {
        tell(bytes);
    }
    let digest = reading.await.unwrap_or(Err(FetchError::Cancelled))?;
    Ok(Target { file, digest })
}

/// Receives the rest of a body. What arrived is durable when this returns, whatever it returns.
pub(super) async fn transfer(
    work: &Work<'_>,
    response: Response,
    first: Vec<Bytes>,
    target: Target,
    side: SideFile,
) -> Result<(Target, u64), FetchError> {
    let (total, at) = (side.total, side.received);
    let (sender, chunks) = mpsc::channel(QUEUE);
    let writer = Writer {
        part: part_path(&work.request.target),
        path: work.request.target.clone(),
        target,
        side,
        flushed: at,
        _lock: Arc::clone(&work.lock),
    };
    let writing = tokio::task::spawn_blocking(move || writer.run(chunks));
    let mut receiver = Receiver {
        work,
        sender,
        began: Instant::now(),
        rate: Rate::default(),
        received: at,
        total,
    };
    let received = receiver.receive(response, first).await;
    let rate = receiver.rate.per_second();
    // Dropping the sender is the writer's sign to flush and end.
    drop(receiver);
    let (target, bytes) = writing.await.unwrap_or(Err(FetchError::Cancelled))?;
    received?;
    if total.is_some_and(|total| bytes < total) {
        return Err(FetchError::Interrupted {
            received: bytes,
            expected: total,
        });
    }
    (work.events)(Event::Transfer {
        received: bytes,
        total,
        rate,
        left: Some(Duration::ZERO),
    });
    Ok((target, bytes))
}

/// The network's side of the queue.
struct Receiver<'a> {
    work: &'a Work<'a>,
    sender: mpsc::Sender<Bytes>,
    began: Instant,
    rate: Rate,
    received: u64,
    total: Option<u64>,
}

impl Receiver<'_> {
    async fn receive(
        &mut self,
        mut response: Response,
        first: Vec<Bytes>,
    ) -> Result<(), FetchError> {
        for chunk in first {
            if !self.hand_over(chunk).await? {
                return Ok(());
            }
        }
        let stall = self.work.request.patience.stall;
        loop {
            let next = tokio::time::timeout(stall, response.chunk());
            match self.work.unless_cancelled(next).await? {
                Ok(Ok(Some(chunk))) => {
                    if !self.hand_over(chunk).await? {
                        return Ok(());
                    }
                }
                Ok(Ok(None)) => return Ok(()),
                Ok(Err(_)) => {
                    return Err(FetchError::Interrupted {
                        received: self.received,
                        expected: self.total,
                    });
                }
                Err(_) => {
                    return Err(FetchError::Stalled {
                        host: self.work.request.host(),
                        waited: stall,
                        received: self.received,
                        expected: self.total,
                    });
                }
            }
        }
    }

    /// Gives a chunk to the writer; `false` when the writer has ended, which then has a reason.
    async fn hand_over(&mut self, chunk: Bytes) -> Result<bool, FetchError> {
        let bytes = chunk.len() as u64;
        if let Some(total) = self.total.filter(|total| self.received + bytes > *total) {
            return Err(self.too_long(total));
        }
        if self
            .work
            .unless_cancelled(self.sender.send(chunk))
            .await?
            .is_err()
        {
            return Ok(false);
        }
        self.received += bytes;
        self.work
            .furthest
            .fetch_max(self.received, Ordering::Relaxed);
        if self.rate.observe(self.began.elapsed(), self.received) {
            (self.work.events)(Event::Transfer {
                received: self.received,
                total: self.total,
                rate: self.rate.per_second(),
                left: self.rate.left(self.total),
            });
        }
        Ok(true)
    }

    fn too_long(&self, total: u64) -> FetchError {
        FetchError::Corrupt {
            path: part_path(&self.work.request.target),
            fault: FileFault::OtherLength,
            params: params! { "needed" => total, "length" => self.received },
            words: format!("the server sent more than the {total} bytes it announced"),
        }
    }
}

/// The disk's side of the queue.
struct Writer {
    path: PathBuf,
    part: PathBuf,
    target: Target,
    side: SideFile,
    flushed: u64,
    /// The file is ours until the last byte is on disk, even when the caller is gone.
    _lock: Arc<EntryLock>,
}

impl Writer {
    fn run(mut self, mut chunks: mpsc::Receiver<Bytes>) -> Result<(Target, u64), FetchError> {
        self.keep()?;
        while let Some(chunk) = chunks.blocking_recv() {
            if let Err(error) = durable::append(&mut self.target.file, &chunk, &self.part) {
                self.keep_most();
                return Err(error);
            }
            self.target.digest.update(&chunk);
            self.side.received += chunk.len() as u64;
            if self.side.received - self.flushed >= FLUSH_EVERY {
                self.keep()?;
            }
        }
        self.keep()?;
        Ok((self.target, self.side.received))
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

    /// Makes what arrived durable and says so in the side file.
    fn keep(&mut self) -> Result<(), FetchError> {
        durable::sync(&self.target.file, &self.part)?;
        self.flushed = self.side.received;
        write_side(&self.path, &self.side)
    }
}
