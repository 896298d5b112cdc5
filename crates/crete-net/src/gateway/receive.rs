//! What machines say to the gateway, and where in it that goes.

use super::{Gateway, Turn, ntp};
use crate::address::dhcp::{self, Client, Naming};
use crate::frame::{Header, MIN_FRAME, Mac};
use crate::names;
use crate::names::upstream::{Asker, ReplyTo};
use crate::packet::{ARP, Datagram, ICMP, ICMPV6, IPV4, IPV6, Packet, TCP, UDP};
use crate::switch::PortId;
use crate::wire::Sender;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

impl Gateway {
    /// Takes a frame for the gateway, or for everybody.
    pub(crate) fn receive(&mut self, port: PortId, frame: &[u8], turn: &mut Turn<'_>) {
        let Some(header) = Header::of(frame) else {
            return;
        };
        let body = &frame[MIN_FRAME..];
        match header.ethertype {
            ARP => self.receive_arp(body, &mut turn.sender),
            IPV4 | IPV6 => {
                if let Some(packet) = Packet::parse(body) {
                    self.receive_packet(port, header, &packet, turn);
                }
            }
            _ => {}
        }
    }

    fn receive_packet(
        &mut self,
        port: PortId,
        header: Header,
        packet: &Packet<'_>,
        turn: &mut Turn<'_>,
    ) {
        // Whoever speaks under another's address would have the answers sent astray.
        if self
            .owner(packet.source)
            .is_some_and(|owner| owner != header.source)
        {
            return;
        }
        if packet.fragment.is_some() {
            if let Some(payload) = self.nat.reassembly.add(packet, turn.now()) {
                let whole = Packet {
                    payload: &payload,
                    fragment: None,
                    ..*packet
                };
                self.receive_whole(port, header, &whole, turn);
            }
            return;
        }
        self.receive_whole(port, header, packet, turn);
    }

    fn receive_whole(
        &mut self,
        port: PortId,
        header: Header,
        packet: &Packet<'_>,
        turn: &mut Turn<'_>,
    ) {
        match packet.protocol {
            TCP => self.receive_tcp(header, packet, turn),
            UDP => {
                if let Some(datagram) = Datagram::parse(packet.payload) {
                    self.receive_datagram(port, header, packet, &datagram, turn);
                }
            }
            ICMP => self.receive_icmp(header, packet, turn),
            ICMPV6 => self.receive_icmpv6(header, packet, turn),
            _ => {}
        }
    }

    fn receive_datagram(
        &mut self,
        port: PortId,
        header: Header,
        packet: &Packet<'_>,
        datagram: &Datagram<'_>,
        turn: &mut Turn<'_>,
    ) {
        let is_dhcp = datagram.destination == dhcp::SERVER && datagram.source == dhcp::CLIENT;
        if is_dhcp && dhcp::is_for_server(packet.destination, self.v4()) {
            self.receive_dhcp(port, header.source, datagram.payload, &mut turn.sender);
            return;
        }
        if !self.is_own(packet.destination) {
            self.receive_outward_datagram(header.source, packet, datagram, turn);
            return;
        }
        let client = SocketAddr::new(packet.source, datagram.source);
        let server = SocketAddr::new(packet.destination, datagram.destination);
        match datagram.destination {
            names::PORT => {
                let asker = Asker {
                    share: header.source.number(),
                    to: ReplyTo::Datagram {
                        mac: header.source,
                        client,
                        server,
                    },
                };
                self.resolve(datagram.payload, asker, turn);
            }
            ntp::PORT => {
                let time = (turn.surroundings.wall_clock)();
                if let Some(answer) = ntp::answer(datagram.payload, time) {
                    turn.sender.datagram(header.source, server, client, &answer);
                }
            }
            port => {
                let now = turn.now();
                let entrances = &mut self.inward.entrances;
                if !entrances.answer(port, client, datagram.payload, now) {
                    self.receive_outward_datagram(header.source, packet, datagram, turn);
                }
            }
        }
    }

    /// Answers a question about names, now or later.
    pub(super) fn resolve(&mut self, question: &[u8], asker: Asker, turn: &mut Turn<'_>) {
        let now = turn.now();
        let neighbours = &self.neighbours;
        let own = self.v6().map(IpAddr::V6);
        let is_heard = |address| Some(address) == own || neighbours.find(address, now).is_some();
        let reply = self.names.ask(
            question,
            asker,
            is_heard,
            turn.poller,
            turn.surroundings,
            now,
        );
        if let Some(reply) = reply {
            self.say(&reply, turn);
        }
    }

    fn receive_dhcp(&mut self, port: PortId, mac: Mac, request: &[u8], sender: &mut Sender<'_>) {
        let names = self.own_names.get(&mac);
        let client = Client {
            mac,
            port: port.0,
            naming: Naming {
                host_name: names.and_then(|names| names.host.as_deref()),
                domain: names.map_or(crete_model::NETWORK_DOMAIN, |names| names.domain.as_str()),
            },
        };
        let neighbours = &self.neighbours;
        let now = sender.now;
        let in_use = |address: Ipv4Addr| {
            neighbours
                .find(address.into(), now)
                .is_some_and(|heard| heard != mac)
        };
        let answer = dhcp::answer(&self.terms, &mut self.leases, request, client, now, in_use);
        if let Some(answer) = answer {
            let from = SocketAddr::from((self.v4(), dhcp::SERVER));
            let to = SocketAddr::from((answer.destination, dhcp::CLIENT));
            sender.datagram(answer.to, from, to, &answer.payload);
        }
    }
}
