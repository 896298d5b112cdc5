//! Who holds a port of this computer already, as far as an ordinary user may know.

use crate::config::Protocol;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The process that listens on an address for connections, by name and number; nothing when it is
/// another user's.
#[must_use]
pub fn port_owner(at: SocketAddr) -> Option<String> {
    owner_of(Protocol::Tcp, at)
}

/// The kernel's tables of sockets of a protocol. A socket for IPv6 may have the port for both.
fn tables(protocol: Protocol) -> [&'static str; 2] {
    match protocol {
        Protocol::Tcp => ["/proc/net/tcp", "/proc/net/tcp6"],
        Protocol::Udp => ["/proc/net/udp", "/proc/net/udp6"],
    }
}

/// As [`port_owner`], for either protocol.
pub(crate) fn owner_of(protocol: Protocol, at: SocketAddr) -> Option<String> {
    let inode = tables(protocol).iter().find_map(|path| {
        let table = fs::read_to_string(path).ok()?;
        let mut lines = table.lines().skip(1);
        lines.find_map(|line| holder_inode(line, protocol, at))
    })?;
    let wanted = format!("socket:[{inode}]");
    let processes = fs::read_dir("/proc").ok()?;
    processes.flatten().find_map(|process| {
        let pid: u32 = process.file_name().to_str()?.parse().ok()?;
        let mut files = fs::read_dir(process.path().join("fd")).ok()?.flatten();
        let holds = files.any(|file| {
            fs::read_link(file.path()).is_ok_and(|link| link.to_str() == Some(wanted.as_str()))
        });
        let name = fs::read_to_string(process.path().join("comm")).ok()?;
        holds.then(|| format!("{} ({pid})", name.trim()))
    })
}

/// An address as the kernel's tables have it: words in the computer's own order.
fn address(text: &str) -> Option<IpAddr> {
    let word = |at: usize| u32::from_str_radix(text.get(at..at + 8)?, 16).ok();
    if text.len() == 8 {
        return Some(Ipv4Addr::from(word(0)?.to_ne_bytes()).into());
    }
    let mut bytes = [0; 16];
    for (n, chunk) in bytes.chunks_mut(4).enumerate() {
        chunk.copy_from_slice(&word(n * 8)?.to_ne_bytes());
    }
    Some(Ipv6Addr::from(bytes).to_canonical())
}

/// The inode of a line of the kernel's table, when that is of a socket that is in the way.
fn holder_inode(line: &str, protocol: Protocol, at: SocketAddr) -> Option<u64> {
    const LISTENING: &str = "0A";
    const UNCONNECTED: &str = "07";
    let mut fields = line.split_whitespace().skip(1);
    let (own, port) = fields.next()?.split_once(':')?;
    let own = address(own)?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let state = fields.nth(1)?;
    let inode = fields.nth(5)?.parse().ok()?;
    let holds = match protocol {
        Protocol::Tcp => state == LISTENING,
        Protocol::Udp => state == UNCONNECTED,
    };
    let covers = own == at.ip() || own.is_unspecified() || at.ip().is_unspecified();
    (holds && port == at.port() && covers).then_some(inode)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, UdpSocket};

    fn is_own(owner: Option<String>) -> bool {
        owner.is_some_and(|owner| owner.ends_with(&format!("({})", std::process::id())))
    }

    #[test]
    fn this_test_owns_its_own_port() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        assert!(is_own(port_owner(at)));
        // The same number, for datagrams, is nobody's.
        assert_eq!(owner_of(Protocol::Udp, at), None);
        drop(listener);
        assert_eq!(port_owner(at), None);
    }

    #[test]
    fn whoever_has_a_port_of_datagrams_is_found() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        assert!(is_own(owner_of(
            Protocol::Udp,
            socket.local_addr().unwrap()
        )));
    }

    /// As most servers do it: for everybody, by both versions.
    #[test]
    fn whoever_listens_everywhere_is_in_the_way_of_each_address() {
        let Ok(listener) = TcpListener::bind("[::]:0") else {
            return;
        };
        let port = listener.local_addr().unwrap().port();
        assert!(is_own(port_owner(([127, 9, 9, 9], port).into())));
    }

    #[test]
    fn addresses_are_read_as_the_kernel_writes_them() {
        let own = |words: &[[u8; 4]]| -> String {
            let hex = |word: &[u8; 4]| format!("{:08X}", u32::from_ne_bytes(*word));
            words.iter().map(hex).collect()
        };
        let v4 = [127, 0, 0, 1];
        assert_eq!(address(&own(&[v4])), Some(Ipv4Addr::from(v4).into()));
        let mapped = own(&[[0; 4], [0; 4], [0, 0, 0xff, 0xff], v4]);
        assert_eq!(address(&mapped), Some(Ipv4Addr::from(v4).into()));
        let last = own(&[[0xfd, 0, 0, 0], [0; 4], [0; 4], [0, 0, 0, 1]]);
        assert_eq!(address(&last), "fd00::1".parse().ok());
        assert_eq!(address("7F"), None);
    }
}
