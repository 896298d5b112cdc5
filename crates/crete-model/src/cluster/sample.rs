//! The sample app that "Try it" puts on a cluster.

use crate::ForwardId;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The sample app as wanted, on disk for as long as anything of it is on the cluster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClusterSample {
    /// The port of this computer that leads to it, once it is open.
    pub forward: Option<ForwardId>,
    /// True while it is taken away.
    #[serde(default)]
    pub leaving: bool,
}

/// How far the sample app is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SamplePhase {
    /// Kubernetes is told of it, or starts it.
    Starting,
    /// Nobody works on it, and it is not reached.
    Stopped,
    /// It answers.
    Ready,
    /// It is taken away.
    Leaving,
}

/// The sample app as observed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SampleView {
    /// How far it is.
    pub phase: SamplePhase,
    /// How many of its pods are ready.
    pub ready: u32,
    /// Of how many.
    pub of: u32,
    /// Where a browser finds it; nothing before it is reached.
    pub address: Option<String>,
    /// The port of this computer that leads to it.
    pub forward: Option<ForwardId>,
    /// What Kubernetes says while it is not ready; may be empty.
    pub words: String,
}

/// The sample app to read: what "Try it" would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SampleText {
    /// Everything that Kubernetes is told, as one YAML.
    pub manifest: String,
    /// What it makes: kind and name, in order.
    pub objects: Vec<String>,
    /// The image its pods run.
    pub image: String,
}
