//! A cluster as observed.

use super::{ClusterDenied, ClusterEvent, ClusterSpec, HealthCheck, Quorum, SampleView, Stuck};
use crate::NodeRole;
use crate::{JobId, MachineId, StageCode};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a cluster is seen to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ClusterPhase {
    /// On its way to be healthy for the first time.
    Creating,
    /// Its creation ended with an error: it is tried again, or what was made goes away.
    Unfinished,
    /// Its machines wait for a configuration, as was wished.
    Maintenance,
    /// Others gave its machines a configuration, as was wished: what they do is theirs.
    HandedOver,
    /// On its way to be healthy again.
    Starting,
    /// Every check passes.
    Healthy,
    /// It is on, and something is not as wanted.
    Degraded,
    /// It is to be on, and nothing of it answers.
    Unreachable,
    /// On its way down.
    Stopping,
    /// Off.
    Stopped,
    /// What was made of it is being taken away.
    Undoing,
}

/// Where a machine of a cluster stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MemberStage {
    /// Not made yet.
    Planned,
    /// Off.
    Off,
    /// On, and Talos does not answer yet.
    Boot,
    /// Waits for its configuration.
    Maintenance,
    /// Others gave it a configuration, as was wished.
    HandedOver,
    /// Talos is being installed.
    Install,
    /// Has its configuration, and starts its services.
    Join,
    /// etcd comes up.
    Etcd,
    /// kubelet and the control plane come up.
    Kubernetes,
    /// As wanted.
    Ready,
    /// Was ready, and does not answer.
    Lost,
    /// On its way out of the cluster.
    Leaving,
}

/// A machine's time in one stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MemberSpan {
    /// The stage.
    pub stage: MemberStage,
    /// RFC 3339.
    pub started_at: String,
    /// RFC 3339; nothing for the present one.
    pub ended_at: Option<String>,
}

/// A machine's part in etcd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EtcdPart {
    /// Its id, hexadecimal, as etcd's own tools write it.
    pub id: String,
    /// True for the one that leads.
    pub leader: bool,
    /// True until it has a vote.
    pub learner: bool,
}

/// A machine of a cluster, as observed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MemberView {
    /// Its name in the cluster: `cp-1`, `w-2`.
    pub name: String,
    /// The machine's name, which is its host name: `knossos-cp-1`.
    pub hostname: String,
    /// What it is.
    pub role: NodeRole,
    /// The machine.
    pub machine: MachineId,
    /// Where it stands.
    pub stage: MemberStage,
    /// Its stages since the work began, oldest first.
    pub spans: Vec<MemberSpan>,
    /// Its address in the network.
    pub address: Option<String>,
    /// What it says it runs.
    pub talos: Option<String>,
    /// What its kubelet says it is.
    pub kubelet: Option<String>,
    /// Its part in etcd.
    pub etcd: Option<EtcdPart>,
    /// True for the one that holds a virtual address.
    pub holds_endpoint: bool,
    /// Why it does not get on, worst first.
    pub stuck: Vec<Stuck>,
}

/// A step of the work on a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClusterStep {
    /// What it does.
    pub code: StageCode,
    /// RFC 3339; nothing while it has not begun.
    pub started_at: Option<String>,
    /// RFC 3339; nothing while it goes on.
    pub ended_at: Option<String>,
    /// Median of earlier runs on this computer, seconds; nothing without any.
    pub usual_s: Option<u32>,
    /// How many machines have it behind them, where it is done for each.
    pub done: u32,
    /// Of how many.
    pub of: u32,
}

/// The work on a cluster, from its first step to its last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Timeline {
    /// RFC 3339; nothing when no work goes on or went on since the program began.
    pub started_at: Option<String>,
    /// RFC 3339.
    pub ended_at: Option<String>,
    /// Median of earlier runs of the same shape, seconds.
    pub usual_s: Option<u32>,
    /// Its steps, in order.
    pub steps: Vec<ClusterStep>,
}

/// Whose certificate it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CertificateOf {
    /// The authority of Talos' API.
    TalosAuthority,
    /// The authority of Kubernetes.
    KubernetesAuthority,
    /// The authority of etcd.
    EtcdAuthority,
    /// The authority of Kubernetes' aggregated APIs.
    AggregatorAuthority,
    /// Crete's own for Talos' API; renewed by itself.
    TalosClient,
    /// The one in the kubeconfig that Crete keeps; renewed by itself.
    Kubeconfig,
    /// The one in the talosconfig that Crete keeps; renewed by itself.
    Talosconfig,
}

/// A certificate and its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CertificateView {
    /// Whose.
    pub of: CertificateOf,
    /// RFC 3339.
    pub not_after: String,
}

/// What can be asked of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ClusterAction {
    /// Start it.
    Start,
    /// Stop it, workers first.
    Stop,
    /// Stop it and start it again.
    Restart,
    /// Give up creating it.
    Cancel,
    /// Move it to the trash.
    Delete,
    /// Give it more workers.
    AddWorkers,
    /// Take a worker out.
    RemoveWorker,
    /// Hand out key files.
    Kubeconfig,
    /// Change its patches.
    Configure,
    /// Put a sample app on it.
    TrySample,
    /// Take the sample app away.
    EndSample,
}

/// An action and whether it can be done now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClusterActionView {
    /// The action.
    pub action: ClusterAction,
    /// Why not; nothing when it can be done.
    pub denied: Option<ClusterDenied>,
}

/// Where the files for a person's tools are, once they were made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClusterFiles {
    /// The kubeconfig.
    pub kubeconfig: Option<String>,
    /// The talosconfig.
    pub talosconfig: Option<String>,
}

/// A cluster as observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ClusterView {
    /// As wanted.
    pub spec: ClusterSpec,
    /// What it does.
    pub phase: ClusterPhase,
    /// RFC 3339: since when.
    pub since: String,
    /// Its machines, control planes first.
    pub members: Vec<MemberView>,
    /// Why it does not get on, worst first; those of machines included.
    pub stuck: Vec<Stuck>,
    /// The checks in order.
    pub health: Vec<HealthCheck>,
    /// RFC 3339: when they were made last.
    pub checked_at: Option<String>,
    /// The work that goes on, or went on last.
    pub timeline: Timeline,
    /// etcd's arithmetic.
    pub quorum: Quorum,
    /// When certificates end.
    pub certificates: Vec<CertificateView>,
    /// Files for a person's tools.
    pub files: ClusterFiles,
    /// The sample app, while anything of it is on the cluster.
    pub sample: Option<SampleView>,
    /// What happened lately, newest first.
    pub events: Vec<ClusterEvent>,
    /// What can be asked of it now.
    pub actions: Vec<ClusterActionView>,
    /// The job that works on it.
    pub job: Option<JobId>,
    /// The job that failed, until something else is begun.
    pub failed: Option<JobId>,
}
