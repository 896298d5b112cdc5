//! What holds up a cluster as a whole, and which of its machines is slow. Pure; what holds up one
//! machine is found by the rules of `stuck`.

use super::board::Moment;
use super::ground::ImageSight;
use super::health::STRANGER;
use crete_model::{
    ClusterRemedy, ClusterSpec, HealthCheck, HealthCode, HealthState, MemberStage, MemberView,
    Params, Quorum, Stuck, StuckCode, StuckWeight, params,
};
use jiff::Timestamp;

/// What takes so many times longer than usual, and at least so many seconds, is slow.
const SLOWER: f64 = 3.0;
const SLOWER_BY: f64 = 60.0;

/// The machine that stands longest where it stands, when that is far longer than usual: so long that
/// a busy computer alone is no reason.
pub(super) fn slowest(
    views: &[MemberView],
    usual: impl Fn(MemberStage) -> Option<u32>,
    moment: &Moment,
) -> Option<Stuck> {
    let slow = |view: &MemberView| {
        let since: Timestamp = view.spans.last()?.started_at.parse().ok()?;
        let seconds = moment.now.duration_since(since).as_secs_f64();
        let usual = f64::from(usual(view.stage)?);
        let far = (usual * SLOWER).max(usual + SLOWER_BY / moment.speed);
        (seconds > far).then(|| slow_one(view, since, seconds, usual))
    };
    let found = views.iter().filter_map(slow);
    found.min_by(|a, b| a.since.cmp(&b.since))
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds since something that happened"
)]
fn slow_one(view: &MemberView, since: Timestamp, seconds: f64, usual: f64) -> Stuck {
    let machine = view.machine;
    Stuck {
        code: StuckCode::Slow,
        weight: StuckWeight::Warning,
        params: params! {
            "node" => view.hostname,
            "seconds" => seconds as u64,
            "usual" => usual as u64,
        },
        machine: Some(machine),
        since: format!("{since:.3}"),
        evidence: Vec::new(),
        remedies: vec![
            ClusterRemedy::Wait,
            ClusterRemedy::OpenConsole { machine },
            ClusterRemedy::RestartMachine { machine },
        ],
    }
}

/// Causes that are the whole cluster's.
pub(super) fn of_cluster(
    spec: &ClusterSpec,
    image: &ImageSight,
    quorum: Quorum,
    checks: &[HealthCheck],
    moment: &Moment,
) -> Vec<Stuck> {
    let mut causes = Vec::new();
    let mut add = |code, weight, params: Params, remedies: Vec<ClusterRemedy>| {
        causes.push(Stuck {
            code,
            weight,
            params,
            machine: None,
            since: moment.text.clone(),
            evidence: Vec::new(),
            remedies,
        });
    };
    let named = || params! { "image" => spec.talos };
    if spec.image.is_none() {
        match image {
            ImageSight::Ready(_) => {}
            ImageSight::OnItsWay(_) => add(
                StuckCode::ImageOnItsWay,
                StuckWeight::Normal,
                named(),
                vec![ClusterRemedy::Wait, ClusterRemedy::OpenImage],
            ),
            ImageSight::Missing(None) => add(
                StuckCode::ImageNotFetched,
                StuckWeight::Dead,
                named(),
                vec![ClusterRemedy::FetchImage, ClusterRemedy::OpenImage],
            ),
            ImageSight::Missing(Some(_)) => add(
                StuckCode::ImageMissing,
                StuckWeight::Dead,
                named(),
                vec![
                    ClusterRemedy::FetchImage,
                    ClusterRemedy::OpenImage,
                    ClusterRemedy::CancelCreation,
                ],
            ),
        }
    }
    let ours = spec.formed_at.is_some() && !spec.leave_in_maintenance;
    if quorum.members > 1 && quorum.healthy < quorum.needed && ours {
        add(
            StuckCode::EtcdNoQuorum,
            StuckWeight::Dead,
            params! {
                "healthy" => quorum.healthy,
                "members" => quorum.members,
                "needed" => quorum.needed,
            },
            vec![ClusterRemedy::StartControlPlanes],
        );
    }
    let strangers = strangers(checks);
    if !strangers.is_empty() {
        add(
            StuckCode::EtcdStranger,
            StuckWeight::Warning,
            params! { "nodes" => strangers.join(", ") },
            vec![ClusterRemedy::RemoveEtcdMember],
        );
    }
    let dns = checks
        .iter()
        .find(|check| check.code == HealthCode::CoreDns);
    if let Some(dns) = dns.filter(|check| check.state == HealthState::Fail) {
        let of = |key: &str| dns.params.get(key).cloned().unwrap_or_default();
        let figures = params! { "met" => of("met"), "of" => of("of") };
        add(
            StuckCode::DnsNotReady,
            StuckWeight::Warning,
            figures,
            vec![
                ClusterRemedy::LookAtKubernetes,
                ClusterRemedy::CheckInternet,
            ],
        );
    }
    causes
}

/// Members of etcd that are no control plane of the cluster: of one that went, or of a person's.
fn strangers(checks: &[HealthCheck]) -> Vec<&str> {
    let members = checks.iter();
    let mut members = members.filter(|check| check.code == HealthCode::EtcdMembers);
    let words = members.next().map(|check| check.words.iter());
    let strange = words.into_iter().flatten();
    let strange = strange.filter(|line| line.text == STRANGER);
    strange.map(|line| line.node.as_str()).collect()
}
