//! ICMPv6: neighbour discovery, router advertisements and echo.

use super::{Gateway, Turn};
use crate::address::nd::{self, Advertisement, Message};
use crate::frame::{Header, Mac};
use crate::packet::{ICMPV6, IPV6_HEADER, Packet};
use crate::wire::{Envelope, HOPS_ND, Sender};
use std::net::{IpAddr, Ipv6Addr};

pub(super) const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

const ECHO_REQUEST: u8 = 128;
const ECHO_REPLY: u8 = 129;
const ECHO_HEADER: usize = 8;

impl Gateway {
    pub(super) fn receive_icmpv6(
        &mut self,
        header: Header,
        packet: &Packet<'_>,
        turn: &mut Turn<'_>,
    ) {
        let (IpAddr::V6(source), IpAddr::V6(destination)) = (packet.source, packet.destination)
        else {
            return;
        };
        if self.prefix.is_none() {
            return;
        }
        if packet.payload.first() == Some(&ECHO_REQUEST) {
            if !self.is_own(destination.into()) {
                self.receive_outward_echo(header.source, packet, turn);
            } else if (ECHO_HEADER..=turn.sender.mtu - IPV6_HEADER).contains(&packet.payload.len())
            {
                answer_echo(header.source, packet, &mut turn.sender);
            }
            return;
        }
        let sender = &mut turn.sender;
        // A message with fewer hops left has come from elsewhere, and there is no elsewhere.
        if packet.hop_limit != HOPS_ND {
            return;
        }
        match Message::parse(packet.payload) {
            Some(Message::RouterSolicitation { .. }) => {
                // To the one who asked, even when it cannot say its address yet (RFC 6085).
                let to = if source.is_unspecified() {
                    ALL_NODES
                } else {
                    source
                };
                self.advertise(header.source, to, sender);
            }
            Some(Message::NeighbourSolicitation {
                target,
                sender: asker,
            }) => {
                if let Some(asker) = asker {
                    self.hear(source, asker, sender);
                }
                if self.is_own(target.into()) {
                    self.answer_solicitation(header.source, source, target, sender);
                }
            }
            Some(Message::NeighbourAdvertisement {
                target,
                owner: Some(owner),
            }) => {
                self.hear(target, owner, sender);
            }
            _ => {}
        }
    }

    fn hear(&mut self, address: Ipv6Addr, mac: Mac, sender: &Sender<'_>) {
        if !mac.is_group() {
            self.neighbours.hear(address.into(), mac, sender.now);
        }
    }

    fn answer_solicitation(
        &self,
        mac: Mac,
        source: Ipv6Addr,
        target: Ipv6Addr,
        sender: &mut Sender<'_>,
    ) {
        // Somebody who only checks whether an address is free has none to be answered at.
        let solicited = !source.is_unspecified();
        let (to_mac, to) = if solicited {
            (mac, source)
        } else {
            (nd::group_mac(ALL_NODES), ALL_NODES)
        };
        let body = nd::neighbour_advertisement(target, self.mac, solicited);
        send(sender, to_mac, target, to, &body);
    }

    /// Asks who has an address.
    pub(super) fn solicit(&self, target: Ipv6Addr, sender: &mut Sender<'_>) {
        let group = nd::solicited_node(target);
        let body = nd::neighbour_solicitation(target, self.mac);
        let own = self.v6().unwrap_or_else(|| self.link_local());
        send(sender, nd::group_mac(group), own, group, &body);
    }

    /// Advertises the gateway and the network's prefix.
    pub(super) fn advertise(&self, mac: Mac, to: Ipv6Addr, sender: &mut Sender<'_>) {
        let (Some(prefix), Some(resolver)) = (self.prefix, self.v6()) else {
            return;
        };
        let body = Advertisement {
            mac: self.mac,
            mtu: self.terms.mtu,
            prefix,
            resolver,
            domain: crete_model::NETWORK_DOMAIN,
            leads_out: self.leads_out_v6,
        }
        .body();
        send(sender, mac, self.link_local(), to, &body);
    }
}

fn send(sender: &mut Sender<'_>, mac: Mac, from: Ipv6Addr, to: Ipv6Addr, body: &[u8]) {
    let envelope = Envelope {
        hop_limit: HOPS_ND,
        ..Envelope::new(from.into(), to.into(), ICMPV6)
    };
    sender.packet(mac, envelope, body.len(), |room| {
        room.copy_from_slice(body);
        let sum = envelope.checksum(room);
        room[2..4].copy_from_slice(&sum.to_be_bytes());
    });
}

fn answer_echo(mac: Mac, packet: &Packet<'_>, sender: &mut Sender<'_>) {
    let envelope = Envelope::new(packet.destination, packet.source, ICMPV6);
    sender.packet(mac, envelope, packet.payload.len(), |body| {
        body.copy_from_slice(packet.payload);
        body[0] = ECHO_REPLY;
        body[2..4].copy_from_slice(&[0, 0]);
        let sum = envelope.checksum(body);
        body[2..4].copy_from_slice(&sum.to_be_bytes());
    });
}
