//! A node is met as what it is now, and watched until something ends it.

use super::figures;
use super::look::Depth;
use super::services;
use super::shown::Shown;
use super::watches::{Ended, Update, Watching};
use crate::Engine;
use crete_model::{FactKind, Facts, MachineId, Problem};
use crete_talos::api::{ApiError, Node};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};

/// Updates that may wait.
const UPDATES: usize = 64;

/// One meeting with a node.
pub(super) struct Session {
    pub engine: Engine,
    pub machine: MachineId,
    pub depth: Depth,
    pub current: watch::Sender<Option<Node>>,
}

impl Session {
    /// Runs until the node ends it, or does not let itself be spoken to.
    pub async fn run(self, shown: &mut Shown) {
        let reached = match self.engine.reach(self.machine).await {
            Ok(reached) => reached,
            Err(error) => return shown.unreachable(error.problem()),
        };
        shown.found(&reached);
        if self.depth < Depth::Full {
            shown.forget_facts();
        }
        let Some(node) = reached.node else {
            return;
        };
        self.current.send_replace(Some(node.clone()));
        let mut tasks = JoinSet::new();
        let (tell, told) = mpsc::channel(UPDATES);
        let mut watching = Watching {
            tasks: &mut tasks,
            node: &node,
            tell: &tell,
        };
        watching.summary();
        let often = self.engine.patience.nodes;
        let (etcd, has_etcd) = watch::channel(false);
        if self.depth == Depth::Full {
            watching.everything();
            tasks.spawn(services::follow(node.clone(), often.figures, tell.clone()));
            tasks.spawn(services::follow_etcd(node.clone(), has_etcd, tell.clone()));
            tasks.spawn(figures::follow(node, often, tell.clone()));
        } else {
            tasks.spawn(figures::sign_of_life(node, often.sign_of_life));
        }
        self.hear(shown, &mut tasks, told, &etcd).await;
        tasks.shutdown().await;
    }

    /// Shows what is told until a task is interrupted.
    async fn hear(
        &self,
        shown: &mut Shown,
        tasks: &mut JoinSet<Ended>,
        mut told: mpsc::Receiver<Update>,
        etcd: &watch::Sender<bool>,
    ) {
        let name = self.name();
        loop {
            tokio::select! {
                biased;
                Some(ended) = tasks.join_next() => {
                    if let Some(error) = interruption(ended) {
                        tracing::debug!(
                            machine = %self.machine, cause = ?error.cause, call = error.call,
                            "a node is not heard any more"
                        );
                        return;
                    }
                }
                Some(update) = told.recv() => take(shown, update, &name, etcd),
                else => return,
            }
        }
    }

    fn name(&self) -> String {
        let view = self.engine.machines.get(&self.machine.to_string());
        view.map(|view| view.spec.name).unwrap_or_default()
    }
}

/// What interrupted a task; nothing when it only had no more to tell.
fn interruption(ended: Result<Ended, JoinError>) -> Option<ApiError> {
    match ended {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error),
        Err(error) => {
            tracing::error!(%error, "a task that watches a node broke");
            None
        }
    }
}

fn take(shown: &mut Shown, update: Update, name: &str, etcd: &watch::Sender<bool>) {
    let named = |mut problem: Problem| {
        problem.params.insert("name".to_owned(), name.to_owned());
        problem
    };
    match update {
        Update::Status {
            stage,
            ready,
            unmet,
        } => {
            shown.live();
            shown.says(|says| {
                says.stage = stage;
                says.ready = ready;
                says.unmet = unmet;
            });
        }
        Update::Version(version) => shown.says(|says| says.version = version),
        Update::Hostname(name) => shown.says(|says| says.hostname = name),
        Update::Role(role) => shown.says(|says| says.role = role),
        Update::Addresses(addresses) => shown.says(|says| says.addresses = addresses),
        Update::Facts(facts) => shown.facts(facts.kind(), Some(facts), None),
        Update::Refused(kind, problem) => shown.facts(kind, None, Some(named(problem))),
        Update::Figures(figures) => shown.figures(figures, None),
        Update::NoFigures(problem) => shown.figures(None, Some(named(problem))),
        Update::EtcdMember(there) => {
            if !there {
                shown.facts(FactKind::Etcd, Some(Facts::Etcd(Vec::new())), None);
            }
            etcd.send_replace(there);
        }
    }
}
