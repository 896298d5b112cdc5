//! Nodes: Talos on the machines, spoken to over its own API.
//!
//! ```text
//! machine ─▶ PortOf (its network's socket) ─▶ probe ─┬─ maintenance: pinned by the console, or first use
//!                                                    └─ configured:  credentials kept for the machine
//! ```
//!
//! One channel a node: whoever speaks to a node takes it from [`Engine::reach`]. What is shown of
//! a node is watched by one task ([`task`]) as long as somebody looks ([`look`]).

mod calls;
mod config;
mod credentials;
mod facts;
mod figures;
mod happenings;
mod lines;
mod look;
mod pods;
mod problem;
mod reach;
mod services;
mod session;
mod shown;
mod task;
mod telling;
mod watches;

pub(crate) use config::compare_texts;
pub use look::{Depth, Look};

use crete_model::MachineId;
use crete_talos::api::Node;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// What is known of the machines' nodes, whoever asks.
#[derive(Debug, Default)]
pub(crate) struct Nodes(Mutex<HashMap<MachineId, Entry>>);

#[derive(Debug, Default)]
struct Entry {
    kept: credentials::Kept,
    /// The certificate that maintenance mode showed first, where the console says nothing.
    first_seen: Option<String>,
    /// The certificate of maintenance mode that a person said is the node's.
    accepted: Option<String>,
    channel: Option<(reach::Key, Node)>,
    /// Counts changes of what the node is believed by.
    changed: watch::Sender<u64>,
    looks: look::Looks,
    wanted: watch::Sender<Option<Depth>>,
    /// The channel by which it is spoken to now, while it is looked at.
    current: watch::Sender<Option<Node>>,
}

impl Nodes {
    /// A machine is gone.
    pub(crate) fn forget(&self, machine: MachineId) {
        drop(self.lock().remove(&machine));
    }

    /// The channel by which a node that is looked at is spoken to now.
    fn current(&self, machine: MachineId) -> watch::Receiver<Option<Node>> {
        let mut entries = self.lock();
        entries.entry(machine).or_default().current.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<MachineId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
