//! How a machine is told "no": a reset for TCP, an unreachable for everything else, so that it
//! knows at once and does not wait.

use crate::frame::Mac;
use crate::packet::{ICMP, ICMPV6, IPV4_HEADER, Packet, TCP};
use crate::wire::{Envelope, Sender};
use smoltcp::wire::checksum;
use std::io;
use std::net::IpAddr;

/// Why something cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nobody listens there.
    Port,
    /// The station does not answer.
    Host,
    /// No route leads there.
    Network,
    /// It is not allowed.
    Prohibited,
    /// It has come as far as it may.
    Expired,
}

impl Refusal {
    /// What a failed connection means; nothing when it is only silence, which stays silence.
    pub(crate) fn of(error: &io::Error) -> Option<Self> {
        Some(match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Port,
            io::ErrorKind::HostUnreachable => Self::Host,
            io::ErrorKind::NetworkUnreachable | io::ErrorKind::AddrNotAvailable => Self::Network,
            io::ErrorKind::PermissionDenied => Self::Prohibited,
            io::ErrorKind::TimedOut => return None,
            _ => Self::Host,
        })
    }

    /// Type and code of ICMP for IPv4 and for IPv6.
    fn codes(self, is_v4: bool) -> (u8, u8) {
        match (is_v4, self) {
            (true, Self::Network) => (3, 0),
            (true, Self::Host) => (3, 1),
            (true, Self::Port) => (3, 3),
            (true, Self::Prohibited) => (3, 13),
            (true, Self::Expired) => (11, 0),
            (false, Self::Network) => (1, 0),
            (false, Self::Prohibited) => (1, 1),
            (false, Self::Host) => (1, 3),
            (false, Self::Port) => (1, 4),
            (false, Self::Expired) => (3, 0),
        }
    }
}

const ICMP_HEADER: usize = 8;
/// Of the refused packet, what goes back: for IPv4 its header and eight bytes (RFC 792), for IPv6
/// as much as fits the smallest MTU (RFC 4443).
const QUOTED_V6: usize = 1280 - 40 - ICMP_HEADER;

/// Tells a machine that a packet of it reaches nothing. `from` is who says so.
pub(crate) fn unreachable(
    refusal: Refusal,
    from: IpAddr,
    machine: Mac,
    packet: &Packet<'_>,
    sender: &mut Sender<'_>,
) {
    if packet.source.is_unspecified() || packet.source.is_multicast() {
        return;
    }
    let is_v4 = packet.source.is_ipv4();
    let header = packet.whole.len() - packet.payload.len();
    let longest = if is_v4 {
        header.max(IPV4_HEADER) + 8
    } else {
        QUOTED_V6
    };
    let quoted = &packet.whole[..packet.whole.len().min(longest)];
    let (kind, code) = refusal.codes(is_v4);
    let protocol = if is_v4 { ICMP } else { ICMPV6 };
    let envelope = Envelope::new(from, packet.source, protocol);
    sender.packet(machine, envelope, ICMP_HEADER + quoted.len(), |body| {
        body[..ICMP_HEADER].copy_from_slice(&[kind, code, 0, 0, 0, 0, 0, 0]);
        body[ICMP_HEADER..].copy_from_slice(quoted);
        let sum = if is_v4 {
            !checksum::data(body)
        } else {
            envelope.checksum(body)
        };
        body[2..4].copy_from_slice(&sum.to_be_bytes());
    });
}

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 0x10;
const TCP_HEADER: usize = 20;

/// The header of a TCP segment, as far as connections begin and end with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) source: u16,
    pub(crate) destination: u16,
    pub(crate) sequence: u32,
    pub(crate) acknowledged: u32,
    pub(crate) flags: u8,
    /// Bytes inside.
    pub(crate) length: usize,
}

impl Segment {
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let head: &[u8; TCP_HEADER] = bytes.first_chunk()?;
        let header = usize::from(head[12] >> 4) * 4;
        if header < TCP_HEADER {
            return None;
        }
        Some(Self {
            source: u16::from_be_bytes([head[0], head[1]]),
            destination: u16::from_be_bytes([head[2], head[3]]),
            sequence: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
            acknowledged: u32::from_be_bytes([head[8], head[9], head[10], head[11]]),
            flags: head[13],
            length: bytes.len().checked_sub(header)?,
        })
    }

    /// Whether it begins a connection.
    pub(crate) fn begins(self) -> bool {
        self.flags & (SYN | ACK | RST | FIN) == SYN
    }

    /// Whether it takes a connection that was begun.
    pub(crate) fn accepts(self) -> bool {
        self.flags & (SYN | ACK | RST) == SYN | ACK
    }

    pub(crate) fn resets(self) -> bool {
        self.flags & RST != 0
    }
}

/// Tells a machine that a segment of it belongs to no connection (RFC 9293, 3.10.7.1).
pub(crate) fn reset(machine: Mac, packet: &Packet<'_>, segment: Segment, sender: &mut Sender<'_>) {
    if segment.resets() {
        return;
    }
    let (sequence, acknowledged, flags) = if segment.flags & ACK != 0 {
        (segment.acknowledged, 0, RST)
    } else {
        let control = u32::from(segment.flags & SYN != 0) + u32::from(segment.flags & FIN != 0);
        let length = u32::try_from(segment.length).unwrap_or(0);
        let next = segment.sequence.wrapping_add(length).wrapping_add(control);
        (0, next, RST | ACK)
    };
    let answer = Segment {
        source: segment.destination,
        destination: segment.source,
        sequence,
        acknowledged,
        flags,
        length: 0,
    };
    send(machine, packet.destination, packet.source, answer, sender);
}

/// The first segment of a connection, for finding out whether anybody would take one.
pub(crate) fn probe(sequence: u32, source: u16, destination: u16) -> Segment {
    Segment {
        source,
        destination,
        sequence,
        acknowledged: 0,
        flags: SYN,
        length: 0,
    }
}

/// Sends a segment of a header alone.
pub(crate) fn send(
    machine: Mac,
    from: IpAddr,
    to: IpAddr,
    segment: Segment,
    sender: &mut Sender<'_>,
) {
    let envelope = Envelope::new(from, to, TCP);
    sender.packet(machine, envelope, TCP_HEADER, |body| {
        body.fill(0);
        body[..2].copy_from_slice(&segment.source.to_be_bytes());
        body[2..4].copy_from_slice(&segment.destination.to_be_bytes());
        body[4..8].copy_from_slice(&segment.sequence.to_be_bytes());
        body[8..12].copy_from_slice(&segment.acknowledged.to_be_bytes());
        body[12] = 5 << 4;
        body[13] = segment.flags;
        body[14..16].copy_from_slice(&1024u16.to_be_bytes());
        let sum = envelope.checksum(body);
        body[16..18].copy_from_slice(&sum.to_be_bytes());
    });
}
