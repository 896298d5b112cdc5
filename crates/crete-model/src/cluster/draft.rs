//! What the form of a new cluster sends; nothing in it has been checked.

use crate::{Arch, BootMedium, ImageId, NetworkId, Schematic, Sizes, TalosVersion};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A shape that is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ClusterPreset {
    /// One machine does everything.
    Solo,
    /// One control plane, two workers.
    Small,
    /// Three control planes that also work.
    ControlPlane,
    /// Three control planes, two workers.
    HighAvailability,
}

impl ClusterPreset {
    /// Every preset, smallest first.
    pub const ALL: [Self; 4] = [
        Self::Solo,
        Self::Small,
        Self::ControlPlane,
        Self::HighAvailability,
    ];

    /// How many control planes and workers it has.
    #[must_use]
    pub fn counts(self) -> (u32, u32) {
        match self {
            Self::Solo => (1, 0),
            Self::Small => (1, 2),
            Self::ControlPlane => (3, 0),
            Self::HighAvailability => (3, 2),
        }
    }

    /// The preset of these counts; nothing for free ones.
    #[must_use]
    pub fn of(control_planes: u32, workers: u32) -> Option<Self> {
        let same = |preset: &Self| preset.counts() == (control_planes, workers);
        Self::ALL.into_iter().find(same)
    }
}

/// Machines of one role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NodeGroup {
    /// How many.
    pub count: u32,
    /// The sizes of each.
    pub sizes: Sizes,
}

/// Sizes of one machine that differ from those of its role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NodeSizes {
    /// Its name in the cluster: `cp-1`, `w-2`.
    pub node: String,
    /// Its sizes.
    pub sizes: Sizes,
}

/// The image that the machines boot from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ClusterImage {
    /// One that the factory makes, downloaded when it is not there yet.
    Factory {
        /// Talos version.
        version: TalosVersion,
        /// Processor architecture.
        arch: Arch,
        /// Disk image, or ISO with installation.
        medium: BootMedium,
        /// What it holds beyond the plain one; nothing for Crete's own, with a serial console.
        schematic: Option<Box<Schematic>>,
    },
    /// One of the library.
    Library {
        /// Which.
        image: ImageId,
    },
}

/// The network that the machines are in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ClusterNetwork {
    /// One of its own, named after the cluster.
    New {
        /// Its subnet; empty for one that collides with nothing.
        subnet: String,
    },
    /// One that is there.
    Existing {
        /// Which.
        network: NetworkId,
    },
}

/// How the Kubernetes API is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EndpointKind {
    /// Through a port of the network's gateway that leads to all control planes.
    LoadBalancer,
    /// Through an address that one control plane holds.
    VirtualIp {
        /// The address; empty for a free one.
        address: String,
    },
}

/// How pods reach one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CniKind {
    /// Flannel, which Talos brings along.
    Flannel,
    /// Nothing: nodes stay not ready until the person installs one.
    None,
}

/// Images of one registry taken from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RegistryMirror {
    /// The registry's host, or `*`.
    pub registry: String,
    /// Where to ask instead, in order.
    pub endpoints: Vec<String>,
}

/// Patches of configurations, each one YAML.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct ClusterPatches {
    /// For every machine.
    pub cluster: Vec<String>,
    /// For control planes.
    pub control_plane: Vec<String>,
    /// For workers.
    pub worker: Vec<String>,
    /// For one machine each.
    pub nodes: Vec<NodePatches>,
}

/// Patches of one machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NodePatches {
    /// Its name in the cluster: `cp-1`, `w-2`.
    pub node: String,
    /// Each one YAML.
    pub patches: Vec<String>,
}

/// What the form sends; nothing in it has been checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ClusterDraft {
    /// A DNS label.
    pub name: String,
    /// Which Talos, on which medium.
    pub image: ClusterImage,
    /// Version of Kubernetes, without `v`: `1.36.3`.
    pub kubernetes: String,
    /// Machines that run etcd and the API.
    pub control_planes: NodeGroup,
    /// Machines that only work.
    pub workers: NodeGroup,
    /// Sizes of single machines.
    pub sizes: Vec<NodeSizes>,
    /// Where they are.
    pub network: ClusterNetwork,
    /// How the API is reached.
    pub endpoint: EndpointKind,
    /// How pods reach one another.
    pub cni: CniKind,
    /// Network of the pods; empty for `10.244.0.0/16`.
    pub pod_subnet: String,
    /// Network of the services; empty for `10.96.0.0/12`.
    pub service_subnet: String,
    /// Whether ordinary pods run on control planes too.
    pub schedule_on_control_planes: bool,
    /// Images taken from elsewhere.
    pub mirrors: Vec<RegistryMirror>,
    /// Changes to the configurations.
    pub patches: ClusterPatches,
    /// Machines are started and left waiting for a configuration, for people with tools of their own.
    pub leave_in_maintenance: bool,
    /// Omni's own link, with which machines join it; empty otherwise.
    pub omni: String,
    /// A file of the person's with the secrets that the cluster is made with: a `secrets.yaml`, or the
    /// configuration of a control plane. Empty for new ones.
    #[serde(default)]
    pub secrets_file: String,
}
