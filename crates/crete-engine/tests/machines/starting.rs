//! Starts that fail, hang, or are called back.

use crate::support::{World, ended, eventually, names, off, running, start, until, view};
use crete_engine::{Engine, Patience};
use crete_model::{
    ErrorCode, ExitReason, ImageState, Job, JobState, MachineId, MachineState, Problem, Sizes,
    StageCode, StopRung, StrainCode,
};
use crete_testkit::qemu::{Fault, Ignored, Script};
use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::time::Duration;
use uuid::Uuid;

/// Starts a machine that plays a script and fails; what it failed with.
async fn failing(script: Script, patience: Patience) -> (World, Engine, MachineId, Problem) {
    let world = World::new();
    world.play(script);
    let engine = world.open_with(|config| config.patience = patience).await;
    let machine = world.machine(&engine);
    let job = engine.start(machine).await.unwrap().unwrap();
    let job: Job = ended(&engine, job).await;
    assert_eq!(job.state, JobState::Failed);
    let problem = job.problem.unwrap();
    let state = off(&engine, machine).await.state;
    let MachineState::Stopped {
        exit: ExitReason::StartFailed { problem: shown },
    } = state
    else {
        unreachable!("{state:?}");
    };
    assert_eq!(shown.code, problem.code);
    world.assert_nothing_runs();
    world.assert_nothing_is_left(machine);
    (world, engine, machine, problem)
}

/// The same machine starts once nothing is wrong any more.
async fn mended(world: &World, engine: &Engine, machine: MachineId) {
    world.play(Script::default());
    start(engine, machine).await;
    engine.force_off(machine).await.unwrap();
    off(engine, machine).await;
    engine.close().await;
}

#[tokio::test]
async fn a_refused_argument_is_told_in_qemus_own_words() {
    let words = "-device virtio-balloon-pci: 'virtio-balloon-pci' is not a valid device model name";
    let script = Script {
        refuses: Some(("virtio-balloon".to_owned(), words.to_owned())),
        ..Script::default()
    };
    let (world, engine, machine, problem) = failing(script, Patience::default()).await;
    assert_eq!(problem.code, ErrorCode::QemuFailed);
    assert_eq!(problem.detail, Some(format!("qemu-system-x86_64: {words}")));
    mended(&world, &engine, machine).await;
}

#[tokio::test]
async fn a_crash_before_the_greeting_is_told_in_qemus_own_words() {
    let script = Script {
        before_greeting: Some(Fault::Exit {
            status: 1,
            words: "cannot set up guest memory 'pc.ram': Cannot allocate memory".to_owned(),
        }),
        ..Script::default()
    };
    let (world, engine, machine, problem) = failing(script, Patience::default()).await;
    assert_eq!(problem.code, ErrorCode::QemuFailed);
    assert!(problem.detail.unwrap().contains("Cannot allocate memory"));
    mended(&world, &engine, machine).await;
}

#[tokio::test]
async fn a_crash_without_words_names_its_signal() {
    let script = Script {
        before_greeting: Some(Fault::Signal { signal: 6 }),
        ..Script::default()
    };
    let (world, engine, machine, problem) = failing(script, Patience::default()).await;
    assert_eq!(problem.code, ErrorCode::QemuFailed);
    assert!(problem.detail.unwrap().contains("signal Some(6)"));
    mended(&world, &engine, machine).await;
}

#[tokio::test]
async fn a_qemu_that_never_greets_is_ended_at_the_deadline() {
    let script = Script {
        before_greeting: Some(Fault::Hang),
        ignores: vec![Ignored::Terminate],
        ..Script::default()
    };
    let patience = Patience {
        greeting: Duration::from_millis(300),
        ..Patience::default()
    };
    let (world, engine, machine, problem) = failing(script, patience).await;
    assert_eq!(problem.code, ErrorCode::QemuSilent);
    world.play(Script::default());
    engine.close().await;
    let engine = world.open().await;
    mended(&world, &engine, machine).await;
}

#[tokio::test]
async fn one_that_answers_as_another_machine_is_ended() {
    let script = Script {
        uuid: Some(Uuid::from_u128(7)),
        ..Script::default()
    };
    let (world, engine, machine, problem) = failing(script, Patience::default()).await;
    assert_eq!(problem.code, ErrorCode::Internal);
    assert!(
        problem
            .detail
            .unwrap()
            .contains("00000000-0000-0000-0000-000000000007")
    );
    mended(&world, &engine, machine).await;
}

#[tokio::test]
async fn one_that_talks_nonsense_is_ended() {
    let script = Script {
        qmp_garbage: Some("Segmentation fault (core dumped)".to_owned()),
        ..Script::default()
    };
    let (world, engine, machine, problem) = failing(script, Patience::default()).await;
    assert_eq!(problem.code, ErrorCode::QemuSilent);
    mended(&world, &engine, machine).await;
}

#[tokio::test]
async fn a_program_that_cannot_be_executed_is_named() {
    let world = World::new();
    let engine = world.open().await;
    let machine = world.machine(&engine);
    // Looked at while it was good, and broken since.
    engine.check_host().await;
    fs::remove_file(world.fake.program()).unwrap();
    fs::write(world.fake.program(), "no program").unwrap();
    let job = engine.start(machine).await.unwrap().unwrap();
    let problem = ended(&engine, job).await.problem.unwrap();
    assert_eq!(problem.code, ErrorCode::QemuFailed);
    let detail = problem.detail.unwrap();
    assert!(
        detail.contains("qemu-system-x86_64 could not be started"),
        "{detail}"
    );
    world.assert_nothing_is_left(machine);
    engine.close().await;
}

#[tokio::test]
async fn odd_manners_on_qmp_do_no_harm() {
    let world = World::new();
    world.play(Script {
        early_event: true,
        qmp_pieces: 1,
        qmp_noise: true,
        ..Script::default()
    });
    let engine = world.open().await;
    let machine = world.machine(&engine);
    start(&engine, machine).await;
    engine.stop(machine).await.unwrap();
    let exit = ExitReason::Stopped {
        rung: StopRung::Acpi,
    };
    assert_eq!(
        off(&engine, machine).await.state,
        MachineState::Stopped { exit }
    );
    engine.close().await;
}

/// A start that hangs until it is called back.
async fn hanging() -> (World, Engine, MachineId) {
    let world = World::new();
    world.play(Script {
        before_greeting: Some(Fault::Hang),
        ..Script::default()
    });
    let engine = world.open().await;
    let machine = world.machine(&engine);
    engine.start(machine).await.unwrap();
    let starting = until(&engine.machines, &machine.to_string(), |view| {
        matches!(view.state, MachineState::Starting { .. })
    })
    .await;
    assert_eq!(world.fake.running(), [starting.pid.unwrap()]);
    (world, engine, machine)
}

async fn called_back(world: &World, engine: &Engine, machine: MachineId) {
    let exit = ExitReason::Stopped {
        rung: StopRung::Kill,
    };
    assert_eq!(
        off(engine, machine).await.state,
        MachineState::Stopped { exit }
    );
    world.assert_nothing_runs();
    world.assert_nothing_is_left(machine);
}

#[tokio::test]
async fn a_stop_calls_a_start_back() {
    let (world, engine, machine) = hanging().await;
    let start = view(&engine, machine).job;
    assert_eq!(engine.stop(machine).await.unwrap(), start);
    called_back(&world, &engine, machine).await;
    let job = ended(&engine, start.unwrap()).await;
    assert_eq!(job.state, JobState::Cancelled);
    mended(&world, &engine, machine).await;
}

#[tokio::test]
async fn so_does_cancelling_its_job() {
    let (world, engine, machine) = hanging().await;
    let job = view(&engine, machine).job.unwrap();
    engine.cancel_job(job).unwrap();
    called_back(&world, &engine, machine).await;
    assert_eq!(ended(&engine, job).await.state, JobState::Cancelled);
    engine.close().await;
}

#[tokio::test]
async fn so_does_forcing_it_off() {
    let (world, engine, machine) = hanging().await;
    engine.force_off(machine).await.unwrap();
    called_back(&world, &engine, machine).await;
    engine.close().await;
}

/// A qemu-img that never ends.
#[tokio::test]
async fn a_stop_calls_the_making_of_a_disk_back() {
    let world = World::new();
    let img = world.at("bin/qemu-img");
    // Another process writes it, so that no fork of this one holds it open for writing.
    // The host check asks for its version, and gets it.
    let write = concat!(
        r##"printf '#!/bin/sh\n[ "$1" = create ] || exec echo qemu-img version 10.0.0\n"##,
        r##"echo half > "$8"\nexec sleep 600\n' > "$1" && chmod 700 "$1""##
    );
    let made = std::process::Command::new("sh")
        .args(["-c", write, "sh"])
        .arg(&img)
        .status();
    assert!(made.unwrap().success());
    let engine = world.open().await;
    let machine = world.machine(&engine);
    let job = engine.start(machine).await.unwrap().unwrap();
    let half = world.folder(machine).join("disk.making");
    eventually("qemu-img works", || half.exists()).await;
    engine.stop(machine).await.unwrap();
    assert_eq!(ended(&engine, job).await.state, JobState::Cancelled);
    off(&engine, machine).await;
    fs::remove_file(&img).unwrap();
    engine.check_host().await;
    mended(&world, &engine, machine).await;
    assert_eq!(
        names(&world.folder(machine)),
        [
            "console.log",
            "disk.lock",
            "disk.qcow2",
            "firmware-vars.qcow2",
            "qemu.log",
            "spec.json"
        ]
    );
}

/// Closing the program in the middle of a start is no stop: QEMU goes on and is found again.
#[tokio::test]
async fn closing_in_the_middle_of_a_start_leaves_the_machine_to_the_next_start() {
    let (world, engine, machine) = hanging().await;
    let pid = view(&engine, machine).pid;
    let job = view(&engine, machine).job.unwrap();
    engine.close().await;
    let quick = Patience {
        answer: Duration::from_millis(300),
        ..Patience::default()
    };
    let engine = world.open_with(|config| config.patience = quick).await;
    let again = running(&engine, machine).await;
    assert_eq!(again.pid, pid);
    let job = engine.jobs.get(&job.to_string()).unwrap();
    assert_eq!(job.state, JobState::Interrupted);
    engine.force_off(machine).await.unwrap();
    called_back(&world, &engine, machine).await;
    engine.close().await;
}

#[tokio::test]
async fn a_silent_guest_is_a_running_machine_all_the_same() {
    let world = World::new();
    world.fake.play(&Script::default());
    let patience = Patience {
        first_output: Duration::from_millis(100),
        ..Patience::default()
    };
    let engine = world.open_with(|config| config.patience = patience).await;
    let machine = world.machine(&engine);
    let job = engine.start(machine).await.unwrap().unwrap();
    assert_eq!(ended(&engine, job).await.state, JobState::Done);
    assert!(matches!(
        view(&engine, machine).state,
        MachineState::Running { adopted: false, .. }
    ));
    engine.force_off(machine).await.unwrap();
    off(&engine, machine).await;
    engine.close().await;
}

#[tokio::test]
async fn the_stages_of_a_start_end_in_order() {
    let world = World::new();
    let engine = world.open().await;
    let machine = world.machine(&engine);
    let job = engine.start(machine).await.unwrap().unwrap();
    let job = ended(&engine, job).await;
    assert_eq!(job.state, JobState::Done);
    let stages: Vec<StageCode> = job.stages.iter().map(|stage| stage.code).collect();
    use StageCode::{Console, Prepare, Run, Spawn};
    assert_eq!(stages, [Prepare, Spawn, Run, Console]);
    assert!(job.stages.iter().all(|stage| stage.state == JobState::Done));
    let mode = fs::metadata(world.record(machine))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    engine.force_off(machine).await.unwrap();
    off(&engine, machine).await;
    engine.close().await;
}

#[tokio::test]
async fn memory_that_is_not_there_is_refused_before_anything_is_made() {
    let world = World::new();
    let engine = world.open().await;
    let usage = until(&engine.usage, "usage", |_| true).await;
    // All of this computer's memory, of which this test itself uses some.
    let memory_mib = u32::try_from(usage.memory_total >> 20).unwrap();
    let mut draft = world.draft("knossos");
    draft.memory_mib = memory_mib;
    let machine = engine.create_machine(&draft).unwrap();
    let sizes = Sizes {
        vcpus: 1,
        memory_mib,
        disk_gib: 10,
    };
    let told = engine.strains(sizes);
    assert!(
        told.iter()
            .any(|one| one.refused && one.code == StrainCode::MemoryShort)
    );

    let job = engine.start(machine).await.unwrap().unwrap();
    let problem = ended(&engine, job).await.problem.unwrap();
    assert_eq!(problem.code, ErrorCode::MemoryShort);
    let bytes = |name: &str| problem.params[name].parse::<u64>().unwrap();
    assert_eq!(bytes("needed"), u64::from(memory_mib) << 20);
    assert!(bytes("free") < bytes("needed"));
    world.assert_nothing_runs();
    world.assert_nothing_is_left(machine);

    // While nobody looks nothing is measured for the page, and what cannot work is refused all the
    // same.
    engine.set_visible(false);
    assert_eq!(engine.strains(sizes), []);
    let job = engine.start(machine).await.unwrap().unwrap();
    let problem = ended(&engine, job).await.problem.unwrap();
    assert_eq!(problem.code, ErrorCode::MemoryShort);
    world.assert_nothing_runs();
    engine.close().await;
}

#[tokio::test]
async fn memory_that_running_machines_may_still_take_is_promised() {
    let world = World::new();
    let engine = world.open().await;
    let machine = world.machine(&engine);
    start(&engine, machine).await;
    // What stands in for QEMU holds a few MiB of the 512 it was given.
    let usage = until(&engine.usage, "usage", |usage| usage.vcpus > 0).await;
    assert!(usage.memory_promised > 256 << 20);
    assert!(usage.memory_promised < 512 << 20);
    assert!(usage.disk_promised > 0);
    engine.force_off(machine).await.unwrap();
    off(&engine, machine).await;
    until(&engine.usage, "usage", |usage| usage.memory_promised == 0).await;
    engine.close().await;
}

#[tokio::test]
async fn an_image_that_was_touched_is_read_again_and_one_that_was_changed_is_not_started_from() {
    let world = World::new();
    let engine = world.open().await;
    let machine = world.machine(&engine);
    let run = async || {
        let job = engine.start(machine).await.unwrap().unwrap();
        let job = ended(&engine, job).await;
        if job.state == JobState::Done {
            engine.force_off(machine).await.unwrap();
        }
        off(&engine, machine).await;
        job
    };
    // The first use records what the file is.
    assert_eq!(run().await.state, JobState::Done);
    let image = world.image.to_string();
    let folder = world.at("data/images").join(&image);
    let base = fs::OpenOptions::new()
        .write(true)
        .open(folder.join("base"))
        .unwrap();

    let earlier = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    base.set_modified(earlier).unwrap();
    assert_eq!(run().await.state, JobState::Done);

    base.write_all_at(b"somebody was here", 8 << 20).unwrap();
    let job = run().await;
    assert_eq!(job.state, JobState::Failed);
    let problem = job.problem.unwrap();
    assert_eq!(problem.code, ErrorCode::ImageDamaged);
    assert_eq!(problem.params["fault"], "other_digest");
    world.assert_nothing_runs();
    let view = engine.images.get(&image).unwrap();
    assert!(matches!(view.state, ImageState::Incomplete { .. }));
    let aside: Vec<_> = view.set_aside.into_iter().collect();
    assert_eq!(aside.len(), 1);
    assert_eq!(aside[0].problem.code, ErrorCode::ImageDamaged);
    assert_eq!(names(&folder.join("set-aside"))[0], aside[0].name);
    assert!(!folder.join("base").exists());
    engine.close().await;
}
