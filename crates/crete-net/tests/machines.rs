//! Machines of Linux among themselves, in network namespaces: each behind QEMU's own code for links.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod support;

use crete_net::control::Status;
use serde_json::json;
use std::io::Read;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use support::linux::{Driver, LinuxGuest};
use support::namespace::{Owned, alone};
use support::rig::{Rig, address, transfer};
use support::{config, mac, machine, wait_until};

/// What has been read so far, for others to see.
struct Counted<'a>(TcpStream, &'a AtomicUsize);

impl Read for Counted<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.read(into)?;
        self.1.fetch_add(count, Ordering::Relaxed);
        Ok(count)
    }
}

/// The network's process is killed and started again in the middle of a transfer between machines,
/// with the links full: nothing is lost that the machines do not make good.
#[test]
fn a_transfer_outlives_the_death_of_the_network() {
    alone("a_transfer_outlives_the_death_of_the_network", || {
        let folder = tempfile::tempdir().unwrap();
        let only_us = <std::fs::Permissions as PermissionsExt>::from_mode(0o700);
        std::fs::set_permissions(folder.path(), only_us).unwrap();
        let guests =
            [0, 1].map(|n| LinuxGuest::new(folder.path(), &format!("g{n}"), mac(n + 1), 1500));
        let machines = guests.iter().enumerate().map(|(n, guest)| {
            let mut own = machine(&format!("m{n}"), mac(n + 1), guest.socket.clone());
            own.address = Some(address(n));
            own
        });
        let wanted = config(machines.collect(), 1500);
        let path = folder.path().join("config.json");
        std::fs::write(&path, serde_json::to_vec(&wanted).unwrap()).unwrap();
        let control = folder.path().join("control");
        let start = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_crete-net"));
            command
                .arg("--config")
                .arg(&path)
                .arg("--socket")
                .arg(&control);
            let process = Owned(command.stdin(Stdio::null()).spawn().unwrap());
            wait_until("the machines were not dialled", || {
                let reply = Driver::connect(&control).ask(&json!({"id": 1, "do": "status"}));
                let status: Status = serde_json::from_value(reply.done?).ok()?;
                status.ports.iter().all(|port| port.up).then_some(())
            });
            process
        };
        let mut network = Some(start());
        for (n, guest) in guests.iter().enumerate() {
            guest.up(&format!("{}/24", address(n)), "10.0.2.1");
        }
        let enter = || TcpListener::bind("0.0.0.0:5000").unwrap();
        let listener = guests[1].space.enter(enter);
        let client = guests[0].connect((address(1), 5000).into()).unwrap();
        let server = listener.accept().unwrap().0;
        let arrived = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let counted = Counted(server, &arrived);
            let moving = scope.spawn(|| transfer(client, counted, 64));
            for round in 1..=3 {
                let so_far = round * (12 << 20);
                wait_until("the transfer stands still", || {
                    (arrived.load(Ordering::Relaxed) >= so_far).then_some(())
                });
                // Killed, not asked to end.
                drop(network.take());
                network = Some(start());
            }
            moving.join().unwrap();
        });
    });
}

/// Two machines of Linux: they speak with each other at jumbo frames, and an address moves from one
/// to the other as Talos moves a cluster's.
#[test]
fn machines_speak_with_each_other_and_an_address_moves() {
    alone(
        "machines_speak_with_each_other_and_an_address_moves",
        || {
            let rig = Rig::new(2, 9000, |_| {});
            let [first, second] = rig.guests.as_slice() else {
                unreachable!()
            };
            first.ping(address(1).into()).unwrap();
            let listener = second
                .space
                .enter(|| TcpListener::bind("0.0.0.0:5000").unwrap());
            let client = first
                .connect(SocketAddr::new(address(1).into(), 5000))
                .unwrap();
            let rate = transfer(client, listener.accept().unwrap().0, 48);
            println!("machine to machine at MTU 9000: {rate:.2} Gbit/s");
            let virtual_address: IpAddr = "10.0.2.50".parse().unwrap();
            for guest in [first, second, first] {
                let listener = guest.space.enter(|| {
                    std::fs::write("/proc/sys/net/ipv4/conf/eth0/arp_notify", "1").unwrap();
                    TcpListener::bind("0.0.0.0:6443").unwrap()
                });
                guest.space.ip("addr add 10.0.2.50/32 dev eth0");
                // Said in one packet when the address is added, which `arp_notify` leaves to the link.
                guest.space.ip("link set eth0 down");
                guest.space.ip("link set eth0 up");
                wait_until("the address did not move", || {
                    rig.network.dial(virtual_address, 6443).ok()
                });
                listener.accept().unwrap();
                guest.space.ip("addr del 10.0.2.50/32 dev eth0");
            }
            assert!(
                rig.network
                    .status()
                    .neighbours
                    .iter()
                    .any(|known| known.address == virtual_address && !known.contested)
            );
        },
    );
}
