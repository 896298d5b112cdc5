//! The rules of the main document that need nothing but its text, in Talos' order.

use super::findings::Findings;
use super::{
    Mode, cluster, devices, labels, main_disks, main_features, main_network, runtime_spec_shape,
    selectors,
};
use crate::Contract;
use crate::config::fault::Fault;
use crate::config::formats;
use crate::yaml::Node;

/// What the machine is; a missing word counts as worker.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    ControlPlane,
    Worker,
    Unknown,
}

pub(super) fn kind(main: &Node) -> Kind {
    match main.text_at(&["machine", "type"]) {
        "controlplane" | "init" => Kind::ControlPlane,
        "worker" | "join" | "" => Kind::Worker,
        _ => Kind::Unknown,
    }
}

/// A fault at a path of the document; the line is that of the deepest part that is there.
pub(super) fn fault(node: &Node, path: &[&str], text: impl Into<String>) -> Fault {
    let mut line = node.line;
    let mut at = node;
    for key in path {
        let Some(entry) = at.entries().iter().find(|entry| entry.key == *key) else {
            break;
        };
        line = entry.line;
        at = &entry.value;
    }
    Fault::new(path.join("."), line, text)
}

pub(super) fn check(
    main: &Node,
    contract: Contract,
    mode: Mode,
    installed: bool,
    findings: &mut Findings,
) {
    if main.get("machine").is_none() {
        findings.main(fault(
            main,
            &["machine"],
            "machine instructions are required",
        ));
        return;
    }
    old_forms(main, contract, findings);
    cluster::check(main, contract, findings);
    if mode == Mode::Metal && !installed {
        install(main, contract, findings);
    }
    host_dns(main, contract, mode, findings);
    machine_type(main, findings);
    by_role(main, contract, findings);
    devices::check(main, findings);
    main_network::mtu(main, findings);
    main_disks::disks(main, contract, findings);
    kubelet(main, findings);
    main_disks::disk_encryption(main, findings);
    main_network::kube_span(main, contract, findings);
    main_network::logging(main, findings);
    main_features::extensions(main, contract, findings);
    labels::check(main, findings);
    main_features::features(main, contract, findings);
    if main.bool_at(&["persist"]) == Some(false) {
        findings.main(fault(main, &["persist"], ".persist should be enabled"));
    }
    let overrides = ["machine", "baseRuntimeSpecOverrides"];
    let shape = |node| runtime_spec_shape::problem(node, contract);
    if let Some(problem) = main.at(&overrides).and_then(shape) {
        let text = format!("failed to unmarshal base runtime spec overrides: {problem}");
        findings.main(fault(main, &overrides, text));
    }
    if contract < Contract::V1_14 {
        main_features::registries(main, findings);
    }
}

fn old_forms(main: &Node, contract: Contract, findings: &mut Findings) {
    if contract < Contract::V1_14 {
        return;
    }
    for (key, text) in [
        (
            "files",
            ".machine.files is deprecated; use dedicated configuration documents instead",
        ),
        (
            "baseRuntimeSpecOverrides",
            ".machine.baseRuntimeSpecOverrides is deprecated; use a CRIBaseRuntimeSpecConfig document instead",
        ),
    ] {
        let there = main.at(&["machine", key]);
        if there.is_some_and(|node| !node.items().is_empty() || !node.entries().is_empty()) {
            findings.warn(fault(main, &["machine", key], text));
        }
    }
}

fn install(main: &Node, contract: Contract, findings: &mut Findings) {
    let path = ["machine", "install"];
    let Some(install) = main.at(&path) else {
        if contract < Contract::V1_14 {
            let text = "install instructions are required in \"metal\" mode";
            findings.main(fault(main, &path, text));
        }
        return;
    };
    let selector = selectors::legacy_expression(install);
    if let Err(problem) = &selector {
        let text = format!("install disk selector is invalid: {problem}");
        findings.main(fault(main, &["machine", "install", "diskSelector"], text));
    }
    let has_selector = matches!(selector, Ok(Some(_)));
    if install.text_at(&["disk"]).is_empty() && !has_selector {
        let text = "either install disk or diskSelector should be defined";
        findings.main(fault(main, &["machine", "install", "disk"], text));
    }
    let arguments = install
        .get("extraKernelArgs")
        .map(Node::items)
        .unwrap_or_default();
    if !arguments.is_empty() && install.bool_at(&["grubUseUKICmdline"]) == Some(true) {
        let text = "install.extraKernelArgs and install.grubUseUKICmdline can't be used together";
        findings.main(fault(
            main,
            &["machine", "install", "extraKernelArgs"],
            text,
        ));
    }
}

fn host_dns(main: &Node, contract: Contract, mode: Mode, findings: &mut Findings) {
    let dns = ["machine", "features", "hostDNS"];
    let on = |key: &str| main.bool_at(&["machine", "features", "hostDNS", key]) == Some(true);
    let (enabled, forward) = (on("enabled"), on("forwardKubeDNSToHost"));
    if mode == Mode::Container && contract < Contract::V1_14 {
        if !enabled {
            let text = "feature HostDNS should be enabled in container mode (.machine.features.hostDNS.enabled)";
            findings.main(fault(main, &dns, text));
        }
        if !forward {
            let text = "feature HostDNS should forward kube-dns to host in container mode (.machine.features.hostDNS.forwardKubeDNSToHost)";
            findings.main(fault(main, &dns, text));
        }
    }
    if forward && !enabled && contract >= Contract::V1_13 {
        let text = "feature hostDNS.forwardKubeDNSToHost requires hostDNS.enabled to be true (.machine.features.hostDNS)";
        findings.main(fault(main, &dns, text));
    }
}

fn machine_type(main: &Node, findings: &mut Findings) {
    let written = main.text_at(&["machine", "type"]);
    if matches!(written, "join" | "") {
        let text = format!("use \"worker\" instead of {written:?} for machine type");
        findings.warn(fault(main, &["machine", "type"], text));
    }
}

fn by_role(main: &Node, contract: Contract, findings: &mut Findings) {
    let path = ["machine", "ca"];
    let text_at = |key: &str| main.text_at(&["machine", "ca", key]);
    let has_ca = main.at(&path).is_some();
    let accepted = main.at(&["machine", "acceptedCAs"]).map(Node::items);
    let has_accepted = accepted.is_some_and(|list| !list.is_empty());
    if !has_ca && !has_accepted {
        let text =
            "issuing CA or some accepted CAs are required (.machine.ca, machine.acceptedCAs)";
        findings.main(fault(main, &path, text));
    }
    match kind(main) {
        Kind::ControlPlane => {
            cluster::cni(main, contract, findings);
            if !has_ca {
                findings.main(fault(main, &path, "issuing CA is required (.machine.ca)"));
            } else if text_at("key").is_empty() {
                let text = "issuing CA key is required for controlplane nodes (.machine.ca.key)";
                findings.main(fault(main, &["machine", "ca", "key"], text));
            }
        }
        Kind::Worker => {
            devices::refuse_shared_addresses(main, findings);
            if !text_at("key").is_empty() {
                let text = "issuing Talos API CA key is not allowed on non-controlplane nodes (.machine.ca)";
                findings.main(fault(main, &["machine", "ca", "key"], text));
            }
            if has_ca && text_at("crt").is_empty() && !has_accepted {
                let text = "trusted CA certificates are required on non-controlplane nodes (.machine.ca.crt, .machine.acceptedCAs)";
                findings.main(fault(main, &path, text));
            }
            if !main.text_at(&["cluster", "ca", "key"]).is_empty() {
                let text = "issuing Kubernetes API CA key is not allowed on non-controlplane nodes (.cluster.ca)";
                findings.main(fault(main, &["cluster", "ca", "key"], text));
            }
        }
        Kind::Unknown => {
            let written = main.text_at(&["machine", "type"]);
            let text = format!("unknown machine type {}", formats::quote(written));
            findings.main(fault(main, &["machine", "type"], text));
        }
    }
}

/// Fields of the kubelet's own configuration that are Talos' to set.
const PROTECTED: &[&str] = &[
    "apiVersion",
    "authentication",
    "authorization",
    "cgroupRoot",
    "kind",
    "kubeletCgroups",
    "port",
    "protectKernelDefaults",
    "resolvConf",
    "rotateCertificates",
    "systemCgroups",
    "staticPodPath",
    "seccompDefault",
];

fn kubelet(main: &Node, findings: &mut Findings) {
    let path = ["machine", "kubelet"];
    let Some(kubelet) = main.at(&path) else {
        return;
    };
    let subnets = kubelet.at(&["nodeIP", "validSubnets"]);
    for (text, line) in bad_subnets(subnets) {
        let text = format!(
            "kubelet nodeIP subnet is not valid: {}",
            formats::quote(&text)
        );
        findings.main(Fault::new(
            "machine.kubelet.nodeIP.validSubnets",
            line,
            text,
        ));
    }
    for field in protected(kubelet.get("extraConfig")) {
        let text = format!("kubelet configuration field {field:?} can't be overridden");
        findings.main(fault(
            main,
            &["machine", "kubelet", "extraConfig", field],
            text,
        ));
    }
}

pub(super) fn protected(config: Option<&Node>) -> impl Iterator<Item = &'static str> {
    let entries = config.map(Node::entries).unwrap_or_default();
    let there = move |field: &&&str| entries.iter().any(|entry| entry.key == ***field);
    PROTECTED.iter().filter(there).copied()
}

/// Entries that are neither a network nor an address; an exclamation mark excludes.
pub(super) fn bad_subnets(list: Option<&Node>) -> Vec<(String, usize)> {
    let items = list.map(Node::items).unwrap_or_default();
    let texts = items.iter().map(|item| {
        let text = item.as_text().unwrap_or_default();
        (text.strip_prefix('!').unwrap_or(text).to_owned(), item.line)
    });
    let bad = |(text, _): &(String, usize)| !formats::is_subnet_or_address(text);
    texts.filter(bad).collect()
}
