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

use super::board::{Board, Moment, of_cluster, quorum, slowest};
use super::course::{Deed, Member, Past, deeds};
use super::ground::{Ground, ImageSight, Power};
use super::health::{self, Found};
use super::keys::Keys;
use super::kube::{KubeClients, KubeSight};
use super::requests::Ask;
use super::rollout::Standing;
use super::sample::SampleSight;
use super::sight::{Deadlines, Looker, Sight, look_at_all};
use super::stuck::Failure;
use super::work::Work;
use super::{progress, secrets};
use crate::error::Result;
use crate::{Engine, store};
use crete_model::{
    ChangeState, ClusterEventCode, ClusterNode, ClusterSpec, ClusterWish, ClusterWork, ErrorCode,
    HealthCheck, HealthState, MachineId, NodeRole, Params, Problem, StageCode, Timeline, params,
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
    checked_at: Option<String>,
    pub work: Option<Work>,
    last_work: Timeline,
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

    /// Work that the program's end cut off goes on by itself; a cluster that was on when the
    /// computer went off waits to be started.
    fn take_up_open_work(&mut self) {
        let formed = self.spec.formed_at.is_some();
        let kind = match (self.spec.wish, formed) {
            (ClusterWish::Running, false) | (ClusterWish::Undone, _) => ClusterWork::Create,
            (ClusterWish::Stopped, _) => ClusterWork::Stop,
            (ClusterWish::Running, true) => match self.open_work() {
                Some(kind) => kind,
                None => return,
            },
        };
        // What is done to machines that are on waits until a person switches them on.
        let rests = !matches!(kind, ClusterWork::Create | ClusterWork::RemoveWorker);
        if rests && !self.is_any_on() {
            return;
        }
        self.begin(kind);
    }

    /// What a cluster that was healthy once was given to do, and has not done yet.
    fn open_work(&self) -> Option<ClusterWork> {
        let switches = [ClusterWork::Start, ClusterWork::AddWorkers];
        if let Some(kind) = self.spec.begun.filter(|kind| switches.contains(kind)) {
            return Some(kind);
        }
        if self.spec.nodes.iter().any(|node| node.leaving) {
            return Some(ClusterWork::RemoveWorker);
        }
        if self.is_rolling() {
            return Some(ClusterWork::Configure);
        }
        match self.spec.sample {
            Some(sample) if sample.leaving => Some(ClusterWork::EndSample),
            Some(sample) if sample.forward.is_none() => Some(ClusterWork::TrySample),
            _ => None,
        }
    }

    /// Begins a piece of work.
    pub fn begin(&mut self, kind: ClusterWork) {
        self.board.begin();
        self.failures.clear();
        match Work::begin(&self.engine, &self.spec, kind) {
            Ok(work) => self.work = Some(work),
            Err(error) => tracing::error!(%error, cluster = self.spec.name, "no job can be begun"),
        }
    }

    /// Ends the work that goes on, badly.
    pub fn fail(&mut self, problem: Problem) {
        if let Some(work) = self.work.take() {
            self.last_work = work.failed(&self.engine, problem);
            self.put_down();
        }
    }

    /// Nothing is left for whoever comes next.
    fn put_down(&mut self) {
        if let Err(error) = self.change(|spec| spec.begun = None) {
            // The next start finds it done, or goes on with it.
            tracing::warn!(%error, cluster = self.spec.name, "its record cannot be written");
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
        if self.spec.wish == ClusterWish::Running
            && let Err(error) = self.prepare().await
        {
            tracing::warn!(%error, cluster = self.spec.name, "it cannot be prepared");
            self.fail(error.problem());
        }
        self.look().await;
        self.remember();
        let switches = self.work.as_ref().is_some_and(|work| work.switches());
        let mut doing: Vec<(MachineId, Deed)> = deeds(&self.spec, &self.members(), switches);
        doing.extend(self.roll());
        self.act(doing).await;
        self.tend_sample().await;
        if self.spec.wish == ClusterWish::Undone && self.undone().await {
            return Outcome::Gone;
        }
        self.advance().await;
        Outcome::GoOn
    }

    /// Image, network, endpoint and secrets: what stands before any machine.
    ///
    /// Assumed: nothing of Talos is relied on here.
    async fn prepare(&mut self) -> Result<()> {
        self.image = self.ground.image(&self.spec);
        match self.image {
            ImageSight::Ready(image) if self.spec.image != Some(image) => {
                self.change(|spec| spec.image = Some(image))?;
            }
            ImageSight::Missing(_) if !self.image_ordered && self.work.is_some() => {
                self.image_ordered = true;
                self.ground.order_image(&self.spec).await?;
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
            if sight.is_ours() {
                self.failures.retain(|machine, failure| {
                    *machine != node.machine || failure.deed != super::stuck::DeedRule::Apply
                });
            }
        }
    }

    /// Takes in how far the work is, and ends it when it is done.
    async fn advance(&mut self) {
        let now = self.engine.clock.text();
        if let Some(work) = &self.work
            && work.current() == Some(StageCode::Access)
            && !self.has_access()
            && let Err(error) = self.write_access().await
        {
            return self.fail(error.problem());
        }
        let Some(mut work) = self.work.take() else {
            return;
        };
        let members = self.members();
        let scene = progress::Scene {
            spec: &self.spec,
            image: &self.image,
            members: &members,
            kube: self.kube.as_ref(),
            checks: &self.found,
            secrets: self.bundle.is_some(),
            access: self.has_access(),
            standings: &self.standings,
            sample: &self.sample,
            sample_open: self.is_sample_open(),
            sample_gone: self.spec.sample.is_none(),
        };
        let done = work.advance(&now, |step| scene.progress(step));
        drop(members);
        match done {
            true => self.finish(work),
            false => self.work = Some(work),
        }
    }

    fn finish(&mut self, work: Work) {
        let now = self.engine.clock.text();
        let kind = work.kind;
        let seconds = work.seconds(self.engine.clock.now());
        self.last_work = work.done(&self.engine, &self.spec);
        if kind == ClusterWork::Create && !self.spec.leave_in_maintenance {
            let formed = self.change(|spec| spec.formed_at = Some(now.clone()));
            if let Err(error) = formed {
                // It is formed all the same; the next start finds it so, and writes it down then.
                tracing::warn!(%error, cluster = self.spec.name, "its record cannot be written");
            }
            let took = params! { "seconds" => seconds };
            self.board.happened(&now, ClusterEventCode::Formed, took);
        }
        if matches!(kind, ClusterWork::Stop | ClusterWork::Restart) {
            self.board
                .happened(&now, ClusterEventCode::Stopped, Params::new());
        }
        if kind == ClusterWork::Configure {
            self.end_change(ChangeState::Done);
        }
        if self.spec.begun == Some(ClusterWork::Restart) {
            // One write turns the restart into a start.
            return self.go_on_after_stop();
        }
        self.put_down();
        if kind == ClusterWork::Start && self.is_rolling() {
            // It was begun before the machines went off.
            self.roll_on();
        }
    }

    /// The moment, and how fast these machines live.
    pub fn moment(&self) -> Moment {
        Moment {
            now: self.engine.clock.now(),
            text: self.engine.clock.text(),
            speed: self.engine.patience.cluster.speed,
        }
    }

    /// Everything a page is told, from what was seen last.
    pub fn show(&mut self) {
        let moment = self.moment();
        let expected = self.spec.wish == ClusterWish::Running
            && (self.work.is_some() || self.sights.iter().any(Sight::is_on));
        let mut board = std::mem::take(&mut self.board);
        let members = self.members();
        let quorum = quorum(&members);
        let views: Vec<_> = members
            .iter()
            .map(|member| {
                let failure = self.failures.get(&member.node.machine);
                let kube = self.kube.as_ref();
                board.member(member, &self.spec, kube, failure, expected, &moment)
            })
            .collect();
        drop(members);
        board.leaders(&views, &moment.text);
        // Where nothing is on nothing is checked, and nothing is wrong with that.
        let found = match self.is_any_on() || self.work.is_some() {
            true => self.found.clone(),
            false => Vec::new(),
        };
        self.checks = board.checks(found, &moment.text);
        let healthy = health::all_pass(&self.found) && !self.found.is_empty();
        match expected && self.work.is_none() {
            true => {
                let worst = self
                    .checks
                    .iter()
                    .find(|one| one.state == HealthState::Fail);
                board.healthy(healthy, worst, &moment.text);
            }
            false => board.at_rest(),
        }
        let mut stuck = match expected {
            true => of_cluster(&self.spec, &self.image, quorum, &self.checks, &moment),
            false => Vec::new(),
        };
        stuck.extend(views.iter().flat_map(|view| view.stuck.clone()));
        // Only where nothing else is known: whoever waits for one that is stuck is not slow.
        if let (Some(work), true) = (&self.work, stuck.is_empty()) {
            stuck.extend(slowest(&views, |stage| work.usual(stage), &moment));
        }
        stuck.sort_by_key(|one| std::cmp::Reverse(one.weight));
        self.board = board;
        self.tell_job(&stuck);
        let timeline = match &self.work {
            Some(work) => work.timeline(None),
            None => self.last_work.clone(),
        };
        let view = self.view(views, stuck, quorum, timeline, healthy);
        self.engine.clusters.set(self.spec.id.to_string(), view);
    }

    /// The job says what the page says: the worst cause.
    fn tell_job(&self, stuck: &[crete_model::Stuck]) {
        let Some(work) = &self.work else {
            return;
        };
        work.wait_for(stuck.first().map(|worst| {
            let node = worst.params.get("node").cloned().unwrap_or_default();
            params! { "node" => node, "cause" => crate::error::wire_name(worst.code) }
        }));
    }

    pub fn checked_at(&self) -> Option<String> {
        self.checked_at.clone()
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
