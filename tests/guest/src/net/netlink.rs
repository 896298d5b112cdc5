//! The kernel's own protocol for links, addresses and routes: the few messages that are needed.

use crate::error::{GuestError, Result};
use crate::kernel::watched;
use crete_practice_node::Prefix;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::OwnedFd;
use tokio::io::unix::AsyncFd;

const NEW_LINK: u16 = 16;
const NEW_ADDRESS: u16 = 20;
const DELETE_ADDRESS: u16 = 21;
const GET_ADDRESS: u16 = 22;
const NEW_ROUTE: u16 = 24;
const ERROR: u16 = 2;
const DONE: u16 = 3;

const REQUEST: u16 = 1;
const ACKNOWLEDGE: u16 = 4;
const DUMP: u16 = 0x300;
/// Create, or replace what is there.
const PUT: u16 = 0x500;

const INET: u8 = 2;
const INET6: u8 = 10;
/// Groups that tell of links that change, and of addresses that come and go.
const GROUPS: u32 = 0x1 | 0x10 | 0x100;
const HEADER: usize = 16;
/// The priority of routes learned by DHCP on real nodes.
pub const ROUTE_PRIORITY: u32 = 1024;

/// A conversation with the kernel.
pub struct Netlink {
    socket: OwnedFd,
    sequence: u32,
}

/// An address of some link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The link.
    pub index: u32,
    /// The address.
    pub address: Prefix,
    scope: u8,
    flags: u8,
}

impl Found {
    /// True when others can reach it: not link-local, and no longer being probed for doubles.
    pub fn is_reachable(self) -> bool {
        const LINK: u8 = 253;
        const TENTATIVE: u8 = 0x40;
        self.scope < LINK && self.flags & TENTATIVE == 0
    }
}

impl Netlink {
    /// Opens a conversation.
    ///
    /// # Errors
    /// When the kernel refuses it.
    pub fn open() -> Result<Self> {
        let socket = open(SocketFlags::CLOEXEC, 0).map_err(GuestError::network("netlink"))?;
        Ok(Self {
            socket,
            sequence: 0,
        })
    }

    /// Sets a link up.
    ///
    /// # Errors
    /// When the kernel refuses it.
    pub fn set_up(&mut self, index: u32) -> Result<()> {
        const UP: u32 = 1;
        let body = link_body(index, UP, UP);
        self.order(NEW_LINK, 0, &body, &format!("setting link {index} up"))
    }

    /// Renames a link that is down.
    ///
    /// # Errors
    /// When the kernel refuses it.
    pub fn rename(&mut self, index: u32, name: &str) -> Result<()> {
        const NAME: u16 = 3;
        let mut body = link_body(index, 0, 0);
        let text = [name.as_bytes(), &[0]].concat();
        attribute(&mut body, NAME, &text);
        self.order(NEW_LINK, 0, &body, &format!("naming link {index} {name:?}"))
    }

    /// Sets the largest packet of a link, bytes.
    ///
    /// # Errors
    /// When the kernel refuses it.
    pub fn set_mtu(&mut self, index: u32, mtu: u16) -> Result<()> {
        const MTU: u16 = 4;
        let mut body = link_body(index, 0, 0);
        attribute(&mut body, MTU, &u32::from(mtu).to_ne_bytes());
        self.order(NEW_LINK, 0, &body, &format!("setting MTU {mtu}"))
    }

    /// Gives a link an address.
    ///
    /// # Errors
    /// When the kernel refuses it.
    pub fn add_address(&mut self, index: u32, ip: Ipv4Addr, prefix: u8) -> Result<()> {
        let body = address_body(index, ip, prefix);
        self.order(
            NEW_ADDRESS,
            PUT,
            &body,
            &format!("adding address {ip}/{prefix}"),
        )
    }

    /// Takes an address from a link, and with it the routes through it.
    ///
    /// # Errors
    /// When the kernel refuses it.
    pub fn remove_address(&mut self, index: u32, ip: Ipv4Addr, prefix: u8) -> Result<()> {
        let body = address_body(index, ip, prefix);
        self.order(
            DELETE_ADDRESS,
            0,
            &body,
            &format!("removing address {ip}/{prefix}"),
        )
    }

    /// Sets the default route.
    ///
    /// # Errors
    /// When the kernel refuses it.
    pub fn add_default_route(&mut self, index: u32, gateway: Ipv4Addr) -> Result<()> {
        let body = route_body(index, gateway);
        self.order(
            NEW_ROUTE,
            PUT,
            &body,
            &format!("adding a route through {gateway}"),
        )
    }

    /// All addresses of all links.
    ///
    /// # Errors
    /// When the kernel does not tell them.
    pub fn addresses(&mut self) -> Result<Vec<Found>> {
        let answers = self
            .ask(GET_ADDRESS, DUMP, &[0; 8])
            .map_err(GuestError::network("listing addresses"))?;
        Ok(answers
            .iter()
            .filter(|(kind, _)| *kind == NEW_ADDRESS)
            .filter_map(|(_, body)| parse_address(body))
            .collect())
    }

    fn order(&mut self, kind: u16, flags: u16, body: &[u8], what: &str) -> Result<()> {
        self.ask(kind, flags | ACKNOWLEDGE, body)
            .map(drop)
            .map_err(GuestError::network(what))
    }

    /// Sends a request and reads until its answer is complete. The kernel answers at once.
    fn ask(&mut self, kind: u16, flags: u16, body: &[u8]) -> io::Result<Vec<(u16, Vec<u8>)>> {
        self.sequence += 1;
        let request = message(kind, REQUEST | flags, self.sequence, body);
        rustix::net::send(&self.socket, &request, SendFlags::empty())?;
        let mut answers = Vec::new();
        let mut buffer = vec![0; 32 * 1024];
        loop {
            let (_, read) =
                rustix::net::recv(&self.socket, buffer.as_mut_slice(), RecvFlags::empty())?;
            for (kind, body) in messages(&buffer[..read]) {
                match kind {
                    DONE => return Ok(answers),
                    ERROR => {
                        let code = i32::from_ne_bytes(first(body).unwrap_or_default());
                        return if code == 0 {
                            Ok(answers)
                        } else {
                            Err(io::Error::from_raw_os_error(-code))
                        };
                    }
                    kind => answers.push((kind, body.to_vec())),
                }
            }
        }
    }
}

/// Hears of links that change, and of addresses that come and go.
pub struct Changes(AsyncFd<OwnedFd>);

impl Changes {
    /// Hears of changes from now on.
    ///
    /// # Errors
    /// When the kernel refuses it.
    pub fn open() -> Result<Self> {
        open(SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, GROUPS)
            .and_then(watched)
            .map(Self)
            .map_err(GuestError::network("netlink"))
    }

    /// Waits for changes and forgets what they were: everything is looked at anew.
    ///
    /// # Errors
    /// When the kernel ends the conversation.
    pub async fn next(&self) -> Result<()> {
        let mut buffer = vec![0; 32 * 1024];
        let read = self.0.async_io(tokio::io::Interest::READABLE, |socket| {
            match rustix::net::recv(socket, buffer.as_mut_slice(), RecvFlags::empty()) {
                // Some were lost: all the more reason to list anew.
                Ok(_) | Err(rustix::io::Errno::NOBUFS) => Ok(()),
                Err(error) => Err(error.into()),
            }
        });
        read.await.map_err(GuestError::network("netlink"))
    }
}

fn open(flags: SocketFlags, groups: u32) -> io::Result<OwnedFd> {
    let socket = rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
    rustix::net::bind(&socket, &SocketAddrNetlink::new(0, groups))?;
    Ok(socket)
}

fn message(kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(HEADER + body.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(HEADER + body.len());
    bytes.extend_from_slice(&length.to_ne_bytes());
    bytes.extend_from_slice(&kind.to_ne_bytes());
    bytes.extend_from_slice(&flags.to_ne_bytes());
    bytes.extend_from_slice(&sequence.to_ne_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(body);
    bytes
}

/// Appends an attribute, padded to four bytes.
fn attribute(body: &mut Vec<u8>, kind: u16, data: &[u8]) {
    let length = u16::try_from(4 + data.len()).unwrap_or(u16::MAX);
    body.extend_from_slice(&length.to_ne_bytes());
    body.extend_from_slice(&kind.to_ne_bytes());
    body.extend_from_slice(data);
    body.resize(body.len().next_multiple_of(4), 0);
}

fn link_body(index: u32, flags: u32, change: u32) -> Vec<u8> {
    let mut body = vec![0; 4];
    for field in [index, flags, change] {
        body.extend_from_slice(&field.to_ne_bytes());
    }
    body
}

fn address_body(index: u32, ip: Ipv4Addr, prefix: u8) -> Vec<u8> {
    const ADDRESS: u16 = 1;
    const LOCAL: u16 = 2;
    const BROADCAST: u16 = 4;
    let mut body = vec![INET, prefix, 0, 0];
    body.extend_from_slice(&index.to_ne_bytes());
    attribute(&mut body, ADDRESS, &ip.octets());
    attribute(&mut body, LOCAL, &ip.octets());
    let hosts = u32::MAX.checked_shr(prefix.into()).unwrap_or(0);
    attribute(&mut body, BROADCAST, &(u32::from(ip) | hosts).to_be_bytes());
    body
}

fn route_body(index: u32, gateway: Ipv4Addr) -> Vec<u8> {
    const MAIN_TABLE: u8 = 254;
    const BY_DHCP: u8 = 16;
    const UNICAST: u8 = 1;
    const LINK: u16 = 4;
    const GATEWAY: u16 = 5;
    const PRIORITY: u16 = 6;
    let mut body = vec![INET, 0, 0, 0, MAIN_TABLE, BY_DHCP, 0, UNICAST, 0, 0, 0, 0];
    attribute(&mut body, LINK, &index.to_ne_bytes());
    attribute(&mut body, GATEWAY, &gateway.octets());
    attribute(&mut body, PRIORITY, &ROUTE_PRIORITY.to_ne_bytes());
    body
}

fn first<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.first_chunk().copied()
}

/// Splits off a part that tells its own length, with the padding behind it.
fn split_part(bytes: &[u8], length: usize, least: usize) -> Option<(&[u8], &[u8])> {
    if length < least {
        return None;
    }
    let part = bytes.get(..length)?;
    let after = length.next_multiple_of(4).min(bytes.len());
    Some((part, &bytes[after..]))
}

fn messages(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let length = usize::try_from(u32::from_ne_bytes(first(rest)?)).ok()?;
        let (message, after) = split_part(rest, length, HEADER)?;
        rest = after;
        let kind = u16::from_ne_bytes([message[4], message[5]]);
        Some((kind, &message[HEADER..]))
    })
}

fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let [a, b, c, d] = first(rest)?;
        let length = usize::from(u16::from_ne_bytes([a, b]));
        let (part, after) = split_part(rest, length, 4)?;
        rest = after;
        Some((u16::from_ne_bytes([c, d]), &part[4..]))
    })
}

fn parse_address(body: &[u8]) -> Option<Found> {
    const ADDRESS: u16 = 1;
    const LOCAL: u16 = 2;
    let [family, prefix, flags, scope, index @ ..] = first::<8>(body)?;
    let wanted = match family {
        INET => LOCAL,
        INET6 => ADDRESS,
        _ => return None,
    };
    let (_, data) = attributes(&body[8..]).find(|(kind, _)| *kind == wanted)?;
    let ip = match family {
        INET => IpAddr::from(Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?)),
        _ => IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(data).ok()?)),
    };
    Some(Found {
        index: u32::from_ne_bytes(index),
        address: Prefix { ip, length: prefix },
        scope,
        flags,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_comes_back() {
        let body = address_body(7, Ipv4Addr::new(10, 0, 2, 15), 24);
        let bytes = message(NEW_ADDRESS, 0, 1, &body);
        let (kind, body) = messages(&bytes).next().unwrap();
        assert_eq!(kind, NEW_ADDRESS);
        let found = parse_address(body).unwrap();
        assert_eq!(found.index, 7);
        assert_eq!(found.address.to_string(), "10.0.2.15/24");
        assert!(found.is_reachable());
        let broadcast = attributes(&body[8..]).find(|(kind, _)| *kind == 4).unwrap();
        assert_eq!(broadcast.1, [10, 0, 2, 255]);
    }

    #[test]
    fn link_local_and_tentative_addresses_are_not_reachable() {
        let address = Prefix {
            ip: "fec0::1".parse().unwrap(),
            length: 64,
        };
        let found = |scope, flags| Found {
            index: 2,
            address,
            scope,
            flags,
        };
        // Scope 200 is site-local.
        assert!(found(200, 0x80).is_reachable());
        assert!(!found(200, 0xC0).is_reachable());
        assert!(!found(253, 0x80).is_reachable());
    }

    /// The kernel of the building computer speaks the same protocol.
    #[test]
    fn the_loopback_is_listed() {
        let found = Netlink::open().unwrap().addresses().unwrap();
        assert!(
            found
                .iter()
                .any(|found| found.address.ip == IpAddr::from(Ipv4Addr::LOCALHOST)),
            "{found:?}"
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for (_, body) in messages(&bytes) {
                let _ = parse_address(body);
            }
            let _ = parse_address(&bytes);
        }
    }
}
