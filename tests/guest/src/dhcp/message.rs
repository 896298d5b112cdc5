//! Messages of DHCPv4 (RFC 2131, 2132), the client's side.

use std::net::Ipv4Addr;
use std::time::Duration;

const COOKIE: [u8; 4] = [99, 130, 83, 99];
/// Servers may drop what is shorter than a BOOTP message.
const SHORTEST: usize = 300;
const OPTIONS: usize = 240;

const OPTION_SUBNET: u8 = 1;
const OPTION_ROUTERS: u8 = 3;
const OPTION_RESOLVERS: u8 = 6;
const OPTION_HOSTNAME: u8 = 12;
const OPTION_MTU: u8 = 26;
const OPTION_REQUESTED: u8 = 50;
const OPTION_LEASE: u8 = 51;
const OPTION_KIND: u8 = 53;
const OPTION_SERVER: u8 = 54;
const OPTION_WANTED: u8 = 55;
const OPTION_LONGEST: u8 = 57;
const OPTION_CLIENT: u8 = 61;
const OPTION_END: u8 = 255;

/// What a real node asks for, in its order.
const WANTED: [u8; 9] = [1, 3, 15, 6, 121, 119, 42, 26, 12];
/// Without a lease time of the server's.
const DEFAULT_LEASE: Duration = Duration::from_secs(3600);
/// The shortest MTU of IPv4 that makes sense to set.
const LEAST_MTU: u16 = 576;

/// Who asks, and in which exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Hardware address.
    pub mac: [u8; 6],
    /// Number of the exchange; renewals keep that of the first.
    pub xid: u32,
}

/// What a server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An address can be had.
    Offer,
    /// It is yours.
    Ack,
    /// It is not.
    Nak,
}

/// A server's message to this client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What it says.
    pub kind: Kind,
    /// The address.
    pub address: Ipv4Addr,
    /// Bits of the network's prefix.
    pub prefix: u8,
    /// Who says it.
    pub server: Ipv4Addr,
    /// Routers, best first.
    pub routers: Vec<Ipv4Addr>,
    /// Name servers.
    pub resolvers: Vec<Ipv4Addr>,
    /// Name for this client.
    pub hostname: Option<String>,
    /// Largest packet, bytes.
    pub mtu: Option<u16>,
    /// How long the address may be used.
    pub lease: Duration,
}

/// "Who has an address for me?"
#[must_use]
pub fn discover(identity: &Identity) -> Vec<u8> {
    message(identity, 1, Ipv4Addr::UNSPECIFIED, &[])
}

/// "I take this one of yours."
#[must_use]
pub fn request(identity: &Identity, address: Ipv4Addr, server: Ipv4Addr) -> Vec<u8> {
    let options = [
        (OPTION_REQUESTED, address.octets()),
        (OPTION_SERVER, server.octets()),
    ];
    message(identity, 3, Ipv4Addr::UNSPECIFIED, &options)
}

/// "May I keep it?"
#[must_use]
pub fn renew(identity: &Identity, address: Ipv4Addr) -> Vec<u8> {
    message(identity, 3, address, &[])
}

fn message(identity: &Identity, kind: u8, current: Ipv4Addr, options: &[(u8, [u8; 4])]) -> Vec<u8> {
    let mut bytes = vec![0; OPTIONS];
    // Request, Ethernet, six bytes of hardware address. The broadcast flag stays clear.
    bytes[..3].copy_from_slice(&[1, 1, 6]);
    bytes[4..8].copy_from_slice(&identity.xid.to_be_bytes());
    bytes[12..16].copy_from_slice(&current.octets());
    bytes[28..34].copy_from_slice(&identity.mac);
    bytes[236..240].copy_from_slice(&COOKIE);
    bytes.extend_from_slice(&[OPTION_KIND, 1, kind]);
    for (option, data) in options {
        bytes.extend_from_slice(&[*option, 4]);
        bytes.extend_from_slice(data);
    }
    bytes.extend_from_slice(&[OPTION_WANTED, 9]);
    bytes.extend_from_slice(&WANTED);
    bytes.extend_from_slice(&[OPTION_LONGEST, 2]);
    bytes.extend_from_slice(&1500_u16.to_be_bytes());
    bytes.extend_from_slice(&[OPTION_CLIENT, 7, 1]);
    bytes.extend_from_slice(&identity.mac);
    bytes.push(OPTION_END);
    bytes.resize(bytes.len().max(SHORTEST), 0);
    bytes
}

/// Reads a server's message; `None` when it is none, or for somebody else.
#[must_use]
pub fn parse(bytes: &[u8], identity: &Identity) -> Option<Reply> {
    let head = bytes.get(..OPTIONS)?;
    let mine = head[0] == 2
        && head[4..8] == identity.xid.to_be_bytes()
        && head[28..34] == identity.mac
        && head[236..] == COOKIE;
    if !mine {
        return None;
    }
    let option = |wanted: u8| {
        options(&bytes[OPTIONS..])
            .find(|(option, _)| *option == wanted)
            .map(|(_, data)| data)
    };
    let address = |wanted| option(wanted).and_then(|data| addresses(data).next());
    let kind = match option(OPTION_KIND)? {
        [2] => Kind::Offer,
        [5] => Kind::Ack,
        [6] => Kind::Nak,
        _ => return None,
    };
    let list = |wanted| addresses(option(wanted).unwrap_or_default()).collect();
    let mask = address(OPTION_SUBNET).map_or(u32::MAX << 8, u32::from);
    let lease = option(OPTION_LEASE)
        .and_then(|data| <[u8; 4]>::try_from(data).ok())
        .map_or(DEFAULT_LEASE, |seconds| {
            Duration::from_secs(u32::from_be_bytes(seconds).max(1).into())
        });
    Some(Reply {
        kind,
        address: addresses(&head[16..20]).next()?,
        prefix: u8::try_from(mask.leading_ones()).unwrap_or(32),
        server: address(OPTION_SERVER)?,
        routers: list(OPTION_ROUTERS),
        resolvers: list(OPTION_RESOLVERS),
        hostname: option(OPTION_HOSTNAME).and_then(name),
        mtu: option(OPTION_MTU)
            .and_then(|data| <[u8; 2]>::try_from(data).ok())
            .map(u16::from_be_bytes)
            .filter(|mtu| *mtu >= LEAST_MTU),
        lease,
    })
}

fn options(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        // Padding may stand between any two.
        while let [0, after @ ..] = rest {
            rest = after;
        }
        let [option, length, after @ ..] = rest else {
            return None;
        };
        if *option == OPTION_END {
            return None;
        }
        let data = after.get(..usize::from(*length))?;
        rest = &after[data.len()..];
        Some((*option, data))
    })
}

fn addresses(data: &[u8]) -> impl Iterator<Item = Ipv4Addr> {
    data.as_chunks::<4>().0.iter().copied().map(Ipv4Addr::from)
}

/// A host name that may be shown and put into a certificate.
fn name(data: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(data).ok()?.trim_end_matches('\0');
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    (!text.is_empty() && text.len() <= 63 && text.chars().all(plain)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ME: Identity = Identity {
        mac: [0x52, 0x54, 0, 0x12, 0x34, 0x56],
        xid: 0x1234_5678,
    };

    /// A server's message, made from the client's own.
    fn reply(kind: u8, options: &[(u8, &[u8])]) -> Vec<u8> {
        let mut bytes = discover(&ME);
        bytes[0] = 2;
        bytes[16..20].copy_from_slice(&[10, 0, 2, 15]);
        bytes.truncate(OPTIONS);
        bytes.extend_from_slice(&[0, OPTION_KIND, 1, kind]);
        for (option, data) in options {
            bytes.extend_from_slice(&[*option, u8::try_from(data.len()).unwrap()]);
            bytes.extend_from_slice(data);
        }
        bytes.push(OPTION_END);
        bytes
    }

    fn asked(bytes: &[u8]) -> Vec<(u8, &[u8])> {
        options(&bytes[OPTIONS..]).collect()
    }

    /// Options and flags as captured from a real node.
    #[test]
    fn it_asks_as_a_real_node_asks() {
        let bytes = discover(&ME);
        assert_eq!(bytes[10..12], [0, 0], "the broadcast flag is clear");
        let client = [&[1], ME.mac.as_slice()].concat();
        assert_eq!(
            asked(&bytes),
            [
                (53, [1].as_slice()),
                (55, &[1, 3, 15, 6, 121, 119, 42, 26, 12]),
                (57, &[5, 220]),
                (61, &client),
            ]
        );
        let bytes = request(&ME, [10, 0, 2, 15].into(), [10, 0, 2, 2].into());
        assert_eq!(asked(&bytes)[1], (50, [10, 0, 2, 15].as_slice()));
        assert_eq!(asked(&bytes)[2], (54, [10, 0, 2, 2].as_slice()));
        let bytes = renew(&ME, [10, 0, 2, 15].into());
        assert_eq!(bytes[12..16], [10, 0, 2, 15]);
        assert!(asked(&bytes).iter().all(|(option, _)| *option != 50));
    }

    #[test]
    fn a_lease_is_read() {
        let bytes = reply(
            5,
            &[
                (1, &[255, 255, 255, 0]),
                (3, &[10, 0, 2, 2]),
                (6, &[10, 0, 2, 3, 1, 1, 1, 1]),
                (12, b"node-1"),
                (26, &[5, 0]),
                (51, &[0, 0, 1, 44]),
                (54, &[10, 0, 2, 2]),
            ],
        );
        let lease = parse(&bytes, &ME).unwrap();
        assert_eq!(
            lease,
            Reply {
                kind: Kind::Ack,
                address: [10, 0, 2, 15].into(),
                prefix: 24,
                server: [10, 0, 2, 2].into(),
                routers: vec![[10, 0, 2, 2].into()],
                resolvers: vec![[10, 0, 2, 3].into(), [1, 1, 1, 1].into()],
                hostname: Some("node-1".into()),
                mtu: Some(1280),
                lease: Duration::from_secs(300),
            }
        );
    }

    #[test]
    fn what_is_for_somebody_else_is_nothing() {
        let bytes = reply(2, &[(54, &[10, 0, 2, 2])]);
        assert!(parse(&bytes, &ME).is_some());
        let other = Identity { xid: 1, ..ME };
        assert_eq!(parse(&bytes, &other), None);
        let other = Identity { mac: [1; 6], ..ME };
        assert_eq!(parse(&bytes, &other), None);
        assert_eq!(parse(&discover(&ME), &ME), None, "a request is no reply");
    }

    #[test]
    fn a_name_that_is_no_name_is_dropped() {
        let named = |text: &[u8]| {
            let bytes = reply(5, &[(54, &[10, 0, 2, 2]), (12, text)]);
            parse(&bytes, &ME).unwrap().hostname
        };
        assert_eq!(named(b"a.b-1\0").as_deref(), Some("a.b-1"));
        assert_eq!(named(b"\x1b[2J"), None);
        assert_eq!(named(b""), None);
    }

    proptest! {
        #[test]
        fn no_message_panics(tail in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..300) {
            let mut bytes = reply(5, &[(54, &[10, 0, 2, 2])]);
            bytes.pop();
            bytes.extend_from_slice(&tail);
            let _ = parse(&bytes, &ME);
            let _ = parse(&bytes[..cut.min(bytes.len())], &ME);
            let _ = parse(&tail, &ME);
        }
    }
}
