//! ARP: the gateway answers for its own address, and listens to everybody's.

use super::Gateway;
use crate::frame::Mac;
use crate::packet::ARP;
use crate::wire::Sender;
use smoltcp::wire::{ArpOperation, ArpPacket, ArpRepr, EthernetAddress};
use std::net::Ipv4Addr;

impl Gateway {
    pub(super) fn receive_arp(&mut self, body: &[u8], sender: &mut Sender<'_>) {
        let Ok(packet) = ArpPacket::new_checked(body) else {
            return;
        };
        let Ok(ArpRepr::EthernetIpv4 {
            operation,
            source_hardware_addr,
            source_protocol_addr,
            target_protocol_addr,
            ..
        }) = ArpRepr::parse(&packet)
        else {
            return;
        };
        let from = Mac(source_hardware_addr.0);
        if self.subnet().contains(source_protocol_addr) && !from.is_group() {
            self.neighbours
                .hear(source_protocol_addr.into(), from, sender.now);
        }
        if operation == ArpOperation::Request && target_protocol_addr == self.v4() {
            let own = self.mac;
            send(
                sender,
                from,
                ArpOperation::Reply,
                (own, self.v4()),
                (from, source_protocol_addr),
            );
        }
    }

    /// Asks who has an address.
    pub(super) fn ask_arp(&self, target: Ipv4Addr, sender: &mut Sender<'_>) {
        let own = (self.mac, self.v4());
        let nobody = (Mac([0; 6]), target);
        send(sender, Mac::BROADCAST, ArpOperation::Request, own, nobody);
    }
}

/// Sends an ARP packet: from whom, and about whom.
fn send(
    sender: &mut Sender<'_>,
    to: Mac,
    operation: ArpOperation,
    (own, own_address): (Mac, Ipv4Addr),
    (other, other_address): (Mac, Ipv4Addr),
) {
    let repr = ArpRepr::EthernetIpv4 {
        operation,
        source_hardware_addr: EthernetAddress(own.0),
        source_protocol_addr: own_address,
        target_hardware_addr: EthernetAddress(other.0),
        target_protocol_addr: other_address,
    };
    sender.frame(to, ARP, repr.buffer_len(), |body| {
        repr.emit(&mut ArpPacket::new_unchecked(body));
    });
}
