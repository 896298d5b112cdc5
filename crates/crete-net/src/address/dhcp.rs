//! DHCPv4 (RFC 2131), the server's side. Pure: a message in, an answer out.
//!
//! A client is its card, whatever it calls itself: a node changes its client identifier between
//! maintenance and configuration, and must keep its address. Only one server is in a network, so it
//! may refuse what is wrong at once.

use super::lease::{LEASE, Leases};
use super::request::{asked_address, asked_server, own_name, parse};
use super::subnet::Subnet;
use crate::frame::Mac;
use crate::packet::{IPV4_HEADER, UDP_HEADER};
use dhcproto::v4::{DhcpOption, Flags, Message, MessageType, Opcode, OptionCode};
use dhcproto::{Encodable, Encoder, Name};
use smoltcp::time::Instant;
use std::net::{IpAddr, Ipv4Addr};

pub(crate) const SERVER: u16 = 67;
pub(crate) const CLIENT: u16 = 68;

/// Length of a BOOTP message; some clients refuse shorter ones.
const SHORTEST: usize = 300;

/// What every machine of a network is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) subnet: Subnet,
    pub(crate) mtu: u16,
}

/// What one machine is told of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Naming<'a> {
    pub(crate) host_name: Option<&'a str>,
    pub(crate) domain: &'a str,
}

/// Who asks, as seen on the wire.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client<'a> {
    pub(crate) mac: Mac,
    pub(crate) port: usize,
    pub(crate) naming: Naming<'a>,
}

/// An answer and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) to: Mac,
    pub(crate) destination: Ipv4Addr,
    pub(crate) payload: Vec<u8>,
}

/// Answers a request. `in_use` tells of addresses somebody else was heard on.
pub(crate) fn answer(
    terms: &Terms,
    leases: &mut Leases,
    bytes: &[u8],
    client: Client<'_>,
    now: Instant,
    in_use: impl Fn(Ipv4Addr) -> bool,
) -> Option<Answer> {
    let request = parse(bytes, client.mac)?;
    let gateway = terms.subnet.gateway();
    match request.opts().msg_type()? {
        MessageType::Discover => {
            let address = leases.address(client.mac, client.port, now, in_use)?;
            Some(grant(terms, &request, MessageType::Offer, address, client))
        }
        MessageType::Request => {
            if asked_server(&request).is_some_and(|server| server != gateway) {
                // It took another server's offer. There is none that lasts, but it may think so.
                return None;
            }
            let own = leases.address(client.mac, client.port, now, in_use)?;
            let renews = !request.ciaddr().is_unspecified();
            let wanted = if renews {
                Some(request.ciaddr())
            } else {
                asked_address(&request)
            };
            if wanted != Some(own) {
                return Some(refuse(terms, &request, client.mac));
            }
            leases.granted(client.mac, own_name(&request), now);
            Some(grant(terms, &request, MessageType::Ack, own, client))
        }
        MessageType::Inform => {
            let address = Ipv4Addr::UNSPECIFIED;
            Some(grant(terms, &request, MessageType::Ack, address, client))
        }
        MessageType::Decline => {
            leases.declined(client.mac, now);
            None
        }
        MessageType::Release => {
            leases.released(client.mac);
            None
        }
        _ => None,
    }
}

fn reply(request: &Message, kind: MessageType, server: Ipv4Addr) -> Message {
    let mut reply = Message::new_with_id(
        request.xid(),
        Ipv4Addr::UNSPECIFIED,
        Ipv4Addr::UNSPECIFIED,
        Ipv4Addr::UNSPECIFIED,
        Ipv4Addr::UNSPECIFIED,
        request.chaddr(),
    );
    reply
        .set_opcode(Opcode::BootReply)
        .set_flags(request.flags());
    let options = reply.opts_mut();
    options.insert(DhcpOption::MessageType(kind));
    options.insert(DhcpOption::ServerIdentifier(server));
    reply
}

/// An OFFER or ACK. Without an address it is the answer to an INFORM: no lease is in it.
fn grant(
    terms: &Terms,
    request: &Message,
    kind: MessageType,
    address: Ipv4Addr,
    client: Client<'_>,
) -> Answer {
    let mut answer = reply(request, kind, terms.subnet.gateway());
    answer.set_yiaddr(address).set_ciaddr(request.ciaddr());
    if !address.is_unspecified() {
        let lease = u32::try_from(LEASE.secs()).unwrap_or(u32::MAX);
        let options = answer.opts_mut();
        options.insert(DhcpOption::AddressLeaseTime(lease));
        options.insert(DhcpOption::Renewal(lease / 2));
        options.insert(DhcpOption::Rebinding(lease / 8 * 7));
    }
    for option in told(terms, client.naming) {
        if wants(request, OptionCode::from(&option)) {
            answer.opts_mut().insert(option);
        }
    }
    deliver(&answer, client.mac)
}

/// A NAK: the client must begin anew. It may not have an address any more, so everybody hears it.
fn refuse(terms: &Terms, request: &Message, mac: Mac) -> Answer {
    let mut answer = reply(request, MessageType::Nak, terms.subnet.gateway());
    answer.set_flags(Flags::default().set_broadcast());
    answer
        .opts_mut()
        .insert(DhcpOption::Message("this address is not yours".to_owned()));
    deliver(&answer, mac)
}

/// Everything there is to tell, in full.
fn told(terms: &Terms, naming: Naming<'_>) -> Vec<DhcpOption> {
    let gateway = terms.subnet.gateway();
    let mut told = vec![
        DhcpOption::SubnetMask(terms.subnet.mask()),
        DhcpOption::BroadcastAddr(terms.subnet.broadcast()),
        DhcpOption::Router(vec![gateway]),
        DhcpOption::DomainNameServer(vec![gateway]),
        DhcpOption::NtpServers(vec![gateway]),
        DhcpOption::InterfaceMtu(terms.mtu),
        DhcpOption::DomainName(naming.domain.to_owned()),
    ];
    if let Some(name) = naming.host_name {
        told.push(DhcpOption::Hostname(name.to_owned()));
    }
    if let Ok(domain) = naming.domain.parse::<Name>() {
        told.push(DhcpOption::DomainSearch(vec![domain]));
    }
    told
}

/// Whether a client asked for an option; one that does not say gets everything.
fn wants(request: &Message, code: OptionCode) -> bool {
    match request.opts().get(OptionCode::ParameterRequestList) {
        Some(DhcpOption::ParameterRequestList(list)) => list.contains(&code),
        _ => true,
    }
}

/// Chooses the way back (RFC 2131, 4.1): to the address the client has, else to the one it gets,
/// unless it asks for a broadcast because it cannot hear anything else yet.
fn deliver(answer: &Message, mac: Mac) -> Answer {
    let (to, destination) = if !answer.ciaddr().is_unspecified() {
        (mac, answer.ciaddr())
    } else if answer.flags().broadcast() || answer.yiaddr().is_unspecified() {
        (Mac::BROADCAST, Ipv4Addr::BROADCAST)
    } else {
        (mac, answer.yiaddr())
    };
    let mut payload = Vec::with_capacity(SHORTEST + IPV4_HEADER + UDP_HEADER);
    if answer.encode(&mut Encoder::new(&mut payload)).is_err() {
        payload.clear();
    }
    payload.resize(payload.len().max(SHORTEST), 0);
    Answer {
        to,
        destination,
        payload,
    }
}

/// Whether a datagram to this address may be meant for the server.
pub(crate) fn is_for_server(destination: IpAddr, gateway: Ipv4Addr) -> bool {
    destination == IpAddr::V4(Ipv4Addr::BROADCAST) || destination == IpAddr::V4(gateway)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::lease::Claimant;
    use crate::address::request::HARDWARE_LENGTH_AT;
    use dhcproto::{Decodable, Decoder};
    use proptest::prelude::*;

    const MAC: Mac = Mac([0x52, 0x54, 0, 0, 0, 0x31]);
    const NAMING: Naming<'static> = Naming {
        host_name: Some("knossos-1"),
        domain: "knossos.crete.test",
    };

    struct Bench {
        terms: Terms,
        leases: Leases,
        now: Instant,
    }

    impl Bench {
        fn new() -> Self {
            let subnet = "10.131.7.0/24".parse().unwrap();
            let mut leases = Leases::new(subnet);
            let own = Claimant {
                id: "m",
                mac: MAC,
                address: Some(Ipv4Addr::new(10, 131, 7, 31)),
            };
            leases.assign(subnet, &[own]);
            Self {
                terms: Terms { subnet, mtu: 1450 },
                leases,
                now: Instant::ZERO,
            }
        }

        fn ask(&mut self, mac: Mac, bytes: &[u8]) -> Option<(Answer, Message)> {
            let client = Client {
                mac,
                port: 0,
                naming: NAMING,
            };
            let answer = answer(
                &self.terms,
                &mut self.leases,
                bytes,
                client,
                self.now,
                |_| false,
            )?;
            let message = Message::decode(&mut Decoder::new(&answer.payload)).unwrap();
            Some((answer, message))
        }
    }

    fn request(kind: MessageType, options: &[DhcpOption], ciaddr: Ipv4Addr) -> Vec<u8> {
        let none = Ipv4Addr::UNSPECIFIED;
        let mut message = Message::new_with_id(7, ciaddr, none, none, none, &MAC.0);
        message.opts_mut().insert(DhcpOption::MessageType(kind));
        for option in options {
            message.opts_mut().insert(option.clone());
        }
        let mut bytes = Vec::new();
        message.encode(&mut Encoder::new(&mut bytes)).unwrap();
        bytes
    }

    const OWN: Ipv4Addr = Ipv4Addr::new(10, 131, 7, 31);
    const WRONG: Ipv4Addr = Ipv4Addr::new(10, 131, 7, 77);
    const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 131, 7, 1);

    #[test]
    fn only_what_was_asked_for_is_told() {
        let mut bench = Bench::new();
        let list = vec![OptionCode::SubnetMask, OptionCode::InterfaceMtu];
        let asked = request(
            MessageType::Discover,
            &[DhcpOption::ParameterRequestList(list)],
            Ipv4Addr::UNSPECIFIED,
        );
        let (_, offer) = bench.ask(MAC, &asked).unwrap();
        let codes: Vec<u8> = offer
            .opts()
            .iter()
            .map(|(code, _)| u8::from(*code))
            .collect();
        assert_eq!(codes, [1, 26, 51, 53, 54, 58, 59]);
        let all = request(MessageType::Discover, &[], Ipv4Addr::UNSPECIFIED);
        let (_, offer) = bench.ask(MAC, &all).unwrap();
        assert_eq!(
            offer.opts().get(OptionCode::Hostname),
            Some(&DhcpOption::Hostname("knossos-1".into()))
        );
        assert_eq!(
            offer.opts().get(OptionCode::NtpServers),
            Some(&DhcpOption::NtpServers(vec![GATEWAY]))
        );
    }

    #[test]
    fn a_wrong_address_is_refused_aloud_and_the_right_one_confirmed() {
        let cases = [
            // Selecting, rebooting, renewing: asked address, server, own address; what comes back.
            (
                Some(OWN),
                Some(GATEWAY),
                Ipv4Addr::UNSPECIFIED,
                Some(MessageType::Ack),
            ),
            (
                Some(WRONG),
                Some(GATEWAY),
                Ipv4Addr::UNSPECIFIED,
                Some(MessageType::Nak),
            ),
            (Some(OWN), Some(WRONG), Ipv4Addr::UNSPECIFIED, None),
            (
                Some(OWN),
                None,
                Ipv4Addr::UNSPECIFIED,
                Some(MessageType::Ack),
            ),
            (
                Some(WRONG),
                None,
                Ipv4Addr::UNSPECIFIED,
                Some(MessageType::Nak),
            ),
            (None, None, OWN, Some(MessageType::Ack)),
            (None, None, WRONG, Some(MessageType::Nak)),
            (None, None, Ipv4Addr::UNSPECIFIED, Some(MessageType::Nak)),
        ];
        for (address, server, ciaddr, expected) in cases {
            let mut options = Vec::new();
            options.extend(address.map(DhcpOption::RequestedIpAddress));
            options.extend(server.map(DhcpOption::ServerIdentifier));
            let answer = Bench::new().ask(MAC, &request(MessageType::Request, &options, ciaddr));
            let kind = answer
                .as_ref()
                .and_then(|(_, message)| message.opts().msg_type());
            assert_eq!(kind, expected, "{address:?} {server:?} {ciaddr}");
            if kind == Some(MessageType::Nak) {
                assert_eq!(answer.unwrap().0.to, Mac::BROADCAST);
            }
        }
    }

    #[test]
    fn the_way_back_is_the_one_the_client_can_hear() {
        let mut bench = Bench::new();
        let quiet = request(MessageType::Discover, &[], Ipv4Addr::UNSPECIFIED);
        let (answer, _) = bench.ask(MAC, &quiet).unwrap();
        assert_eq!((answer.to, answer.destination), (MAC, OWN));
        let mut loud = quiet.clone();
        loud[10] = 0x80;
        let (answer, _) = bench.ask(MAC, &loud).unwrap();
        assert_eq!(
            (answer.to, answer.destination),
            (Mac::BROADCAST, Ipv4Addr::BROADCAST)
        );
        let renewal = request(MessageType::Request, &[], OWN);
        let (answer, _) = bench.ask(MAC, &renewal).unwrap();
        assert_eq!((answer.to, answer.destination), (MAC, OWN));
    }

    /// A day and more of a machine that stays: it asks at half of its lease, and the address never
    /// changes and never lapses.
    #[test]
    fn a_lease_lasts_as_long_as_it_is_renewed() {
        let mut bench = Bench::new();
        let renewal = request(MessageType::Request, &[], OWN);
        for _ in 0..10 {
            let (_, ack) = bench.ask(MAC, &renewal).unwrap();
            let Some(DhcpOption::Renewal(t1)) = ack.opts().get(OptionCode::Renewal) else {
                unreachable!("no renewal time");
            };
            assert_eq!(bench.leases.view(bench.now)[0].remaining_s, Some(24 * 3600));
            bench.now += smoltcp::time::Duration::from_secs(u64::from(*t1));
            assert_eq!(bench.leases.view(bench.now)[0].remaining_s, Some(12 * 3600));
        }
        bench.now += smoltcp::time::Duration::from_secs(24 * 3600);
        assert_eq!(bench.leases.view(bench.now)[0].remaining_s, None);
        assert_eq!(bench.ask(MAC, &renewal).unwrap().1.yiaddr(), OWN);
    }

    #[test]
    fn nobody_asks_for_another_card_or_through_a_relay() {
        let mut bench = Bench::new();
        let asked = request(MessageType::Discover, &[], Ipv4Addr::UNSPECIFIED);
        assert!(bench.ask(Mac([2; 6]), &asked).is_none());
        let mut relayed = asked.clone();
        relayed[24] = 10;
        assert!(bench.ask(MAC, &relayed).is_none());
        let mut reply = asked.clone();
        reply[0] = 2;
        assert!(bench.ask(MAC, &reply).is_none());
    }

    proptest! {
        /// Any bytes, and any change of a real request: no panic, and no address but one's own.
        #[test]
        fn no_message_panics(
            length in 0u8..=255,
            changes in prop::collection::vec((0usize..600, any::<u8>()), 0..40),
            cut in 0usize..600,
        ) {
            let mut bytes = request(MessageType::Request, &[
                DhcpOption::RequestedIpAddress(OWN),
                DhcpOption::ParameterRequestList(vec![OptionCode::Router]),
                DhcpOption::Hostname("a".into()),
            ], Ipv4Addr::UNSPECIFIED);
            bytes[HARDWARE_LENGTH_AT] = length;
            for (at, byte) in changes {
                if at < bytes.len() && at != HARDWARE_LENGTH_AT { bytes[at] = byte; }
            }
            bytes.truncate(cut);
            if let Some((_, answer)) = Bench::new().ask(MAC, &bytes) {
                prop_assert!(answer.yiaddr() == OWN || answer.yiaddr().is_unspecified());
            }
        }
    }
}
