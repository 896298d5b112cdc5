//! Neighbour discovery and router advertisements for IPv6 (RFC 4861, 8106), the part a gateway needs.

use crate::frame::Mac;
use std::net::Ipv6Addr;

const ROUTER_SOLICITATION: u8 = 133;
const ROUTER_ADVERTISEMENT: u8 = 134;
const NEIGHBOUR_SOLICITATION: u8 = 135;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
const REDIRECT: u8 = 137;

const SOURCE_LINK_ADDRESS: u8 = 1;
const TARGET_LINK_ADDRESS: u8 = 2;

/// Seconds a guest believes in the router, its prefix and its resolver: three times the longest
/// pause between two advertisements, as the standard advises.
const LIFETIME: u32 = 1800;
/// Seconds a guest keeps an address after the advertisements have stopped.
const PREFIX_LIFETIME: u32 = 86_400;

/// A message of neighbour discovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Message {
    /// "Is there a router?"
    RouterSolicitation { sender: Option<Mac> },
    /// "I am a router." Only the gateway is.
    RouterAdvertisement,
    /// "Who has this address?"
    NeighbourSolicitation {
        target: Ipv6Addr,
        sender: Option<Mac>,
    },
    /// "I have this address."
    NeighbourAdvertisement {
        target: Ipv6Addr,
        owner: Option<Mac>,
    },
    /// "There is a better way." Only a router may say so.
    Redirect,
}

impl Message {
    /// Reads the body of an ICMPv6 message; nothing when it is not of neighbour discovery.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let kind = *body.first()?;
        let target = || -> Option<Ipv6Addr> {
            let bytes: [u8; 16] = body.get(8..24)?.try_into().ok()?;
            Some(bytes.into())
        };
        Some(match kind {
            ROUTER_SOLICITATION => Self::RouterSolicitation {
                sender: link_address(body.get(8..)?, SOURCE_LINK_ADDRESS)?,
            },
            ROUTER_ADVERTISEMENT => Self::RouterAdvertisement,
            NEIGHBOUR_SOLICITATION => Self::NeighbourSolicitation {
                target: target()?,
                sender: link_address(body.get(24..)?, SOURCE_LINK_ADDRESS)?,
            },
            NEIGHBOUR_ADVERTISEMENT => Self::NeighbourAdvertisement {
                target: target()?,
                owner: link_address(body.get(24..)?, TARGET_LINK_ADDRESS)?,
            },
            REDIRECT => Self::Redirect,
            _ => return None,
        })
    }
}

/// Finds a link-layer address among options. Nothing at all when the options are not well formed.
#[allow(
    clippy::option_option,
    reason = "malformed, absent and present are three things"
)]
fn link_address(mut options: &[u8], wanted: u8) -> Option<Option<Mac>> {
    let mut found = None;
    while let [kind, units, ..] = options {
        let length = usize::from(*units) * 8;
        if length == 0 {
            return None;
        }
        let option = options.get(..length)?;
        if *kind == wanted && found.is_none() {
            let mac: [u8; 6] = option.get(2..8)?.try_into().ok()?;
            found = Some(Mac(mac));
        }
        options = &options[length..];
    }
    options.is_empty().then_some(found)
}

/// The body of a neighbour advertisement, checksum still zero. `solicited`: an answer to somebody.
pub(crate) fn neighbour_advertisement(target: Ipv6Addr, owner: Mac, solicited: bool) -> [u8; 32] {
    let mut body = [0; 32];
    body[0] = NEIGHBOUR_ADVERTISEMENT;
    // Router and override always; solicited as it is.
    body[4] = 0xa0 | if solicited { 0x40 } else { 0 };
    body[8..24].copy_from_slice(&target.octets());
    body[24..26].copy_from_slice(&[TARGET_LINK_ADDRESS, 1]);
    body[26..].copy_from_slice(&owner.0);
    body
}

/// The body of a neighbour solicitation, checksum still zero.
pub(crate) fn neighbour_solicitation(target: Ipv6Addr, sender: Mac) -> [u8; 32] {
    let mut body = [0; 32];
    body[0] = NEIGHBOUR_SOLICITATION;
    body[8..24].copy_from_slice(&target.octets());
    body[24..26].copy_from_slice(&[SOURCE_LINK_ADDRESS, 1]);
    body[26..].copy_from_slice(&sender.0);
    body
}

/// What the gateway says of the network.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Advertisement<'a> {
    pub(crate) mac: Mac,
    pub(crate) mtu: u16,
    /// The network's prefix, 64 bits of it.
    pub(crate) prefix: Ipv6Addr,
    /// The gateway's address in it, where the resolver is.
    pub(crate) resolver: Ipv6Addr,
    pub(crate) domain: &'a str,
    /// Whether there is a way out for IPv6: without one a guest must not try and wait.
    pub(crate) leads_out: bool,
}

impl Advertisement<'_> {
    /// The body of the router advertisement, checksum still zero.
    pub(crate) fn body(&self) -> Vec<u8> {
        let mut body = vec![ROUTER_ADVERTISEMENT, 0, 0, 0, 64, 0];
        let lifetime = if self.leads_out {
            u16::try_from(LIFETIME).unwrap_or(0)
        } else {
            0
        };
        body.extend(lifetime.to_be_bytes());
        body.extend([0; 8]);
        body.extend([SOURCE_LINK_ADDRESS, 1]);
        body.extend(self.mac.0);
        body.extend([5, 1, 0, 0]);
        body.extend(u32::from(self.mtu).to_be_bytes());
        // On this link, and for making addresses by oneself.
        body.extend([3, 4, 64, 0xc0]);
        body.extend(PREFIX_LIFETIME.to_be_bytes());
        body.extend(PREFIX_LIFETIME.to_be_bytes());
        body.extend([0; 4]);
        body.extend(self.prefix.octets());
        body.extend([25, 3, 0, 0]);
        body.extend(LIFETIME.to_be_bytes());
        body.extend(self.resolver.octets());
        self.push_search_list(&mut body);
        body
    }

    fn push_search_list(&self, body: &mut Vec<u8>) {
        let mut labels = Vec::new();
        for label in self.domain.split('.').filter(|label| !label.is_empty()) {
            labels.push(u8::try_from(label.len()).unwrap_or(63));
            labels.extend(label.bytes().take(63));
        }
        labels.push(0);
        let units = 1 + labels.len().div_ceil(8);
        body.extend([31, u8::try_from(units).unwrap_or(u8::MAX), 0, 0]);
        body.extend(LIFETIME.to_be_bytes());
        let end = body.len() + (units - 1) * 8;
        body.extend(labels);
        body.resize(end, 0);
    }
}

/// The link-local address a card makes from its own (RFC 4291, appendix A).
pub(crate) fn link_local(mac: Mac) -> Ipv6Addr {
    interface_address(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), mac)
}

/// The address a card makes in a prefix from its own.
pub(crate) fn interface_address(prefix: Ipv6Addr, mac: Mac) -> Ipv6Addr {
    let mut bytes = prefix.octets();
    let [a, b, c, d, e, f] = mac.0;
    bytes[8..].copy_from_slice(&[a ^ 2, b, c, 0xff, 0xfe, d, e, f]);
    bytes.into()
}

/// The group in which the owner of an address listens.
pub(crate) fn solicited_node(target: Ipv6Addr) -> Ipv6Addr {
    let [.., x, y, z] = target.octets();
    Ipv6Addr::from([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, x, y, z])
}

/// The Ethernet group of an IPv6 group.
pub(crate) fn group_mac(group: Ipv6Addr) -> Mac {
    let [.., a, b, c, d] = group.octets();
    Mac([0x33, 0x33, a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use smoltcp::wire::{Icmpv6Packet, NdiscRepr};

    const MAC: Mac = Mac([0x52, 0x54, 0, 0, 0, 0x31]);

    #[test]
    fn another_implementation_reads_the_advertisement() {
        let body = Advertisement {
            mac: MAC,
            mtu: 9000,
            prefix: "fd12:3456:789a:1::".parse().unwrap(),
            resolver: "fd12:3456:789a:1::1".parse().unwrap(),
            domain: "knossos.crete.test",
            leads_out: true,
        }
        .body();
        assert_eq!(body.len() % 8, 0);
        let packet = Icmpv6Packet::new_checked(body.as_slice()).unwrap();
        let NdiscRepr::RouterAdvert {
            mtu,
            prefix_info,
            lladdr,
            router_lifetime,
            ..
        } = NdiscRepr::parse(&packet).unwrap()
        else {
            unreachable!("no router advertisement");
        };
        assert_eq!((mtu, router_lifetime.secs()), (Some(9000), 1800));
        assert_eq!(lladdr.unwrap().as_bytes(), MAC.0);
        let prefix = prefix_info.unwrap();
        assert_eq!(
            prefix.prefix,
            "fd12:3456:789a:1::".parse::<Ipv6Addr>().unwrap()
        );
        assert_eq!(prefix.prefix_len, 64);
        let search = b"\x07knossos\x05crete\x04test\x00";
        assert!(body.windows(search.len()).any(|part| part == search));
    }

    #[test]
    fn addresses_are_made_as_the_recorded_node_made_them() {
        assert_eq!(
            link_local(MAC),
            "fe80::5054:ff:fe00:31".parse::<Ipv6Addr>().unwrap()
        );
        let group = solicited_node(link_local(MAC));
        assert_eq!(group, "ff02::1:ff00:31".parse::<Ipv6Addr>().unwrap());
        assert_eq!(group_mac(group), Mac([0x33, 0x33, 0xff, 0, 0, 0x31]));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(kind in 130u8..140, mut body in prop::collection::vec(any::<u8>(), 1..120)) {
            body[0] = kind;
            let _ = Message::parse(&body);
        }

        #[test]
        fn what_the_gateway_says_it_also_understands(target: [u8; 16], mac: [u8; 6], solicited: bool) {
            let (target, mac) = (Ipv6Addr::from(target), Mac(mac));
            let said = neighbour_advertisement(target, mac, solicited);
            prop_assert_eq!(
                Message::parse(&said),
                Some(Message::NeighbourAdvertisement { target, owner: Some(mac) })
            );
            let asked = neighbour_solicitation(target, mac);
            prop_assert_eq!(
                Message::parse(&asked),
                Some(Message::NeighbourSolicitation { target, sender: Some(mac) })
            );
        }
    }
}
