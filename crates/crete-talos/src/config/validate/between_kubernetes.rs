//! From 1.14 on, Kubernetes has documents of its own: not beside the old sections, and complete.

use super::findings::Findings;
use super::main_document::{Kind, fault, kind};
use crate::config::Configuration;
use crate::config::fault::Fault;
use crate::yaml::Node;

/// Kinds, an old place of what they hold, and what Talos says when it is used. The first that is
/// used counts.
const OLD_PLACES: &[(&str, &[&str], &str)] = &[
    (
        "KubeAggregatorCAConfig",
        &["cluster", "aggregatorCA"],
        "kube-apiserver aggregator CA is already set in v1alpha1 config (.cluster.aggregatorCA), please remove it and use the new KubeAggregatorCAConfig document instead",
    ),
    (
        "KubeAPIServerConfig",
        &["cluster", "apiServer"],
        "kube-apiserver config is already set in v1alpha1 config (.cluster.apiServer)",
    ),
    (
        "KubeAPIServerCAConfig",
        &["cluster", "ca"],
        "kube-apiserver CA is already set in v1alpha1 config (.cluster.ca)",
    ),
    (
        "KubeControllerManagerConfig",
        &["cluster", "controllerManager"],
        "kube-controller-manager config is already set in v1alpha1 config (.cluster.controllerManager)",
    ),
    (
        "KubeControllerManagerConfig",
        &["machine", "controlPlane", "controllerManager"],
        "kube-controller-manager config is already set in v1alpha1 config (.machine.controlplane.controllerManager)",
    ),
    (
        "KubeCoreDNSConfig",
        &["cluster", "coreDNS"],
        "CoreDNS config is already set in v1alpha1 config (.cluster.coreDNS)",
    ),
    (
        "KubeCredentialProviderConfig",
        &["machine", "kubelet"],
        "cannot use KubeCredentialProviderConfig with legacy kubelet configuration (.machine.kubelet)",
    ),
    (
        "KubeFlannelCNIConfig",
        &["cluster", "network"],
        "cluster network config in v1alpha1 config (.machine.cluster.network) can't be used with KubeFlannelCNIConfig document, please remove it to avoid conflicts",
    ),
    (
        "KubeletConfig",
        &["machine", "kubelet"],
        "kubelet config is already set in v1alpha1 config (.machine.kubelet)",
    ),
    (
        "KubePrismConfig",
        &["machine", "features", "kubePrism"],
        "KubePrism config in v1alpha1 config (.machine.features.kubePrism) can't be used with KubePrismConfig document, please remove it to avoid conflicts",
    ),
    (
        "KubeNetworkConfig",
        &["cluster", "network"],
        "cluster network config is already set in the v1alpha1 config (.machine.cluster.network). Please remove it and use only the new KubeNetworkConfig document to avoid conflicts",
    ),
    (
        "KubeNodeConfig",
        &["cluster", "allowSchedulingOnControlPlanes"],
        ".cluster.allowSchedulingOnControlPlanes is already set in v1alpha1 config",
    ),
    (
        "KubeNodeConfig",
        &["cluster", "allowSchedulingOnMasters"],
        ".cluster.allowSchedulingOnMasters is already set in v1alpha1 config",
    ),
    (
        "KubeNodeConfig",
        &["machine", "kubelet", "skipNodeRegistration"],
        ".machine.kubelet.skipNodeRegistration is already set in v1alpha1 config",
    ),
    (
        "KubeNodeConfig",
        &["machine", "kubelet", "registerWithFQDN"],
        ".machine.kubelet.registerWithFQDN is already set in v1alpha1 config",
    ),
    (
        "KubeNodeConfig",
        &["machine", "kubelet", "nodeIP"],
        ".machine.kubelet.nodeIP is already set in v1alpha1 config",
    ),
    (
        "KubeNodeConfig",
        &["machine", "nodeLabels"],
        ".machine.nodeLabels is already set in v1alpha1 config",
    ),
    (
        "KubeNodeConfig",
        &["machine", "nodeAnnotations"],
        ".machine.nodeAnnotations is already set in v1alpha1 config",
    ),
    (
        "KubeNodeConfig",
        &["machine", "nodeTaints"],
        ".machine.nodeTaints is already set in v1alpha1 config",
    ),
    (
        "KubeProxyConfig",
        &["cluster", "proxy"],
        "cluster proxy config in v1alpha1 config (.machine.cluster.proxy) can't be used with KubeProxyConfig document, please remove it to avoid conflicts",
    ),
    (
        "KubeSchedulerConfig",
        &["cluster", "scheduler"],
        "kube-scheduler config is already set in v1alpha1 config (.cluster.scheduler)",
    ),
    (
        "KubeSchedulerConfig",
        &["machine", "controlPlane", "scheduler"],
        "kube-scheduler config is already set in v1alpha1 config (.machine.controlplane.scheduler)",
    ),
    (
        "KubeServiceAccountConfig",
        &["cluster", "serviceAccount"],
        "service account is already set in v1alpha1 config (.cluster.serviceAccount)",
    ),
    (
        "KubeTalosAPIAccessConfig",
        &["machine", "features", "kubernetesTalosAPIAccess"],
        ".machine.features.kubernetesTalosAPIAccess is already set in v1alpha1 config",
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
    "KubeFlannelCNIConfig",
    "KubeProxyConfig",
    "KubeSchedulerConfig",
    "KubeServiceAccountConfig",
    "KubeTalosAPIAccessConfig",
];

type Found = Option<(&'static [&'static str], &'static str)>;

/// Whether what a kind holds is said in an old place too.
pub(super) fn said_anew(main: &Node, of_kind: &str) -> Found {
    let old = OLD_PLACES
        .iter()
        .find(|(name, path, _)| *name == of_kind && main.at(path).is_some());
    if let Some((_, path, text)) = old {
        return Some((path, text));
    }
    let text = |path: &[&str]| !main.text_at(path).is_empty();
    let filled = |path: &[&str]| main.at(path).is_some_and(|node| !node.items().is_empty());
    let number = main.at(&["cluster", "controlPlane", "localAPIServerPort"]);
    match of_kind {
        "KubeAPIServerConfig"
            if number
                .and_then(Node::as_integer)
                .is_some_and(|port| port != 0) =>
        {
            Some((
                &["cluster", "controlPlane", "localAPIServerPort"],
                "kube-apiserver API port is already set in v1alpha1 config (.cluster.controlPlane.localAPIServerPort)",
            ))
        }
        "KubeAdmissionControlConfig" | "KubeAuthorizerConfig"
            if filled(&["cluster", "apiServer", "admissionControl"]) =>
        {
            Some((
                &["cluster", "apiServer", "admissionControl"],
                "admission control plugin config is already set in v1alpha1 config",
            ))
        }
        "KubeClusterConfig" if text(&["cluster", "clusterName"]) => Some((
            &["cluster", "clusterName"],
            "cluster name is already set in the v1alpha1 config (.cluster.clusterName). Please remove it and use only the new KubeClusterConfig document to avoid conflicts",
        )),
        "KubeClusterConfig" if main.at(&["cluster", "controlPlane", "endpoint"]).is_some() => {
            Some((
                &["cluster", "controlPlane", "endpoint"],
                "cluster endpoint is already set in the v1alpha1 config (.cluster.controlPlane.endpoint). Please remove it and use only the new KubeClusterConfig document to avoid conflicts",
            ))
        }
        "KubeEtcdEncryptionConfig" if is_encrypted(main) => Some((
            &["cluster"],
            "etcd encryption config is already set in v1alpha1 config",
        )),
        _ => None,
    }
}

fn is_encrypted(main: &Node) -> bool {
    let secrets = ["secretboxEncryptionSecret", "aescbcEncryptionSecret"];
    let mut texts = secrets.iter().map(|key| main.text_at(&["cluster", key]));
    texts.any(|text| !text.is_empty())
}

pub(super) fn together(configuration: &Configuration, main: &Node, findings: &mut Findings) {
    let has = |name: &str| configuration.the(name).is_some();
    let there = configuration.main().is_some();
    let is_control_plane = there && kind(main) == Kind::ControlPlane;
    let old = ["ca", "acceptedCAs"];
    let authority =
        has("KubeAPIServerCAConfig") || old.iter().any(|key| main.at(&["cluster", key]).is_some());
    let encrypted = is_encrypted(main) || has("KubeEtcdEncryptionConfig");
    if is_control_plane && authority && !encrypted {
        let text =
            "etcd encryption config is required for control plane machines running kube-apiserver";
        findings.between(Fault::new("cluster", main.line, text));
    }
    if is_control_plane {
        unlabelled(configuration, findings);
    }
    let endpoint = main.at(&["cluster", "controlPlane", "endpoint"]).is_some();
    if authority && !endpoint && !has("KubeClusterConfig") {
        let text = "cluster name and endpoint are required when Kubernetes is configured: either .cluster.clusterName/.cluster.controlPlane.endpoint or the KubeClusterConfig document";
        findings.between(Fault::new("cluster", main.line, text));
    }
    if is_control_plane {
        return;
    }
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

/// The document of a control plane's node says everything, its role too.
fn unlabelled(configuration: &Configuration, findings: &mut Findings) {
    let Some(document) = configuration.the("KubeNodeConfig") else {
        return;
    };
    let node = &document.node;
    let label = "node-role.kubernetes.io/control-plane";
    let labels = node.get("labels").map(Node::entries).unwrap_or_default();
    let labelled = labels.iter().any(|entry| entry.key == label);
    if !labelled && node.bool_at(&["skipNodeRegistration"]) != Some(true) {
        let text = format!(
            "KubeNodeConfig document should set the \"{label}\" node label on control plane machines (and, unless scheduling on control planes is allowed, the \"{label}: NoSchedule\" taint): unlike .machine.nodeLabels/.machine.nodeTaints, the document contents are used as-is"
        );
        findings.warn(fault(node, &["labels"], text));
    }
}
