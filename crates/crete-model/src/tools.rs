//! Programs of this computer that a cluster can be opened in.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A program for clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    /// Headlamp, a window on Kubernetes.
    Headlamp,
    /// Freelens, another one.
    Freelens,
    /// A terminal in which `kubectl` enters the cluster.
    Terminal,
}

impl Tool {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Headlamp, Self::Freelens, Self::Terminal];
}

/// A part of a tool that is not installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ToolPart {
    /// Headlamp itself.
    Headlamp,
    /// Freelens itself.
    Freelens,
    /// Any terminal of a desktop.
    Terminal,
    /// The command line client of Kubernetes.
    Kubectl,
}

/// A tool and whether it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ToolView {
    /// Which.
    pub tool: Tool,
    /// What would be started: a program or a desktop entry; empty when nothing was found.
    pub found: String,
    /// What would have to be installed first.
    pub missing: Vec<ToolPart>,
    /// True when it does not take a cluster by itself: the key file has to be chosen in it.
    pub choose: bool,
}
