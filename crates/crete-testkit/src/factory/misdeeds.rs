//! Answers that a good server would not give, and files that are not what they were.

use super::answer::{error, text};
use super::faults::{Damage, Misdeed};
use super::store::etag;
use crate::disks;
use axum::body::{Body, Bytes};
use axum::http::Response;
use futures_util::{StreamExt, stream};
use std::io;
use std::time::Duration;

/// Long enough that what was sent has left before the connection breaks.
const LEAVES_WITHIN: Duration = Duration::from_millis(50);

/// Answers a request for a file badly. `from` is the byte from which on it was asked for.
pub async fn answer(misdeed: Misdeed, bytes: &Bytes, from: usize) -> Response<Body> {
    match misdeed {
        Misdeed::Status {
            status,
            text,
            retry_after,
        } => {
            let mut response = error(status, text);
            if let Some(when) = retry_after {
                let headers = response.headers_mut();
                headers.insert("retry-after", when.parse().unwrap());
            }
            response
        }
        Misdeed::Page(page) => text(200, "text/html; charset=utf-8", page),
        Misdeed::HiddenPage(page) => text(200, "application/octet-stream", page),
        Misdeed::Text(words) => text(200, "text/plain; charset=utf-8", words),
        Misdeed::SendsTo(address) => Response::builder()
            .status(302)
            .header("location", address)
            .body(Body::empty())
            .unwrap(),
        Misdeed::Silence => std::future::pending().await,
        Misdeed::StandsStill(after) => part(bytes, from, from + after, End::Never),
        Misdeed::Breaks(after) => part(bytes, from, from + after, End::Breaks),
        Misdeed::AnnouncesMore(more) => {
            let mut response = part(bytes, from, bytes.len(), End::Breaks);
            let length = bytes.len() - from + more;
            let headers = response.headers_mut();
            headers.insert("content-length", length.into());
            if from > 0 {
                let whole = bytes.len() + more;
                headers.insert("content-range", range(from, whole, whole));
            }
            response
        }
        Misdeed::NoLength(after) => {
            let end = (from + after).min(bytes.len());
            let body = stream::iter([Ok::<_, io::Error>(bytes.slice(from.min(end)..end))]);
            Response::new(Body::from_stream(body))
        }
        Misdeed::IgnoresRange => part(bytes, 0, bytes.len(), End::Good),
        Misdeed::OtherRange => {
            let mut response = part(bytes, 1, bytes.len(), End::Good);
            *response.status_mut() = axum::http::StatusCode::PARTIAL_CONTENT;
            let headers = response.headers_mut();
            headers.insert("content-range", range(1, bytes.len(), bytes.len()));
            response
        }
        Misdeed::LongRange => {
            let body = stream::iter([bytes.slice(from..), Bytes::from_static(b"and more")])
                .map(Ok::<_, io::Error>);
            Response::builder()
                .status(206)
                .header("etag", etag(bytes))
                .header("content-range", range(from, bytes.len(), bytes.len()))
                .body(Body::from_stream(body))
                .unwrap()
        }
        Misdeed::OldLink | Misdeed::Nothing => error(500, "this fault has no answer of its own"),
    }
}

fn range(from: usize, end: usize, whole: usize) -> axum::http::HeaderValue {
    let text = format!("bytes {from}-{}/{whole}", end - 1);
    text.parse().unwrap()
}

enum End {
    Good,
    Never,
    Breaks,
}

/// A part of a file, announced as the rest of it.
fn part(bytes: &Bytes, from: usize, end: usize, how: End) -> Response<Body> {
    let end = end.min(bytes.len());
    let first = stream::iter([Ok(bytes.slice(from.min(end)..end))]);
    let body = match how {
        End::Good => Body::from_stream(first),
        End::Never => Body::from_stream(first.chain(stream::pending())),
        End::Breaks => Body::from_stream(first.chain(stream::once(async {
            tokio::time::sleep(LEAVES_WITHIN).await;
            Err(io::Error::other("broken off"))
        }))),
    };
    let mut response = Response::builder()
        .header("etag", etag(bytes))
        .header("accept-ranges", "bytes")
        .header("content-length", bytes.len() - from);
    if from > 0 {
        response = response
            .status(206)
            .header("content-range", range(from, bytes.len(), bytes.len()));
    }
    response.body(body).unwrap()
}

/// Another file under the same name.
pub fn another(asset: &str, bytes: &Bytes) -> Bytes {
    if asset.ends_with(".zst") {
        return disks::zst(&disks::noisy_disk(4 << 20, 1 << 20, 77)).into();
    }
    // A longer CD: what follows after its end belongs to nobody.
    let mut other = bytes.to_vec();
    other.resize(bytes.len() + 2048, 7);
    other.into()
}

/// The file, damaged.
pub fn damaged(damage: Damage, bytes: Bytes) -> Bytes {
    match damage {
        Damage::CutAt(length) => bytes.slice(..length.min(bytes.len())),
        Damage::Flipped(at) => {
            let mut bytes = bytes.to_vec();
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 0x55;
            }
            bytes.into()
        }
        Damage::NoDisk => disks::zst(&vec![1; 1 << 20]).into(),
    }
}
