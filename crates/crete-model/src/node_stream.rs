//! What a node tells line by line: logs, the kernel's messages, events.

use crate::{NodeStage, Problem, UnmetCondition};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What of a node is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum NodeSource {
    /// The kernel's log.
    Kernel,
    /// The log of one of Talos' services.
    Service {
        /// Its id.
        id: String,
    },
    /// The log of a container of Kubernetes.
    Container {
        /// Its id, such as `kube-system/kube-proxy-abc:kube-proxy`.
        id: String,
    },
    /// Events.
    Events,
}

/// A piece of what is told, in the order in which it happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NodeRecord {
    /// Lines of a log.
    Lines {
        /// Each without its end.
        lines: Vec<String>,
    },
    /// Something happened.
    Event {
        /// What.
        event: NodeEvent,
    },
    /// Something is missing here: the node forgot it, or started again. What follows is what it still
    /// knows.
    Gap,
    /// The node is not heard at the moment; it goes on by itself.
    Waiting,
    /// It will not be told.
    Refused {
        /// Why.
        problem: Problem,
    },
}

/// Something that happened on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NodeEvent {
    /// Talos' id of it.
    pub id: String,
    /// RFC 3339, to the second; absent when the id does not tell.
    pub at: Option<String>,
    /// The call that caused it; empty when none did.
    pub actor: String,
    /// What happened.
    #[serde(flatten)]
    pub what: NodeHappening,
}

/// What can happen on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum NodeHappening {
    /// A sequence such as `install` or `boot` begins or ends.
    Sequence {
        /// Its name.
        name: String,
        /// True when it ends.
        ends: bool,
        /// Why it failed; empty when it did not.
        error: String,
    },
    /// A phase of a sequence.
    Phase {
        /// Its name.
        name: String,
        /// True when it ends.
        ends: bool,
    },
    /// A task of a phase.
    Task {
        /// Its name.
        name: String,
        /// True when it ends.
        ends: bool,
    },
    /// A service changed.
    Service {
        /// Its id.
        name: String,
        /// Its state in Talos' word, small.
        state: String,
        /// In Talos' words.
        message: String,
        /// Whether it is healthy; nothing when its check has not said.
        healthy: Option<bool>,
    },
    /// The machine restarts.
    Restart,
    /// A configuration could not be read.
    ConfigurationUnreadable,
    /// A configuration broke a rule.
    ConfigurationRefused,
    /// Its name and addresses.
    Addresses {
        /// Its host name.
        hostname: String,
        /// All of them.
        addresses: Vec<String>,
    },
    /// Its stage.
    Status {
        /// The stage.
        stage: NodeStage,
        /// Whether it is ready.
        ready: bool,
        /// What it waits for.
        unmet: Vec<UnmetCondition>,
    },
    /// A kind of event that Crete does not know.
    Unknown {
        /// Its type.
        name: String,
    },
}
