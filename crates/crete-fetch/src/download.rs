//! One download: attempts, resumption, and the file's way to its place.
//!
//! It must not know what the file is, only how its kind begins and ends.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::{
    CONTENT_RANGE, ETAG, HeaderMap, HeaderName, IF_RANGE, LAST_MODIFIED, RANGE, RETRY_AFTER,
};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::container::{Container, HEAD, Verdict, first_line};
use crate::digest::{Digest, digest_file};
use crate::error::{FetchError, classify};
use crate::lock;
use crate::partial::{SideFile, part_path, publish, read_side, set_aside, write_side};
use crate::rate::Rate;
use crate::resume::{Decision, ResponseHead, decide, validator};
use crate::space::{FreeSpace, RESERVE, available};

/// Bytes after which the side file is brought up to date: what a power cut can cost.
const FLUSH_EVERY: u64 = 16 << 20;
/// The longest wait a server may ask for and be given.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// What to download, where to, and how patiently.
#[derive(Debug, Clone)]
pub struct Request {
    /// Address to ask; a redirect is asked for anew with each attempt.
    pub url: Url,
    /// Where the complete file goes.
    pub target: PathBuf,
    /// What it must be.
    pub container: Container,
    /// How long the first answer may take: a server may build the file first.
    pub first_byte_timeout: Duration,
    /// Silence after which `Building` is told.
    pub building_after: Duration,
    /// How long the transfer may stand still.
    pub stall_timeout: Duration,
    /// Attempts in all.
    pub attempts: u32,
    /// Wait before the second attempt; doubles with each.
    pub first_wait: Duration,
    /// How free space is found out.
    pub free_space: FreeSpace,
}

impl Request {
    /// A request with the patience that suits a factory that builds images.
    #[must_use]
    pub fn new(url: Url, target: PathBuf, container: Container) -> Self {
        Self {
            url,
            target,
            container,
            first_byte_timeout: Duration::from_secs(22 * 60),
            building_after: Duration::from_secs(3),
            stall_timeout: Duration::from_secs(60),
            attempts: 5,
            first_wait: Duration::from_secs(1),
            free_space: available,
        }
    }

    fn host(&self) -> String {
        self.url.host_str().unwrap_or_default().to_owned()
    }
}

/// What a download tells while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Somebody else downloads the same file.
    WaitingForLock,
    /// The server was asked.
    Asking {
        /// Its host.
        host: String,
    },
    /// The server has not answered yet: it builds the file.
    Building {
        /// Its host.
        host: String,
    },
    /// Bytes arrive; told at most ten times a second.
    Transfer {
        /// Bytes there are.
        received: u64,
        /// Bytes of the whole file, if known.
        total: Option<u64>,
        /// Bytes per second.
        rate: u64,
        /// Time left, if it can be told.
        left: Option<Duration>,
    },
    /// What was there before is read again for the digest.
    Verifying {
        /// Bytes read.
        done: u64,
        /// Bytes to read.
        total: u64,
    },
    /// An attempt failed; another follows.
    Retrying {
        /// Number of the attempt that failed, from 1.
        attempt: u32,
        /// Time until the next one.
        wait: Duration,
        /// Why it failed.
        reason: String,
    },
}

/// A complete file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloaded {
    /// Where it is.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, lower-case hexadecimal.
    pub sha256: String,
    /// Bytes that were there before this call.
    pub resumed_from: u64,
}

type Events<'a> = &'a (dyn Fn(Event) + Send + Sync);

/// Downloads a file, or goes on with what is there of it.
///
/// # Errors
/// See [`FetchError`]; whatever it is, what arrived is kept and a later call goes on with it,
/// except that content which cannot be right is set aside.
pub async fn download(
    client: &reqwest::Client,
    request: &Request,
    events: Events<'_>,
    cancel: &CancellationToken,
) -> Result<Downloaded, FetchError> {
    let waiting = || events(Event::WaitingForLock);
    let _lock = lock::acquire(&request.target, waiting, cancel).await?;
    if let Some(done) = already_there(request, cancel).await? {
        return Ok(done);
    }
    // Network faults are worth another attempt only once something has arrived.
    let arrived = AtomicU64::new(0);
    let mut attempt = 1;
    let mut wait = request.first_wait;
    loop {
        let error = tokio::select! {
            result = run(client, request, events, cancel, &arrived) => match result {
                Ok(done) => return Ok(done),
                Err(error) => error,
            },
            () = cancel.cancelled() => return Err(FetchError::Cancelled),
        };
        let worked = arrived.load(Ordering::Relaxed) > 0;
        let again = error.is_transient() || (worked && error.is_connectivity());
        if !again || attempt >= request.attempts {
            return Err(error);
        }
        let asked = match &error {
            FetchError::Refused { retry_after, .. } => *retry_after,
            _ => None,
        };
        let pause = asked.map_or(wait, |asked| asked.min(LONGEST_WAIT));
        events(Event::Retrying {
            attempt,
            wait: pause,
            reason: error.to_string(),
        });
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = cancel.cancelled() => return Err(FetchError::Cancelled),
        }
        attempt += 1;
        wait *= 2;
    }
}

/// The file another call has completed meanwhile, or an earlier one.
async fn already_there(
    request: &Request,
    cancel: &CancellationToken,
) -> Result<Option<Downloaded>, FetchError> {
    let Ok(meta) = std::fs::metadata(&request.target) else {
        return Ok(None);
    };
    let sha256 = crate::sha256_file(&request.target, cancel).await?;
    Ok(Some(Downloaded {
        path: request.target.clone(),
        bytes: meta.len(),
        sha256,
        resumed_from: meta.len(),
    }))
}

/// One attempt.
async fn run(
    client: &reqwest::Client,
    request: &Request,
    events: Events<'_>,
    cancel: &CancellationToken,
    arrived: &AtomicU64,
) -> Result<Downloaded, FetchError> {
    let held = read_side(&request.target).filter(|side| {
        side.url == without_query(&request.url) && side.received > 0 && validator(side).is_some()
    });
    let mut response = ask(client, request, events, held.as_ref()).await?;
    let mut head = head_of(&response);
    let mut decision = decide(held.as_ref(), &head);
    if decision == Decision::AskAgain {
        response = ask(client, request, events, None).await?;
        head = head_of(&response);
        decision = decide(None, &head);
    }
    let (at, total) = match decision {
        Decision::Continue { at, total } => (at, total),
        Decision::StartOver { total } => (0, total),
        Decision::AlreadyComplete => {
            let length = held.as_ref().map_or(0, |side| side.received);
            let (file, digest) = open_part(request, events, cancel, length).await?;
            return Transfer::new(request, file, digest, length, Some(length), head).finish();
        }
        Decision::AskAgain | Decision::Refuse => return Err(refused(request, response).await),
    };
    let needed = total
        .unwrap_or(0)
        .saturating_sub(at)
        .saturating_add(RESERVE);
    let free = (request.free_space)(&request.target).map_err(FetchError::file(&request.target))?;
    if needed > free {
        return Err(FetchError::DiskFull {
            path: request.target.clone(),
            needed,
            free,
        });
    }
    let (file, digest) = open_part(request, events, cancel, at).await?;
    let mut transfer = Transfer::new(request, file, digest, at, total, head);
    transfer.keep()?;
    transfer.receive(response, events, arrived).await?;
    transfer.finish()
}

/// Asks, and tells after a while that the server builds.
async fn ask(
    client: &reqwest::Client,
    request: &Request,
    events: Events<'_>,
    held: Option<&SideFile>,
) -> Result<reqwest::Response, FetchError> {
    let host = request.host();
    events(Event::Asking { host: host.clone() });
    let mut get = client.get(request.url.clone());
    if let Some((side, proof)) = held.and_then(|side| Some((side, validator(side)?))) {
        get = get
            .header(RANGE, format!("bytes={}-", side.received))
            .header(IF_RANGE, proof);
    }
    let send = get.send();
    tokio::pin!(send);
    let answer = tokio::select! {
        answer = &mut send => answer,
        () = tokio::time::sleep(request.building_after) => {
            events(Event::Building { host: host.clone() });
            let rest = request.first_byte_timeout.saturating_sub(request.building_after);
            match tokio::time::timeout(rest, send).await {
                Ok(answer) => answer,
                Err(_) => {
                    let waited = request.first_byte_timeout;
                    return Err(FetchError::TimedOut { host, waited });
                }
            }
        }
    };
    answer.map_err(|error| classify(&error, &host))
}

fn head_of(response: &reqwest::Response) -> ResponseHead {
    let text = |name: HeaderName| header(response.headers(), &name);
    ResponseHead {
        status: response.status().as_u16(),
        content_length: header(response.headers(), &reqwest::header::CONTENT_LENGTH)
            .and_then(|text| text.parse().ok()),
        content_range: text(CONTENT_RANGE),
        etag: text(ETAG),
        last_modified: text(LAST_MODIFIED),
    }
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// An answer that is no file.
async fn refused(request: &Request, mut response: reqwest::Response) -> FetchError {
    let status = response.status().as_u16();
    let retry_after = header(response.headers(), &RETRY_AFTER)
        .and_then(|text| text.trim().parse().ok())
        .map(Duration::from_secs);
    // The reason is in the first bytes; a failure to read it changes nothing.
    let start = tokio::time::timeout(request.stall_timeout, response.chunk()).await;
    let text = match start {
        Ok(Ok(Some(bytes))) => first_line(&bytes).unwrap_or_default(),
        _ => String::new(),
    };
    if matches!(status, 404 | 410) {
        return FetchError::NotThere {
            url: without_query(&request.url),
            text,
        };
    }
    FetchError::Refused {
        host: request.host(),
        status,
        text,
        retry_after,
    }
}

fn without_query(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.to_string()
}

/// Opens the part file at `at`, cuts off what is not trusted, and reads what is kept once more.
async fn open_part(
    request: &Request,
    events: Events<'_>,
    cancel: &CancellationToken,
    at: u64,
) -> Result<(File, Digest), FetchError> {
    let part = part_path(&request.target);
    let mut file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&part)
        .map_err(FetchError::file(&part))?;
    file.set_len(at).map_err(FetchError::file(&part))?;
    file.seek(SeekFrom::Start(at))
        .map_err(FetchError::file(&part))?;
    if at == 0 {
        return Ok((file, Digest::default()));
    }
    events(Event::Verifying { done: 0, total: at });
    let cancel = cancel.clone();
    let digest = tokio::task::spawn_blocking(move || digest_file(&part, at, &|_| {}, &cancel));
    let digest = digest.await.unwrap_or(Err(FetchError::Cancelled))?;
    events(Event::Verifying {
        done: at,
        total: at,
    });
    Ok((file, digest))
}

/// A part file in the making.
struct Transfer<'a> {
    request: &'a Request,
    file: File,
    digest: Digest,
    started_at: u64,
    received: u64,
    total: Option<u64>,
    head: ResponseHead,
    /// The beginning, until its kind is known.
    sniffing: Option<Vec<u8>>,
    flushed: u64,
}

impl<'a> Transfer<'a> {
    fn new(
        request: &'a Request,
        file: File,
        digest: Digest,
        at: u64,
        total: Option<u64>,
        head: ResponseHead,
    ) -> Self {
        let sniffing = (at == 0).then(Vec::new);
        Self {
            request,
            file,
            digest,
            started_at: at,
            received: at,
            total,
            head,
            sniffing,
            flushed: at,
        }
    }

    /// Makes what arrived durable and says so in the side file.
    fn keep(&mut self) -> Result<(), FetchError> {
        self.file
            .sync_data()
            .map_err(FetchError::file(&self.request.target))?;
        self.flushed = self.received;
        let side = SideFile {
            url: without_query(&self.request.url),
            etag: self.head.etag.clone(),
            last_modified: self.head.last_modified.clone(),
            total: self.total,
            received: self.received,
        };
        write_side(&self.request.target, &side)
    }

    async fn receive(
        &mut self,
        mut response: reqwest::Response,
        events: Events<'_>,
        arrived: &AtomicU64,
    ) -> Result<(), FetchError> {
        let began = Instant::now();
        let mut rate = Rate::default();
        let outcome = loop {
            let next = tokio::time::timeout(self.request.stall_timeout, response.chunk()).await;
            let chunk = match next {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None)) => break Ok(()),
                Ok(Err(_)) => break Err(self.interrupted()),
                Err(_) => {
                    let waited = self.request.stall_timeout;
                    break Err(FetchError::TimedOut {
                        host: self.request.host(),
                        waited,
                    });
                }
            };
            arrived.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            self.take(&chunk)?;
            if rate.observe(began.elapsed(), self.received) {
                events(Event::Transfer {
                    received: self.received,
                    total: self.total,
                    rate: rate.per_second(),
                    left: rate.left(self.total),
                });
            }
        };
        self.keep()?;
        outcome?;
        if self.total.is_some_and(|total| self.received < total) {
            return Err(self.interrupted());
        }
        events(Event::Transfer {
            received: self.received,
            total: self.total,
            rate: rate.per_second(),
            left: Some(Duration::ZERO),
        });
        Ok(())
    }

    fn take(&mut self, chunk: &[u8]) -> Result<(), FetchError> {
        let target = &self.request.target;
        if let Some(total) = self.total
            && self.received + chunk.len() as u64 > total
        {
            let reason = format!("the server sent more than the {total} bytes it announced");
            return Err(set_aside(target, reason));
        }
        if let Some(head) = &mut self.sniffing {
            let room = HEAD.saturating_sub(head.len()).min(chunk.len());
            head.extend_from_slice(&chunk[..room]);
            match self.request.container.sniff(head, false) {
                Verdict::Fits => self.sniffing = None,
                Verdict::TooEarly => {}
                Verdict::Wrong(reason) => return Err(set_aside(target, reason)),
            }
        }
        self.file
            .write_all(chunk)
            .map_err(FetchError::file(target))?;
        self.digest.update(chunk);
        self.received += chunk.len() as u64;
        if self.received - self.flushed >= FLUSH_EVERY {
            self.keep()?;
        }
        Ok(())
    }

    fn interrupted(&self) -> FetchError {
        FetchError::Interrupted {
            received: self.received,
            expected: self.total,
        }
    }

    /// Checks the whole and moves it to its place.
    fn finish(self) -> Result<Downloaded, FetchError> {
        let target = &self.request.target;
        let part = part_path(target);
        self.file.sync_all().map_err(FetchError::file(&part))?;
        match crate::check_file(&part, self.request.container) {
            Ok(()) => {}
            Err(FetchError::Corrupt { reason, .. }) => return Err(set_aside(target, reason)),
            Err(error) => return Err(error),
        }
        publish(&part, target)?;
        Ok(Downloaded {
            path: target.clone(),
            bytes: self.received,
            sha256: self.digest.finish(),
            resumed_from: self.started_at,
        })
    }
}
