//! A machine gets a systemd scope of its own before it runs, and runs without one too.

use crate::support::{World, ended, off, running, start};
use crete_engine::Engine;
use crete_model::{JobState, MachineId};
use crete_testkit::systemd::{Manners, PrivateBus, Systemd};

/// A world with a bus of its own, or a visible skip.
fn world(test: &str) -> Option<(World, PrivateBus)> {
    let world = World::new();
    let Some(bus) = PrivateBus::start(world.temp.path()).unwrap() else {
        crete_testkit::skip(test, "there is no dbus-daemon");
        return None;
    };
    Some((world, bus))
}

/// Starts a machine and ends it again; its process, and the lines of its start that say of scopes.
async fn run(world: &World, bus: &PrivateBus) -> (MachineId, i32, Vec<String>) {
    let address = bus.address.clone();
    let engine: Engine = world
        .open_with(|config| config.systemd_bus = Some(address))
        .await;
    let machine = world.machine(&engine);
    let job = engine.start(machine).await.unwrap().unwrap();
    assert_eq!(ended(&engine, job).await.state, JobState::Done);
    let pid = running(&engine, machine).await.pid.unwrap();
    let (_, log) = engine.job_details(job).await.unwrap();
    let lines = log.into_iter().map(|line| line.text);
    let said = lines.filter(|text| text.contains(".scope")).collect();
    engine.force_off(machine).await.unwrap();
    off(&engine, machine).await;
    engine.close().await;
    (machine, pid, said)
}

#[tokio::test]
async fn a_machine_is_in_its_scope_before_it_runs() {
    let Some((world, bus)) = world("a machine's scope") else {
        return;
    };
    let systemd = Systemd::come(&bus.address, Manners::Good).await.unwrap();
    let (machine, pid, said) = run(&world, &bus).await;
    let mut scopes = systemd.scopes();
    assert_eq!(scopes.len(), 2);
    let network = scopes.remove(0);
    assert!(network.unit.starts_with("crete-network-"), "{network:?}");
    assert_eq!(network.properties["Description"], "Crete network default");
    let unit = format!("crete-machine-{machine}-{pid}.scope");
    assert_eq!(scopes[0].unit, unit);
    assert_eq!(scopes[0].pids, [pid.unsigned_abs()]);
    assert_eq!(scopes[0].properties["Description"], "Crete machine knossos");
    let own = std::env::current_exe().unwrap();
    assert_eq!(
        scopes[0].executable,
        Some(own),
        "it still waits at the gate"
    );
    assert_eq!(said, [unit]);
}

#[tokio::test]
async fn a_systemd_that_refuses_is_no_reason_not_to_start() {
    let Some((world, bus)) = world("a machine without a scope") else {
        return;
    };
    let _systemd = Systemd::come(&bus.address, Manners::Refuses).await.unwrap();
    let (_, _, said) = run(&world, &bus).await;
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("no scope of its own: "), "{said:?}");
}

#[tokio::test]
async fn a_bus_without_a_systemd_is_no_reason_not_to_start() {
    let Some((world, bus)) = world("a machine without a systemd") else {
        return;
    };
    let (_, _, said) = run(&world, &bus).await;
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("no scope of its own: "), "{said:?}");
}

#[tokio::test]
async fn without_a_bus_a_machine_and_its_network_lead_sessions_of_their_own() {
    let world = World::new();
    let engine = world.open().await;
    let machine = world.machine(&engine);
    let view = start(&engine, machine).await;
    let networks = world.network.running();
    assert_eq!(networks.len(), 1);
    // What ends with the window's terminal or session ends by its session: it must be another.
    for pid in [view.pid.unwrap(), networks[0]] {
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        assert_eq!(rustix::process::getsid(Some(pid)), Ok(pid));
    }
    engine.force_off(machine).await.unwrap();
    off(&engine, machine).await;
    engine.close().await;
}
