//! A cluster as pages see it.

use super::access::{KUBECONFIG, TALOSCONFIG};
use super::driver::Driver;
use crete_model::{
    CertificateOf, CertificateView, ClusterAction, ClusterActionView, ClusterFiles, ClusterPhase,
    ClusterSpec, ClusterView, ClusterWish, ClusterWork, MemberView, Quorum, Stuck, Timeline,
};
use crete_talos::pki::{Bundle, CaParts, Certificate};

const ACTIONS: [ClusterAction; 8] = [
    ClusterAction::Start,
    ClusterAction::Stop,
    ClusterAction::Restart,
    ClusterAction::Cancel,
    ClusterAction::Delete,
    ClusterAction::AddWorkers,
    ClusterAction::RemoveWorker,
    ClusterAction::Kubeconfig,
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

/// When the authorities of a cluster end.
fn certificates(bundle: &Bundle) -> Vec<CertificateView> {
    let parts = bundle.parts();
    let authorities: [(CertificateOf, &Option<CaParts>); 4] = [
        (CertificateOf::TalosAuthority, &parts.os),
        (CertificateOf::KubernetesAuthority, &parts.k8s),
        (CertificateOf::EtcdAuthority, &parts.etcd),
        (CertificateOf::AggregatorAuthority, &parts.k8s_aggregator),
    ];
    let view = |(of, parts): (CertificateOf, &Option<CaParts>)| {
        let certificate = Certificate::parse("an authority", &parts.as_ref()?.crt).ok()?;
        Some(CertificateView {
            of,
            not_after: format!("{:.3}", certificate.lifetime().not_after),
        })
    };
    authorities.into_iter().filter_map(view).collect()
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
            certificates: self.bundle.as_deref().map(certificates).unwrap_or_default(),
            files: self.files(),
            events: self.board.events(),
            actions: ACTIONS.into_iter().map(action).collect(),
            job: self.work.as_ref().map(|work| work.job.id()),
        }
    }

    fn files(&self) -> ClusterFiles {
        let folder = self.engine.roots.cluster(self.spec.id);
        let there = |name: &str| {
            let path = folder.join(name);
            path.exists().then(|| path.display().to_string())
        };
        ClusterFiles {
            kubeconfig: there(KUBECONFIG),
            talosconfig: there(TALOSCONFIG),
        }
    }
}
