//! The configuration of a node: as it lives by it, as it would change, and what applying takes.

use crate::ConfigFinding;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The configuration that a node lives by.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NodeConfig {
    /// The text, secrets and all; empty while the node has none.
    pub text: String,
    /// Lines on which secrets stand, from 1.
    pub secrets: Vec<u32>,
    /// Where values come from, as far as Crete knows.
    pub origins: Vec<LineOrigin>,
    /// Its Talos, such as `v1.13.9`.
    pub version: String,
    /// True while the node waits for its first configuration.
    pub maintenance: bool,
    /// True when another one takes effect at the next restart.
    pub staged: bool,
}

// A configuration holds secrets: it is not for logs.
impl std::fmt::Debug for NodeConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NodeConfig({} bytes)", self.text.len())
    }
}

/// Where the value of a line comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LineOrigin {
    /// The line, from 1.
    pub line: u32,
    /// From where.
    pub origin: ValueOrigin,
    /// The cluster's name; the patch's place among a cluster's, such as `patches.worker.0`.
    pub name: String,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ValueOrigin {
    /// Crete's defaults for the version.
    Crete,
    /// The cluster's options.
    Cluster,
    /// A patch of the cluster, of a role, or of the machine.
    Patch,
    /// It was changed on the node itself.
    Node,
}

/// How an edited configuration differs from the one the node lives by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConfigComparison {
    /// Value by value.
    pub changes: Vec<ConfigChange>,
    /// Line by line.
    pub rows: Vec<DiffRow>,
    /// What Talos would say, before it is asked.
    pub findings: Vec<ConfigFinding>,
    /// What applying takes.
    pub takes: ApplyTakes,
    /// The ways to apply it, best first.
    pub modes: Vec<ModeOffer>,
}

/// What applying takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ApplyTakes {
    /// Nothing: there is no difference.
    Nothing,
    /// It can be done while the node runs.
    NoReboot,
    /// The node has to restart.
    Reboot,
    /// Talos is installed, or started for the first time.
    Install,
    /// It cannot be read: nothing would come of it.
    Refused,
}

/// A value that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConfigChange {
    /// The document it is in; empty for the main one.
    pub document: String,
    /// Its path there; empty when the whole document came or went.
    pub path: String,
    /// How it differs.
    pub way: ChangeWay,
    /// What it was; nothing when it was not there, or is secret.
    pub before: Option<String>,
    /// What it is to be; nothing when it is to go, or is secret.
    pub after: Option<String>,
    /// True when its values are secret.
    pub secret: bool,
    /// True when the node has to restart for it.
    pub needs_reboot: bool,
}

/// How a value differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ChangeWay {
    /// It was not there.
    Added,
    /// It is to go.
    Removed,
    /// It is another one.
    Changed,
}

/// A line of a comparison.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DiffRow {
    /// How it differs.
    pub way: RowWay,
    /// Its line in what is, from 1.
    pub before: Option<u32>,
    /// Its line in what is to be, from 1.
    pub after: Option<u32>,
    /// The text.
    pub text: String,
    /// True when it is secret.
    pub secret: bool,
}

// A row may hold a secret: it is not for logs.
impl std::fmt::Debug for DiffRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "DiffRow({:?} {:?} {:?})",
            self.way, self.before, self.after
        )
    }
}

/// How a line differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RowWay {
    /// It stands in both.
    Same,
    /// It is new.
    Added,
    /// It is gone.
    Removed,
}

/// A way to apply a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ApplyWay {
    /// As the node sees fit.
    Auto,
    /// Now, without a restart.
    NoReboot,
    /// Now, and taken back after a minute unless it is applied again.
    Try,
    /// At the next restart.
    Staged,
    /// With a restart.
    Reboot,
}

/// A way to apply a configuration, and whether it can be gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ModeOffer {
    /// The way.
    pub mode: ApplyWay,
    /// Why not; nothing when it can.
    pub denied: Option<ModeDenial>,
}

/// Why a way cannot be gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ModeDenial {
    /// The change needs a restart.
    NeedsReboot,
    /// This Talos does not offer it.
    NotOffered,
    /// A node that waits for its first configuration takes it in one way only.
    Maintenance,
    /// There is no difference.
    NoDifference,
    /// It cannot be read.
    Unreadable,
}

/// What a node answers to a configuration.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ApplyAnswer {
    /// What it does, or would do; nothing when it does not say.
    pub mode: Option<ApplyWay>,
    /// In its own words, with the difference after a dry run. May quote secrets.
    pub words: String,
    /// What it accepts and regrets.
    pub warnings: Vec<String>,
}

impl std::fmt::Debug for ApplyAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ApplyAnswer({:?})", self.mode)
    }
}
