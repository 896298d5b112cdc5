//! The kernel's routes, asked by netlink: where an address leads now, and which routes there are.
//!
//! The kernel itself says whether an address is one of its own. A list of addresses would be old
//! the moment it was made, and would miss whole ranges that are routed to this computer.

use crate::address::Subnet;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::OwnedFd;

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const RTM_NEWROUTE: u16 = 24;
const RTM_GETROUTE: u16 = 26;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_DUMP: u16 = 0x300;

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;

const RTN_UNICAST: u8 = 1;
const RTN_LOCAL: u8 = 2;
const RTN_BROADCAST: u8 = 3;
const RTN_ANYCAST: u8 = 4;
const RTN_MULTICAST: u8 = 5;

const HEADER: usize = 16;
const ROUTE_HEADER: usize = 12;

/// Where an address leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// To another computer.
    Elsewhere,
    /// To this one.
    Here,
    /// To many, or to whoever.
    NotOneStation,
    /// Nowhere.
    Nowhere,
}

/// A route of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteView {
    /// What it leads to.
    pub subnet: Subnet,
    /// The number of the interface it leads through.
    pub interface: Option<u32>,
}

fn open() -> io::Result<OwnedFd> {
    let socket = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        // Protocol 0 of netlink is routing.
        None,
    )?;
    rustix::net::connect(&socket, &SocketAddrNetlink::new(0, 0))?;
    Ok(socket)
}

/// A descriptor on which the kernel tells of every change of routes.
pub(crate) fn watch() -> io::Result<OwnedFd> {
    const ROUTES_V4: u32 = 0x40;
    const ROUTES_V6: u32 = 0x400;
    let socket = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        None,
    )?;
    rustix::net::bind(&socket, &SocketAddrNetlink::new(0, ROUTES_V4 | ROUTES_V6))?;
    Ok(socket)
}

/// A request about routes: a message header, a route header, and the address asked for.
fn request(flags: u16, family: u8, address: Option<&[u8]>) -> Vec<u8> {
    let bits = address.map_or(0, |address| u8::try_from(address.len() * 8).unwrap_or(0));
    let mut body = vec![0; ROUTE_HEADER];
    body[0] = family;
    body[1] = bits;
    if let Some(address) = address {
        let length = u16::try_from(4 + address.len()).unwrap_or(0);
        body.extend(length.to_ne_bytes());
        body.extend(RTA_DST.to_ne_bytes());
        body.extend(address);
    }
    let length = u32::try_from(HEADER + body.len()).unwrap_or(0);
    let mut message = length.to_ne_bytes().to_vec();
    message.extend(RTM_GETROUTE.to_ne_bytes());
    message.extend((NLM_F_REQUEST | flags).to_ne_bytes());
    message.extend(1u32.to_ne_bytes());
    message.extend(0u32.to_ne_bytes());
    message.extend(body);
    message
}

/// Asks the kernel where an address leads.
pub(crate) fn look_up(address: IpAddr) -> io::Result<Lookup> {
    let message = match address {
        IpAddr::V4(address) => request(0, AF_INET, Some(&address.octets())),
        IpAddr::V6(address) => request(0, AF_INET6, Some(&address.octets())),
    };
    let socket = open()?;
    rustix::net::send(&socket, &message, SendFlags::empty())?;
    let mut answer = [0u8; 4096];
    let (length, _) = rustix::net::recv(&socket, &mut answer[..], RecvFlags::empty())?;
    Ok(read_lookup(&answer[..length.min(answer.len())]))
}

fn read_lookup(answer: &[u8]) -> Lookup {
    let first = messages(answer).next();
    let kind = first
        .filter(|(kind, _)| *kind == RTM_NEWROUTE)
        .and_then(|(_, body)| body.get(7));
    match kind {
        Some(&RTN_UNICAST) => Lookup::Elsewhere,
        Some(&RTN_LOCAL) => Lookup::Here,
        Some(&(RTN_BROADCAST | RTN_ANYCAST | RTN_MULTICAST)) => Lookup::NotOneStation,
        _ => Lookup::Nowhere,
    }
}

/// The IPv4 routes of the host that lead to other computers, of whichever table: VPNs keep theirs
/// in tables of their own.
///
/// # Errors
/// When the kernel does not answer.
pub fn routes() -> io::Result<Vec<RouteView>> {
    let socket = open()?;
    rustix::net::send(
        &socket,
        &request(NLM_F_DUMP, AF_INET, None),
        SendFlags::empty(),
    )?;
    let mut routes = Vec::new();
    let mut answer = vec![0u8; 64 << 10];
    loop {
        let (length, _) = rustix::net::recv(&socket, &mut answer[..], RecvFlags::empty())?;
        if !read_routes(&answer[..length.min(answer.len())], &mut routes) {
            return Ok(routes);
        }
    }
}

/// Reads a part of a dump; false when it was the last.
fn read_routes(answer: &[u8], routes: &mut Vec<RouteView>) -> bool {
    let mut any = false;
    for (kind, body) in messages(answer) {
        any = true;
        match kind {
            NLMSG_DONE | NLMSG_ERROR => return false,
            RTM_NEWROUTE => routes.extend(read_route(body)),
            _ => {}
        }
    }
    any
}

fn read_route(body: &[u8]) -> Option<RouteView> {
    let header: &[u8; ROUTE_HEADER] = body.first_chunk()?;
    if header[0] != AF_INET || header[7] != RTN_UNICAST {
        return None;
    }
    let mut address = Ipv4Addr::UNSPECIFIED;
    let mut interface = None;
    for (kind, value) in attributes(&body[ROUTE_HEADER..]) {
        let value: Option<[u8; 4]> = value.try_into().ok();
        match (kind, value) {
            (RTA_DST, Some(bytes)) => address = bytes.into(),
            (RTA_OIF, Some(bytes)) => interface = Some(u32::from_ne_bytes(bytes)),
            _ => {}
        }
    }
    Some(RouteView {
        subnet: Subnet::around(address, header[1])?,
        interface,
    })
}

/// Reads bytes as both kinds of answer.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn read_anything(bytes: &[u8]) {
    let _ = read_lookup(bytes);
    read_routes(bytes, &mut Vec::new());
}

/// The messages of a datagram: their kinds and bodies.
fn messages(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = u32::from_ne_bytes(*bytes.first_chunk()?);
        let length = usize::try_from(length)
            .ok()
            .filter(|length| *length >= HEADER)?;
        let message = bytes.get(..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        let kind = u16::from_ne_bytes([message[4], message[5]]);
        Some((kind, &message[HEADER..]))
    })
}

/// The attributes behind a route header: their kinds and values.
fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(u16::from_ne_bytes(*bytes.first_chunk()?));
        let attribute = bytes.get(..length).filter(|_| length >= 4)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        let kind = u16::from_ne_bytes([attribute[2], attribute[3]]);
        Some((kind, &attribute[4..]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Against what the kernel writes for people to read, which is its main table alone.
    #[test]
    fn the_routes_of_proc_are_among_them() {
        let text = std::fs::read_to_string("/proc/net/route").unwrap();
        let found: Vec<String> = routes()
            .unwrap()
            .iter()
            .map(|route| route.subnet.to_string())
            .collect();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let number = |at: usize| u32::from_str_radix(fields[at], 16).unwrap();
            let flags = number(3);
            let address = Ipv4Addr::from(number(1).to_ne_bytes());
            let route = format!("{address}/{}", number(7).count_ones());
            // Up, and not a route that refuses.
            assert!(flags & 0x201 != 1 || found.contains(&route), "{route}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), length in 0u32..220) {
            let mut bytes = bytes;
            if let Some(head) = bytes.first_chunk_mut::<4>() { *head = length.to_ne_bytes(); }
            let _ = read_lookup(&bytes);
            read_routes(&bytes, &mut Vec::new());
        }
    }
}
