//! What Kubernetes knows: its nodes, and whether what runs on them is ready.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// A pod of the control plane, run by a node's own kubelet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StaticPod {
    /// `kube-apiserver` and the like.
    pub component: String,
    pub image: String,
    pub since: Timestamp,
    pub ready: bool,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KubeNode {
    pub name: String,
    pub uid: String,
    pub control_plane: bool,
    pub addresses: Vec<IpAddr>,
    pub kubelet_version: String,
    pub os_image: String,
    pub since: Timestamp,
    /// Number of its network of pods.
    pub pod_network: usize,
    pub unschedulable: bool,
    /// The kubelet says that it works.
    pub kubelet_ready: bool,
    /// The network plugin is there; none is wanted in clusters that bring their own.
    pub network_ready: bool,
    /// Whether flannel is to run on it.
    pub flannel: bool,
    /// kube-proxy's pod, where it is wanted: whether it is ready.
    pub kube_proxy: Option<bool>,
    pub static_pods: Vec<StaticPod>,
    /// Since when nothing was heard of its kubelet.
    pub silent_since: Option<Timestamp>,
    /// True when it has been silent for too long.
    pub lost: bool,
    pub processors: u32,
    pub memory: u64,
}

impl KubeNode {
    /// True when Kubernetes finds it ready.
    pub fn is_ready(&self) -> bool {
        self.kubelet_ready && self.network_ready && !self.lost
    }
}

/// The state of a Kubernetes cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kubernetes {
    pub nodes: BTreeMap<String, KubeNode>,
    /// Names of the nodes whose API server answers.
    pub api_servers: BTreeSet<String>,
    /// The cluster's DNS, where it is wanted: whether it is ready.
    pub core_dns: Option<bool>,
    /// Networks of pods given out so far.
    pub pod_networks: usize,
    /// What people applied, by its path in the API.
    pub applied: BTreeMap<String, serde_json::Value>,
}

impl Kubernetes {
    /// Nothing is heard of a node any more.
    pub fn silence(&mut self, hostname: &str, now: Timestamp) {
        self.api_servers.remove(hostname);
        if let Some(node) = self.nodes.get_mut(hostname) {
            node.silent_since.get_or_insert(now);
        }
    }

    /// A node is heard of again.
    pub fn hear(&mut self, hostname: &str) {
        if let Some(node) = self.nodes.get_mut(hostname) {
            node.silent_since = None;
            node.lost = false;
        }
    }
}
