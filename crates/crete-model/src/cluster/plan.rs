//! What a draft would become: shown before anything is made.

use super::{ClusterDraft, ClusterPreset, KubernetesSupport};
use crate::NodeRole;
use crate::{FieldProblem, ImageId, NetworkId, Sizes, StageCode, Strain, TalosVersion};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A machine that would be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PlannedNode {
    /// Its name in the cluster.
    pub name: String,
    /// The machine's name.
    pub hostname: String,
    /// What it is.
    pub role: NodeRole,
    /// Its sizes.
    pub sizes: Sizes,
    /// How many patches apply to it.
    pub patches: u32,
}

/// A step that would be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PlannedStep {
    /// What it does.
    pub code: StageCode,
    /// Median of earlier runs on this computer, seconds; nothing without any.
    pub usual_s: Option<u32>,
}

/// What a draft would become. Nothing is made or sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ClusterPlan {
    /// What is not acceptable, field by field. It can be created when this is empty.
    pub fields: Vec<FieldProblem>,
    /// The preset of these counts; nothing for free ones.
    pub preset: Option<ClusterPreset>,
    /// The machines, control planes first.
    pub nodes: Vec<PlannedNode>,
    /// How many control planes may fail.
    pub may_fail: u32,
    /// Version of Talos.
    pub talos: Option<TalosVersion>,
    /// Which Kubernetes goes with it; nothing when clusters are not offered for it.
    pub support: Option<KubernetesSupport>,
    /// The image that is there already.
    pub image: Option<ImageId>,
    /// Bytes to download; 0 when the image is there, or when it is not known.
    #[ts(type = "number")]
    pub download: u64,
    /// The network it would be in: the name of a new one, or of one that is there.
    pub network: String,
    /// Where the API would be reached inside; empty while that depends on a network to come.
    pub endpoint: String,
    /// All machines together.
    pub total: Sizes,
    /// What that asks too much of.
    pub strains: Vec<Strain>,
    /// The steps in order.
    pub steps: Vec<PlannedStep>,
    /// Median of earlier runs of the same shape, seconds; nothing without any.
    pub usual_s: Option<u32>,
}

/// A network to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NetworkOffer {
    /// Which.
    pub network: NetworkId,
    /// Its name.
    pub name: String,
    /// Its subnet.
    pub subnet: String,
}

/// A draft with suggested values, and what this computer allows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ClusterOffer {
    /// Every field filled: the form can be sent as it opens.
    pub draft: ClusterDraft,
    /// Most machines together: of the smallest ones that this computer's memory holds.
    pub max_nodes: u32,
    /// Most virtual processors of one machine.
    pub max_vcpus: u32,
    /// Most memory of one machine, MiB.
    pub max_memory_mib: u32,
    /// Least memory of a control plane, MiB.
    pub min_control_plane_mib: u32,
    /// Least memory of a worker, MiB.
    pub min_worker_mib: u32,
    /// Least disk, GiB.
    pub min_disk_gib: u32,
}

/// Commands that would do the same without Crete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CommandStep {
    /// The step they belong to.
    pub code: StageCode,
    /// Command lines, to copy.
    pub lines: Vec<String>,
}
