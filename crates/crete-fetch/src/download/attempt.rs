//! One attempt: ask, decide what the answer means for the bytes already there, transfer, finish.

use std::sync::Arc;

use bytes::Bytes;
use crete_model::FileFault;
use reqwest::Response;

use super::answer::{ask, without_query};
use super::transfer::{open_part, transfer};
use super::writer::Target;
use super::{Downloaded, Event, Work};
use crate::container::{HEAD, Verdict};
use crate::error::FetchError;
use crate::http::{host_of, page_title};
use crate::partial::{Arrival, SideFile, part_path, publish, read_side, write_arrival};
use crate::place::Existing;
use crate::resume::{Decision, ResponseHead, decide, validator};
use crate::space::{RESERVE, name_full};

/// What an answer is good for.
struct Begun {
    response: Response,
    head: ResponseHead,
    /// Bytes kept of what is there.
    at: u64,
    /// Bytes of the whole file.
    total: Option<u64>,
    /// What was read of the body to see what it is.
    first: Vec<Bytes>,
}

pub(super) async fn run(work: &Work<'_>) -> Result<Downloaded, FetchError> {
    let request = work.request;
    let held = read_side(&request.target).filter(|side| {
        side.url == without_query(&request.url) && side.received > 0 && validator(side).is_some()
    });
    let (mut response, mut head) = ask(work, held.as_ref()).await?;
    let mut decision = decide(held.as_ref(), &head);
    if decision == Decision::AskAgain {
        (response, head) = ask(work, None).await?;
        decision = decide(None, &head);
    }
    let secure_from = secure_from(work, &response);
    let (at, total) = match decision {
        Decision::Continue { at, total } => (at, total),
        Decision::StartOver { total } => (0, total),
        Decision::AlreadyComplete => {
            let length = held.as_ref().map_or(0, |side| side.received);
            let target = open_part(work, length).await?;
            return finish(work, target, length, length, true, secure_from).await;
        }
        Decision::AskAgain | Decision::Refuse => return Err(useless(work, &head)),
    };
    let mut begun = Begun {
        response,
        head,
        at,
        total,
        first: Vec::new(),
    };
    if at == 0 {
        // Nothing that is there is given up before the answer is known to be the file.
        look_first(work, &mut begun).await?;
        if let Some(had) = held.map(|side| side.received) {
            (work.events)(Event::StartsOver { had });
        }
    }
    check_space(work, &begun)?;
    let target = open_part(work, at).await?;
    let side = side_file(work, &begun);
    let written = transfer(work, begun.response, begun.first, target, side).await;
    let announced = total.is_some();
    let (target, bytes) = written.map_err(|error| {
        let kept = read_side(&request.target).map_or(0, |side| side.received);
        name_full(error, total.unwrap_or(0).saturating_sub(kept))
    })?;
    finish(work, target, bytes, at, announced, secure_from).await
}

fn side_file(work: &Work<'_>, begun: &Begun) -> SideFile {
    SideFile {
        url: without_query(&work.request.url),
        etag: begun.head.etag.clone(),
        last_modified: begun.head.last_modified.clone(),
        total: begun.total,
        received: begun.at,
    }
}

/// The host the answer came from, if neither the question nor the answer could be read or
/// changed on the way.
fn secure_from(work: &Work<'_>, response: &Response) -> Option<String> {
    let secure = work.request.url.scheme() == "https" && response.url().scheme() == "https";
    secure.then(|| host_of(response.url()))
}

/// An answer that makes no sense for what was asked.
fn useless(work: &Work<'_>, head: &ResponseHead) -> FetchError {
    FetchError::Refused {
        host: work.request.host(),
        status: head.status,
        text: head.content_range.clone().unwrap_or_default(),
        retry_after: None,
    }
}

/// Reads the beginning of a body until its kind is known.
async fn look_first(work: &Work<'_>, begun: &mut Begun) -> Result<(), FetchError> {
    let request = work.request;
    let mut start = Vec::new();
    loop {
        let next = tokio::time::timeout(request.patience.stall, begun.response.chunk());
        let (chunk, complete) = match work.unless_cancelled(next).await? {
            Ok(Ok(Some(chunk))) => (chunk, false),
            Ok(Ok(None)) => (Bytes::new(), true),
            Ok(Err(_)) => return Err(interrupted(begun, start.len())),
            Err(_) => {
                return Err(FetchError::Stalled {
                    host: request.host(),
                    waited: request.patience.stall,
                    received: 0,
                    expected: begun.total,
                });
            }
        };
        let room = HEAD.saturating_sub(start.len()).min(chunk.len());
        start.extend_from_slice(&chunk[..room]);
        begun.first.push(chunk);
        match request.container.sniff(&start, complete) {
            Verdict::Fits => return Ok(()),
            Verdict::TooEarly => {}
            Verdict::Wrong(..)
                if complete && begun.total.is_some_and(|all| all > start.len() as u64) =>
            {
                return Err(interrupted(begun, start.len()));
            }
            Verdict::Wrong(FileFault::WebPage, _) => {
                return Err(FetchError::SignIn {
                    host: request.host(),
                    portal: host_of(begun.response.url()),
                    title: page_title(&start),
                });
            }
            Verdict::Wrong(fault, words) => {
                let host = request.host();
                return Err(FetchError::NotTheFile { host, fault, words });
            }
        }
    }
}

fn interrupted(begun: &Begun, received: usize) -> FetchError {
    FetchError::Interrupted {
        received: received as u64,
        expected: begun.total,
    }
}

fn check_space(work: &Work<'_>, begun: &Begun) -> Result<(), FetchError> {
    let path = &work.request.target;
    let total = begun.total.unwrap_or(0);
    let unpacked = if work.request.unpacks { total } else { 0 };
    let missing = total.saturating_sub(begun.at).saturating_add(unpacked);
    let needed = missing.saturating_add(RESERVE);
    let free = (work.request.free_space)(path).map_err(FetchError::file(path))?;
    if needed <= free {
        return Ok(());
    }
    Err(FetchError::DiskFull {
        path: path.clone(),
        needed,
        free,
    })
}

/// Checks the whole and moves it to its place.
async fn finish(
    work: &Work<'_>,
    target: Target,
    bytes: u64,
    resumed_from: u64,
    announced: bool,
    secure_from: Option<String>,
) -> Result<Downloaded, FetchError> {
    let path = work.request.target.clone();
    let container = work.request.container;
    let (check, existing) = (work.request.check, work.request.existing);
    let cancel = work.cancel.clone();
    let lock = Arc::clone(&work.lock);
    (work.events)(Event::Checking);
    let settled = tokio::task::spawn_blocking(move || {
        let _lock = lock;
        let part = part_path(&path);
        crate::durable::sync(&target.file, &part)?;
        check(&part, container, &cancel)?;
        let arrival = Arrival {
            sha256: target.digest.finish(),
            announced,
            secure_from,
        };
        if existing == Existing::Complete {
            // Only a file of ours is found again by a later call, which must know how it came.
            write_arrival(&path, &arrival)?;
        }
        publish(&path, existing)?;
        Ok(Downloaded {
            path,
            bytes,
            sha256: arrival.sha256,
            resumed_from,
            announced: arrival.announced,
            secure_from: arrival.secure_from,
        })
    });
    // The task does not panic; it is lost only when the runtime ends.
    settled.await.unwrap_or(Err(FetchError::Cancelled))
}
