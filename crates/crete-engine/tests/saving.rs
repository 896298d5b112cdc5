//! Files of the factory in a folder of a person's own, with a practice factory over real HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_engine::{Config, Engine, EngineError, Patience, PracticeParts, SystemClock};
use crete_host::ThisComputer;
use crete_model::{
    Arch, ErrorCode, Job, JobId, JobRequest, JobState, Output, OutputForm, OutputKind, Settings,
    StudioDraft, TargetKind,
};
use crete_testkit::factory::{Misdeed, Options, PracticeFactory};
use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::{ended, until};

const KERNEL: usize = 1 << 20;

struct Bench {
    root: tempfile::TempDir,
    factory: PracticeFactory,
}

impl Bench {
    async fn new(bytes_per_second: u64) -> Self {
        let kernel: Vec<u8> = (0..=u8::MAX).cycle().step_by(7).take(KERNEL).collect();
        let options = Options {
            assets: HashMap::from([("kernel-amd64".to_owned(), kernel.into())]),
            bytes_per_second,
            ..Options::default()
        };
        let bench = Self {
            root: tempfile::tempdir().unwrap(),
            factory: PracticeFactory::start(options).await.unwrap(),
        };
        std::fs::create_dir(bench.folder()).unwrap();
        bench
    }

    /// The folder that the person chose.
    fn folder(&self) -> PathBuf {
        self.root.path().join("my files")
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    async fn open(&self) -> Engine {
        Engine::open(Config {
            data: self.root.path().join("data"),
            runtime: self.root.path().join("run"),
            settings: Settings {
                factory_url: self.factory.url.clone(),
                ..Settings::default()
            },
            world: Arc::new(ThisComputer::new("", "ariadne".to_owned())),
            clock: Arc::new(SystemClock),
            seen: true,
            patience: Patience {
                downloads: crete_fetch::Patience {
                    first_wait: std::time::Duration::from_millis(5),
                    ..crete_fetch::Patience::default()
                },
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
}

fn draft() -> StudioDraft {
    StudioDraft {
        target: Some(TargetKind::Metal),
        version: Some("1.13.9".parse().unwrap()),
        arch: Some(Arch::Amd64),
        ..StudioDraft::default()
    }
}

fn output(engine: &Engine, name: &str) -> Output {
    let outputs = engine.compose(&draft()).unwrap().outputs;
    let found = outputs.into_iter().find(|output| output.name == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

/// Saves by name.
fn save(engine: &Engine, names: &[&str], folder: &Path, replace: bool) -> Vec<JobId> {
    try_save(engine, names, folder, replace).unwrap()
}

fn try_save(
    engine: &Engine,
    names: &[&str],
    folder: &Path,
    replace: bool,
) -> Result<Vec<JobId>, EngineError> {
    let texts: Vec<String> = names.iter().map(|name| output(engine, name).text).collect();
    engine.save_outputs(&draft(), &texts, folder, replace)
}

async fn done(engine: &Engine, job: JobId) -> Job {
    let job = ended(engine, job).await;
    assert_eq!(job.state, JobState::Done, "{:?}", job.problem);
    job
}

/// Waits until some bytes are in the part file, and not all.
async fn half_way(engine: &Engine, job: JobId) {
    until(&engine.jobs, &job.to_string(), |job| {
        let progress = job.stages.iter().find_map(|stage| stage.progress);
        progress.is_some_and(|progress| progress.done > 0)
    })
    .await;
}

fn code(error: EngineError) -> ErrorCode {
    error.problem().code
}

#[tokio::test]
async fn every_file_of_the_result_can_be_had_and_nothing_else_is_left_beside_it() {
    let bench = Bench::new(0).await;
    let engine = bench.open().await;
    let made = engine.compose(&draft()).unwrap();
    let wanted: Vec<&Output> = made
        .outputs
        .iter()
        .filter(|output| output.form == OutputForm::File || output.kind == OutputKind::Pxe)
        // The practice factory has no images for QEMU's own format and no bootable CD here.
        .filter(|output| !matches!(output.kind, OutputKind::Iso | OutputKind::DiskImage))
        .filter(|output| output.kind != OutputKind::DiskImageQcow2)
        .collect();
    let texts: Vec<String> = wanted.iter().map(|output| output.text.clone()).collect();
    let jobs = engine
        .save_outputs(&draft(), &texts, &bench.folder(), false)
        .unwrap();
    assert_eq!(jobs.len(), wanted.len());
    for job in jobs {
        done(&engine, job).await;
    }
    let mut expected: Vec<String> = wanted.iter().map(|output| output.name.clone()).collect();
    expected.retain(|name| !name.is_empty());
    expected.push("metal-amd64.ipxe".to_owned());
    expected.sort();
    assert_eq!(bench.names(), expected);

    let read = |name: &str| std::fs::read(bench.folder().join(name)).unwrap();
    let kernel = bench.factory.content("kernel-amd64").unwrap();
    assert_eq!(read("kernel-amd64"), kernel);
    assert!(read("metal-amd64.ipxe").starts_with(b"#!ipxe"));
    let mode = |name: &str| {
        let meta = std::fs::metadata(bench.folder().join(name)).unwrap();
        meta.permissions().mode() & 0o111
    };
    assert_ne!(mode("talosctl-linux-amd64"), 0, "a tool can be run");
    assert_eq!(mode("kernel-amd64"), 0);
    // No schematic is needed for a tool, so none was sent for it; one each for the others.
    let sent = bench.factory.asked();
    let sent = sent.iter().filter(|line| *line == "POST /schematics");
    let tools = expected.iter().filter(|name| name.starts_with("talosctl"));
    assert_eq!(sent.count(), expected.len() - tools.count());
    engine.close().await;
}

#[tokio::test]
async fn a_file_that_is_there_stays_unless_the_person_gives_it_away() {
    let bench = Bench::new(0).await;
    let engine = bench.open().await;
    let own = bench.folder().join("kernel-amd64");
    std::fs::write(&own, "my own").unwrap();
    let names = ["kernel-amd64", "initramfs-amd64.xz"];
    let refused = try_save(&engine, &names, &bench.folder(), false).unwrap_err();
    let problem = refused.problem();
    assert_eq!(problem.code, ErrorCode::FileExists);
    assert_eq!(problem.params["path"], own.display().to_string());
    assert!(engine.jobs.all().is_empty(), "nothing of the set was begun");

    for job in save(&engine, &names, &bench.folder(), true) {
        done(&engine, job).await;
    }
    let kernel = bench.factory.content("kernel-amd64").unwrap();
    assert_eq!(std::fs::read(&own).unwrap(), kernel);

    // Another file that comes into the place meanwhile is not what was given away.
    let slow = Bench::new(128 << 10).await;
    let engine_of_slow = slow.open().await;
    let job = save(&engine_of_slow, &names[..1], &slow.folder(), false)[0];
    half_way(&engine_of_slow, job).await;
    let own = slow.folder().join("kernel-amd64");
    std::fs::write(&own, "put there meanwhile").unwrap();
    let job = ended(&engine_of_slow, job).await;
    assert_eq!(job.problem.unwrap().code, ErrorCode::FileExists);
    assert_eq!(std::fs::read(&own).unwrap(), b"put there meanwhile");
    let again = engine_of_slow.resume_save(job.id, false);
    assert_eq!(code(again.unwrap_err()), ErrorCode::FileExists);
    let again = engine_of_slow.resume_save(job.id, true).unwrap().unwrap();
    done(&engine_of_slow, again).await;
    assert_eq!(std::fs::read(&own).unwrap().len(), KERNEL);
    engine.close().await;
    engine_of_slow.close().await;
}

#[tokio::test]
async fn it_pauses_goes_on_where_it_was_and_leaves_nothing_when_cancelled() {
    let bench = Bench::new(256 << 10).await;
    let engine = bench.open().await;
    let job = save(&engine, &["kernel-amd64"], &bench.folder(), false)[0];
    half_way(&engine, job).await;
    let same = save(&engine, &["kernel-amd64"], &bench.folder(), false);
    assert_eq!(same, [job], "asking twice is one wish");
    engine.pause_job(job).unwrap();
    until(&engine.jobs, &job.to_string(), |job| {
        job.state == JobState::Paused
    })
    .await;
    assert_eq!(
        bench.names(),
        ["kernel-amd64.part", "kernel-amd64.part.json"]
    );
    assert_eq!(engine.resume_save(job, false).unwrap(), Some(job));
    done(&engine, job).await;
    assert_eq!(bench.names(), ["kernel-amd64"]);
    let ranges = bench.factory.ranges();
    assert!(ranges.iter().flatten().count() == 1, "{ranges:?}");

    std::fs::remove_file(bench.folder().join("kernel-amd64")).unwrap();
    for held in [false, true] {
        let job = save(&engine, &["kernel-amd64"], &bench.folder(), false)[0];
        half_way(&engine, job).await;
        if held {
            engine.pause_job(job).unwrap();
            until(&engine.jobs, &job.to_string(), |job| {
                job.state == JobState::Paused
            })
            .await;
        }
        engine.cancel_job(job).unwrap();
        assert_eq!(ended(&engine, job).await.state, JobState::Cancelled);
        assert_eq!(bench.names(), [""; 0], "paused before: {held}");
    }
    engine.close().await;
}

#[tokio::test]
async fn what_was_cut_off_with_the_program_goes_on_after_the_next_start() {
    let bench = Bench::new(256 << 10).await;
    let engine = bench.open().await;
    let job = save(&engine, &["kernel-amd64"], &bench.folder(), false)[0];
    half_way(&engine, job).await;
    engine.close().await;
    assert!(bench.names().contains(&"kernel-amd64.part".to_owned()));

    let engine = bench.open().await;
    let found = engine.jobs.get(&job.to_string()).unwrap();
    assert_eq!(found.state, JobState::Interrupted);
    let again = engine.resume_save(job, false).unwrap().unwrap();
    let again = done(&engine, again).await;
    let JobRequest::Save { order } = again.request else {
        panic!("{:?}", again.request);
    };
    assert_eq!(order.folder, bench.folder().display().to_string());
    let kernel = bench.factory.content("kernel-amd64").unwrap();
    assert_eq!(
        std::fs::read(bench.folder().join("kernel-amd64")).unwrap(),
        kernel
    );
    assert_eq!(bench.factory.ranges().iter().flatten().count(), 1);
    engine.close().await;
}

#[tokio::test]
async fn one_file_of_a_set_that_fails_is_named_and_leaves_the_others() {
    let bench = Bench::new(0).await;
    bench.factory.faults(|faults| {
        faults.front.push_back(Misdeed::Status {
            status: 400,
            text: "the extension is not there",
            retry_after: None,
        });
    });
    let engine = bench.open().await;
    let names = [
        "kernel-amd64",
        "initramfs-amd64.xz",
        "cmdline-metal-amd64",
        "talosctl-linux-amd64",
    ];
    let jobs = save(&engine, &names, &bench.folder(), false);
    let mut failed = Vec::new();
    let mut sets = Vec::new();
    for job in jobs {
        let job = ended(&engine, job).await;
        let JobRequest::Save { order } = &job.request else {
            panic!("{:?}", job.request);
        };
        sets.push(order.set.unwrap());
        assert_eq!(job.subject, order.file_name);
        if job.state == JobState::Failed {
            failed.push(job);
        } else {
            assert_eq!(job.state, JobState::Done);
        }
    }
    assert!(sets.iter().all(|set| *set == sets[0] && set.count == 4));
    let [job] = &failed[..] else {
        panic!("{failed:?}");
    };
    assert_eq!(
        job.problem.as_ref().unwrap().code,
        ErrorCode::FactoryRefused
    );
    assert!(!bench.names().contains(&job.subject));
    let again = engine.resume_save(job.id, false).unwrap().unwrap();
    let again = done(&engine, again).await;
    let JobRequest::Save { order } = &again.request else {
        panic!("{:?}", again.request);
    };
    assert_eq!(order.set, Some(sets[0]), "it is still part of the set");
    let mut names = names.map(str::to_owned);
    names.sort();
    assert_eq!(bench.names(), names);
    engine.close().await;
}

#[tokio::test]
async fn a_file_that_is_damaged_never_gets_its_name() {
    let bench = Bench::new(0).await;
    bench
        .factory
        .faults(|faults| faults.damaged = Some(crete_testkit::factory::Damage::Flipped(40)));
    let engine = bench.open().await;
    let job = save(&engine, &["initramfs-amd64.xz"], &bench.folder(), false)[0];
    let job = ended(&engine, job).await;
    assert_eq!(job.problem.unwrap().code, ErrorCode::DownloadCorrupt);
    assert_eq!(bench.names(), [""; 0]);
    engine.close().await;
}

#[tokio::test]
async fn folders_that_cannot_be_used_and_files_that_are_not_offered_are_refused() {
    let bench = Bench::new(0).await;
    let engine = bench.open().await;
    let file = bench.folder().join("file");
    std::fs::write(&file, "x").unwrap();
    for bad in [Path::new("relative"), Path::new("/nowhere"), &file] {
        let refused = try_save(&engine, &["kernel-amd64"], bad, false);
        assert_eq!(code(refused.unwrap_err()), ErrorCode::FolderUnusable);
    }
    let texts = ["https://elsewhere.example/kernel-amd64".to_owned()];
    let refused = engine.save_outputs(&draft(), &texts, &bench.folder(), false);
    assert_eq!(code(refused.unwrap_err()), ErrorCode::Invalid);
    assert!(engine.jobs.all().is_empty());
    engine.close().await;
}

/// The factory answers so, however often it is asked for the file.
fn always(factory: &PracticeFactory, status: u16, text: &'static str) {
    let misdeed = Misdeed::Status {
        status,
        text,
        retry_after: None,
    };
    factory.faults(|faults| faults.front = vec![misdeed; 16].into());
}

async fn refused(engine: &Engine, draft: &StudioDraft, folder: &Path) -> crete_model::Problem {
    let outputs = engine.compose(draft).unwrap().outputs;
    let cmdline = outputs
        .into_iter()
        .find(|output| output.kind == OutputKind::Cmdline);
    let jobs = engine.save_outputs(draft, &[cmdline.unwrap().text], folder, false);
    let job = ended(engine, jobs.unwrap()[0]).await;
    job.problem.unwrap()
}

#[tokio::test]
async fn a_refusal_names_the_answer_and_an_error_without_words_is_looked_into() {
    let bench = Bench::new(0).await;
    let engine = bench.open().await;
    always(
        &bench.factory,
        400,
        "error enhancing profile from schematic: official extension \"siderolabs/x\" is not \
         available for Talos version v1.13.9",
    );
    let problem = refused(&engine, &draft(), &bench.folder()).await;
    assert_eq!(problem.code, ErrorCode::ExtensionNotThere);
    assert_eq!(problem.params["name"], "siderolabs/x");
    always(
        &bench.factory,
        400,
        "error enhancing profile from schematic: secure boot is disabled",
    );
    let problem = refused(&engine, &draft(), &bench.folder()).await;
    assert_eq!(problem.code, ErrorCode::AnswerRefused);
    assert_eq!(problem.params["field"], "secure_boot");

    // The same error means two things: an extension that is not there, and a factory that fails.
    always(&bench.factory, 500, "internal server error");
    let mut with_unknown = draft();
    with_unknown.extensions = vec!["siderolabs/no-such-thing".into()];
    let problem = refused(&engine, &with_unknown, &bench.folder()).await;
    assert_eq!(problem.code, ErrorCode::ExtensionNotThere);
    assert_eq!(problem.params["name"], "siderolabs/no-such-thing");
    always(&bench.factory, 500, "internal server error");
    let problem = refused(&engine, &draft(), &bench.folder()).await;
    assert_eq!(problem.code, ErrorCode::FactoryInternal);
    engine.close().await;
}

#[tokio::test]
async fn a_file_of_the_person_is_replaced_by_a_whole_one_or_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (log, target) = (
        folder.path().join("console"),
        folder.path().join("mine.txt"),
    );
    let text = || std::fs::read_to_string(&target).unwrap();
    std::fs::write(&target, "older").unwrap();

    // A log that is none cannot be read: what was there stays, with nothing beside it.
    std::fs::create_dir(&log).unwrap();
    crete_engine::copy_console(&log, &target).await.unwrap_err();
    assert_eq!(text(), "older");
    std::fs::remove_dir(&log).unwrap();
    std::fs::write(&log, "booted\n").unwrap();
    crete_engine::copy_console(&log, &target).await.unwrap();
    assert_eq!(text(), "booted\n");

    // Whoever reads it while it is replaced reads the old one to its end.
    let reader = std::fs::File::open(&target).unwrap();
    crete_engine::save_text(&target, "newer".to_owned())
        .await
        .unwrap();
    assert_eq!(std::io::read_to_string(reader).unwrap(), "booted\n");
    assert_eq!(text(), "newer");
    let beside = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(beside, 2);
}
