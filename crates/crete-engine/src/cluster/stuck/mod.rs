//! Why a machine does not get on: what is seen of it, held against the table of rules. Pure.

mod pattern;
mod rules;

pub(super) use rules::{DeedCause, DeedRule};

use super::course::Member;
use super::ground::Power;
use super::health::Found;
use super::kube::KubeSight;
use super::sight::{NodeSight, Sight};
use crete_model::{
    ClusterRemedy, ClusterSpec, CniKind, EvidenceLine, EvidenceSource, HealthCode, HealthState,
    MachineId, Params, StuckCode, StuckWeight, params,
};
use crete_talos::api::{Cause, Flaw, PORT, Presence};
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

impl Failure {
    /// Whether what is seen now makes the deed one of the past: the sentence about it goes.
    pub fn is_past(&self, sight: &Sight) -> bool {
        match self.deed {
            DeedRule::Apply => sight.maintenance.is_none(),
            DeedRule::Bootstrap => !sight
                .node
                .as_ref()
                .is_some_and(NodeSight::waits_for_bootstrap),
            DeedRule::Reset => sight.node.is_none(),
            DeedRule::Forget => false,
        }
    }
}

/// A machine, with everything that rules look at.
pub(super) struct Case<'a> {
    pub spec: &'a ClusterSpec,
    pub member: &'a Member<'a>,
    pub kube: Option<&'a KubeSight>,
    pub found: &'a [Found],
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

impl Seen {
    fn console_words(&self) -> String {
        let lines = self.evidence.iter();
        let console = lines.filter(|one| one.source == EvidenceSource::Console);
        console.map(|one| one.text.as_str()).collect()
    }
}

impl Case<'_> {
    fn name(&self) -> String {
        self.spec.machine_name(self.member.node)
    }

    fn fit(&self, rule: &Rule) -> Option<Fit> {
        let mut seen = Seen {
            params: params! { "node" => self.name() },
            evidence: Vec::new(),
        };
        let when = &rule.when;
        // A machine that is taken out has causes of its own.
        if when.leaving != self.member.node.leaving {
            return None;
        }
        let outside = self.power(when, &mut seen) && self.presence(when, &mut seen);
        if !(outside && self.told(when, &mut seen) && self.failed(when)) {
            return None;
        }
        let all = self.console(when, &mut seen)
            && self.service(when.service.as_ref(), &mut seen)
            && self.etcd(when, &mut seen)
            && self.kubernetes(when, &mut seen)
            && self.check(when, &mut seen)
            && self.words(when, &mut seen);
        if !all {
            return None;
        }
        if let (Some(failure), Some(_)) = (self.failure, when.deed) {
            seen.params.extend(failure.params.clone());
            self.note(&mut seen, EvidenceSource::Talos, &failure.words);
        }
        let key = match rule.same {
            true => seen.console_words(),
            false => String::new(),
        };
        let machine = self.member.node.machine;
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
        let machine = self.member.sight.machine.as_ref();
        if let Some(cut) = when.cut
            && machine.is_none_or(|machine| machine.cut != cut)
        {
            return false;
        }
        if let (Some(true), Some(machine)) = (when.cut, machine) {
            let said = format!("link of {}: down", machine.mac);
            self.note(seen, EvidenceSource::Network, &said);
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
            ) => {
                self.note(seen, EvidenceSource::Qemu, "no process");
                true
            }
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
        let sight = self.member.sight;
        if !sight.is_on() || sight.node.is_some() {
            return false;
        }
        let Some(rule) = presence_of(sight).filter(|rule| when.presence.contains(rule)) else {
            return false;
        };
        if let Some(known) = when.amount
            && known != self.clock_amount(seen)
        {
            return false;
        }
        let machine = sight.machine.as_ref();
        let address = machine.and_then(|machine| machine.address.clone());
        let address = address.unwrap_or_default();
        // Where the console says why, that nothing answers is no news.
        if when.console.is_empty() {
            let said = format!("{address}:{PORT}: {}", words_of(rule));
            self.note(seen, EvidenceSource::Network, &said);
        }
        seen.params.insert("address".to_owned(), address);
        true
    }

    /// By how much its clock is wrong, where its certificate tells.
    fn clock_amount(&self, seen: &mut Seen) -> bool {
        let Some(Presence::Ours {
            flaw: Some(Flaw::ClockDiffers { seconds }),
        }) = self.member.sight.presence
        else {
            return false;
        };
        seen.params.insert("amount".to_owned(), seconds.to_string());
        true
    }

    /// What the node tells of itself, or does not.
    fn told(&self, when: &When, seen: &mut Seen) -> bool {
        let sight = self.member.sight;
        let node = sight.node.as_ref();
        let is_refused = sight.refusal.as_ref().is_some_and(|one| one.is_answer());
        let lets_in = match sight.presence {
            Some(Presence::Maintenance { .. }) => sight.maintenance.is_none(),
            Some(Presence::Ours { flaw: None }) => node.is_none(),
            _ => false,
        };
        if when.unanswered.is_some_and(|_| !lets_in || is_refused)
            || when.refused.is_some_and(|_| !lets_in || !is_refused)
        {
            return false;
        }
        if (when.unanswered.is_some() || when.refused.is_some())
            && let Some(refusal) = &sight.refusal
        {
            seen.params.insert("text".to_owned(), refusal.words.clone());
            self.note(seen, EvidenceSource::Talos, &refusal.words);
        }
        if let Some(mute) = when.mute {
            let is_mute = sight.is_on() && node.is_none() && sight.maintenance.is_none();
            let talks = node.is_some();
            if !(if mute { is_mute } else { talks }) {
                return false;
            }
            let said = match node {
                Some(node) => format!("machine status: {:?}", node.stage).to_lowercase(),
                None => presence_of(sight).map_or("no answer", words_of).to_owned(),
            };
            let source = match mute {
                true => EvidenceSource::Network,
                false => EvidenceSource::Talos,
            };
            self.note(seen, source, &said);
        }
        if let Some(synced) = when.synced {
            let maintenance = sight.maintenance.as_ref();
            let told = node.map_or_else(|| maintenance?.synced, |node| node.synced);
            if told != Some(synced) {
                return false;
            }
            let said = format!("TimeStatuses/node: synced: {synced}");
            self.note(seen, EvidenceSource::Talos, &said);
        }
        if when
            .unsynced
            .is_some_and(|unsynced| unsynced != self.member.past.unsynced)
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
        let text = self.member.sight.console.as_str();
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
        let ends = |line: &&str| {
            let mut texts = when.unless_after.iter();
            texts.any(|text| line.contains(text.as_str()))
        };
        if lines[at + 1..].iter().any(&ends) {
            return false;
        }
        // How often it was said since it was over last.
        let since = lines[..=at].iter().rposition(ends);
        let again = lines[since.unwrap_or(0)..=at].iter().filter(|line| {
            let mut patterns = when.console.iter();
            patterns.any(|one| one.find(line).is_some())
        });
        seen.params
            .insert("attempts".to_owned(), again.count().to_string());
        // The disk is as large as it was made: the console does not say how large.
        let disk = u64::from(self.member.node.sizes.disk_gib) << 30;
        seen.params.insert("size".to_owned(), disk.to_string());
        seen.params.extend(taken);
        self.note(seen, EvidenceSource::Console, line);
        true
    }

    fn service(&self, rule: Option<&ServiceRule>, seen: &mut Seen) -> bool {
        let Some(rule) = rule else {
            return true;
        };
        let node = self.member.sight.node.as_ref();
        let Some(service) = node.and_then(|node| node.service(&rule.id)) else {
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
            seen.params.insert("text".to_owned(), service.said.clone());
            let words = format!(
                "service[{}]({}): {}",
                service.id, service.state, service.said
            );
            self.note(seen, EvidenceSource::Talos, &words);
        }
        fits
    }

    fn etcd(&self, when: &When, seen: &mut Seen) -> bool {
        let etcd = self
            .member
            .sight
            .node
            .as_ref()
            .and_then(|node| node.etcd.as_ref());
        if when.alarm == Some(true) {
            let Some(alarm) = etcd.and_then(|etcd| etcd.alarms.first()) else {
                return false;
            };
            self.note(seen, EvidenceSource::Talos, alarm);
        }
        when.learner.is_none_or(|learner| {
            let own = etcd.and_then(|etcd| etcd.members.iter().find(|one| one.id == etcd.own));
            let fits = own.filter(|own| own.learner == learner);
            if let Some(own) = fits {
                let said = format!("etcd member {:x}: learner: {learner}", own.id);
                self.note(seen, EvidenceSource::Talos, &said);
            }
            fits.is_some()
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
            let said = node.map_or_else(
                || format!("nodes \"{name}\" not found"),
                |node| node.message.clone(),
            );
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
            let words = words.trim().to_owned();
            self.note(seen, EvidenceSource::Kubernetes, &words);
            seen.params.insert("text".to_owned(), words);
        }
        when.static_pod_waits.as_ref().is_none_or(|name| {
            let node = self.member.sight.node.as_ref();
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

    /// A check that names this machine, in words that are about it.
    fn check(&self, when: &When, seen: &mut Seen) -> bool {
        let Some(code) = when.check else {
            return true;
        };
        let name = self.name();
        let failed = self.found.iter();
        let mut failed = failed.filter(|one| one.code == code && one.state == HealthState::Fail);
        let line = failed.find_map(|one| one.words.iter().find(|line| line.node == name));
        let Some(line) = line else {
            return false;
        };
        self.note(seen, line.source, &line.text);
        seen.params.insert("text".to_owned(), line.text.clone());
        let node = self.member.sight.node.as_ref();
        let size = node.and_then(|node| match code {
            HealthCode::Memory => node.memory,
            HealthCode::Disk => node.ephemeral,
            _ => None,
        });
        if let Some(size) = size {
            seen.params.insert("size".to_owned(), size.to_string());
        }
        true
    }

    /// Words of the node itself for the rules that have no other.
    fn words(&self, when: &When, seen: &mut Seen) -> bool {
        let Some(node) = &self.member.sight.node else {
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
        self.note(seen, EvidenceSource::Talos, &words);
        true
    }
}

/// What is at the address of a machine that does not let us in.
fn presence_of(sight: &Sight) -> Option<PresenceRule> {
    let refusal = sight.refusal.as_ref().map(|refusal| refusal.cause);
    let clock = matches!(refusal, Some(Cause::ClockDiffers | Cause::ClientExpired));
    Some(match sight.presence.as_ref()? {
        Presence::Ours {
            flaw: Some(Flaw::ClockDiffers { .. }),
        } => PresenceRule::ClockDiffers,
        Presence::Ours { .. } if clock => PresenceRule::ClockDiffers,
        Presence::Ours {
            flaw: Some(Flaw::AddressNotCovered),
        } => PresenceRule::AddressNotCovered,
        Presence::AnotherCluster => PresenceRule::AnotherCluster,
        Presence::NotTalos => PresenceRule::NotTalos,
        Presence::Refused => PresenceRule::Refused,
        Presence::Interrupted => PresenceRule::Interrupted,
        Presence::Silent => PresenceRule::Silent,
        Presence::Ours { flaw: None } | Presence::Maintenance { .. } => return None,
    })
}

/// What the network saw there.
fn words_of(presence: PresenceRule) -> &'static str {
    match presence {
        PresenceRule::Refused => "connection refused",
        PresenceRule::Interrupted => "connection ended before TLS",
        PresenceRule::Silent => "nothing comes back",
        PresenceRule::AnotherCluster => "certificate of another authority",
        PresenceRule::NotTalos => "an answer that is not Talos'",
        PresenceRule::AddressNotCovered => "certificate that does not name the address",
        PresenceRule::ClockDiffers => "certificate that is not valid now",
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
        RemedyRule::TakeOut => ClusterRemedy::TakeOut { machine },
        RemedyRule::Uncordon => ClusterRemedy::Uncordon,
    }
}

#[cfg(test)]
mod tests;
