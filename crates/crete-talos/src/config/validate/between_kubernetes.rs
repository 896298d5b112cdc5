//! From 1.14 on, Kubernetes has documents of its own: not beside the old sections, and complete.

use super::between::is_something;
use super::findings::Findings;
use super::main_document::{Kind, fault, kind};
use crate::config::Configuration;
use crate::config::fault::Fault;
use crate::yaml::Node;

/// Kinds, the old place of what they hold, and what Talos calls it.
const OLD_PLACES: &[(&str, &[&str], &str)] = &[
    ("KubeletConfig", &["machine", "kubelet"], "kubelet config"),
    (
        "KubePrismConfig",
        &["machine", "features", "kubePrism"],
        "kubePrism config",
    ),
    (
        "KubeAPIServerCAConfig",
        &["cluster", "ca"],
        "kube-apiserver CA",
    ),
    (
        "KubeAggregatorCAConfig",
        &["cluster", "aggregatorCA"],
        "aggregator CA",
    ),
    (
        "KubeServiceAccountConfig",
        &["cluster", "serviceAccount"],
        "service account config",
    ),
    (
        "KubeAPIServerConfig",
        &["cluster", "apiServer"],
        "kube-apiserver config",
    ),
    (
        "KubeControllerManagerConfig",
        &["cluster", "controllerManager"],
        "kube-controller-manager config",
    ),
    (
        "KubeSchedulerConfig",
        &["cluster", "scheduler"],
        "kube-scheduler config",
    ),
    (
        "KubeProxyConfig",
        &["cluster", "proxy"],
        "kube-proxy config",
    ),
    (
        "KubeCoreDNSConfig",
        &["cluster", "coreDNS"],
        "coreDNS config",
    ),
    (
        "KubeNetworkConfig",
        &["cluster", "network"],
        "cluster network config",
    ),
    (
        "KubeFlannelCNIConfig",
        &["cluster", "network", "cni"],
        "CNI config",
    ),
];

/// Kinds that only a control plane has.
const CONTROL_PLANE_ONLY: &[&str] = &[
    "KubeAPIServerConfig",
    "KubeAdmissionControlConfig",
    "KubeAggregatorCAConfig",
    "KubeAuditPolicyConfig",
    "KubeAuthenticationConfig",
    "KubeAuthorizerConfig",
    "KubeControllerManagerConfig",
    "KubeCoreDNSConfig",
    "KubeEtcdEncryptionConfig",
    "KubeExternalManifestConfig",
    "KubeFlannelCNIConfig",
    "KubeInlineManifestConfig",
    "KubeProxyConfig",
    "KubeSchedulerConfig",
    "KubeServiceAccountConfig",
    "KubeTalosAPIAccessConfig",
];

pub(super) fn said_twice(main: &Node, document: &Node, of_kind: &str, findings: &mut Findings) {
    if of_kind == "KubeClusterConfig" {
        for (path, key, name) in [
            (
                &["cluster", "clusterName"][..],
                "clusterName",
                "cluster name",
            ),
            (
                &["cluster", "controlPlane", "endpoint"],
                "endpoint",
                "cluster endpoint",
            ),
        ] {
            let old = main.at(path).is_some_and(is_something);
            if old && !document.text_at(&[key]).is_empty() {
                let text = format!(
                    "{name} is already set in the v1alpha1 config (.{}). Please remove it and use only the new KubeClusterConfig document to avoid conflicts",
                    path.join(".")
                );
                findings.between(fault(main, path, text));
                return;
            }
        }
    }
    if of_kind == "KubeNodeConfig" {
        for path in [
            &["cluster", "allowSchedulingOnControlPlanes"][..],
            &["machine", "nodeLabels"],
            &["machine", "nodeTaints"],
            &["machine", "nodeAnnotations"],
        ] {
            if main.at(path).is_some_and(is_something) {
                let text = format!(".{} is already set in v1alpha1 config", path.join("."));
                findings.between(fault(main, path, text));
            }
        }
    }
    let old = OLD_PLACES.iter().find(|(name, ..)| *name == of_kind);
    if let Some((_, path, name)) = old.filter(|(_, path, _)| main.at(path).is_some()) {
        let text = format!(
            "{name} is already set in v1alpha1 config (.{})",
            path.join(".")
        );
        findings.between(fault(main, path, text));
    }
}

pub(super) fn said_nowhere(configuration: &Configuration, main: &Node, findings: &mut Findings) {
    let has = |name: &str| configuration.the(name).is_some();
    let is_control_plane = kind(main) == Kind::ControlPlane;
    let kubelet = has("KubeletConfig") || main.at(&["machine", "kubelet"]).is_some();
    let named = !main
        .text_at(&["cluster", "controlPlane", "endpoint"])
        .is_empty();
    if kubelet && !named && !has("KubeClusterConfig") {
        let text = "cluster name and endpoint are required when Kubernetes is configured: either .cluster.clusterName/.cluster.controlPlane.endpoint or the KubeClusterConfig document";
        findings.between(Fault::new("cluster", main.line, text));
    }
    let server = has("KubeAPIServerConfig") || main.at(&["cluster", "apiServer"]).is_some();
    let secrets = ["secretboxEncryptionSecret", "aescbcEncryptionSecret"];
    let encrypted = secrets
        .iter()
        .any(|key| !main.text_at(&["cluster", key]).is_empty());
    if is_control_plane && server && !encrypted && !has("KubeEtcdEncryptionConfig") {
        let text =
            "etcd encryption config is required for control plane machines running kube-apiserver";
        findings.between(Fault::new("cluster", main.line, text));
    }
    if !is_control_plane {
        let documents = configuration.documents.iter();
        let mut kinds: Vec<&str> = documents
            .map(|document| document.kind())
            .filter(|name| CONTROL_PLANE_ONLY.contains(name))
            .collect();
        kinds.sort_unstable();
        kinds.dedup();
        if !kinds.is_empty() {
            let text = format!(
                "the following document kinds are only allowed on control plane machines: [{}]",
                kinds.join(" ")
            );
            findings.between(Fault::new("kind", 0, text));
        }
    }
    if let Some(node) = configuration
        .the("KubeNodeConfig")
        .filter(|_| is_control_plane)
    {
        let label = "node-role.kubernetes.io/control-plane";
        let labels = node
            .node
            .get("labels")
            .map(Node::entries)
            .unwrap_or_default();
        if !labels.iter().any(|entry| entry.key == label) {
            let text = format!(
                "KubeNodeConfig document should set the \"{label}\" node label on control plane machines (and, unless scheduling on control planes is allowed, the \"{label}: NoSchedule\" taint): unlike .machine.nodeLabels/.machine.nodeTaints, the document contents are used as-is"
            );
            findings.warn(fault(&node.node, &["labels"], text));
        }
    }
}
