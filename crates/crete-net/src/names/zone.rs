//! The names inside a network, both ways. Pure.
//!
//! Everything under the one domain is known here or does not exist; so no resolver outside ever
//! hears of it, and neither does one hear of the network's own addresses.

use hickory_proto::rr::RecordType;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::address::Subnet;

/// The gateway's own name.
pub(crate) const GATEWAY: &str = "gateway";

/// What the zone says to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Known {
    /// These addresses. IPv6 ones are confirmed by whoever hears them on the wire.
    Addresses(Vec<IpAddr>),
    /// This name.
    Name(String),
    /// The name exists, but has nothing of the kind asked for.
    Nothing,
    /// There is no such name.
    NoSuchName,
    /// Not a question about the inside.
    Elsewhere,
}

/// The zone.
#[derive(Debug, Default)]
pub(crate) struct Zone {
    addresses: HashMap<String, Vec<IpAddr>>,
    names: HashMap<IpAddr, String>,
    subnet: Option<Subnet>,
    prefix: Option<Ipv6Addr>,
}

impl Zone {
    pub(crate) fn new(subnet: Subnet, prefix: Option<Ipv6Addr>) -> Self {
        Self {
            subnet: Some(subnet),
            prefix,
            ..Self::default()
        }
    }

    /// Adds a name in full, without a dot at the end. The first name of an address is its own.
    pub(crate) fn add(&mut self, name: &str, addresses: impl IntoIterator<Item = IpAddr>) {
        let known = self.addresses.entry(name.to_owned()).or_default();
        for address in addresses {
            known.push(address);
            self.names.entry(address).or_insert_with(|| name.to_owned());
        }
    }

    /// Answers a question. The name is lower case, in full, without a dot at the end.
    pub(crate) fn look_up(&self, name: &str, kind: RecordType) -> Known {
        if let Some(known) = self.look_up_address(name, kind) {
            return known;
        }
        let inside = name == crete_model::NETWORK_DOMAIN
            || name
                .strip_suffix(crete_model::NETWORK_DOMAIN)
                .is_some_and(|rest| rest.ends_with('.'));
        if !inside {
            return Known::Elsewhere;
        }
        let Some(addresses) = self.addresses.get(name) else {
            // A name between others exists, although nothing is there (RFC 8020).
            let is_between = name == crete_model::NETWORK_DOMAIN
                || self.addresses.keys().any(|known| {
                    known
                        .strip_suffix(name)
                        .is_some_and(|rest| rest.ends_with('.'))
                });
            return if is_between {
                Known::Nothing
            } else {
                Known::NoSuchName
            };
        };
        let found: Vec<IpAddr> = addresses
            .iter()
            .copied()
            .filter(|address| match kind {
                RecordType::A => address.is_ipv4(),
                RecordType::AAAA => address.is_ipv6(),
                RecordType::ANY => true,
                _ => false,
            })
            .collect();
        if found.is_empty() {
            Known::Nothing
        } else {
            Known::Addresses(found)
        }
    }

    /// Answers a question about an address of the network.
    fn look_up_address(&self, name: &str, kind: RecordType) -> Option<Known> {
        let address = reverse_v4(name)
            .filter(|address| self.subnet.is_some_and(|subnet| subnet.contains(*address)))
            .map(IpAddr::V4)
            .or_else(|| {
                reverse_v6(name)
                    .filter(|address| {
                        let prefix = self.prefix.map(|prefix| prefix.octets());
                        prefix.is_some_and(|prefix| prefix[..8] == address.octets()[..8])
                    })
                    .map(IpAddr::V6)
            })?;
        Some(match self.names.get(&address) {
            Some(name) if matches!(kind, RecordType::PTR | RecordType::ANY) => {
                Known::Name(name.clone())
            }
            Some(_) => Known::Nothing,
            None => Known::NoSuchName,
        })
    }
}

fn reverse_v4(name: &str) -> Option<Ipv4Addr> {
    let labels = name.strip_suffix(".in-addr.arpa")?;
    let mut bytes = [0; 4];
    let mut parts = labels.rsplit('.');
    for byte in &mut bytes {
        *byte = parts.next()?.parse().ok()?;
    }
    parts.next().is_none().then(|| bytes.into())
}

fn reverse_v6(name: &str) -> Option<Ipv6Addr> {
    let labels = name.strip_suffix(".ip6.arpa")?;
    let mut bytes = [0u8; 16];
    let mut parts = labels.rsplit('.');
    for byte in &mut bytes {
        let mut nibble = || {
            let part = parts.next()?;
            (part.len() == 1).then(|| u8::from_str_radix(part, 16).ok())?
        };
        *byte = nibble()? << 4 | nibble()?;
    }
    parts.next().is_none().then(|| bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> Zone {
        let prefix: Ipv6Addr = "fd00:1::".parse().unwrap();
        let mut zone = Zone::new("10.0.2.0/24".parse().unwrap(), Some(prefix));
        zone.add(
            "node-1.knossos.crete.test",
            [ip("10.0.2.31"), ip("fd00:1::31")],
        );
        zone.add("knossos.crete.test", [ip("10.0.2.1")]);
        zone
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_inside_is_known_or_does_not_exist() {
        let cases = [
            (
                "node-1.knossos.crete.test",
                RecordType::A,
                Known::Addresses(vec![ip("10.0.2.31")]),
            ),
            (
                "node-1.knossos.crete.test",
                RecordType::AAAA,
                Known::Addresses(vec![ip("fd00:1::31")]),
            ),
            ("node-1.knossos.crete.test", RecordType::TXT, Known::Nothing),
            ("knossos.crete.test", RecordType::AAAA, Known::Nothing),
            ("crete.test", RecordType::A, Known::Nothing),
            (
                "discovery.talos.dev.knossos.crete.test",
                RecordType::A,
                Known::NoSuchName,
            ),
            ("nocrete.test", RecordType::A, Known::Elsewhere),
            ("example.org", RecordType::A, Known::Elsewhere),
        ];
        for (name, kind, expected) in cases {
            assert_eq!(zone().look_up(name, kind), expected, "{name} {kind}");
        }
    }

    #[test]
    fn addresses_of_the_network_are_asked_for_nowhere_else() {
        let v6 = "1.3.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.0.0.d.f.ip6.arpa";
        let own = Known::Name("node-1.knossos.crete.test".into());
        let cases = [
            ("31.2.0.10.in-addr.arpa", own.clone()),
            ("32.2.0.10.in-addr.arpa", Known::NoSuchName),
            ("31.9.0.10.in-addr.arpa", Known::Elsewhere),
            (v6, own),
            ("x.ip6.arpa", Known::Elsewhere),
            ("999.2.0.10.in-addr.arpa", Known::Elsewhere),
        ];
        for (name, expected) in cases {
            assert_eq!(zone().look_up(name, RecordType::PTR), expected, "{name}");
        }
    }
}
