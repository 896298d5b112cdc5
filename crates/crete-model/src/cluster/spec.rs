//! A cluster as wanted, on disk.

use super::{ClusterChange, ClusterPatches, ClusterSample, CniKind, EndpointKind, RegistryMirror};
use crate::{
    Arch, BootMedium, ClusterId, ImageId, MachineId, NetworkId, Schematic, Sizes, TalosVersion,
};
use crate::{ClusterWork, NodeRole};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a cluster is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ClusterWish {
    /// On, and healthy.
    Running,
    /// Off.
    Stopped,
    /// Not there: its creation was cancelled, and what was made goes away.
    Undone,
    /// Not there: it and its machines move to the trash.
    Deleted,
}

/// One machine of a cluster, as wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClusterNode {
    /// Its name in the cluster: `cp-1`, `w-2`.
    pub name: String,
    /// What it is.
    pub role: NodeRole,
    /// The machine. Decided before it is made, so that making it twice makes one.
    pub machine: MachineId,
    /// Its sizes.
    pub sizes: Sizes,
    /// True while it is being taken out of the cluster.
    #[serde(default)]
    pub leaving: bool,
    /// True when it is taken out without asking it: a person said that it will not come back.
    #[serde(default)]
    pub dead: bool,
}

/// The ports by which the Kubernetes API is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClusterEndpoint {
    /// Host of the API as the machines reach it: the gateway's address, or the virtual one.
    pub inside: String,
    /// Its port there.
    pub inside_port: u16,
    /// Address of this computer that leads there.
    pub outside: String,
    /// Its port there.
    pub outside_port: u16,
    /// The port there that leads to Talos on the control planes; 0 while there is none.
    #[serde(default)]
    pub talos_port: u16,
}

/// A cluster as wanted, on disk as `clusters/<id>/spec.json`. Its secrets are in a file beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ClusterSpec {
    /// Version of this record's form.
    pub schema_version: u32,
    /// Its id.
    pub id: ClusterId,
    /// A DNS label, unique.
    pub name: String,
    /// Version of Talos.
    pub talos: TalosVersion,
    /// Version of Kubernetes, without `v`.
    pub kubernetes: String,
    /// Processor architecture.
    pub arch: Arch,
    /// How machines boot.
    pub medium: BootMedium,
    /// What the image holds; nothing for a file of the person's.
    pub schematic: Option<Schematic>,
    /// The installer's image, with the same schematic.
    pub installer: String,
    /// The image that machines boot from, once it is decided.
    pub image: Option<ImageId>,
    /// Its machines, control planes first.
    pub nodes: Vec<ClusterNode>,
    /// The network; nothing until it is made.
    pub network: Option<NetworkId>,
    /// Whether the network was made for this cluster, and goes with it.
    pub own_network: bool,
    /// Subnet wished for a network of its own; empty for any.
    pub subnet: String,
    /// How the API is reached.
    pub endpoint: EndpointKind,
    /// Where it is reached, once its network is there.
    pub api: Option<ClusterEndpoint>,
    /// How pods reach one another.
    pub cni: CniKind,
    /// Network of the pods; empty for the default.
    pub pod_subnet: String,
    /// Network of the services; empty for the default.
    pub service_subnet: String,
    /// Whether ordinary pods run on control planes too.
    pub schedule_on_control_planes: bool,
    /// Images taken from elsewhere.
    pub mirrors: Vec<RegistryMirror>,
    /// Changes to the configurations.
    pub patches: ClusterPatches,
    /// Machines are left waiting for a configuration.
    pub leave_in_maintenance: bool,
    /// Omni's own link; empty otherwise.
    pub omni: String,
    /// What it is to be.
    pub wish: ClusterWish,
    /// Work that switches machines on, from its beginning to its end: whoever comes after a crash
    /// goes on with it. Nothing once it failed: it is begun again by a person.
    #[serde(default)]
    pub begun: Option<ClusterWork>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339: when it was as wished for the first time, healthy or with all machines waiting.
    /// Until then it is being created.
    pub formed_at: Option<String>,
    /// The last change of its patches.
    #[serde(default)]
    pub change: Option<ClusterChange>,
    /// The sample app, while anything of it is on the cluster.
    #[serde(default)]
    pub sample: Option<ClusterSample>,
}

impl ClusterSpec {
    /// Whether it was made, and its machines are left to others from then on.
    #[must_use]
    pub fn is_handed_over(&self) -> bool {
        self.leave_in_maintenance && self.formed_at.is_some()
    }

    /// The machines of a role, those that leave left out.
    pub fn of_role(&self, role: NodeRole) -> impl Iterator<Item = &ClusterNode> {
        let wanted = move |node: &&ClusterNode| node.role == role && !node.leaving;
        self.nodes.iter().filter(wanted)
    }

    /// The node of a machine.
    #[must_use]
    pub fn node(&self, machine: MachineId) -> Option<&ClusterNode> {
        self.nodes.iter().find(|node| node.machine == machine)
    }

    /// The name of a node's machine, which is also its host name: `knossos-cp-1`.
    #[must_use]
    pub fn machine_name(&self, node: &ClusterNode) -> String {
        format!("{}-{}", self.name, node.name)
    }
}
