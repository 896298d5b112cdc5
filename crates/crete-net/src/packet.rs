//! IP packets of guests, as far as a gateway has to understand them. Nothing in them is believed:
//! lengths are checked against what is there, and what does not fit is no packet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Protocol numbers.
pub(crate) const ICMP: u8 = 1;
pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;
pub(crate) const ICMPV6: u8 = 58;

/// Kinds of payload of a frame.
pub(crate) const IPV4: u16 = 0x0800;
pub(crate) const ARP: u16 = 0x0806;
pub(crate) const IPV6: u16 = 0x86dd;

pub(crate) const IPV4_HEADER: usize = 20;
pub(crate) const IPV6_HEADER: usize = 40;
pub(crate) const UDP_HEADER: usize = 8;
const FRAGMENT_HEADER: usize = 8;

/// Extension headers of an IPv6 packet that are looked behind; more is no honest packet.
const MAX_EXTENSIONS: usize = 8;

/// Where a fragment belongs in its packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fragment {
    /// What the fragments of one packet share.
    pub(crate) id: u32,
    /// First byte of the payload.
    pub(crate) offset: usize,
    /// Whether others follow.
    pub(crate) more: bool,
}

/// An IP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    /// What is inside, behind extension headers.
    pub(crate) protocol: u8,
    pub(crate) hop_limit: u8,
    pub(crate) fragment: Option<Fragment>,
    /// What is inside.
    pub(crate) payload: &'a [u8],
    /// The packet as it came, without what the frame was filled up with.
    pub(crate) whole: &'a [u8],
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes: [u8; 2] = bytes.get(at..at + 2)?.try_into().ok()?;
    Some(u16::from_be_bytes(bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_be_bytes(bytes))
}

impl<'a> Packet<'a> {
    /// Reads a packet of either version.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        match bytes.first()? >> 4 {
            4 => Self::parse_v4(bytes),
            6 => Self::parse_v6(bytes),
            _ => None,
        }
    }

    fn parse_v4(bytes: &'a [u8]) -> Option<Self> {
        let header = usize::from(bytes.first()? & 0x0f) * 4;
        let total = usize::from(u16_at(bytes, 2)?);
        if header < IPV4_HEADER || total < header {
            return None;
        }
        let whole = bytes.get(..total)?;
        let field = u16_at(whole, 6)?;
        let fragment = Fragment {
            id: u32::from(u16_at(whole, 4)?),
            offset: usize::from(field & 0x1fff) * 8,
            more: field & 0x2000 != 0,
        };
        Some(Self {
            source: Ipv4Addr::from_bits(u32_at(whole, 12)?).into(),
            destination: Ipv4Addr::from_bits(u32_at(whole, 16)?).into(),
            protocol: *whole.get(9)?,
            hop_limit: *whole.get(8)?,
            fragment: (fragment.offset != 0 || fragment.more).then_some(fragment),
            payload: &whole[header..],
            whole,
        })
    }

    fn parse_v6(bytes: &'a [u8]) -> Option<Self> {
        let total = IPV6_HEADER + usize::from(u16_at(bytes, 4)?);
        let whole = bytes.get(..total)?;
        let address = |at: usize| -> Option<Ipv6Addr> {
            let bytes: [u8; 16] = whole.get(at..at + 16)?.try_into().ok()?;
            Some(bytes.into())
        };
        let mut packet = Self {
            source: address(8)?.into(),
            destination: address(24)?.into(),
            protocol: *whole.get(6)?,
            hop_limit: *whole.get(7)?,
            fragment: None,
            payload: whole.get(IPV6_HEADER..)?,
            whole,
        };
        packet.skip_extensions()?;
        Some(packet)
    }

    fn skip_extensions(&mut self) -> Option<()> {
        for _ in 0..MAX_EXTENSIONS {
            let length = match self.protocol {
                // Hop by hop, routing, destination options: in units of eight bytes, less one.
                0 | 43 | 60 => (usize::from(*self.payload.get(1)?) + 1) * 8,
                44 => {
                    let field = u16_at(self.payload, 2)?;
                    self.fragment = Some(Fragment {
                        id: u32_at(self.payload, 4)?,
                        offset: usize::from(field & 0xfff8),
                        more: field & 1 != 0,
                    });
                    FRAGMENT_HEADER
                }
                _ => return Some(()),
            };
            self.protocol = *self.payload.first()?;
            self.payload = self.payload.get(length..)?;
            // Behind the first bytes of a fragment there is no header to be read.
            if self.fragment.is_some_and(|fragment| fragment.offset > 0) {
                return Some(());
            }
        }
        None
    }
}

/// A UDP datagram: its ports and what is inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Datagram<'a> {
    pub(crate) source: u16,
    pub(crate) destination: u16,
    pub(crate) payload: &'a [u8],
}

impl<'a> Datagram<'a> {
    /// Reads a datagram. Its checksum is not looked at: a Unix socket flips no bits.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let length = usize::from(u16_at(bytes, 4)?);
        Some(Self {
            source: u16_at(bytes, 0)?,
            destination: u16_at(bytes, 2)?,
            payload: bytes.get(UDP_HEADER..length)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_panic(
            version in prop_oneof![Just(0x45u8), Just(0x60), any::<u8>()],
            mut bytes in prop::collection::vec(any::<u8>(), 1..200),
        ) {
            bytes[0] = version;
            if let Some(packet) = Packet::parse(&bytes) {
                prop_assert!(packet.whole.len() <= bytes.len());
                prop_assert!(packet.whole.ends_with(packet.payload));
                let _ = Datagram::parse(packet.payload);
            }
        }

        /// Chains of extension headers are followed to their end, and no further.
        #[test]
        fn what_is_behind_extension_headers_is_found(
            chain in prop::collection::vec((prop_oneof![Just(0u8), Just(43), Just(60)], 0usize..3), 0..12),
        ) {
            let mut body = Vec::new();
            let mut next = chain.first().map_or(UDP, |(kind, _)| *kind);
            for (n, (_, extra)) in chain.iter().enumerate() {
                let following = chain.get(n + 1).map_or(UDP, |(kind, _)| *kind);
                body.extend([following, u8::try_from(*extra).unwrap()]);
                body.extend(vec![0; 6 + extra * 8]);
            }
            body.extend(b"end");
            let mut bytes = vec![0; IPV6_HEADER];
            bytes[0] = 0x60;
            bytes[4..6].copy_from_slice(&u16::try_from(body.len()).unwrap().to_be_bytes());
            bytes[6] = std::mem::replace(&mut next, 0);
            bytes.extend(&body);
            match Packet::parse(&bytes) {
                Some(packet) => {
                    prop_assert!(chain.len() < MAX_EXTENSIONS);
                    prop_assert_eq!((packet.protocol, packet.payload), (UDP, &b"end"[..]));
                }
                None => prop_assert!(chain.len() >= MAX_EXTENSIONS),
            }
        }
    }

    #[test]
    fn what_a_frame_was_filled_up_with_is_not_the_packet() {
        let mut bytes = vec![0; 46];
        bytes[0] = 0x45;
        bytes[3] = 23;
        assert_eq!(Packet::parse(&bytes).unwrap().payload.len(), 3);
    }
}
