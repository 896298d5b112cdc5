//! The computer's own network: sockets of it, and what it says of itself.

mod owner;
mod routes;
mod socket;

pub(crate) use owner::owner_of;
pub use owner::port_owner;
pub use routes::{RouteView, routes};
pub(crate) use socket::{any_address, connect_tcp};

use crate::address::Subnet;
use crate::names::resolvers;
use crate::outside::{Barred, Outside};
use routes::Lookup;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use routes::read_anything;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// The computer this runs on.
#[derive(Debug)]
pub struct Host {
    resolv_conf: PathBuf,
    seen: Option<(u64, i64, i64, u64)>,
    resolvers: Vec<SocketAddr>,
}

impl Host {
    /// The computer whose resolvers stand in this file.
    #[must_use]
    pub fn new(resolv_conf: PathBuf) -> Self {
        Self {
            resolv_conf,
            seen: None,
            resolvers: Vec::new(),
        }
    }
}

impl Outside for Host {
    fn resolvers(&mut self) -> Vec<SocketAddr> {
        let seen = std::fs::metadata(&self.resolv_conf)
            .ok()
            .map(|meta| (meta.ino(), meta.mtime(), meta.mtime_nsec(), meta.len()));
        if seen.is_none() || seen != self.seen {
            let text = std::fs::read_to_string(&self.resolv_conf).unwrap_or_default();
            self.resolvers = resolvers::parse(&text, socket::interface_index);
            self.seen = seen;
        }
        self.resolvers.clone()
    }

    fn admit(&mut self, address: IpAddr) -> Result<(), Barred> {
        bar_by_form(address)?;
        match routes::look_up(address) {
            Ok(Lookup::Elsewhere) => Ok(()),
            Ok(Lookup::Here) => Err(Barred::ThisComputer),
            Ok(Lookup::NotOneStation) => Err(Barred::NotOneStation),
            // What the kernel does not know how to reach, it also says nothing good of.
            Ok(Lookup::Nowhere) | Err(_) => Err(Barred::NoRoute),
        }
    }

    fn leads_out_v6(&mut self) -> bool {
        // Any global address will do: the question is answered by the default route.
        let global = Ipv6Addr::new(0x2600, 0, 0, 0, 0, 0, 0, 1);
        matches!(routes::look_up(global.into()), Ok(Lookup::Elsewhere))
    }

    fn overlapping(&mut self, subnet: Subnet) -> Option<Subnet> {
        let routes = routes().ok()?;
        // A default route leads everywhere and is in nobody's way.
        let narrow = routes
            .iter()
            .map(|route| route.subnet)
            .filter(|route| route.prefix() > 0);
        narrow.into_iter().find(|route| route.overlaps(subnet))
    }

    fn news(&mut self) -> Option<OwnedFd> {
        routes::watch().ok()
    }
}

/// Addresses that are barred for what they are, wherever the host's routes lead.
fn bar_by_form(address: IpAddr) -> Result<(), Barred> {
    match address {
        IpAddr::V4(address) => bar_v4(address),
        IpAddr::V6(address) => {
            // The same host in other clothes: ::ffff:127.0.0.1 and ::127.0.0.1.
            if let Some(v4) = address.to_ipv4() {
                return bar_v4(v4).and(Err(Barred::NotOneStation));
            }
            if address.is_multicast() || address.is_unicast_link_local() {
                return Err(Barred::NotOneStation);
            }
            Ok(())
        }
    }
}

fn bar_v4(address: Ipv4Addr) -> Result<(), Barred> {
    // 0.0.0.0 is taken for this computer by its kernel; all of 0/8 is "this network".
    if address.is_loopback() || address.octets()[0] == 0 {
        return Err(Barred::ThisComputer);
    }
    let none = address.is_multicast()
        || address.is_broadcast()
        || address.is_link_local()
        || address.octets()[0] >= 240;
    if none {
        Err(Barred::NotOneStation)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_computer_is_barred_in_all_its_clothes() {
        for address in ["127.0.0.1", "127.200.3.4", "0.0.0.0", "0.1.2.3"] {
            assert_eq!(
                bar_by_form(address.parse().unwrap()),
                Err(Barred::ThisComputer),
                "{address}"
            );
        }
        let other = [
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "ff02::1",
            "fe80::1",
            "224.0.0.1",
            "255.255.255.255",
            "169.254.169.254",
            "240.0.0.1",
        ];
        for address in other {
            assert!(bar_by_form(address.parse().unwrap()).is_err(), "{address}");
        }
        for address in ["192.0.2.1", "10.1.2.3", "2001:db8::1", "fd00::1"] {
            assert_eq!(bar_by_form(address.parse().unwrap()), Ok(()), "{address}");
        }
    }

    /// Whatever addresses this computer has now, the kernel knows them as its own.
    #[test]
    fn the_kernels_own_addresses_are_barred() {
        let mut host = Host::new("/nonexistent".into());
        assert_eq!(
            host.admit("127.0.0.1".parse().unwrap()),
            Err(Barred::ThisComputer)
        );
        let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
        // Connecting a datagram socket sends nothing, and chooses the source address.
        if socket.connect("192.0.2.1:9").is_ok() {
            let own = socket.local_addr().unwrap().ip();
            assert_eq!(host.admit(own), Err(Barred::ThisComputer), "{own}");
        }
    }

    #[test]
    fn a_changed_file_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("resolv.conf");
        let mut host = Host::new(path.clone());
        assert!(host.resolvers().is_empty());
        std::fs::write(&path, "nameserver 192.0.2.1\n").unwrap();
        assert_eq!(host.resolvers(), ["192.0.2.1:53".parse().unwrap()]);
        // As resolvconf and NetworkManager do it: another file under the same name.
        std::fs::write(folder.path().join("new"), "nameserver 192.0.2.9\n").unwrap();
        std::fs::rename(folder.path().join("new"), &path).unwrap();
        assert_eq!(host.resolvers(), ["192.0.2.9:53".parse().unwrap()]);
    }
}
