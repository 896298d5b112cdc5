//! A segment whose machines are sockets of the test.

#![allow(
    dead_code,
    clippy::panic,
    reason = "each test binary uses its own part; a test fails by panicking"
)]

use crete_net::{
    Barred, Config, Duration, Header, Instant, Mac, Machine, Network, Outside, SCHEMA_VERSION,
    Surroundings,
};
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use tempfile::TempDir;

pub mod guest;
pub mod hostile;
pub mod linux;
pub mod namespace;
pub mod outside;
pub mod recording;
pub mod rig;

/// Waits for something of another process or thread; gives up after twenty seconds.
pub fn wait_until<T>(what: &str, mut holds: impl FnMut() -> Option<T>) -> T {
    let begun = std::time::Instant::now();
    loop {
        if let Some(value) = holds() {
            return value;
        }
        assert!(begun.elapsed().as_secs() < 20, "{what}");
        std::thread::yield_now();
    }
}

/// The gateway of the network [`config`] makes.
pub const GATEWAY_MAC: Mac = Mac([0x02, 0xc7, 0, 0, 0x5e, 0xed]);

pub fn mac(n: usize) -> Mac {
    Mac([0x52, 0x54, 0, 0, 0, u8::try_from(n).unwrap()])
}

pub fn config(machines: Vec<Machine>, mtu: usize) -> Config {
    Config {
        schema_version: SCHEMA_VERSION,
        network: uuid::Uuid::from_u128(0x5eed),
        mtu: mtu.try_into().unwrap(),
        subnet: "10.0.2.0/24".parse().unwrap(),
        prefix6: None,
        internet: true,
        offers: Vec::new(),
        forwards: Vec::new(),
        balancers: Vec::new(),
        names: Vec::new(),
        machines,
    }
}

/// A machine with no more than a card and a socket.
pub fn machine(id: &str, mac: Mac, socket: PathBuf) -> Machine {
    Machine {
        id: id.to_owned(),
        mac,
        socket,
        address: None,
        names: Vec::new(),
        cut: false,
    }
}

pub fn frame(to: Mac, from: Mac, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0; 14 + payload.len()];
    Header {
        destination: to,
        source: from,
        ethertype: 0x88b5,
    }
    .write(&mut frame);
    frame[14..].copy_from_slice(payload);
    frame
}

pub fn record(frame: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(frame.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend(frame);
    bytes
}

/// A host without any network.
pub struct Nothing;

impl Outside for Nothing {
    fn resolvers(&mut self) -> Vec<SocketAddr> {
        Vec::new()
    }

    fn admit(&mut self, _: IpAddr) -> Result<(), Barred> {
        Err(Barred::NoRoute)
    }

    fn leads_out_v6(&mut self) -> bool {
        false
    }
}

/// What time it is on every host of the tests: 14 November 2023.
pub const WALL_CLOCK: u64 = 1_700_000_000;

pub fn surroundings(outside: Box<dyn Outside>) -> Surroundings {
    let mut number = 0x9e37_79b9_7f4a_7c15u64;
    Surroundings {
        outside,
        random: Box::new(move || {
            number = number.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            number ^ (number >> 29)
        }),
        wall_clock: Box::new(|| std::time::Duration::from_secs(WALL_CLOCK)),
    }
}

/// A network and the far ends of its links. Its clock is the computer's, and can be put ahead.
pub struct Segment {
    pub network: Network,
    folder: TempDir,
    listeners: Vec<UnixListener>,
    machines: Vec<Option<UnixStream>>,
    received: Vec<Vec<u8>>,
    started: std::time::Instant,
    ahead: Duration,
}

impl Segment {
    pub fn new(machines: usize, mtu: usize) -> Self {
        let cards = (0..machines)
            .map(|n| machine(&format!("machine-{n}"), mac(n), PathBuf::new()))
            .collect();
        Self::of(config(cards, mtu))
    }

    /// A segment of this configuration; the sockets are the test's.
    pub fn of(wanted: Config) -> Self {
        Self::beside(wanted, Box::new(Nothing))
    }

    /// As [`Segment::of`], on a host whose network is this.
    pub fn beside(mut wanted: Config, outside: Box<dyn Outside>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut listeners = Vec::new();
        for (n, machine) in wanted.machines.iter_mut().enumerate() {
            machine.socket = folder.path().join(n.to_string());
            let listener = UnixListener::bind(&machine.socket).unwrap();
            listener.set_nonblocking(true).unwrap();
            listeners.push(listener);
        }
        let machines = wanted.machines.len();
        let network = Network::new(&wanted, surroundings(outside), Instant::ZERO).unwrap();
        Self {
            network,
            folder,
            listeners,
            machines: (0..machines).map(|_| None).collect(),
            received: vec![Vec::new(); machines],
            started: std::time::Instant::now(),
            ahead: Duration::ZERO,
        }
    }

    pub fn now(&self) -> Instant {
        let passed = i64::try_from(self.started.elapsed().as_micros()).unwrap();
        Instant::from_micros(passed) + self.ahead
    }

    /// Puts the clock ahead.
    pub fn advance(&mut self, by: Duration) {
        self.ahead += by;
    }

    pub fn turn(&mut self) {
        let now = self.now();
        self.network
            .turn(Some(Duration::from_millis(1)), || now)
            .unwrap();
    }

    /// Lets the network work until something holds; gives up after ten seconds.
    pub fn until(&mut self, holds: impl Fn(&Network) -> bool) {
        let begun = std::time::Instant::now();
        while !holds(&self.network) {
            assert!(begun.elapsed().as_secs() < 10, "it never came true");
            self.turn();
        }
    }

    pub fn connect(&mut self, n: usize) {
        let begun = std::time::Instant::now();
        loop {
            self.turn();
            if let Ok((stream, _)) = self.listeners[n].accept() {
                stream.set_nonblocking(true).unwrap();
                self.machines[n] = Some(stream);
                break;
            }
            assert!(
                begun.elapsed().as_secs() < 10,
                "machine {n} was not dialled"
            );
        }
        self.until(|network| network.ports()[n].up);
    }

    pub fn connect_all(&mut self) {
        (0..self.listeners.len()).for_each(|n| self.connect(n));
    }

    /// The socket a machine listens on.
    pub fn socket(&self, n: usize) -> PathBuf {
        self.folder.path().join(n.to_string())
    }

    pub fn hang_up(&mut self, n: usize) {
        self.machines[n] = None;
    }

    pub fn machine(&mut self, n: usize) -> &mut UnixStream {
        self.machines[n].as_mut().unwrap()
    }

    /// Sends a frame from a machine.
    pub fn send(&mut self, n: usize, frame: &[u8]) {
        let bytes = record(frame);
        let mut unsent = bytes.as_slice();
        while !unsent.is_empty() {
            match self.machine(n).write(unsent) {
                Ok(count) => unsent = &unsent[count..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.turn(),
                Err(error) => panic!("machine {n}: {error}"),
            }
        }
    }

    /// Sends a frame of a machine, if the socket takes any of it now.
    pub fn try_send(&mut self, n: usize, frame: &[u8]) -> bool {
        let bytes = record(frame);
        match self.machine(n).write(&bytes) {
            Ok(count) => {
                let mut unsent = &bytes[count..];
                while !unsent.is_empty() {
                    match self.machine(n).write(unsent) {
                        Ok(count) => unsent = &unsent[count..],
                        Err(error) if error.kind() == ErrorKind::WouldBlock => self.turn(),
                        Err(error) => panic!("machine {n}: {error}"),
                    }
                }
                true
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) => panic!("machine {n}: {error}"),
        }
    }

    /// Receives a frame of a machine, if one has come.
    pub fn try_receive(&mut self, n: usize) -> Option<Vec<u8>> {
        loop {
            let (bytes, stream) = (&mut self.received[n], self.machines[n].as_mut()?);
            if let Some(prefix) = bytes.first_chunk::<4>() {
                let length = 4 + u32::from_be_bytes(*prefix) as usize;
                if bytes.len() >= length {
                    return Some(bytes.drain(..length).skip(4).collect());
                }
            }
            let mut some = [0; 65_536];
            match stream.read(&mut some) {
                Ok(0) => panic!("machine {n} was disconnected"),
                Ok(count) => bytes.extend_from_slice(&some[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                Err(error) => panic!("machine {n}: {error}"),
            }
        }
    }

    fn read_exact(&mut self, n: usize, into: &mut [u8]) {
        let begun = std::time::Instant::now();
        let mut at = 0;
        while at < into.len() {
            match self.machine(n).read(&mut into[at..]) {
                Ok(0) => panic!("machine {n} was disconnected"),
                Ok(count) => at += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.turn(),
                Err(error) => panic!("machine {n}: {error}"),
            }
            assert!(
                begun.elapsed().as_secs() < 10,
                "machine {n} received nothing"
            );
        }
    }

    /// Receives the next frame of a machine.
    pub fn receive(&mut self, n: usize) -> Vec<u8> {
        let mut prefix = [0; 4];
        self.read_exact(n, &mut prefix);
        let mut frame = vec![0; u32::from_be_bytes(prefix) as usize];
        self.read_exact(n, &mut frame);
        frame
    }
}
