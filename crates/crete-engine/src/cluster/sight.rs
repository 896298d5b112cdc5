//! What is seen of one machine of a cluster at one moment: from outside, by its API, and on its
//! console.

use super::ground::{MachineSight, Power};
use crete_talos::api::{Cause, Presence};
use crete_talos::config::Disk;

/// A stage of a machine, in Talos' own numbers.
pub(super) use crete_talos::api::wire::machine::machine_status_event::MachineStage as Stage;

/// A service of Talos.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Service {
    pub id: String,
    pub state: String,
    /// Nothing while it was not looked at.
    pub healthy: Option<bool>,
    /// What it said last.
    pub said: String,
}

/// A member of etcd, as one node lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EtcdMember {
    pub id: u64,
    pub hostname: String,
    pub learner: bool,
}

/// etcd as one node sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct EtcdSight {
    /// Its own id.
    pub own: u64,
    /// The id of the one that leads.
    pub leader: u64,
    pub members: Vec<EtcdMember>,
    /// Alarms in words.
    pub alarms: Vec<String>,
}

/// What a configured node tells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NodeSight {
    pub version: String,
    pub stage: Stage,
    pub ready: bool,
    /// Name and reason of what it still waits for.
    pub unmet: Vec<(String, String)>,
    pub services: Vec<Service>,
    /// Nothing when it does not say.
    pub synced: Option<bool>,
    pub diagnostics: Vec<String>,
    /// Once etcd runs and answers.
    pub etcd: Option<EtcdSight>,
    /// Name of each static pod, and whether it is ready.
    pub static_pods: Vec<(String, bool)>,
    /// Bytes.
    pub memory: Option<u64>,
    /// Bytes of its volume for data.
    pub ephemeral: Option<u64>,
    /// Its addresses.
    pub addresses: Vec<String>,
}

impl NodeSight {
    pub fn service(&self, id: &str) -> Option<&Service> {
        self.services.iter().find(|one| one.id == id)
    }

    /// A service that runs and was not found ill.
    pub fn is_up(&self, id: &str) -> bool {
        self.service(id)
            .is_some_and(|one| one.state == "Running" && one.healthy == Some(true))
    }

    /// Whether it waits for the word to begin: everything before etcd is there, and etcd is not.
    ///
    /// Recorded: before the bootstrap etcd's service stays in these states while all others run
    /// (v1.13.9); and Bootstrap is refused while the time is not in sync (facts 2.5).
    pub fn waits_for_bootstrap(&self) -> bool {
        self.etcd.is_none()
            && self.synced != Some(false)
            && self.service("etcd").is_some_and(|one| {
                ["Preparing", "Waiting", "Finished"].contains(&one.state.as_str())
            })
    }
}

/// What a node in maintenance tells anybody.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MaintenanceSight {
    pub fingerprint: String,
    pub disks: Vec<Disk>,
    pub synced: Option<bool>,
    /// The link of its card.
    pub link: Option<String>,
    /// True when Talos is on a disk already.
    pub installed: bool,
}

/// Why a node could not be asked, although a connection was to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub cause: Cause,
    /// The exact words; they quote no secret.
    pub words: String,
}

impl Refusal {
    /// Whether the node answered, and said no; otherwise no answer came.
    pub fn is_answer(&self) -> bool {
        use Cause as C;
        !matches!(
            self.cause,
            C::Refused
                | C::Interrupted
                | C::Silent
                | C::Unreachable
                | C::Ended
                | C::NotTalos
                | C::TooManyPings
                | C::ClockDiffers
                | C::ClientExpired
        )
    }
}

/// Everything that is seen of one machine at one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Sight {
    /// Nothing: there is no such machine.
    pub machine: Option<MachineSight>,
    pub presence: Option<Presence>,
    pub maintenance: Option<MaintenanceSight>,
    pub node: Option<NodeSight>,
    /// Why it could not be asked.
    pub refusal: Option<Refusal>,
    /// The last of its console; only while it is not as wanted.
    pub console: String,
}

impl Sight {
    pub fn is_on(&self) -> bool {
        let power = self.machine.as_ref().map(|machine| &machine.power);
        matches!(power, Some(Power::On | Power::Paused { .. }))
    }

    /// Whether it has a configuration of this cluster.
    pub fn is_ours(&self) -> bool {
        self.node.is_some() || matches!(self.presence, Some(Presence::Ours { .. }))
    }

    pub fn is_running(&self) -> bool {
        let running = |node: &NodeSight| node.stage == Stage::Running && node.ready;
        self.node.as_ref().is_some_and(running)
    }
}
