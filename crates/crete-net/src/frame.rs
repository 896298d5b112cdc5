//! Ethernet frames, as far as a switch has to understand them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Length of an Ethernet header; no frame is shorter.
pub const MIN_FRAME: usize = 14;
/// The longest frame a link may announce: the largest IP packet and its header.
pub const MAX_FRAME: usize = 65_550;

/// Why a text is no MAC address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no MAC address")]
pub struct NotAMac(String);

/// An Ethernet address, written `52:54:00:12:34:56`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// The address of everybody.
    pub const BROADCAST: Self = Self([0xff; 6]);

    /// True for broadcast and multicast.
    #[must_use]
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 != 0
    }

    /// True for addresses a standard bridge never forwards (IEEE 802.1D, 01:80:c2:00:00:0x):
    /// spanning tree, pause and link aggregation speak of one wire, not of the segment.
    #[must_use]
    pub const fn is_link_control(self) -> bool {
        matches!(self.0, [0x01, 0x80, 0xc2, 0x00, 0x00, low] if low < 0x10)
    }

    /// The address as a number, for hashing.
    #[must_use]
    pub const fn number(self) -> u64 {
        let [a, b, c, d, e, f] = self.0;
        u64::from_be_bytes([0, 0, a, b, c, d, e, f])
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Mac {
    type Err = NotAMac;

    fn from_str(text: &str) -> Result<Self, NotAMac> {
        let wrong = || NotAMac(text.chars().take(40).collect());
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part = parts.next().ok_or_else(wrong)?;
            if part.len() != 2 || !part.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return Err(wrong());
            }
            *byte = u8::from_str_radix(part, 16).map_err(|_| wrong())?;
        }
        match parts.next() {
            None => Ok(Self(bytes)),
            Some(_) => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Mac {
    type Error = NotAMac;

    fn try_from(text: String) -> Result<Self, NotAMac> {
        text.parse()
    }
}

impl From<Mac> for String {
    fn from(mac: Mac) -> Self {
        mac.to_string()
    }
}

/// Where a frame goes to, where it is from, and what is inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The receiver.
    pub destination: Mac,
    /// The sender.
    pub source: Mac,
    /// The kind of payload.
    pub ethertype: u16,
}

impl Header {
    /// Reads the header of a frame; nothing when it is too short to have one.
    #[must_use]
    pub fn of(frame: &[u8]) -> Option<Self> {
        let head: &[u8; MIN_FRAME] = frame.first_chunk()?;
        let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, t0, t1] = *head;
        Some(Self {
            destination: Mac([d0, d1, d2, d3, d4, d5]),
            source: Mac([s0, s1, s2, s3, s4, s5]),
            ethertype: u16::from_be_bytes([t0, t1]),
        })
    }

    /// Writes the header at the beginning of a frame that has room for it.
    pub fn write(self, frame: &mut [u8]) {
        if let Some(head) = frame.first_chunk_mut::<MIN_FRAME>() {
            head[..6].copy_from_slice(&self.destination.0);
            head[6..12].copy_from_slice(&self.source.0);
            head[12..].copy_from_slice(&self.ethertype.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_of_one_wire_are_known() {
        assert!(Mac([1, 0x80, 0xc2, 0, 0, 0xe]).is_link_control());
        assert!(!Mac([1, 0x80, 0xc2, 0, 0, 0x10]).is_link_control());
        assert!(Mac::BROADCAST.is_group() && !Mac::BROADCAST.is_link_control());
    }

    #[test]
    fn half_an_address_is_none() {
        for text in [
            "",
            "52:54:00:12:34",
            "52:54:00:12:34:56:78",
            "5:4:0:1:2:3",
            "52:54:00:12:34:+6",
        ] {
            assert!(text.parse::<Mac>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_address_reads_as_it_was_written(bytes: [u8; 6]) {
            prop_assert_eq!(Mac(bytes).to_string().parse(), Ok(Mac(bytes)));
        }

        #[test]
        fn a_header_reads_as_it_was_written(d: [u8; 6], s: [u8; 6], ethertype: u16, rest in 0usize..40) {
            let header = Header { destination: Mac(d), source: Mac(s), ethertype };
            let mut frame = vec![0; MIN_FRAME + rest];
            header.write(&mut frame);
            prop_assert_eq!(Header::of(&frame), Some(header));
            prop_assert_eq!(Header::of(&frame[..MIN_FRAME - 1]), None);
        }
    }
}
