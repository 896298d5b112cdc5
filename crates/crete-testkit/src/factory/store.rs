//! The object store behind the redirect: ranges, entity tags, and signatures.

use super::answer::text;
use super::images::{content, hex};
use super::{Misdeed, Shared, misdeeds};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Response};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;

/// The size of one piece of a slow download.
const PIECE: usize = 64 * 1024;

/// What a presigned address leads to.
#[derive(Debug, Clone)]
pub struct Kept {
    pub asset: String,
    /// A text that was made for one schematic.
    pub made: Option<Bytes>,
}

pub async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let field = |name: &str| {
        query
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    };
    let kept = field("X-Amz-Signature")
        .and_then(|signature| shared.signatures.lock().unwrap().get(signature).cloned());
    // Signed for GET only.
    let Some(kept) = kept.filter(|_| request.method() == Method::GET) else {
        return text(
            403,
            "application/xml",
            "<Error><Code>AccessDenied</Code></Error>",
        );
    };
    let range = request.headers().get("range");
    let range = range.map(|range| range.to_str().unwrap_or_default().to_owned());
    shared.ranges.lock().unwrap().push(range);
    match kept.made.or_else(|| content(&shared, &kept.asset)) {
        Some(bytes) => {
            let misdeed = shared.faults.lock().unwrap().store.pop_front();
            match misdeed {
                None | Some(Misdeed::Nothing) => deliver(&shared, request.headers(), bytes),
                Some(misdeed) => {
                    let from = from(request.headers()).unwrap_or(0);
                    misdeeds::answer(misdeed, &bytes, from).await
                }
            }
        }
        None => text(
            404,
            "application/xml",
            "<Error><Code>NoSuchKey</Code></Error>",
        ),
    }
}

/// The byte from which on a client wants the rest.
fn from(headers: &HeaderMap) -> Option<usize> {
    let value = headers.get("range")?.to_str().ok()?;
    value
        .strip_prefix("bytes=")?
        .strip_suffix('-')?
        .parse()
        .ok()
}

pub fn etag(bytes: &Bytes) -> String {
    format!("\"{}\"", &hex(&Sha256::digest(bytes))[..32])
}

fn deliver(shared: &Shared, headers: &HeaderMap, bytes: Bytes) -> Response<Body> {
    let etag = etag(&bytes);
    let total = bytes.len();
    let same = headers.get("if-range").is_none_or(|value| *value == *etag);
    let ranges = !shared.faults.lock().unwrap().no_ranges;
    let from = from(headers).filter(|_| same && ranges);
    let builder = Response::builder()
        .header("etag", &etag)
        .header("accept-ranges", "bytes");
    match from {
        Some(from) if from < total => builder
            .status(206)
            .header(
                "content-range",
                format!("bytes {from}-{}/{total}", total - 1),
            )
            .header("content-length", total - from)
            .body(paced(shared, bytes, from))
            .unwrap(),
        Some(_) => builder
            .status(416)
            .header("content-range", format!("bytes */{total}"))
            .body(Body::empty())
            .unwrap(),
        None => builder
            .header("content-length", total)
            .body(paced(shared, bytes, 0))
            .unwrap(),
    }
}

/// A body at the set pace, cut where a fault says so.
pub fn paced(shared: &Shared, bytes: Bytes, from: usize) -> Body {
    let rate = shared.options.bytes_per_second;
    let cut = shared.faults.lock().unwrap().cuts.pop();
    if rate == 0 && cut.is_none() {
        return Body::from(bytes.slice(from..));
    }
    let end = cut.map_or(bytes.len(), |cut| (from + cut).min(bytes.len()));
    let pause = Duration::from_secs_f64(if rate == 0 {
        0.0
    } else {
        PIECE as f64 / rate as f64
    });
    let pieces = futures_util::stream::unfold(from, move |at| {
        let bytes = bytes.clone();
        async move {
            if at < end {
                tokio::time::sleep(pause).await;
                let next = (at + PIECE).min(end);
                return Some((Ok(bytes.slice(at..next)), next));
            }
            if cut.is_some() && at == end {
                // Long enough that what was sent has left; then the connection breaks.
                tokio::time::sleep(Duration::from_millis(50)).await;
                return Some((Err(std::io::Error::other("cut")), usize::MAX));
            }
            None
        }
    });
    Body::from_stream(pieces)
}
