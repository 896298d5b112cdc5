//! What machines and the practice service write to each other, as JSON.

use super::Meeting;
use crate::storage::EtcdData;
use serde::{Deserialize, Serialize};

/// Whom the others know a machine as: what ends with it when its power goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Will {
    /// The cluster's id.
    pub cluster: String,
    /// The machine's id in discovery.
    pub node_id: String,
    pub hostname: String,
    /// The etcd member that runs on it.
    pub etcd: Option<EtcdData>,
}

/// What a machine writes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Letter {
    /// The machine's UUID.
    pub machine: String,
    /// A number of this boot.
    pub session: u64,
    /// The run of the service that is known, and what of it.
    pub epoch: u64,
    pub version: u64,
    pub will: Option<Will>,
    /// What it was told is to go wrong on it.
    pub faults: Vec<String>,
    /// What it should be from now on; else an answer is waited for.
    pub proposal: Option<Proposal>,
}

/// Everything, as a machine wants it to be. It counts only when nobody was faster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Proposal {
    /// By which the machine finds out that it was taken, even when an answer got lost.
    pub number: u64,
    pub meeting: Meeting,
}

/// What the service answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub epoch: u64,
    pub version: u64,
    /// Everything; nothing when the machine knows it.
    pub meeting: Option<Meeting>,
    /// The last proposal of this machine that was taken; 0 for none.
    pub taken: u64,
    /// What is to go wrong on it, by name.
    pub faults: Vec<String>,
}
