//! The rules of bonds and WireGuard in the network form of before 1.12.

use crate::config::formats::{self, quote};
use crate::pki::bytes_of;
use crate::yaml::Node;

/// Words of a bond: the key, those that are known, and what Talos says of others.
const WORDS: &[(&str, &[&str], &str)] = &[
    (
        "mode",
        &[
            "balance-rr",
            "active-backup",
            "balance-xor",
            "broadcast",
            "802.3ad",
            "balance-tlb",
            "balance-alb",
        ],
        "bond type",
    ),
    (
        "xmitHashPolicy",
        &["layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4"],
        "xmit hash policy",
    ),
    ("lacpRate", &["slow", "fast"], "lacp rate"),
    (
        "arpValidate",
        &[
            "none",
            "active",
            "backup",
            "all",
            "filter",
            "filter-active",
            "filter-backup",
        ],
        "arp_validate mode",
    ),
    ("arpAllTargets", &["any", "all"], "arp_all_targets mode"),
    (
        "primaryReselect",
        &["always", "better", "failure"],
        "primary_reselect mode",
    ),
    (
        "failOverMac",
        &["none", "active", "follow"],
        "fail_over_mac value",
    ),
    (
        "adSelect",
        &["stable", "bandwidth", "count"],
        "ad_select mode",
    ),
];

pub(super) fn bond(bond: &Node) -> Vec<String> {
    let mut found = Vec::new();
    let text = |key: &str| bond.text_at(&[key]);
    let number = |key: &str| bond.get(key).and_then(Node::as_integer).unwrap_or_default();
    for (key, words, what) in WORDS {
        let word = text(key);
        if !word.is_empty() && !words.contains(&word) {
            found.push(format!("invalid {what} {word}"));
        }
    }
    let mode = match text("mode") {
        mode if WORDS[0].1.contains(&mode) => mode,
        _ => "balance-rr",
    };
    let interval = number("miimon");
    for (key, name) in [("updelay", "upDelay"), ("downdelay", "downDelay")] {
        let delay = number(key);
        if interval == 0 && delay != 0 {
            found.push(format!("bond.{name} can't be set if miiMon is zero"));
        } else if interval != 0 && delay % interval != 0 {
            found.push(format!("bond.{name} should be a multiple of miiMon"));
        }
    }
    let balanced = matches!(mode, "balance-alb" | "balance-tlb");
    let targets = bond.get("arpIPTarget");
    let not_here = |name: &str| format!("bond.{name} is not available in {mode} mode");
    let only_there = |name: &str| format!("bond.{name} is only available in 802.3ad mode");
    let lacp = mode == "802.3ad";
    for (wrong, text) in [
        (
            targets.is_some_and(|list| !list.items().is_empty()),
            "bond.arpIPTarget is not supported".to_owned(),
        ),
        (
            !text("lacpRate").is_empty() && !lacp,
            only_there("lacpRate"),
        ),
        (
            !text("adActorSystem").is_empty(),
            "bond.adActorSystem is not supported".to_owned(),
        ),
        (
            (lacp || balanced) && !text("arpValidate").is_empty(),
            not_here("arpValidate"),
        ),
        (
            !(mode == "active-backup" || balanced || text("primary").is_empty()),
            not_here("primary"),
        ),
        (
            (lacp || balanced) && number("arpInterval") > 0,
            not_here("arpInterval"),
        ),
        (
            mode != "balance-rr" && number("packetsPerSlave") > 1,
            not_here("packetsPerSlave"),
        ),
        (
            !balanced && number("tlbDynamicLb") > 0,
            not_here("tlbDynamicTLB"),
        ),
        (
            !lacp && number("adActorSysPrio") > 0,
            only_there("adActorSysPrio"),
        ),
        (
            !lacp && number("adUserPortKey") > 0,
            only_there("adUserPortKey"),
        ),
    ] {
        if wrong {
            found.push(text);
        }
    }
    found
}

pub(super) fn wireguard(section: &Node) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(reason) = bad_key(section.text_at(&["privateKey"])) {
        found.push(format!("private key is invalid: {reason}"));
    }
    let peers = section.get("peers").map(Node::items).unwrap_or_default();
    for peer in peers {
        if let Some(reason) = bad_key(peer.text_at(&["publicKey"])) {
            found.push(format!("public key invalid: {reason}"));
        }
        let endpoint = peer.text_at(&["endpoint"]);
        if !endpoint.is_empty() && !has_port(endpoint) {
            found.push(format!("peer endpoint {} is invalid", quote(endpoint)));
        }
        let allowed = peer.get("allowedIPs").map(Node::items).unwrap_or_default();
        for address in allowed {
            let address = address.as_text().unwrap_or_default();
            if let Err(reason) = formats::cidr(address) {
                let address = quote(address);
                found.push(format!("peer allowed IP {address} is invalid: {reason}"));
            }
        }
    }
    found
}

fn has_port(endpoint: &str) -> bool {
    formats::host_port(endpoint)
        .is_ok_and(|(host, _)| !host.contains(':') || formats::address(host).is_ok())
}

fn bad_key(text: &str) -> Option<String> {
    match bytes_of(text).map(|bytes| bytes.len()) {
        Ok(32) => None,
        Ok(length) => Some(format!("wrong key {} length: {length}", quote(text))),
        Err(reason) => Some(reason),
    }
}
