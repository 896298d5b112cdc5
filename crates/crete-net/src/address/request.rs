//! A client's request, reduced to what is looked at before the codec sees it.
//!
//! The codec knows more than a hundred options, and is not equally careful with the length of each.
//! Of a hostile guest's message nothing reaches it but the few that matter here, whole.

use crate::frame::Mac;
use dhcproto::v4::{DhcpOption, Message, Opcode, OptionCode};
use dhcproto::{Decodable, Decoder};
use std::net::Ipv4Addr;

pub(super) const HARDWARE_LENGTH_AT: usize = 2;
/// Where the name of the server begins, and behind it that of a file to boot: nobody's here.
const NAMES_AT: usize = 44;
const MAGIC_AT: usize = 236;
const MAGIC: [u8; 4] = [99, 130, 83, 99];
const PAD: u8 = 0;
const END: u8 = 255;
/// The options that are looked at, and the length each must have: a host name and a list of wishes
/// have any, an address asked for, the kind of the message and the server have their own.
const READ: [(u8, Option<usize>); 5] = [
    (12, None),
    (50, Some(4)),
    (53, Some(1)),
    (54, Some(4)),
    (55, None),
];

/// The message with nothing in it that is not looked at; nothing when it is no message.
fn sift(bytes: &[u8]) -> Option<Vec<u8>> {
    let (head, mut options) = bytes.split_at_checked(MAGIC_AT + MAGIC.len())?;
    if head[MAGIC_AT..] != MAGIC {
        return None;
    }
    let mut sifted = head.to_vec();
    sifted[NAMES_AT..MAGIC_AT].fill(0);
    let mut wanted = READ.to_vec();
    while let [code, rest @ ..] = options {
        match *code {
            PAD => options = rest,
            END => break,
            code => {
                let (length, rest) = rest.split_first()?;
                let (value, rest) = rest.split_at_checked(usize::from(*length))?;
                let is_it = |(read, exact): &(u8, Option<usize>)| {
                    *read == code && exact.is_none_or(|exact| exact == value.len())
                };
                // The first of each; others would be put together with it.
                if let Some(at) = wanted.iter().position(is_it).filter(|_| !value.is_empty()) {
                    wanted.remove(at);
                    sifted.extend([code, *length]);
                    sifted.extend(value);
                }
                options = rest;
            }
        }
    }
    sifted.push(END);
    Some(sifted)
}

/// Reads a request of a client in this network; nothing when it is none.
pub(super) fn parse(bytes: &[u8], mac: Mac) -> Option<Message> {
    // The library cuts the hardware address at this length, whatever it says.
    if bytes.get(HARDWARE_LENGTH_AT) != Some(&6) {
        return None;
    }
    let sifted = sift(bytes)?;
    let request = Message::decode(&mut Decoder::new(&sifted)).ok()?;
    // Nobody asks for others: it would exhaust the addresses, and relays are not in one segment.
    let own = request.opcode() == Opcode::BootRequest && request.chaddr() == mac.0;
    (own && request.giaddr().is_unspecified()).then_some(request)
}

pub(super) fn asked_address(request: &Message) -> Option<Ipv4Addr> {
    match request.opts().get(OptionCode::RequestedIpAddress) {
        Some(DhcpOption::RequestedIpAddress(address)) => Some(*address),
        _ => None,
    }
}

pub(super) fn asked_server(request: &Message) -> Option<Ipv4Addr> {
    match request.opts().get(OptionCode::ServerIdentifier) {
        Some(DhcpOption::ServerIdentifier(server)) => Some(*server),
        _ => None,
    }
}

pub(super) fn own_name(request: &Message) -> Option<&str> {
    match request.opts().get(OptionCode::Hostname) {
        Some(DhcpOption::Hostname(name)) => {
            let printable = name.len() <= 253 && name.bytes().all(|byte| byte.is_ascii_graphic());
            printable.then_some(name.as_str())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dhcproto::v4::MessageType;

    const MAC: Mac = Mac([0x52, 0x54, 0, 0, 0, 1]);

    fn message(options: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; MAGIC_AT];
        bytes[..3].copy_from_slice(&[1, 1, 6]);
        bytes[28..34].copy_from_slice(&MAC.0);
        bytes.extend(MAGIC);
        bytes.extend(options);
        bytes
    }

    /// Each of these ended the codec: lengths that its options do not have. They were found by
    /// `cargo xtask fuzz dhcp`.
    #[test]
    fn options_of_wrong_lengths_are_not_handed_on() {
        for code in 1..END {
            for length in 0..6u8 {
                let mut options = vec![53, 1, 1, code, length];
                options.extend(vec![1; length.into()]);
                options.push(END);
                let request = parse(&message(&options), MAC).unwrap();
                let kind = request.opts().msg_type();
                assert_eq!(kind, Some(MessageType::Discover), "option {code}");
            }
        }
    }

    #[test]
    fn what_is_looked_at_is_still_there() {
        let options = [
            12, 2, b'a', b'b', 0, 53, 1, 3, 50, 4, 10, 0, 2, 9, 54, 4, 10, 0, 2, 1, 53, 1, 4, END,
            50, 4, 1, 1, 1, 1,
        ];
        let request = parse(&message(&options), MAC).unwrap();
        assert_eq!(request.opts().msg_type(), Some(MessageType::Request));
        assert_eq!(asked_address(&request), Some([10, 0, 2, 9].into()));
        assert_eq!(asked_server(&request), Some([10, 0, 2, 1].into()));
        assert_eq!(own_name(&request), Some("ab"));
        // Cut in the middle of an option it is no message at all.
        assert!(parse(&message(&options[..10]), MAC).is_none());
    }
}
