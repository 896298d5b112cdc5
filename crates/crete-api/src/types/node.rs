//! Requests about nodes.

use crete_model::{ApplyWay, MachineId, RebootMode, ResetPlan, ResetWipe, ServiceAction};
use serde::{Deserialize, Serialize};
use std::fmt;
use ts_rs::TS;

/// Somebody looks at a node from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NodeLook {
    /// The look, as numbered by the page.
    pub look: u32,
    /// The machine.
    pub machine: MachineId,
    /// True for everything, false for how it is.
    pub full: bool,
}

/// Names one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LookRef {
    /// The look, as numbered by the page.
    pub look: u32,
}

/// A certificate of maintenance mode that a person has compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AcceptFingerprint {
    /// The machine.
    pub machine: MachineId,
    /// The fingerprint.
    pub fingerprint: String,
}

/// A person's talosconfig for a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImportTalosconfig {
    /// The machine.
    pub machine: MachineId,
    /// The file, an absolute path.
    pub path: String,
    /// The context in it; nothing for the one in use.
    pub context: Option<String>,
}

/// What to do with a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ServiceCall {
    /// The machine.
    pub machine: MachineId,
    /// The service.
    pub service: String,
    /// What to do.
    pub action: ServiceAction,
}

/// A kind of resource of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ResourcesOf {
    /// The machine.
    pub machine: MachineId,
    /// Where the kind is kept.
    pub namespace: String,
    /// Its full type.
    pub kind: String,
}

/// Names one resource of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ResourceRef {
    /// The machine.
    pub machine: MachineId,
    /// Where the kind is kept.
    pub namespace: String,
    /// Its full type.
    pub kind: String,
    /// Its id.
    pub id: String,
}

/// A configuration for a node, to be compared with what it lives by.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConfigDraft {
    /// The machine.
    pub machine: MachineId,
    /// The text.
    pub text: String,
}

/// A configuration for a node, and how it is to be applied.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConfigApply {
    /// The machine.
    pub machine: MachineId,
    /// The text.
    pub text: String,
    /// How.
    pub mode: ApplyWay,
}

// A configuration holds secrets: it is not for logs.
impl fmt::Debug for ConfigDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConfigDraft({})", self.machine)
    }
}

impl fmt::Debug for ConfigApply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConfigApply({}, {:?})", self.machine, self.mode)
    }
}

/// How to restart a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NodeReboot {
    /// The machine.
    pub machine: MachineId,
    /// How.
    pub mode: RebootMode,
}

/// How to shut a node down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NodeShutdown {
    /// The machine.
    pub machine: MachineId,
    /// True to leave out that its pods move elsewhere first.
    pub force: bool,
}

/// How to reset a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NodeReset {
    /// The machine.
    pub machine: MachineId,
    /// How.
    pub plan: ResetPlan,
}

/// A reset of which the loss is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ResetQuestion {
    /// The machine.
    pub machine: MachineId,
    /// What would be wiped.
    pub wipe: ResetWipe,
}
