//! Other patches for a cluster that lives: which machine is given them next. Pure.
//!
//! ```text
//! every machine: unknown ─ looked at ─▶ same ─────────────────────────▶ done
//!                   ▲                    differs ─ all others well ─▶ changed
//!                   └──────────── it is ready again ◀──────────────────┘
//! ```
//!
//! Nothing is remembered of how far it is: a machine is changed when what it lives by differs from
//! what it is to have. So it goes on anywhere, also after the program was ended in the middle.

use super::course::{Member, stage};
use super::kube::KubeSight;
use super::sight::Stage;
use crete_model::{ClusterSpec, MachineId, MemberStage, NodeRole, Quorum};
use std::collections::HashMap;

/// How what a machine lives by stands beside what it is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It lives by it.
    Same,
    /// It differs, and whether the machine has to restart for it.
    Differs { reboot: bool },
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Every machine lives by it and is well.
    Done,
    /// A machine has to be well first.
    Wait(MachineId),
    /// It is not known what this machine lives by.
    Look(MachineId),
    /// This machine is given it.
    Change(MachineId),
}

/// What is decided from.
pub(super) struct Scene<'a> {
    pub spec: &'a ClusterSpec,
    pub members: &'a [Member<'a>],
    pub kube: Option<&'a KubeSight>,
    pub standings: &'a HashMap<MachineId, Standing>,
    /// Machines that were changed a moment ago: what came of it is seen first.
    pub resting: &'a dyn Fn(MachineId) -> bool,
    pub quorum: Quorum,
}

/// True when a machine does everything that it is for.
pub(super) fn is_well(member: &Member<'_>, spec: &ClusterSpec, kube: Option<&KubeSight>) -> bool {
    let etcd = || {
        let node = member.sight.node.as_ref();
        node.is_some_and(|node| node.is_up("etcd"))
    };
    let ready = stage(member, spec, kube) == MemberStage::Ready;
    ready && (member.node.role == NodeRole::Worker || etcd())
}

/// Stages in which a machine goes down, to come up again or not.
fn goes_down(stage: Stage) -> bool {
    matches!(
        stage,
        Stage::Rebooting | Stage::ShuttingDown | Stage::Resetting | Stage::Upgrading
    )
}

impl Scene<'_> {
    /// Control planes first, one after another, then workers.
    fn in_order(&self) -> impl Iterator<Item = &Member<'_>> {
        let of = |role| {
            let members = self.members.iter();
            members.filter(move |member| member.node.role == role && !member.node.leaving)
        };
        of(NodeRole::ControlPlane).chain(of(NodeRole::Worker))
    }

    /// Whether etcd goes on while this machine restarts.
    fn may_change(&self, member: &Member<'_>) -> bool {
        if member.node.role == NodeRole::Worker || self.quorum.members <= 1 {
            return true;
        }
        let counted = member.sight.node.as_ref();
        let counted = counted.is_some_and(|node| node.is_up("etcd"));
        self.quorum.survives(u32::from(counted))
    }

    /// Decides.
    pub fn next(&self) -> Next {
        let id = |member: &Member<'_>| member.node.machine;
        let standing = |member: &Member<'_>| self.standings.get(&id(member)).copied();
        if let Some(rests) = self.in_order().find(|member| (self.resting)(id(member))) {
            return Next::Wait(id(rests));
        }
        let is_well = |member: &Member<'_>| is_well(member, self.spec, self.kube);
        // A machine that is not well and has other patches is mended by giving them: nothing is lost
        // by it. So a change that broke one is taken back there first.
        let mut broken = None;
        for member in self.in_order().filter(|member| !is_well(member)) {
            let node = member.sight.node.as_ref();
            // One on its way down lives by the old until it is up again.
            let answers = node.is_some_and(|node| !goes_down(node.stage));
            match standing(member) {
                Some(Standing::Differs { .. }) if answers => broken = broken.or(Some(member)),
                None if answers => return Next::Look(id(member)),
                _ => return Next::Wait(id(member)),
            }
        }
        if let Some(member) = broken {
            return match self.may_change(member) {
                true => Next::Change(id(member)),
                false => Next::Wait(id(member)),
            };
        }
        for member in self.in_order() {
            match standing(member) {
                None => return Next::Look(id(member)),
                Some(Standing::Same) => {}
                Some(Standing::Differs { .. }) if self.may_change(member) => {
                    return Next::Change(id(member));
                }
                Some(Standing::Differs { .. }) => return Next::Wait(id(member)),
            }
        }
        Next::Done
    }
}

#[cfg(test)]
mod tests {
    use super::super::course::Past;
    use super::super::sight::{NodeSight, Service, Sight};
    use super::super::tests::spec;
    use super::*;
    use crete_kube::NodeState;

    fn node(etcd: bool) -> NodeSight {
        let service = |id: &str| Service {
            id: id.to_owned(),
            state: "Running".to_owned(),
            healthy: Some(true),
            said: String::new(),
        };
        let mut services = vec![service("kubelet")];
        if etcd {
            services.push(service("etcd"));
        }
        NodeSight {
            version: "v1.13.9".to_owned(),
            stage: Stage::Running,
            ready: true,
            unmet: Vec::new(),
            services,
            synced: Some(true),
            diagnostics: Vec::new(),
            etcd: None,
            static_pods: Vec::new(),
            memory: None,
            ephemeral: None,
            addresses: Vec::new(),
        }
    }

    /// Three control planes and two workers, all well.
    struct Lab {
        spec: ClusterSpec,
        sights: Vec<Sight>,
        kube: KubeSight,
        standings: HashMap<MachineId, Standing>,
        resting: Vec<MachineId>,
        healthy: u32,
    }

    impl Lab {
        fn new() -> Self {
            let spec = spec(3, 2);
            let machine = super::super::ground::MachineSight {
                power: super::super::ground::Power::On,
                address: Some("10.88.1.20".to_owned()),
                cut: false,
                mac: String::new(),
            };
            let sight = |one: &crete_model::ClusterNode| Sight {
                machine: Some(machine.clone()),
                node: Some(node(one.role == NodeRole::ControlPlane)),
                ..Sight::default()
            };
            let known = |one: &crete_model::ClusterNode| NodeState {
                name: spec.machine_name(one),
                ready: Some(true),
                reason: String::new(),
                message: String::new(),
                schedulable: true,
                kubelet: String::new(),
                addresses: Vec::new(),
                control_plane: one.role == NodeRole::ControlPlane,
            };
            Self {
                sights: spec.nodes.iter().map(sight).collect(),
                kube: KubeSight {
                    version: String::new(),
                    nodes: spec.nodes.iter().map(known).collect(),
                    pods: Vec::new(),
                },
                spec,
                standings: HashMap::new(),
                resting: Vec::new(),
                healthy: 3,
            }
        }

        fn id(&self, at: usize) -> MachineId {
            self.spec.nodes[at].machine
        }

        fn stands(&mut self, at: usize, standing: Standing) {
            self.standings.insert(self.id(at), standing);
        }

        fn next(&self) -> Next {
            let pairs = self.spec.nodes.iter().zip(&self.sights);
            let members: Vec<Member<'_>> = pairs
                .map(|(node, sight)| Member {
                    node,
                    sight,
                    past: Past::default(),
                })
                .collect();
            Scene {
                spec: &self.spec,
                members: &members,
                kube: Some(&self.kube),
                standings: &self.standings,
                resting: &|machine| self.resting.contains(&machine),
                quorum: Quorum::of(3, self.healthy),
            }
            .next()
        }
    }

    const DIFFERS: Standing = Standing::Differs { reboot: true };

    #[test]
    fn control_planes_come_first_and_one_by_one() {
        let mut lab = Lab::new();
        for at in 0..5 {
            assert_eq!(lab.next(), Next::Look(lab.id(at)));
            lab.stands(at, DIFFERS);
            assert_eq!(lab.next(), Next::Change(lab.id(at)));
            lab.resting = vec![lab.id(at)];
            lab.standings.remove(&lab.id(at));
            assert_eq!(lab.next(), Next::Wait(lab.id(at)), "what came of it first");
            lab.resting.clear();
            lab.stands(at, Standing::Same);
        }
        assert_eq!(lab.next(), Next::Done);
    }

    #[test]
    fn the_next_waits_until_the_last_is_ready_again() {
        let mut lab = Lab::new();
        lab.stands(0, Standing::Same);
        lab.kube.nodes[0].ready = Some(false);
        assert_eq!(lab.next(), Next::Wait(lab.id(0)));
        lab.sights[0].node = None;
        lab.standings.clear();
        assert_eq!(
            lab.next(),
            Next::Wait(lab.id(0)),
            "one that does not answer"
        );
        lab.sights[0].node = Some(node(false));
        lab.kube.nodes[0].ready = Some(true);
        lab.stands(0, Standing::Same);
        assert_eq!(lab.next(), Next::Wait(lab.id(0)), "etcd is not up there");
    }

    #[test]
    fn a_majority_of_etcd_is_kept() {
        let mut lab = Lab::new();
        lab.stands(0, DIFFERS);
        lab.healthy = 2;
        assert_eq!(lab.next(), Next::Wait(lab.id(0)));
        lab.healthy = 3;
        assert_eq!(lab.next(), Next::Change(lab.id(0)));
    }

    #[test]
    fn the_one_that_a_change_broke_is_mended_first() {
        let mut lab = Lab::new();
        // The first was given patches that broke it; all are to have the old ones again.
        lab.kube.nodes[0].ready = Some(false);
        lab.sights[0].node = Some(node(false));
        lab.healthy = 2;
        assert_eq!(lab.next(), Next::Look(lab.id(0)));
        lab.stands(0, DIFFERS);
        assert_eq!(
            lab.next(),
            Next::Change(lab.id(0)),
            "it has no vote to lose"
        );
    }
}
