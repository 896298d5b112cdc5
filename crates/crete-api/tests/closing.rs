//! Closing an engine that pages still listen to: leaving practice and closing the window wait for
//! it, and a page that listens must not make them wait for ever.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use crete_api::{Change, event_frames};
use crete_engine::{Config, Engine, PracticeParts, SystemClock};
use crete_host::ThisComputer;
use crete_model::Settings;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn an_engine_closes_while_pages_listen_to_its_topics() {
    let temp = tempfile::tempdir().unwrap();
    let engine = Engine::open(Config {
        data: temp.path().join("data"),
        runtime: temp.path().join("run"),
        settings: Settings::default(),
        world: Arc::new(ThisComputer::new("/usr/bin", "ariadne".to_owned())),
        clock: Arc::new(SystemClock),
        seen: true,
        patience: crete_engine::Patience::default(),
        systemd_bus: None,
        network_parts: crete_engine::NetworkParts::default(),
        practice_parts: PracticeParts::default(),
        personal: crete_engine::PersonalFiles::default(),
        practice: None,
    })
    .await
    .unwrap();
    let mut frames = event_frames(&engine, &CancellationToken::new());
    let first = frames.recv().await.unwrap();
    assert_eq!(first[0].change, Change::Init);

    let closed = tokio::time::timeout(Duration::from_secs(10), engine.close()).await;
    assert!(closed.is_ok(), "the engine waits for its readers");
    while frames.recv().await.is_some() {}
}
