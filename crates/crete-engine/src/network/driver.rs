//! The driver: the one task that owns a network.
//!
//! ```text
//!        a machine of it comes on            greeted
//! Off ─────────────────────────▶ Starting ──────────▶ Running ◀─┐ its process ended:
//!  ▲                                │ does not come up    │      │ another, at once
//!  │          tried again ┌─────────▼                     ├──────┘
//!  │                      └────── Failed                  │ its last machine went off
//!  └──────────────────────────────────────────────────────┘
//! ```
//!
//! The process carries what is wanted and keeps nothing: it may be ended and started again at any
//! moment, and dials the machines again. So it lives exactly as long as one of them is on. When the
//! engine closes it goes on with them, and is taken back at the next start.

use super::members::{Ranges, seat};
use super::process::{Process, failed};
use super::told::{Guest, config};
use super::view::{traffic, view};
use crate::error::Result;
use crate::{Changes, Engine, store};
use crete_model::{
    MachineId, MachineView, NetworkSpec, NetworkState, Problem, TrashKind, network_name,
};
use crete_net::control::Status;
use crete_net::{Config, Offer};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::Instant;

/// How often a network is looked at while somebody looks at the page.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Between two tries to start a process that does not come up.
const TRY_AGAIN: Duration = Duration::from_secs(5);
/// A process that ran this long before it ended is started again at once.
const LASTED: Duration = Duration::from_secs(5);
/// The practice factory's name inside a network, and its port at the gateway.
const FACTORY: (&str, u16) = ("factory", 80);

/// A change of what is wanted of a network.
pub(super) type Edit = Box<dyn FnOnce(&mut NetworkSpec) -> Result<()> + Send>;

/// What others ask of a network.
pub(super) enum Request {
    /// Carry this machine from now on.
    Attach {
        machine: MachineId,
        answer: oneshot::Sender<Result<()>>,
    },
    /// Be different.
    Change {
        edit: Edit,
        answer: oneshot::Sender<Result<()>>,
    },
    /// Run in another process from now on.
    Restart { answer: oneshot::Sender<Result<()>> },
    /// Say where the network is dialled through.
    Socket {
        answer: oneshot::Sender<Result<PathBuf>>,
    },
    /// Go to the trash.
    Delete {
        answer: oneshot::Sender<Result<String>>,
    },
}

/// What others hold of a network.
pub(crate) type Handle = mpsc::Sender<Request>;

/// The owner of one network.
pub(super) struct Driver {
    engine: Engine,
    spec: NetworkSpec,
    requests: mpsc::Receiver<Request>,
    process: Option<Process>,
    /// When the process came up or was taken back.
    up_since: Instant,
    /// What the process does now.
    told: Option<Config>,
    /// What it said last.
    status: Option<Status>,
    /// Why it has no process, although it should, and when that is tried again.
    problem: Option<(Problem, Instant)>,
    guests: Vec<Guest>,
}

impl Driver {
    pub fn new(
        engine: &Engine,
        spec: NetworkSpec,
        requests: mpsc::Receiver<Request>,
        process: Option<Process>,
    ) -> Self {
        Self {
            engine: engine.clone(),
            spec,
            requests,
            process,
            up_since: Instant::now(),
            told: None,
            status: None,
            problem: None,
            guests: Vec::new(),
        }
    }

    /// Runs until the network is deleted or the engine closes.
    pub async fn run(mut self) {
        let closing = self.engine.closing.clone();
        let mut machines = self.engine.machines.subscribe().changes;
        let mut visible = self.engine.visible.subscribe();
        let mut look_at = Instant::now();
        loop {
            self.reconcile().await;
            let seen = *visible.borrow_and_update();
            let drivable = self
                .process
                .as_ref()
                .is_some_and(|one| one.client.is_some());
            let retry = self.problem.as_ref().map(|(_, at)| *at);
            tokio::select! {
                biased;
                () = closing.cancelled() => break,
                () = ended(self.process.as_mut()) => self.died().await,
                request = self.requests.recv() => {
                    let Some(request) = request else { break };
                    if self.take_in(request).await {
                        return;
                    }
                }
                () = guests_change(&self.engine, &self.spec, &self.guests, &mut machines) => {}
                () = at(retry) => self.problem = None,
                Ok(()) = visible.changed() => look_at = Instant::now(),
                () = tokio::time::sleep_until(look_at), if seen && drivable => {
                    self.look().await;
                    look_at = Instant::now() + LOOK_EVERY;
                }
            }
        }
        // With machines on it goes on without us; without any it is of no use. The last may have
        // gone off an instant ago.
        let guests = self.engine.guests_of(&self.spec);
        if !guests.iter().any(|guest| guest.on)
            && let Some(process) = self.process.take()
        {
            self.engine.stop_network(process).await;
        }
    }

    /// Services of this computer that machines may use here.
    fn offers(&self) -> Vec<Offer> {
        let factory = self.engine.practice_address().map(|to| Offer {
            name: network_name(FACTORY.0, None),
            protocol: crete_net::Protocol::Tcp,
            port: FACTORY.1,
            to,
        });
        factory.into_iter().collect()
    }

    /// Writes down what is wanted, and wants it from then on.
    fn keep(&mut self, spec: NetworkSpec) -> Result<()> {
        if spec != self.spec {
            store::write(&self.engine.roots.network(spec.id).join(store::SPEC), &spec)?;
            self.spec = spec;
        }
        Ok(())
    }

    /// Brings the process to what is wanted, and shows the network.
    async fn reconcile(&mut self) {
        self.guests = self.engine.guests_of(&self.spec);
        if let Err(error) = self.settle().await {
            tracing::warn!(%error, network = self.spec.name, "not as it should be");
            self.problem = Some((error.problem(), Instant::now() + TRY_AGAIN));
        }
        self.show();
    }

    /// Every machine has an address; there is a process while one is on; it does what is wanted.
    async fn settle(&mut self) -> Result<()> {
        let mut spec = self.spec.clone();
        let ids: Vec<MachineId> = self.guests.iter().map(|guest| guest.id).collect();
        let subnet = Ranges::of(&spec)?.subnet;
        seat(&mut spec, subnet, &ids);
        self.keep(spec)?;
        let is_on = self.guests.iter().any(|guest| guest.on);
        if !is_on {
            self.problem = None;
            if let Some(process) = self.process.take() {
                self.engine.stop_network(process).await;
                self.forget();
            }
            return Ok(());
        }
        if self.problem.is_some() {
            return Ok(());
        }
        let wanted = config(&self.spec, &self.guests, &self.offers())?;
        match &mut self.process {
            None => {
                self.show_as(NetworkState::Starting {
                    since: self.engine.clock.text(),
                });
                let process = self.engine.start_network(&self.spec, &wanted).await?;
                self.process = Some(process);
                self.up_since = Instant::now();
                self.told = Some(wanted);
                self.look().await;
            }
            Some(process) if self.told.as_ref() != Some(&wanted) => {
                if let Some(client) = &mut process.client {
                    let told = client.apply(wanted.clone()).await;
                    told.map_err(|error| failed(&self.spec, &error.to_string()))?;
                    self.told = Some(wanted);
                    self.look().await;
                }
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn forget(&mut self) {
        self.told = None;
        self.status = None;
        self.engine.traffic.remove(&self.spec.id.to_string());
    }

    /// Its process ended although nobody asked: another takes over, at once the first time.
    async fn died(&mut self) {
        let Some(process) = self.process.take() else {
            return;
        };
        let words = process.bury(&self.engine).await;
        tracing::warn!(network = self.spec.name, words, "its process ended");
        self.forget();
        if self.up_since.elapsed() < LASTED {
            let problem = failed(&self.spec, &words);
            self.problem = Some((problem, Instant::now() + TRY_AGAIN));
        }
    }

    /// Asks the process what it sees. One that does not answer any more is replaced.
    async fn look(&mut self) {
        let Some(client) = self.process.as_mut().and_then(|one| one.client.as_mut()) else {
            return;
        };
        match client.status().await {
            Ok(status) => {
                if *self.engine.visible.borrow() {
                    let traffic = traffic(&self.spec, self.status.as_ref(), &status);
                    self.engine.traffic.set(self.spec.id.to_string(), traffic);
                }
                self.status = Some(status);
            }
            Err(error) => {
                tracing::warn!(%error, network = self.spec.name, "it does not answer");
                if let Some(process) = self.process.take() {
                    self.engine.stop_network(process).await;
                }
                self.forget();
            }
        }
    }

    fn state(&self) -> NetworkState {
        match (&self.process, &self.problem) {
            (_, Some((problem, _))) => NetworkState::Failed {
                problem: problem.clone(),
            },
            (Some(process), None) => process.state(),
            (None, None) => NetworkState::Off,
        }
    }

    /// Publishes the network as it is now.
    fn show(&self) {
        self.show_as(self.state());
    }

    fn show_as(&self, state: NetworkState) {
        let seen = view(
            &self.spec,
            state,
            &self.guests,
            &self.offers(),
            self.status.as_ref(),
        );
        self.engine.networks.set(self.spec.id.to_string(), seen);
    }

    /// Does what is asked; true when the network is gone. Who asked may have gone too; then nobody
    /// needs the answer.
    async fn take_in(&mut self, request: Request) -> bool {
        match request {
            Request::Attach { machine, answer } => {
                self.problem = None;
                self.reconcile().await;
                let _ = answer.send(self.is_carried(machine));
            }
            Request::Change { edit, answer } => {
                let mut spec = self.spec.clone();
                let changed = edit(&mut spec).and_then(|()| self.keep(spec));
                if changed.is_ok() {
                    self.reconcile().await;
                }
                let _ = answer.send(changed);
            }
            Request::Restart { answer } => {
                if let Some(process) = self.process.take() {
                    self.engine.stop_network(process).await;
                    self.forget();
                }
                self.problem = None;
                self.reconcile().await;
                let failed = self.problem.clone();
                let _ = answer.send(failed.map_or(Ok(()), |(problem, _)| Err(problem.into())));
            }
            Request::Socket { answer } => {
                let socket = self.process.as_ref().map(|one| one.socket().to_owned());
                let off = || failed(&self.spec, "none of its machines is on").into();
                let _ = answer.send(socket.ok_or_else(off));
            }
            Request::Delete { answer } => {
                let deleted = self.delete().await;
                let gone = deleted.is_ok();
                let _ = answer.send(deleted);
                return gone;
            }
        }
        false
    }

    /// Whether a machine that comes on has its network.
    fn is_carried(&self, machine: MachineId) -> Result<()> {
        if let Some((problem, _)) = &self.problem {
            return Err(problem.clone().into());
        }
        let id = machine.to_string();
        let told = self.told.as_ref();
        let known = told.is_some_and(|told| told.machines.iter().any(|one| one.id == id));
        // A process that this program cannot drive knows whom it knew before.
        if known
            || self
                .process
                .as_ref()
                .is_some_and(|one| one.client.is_none())
        {
            return Ok(());
        }
        Err(failed(&self.spec, "it has no address left for this machine").into())
    }

    async fn delete(&mut self) -> Result<String> {
        if let Some(problem) = self.engine.why_not_deletable(&self.spec) {
            return Err(problem.into());
        }
        if let Some(process) = self.process.take() {
            self.engine.stop_network(process).await;
        }
        let (engine, spec) = (self.engine.clone(), self.spec.clone());
        let moving = tokio::task::spawn_blocking(move || {
            let folder = engine.roots.network(spec.id);
            engine.discard_object(
                TrashKind::Networks,
                &spec.id.to_string(),
                &spec.name,
                &folder,
            )
        });
        let trash_id = moving.await.map_err(crate::error::internal)??;
        self.engine.forget_network(self.spec.id);
        Ok(trash_id)
    }
}

/// Waits until something of a machine changes that matters here. Consoles change without end.
async fn guests_change(
    engine: &Engine,
    spec: &NetworkSpec,
    known: &[Guest],
    changes: &mut Changes<MachineView>,
) {
    loop {
        // Falling behind is no end: the set itself is asked.
        if let Err(broadcast::error::RecvError::Closed) = changes.recv().await {
            return std::future::pending().await;
        }
        if engine.guests_of(spec) != known {
            return;
        }
    }
}

/// Waits for the end of a process; without one it never comes.
async fn ended(process: Option<&mut Process>) {
    match process {
        Some(process) => drop(process.running.wait().await),
        None => std::future::pending().await,
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
