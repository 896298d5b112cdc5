//! The rules of the network's other documents.

use super::documents::Check;
use crate::Contract;
use crate::config::formats;
use crate::yaml::Node;

pub(super) fn hostname(check: &mut Check<'_>) {
    let auto = check.text(&["auto"]).to_lowercase();
    let name = check.text(&["hostname"]);
    let nothing = auto.is_empty() || (auto == "off" && check.contract <= Contract::V1_12);
    if nothing && name.is_empty() {
        check.fault(&[], "either 'auto' or 'hostname' must be set");
    }
    if !matches!(auto.as_str(), "" | "off") && !name.is_empty() {
        check.fault(
            &["hostname"],
            "'auto' and 'hostname' cannot be set at the same time",
        );
    }
    if auto == "talos-addr" {
        check.fault(&["auto"], "invalid value for 'auto': talos-addr");
    }
    if name.is_empty() {
        return;
    }
    if name.len() > 253 {
        let text = format!("fqdn is too long: {}", name.len());
        check.fault(&["hostname"], text);
    }
    let first = name.split('.').next().unwrap_or_default();
    if !(1..=63).contains(&first.len()) {
        let text = format!("invalid hostname {}", formats::quote(first));
        check.fault(&["hostname"], text);
    }
}

pub(super) fn kube_span(check: &mut Check<'_>) {
    if check.number(&["mtu"]).is_some_and(|mtu| mtu < 1280) {
        check.fault(&["mtu"], "kubespan link MTU must be at least 1280");
    }
    let filters = check.node.at(&["filters", "endpoints"]);
    for (text, _) in super::main_document::bad_subnets(filters) {
        let text = format!(
            "KubeSpan endpoint filter is not valid: {}",
            formats::quote(&text)
        );
        check.fault(&["filters", "endpoints"], text);
    }
}

/// A rule of the firewall: the first thing that is wrong.
pub(super) fn rule(check: &mut Check<'_>) {
    if !check.need(&["name"], "name is required") {
        return;
    }
    let path = ["portSelector", "ports"];
    let items = check.items(&path);
    if items.is_empty() {
        return check.fault(&path, "portSelector.ports is required");
    }
    let mut ranges: Vec<(u16, u16)> = items.iter().filter_map(range).collect();
    ranges.sort_by_key(|(low, _)| *low);
    let shown = |(low, high): (u16, u16)| format!("{low}-{high}");
    for (index, (low, high)) in ranges.iter().copied().enumerate() {
        let before = index.checked_sub(1).map(|index| ranges[index]);
        let text = format!("invalid port range: {}", shown((low, high)));
        if low > high {
            return check.fault(&path, text);
        }
        if let Some(before) = before.filter(|before| low == before.0 || low <= before.1) {
            return check.fault(&path, format!("{text}, overlaps with {}", shown(before)));
        }
    }
    for source in check.items(&["ingress"]) {
        if source.text_at(&["subnet"]).is_empty() {
            return check.fault(&["ingress"], "invalid subnet: invalid Prefix");
        }
    }
}

fn range(node: &Node) -> Option<(u16, u16)> {
    let text = node.as_text()?;
    let one = |text: &str| text.parse::<u16>().ok();
    one(text)
        .map(|port| (port, port))
        .or_else(|| formats::ports(text).ok())
}

pub(super) fn time(check: &mut Check<'_>) {
    if check.time(&["bootTimeout"]) < 0 {
        check.fault(&["bootTimeout"], "bootTimeout cannot be negative");
    }
    if check.node.get("ntp").is_some() && check.node.get("ptp").is_some() {
        let text = "only one of ntp or ptp configuration can be specified";
        check.fault(&["ptp"], text);
    }
    if check.is_on(&["ntp", "useNTS"]) {
        for server in check.items(&["ntp", "servers"]) {
            let server = server.as_text().unwrap_or_default();
            if formats::ip(server).is_some() {
                let text = format!(
                    "NTS requires hostnames, not IP addresses: {}",
                    formats::quote(server)
                );
                check.fault(&["ntp", "servers"], text);
            }
        }
    }
}

pub(super) fn resolver(check: &mut Check<'_>) {
    if check.contract < Contract::V1_14 {
        return;
    }
    if !check.is_on(&["hostDNS", "enabled"]) {
        for key in ["forwardKubeDNSToHost", "resolveMemberNames"] {
            if check.is_on(&["hostDNS", key]) {
                let text = format!("hostDNS.{key} cannot be enabled when hostDNS.enabled is false");
                check.fault(&["hostDNS", key], text);
            }
        }
    }
    let servers = check.items(&["nameservers"]);
    let mut secret = 0;
    for (index, server) in servers.iter().enumerate() {
        let named = !server.text_at(&["tlsServerName"]).is_empty();
        let protocol = match server.text_at(&["protocol"]).to_lowercase().as_str() {
            "dot" => "DoT",
            "doh" => "DoH",
            _ => "Do53",
        };
        let plain = protocol == "Do53";
        secret += usize::from(!plain);
        if named == plain {
            let must = if plain { "empty" } else { "set" };
            let text =
                format!("tlsServerName must be {must} when protocol is {protocol}: entry {index}");
            check.fault(&["nameservers"], text);
        }
        if server.text_at(&["address"]).is_empty() {
            let text = format!("nameserver address must be a valid IP: entry {index}");
            check.fault(&["nameservers"], text);
        }
    }
    if secret > 0 && secret == servers.len() {
        check.warn(&["nameservers"], ONLY_SECRET);
    }
}

const ONLY_SECRET: &str = "all configured nameservers use encrypted DNS (DoT or DoH): validating certificates requires a correct system clock, so boot may stall when NTP servers are configured by hostname; consider keeping at least one plain-DNS fallback or configuring NTP servers by IP address";
