//! A machine's network: there while it is needed, taken back, and as it is wanted.

use crate::support::{World, eventually, kill, off, start, until, view};
use crete_engine::Engine;
use crete_model::{
    ErrorCode, FieldCode, ForwardDraft, MachineId, NetworkDraft, NetworkId, NetworkState,
    NetworkView, Protocol,
};
use std::net::{Ipv4Addr, TcpListener};

/// An engine, and a machine that is on.
async fn up(world: &World) -> (Engine, MachineId) {
    let engine = world.open().await;
    let machine = world.machine(&engine);
    start(&engine, machine).await;
    (engine, machine)
}

fn the_network(engine: &Engine) -> NetworkView {
    let mut all = engine.networks.all();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn the_default(engine: &Engine) -> NetworkView {
    let mut all = engine.networks.all().into_iter();
    all.find(|view| view.spec.is_default).unwrap()
}

fn pid(view: &NetworkView) -> Option<i32> {
    match view.state {
        NetworkState::Running { pid, .. } => Some(pid),
        _ => None,
    }
}

async fn carried(engine: &Engine, id: NetworkId) -> NetworkView {
    until(&engine.networks, &id.to_string(), |view| {
        pid(view).is_some()
    })
    .await
}

fn forward(machine: MachineId, port: u16) -> ForwardDraft {
    ForwardDraft {
        name: String::new(),
        protocol: Protocol::Tcp,
        machine,
        port,
        listen: String::new(),
        listen_port: 0,
        exposed: false,
    }
}

#[tokio::test]
async fn a_network_is_carried_as_long_as_a_machine_of_it_is_on() {
    let world = World::new();
    let engine = world.open().await;
    let network = the_network(&engine);
    assert!(network.spec.is_default);
    assert_eq!(network.state, NetworkState::Off);
    let machine = world.machine(&engine);
    assert_eq!(world.network.running(), [0; 0], "nobody needs it yet");
    start(&engine, machine).await;
    let up = carried(&engine, network.spec.id).await;
    assert_eq!(world.network.running(), [pid(&up).unwrap()]);
    let connected = |view: &NetworkView| view.machines.iter().all(|one| one.connected);
    until(&engine.networks, &network.spec.id.to_string(), connected).await;
    engine.force_off(machine).await.unwrap();
    off(&engine, machine).await;
    let id = network.spec.id.to_string();
    let shown = until(&engine.networks, &id, |view| pid(view).is_none()).await;
    assert_eq!(shown.state, NetworkState::Off);
    assert_eq!(world.network.running(), [0; 0]);
    let left: Vec<_> = std::fs::read_dir(world.at("run").join(network.spec.id.short()))
        .unwrap()
        .collect();
    assert!(left.is_empty(), "{left:?}");
    engine.close().await;
}

#[tokio::test]
async fn a_network_goes_on_without_the_program_and_is_taken_back() {
    let world = World::new();
    let (engine, machine) = up(&world).await;
    let before = carried(&engine, the_network(&engine).spec.id).await;
    engine.close().await;
    assert_eq!(
        world.network.running(),
        [pid(&before).unwrap()],
        "it goes on"
    );
    let engine = world.open().await;
    let after = carried(&engine, before.spec.id).await;
    assert_eq!(pid(&after), pid(&before), "it is the same process");
    assert_eq!(after.machines[0].address, before.machines[0].address);
    engine.force_off(machine).await.unwrap();
    off(&engine, machine).await;
    eventually("it ends with its last machine", || {
        world.network.running().is_empty()
    })
    .await;
    engine.close().await;
}

#[tokio::test]
async fn a_network_whose_process_is_killed_gets_another_and_dials_again() {
    let world = World::new();
    let (engine, machine) = up(&world).await;
    let id = the_network(&engine).spec.id;
    let first = pid(&carried(&engine, id).await).unwrap();
    kill(first);
    let again = |view: &NetworkView| {
        pid(view).is_some_and(|pid| pid != first) && view.machines[0].connected
    };
    until(&engine.networks, &id.to_string(), again).await;
    engine.restart_network(id).await.unwrap();
    until(&engine.networks, &id.to_string(), again).await;
    assert_eq!(world.network.running().len(), 1);
    engine.force_off(machine).await.unwrap();
    engine.close().await;
}

/// Without its sockets a process is of no use; that it holds the lock tells whose it is.
#[tokio::test]
async fn a_network_that_cannot_be_talked_to_is_replaced() {
    let world = World::new();
    let (engine, machine) = up(&world).await;
    let id = the_network(&engine).spec.id;
    let first = pid(&carried(&engine, id).await).unwrap();
    engine.close().await;
    std::fs::remove_dir_all(world.at("run").join(id.short())).unwrap();
    let engine = world.open().await;
    let other = |view: &NetworkView| pid(view).is_some_and(|pid| pid != first);
    until(&engine.networks, &id.to_string(), other).await;
    assert_eq!(world.network.running().len(), 1, "the first has ended");
    engine.force_off(machine).await.unwrap();
    engine.close().await;
}

#[tokio::test]
async fn a_network_without_its_program_is_a_problem_that_names_it() {
    let world = World::new();
    let missing = world.at("nowhere/crete-net");
    let engine = world
        .open_with(|config| config.network_parts.program = missing.clone())
        .await;
    let machine = world.machine(&engine);
    let job = engine.start(machine).await.unwrap().unwrap();
    let ended = crate::support::ended(&engine, job).await;
    let problem = ended.problem.unwrap();
    assert_eq!(problem.code, ErrorCode::NetworkProgramMissing);
    assert_eq!(problem.params["path"], missing.display().to_string());
    assert!(!problem.remedies.is_empty());
    world.assert_nothing_runs();
    engine.close().await;
}

#[tokio::test]
async fn machines_keep_their_addresses_over_everything() {
    let world = World::new();
    let engine = world.open().await;
    let machine = world.machine(&engine);
    let network = the_network(&engine).spec.id.to_string();
    let seated =
        |view: &NetworkView| view.machines.len() == 1 && !view.machines[0].address.is_empty();
    let first = until(&engine.networks, &network, seated)
        .await
        .machines
        .remove(0);
    let address: Ipv4Addr = first.address.parse().unwrap();
    let host: Ipv4Addr = first.host_address.parse().unwrap();
    assert!(host.is_loopback());
    assert_eq!(host.octets()[3], address.octets()[3]);
    assert_eq!(first.full_name, "knossos.crete.test");

    let (trash, _) = engine.delete_machine(machine).await.unwrap();
    engine.create_machine(&world.draft("phaistos")).unwrap();
    engine.close().await;
    let engine = world.open().await;
    engine.restore(&trash).await.unwrap();
    let both = |view: &NetworkView| {
        view.machines.len() == 2 && view.machines.iter().all(|one| !one.address.is_empty())
    };
    let view = until(&engine.networks, &network, both).await;
    assert_eq!(view.machines[0].name, "knossos");
    assert_eq!(view.machines[0].address, first.address);
    assert_ne!(view.machines[1].address, first.address);

    let refused = engine.set_address(machine, &view.machines[1].address).await;
    let fields = refused.unwrap_err().problem().fields;
    assert_eq!(
        (fields[0].code, fields[0].params["owner"].as_str()),
        (FieldCode::InUse, "phaistos")
    );
    let refused = engine.set_address(machine, "192.0.2.1").await;
    assert_eq!(
        refused.unwrap_err().problem().fields[0].code,
        FieldCode::NotInSubnet
    );
    let [a, b, c, _] = address.octets();
    let wanted = Ipv4Addr::new(a, b, c, 5).to_string();
    engine.set_address(machine, &wanted).await.unwrap();
    let moved = |view: &NetworkView| view.machines[0].address == wanted;
    until(&engine.networks, &network, moved).await;
    engine.close().await;
}

#[tokio::test]
async fn a_machine_is_plugged_into_another_network_while_it_runs() {
    let world = World::new();
    let (engine, machine) = up(&world).await;
    let old = the_network(&engine).spec.id;
    let draft = engine.offer_network();
    assert_eq!(engine.check_network(&draft), []);
    let new = engine.create_network(&draft).unwrap();
    let port = engine.open_forward(&forward(machine, 8080)).await.unwrap();
    let here = engine.forward_address(port).unwrap();
    engine.connect_machine(machine, new).await.unwrap();
    // Its ports move with it, to its address there.
    let there = engine.networks.get(&new.to_string()).unwrap();
    assert_eq!(there.spec.forwards.len(), 1);
    assert_eq!(the_default(&engine).spec.forwards, []);
    let moved = engine.forward_address(port).unwrap();
    assert_ne!(moved, here);
    assert_eq!(
        moved,
        format!("http://{}:8080/", there.spec.forwards[0].listen)
    );
    let connected = |view: &NetworkView| view.machines.iter().any(|one| one.connected);
    until(&engine.networks, &new.to_string(), connected).await;
    until(&engine.networks, &old.to_string(), |view| {
        view.machines.is_empty()
    })
    .await;
    assert_eq!(view(&engine, machine).spec.network, Some(new));

    let refused = engine.delete_network(new).await.unwrap_err().problem();
    assert_eq!(
        (refused.code, refused.params["machines"].as_str()),
        (ErrorCode::NetworkInUse, "knossos")
    );
    let refused = engine.resubnet(new).await.unwrap_err().problem();
    assert_eq!(refused.code, ErrorCode::MachinesRun);
    let refused = engine.delete_network(old).await.unwrap_err().problem();
    assert_eq!(refused.code, ErrorCode::NetworkIsDefault);

    engine.force_off(machine).await.unwrap();
    off(&engine, machine).await;
    let before = engine.networks.get(&new.to_string()).unwrap();
    engine.connect_machine(machine, old).await.unwrap();
    until(&engine.networks, &new.to_string(), |view| {
        view.machines.is_empty()
    })
    .await;
    let (trash, name) = engine.delete_network(new).await.unwrap();
    assert_eq!(name, draft.name);
    assert!(engine.networks.get(&new.to_string()).is_none());
    // Meanwhile somebody else takes its place.
    let other = NetworkDraft {
        subnet: before.spec.subnet.clone(),
        ..draft
    };
    engine.create_network(&other).unwrap();
    engine.restore(&trash).await.unwrap();
    let back = engine.networks.get(&new.to_string()).unwrap();
    assert_ne!(back.spec.subnet, before.spec.subnet, "it is another's now");
    assert_ne!(back.spec.name, before.spec.name);
    engine.close().await;
}

#[tokio::test]
async fn ports_of_this_computer_are_chosen_kept_and_explained() {
    let world = World::new();
    let engine = world.open().await;
    let machine = world.machine(&engine);
    let id = the_network(&engine).spec.id.to_string();
    let seated = |view: &NetworkView| !view.machines.is_empty();
    let host = until(&engine.networks, &id, seated).await.machines[0]
        .host_address
        .clone();

    // The usual port is somebody's: the next is offered, and who has it is named.
    let taken = TcpListener::bind((host.parse::<Ipv4Addr>().unwrap(), 6443)).unwrap();
    let offer = engine.offer_forward(&forward(machine, 6443)).unwrap();
    assert_eq!(
        (offer.listen.as_str(), offer.listen_port),
        (host.as_str(), 6444)
    );
    let own = std::process::id().to_string();
    assert!(offer.taken_by.unwrap().contains(&own));
    let wanted = ForwardDraft {
        listen_port: 6443,
        ..forward(machine, 6443)
    };
    let fields = engine.check_forward(&wanted, None);
    assert_eq!(fields[0].code, FieldCode::InUse);
    assert!(fields[0].params["owner"].contains(&own));
    drop(taken);
    // A program that another test is just starting may hold a copy of it for an instant.
    eventually("the port is free again", || {
        engine.check_forward(&wanted, None).is_empty()
    })
    .await;

    let first = engine.open_forward(&wanted).await.unwrap();
    assert_eq!(
        engine.forward_address(first).unwrap(),
        format!("https://{host}:6443/")
    );
    let again = engine.open_forward(&wanted).await.unwrap_err().problem();
    assert_eq!(
        again.fields[0].code,
        FieldCode::InUse,
        "our own, although it is off"
    );
    // Others come in only where a person says so.
    let open = ForwardDraft {
        listen: "0.0.0.0".to_owned(),
        ..forward(machine, 8080)
    };
    assert_eq!(
        engine.check_forward(&open, None)[0].code,
        FieldCode::NotExposed
    );
    let open = ForwardDraft {
        exposed: true,
        protocol: Protocol::Udp,
        ..open
    };
    let second = engine.open_forward(&open).await.unwrap();

    start(&engine, machine).await;
    // A guest of the fake answers nowhere: connections are refused, and nobody is kept waiting.
    let held = |view: &NetworkView| {
        let [tcp, udp] = &view.forwards[..] else {
            return false;
        };
        !tcp.open && tcp.answers == Some(false) && udp.open && udp.answers.is_none()
    };
    until(&engine.networks, &id, held).await;
    let changed = ForwardDraft {
        listen_port: 7443,
        ..wanted.clone()
    };
    engine.change_forward(first, &changed).await.unwrap();
    until(&engine.networks, &id, |view| {
        view.spec.forwards[0].listen_port == 7443
    })
    .await;
    let closed = engine.close_forward(first).await.unwrap();
    assert_eq!((closed.listen_port, closed.machine), (7443, machine));
    engine.close_forward(second).await.unwrap();
    let gone = engine.close_forward(second).await.unwrap_err().problem();
    assert_eq!(gone.code, ErrorCode::NotFound);
    until(&engine.networks, &id, |view| view.forwards.is_empty()).await;
    engine.force_off(machine).await.unwrap();
    engine.close().await;
}

#[tokio::test]
async fn a_link_that_was_cut_stays_cut() {
    let world = World::new();
    let (engine, machine) = up(&world).await;
    let id = the_network(&engine).spec.id.to_string();
    engine.cut(machine, true).await.unwrap();
    until(&engine.networks, &id, |view| view.machines[0].cut).await;
    engine.close().await;
    let engine = world.open().await;
    assert!(the_network(&engine).machines[0].cut);
    engine.cut(machine, false).await.unwrap();
    until(&engine.networks, &id, |view| !view.machines[0].cut).await;
    engine.force_off(machine).await.unwrap();
    engine.close().await;
}

/// A network that was started by another version goes on until a person restarts it, whether this
/// program can drive it or not.
async fn an_older_network_goes_on(manners: &str, version: &str) {
    let world = World::new();
    world.network.replace_by("0.0.9 1 0");
    let (engine, machine) = up(&world).await;
    let id = the_network(&engine).spec.id;
    let first = pid(&carried(&engine, id).await);
    engine.close().await;

    std::fs::write(world.at("bin/manners"), manners).unwrap();
    world.network.upgrade();
    let engine = world.open().await;
    let seen = carried(&engine, id).await;
    assert_eq!(pid(&seen), first, "the same process goes on");
    let NetworkState::Running {
        version: seen,
        outdated,
        ..
    } = seen.state
    else {
        unreachable!("it is carried");
    };
    assert_eq!((seen.as_str(), outdated), (version, true));
    engine.restart_network(id).await.unwrap();
    let current = |view: &NetworkView| {
        let NetworkState::Running { outdated, .. } = view.state else {
            return false;
        };
        !outdated && view.machines[0].connected
    };
    until(&engine.networks, &id.to_string(), current).await;
    assert_eq!(world.network.running().len(), 1);
    engine.force_off(machine).await.unwrap();
    engine.close().await;
}

#[tokio::test]
async fn a_network_of_an_older_version_is_driven_until_it_is_restarted() {
    an_older_network_goes_on("0.0.9 1 0", "0.0.9").await;
}

#[tokio::test]
async fn a_network_that_speaks_otherwise_carries_its_machines_until_it_is_restarted() {
    an_older_network_goes_on("9.0.0 2 0", "protocol 2.0").await;
}
