//! The rules of `machine.network.interfaces`, the network form of before 1.12.

use super::device_parts;
use super::findings::Findings;
use crate::config::fault::Fault;
use crate::config::formats::{self, quote};
use crate::yaml::Node;

fn devices(main: &Node) -> &[Node] {
    let path = ["machine", "network", "interfaces"];
    main.at(&path).map(Node::items).unwrap_or_default()
}

fn has(device: &Node, key: &str) -> bool {
    device.get(key).is_some()
}

fn texts<'a>(node: &'a Node, path: &[&str]) -> Vec<(&'a str, usize)> {
    let items = node.at(path).map(Node::items).unwrap_or_default();
    let texts = items.iter();
    texts
        .map(|item| (item.as_text().unwrap_or_default(), item.line))
        .collect()
}

/// Workers cannot hold the address that control planes share.
pub(super) fn refuse_shared_addresses(main: &Node, findings: &mut Findings) {
    let text = "virtual (shared) IP is not allowed on non-controlplane nodes";
    for (index, device) in devices(main).iter().enumerate() {
        let vlans = device.get("vlans").map(Node::items).unwrap_or_default();
        let holders = std::iter::once(device).chain(vlans);
        for holder in holders.filter(|holder| has(holder, "vip")) {
            let path = format!("machine.network.interfaces[{index}].vip");
            findings.main(Fault::new(path, holder.line, text));
        }
    }
}

pub(super) fn check(main: &Node, findings: &mut Findings) {
    let mut secondary: Vec<(&str, &str)> = Vec::new();
    for (index, device) in devices(main).iter().enumerate() {
        let name = device.text_at(&["interface"]);
        let mut add = |text: String, line: usize| {
            let path = format!("machine.network.interfaces[{index}]");
            findings.main(Fault::new(path, line, text));
        };
        if has(device, "bond") && has(device, "bridge") {
            let text = format!(
                "interface has both bridge and bond sections set {name:?}: config sections are mutually exclusive"
            );
            add(text, device.line);
        }
        let bonded = texts(device, &["bond", "interfaces"]);
        let selectors = device.at(&["bond", "deviceSelectors"]).map(Node::items);
        if !bonded.is_empty() && selectors.is_some_and(|list| !list.is_empty()) {
            let text = format!(
                "interface {name:?} has both interfaces and selectors set: config sections are mutually exclusive"
            );
            add(text, device.line);
        }
        let bridged = texts(device, &["bridge", "interfaces"]);
        let members = match has(device, "bridge") {
            true => bridged,
            false => bonded,
        };
        for (member, line) in members {
            let other = secondary.iter().find(|(known, _)| *known == member);
            if let Some((_, other)) = other.filter(|(_, other)| *other != name) {
                let text = format!(
                    "interface {member:?} is declared as part of two separate links: {other:?} and {name:?}"
                );
                add(text, line);
            }
            secondary.retain(|(known, _)| *known != member);
            secondary.push((member, name));
        }
    }
    for (index, device) in devices(main).iter().enumerate() {
        if device.is_null() {
            continue;
        }
        if device.bool_at(&["ignore"]) == Some(true) {
            continue;
        }
        let path = format!("machine.network.interfaces[{index}]");
        let mut faults = Vec::new();
        names(device, &path, &mut faults);
        parts(device, &path, &mut faults);
        vlans(device, &path, &mut faults);
        addresses(device, &path, &secondary, &mut faults);
        routes(device, &path, &mut faults);
        if !device.text_at(&["cidr"]).is_empty() {
            let name = quote(device.text_at(&["interface"]));
            let text = format!(
                "{name}: machine.network.interface.cidr is deprecated, please use machine.network.interface.addresses"
            );
            findings.warn(Fault::new(format!("{path}.cidr"), device.line, text));
        }
        faults.into_iter().for_each(|fault| findings.main(fault));
    }
}

fn names(device: &Node, path: &str, faults: &mut Vec<Fault>) {
    let both = "[networking.os.device.interface], [networking.os.device.deviceSelector]";
    let named = !device.text_at(&["interface"]).is_empty();
    let selected = has(device, "deviceSelector");
    let text = match (named, selected) {
        (false, false) => format!("{both}: required either config section to be set"),
        (true, true) => format!("{both}: config sections are mutually exclusive"),
        _ => String::new(),
    };
    if !text.is_empty() {
        faults.push(Fault::new(path, device.line, text));
    }
    let empty = device.get("deviceSelector").is_some_and(|node| {
        node.entries()
            .iter()
            .all(|entry| entry.value.is_null() || entry.value.as_text() == Some(""))
    });
    if empty {
        let text = "[networking.os.device.deviceSelector]: config section should contain at least one field";
        faults.push(Fault::new(path, device.line, text));
    }
}

/// A bond, or a link of WireGuard.
fn parts(device: &Node, path: &str, faults: &mut Vec<Fault>) {
    let mut add = |key: &str, texts: Vec<String>| {
        let line = device.get(key).map_or(device.line, |node| node.line);
        let path = format!("{path}.{key}");
        faults.extend(
            texts
                .into_iter()
                .map(|text| Fault::new(path.clone(), line, text)),
        );
    };
    if let Some(bond) = device.get("bond") {
        add("bond", device_parts::bond(bond));
    }
    if let Some(wireguard) = device.get("wireguard") {
        add("wireguard", device_parts::wireguard(wireguard));
    }
}

fn vlans(device: &Node, path: &str, faults: &mut Vec<Fault>) {
    let name = device.text_at(&["interface"]);
    let vlans = device.get("vlans").map(Node::items).unwrap_or_default();
    for (index, vlan) in vlans.iter().enumerate() {
        let id = vlan.get("vlanId").and_then(Node::as_integer);
        let id = id.unwrap_or_default();
        let addresses = texts(vlan, &["addresses"]);
        let cidr = vlan.text_at(&["cidr"]);
        let mut add = |part: &str, line: usize, reason: String| {
            let text = format!("[networking.os.device.vlan{part}] {name}.{id}: {reason}");
            let path = format!("{path}.vlans[{index}].addresses");
            faults.push(Fault::new(path, line, text));
        };
        if !addresses.is_empty() && !cidr.is_empty() {
            let reason = "vlan can't have both .cidr and .addresses set";
            add("", vlan.line, reason.to_owned());
        }
        if let Err(reason) = address_or_network(cidr)
            && !cidr.is_empty()
        {
            add(".CIDR", vlan.line, reason);
        }
        for (address, line) in addresses {
            if let Err(reason) = address_or_network(address) {
                add(".addresses", line, reason);
            }
        }
    }
}

fn address_or_network(text: &str) -> Result<(), String> {
    if text.contains('/') {
        return formats::cidr(text);
    }
    match formats::ip(text) {
        Some(_) => Ok(()),
        None => Err(format!("failed to parse IP address {}", quote(text))),
    }
}

fn addresses(device: &Node, path: &str, secondary: &[(&str, &str)], faults: &mut Vec<Fault>) {
    let name = device.text_at(&["interface"]);
    let quoted = quote(name);
    let addresses = texts(device, &["addresses"]);
    let cidr = device.text_at(&["cidr"]);
    let dhcp = device.bool_at(&["dhcp"]) == Some(true);
    let addressed = dhcp || !cidr.is_empty() || !addresses.is_empty() || has(device, "vip");
    let mut add = |key: &str, line: usize, text: String| {
        faults.push(Fault::new(format!("{path}{key}"), line, text));
    };
    if addressed && secondary.iter().any(|(member, _)| *member == name) {
        let text = format!(
            "[networking.os.device] {quoted}: bonded/bridged interface shouldn't have any addressing methods configured"
        );
        add("", device.line, text);
    }
    if !addresses.is_empty() && !cidr.is_empty() {
        let text = format!(
            "[networking.os.device] {quoted}: interface can't have both .cidr and .addresses set"
        );
        add(".cidr", device.line, text);
    }
    if let Err(reason) = address_or_network(cidr)
        && !cidr.is_empty()
    {
        let text = format!("[networking.os.device.CIDR] {quoted}: {reason}");
        add(".cidr", device.line, text);
    }
    for (address, line) in addresses {
        if let Err(reason) = address_or_network(address) {
            let text = format!("[networking.os.device.addresses] {quoted}: {reason}");
            add(".addresses", line, text);
        }
    }
    if let Some(vip) = device.get("vip") {
        let address = vip.text_at(&["ip"]);
        if formats::ip(address).is_none() {
            let address = quote(address);
            let text =
                format!("[networking.os.device.vip] failed to parse {address} as IP address");
            add(".vip.ip", vip.line, text);
        }
    }
}

fn routes(device: &Node, path: &str, faults: &mut Vec<Fault>) {
    let routes = device.get("routes").map(Node::items).unwrap_or_default();
    for (index, route) in routes.iter().enumerate() {
        let part = |key: &str| format!("[networking.os.device.route[{index}].{key}]");
        let mut add = |key: &str, text: String| {
            let line = route.get(key).map_or(route.line, |node| node.line);
            faults.push(Fault::new(
                format!("{path}.routes[{index}].{key}"),
                line,
                text,
            ));
        };
        let text = |key: &str| route.text_at(&[key]);
        for (key, fits) in [
            ("network", formats::cidr(text("network")).is_ok()),
            ("gateway", formats::ip(text("gateway")).is_some()),
        ] {
            if !text(key).is_empty() && !fits {
                add(
                    key,
                    format!("{} {:?}: invalid network address", part(key), text(key)),
                );
            }
        }
        if text("network").is_empty() && text("gateway").is_empty() {
            let reason = format!(
                "[networking.os.device.route[{index}]]: either network or gateway should be set"
            );
            add("network", reason);
        }
        if !text("source").is_empty() && formats::ip(text("source")).is_none() {
            add(
                "source",
                format!(
                    "{} {:?}: invalid network address",
                    part("source"),
                    text("source")
                ),
            );
        }
    }
}
