//! The rules of links.

use super::documents::Check;
use crate::Contract;
use crate::config::cel::Environment;
use crate::config::fault::Fault;
use crate::config::formats;
use crate::pki::bytes_of;
use crate::yaml::Node;

/// A link that has a name and addresses.
pub(super) fn plain(check: &mut Check<'_>) {
    check.need_name();
    let node = check.node;
    common(check, node);
}

pub(super) fn bond(check: &mut Check<'_>) {
    check.need_name();
    if check.items(&["links"]).is_empty() {
        check.fault(&["links"], "at least one link must be specified");
    }
    match check.text(&["bondMode"]) {
        "" => check.fault(&["bondMode"], "bond mode must be specified"),
        mode if mode.eq_ignore_ascii_case("802.3ad") => {
            for key in ["miimon", "updelay", "downdelay"] {
                if check.node.get(key).is_none() {
                    let text = format!("{key} was not specified for 802.3ad bond");
                    check.warn(&[key], text);
                }
            }
        }
        _ => {}
    }
    let node = check.node;
    common(check, node);
}

pub(super) fn vlan(check: &mut Check<'_>) {
    check.need_name();
    if !(1..=4094).contains(&check.number(&["vlanID"]).unwrap_or_default()) {
        check.fault(
            &["vlanID"],
            "vlanID must be specified and between 1 and 4094",
        );
    }
    check.need(&["parent"], "parent must be specified");
    let node = check.node;
    common(check, node);
}

pub(super) fn vrf(check: &mut Check<'_>) {
    check.need_name();
    let table = match check.text(&["table"]).to_lowercase().as_str() {
        "" => "unspec".to_owned(),
        table => table.to_owned(),
    };
    if matches!(table.as_str(), "unspec" | "local" | "main" | "default") {
        let text = format!("cannot create vrf with reserved table {table}");
        check.fault(&["table"], text);
    }
    let node = check.node;
    common(check, node);
}

pub(super) fn veth(check: &mut Check<'_>) {
    let (name, peer) = (check.text(&["name"]), check.text(&["peer", "name"]));
    for (path, field, name) in [
        (&["name"][..], "name", name),
        (&["peer", "name"], "peer name", peer),
    ] {
        if let Some(problem) = end_name(name) {
            check.fault(path, format!("{field} {problem}"));
        }
    }
    if !name.is_empty() && name == peer {
        check.fault(&["peer", "name"], "name and peer name must be different");
    }
    let node = check.node;
    common(check, node);
    if let Some(peer) = node.get("peer") {
        common(check, peer);
    }
}

/// What is wrong with the name of an end of a pair.
fn end_name(name: &str) -> Option<String> {
    let shown = |c: char| !c.is_control() && !c.is_whitespace() && c != '\u{fffd}';
    Some(match name {
        "" => "must be specified".to_owned(),
        _ if name.len() > 15 => "must not exceed 15 bytes".to_owned(),
        "." | ".." => format!("must not be {name:?}"),
        _ if name.contains(['/', ':']) => "must not contain '/' or ':'".to_owned(),
        _ if !name.chars().all(shown) => {
            "must not contain whitespace or non-printable characters".to_owned()
        }
        _ => return None,
    })
}

pub(super) fn wireguard(check: &mut Check<'_>) {
    check.need_name();
    let private = check.text(&["privateKey"]);
    if check.need(&["privateKey"], "wireguard private key must be specified")
        && let Some(reason) = bad_key(private)
    {
        let text = format!("wireguard private key is invalid: {reason}");
        check.fault(&["privateKey"], text);
    }
    if !(0..=65535).contains(&check.number(&["listenPort"]).unwrap_or_default()) {
        let text = "wireguard listen port must be between 0 and 65535";
        check.fault(&["listenPort"], text);
    }
    for (index, peer) in check.items(&["peers"]).iter().enumerate() {
        let place = format!("(peer index {index})");
        match peer.text_at(&["publicKey"]) {
            "" => {
                let text = format!("wireguard peer public key must be specified {place}");
                check.fault(&["peers"], text);
            }
            key => {
                if let Some(reason) = bad_key(key) {
                    let text = format!("wireguard peer public key is invalid {place}: {reason}");
                    check.fault(&["peers"], text);
                }
            }
        }
        let shared = peer.text_at(&["presharedKey"]);
        if let Some(reason) = bad_key(shared).filter(|_| !shared.is_empty()) {
            let text = format!("wireguard peer preshared key is invalid {place}: {reason}");
            check.fault(&["peers"], text);
        }
        let alive = peer.text_at(&["persistentKeepaliveInterval"]);
        if formats::duration(alive).is_ok_and(|time| time < 0) {
            let text =
                format!("wireguard peer persistent keepalive interval cannot be negative {place}");
            check.fault(&["peers"], text);
        }
    }
    let node = check.node;
    common(check, node);
}

fn bad_key(text: &str) -> Option<String> {
    match bytes_of(text) {
        Ok(bytes) if bytes.len() == 32 => None,
        Ok(_) => Some("invalid wireguard key length".to_owned()),
        Err(reason) => Some(reason),
    }
}

/// A name for links that an expression takes.
pub(super) fn alias(check: &mut Check<'_>) {
    let name = check.text(&["name"]);
    if check.need(&["name"], "name must be specified")
        && check.contract >= Contract::V1_13
        && let Some((before, after)) = name.split_once('%')
        && (after != "d" || before.is_empty())
    {
        let text = format!(
            "name {} contains an invalid format verb, use %d suffix",
            formats::quote(name)
        );
        check.fault(&["name"], text);
    }
    let path = ["selector", "match"];
    match check.text(&path) {
        "" => check.fault(&path, "link selector is required"),
        _ => check.expression(&path, Environment::Link, "link selector is invalid"),
    }
}

/// Addresses and routes.
fn common(check: &mut Check<'_>, node: &Node) {
    let list = |key: &str| node.get(key).map(Node::items).unwrap_or_default();
    for (index, address) in list("addresses").iter().enumerate() {
        let problem = match address.text_at(&["address"]) {
            "" => "must be specified",
            text if is_nowhere(text) => "must be a valid IP address",
            _ => continue,
        };
        let text = format!("address {index} {problem}");
        let path = format!("addresses[{index}].address");
        check.faults.push(Fault::new(path, address.line, text));
    }
    for (index, route) in list("routes").iter().enumerate() {
        for (key, what) in [
            ("destination", "prefix"),
            ("gateway", "address"),
            ("source", "address"),
        ] {
            if is_nowhere(route.text_at(&[key])) {
                let text = format!("route {index} {key} must be a valid IP {what}");
                let path = format!("routes[{index}].{key}");
                check.faults.push(Fault::new(path, route.line, text));
            }
        }
    }
}

/// True for `0.0.0.0` and `::`, with a prefix or without.
fn is_nowhere(text: &str) -> bool {
    let bare = text.split('/').next().unwrap_or_default();
    formats::ip(bare).is_some_and(|address| address.is_unspecified())
}
