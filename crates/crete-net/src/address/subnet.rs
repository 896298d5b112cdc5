//! IPv4 subnets, and the choice of one that is nobody else's.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// What Talos gives to pods and to services by default; a network inside either breaks both.
pub const CLUSTER_DEFAULTS: [Subnet; 2] = [
    Subnet::known(Ipv4Addr::new(10, 244, 0, 0), 16),
    Subnet::known(Ipv4Addr::new(10, 96, 0, 0), 12),
];

/// Where private networks may lie (RFC 1918), in the order they are tried: the first is the
/// largest, and the last is where homes and small offices are.
const PRIVATE: [Subnet; 3] = [
    Subnet::known(Ipv4Addr::new(10, 0, 0, 0), 8),
    Subnet::known(Ipv4Addr::new(172, 16, 0, 0), 12),
    Subnet::known(Ipv4Addr::new(192, 168, 0, 0), 16),
];

/// Why a text is no subnet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no IPv4 subnet")]
pub struct NotASubnet(String);

/// An IPv4 subnet, written `10.131.7.0/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subnet {
    first: u32,
    prefix: u8,
}

impl Subnet {
    const fn known(first: Ipv4Addr, prefix: u8) -> Self {
        Self {
            first: first.to_bits() & mask(prefix),
            prefix,
        }
    }

    /// The subnet of this prefix length around an address; nothing when there is no such length.
    #[must_use]
    pub const fn around(address: Ipv4Addr, prefix: u8) -> Option<Self> {
        if prefix > 32 {
            return None;
        }
        Some(Self::known(address, prefix))
    }

    /// Its prefix length.
    #[must_use]
    pub const fn prefix(self) -> u8 {
        self.prefix
    }

    /// Its netmask.
    #[must_use]
    pub const fn mask(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(mask(self.prefix))
    }

    /// How many addresses it has.
    #[must_use]
    pub const fn size(self) -> u64 {
        1 << (32 - self.prefix)
    }

    /// The address of this number, counted from the network's own; nothing beyond the end.
    #[must_use]
    pub fn host(self, number: u32) -> Option<Ipv4Addr> {
        (u64::from(number) < self.size()).then(|| Ipv4Addr::from_bits(self.first + number))
    }

    /// The first host: where the gateway is.
    #[must_use]
    pub fn gateway(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.first | 1)
    }

    /// The address of everybody in it.
    #[must_use]
    pub fn broadcast(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.first | !mask(self.prefix))
    }

    /// Whether an address is in it.
    #[must_use]
    pub const fn contains(self, address: Ipv4Addr) -> bool {
        address.to_bits() & mask(self.prefix) == self.first
    }

    /// Whether a machine may have this address: in the subnet, and not its ends or its gateway.
    #[must_use]
    pub fn can_be_a_machine(self, address: Ipv4Addr) -> bool {
        self.contains(address)
            && address.to_bits() != self.first
            && address != self.broadcast()
            && address != self.gateway()
    }

    /// Whether two subnets share an address.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        let prefix = if self.prefix < other.prefix {
            self.prefix
        } else {
            other.prefix
        };
        self.first & mask(prefix) == other.first & mask(prefix)
    }
}

const fn mask(prefix: u8) -> u32 {
    match prefix {
        0 => 0,
        prefix => u32::MAX << (32 - prefix),
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from_bits(self.first), self.prefix)
    }
}

impl FromStr for Subnet {
    type Err = NotASubnet;

    fn from_str(text: &str) -> Result<Self, NotASubnet> {
        let wrong = || NotASubnet(text.chars().take(40).collect());
        let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
        let address: Ipv4Addr = address.parse().map_err(|_| wrong())?;
        let subnet = prefix
            .parse()
            .ok()
            .and_then(|prefix| Self::around(address, prefix))
            .ok_or_else(wrong)?;
        // Host bits in a subnet's name are a slip of somebody's, and which half is meant is unclear.
        if subnet.first == address.to_bits() {
            Ok(subnet)
        } else {
            Err(wrong())
        }
    }
}

impl TryFrom<String> for Subnet {
    type Error = NotASubnet;

    fn try_from(text: String) -> Result<Self, NotASubnet> {
        text.parse()
    }
}

impl From<Subnet> for String {
    fn from(subnet: Subnet) -> Self {
        subnet.to_string()
    }
}

/// A stable number for an identity (FNV-1a, 64 bits, well mixed): the same in every version of the
/// program, on every computer.
#[must_use]
pub fn stable_number(identity: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for byte in identity.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 29)
}

/// Chooses a /24 for a network: from its identity, so that it is the same every time, and none that
/// shares an address with what is taken (the host's routes, other networks, the cluster's own).
///
/// A taken subnet shorter than /8, such as the default route, takes nothing.
#[must_use]
pub fn choose_subnet(identity: &str, taken: &[Subnet]) -> Option<Subnet> {
    let taken: Vec<Subnet> = taken
        .iter()
        .copied()
        .filter(|subnet| subnet.prefix >= 8)
        .chain(CLUSTER_DEFAULTS)
        .collect();
    PRIVATE.iter().find_map(|range| {
        let count = range.size() >> 8;
        let start = stable_number(identity) % count;
        (0..count).find_map(|step| {
            let number = u32::try_from((start + step) % count).ok()?;
            let candidate = Subnet {
                first: range.first + (number << 8),
                prefix: 24,
            };
            let free = !taken.iter().any(|other| other.overlaps(candidate));
            free.then_some(candidate)
        })
    })
}

/// Chooses the 127.x.y.0/24 under which a network's machines are reached from this computer.
/// 127.0 is left alone: the computer's own name and its resolver live there.
#[must_use]
pub fn choose_loopback(identity: &str, taken: &[Subnet]) -> Option<Subnet> {
    const COUNT: u64 = 255 * 256;
    let start = stable_number(identity) % COUNT;
    (0..COUNT).find_map(|step| {
        let number = u32::try_from((start + step) % COUNT).ok()?;
        let candidate = Subnet {
            first: (127 << 24) | ((number + 256) << 8),
            prefix: 24,
        };
        let free = !taken.iter().any(|other| other.overlaps(candidate));
        free.then_some(candidate)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn subnet() -> impl Strategy<Value = Subnet> {
        (any::<u32>(), 0u8..=32)
            .prop_map(|(bits, prefix)| Subnet::known(Ipv4Addr::from_bits(bits), prefix))
    }

    #[test]
    fn parts_of_a_subnet() {
        let subnet: Subnet = "10.131.7.0/24".parse().unwrap();
        assert_eq!(subnet.gateway(), Ipv4Addr::new(10, 131, 7, 1));
        assert_eq!(subnet.broadcast(), Ipv4Addr::new(10, 131, 7, 255));
        assert_eq!(subnet.mask(), Ipv4Addr::new(255, 255, 255, 0));
        assert!(!subnet.can_be_a_machine(subnet.gateway()));
        assert!(subnet.can_be_a_machine(Ipv4Addr::new(10, 131, 7, 254)));
        for wrong in ["10.131.7.1/24", "10.0.0.0", "10.0.0.0/33", "x/8", ""] {
            assert!(wrong.parse::<Subnet>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_computer_whose_routes_fill_10_gets_another_range() {
        let taken = ["10.0.0.0/8".parse().unwrap(), "0.0.0.0/0".parse().unwrap()];
        let chosen = choose_subnet("n", &taken).unwrap();
        assert!(PRIVATE[1].overlaps(chosen), "{chosen}");
    }

    #[test]
    fn a_computer_without_any_room_is_told_so() {
        assert_eq!(choose_subnet("n", &PRIVATE), None);
    }

    /// Networks that exist keep their subnet over all versions of the program.
    #[test]
    fn the_choice_is_the_same_for_ever() {
        assert_eq!(
            choose_subnet("default", &[]).unwrap().to_string(),
            "10.127.12.0/24"
        );
        assert_eq!(
            choose_loopback("default", &[]).unwrap().to_string(),
            "127.56.12.0/24"
        );
    }

    proptest! {
        #[test]
        fn it_reads_as_it_was_written(subnet in subnet()) {
            prop_assert_eq!(subnet.to_string().parse(), Ok(subnet));
        }

        #[test]
        fn overlapping_is_sharing_an_address(a in subnet(), b in subnet()) {
            let share = a.contains(Ipv4Addr::from_bits(b.first)) || b.contains(Ipv4Addr::from_bits(a.first));
            prop_assert_eq!(a.overlaps(b), share);
            prop_assert_eq!(b.overlaps(a), share);
        }

        #[test]
        fn the_chosen_subnet_is_nobody_elses(
            identity in "[a-z0-9-]{1,20}",
            taken in prop::collection::vec(subnet(), 0..30),
        ) {
            if let Some(chosen) = choose_subnet(&identity, &taken) {
                let others = taken.iter().filter(|other| other.prefix >= 8).chain(&CLUSTER_DEFAULTS);
                for other in others {
                    prop_assert!(!other.overlaps(chosen));
                }
                prop_assert_eq!(chosen.prefix, 24);
                prop_assert!(PRIVATE.iter().any(|range| range.overlaps(chosen)));
            }
        }

        #[test]
        fn the_loopback_is_beside_the_systems_own(identity in ".{0,20}") {
            let chosen = choose_loopback(&identity, &[]).unwrap();
            prop_assert!(chosen.gateway().is_loopback());
            prop_assert_ne!(chosen.gateway().octets()[1], 0);
            let next = choose_loopback(&identity, &[chosen]).unwrap();
            prop_assert!(!next.overlaps(chosen));
        }
    }
}
