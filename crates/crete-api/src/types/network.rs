//! Requests about networks.

use crete_model::{ForwardDraft, ForwardId, MachineId, NetworkId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Names one network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NetworkRef {
    /// The network.
    pub network: NetworkId,
}

/// A machine and the network it is to be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MachineNetwork {
    /// The machine.
    pub machine: MachineId,
    /// The network.
    pub network: NetworkId,
}

/// A machine and the address it is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MachineAddress {
    /// The machine.
    pub machine: MachineId,
    /// An IPv4 address of its network.
    pub address: String,
}

/// A machine's link, cut or mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LinkCut {
    /// The machine.
    pub machine: MachineId,
    /// True to cut it.
    pub cut: bool,
}

/// Names one port of this computer that leads to a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ForwardRef {
    /// The port.
    pub forward: ForwardId,
}

/// Such a port, and what it is to become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ForwardEdit {
    /// The port.
    pub forward: ForwardId,
    /// All of it.
    pub draft: ForwardDraft,
}

/// A draft to check: of a new port, or of one that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ForwardCheck {
    /// The port that is there.
    pub forward: Option<ForwardId>,
    /// The draft.
    pub draft: ForwardDraft,
}
