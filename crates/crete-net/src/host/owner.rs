//! Who holds a port of this computer already, as far as an ordinary user may know.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};

/// The process that listens on an address, by name and number; nothing when it is another user's.
#[must_use]
pub fn port_owner(at: SocketAddr) -> Option<String> {
    let table = fs::read_to_string("/proc/net/tcp").ok()?;
    let inode = table
        .lines()
        .skip(1)
        .find_map(|line| listener_inode(line, at))?;
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

/// The inode of a line of the kernel's table, when that is a listener that is in the way.
fn listener_inode(line: &str, at: SocketAddr) -> Option<u64> {
    const LISTENING: &str = "0A";
    let mut fields = line.split_whitespace().skip(1);
    let (address, port) = fields.next()?.split_once(':')?;
    let address = Ipv4Addr::from(u32::from_str_radix(address, 16).ok()?.to_ne_bytes());
    let port = u16::from_str_radix(port, 16).ok()?;
    let state = fields.nth(1)?;
    let inode = fields.nth(5)?.parse().ok()?;
    let is_it =
        state == LISTENING && port == at.port() && (address.is_unspecified() || address == at.ip());
    is_it.then_some(inode)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn this_test_owns_its_own_port() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let owner = port_owner(at).unwrap();
        assert!(
            owner.ends_with(&format!("({})", std::process::id())),
            "{owner}"
        );
        drop(listener);
        assert_eq!(port_owner(at), None);
    }
}
