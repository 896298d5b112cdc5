//! How a cluster is shown, and the little that has to be remembered for it: since when things are as
//! they are, and what happened. Nothing is decided by it.

use super::course::{Member, stage};
use super::health::Found;
use super::kube::KubeSight;
use super::stuck::{Case, Failure, Fit, fits};
use crete_model::{
    ClusterEvent, ClusterEventCode, ClusterRemedy, ClusterSpec, EtcdPart, HealthCheck, HealthCode,
    HealthState, MachineId, MemberSpan, MemberStage, MemberView, NodeRole, Params, Quorum, Stuck,
    StuckCode, StuckWeight, params,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Events that are kept.
const EVENTS: usize = 50;
/// Stages of one machine that are kept.
const SPANS: usize = 24;
/// How long a machine's clock may stand back after the computer slept, in seconds of a real node.
///
/// Read: Talos asks for the time every 1024 seconds at the least (`internal/pkg/ntp`), and sets its
/// clock then.
const CLOCK_FOLLOWS: f64 = 1100.0;

/// The moment, and how much faster than real nodes these live.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    pub now: Timestamp,
    pub text: String,
    pub speed: f64,
}

impl Moment {
    /// Seconds of a real node since something.
    fn since(&self, from: Timestamp) -> f64 {
        self.now.duration_since(from).as_secs_f64() * self.speed
    }
}

/// What surrounds a machine that is shown.
pub(super) struct Around<'a> {
    pub spec: &'a ClusterSpec,
    pub kube: Option<&'a KubeSight>,
    pub found: &'a [Found],
    /// Whether machines are to be on.
    pub expected_on: bool,
    pub moment: &'a Moment,
}

/// What is remembered of a cluster.
#[derive(Debug, Default)]
pub(super) struct Board {
    spans: HashMap<MachineId, Vec<MemberSpan>>,
    /// When a cause was seen first, for as long as it is seen.
    seen: HashMap<(MachineId, StuckCode, String), Timestamp>,
    /// The same for causes of the whole cluster, as text.
    lasting: BTreeMap<StuckCode, String>,
    health: BTreeMap<HealthCode, (HealthState, String)>,
    events: VecDeque<ClusterEvent>,
    leader: Option<String>,
    holder: Option<String>,
    was_healthy: Option<bool>,
    /// When the computer woke up last.
    woke: Option<Timestamp>,
}

impl Board {
    /// The computer slept: causes and stages are counted from now on, and the time in between is
    /// nobody's.
    pub fn wake(&mut self, fell_asleep: Timestamp, moment: &Moment) {
        let Moment { now, text, .. } = moment;
        self.seen.clear();
        self.lasting.clear();
        for spans in self.spans.values_mut() {
            let Some(last) = spans.last_mut() else {
                continue;
            };
            last.ended_at = Some(format!("{fell_asleep:.3}"));
            let stage = last.stage;
            spans.push(MemberSpan {
                stage,
                started_at: text.clone(),
                ended_at: None,
            });
        }
        // A clock that was set back is no sleep.
        if let Ok(slept @ 1..) = u64::try_from(now.duration_since(fell_asleep).as_secs()) {
            self.woke = Some(*now);
            self.happened(text, ClusterEventCode::Woke, params! { "seconds" => slept });
        }
    }

    /// A machine's clock stands while the computer sleeps, and is set a while after: until then that
    /// it is wrong is nothing to be worried about.
    fn excused(&self, fit: Fit, machine: MachineId, moment: &Moment) -> Fit {
        let clocks = [
            StuckCode::ClockWrong,
            StuckCode::ClockOff,
            StuckCode::CertificateExpired,
            StuckCode::TimeNotSynchronized,
        ];
        let woke = self.woke.map(|woke| moment.since(woke));
        match woke.is_some_and(|seconds| seconds < CLOCK_FOLLOWS) && clocks.contains(&fit.code) {
            true => Fit {
                code: StuckCode::ClockFollows,
                weight: StuckWeight::Normal,
                remedies: vec![
                    ClusterRemedy::Wait,
                    ClusterRemedy::RestartMachine { machine },
                ],
                ..fit
            },
            false => fit,
        }
    }

    /// Notes that something happened.
    pub fn happened(&mut self, at: &str, code: ClusterEventCode, params: Params) {
        self.events.push_front(ClusterEvent {
            at: at.to_owned(),
            code,
            params,
        });
        self.events.truncate(EVENTS);
    }

    pub fn events(&self) -> Vec<ClusterEvent> {
        self.events.iter().cloned().collect()
    }

    /// The work begins: stages are counted from here.
    pub fn begin(&mut self) {
        self.spans.clear();
    }

    /// Notes where a machine stands; gives its stages since the work began.
    fn span(
        &mut self,
        machine: MachineId,
        stage: MemberStage,
        now: &str,
    ) -> (Vec<MemberSpan>, bool) {
        let spans = self.spans.entry(machine).or_default();
        let changed = spans.last().is_none_or(|last| last.stage != stage);
        if changed {
            if let Some(last) = spans.last_mut() {
                last.ended_at = Some(now.to_owned());
            }
            spans.push(MemberSpan {
                stage,
                started_at: now.to_owned(),
                ended_at: None,
            });
            let extra = spans.len().saturating_sub(SPANS);
            spans.drain(..extra);
        }
        (spans.clone(), changed && spans.len() > 1)
    }

    /// The checks with since when each stands so.
    pub fn checks(&mut self, found: Vec<Found>, now: &str) -> Vec<HealthCheck> {
        let mut checks = Vec::new();
        for one in found {
            let known = self.health.get(&one.code);
            let since = match known {
                Some((state, since)) if *state == one.state => since.clone(),
                _ => now.to_owned(),
            };
            self.health.insert(one.code, (one.state, since.clone()));
            checks.push(HealthCheck {
                code: one.code,
                state: one.state,
                params: one.params,
                words: one.words,
                since,
            });
        }
        checks
    }

    /// Notes whether all is as wanted, when that changed.
    pub fn healthy(&mut self, healthy: bool, worst: Option<&HealthCheck>, now: &str) {
        let before = self.was_healthy.replace(healthy);
        match (before, healthy, worst) {
            (Some(true), false, Some(worst)) => {
                let check = crate::error::wire_name(worst.code);
                self.happened(
                    now,
                    ClusterEventCode::Degraded,
                    params! { "check" => check },
                );
            }
            (Some(false), true, _) => {
                self.happened(now, ClusterEventCode::Recovered, Params::new())
            }
            _ => {}
        }
    }

    /// Nothing is expected of the cluster now.
    pub fn at_rest(&mut self) {
        self.was_healthy = None;
    }

    /// A machine as it is shown.
    pub fn member(
        &mut self,
        member: &Member<'_>,
        failure: Option<&Failure>,
        around: &Around<'_>,
    ) -> MemberView {
        let Around {
            spec, kube, moment, ..
        } = *around;
        let stage = stage(member, spec, kube);
        let machine = member.node.machine;
        let hostname = spec.machine_name(member.node);
        let (spans, changed) = self.span(machine, stage, &moment.text);
        if changed {
            let named = || params! { "node" => hostname };
            match stage {
                MemberStage::Ready => {
                    self.happened(&moment.text, ClusterEventCode::NodeReady, named())
                }
                MemberStage::Lost => {
                    self.happened(&moment.text, ClusterEventCode::NodeLost, named())
                }
                _ => {}
            }
        }
        let stuck = match around.expected_on && member.sight.machine.is_some() {
            true => self.causes(member, failure, around),
            false => Vec::new(),
        };
        let seen = member.sight.node.as_ref();
        let etcd = seen.and_then(|seen| seen.etcd.as_ref());
        let part = etcd.map(|etcd| EtcdPart {
            id: format!("{:x}", etcd.own),
            leader: etcd.leader == etcd.own && etcd.own != 0,
            learner: etcd
                .members
                .iter()
                .any(|one| one.id == etcd.own && one.learner),
        });
        let api = spec.api.as_ref().map(|api| api.inside.as_str());
        let holds = matches!(spec.endpoint, crete_model::EndpointKind::VirtualIp { .. })
            && seen.is_some_and(|seen| seen.addresses.iter().any(|one| Some(one.as_str()) == api));
        MemberView {
            name: member.node.name.clone(),
            kubelet: kube.and_then(|kube| Some(kube.node(&hostname)?.kubelet.clone())),
            hostname,
            role: member.node.role,
            machine,
            stage,
            spans,
            address: member
                .sight
                .machine
                .as_ref()
                .and_then(|one| one.address.clone()),
            talos: seen.map(|seen| seen.version.clone()),
            etcd: part,
            holds_endpoint: holds,
            stuck,
        }
    }

    /// Causes of the whole cluster, each since it was seen first.
    pub fn lasting(&mut self, mut causes: Vec<Stuck>) -> Vec<Stuck> {
        self.lasting
            .retain(|code, _| causes.iter().any(|cause| cause.code == *code));
        for cause in &mut causes {
            let first = self.lasting.entry(cause.code);
            cause.since.clone_from(first.or_insert(cause.since.clone()));
        }
        causes
    }

    /// Why a machine does not get on: the first rule that fits and has fitted for long enough.
    fn causes(
        &mut self,
        member: &Member<'_>,
        failure: Option<&Failure>,
        around: &Around<'_>,
    ) -> Vec<Stuck> {
        let machine = member.node.machine;
        let moment = around.moment;
        let fitting = fits(&Case {
            spec: around.spec,
            member,
            kube: around.kube,
            found: around.found,
            failure,
        });
        let keys: Vec<_> = fitting
            .iter()
            .map(|fit| (machine, fit.code, fit.key.clone()))
            .collect();
        self.seen
            .retain(|key, _| key.0 != machine || keys.contains(key));
        for key in keys {
            self.seen.entry(key).or_insert(moment.now);
        }
        let mut causes = Vec::new();
        for fit in fitting {
            let since = self.seen.get(&(machine, fit.code, fit.key.clone()));
            let since = since.copied().unwrap_or(moment.now);
            let seconds = moment.since(since);
            if seconds >= f64::from(fit.after) {
                let fit = self.excused(fit, machine, moment);
                causes.push(stuck(fit, machine, since, seconds));
                break;
            }
        }
        causes
    }

    /// Notes who leads etcd and who holds the endpoint, when that moved.
    pub fn leaders(&mut self, members: &[MemberView], now: &str) {
        let find = |wanted: fn(&MemberView) -> bool| {
            let found = members.iter().find(|one| wanted(one));
            found.map(|one| one.hostname.clone())
        };
        let leader = find(|one| one.etcd.as_ref().is_some_and(|etcd| etcd.leader));
        let holder = find(|one| one.holds_endpoint);
        for (new, code) in [
            (leader, ClusterEventCode::LeaderMoved),
            (holder, ClusterEventCode::EndpointMoved),
        ] {
            let known = match code {
                ClusterEventCode::LeaderMoved => &mut self.leader,
                _ => &mut self.holder,
            };
            let Some(new) = new else { continue };
            let before = known.replace(new.clone());
            if before.is_some_and(|before| before != new) {
                self.happened(now, code, params! { "node" => new });
            }
        }
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds since something that happened"
)]
fn stuck(fit: Fit, machine: MachineId, since: Timestamp, seconds: f64) -> Stuck {
    let mut params = fit.params;
    params.insert("seconds".to_owned(), (seconds.max(0.0) as u64).to_string());
    for key in ["done", "total", "size", "needed"] {
        if let Some(bytes) = params.get(key).and_then(|text| bytes_of(text)) {
            params.insert(key.to_owned(), bytes.to_string());
        }
    }
    Stuck {
        code: fit.code,
        weight: fit.weight,
        params,
        machine: Some(machine),
        since: format!("{since:.3}"),
        evidence: fit.evidence,
        remedies: fit.remedies,
    }
}

/// Bytes of a size as Talos prints it: `50 MiB`, `1.5 GB`; nothing for what is a number already.
fn bytes_of(text: &str) -> Option<u64> {
    let (number, unit) = text.trim().split_once(' ')?;
    let factor: f64 = match unit {
        "B" => 1.0,
        "kB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sizes of images are small and not negative"
    )]
    let bytes = (number.max(0.0) * factor) as u64;
    Some(bytes)
}

/// etcd's arithmetic, from what its members tell.
pub(super) fn quorum(members: &[Member<'_>]) -> Quorum {
    let control_planes = members
        .iter()
        .filter(|member| member.node.role == NodeRole::ControlPlane);
    let (mut voters, mut healthy) = (0, 0);
    for member in control_planes {
        let seen = member.sight.node.as_ref();
        healthy += u32::from(seen.is_some_and(|seen| seen.is_up("etcd")));
        let list = seen.and_then(|seen| seen.etcd.as_ref());
        let votes = list.map_or(0, |etcd| {
            etcd.members.iter().filter(|one| !one.learner).count()
        });
        voters = voters.max(u32::try_from(votes).unwrap_or_default());
    }
    let count = members
        .iter()
        .filter(|member| member.node.role == NodeRole::ControlPlane)
        .count();
    // While nobody tells, every control plane is one.
    let members = match voters {
        0 => u32::try_from(count).unwrap_or_default(),
        voters => voters,
    };
    Quorum::of(members, healthy.min(members))
}

#[cfg(test)]
mod tests;
