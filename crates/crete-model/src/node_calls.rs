//! What can be asked of a node, and what it answers.

use crate::{NodeRole, NodeVolume};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A kind of resource that a node has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ResourceKind {
    /// Its full type, such as `Disks.block.talos.dev`.
    pub name: String,
    /// What people call it, such as `Disk`.
    pub title: String,
    /// Where it is kept.
    pub namespace: String,
    /// Other names for it.
    pub aliases: Vec<String>,
    /// True when it holds secrets.
    pub sensitive: bool,
}

/// A resource as YAML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ResourceText {
    /// Its id within its kind.
    pub id: String,
    /// Grows with each change.
    pub version: String,
    /// The controller that keeps it.
    pub owner: String,
    /// True while it is being taken down.
    pub ends: bool,
    /// What it says.
    pub yaml: String,
}

/// Names under which a node keeps logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NodeLogs {
    /// Of Talos' services and programs.
    pub services: Vec<String>,
    /// Of containers of Kubernetes; none before it runs.
    pub containers: Vec<String>,
}

/// How a node is restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RebootMode {
    /// Services end first; the kernel is started again without the firmware where that works.
    Gentle,
    /// Through the firmware.
    PowerCycle,
    /// Without ending services. From Talos 1.12 on.
    Forced,
}

/// What a reset wipes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ResetWipe {
    /// Configuration and data: the node waits for another configuration afterwards.
    BackToMaintenance,
    /// The whole disk that Talos is on.
    SystemDisk,
}

/// A reset, as a person wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ResetPlan {
    /// What it wipes.
    pub wipe: ResetWipe,
    /// True to leave the cluster first.
    pub graceful: bool,
    /// True to start again afterwards, false to power off.
    pub reboot: bool,
}

/// What a reset takes with it, looked up before it happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ResetLoss {
    /// What the node is in its cluster.
    pub role: Option<NodeRole>,
    /// The disk that Talos is on; empty when it is on none.
    pub disk: String,
    /// Volumes that are wiped.
    pub volumes: Vec<NodeVolume>,
    /// Members of etcd; nothing when the node is none, or it is not known.
    pub etcd_members: Option<u32>,
    /// True when the cluster's data goes with it: it is the last member of etcd. It cannot leave
    /// gracefully then.
    pub last_member: bool,
    /// True when the disk is left without a system that starts.
    pub unbootable: bool,
}
