//! Why a machine does not get on: what is seen of it, held against the table of rules. Pure.

mod pattern;
mod rules;

pub(super) use rules::{DeedCause, DeedRule};

use super::ground::Power;
use super::kube::KubeSight;
use super::sight::{NodeSight, Sight};
use crete_model::{
    ClusterNode, ClusterRemedy, ClusterSpec, CniKind, EvidenceLine, EvidenceSource, MachineId,
    Params, StuckCode, StuckWeight, params,
};
use crete_talos::api::{Cause, Flaw, Presence};
use rules::{KubernetesRule, PowerRule, PresenceRule, RULES, RemedyRule, Rule, ServiceRule, When};

/// What Crete did last for a machine and why it did not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub deed: DeedRule,
    pub cause: DeedCause,
    pub params: Params,
    /// The exact words; they quote no secret.
    pub words: String,
}

/// A machine, with everything that rules look at.
pub(super) struct Case<'a> {
    pub spec: &'a ClusterSpec,
    pub node: &'a ClusterNode,
    pub sight: &'a Sight,
    pub kube: Option<&'a KubeSight>,
    pub failure: Option<&'a Failure>,
}

/// A rule that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fit {
    pub code: StuckCode,
    pub weight: StuckWeight,
    /// How long it must fit before it is said, seconds of a real node.
    pub after: u32,
    /// What must stay the same meanwhile.
    pub key: String,
    pub params: Params,
    pub evidence: Vec<EvidenceLine>,
    pub remedies: Vec<ClusterRemedy>,
}

/// Every rule that fits a machine, in the table's order. The first that fits for long enough is its
/// cause.
///
/// Of machines that were handed over only what is seen from outside is said: whose configuration they
/// have, and whether they answer anybody here, is for others to decide.
pub(super) fn fits(case: &Case<'_>) -> Vec<Fit> {
    let ours = !case.spec.is_handed_over();
    let rules = RULES.iter().filter(|rule| ours || rule.when.is_outside());
    rules.filter_map(|rule| case.fit(rule)).collect()
}

/// What a rule saw, collected while it is held against a machine.
struct Seen {
    params: Params,
    evidence: Vec<EvidenceLine>,
}

impl Case<'_> {
    fn name(&self) -> String {
        self.spec.machine_name(self.node)
    }

    fn fit(&self, rule: &Rule) -> Option<Fit> {
        let mut seen = Seen {
            params: params! { "node" => self.name() },
            evidence: Vec::new(),
        };
        let when = &rule.when;
        let outside = self.power(when, &mut seen) && self.presence(when, &mut seen);
        let inside = || self.told(when) && self.failed(when);
        if !(outside && inside()) {
            return None;
        }
        let all = self.console(when, &mut seen)
            && self.service(when.service.as_ref(), &mut seen)
            && self.etcd(when, &mut seen)
            && self.kubernetes(when, &mut seen)
            && self.words(when, &mut seen);
        if !all {
            return None;
        }
        if let (Some(failure), Some(_)) = (self.failure, when.deed) {
            seen.params.extend(failure.params.clone());
            self.note(&mut seen, EvidenceSource::Talos, &failure.words);
        }
        let key = match rule.same {
            true => seen.evidence.iter().map(|one| one.text.as_str()).collect(),
            false => String::new(),
        };
        let machine = self.node.machine;
        let remedies = rule.remedies.iter().map(|one| remedy(*one, machine));
        Some(Fit {
            code: rule.code,
            weight: rule.weight,
            after: rule.after,
            key,
            params: seen.params,
            evidence: seen.evidence,
            remedies: remedies.collect(),
        })
    }

    fn note(&self, seen: &mut Seen, source: EvidenceSource, text: &str) {
        if !text.trim().is_empty() {
            seen.evidence.push(EvidenceLine {
                source,
                node: self.name(),
                text: text.trim().to_owned(),
            });
        }
    }

    fn power(&self, when: &When, seen: &mut Seen) -> bool {
        let machine = self.sight.machine.as_ref();
        if let Some(cut) = when.cut
            && machine.is_none_or(|machine| machine.cut != cut)
        {
            return false;
        }
        let Some(wanted) = when.power else {
            return true;
        };
        match (wanted, machine.map(|machine| &machine.power)) {
            (
                PowerRule::Failed,
                Some(Power::Off {
                    failure: Some(words),
                    ..
                }),
            ) => {
                self.note(seen, EvidenceSource::Qemu, words);
                true
            }
            (
                PowerRule::Off,
                Some(Power::Off {
                    failure: None,
                    fresh: false,
                }),
            ) => true,
            (PowerRule::Paused, Some(Power::Paused { words })) => {
                let said = format!("query-status: {}", words.replace('_', "-"));
                self.note(seen, EvidenceSource::Qemu, &said);
                seen.params.insert("reason".to_owned(), words.clone());
                true
            }
            _ => false,
        }
    }

    fn presence(&self, when: &When, seen: &mut Seen) -> bool {
        if when.presence.is_empty() {
            return true;
        }
        if !self.sight.is_on() || self.sight.node.is_some() {
            return false;
        }
        let rule = match (&self.sight.presence, self.sight.refusal) {
            (
                Some(Presence::Ours {
                    flaw: Some(Flaw::ClockDiffers),
                }),
                _,
            )
            | (Some(Presence::Ours { .. }), Some(Cause::ClockDiffers | Cause::ClientExpired)) => {
                PresenceRule::ClockDiffers
            }
            (Some(Presence::AnotherCluster), _) => PresenceRule::AnotherCluster,
            (Some(Presence::Refused), _) => PresenceRule::Refused,
            (Some(Presence::Interrupted), _) => PresenceRule::Interrupted,
            (Some(Presence::Silent), _) => PresenceRule::Silent,
            _ => return false,
        };
        seen.params.insert("seconds".to_owned(), "0".to_owned());
        when.presence.contains(&rule)
    }

    /// What the node tells of itself, or does not.
    fn told(&self, when: &When) -> bool {
        let node = self.sight.node.as_ref();
        if when.unanswered == Some(true) {
            let maintenance = matches!(self.sight.presence, Some(Presence::Maintenance { .. }))
                && self.sight.maintenance.is_none();
            let ours = matches!(self.sight.presence, Some(Presence::Ours { flaw: None }))
                && node.is_none();
            if !(maintenance || ours) {
                return false;
            }
        }
        if let Some(synced) = when.synced
            && node.is_none_or(|node| node.synced != Some(synced))
        {
            return false;
        }
        let cni = when
            .cni_none
            .is_none_or(|none| none == (self.spec.cni == CniKind::None));
        cni && when
            .diagnosed
            .is_none_or(|wanted| node.is_some_and(|node| node.diagnostics.is_empty() != wanted))
    }

    fn failed(&self, when: &When) -> bool {
        match (when.deed, self.failure) {
            (None, _) => true,
            (Some(deed), Some(failure)) => {
                failure.deed == deed && when.cause.is_none_or(|cause| failure.cause == cause)
            }
            (Some(_), None) => false,
        }
    }

    fn console(&self, when: &When, seen: &mut Seen) -> bool {
        if when.console.is_empty() {
            return true;
        }
        let text = self.sight.console.as_str();
        let has = |part: &String| pattern::contains(text, part);
        let may_be = when.console.iter().any(|one| one.may_be_in(text));
        if !may_be || !when.console_has.iter().all(has) {
            return false;
        }
        let lines: Vec<&str> = text.lines().collect();
        let found = lines.iter().enumerate().rev().find_map(|(at, line)| {
            let mut patterns = when.console.iter();
            let taken = patterns.find_map(|one| one.find(line))?;
            Some((at, *line, taken))
        });
        let Some((at, line, taken)) = found else {
            return false;
        };
        let past = lines[at + 1..].iter().any(|line| {
            when.unless_after
                .iter()
                .any(|text| line.contains(text.as_str()))
        });
        if past {
            return false;
        }
        seen.params.extend(taken);
        self.note(seen, EvidenceSource::Console, line);
        true
    }

    fn service(&self, rule: Option<&ServiceRule>, seen: &mut Seen) -> bool {
        let Some(rule) = rule else {
            return true;
        };
        let Some(service) = self
            .sight
            .node
            .as_ref()
            .and_then(|node| node.service(&rule.id))
        else {
            return false;
        };
        let fits = (rule.state.is_empty() || rule.state.contains(&service.state))
            && rule
                .healthy
                .is_none_or(|healthy| service.healthy == Some(healthy))
            && rule
                .said
                .as_ref()
                .is_none_or(|text| service.said.contains(text.as_str()));
        if fits {
            let words = format!(
                "service[{}]({}): {}",
                service.id, service.state, service.said
            );
            self.note(seen, EvidenceSource::Talos, &words);
        }
        fits
    }

    fn etcd(&self, when: &When, seen: &mut Seen) -> bool {
        let etcd = self.sight.node.as_ref().and_then(|node| node.etcd.as_ref());
        if when.alarm == Some(true) {
            let Some(alarm) = etcd.and_then(|etcd| etcd.alarms.first()) else {
                return false;
            };
            self.note(seen, EvidenceSource::Talos, alarm);
        }
        when.learner.is_none_or(|learner| {
            etcd.is_some_and(|etcd| {
                let own = etcd.members.iter().find(|one| one.id == etcd.own);
                own.is_some_and(|own| own.learner == learner)
            })
        })
    }

    fn kubernetes(&self, when: &When, seen: &mut Seen) -> bool {
        let name = self.name();
        if let Some(rule) = when.kubernetes {
            let Some(kube) = self.kube else {
                return false;
            };
            let node = kube.node(&name);
            let fits = match rule {
                KubernetesRule::NodeMissing => node.is_none(),
                KubernetesRule::NotReady => node.is_some_and(|node| node.ready != Some(true)),
            };
            let said = node.map(|node| node.message.clone()).unwrap_or_default();
            let words = when.node_says.as_ref();
            if !fits || words.is_some_and(|words| !said.contains(words.as_str())) {
                return false;
            }
            seen.params.insert("text".to_owned(), said.clone());
            self.note(seen, EvidenceSource::Kubernetes, &said);
        }
        if let Some(app) = &when.pod_waits {
            let waits = self
                .kube
                .and_then(|kube| kube.pods_of(app).find(|pod| pod.node == name && !pod.ready));
            let Some(pod) = waits else {
                return false;
            };
            let words = format!("{}: {} {}", pod.name, pod.waiting, pod.message);
            self.note(seen, EvidenceSource::Kubernetes, &words);
        }
        when.static_pod_waits.as_ref().is_none_or(|name| {
            let node = self.sight.node.as_ref();
            let pod = node.and_then(|node| {
                node.static_pods
                    .iter()
                    .find(|(pod, _)| pod.contains(name.as_str()))
            });
            let waits = pod.is_some_and(|(_, ready)| !ready);
            if waits {
                self.note(seen, EvidenceSource::Talos, &format!("{name} is not ready"));
            }
            waits
        })
    }

    /// Words of the node itself for the rules that have no other.
    fn words(&self, when: &When, seen: &mut Seen) -> bool {
        let Some(node) = &self.sight.node else {
            return when.diagnosed.is_none() && when.unmet.is_none();
        };
        if when.diagnosed == Some(true) {
            let text = node.diagnostics.join("; ");
            seen.params.insert("text".to_owned(), text.clone());
            self.note(seen, EvidenceSource::Talos, &text);
        }
        when.unmet
            .is_none_or(|wanted| wanted == self.unmet(node, seen))
    }

    fn unmet(&self, node: &NodeSight, seen: &mut Seen) -> bool {
        let Some((name, reason)) = node.unmet.first() else {
            return false;
        };
        let words = format!("{name}: {reason}");
        seen.params.insert("condition".to_owned(), words.clone());
        seen.params.insert("seconds".to_owned(), "0".to_owned());
        self.note(seen, EvidenceSource::Talos, &words);
        true
    }
}

fn remedy(rule: RemedyRule, machine: MachineId) -> ClusterRemedy {
    match rule {
        RemedyRule::Wait => ClusterRemedy::Wait,
        RemedyRule::MendLink => ClusterRemedy::MendLink { machine },
        RemedyRule::StartMachine => ClusterRemedy::StartMachine { machine },
        RemedyRule::RestartMachine => ClusterRemedy::RestartMachine { machine },
        RemedyRule::OpenConsole => ClusterRemedy::OpenConsole { machine },
        RemedyRule::OpenNode => ClusterRemedy::OpenNode { machine },
        RemedyRule::CheckInternet => ClusterRemedy::CheckInternet,
        RemedyRule::UseMirror => ClusterRemedy::UseMirror,
        RemedyRule::CheckTimeServers => ClusterRemedy::CheckTimeServers,
        RemedyRule::CorrectPatch => ClusterRemedy::CorrectPatch,
        RemedyRule::LargerDisk => ClusterRemedy::LargerDisk,
        RemedyRule::MoreMemory => ClusterRemedy::MoreMemory,
        RemedyRule::InstallCni => ClusterRemedy::InstallCni,
        RemedyRule::OpenHostCheck => ClusterRemedy::OpenHostCheck,
        RemedyRule::LookAtKubernetes => ClusterRemedy::LookAtKubernetes,
        RemedyRule::FreeEtcd => ClusterRemedy::FreeEtcd,
        RemedyRule::StartControlPlanes => ClusterRemedy::StartControlPlanes,
        RemedyRule::ReplaceNode => ClusterRemedy::ReplaceNode { machine },
    }
}

#[cfg(test)]
mod tests;
