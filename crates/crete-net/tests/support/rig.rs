//! Rigs of Linux machines, and bytes through them.

use super::linux::{Beside, LinuxGuest, world};
use super::namespace::Space;
use super::{config, mac, machine};
use crete_net::Config;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Instant;
use tempfile::TempDir;

/// A network of Linux machines on a host with a world around it.
pub struct Rig {
    pub world: Space,
    pub guests: Vec<LinuxGuest>,
    pub wanted: Config,
    pub network: Beside,
    pub resolv_conf: PathBuf,
    _folder: TempDir,
}

impl Rig {
    pub fn new(guests: usize, mtu: u16, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = world();
        let guests: Vec<LinuxGuest> = (0..guests)
            .map(|n| LinuxGuest::new(folder.path(), &format!("g{n}"), mac(n + 1), mtu))
            .collect();
        let machines = guests.iter().enumerate().map(|(n, guest)| {
            let mut own = machine(&format!("m{n}"), mac(n + 1), guest.socket.clone());
            own.address = Some(address(n));
            own.names = vec![format!("node-{n}.crete.test")];
            own
        });
        let mut wanted = config(machines.collect(), mtu.into());
        wanted.prefix6 = Some("fd5e:ed00:0:1::".parse().unwrap());
        change(&mut wanted);
        let resolv_conf = folder.path().join("resolv.conf");
        let network = Beside::new(wanted.clone(), folder.path(), resolv_conf.clone());
        network.until("the machines were not dialled", |status| {
            status.ports.iter().all(|port| port.up)
        });
        for (n, guest) in guests.iter().enumerate() {
            guest.up(&format!("{}/24", address(n)), "10.0.2.1");
        }
        Self {
            world,
            guests,
            wanted,
            network,
            resolv_conf,
            _folder: folder,
        }
    }

    /// A server in the world.
    pub fn serve(&self, port: u16) -> TcpListener {
        self.world
            .enter(|| TcpListener::bind(("::", port)).unwrap())
    }
}

/// The address of a machine.
pub fn address(n: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 2, u8::try_from(31 + n).unwrap())
}

pub fn at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(address.parse().unwrap(), port)
}

/// Moves bytes one way through a connection and looks at each: Gbit/s.
pub fn transfer(mut from: TcpStream, mut to: impl Read, megabytes: usize) -> f64 {
    let block = |n: usize| -> Vec<u8> {
        let mut state = n as u64;
        (0..1 << 17)
            .flat_map(|_| {
                state = state.wrapping_mul(0x5851_f42d_4c95_7f2d) + 1;
                state.to_be_bytes()
            })
            .collect()
    };
    let blocks: Vec<Vec<u8>> = (0..4).map(block).collect();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..megabytes {
                from.write_all(&blocks[n % 4]).unwrap();
            }
            from.shutdown(std::net::Shutdown::Write).unwrap();
        });
        let mut bytes = vec![0; 1 << 20];
        for n in 0..megabytes {
            to.read_exact(&mut bytes).unwrap();
            assert!(bytes == blocks[n % 4], "MiB {n} came changed");
        }
        assert_eq!(to.read(&mut bytes).unwrap(), 0, "and then the end");
    });
    #[allow(clippy::cast_precision_loss, reason = "a rate needs no exact bytes")]
    let bits = (megabytes << 23) as f64;
    bits / begun.elapsed().as_secs_f64() / 1e9
}
