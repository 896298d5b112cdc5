//! What to do next, decided from what is seen and from nothing else. Pure.
//!
//! ```text
//! planned ▶ off ▶ boot ▶ maintenance ▶ (install) ▶ join ▶ etcd ▶ kubernetes ▶ ready
//!     make   on          apply                bootstrap, once
//! ```

use super::ground::Power;
use super::kube::KubeSight;
use super::sight::{NodeSight, Sight, Stage};
use crete_model::{ClusterNode, ClusterSpec, ClusterWish, MachineId, MemberStage, NodeRole};
use crete_talos::api::Presence;

/// Something to do for one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Deed {
    /// Make it.
    Make,
    /// Switch it on.
    SwitchOn,
    /// Give it its configuration.
    Apply,
    /// Tell it to begin etcd.
    Bootstrap,
    /// Press its power button.
    SwitchOff,
    /// Reset it, out of the cluster.
    Reset,
    /// Take it away.
    TakeAway,
    /// See how what it lives by differs from what it is to have.
    Compare,
    /// Give it other patches.
    Change,
}

/// What is known of a machine beyond what is seen now; only what cannot be seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Past {
    /// It was switched on since this program began, so that one that ended is not started for ever.
    pub started: bool,
    /// It took its configuration, and was not seen in maintenance since.
    pub configured: bool,
    /// It was as wanted before.
    pub was_ready: bool,
    /// How often it took a configuration since it was switched on.
    pub applied: u8,
    /// It said that it resets itself, and cannot stay any more.
    pub resets: bool,
    /// No time server answered it while it was in maintenance.
    pub unsynced: bool,
}

/// A machine with everything that is known of it.
pub(super) struct Member<'a> {
    pub node: &'a ClusterNode,
    pub sight: &'a Sight,
    pub past: Past,
}

/// Where a machine stands.
pub(super) fn stage(
    member: &Member<'_>,
    spec: &ClusterSpec,
    kube: Option<&KubeSight>,
) -> MemberStage {
    let Member { node, sight, past } = member;
    if node.leaving {
        return MemberStage::Leaving;
    }
    let Some(machine) = &sight.machine else {
        return MemberStage::Planned;
    };
    if matches!(machine.power, Power::Off { .. } | Power::Stopping) {
        return MemberStage::Off;
    }
    if let Some(seen) = &sight.node {
        return stage_of_node(seen, node, spec, kube);
    }
    if past.was_ready {
        return MemberStage::Lost;
    }
    match &sight.presence {
        Some(Presence::Maintenance { .. }) => MemberStage::Maintenance,
        Some(Presence::Ours { .. }) => MemberStage::Join,
        Some(Presence::AnotherCluster) if spec.leave_in_maintenance => MemberStage::HandedOver,
        _ if past.configured && super::configure::installs(spec) => MemberStage::Install,
        _ if past.configured => MemberStage::Join,
        _ => MemberStage::Boot,
    }
}

fn stage_of_node(
    seen: &NodeSight,
    node: &ClusterNode,
    spec: &ClusterSpec,
    kube: Option<&KubeSight>,
) -> MemberStage {
    let name = spec.machine_name(node);
    let is_ready = kube.is_some_and(|kube| kube.is_ready(&name));
    let without_cni = spec.cni == crete_model::CniKind::None;
    let known = kube.is_some_and(|kube| kube.node(&name).is_some());
    let services = seen.is_up("kubelet");
    if seen.stage == Stage::Running && services && (is_ready || (without_cni && known)) {
        return MemberStage::Ready;
    }
    if node.role == NodeRole::ControlPlane && !seen.is_up("etcd") {
        return match seen.waits_for_bootstrap() {
            true => MemberStage::Join,
            false if seen.service("etcd").is_some() => MemberStage::Etcd,
            false => MemberStage::Join,
        };
    }
    match seen.service("kubelet") {
        Some(_) => MemberStage::Kubernetes,
        None => MemberStage::Join,
    }
}

/// The one control plane that is told to begin. Always the same one: two that begin are two
/// clusters.
pub(super) fn first_control_plane(spec: &ClusterSpec) -> Option<MachineId> {
    let first = spec.of_role(NodeRole::ControlPlane).next();
    first.map(|node| node.machine)
}

/// Whether it is time to tell the first control plane to begin.
///
/// A cluster that was healthy once is never told to begin again: a control plane that lost its disk
/// joins the others, and one that began anew would be another cluster of the same name. Nor is one
/// whose etcd runs anywhere.
fn may_bootstrap(spec: &ClusterSpec, members: &[Member<'_>]) -> bool {
    if spec.formed_at.is_some() {
        return false;
    }
    let has_etcd = |member: &Member<'_>| {
        let node = member.sight.node.as_ref();
        node.is_some_and(|node| {
            node.etcd.is_some()
                || node
                    .service("etcd")
                    .is_some_and(|one| one.state == "Running")
        })
    };
    !members.iter().any(has_etcd)
}

/// What to do now. Deeds on several machines are done at once.
///
/// While no work goes on nothing is made or switched on: a person who switched a machine off wants it
/// off, and a computer that was restarted does not start five machines by itself.
pub(super) fn deeds(
    spec: &ClusterSpec,
    members: &[Member<'_>],
    working: bool,
) -> Vec<(MachineId, Deed)> {
    match spec.wish {
        ClusterWish::Running => {
            let mut all = running(spec, members);
            all.retain(|(_, deed)| working || !matches!(deed, Deed::Make | Deed::SwitchOn));
            all
        }
        ClusterWish::Stopped => stopping(members),
        ClusterWish::Undone => undoing(members),
        // They go to the trash at once, with the record.
        ClusterWish::Deleted => Vec::new(),
    }
}

fn running(spec: &ClusterSpec, members: &[Member<'_>]) -> Vec<(MachineId, Deed)> {
    let mut deeds = Vec::new();
    let bootstraps = may_bootstrap(spec, members);
    let first = first_control_plane(spec);
    for member in members {
        let id = member.node.machine;
        let deed = match member.node.leaving {
            true => leaving(member),
            false => towards_running(spec, member),
        };
        if let Some(deed) = deed {
            deeds.push((id, deed));
            continue;
        }
        let waits = member
            .sight
            .node
            .as_ref()
            .is_some_and(NodeSight::waits_for_bootstrap);
        if bootstraps && first == Some(id) && waits {
            deeds.push((id, Deed::Bootstrap));
        }
    }
    deeds
}

fn towards_running(spec: &ClusterSpec, member: &Member<'_>) -> Option<Deed> {
    let Some(machine) = &member.sight.machine else {
        return Some(Deed::Make);
    };
    match &machine.power {
        // One that ended by itself is not started again and again: a person looks first.
        Power::Off { .. } if !member.past.started => Some(Deed::SwitchOn),
        Power::On if !spec.leave_in_maintenance => {
            let waits = member.sight.maintenance.is_some();
            waits.then_some(Deed::Apply)
        }
        _ => None,
    }
}

/// A worker goes: reset while it answers, then off, then away. One that neither answers nor goes off
/// waits for a person's word that it is dead, and says so.
fn leaving(member: &Member<'_>) -> Option<Deed> {
    let Some(machine) = &member.sight.machine else {
        return Some(Deed::TakeAway);
    };
    match machine.power {
        Power::Off { .. } => Some(Deed::TakeAway),
        _ if member.node.dead => Some(Deed::TakeAway),
        Power::On | Power::Paused { .. } if member.sight.node.is_some() => Some(Deed::Reset),
        Power::On | Power::Paused { .. } if member.sight.maintenance.is_some() => {
            Some(Deed::TakeAway)
        }
        _ => None,
    }
}

/// Workers first: their pods say goodbye to an API that still answers. Control planes after them.
fn stopping(members: &[Member<'_>]) -> Vec<(MachineId, Deed)> {
    let is_off = |member: &Member<'_>| {
        let power = member.sight.machine.as_ref().map(|machine| &machine.power);
        matches!(power, None | Some(Power::Off { .. }))
    };
    let workers_off = members
        .iter()
        .filter(|member| member.node.role == NodeRole::Worker)
        .all(is_off);
    let turn = if workers_off {
        NodeRole::ControlPlane
    } else {
        NodeRole::Worker
    };
    let on = members.iter().filter(|member| {
        let power = member.sight.machine.as_ref().map(|machine| &machine.power);
        let on = matches!(
            power,
            Some(Power::On | Power::Paused { .. } | Power::Starting)
        );
        member.node.role == turn && on
    });
    on.map(|member| (member.node.machine, Deed::SwitchOff))
        .collect()
}

fn undoing(members: &[Member<'_>]) -> Vec<(MachineId, Deed)> {
    let there = members
        .iter()
        .filter(|member| member.sight.machine.is_some());
    there
        .map(|member| (member.node.machine, Deed::TakeAway))
        .collect()
}

#[cfg(test)]
mod tests;
