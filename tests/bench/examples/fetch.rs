//! A process that downloads one file as the engine does, and nothing else: its memory is the
//! download's. Prints one JSON object.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot go on should end loudly"
)]

use crete_fetch::{Container, Http, HttpOptions, ProxyChoice, Request, download};
use std::path::PathBuf;
use tokio_util::sync::CancellationToken;

/// A line of this process' status, KiB.
fn memory(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.unwrap().parse().unwrap()
}

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let url = args.next().expect("an address").parse().unwrap();
    let target = PathBuf::from(args.next().expect("a file"));
    let http = Http::new(&HttpOptions {
        proxy: ProxyChoice::Direct,
        extra_ca: args.next().map(PathBuf::from),
        ..HttpOptions::default()
    })
    .unwrap();
    let request = Request::new(url, target, Container::Raw);
    let before = memory("VmRSS:");
    let cancel = CancellationToken::new();
    let done = download(&http, &request, &|_| {}, &cancel).await.unwrap();
    println!(
        "{}",
        serde_json::json!({
            "bytes": done.bytes,
            "sha256": done.sha256,
            "grown_kib": memory("VmHWM:").saturating_sub(before),
        })
    );
}
