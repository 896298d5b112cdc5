//! From the wire to the queue of the part file, whose other side is the [`super::writer`].

use std::io::{Seek, SeekFrom};
use std::pin::pin;
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

/// Batches that may wait for the disk.
const QUEUE: usize = 8;
/// What goes to the disk together. The client's chunks are as large as the server's records, and
/// to hand each over by itself costs more than to write it.
const TOGETHER: usize = 256 << 10;
/// Less than that is handed over after this time.
const TOGETHER_FOR: Duration = Duration::from_millis(50);

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

/// Chunks that go to the disk together.
#[derive(Default)]
struct Batch {
    chunks: Vec<Bytes>,
    bytes: usize,
    /// When the first of them came.
    since: Option<tokio::time::Instant>,
}

impl Batch {
    fn add(&mut self, chunk: Bytes) {
        self.bytes += chunk.len();
        self.since.get_or_insert_with(tokio::time::Instant::now);
        self.chunks.push(chunk);
    }
}

/// Why no further chunk comes, when there should be one.
enum End {
    Interrupted,
    Stalled,
    Error(FetchError),
}

impl From<FetchError> for End {
    fn from(error: FetchError) -> Self {
        Self::Error(error)
    }
}

/// The network's side of the queue.
struct Receiver<'a> {
    work: &'a Work<'a>,
    sender: mpsc::Sender<Vec<Bytes>>,
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
        let mut batch = Batch::default();
        first.into_iter().for_each(|chunk| batch.add(chunk));
        let mut ended = Ok(());
        loop {
            match self.next(&mut response, &mut batch).await {
                Ok(Some(chunk)) => batch.add(chunk),
                Ok(None) => break,
                Err(error) => {
                    ended = Err(error);
                    break;
                }
            }
            if batch.bytes >= TOGETHER && !self.hand_over(&mut batch).await? {
                return Ok(());
            }
        }
        // What arrived before the end is kept, whatever the end was.
        self.hand_over(&mut batch).await?;
        ended.map_err(|end| self.unfinished(end))
    }

    /// The next chunk. While it does not come, what is there already goes to the disk.
    async fn next(
        &mut self,
        response: &mut Response,
        batch: &mut Batch,
    ) -> Result<Option<Bytes>, End> {
        let mut next = pin!(response.chunk());
        let soon = match batch.since {
            Some(since) => {
                let soon = tokio::time::timeout_at(since + TOGETHER_FOR, next.as_mut());
                self.work.unless_cancelled(soon).await?.ok()
            }
            None => None,
        };
        let chunk = match soon {
            Some(chunk) => chunk,
            None => {
                if !self.hand_over(batch).await? {
                    return Ok(None);
                }
                let next = tokio::time::timeout(self.work.request.patience.stall, next);
                self.work
                    .unless_cancelled(next)
                    .await?
                    .map_err(|_| End::Stalled)?
            }
        };
        chunk.map_err(|_| End::Interrupted)
    }

    fn unfinished(&self, end: End) -> FetchError {
        match end {
            End::Error(error) => error,
            End::Interrupted => FetchError::Interrupted {
                received: self.received,
                expected: self.total,
            },
            End::Stalled => FetchError::Stalled {
                host: self.work.request.host(),
                waited: self.work.request.patience.stall,
                received: self.received,
                expected: self.total,
            },
        }
    }

    /// Gives a batch to the writer; `false` when the writer has ended, which then has a reason.
    async fn hand_over(&mut self, batch: &mut Batch) -> Result<bool, FetchError> {
        let Batch { chunks, bytes, .. } = std::mem::take(batch);
        if chunks.is_empty() {
            return Ok(!self.sender.is_closed());
        }
        let bytes = bytes as u64;
        if let Some(total) = self.total.filter(|total| self.received + bytes > *total) {
            return Err(self.too_long(total));
        }
        if self
            .work
            .unless_cancelled(self.sender.send(chunks))
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
