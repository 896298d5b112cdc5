//! Living with a cluster: etcd's arithmetic, what an action would do, and what happened.

use crate::{ClusterId, MachineId, Params, Sizes};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How many etcd members there are, and how many it takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Quorum {
    /// Members with a vote.
    pub members: u32,
    /// Those that are well.
    pub healthy: u32,
    /// How many it takes.
    pub needed: u32,
}

impl Quorum {
    /// The arithmetic of so many members, of which so many are well.
    #[must_use]
    pub fn of(members: u32, healthy: u32) -> Self {
        Self {
            members,
            healthy,
            needed: members / 2 + 1,
        }
    }

    /// How many may fail from here on.
    #[must_use]
    pub fn spare(self) -> u32 {
        self.healthy.saturating_sub(self.needed)
    }

    /// Whether the cluster goes on when so many of the healthy ones go off.
    #[must_use]
    pub fn survives(self, lost: u32) -> bool {
        self.healthy.saturating_sub(lost) >= self.needed
    }
}

/// Why an action cannot be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ClusterDenied {
    /// It is off already.
    Stopped,
    /// It is on already.
    Running,
    /// Other work goes on.
    Busy,
    /// It is not made yet.
    NotFormed,
    /// It is made already: stop or delete it.
    Formed,
    /// It has to be on for this.
    NotRunning,
    /// It has to be off for this.
    StillRunning,
    /// There is no worker.
    NoWorkers,
    /// Its machines wait for a configuration by others.
    NotOurs,
    /// Its machines are practice machines, which run no pods.
    Practice,
    /// It is as it would be already.
    NothingToDo,
    /// Another cluster has its name now.
    NameTaken,
    /// Another cluster has its endpoint in the network now.
    EndpointTaken,
}

/// What an action would do to the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ConsequenceCode {
    /// Nothing that anybody would notice.
    None,
    /// Too few etcd members would be left: the cluster stops (`left` of `members`, `needed`).
    QuorumLost,
    /// None may fail any more (`left` of `members`).
    NoSpare,
    /// So many may fail still (`left` of `members`, `spare`).
    Spare,
    /// The API is away until it comes back (`node`).
    ApiAway,
    /// Pods of this worker move to others (`node`, `workers` left).
    PodsMove,
    /// No worker would be left: pods have nowhere to run (`node`).
    LastWorker,
}

/// What an action on one machine would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Consequence {
    /// What.
    pub code: ConsequenceCode,
    /// Values for the sentence.
    pub params: Params,
    /// True when it is refused unless the person says that it is meant.
    pub confirm: bool,
}

/// What would be lost by deleting a cluster, counted before it happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClusterLoss {
    /// Names of its machines.
    pub machines: Vec<String>,
    /// Bytes on this computer.
    #[ts(type = "number")]
    pub bytes: u64,
    /// The network that goes with it.
    pub network: Option<String>,
    /// The image, which stays in the library.
    pub image_kept: Option<String>,
}

/// Wishes more workers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MoreWorkers {
    /// The cluster.
    pub cluster: ClusterId,
    /// How many more.
    pub count: u32,
    /// The sizes of each.
    pub sizes: Sizes,
}

/// Wishes one worker less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LessWorkers {
    /// The cluster.
    pub cluster: ClusterId,
    /// The machine.
    pub machine: MachineId,
    /// True to take it away although it does not answer.
    pub dead: bool,
}

/// What happened to a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ClusterEventCode {
    /// It was healthy for the first time (`seconds`).
    Formed,
    /// It is healthy again.
    Recovered,
    /// Something is not as wanted any more (`check`).
    Degraded,
    /// It was told to start.
    Started,
    /// It was told to stop.
    Stopped,
    /// This computer slept (`seconds`).
    Woke,
    /// A machine is ready (`node`).
    NodeReady,
    /// A machine does not answer any more (`node`).
    NodeLost,
    /// Another etcd member leads (`node`).
    LeaderMoved,
    /// Another machine holds the virtual address (`node`).
    EndpointMoved,
    /// A worker came (`node`).
    WorkerCame,
    /// A worker went (`node`).
    WorkerWent,
    /// etcd was told to begin (`node`).
    Bootstrapped,
    /// A configuration was given to a machine (`node`).
    Configured,
    /// A machine was given other patches (`node`).
    Reconfigured,
    /// The sample app answers.
    SampleCame,
    /// The sample app was taken away.
    SampleWent,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClusterEvent {
    /// RFC 3339.
    pub at: String,
    /// What.
    pub code: ClusterEventCode,
    /// Values for the sentence.
    pub params: Params,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_majority_of_members_keeps_etcd_going() {
        for (members, needed, spare) in [(1, 1, 0), (2, 2, 0), (3, 2, 1), (4, 3, 1), (5, 3, 2)] {
            let quorum = Quorum::of(members, members);
            assert_eq!((quorum.needed, quorum.spare()), (needed, spare));
            assert!(quorum.survives(spare));
            assert!(!quorum.survives(spare + 1));
        }
        assert!(!Quorum::of(3, 1).survives(0), "it stands still already");
    }
}
