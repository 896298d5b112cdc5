//! A cluster as pages see it.

use super::board::{Around, Moment, quorum};
use super::causes::{of_cluster, slowest};
use super::driver::Driver;
use super::health;
use super::sight::Sight;
use crete_model::{
    ClusterAction, ClusterActionView, ClusterPhase, ClusterSpec, ClusterView, ClusterWish,
    ClusterWork, HealthState, MemberView, Quorum, Stuck, Timeline, params,
};

const ACTIONS: [ClusterAction; 11] = [
    ClusterAction::Start,
    ClusterAction::Stop,
    ClusterAction::Restart,
    ClusterAction::Cancel,
    ClusterAction::Delete,
    ClusterAction::AddWorkers,
    ClusterAction::RemoveWorker,
    ClusterAction::Kubeconfig,
    ClusterAction::Configure,
    ClusterAction::TrySample,
    ClusterAction::EndSample,
];

/// What a cluster does. `on`: any machine is on; `answers`: any of them lets us in. Pure.
pub(super) fn phase(
    spec: &ClusterSpec,
    work: Option<ClusterWork>,
    (on, answers): (bool, bool),
    (healthy, waits): (bool, bool),
) -> ClusterPhase {
    match (spec.wish, work) {
        (ClusterWish::Undone | ClusterWish::Deleted, _) => ClusterPhase::Undoing,
        // A job that has not ended refuses a start: what is shown must not invite one.
        (ClusterWish::Stopped, work) if on || work.is_some() => ClusterPhase::Stopping,
        (ClusterWish::Stopped, _) => ClusterPhase::Stopped,
        (ClusterWish::Running, Some(ClusterWork::Create)) => ClusterPhase::Creating,
        (ClusterWish::Running, Some(ClusterWork::Start | ClusterWork::Restart)) => {
            ClusterPhase::Starting
        }
        (ClusterWish::Running, None) if spec.formed_at.is_none() => ClusterPhase::Unfinished,
        (ClusterWish::Running, _) if !on => ClusterPhase::Stopped,
        // Whether others do well with them is not Crete's to judge.
        (ClusterWish::Running, _) if spec.leave_in_maintenance => match waits {
            true => ClusterPhase::Maintenance,
            false => ClusterPhase::HandedOver,
        },
        (ClusterWish::Running, _) if healthy => ClusterPhase::Healthy,
        (ClusterWish::Running, _) if !answers => ClusterPhase::Unreachable,
        (ClusterWish::Running, _) => ClusterPhase::Degraded,
    }
}

impl Driver {
    /// The moment, and how fast these machines live.
    pub(super) fn moment(&self) -> Moment {
        Moment {
            now: self.engine.clock.now(),
            text: self.engine.clock.text(),
            speed: self.engine.patience.cluster.speed,
        }
    }

    /// Everything a page is told, from what was seen last.
    pub(super) fn show(&mut self) {
        let moment = self.moment();
        let expected = self.spec.wish == ClusterWish::Running
            && (self.work.is_some() || self.sights.iter().any(Sight::is_on));
        let mut board = std::mem::take(&mut self.board);
        let members = self.members();
        let quorum = quorum(&members);
        let around = Around {
            spec: &self.spec,
            kube: self.kube.as_ref(),
            found: &self.found,
            expected_on: expected,
            moment: &moment,
        };
        let views: Vec<_> = members
            .iter()
            .map(|member| {
                let failure = self.failures.get(&member.node.machine);
                board.member(member, failure, &around)
            })
            .collect();
        drop(members);
        board.leaders(&views, &moment.text);
        // Where nothing is on, and where others decide, nothing is checked, and nothing is wrong
        // with that.
        let checks = self.is_any_on() || self.work.is_some();
        let found = match checks && !self.spec.leave_in_maintenance {
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
        let mut stuck = board.lasting(match expected {
            true => of_cluster(&self.spec, &self.image, quorum, &self.checks, &moment),
            false => Vec::new(),
        });
        stuck.extend(views.iter().flat_map(|view| view.stuck.clone()));
        // Only where nothing else is known: whoever waits for one that is stuck is not slow.
        if let (Some(work), true) = (&self.work, stuck.is_empty()) {
            stuck.extend(slowest(
                &views,
                |stage| work.usual(stage, moment.speed),
                &moment,
            ));
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

    fn view(
        &self,
        members: Vec<MemberView>,
        stuck: Vec<Stuck>,
        quorum: Quorum,
        timeline: Timeline,
        healthy: bool,
    ) -> ClusterView {
        let phase = self.phase(healthy);
        let before = self.engine.clusters.get(&self.spec.id.to_string());
        let since = match before {
            Some(before) if before.phase == phase => before.since,
            _ => self.engine.clock.text(),
        };
        let action = |action| ClusterActionView {
            action,
            denied: self.why_not(action),
        };
        ClusterView {
            spec: self.spec.clone(),
            phase,
            since,
            members,
            stuck,
            health: self.checks.clone(),
            checked_at: self.checked_at.clone(),
            timeline,
            quorum,
            certificates: self.certificates(),
            files: self.files(),
            sample: self.sample_view(),
            events: self.board.events(),
            actions: ACTIONS.into_iter().map(action).collect(),
            job: self.work.as_ref().map(|work| work.job.id()),
            failed: self.failed,
        }
    }
}
