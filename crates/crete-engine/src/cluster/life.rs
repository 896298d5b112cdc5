//! Living with a cluster: what an action would do, deleting it, and getting it back.

use super::requests::Ask;
use crate::Engine;
use crate::error::{EngineError, Result};
use crate::store;
use crete_model::{
    ClusterDenied, ClusterId, ClusterLoss, ClusterSpec, ClusterWish, Consequence, ConsequenceCode,
    JobId, LessWorkers, MachineId, MoreWorkers, NodeRole, Params, Quorum, TrashKind, TrashView,
    params,
};
use std::path::Path;

impl Engine {
    /// What deleting a cluster would lose.
    ///
    /// # Errors
    /// When there is no such cluster.
    pub fn cluster_loss(&self, id: ClusterId) -> Result<ClusterLoss> {
        let spec = self.cluster(id)?.spec;
        let machines = spec
            .nodes
            .iter()
            .map(|node| self.roots.machine(node.machine));
        let bytes = machines.map(|folder| store::allocated(&folder)).sum();
        let network = spec.network.filter(|_| spec.own_network);
        let network = network.and_then(|id| self.networks.get(&id.to_string()));
        let image = spec.image.and_then(|id| self.images.get(&id.to_string()));
        Ok(ClusterLoss {
            machines: spec
                .nodes
                .iter()
                .map(|node| spec.machine_name(node))
                .collect(),
            bytes,
            network: network.map(|view| view.spec.name),
            image_kept: image.map(|_| spec.talos.to_string()),
        })
    }

    /// What a deed on one machine would do to its cluster.
    ///
    /// # Errors
    /// When there is no such cluster, or the machine is none of it.
    pub fn cluster_consequence(
        &self,
        id: ClusterId,
        machine: MachineId,
        removes: bool,
    ) -> Result<Consequence> {
        let view = self.cluster(id)?;
        let missing = || EngineError::NotFound {
            kind: "machine",
            id: machine.to_string(),
        };
        let node = view.spec.node(machine).ok_or_else(missing)?;
        let name = view.spec.machine_name(node);
        // What others make of the machines is not known.
        if view.spec.leave_in_maintenance {
            return Ok(unnoticed());
        }
        let mut members = view.members.iter();
        let counts = members.any(|member| member.machine == machine && member.etcd.is_some());
        Ok(match node.role {
            NodeRole::ControlPlane if counts => of_control_plane(&name, view.quorum),
            // It is missing already: nothing changes for the others.
            NodeRole::ControlPlane => unnoticed(),
            NodeRole::Worker => of_worker(&name, &view.spec, removes),
        })
    }

    /// Gives a cluster more workers.
    ///
    /// # Errors
    /// When its state does not allow it, or the sizes are not acceptable.
    pub async fn add_workers(&self, wish: &MoreWorkers) -> Result<Option<JobId>> {
        let wish = wish.clone();
        self.ask_cluster(wish.cluster, |answer| Ask::AddWorkers { wish, answer })
            .await
    }

    /// Takes a worker out of a cluster.
    ///
    /// # Errors
    /// When its state does not allow it, or the machine is no worker of it.
    pub async fn remove_worker(&self, wish: LessWorkers) -> Result<Option<JobId>> {
        self.ask_cluster(wish.cluster, |answer| Ask::RemoveWorker { wish, answer })
            .await
    }

    /// Moves a cluster with its machines to the trash; returns the trash id and its name.
    ///
    /// # Errors
    /// While machines of it run.
    pub async fn delete_cluster(&self, id: ClusterId) -> Result<(String, String)> {
        let name = self.cluster(id)?.spec.name;
        let deleted = self.ask_cluster(id, |answer| Ask::Delete { answer });
        Ok((deleted.await?, name))
    }

    /// Whether a cluster can come back from the trash: its name is in certificates and host names,
    /// and its endpoint in the configurations of its machines, so it cannot get others as machines
    /// do.
    fn may_return(&self, name: &str, record: Option<&ClusterSpec>) -> Result<()> {
        let clusters = self.clusters.all();
        if clusters.iter().any(|view| view.spec.name == name) {
            return Err(super::denied(ClusterDenied::NameTaken));
        }
        match record.is_some_and(|spec| self.has_endpoint_of(spec).is_some()) {
            true => Err(super::denied(ClusterDenied::EndpointTaken)),
            false => Ok(()),
        }
    }

    /// Brings back what belongs to a cluster in the trash, so that its record, which comes last,
    /// finds it. A crash in between leaves the record where it can be brought back again.
    ///
    /// Nothing else in the trash has anything that belongs to it.
    pub(crate) async fn prepare_return(&self, trash_id: &str) -> Result<()> {
        let trashed = self.trash.get(trash_id);
        let Some(trashed) = trashed.filter(|one| one.kind == TrashKind::Clusters) else {
            return Ok(());
        };
        let folder = crate::trash::object(&self.roots, trash_id)?;
        let record = store::read::<ClusterSpec>(&folder.join(store::SPEC)).ok();
        self.may_return(&trashed.name, record.as_ref())?;
        // One that cannot be read comes back alone, and is shown as broken.
        let Some(mut spec) = record else {
            return Ok(());
        };
        self.bring_back_members(&spec).await?;
        spec.wish = ClusterWish::Stopped;
        store::write(&folder.join(store::SPEC), &spec)
    }

    /// Brings a cluster's own network and those of its machines that are in the trash back.
    pub(crate) async fn bring_back_members(&self, spec: &ClusterSpec) -> Result<()> {
        let network = spec.network.filter(|_| spec.own_network);
        let is_network = |one: &TrashView| {
            one.kind == TrashKind::Networks
                && network.is_some_and(|network| network.to_string() == one.id)
        };
        let is_machine = |one: &TrashView| {
            let mut nodes = spec.nodes.iter();
            one.kind == TrashKind::Machines && nodes.any(|node| node.machine.to_string() == one.id)
        };
        // Machines are plugged into a network that is there.
        let (networks, machines): (Vec<_>, Vec<_>) = self
            .trash
            .all()
            .into_iter()
            .filter(|one| is_network(one) || is_machine(one))
            .partition(is_network);
        for trashed in networks.into_iter().chain(machines) {
            Box::pin(self.restore(&trashed.trash_id)).await?;
        }
        Ok(())
    }

    /// Takes up a cluster that came back from the trash.
    pub(crate) async fn restore_cluster(&self, folder: &Path) -> Result<()> {
        let record = store::read_object::<ClusterSpec>(folder);
        if let Ok(spec) = &record {
            // At once, so that nobody else is given its endpoint before the cluster is started.
            let others = spec.network.filter(|_| !spec.own_network);
            let there = others.filter(|id| self.networks.get(&id.to_string()).is_some());
            if let Some(network) = there {
                self.settle_endpoint(network, spec).await?;
            }
        }
        self.load_cluster(folder, record);
        Ok(())
    }
}

fn unnoticed() -> Consequence {
    Consequence {
        code: ConsequenceCode::None,
        params: Params::new(),
        confirm: false,
    }
}

/// etcd's arithmetic: what switching one control plane off would do, which is well now.
fn of_control_plane(name: &str, quorum: Quorum) -> Consequence {
    let after = Quorum {
        healthy: quorum.healthy.saturating_sub(1),
        ..quorum
    };
    let code = match () {
        // Alone it is the whole control plane: nothing is lost but the time.
        () if quorum.members == 1 => ConsequenceCode::ApiAway,
        () if !after.survives(0) => ConsequenceCode::QuorumLost,
        () if after.spare() == 0 => ConsequenceCode::NoSpare,
        () => ConsequenceCode::Spare,
    };
    Consequence {
        code,
        params: params! {
            "node" => name,
            "left" => after.healthy,
            "members" => after.members,
            "needed" => after.needed,
            "spare" => after.spare(),
        },
        confirm: matches!(code, ConsequenceCode::QuorumLost | ConsequenceCode::ApiAway),
    }
}

fn of_worker(name: &str, spec: &ClusterSpec, removes: bool) -> Consequence {
    let left = spec.of_role(NodeRole::Worker).count().saturating_sub(1);
    let elsewhere = left > 0 || spec.schedule_on_control_planes;
    if elsewhere {
        return Consequence {
            code: ConsequenceCode::PodsMove,
            params: params! { "node" => name, "workers" => left },
            confirm: removes,
        };
    }
    Consequence {
        code: ConsequenceCode::LastWorker,
        params: params! { "node" => name },
        confirm: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sentence says what is true of the others: how many are left, and how many may fail.
    #[test]
    fn the_arithmetic_of_one_that_goes_off() {
        use ConsequenceCode as C;
        for (members, healthy, code, spare) in [
            (1, 1, C::ApiAway, "0"),
            (2, 2, C::QuorumLost, "0"),
            (3, 3, C::NoSpare, "0"),
            (3, 2, C::QuorumLost, "0"),
            (5, 5, C::Spare, "1"),
            (5, 4, C::NoSpare, "0"),
            (5, 3, C::QuorumLost, "0"),
            (7, 7, C::Spare, "2"),
            (7, 6, C::Spare, "1"),
        ] {
            let told = of_control_plane("knossos-cp-1", Quorum::of(members, healthy));
            assert_eq!(told.code, code, "{healthy} of {members}");
            assert_eq!(told.params["spare"], spare, "{healthy} of {members}");
            assert_eq!(told.params["left"], (healthy - 1).to_string());
        }
    }
}
