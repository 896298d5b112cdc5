//! IPv4 networks of pods and services, which may be larger than those of machines.

use std::net::Ipv4Addr;
use std::str::FromStr;

/// A network: `10.244.0.0/16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cidr {
    first: u32,
    length: u8,
}

/// The text is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotACidr;

impl FromStr for Cidr {
    type Err = NotACidr;
    fn from_str(text: &str) -> Result<Self, NotACidr> {
        let (address, length) = text.split_once('/').ok_or(NotACidr)?;
        let address: Ipv4Addr = address.parse().map_err(|_| NotACidr)?;
        let length: u8 = length.parse().map_err(|_| NotACidr)?;
        // A whole class A is more than any cluster has; of less than 16 addresses nothing works.
        if !(8..=28).contains(&length) {
            return Err(NotACidr);
        }
        let first = u32::from(address);
        match first & !mask(length) {
            0 => Ok(Self { first, length }),
            _ => Err(NotACidr),
        }
    }
}

fn mask(length: u8) -> u32 {
    u32::MAX << (32 - u32::from(length))
}

impl Cidr {
    /// Whether two networks share an address.
    pub fn overlaps(self, other: Self) -> bool {
        let mask = mask(self.length.min(other.length));
        self.first & mask == other.first & mask
    }

    /// Whether an address is in it.
    pub fn holds(self, address: Ipv4Addr) -> bool {
        u32::from(address) & mask(self.length) == self.first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn networks_are_read_strictly_and_compared() {
        for bad in [
            "",
            "10.0.0.0",
            "10.0.0.1/24",
            "10.0.0.0/33",
            "10.0.0.0/99",
            "x/8",
            "10.0.0.0/30",
        ] {
            assert_eq!(bad.parse::<Cidr>(), Err(NotACidr), "{bad}");
        }
        assert!(cidr("10.96.0.0/12").overlaps(cidr("10.100.0.0/16")));
        assert!(cidr("10.100.0.0/16").overlaps(cidr("10.96.0.0/12")));
        assert!(!cidr("10.244.0.0/16").overlaps(cidr("10.96.0.0/12")));
        assert!(cidr("10.88.1.0/24").holds(Ipv4Addr::new(10, 88, 1, 7)));
        assert!(!cidr("10.88.1.0/24").holds(Ipv4Addr::new(10, 88, 2, 7)));
    }
}
