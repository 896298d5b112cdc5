//! Records that do not parse: listed, and nothing but them can be opened by path.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use crete_engine::{Config, Engine, EngineError, PracticeParts, SystemClock};
use crete_host::ThisComputer;
use crete_model::Settings;
use std::sync::Arc;

#[tokio::test]
async fn only_a_listed_folder_can_be_opened() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("data/machines/1234");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("spec.json"), "{").unwrap();
    let engine = Engine::open(Config {
        data: root.path().join("data"),
        runtime: root.path().join("run"),
        settings: Settings::default(),
        world: Arc::new(ThisComputer::new("", "ariadne".to_owned())),
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
    let listed = engine.broken.all();
    assert_eq!(listed.len(), 1);
    assert_eq!(engine.broken_folder(&listed[0].path).unwrap(), folder);
    for other in ["/etc", "", root.path().to_str().unwrap()] {
        let refused = engine.broken_folder(other);
        assert!(
            matches!(refused, Err(EngineError::NotFound { .. })),
            "{other}"
        );
    }
    engine.close().await;
}
