//! Every rung of the stop ladder, and pressing "force now" on each.

use crate::support::{World, ended, off, start, until, view};
use crete_engine::{Engine, Patience};
use crete_model::{
    DenyReason, ExitReason, JobState, MachineAction, MachineId, MachineState, StopRung,
};
use crete_testkit::qemu::{Ignored, Script};
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(600);

/// Rungs that are expected to fail are given up soon; the one that works has all the time.
fn patience(deaf_to: &[Ignored]) -> Patience {
    let time = |what| if deaf_to.contains(&what) { SHORT } else { LONG };
    Patience {
        power_button: time(Ignored::Acpi),
        power_button_configured: time(Ignored::Acpi),
        quit: time(Ignored::Quit),
        terminate: time(Ignored::Terminate),
        ..Patience::default()
    }
}

async fn stop_one_that_ignores(ignores: &[Ignored]) -> (World, Engine, MachineId, ExitReason) {
    let world = World::new();
    world.play(Script {
        ignores: ignores.to_vec(),
        ..Script::default()
    });
    let engine = world
        .open_with(|config| config.patience = patience(ignores))
        .await;
    let machine = world.machine(&engine);
    start(&engine, machine).await;
    let job = engine.stop(machine).await.unwrap().unwrap();
    let off = off(&engine, machine).await;
    assert_eq!(ended(&engine, job).await.state, JobState::Done);
    let MachineState::Stopped { exit } = off.state else {
        unreachable!("it is off");
    };
    assert_eq!(off.pid, None);
    world.assert_nothing_runs();
    world.assert_nothing_is_left(machine);
    (world, engine, machine, exit)
}

async fn works(ignores: &[Ignored], rung: StopRung) {
    let (_world, engine, machine, exit) = stop_one_that_ignores(ignores).await;
    assert_eq!(exit, ExitReason::Stopped { rung });
    // It can be started again after whatever end.
    start(&engine, machine).await;
    engine.force_off(machine).await.unwrap();
    off(&engine, machine).await;
    engine.close().await;
}

#[tokio::test]
async fn the_power_button_is_enough_for_a_guest_that_listens() {
    works(&[], StopRung::Acpi).await;
}

#[tokio::test]
async fn quit_follows_a_guest_that_does_not_listen() {
    works(&[Ignored::Acpi], StopRung::Quit).await;
}

#[tokio::test]
async fn sigterm_follows_a_qemu_that_does_not_quit() {
    works(&[Ignored::Acpi, Ignored::Quit], StopRung::Terminate).await;
}

#[tokio::test]
async fn sigkill_ends_everything() {
    let all = [Ignored::Acpi, Ignored::Quit, Ignored::Terminate];
    works(&all, StopRung::Kill).await;
}

#[tokio::test]
async fn each_rung_is_a_line_in_the_log() {
    let all = [Ignored::Acpi, Ignored::Quit, Ignored::Terminate];
    let (_world, engine, _, _) = stop_one_that_ignores(&all).await;
    let stop = engine
        .jobs
        .all()
        .into_iter()
        .max_by_key(|job| job.id)
        .unwrap();
    let (_, log) = engine.job_details(stop.id).await.unwrap();
    let rungs: Vec<&str> = log
        .iter()
        .filter_map(|line| line.text.split_once(',').map(|(rung, _)| rung))
        .collect();
    assert_eq!(rungs, ["Acpi", "Quit", "Terminate", "Kill"]);
    engine.close().await;
}

/// A machine whose stop would take ten minutes.
async fn stubborn(deaf: bool) -> (World, Engine, MachineId) {
    let world = World::new();
    world.play(Script {
        ignores: vec![Ignored::Acpi],
        ..Script::default()
    });
    let slow = Patience {
        power_button: LONG,
        power_button_configured: LONG,
        answer: LONG,
        ..Patience::default()
    };
    let engine = world.open_with(|config| config.patience = slow).await;
    let machine = world.machine(&engine);
    start(&engine, machine).await;
    if deaf {
        world.control(machine).be_deaf();
    }
    engine.stop(machine).await.unwrap();
    until(&engine.machines, &machine.to_string(), |view| {
        matches!(
            view.state,
            MachineState::Stopping {
                rung: StopRung::Acpi,
                ..
            }
        )
    })
    .await;
    (world, engine, machine)
}

async fn force(engine: &Engine, machine: MachineId) {
    engine.force_off(machine).await.unwrap();
    let rung = StopRung::Kill;
    let exit = ExitReason::Stopped { rung };
    assert_eq!(
        off(engine, machine).await.state,
        MachineState::Stopped { exit }
    );
}

#[tokio::test]
async fn force_now_does_not_wait_for_the_guest() {
    let (_world, engine, machine) = stubborn(false).await;
    force(&engine, machine).await;
    engine.close().await;
}

#[tokio::test]
async fn force_now_does_not_wait_for_an_answer_of_qmp() {
    let (_world, engine, machine) = stubborn(true).await;
    force(&engine, machine).await;
    engine.close().await;
}

#[tokio::test]
async fn while_it_goes_down_it_is_neither_started_nor_deleted() {
    let (_world, engine, machine) = stubborn(false).await;
    let denied = |action| {
        let actions = view(&engine, machine).actions;
        actions
            .into_iter()
            .find(|view| view.action == action)
            .unwrap()
            .denied
    };
    assert_eq!(denied(MachineAction::Start), Some(DenyReason::Stopping));
    assert_eq!(denied(MachineAction::Delete), Some(DenyReason::Stopping));
    assert_eq!(denied(MachineAction::ForceOff), None);
    assert!(engine.start(machine).await.is_err());
    assert!(engine.delete_machine(machine).await.is_err());
    // Stopping what is being stopped is the same job.
    assert_eq!(
        engine.stop(machine).await.unwrap(),
        view(&engine, machine).job
    );
    force(&engine, machine).await;
    engine.close().await;
}

#[tokio::test]
async fn closing_in_the_middle_of_a_stop_leaves_the_machine_to_the_next_start() {
    let (world, engine, machine) = stubborn(false).await;
    let pid = view(&engine, machine).pid;
    engine.close().await;
    let engine = world.open().await;
    let again = view(&engine, machine);
    assert_eq!(again.pid, pid);
    assert!(matches!(
        again.state,
        MachineState::Running { adopted: true, .. }
    ));
    force(&engine, machine).await;
    engine.close().await;
}
