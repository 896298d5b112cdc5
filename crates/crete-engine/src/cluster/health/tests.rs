//! What the checks say of machines that are not as wanted, and of those that say nothing.

use super::*;
use crate::cluster::course::Past;
use crate::cluster::sight::{EtcdMember, EtcdSight, Service, Sight};
use crate::cluster::tests::spec;
use crete_kube::NodeState;

const CONTROL_PLANE: &str = "knossos-cp-1";
const WORKER: &str = "knossos-w-1";

/// A control plane and a worker, with what they and Kubernetes tell.
struct Lab {
    spec: ClusterSpec,
    sights: Vec<Sight>,
    kube: KubeSight,
    practice: bool,
}

fn member(id: u64, hostname: &str) -> EtcdMember {
    EtcdMember {
        id,
        hostname: hostname.to_owned(),
        learner: false,
    }
}

fn told(etcd: Option<EtcdSight>) -> Sight {
    let service = |id: &str| Service {
        id: id.to_owned(),
        state: "Running".to_owned(),
        healthy: Some(true),
        said: String::new(),
    };
    let node = NodeSight {
        version: "v1.13.9".to_owned(),
        stage: Stage::Running,
        ready: true,
        unmet: Vec::new(),
        services: vec![service("kubelet"), service("etcd")],
        synced: Some(true),
        diagnostics: Vec::new(),
        etcd,
        static_pods: Vec::new(),
        memory: Some(4 << 30),
        ephemeral: Some(10 << 30),
        addresses: Vec::new(),
    };
    Sight {
        node: Some(node),
        ..Sight::default()
    }
}

impl Lab {
    fn new() -> Self {
        let spec = spec(1, 1);
        let node = |name: &str| NodeState {
            name: name.to_owned(),
            ready: Some(true),
            reason: String::new(),
            message: String::new(),
            schedulable: true,
            kubelet: String::new(),
            addresses: Vec::new(),
            control_plane: name == CONTROL_PLANE,
        };
        let etcd = EtcdSight {
            own: 1,
            leader: 1,
            members: vec![member(1, CONTROL_PLANE)],
            alarms: Vec::new(),
        };
        Self {
            spec,
            sights: vec![told(Some(etcd)), told(None)],
            kube: KubeSight {
                version: String::new(),
                nodes: vec![node(CONTROL_PLANE), node(WORKER)],
                pods: Vec::new(),
            },
            practice: false,
        }
    }

    fn node(&mut self, at: usize) -> &mut NodeSight {
        self.sights[at].node.as_mut().unwrap()
    }

    /// How a check stands, which machines it names, and what it says of each.
    fn check(&self, code: HealthCode) -> (HealthState, String, Vec<(String, String)>) {
        let pairs = self.spec.nodes.iter().zip(&self.sights);
        let members: Vec<Member<'_>> = pairs
            .map(|(node, sight)| Member {
                node,
                sight,
                past: Past::default(),
            })
            .collect();
        let scene = Scene {
            spec: &self.spec,
            members: &members,
            kube: Some(&self.kube),
            practice: self.practice,
        };
        let found = scene.check(code);
        let words = found.words.into_iter().map(|line| (line.node, line.text));
        (found.state, found.params["nodes"].clone(), words.collect())
    }

    fn fails(&self, code: HealthCode, node: &str, text: &str) {
        let (state, nodes, words) = self.check(code);
        assert_eq!(state, HealthState::Fail, "{code:?}");
        assert_eq!(nodes, node, "{code:?}");
        assert_eq!(words, [(node.to_owned(), text.to_owned())], "{code:?}");
    }

    /// Not as wanted, and nothing is said: another cause is.
    fn fails_without_words(&self, code: HealthCode, node: &str) {
        let (state, nodes, words) = self.check(code);
        assert_eq!((state, nodes.as_str()), (HealthState::Fail, node));
        assert_eq!(words, [], "{code:?}");
    }
}

const OWN: [HealthCode; 5] = [
    HealthCode::EtcdAgrees,
    HealthCode::EtcdMembers,
    HealthCode::Memory,
    HealthCode::Disk,
    HealthCode::Schedulable,
];

#[test]
fn whoever_is_well_passes() {
    for code in OWN {
        assert_eq!(Lab::new().check(code).0, HealthState::Pass, "{code:?}");
    }
}

#[test]
fn memory_and_disk_are_measured_by_talos_own_limits() {
    let mut lab = Lab::new();
    lab.node(0).memory = Some(CONTROL_PLANE_MEMORY - 1);
    lab.node(1).memory = Some(WORKER_MEMORY);
    let words = format!("{} bytes of memory", CONTROL_PLANE_MEMORY - 1);
    lab.fails(HealthCode::Memory, CONTROL_PLANE, &words);
    lab.node(1).ephemeral = Some(EPHEMERAL - 1);
    let words = format!("{} bytes for data", EPHEMERAL - 1);
    lab.fails(HealthCode::Disk, WORKER, &words);
    // Practice machines are smaller than any Talos.
    lab.practice = true;
    assert_eq!(lab.check(HealthCode::Memory).0, HealthState::Pass);
    assert_eq!(lab.check(HealthCode::Disk).0, HealthState::Pass);
}

#[test]
fn nothing_is_said_of_what_is_not_known() {
    let mut lab = Lab::new();
    lab.node(1).memory = None;
    lab.node(1).ephemeral = None;
    lab.kube.nodes.pop();
    for code in [
        HealthCode::Memory,
        HealthCode::Disk,
        HealthCode::Schedulable,
    ] {
        lab.fails_without_words(code, WORKER);
    }
    lab.sights[0].node = None;
    lab.fails_without_words(HealthCode::EtcdAgrees, CONTROL_PLANE);
}

#[test]
fn a_node_that_takes_no_pods_says_so() {
    let mut lab = Lab::new();
    lab.kube.nodes[1].schedulable = false;
    lab.fails(HealthCode::Schedulable, WORKER, "spec.unschedulable: true");
}

#[test]
fn etcd_counts_its_control_planes_and_nobody_else() {
    let mut lab = Lab::new();
    let etcd = lab.node(0).etcd.as_mut().unwrap();
    etcd.members[0].learner = true;
    lab.fails(HealthCode::EtcdMembers, CONTROL_PLANE, "no voting member");
    let etcd = lab.node(0).etcd.as_mut().unwrap();
    etcd.members = vec![member(1, CONTROL_PLANE), member(2, "knossos-cp-9")];
    lab.fails(HealthCode::EtcdMembers, "knossos-cp-9", STRANGER);
}

#[test]
fn members_that_see_others_say_whom() {
    let mut lab = Lab::new();
    lab.spec = spec(2, 0);
    let mut other = lab.node(0).etcd.clone().unwrap();
    other.own = 2;
    lab.node(0).etcd.as_mut().unwrap().members = vec![member(1, "a"), member(2, "b")];
    lab.sights[1] = told(Some(other));
    lab.fails(HealthCode::EtcdAgrees, "knossos-cp-2", CONTROL_PLANE);
}
