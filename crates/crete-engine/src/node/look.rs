//! Who looks at nodes. A node that nobody looks at is not asked anything.
//!
//! ```text
//! look ─▶ the node's task is there ─▶ it watches while the page is seen and the machine is on
//! last look dropped ─▶ the task ends
//! ```

use super::Nodes;
use super::task::{Task, Wish};
use crate::Engine;
use crate::error::{EngineError, Result};
use crete_model::MachineId;

/// How much of a node is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// How it is.
    Summary,
    /// Everything.
    Full,
}

/// Somebody looks at a node, until this is dropped.
#[derive(Debug)]
pub struct Look {
    engine: Engine,
    machine: MachineId,
    depth: Depth,
}

/// How many look at a node.
#[derive(Debug, Default)]
pub(super) struct Looks {
    summary: u32,
    full: u32,
    /// True while a task is there that sees changes.
    pub(super) attended: bool,
}

impl Looks {
    fn count(&mut self, depth: Depth) -> &mut u32 {
        match depth {
            Depth::Summary => &mut self.summary,
            Depth::Full => &mut self.full,
        }
    }

    fn deepest(&self) -> Option<Depth> {
        match (self.summary, self.full) {
            (0, 0) => None,
            (_, 0) => Some(Depth::Summary),
            _ => Some(Depth::Full),
        }
    }
}

impl Engine {
    /// Looks at a machine's node as long as what is returned is kept.
    ///
    /// # Errors
    /// When there is no such machine.
    pub fn look_at_node(&self, machine: MachineId, depth: Depth) -> Result<Look> {
        if self.machines.get(&machine.to_string()).is_none() {
            return Err(EngineError::NotFound {
                kind: "machine",
                id: machine.to_string(),
            });
        }
        let begins = self.node_book.enter(machine, depth);
        if let Some(wish) = begins {
            self.tasks
                .spawn(Task::new(self.clone(), machine, wish).run());
        }
        Ok(Look {
            engine: self.clone(),
            machine,
            depth,
        })
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        self.engine.node_book.leave(self.machine, self.depth);
    }
}

impl Nodes {
    /// Counts a look; gives what a task has to see when there is none yet.
    fn enter(&self, machine: MachineId, depth: Depth) -> Option<Wish> {
        let mut entries = self.lock();
        let entry = entries.entry(machine).or_default();
        *entry.looks.count(depth) += 1;
        entry.wanted.send_replace(entry.looks.deepest());
        if entry.looks.attended {
            return None;
        }
        entry.looks.attended = true;
        Some(Wish {
            depth: entry.wanted.subscribe(),
            credentials: entry.changed.subscribe(),
            current: entry.current.clone(),
        })
    }

    fn leave(&self, machine: MachineId, depth: Depth) {
        let mut entries = self.lock();
        // A machine that is gone took its looks with it.
        if let Some(entry) = entries.get_mut(&machine) {
            let count = entry.looks.count(depth);
            *count = count.saturating_sub(1);
            entry.wanted.send_replace(entry.looks.deepest());
        }
    }

    /// The task asks whether it may end. Whoever looks from now on gets another one.
    pub(super) fn may_end(&self, machine: MachineId) -> bool {
        let mut entries = self.lock();
        let Some(entry) = entries.get_mut(&machine) else {
            return true;
        };
        let ends = entry.looks.deepest().is_none();
        entry.looks.attended = !ends;
        ends
    }
}
