//! What no machine may say, because somebody else's address or office is in it.
//!
//! A machine may claim any address that is nobody's: virtual addresses, addresses of pods, static
//! ones. It may not claim the gateway's, nor one that was given to another machine; and it may not
//! hand out addresses or routes, which would turn its neighbours' traffic to itself.

use super::nd::Message;
use crate::frame::{Header, MIN_FRAME, Mac};
use crate::packet::{ARP, Datagram, ICMPV6, IPV4, IPV6, Packet, UDP};
use serde::{Deserialize, Serialize};
use smoltcp::wire::{ArpPacket, ArpRepr};
use std::net::IpAddr;

/// What a machine was kept from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trespass {
    /// It claimed an address of another.
    Address,
    /// It handed out addresses.
    Dhcp,
    /// It called itself a router.
    Router,
}

/// A trespass and the address it was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) trespass: Trespass,
    pub(crate) address: Option<IpAddr>,
}

/// Looks at a frame of a machine; nothing when it may pass. `owner` tells whose an address is.
pub(crate) fn inspect(frame: &[u8], owner: impl Fn(IpAddr) -> Option<Mac>) -> Option<Refused> {
    let header = Header::of(frame)?;
    let body = frame.get(MIN_FRAME..)?;
    let is_anothers =
        |address: IpAddr, claimant: Mac| owner(address).is_some_and(|own| own != claimant);
    match header.ethertype {
        ARP => {
            let (claimant, address) = arp_claim(body)?;
            let stolen = is_anothers(address, header.source) || is_anothers(address, claimant);
            stolen.then_some(Refused {
                trespass: Trespass::Address,
                address: Some(address),
            })
        }
        IPV4 | IPV6 => inspect_packet(body, |address| is_anothers(address, header.source)),
        _ => None,
    }
}

fn arp_claim(body: &[u8]) -> Option<(Mac, IpAddr)> {
    let ArpRepr::EthernetIpv4 {
        source_hardware_addr,
        source_protocol_addr,
        ..
    } = ArpRepr::parse(&ArpPacket::new_checked(body).ok()?).ok()?
    else {
        return None;
    };
    Some((Mac(source_hardware_addr.0), source_protocol_addr.into()))
}

fn inspect_packet(body: &[u8], is_anothers: impl Fn(IpAddr) -> bool) -> Option<Refused> {
    // The protocol's place is fixed in IPv4; most packets are done with here.
    let may_matter = match body.first()? >> 4 {
        4 => body.get(9) == Some(&UDP),
        _ => !matches!(body.get(6), Some(&crate::packet::TCP)),
    };
    if !may_matter {
        return None;
    }
    let packet = Packet::parse(body)?;
    // What is said in pieces is not believed by whoever it is meant for (RFC 6980), except that a
    // first piece may hold a whole DHCP header.
    if packet.fragment.is_some_and(|fragment| fragment.offset > 0) {
        return None;
    }
    match packet.protocol {
        UDP => {
            let ports = packet.payload.first_chunk::<4>()?;
            let serves = Datagram::parse(packet.payload).map_or_else(
                || {
                    (
                        u16::from_be_bytes([ports[0], ports[1]]),
                        u16::from_be_bytes([ports[2], ports[3]]),
                    )
                },
                |datagram| (datagram.source, datagram.destination),
            );
            matches!(serves, (67, 68) | (547, 546)).then_some(Refused {
                trespass: Trespass::Dhcp,
                address: None,
            })
        }
        ICMPV6 => match Message::parse(packet.payload)? {
            Message::RouterAdvertisement | Message::Redirect => Some(Refused {
                trespass: Trespass::Router,
                address: None,
            }),
            Message::NeighbourAdvertisement { target, .. } => claim(target.into(), &is_anothers),
            // Asking under an address is claiming it, too. Asking whether it is free is not: its
            // owner answers.
            Message::NeighbourSolicitation { .. } | Message::RouterSolicitation { .. } => {
                claim(packet.source, &is_anothers)
            }
        },
        _ => None,
    }
}

fn claim(address: IpAddr, is_anothers: impl Fn(IpAddr) -> bool) -> Option<Refused> {
    is_anothers(address).then_some(Refused {
        trespass: Trespass::Address,
        address: Some(address),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::nd;
    use crate::wire::Envelope;
    use proptest::prelude::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    const OWN: Mac = Mac([0x52, 0x54, 0, 0, 0, 1]);
    const OTHER: Mac = Mac([0x52, 0x54, 0, 0, 0, 2]);
    const OWN_V4: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 31);
    const OTHER_V4: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 32);
    const OTHER_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1);

    fn owner(address: IpAddr) -> Option<Mac> {
        match address {
            IpAddr::V4(OWN_V4) => Some(OWN),
            IpAddr::V4(OTHER_V4) | IpAddr::V6(OTHER_V6) => Some(OTHER),
            _ => None,
        }
    }

    fn framed(ethertype: u16, body: &[u8]) -> Vec<u8> {
        let mut frame = vec![0; MIN_FRAME];
        Header {
            destination: Mac::BROADCAST,
            source: OWN,
            ethertype,
        }
        .write(&mut frame);
        frame.extend(body);
        frame
    }

    fn arp(claimant: Mac, address: Ipv4Addr) -> Vec<u8> {
        let mut body = vec![0, 1, 8, 0, 6, 4, 0, 1];
        body.extend(claimant.0);
        body.extend(address.octets());
        body.extend([0; 10]);
        framed(ARP, &body)
    }

    fn packet(source: IpAddr, protocol: u8, body: &[u8]) -> Vec<u8> {
        let to: IpAddr = match source {
            IpAddr::V4(_) => Ipv4Addr::BROADCAST.into(),
            IpAddr::V6(_) => "ff02::1".parse().unwrap(),
        };
        let mut switch = crate::Switch::new(Mac([2; 6]), 1500, 1);
        let port = switch.add(None);
        switch.set_up(port, true);
        let mut sender = crate::wire::Sender {
            switch: &mut switch,
            mac: OWN,
            mtu: 1500,
            now: smoltcp::time::Instant::ZERO,
        };
        let envelope = Envelope::new(source, to, protocol);
        sender.packet(Mac::BROADCAST, envelope, body.len(), |room| {
            room.copy_from_slice(body)
        });
        switch.pending(port)[0][4..].to_vec()
    }

    fn refused(frame: &[u8]) -> Option<Trespass> {
        inspect(frame, owner).map(|refused| refused.trespass)
    }

    #[test]
    fn a_machine_speaks_for_itself_and_for_addresses_of_nobody() {
        assert_eq!(refused(&arp(OWN, OWN_V4)), None);
        assert_eq!(refused(&arp(OWN, Ipv4Addr::UNSPECIFIED)), None);
        assert_eq!(refused(&arp(OWN, Ipv4Addr::new(10, 0, 0, 50))), None);
        let asks = nd::neighbour_solicitation(OTHER_V6, OWN);
        assert_eq!(
            refused(&packet("fe80::1".parse().unwrap(), ICMPV6, &asks)),
            None
        );
        assert_eq!(refused(&packet("::".parse().unwrap(), ICMPV6, &asks)), None);
    }

    #[test]
    fn an_address_of_another_is_not_claimed() {
        assert_eq!(refused(&arp(OWN, OTHER_V4)), Some(Trespass::Address));
        // Nor on somebody's behalf, with the true owner's card in the body.
        assert_eq!(refused(&arp(OTHER, OTHER_V4)), Some(Trespass::Address));
        let claims = nd::neighbour_advertisement(OTHER_V6, OWN, false);
        assert_eq!(
            refused(&packet("fe80::1".parse().unwrap(), ICMPV6, &claims)),
            Some(Trespass::Address)
        );
        let asks = nd::neighbour_solicitation("fe80::9".parse().unwrap(), OWN);
        assert_eq!(
            refused(&packet(OTHER_V6.into(), ICMPV6, &asks)),
            Some(Trespass::Address)
        );
    }

    #[test]
    fn nobody_hands_out_addresses_or_routes() {
        let dhcp = [0, 67, 0, 68, 0, 8, 0, 0];
        assert_eq!(
            refused(&packet(OWN_V4.into(), UDP, &dhcp)),
            Some(Trespass::Dhcp)
        );
        let asks = [0, 68, 0, 67, 0, 8, 0, 0];
        assert_eq!(refused(&packet(OWN_V4.into(), UDP, &asks)), None);
        let dhcp6 = [0x02, 0x23, 0x02, 0x22, 0, 8, 0, 0];
        assert_eq!(
            refused(&packet("fe80::1".parse().unwrap(), UDP, &dhcp6)),
            Some(Trespass::Dhcp)
        );
        let mut router = vec![134];
        router.resize(16, 0);
        assert_eq!(
            refused(&packet("fe80::1".parse().unwrap(), ICMPV6, &router)),
            Some(Trespass::Router)
        );
        // Behind an extension header it is the same message.
        let mut hidden = vec![ICMPV6, 0, 0, 0, 0, 0, 0, 0];
        hidden.extend(&router);
        assert_eq!(
            refused(&packet("fe80::1".parse().unwrap(), 60, &hidden)),
            Some(Trespass::Router)
        );
    }

    proptest! {
        #[test]
        fn no_frame_panics(
            ethertype in prop_oneof![Just(ARP), Just(IPV4), Just(IPV6), any::<u16>()],
            body in prop::collection::vec(any::<u8>(), 0..120),
        ) {
            let _ = inspect(&framed(ethertype, &body), owner);
        }
    }
}
