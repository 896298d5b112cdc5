//! What a cluster's health is read from: nodes and the pods of the system.

use k8s_openapi::api::core::v1::{Node, Pod};

/// A node as Kubernetes sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeState {
    /// Its name.
    pub name: String,
    /// Whether it is Ready; nothing when Kubernetes does not know.
    pub ready: Option<bool>,
    /// Why, in one word.
    pub reason: String,
    /// Why, in its own words.
    pub message: String,
    /// Whether it takes new pods.
    pub schedulable: bool,
    /// The version of its kubelet, with `v`.
    pub kubelet: String,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// True for control planes.
    pub control_plane: bool,
}

/// A pod of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodState {
    /// Its name.
    pub name: String,
    /// What it is of: `kube-apiserver`, `kube-dns`, `kube-proxy`, `flannel`.
    pub app: String,
    /// The node it is on; empty while it is on none.
    pub node: String,
    /// Whether it is ready.
    pub ready: bool,
    /// How often its containers ended.
    pub restarts: u32,
    /// Why a container of it does not run, in one word: `ImagePullBackOff`, `CrashLoopBackOff`.
    pub waiting: String,
    /// The same in Kubernetes' own words.
    pub message: String,
}

const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";

impl NodeState {
    pub(crate) fn of(node: Node) -> Self {
        let spec = node.spec.unwrap_or_default();
        let status = node.status.unwrap_or_default();
        let conditions = status.conditions.unwrap_or_default();
        let ready = conditions.into_iter().find(|one| one.type_ == "Ready");
        let state = ready.as_ref().map_or("", |one| one.status.as_str());
        let labels = node.metadata.labels.unwrap_or_default();
        Self {
            name: node.metadata.name.unwrap_or_default(),
            ready: match state {
                "True" => Some(true),
                "False" => Some(false),
                _ => None,
            },
            schedulable: spec.unschedulable != Some(true),
            kubelet: status
                .node_info
                .map(|info| info.kubelet_version)
                .unwrap_or_default(),
            addresses: status
                .addresses
                .unwrap_or_default()
                .into_iter()
                .filter(|one| one.type_ != "Hostname")
                .map(|one| one.address)
                .collect(),
            control_plane: labels.contains_key(CONTROL_PLANE),
            reason: ready
                .as_ref()
                .and_then(|one| one.reason.clone())
                .unwrap_or_default(),
            message: ready.and_then(|one| one.message).unwrap_or_default(),
        }
    }
}

impl PodState {
    pub(crate) fn of(pod: Pod) -> Self {
        let labels = pod.metadata.labels.unwrap_or_default();
        let status = pod.status.unwrap_or_default();
        let conditions = status.conditions.unwrap_or_default();
        let ready = |one: &k8s_openapi::api::core::v1::PodCondition| {
            one.type_ == "Ready" && one.status == "True"
        };
        let containers = status.container_statuses.unwrap_or_default();
        let restarts: i32 = containers.iter().map(|one| one.restart_count).sum();
        let waiting = containers
            .into_iter()
            .filter_map(|one| one.state?.waiting)
            .next()
            .unwrap_or_default();
        let app = ["k8s-app", "component", "app"].iter();
        Self {
            name: pod.metadata.name.unwrap_or_default(),
            app: app
                .filter_map(|label| labels.get(*label))
                .next()
                .cloned()
                .unwrap_or_default(),
            node: pod.spec.and_then(|spec| spec.node_name).unwrap_or_default(),
            ready: conditions.iter().any(ready),
            restarts: u32::try_from(restarts).unwrap_or_default(),
            waiting: waiting.reason.unwrap_or_default(),
            message: waiting.message.unwrap_or_default(),
        }
    }
}
