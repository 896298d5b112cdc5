//! The network of machines under test, in a thread of the test.

use crete_net::{
    Config, Forward, Host, Instant, Machine, Network, Offer, Protocol, SCHEMA_VERSION,
    Surroundings, Target,
};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use uuid::Uuid;

/// Where a node answers, and where its Kubernetes does.
const PORTS: [(&str, u16); 2] = [("api", 50_000), ("kubernetes", 6443)];
/// The practice factory in a network.
const FACTORY: (&str, u16) = ("factory.crete.test", 80);
/// How long the loop may sleep before it looks whether it is to end.
const LOOK_UP: crete_net::Duration = crete_net::Duration::from_millis(100);

/// A machine that is carried: its card, where its QEMU listens, and its address.
#[derive(Debug, Clone)]
pub struct Seat {
    /// Address of the card.
    pub mac: String,
    /// QEMU's socket.
    pub socket: PathBuf,
    /// The address it is given.
    pub address: Ipv4Addr,
}

/// Ports of this computer that lead to a machine.
#[derive(Debug, Clone, Copy)]
pub struct Ways {
    /// To its Talos API.
    pub api: SocketAddr,
    /// To its Kubernetes API.
    pub kubernetes: SocketAddr,
}

/// A network that carries machines. Dropping it ends it.
pub struct Net {
    /// To each machine, in the order of the seats.
    pub ways: Vec<Ways>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Net {
    /// Carries machines, and offers them the practice factory where there is one.
    ///
    /// # Panics
    /// When there is nobody to carry.
    #[must_use]
    pub fn carry(seats: &[Seat], factory: Option<SocketAddr>) -> Self {
        let id = |number: usize| format!("machine-{number}");
        let mut forwards = Vec::new();
        let mut ways = Vec::new();
        for number in 0..seats.len() {
            let [api, kubernetes] = PORTS.map(|(name, port)| {
                let listen = free_port();
                forwards.push(Forward {
                    id: format!("{name}-{number}"),
                    protocol: Protocol::Tcp,
                    listen,
                    targets: vec![Target::Machine {
                        machine: id(number),
                        port,
                    }],
                    exposed: false,
                });
                listen
            });
            ways.push(Ways { api, kubernetes });
        }
        let machines = seats.iter().enumerate().map(|(number, seat)| Machine {
            id: id(number),
            mac: seat.mac.parse().unwrap(),
            socket: seat.socket.clone(),
            address: Some(seat.address),
            names: Vec::new(),
            cut: false,
        });
        let offer = factory.map(|to| Offer {
            name: FACTORY.0.to_owned(),
            protocol: Protocol::Tcp,
            port: FACTORY.1,
            to,
        });
        let config = Config {
            schema_version: SCHEMA_VERSION,
            network: Uuid::new_v4(),
            mtu: 1500,
            subnet: crete_net::Subnet::around(seats[0].address, 24).unwrap(),
            prefix6: None,
            internet: false,
            offers: offer.into_iter().collect(),
            forwards,
            balancers: Vec::new(),
            names: Vec::new(),
            machines: machines.collect(),
        };
        let ends = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let ends = ends.clone();
            move || run(&config, &ends)
        });
        Self {
            ways,
            ends,
            thread: Some(thread),
        }
    }
}

fn run(config: &Config, ends: &AtomicBool) {
    let begun = std::time::Instant::now();
    let clock = || Instant::from_micros(i64::try_from(begun.elapsed().as_micros()).unwrap());
    let surroundings = Surroundings {
        outside: Box::new(Host::new("/etc/resolv.conf".into())),
        random: Box::new(|| crete_net::random().unwrap()),
        wall_clock: Box::new(|| {
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap()
        }),
    };
    let mut network = Network::new(config, surroundings, clock()).unwrap();
    while !ends.load(Ordering::Relaxed) {
        network.turn(Some(LOOK_UP), clock).unwrap();
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic of it has been printed, and the test has failed for the lack of a network.
            let _ = thread.join();
        }
    }
}

/// A port nobody uses now.
fn free_port() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}
