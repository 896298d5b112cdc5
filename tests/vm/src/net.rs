//! The network of machines under test, in a thread of the test.

use crete_net::{
    Config, Forward, Host, Instant, Machine, Network, Protocol, SCHEMA_VERSION, Surroundings,
    Target,
};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use uuid::Uuid;

/// Where a node answers.
const API_PORT: u16 = 50_000;
/// How long the loop may sleep before it looks whether it is to end.
const LOOK_UP: crete_net::Duration = crete_net::Duration::from_millis(100);

/// A network that carries one machine. Dropping it ends it.
pub struct Net {
    /// The port of this computer that leads to the machine's API.
    pub api: SocketAddr,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Net {
    /// Carries the machine with this card, whose QEMU listens there.
    #[must_use]
    pub fn carry(mac: &str, socket: PathBuf, address: Ipv4Addr) -> Self {
        let api = free_port();
        let id = "machine".to_owned();
        let config = Config {
            schema_version: SCHEMA_VERSION,
            network: Uuid::new_v4(),
            mtu: 1500,
            subnet: crete_net::Subnet::around(address, 24).unwrap(),
            prefix6: None,
            internet: false,
            offers: Vec::new(),
            forwards: vec![Forward {
                id: "api".to_owned(),
                protocol: Protocol::Tcp,
                listen: api,
                targets: vec![Target::Machine {
                    machine: id.clone(),
                    port: API_PORT,
                }],
                exposed: false,
            }],
            balancers: Vec::new(),
            names: Vec::new(),
            machines: vec![Machine {
                id,
                mac: mac.parse().unwrap(),
                socket,
                address: Some(address),
                names: Vec::new(),
                cut: false,
            }],
        };
        let ends = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let ends = ends.clone();
            move || run(&config, &ends)
        });
        Self {
            api,
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
