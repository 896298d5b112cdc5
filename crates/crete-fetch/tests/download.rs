//! Downloads from servers that behave badly. The server's manners are set request by request.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};
use crete_fetch::{
    Container, Downloaded, Event, FetchError, Http, HttpOptions, Patience, ProxyChoice, RESERVE,
    Request, download,
};
use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

/// How the server answers one request for the file.
#[derive(Clone)]
enum Manner {
    /// Range, If-Range and ETag as a good server does.
    Good { etag: &'static str },
    /// As good, but the connection breaks after this many bytes of the body.
    Cut { after: usize },
    /// Ignores ranges.
    WholeOnly,
    /// A status and a text.
    Refuses(u16, &'static str),
    /// Says nothing until told.
    SilentUntil(Arc<tokio::sync::Notify>),
    /// Sends this many bytes of the body and then nothing more, for ever.
    StandsStill { after: usize },
    /// A page for a browser.
    Page(&'static str),
    /// 503, come back after this.
    Later(&'static str),
}

struct Server {
    content: Vec<u8>,
    manners: Mutex<VecDeque<Manner>>,
    ranges: Mutex<Vec<Option<String>>>,
    /// Told by the client when bytes have arrived: only then a cut is a cut in the middle.
    arrived: Arc<tokio::sync::Notify>,
    /// Where the first host sends everybody, if it is the first host.
    redirect_to: Option<String>,
}

async fn answer(State(server): State<Arc<Server>>, headers: HeaderMap) -> Response<Body> {
    if let Some(target) = &server.redirect_to {
        let body = Body::from(format!("<a href=\"{target}\">Found</a>.\n"));
        return Response::builder()
            .status(302)
            .header("location", target)
            .body(body)
            .unwrap();
    }
    let range = headers
        .get("range")
        .map(|value| value.to_str().unwrap().to_owned());
    server.ranges.lock().unwrap().push(range.clone());
    let manner = server.manners.lock().unwrap().pop_front();
    let manner = manner.unwrap_or(Manner::Good { etag: "\"one\"" });
    let content = Bytes::from(server.content.clone());
    match manner {
        Manner::Refuses(status, text) => Response::builder()
            .status(status)
            .body(Body::from(text))
            .unwrap(),
        Manner::WholeOnly => whole(content),
        Manner::SilentUntil(notify) => {
            notify.notified().await;
            whole(content)
        }
        Manner::StandsStill { after } => {
            let part = content.slice(..after);
            let still = futures_util::stream::iter([Ok::<_, std::io::Error>(part)])
                .chain(futures_util::stream::pending());
            Response::builder()
                .header("etag", "\"one\"")
                .header("content-length", content.len())
                .body(Body::from_stream(still))
                .unwrap()
        }
        Manner::Page(page) => Response::builder()
            .header("content-type", "text/html; charset=utf-8")
            .body(Body::from(page))
            .unwrap(),
        Manner::Later(when) => Response::builder()
            .status(503)
            .header("retry-after", when)
            .body(Body::from("busy\n"))
            .unwrap(),
        Manner::Good { etag } => ranged(&content, range.as_deref(), &headers, etag),
        Manner::Cut { after } => {
            let part = content.slice(..after);
            let arrived = server.arrived.clone();
            let cut = futures_util::stream::once(async move {
                arrived.notified().await;
                Err(std::io::Error::other("cut"))
            });
            let broken = futures_util::stream::iter([Ok(part)]).chain(cut);
            Response::builder()
                .header("etag", "\"one\"")
                .header("content-length", content.len())
                .body(Body::from_stream(broken))
                .unwrap()
        }
    }
}

fn whole(content: Bytes) -> Response<Body> {
    Response::builder()
        .header("content-length", content.len())
        .body(Body::from(content))
        .unwrap()
}

fn ranged(content: &Bytes, range: Option<&str>, headers: &HeaderMap, etag: &str) -> Response<Body> {
    let same = headers.get("if-range").is_none_or(|value| value == etag);
    let from = range.filter(|_| same).and_then(|range| {
        range
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .parse::<usize>()
            .ok()
    });
    let total = content.len();
    let response = Response::builder().header("etag", etag);
    match from {
        Some(from) if from < total => response
            .status(StatusCode::PARTIAL_CONTENT)
            .header(
                "content-range",
                format!("bytes {from}-{}/{total}", total - 1),
            )
            .header("content-length", total - from)
            .body(Body::from(content.slice(from..)))
            .unwrap(),
        Some(_) => response
            .status(StatusCode::RANGE_NOT_SATISFIABLE)
            .header("content-range", format!("bytes */{total}"))
            .body(Body::empty())
            .unwrap(),
        None => response
            .header("content-length", total)
            .body(Body::from(content.clone()))
            .unwrap(),
    }
}

/// Serves until the test's runtime ends; gives the address and the server's memory.
async fn serve(
    content: Vec<u8>,
    manners: Vec<Manner>,
    redirect_to: Option<String>,
) -> (String, Arc<Server>) {
    let server = Arc::new(Server {
        content,
        manners: Mutex::new(manners.into()),
        ranges: Mutex::default(),
        arrived: Arc::default(),
        redirect_to,
    });
    let router = axum::Router::new()
        .fallback(answer)
        .with_state(server.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!(
        "http://{}/image.raw.zst?token=secret",
        listener.local_addr().unwrap()
    );
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, server)
}

/// A zstd file of about four bytes a word: the words are noise, so they do not compress away.
fn content(words: usize) -> Vec<u8> {
    let noise = std::iter::successors(Some(0x9E37_79B9_u32), |state| {
        let mut next = *state;
        next ^= next << 13;
        next ^= next >> 17;
        next ^= next << 5;
        Some(next)
    });
    let bytes: Vec<u8> = noise.take(words).flat_map(u32::to_le_bytes).collect();
    zstd::encode_all(bytes.as_slice(), 1).unwrap()
}

fn request(address: &str, target: &Path) -> Request {
    Request {
        patience: Patience {
            building_after: Duration::from_millis(30),
            stall: Duration::from_secs(5),
            first_wait: Duration::from_millis(1),
            ..Patience::default()
        },
        ..Request::new(address.parse().unwrap(), target.to_owned(), Container::Zstd)
    }
}

/// Servers of the tests are on this computer: no proxy stands in between.
fn http() -> Http {
    Http::new(&HttpOptions {
        proxy: ProxyChoice::Direct,
        ..HttpOptions::default()
    })
    .unwrap()
}

async fn fetch(request: &Request, server: &Server) -> (Result<Downloaded, FetchError>, Vec<Event>) {
    let seen = Mutex::new(Vec::new());
    let note = |event: Event| {
        if matches!(event, Event::Transfer { .. }) {
            server.arrived.notify_one();
        }
        seen.lock().unwrap().push(event);
    };
    let client = http();
    let result = download(&client, request, &note, &CancellationToken::new()).await;
    (result, seen.into_inner().unwrap())
}

fn once(request: &Request) -> Request {
    Request {
        patience: Patience {
            failures: 1,
            ..request.patience
        },
        ..request.clone()
    }
}

#[tokio::test]
async fn a_cut_transfer_goes_on_after_the_redirect() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("image");
    let bytes = content(50_000);
    let (store, memory) = serve(bytes.clone(), vec![Manner::Cut { after: 60_000 }], None).await;
    let (front, _) = serve(Vec::new(), Vec::new(), Some(store)).await;
    let request = request(&front, &target);

    let (first, _) = fetch(&once(&request), &memory).await;
    assert!(
        matches!(first, Err(FetchError::Interrupted { .. })),
        "{first:?}"
    );
    assert!(!target.exists());
    let kept = crete_fetch::partial(&target).unwrap();
    assert!(
        kept.received > 0 && kept.total == Some(bytes.len() as u64),
        "{kept:?}"
    );

    let (second, _) = fetch(&request, &memory).await;
    let second = second.unwrap();
    assert_eq!(second.resumed_from, kept.received);
    assert_eq!(std::fs::read(&target).unwrap(), bytes);
    let mut digest = crete_fetch::Digest::default();
    digest.update(&bytes);
    assert_eq!(second.sha256, digest.finish());
    let asked = memory.ranges.lock().unwrap().clone();
    assert_eq!(asked, [None, Some(format!("bytes={}-", kept.received))]);
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        3,
        "only the file, its lock and how it came are left"
    );
}

#[tokio::test]
async fn one_call_retries_by_itself_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("image");
    let bytes = content(50_000);
    let manners = vec![
        Manner::Refuses(500, "internal server error\n"),
        Manner::Cut { after: 70_000 },
        Manner::Refuses(503, "not ready\n"),
    ];
    let (address, memory) = serve(bytes.clone(), manners, None).await;
    let (result, events) = fetch(&request(&address, &target), &memory).await;
    assert_eq!(result.unwrap().bytes, bytes.len() as u64);
    let reasons: Vec<String> = events
        .iter()
        .filter_map(|event| match event {
            Event::Retrying { error, .. } => Some(error.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(reasons.len(), 3);
    assert!(
        reasons[0].contains("500: internal server error"),
        "{reasons:?}"
    );
}

#[tokio::test]
async fn a_server_without_ranges_and_a_changed_file_start_over() {
    for manner in [Manner::WholeOnly, Manner::Good { etag: "\"two\"" }] {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("image");
        let bytes = content(30_000);
        let manners = vec![Manner::Cut { after: 50_000 }, manner];
        let (address, memory) = serve(bytes.clone(), manners, None).await;
        let request = request(&address, &target);
        fetch(&once(&request), &memory).await.0.unwrap_err();
        assert_eq!(
            fetch(&once(&request), &memory)
                .await
                .0
                .unwrap()
                .resumed_from,
            0
        );
        assert_eq!(std::fs::read(&target).unwrap(), bytes);
    }
}

#[tokio::test]
async fn a_login_page_costs_nothing_that_is_there() {
    let pages = [
        Manner::Page("<title>Sign in to the hotel</title>"),
        // One that does not even say what it is.
        Manner::Refuses(200, "<!doctype html><title>Sign in to the hotel</title>"),
    ];
    for page in pages {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("image");
        let bytes = content(50_000);
        let manners = vec![Manner::Cut { after: 60_000 }, page];
        let (address, memory) = serve(bytes.clone(), manners, None).await;
        let request = request(&address, &target);
        fetch(&once(&request), &memory).await.0.unwrap_err();
        let kept = crete_fetch::partial(&target).unwrap();

        let error = fetch(&request, &memory).await.0.unwrap_err();
        assert!(
            matches!(&error, FetchError::SignIn { title, .. } if title == "Sign in to the hotel"),
            "{error}"
        );
        assert_eq!(crete_fetch::partial(&target), Some(kept));
        let done = fetch(&request, &memory).await.0.unwrap();
        assert_eq!(done.resumed_from, kept.received);
        assert_eq!(std::fs::read(&target).unwrap(), bytes);
    }
}

#[tokio::test]
async fn a_transfer_that_stands_still_is_given_up_and_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("image");
    let bytes = content(50_000);
    let manners = vec![Manner::StandsStill { after: 60_000 }];
    let (address, memory) = serve(bytes.clone(), manners, None).await;
    let mut request = request(&address, &target);
    request.patience.stall = Duration::from_millis(200);
    let (result, events) = fetch(&request, &memory).await;
    assert_eq!(result.unwrap().resumed_from, 60_000);
    assert_eq!(std::fs::read(&target).unwrap(), bytes);
    let stalled = events.iter().any(|event| {
        matches!(
            event,
            Event::Retrying {
                error: FetchError::Stalled {
                    received: 60_000,
                    ..
                },
                ..
            }
        )
    });
    assert!(stalled, "{events:?}");
}

#[tokio::test]
async fn a_server_that_asks_to_wait_is_given_the_time_it_asks_for() {
    let folder = tempfile::tempdir().unwrap();
    let manners = vec![Manner::Later("1")];
    let (address, memory) = serve(content(100), manners, None).await;
    let (result, events) = fetch(&request(&address, &folder.path().join("image")), &memory).await;
    result.unwrap();
    let waits: Vec<Duration> = events
        .iter()
        .filter_map(|event| match event {
            Event::Retrying { wait, .. } => Some(*wait),
            _ => None,
        })
        .collect();
    assert_eq!(waits, [Duration::from_secs(1)]);
}

#[tokio::test]
async fn a_server_that_asks_for_an_hour_gets_a_persons_decision() {
    let folder = tempfile::tempdir().unwrap();
    let manners = vec![Manner::Later("3600")];
    let (address, memory) = serve(content(100), manners, None).await;
    let (result, _) = fetch(&request(&address, &folder.path().join("image")), &memory).await;
    let hour = Some(Duration::from_secs(3600));
    assert!(
        matches!(&result, Err(FetchError::Refused { retry_after, .. }) if *retry_after == hour),
        "{result:?}"
    );
}

#[tokio::test]
async fn a_cancelled_transfer_has_all_that_arrived_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("image");
    let manners = vec![Manner::StandsStill { after: 60_000 }];
    let (address, _) = serve(content(50_000), manners, None).await;
    let cancel = CancellationToken::new();
    let note = |event: Event| {
        if matches!(event, Event::Transfer { .. }) {
            cancel.cancel();
        }
    };
    let result = download(&http(), &request(&address, &target), &note, &cancel).await;
    assert!(matches!(result, Err(FetchError::Cancelled)), "{result:?}");
    let part = crete_fetch::part_path(&target);
    let kept = crete_fetch::partial(&target).unwrap();
    assert!(kept.received > 0);
    assert_eq!(kept.received, std::fs::metadata(part).unwrap().len());
}

#[tokio::test]
async fn what_is_not_there_is_not_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let manners = vec![Manner::Refuses(404, "schematic ID \"x\" not found\n")];
    let (address, memory) = serve(content(100), manners, None).await;
    let (result, _) = fetch(&request(&address, &folder.path().join("image")), &memory).await;
    let error = result.unwrap_err();
    assert!(
        matches!(&error, FetchError::NotThere { url, text } if text.contains("not found") && !url.contains("secret"))
    );
    assert_eq!(memory.ranges.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_server_that_builds_is_waited_for_and_said_to_build() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("image");
    let built = Arc::new(tokio::sync::Notify::new());
    let (address, _) = serve(content(100), vec![Manner::SilentUntil(built.clone())], None).await;
    let seen = Mutex::new(Vec::new());
    let note = |event: Event| {
        if matches!(event, Event::Building { .. }) {
            built.notify_one();
        }
        seen.lock().unwrap().push(event);
    };
    let client = http();
    let request = request(&address, &target);
    download(&client, &request, &note, &CancellationToken::new())
        .await
        .unwrap();
    assert!(
        seen.lock()
            .unwrap()
            .iter()
            .any(|event| matches!(event, Event::Building { .. }))
    );
}

#[tokio::test]
async fn a_cancel_while_the_server_builds_ends_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let never = Arc::new(tokio::sync::Notify::new());
    let (address, _) = serve(content(100), vec![Manner::SilentUntil(never)], None).await;
    let cancel = CancellationToken::new();
    let note = |event: Event| {
        if matches!(event, Event::Building { .. }) {
            cancel.cancel();
        }
    };
    let client = http();
    let request = request(&address, &folder.path().join("image"));
    let result = download(&client, &request, &note, &cancel).await;
    assert!(matches!(result, Err(FetchError::Cancelled)));
}

#[tokio::test]
async fn two_calls_for_one_file_are_one_transfer() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("image");
    let (address, memory) = serve(content(20_000), Vec::new(), None).await;
    let request = request(&address, &target);
    let ((one, _), (two, _)) =
        futures_util::future::join(fetch(&request, &memory), fetch(&request, &memory)).await;
    assert_eq!(one.unwrap().sha256, two.unwrap().sha256);
    assert_eq!(memory.ranges.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_full_disk_is_said_before_the_first_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (address, memory) = serve(content(20_000), Vec::new(), None).await;
    let request = Request {
        free_space: |_| Ok(1000),
        ..request(&address, &folder.path().join("image"))
    };
    let (result, _) = fetch(&request, &memory).await;
    assert!(matches!(
        result,
        Err(FetchError::DiskFull { free: 1000, .. })
    ));
}

#[tokio::test]
async fn a_file_that_is_unpacked_needs_its_room_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (address, memory) = serve(content(20_000), Vec::new(), None).await;
    let request = Request {
        unpacks: true,
        free_space: |_| Ok(RESERVE + 100_000),
        ..request(&address, &folder.path().join("image"))
    };
    let length = content(20_000).len() as u64;
    let (result, _) = fetch(&request, &memory).await;
    assert!(matches!(
        result,
        Err(FetchError::DiskFull { needed, .. }) if needed == RESERVE + 2 * length
    ));
}
