//! A change of a cluster's patches: what it would do to each machine, and how far it is.

use super::ClusterPatches;
use crate::{ClusterId, ConfigComparison, FieldProblem, MachineId, NodeRole};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How the last change of the patches stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ChangeState {
    /// Machines are given it, one after another.
    Rolling,
    /// Every machine lives by it.
    Done,
    /// It was cancelled, or a machine refused it. Machines before that live by it.
    Stopped,
}

/// The last change of the patches, kept so that it goes on after a crash and can be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClusterChange {
    /// How it stands.
    pub state: ChangeState,
    /// RFC 3339.
    pub begun_at: String,
    /// RFC 3339; nothing while it goes on.
    pub ended_at: Option<String>,
    /// The patches before it.
    pub before: ClusterPatches,
}

/// Wishes other patches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PatchesWish {
    /// The cluster.
    pub cluster: ClusterId,
    /// All of them, as they are to be.
    pub patches: ClusterPatches,
}

/// What other patches would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PatchesComparison {
    /// What is not acceptable, field by field. They can be applied when this is empty.
    pub fields: Vec<FieldProblem>,
    /// Machine by machine, in the order in which they would be changed.
    pub machines: Vec<MachineComparison>,
}

/// What other patches would do to one machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MachineComparison {
    /// The machine.
    pub machine: MachineId,
    /// Its name.
    pub hostname: String,
    /// What it is.
    pub role: NodeRole,
    /// True when it is compared with what the node lives by; false when the node does not answer,
    /// and it is compared with what it was given.
    pub asked: bool,
    /// How its configuration would differ.
    pub comparison: ConfigComparison,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_on_disk_reads_as_it_was_written() {
        let change = ClusterChange {
            state: ChangeState::Rolling,
            begun_at: "2026-03-20T09:00:00Z".to_owned(),
            ended_at: None,
            before: ClusterPatches {
                worker: vec!["machine: {}\n".to_owned()],
                ..ClusterPatches::default()
            },
        };
        let text = serde_json::to_string(&change).unwrap();
        assert!(text.contains("\"state\":\"rolling\""), "{text}");
        assert_eq!(
            serde_json::from_str::<ClusterChange>(&text).unwrap(),
            change
        );
    }
}
