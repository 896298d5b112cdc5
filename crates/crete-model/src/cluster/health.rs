//! The checks of a healthy cluster, in the order in which Talos' own client makes them.

use crate::Params;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A check. The first nine ask Talos, the others Kubernetes.
///
/// Every one tells how many are as wanted (`met`) of how many (`of`), and which are not (`nodes`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HealthCode {
    /// etcd runs on every control plane (`met`, `of`, `nodes`).
    Etcd,
    /// Every etcd member sees the same members (`met`, `of`, `nodes`).
    EtcdAgrees,
    /// The etcd members are the control planes (`met`, `of`, `nodes`).
    EtcdMembers,
    /// Talos answers on every machine (`met`, `of`, `nodes`).
    Apid,
    /// Every machine has memory enough (`met`, `of`, `nodes`, `least` bytes).
    Memory,
    /// Every machine has disk enough (`met`, `of`, `nodes`, `least` bytes).
    Disk,
    /// Talos complains about nothing (`met`, `of`, `nodes`).
    Diagnostics,
    /// kubelet runs on every machine (`met`, `of`, `nodes`).
    Kubelet,
    /// Every machine finished its start (`met`, `of`, `nodes`).
    Booted,
    /// Kubernetes knows every machine (`met`, `of`, `nodes`).
    NodesKnown,
    /// The pods of the control plane run (`met`, `of`, `nodes`).
    StaticPods,
    /// The parts of the control plane are ready (`met`, `of`, `nodes`).
    ControlPlane,
    /// Every machine is Ready (`met`, `of`, `nodes`).
    NodesReady,
    /// kube-proxy is ready (`met`, `of`, `nodes`).
    KubeProxy,
    /// Names resolve in the cluster (`met`, `of`, `nodes`).
    CoreDns,
    /// Every machine takes new pods (`met`, `of`, `nodes`).
    Schedulable,
}

impl HealthCode {
    /// All, in order.
    pub const ALL: [Self; 16] = [
        Self::Etcd,
        Self::EtcdAgrees,
        Self::EtcdMembers,
        Self::Apid,
        Self::Memory,
        Self::Disk,
        Self::Diagnostics,
        Self::Kubelet,
        Self::Booted,
        Self::NodesKnown,
        Self::StaticPods,
        Self::ControlPlane,
        Self::NodesReady,
        Self::KubeProxy,
        Self::CoreDns,
        Self::Schedulable,
    ];

    /// True for those that ask Kubernetes.
    #[must_use]
    pub fn asks_kubernetes(self) -> bool {
        self >= Self::NodesKnown && self != Self::StaticPods
    }
}

/// How a check stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// Not looked at yet, or what it asks does not answer.
    Unknown,
    /// As wanted.
    Pass,
    /// Not as wanted.
    Fail,
    /// The cluster does not have this part.
    Skipped,
}

/// A check and what it saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HealthCheck {
    /// Which.
    pub code: HealthCode,
    /// How it stands.
    pub state: HealthState,
    /// The figures behind it.
    pub params: Params,
    /// Exact words of what was asked, where it is not as wanted.
    pub words: Vec<EvidenceLine>,
    /// RFC 3339: since when it stands so.
    pub since: String,
}

/// Where an observation comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceSource {
    /// The machine's process.
    Qemu,
    /// The first console.
    Console,
    /// The network.
    Network,
    /// Talos' API.
    Talos,
    /// Kubernetes' API.
    Kubernetes,
}

/// What was seen, in the exact words of who said it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EvidenceLine {
    /// Who said it.
    pub source: EvidenceSource,
    /// Name of the node it is about; empty for the cluster.
    pub node: String,
    /// The words.
    pub text: String,
}
