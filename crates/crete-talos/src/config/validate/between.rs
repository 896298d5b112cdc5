//! The rules between documents: the same thing said in two places, or in none.

use super::findings::Findings;
use super::main_document::fault;
use super::{Mode, between_kubernetes, container_order};
use crate::Contract;
use crate::config::fault::Fault;
use crate::config::{Configuration, formats};
use crate::yaml::Node;

pub(super) fn check(
    configuration: &Configuration,
    contract: Contract,
    mode: Mode,
    findings: &mut Findings,
) {
    if let Some(main) = configuration.main() {
        if contract == Contract::V1_11 {
            for label in ["STATE", "EPHEMERAL"] {
                let mut volumes = configuration.of_kind("VolumeConfig");
                let volume = volumes.find(|volume| volume.name() == label);
                if let Some(volume) = volume {
                    encrypted_twice(&main.node, &volume.node, findings);
                }
            }
        }
        if contract >= Contract::V1_12 {
            for document in configuration.documents.iter().filter(|one| !one.is_main()) {
                said_twice(
                    &main.node,
                    &document.node,
                    document.kind(),
                    contract,
                    findings,
                );
            }
        }
    }
    if contract >= Contract::V1_14 {
        let nothing = Node::empty_map();
        let main = configuration.main().map_or(&nothing, |main| &main.node);
        together(configuration, main, mode, findings);
        between_kubernetes::together(configuration, main, findings);
    }
}

fn said_twice(
    main: &Node,
    document: &Node,
    kind: &str,
    contract: Contract,
    findings: &mut Findings,
) {
    let has = |path: &[&str]| main.at(path).is_some();
    let is_on = |path: &[&str]| main.bool_at(path) == Some(true);
    let texts = |path: &[&str]| {
        let items = main.at(path).map(Node::items).unwrap_or_default().iter();
        items
            .filter_map(Node::as_text)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let network = |key| ["machine", "network", key];
    let found: Option<(&[&str], &str)> = match kind {
        "VolumeConfig" => return encrypted_twice(main, document, findings),
        "HostnameConfig" if !main.text_at(&network("hostname")).is_empty() => Some((
            &["machine", "network", "hostname"],
            "static hostname is already set in v1alpha1 config",
        )),
        "HostnameConfig" if is_on(&["machine", "features", "stableHostname"]) => Some((
            &["machine", "features", "stableHostname"],
            "stable hostname is already set in v1alpha1 config",
        )),
        "ResolverConfig" if has(&network("searchDomains")) => Some((
            &["machine", "network", "searchDomains"],
            ".machine.network.searchDomains is already set in v1alpha1 config",
        )),
        "ResolverConfig"
            if texts(&network("nameservers"))
                .iter()
                .any(|text| formats::address(text).is_ok()) =>
        {
            Some((
                &["machine", "network", "nameservers"],
                ".machine.network.nameservers is already set in v1alpha1 config",
            ))
        }
        "ResolverConfig" if is_on(&network("disableSearchDomain")) => Some((
            &["machine", "network", "disableSearchDomain"],
            ".machine.network.disableSearchDomain is already set in v1alpha1 config",
        )),
        "ResolverConfig" if contract >= Contract::V1_14 => {
            let keys = ["enabled", "forwardKubeDNSToHost", "resolveMemberNames"];
            let own = keys
                .iter()
                .any(|key| document.at(&["hostDNS", key]).is_some());
            let old = ["machine", "features", "hostDNS"];
            (own && has(&old)).then_some((
                &["machine", "features", "hostDNS"][..],
                ".machine.features.hostDNS is already set in v1alpha1 config",
            ))
        }
        "TimeSyncConfig" => time_twice(main),
        "KubeSpanConfig" if has(&network("kubespan")) => Some((
            &["machine", "network", "kubespan"],
            "kubespan is already configured in v1alpha1 machine.network.kubespan",
        )),
        _ if contract >= Contract::V1_14 => said_anew(main, kind),
        _ => None,
    };
    if let Some((path, text)) = found {
        findings.between(fault(main, path, text));
    }
}

type Found = Option<(&'static [&'static str], &'static str)>;

fn time_twice(main: &Node) -> Found {
    let time = main.at(&["machine", "time"])?;
    if time.bool_at(&["disabled"]) == Some(true) {
        return Some((
            &["machine", "time", "disabled"],
            "time sync cannot be disabled in both v1alpha1 and new-style configuration",
        ));
    }
    if time
        .get("servers")
        .is_some_and(|list| !list.items().is_empty())
    {
        return Some((
            &["machine", "time", "servers"],
            "time servers cannot be specified in both v1alpha1 and new-style configuration",
        ));
    }
    let timeout = formats::duration(time.text_at(&["bootTimeout"])).unwrap_or_default();
    (timeout != 0).then_some((
        &["machine", "time", "bootTimeout"],
        "boot timeout cannot be specified in both v1alpha1 and new-style configuration",
    ))
}

/// What 1.14 has documents for.
fn said_anew(main: &Node, kind: &str) -> Found {
    let has = |path: &[&str]| main.at(path).is_some();
    let text = |path: &[&str]| !main.text_at(path).is_empty();
    let filled = |path: &[&str]| main.at(path).is_some_and(|node| !node.entries().is_empty());
    match kind {
        "CRIBaseRuntimeSpecConfig" if filled(&["machine", "baseRuntimeSpecOverrides"]) => Some((
            &["machine", "baseRuntimeSpecOverrides"],
            "base runtime spec overrides are already set in v1alpha1 config",
        )),
        "DiscoveryIdentityConfig" if text(&["cluster", "id"]) || text(&["cluster", "secret"]) => {
            Some((
                &["cluster", "id"],
                "cluster identity is already configured in .cluster.id/.cluster.secret of the v1alpha1 config",
            ))
        }
        "DiscoveryServiceConfig" if has(&["cluster", "discovery"]) => Some((
            &["cluster", "discovery"],
            "discovery service is already configured in .cluster.discovery of the v1alpha1 config",
        )),
        "ImageCacheConfig" if has(&["machine", "features", "imageCache"]) => Some((
            &["machine", "features", "imageCache"],
            "image cache config is already set in v1alpha1 config",
        )),
        "KubeAuditPolicyConfig" if filled(&["cluster", "apiServer", "auditPolicy"]) => Some((
            &["cluster", "apiServer", "auditPolicy"],
            "audit policy config is already set in v1alpha1 config",
        )),
        "UnattendedInstallConfig" if has(&["machine", "install"]) => Some((
            &["machine", "install"],
            "UnattendedInstallConfig config is incompatible with v1alpha1 config (.machine.install)",
        )),
        _ => between_kubernetes::said_anew(main, kind),
    }
}

fn encrypted_twice(main: &Node, volume: &Node, findings: &mut Findings) {
    let name = volume.text_at(&["name"]);
    let key = match name {
        "STATE" => "state",
        "EPHEMERAL" => "ephemeral",
        _ => return,
    };
    let provider = volume.text_at(&["encryption", "provider"]).to_lowercase();
    let path = ["machine", "systemDiskEncryption", key];
    if !matches!(provider.as_str(), "" | "none") && main.at(&path).is_some() {
        let text = format!(
            "system disk encryption for {name:?} is configured in both v1alpha1.Config and VolumeConfig"
        );
        findings.between(fault(main, &path, text));
    }
}

/// What belongs together, wherever it is said.
fn together(configuration: &Configuration, main: &Node, mode: Mode, findings: &mut Findings) {
    let mut add = |text: &str| findings.between(Fault::new("", 0, text));
    let resolver = configuration.the("ResolverConfig");
    let newer = resolver.and_then(|document| document.node.get("hostDNS"));
    let newer = newer.filter(|section| section.bool_at(&["enabled"]) == Some(true));
    let dns = newer.or_else(|| main.at(&["machine", "features", "hostDNS"]));
    let is_on = |key| dns.and_then(|section| section.bool_at(&[key])) == Some(true);
    if mode == Mode::Container {
        if dns.is_none() {
            add("hostDNS config is required in container mode");
        } else {
            if !is_on("enabled") {
                add("hostDNS must be enabled in container mode");
            }
            if !is_on("forwardKubeDNSToHost") {
                add("forwardKubeDNSToHost must be enabled in container mode");
            }
        }
    }
    let servers = resolver.and_then(|document| document.node.get("nameservers"));
    let secret = |server: &Node| {
        let protocol = server.text_at(&["protocol"]).to_lowercase();
        !matches!(protocol.as_str(), "" | "do53")
    };
    let any_secret = servers.is_some_and(|servers| servers.items().iter().any(secret));
    if any_secret && !is_on("enabled") {
        add("hostDNS must be enabled when using non-default DNS protocols");
    }
    let discovered = is_discovered(configuration, main);
    if discovered {
        let old = ["id", "secret"].map(|key| main.text_at(&["cluster", key]));
        let document = configuration.the("DiscoveryIdentityConfig");
        let identity = match (old, document) {
            (["", ""], Some(document)) => {
                ["clusterID", "clusterSecret"].map(|key| document.node.text_at(&[key]))
            }
            (old, _) => old,
        };
        for (value, key, name) in [(identity[0], "id", "ID"), (identity[1], "secret", "secret")] {
            if value.is_empty() {
                add(&format!(
                    "cluster {name} (.cluster.{key} or DiscoveryIdentityConfig) should be set when cluster discovery (DiscoveryServiceConfig) is enabled"
                ));
            }
        }
    }
    for fault in container_order::dependencies(configuration) {
        findings.between(fault);
    }
    let span = configuration.the("KubeSpanConfig").map_or_else(
        || main.bool_at(&["machine", "network", "kubespan", "enabled"]),
        |document| document.node.bool_at(&["enabled"]),
    );
    if span == Some(true) && !discovered {
        let text = "KubeSpan requires cluster discovery to be enabled";
        findings.between(Fault::new("", 0, text));
    }
}

fn is_discovered(configuration: &Configuration, main: &Node) -> bool {
    let section = main.at(&["cluster", "discovery"]);
    let is_on = |path: &[&str]| section.and_then(|node| node.bool_at(path)) == Some(true);
    let endpoint = section.map(|node| node.text_at(&["registries", "service", "endpoint"]));
    let old = is_on(&["enabled"])
        && !is_on(&["registries", "service", "disabled"])
        && formats::url(endpoint.unwrap_or_default()).is_ok();
    old || configuration.the("DiscoveryServiceConfig").is_some()
}
