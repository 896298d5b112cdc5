//! Requests and answers about clusters.

use crete_model::{
    ClusterDraft, ClusterId, ClusterPreset, CommandStep, JobId, MachineId, TalosVersion, Tool,
    ToolView,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Names one cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClusterRef {
    /// The cluster.
    pub cluster: ClusterId,
}

/// Asks for a draft to begin with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClusterOfferRequest {
    /// The shape; nothing for the one that fits this computer best.
    pub preset: Option<ClusterPreset>,
    /// Version of Talos; nothing for the newest stable one.
    pub talos: Option<TalosVersion>,
}

/// A cluster whose creation began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClusterCreated {
    /// The cluster.
    pub cluster: ClusterId,
    /// The job.
    pub job: JobId,
}

/// What somebody means to do with a machine of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MemberDeed {
    /// Switch it off.
    Stop,
    /// Take it out.
    Remove,
}

/// Asks what a deed would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MemberQuestion {
    /// The cluster.
    pub cluster: ClusterId,
    /// The machine.
    pub machine: MachineId,
    /// The deed.
    pub deed: MemberDeed,
}

/// A recipe as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RecipeText {
    /// YAML.
    pub yaml: String,
    /// A name for its file.
    pub file_name: String,
}

/// A cluster that is there, or a draft of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum ClusterOrDraft {
    /// Of a cluster.
    Cluster {
        /// Which.
        cluster: ClusterId,
    },
    /// Of a draft.
    Draft {
        /// It.
        draft: Box<ClusterDraft>,
    },
}

/// What would do the same without Crete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CommandsAnswer {
    /// Step by step.
    pub steps: Vec<CommandStep>,
}

/// The programs that a cluster can be opened in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ToolsAnswer {
    /// Each with what is missing of it.
    pub tools: Vec<ToolView>,
}

/// Asks for a cluster to be opened in a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OpenIn {
    /// The cluster.
    pub cluster: ClusterId,
    /// In which.
    pub tool: Tool,
}
