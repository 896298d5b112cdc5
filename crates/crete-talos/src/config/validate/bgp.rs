//! The rules of BGP.

use super::documents::Check;
use crate::config::formats::{self, quote};
use crate::yaml::Node;
use std::net::IpAddr;

/// A network as an address and the length of its prefix.
type Network = (IpAddr, u8);

pub(super) fn instance(check: &mut Check<'_>) {
    check.need_name();
    if check.number(&["localASN"]).unwrap_or_default() == 0 {
        check.fault(&["localASN"], "localASN must be specified");
    }
    let router = formats::address(check.text(&["routerID"]));
    if router.is_ok_and(|router| !router.is_ipv4()) {
        check.fault(&["routerID"], "routerID must be an IPv4 address");
    }
    let neighbors = check.items(&["neighbors"]);
    if neighbors.is_empty() {
        let text = "BGPInstanceConfig has no neighbors configured";
        check.warn(&["neighbors"], text);
    }
    let mut seen = Vec::new();
    for (index, neighbor) in neighbors.iter().enumerate() {
        let (address, link) = (neighbor.text_at(&["address"]), neighbor.text_at(&["link"]));
        let unclear = address.is_empty() == link.is_empty();
        if unclear {
            let text = format!("neighbor[{index}]: exactly one of address or link must be set");
            check.fault(&["neighbors"], text);
        }
        behavior(check, index, neighbor);
        if unclear {
            continue;
        }
        let key = match formats::address(address) {
            Ok(_) if address.contains('%') => address.to_owned(),
            Ok(address) => address.to_string(),
            Err(_) => link.to_owned(),
        };
        if seen.contains(&key) {
            let text = format!("neighbor[{index}]: duplicate neighbor {}", quote(&key));
            check.fault(&["neighbors"], text);
        }
        seen.push(key);
    }
    imports(check);
}

fn behavior(check: &mut Check<'_>, index: usize, neighbor: &Node) {
    let negative = |path: &[&str]| {
        let time = formats::duration(neighbor.text_at(path));
        time.is_ok_and(|time| time < 0)
    };
    let mut problems = Vec::new();
    if negative(&["holdTime"]) {
        problems.push("holdTime must not be negative");
    }
    if neighbor.get("bfd").is_some() {
        if !check.text(&["vrf"]).is_empty() {
            problems.push("bfd is not supported for VRF-bound BGP instances");
        }
        if negative(&["bfd", "transmitInterval"]) {
            problems.push("bfd.transmitInterval must not be negative");
        }
        if negative(&["bfd", "receiveInterval"]) {
            problems.push("bfd.receiveInterval must not be negative");
        }
    }
    for problem in problems {
        check.fault(&["neighbors"], format!("neighbor[{index}]: {problem}"));
    }
}

fn imports(check: &mut Check<'_>) {
    let name = check.text(&["name"]);
    let mut sources = Vec::new();
    let mut selectors: Vec<(usize, Network)> = Vec::new();
    for (index, route) in check.items(&["importRoutes"]).iter().enumerate() {
        let place = format!("importRoutes[{index}]");
        let source = route.text_at(&["bgpInstance"]);
        let mut problems = Vec::new();
        if source.is_empty() {
            problems.push(format!("{place}: bgpInstance must be specified"));
        } else if source == name {
            problems.push(format!(
                "{place}: cannot import from the same BGP instance {}",
                quote(name)
            ));
        }
        let prefixes = route.get("prefixes").map(Node::items).unwrap_or_default();
        prefixes_of(&place, prefixes, &mut problems);
        if !source.is_empty() {
            if sources.contains(&source) {
                let source = quote(source);
                problems.push(format!("{place}: duplicate source BGP instance {source}"));
            }
            sources.push(source);
        }
        for prefix in prefixes.iter().filter_map(network) {
            if masked(prefix) != prefix {
                continue;
            }
            for (other_index, other) in &selectors {
                if *other_index != index && overlap(*other, prefix) {
                    problems.push(format!(
                        "{place}: prefix {} overlaps importRoutes[{other_index}] prefix {}",
                        shown(prefix),
                        shown(*other)
                    ));
                }
            }
            selectors.push((index, prefix));
        }
        for problem in problems {
            check.fault(&["importRoutes"], problem);
        }
    }
}

fn prefixes_of(place: &str, prefixes: &[Node], problems: &mut Vec<String>) {
    if prefixes.is_empty() {
        problems.push(format!("{place}: at least one prefix must be specified"));
    }
    let networks: Vec<Option<Network>> = prefixes.iter().map(network).collect();
    for (index, prefix) in networks.iter().enumerate() {
        let place = format!("{place}.prefixes[{index}]");
        let Some(prefix) = *prefix else {
            problems.push(format!("{place}: invalid prefix"));
            continue;
        };
        if masked(prefix) != prefix {
            problems.push(format!("{place}: prefix {} must be masked", shown(prefix)));
        }
        for (other_index, other) in networks[..index].iter().enumerate() {
            if let Some(other) = other.filter(|other| overlap(*other, prefix)) {
                problems.push(format!(
                    "{place}: prefix {} overlaps prefixes[{other_index}] {}",
                    shown(prefix),
                    shown(other)
                ));
            }
        }
    }
}

fn network(node: &Node) -> Option<Network> {
    formats::prefix(node.as_text()?).ok()
}

fn shown((address, length): Network) -> String {
    format!("{address}/{length}")
}

/// The network without what stands behind its prefix.
pub(super) fn masked((address, length): Network) -> Network {
    let masked = match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX
                .checked_shl(32 - u32::from(length))
                .unwrap_or_default();
            IpAddr::from((address.to_bits() & mask).to_be_bytes())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX
                .checked_shl(128 - u32::from(length))
                .unwrap_or_default();
            IpAddr::from((address.to_bits() & mask).to_be_bytes())
        }
    };
    (masked, length)
}

fn overlap(a: Network, b: Network) -> bool {
    let shorter = a.1.min(b.1);
    a.0.is_ipv4() == b.0.is_ipv4() && masked((a.0, shorter)) == masked((b.0, shorter))
}
