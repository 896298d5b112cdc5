//! What passed a port, and what did not and why.

use serde::{Deserialize, Serialize};

/// Counts of one port since it was made. "In" is from the machine, "out" is to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Frames from the machine that were handled.
    pub frames_in: u64,
    /// Their bytes.
    pub bytes_in: u64,
    /// Frames queued to the machine.
    pub frames_out: u64,
    /// Their bytes.
    pub bytes_out: u64,
    /// To the machine, but its queue was full.
    pub dropped_full: u64,
    /// To the machine, but it is not connected or its link is cut.
    pub dropped_down: u64,
    /// From the machine, longer than the network's MTU.
    pub dropped_long: u64,
    /// From the machine, with a sender that cannot be one, or of a kind no bridge forwards.
    pub dropped_malformed: u64,
    /// From the machine, under an address that belongs to another.
    pub dropped_spoofed: u64,
    /// Stations behind the machine that were not remembered, because its share is full.
    pub stations_unlearned: u64,
}
