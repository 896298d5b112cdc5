//! The way in: connections and datagrams from this computer, and through a balanced port of the
//! gateway, to machines.

use super::{Gateway, Turn};
use crate::config::{Config, Target};
use crate::control;
use crate::frame::Mac;
use crate::inward::backend::{FIRST_PORT, Look};
use crate::nat::far::Far;
use crate::nat::flow::Ends;
use crate::nat::refusal::{self, Segment};
use crate::nat::tcp::{Beginning, Call, Outcome};
use crate::packet::Packet;
use crate::wire::Sender;
use smoltcp::time::{Duration, Instant};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::net::UnixStream;

/// How long the network is asked who has an address, and how often.
const ASKING: Duration = Duration::from_secs(3);
const ASK_EVERY: Duration = Duration::from_millis(300);
/// The gateway's ports for connections of its own.
const FIRST_OWN: u16 = 32_768;
const OWN_PORTS: u16 = FIRST_PORT - FIRST_OWN;

/// Why somebody wants to be connected with a machine.
#[derive(Debug)]
pub(crate) enum Purpose {
    /// It came to a port of this computer.
    Forward {
        entry: usize,
        tried: Vec<SocketAddr>,
    },
    /// A machine came to a balanced port of the gateway.
    Balanced {
        port: u16,
        tried: Vec<SocketAddr>,
        /// The machine's own connection.
        partner: Ends,
    },
    /// Whoever drives the network asked for it, in the request of this number.
    Asked(u64),
}

/// A call whose station is not known yet.
#[derive(Debug)]
struct Waiting {
    far: Far,
    target: SocketAddr,
    purpose: Purpose,
    until: Instant,
    ask_at: Instant,
}

/// Calls to machines under way.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    waiting: Vec<Waiting>,
    tickets: HashMap<u64, (SocketAddr, Purpose)>,
    next_ticket: u64,
    next_port: u16,
}

impl Calls {
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.waiting
            .iter()
            .map(|waiting| waiting.ask_at.min(waiting.until))
            .min()
    }
}

impl Gateway {
    /// Where a target of a configuration is.
    pub(super) fn place_of(&self, config: &Config, target: &Target) -> Option<SocketAddr> {
        match target {
            Target::Address { address, port } => Some(SocketAddr::new(*address, *port)),
            Target::Machine { machine, port } => {
                let machine = config.machines.iter().find(|known| known.id == *machine)?;
                let address = self.leases.known(machine.mac)?;
                Some(SocketAddr::new(address.into(), *port))
            }
        }
    }

    /// Where a target is now, for whoever asks for a connection.
    pub(crate) fn place_now(&self, target: &Target) -> Option<SocketAddr> {
        match target {
            Target::Address { address, port } => Some(SocketAddr::new(*address, *port)),
            Target::Machine { machine, port } => {
                let address = self.leases.of_machine(machine)?;
                Some(SocketAddr::new(address.into(), *port))
            }
        }
    }

    /// The card behind an address.
    fn station(&self, address: IpAddr, now: Instant) -> Option<Mac> {
        let given = match address {
            IpAddr::V4(address) => self.leases.owner(address),
            IpAddr::V6(_) => None,
        };
        given.or_else(|| self.neighbours.find(address, now))
    }

    fn ask_for(&self, address: IpAddr, sender: &mut Sender<'_>) {
        match address {
            IpAddr::V4(address) => self.ask_arp(address, sender),
            IpAddr::V6(address) => self.solicit(address, sender),
        }
    }

    /// The gateway's address for speaking with another.
    fn own_address(&self, like: IpAddr) -> IpAddr {
        match like {
            IpAddr::V4(_) => self.v4().into(),
            IpAddr::V6(_) => self.v6().unwrap_or_else(|| self.link_local()).into(),
        }
    }

    /// Connects somebody with a machine, now or when its card is known.
    pub(crate) fn call(
        &mut self,
        far: Far,
        target: SocketAddr,
        purpose: Purpose,
        turn: &mut Turn<'_>,
    ) {
        let now = turn.now();
        if !self.is_inside(target.ip()) || self.is_own(target.ip()) {
            self.end_call(far, target, purpose, "it is no address of a machine", turn);
            return;
        }
        match self.station(target.ip(), now) {
            Some(machine) => self.begin_call(machine, far, target, purpose, turn),
            None => self.calls.waiting.push(Waiting {
                far,
                target,
                purpose,
                until: now + ASKING,
                ask_at: now,
            }),
        }
    }

    fn begin_call(
        &mut self,
        machine: Mac,
        far: Far,
        target: SocketAddr,
        purpose: Purpose,
        turn: &mut Turn<'_>,
    ) {
        let Some(ends) = self.free_ends(target) else {
            self.end_call(
                far,
                target,
                purpose,
                "every port of the gateway is in use",
                turn,
            );
            return;
        };
        let preamble = match purpose {
            Purpose::Asked(id) => control::accepted(id),
            _ => Vec::new(),
        };
        self.calls.next_ticket += 1;
        let beginning = Beginning {
            far,
            ticket: self.calls.next_ticket,
            seed: (turn.surroundings.random)(),
            preamble,
        };
        let call = Call {
            machine,
            ends,
            is_outward: false,
        };
        let connections = &mut self.nat.connections;
        match connections.connect(call, beginning, turn.poller, &turn.sender) {
            Ok(()) => {
                let ticket = self.calls.next_ticket;
                self.calls.tickets.insert(ticket, (target, purpose));
            }
            Err(far) => {
                self.end_call(far, target, purpose, "there are too many connections", turn);
            }
        }
    }

    fn free_ends(&mut self, target: SocketAddr) -> Option<Ends> {
        let own = self.own_address(target.ip());
        let first = self.calls.next_port;
        let ends = (0..OWN_PORTS)
            .map(|step| Ends {
                machine: target,
                other: SocketAddr::new(own, FIRST_OWN + (first + step) % OWN_PORTS),
            })
            .find(|ends| !self.nat.connections.has(ends))?;
        self.calls.next_port = (ends.other.port() - FIRST_OWN + 1) % OWN_PORTS;
        Some(ends)
    }

    /// A call has failed: another target is tried, or whoever called is told.
    fn end_call(
        &mut self,
        mut far: Far,
        target: SocketAddr,
        purpose: Purpose,
        why: &str,
        turn: &mut Turn<'_>,
    ) {
        match purpose {
            Purpose::Forward { entry, mut tried } => {
                tried.push(target);
                match self.inward.choose(entry, &tried) {
                    Some(next) => self.call(far, next, Purpose::Forward { entry, tried }, turn),
                    None => far.reset(),
                }
            }
            Purpose::Balanced {
                port,
                mut tried,
                partner,
            } => {
                tried.push(target);
                match self.inward.choose_balanced(port, &tried) {
                    Some(next) => {
                        let purpose = Purpose::Balanced {
                            port,
                            tried,
                            partner,
                        };
                        self.call(far, next, purpose, turn);
                    }
                    None => self.nat.connections.abort_ends(&partner),
                }
            }
            Purpose::Asked(id) => {
                far.write(&control::refused(id, why));
            }
        }
    }

    /// Takes note of what came of calls.
    pub(super) fn note_outcomes(&mut self, turn: &mut Turn<'_>) {
        for outcome in self.nat.connections.outcomes() {
            let Outcome {
                ticket,
                failed,
                was_refused,
            } = outcome;
            let Some((target, purpose)) = self.calls.tickets.remove(&ticket) else {
                continue;
            };
            let is_open = failed.is_none();
            self.inward
                .backends
                .experienced(target, is_open, turn.now());
            if let Some(far) = failed {
                let why = if was_refused {
                    control::REFUSED
                } else {
                    control::SILENT
                };
                self.end_call(far, target, purpose, why, turn);
            }
        }
    }

    /// Looks at ports, and goes on with calls whose station was not known.
    pub(super) fn tick_inward(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now();
        let looks = self
            .inward
            .backends
            .tick(now, &mut turn.surroundings.random);
        for look in looks {
            self.look(look, &mut turn.sender);
        }
        self.inward.tick(turn.poller, now);
        for mut waiting in std::mem::take(&mut self.calls.waiting) {
            if let Some(machine) = self.station(waiting.target.ip(), now) {
                let Waiting {
                    far,
                    target,
                    purpose,
                    ..
                } = waiting;
                self.begin_call(machine, far, target, purpose, turn);
            } else if now >= waiting.until {
                let Waiting {
                    far,
                    target,
                    purpose,
                    ..
                } = waiting;
                self.end_call(far, target, purpose, "nobody has this address", turn);
            } else {
                if now >= waiting.ask_at {
                    self.ask_for(waiting.target.ip(), &mut turn.sender);
                    waiting.ask_at = now + ASK_EVERY;
                }
                self.calls.waiting.push(waiting);
            }
        }
    }

    fn look(&self, look: Look, sender: &mut Sender<'_>) {
        match self.station(look.at.ip(), sender.now) {
            Some(machine) => {
                let probe = refusal::probe(look.sequence, look.port, look.at.port());
                let own = self.own_address(look.at.ip());
                refusal::send(machine, own, look.at.ip(), probe, sender);
            }
            None => self.ask_for(look.at.ip(), sender),
        }
    }

    /// Takes an answer to a look; false when it is none.
    pub(super) fn receive_look(
        &mut self,
        machine: Mac,
        packet: &Packet<'_>,
        segment: Segment,
        sender: &mut Sender<'_>,
    ) -> bool {
        if segment.destination < FIRST_PORT || !(segment.accepts() || segment.resets()) {
            return false;
        }
        let at = SocketAddr::new(packet.source, segment.source);
        let is_taken = segment.accepts();
        let backends = &mut self.inward.backends;
        backends.answered(
            at,
            segment.destination,
            segment.acknowledged,
            is_taken,
            sender.now,
        );
        // What was begun is taken back.
        refusal::reset(machine, packet, segment, sender);
        true
    }

    /// Somebody has come to a port of this computer.
    pub(super) fn listener_ready(&mut self, entry: usize, turn: &mut Turn<'_>) {
        for stream in self.inward.accept(entry) {
            let _ = stream.set_nodelay(true);
            let far = Far::from(stream);
            let purpose = Purpose::Forward {
                entry,
                tried: Vec::new(),
            };
            match self.inward.choose(entry, &[]) {
                Some(target) => self.call(far, target, purpose, turn),
                None => far.reset(),
            }
        }
    }

    /// A machine has come to a balanced port: one half of a pair for it, the other for the target.
    pub(super) fn balance(
        &mut self,
        port: u16,
        partner: Ends,
        turn: &mut Turn<'_>,
    ) -> std::io::Result<UnixStream> {
        let target = self
            .inward
            .choose_balanced(port, &[])
            .ok_or(std::io::ErrorKind::ConnectionRefused)?;
        let (near, far) = UnixStream::pair()?;
        near.set_nonblocking(true)?;
        far.set_nonblocking(true)?;
        let purpose = Purpose::Balanced {
            port,
            tried: Vec::new(),
            partner,
        };
        self.call(Far::from(far), target, purpose, turn);
        Ok(near)
    }

    /// Hands datagrams from this computer to their machines.
    pub(super) fn read_entrances(&mut self, turn: &mut Turn<'_>) {
        let mut unknown = Vec::new();
        let sender = &mut turn.sender;
        let now = sender.now;
        let (leases, neighbours, v4) = (&self.leases, &self.neighbours, self.v4());
        self.inward.entrances.read(now, |port, target, payload| {
            let IpAddr::V4(address) = target.ip() else {
                return;
            };
            let station = leases
                .owner(address)
                .or_else(|| neighbours.find(target.ip(), now));
            match station {
                Some(machine) => sender.datagram(machine, (v4, port).into(), target, payload),
                None => unknown.push(target.ip()),
            }
        });
        unknown.dedup();
        for address in unknown {
            self.ask_for(address, &mut turn.sender);
        }
    }
}
