//! How fast a network is without guests: frames through the switch, and TCP through the gateway.
//!
//! Prints one JSON object. `--seconds N` sets how long each part runs.
//!
//! Every part runs on one thread, both ends of it included, so the figures are a floor.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot run ends loudly, and rates need no exact bytes"
)]

use crete_net::{
    Barred, Config, Forwarded, Header, Instant, Mac, Machine, Network, Outside, SCHEMA_VERSION,
    Surroundings, Switch,
};
use smoltcp::iface::{Config as StackConfig, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{Checksum, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp::{Socket, SocketBuffer};
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpAddress, IpCidr};
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

const GUEST: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 31);
const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 1);
const SERVER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);

fn mac(n: u8) -> Mac {
    Mac([0x52, 0x54, 0, 0, 0, n])
}

fn main() {
    let mut args = std::env::args().skip(1);
    let seconds = match (args.next().as_deref(), args.next()) {
        (Some("--seconds"), Some(seconds)) => seconds.parse().unwrap(),
        _ => 2,
    };
    let long = Duration::from_secs(seconds);
    let mut report = serde_json::Map::new();
    for length in [64, 1514] {
        let frames = switch_in_memory(length, long);
        report.insert(
            format!("switch_memory_frames_per_s_{length}"),
            frames.into(),
        );
        let (frames, cpu) = switch_over_sockets(length, long);
        report.insert(
            format!("switch_sockets_frames_per_s_{length}"),
            frames.into(),
        );
        report.insert(format!("switch_sockets_cpu_share_{length}"), cpu.into());
    }
    for mtu in [1500, 9000] {
        for (name, upward) in [("guest_to_host", true), ("host_to_guest", false)] {
            let gbits = gateway_tcp(mtu, upward, long);
            report.insert(format!("gateway_tcp_{name}_gbit_per_s_{mtu}"), gbits.into());
        }
    }
    report.insert("resident_mib".into(), resident_mib().into());
    println!("{}", serde_json::to_string_pretty(&report).unwrap());
}

fn frame(to: Mac, from: Mac, length: usize) -> Vec<u8> {
    let mut frame = vec![0x5a; length];
    Header {
        destination: to,
        source: from,
        ethertype: 0x88b5,
    }
    .write(&mut frame);
    frame
}

/// Frames per second from a buffer into a port's queue and out of it, without a socket.
fn switch_in_memory(length: usize, long: Duration) -> f64 {
    let mut switch = Switch::new(mac(99), 1500, 0x1234_5678_9abc_def1);
    let ports: Vec<_> = (1..=10).map(|n| switch.add(Some(mac(n)))).collect();
    ports.iter().for_each(|port| switch.set_up(*port, true));
    let frames: Vec<Vec<u8>> = (1..=10)
        .map(|n| frame(mac(n % 10 + 1), mac(n), length))
        .collect();
    let begun = std::time::Instant::now();
    let mut count = 0u64;
    while begun.elapsed() < long {
        let now = Instant::from_micros(i64::try_from(count).unwrap());
        for _ in 0..100 {
            for (port, frame) in ports.iter().zip(&frames) {
                assert_eq!(switch.forward(*port, frame, now), Forwarded::Done);
                count += 1;
            }
        }
        for port in &ports {
            let [older, newer] = switch.pending(*port);
            let sent = older.len() + newer.len();
            switch.sent(*port, sent);
        }
    }
    count as f64 / begun.elapsed().as_secs_f64()
}

/// A host whose outside is one server on loopback.
struct Diverted(SocketAddr);

impl Outside for Diverted {
    fn resolvers(&mut self) -> Vec<SocketAddr> {
        Vec::new()
    }

    fn admit(&mut self, _: IpAddr) -> Result<(), Barred> {
        Ok(())
    }

    fn place(&mut self, _: SocketAddr) -> SocketAddr {
        self.0
    }

    fn leads_out_v6(&mut self) -> bool {
        false
    }
}

struct Bench {
    network: Network,
    machines: Vec<UnixStream>,
    begun: std::time::Instant,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new(machines: u8, mtu: u16, server: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = |n: u8| folder.path().join(n.to_string());
        let listeners: Vec<UnixListener> = (1..=machines)
            .map(|n| UnixListener::bind(socket(n)).unwrap())
            .collect();
        let config = Config {
            schema_version: SCHEMA_VERSION,
            network: uuid::Uuid::from_u128(1),
            mtu,
            subnet: "10.0.2.0/24".parse().unwrap(),
            prefix6: None,
            internet: true,
            offers: Vec::new(),
            forwards: Vec::new(),
            balancers: Vec::new(),
            names: Vec::new(),
            machines: (1..=machines)
                .map(|n| Machine {
                    id: n.to_string(),
                    mac: mac(n),
                    socket: socket(n),
                    address: Some(Ipv4Addr::new(10, 0, 2, 30 + n)),
                    names: Vec::new(),
                    cut: false,
                })
                .collect(),
        };
        let mut number = 1u64;
        let surroundings = Surroundings {
            outside: Box::new(Diverted(server)),
            random: Box::new(move || {
                number = number.wrapping_mul(0x5851_f42d_4c95_7f2d) + 1;
                number
            }),
            wall_clock: Box::new(|| Duration::ZERO),
        };
        let network = Network::new(&config, surroundings, Instant::ZERO).unwrap();
        let mut bench = Self {
            network,
            machines: Vec::new(),
            begun: std::time::Instant::now(),
            _folder: folder,
        };
        for listener in listeners {
            bench.turn();
            let stream = listener.accept().unwrap().0;
            stream.set_nonblocking(true).unwrap();
            bench.machines.push(stream);
        }
        bench
    }

    fn now(&self) -> Instant {
        Instant::from_micros(i64::try_from(self.begun.elapsed().as_micros()).unwrap())
    }

    fn turn(&mut self) {
        let now = self.now();
        self.network
            .turn(Some(smoltcp::time::Duration::ZERO), || now)
            .unwrap();
    }
}

/// Frames per second from one machine's socket to another's, and the share of the time the network
/// itself took of it.
fn switch_over_sockets(length: usize, long: Duration) -> (f64, f64) {
    let mut bench = Bench::new(2, 1500, ([127, 0, 0, 1], 1).into());
    let one = frame(mac(2), mac(1), length);
    let mut record = u32::try_from(length).unwrap().to_be_bytes().to_vec();
    record.extend(&one);
    let batch = record.repeat(64);
    let mut unsent = 0;
    let mut received = 0u64;
    let mut buffer = vec![0; 1 << 20];
    let mut spent = Duration::ZERO;
    let begun = std::time::Instant::now();
    while begun.elapsed() < long {
        loop {
            match bench.machines[0].write(&batch[unsent..]) {
                Ok(n) => unsent = (unsent + n) % batch.len(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        let turn = std::time::Instant::now();
        bench.turn();
        spent += turn.elapsed();
        while let Ok(n) = bench.machines[1].read(&mut buffer) {
            received += n as u64;
        }
    }
    let took = begun.elapsed();
    (
        received as f64 / record.len() as f64 / took.as_secs_f64(),
        spent.as_secs_f64() / took.as_secs_f64(),
    )
}

/// The card of a guest whose frames go straight over a socket.
struct Card<'a> {
    stream: &'a UnixStream,
    mtu: usize,
    received: Vec<u8>,
    taken: usize,
    leaving: Vec<u8>,
}

impl Card<'_> {
    fn fill(&mut self) {
        self.received.drain(..self.taken);
        self.taken = 0;
        let have = self.received.len();
        self.received.resize(have + (512 << 10), 0);
        let n = (&mut &*self.stream)
            .read(&mut self.received[have..])
            .unwrap_or(0);
        self.received.truncate(have + n);
    }

    fn flush(&mut self) {
        while !self.leaving.is_empty() {
            match (&mut &*self.stream).write(&self.leaving) {
                Ok(n) => drop(self.leaving.drain(..n)),
                Err(_) => return,
            }
        }
    }
}

impl Device for Card<'_> {
    type RxToken<'t>
        = In<'t>
    where
        Self: 't;
    type TxToken<'t>
        = Out<'t>
    where
        Self: 't;

    fn receive(&mut self, _: Instant) -> Option<(In<'_>, Out<'_>)> {
        let waiting = &self.received[self.taken..];
        let length = u32::from_be_bytes(*waiting.first_chunk()?) as usize;
        let frame = self.taken + 4..self.taken + 4 + length;
        if frame.end > self.received.len() {
            return None;
        }
        self.taken = frame.end;
        Some((In(&self.received[frame]), Out(&mut self.leaving)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Out<'_>> {
        (self.leaving.len() < 256 << 10).then_some(Out(&mut self.leaving))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = 14 + self.mtu;
        capabilities.checksum.tcp = Checksum::None;
        capabilities.checksum.ipv4 = Checksum::None;
        capabilities
    }
}

struct In<'a>(&'a [u8]);

impl RxToken for In<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(self.0)
    }
}

struct Out<'a>(&'a mut Vec<u8>);

impl TxToken for Out<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        self.0.extend(u32::try_from(length).unwrap().to_be_bytes());
        let from = self.0.len();
        self.0.resize(from + length, 0);
        write(&mut self.0[from..])
    }
}

/// Gbit per second of one TCP connection between a guest's stack and a socket of the host, over
/// loopback. All three (guest, gateway, server) are on this thread.
fn gateway_tcp(mtu: u16, upward: bool, long: Duration) -> f64 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut bench = Bench::new(1, mtu, listener.local_addr().unwrap());
    let stream = bench.machines[0].try_clone().unwrap();
    let mut card = Card {
        stream: &stream,
        mtu: mtu.into(),
        received: Vec::new(),
        taken: 0,
        leaving: Vec::new(),
    };
    let own = HardwareAddress::Ethernet(EthernetAddress(mac(1).0));
    let mut interface = Interface::new(StackConfig::new(own), &mut card, Instant::ZERO);
    interface.update_ip_addrs(|addresses| {
        addresses
            .push(IpCidr::new(IpAddress::Ipv4(GUEST), 24))
            .unwrap();
    });
    interface
        .routes_mut()
        .add_default_ipv4_route(GATEWAY)
        .unwrap();
    let buffer = || SocketBuffer::new(vec![0; 1 << 20]);
    let mut socket = Socket::new(buffer(), buffer());
    socket.set_ack_delay(None);
    socket
        .connect(interface.context(), (IpAddress::Ipv4(SERVER), 80), 40_000)
        .unwrap();
    let mut sockets = SocketSet::new(Vec::new());
    let handle: SocketHandle = sockets.add(socket);
    let mut server: Option<TcpStream> = None;
    let block = vec![0x5a; 1 << 20];
    let mut sink = vec![0; 1 << 20];
    let mut moved = 0u64;
    let begun = std::time::Instant::now();
    while begun.elapsed() < long {
        card.fill();
        interface.poll(bench.now(), &mut card, &mut sockets);
        card.flush();
        bench.turn();
        if server.is_none()
            && let Ok((accepted, _)) = listener.accept()
        {
            accepted.set_nonblocking(true).unwrap();
            server = Some(accepted);
        }
        let socket = sockets.get_mut::<Socket<'_>>(handle);
        if upward {
            let _ = socket.send_slice(&block);
            if let Some(server) = &mut server {
                while let Ok(n) = server.read(&mut sink) {
                    moved += n as u64;
                }
            }
        } else {
            if let Some(server) = &mut server {
                let _ = server.write(&block);
            }
            while let Ok(n) = socket.recv_slice(&mut sink) {
                if n == 0 {
                    break;
                }
                moved += n as u64;
            }
        }
    }
    moved as f64 * 8.0 / begun.elapsed().as_secs_f64() / 1e9
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib / 1024
}
