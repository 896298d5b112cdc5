//! UDP into the network: a socket of the host for each forward, and a port of the gateway for each
//! client behind it, so that answers find their way back.

use crate::poller::Poller;
use crate::slab::Slab;
use crate::token::Source;
use smoltcp::time::{Duration, Instant};
use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};

/// Clients of one network's forwards.
const CLIENTS: usize = 2048;
const IDLE: Duration = Duration::from_secs(180);
const FIRST_PORT: u16 = 20_000;
const PORTS: u16 = 12_000;
const AT_A_TIME: usize = 64;
const LONGEST: usize = 65_507;

#[derive(Debug)]
struct Entrance {
    socket: UdpSocket,
    target: SocketAddr,
    is_unread: bool,
}

#[derive(Debug, Clone, Copy)]
struct Client {
    entrance: usize,
    address: SocketAddr,
    target: SocketAddr,
    heard: Instant,
}

/// All forwards of datagrams.
#[derive(Debug)]
pub(crate) struct Entrances {
    all: Slab<Entrance>,
    by_port: HashMap<u16, Client>,
    by_client: HashMap<(usize, SocketAddr), u16>,
    next: u16,
    buffer: Box<[u8]>,
}

impl Default for Entrances {
    fn default() -> Self {
        Self {
            all: Slab::default(),
            by_port: HashMap::new(),
            by_client: HashMap::new(),
            next: 0,
            buffer: vec![0; LONGEST].into_boxed_slice(),
        }
    }
}

impl Entrances {
    /// Opens a forward.
    pub(crate) fn open(
        &mut self,
        at: SocketAddr,
        target: SocketAddr,
        poller: &Poller,
    ) -> io::Result<usize> {
        let socket = UdpSocket::bind(at)?;
        socket.set_nonblocking(true)?;
        let number = self.all.insert(Entrance {
            socket,
            target,
            is_unread: false,
        });
        if let Some(entrance) = self.all.get(number) {
            poller.add(&entrance.socket, Source::Entrance(number).token())?;
        }
        Ok(number)
    }

    /// Closes a forward and forgets its clients.
    pub(crate) fn close(&mut self, number: usize) {
        self.all.remove(number);
        self.by_port.retain(|_, client| client.entrance != number);
        self.by_client
            .retain(|(entrance, _), _| *entrance != number);
    }

    pub(crate) fn retarget(&mut self, number: usize, target: SocketAddr) {
        if let Some(entrance) = self.all.get_mut(number) {
            entrance.target = target;
        }
    }

    pub(crate) fn ready(&mut self, number: usize) {
        if let Some(entrance) = self.all.get_mut(number) {
            entrance.is_unread = true;
        }
    }

    pub(crate) fn is_unread(&self) -> bool {
        self.all.iter().any(|(_, entrance)| entrance.is_unread)
    }

    /// Hands over what has come: the gateway's port it is from, where it goes to, and itself.
    pub(crate) fn read(&mut self, now: Instant, mut take: impl FnMut(u16, SocketAddr, &[u8])) {
        for number in 0..self.all.end() {
            for _ in 0..AT_A_TIME {
                let Some(entrance) = self.all.get_mut(number).filter(|one| one.is_unread) else {
                    break;
                };
                let (length, address, target) = match entrance.socket.recv_from(&mut self.buffer) {
                    Ok((length, address)) => (length, address, entrance.target),
                    Err(_) => {
                        entrance.is_unread = false;
                        break;
                    }
                };
                if let Some(port) = self.port(number, address, target, now) {
                    take(port, target, &self.buffer[..length]);
                }
            }
        }
    }

    /// The gateway's port for a client.
    fn port(
        &mut self,
        entrance: usize,
        address: SocketAddr,
        target: SocketAddr,
        now: Instant,
    ) -> Option<u16> {
        if let Some(port) = self.by_client.get(&(entrance, address)) {
            let client = self.by_port.get_mut(port)?;
            client.heard = now;
            client.target = target;
            return Some(*port);
        }
        if self.by_port.len() >= CLIENTS {
            return None;
        }
        let port = (0..PORTS)
            .map(|step| FIRST_PORT + (self.next + step) % PORTS)
            .find(|port| !self.by_port.contains_key(port))?;
        self.next = port - FIRST_PORT + 1;
        let client = Client {
            entrance,
            address,
            target,
            heard: now,
        };
        self.by_port.insert(port, client);
        self.by_client.insert((entrance, address), port);
        Some(port)
    }

    /// Sends a machine's answer to the client it is for; false when there is none.
    pub(crate) fn answer(
        &mut self,
        port: u16,
        from: SocketAddr,
        payload: &[u8],
        now: Instant,
    ) -> bool {
        let Some(client) = self
            .by_port
            .get_mut(&port)
            .filter(|client| client.target == from)
        else {
            return false;
        };
        client.heard = now;
        if let Some(entrance) = self.all.get(client.entrance) {
            // What is lost is lost, as datagrams are.
            let _ = entrance.socket.send_to(payload, client.address);
        }
        true
    }

    /// Forgets clients that have been silent for long.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.by_port.retain(|_, client| now < client.heard + IDLE);
        let by_port = &self.by_port;
        self.by_client.retain(|_, port| by_port.contains_key(port));
    }
}
