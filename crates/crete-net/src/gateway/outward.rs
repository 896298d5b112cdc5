//! The way out: what a machine sends to somewhere else than its network.

use super::{Gateway, Turn};
use crate::config::Protocol;
use crate::frame::{Header, Mac};
use crate::names;
use crate::nat::echo::{self, Pinging};
use crate::nat::far::Far;
use crate::nat::refusal::{self, Refusal, Segment};
use crate::nat::tcp::{Call, ends_of};
use crate::nat::udp::{Arrival, Pair};
use crate::outside::Barred;
use crate::packet::{Datagram, ICMP, ICMPV6, Packet};
use crate::poller::Ready;
use crate::wire::Envelope;
use smoltcp::wire::checksum;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// Where something goes that is not for the gateway itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// To this address of the host's world.
    Out(SocketAddr),
    /// To the resolver.
    Resolver,
    /// To whichever machine stands behind this port of the gateway.
    Balanced(u16),
    /// Nowhere, and the machine is told so.
    Closed(Refusal),
    /// Nowhere, without a word.
    Nowhere,
}

impl Gateway {
    /// Who tells a machine that something cannot be reached.
    fn speaker(&self, like: IpAddr) -> IpAddr {
        match like {
            IpAddr::V4(_) => self.v4().into(),
            IpAddr::V6(_) => self.v6().unwrap_or_else(|| self.link_local()).into(),
        }
    }

    fn refuse(&self, refusal: Refusal, machine: Mac, packet: &Packet<'_>, turn: &mut Turn<'_>) {
        let speaker = self.speaker(packet.source);
        refusal::unreachable(refusal, speaker, machine, packet, &mut turn.sender);
    }

    /// Whether an address is one in the network, where the gateway has no business.
    pub(super) fn is_inside(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.subnet().contains(address),
            IpAddr::V6(address) => {
                let prefix = self.prefix.map(|prefix| prefix.octets());
                prefix.is_some_and(|prefix| prefix[..8] == address.octets()[..8])
            }
        }
    }

    /// Decides where something goes. This is the one gate out of the network.
    fn way(&self, to: SocketAddr, protocol: Protocol, hops: u8, turn: &mut Turn<'_>) -> Way {
        if self.is_own(to.ip()) {
            if protocol == Protocol::Tcp && to.port() == names::PORT {
                return Way::Resolver;
            }
            if protocol == Protocol::Tcp && self.inward.is_balanced(to.port()) {
                return Way::Balanced(to.port());
            }
            let offer = self.offers.get(&(protocol, to.port()));
            return offer.map_or(Way::Closed(Refusal::Port), |to| Way::Out(*to));
        }
        match self.may_leave(to.ip(), hops, turn) {
            Err(way) => way,
            Ok(()) => Way::Out(turn.surroundings.outside.place(to)),
        }
    }

    /// Whether anything may go to an address outside.
    fn may_leave(&self, to: IpAddr, hops: u8, turn: &mut Turn<'_>) -> Result<(), Way> {
        if to.is_multicast() || to.is_unspecified() {
            return Err(Way::Nowhere);
        }
        if let IpAddr::V4(to) = to
            && (to.is_broadcast() || to == self.subnet().broadcast())
        {
            return Err(Way::Nowhere);
        }
        if self.is_inside(to) {
            return Err(Way::Closed(Refusal::Host));
        }
        if hops <= 1 {
            return Err(Way::Closed(Refusal::Expired));
        }
        if !self.leads_out {
            return Err(Way::Closed(Refusal::Prohibited));
        }
        turn.surroundings.outside.admit(to).map_err(|barred| {
            Way::Closed(match barred {
                Barred::NoRoute => Refusal::Network,
                Barred::ThisComputer | Barred::NotOneStation => Refusal::Prohibited,
            })
        })
    }

    pub(super) fn receive_tcp(&mut self, header: Header, packet: &Packet<'_>, turn: &mut Turn<'_>) {
        let Some(segment) = Segment::parse(packet.payload) else {
            return;
        };
        let ends = ends_of(packet, segment);
        let machine = header.source;
        if self
            .nat
            .connections
            .receive(machine, ends, packet, &mut turn.sender)
        {
            return;
        }
        if self.is_own(packet.destination)
            && self.receive_look(machine, packet, segment, &mut turn.sender)
        {
            return;
        }
        if !segment.begins() {
            if !packet.destination.is_multicast() {
                refusal::reset(machine, packet, segment, &mut turn.sender);
            }
            return;
        }
        match self.way(ends.other, Protocol::Tcp, packet.hop_limit, turn) {
            Way::Nowhere => {}
            // A connection is refused as TCP refuses it, where that is what the reason means.
            Way::Closed(Refusal::Port) => {
                refusal::reset(machine, packet, segment, &mut turn.sender);
            }
            Way::Closed(refusal) => self.refuse(refusal, machine, packet, turn),
            way => self.begin_connection(way, header, packet, segment, turn),
        }
    }

    fn begin_connection(
        &mut self,
        way: Way,
        header: Header,
        packet: &Packet<'_>,
        segment: Segment,
        turn: &mut Turn<'_>,
    ) {
        let (machine, now) = (header.source, turn.now());
        let is_outward = !self.is_own(packet.destination);
        let far: io::Result<Far> = if !self.nat.connections.admits(machine) {
            Err(io::ErrorKind::ConnectionRefused.into())
        } else {
            match way {
                Way::Out(to) => crate::host::connect_tcp(to).map(Far::from),
                Way::Balanced(port) => {
                    let ends = ends_of(packet, segment);
                    self.balance(port, ends, turn).map(Far::from)
                }
                _ => self
                    .conversations
                    .open(machine, turn.poller, now)
                    .map(Far::from),
            }
        };
        let call = Call {
            machine,
            ends: ends_of(packet, segment),
            is_outward,
        };
        let connections = &mut self.nat.connections;
        let begun = far.and_then(|far| connections.dial(call, packet, far, turn.poller, now));
        match begun.as_ref().map_err(Refusal::of) {
            Ok(()) | Err(None) => {}
            Err(Some(Refusal::Port)) => refusal::reset(machine, packet, segment, &mut turn.sender),
            Err(Some(refusal)) => self.refuse(refusal, machine, packet, turn),
        }
    }

    /// A datagram that is not for the gateway itself.
    pub(super) fn receive_outward_datagram(
        &mut self,
        machine: Mac,
        packet: &Packet<'_>,
        datagram: &Datagram<'_>,
        turn: &mut Turn<'_>,
    ) {
        let pair = Pair {
            machine: SocketAddr::new(packet.source, datagram.source),
            other: SocketAddr::new(packet.destination, datagram.destination),
        };
        if packet.source.is_unspecified() {
            return;
        }
        let now = turn.now();
        let sent = self
            .nat
            .associations
            .send(pair, machine, datagram.payload, now);
        let refusal = match sent {
            Some(Ok(())) => return,
            Some(Err(refusal)) => refusal,
            None => match self.way(pair.other, Protocol::Udp, packet.hop_limit, turn) {
                Way::Closed(refusal) => refusal,
                Way::Out(place) => {
                    let is_outward = !self.is_own(packet.destination);
                    let open = &mut self.nat.associations;
                    match open.open(pair, machine, place, is_outward, turn.poller, now) {
                        Ok(()) => {
                            open.send(pair, machine, datagram.payload, now);
                            return;
                        }
                        Err(error) => match Refusal::of(&error) {
                            Some(refusal) => refusal,
                            None => return,
                        },
                    }
                }
                Way::Nowhere | Way::Resolver | Way::Balanced(_) => return,
            },
        };
        self.refuse(refusal, machine, packet, turn);
    }

    /// An echo request to somewhere else.
    pub(super) fn receive_outward_echo(
        &mut self,
        machine: Mac,
        packet: &Packet<'_>,
        turn: &mut Turn<'_>,
    ) {
        let message = packet.payload;
        let Some(identifier) = message.get(4..6).filter(|_| message.len() >= echo::HEADER) else {
            return;
        };
        let pinging = Pinging {
            machine: packet.source,
            other: packet.destination,
            identifier: u16::from_be_bytes([identifier[0], identifier[1]]),
        };
        if let Err(way) = self.may_leave(packet.destination, packet.hop_limit, turn) {
            if let Way::Closed(refusal) = way {
                self.refuse(refusal, machine, packet, turn);
            }
            return;
        }
        let place = turn
            .surroundings
            .outside
            .place(SocketAddr::new(packet.destination, 0))
            .ip();
        let now = turn.now();
        let sent = self
            .nat
            .echoes
            .send(pinging, machine, place, message, turn.poller, now);
        // Where the kernel gives no socket for it, an echo is as good as forbidden.
        if sent.is_err() && self.nat.echoes.is_denied() {
            self.refuse(Refusal::Prohibited, machine, packet, turn);
        }
    }

    pub(super) fn echo_ready(&mut self, at: usize, turn: &mut Turn<'_>) {
        let sender = &mut turn.sender;
        self.nat
            .echoes
            .read(at, sender.now, |machine, pinging, reply| {
                let protocol = if pinging.other.is_ipv4() {
                    ICMP
                } else {
                    ICMPV6
                };
                let envelope = Envelope::new(pinging.other, pinging.machine, protocol);
                if reply.len() + 40 > sender.mtu {
                    return;
                }
                sender.packet(machine, envelope, reply.len(), |body| {
                    body.copy_from_slice(reply);
                    body[2..4].copy_from_slice(&[0, 0]);
                    body[4..6].copy_from_slice(&pinging.identifier.to_be_bytes());
                    let sum = if protocol == ICMP {
                        !checksum::data(body)
                    } else {
                        envelope.checksum(body)
                    };
                    body[2..4].copy_from_slice(&sum.to_be_bytes());
                });
            });
    }

    pub(super) fn flow_ready(&mut self, at: usize, ready: Ready, turn: &mut Turn<'_>) {
        let seed = (turn.surroundings.random)();
        let gateway = self.v4().into();
        let connections = &mut self.nat.connections;
        connections.ready(at, ready, gateway, seed, &mut turn.sender);
    }

    /// Hands datagrams from outside to their machines.
    pub(super) fn read_associations(&mut self, turn: &mut Turn<'_>) {
        let mut refused = Vec::new();
        let sender = &mut turn.sender;
        self.nat
            .associations
            .read(sender.now, |machine, pair, arrival| match arrival {
                Arrival::Datagram(payload) => {
                    sender.datagram(machine, pair.other, pair.machine, payload);
                }
                Arrival::Refused(refusal) => refused.push((machine, pair, refusal)),
            });
        for (machine, pair, refusal) in refused {
            self.refuse_pair(machine, pair, refusal, turn);
        }
    }

    /// Tells a machine that nobody takes its datagrams: its own packet goes back, as it was in the
    /// parts that matter to it.
    fn refuse_pair(&self, machine: Mac, pair: Pair, refusal: Refusal, turn: &mut Turn<'_>) {
        let envelope = Envelope::new(pair.machine.ip(), pair.other.ip(), crate::packet::UDP);
        let quoted = envelope.datagram_alone(pair.machine.port(), pair.other.port());
        if let Some(packet) = Packet::parse(&quoted) {
            self.refuse(refusal, machine, &packet, turn);
        }
    }

    pub(super) fn conversation_ready(&mut self, at: usize, ready: Ready, turn: &mut Turn<'_>) {
        let Some((machine, questions)) = self.conversations.ready(at, ready, turn.now()) else {
            return;
        };
        for question in questions {
            let asker = names::upstream::Asker {
                share: machine.number(),
                to: names::upstream::ReplyTo::Conversation(at),
            };
            self.resolve(&question, asker, turn);
        }
    }
}
