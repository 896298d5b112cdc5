//! The documents of Kubernetes' networks.

use super::bgp::masked;
use super::documents::Check;
use super::kubernetes::{image, resources};
use crate::config::formats::{self, quote};
use std::net::IpAddr;

pub(super) fn flannel(check: &mut Check<'_>) {
    check.need(&["backendType"], "flannel backend type must be specified");
    resources(check);
}

pub(super) fn prism(check: &mut Check<'_>) {
    let port = check.number(&["port"]).unwrap_or_default();
    if !(1..=65535).contains(&port) {
        let text = format!("invalid port {port}: must be in range 1-65535");
        check.fault(&["port"], text);
    }
}

pub(super) fn proxy(check: &mut Check<'_>) {
    if check.node.bool_at(&["enabled"]) == Some(false) {
        return;
    }
    image(check, "proxy");
    match check.text(&["mode"]) {
        "" | "nftables" => {}
        mode @ ("iptables" | "ipvs") => {
            let text = format!(
                "proxy mode {mode:?} is not recommended, please switch to nftables if possible"
            );
            check.warn(&["mode"], text);
        }
        mode => {
            let text = format!(
                "invalid proxy mode {}: supported modes are iptables, ipvs and nftables",
                quote(mode)
            );
            check.fault(&["mode"], text);
        }
    }
    if !check.entries(&["extraArgs"]).is_empty() {
        let text = "extra arguments for kube-proxy may not work as expected, please use configuration instead";
        check.warn(&["extraArgs"], text);
    }
    resources(check);
}

/// Lengths of the prefixes that nodes get, where they are sound.
struct Masks {
    four: Option<i128>,
    six: Option<i128>,
}

pub(super) fn network(check: &mut Check<'_>) {
    let mut mask = |key: &str, most: i128, usual: i128| {
        let length = check.number(&[key]).unwrap_or_default();
        if length != 0 && !(1..=most).contains(&length) {
            let text = format!("{key} must be between 1 and {most}");
            check.fault(&[key], text);
            return None;
        }
        Some(if length == 0 { usual } else { length })
    };
    let masks = Masks {
        four: mask("nodeCIDRMaskSizeIPv4", 32, 24),
        six: mask("nodeCIDRMaskSizeIPv6", 128, 64),
    };
    let pods = |address: IpAddr, length: u8| pods_problem(&masks, address, length);
    subnets(check, "podSubnets", "pod", &pods);
    subnets(check, "serviceSubnets", "service", &services_problem);
    let count = |key| check.items(&[key]).len();
    if count("podSubnets") != count("serviceSubnets") {
        let text = "the number of pod subnets must match the number of service subnets";
        check.fault(&["serviceSubnets"], text);
    }
}

fn pods_problem(masks: &Masks, address: IpAddr, length: u8) -> Option<String> {
    let mask = if address.is_ipv4() {
        masks.four
    } else {
        masks.six
    }?;
    let length = i128::from(length);
    if length > mask {
        return Some(format!(
            "{address}/{length} is smaller than the per-node pod CIDR mask size /{mask}"
        ));
    }
    (mask - length > 16).then(|| {
        format!(
            "{address}/{length} is too large for the per-node pod CIDR mask size /{mask}, the difference must be at most 16 bits"
        )
    })
}

fn services_problem(address: IpAddr, length: u8) -> Option<String> {
    let bits: u8 = if address.is_ipv4() { 32 } else { 128 };
    (bits.saturating_sub(length) > 20).then(|| {
        format!(
            "{address}/{length} is too large, it must be at least /{} (at most 20 host identifier bits)",
            bits - 20
        )
    })
}

fn subnets(
    check: &mut Check<'_>,
    key: &str,
    name: &str,
    size: &dyn Fn(IpAddr, u8) -> Option<String>,
) {
    let items = check.items(&[key]);
    let mut problem = match items.len() {
        0 => Some("at least one subnet must be specified".to_owned()),
        1 | 2 => None,
        _ => Some("at most two subnets can be specified for dual-stack clusters".to_owned()),
    };
    let mut four = 0;
    for item in items {
        if problem.is_some() {
            break;
        }
        let text = item.as_text().unwrap_or_default();
        let Ok((address, length)) = formats::prefix(text) else {
            problem = Some("invalid subnet: invalid Prefix".to_owned());
            break;
        };
        four += usize::from(address.is_ipv4());
        let bits: u8 = if address.is_ipv4() { 32 } else { 128 };
        let said = if masked((address, length)) != (address, length) {
            Some(format!("{address}/{length} is not a valid CIDR"))
        } else if bits - length < 4 {
            let least = i16::from(length) - 4;
            Some(format!(
                "/{length} is too small, it must be larger than /{least}"
            ))
        } else {
            size(address, length)
        };
        problem = said.map(|said| format!("invalid subnet: {said}"));
    }
    if problem.is_none() && (four > 1 || items.len().saturating_sub(four) > 1) {
        problem = Some(
            "at most one IPv4 and one IPv6 subnet can be specified for dual-stack clusters"
                .to_owned(),
        );
    }
    if let Some(problem) = problem {
        check.fault(&[key], format!("{name} subnets: {problem}"));
    }
}
