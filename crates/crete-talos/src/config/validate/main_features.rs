//! The rules of the main document about extensions, features and registries.

use super::findings::Findings;
use super::main_document::{Kind, fault, kind};
use crate::Contract;
use crate::config::fault::Fault;
use crate::config::formats;
use crate::yaml::Node;

pub(super) fn extensions_warning(contract: Contract) -> Fault {
    let place = match contract >= Contract::V1_13 {
        true => {
            "https://docs.siderolabs.com/talos/latest/platform-specific-installations/boot-assets"
        }
        false => "https://www.talos.dev/latest/talos-guides/install/boot-assets/",
    };
    let text = format!(".machine.install.extensions is deprecated, please see {place}");
    Fault::new("machine.install.extensions", 0, text)
}

pub(super) fn extensions(main: &Node, contract: Contract, findings: &mut Findings) {
    let extensions = main.at(&["machine", "install", "extensions"]);
    let extensions = extensions.map(Node::items).unwrap_or_default();
    let mut seen: Vec<&str> = Vec::new();
    for extension in extensions {
        let image = extension.text_at(&["image"]);
        if seen.contains(&image) {
            let text = format!("duplicate system extension {}", formats::quote(image));
            findings.main(Fault::new(
                "machine.install.extensions",
                extension.line,
                text,
            ));
        }
        seen.push(image);
    }
    if !seen.is_empty() {
        findings.warn(extensions_warning(contract));
    }
}

/// What a program may be allowed to be.
pub(super) const ROLES: [&str; 7] = [
    "os:admin",
    "os:reader",
    "os:operator",
    "os:etcd:backup",
    "os:impersonator",
    "os:image:verifier",
    "os:meta:writer",
];

pub(super) fn features(main: &Node, contract: Contract, findings: &mut Findings) {
    let path = ["machine", "features", "kubernetesTalosAPIAccess"];
    let access = main
        .at(&path)
        .filter(|node| node.bool_at(&["enabled"]) == Some(true));
    if let Some(access) = access {
        let rbac = main.bool_at(&["machine", "features", "rbac"]) == Some(true);
        if !rbac && contract <= Contract::V1_11 {
            let text = "feature API RBAC should be enabled when Kubernetes Talos API Access feature is enabled";
            findings.main(fault(main, &path, text));
        }
        if kind(main) != Kind::ControlPlane {
            let text =
                "feature Kubernetes Talos API Access can only be enabled on control plane machines";
            findings.main(fault(main, &path, text));
        }
        let known = match contract >= Contract::V1_13 {
            true => &ROLES[..],
            false => &ROLES[..5],
        };
        let roles = access.get("allowedRoles").map(Node::items);
        for role in roles.unwrap_or_default() {
            let name = role.as_text().unwrap_or_default();
            if !known.contains(&name) {
                let name = formats::quote(name);
                let text =
                    format!("invalid role {name} in allowed roles for Kubernetes Talos API Access");
                findings.main(Fault::new(path.join("."), role.line, text));
            }
        }
    }
    let path = ["machine", "features", "nodeAddressSortAlgorithm"];
    let algorithm = main.text_at(&path);
    if !matches!(algorithm.to_lowercase().as_str(), "" | "v1" | "v2") {
        let text = format!(
            "invalid node address sort algorithm: {algorithm} does not belong to AddressSortAlgorithm values"
        );
        findings.main(fault(main, &path, text));
    }
}

pub(super) fn registries(main: &Node, findings: &mut Findings) {
    for key in ["config", "mirrors"] {
        let path = ["machine", "registries", key];
        for entry in main.at(&path).map(Node::entries).unwrap_or_default() {
            if entry.value.is_null() {
                let text = format!("registries.{key}[{:?}] is null", entry.key);
                findings.main(Fault::new(path.join("."), entry.line, text));
            }
        }
    }
}
