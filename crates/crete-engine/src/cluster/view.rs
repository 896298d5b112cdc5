//! A cluster as pages see it.

use super::driver::Driver;
use crete_model::{
    ClusterAction, ClusterActionView, ClusterPhase, ClusterSpec, ClusterView, ClusterWish,
    ClusterWork, MemberView, Quorum, Stuck, Timeline,
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
        (ClusterWish::Undone, _) => ClusterPhase::Undoing,
        // A job that has not ended refuses a start: what is shown must not invite one.
        (ClusterWish::Stopped, work) if on || work.is_some() => ClusterPhase::Stopping,
        (ClusterWish::Stopped, _) => ClusterPhase::Stopped,
        (ClusterWish::Running, Some(ClusterWork::Create)) => ClusterPhase::Creating,
        (ClusterWish::Running, Some(ClusterWork::Start | ClusterWork::Restart)) => {
            ClusterPhase::Starting
        }
        (ClusterWish::Running, _) if !on => ClusterPhase::Stopped,
        (ClusterWish::Running, _) if spec.leave_in_maintenance && waits => {
            ClusterPhase::Maintenance
        }
        (ClusterWish::Running, _) if healthy => ClusterPhase::Healthy,
        (ClusterWish::Running, _) if !answers => ClusterPhase::Unreachable,
        (ClusterWish::Running, _) => ClusterPhase::Degraded,
    }
}

impl Driver {
    /// Everything a page is told.
    pub(super) fn view(
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
            checked_at: self.checked_at(),
            timeline,
            quorum,
            certificates: self.certificates(),
            files: self.files(),
            sample: self.sample_view(),
            events: self.board.events(),
            actions: ACTIONS.into_iter().map(action).collect(),
            job: self.work.as_ref().map(|work| work.job.id()),
        }
    }
}
