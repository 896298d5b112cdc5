//! Frames of the gateway, written where they are sent from.

use crate::frame::{Header, MIN_FRAME, Mac};
use crate::packet::{IPV4, IPV4_HEADER, IPV6, IPV6_HEADER, UDP, UDP_HEADER};
use crate::switch::{Emitted, Switch};
use smoltcp::time::Instant;
use smoltcp::wire::{IpProtocol, checksum};
use std::net::{IpAddr, SocketAddr};

/// The hop limit of everything the gateway says itself.
const HOPS: u8 = 64;
/// ND is believed only with this hop limit: it cannot have crossed a router.
pub(crate) const HOPS_ND: u8 = 255;

/// The extension header of a piece of an IPv6 packet.
const FRAGMENT: u8 = 44;
const FRAGMENT_HEADER: usize = 8;

/// Puts the gateway's frames into the ports' queues.
#[derive(Debug)]
pub(crate) struct Sender<'a> {
    pub(crate) switch: &'a mut Switch,
    /// The gateway's own address.
    pub(crate) mac: Mac,
    /// The largest IP packet.
    pub(crate) mtu: usize,
    pub(crate) now: Instant,
}

/// The first half of a packet's meaning: who speaks to whom, in what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Envelope {
    pub(crate) from: IpAddr,
    pub(crate) to: IpAddr,
    pub(crate) protocol: u8,
    pub(crate) hop_limit: u8,
}

impl Envelope {
    pub(crate) fn new(from: IpAddr, to: IpAddr, protocol: u8) -> Self {
        Self {
            from,
            to,
            protocol,
            hop_limit: HOPS,
        }
    }

    fn header(self) -> usize {
        if self.from.is_ipv4() {
            IPV4_HEADER
        } else {
            IPV6_HEADER
        }
    }

    fn ethertype(self) -> u16 {
        if self.from.is_ipv4() { IPV4 } else { IPV6 }
    }

    /// Writes the IP header before a payload of this many bytes.
    fn write(self, header: &mut [u8], length: usize) {
        match (self.from, self.to) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let total = u16::try_from(IPV4_HEADER + length).unwrap_or(u16::MAX);
                header[..4].copy_from_slice(&[
                    0x45,
                    0,
                    total.to_be_bytes()[0],
                    total.to_be_bytes()[1],
                ]);
                // Not to be fragmented: there is only one hop, and it takes all of it.
                header[4..12].copy_from_slice(&[
                    0,
                    0,
                    0x40,
                    0,
                    self.hop_limit,
                    self.protocol,
                    0,
                    0,
                ]);
                header[12..16].copy_from_slice(&from.octets());
                header[16..20].copy_from_slice(&to.octets());
                let sum = !checksum::data(&header[..IPV4_HEADER]);
                header[10..12].copy_from_slice(&sum.to_be_bytes());
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                let length = u16::try_from(length).unwrap_or(u16::MAX);
                header[..4].copy_from_slice(&[0x60, 0, 0, 0]);
                header[4..6].copy_from_slice(&length.to_be_bytes());
                header[6..8].copy_from_slice(&[self.protocol, self.hop_limit]);
                header[8..24].copy_from_slice(&from.octets());
                header[24..40].copy_from_slice(&to.octets());
            }
            // The two ends of one packet are of one version; nothing here makes others.
            _ => {}
        }
    }

    /// A packet of a datagram without a payload, for quoting.
    pub(crate) fn datagram_alone(self, from: u16, to: u16) -> Vec<u8> {
        let header = self.header();
        let mut packet = vec![0; header + UDP_HEADER];
        self.write(&mut packet, UDP_HEADER);
        write_datagram(&mut packet[header..], self, from, to, &[]);
        packet
    }

    /// The checksum of a payload whose own checksum field is zero.
    pub(crate) fn checksum(self, payload: &[u8]) -> u16 {
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        !checksum::combine(&[
            checksum::pseudo_header(
                &self.from.into(),
                &self.to.into(),
                IpProtocol::from(self.protocol),
                length,
            ),
            checksum::data(payload),
        ])
    }
}

impl Sender<'_> {
    /// Sends a frame of this many bytes after the Ethernet header.
    pub(crate) fn frame(
        &mut self,
        to: Mac,
        ethertype: u16,
        length: usize,
        write: impl FnOnce(&mut [u8]),
    ) -> Emitted {
        let header = Header {
            destination: to,
            source: self.mac,
            ethertype,
        };
        self.switch.emit(to, MIN_FRAME + length, self.now, |frame| {
            header.write(frame);
            write(&mut frame[MIN_FRAME..]);
        })
    }

    /// Room for a frame of this many bytes after the Ethernet header, to one station; nothing when
    /// there is none now. It is sent, so it must be written whole.
    pub(crate) fn room(&mut self, to: Mac, ethertype: u16, length: usize) -> Option<&mut [u8]> {
        let header = Header {
            destination: to,
            source: self.mac,
            ethertype,
        };
        let frame = self.switch.room(to, MIN_FRAME + length, self.now)?;
        header.write(frame);
        Some(&mut frame[MIN_FRAME..])
    }

    /// Sends a packet of this many bytes after the IP header; they fit the MTU.
    pub(crate) fn packet(
        &mut self,
        to: Mac,
        envelope: Envelope,
        length: usize,
        write: impl FnOnce(&mut [u8]),
    ) -> Emitted {
        let header = envelope.header();
        self.frame(to, envelope.ethertype(), header + length, |packet| {
            envelope.write(packet, length);
            write(&mut packet[header..]);
        })
    }

    /// Sends a datagram, in pieces when it does not fit the MTU.
    pub(crate) fn datagram(
        &mut self,
        to: Mac,
        from: SocketAddr,
        destination: SocketAddr,
        payload: &[u8],
    ) {
        let envelope = Envelope::new(from.ip(), destination.ip(), UDP);
        let length = UDP_HEADER + payload.len();
        let write = |room: &mut [u8]| {
            write_datagram(room, envelope, from.port(), destination.port(), payload);
        };
        if envelope.header() + length <= self.mtu {
            self.packet(to, envelope, length, write);
        } else {
            let mut whole = vec![0; length];
            write(&mut whole);
            self.pieces(to, envelope, &whole);
        }
    }

    /// Sends a payload in pieces. What tells them from those of another packet is the checksum of
    /// the payload: equal only when the packets are, near enough.
    fn pieces(&mut self, to: Mac, envelope: Envelope, payload: &[u8]) {
        let id = checksum::data(payload);
        let extension = if envelope.from.is_ipv4() {
            0
        } else {
            FRAGMENT_HEADER
        };
        let step = (self.mtu - envelope.header() - extension) / 8 * 8;
        let count = payload.len().div_ceil(step);
        for (n, piece) in payload.chunks(step).enumerate() {
            let offset = u16::try_from(n * step).unwrap_or(u16::MAX);
            let more = n + 1 < count;
            self.piece(to, envelope, piece, (id, offset, more));
        }
    }

    fn piece(&mut self, to: Mac, envelope: Envelope, piece: &[u8], place: (u16, u16, bool)) {
        let (id, offset, more) = place;
        if envelope.from.is_ipv4() {
            let header = envelope.header();
            let length = header + piece.len();
            self.frame(to, envelope.ethertype(), length, |packet| {
                envelope.write(packet, piece.len());
                let field = (offset / 8) | if more { 0x2000 } else { 0 };
                packet[4..6].copy_from_slice(&id.to_be_bytes());
                packet[6..8].copy_from_slice(&field.to_be_bytes());
                packet[10..12].copy_from_slice(&[0, 0]);
                let sum = !checksum::data(&packet[..header]);
                packet[10..12].copy_from_slice(&sum.to_be_bytes());
                packet[header..].copy_from_slice(piece);
            });
            return;
        }
        let outer = Envelope {
            protocol: FRAGMENT,
            ..envelope
        };
        self.packet(to, outer, FRAGMENT_HEADER + piece.len(), |body| {
            let field = offset | u16::from(more);
            body[..2].copy_from_slice(&[envelope.protocol, 0]);
            body[2..4].copy_from_slice(&field.to_be_bytes());
            body[4..8].copy_from_slice(&u32::from(id).to_be_bytes());
            body[FRAGMENT_HEADER..].copy_from_slice(piece);
        });
    }
}

/// Writes a UDP datagram, checksum included.
pub(crate) fn write_datagram(
    datagram: &mut [u8],
    envelope: Envelope,
    from: u16,
    to: u16,
    payload: &[u8],
) {
    let length = u16::try_from(datagram.len()).unwrap_or(u16::MAX);
    datagram[..2].copy_from_slice(&from.to_be_bytes());
    datagram[2..4].copy_from_slice(&to.to_be_bytes());
    datagram[4..6].copy_from_slice(&length.to_be_bytes());
    datagram[6..8].copy_from_slice(&[0, 0]);
    datagram[UDP_HEADER..].copy_from_slice(payload);
    let sum = match envelope.checksum(datagram) {
        // Zero would mean that there is none.
        0 => 0xffff,
        sum => sum,
    };
    datagram[6..8].copy_from_slice(&sum.to_be_bytes());
}
