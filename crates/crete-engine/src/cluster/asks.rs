//! What others ask of a cluster, and how it is decided.

use super::denied;
use super::driver::{Driver, Outcome};
use super::ground::Power;
use super::requests::Ask;
use super::view::phase;
use crate::error::{EngineError, Result};
use crete_failpoint::step;
use crete_model::{
    ClusterAction, ClusterDenied, ClusterEventCode, ClusterNode, ClusterPhase, ClusterWish,
    ClusterWork, FieldCode, FieldProblem, JobId, LessWorkers, MachineId, MoreWorkers, NodeRole,
    Params, TrashKind, params,
};
use uuid::Uuid;

impl Driver {
    /// Does what is asked. Who asked may have gone; then nobody needs the answer.
    pub(super) async fn take_in(&mut self, ask: Ask) -> Outcome {
        match ask {
            Ask::Look => {}
            Ask::Start { answer } => {
                let _ = answer.send(self.start());
            }
            Ask::Stop { answer } => {
                let _ = answer.send(self.stop(false));
            }
            Ask::Restart { answer } => {
                let _ = answer.send(self.stop(true));
            }
            Ask::Cancel { answer } => {
                let _ = answer.send(self.cancel());
            }
            Ask::AddWorkers { wish, answer } => {
                let _ = answer.send(self.add_workers(&wish));
            }
            Ask::RemoveWorker { wish, answer } => {
                let _ = answer.send(self.remove_worker(wish));
            }
            Ask::Reach { answer } => {
                let _ = answer.send(Ok(self.reach()));
            }
            Ask::Configure { patches, answer } => {
                let _ = answer.send(self.configure(patches));
            }
            Ask::Sample { wanted, answer } => {
                let _ = answer.send(match wanted {
                    true => self.try_sample(),
                    false => self.end_sample(),
                });
            }
            Ask::Delete { answer } => {
                let deleted = self.delete().await;
                let gone = deleted.is_ok();
                let _ = answer.send(deleted);
                if gone {
                    return Outcome::Gone;
                }
            }
        }
        self.show();
        Outcome::GoOn
    }

    /// The job of the work that goes on.
    pub(super) fn job(&self) -> Option<JobId> {
        self.work.as_ref().map(|work| work.job.id())
    }

    /// Why an action cannot be done now.
    pub(super) fn why_not(&self, action: ClusterAction) -> Option<ClusterDenied> {
        let formed = self.spec.formed_at.is_some();
        let on = self.is_any_on();
        let deleting = self.spec.wish == ClusterWish::Deleted;
        let working = self.work.is_some() || deleting;
        let ours = !self.spec.leave_in_maintenance;
        let running = self.spec.wish == ClusterWish::Running;
        // The last one that leaves may still be taken out without its goodbye.
        let mut nodes = self.spec.nodes.iter();
        let no_workers = !nodes.any(|node| node.role == NodeRole::Worker);
        let first = |rules: &[(bool, ClusterDenied)]| {
            let found = rules.iter().find(|(denies, _)| *denies);
            found.map(|(_, why)| *why)
        };
        match action {
            ClusterAction::Start => first(&[
                (working, ClusterDenied::Busy),
                (
                    running && formed && self.are_all_on(),
                    ClusterDenied::Running,
                ),
            ]),
            ClusterAction::Stop | ClusterAction::Restart => first(&[
                (working && !formed, ClusterDenied::NotFormed),
                (!on && !running, ClusterDenied::Stopped),
                (working, ClusterDenied::Busy),
            ]),
            // What goes to the trash is not taken away for good.
            ClusterAction::Cancel => first(&[
                (formed, ClusterDenied::Formed),
                (deleting, ClusterDenied::Busy),
            ]),
            ClusterAction::Delete => first(&[
                (working, ClusterDenied::Busy),
                (on, ClusterDenied::StillRunning),
            ]),
            ClusterAction::AddWorkers => first(&[
                (!ours, ClusterDenied::NotOurs),
                (!formed, ClusterDenied::NotFormed),
                (!running || !on, ClusterDenied::NotRunning),
                (working, ClusterDenied::Busy),
            ]),
            ClusterAction::RemoveWorker => first(&[
                (!ours, ClusterDenied::NotOurs),
                (!formed, ClusterDenied::NotFormed),
                (no_workers, ClusterDenied::NoWorkers),
                (!running || !on, ClusterDenied::NotRunning),
                (working && !self.removes_now(), ClusterDenied::Busy),
            ]),
            ClusterAction::Configure => first(&[
                (!ours, ClusterDenied::NotOurs),
                (!formed, ClusterDenied::NotFormed),
                (!running || !on, ClusterDenied::NotRunning),
                (working && !self.rolls_now(), ClusterDenied::Busy),
            ]),
            ClusterAction::TrySample => first(&[
                (self.engine.is_practice(), ClusterDenied::Practice),
                (!ours, ClusterDenied::NotOurs),
                (!formed, ClusterDenied::NotFormed),
                (!running || !on, ClusterDenied::NotRunning),
                (
                    !working && self.is_sample_open(),
                    ClusterDenied::NothingToDo,
                ),
                (working, ClusterDenied::Busy),
            ]),
            ClusterAction::EndSample => first(&[
                (self.spec.sample.is_none(), ClusterDenied::NothingToDo),
                (!running || !on, ClusterDenied::NotRunning),
                (working && !self.tries_now(), ClusterDenied::Busy),
            ]),
            ClusterAction::Kubeconfig => first(&[
                (!ours, ClusterDenied::NotOurs),
                (self.spec.api.is_none(), ClusterDenied::NotFormed),
            ]),
        }
    }

    fn may(&self, action: ClusterAction) -> Result<()> {
        match self.why_not(action) {
            Some(why) => Err(denied(why)),
            None => Ok(()),
        }
    }

    fn power(&self, node: &ClusterNode) -> Option<Power> {
        self.ground.look(node.machine).map(|machine| machine.power)
    }

    pub(super) fn is_any_on(&self) -> bool {
        let off = |node: &ClusterNode| matches!(self.power(node), None | Some(Power::Off { .. }));
        !self.spec.nodes.iter().all(off)
    }

    fn are_all_on(&self) -> bool {
        let on = |node: &ClusterNode| matches!(self.power(node), Some(Power::On));
        self.spec.nodes.iter().all(on)
    }

    fn start(&mut self) -> Result<Option<JobId>> {
        if self.spec.wish == ClusterWish::Running && self.work.is_some() {
            // What it waits for is ordered again: an image may be paused or gone.
            self.unsettle();
            return Ok(self.job());
        }
        match self.why_not(ClusterAction::Start) {
            Some(ClusterDenied::Running) => return Ok(None),
            Some(why) => return Err(denied(why)),
            None => {}
        }
        self.be_running()?;
        Ok(self.job())
    }

    fn be_running(&mut self) -> Result<()> {
        let kind = match self.spec.formed_at {
            Some(_) => ClusterWork::Start,
            None => ClusterWork::Create,
        };
        self.change(|spec| {
            spec.wish = ClusterWish::Running;
            spec.begun = Some(kind);
        })?;
        for past in self.past.values_mut() {
            past.started = false;
        }
        self.unsettle();
        let now = self.engine.clock.text();
        self.board
            .happened(&now, ClusterEventCode::Started, Params::new());
        self.begin(kind);
        Ok(())
    }

    /// It is off: the other half of a restart.
    pub(super) fn go_on_after_stop(&mut self) {
        if let Err(error) = self.be_running() {
            tracing::warn!(%error, cluster = self.spec.name, "it cannot be started again");
        }
    }

    fn stop(&mut self, restarts: bool) -> Result<Option<JobId>> {
        if self.spec.wish == ClusterWish::Stopped && self.work.is_some() {
            return Ok(self.job());
        }
        let action = match restarts {
            true => ClusterAction::Restart,
            false => ClusterAction::Stop,
        };
        match self.why_not(action) {
            Some(ClusterDenied::Stopped) if !restarts => return Ok(None),
            Some(why) => return Err(denied(why)),
            None => {}
        }
        self.change(|spec| {
            spec.wish = ClusterWish::Stopped;
            spec.begun = restarts.then_some(ClusterWork::Restart);
        })?;
        self.begin(ClusterWork::Stop);
        Ok(self.job())
    }

    fn cancel(&mut self) -> Result<()> {
        self.may(ClusterAction::Cancel)?;
        self.give_up();
        Ok(())
    }

    /// The creation was cancelled: from now on everything that was made goes away.
    pub(super) fn give_up(&mut self) {
        if self.tries_now() {
            return self.give_up_sample();
        }
        if self.removes_now() {
            return self.keep_workers();
        }
        self.stop_rolling(super::cancelled());
        if self.spec.formed_at.is_some() {
            // What is healthy is not undone; only the job ends.
            return self.fail(super::cancelled());
        }
        if let Err(error) = self.change(|spec| spec.wish = ClusterWish::Undone) {
            tracing::warn!(%error, cluster = self.spec.name, "its record cannot be written");
        }
        if let Some(work) = &self.work {
            work.job
                .log("cancelled: machines, disks, network and secrets go away; the image stays");
        }
    }

    fn removes_now(&self) -> bool {
        let work = self.work.as_ref();
        work.is_some_and(|work| work.kind == ClusterWork::RemoveWorker)
    }

    /// Workers that were not told to reset themselves stay; what was told so goes all the same,
    /// because nothing would be left of it.
    fn keep_workers(&mut self) {
        let goes = |machine: MachineId| {
            let past = self.past.get(&machine);
            let off = matches!(
                self.ground.look(machine).map(|one| one.power),
                None | Some(Power::Off { .. })
            );
            off || past.is_some_and(|past| past.resets)
        };
        let mut nodes = self.spec.nodes.clone();
        for node in nodes.iter_mut().filter(|node| !goes(node.machine)) {
            node.leaving = false;
            node.dead = false;
        }
        if let Err(error) = self.change(|spec| spec.nodes = nodes) {
            tracing::warn!(%error, cluster = self.spec.name, "its record cannot be written");
        }
        self.fail(super::cancelled());
    }

    /// Takes away what is left once the machines are gone. True when nothing is left.
    pub(super) async fn undone(&mut self) -> bool {
        let there = |node: &ClusterNode| self.ground.look(node.machine).is_some();
        if self.spec.nodes.iter().any(there) {
            return false;
        }
        if let Err(error) = step!("cluster.leave", self.ground.leave(&self.spec).await) {
            tracing::warn!(%error, cluster = self.spec.name, "its network stays for now");
            return false;
        }
        let folder = self.engine.roots.cluster(self.spec.id);
        let removing = tokio::task::spawn_blocking(move || {
            // The record last: as long as it is there the rest is taken away at the next start.
            for name in ["secrets.yaml", "kubeconfig", "talosconfig"] {
                let _ = std::fs::remove_file(folder.join(name));
            }
            step!("cluster.remove", std::fs::remove_dir_all(&folder))
        });
        if let Ok(Err(error)) = removing.await {
            tracing::warn!(%error, cluster = self.spec.name, "its folder stays for now");
            return false;
        }
        self.fail(super::cancelled());
        self.engine.forget_cluster(self.spec.id);
        true
    }

    fn add_workers(&mut self, wish: &MoreWorkers) -> Result<Option<JobId>> {
        self.may(ClusterAction::AddWorkers)?;
        let fields = self.check_workers(wish);
        if !fields.is_empty() {
            return Err(EngineError::Invalid(fields));
        }
        let taken: Vec<u32> = self
            .spec
            .nodes
            .iter()
            .filter_map(|node| node.name.strip_prefix("w-")?.parse().ok())
            .collect();
        let highest = taken.into_iter().max().unwrap_or(0);
        let new = (1..=wish.count).map(|number| ClusterNode {
            name: format!("w-{}", highest + number),
            role: NodeRole::Worker,
            machine: MachineId(Uuid::now_v7()),
            sizes: wish.sizes,
            leaving: false,
            dead: false,
        });
        let new: Vec<ClusterNode> = new.collect();
        self.engine.check_budget(super::plan::total(&new))?;
        let names: Vec<String> = new
            .iter()
            .map(|node| self.spec.machine_name(node))
            .collect();
        self.change(|spec| {
            spec.nodes.extend(new);
            spec.begun = Some(ClusterWork::AddWorkers);
        })?;
        let now = self.engine.clock.text();
        for name in names {
            let named = params! { "node" => name };
            self.board
                .happened(&now, ClusterEventCode::WorkerCame, named);
        }
        self.unsettle();
        self.begin(ClusterWork::AddWorkers);
        Ok(self.job())
    }

    fn check_workers(&self, wish: &MoreWorkers) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut problem = |field: &str, code, params| {
            problems.push(FieldProblem {
                field: field.to_owned(),
                code,
                params,
            });
        };
        let most = super::draft::MOST_NODES;
        let room = most.saturating_sub(u32::try_from(self.spec.nodes.len()).unwrap_or(most));
        if wish.count == 0 {
            problem("count", FieldCode::TooSmall, params! { "min" => 1 });
        } else if wish.count > room {
            problem("count", FieldCode::TooManyNodes, params! { "max" => most });
        }
        let (max_vcpus, max_memory) = self.engine.limits();
        let least = self.engine.least_memory(NodeRole::Worker);
        let ranges = [
            ("sizes.vcpus", wish.sizes.vcpus, 1, max_vcpus),
            ("sizes.memory_mib", wish.sizes.memory_mib, least, max_memory),
            (
                "sizes.disk_gib",
                wish.sizes.disk_gib,
                super::draft::MIN_DISK_GIB,
                64 * 1024,
            ),
        ];
        for (field, value, min, max) in ranges {
            if value < min {
                problem(field, FieldCode::TooSmall, params! { "min" => min });
            } else if value > max {
                problem(field, FieldCode::TooLarge, params! { "max" => max });
            }
        }
        problems
    }

    fn remove_worker(&mut self, wish: LessWorkers) -> Result<Option<JobId>> {
        self.may(ClusterAction::RemoveWorker)?;
        let missing = || EngineError::NotFound {
            kind: "machine",
            id: wish.machine.to_string(),
        };
        let node = self.spec.node(wish.machine).ok_or_else(missing)?;
        if node.role != NodeRole::Worker {
            return Err(missing());
        }
        self.change(|spec| {
            for node in spec
                .nodes
                .iter_mut()
                .filter(|node| node.machine == wish.machine)
            {
                node.leaving = true;
                node.dead |= wish.dead;
            }
        })?;
        if !self.removes_now() {
            self.begin(ClusterWork::RemoveWorker);
        }
        Ok(self.job())
    }

    /// Lets Kubernetes forget a node, if there is one; otherwise says why it does not.
    pub(super) async fn forget_node(
        &mut self,
        node: &ClusterNode,
    ) -> std::result::Result<(), String> {
        let Some(bundle) = self.bundle.clone() else {
            return Ok(());
        };
        let name = self.spec.machine_name(node);
        let control_planes: Vec<MachineId> = self
            .spec
            .of_role(NodeRole::ControlPlane)
            .map(|one| one.machine)
            .collect();
        let when = (self.engine.clock.now(), self.engine.patience.cluster.call);
        let ground = self.ground.clone();
        let spec = self.spec.clone();
        let given = (&spec, bundle.as_ref());
        let forgetting =
            self.clients
                .delete_node(&name, &control_planes, given, ground.as_ref(), when);
        forgetting.await
    }

    /// Deletes it. The wish is written first: whoever comes after a crash brings it to its end.
    async fn delete(&mut self) -> Result<String> {
        self.may(ClusterAction::Delete)?;
        self.change(|spec| spec.wish = ClusterWish::Deleted)?;
        self.deleted().await
    }

    /// Goes to the trash as a whole, or stays as a whole. Gives its place there.
    pub(super) async fn deleted(&mut self) -> Result<String> {
        let moved = self.move_to_trash().await;
        if let Err(error) = &moved {
            tracing::warn!(%error, cluster = self.spec.name, "it cannot be deleted");
            let back = self.engine.bring_back_members(&self.spec).await;
            let stays = back.and_then(|()| self.change(|spec| spec.wish = ClusterWish::Stopped));
            if let Err(error) = stays {
                tracing::warn!(%error, cluster = self.spec.name, "it is deleted again later");
            }
        }
        moved
    }

    /// Moves the machines, then the network of its own, then the record.
    async fn move_to_trash(&mut self) -> Result<String> {
        for node in self.spec.nodes.clone() {
            step!("cluster.discard", self.ground.discard(node.machine).await)?;
        }
        self.close_sample().await?;
        step!(
            "cluster.discard_network",
            self.ground.discard_network(&self.spec).await
        )?;
        let (engine, spec) = (self.engine.clone(), self.spec.clone());
        let moving = tokio::task::spawn_blocking(move || {
            let folder = engine.roots.cluster(spec.id);
            engine.discard_object(
                TrashKind::Clusters,
                &spec.id.to_string(),
                &spec.name,
                &folder,
            )
        });
        let trash_id = moving.await.map_err(crate::error::internal)??;
        self.engine.forget_cluster(self.spec.id);
        Ok(trash_id)
    }

    /// What a cluster does, as it is shown.
    pub(super) fn phase(&self, healthy: bool) -> ClusterPhase {
        let answers = self.sights.iter().any(|sight| sight.node.is_some());
        let waits =
            !self.sights.is_empty() && self.sights.iter().all(|sight| sight.maintenance.is_some());
        let work = self.work.as_ref().map(|work| work.kind);
        phase(
            &self.spec,
            work,
            (self.is_any_on(), answers),
            (healthy, waits),
        )
    }
}
