//! The studio with a practice factory over real HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use crete_engine::{Config, Engine, EngineError, Patience, PracticeParts, SystemClock};
use crete_host::ThisComputer;
use crete_model::{
    Arch, ErrorCode, PresetId, RemarkCode, Settings, StudioDraft, TalosVersion, TargetKind,
};
use crete_testkit::factory::{Options, PracticeFactory};
use std::path::Path;
use std::sync::Arc;

async fn open(root: &Path, factory: &str) -> Engine {
    Engine::open(Config {
        data: root.join("data"),
        runtime: root.join("run"),
        settings: Settings {
            factory_url: factory.to_owned(),
            ..Settings::default()
        },
        world: Arc::new(ThisComputer::new("", "ariadne".to_owned())),
        clock: Arc::new(SystemClock),
        seen: true,
        patience: Patience::default(),
        systemd_bus: None,
        network_parts: crete_engine::NetworkParts::default(),
        practice_parts: PracticeParts::default(),
        personal: crete_engine::PersonalFiles::default(),
        practice: None,
    })
    .await
    .unwrap()
}

fn version(text: &str) -> TalosVersion {
    text.parse().unwrap()
}

fn draft() -> StudioDraft {
    StudioDraft {
        target: Some(TargetKind::Metal),
        version: Some(version("1.13.9")),
        arch: Some(Arch::Amd64),
        extensions: vec![
            "siderolabs/qemu-guest-agent".into(),
            "siderolabs/gone".into(),
        ],
        ..StudioDraft::default()
    }
}

#[tokio::test]
async fn a_list_that_was_seen_once_is_there_without_the_factory_and_tells_its_age() {
    let root = tempfile::tempdir().unwrap();
    let factory = PracticeFactory::start(Options::default()).await.unwrap();
    let url = factory.url.clone();
    let engine = open(root.path(), &url).await;
    let asked = engine.extensions(&version("1.13.9"), false).await.unwrap();
    assert_eq!(
        asked.list.len(),
        82,
        "83 of the factory, one of them hidden"
    );
    assert!(asked.stale.is_none());
    drop(factory);

    let again = engine.extensions(&version("1.13.9"), false).await.unwrap();
    assert_eq!(again.list, asked.list);
    let refreshed = engine.extensions(&version("1.13.9"), true).await.unwrap();
    assert_eq!(refreshed.fetched_at, asked.fetched_at);
    assert_eq!(refreshed.stale.unwrap().code, ErrorCode::FactoryUnreachable);
    let never_seen = engine.extensions(&version("1.12.11"), false).await;
    assert!(never_seen.is_err());
    engine.close().await;
}

#[tokio::test]
async fn composing_compares_with_the_remembered_lists_and_sends_nothing() {
    let root = tempfile::tempdir().unwrap();
    let factory = PracticeFactory::start(Options::default()).await.unwrap();
    let engine = open(root.path(), &factory.url).await;
    let before = engine.compose(&draft()).unwrap();
    let codes = |composition: &crete_model::Composition| {
        composition
            .remarks
            .iter()
            .map(|remark| remark.code)
            .collect::<Vec<_>>()
    };
    assert!(codes(&before).contains(&RemarkCode::ExtensionsNotKnown));
    assert!(factory.asked().is_empty(), "{:?}", factory.asked());

    engine.extensions(&version("1.13.9"), false).await.unwrap();
    let after = engine.compose(&draft()).unwrap();
    assert!(codes(&after).contains(&RemarkCode::ExtensionNotInVersion));
    let confirmed = engine.confirm(&draft()).await.unwrap();
    assert_eq!(confirmed.id, after.schematic_id);
    assert_eq!(
        confirmed.id,
        "ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515"
    );
    engine.close().await;
}

#[tokio::test]
async fn a_pasted_id_gives_back_every_key_and_junk_says_why_not() {
    let root = tempfile::tempdir().unwrap();
    let factory = PracticeFactory::start(Options::default()).await.unwrap();
    let engine = open(root.path(), &factory.url).await;
    let mut wanted = draft();
    wanted.extensions.pop();
    wanted.kernel_args = vec!["quiet".into()];
    wanted.enroll_keys = "force".into();
    wanted.sector_size = 4096;
    let id = engine.confirm(&wanted).await.unwrap().id;

    let link = format!("https://factory.talos.dev/image/{id}/v1.13.9/metal-amd64.iso");
    let opened = engine.open_text(&link).await.unwrap();
    assert_eq!(opened.draft, wanted);
    assert_eq!(opened.schematic_id, Some(id));

    let Err(EngineError::Problem(problem)) = engine.open_text("hello: world").await else {
        panic!("junk opened");
    };
    assert!(problem.fields[0].params["reason"].contains("hello"));
    let unknown = engine
        .open_text(&"0".repeat(64))
        .await
        .unwrap_err()
        .problem();
    assert_eq!(unknown.code, ErrorCode::FactoryRefused);
    engine.close().await;
}

#[tokio::test]
async fn drafts_are_kept_deleted_and_given_back() {
    let root = tempfile::tempdir().unwrap();
    let engine = open(root.path(), "http://127.0.0.1:9").await;
    assert!(engine.save_draft(None, "  ", draft()).is_err());
    let id = engine.save_draft(None, "Lab", draft()).unwrap();
    engine.save_draft(Some(id), "Lab two", draft()).unwrap();
    let (trash_id, name) = engine.delete_draft(id).unwrap();
    assert_eq!(name, "Lab two");
    assert!(engine.drafts.all().is_empty());
    engine.restore(&trash_id).await.unwrap();
    engine.close().await;

    let engine = open(root.path(), "http://127.0.0.1:9").await;
    let kept = engine.drafts.all();
    assert_eq!(
        (kept.len(), kept[0].name.as_str(), &kept[0].draft),
        (1, "Lab two", &draft())
    );
    engine.close().await;
}

#[tokio::test]
async fn every_preset_names_extensions_that_exist() {
    let root = tempfile::tempdir().unwrap();
    let factory = PracticeFactory::start(Options::default()).await.unwrap();
    let engine = open(root.path(), &factory.url).await;
    let list = engine
        .extensions(&version("1.13.9"), false)
        .await
        .unwrap()
        .list;
    for preset in engine
        .presets(Arch::Amd64)
        .iter()
        .chain(&engine.presets(Arch::Arm64))
    {
        for name in &preset.extensions {
            assert!(
                list.iter().any(|known| known.name == *name),
                "{:?}: {name}",
                preset.id
            );
        }
        assert!(preset.id != PresetId::QemuGuest || preset.kernel_args.len() == 2);
    }
    engine.close().await;
}

#[tokio::test]
async fn a_file_of_a_draft_comes_into_the_library_with_its_own_schematic_and_once() {
    let root = tempfile::tempdir().unwrap();
    let factory = PracticeFactory::start(Options::default()).await.unwrap();
    let engine = open(root.path(), &factory.url).await;
    let made = engine.compose(&draft()).unwrap();
    let (image, _) = engine
        .download_output(&draft(), "metal-amd64.raw.zst")
        .unwrap();
    let view = engine.images.get(&image.to_string()).unwrap();
    let crete_model::ImageOrigin::Factory(origin) = &view.spec.origin else {
        panic!("{view:?}");
    };
    assert_eq!(origin.schematic_id, made.schematic_id);
    assert_eq!(origin.asset, "metal-amd64.raw.zst");
    let again = engine.download_output(&draft(), "metal-amd64.raw.zst");
    assert_eq!(again.unwrap().0, image);
    let other = engine.download_output(&draft(), "metal-amd64.qcow2");
    assert_ne!(other.unwrap().0, image, "another file is another image");
    for refused in ["kernel-amd64", "metal-amd64.img", ""] {
        let error = engine.download_output(&draft(), refused).unwrap_err();
        assert!(
            matches!(error, EngineError::Invalid(_)),
            "{refused}: {error}"
        );
    }
}

#[tokio::test]
async fn unsaved_answers_survive_a_restart_and_are_the_persons_alone() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().unwrap();
    let engine = open(root.path(), "http://127.0.0.1:9").await;
    assert_eq!(engine.workbench().draft, None);
    let kept = engine.save_draft(None, "Lab", draft()).unwrap();
    let mut answers = draft();
    answers.embedded_config = "a secret".to_owned();
    engine
        .leave_workbench(Some(answers.clone()), Some(kept))
        .unwrap();
    engine.close().await;

    let engine = open(root.path(), "http://127.0.0.1:9").await;
    let left = engine.workbench();
    assert_eq!((left.draft, left.kept), (Some(answers), Some(kept)));
    let record = root.path().join("data/studio.json");
    let mode = std::fs::metadata(&record).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    engine.delete_draft(kept).unwrap();
    assert_eq!(engine.workbench().kept, None);
    std::fs::write(&record, "{ half").unwrap();
    assert_eq!(engine.workbench().draft, None);
    engine.close().await;
}

#[tokio::test]
async fn the_text_of_a_dropped_file_is_told_and_nothing_is_imported() {
    let root = tempfile::tempdir().unwrap();
    let engine = open(root.path(), "http://127.0.0.1:9").await;
    let yaml = root.path().join("schematic.yaml");
    std::fs::write(&yaml, "customization: {}\n").unwrap();
    let binary = root.path().join("noise");
    std::fs::write(&binary, [0xff, 0xfe, 0x00]).unwrap();
    let link = root.path().join("link.yaml");
    std::os::unix::fs::symlink(&yaml, &link).unwrap();
    let mut changes = engine.drops.subscribe().changes;
    engine.dropped(vec![binary, link, yaml]);
    let told = tokio::time::timeout(std::time::Duration::from_secs(60), async {
        loop {
            let change = changes.recv().await.unwrap();
            if let Some(view) = change.value.clone() {
                return view;
            }
        }
    });
    let told = told.await.unwrap();
    assert_eq!(told.text.as_deref(), Some("customization: {}\n"));
    // Whoever let them go reads why nothing came of each.
    let why: Vec<_> = told
        .files
        .iter()
        .map(|plan| (&*plan.file_name, plan.problem.is_some()))
        .collect();
    assert_eq!(
        why,
        [
            ("noise", true),
            ("link.yaml", true),
            ("schematic.yaml", true)
        ]
    );
    assert!(engine.images.all().is_empty());
    engine.drag_left();
    assert!(engine.drops.all().is_empty());
    engine.close().await;
}

#[tokio::test]
async fn what_arrived_once_tells_how_large_its_like_will_be() {
    const ASSET: &str = "metal-arm64.raw.zst";
    let root = tempfile::tempdir().unwrap();
    let factory = PracticeFactory::start(Options::default()).await.unwrap();
    let engine = open(root.path(), &factory.url).await;
    let draft = |word: &str| StudioDraft {
        target: Some(TargetKind::Metal),
        version: Some(version(word)),
        arch: Some(Arch::Arm64),
        ..StudioDraft::default()
    };
    let size = |word: &str| {
        let made = engine.compose(&draft(word)).unwrap();
        let output = made.outputs.iter().find(|output| output.name == ASSET);
        output.unwrap().estimated_size
    };
    let table = size("1.12.11");
    assert_eq!(size("1.12.10"), table);
    let (image, job) = engine.download_output(&draft("1.12.11"), ASSET).unwrap();
    let job = job.unwrap().to_string();
    let mut changes = engine.jobs.subscribe().changes;
    while engine
        .jobs
        .get(&job)
        .is_none_or(|job| !job.state.is_final())
    {
        let _ = changes.recv().await;
    }
    let view = engine.images.get(&image.to_string()).unwrap();
    let arrived = view.spec.file.expect("it arrived").downloaded;
    assert_ne!(arrived, table);
    assert_eq!(size("1.12.11"), arrived);
    assert_eq!(size("1.12.10"), arrived, "of the same minor");
    assert_eq!(size("1.13.9"), table, "of another minor it says nothing");
}
