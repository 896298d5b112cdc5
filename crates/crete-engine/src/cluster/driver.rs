//! The driver: the one task that owns a cluster.
//!
//! ```text
//!          ┌──────────────────────────────────────────────────────────────┐
//!          ▼                                                              │
//!  prepare (image, network, secrets) ▶ look at all machines ▶ decide ▶ act ▶ show
//! ```
//!
//! A turn begins with what is true and ends with what was done about it; nothing is handed on to
//! the next but times for the page. So the program may end in any turn, and the next one that runs,
//! tomorrow and in another process, goes on as if nothing had been.

use super::board::Board;
use super::course::{Deed, Member, Past, deeds};
use super::ground::{Ground, ImageSight, Power};
use super::health::{self, Found};
use super::keys::Keys;
use super::kube::{KubeClients, KubeSight};
use super::looker::{Deadlines, Looker, look_at_all};
use super::requests::Ask;
use super::rollout::Standing;
use super::sample::SampleSight;
use super::secrets;
use super::sight::Sight;
use super::stuck::Failure;
use super::wake::Wakefulness;
use super::work::Work;
use crate::error::Result;
use crate::{Engine, store};
use crete_model::{
    ClusterNode, ClusterSpec, ClusterWish, ErrorCode, HealthCheck, JobId, MachineId, NodeRole,
    Params, Problem, Timeline,
};
use crete_talos::pki::Bundle;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// What came of a turn or a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    GoOn,
    /// The cluster is gone, and its driver with it.
    Gone,
}

/// The owner of one cluster.
pub(super) struct Driver {
    pub engine: Engine,
    pub spec: ClusterSpec,
    pub ground: Arc<dyn Ground>,
    requests: mpsc::Receiver<Ask>,
    lookers: Vec<Looker>,
    pub sights: Vec<Sight>,
    pub past: HashMap<MachineId, Past>,
    pub failures: HashMap<MachineId, Failure>,
    /// Deeds that were done a moment ago: what came of them is seen first.
    pub resting: HashMap<(MachineId, Deed), Instant>,
    pub bundle: Option<Arc<Bundle>>,
    pub keys: Keys,
    pub clients: KubeClients,
    pub kube: Option<KubeSight>,
    pub image: ImageSight,
    image_ordered: bool,
    settled: bool,
    pub board: Board,
    pub found: Vec<Found>,
    pub checks: Vec<HealthCheck>,
    pub checked_at: Option<String>,
    pub work: Option<Work>,
    pub last_work: Timeline,
    /// The job that failed, until something else is begun.
    pub failed: Option<JobId>,
    wakefulness: Wakefulness,
    /// What is known of how machines stand beside other patches.
    pub standings: HashMap<MachineId, Standing>,
    /// How often each was given them.
    pub changed: HashMap<MachineId, u8>,
    pub sample: SampleSight,
    /// Something was made that can be used at once: nobody has to be waited for.
    pub hurries: bool,
}

impl Driver {
    pub fn new(
        engine: &Engine,
        spec: ClusterSpec,
        ground: Arc<dyn Ground>,
        requests: mpsc::Receiver<Ask>,
    ) -> Self {
        let mut driver = Self {
            engine: engine.clone(),
            spec,
            ground,
            requests,
            lookers: Vec::new(),
            sights: Vec::new(),
            past: HashMap::new(),
            failures: HashMap::new(),
            resting: HashMap::new(),
            bundle: None,
            keys: Keys::default(),
            clients: KubeClients::default(),
            kube: None,
            image: ImageSight::Missing(None),
            image_ordered: false,
            settled: false,
            board: Board::default(),
            found: Vec::new(),
            checks: Vec::new(),
            checked_at: None,
            work: None,
            last_work: Timeline::default(),
            failed: None,
            wakefulness: Wakefulness::default(),
            standings: HashMap::new(),
            changed: HashMap::new(),
            sample: SampleSight::default(),
            hurries: false,
        };
        driver.meet_members();
        driver.take_up_open_work();
        driver
    }

    /// Runs until the cluster is gone or the engine closes.
    pub async fn run(mut self) {
        let closing = self.engine.closing.clone();
        loop {
            let cancel = self.cancellation();
            let turned = tokio::select! {
                biased;
                () = closing.cancelled() => break,
                // A turn may wait for a node that hangs; giving up does not.
                () = cancelled(cancel) => None,
                turned = self.turn() => Some(turned),
            };
            match turned {
                Some(Outcome::Gone) => return,
                Some(Outcome::GoOn) => {}
                None => self.give_up(),
            }
            self.show();
            let (pause, cancel) = (self.pause(), self.cancellation());
            let outcome = tokio::select! {
                biased;
                () = closing.cancelled() => break,
                ask = self.requests.recv() => match ask {
                    Some(ask) => self.take_in(ask).await,
                    None => break,
                },
                () = cancelled(cancel) => Outcome::GoOn,
                () = tokio::time::sleep(pause) => Outcome::GoOn,
            };
            if outcome == Outcome::Gone {
                return;
            }
        }
        // A person who gave up a moment ago is heard all the same.
        if self
            .cancellation()
            .is_some_and(|cancel| cancel.is_cancelled())
        {
            self.give_up();
        }
        // What was begun goes on at the next start, under the same job.
        if let Some(work) = self.work.take() {
            work.job
                .end(Err(Problem::new(ErrorCode::Interrupted, Params::new())));
        }
    }

    /// What says that the work was cancelled; nothing once that was heard.
    fn cancellation(&self) -> Option<tokio_util::sync::CancellationToken> {
        let listens = self.spec.wish != ClusterWish::Undone;
        let work = self.work.as_ref().filter(|_| listens);
        work.map(|work| work.job.cancel.clone())
    }

    /// How long to wait before looking again.
    fn pause(&mut self) -> Duration {
        if std::mem::take(&mut self.hurries) {
            return Duration::ZERO;
        }
        let patience = &self.engine.patience.cluster;
        match self.work.is_some() || self.spec.wish == ClusterWish::Undone {
            true => patience.look,
            false => patience.rest,
        }
    }

    /// Writes down what is wanted, and wants it from then on.
    pub fn keep(&mut self, spec: ClusterSpec) -> Result<()> {
        if spec != self.spec {
            let path = self.engine.roots.cluster(spec.id).join(store::SPEC);
            store::write(&path, &spec)?;
            self.spec = spec;
            self.meet_members();
        }
        Ok(())
    }

    /// Changes what is wanted.
    pub fn change(&mut self, edit: impl FnOnce(&mut ClusterSpec)) -> Result<()> {
        let mut spec = self.spec.clone();
        edit(&mut spec);
        self.keep(spec)
    }

    /// A looker for every machine, in the order of the record.
    fn meet_members(&mut self) {
        let patience = self.engine.patience.cluster;
        let deadlines = Deadlines {
            probe: patience.probe,
            call: patience.call,
        };
        let mut known = std::mem::take(&mut self.lookers);
        let mut sights = std::mem::take(&mut self.sights);
        for node in &self.spec.nodes {
            let at = known.iter().position(|one| one.machine == node.machine);
            match at {
                Some(at) => {
                    self.lookers.push(known.remove(at));
                    self.sights.push(sights.remove(at));
                }
                None => {
                    self.lookers
                        .push(Looker::new(node.machine, node.role, deadlines));
                    self.sights.push(Sight::default());
                }
            }
        }
    }

    /// Everything that is known of the machines is looked at anew.
    pub fn meet_members_anew(&mut self) {
        self.lookers.clear();
        self.sights.clear();
        self.meet_members();
    }

    /// One turn: prepare, look, decide, act.
    async fn turn(&mut self) -> Outcome {
        self.wake();
        if self.spec.wish == ClusterWish::Running
            && let Err(error) = self.prepare().await
        {
            tracing::warn!(%error, cluster = self.spec.name, "it cannot be prepared");
            self.fail(error.problem());
        }
        self.introduce();
        self.look().await;
        self.remember();
        let switches = self.work.as_ref().is_some_and(|work| work.switches());
        let mut doing: Vec<(MachineId, Deed)> = deeds(&self.spec, &self.members(), switches);
        doing.extend(self.roll());
        self.act(doing).await;
        self.tend_sample().await;
        let gone = match self.spec.wish {
            ClusterWish::Undone => self.undone().await,
            // The program ended in the middle of it.
            ClusterWish::Deleted => self.deleted().await.is_ok(),
            ClusterWish::Running | ClusterWish::Stopped => false,
        };
        if gone {
            return Outcome::Gone;
        }
        self.advance().await;
        Outcome::GoOn
    }

    /// After a sleep of the computer all is seen as for the first time: nothing took as long as the
    /// clock says, and what did not work may be another today.
    fn wake(&mut self) {
        let now = self.engine.clock.now();
        let counted = Instant::now().into_std();
        let Some(before) = self.wakefulness.jumped(now, counted) else {
            return;
        };
        self.board.wake(before, &self.moment());
        self.failures.clear();
        self.resting.clear();
        if let Some(work) = &mut self.work {
            work.note_sleep();
        }
    }

    /// Image, network, endpoint and secrets: what stands before any machine.
    ///
    /// Nothing of Talos is relied on here.
    async fn prepare(&mut self) -> Result<()> {
        self.image = self.ground.image(&self.spec);
        match self.image {
            ImageSight::Ready(image) if self.spec.image != Some(image) => {
                self.change(|spec| spec.image = Some(image))?;
            }
            ImageSight::Missing(_) if !self.image_ordered && self.work.is_some() => {
                self.image_ordered = true;
                self.ground.order_image(&self.spec).await?;
                self.image = self.ground.image(&self.spec);
            }
            _ => {}
        }
        if !self.settled {
            self.clients.forget();
            let place = self.ground.settle(&self.spec).await?;
            self.change(|spec| {
                spec.network = Some(place.network);
                spec.api = Some(place.api);
            })?;
            self.settled = true;
        }
        if self.bundle.is_none() && !self.spec.leave_in_maintenance {
            self.open_secrets().await?;
        }
        self.renew_keys().await
    }

    async fn open_secrets(&mut self) -> Result<()> {
        let folder = self.engine.roots.cluster(self.spec.id);
        let (talos, clock) = (self.spec.talos.clone(), self.engine.clock.clone());
        // Making a large key takes seconds.
        let opening = tokio::task::spawn_blocking(move || {
            let bundle = secrets::of_cluster(&folder, &talos, clock.as_ref())?;
            let trust = secrets::trust(&bundle, clock.now())?;
            Ok::<_, crate::EngineError>((bundle, trust))
        });
        let (bundle, trust) = opening.await.map_err(crate::error::internal)??;
        self.bundle = Some(Arc::new(bundle));
        self.keys.sign_in_as(trust);
        Ok(())
    }

    async fn look(&mut self) {
        self.sights = look_at_all(&mut self.lookers, &self.ground, self.keys.trust.as_ref()).await;
        let up = |(node, sight): (&ClusterNode, &Sight)| {
            let etcd = sight.node.as_ref().is_some_and(|seen| seen.is_up("etcd"));
            (node.role == NodeRole::ControlPlane && etcd).then_some(node.machine)
        };
        let control_planes: Vec<MachineId> = self
            .spec
            .nodes
            .iter()
            .zip(&self.sights)
            .filter_map(up)
            .collect();
        self.kube = None;
        if let (Some(bundle), false) = (self.bundle.clone(), control_planes.is_empty()) {
            let when = (self.engine.clock.now(), self.engine.patience.cluster.call);
            let given = (&self.spec, bundle.as_ref());
            let ground = Arc::clone(&self.ground);
            let looking = self
                .clients
                .look(&control_planes, given, ground.as_ref(), when);
            self.kube = looking.await.ok();
        }
        let members = self.members();
        let found = health::Scene {
            spec: &self.spec,
            members: &members,
            kube: self.kube.as_ref(),
            practice: self.engine.is_practice(),
        }
        .checks();
        drop(members);
        self.found = found;
        self.checked_at = Some(self.engine.clock.text());
    }

    /// The machines with everything that is known of them.
    pub fn members(&self) -> Vec<Member<'_>> {
        let pairs = self.spec.nodes.iter().zip(&self.sights);
        pairs
            .map(|(node, sight)| Member {
                node,
                sight,
                past: self.past.get(&node.machine).copied().unwrap_or_default(),
            })
            .collect()
    }

    pub fn looker(&self, machine: MachineId) -> Option<&Looker> {
        self.lookers.iter().find(|looker| looker.machine == machine)
    }

    /// Notes what cannot be seen later: that a machine was started, configured or ready.
    fn remember(&mut self) {
        for (node, sight) in self.spec.nodes.iter().zip(&self.sights) {
            let past = self.past.entry(node.machine).or_default();
            let off = matches!(
                sight.machine.as_ref().map(|machine| &machine.power),
                Some(Power::Off { .. } | Power::Stopping)
            );
            past.configured = (past.configured && sight.maintenance.is_none()) || sight.is_ours();
            past.was_ready = !off && (past.was_ready || sight.is_running());
            if off {
                past.applied = 0;
            }
            if let Some(maintenance) = &sight.maintenance {
                past.unsynced = maintenance.synced == Some(false);
            }
            let stale = |failure: &Failure| failure.is_past(sight);
            if self.failures.get(&node.machine).is_some_and(stale) {
                self.failures.remove(&node.machine);
            }
        }
    }

    /// Machines come or go: endpoint and order have to follow.
    pub fn unsettle(&mut self) {
        self.settled = false;
        self.image_ordered = false;
    }
}

/// Waits until a job is cancelled; without one it never is.
async fn cancelled(cancel: Option<tokio_util::sync::CancellationToken>) {
    match cancel {
        Some(cancel) => cancel.cancelled().await,
        None => std::future::pending().await,
    }
}
