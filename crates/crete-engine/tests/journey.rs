//! The main job without a window: from an empty folder to a running machine, with a practice
//! factory over real HTTP and a real QEMU. The disk is empty, so what the console shows is the
//! firmware's own text.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use crete_engine::{Config, Engine, Live, NetworkParts, Patience, PracticeParts, SystemClock};
use crete_host::ThisComputer;
use crete_model::{
    Arch, BootMedium, ErrorCode, ExitReason, ImageChoice, ImageId, ImageState, JobState,
    MachineAction, MachineId, MachineState, SerialPort, Settings, StopRung,
};
use crete_qemu::process::{NetworkRun, Record, Signal, adopt};
use crete_testkit::disks;
use crete_testkit::factory::{Options, PracticeFactory};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Emulation on a busy computer is slow; a hang still ends.
const PATIENCE: Duration = Duration::from_secs(120);

/// Ends what a failed test leaves running: the processes named in its own runtime folder.
struct Sweep(std::path::PathBuf);

impl Drop for Sweep {
    fn drop(&mut self) {
        let Ok(folders) = std::fs::read_dir(self.0.join("run")) else {
            return;
        };
        for folder in folders.flatten() {
            // A machine's record holds what a network's does, and more.
            let record = Record::<NetworkRun>::read(&folder.path().join("process.json"));
            if let Ok(Some(record)) = record
                && let Ok(Some(running)) = adopt(&record)
            {
                let _ = running.signal(Signal::Kill);
            }
        }
    }
}

fn networks() -> NetworkParts {
    NetworkParts::of_this_computer(crete_testkit::built("crete-net"))
}

async fn open(root: &Path, factory: &str) -> Engine {
    let path = std::env::var("PATH").unwrap();
    Engine::open(Config {
        data: root.join("data"),
        runtime: root.join("run"),
        settings: Settings {
            factory_url: factory.to_owned(),
            ..Settings::default()
        },
        world: Arc::new(ThisComputer::new(&path, "ariadne".to_owned())),
        clock: Arc::new(SystemClock),
        seen: true,
        patience: Patience::default(),
        systemd_bus: None,
        network_parts: networks(),
        practice_parts: PracticeParts::default(),
        personal: crete_engine::PersonalFiles::default(),
        practice: None,
    })
    .await
    .unwrap()
}

/// Waits until an item of a live set is as wanted.
async fn until<T, F>(live: &Live<T>, key: &str, wanted: F) -> T
where
    T: Clone + PartialEq + std::fmt::Debug,
    F: Fn(&T) -> bool,
{
    let mut changes = live.subscribe().changes;
    let waiting = async {
        loop {
            if let Some(item) = live.get(key).filter(|item| wanted(item)) {
                return item;
            }
            // Falling behind is no end: the set itself is asked again.
            let _ = changes.recv().await;
        }
    };
    match tokio::time::timeout(PATIENCE, waiting).await {
        Ok(item) => item,
        Err(_) => panic!("still {:?}", live.get(key)),
    }
}

fn factory_options() -> Options {
    let disk = disks::zst(&disks::bare_disk(64 << 20));
    Options {
        assets: [("metal-amd64.raw.zst".to_owned(), disk.into())].into(),
        ..Options::default()
    }
}

fn choice(engine_version: &str) -> ImageChoice {
    ImageChoice {
        version: engine_version.parse().unwrap(),
        arch: Arch::Amd64,
        medium: BootMedium::DiskImage,
    }
}

async fn download(engine: &Engine) -> ImageId {
    let groups = engine.versions(false).await.unwrap().list;
    let newest = groups.recommended.unwrap().to_string();
    let (image, job) = engine.download(&choice(&newest)).unwrap();
    let job = until(&engine.jobs, &job.unwrap().to_string(), |job| {
        job.state.is_final()
    })
    .await;
    assert_eq!(job.state, JobState::Done, "{job:?}");
    until(&engine.images, &image.to_string(), |view| {
        view.state == ImageState::Ready
    })
    .await;
    image
}

async fn running(engine: &Engine, machine: MachineId) {
    until(&engine.machines, &machine.to_string(), |view| {
        let printed = view
            .boot
            .as_ref()
            .is_some_and(|boot| boot.console_bytes > 0);
        matches!(view.state, MachineState::Running { .. }) && printed
    })
    .await;
}

/// Reads a console until it holds a text.
async fn console_holds(engine: &Engine, machine: MachineId, text: &str) {
    let mut chunks = engine.console(machine, SerialPort::TtyS0).await.unwrap();
    let mut seen = String::new();
    let reading = async {
        while !seen.contains(text) {
            let (offset, bytes) = chunks.recv().await.unwrap();
            assert_eq!(offset, seen.len() as u64, "nothing is lost or doubled");
            seen.extend(bytes.iter().map(|byte| char::from(*byte)));
        }
    };
    assert!(
        tokio::time::timeout(PATIENCE, reading).await.is_ok(),
        "only {seen:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn from_an_empty_folder_to_a_machine_that_outlives_the_engine() {
    let temp = tempfile::tempdir().unwrap();
    let _sweep = Sweep(temp.path().to_owned());
    let factory = PracticeFactory::start(factory_options()).await.unwrap();
    let engine = open(temp.path(), &factory.url).await;
    let image = download(&engine).await;

    let offer = engine.offer(image).unwrap();
    let draft = crete_model::MachineDraft {
        memory_mib: 512,
        ..offer.draft
    };
    let machine = engine.create_machine(&draft).unwrap();
    let key = machine.to_string();
    assert!(
        !engine.check_draft(&draft).is_empty(),
        "a second machine cannot have the same name"
    );
    let in_use = engine.delete_image(image).await.unwrap_err().problem();
    assert_eq!(in_use.code, ErrorCode::ImageInUse);

    let job = engine.start(machine).await.unwrap().unwrap();
    running(&engine, machine).await;
    let job = until(&engine.jobs, &job.to_string(), |job| job.state.is_final()).await;
    assert_eq!(job.state, JobState::Done, "{job:?}");
    console_holds(&engine, machine, "BdsDxe").await;
    let pid = engine.machines.get(&key).unwrap().pid.unwrap();

    // The program ends; the machine does not, and the next start takes it back.
    engine.close().await;
    let again = open(temp.path(), &factory.url).await;
    assert_eq!(again.adopted(), std::slice::from_ref(&draft.name));
    let view = again.machines.get(&key);
    let view = match view {
        Some(view) if view.pid.is_some() => view,
        _ => until(&again.machines, &key, |view| view.pid.is_some()).await,
    };
    assert_eq!(view.pid, Some(pid));
    assert!(matches!(
        view.state,
        MachineState::Running { adopted: true, .. }
    ));
    console_holds(&again, machine, "BdsDxe").await;

    again.force_off(machine).await.unwrap();
    let off = until(&again.machines, &key, |view| view.pid.is_none()).await;
    let killed = ExitReason::Stopped {
        rung: StopRung::Kill,
    };
    assert_eq!(off.state, MachineState::Stopped { exit: killed });

    let (trash, _) = again.delete_machine(machine).await.unwrap();
    assert!(again.machines.get(&key).is_none());
    again.restore(&trash).await.unwrap();
    assert_eq!(again.machines.get(&key).unwrap().spec.name, draft.name);
    again.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_runs_is_not_deleted_and_two_engines_do_not_share() {
    let temp = tempfile::tempdir().unwrap();
    let _sweep = Sweep(temp.path().to_owned());
    let factory = PracticeFactory::start(factory_options()).await.unwrap();
    let engine = open(temp.path(), &factory.url).await;
    let image = download(&engine).await;
    let draft = engine.offer(image).unwrap().draft;
    let machine = engine
        .create_machine(&crete_model::MachineDraft {
            memory_mib: 512,
            ..draft
        })
        .unwrap();
    engine.start(machine).await.unwrap();
    running(&engine, machine).await;
    let refused = engine.delete_machine(machine).await.unwrap_err().problem();
    assert_eq!(refused.code, ErrorCode::Denied);
    let view = engine.machines.get(&machine.to_string()).unwrap();
    let delete = view
        .actions
        .iter()
        .find(|view| view.action == MachineAction::Delete)
        .unwrap();
    assert!(delete.denied.is_some());

    let path = std::env::var("PATH").unwrap();
    let second = Engine::open(Config {
        data: temp.path().join("data"),
        runtime: temp.path().join("run"),
        settings: Settings::default(),
        world: Arc::new(ThisComputer::new(&path, "ariadne".to_owned())),
        clock: Arc::new(SystemClock),
        seen: true,
        patience: Patience::default(),
        systemd_bus: None,
        network_parts: networks(),
        practice_parts: PracticeParts::default(),
        personal: crete_engine::PersonalFiles::default(),
        practice: None,
    })
    .await;
    assert_eq!(second.unwrap_err().problem().code, ErrorCode::Locked);
    engine.force_off(machine).await.unwrap();
    until(&engine.machines, &machine.to_string(), |view| {
        view.pid.is_none()
    })
    .await;
    engine.close().await;
}

#[tokio::test]
async fn a_cut_download_is_kept_and_goes_on() {
    let temp = tempfile::tempdir().unwrap();
    let disk = disks::noisy_disk(4 << 20, 1_600_000, 1);
    let packed = disks::zst(&disk);
    let options = Options {
        assets: [("metal-amd64.raw.zst".to_owned(), packed.into())].into(),
        ..Options::default()
    };
    let factory = PracticeFactory::start(options).await.unwrap();
    factory.faults(|faults| faults.cuts = vec![200_000]);
    let engine = open(temp.path(), &factory.url).await;
    let image = download(&engine).await;
    let file = engine
        .images
        .get(&image.to_string())
        .unwrap()
        .spec
        .file
        .unwrap();
    let base = engine.image_folder(image).unwrap().join(&file.name);
    assert_eq!(std::fs::read(base).unwrap(), disk);
    assert_eq!(file.virtual_size, disk.len() as u64);
    let asked = factory.asked();
    let downloads = asked
        .iter()
        .filter(|line| line.starts_with("GET /image/"))
        .count();
    assert_eq!(downloads, 2, "cut once, gone on once: {asked:?}");
    assert!(
        !asked.iter().any(|line| line.starts_with("HEAD")),
        "a HEAD would build the image"
    );
    engine.close().await;
}

#[tokio::test]
async fn a_factory_that_is_away_is_said_so_and_the_old_list_is_shown() {
    let temp = tempfile::tempdir().unwrap();
    let factory = PracticeFactory::start(factory_options()).await.unwrap();
    let url = factory.url.clone();
    let engine = open(temp.path(), &url).await;
    engine.versions(false).await.unwrap();
    drop(factory);
    let list = engine.versions(true).await.unwrap();
    assert_eq!(list.stale.unwrap().code, ErrorCode::FactoryUnreachable);
    assert!(list.list.recommended.is_some());

    let (image, job) = engine.download(&choice("v1.13.9")).unwrap();
    let job = until(&engine.jobs, &job.unwrap().to_string(), |job| {
        job.state.is_final()
    })
    .await;
    assert_eq!(job.problem.unwrap().code, ErrorCode::FactoryUnreachable);
    let view = engine.images.get(&image.to_string()).unwrap();
    assert!(matches!(
        view.state,
        ImageState::Incomplete {
            received: 0,
            problem: Some(_)
        }
    ));
    engine.close().await;
}
