//! UDP associations: a machine's port and a port elsewhere, over a socket of the host of their own.
//!
//! The socket is connected, so that only the one who was spoken to is heard, and so that the kernel
//! tells when nobody listens there.

use super::refusal::Refusal;
use crate::frame::Mac;
use crate::poller::{Poller, Ready};
use crate::slab::Slab;
use crate::token::Source;
use smoltcp::time::{Duration, Instant};
use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};

/// Associations of a network, and of one machine.
const AT_ONCE: usize = 4096;
const AT_ONCE_EACH: usize = 1024;
/// How long an association lasts without a word (RFC 4787: two minutes at least).
const IDLE: Duration = Duration::from_secs(180);
/// Datagrams taken from one socket before others have their turn.
const AT_A_TIME: usize = 64;
const LONGEST: usize = 65_507;

/// Both ends of an association, as the machine sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Pair {
    pub(crate) machine: SocketAddr,
    pub(crate) other: SocketAddr,
}

/// Something that has come for a machine.
#[derive(Debug)]
pub(crate) enum Arrival<'a> {
    /// A datagram.
    Datagram(&'a [u8]),
    /// Nobody takes what it sends.
    Refused(Refusal),
}

#[derive(Debug)]
struct Association {
    pair: Pair,
    machine: Mac,
    socket: UdpSocket,
    heard: Instant,
    is_outward: bool,
    /// More may be waiting on the socket than was taken.
    is_unread: bool,
}

/// The table of associations.
#[derive(Debug)]
pub(crate) struct Associations {
    by_pair: HashMap<Pair, usize>,
    all: Slab<Association>,
    loads: HashMap<Mac, usize>,
    unread: Vec<usize>,
    /// The list of the turn before, kept for its room.
    read: Vec<usize>,
    buffer: Box<[u8]>,
    refused: u64,
}

impl Default for Associations {
    fn default() -> Self {
        Self {
            by_pair: HashMap::new(),
            all: Slab::default(),
            loads: HashMap::new(),
            unread: Vec::new(),
            read: Vec::new(),
            buffer: vec![0; LONGEST].into_boxed_slice(),
            refused: 0,
        }
    }
}

impl Associations {
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn refused(&self) -> u64 {
        self.refused
    }

    /// Sends a machine's datagram over its association; nothing when it has none.
    pub(crate) fn send(
        &mut self,
        pair: Pair,
        machine: Mac,
        payload: &[u8],
        now: Instant,
    ) -> Option<Result<(), Refusal>> {
        let at = *self.by_pair.get(&pair)?;
        let association = self.all.get_mut(at)?;
        association.heard = now;
        association.machine = machine;
        match association.socket.send(payload) {
            Ok(_) => Some(Ok(())),
            // An error left by an earlier datagram comes with this one, which was not sent yet.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                let _ = association.socket.send(payload);
                Some(Err(Refusal::Port))
            }
            // Full, or too long for the way: what is lost is lost, as datagrams are.
            Err(_) => Some(Ok(())),
        }
    }

    /// Begins an association.
    pub(crate) fn open(
        &mut self,
        pair: Pair,
        machine: Mac,
        place: SocketAddr,
        is_outward: bool,
        poller: &Poller,
        now: Instant,
    ) -> io::Result<()> {
        let load = self.loads.get(&machine).copied().unwrap_or(0);
        if (self.all.len() >= AT_ONCE || load >= AT_ONCE_EACH) && !self.evict(machine, now) {
            self.refused += 1;
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let socket = UdpSocket::bind(crate::host::any_address(place))?;
        socket.set_nonblocking(true)?;
        socket.connect(place)?;
        let at = self.all.insert(Association {
            pair,
            machine,
            socket,
            heard: now,
            is_outward,
            is_unread: false,
        });
        self.by_pair.insert(pair, at);
        *self.loads.entry(machine).or_default() += 1;
        let added = match self.all.get(at) {
            Some(association) => poller.add(&association.socket, Source::Association(at).token()),
            None => Ok(()),
        };
        if added.is_err() {
            self.remove(at);
        }
        added
    }

    /// Makes room for another association of a machine, at the cost of its own quietest.
    fn evict(&mut self, machine: Mac, now: Instant) -> bool {
        let quietest = self
            .all
            .iter()
            .filter(|(_, known)| known.machine == machine && known.heard < now)
            .min_by_key(|(_, known)| known.heard)
            .map(|(at, _)| at);
        quietest.is_some_and(|at| {
            self.remove(at);
            true
        })
    }

    fn remove(&mut self, at: usize) {
        if let Some(association) = self.all.remove(at) {
            self.by_pair.remove(&association.pair);
            if let Some(load) = self.loads.get_mut(&association.machine) {
                *load -= 1;
            }
        }
    }

    /// Something became possible for an association.
    pub(crate) fn ready(&mut self, at: usize, ready: Ready) {
        if let Some(association) = self.all.get_mut(at)
            && ready.readable
            && !association.is_unread
        {
            association.is_unread = true;
            self.unread.push(at);
        }
    }

    /// Whether something is left to be read.
    pub(crate) fn is_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Hands over what has come, a portion from each socket.
    pub(crate) fn read(&mut self, now: Instant, mut take: impl FnMut(Mac, Pair, Arrival<'_>)) {
        std::mem::swap(&mut self.unread, &mut self.read);
        for at in self.read.drain(..) {
            let Some(association) = self.all.get_mut(at) else {
                continue;
            };
            let mut is_done = false;
            for _ in 0..AT_A_TIME {
                let (machine, pair) = (association.machine, association.pair);
                match association.socket.recv(&mut self.buffer) {
                    Ok(length) => {
                        association.heard = now;
                        take(machine, pair, Arrival::Datagram(&self.buffer[..length]));
                    }
                    Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                        take(machine, pair, Arrival::Refused(Refusal::Port));
                    }
                    Err(_) => {
                        is_done = true;
                        break;
                    }
                }
            }
            association.is_unread = !is_done;
            if !is_done {
                self.unread.push(at);
            }
        }
    }

    /// Ends associations nobody uses any more.
    pub(crate) fn expire(&mut self, now: Instant) {
        let idle = |(at, known): (usize, &Association)| (now >= known.heard + IDLE).then_some(at);
        let idle: Vec<usize> = self.all.iter().filter_map(idle).collect();
        idle.into_iter().for_each(|at| self.remove(at));
    }

    /// Ends every association that leads out of the network.
    pub(crate) fn cut_outward(&mut self) {
        let outward = |(at, known): (usize, &Association)| known.is_outward.then_some(at);
        let all: Vec<usize> = self.all.iter().filter_map(outward).collect();
        all.into_iter().for_each(|at| self.remove(at));
    }
}
