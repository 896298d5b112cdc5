//! What runs is found again at the next start by proof, whatever was lost meanwhile; what is not
//! ours is never taken for it and never touched.

use crate::support::{PATIENCE, World, ended, eventually, kill, names, off, running, start, view};
use crete_engine::{Engine, Patience};
use crete_model::{ErrorCode, ExitReason, JobState, MachineId, MachineState, StopRung};
use crete_qemu::process::Record;
use crete_testkit::qemu::Script;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use uuid::Uuid;

/// A machine that runs, and no engine.
async fn left_running() -> (World, MachineId, i32) {
    left_running_in(World::new()).await
}

async fn left_running_in(world: World) -> (World, MachineId, i32) {
    let engine = world.open().await;
    let machine = world.machine(&engine);
    let pid = start(&engine, machine).await.pid.unwrap();
    engine.close().await;
    assert_eq!(world.fake.running(), [pid], "closing leaves it alone");
    (world, machine, pid)
}

/// It is shown as running, taken back, and as that very process.
fn is_back(engine: &Engine, machine: MachineId, pid: i32) {
    let view = view(engine, machine);
    assert!(
        matches!(view.state, MachineState::Running { adopted: true, .. }),
        "{:?}",
        view.state
    );
    assert_eq!(view.pid, Some(pid));
    assert_eq!(engine.adopted(), ["knossos"]);
}

async fn stops_gently(world: &World, engine: &Engine, machine: MachineId) {
    engine.stop(machine).await.unwrap();
    let exit = ExitReason::Stopped {
        rung: StopRung::Acpi,
    };
    assert_eq!(
        off(engine, machine).await.state,
        MachineState::Stopped { exit }
    );
    world.assert_nothing_runs();
    world.assert_nothing_is_left(machine);
    engine.close().await;
}

fn exit(engine: &Engine, machine: MachineId) -> ExitReason {
    match view(engine, machine).state {
        MachineState::Stopped { exit } => exit,
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn a_running_machine_is_taken_back() {
    let (world, machine, pid) = left_running().await;
    let engine = world.open().await;
    is_back(&engine, machine, pid);
    stops_gently(&world, &engine, machine).await;
}

#[tokio::test]
async fn the_binary_may_be_replaced_meanwhile() {
    let world = World::new();
    world.fake.replace();
    let (world, machine, pid) = left_running_in(world).await;
    world.fake.replace();
    let executable = fs::read_link(format!("/proc/{pid}/exe")).unwrap();
    assert!(executable.to_string_lossy().ends_with(" (deleted)"));
    let engine = world.open().await;
    is_back(&engine, machine, pid);
    stops_gently(&world, &engine, machine).await;
}

/// Some distributions wrap QEMU in a script that becomes QEMU.
#[tokio::test]
async fn the_program_may_be_a_script_that_becomes_qemu() {
    let world = World::new();
    let script = world.at("wrapped/qemu-system-x86_64");
    fs::create_dir(world.at("wrapped")).unwrap();
    let write = r##"printf '#!/bin/sh\nexec "%s" "$@"\n' "$2" > "$1" && chmod 700 "$1""##;
    let written = Command::new("sh")
        .args(["-c", write, "sh"])
        .args([&script, &world.fake.program()])
        .status();
    assert!(written.unwrap().success());
    let search = format!(
        "{}:{}",
        world.at("wrapped").display(),
        std::env::var("PATH").unwrap()
    );
    let computer = || crete_host::ThisComputer::new(&search, "ariadne".to_owned());
    let open = || world.open_with(|config| config.world = std::sync::Arc::new(computer()));
    let engine = open().await;
    let machine = world.machine(&engine);
    let pid = start(&engine, machine).await.pid.unwrap();
    engine.close().await;
    let engine = open().await;
    is_back(&engine, machine, pid);
    stops_gently(&world, &engine, machine).await;
}

#[tokio::test]
async fn a_record_that_cannot_be_read_hides_no_machine() {
    let (world, machine, pid) = left_running().await;
    fs::write(world.record(machine), "{\"pid\": ").unwrap();
    let engine = world.open().await;
    is_back(&engine, machine, pid);
    let record: Record = Record::read(&world.record(machine)).unwrap().unwrap();
    assert_eq!(
        (record.owner, record.pid),
        (machine.0, pid),
        "it has a new record"
    );
    engine.close().await;
    let engine = world.open().await;
    is_back(&engine, machine, pid);
    stops_gently(&world, &engine, machine).await;
}

#[tokio::test]
async fn a_record_that_is_gone_hides_no_machine() {
    let (world, machine, pid) = left_running().await;
    fs::remove_file(world.record(machine)).unwrap();
    let engine = world.open().await;
    is_back(&engine, machine, pid);
    stops_gently(&world, &engine, machine).await;
}

/// Cleaners of temporary folders do this.
#[tokio::test]
async fn a_runtime_folder_that_is_gone_hides_no_machine() {
    let (world, machine, pid) = left_running().await;
    fs::remove_dir_all(world.at("run")).unwrap();
    let quick = Patience {
        answer: Duration::from_millis(300),
        ..Patience::default()
    };
    let engine = world.open_with(|config| config.patience = quick).await;
    is_back(&engine, machine, pid);
    // It cannot be talked to, but it can be ended.
    engine.stop(machine).await.unwrap();
    let exit = ExitReason::Stopped {
        rung: StopRung::Terminate,
    };
    assert_eq!(
        off(&engine, machine).await.state,
        MachineState::Stopped { exit }
    );
    start(&engine, machine).await;
    stops_gently(&world, &engine, machine).await;
}

/// A login without a desktop has another runtime folder, and the same data.
#[tokio::test]
async fn another_runtime_folder_hides_no_machine() {
    let (world, machine, pid) = left_running().await;
    let engine = world
        .open_with(|config| config.runtime = world.at("other"))
        .await;
    is_back(&engine, machine, pid);
    let mut console = engine
        .console(machine, crete_model::SerialPort::TtyS0)
        .await
        .unwrap();
    console.recv().await.unwrap();
    world.control(machine).print("still here");
    let (_, bytes) = tokio::time::timeout(PATIENCE, console.recv())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&bytes[..], b"still here\r\n");
    stops_gently(&world, &engine, machine).await;
}

#[tokio::test]
async fn a_qemu_that_hangs_is_taken_back_and_can_be_ended() {
    let (world, machine, pid) = left_running().await;
    let raw = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(raw, rustix::process::Signal::STOP).unwrap();
    let quick = Patience {
        answer: Duration::from_millis(300),
        ..Patience::default()
    };
    let engine = world.open_with(|config| config.patience = quick).await;
    is_back(&engine, machine, pid);
    engine.force_off(machine).await.unwrap();
    off(&engine, machine).await;
    engine.close().await;
}

#[tokio::test]
async fn one_that_answers_as_another_machine_is_not_taken_and_not_touched() {
    let (world, machine, pid) = left_running().await;
    world.control(machine).answer_as(Uuid::from_u128(7));
    let short = Patience {
        lock: Duration::from_millis(100),
        ..Patience::default()
    };
    let engine = world.open_with(|config| config.patience = short).await;
    assert_eq!(exit(&engine, machine), ExitReason::GoneWhileAway);
    assert_eq!(engine.adopted(), [""; 0]);
    assert_eq!(world.fake.running(), [pid], "it is not ours to end");
    // Nor is a second QEMU started on its disk.
    let job = engine.start(machine).await.unwrap().unwrap();
    let problem = ended(&engine, job).await.problem.unwrap();
    assert_eq!(problem.code, ErrorCode::Locked);
    assert_eq!(problem.detail, Some(format!("held by process {pid}")));
    off(&engine, machine).await;
    assert_eq!(world.fake.running(), [pid]);
    let problem = engine.delete_machine(machine).await.unwrap_err().problem();
    assert_eq!(problem.code, ErrorCode::Locked);
    // Once it is gone the machine is free.
    kill(pid);
    eventually("it ends", || world.fake.running().is_empty()).await;
    start(&engine, machine).await;
    stops_gently(&world, &engine, machine).await;
}

/// Some other process, as one finds it under a pid that was used before.
struct Stranger(Child);

impl Stranger {
    fn new() -> Self {
        let mut command = Command::new("sleep");
        Self(command.arg("600").stdin(Stdio::null()).spawn().unwrap())
    }

    fn pid(&self) -> i32 {
        i32::try_from(self.0.id()).unwrap()
    }

    fn lives(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A record is stale by proof, not by its age.
async fn is_stale(change: impl FnOnce(&mut Record, i32)) {
    let (world, machine, pid) = left_running().await;
    let mut record: Record = Record::read(&world.record(machine)).unwrap().unwrap();
    kill(pid);
    eventually("it ends", || world.fake.running().is_empty()).await;
    let mut stranger = Stranger::new();
    change(&mut record, stranger.pid());
    record.write(&world.record(machine)).unwrap();
    let engine = world.open().await;
    assert_eq!(exit(&engine, machine), ExitReason::GoneWhileAway);
    world.assert_nothing_is_left(machine);
    assert!(stranger.lives(), "it is not ours to end");
    start(&engine, machine).await;
    stops_gently(&world, &engine, machine).await;
    assert!(stranger.lives());
}

#[tokio::test]
async fn a_pid_that_was_used_again_is_nobody_of_ours() {
    is_stale(|record, pid| record.pid = pid).await;
}

#[tokio::test]
async fn a_record_of_another_boot_is_stale() {
    is_stale(|record, pid| {
        record.pid = pid;
        record.boot_id = "00000000-0000-0000-0000-000000000000".to_owned();
    })
    .await;
}

/// A reboot ends every process and takes the runtime folder with it; what is left is the note in
/// the lock's file, and a lock that nobody holds.
#[tokio::test]
async fn after_a_reboot_a_machine_is_off_and_the_reason_is_told() {
    let (world, machine, pid) = left_running().await;
    kill(pid);
    eventually("it ends", || world.fake.running().is_empty()).await;
    fs::remove_dir_all(world.at("run")).unwrap();
    let engine = world.open().await;
    assert_eq!(exit(&engine, machine), ExitReason::GoneWhileAway);
    assert_eq!(engine.adopted(), [""; 0]);
    start(&engine, machine).await;
    stops_gently(&world, &engine, machine).await;
}

#[tokio::test]
async fn a_process_that_ended_is_gone() {
    is_stale(|_, _| {}).await;
}

#[tokio::test]
async fn a_machine_that_ended_while_nobody_looked_is_gone() {
    let (world, machine, _) = left_running().await;
    world.control(machine).power_off();
    eventually("it ends", || world.fake.running().is_empty()).await;
    let engine = world.open().await;
    assert_eq!(exit(&engine, machine), ExitReason::GoneWhileAway);
    engine.close().await;
    // That was news once.
    let engine = world.open().await;
    assert_eq!(exit(&engine, machine), ExitReason::Earlier);
    engine.close().await;
}

#[tokio::test]
async fn a_machine_that_was_stopped_before_was_just_off() {
    let world = World::new();
    let engine = world.open().await;
    let machine = world.machine(&engine);
    engine.close().await;
    let engine = world.open().await;
    assert_eq!(exit(&engine, machine), ExitReason::NeverStarted);
    start(&engine, machine).await;
    engine.stop(machine).await.unwrap();
    off(&engine, machine).await;
    engine.close().await;
    let engine = world.open().await;
    assert_eq!(exit(&engine, machine), ExitReason::Earlier);
    engine.close().await;
}

#[tokio::test]
async fn two_engines_never_share_a_data_folder() {
    let world = World::new();
    let engine = world.open().await;
    let machine = world.machine(&engine);
    let pid = start(&engine, machine).await.pid.unwrap();
    // Another runtime folder makes no difference.
    for runtime in ["run", "other"] {
        let mut config = world.config();
        config.runtime = world.at(runtime);
        let refused = Engine::open(config).await.unwrap_err().problem();
        assert_eq!(refused.code, ErrorCode::Locked);
    }
    assert_eq!(view(&engine, machine).pid, Some(pid));
    engine.close().await;
    let engine = world.open().await;
    is_back(&engine, machine, pid);
    stops_gently(&world, &engine, machine).await;
}

/// One machine that does not answer holds up no other.
#[tokio::test]
async fn machines_are_looked_for_at_the_same_time() {
    let world = World::new();
    let engine = world.open().await;
    let mut machines = Vec::new();
    for name in ["knossos", "phaistos", "gortyn"] {
        let machine = engine.create_machine(&world.draft(name)).unwrap();
        start(&engine, machine).await;
        machines.push(machine);
    }
    engine.close().await;
    for pid in world.fake.running() {
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    }
    let patience = Patience {
        answer: Duration::from_secs(2),
        ..Patience::default()
    };
    let begun = std::time::Instant::now();
    let engine = world.open_with(|config| config.patience = patience).await;
    assert!(begun.elapsed() < 3 * patience.answer, "one after the other");
    for machine in machines {
        running(&engine, machine).await;
        engine.force_off(machine).await.unwrap();
        off(&engine, machine).await;
    }
    engine.close().await;
}

/// The folder of a machine, copied by hand, is no second machine on the first one's disk.
#[tokio::test]
async fn a_copied_folder_is_listed_as_broken() {
    let (world, machine, pid) = left_running().await;
    let copy = world.at("data/machines/copy");
    let copied = Command::new("cp")
        .arg("-r")
        .args([&world.folder(machine), &copy])
        .status();
    assert!(copied.unwrap().success());
    let engine = world.open().await;
    is_back(&engine, machine, pid);
    assert_eq!(engine.machines.all().len(), 1);
    let broken = engine.broken.get(&copy.display().to_string()).unwrap();
    assert!(
        broken.error.contains(&machine.to_string()),
        "{}",
        broken.error
    );
    stops_gently(&world, &engine, machine).await;
}

#[tokio::test]
async fn what_a_killed_program_left_half_done_is_taken_away() {
    let world = World::new();
    world.play(Script::default());
    let engine = world.open().await;
    let machine = world.machine(&engine);
    engine.close().await;
    let folder = world.folder(machine);
    for half in ["disk.making", ".writing-x1"] {
        fs::write(folder.join(half), "half").unwrap();
    }
    fs::write(world.at("data/jobs/.writing-x2"), "half").unwrap();
    let lonely = format!("data/jobs/{}.log", Uuid::now_v7());
    fs::write(world.at(&lonely), "line").unwrap();
    fs::create_dir(world.at("data/machines").join(Uuid::now_v7().to_string())).unwrap();
    fs::create_dir(world.at("data/trash").join(Uuid::now_v7().to_string())).unwrap();
    let engine = world.open().await;
    assert_eq!(names(&folder), ["disk.lock", "spec.json"]);
    assert_eq!(names(&world.at("data/jobs")), [""; 0]);
    assert_eq!(names(&world.at("data/trash")), [""; 0]);
    assert_eq!(names(&world.at("data/machines")).len(), 1);
    assert_eq!(engine.broken.all(), []);
    let job = engine.start(machine).await.unwrap().unwrap();
    assert_eq!(ended(&engine, job).await.state, JobState::Done);
    running(&engine, machine).await;
    stops_gently(&world, &engine, machine).await;
}
