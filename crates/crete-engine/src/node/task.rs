//! The one task of a node that is looked at.
//!
//! ```text
//!           looked at, seen, machine on            node answers
//! Waiting ────────────────────────────▶ Probing ────────────────▶ Watching
//!    ▲                                   │   ▲                       │
//!    │ nobody looks, page hidden, off    │   └── pause, growing ◀────┤ interrupted: what is known
//!    └───────────────────────────────────┴───────────────────────────┘ is old from now on
//! ```
//!
//! TLS is made anew at each probe that finds something else, so a node that was configured, reset or
//! given other credentials is met as what it is now.

use super::look::Depth;
use super::session::Session;
use super::shown::Shown;
use crate::Engine;
use crete_model::{BootStage, MachineId, NodePresence};
use crete_talos::api::Node;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// The first pause between tries to reach a node; they grow.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// A session that lasted so long was a good one.
const GOOD: Duration = Duration::from_secs(10);

/// What a task has to see.
#[derive(Debug)]
pub(super) struct Wish {
    pub depth: watch::Receiver<Option<Depth>>,
    pub credentials: watch::Receiver<u64>,
    /// Where the task says by which channel the node is spoken to now.
    pub current: watch::Sender<Option<Node>>,
}

/// The owner of what is watched of one node.
pub(super) struct Task {
    engine: Engine,
    machine: MachineId,
    wish: Wish,
    shown: Shown,
}

/// Everything on which it depends what a session does. Another one means another session.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Circumstances {
    depth: Option<Depth>,
    seen: bool,
    /// False when there is no such machine any more.
    there: bool,
    /// The machine's process, while it runs.
    process: Option<i32>,
    /// What its console says.
    boot: Option<(BootStage, Option<String>)>,
    credentials: u64,
}

impl Task {
    pub fn new(engine: Engine, machine: MachineId, wish: Wish) -> Self {
        let shown = Shown::new(&engine, machine);
        Self {
            engine,
            machine,
            wish,
            shown,
        }
    }

    /// Runs until nobody looks any more, or the engine closes.
    pub async fn run(mut self) {
        let closing = self.engine.closing.clone();
        tokio::select! {
            () = closing.cancelled() => {}
            () = self.attend() => {}
        }
        self.wish.current.send_replace(None);
        self.shown.leave();
    }

    async fn attend(&mut self) {
        let mut changes = Changes::new(&self.engine, &self.wish);
        let mut pause = FIRST_PAUSE;
        loop {
            let now = self.circumstances();
            if !now.there {
                return self.shown.forget();
            }
            let Some(depth) = now.depth else {
                if self.engine.node_book.may_end(self.machine) {
                    return;
                }
                continue;
            };
            if now.process.is_none() {
                self.rest(Some(NodePresence::Off));
                self.until_other(&now, &mut changes).await;
                continue;
            }
            if !now.seen {
                self.rest(None);
                self.until_other(&now, &mut changes).await;
                continue;
            }
            let begun = Instant::now();
            let session = Session {
                engine: self.engine.clone(),
                machine: self.machine,
                depth,
                current: self.wish.current.clone(),
            };
            let other = Self::other(&self.engine, self.machine, &self.wish, &now, &mut changes);
            tokio::select! {
                () = other => {
                    self.rest(None);
                    continue;
                }
                () = session.run(&mut self.shown) => self.rest(None),
            }
            if begun.elapsed() > GOOD {
                pause = FIRST_PAUSE;
            }
            tokio::select! {
                () = sleep(pause) => pause = (pause * 2).min(self.engine.patience.nodes.pause),
                () = self.until_other(&now, &mut changes) => pause = FIRST_PAUSE,
            }
        }
    }

    /// Nothing is heard from now on.
    fn rest(&mut self, presence: Option<NodePresence>) {
        self.wish.current.send_replace(None);
        self.shown.old(presence);
    }

    fn circumstances(&self) -> Circumstances {
        Self::seen_now(&self.engine, self.machine, &self.wish)
    }

    fn seen_now(engine: &Engine, machine: MachineId, wish: &Wish) -> Circumstances {
        let view = engine.machines.get(&machine.to_string());
        let boot = view.as_ref().and_then(|view| view.boot.as_ref());
        Circumstances {
            depth: *wish.depth.borrow(),
            seen: *engine.visible.borrow(),
            there: view.is_some(),
            boot: boot.map(|boot| (boot.stage, boot.fingerprint.clone())),
            process: view.and_then(|view| view.pid),
            credentials: *wish.credentials.borrow(),
        }
    }

    async fn until_other(&self, than: &Circumstances, changes: &mut Changes) {
        Self::other(&self.engine, self.machine, &self.wish, than, changes).await;
    }

    /// Waits until the circumstances are others.
    async fn other(
        engine: &Engine,
        machine: MachineId,
        wish: &Wish,
        than: &Circumstances,
        changes: &mut Changes,
    ) {
        while Self::seen_now(engine, machine, wish) == *than {
            changes.next(machine).await;
        }
    }
}

/// Wakes whoever depends on circumstances.
struct Changes {
    depth: watch::Receiver<Option<Depth>>,
    credentials: watch::Receiver<u64>,
    visible: watch::Receiver<bool>,
    machines: crate::Changes<crete_model::MachineView>,
}

impl Changes {
    fn new(engine: &Engine, wish: &Wish) -> Self {
        Self {
            depth: wish.depth.clone(),
            credentials: wish.credentials.clone(),
            visible: engine.visible.subscribe(),
            machines: engine.machines.subscribe().changes,
        }
    }

    /// Something may have changed. A machine that is gone takes senders with it, and says so itself.
    async fn next(&mut self, machine: MachineId) {
        let own = machine.to_string();
        tokio::select! {
            Ok(()) = self.depth.changed() => {}
            Ok(()) = self.credentials.changed() => {}
            Ok(()) = self.visible.changed() => {}
            () = async {
                while let Ok(change) = self.machines.recv().await {
                    if change.key == own {
                        return;
                    }
                }
            } => {}
        }
    }
}
