//! What a person does with an image that did not arrive whole, and with what was set aside.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use crete_engine::{Config, Engine, EngineError, Patience, PracticeParts, SystemClock};
use crete_host::ThisComputer;
use crete_model::{Arch, BootMedium, ImageChoice, ImageId, ImageState, JobId, Settings};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1";

/// An engine whose factory cannot be reached, and is tried once.
async fn engine(root: &Path) -> Engine {
    let downloads = crete_fetch::Patience {
        failures: 1,
        ..crete_fetch::Patience::default()
    };
    Engine::open(Config {
        data: root.join("data"),
        runtime: root.join("run"),
        settings: Settings {
            factory_url: NOWHERE.to_owned(),
            ..Settings::default()
        },
        world: Arc::new(ThisComputer::new("", "ariadne".to_owned())),
        clock: Arc::new(SystemClock),
        seen: true,
        patience: Patience {
            downloads,
            ..Patience::default()
        },
        systemd_bus: None,
        network_parts: crete_engine::NetworkParts::default(),
        practice_parts: PracticeParts::default(),
        personal: crete_engine::PersonalFiles::default(),
        practice: None,
    })
    .await
    .unwrap()
}

async fn ended(engine: &Engine, job: JobId) {
    let mut changes = engine.jobs.subscribe().changes;
    let is_final = || {
        let job = engine.jobs.get(&job.to_string());
        job.is_some_and(|job| job.state.is_final())
    };
    let watching = async {
        while !is_final() {
            let _ = changes.recv().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), watching)
        .await
        .unwrap();
}

/// An image of which nothing arrived, and its folder's name.
async fn unfinished(engine: &Engine) -> ImageId {
    let choice = ImageChoice {
        version: "v1.13.9".parse().unwrap(),
        arch: Arch::Amd64,
        medium: BootMedium::Iso,
    };
    let (image, job) = engine.download(&choice).unwrap();
    ended(engine, job.unwrap()).await;
    image
}

#[tokio::test]
async fn starting_over_forgets_what_arrived() {
    let root = tempfile::tempdir().unwrap();
    let engine = engine(root.path()).await;
    let image = unfinished(&engine).await;
    let folder = root.path().join("data/images").join(image.to_string());
    let left = ["metal-amd64.iso.part", "metal-amd64.iso.part.json"].map(|name| folder.join(name));
    for path in &left {
        std::fs::write(path, "bytes").unwrap();
    }
    let job = engine.start_over(image).unwrap().unwrap();
    assert!(left.iter().all(|path| !path.exists()));
    ended(&engine, job).await;
    let view = engine.images.get(&image.to_string()).unwrap();
    let nothing = matches!(view.state, ImageState::Incomplete { received: 0, .. });
    assert!(nothing, "{:?}", view.state);
    engine.close().await;
}

#[tokio::test]
async fn only_a_file_that_was_set_aside_can_be_deleted_by_name() {
    let root = tempfile::tempdir().unwrap();
    let image = {
        let engine = engine(root.path()).await;
        let image = unfinished(&engine).await;
        engine.close().await;
        image
    };
    let folder = root.path().join("data/images").join(image.to_string());
    let aside = folder.join("set-aside");
    std::fs::create_dir(&aside).unwrap();
    std::fs::write(aside.join("1-metal-amd64.iso"), "damaged").unwrap();
    let reason = r#"{"schema_version":1,"at":"2026-03-20T09:00:00Z","problem":{"code":"download_corrupt",
        "params":{},"detail":null,"fields":[],"remedies":[],"id":""}}"#;
    std::fs::write(aside.join("1-metal-amd64.iso.json"), reason).unwrap();

    let engine = engine(root.path()).await;
    for other in ["../spec.json", "1-metal-amd64.iso.json", ""] {
        let refused = engine.discard(image, other);
        assert!(
            matches!(refused, Err(EngineError::NotFound { .. })),
            "{other}"
        );
    }
    engine.discard(image, "1-metal-amd64.iso").unwrap();
    assert_eq!(std::fs::read_dir(&aside).unwrap().count(), 0);
    assert!(folder.join("spec.json").exists());
    let view = engine.images.get(&image.to_string()).unwrap();
    assert!(view.set_aside.is_empty());
    engine.close().await;
}
