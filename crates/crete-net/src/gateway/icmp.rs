//! ICMP for IPv4: the gateway answers an echo, and carries those that go further.

use super::{Gateway, Turn};
use crate::frame::Header;
use crate::packet::{ICMP, IPV4_HEADER, Packet};
use crate::wire::Envelope;
use smoltcp::wire::checksum;

const ECHO_REPLY: u8 = 0;
const ECHO_REQUEST: u8 = 8;
const ECHO_HEADER: usize = 8;

impl Gateway {
    pub(super) fn receive_icmp(
        &mut self,
        header: Header,
        packet: &Packet<'_>,
        turn: &mut Turn<'_>,
    ) {
        let is_echo =
            packet.payload.first() == Some(&ECHO_REQUEST) && packet.payload.len() >= ECHO_HEADER;
        if !is_echo {
            return;
        }
        if !self.is_own(packet.destination) {
            self.receive_outward_echo(header.source, packet, turn);
            return;
        }
        // An echo that came in pieces would have to go back in pieces.
        if packet.payload.len() + IPV4_HEADER > turn.sender.mtu {
            return;
        }
        let envelope = Envelope::new(packet.destination, packet.source, ICMP);
        turn.sender
            .packet(header.source, envelope, packet.payload.len(), |body| {
                body.copy_from_slice(packet.payload);
                body[0] = ECHO_REPLY;
                body[2..4].copy_from_slice(&[0, 0]);
                let sum = !checksum::data(body);
                body[2..4].copy_from_slice(&sum.to_be_bytes());
            });
    }
}
