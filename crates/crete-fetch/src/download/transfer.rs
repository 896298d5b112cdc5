//! From the wire to the queue of the part file, whose other side is the [`super::writer`].

use std::io::{Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use crete_failpoint::step;
use crete_model::{FileFault, params};
use reqwest::Response;
use tokio::sync::mpsc;

use super::writer::{Target, Writer};
use super::{Event, Work};
use crate::digest::{Digest, digest_file};
use crate::durable;
use crate::error::FetchError;
use crate::partial::{SideFile, part_path};
use crate::rate::Rate;

/// Chunks that may wait for the disk; the client's chunks are at most some hundred KiB each.
const QUEUE: usize = 32;

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
