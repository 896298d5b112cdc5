//! The checks of a healthy cluster, in the order in which Talos' own client makes them. Pure: from
//! what is seen to how each stands, with its figures and the exact words.

use super::course::Member;
use super::kube::KubeSight;
use super::sight::{NodeSight, Stage};
use crete_kube::NodeState;
use crete_model::{
    ClusterSpec, CniKind, EvidenceLine, EvidenceSource, HealthCode, HealthState, NodeRole, Params,
    params,
};

/// Limits of Talos itself (`pkg/minimal/limits.go`), bytes: below them it warns.
const CONTROL_PLANE_MEMORY: u64 = 1698 << 20;
const WORKER_MEMORY: u64 = 874 << 20;
/// 6 GiB, less what a file system takes for itself.
const EPHEMERAL: u64 = 6 << 30;
/// The pods of a control plane.
const COMPONENTS: [&str; 3] = [
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
];

/// How one check stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub code: HealthCode,
    pub state: HealthState,
    pub params: Params,
    pub words: Vec<EvidenceLine>,
}

/// What the checks look at.
pub(super) struct Scene<'a> {
    pub spec: &'a ClusterSpec,
    pub members: &'a [Member<'a>],
    pub kube: Option<&'a KubeSight>,
    /// Practice machines are smaller than any Talos.
    pub practice: bool,
}

/// Counts those that are as wanted, and collects words about the others.
#[derive(Default)]
struct Count {
    met: usize,
    of: usize,
    nodes: Vec<String>,
    words: Vec<EvidenceLine>,
    more: Params,
    unknown: bool,
}

impl Count {
    fn add(&mut self, node: String, good: bool, source: EvidenceSource, words: impl Into<String>) {
        self.of += 1;
        if good {
            self.met += 1;
            return;
        }
        let text: String = words.into();
        if !text.is_empty() {
            self.words.push(EvidenceLine {
                source,
                node: node.clone(),
                text,
            });
        }
        if !self.nodes.contains(&node) {
            self.nodes.push(node);
        }
    }

    fn found(self, code: HealthCode) -> Found {
        let state = match () {
            () if self.unknown || self.of == 0 => HealthState::Unknown,
            () if self.met == self.of => HealthState::Pass,
            () => HealthState::Fail,
        };
        let mut params = self.more;
        params.extend(params! {
            "met" => self.met,
            "of" => self.of,
            "nodes" => self.nodes.join(", "),
        });
        Found {
            code,
            state,
            params,
            words: self.words,
        }
    }
}

/// What is said of an etcd member that is no control plane of the cluster.
pub(super) const STRANGER: &str = "a member that is no control plane";

const TALOS: EvidenceSource = EvidenceSource::Talos;
const KUBERNETES: EvidenceSource = EvidenceSource::Kubernetes;

impl Scene<'_> {
    /// All checks, in order.
    pub fn checks(&self) -> Vec<Found> {
        HealthCode::ALL
            .into_iter()
            .map(|code| self.check(code))
            .collect()
    }

    fn check(&self, code: HealthCode) -> Found {
        if self.is_skipped(code) {
            return Found {
                code,
                state: HealthState::Skipped,
                params: params! { "met" => 0, "of" => 0, "nodes" => "" },
                words: Vec::new(),
            };
        }
        let count = match code {
            HealthCode::Etcd => self.service("etcd", true),
            HealthCode::Kubelet => self.service("kubelet", false),
            HealthCode::EtcdAgrees => self.etcd_agrees(),
            HealthCode::EtcdMembers => self.etcd_members(),
            HealthCode::Apid => self.apid(),
            HealthCode::Memory => self.memory(),
            HealthCode::Disk => self.disk(),
            HealthCode::Diagnostics => self.diagnostics(),
            HealthCode::Booted => self.booted(),
            HealthCode::StaticPods => self.static_pods(),
            HealthCode::NodesKnown => self.nodes(|_| true, message),
            HealthCode::NodesReady => self.nodes(|node| node.ready == Some(true), message),
            HealthCode::Schedulable => {
                let cordoned = |_: &NodeState| "spec.unschedulable: true".to_owned();
                self.nodes(|node| node.schedulable, cordoned)
            }
            HealthCode::ControlPlane => self.components(),
            HealthCode::KubeProxy => self.pods("kube-proxy"),
            HealthCode::CoreDns => self.pods("kube-dns"),
        };
        count.found(code)
    }

    /// Without a pod network of Crete's choosing machines become Ready only when the person
    /// installs one: these checks are then the person's. Parts that a patch may have switched off
    /// are not missed.
    fn is_skipped(&self, code: HealthCode) -> bool {
        let by_person = [HealthCode::NodesReady, HealthCode::CoreDns].contains(&code);
        let absent = |app: &str, words: &[&str]| {
            let patched = self
                .patches()
                .any(|text| words.iter().any(|word| text.contains(word)));
            patched
                && self
                    .kube
                    .is_some_and(|kube| kube.pods_of(app).next().is_none())
        };
        (by_person && self.spec.cni == CniKind::None)
            || (code == HealthCode::KubeProxy
                && absent("kube-proxy", &["proxy", "KubeProxyConfig"]))
            || (code == HealthCode::CoreDns
                && absent("kube-dns", &["coreDNS", "KubeCoreDNSConfig"]))
    }

    fn patches(&self) -> impl Iterator<Item = &String> {
        let patches = &self.spec.patches;
        patches.cluster.iter().chain(&patches.control_plane)
    }

    fn name(&self, member: &Member<'_>) -> String {
        self.spec.machine_name(member.node)
    }

    fn wanted(&self) -> impl Iterator<Item = &Member<'_>> {
        self.members.iter().filter(|member| !member.node.leaving)
    }

    fn control_planes(&self) -> impl Iterator<Item = &Member<'_>> {
        self.wanted()
            .filter(|member| member.node.role == NodeRole::ControlPlane)
    }

    /// One line about every machine, by what it tells; silent ones are not as wanted.
    fn each(
        &self,
        only_control_planes: bool,
        judge: impl Fn(&Member<'_>, &NodeSight) -> (bool, String),
    ) -> Count {
        let mut count = Count::default();
        for member in self.wanted() {
            if only_control_planes && member.node.role != NodeRole::ControlPlane {
                continue;
            }
            let (good, words) = match &member.sight.node {
                Some(seen) => judge(member, seen),
                None => (false, String::new()),
            };
            count.add(self.name(member), good, TALOS, words);
        }
        count
    }

    fn service(&self, id: &str, only_control_planes: bool) -> Count {
        self.each(only_control_planes, |_, seen| match seen.service(id) {
            None => (false, format!("{id}: not started")),
            Some(one) => (
                one.state == "Running" && one.healthy == Some(true),
                format!("{id}({}): {}", one.state, one.said),
            ),
        })
    }

    fn etcd_agrees(&self) -> Count {
        let lists = self.control_planes().filter_map(|member| {
            let etcd = member.sight.node.as_ref()?.etcd.as_ref()?;
            Some(&etcd.members)
        });
        let first = lists.max_by_key(|list| list.len()).cloned();
        self.each(true, |_, seen| match (&seen.etcd, &first) {
            (Some(etcd), Some(first)) => {
                let names: Vec<&str> = etcd
                    .members
                    .iter()
                    .map(|one| one.hostname.as_str())
                    .collect();
                (etcd.members == *first, names.join(", "))
            }
            _ => (false, String::new()),
        })
    }

    fn etcd_members(&self) -> Count {
        let mut count = Count::default();
        let list = self
            .control_planes()
            .find_map(|member| Some(member.sight.node.as_ref()?.etcd.as_ref()?.members.clone()));
        let Some(list) = list else {
            count.unknown = true;
            return count;
        };
        for member in self.control_planes() {
            let name = self.name(member);
            let there = list.iter().any(|one| one.hostname == name && !one.learner);
            // One that does not answer has another cause.
            let words = member
                .sight
                .node
                .as_ref()
                .map_or("", |_| "no voting member");
            count.add(name, there, TALOS, words);
        }
        let known: Vec<String> = self.control_planes().map(|one| self.name(one)).collect();
        for stranger in list.iter().filter(|one| !known.contains(&one.hostname)) {
            count.add(stranger.hostname.clone(), false, TALOS, STRANGER);
        }
        count
    }

    fn apid(&self) -> Count {
        self.each(false, |_, seen| (!seen.version.is_empty(), String::new()))
    }

    fn memory(&self) -> Count {
        let mut count = self.each(false, |member, seen| {
            let least = match member.node.role {
                NodeRole::ControlPlane => CONTROL_PLANE_MEMORY,
                NodeRole::Worker => WORKER_MEMORY,
            };
            let Some(memory) = seen.memory else {
                return (false, String::new());
            };
            let enough = self.practice || memory >= least;
            (enough, format!("{memory} bytes of memory"))
        });
        let least = self.seen().filter_map(|seen| seen.memory).min();
        count.more = params! { "least" => least.unwrap_or_default() };
        count
    }

    fn disk(&self) -> Count {
        let mut count = self.each(false, |_, seen| {
            let Some(size) = seen.ephemeral else {
                return (false, String::new());
            };
            let enough = self.practice || size >= EPHEMERAL;
            (enough, format!("{size} bytes for data"))
        });
        let least = self.seen().filter_map(|seen| seen.ephemeral).min();
        count.more = params! { "least" => least.unwrap_or_default() };
        count
    }

    fn seen(&self) -> impl Iterator<Item = &NodeSight> {
        self.wanted()
            .filter_map(|member| member.sight.node.as_ref())
    }

    fn diagnostics(&self) -> Count {
        self.each(false, |_, seen| {
            (seen.diagnostics.is_empty(), seen.diagnostics.join("; "))
        })
    }

    fn booted(&self) -> Count {
        self.each(false, |_, seen| {
            let unmet = seen
                .unmet
                .iter()
                .map(|(name, reason)| format!("{name}: {reason}"));
            let words: Vec<String> = unmet.collect();
            (seen.stage == Stage::Running, words.join("; "))
        })
    }

    fn static_pods(&self) -> Count {
        self.each(true, |_, seen| {
            let ready = |component: &&str| {
                let mut pods = seen.static_pods.iter();
                pods.any(|(name, ready)| *ready && name.contains(*component))
            };
            let missing = COMPONENTS.iter().filter(|one| !ready(one));
            let missing: Vec<&str> = missing.copied().collect();
            let words = missing.iter().map(|name| format!("{name} is not ready"));
            (missing.is_empty(), words.collect::<Vec<_>>().join("; "))
        })
    }

    /// One line about every machine, by what Kubernetes tells of it, in its words for one that is
    /// not good.
    fn nodes(
        &self,
        good: impl Fn(&NodeState) -> bool,
        words: impl Fn(&NodeState) -> String,
    ) -> Count {
        let mut count = Count::default();
        let Some(kube) = self.kube else {
            count.unknown = true;
            return count;
        };
        for member in self.wanted() {
            let name = self.name(member);
            let node = kube.node(&name);
            let words = node.map(&words).unwrap_or_default();
            count.add(name, node.is_some_and(&good), KUBERNETES, words);
        }
        count
    }

    fn components(&self) -> Count {
        let mut count = Count::default();
        let Some(kube) = self.kube else {
            count.unknown = true;
            return count;
        };
        for member in self.control_planes() {
            let name = self.name(member);
            for component in COMPONENTS {
                let own = kube.pods_of(component).find(|pod| pod.node == name);
                let words = own.map_or_else(
                    || format!("{component}: no pod"),
                    |pod| format!("{component}: {} {}", pod.waiting, pod.message),
                );
                count.add(
                    name.clone(),
                    own.is_some_and(|pod| pod.ready),
                    KUBERNETES,
                    words,
                );
            }
        }
        count
    }

    fn pods(&self, app: &str) -> Count {
        let mut count = Count::default();
        let Some(kube) = self.kube else {
            count.unknown = true;
            return count;
        };
        for pod in kube.pods_of(app) {
            let words = format!("{}: {} {}", pod.name, pod.waiting, pod.message);
            count.add(pod.node.clone(), pod.ready, KUBERNETES, words.trim());
        }
        count
    }
}

/// Whether every check is as wanted.
pub(super) fn all_pass(checks: &[Found]) -> bool {
    let good = |one: &Found| matches!(one.state, HealthState::Pass | HealthState::Skipped);
    checks.iter().all(good)
}

/// What Kubernetes says of a node that is not ready.
fn message(node: &NodeState) -> String {
    node.message.clone()
}

#[cfg(test)]
mod tests;
