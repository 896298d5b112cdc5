//! Ends that nobody asked for here, told apart, for a child as for a machine that was taken back.

use crate::support::{World, off, start, until, view};
use crete_engine::Engine;
use crete_model::{ExitReason, HaltReason, MachineAction, MachineId, MachineState, MachineView};
use crete_testkit::qemu::Fault;
use rustix::process::{Pid, Signal, kill_process};

/// A running machine that was just started, and one that was taken back.
async fn both(test: impl AsyncFn(&World, &Engine, MachineId, bool)) {
    for adopted in [false, true] {
        let world = World::new();
        let mut engine = world.open().await;
        let machine = world.machine(&engine);
        start(&engine, machine).await;
        if adopted {
            engine.close().await;
            engine = world.open().await;
        }
        test(&world, &engine, machine, adopted).await;
        // It starts again after whatever end.
        start(&engine, machine).await;
        engine.force_off(machine).await.unwrap();
        off(&engine, machine).await;
        engine.close().await;
    }
}

async fn exit(engine: &Engine, machine: MachineId) -> ExitReason {
    match off(engine, machine).await.state {
        MachineState::Stopped { exit } => exit,
        other => unreachable!("{other:?}"),
    }
}

fn signal(engine: &Engine, machine: MachineId, signal: Signal) {
    let pid = Pid::from_raw(view(engine, machine).pid.unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

#[tokio::test]
async fn the_guest_switches_itself_off() {
    both(async |world, engine, machine, _| {
        world.control(machine).power_off();
        assert_eq!(exit(engine, machine).await, ExitReason::GuestShutdown);
    })
    .await;
}

#[tokio::test]
async fn qemu_fails_with_words() {
    both(async |world, engine, machine, adopted| {
        let words = "KVM internal error. Suberror: 1";
        world.control(machine).fault(&Fault::Exit {
            status: 3,
            words: words.to_owned(),
        });
        let told = ExitReason::QemuExited {
            // Only a parent is told the status.
            status: (!adopted).then_some(3),
            signal: None,
            words: format!("qemu-system-x86_64: {words}"),
        };
        assert_eq!(exit(engine, machine).await, told);
    })
    .await;
}

/// Without a word and without a status this is not taken for an orderly end.
#[tokio::test]
async fn somebody_kills_qemu() {
    both(async |_, engine, machine, adopted| {
        signal(engine, machine, Signal::KILL);
        let told = ExitReason::QemuExited {
            status: None,
            signal: (!adopted).then_some(9),
            words: String::new(),
        };
        assert_eq!(exit(engine, machine).await, told);
    })
    .await;
}

/// An orderly end with status 0, but not the guest's.
#[tokio::test]
async fn somebody_terminates_qemu() {
    both(async |_, engine, machine, adopted| {
        signal(engine, machine, Signal::TERM);
        let told = ExitReason::QemuExited {
            status: (!adopted).then_some(0),
            signal: None,
            words: "qemu-system-x86_64: terminating on signal 15".to_owned(),
        };
        assert_eq!(exit(engine, machine).await, told);
    })
    .await;
}

/// Processors that stand still are no end: it is said why, and a start lets them go on.
#[tokio::test]
async fn somebody_stops_the_processors() {
    both(async |world, engine, machine, _| {
        world.control(machine).stop();
        let halted = |view: &MachineView| view.halted.is_some();
        let view = until(&engine.machines, &machine.to_string(), halted).await;
        assert_eq!(view.halted, Some(HaltReason::Paused));
        assert!(matches!(view.state, MachineState::Running { .. }));
        let offered = |view: &MachineView| {
            let mut actions = view.actions.iter();
            let start = actions.find(|one| one.action == MachineAction::Start);
            start.is_some_and(|one| one.denied.is_none())
        };
        assert!(offered(&view), "the page offers what helps");
        let pid = view.pid;
        assert_eq!(engine.start(machine).await.unwrap(), None, "no work begins");
        let goes_on = |view: &MachineView| view.halted.is_none();
        let view = until(&engine.machines, &machine.to_string(), goes_on).await;
        assert_eq!(view.pid, pid, "it is the same process");
        assert!(!offered(&view));
        engine.force_off(machine).await.unwrap();
        off(engine, machine).await;
    })
    .await;
}
