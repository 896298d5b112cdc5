//! Three practice guests on one network, through the engine: addresses, ways in from this computer,
//! and a network whose process comes and goes under them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use crete_engine::{Config, Engine, NetworkParts, Patience, PracticeParts, SystemClock};
use crete_host::ThisComputer;
use crete_model::{
    BootStage, ForwardDraft, ImageId, MachineDraft, MachineId, NetworkState, NetworkView, Protocol,
    Settings,
};
use crete_vm_tests::{PATIENCE, ask_version_at, image};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const API_PORT: u16 = 50_000;
const NAMES: [&str; 3] = ["knossos", "phaistos", "gortyn"];

async fn open(root: &Path) -> Engine {
    let read = |name: &str| std::env::var(name).ok();
    let path = read("PATH").unwrap_or_default();
    let computer = ThisComputer::new(&path, read("USER").unwrap_or_default());
    let program = std::env::current_exe().unwrap();
    let program = program.ancestors().nth(2).unwrap().join("crete-net");
    let config = Config {
        data: root.join("data"),
        runtime: root.join("run"),
        settings: Settings::default(),
        world: Arc::new(computer.with_variables(read)),
        clock: Arc::new(SystemClock),
        seen: true,
        patience: Patience::default(),
        systemd_bus: None,
        network_parts: NetworkParts::of_this_computer(program),
        practice_parts: PracticeParts::default(),
        personal: crete_engine::PersonalFiles::default(),
        practice: None,
    };
    Engine::open(config).await.unwrap()
}

/// Waits until something is so. What changes here has no single sign to wait for.
async fn until<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, waiting).await;
    found.unwrap_or_else(|_| panic!("never {what}"))
}

/// Waits until a node's API listens: its console tells the address earlier.
async fn listens(engine: &Engine, machine: MachineId) {
    let listening = async {
        while engine.dial(machine, API_PORT).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let listened = tokio::time::timeout(PATIENCE, listening).await;
    listened.expect("the API does not listen");
}

async fn imported(engine: &Engine) -> ImageId {
    let (id, _) = engine.import(image("metal-amd64.iso")).await.unwrap();
    until("imported", || {
        let view = engine.images.get(&id.to_string())?;
        matches!(view.state, crete_model::ImageState::Ready).then_some(id)
    })
    .await
}

fn network(engine: &Engine) -> NetworkView {
    engine.networks.all().remove(0)
}

fn pid(engine: &Engine) -> Option<i32> {
    match network(engine).state {
        NetworkState::Running { pid, .. } => Some(pid),
        _ => None,
    }
}

fn draft(machine: MachineId) -> ForwardDraft {
    ForwardDraft {
        name: "Talos API".to_owned(),
        protocol: Protocol::Tcp,
        machine,
        port: API_PORT,
        listen: String::new(),
        listen_port: 0,
        exposed: false,
    }
}

/// Where this computer reaches each machine, and that each answers there as itself.
async fn each_answers(engine: &Engine) -> Vec<SocketAddr> {
    let mut places = Vec::new();
    let mut seen = BTreeSet::new();
    for forward in network(engine).spec.forwards {
        let at = SocketAddr::new(forward.listen.parse().unwrap(), forward.listen_port);
        until("open", || {
            let view = network(engine);
            view.forwards
                .iter()
                .find(|one| one.id == forward.id)?
                .open
                .then_some(())
        })
        .await;
        let answer = ask_version_at(at).await;
        assert!(answer.message_holds("v1.13.9"), "{answer:?}");
        let machines = network(engine).machines;
        let own = machines
            .iter()
            .find(|one| one.machine == forward.machine)
            .unwrap();
        let address: Ipv4Addr = own.address.parse().unwrap();
        assert_eq!(own.host_address, forward.listen);
        // The certificate names the address it was made for, so it tells who answered.
        let name = [&[0x87, 4], address.octets().as_slice()].concat();
        assert!(answer.certificate_holds(&name), "{} is another", own.name);
        assert!(seen.insert(answer.certificate), "each has its own");
        places.push(at);
    }
    places
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the practice images: cargo xtask test vm"]
async fn three_guests_are_on_one_network_and_reached_from_here() {
    let temp = tempfile::tempdir().unwrap();
    let engine = open(temp.path()).await;
    engine.check_host().await;
    let image = imported(&engine).await;
    let mut machines = Vec::new();
    for name in NAMES {
        let draft = MachineDraft {
            name: name.to_owned(),
            image,
            vcpus: 1,
            memory_mib: 512,
            disk_gib: 8,
            network: None,
        };
        machines.push(engine.create_machine(&draft).unwrap());
    }
    let running = Running(&engine, &machines);
    for machine in &machines {
        engine.start(*machine).await.unwrap();
    }
    for machine in &machines {
        until("in maintenance mode", || {
            let view = engine.machines.get(&machine.to_string())?;
            let boot = view.boot?;
            (boot.stage == BootStage::Maintenance).then_some(())
        })
        .await;
    }
    // What each prints as its address is what the network gave it.
    for seen in network(&engine).machines {
        let view = engine.machines.get(&seen.machine.to_string()).unwrap();
        assert_eq!(view.boot.unwrap().params["address"], seen.address);
    }
    let leases = until("leased", || {
        let traffic = engine.traffic.all().pop()?;
        let asked = traffic
            .leases
            .iter()
            .filter(|one| one.remaining_s.is_some());
        (asked.count() == NAMES.len()).then_some(traffic.leases)
    })
    .await;
    let names: BTreeSet<_> = leases.iter().filter_map(|one| one.machine).collect();
    assert_eq!(names, machines.iter().copied().collect());

    // Without a port of this computer: through the network's own socket.
    listens(&engine, machines[0]).await;
    let refused = engine.dial(machines[0], 9).await.unwrap_err();
    println!("a port nobody listens on: {refused}");

    for machine in &machines {
        engine.open_forward(&draft(*machine)).await.unwrap();
    }
    let before = each_answers(&engine).await;
    assert_eq!(before.len(), NAMES.len());

    // Killed under them, the network comes back as it was.
    let first = pid(&engine).unwrap();
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(first).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    until("carried again", || pid(&engine).filter(|pid| *pid != first)).await;
    assert_eq!(each_answers(&engine).await, before);

    // The program goes and comes: nothing changes for the machines.
    engine.close().await;
    let engine = open(temp.path()).await;
    until("taken back", || pid(&engine)).await;
    assert_eq!(each_answers(&engine).await, before);

    // A link that is cut answers nobody; mended, it does again.
    engine.cut(machines[1], true).await.unwrap();
    engine.dial(machines[1], API_PORT).await.unwrap_err();
    engine.cut(machines[1], false).await.unwrap();
    assert_eq!(each_answers(&engine).await, before);

    drop(running);
    for machine in &machines {
        engine.force_off(*machine).await.unwrap();
    }
    until("off", || pid(&engine).is_none().then_some(())).await;
    engine.close().await;
}

/// Ends what a failed test leaves running.
struct Running<'a>(&'a Engine, &'a [MachineId]);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let machines = self
            .1
            .iter()
            .filter_map(|id| self.0.machines.get(&id.to_string()));
        let pids = machines.filter_map(|view| view.pid).chain(pid(self.0));
        for pid in pids.filter_map(rustix::process::Pid::from_raw) {
            // It may have ended by itself.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}
