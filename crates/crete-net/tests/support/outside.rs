//! A guest, a gateway, and an outside whose servers are the test's, on loopback under addresses of
//! the documentation range.

use super::guest::Guest;
use super::{Segment, config, mac, machine};
use crete_net::{Barred, Config, Outside};
use smoltcp::socket::tcp::State;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};

pub const GUEST: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 31);
pub const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 1);
pub const SERVER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);

/// A host whose outside is 203.0.113.0/24, of which some is really on loopback.
#[derive(Clone, Default)]
pub struct Diverted(pub Arc<Mutex<HashMap<SocketAddr, SocketAddr>>>);

impl Outside for Diverted {
    fn resolvers(&mut self) -> Vec<SocketAddr> {
        self.0
            .lock()
            .unwrap()
            .get(&(SERVER, 53).into())
            .copied()
            .into_iter()
            .collect()
    }

    fn admit(&mut self, address: IpAddr) -> Result<(), Barred> {
        match address {
            IpAddr::V4(address) if address.octets()[..3] == [203, 0, 113] => Ok(()),
            IpAddr::V4(address) if address.is_loopback() => Err(Barred::ThisComputer),
            _ => Err(Barred::NoRoute),
        }
    }

    fn place(&mut self, to: SocketAddr) -> SocketAddr {
        self.0.lock().unwrap().get(&to).copied().unwrap_or_else(|| {
            // A port of loopback where nobody listens.
            ([127, 0, 0, 1], 1).into()
        })
    }

    fn leads_out_v6(&mut self) -> bool {
        false
    }
}

pub struct Bench {
    pub segment: Segment,
    pub guest: Guest,
    pub outside: Diverted,
    pub wanted: Config,
}

impl Bench {
    pub fn new(change: impl FnOnce(&mut Config)) -> Self {
        Self::with_mtu(1500, change)
    }

    pub fn with_mtu(mtu: usize, change: impl FnOnce(&mut Config)) -> Self {
        let mut own = machine("guest", mac(1), "x".into());
        own.address = Some(GUEST);
        let mut wanted = config(vec![own], mtu);
        change(&mut wanted);
        let outside = Diverted::default();
        let mut segment = Segment::beside(wanted.clone(), Box::new(outside.clone()));
        segment.connect_all();
        for (n, machine) in wanted.machines.iter_mut().enumerate() {
            machine.socket = segment.socket(n);
        }
        Self {
            segment,
            wanted,
            guest: Guest::new(0, mac(1), GUEST, mtu),
            outside,
        }
    }

    /// A server at a port of the outside.
    pub fn serve(&self, port: u16) -> TcpListener {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let at = listener.local_addr().unwrap();
        self.outside
            .0
            .lock()
            .unwrap()
            .insert((SERVER, port).into(), at);
        listener
    }

    pub fn serve_datagrams(&self, port: u16) -> UdpSocket {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let at = socket.local_addr().unwrap();
        self.outside
            .0
            .lock()
            .unwrap()
            .insert((SERVER, port).into(), at);
        socket
    }

    /// A connection of the guest to a server, and its other end.
    pub fn connected(&mut self, port: u16) -> (smoltcp::iface::SocketHandle, TcpStream) {
        let listener = self.serve(port);
        let handle = self.guest.connect((SERVER, port).into());
        let stream = self
            .guest
            .until(&mut self.segment, "nobody connected", |_| {
                listener.accept().ok().map(|(stream, _)| stream)
            });
        stream.set_nonblocking(true).unwrap();
        self.until_state(handle, State::Established);
        (handle, stream)
    }

    pub fn until_state(&mut self, handle: smoltcp::iface::SocketHandle, state: State) {
        let what = format!("the connection never was {state}");
        self.guest.until(&mut self.segment, &what, |guest| {
            (guest.state(handle) == state).then_some(())
        });
    }

    pub fn until_gone(&mut self) {
        self.guest
            .until(&mut self.segment, "connections remain", |_| Some(()));
        let begun = std::time::Instant::now();
        while self.segment.network.nat().connections > 0 {
            self.guest.work(&mut self.segment);
            assert!(begun.elapsed().as_secs() < 10, "connections remain");
        }
        assert_eq!(self.segment.network.nat().promised, 0);
    }

    /// Sends a frame of the guest and returns what comes back, past everything else.
    pub fn answer(&mut self, frame: &[u8], is_it: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        self.segment.send(0, frame);
        loop {
            let frame = self.segment.receive(0);
            if is_it(&frame) {
                return frame;
            }
        }
    }
}

pub fn is_icmp(frame: &[u8]) -> bool {
    frame[12..14] == [8, 0] && frame[23] == 1
}

pub fn pattern(length: usize, seed: u8) -> Vec<u8> {
    let mut state = u32::from(seed) + 1;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .collect()
}
