//! The rules of the main document's cluster section.

use super::findings::Findings;
use super::main_document::{Kind, bad_subnets, fault, kind};
use crate::Contract;
use crate::config::fault::Fault;
use crate::config::formats;
use crate::yaml::Node;

pub(super) fn check(main: &Node, contract: Contract, findings: &mut Findings) {
    if endpoint(main, contract, findings) {
        return;
    }
    let domain = main.text_at(&["cluster", "network", "dnsDomain"]);
    if !domain.is_empty() && !is_dns_name(domain) {
        let text = format!("{domain:?} is not a valid DNS name");
        findings.main(fault(main, &["cluster", "network", "dnsDomain"], text));
    }
    cloud_provider(main, findings);
    let is_control_plane = kind(main) == Kind::ControlPlane;
    etcd(main, is_control_plane, findings);
    if !is_control_plane && !main.text_at(&["cluster", "ca", "key"]).is_empty() {
        let text = "cluster CA key is not allowed on non-controlplane nodes (.cluster.ca)";
        findings.main(fault(main, &["cluster", "ca", "key"], text));
    }
    inline_manifests(main, findings);
    discovery(main, findings);
}

/// Checks the endpoint; true when nothing else of the section is looked at.
fn endpoint(main: &Node, contract: Contract, findings: &mut Findings) -> bool {
    let path = ["cluster", "controlPlane", "endpoint"];
    let text = main.text_at(&path);
    if text.is_empty() {
        // From 1.14 on it may stand in a document of its own.
        let section = main.at(&["cluster", "controlPlane"]).is_some();
        if contract < Contract::V1_14 || section {
            let text = "cluster controlplane endpoint is required";
            findings.main(fault(main, &path, text));
            return true;
        }
        return false;
    }
    if let Err(reason) = endpoint_problem(text) {
        let text = format!("invalid controlplane endpoint: {reason}");
        findings.main(fault(main, &path, text));
    }
    false
}

/// What is wrong with an address that machines are to reach.
pub(super) fn endpoint_problem(text: &str) -> Result<(), String> {
    let url = formats::url(text)?;
    if url.scheme.is_empty() {
        return Err(format!("parse {text:?}: invalid URI for request"));
    }
    if url.host.is_empty() {
        return Err("hostname must not be blank".to_owned());
    }
    if !url.port.is_empty() && !matches!(url.port.parse::<u32>(), Ok(1..=65535)) {
        return Err(format!(
            "port {:?} must be a number from 1 to 65535",
            url.port
        ));
    }
    Ok(())
}

/// Labels of 63 characters, with underscores, and a dot or underscore at the end.
pub(super) fn is_dns_name(name: &str) -> bool {
    let length = name.len() - name.matches('.').count();
    if name.is_empty() || length > 255 {
        return false;
    }
    let body = name.strip_suffix(['.', '_']).unwrap_or(name);
    body.split('.').all(|label| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && label.bytes().all(fits)
    })
}

fn cloud_provider(main: &Node, findings: &mut Findings) {
    let path = ["cluster", "externalCloudProvider"];
    let Some(provider) = main.at(&path) else {
        return;
    };
    let manifests = provider
        .get("manifests")
        .map(Node::items)
        .unwrap_or_default();
    if provider.bool_at(&["enabled"]) != Some(true) {
        if !manifests.is_empty() {
            let text = "external cloud provider is disabled, but manifests are provided";
            findings.main(fault(main, &path, text));
        }
        return;
    }
    for manifest in manifests {
        let url = manifest.as_text().unwrap_or_default();
        if let Err(reason) = endpoint_problem(url) {
            let text = format!("invalid external cloud provider manifest url {url:?}: {reason}");
            findings.main(Fault::new(path.join("."), manifest.line, text));
        }
    }
}

fn etcd(main: &Node, is_control_plane: bool, findings: &mut Findings) {
    let path = ["cluster", "etcd"];
    let Some(etcd) = main.at(&path) else {
        return;
    };
    if !is_control_plane {
        let text = "etcd config is only allowed on control plane machines";
        findings.main(fault(main, &path, text));
        return;
    }
    if etcd.text_at(&["ca", "crt"]).is_empty() && etcd.text_at(&["ca", "key"]).is_empty() {
        let text = "key/cert combination should not be empty";
        findings.main(fault(main, &["cluster", "etcd", "ca"], text));
    }
    for (key, name) in [
        ("advertisedSubnets", "advertised"),
        ("listenSubnets", "listen"),
    ] {
        for (text, line) in bad_subnets(etcd.get(key)) {
            let text = format!("etcd {name} subnet is not valid: {text:?}");
            findings.main(Fault::new(format!("cluster.etcd.{key}"), line, text));
        }
    }
}

fn inline_manifests(main: &Node, findings: &mut Findings) {
    let manifests = main.at(&["cluster", "inlineManifests"]).map(Node::items);
    let mut seen: Vec<&str> = Vec::new();
    for (index, manifest) in manifests.unwrap_or_default().iter().enumerate() {
        let name = manifest.text_at(&["name"]);
        let mut add = |text: String| {
            let path = format!("cluster.inlineManifests[{index}].name");
            findings.main(Fault::new(path, manifest.line, text));
        };
        if name.trim().is_empty() {
            add("inline manifest name can't be empty".to_owned());
        }
        if seen.contains(&name) {
            add(format!("inline manifest name {name:?} is duplicate"));
        }
        seen.push(name);
    }
}

fn discovery(main: &Node, findings: &mut Findings) {
    let section = ["cluster", "discovery"];
    let Some(discovery) = main.at(&section) else {
        return;
    };
    let service = ["registries", "service"];
    let off = discovery
        .at(&service)
        .and_then(|node| node.bool_at(&["disabled"]));
    if discovery.bool_at(&["enabled"]) != Some(true) || off == Some(true) {
        return;
    }
    let endpoint = discovery.text_at(&["registries", "service", "endpoint"]);
    let place = ["cluster", "discovery", "registries", "service", "endpoint"];
    match formats::url(endpoint) {
        Err(reason) => {
            let text = format!("cluster discovery service registry endpoint is invalid: {reason}");
            findings.main(fault(main, &place, text));
        }
        Ok(url) if !matches!(url.path.as_str(), "" | "/") => {
            let text = "cluster discovery service path should be empty";
            findings.main(fault(main, &place, text));
        }
        Ok(_) => {}
    }
    for key in ["id", "secret"] {
        if main.text_at(&["cluster", key]).is_empty() {
            let text = format!("cluster discovery service requires .cluster.{key}");
            findings.main(fault(main, &["cluster", key], text));
        }
    }
}

/// The network between pods, looked at on control planes only.
pub(super) fn cni(main: &Node, findings: &mut Findings) {
    let path = ["cluster", "network", "cni"];
    let Some(cni) = main.at(&path) else {
        return;
    };
    let name = match cni.text_at(&["name"]) {
        "" => "flannel",
        name => name,
    };
    let urls = cni.get("urls").map(Node::items).unwrap_or_default();
    match name {
        "flannel" | "none" if !urls.is_empty() => {
            let text = format!("\"urls\" field should be empty for {name:?} CNI");
            findings.main(fault(main, &["cluster", "network", "cni", "urls"], text));
        }
        "flannel" | "none" => {}
        "custom" => {
            if urls.is_empty() {
                let text = "\"urls\" field should not be empty for \"custom\" CNI";
                findings.warn(fault(main, &path, text));
            }
            for url in urls {
                if let Err(reason) = endpoint_problem(url.as_text().unwrap_or_default()) {
                    findings.main(Fault::new("cluster.network.cni.urls", url.line, reason));
                }
            }
        }
        _ => {
            let text = "cni name should be one of [\"flannel\", \"custom\", \"none\"]";
            findings.main(fault(main, &["cluster", "network", "cni", "name"], text));
        }
    }
}
