//! The rules between documents: the same thing said in two places, or in none.

use super::Mode;
use super::between_kubernetes;
use super::findings::Findings;
use super::main_document::fault;
use crate::Contract;
use crate::config::Configuration;
use crate::config::fault::Fault;
use crate::yaml::Node;

pub(super) fn check(
    configuration: &Configuration,
    contract: Contract,
    mode: Mode,
    findings: &mut Findings,
) {
    if let Some(main) = configuration.main() {
        for document in configuration.documents.iter().filter(|one| !one.is_main()) {
            let kind = document.kind();
            said_twice(&main.node, &document.node, kind, contract, findings);
            between_kubernetes::said_twice(&main.node, &document.node, kind, findings);
        }
        // An incomplete section has been refused already.
        let complete = main.node.get("machine").is_some() && main.node.get("cluster").is_some();
        if contract >= Contract::V1_14 && complete {
            said_nowhere(configuration, &main.node, mode, findings);
            between_kubernetes::said_nowhere(configuration, &main.node, findings);
        }
    }
}

fn said_twice(
    main: &Node,
    document: &Node,
    kind: &str,
    contract: Contract,
    findings: &mut Findings,
) {
    let mut add = |path: &[&str], text: String| findings.between(fault(main, path, text));
    let has = |path: &[&str]| main.at(path).is_some_and(is_something);
    match kind {
        "HostnameConfig" => {
            let stable = ["machine", "features", "stableHostname"];
            if main.bool_at(&stable) == Some(true) {
                add(
                    &stable,
                    "stable hostname is already set in v1alpha1 config".to_owned(),
                );
            }
            let fixed = ["machine", "network", "hostname"];
            if has(&fixed) {
                add(
                    &fixed,
                    "static hostname is already set in v1alpha1 config".to_owned(),
                );
            }
        }
        "ResolverConfig" => {
            for key in ["nameservers", "searchDomains", "disableSearchDomain"] {
                if has(&["machine", "network", key]) {
                    let text = format!(".machine.network.{key} is already set in v1alpha1 config");
                    add(&["machine", "network", key], text);
                }
            }
        }
        "TimeSyncConfig" => {
            for key in ["disabled", "servers", "bootTimeout"] {
                if has(&["machine", "time", key]) {
                    let text = format!(".machine.time.{key} is already set in v1alpha1 config");
                    add(&["machine", "time", key], text);
                }
            }
        }
        "KubeSpanConfig" if has(&["machine", "network", "kubespan", "enabled"]) => {
            let text = "kubespan is already set in v1alpha1 config".to_owned();
            add(&["machine", "network", "kubespan"], text);
        }
        "VolumeConfig" if document.get("encryption").is_some() => {
            let name = document.text_at(&["name"]);
            let key = match name {
                "STATE" => "state",
                "EPHEMERAL" => "ephemeral",
                _ => return,
            };
            if has(&["machine", "systemDiskEncryption", key]) {
                let text = format!(
                    "system disk encryption for {name:?} is configured in both v1alpha1.Config and VolumeConfig"
                );
                add(&["machine", "systemDiskEncryption", key], text);
            }
        }
        "UnattendedInstallConfig" if main.at(&["machine", "install"]).is_some() => {
            let text = "UnattendedInstallConfig config is incompatible with v1alpha1 config (.machine.install)";
            add(&["machine", "install"], text.to_owned());
        }
        "SysctlConfig" if contract >= Contract::V1_14 && has(&["machine", "sysctls"]) => {
            let text = ".machine.sysctls is already set in v1alpha1 config".to_owned();
            add(&["machine", "sysctls"], text);
        }
        _ => {}
    }
}

/// False for what means the same as its absence.
pub(super) fn is_something(node: &Node) -> bool {
    match node.as_bool() {
        Some(truth) => truth,
        None => {
            node.as_text().is_some_and(|text| !text.is_empty())
                || !node.items().is_empty()
                || !node.entries().is_empty()
        }
    }
}

fn said_nowhere(configuration: &Configuration, main: &Node, mode: Mode, findings: &mut Findings) {
    let mut add = |text: &str| findings.between(Fault::new("", 0, text));
    let service = configuration.the("DiscoveryServiceConfig").is_some();
    let legacy = main.bool_at(&["cluster", "discovery", "enabled"]) == Some(true);
    let identity = configuration.the("DiscoveryIdentityConfig");
    let known = |legacy: &str, key: &str| {
        !main.text_at(&["cluster", legacy]).is_empty()
            || identity.is_some_and(|document| !document.node.text_at(&[key]).is_empty())
    };
    let span = configuration.the("KubeSpanConfig").map_or_else(
        || main.bool_at(&["machine", "network", "kubespan", "enabled"]),
        |document| document.node.bool_at(&["enabled"]),
    );
    if span == Some(true) && !service && !legacy {
        add("KubeSpan requires cluster discovery to be enabled");
    }
    if service || legacy {
        for (key, document_key, name) in [
            ("id", "clusterID", "ID"),
            ("secret", "clusterSecret", "secret"),
        ] {
            if !known(key, document_key) {
                add(&format!(
                    "cluster {name} (.cluster.{key} or DiscoveryIdentityConfig) should be set when cluster discovery (DiscoveryServiceConfig) is enabled"
                ));
            }
        }
    }
    if mode == Mode::Container {
        let document = configuration.the("ResolverConfig");
        let document = document.and_then(|document| document.node.bool_at(&["hostDNS", "enabled"]));
        let legacy = main.bool_at(&["machine", "features", "hostDNS", "enabled"]);
        if document != Some(true) && legacy != Some(true) {
            add("hostDNS config is required in container mode");
        }
    }
}
