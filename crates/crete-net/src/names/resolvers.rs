//! Which resolvers the host uses now, from its `resolv.conf`. Pure; the text is given.

use std::net::{IpAddr, SocketAddr};

const PORT: u16 = 53;
/// What libc takes note of.
const AT_MOST: usize = 3;

/// The name servers a `resolv.conf` lists. One bound to an interface (`fe80::1%eth0`) is left out
/// unless `index` knows the interface.
pub(crate) fn parse(text: &str, index: impl Fn(&str) -> Option<u32>) -> Vec<SocketAddr> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some("nameserver")).then(|| words.next())?
        })
        .filter_map(|server| match server.split_once('%') {
            None => server
                .parse::<IpAddr>()
                .ok()
                .map(|ip| SocketAddr::new(ip, PORT)),
            Some((address, zone)) => {
                let address = address.parse().ok()?;
                let scope = zone.parse().ok().or_else(|| index(zone))?;
                Some(std::net::SocketAddrV6::new(address, PORT, 0, scope).into())
            }
        })
        .take(AT_MOST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_are_found_among_everything_else() {
        let text = "# made by something\nsearch lan\noptions edns0\nnameserver 127.0.0.53\n\
            nameserver\tfd00::1 # the router\nnameserver fe80::1%eth0\nnameserver 9.9.9.9\nnameserver x\n";
        let servers = parse(text, |name| (name == "eth0").then_some(3));
        let shown: Vec<String> = servers.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["127.0.0.53:53", "[fd00::1]:53", "[fe80::1%3]:53"]);
        assert_eq!(parse("nameserver fe80::1%eth0", |_| None), []);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(nameserver|#|[0-9.:% \n\ta-f]){0,60}") {
            let _ = parse(&text, |_| None);
        }
    }
}
