//! The rules of the main document's cluster section.

use super::findings::Findings;
use super::kubernetes::resource_problem;
use super::main_document::{Kind, bad_subnets, fault, kind};
use crate::Contract;
use crate::config::fault::Fault;
use crate::config::formats::{self, quote};
use crate::yaml::Node;

pub(super) fn check(main: &Node, contract: Contract, findings: &mut Findings) {
    if main.get("cluster").is_none() {
        let text = "cluster instructions are required";
        return findings.main(fault(main, &["cluster"], text));
    }
    if endpoint(main, contract, findings) {
        return;
    }
    let domain = main.text_at(&["cluster", "network", "dnsDomain"]);
    if !domain.is_empty() && !is_dns_name(domain) {
        let text = format!("{} is not a valid DNS name", quote(domain));
        findings.main(fault(main, &["cluster", "network", "dnsDomain"], text));
    }
    cloud_provider(main, contract, findings);
    let is_control_plane = kind(main) == Kind::ControlPlane;
    etcd(main, is_control_plane, findings);
    if !is_control_plane && !main.text_at(&["cluster", "ca", "key"]).is_empty() {
        let text = "cluster CA key is not allowed on non-controlplane nodes (.cluster.ca)";
        findings.main(fault(main, &["cluster", "ca", "key"], text));
    }
    inline_manifests(main, findings);
    discovery(main, contract, findings);
    programs(main, findings);
}

const ENDPOINT_MOVED: &str = "cluster controlplane endpoint is required (.cluster.controlPlane.endpoint); when the endpoint is migrated to the KubeClusterConfig document, the whole .cluster.controlPlane section should be removed (.cluster.controlPlane.localAPIServerPort is migrated to the KubeAPIServerConfig document)";
const ACCOUNTS_ALONE: &str = ".cluster.serviceAccount requires the cluster endpoint to be set in the same document (.cluster.controlPlane.endpoint); when the cluster endpoint is migrated to the KubeClusterConfig document, .cluster.serviceAccount should be migrated to the KubeServiceAccountConfig document as well";

/// Checks the endpoint; true when nothing else of the section is looked at.
fn endpoint(main: &Node, contract: Contract, findings: &mut Findings) -> bool {
    let path = ["cluster", "controlPlane", "endpoint"];
    let newest = contract >= Contract::V1_14;
    let section = main.at(&["cluster", "controlPlane"]).is_some();
    let there = main.at(&path).is_some();
    if !there && (section || !newest) {
        let text = match newest {
            true => ENDPOINT_MOVED,
            false => "cluster controlplane endpoint is required",
        };
        findings.main(fault(main, &path, text));
        return true;
    }
    if there && let Err(reason) = formats::endpoint_problem(main.text_at(&path), contract) {
        let text = format!("invalid controlplane endpoint: {reason}");
        findings.main(fault(main, &path, text));
    }
    let accounts = ["cluster", "serviceAccount"];
    if newest && !there && main.at(&accounts).is_some() {
        findings.main(fault(main, &accounts, ACCOUNTS_ALONE));
    }
    false
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

fn cloud_provider(main: &Node, contract: Contract, findings: &mut Findings) {
    let path = ["cluster", "externalCloudProvider"];
    let Some(provider) = main.at(&path) else {
        return;
    };
    let manifests = provider
        .get("manifests")
        .map(Node::items)
        .unwrap_or_default();
    if provider.bool_at(&["enabled"]) != Some(true) && !manifests.is_empty() {
        let text = "external cloud provider is disabled, but manifests are provided";
        return findings.main(fault(main, &path, text));
    }
    for manifest in manifests {
        let url = manifest.as_text().unwrap_or_default();
        if let Err(reason) = formats::endpoint_problem(url, contract) {
            let url = quote(url);
            let text = format!("invalid external cloud provider manifest url {url}: {reason}");
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
    if etcd.get("ca").is_none() {
        let text = "key/cert combination should not be empty";
        findings.main(fault(main, &["cluster", "etcd", "ca"], text));
    }
    let one = etcd.text_at(&["subnet"]);
    let list = |key| etcd.get(key).filter(|list| !list.items().is_empty());
    let advertised = list("advertisedSubnets");
    if !one.is_empty() && advertised.is_some() {
        let text = "etcd subnet can't be set when advertised subnets are set";
        findings.main(fault(main, &["cluster", "etcd", "subnet"], text));
    }
    let alone = Node::texts(&[one]);
    let alone = (!one.is_empty()).then_some(&alone);
    for (list, key, name) in [
        (advertised.or(alone), "advertisedSubnets", "advertised"),
        (
            list("listenSubnets").or(advertised),
            "listenSubnets",
            "listen",
        ),
    ] {
        for (text, line) in bad_subnets(list) {
            let text = format!("etcd {name} subnet is not valid: {}", quote(&text));
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
            add(format!("inline manifest name {} is duplicate", quote(name)));
        }
        seen.push(name);
    }
}

fn discovery(main: &Node, contract: Contract, findings: &mut Findings) {
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
    let endpoint = match discovery.text_at(&["registries", "service", "endpoint"]) {
        "" => "https://discovery.talos.dev/",
        endpoint => endpoint,
    };
    let place = ["cluster", "discovery", "registries", "service", "endpoint"];
    match formats::request(endpoint, contract) {
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

/// The API server, the controller manager and the scheduler: the first thing wrong with each.
fn programs(main: &Node, findings: &mut Findings) {
    if let Some(problem) = authorization(main) {
        findings.main(fault(main, &["cluster", "apiServer"], problem));
    }
    for (key, name) in [
        ("apiServer", "apiserver"),
        ("controllerManager", "controller-manager"),
        ("scheduler", "scheduler"),
    ] {
        // What is wrong with the authorization comes instead.
        if key == "apiServer" && authorization(main).is_some() {
            continue;
        }
        let path = ["cluster", key, "resources"];
        if let Some(problem) = resource_problem(main.at(&path)) {
            let text = format!("{name} resource validation failed: {problem}");
            findings.main(fault(main, &path, text));
        }
    }
}

fn authorization(main: &Node) -> Option<String> {
    let server = main.at(&["cluster", "apiServer"])?;
    let authorizers = server.get("authorizationConfig")?;
    let arguments = server.get("extraArgs").map(Node::entries);
    for argument in arguments.unwrap_or_default() {
        if argument.key == "authorization-mode" {
            return Some("authorization-mode cannot be used in conjunction with AuthorizationConfig, use eitherr AuthorizationConfig or authorization-mode".to_owned());
        }
        if argument.key.starts_with("authorization-webhook-") {
            return Some("authorization-webhook-* flags cannot be used in conjunction with AuthorizationConfig, use either AuthorizationConfig or authorization-webhook-* flags".to_owned());
        }
    }
    let problem = |one: &Node| {
        let kind = one.text_at(&["type"]);
        match (kind, one.text_at(&["name"])) {
            ("", _) => Some("authorizer type must be set".to_owned()),
            (_, "") => Some("authorizer name must be set".to_owned()),
            ("Node" | "RBAC" | "Webhook", _) => None,
            (kind, _) => Some(format!(
                "authorizer type {kind} is not allowed, allowed types are [Node RBAC Webhook]"
            )),
        }
    };
    let problem = authorizers.items().iter().find_map(problem)?;
    Some(format!(
        "apiserver authorization config validation failed: {problem}"
    ))
}

/// The network between pods, looked at on control planes only.
pub(super) fn cni(main: &Node, contract: Contract, findings: &mut Findings) {
    let Some(cni) = main.at(&["cluster", "network", "cni"]) else {
        return;
    };
    let name = cni.text_at(&["name"]);
    let urls = cni.get("urls").map(Node::items).unwrap_or_default();
    let mut add = |key: &str, text: String| {
        findings.main(fault(main, &["cluster", "network", "cni", key], text));
    };
    if matches!(name, "flannel" | "none") && !urls.is_empty() {
        add(
            "urls",
            format!("\"urls\" field should be empty for {name:?} CNI"),
        );
    }
    if matches!(name, "custom" | "none") {
        let arguments = cni.at(&["flannel", "extraArgs"]);
        if arguments.is_some_and(|list| !list.items().is_empty()) {
            let text = format!("\"flanneldExtraArgs\" field should be empty for {name:?} CNI");
            add("flannel", text);
        }
        let policies = cni.bool_at(&["flannel", "kubeNetworkPoliciesEnabled"]);
        if contract >= Contract::V1_13 && policies == Some(true) {
            let text = format!(
                "\"flannelKubeNetworkPoliciesEnabled\" should not be enabled for {name:?} CNI"
            );
            add("flannel", text);
        }
    }
    match name {
        "flannel" | "none" => {}
        "custom" => {
            for url in urls {
                if let Err(reason) =
                    formats::endpoint_problem(url.as_text().unwrap_or_default(), contract)
                {
                    findings.main(Fault::new("cluster.network.cni.urls", url.line, reason));
                }
            }
            if urls.is_empty() {
                let text = "\"urls\" field should not be empty for \"custom\" CNI";
                findings.warn(fault(main, &["cluster", "network", "cni"], text));
            }
        }
        _ => add(
            "name",
            "cni name should be one of [\"flannel\", \"custom\", \"none\"]".to_owned(),
        ),
    }
}
