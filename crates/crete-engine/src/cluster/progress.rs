//! How far each step of the work is, read off what is seen. Pure.

use super::course::Member;
use super::ground::{ImageSight, Power};
use super::health::Found;
use super::kube::KubeSight;
use super::rollout::{Standing, is_well};
use super::sample::SampleSight;
use super::sight::NodeSight;
use crete_model::{ClusterSpec, CniKind, HealthState, MachineId, NodeRole, StageCode};
use crete_talos::api::Presence;
use std::collections::HashMap;

/// What a node prints once it made the link of Omni (read in the source of Talos).
const LINKED: &str = "siderolink connection configured";

/// What progress is read off.
pub(super) struct Scene<'a> {
    pub spec: &'a ClusterSpec,
    pub image: &'a ImageSight,
    pub members: &'a [Member<'a>],
    pub kube: Option<&'a KubeSight>,
    pub checks: &'a [Found],
    /// The secrets are there.
    pub secrets: bool,
    /// The files for a person's tools are there.
    pub access: bool,
    /// Machines that live by the patches they are to have.
    pub standings: &'a HashMap<MachineId, Standing>,
    /// The sample app, as it is seen.
    pub sample: &'a SampleSight,
    /// The port of this computer that leads to it is open.
    pub sample_open: bool,
    /// Nothing of it is wished any more.
    pub sample_gone: bool,
}

impl Scene<'_> {
    /// How many machines have a step behind them, and how many there are; steps of the whole cluster
    /// count as one.
    pub fn progress(&self, step: StageCode) -> (usize, usize) {
        let one = |done: bool| (usize::from(done), 1);
        match step {
            StageCode::ClusterImage => {
                one(self.spec.image.is_some() && matches!(self.image, ImageSight::Ready(_)))
            }
            StageCode::ClusterNetwork => one(self.spec.api.is_some()),
            StageCode::Configuration => one(self.secrets),
            StageCode::Bootstrap => one(self.members.iter().any(has_begun)),
            StageCode::ControlPlane => one(self.kube.is_some()),
            StageCode::Access => one(self.access),
            StageCode::SampleApply => one(self.sample.applied),
            StageCode::SampleReady => (self.sample.ready, self.sample.of.max(1)),
            StageCode::SampleForward => one(self.sample_open),
            StageCode::SampleRemove => one(self.sample_gone),
            StageCode::ChangeControlPlanes => self.count(Some(NodeRole::ControlPlane), |member| {
                self.has_changed(member)
            }),
            StageCode::ChangeWorkers => {
                self.count(Some(NodeRole::Worker), |member| self.has_changed(member))
            }
            StageCode::HealthChecks => {
                let good = |check: &&Found| {
                    matches!(check.state, HealthState::Pass | HealthState::Skipped)
                };
                (self.checks.iter().filter(good).count(), self.checks.len())
            }
            StageCode::Leave => one(!self.members.iter().any(|member| member.node.leaving)),
            StageCode::Etcd => self.count(Some(NodeRole::ControlPlane), has_vote),
            StageCode::ControlPlanesOff => self.count(Some(NodeRole::ControlPlane), is_off),
            StageCode::WorkersOff => self.count(Some(NodeRole::Worker), is_off),
            StageCode::PodNetwork | StageCode::NodesReady => self.count(None, |member| {
                self.is_networked(member, step == StageCode::NodesReady)
            }),
            _ => self.count(None, |member| {
                let others = self.spec.leave_in_maintenance;
                is_past(member, step) || (others && has_arrived(member, step, self.spec))
            }),
        }
    }

    fn count(&self, role: Option<NodeRole>, done: impl Fn(&Member<'_>) -> bool) -> (usize, usize) {
        let wanted: Vec<&Member<'_>> = self
            .members
            .iter()
            .filter(|member| !member.node.leaving)
            .filter(|member| role.is_none_or(|role| member.node.role == role))
            .collect();
        let met = wanted.iter().filter(|member| done(member)).count();
        (met, wanted.len())
    }

    fn has_changed(&self, member: &Member<'_>) -> bool {
        let standing = self.standings.get(&member.node.machine);
        standing == Some(&Standing::Same) && is_well(member, self.spec, self.kube)
    }

    fn is_networked(&self, member: &Member<'_>, ready: bool) -> bool {
        let name = self.spec.machine_name(member.node);
        let node = self.kube.and_then(|kube| kube.node(&name));
        node.is_some_and(|node| {
            let is_ready = node.ready == Some(true);
            let waits_for_cni = node.message.contains("cni plugin not initialized");
            match (ready, self.spec.cni) {
                (true, CniKind::None) => true,
                (true, CniKind::Flannel) => is_ready,
                (false, _) => is_ready || !waits_for_cni,
            }
        })
    }
}

/// Steps that a machine has behind it, however it got there.
fn is_past(member: &Member<'_>, step: StageCode) -> bool {
    let sight = member.sight;
    let answers = sight.maintenance.is_some()
        || sight.is_ours()
        || matches!(sight.presence, Some(Presence::Maintenance { .. }));
    let configured = member.past.configured || sight.is_ours();
    match step {
        StageCode::ClusterMachines => sight.machine.is_some(),
        StageCode::SwitchOn => sight.is_on(),
        StageCode::Addresses => answers || configured || sight.console.contains("reachable at"),
        StageCode::Maintenance => answers || configured,
        StageCode::DisksCheck => {
            configured
                || sight
                    .maintenance
                    .as_ref()
                    .is_some_and(|one| !one.disks.is_empty())
        }
        StageCode::Apply => configured,
        StageCode::Install => sight.is_ours(),
        StageCode::SignIn => sight.node.is_some(),
        StageCode::Time => sight
            .node
            .as_ref()
            .is_some_and(|node| node.synced == Some(true)),
        _ => false,
    }
}

/// Whether a machine that is left to others is as far as it gets here.
///
/// One that was given a configuration meanwhile waited before. Read: with Omni's link the API of a
/// node in maintenance listens at the link's own address alone, so that all that can be known of it
/// is that Talos runs and made the link.
fn has_arrived(member: &Member<'_>, step: StageCode, spec: &ClusterSpec) -> bool {
    let sight = member.sight;
    let theirs = matches!(sight.presence, Some(Presence::AnotherCluster));
    let linked = !spec.omni.is_empty() && sight.is_on() && sight.console.contains(LINKED);
    matches!(step, StageCode::Addresses | StageCode::Maintenance) && (theirs || linked)
}

fn has_begun(member: &Member<'_>) -> bool {
    let begun = |node: &NodeSight| {
        node.etcd.is_some()
            || node
                .service("etcd")
                .is_some_and(|one| one.state == "Running")
    };
    member.sight.node.as_ref().is_some_and(begun)
}

fn has_vote(member: &Member<'_>) -> bool {
    let etcd = member
        .sight
        .node
        .as_ref()
        .and_then(|node| node.etcd.as_ref());
    etcd.is_some_and(|etcd| {
        let own = etcd.members.iter().find(|one| one.id == etcd.own);
        own.is_some_and(|own| !own.learner)
    })
}

fn is_off(member: &Member<'_>) -> bool {
    let power = member.sight.machine.as_ref().map(|machine| &machine.power);
    matches!(power, None | Some(Power::Off { .. }))
}

#[cfg(test)]
mod tests {
    use super::super::course::Past;
    use super::super::ground::MachineSight;
    use super::super::sight::Sight;
    use super::super::tests::spec;
    use super::*;

    fn arrived(spec: &ClusterSpec, presence: Presence, console: &str) -> (usize, usize) {
        let sight = Sight {
            machine: Some(MachineSight {
                power: Power::On,
                address: Some("10.88.1.20".to_owned()),
                cut: false,
                mac: String::new(),
            }),
            presence: Some(presence),
            console: console.to_owned(),
            ..Sight::default()
        };
        let members = [Member {
            node: &spec.nodes[0],
            sight: &sight,
            past: Past::default(),
        }];
        let scene = Scene {
            spec,
            image: &ImageSight::Missing(None),
            members: &members,
            kube: None,
            checks: &[],
            secrets: false,
            access: false,
            standings: &HashMap::new(),
            sample: &SampleSight::default(),
            sample_open: false,
            sample_gone: true,
        };
        assert_eq!(
            scene.progress(StageCode::Maintenance).0,
            scene.progress(StageCode::Addresses).0
        );
        scene.progress(StageCode::Maintenance)
    }

    #[test]
    fn a_machine_that_is_left_to_others_has_arrived_when_they_have_it() {
        let mut spec = spec(1, 0);
        let another = || Presence::AnotherCluster;
        assert_eq!(arrived(&spec, another(), ""), (0, 1), "ours is not theirs");
        spec.leave_in_maintenance = true;
        assert_eq!(arrived(&spec, another(), ""), (1, 1));
        assert_eq!(arrived(&spec, Presence::Refused, ""), (0, 1));
        let console = "[talos] siderolink connection configured {\"endpoint\": \"https://omni\"}";
        assert_eq!(arrived(&spec, Presence::Refused, console), (0, 1));
        spec.omni = "siderolink.api=https://omni".to_owned();
        assert_eq!(arrived(&spec, Presence::Refused, ""), (0, 1));
        assert_eq!(arrived(&spec, Presence::Refused, console), (1, 1));
    }
}
