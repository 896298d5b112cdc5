//! What a page is told without asking: first everything in one message, then what changes; and
//! everything anew when it fell behind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use crete_api::{Change, EventFrame, Topic, event_frames};
use crete_engine::{Config, Engine, PracticeParts, SystemClock};
use crete_host::ThisComputer;
use crete_model::{DropView, Settings};
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// More changes than a reader may be behind.
const FLOOD: usize = 1000;

async fn engine(folder: &Path) -> Engine {
    Engine::open(Config {
        data: folder.join("data"),
        runtime: folder.join("run"),
        settings: Settings::default(),
        world: Arc::new(ThisComputer::new("/usr/bin", "ariadne".to_owned())),
        clock: Arc::new(SystemClock),
        seen: false,
        patience: crete_engine::Patience::default(),
        systemd_bus: None,
        network_parts: crete_engine::NetworkParts::default(),
        practice_parts: PracticeParts::default(),
        personal: crete_engine::PersonalFiles::default(),
        practice: None,
    })
    .await
    .unwrap()
}

fn drop_of(text: &str) -> DropView {
    DropView {
        files: Vec::new(),
        text: Some(text.to_owned()),
    }
}

fn of(frames: &[EventFrame], topic: Topic) -> Vec<&Change> {
    let own = frames.iter().filter(|frame| frame.topic == topic);
    own.map(|frame| &frame.change).collect()
}

fn text(change: &Change) -> Option<&str> {
    match change {
        Change::Item { value, .. } | Change::Upsert { value, .. } => value["text"].as_str(),
        _ => None,
    }
}

#[tokio::test]
async fn the_first_message_is_everything_and_the_next_what_changed() {
    let temp = tempfile::tempdir().unwrap();
    let engine = engine(temp.path()).await;
    engine.drops.set("drop", drop_of("before"));
    let end = CancellationToken::new();
    let mut frames = event_frames(&engine, &end);
    let first = frames.recv().await.unwrap();
    for topic in [
        Topic::Images,
        Topic::Machines,
        Topic::Networks,
        Topic::Traffic,
        Topic::Trash,
        Topic::Drafts,
        Topic::Jobs,
        Topic::Broken,
        Topic::Drops,
        Topic::Host,
        Topic::Usage,
    ] {
        let changes = of(&first, topic);
        assert_eq!(changes.first(), Some(&&Change::Init), "{topic:?}");
        assert_eq!(changes.last(), Some(&&Change::InitDone), "{topic:?}");
    }
    let drops = of(&first, Topic::Drops);
    assert_eq!(drops.len(), 3);
    assert_eq!(text(drops[1]), Some("before"));

    engine.drops.set("drop", drop_of("after"));
    let next = frames.recv().await.unwrap();
    assert_eq!(next.len(), 1);
    assert_eq!(text(&next[0].change), Some("after"));
    end.cancel();
    engine.close().await;
}

#[tokio::test]
async fn a_reader_that_falls_behind_is_told_everything_anew() {
    let temp = tempfile::tempdir().unwrap();
    let engine = engine(temp.path()).await;
    let mut frames = event_frames(&engine, &CancellationToken::new());
    frames.recv().await.unwrap();
    // Nothing reads meanwhile: this is the only thread.
    for number in 0..FLOOD {
        engine.drops.set("drop", drop_of(&number.to_string()));
    }
    let next = frames.recv().await.unwrap();
    let drops = of(&next, Topic::Drops);
    assert_eq!(drops[0], &Change::Init);
    assert_eq!(text(drops[1]), Some("999"));
    assert_eq!(drops[2..], [&Change::InitDone]);
    engine.close().await;
}
