//! A network as a process, attacked: its memory by its own account and by the kernel's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_net::control::Status;
use crete_net::{Config, Mac};
use rustix::net::sockopt::set_socket_linger;
use serde_json::json;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use support::hostile::{Hostile, hear_on, is_echo_reply};
use support::linux::{Driver, WORLD, world};
use support::namespace::{Owned, alone};
use support::{config, frame, mac, wait_until};
use tempfile::TempDir;

/// Bytes all connections of a network may be promised.
const CAP: usize = 256 << 20;
const MIB: usize = 1 << 20;
/// Rounds of a flood, of six frames each.
const FLOOD: u16 = 8000;

/// A network's own process, with machines that are the test's.
struct Process {
    network: Owned,
    machines: Vec<Hostile>,
    control: PathBuf,
    _folder: TempDir,
}

impl Process {
    fn new(machines: u8, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let only_us = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(folder.path(), only_us).unwrap();
        let mut machines: Vec<Hostile> = (0..machines)
            .map(|n| {
                let own = Ipv4Addr::new(10, 0, 2, 31 + n);
                Hostile::new(folder.path(), &n.to_string(), mac(usize::from(n) + 1), own)
            })
            .collect();
        let mut wanted = config(machines.iter().map(Hostile::machine).collect(), 1500);
        change(&mut wanted);
        let path = folder.path().join("config.json");
        std::fs::write(&path, serde_json::to_vec(&wanted).unwrap()).unwrap();
        let control = folder.path().join("control");
        let mut command = Command::new(env!("CARGO_BIN_EXE_crete-net"));
        command
            .arg("--config")
            .arg(&path)
            .arg("--socket")
            .arg(&control);
        let network = Owned(command.stdin(Stdio::null()).spawn().unwrap());
        machines.iter_mut().for_each(Hostile::accept);
        machines.iter().for_each(Hostile::hear_the_gateway);
        Self {
            network,
            machines,
            control,
            _folder: folder,
        }
    }

    /// What the process says of itself.
    fn status(&self) -> Status {
        let mut driver = Driver::connect(&self.control);
        let reply = driver.ask(&json!({"id": 1, "do": "status"}));
        serde_json::from_value(reply.done.unwrap()).unwrap()
    }

    /// What the kernel says of it: its share of memory, bytes.
    fn pss(&self) -> usize {
        let path = format!("/proc/{}/smaps_rollup", self.network.0.id());
        let text = std::fs::read_to_string(path).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        let kib = line.unwrap().split_whitespace().next().unwrap();
        kib.parse::<usize>().unwrap() * 1024
    }

    fn tell(&self, what: &str) {
        println!("{what}: {} MiB PSS", self.pss() / MIB);
    }
}

#[test]
fn at_rest_ten_machines_need_little_and_forty_not_much_more() {
    for (machines, most) in [(10, 20), (40, 40)] {
        let process = Process::new(machines, |_| {});
        process.tell(&format!("{machines} machines at rest"));
        assert!(process.pss() <= most * MIB, "{} bytes", process.pss());
        assert_eq!(process.status().ports.len(), usize::from(machines));
    }
}

/// Floods of everything that costs the gateway something to remember. Nothing of it is given a
/// buffer, and every table has its end.
#[test]
fn floods_fill_no_memory() {
    alone("floods_fill_no_memory", || {
        let _world = world();
        let process = Process::new(2, |_| {});
        let (thief, honest) = (&process.machines[0], &process.machines[1]);
        let before = process.pss();
        let deaf = std::thread::spawn(drain(thief));
        let mut hears = honest.stream();
        let served = std::thread::spawn(move || while !is_echo_reply(&hear_on(&mut hears)) {});
        let nobody: IpAddr = "198.51.100.77".parse().unwrap();
        let there: IpAddr = WORLD[0].parse().unwrap();
        for n in 0..FLOOD {
            thief.say(&thief.syn(nobody, (1024 + n, 80)));
            thief.say(&first_piece(thief, n));
            thief.say(&thief.datagram(there, (1024 + n, 9), b"x"));
            thief.say(&thief.datagram("10.0.2.1".parse().unwrap(), (1024 + n, 53), &question(n)));
            let [high, low] = n.to_be_bytes();
            let invented = Mac([0x52, 0x54, 1, 0, high, low]);
            thief.say(&frame(Mac::BROADCAST, invented, b"here I am"));
            thief.say(&claim(thief.mac, [10, 0, high, low]));
        }
        let said = u64::from(FLOOD) * 6;
        wait_until("the flood never ended", || {
            let ports = process.status().ports;
            (ports[0].counters.frames_in >= said).then_some(())
        });
        // An answer that finds the queue of broadcasts full is lost, as on any wire.
        wait_until("nobody is served any more", || {
            honest.ping();
            served.is_finished().then_some(())
        });
        served.join().unwrap();
        let status = process.status();
        let nat = status.nat;
        process.tell("after the floods");
        assert!(
            nat.connections <= 256 && nat.connections_refused > u64::from(FLOOD) - 1000,
            "{nat:?}"
        );
        assert_eq!(nat.promised, 0, "nothing is promised at a SYN");
        assert!(nat.associations <= 1024, "{nat:?}");
        assert!(
            status.neighbours.len() <= 130,
            "{}",
            status.neighbours.len()
        );
        assert!(status.ports[0].counters.stations_unlearned > 5000);
        assert!(
            process.pss() < before + 24 * MIB,
            "{} after {before}",
            process.pss()
        );
        thief.stream().shutdown(Shutdown::Both).unwrap();
        deaf.join().unwrap();
    });
}

/// Reads whatever comes, so that nothing waits for this machine.
fn drain(machine: &Hostile) -> impl FnOnce() + Send + 'static {
    let mut stream = machine.stream();
    move || {
        let mut sink = vec![0; MIB];
        while stream.read(&mut sink).is_ok_and(|count| count > 0) {}
    }
}

fn first_piece(thief: &Hostile, id: u16) -> Vec<u8> {
    let mut frame = thief.packet("198.51.100.2".parse().unwrap(), 17, &[0; 1400]);
    frame[18..20].copy_from_slice(&id.to_be_bytes());
    frame[20..22].copy_from_slice(&[0x20, 0]);
    frame
}

fn question(n: u16) -> Vec<u8> {
    use hickory_proto::op::{Message, Query};
    let mut message = Message::query();
    let name = format!("n{n}.crete.test.").parse().unwrap();
    message.add_query(Query::query(name, hickory_proto::rr::RecordType::A));
    message.to_vec().unwrap()
}

fn claim(mac: Mac, address: [u8; 4]) -> Vec<u8> {
    let mut body = vec![0, 1, 8, 0, 6, 4, 0, 1];
    for _ in 0..2 {
        body.extend(mac.0);
        body.extend(address);
    }
    let mut claim = frame(Mac::BROADCAST, mac, &body);
    claim[12..14].copy_from_slice(&[8, 6]);
    claim
}

/// Thousands of connections that are taken and never read from: promises end at the cap, by the
/// process's own account, and its memory ends there by the kernel's.
#[test]
fn connections_end_at_the_cap_of_memory() {
    alone("connections_end_at_the_cap_of_memory", || {
        let world = world();
        let listener = world.enter(|| TcpListener::bind("0.0.0.0:5000").unwrap());
        raise_descriptor_limit();
        let all_have_come = Arc::new(AtomicBool::new(false));
        let enough = all_have_come.clone();
        let talking = std::thread::spawn(move || (talk_to(&listener, &enough), listener));
        let process = Process::new(3, |_| {});
        process.tell("at rest");
        for thief in &process.machines[..2] {
            establish(thief, 1300);
        }
        all_have_come.store(true, Ordering::Relaxed);
        let (held, listener) = talking.join().unwrap();
        let status = process.status();
        let (there, came) = (status.nat.connections, held.len());
        process.tell(&format!("with {there} of {came} connections"));
        let nat = status.nat;
        assert!(nat.connections > 1500, "{nat:?}");
        let near = CAP - 16 * MIB..=CAP;
        assert!(near.contains(&nat.promised), "{nat:?}");
        assert!(process.pss() < CAP + 48 * MIB, "{}", process.pss());
        assert!(
            process.pss() > 64 * MIB,
            "nothing was filled: {}",
            process.pss()
        );
        process.machines[2].hear_the_gateway();
        // The machines that took them have not all of it: another still gets a connection.
        let honest = &process.machines[2];
        honest.say(&honest.syn(WORLD[0].parse().unwrap(), (999, 5000)));
        let accepted = |_| honest.acknowledge(&honest.hear()).is_some();
        assert!((0..50).any(accepted), "nobody else got a connection");
        // Reset by the world, they end, and what they had is given back.
        for thief in &process.machines {
            std::thread::spawn(drain(thief));
        }
        for stream in &held {
            set_socket_linger(stream, Some(std::time::Duration::ZERO)).unwrap();
        }
        drop((held, listener));
        wait_until("the connections never ended", || {
            (process.status().nat.connections == 0).then_some(())
        });
        assert_eq!(process.status().nat.promised, 0);
        process.tell("when they have ended");
        assert!(process.pss() < 24 * MIB, "{}", process.pss());
    });
}

fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).unwrap();
}

/// Says much to everybody who comes, until all have.
fn talk_to(listener: &TcpListener, all_have_come: &AtomicBool) -> Vec<TcpStream> {
    let words = vec![0x5a; 128 << 10];
    let mut streams = Vec::new();
    listener.set_nonblocking(true).unwrap();
    loop {
        let no_more = all_have_come.load(Ordering::Relaxed);
        if let Ok((mut stream, _)) = listener.accept() {
            stream.set_nonblocking(true).unwrap();
            let _ = stream.write(&words);
            streams.push(stream);
        } else if no_more {
            break;
        }
    }
    streams
}

/// Takes this many connections to the world, and says nothing more in them.
fn establish(thief: &Hostile, count: u16) {
    let world: IpAddr = WORLD[0].parse().unwrap();
    for n in 0..count {
        thief.say(&thief.syn(world, (2000 + n, 5000)));
        // Each by itself: what is still being dialled has a limit of its own.
        loop {
            let answer = thief.hear();
            if let Some(third) = thief.acknowledge(&answer) {
                thief.say(&third);
                break;
            }
            let tcp = answer[12..14] == [8, 0] && answer[23] == 6;
            if tcp && answer[47] & 4 != 0 && answer[36..38] == (2000 + n).to_be_bytes() {
                break;
            }
        }
    }
}
