//! A cluster as one readable file: everything but its secrets.

use super::{ClusterPatches, CniKind, EndpointKind, NodeSizes, RegistryMirror};
use crate::{Arch, BootMedium, Schematic, Sizes, TalosVersion};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The newest form of a recipe that is understood.
pub const RECIPE_FORM: u32 = 1;

/// A recipe, as YAML in a file of the person's. Dropped onto the window it gives the same cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ClusterRecipe {
    /// The form of this file: what tells it from any other YAML.
    pub crete_cluster: u32,
    /// The cluster's name.
    pub name: String,
    /// Version of Talos.
    pub talos: TalosVersion,
    /// Version of Kubernetes, without `v`.
    pub kubernetes: String,
    /// Which image.
    pub image: RecipeImage,
    /// Which machines.
    pub machines: RecipeMachines,
    /// Name of a network that was there before the cluster, and is taken where there is one of that
    /// name; nothing for one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Subnet of its network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet: Option<String>,
    /// How the API is reached.
    pub endpoint: EndpointKind,
    /// How pods reach one another.
    pub cni: CniKind,
    /// Network of the pods.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pod_subnet: String,
    /// Network of the services.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub service_subnet: String,
    /// Whether ordinary pods run on control planes too.
    #[serde(default)]
    pub schedule_on_control_planes: bool,
    /// Images taken from elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<RegistryMirror>,
    /// Changes to the configurations.
    #[serde(default, skip_serializing_if = "is_default")]
    pub patches: ClusterPatches,
    /// Whether machines are left waiting for a configuration.
    #[serde(default, skip_serializing_if = "is_default")]
    pub leave_in_maintenance: bool,
    /// Omni's own link without its join token: that is a secret, and is asked for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub omni: String,
}

/// The image of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RecipeImage {
    /// Processor architecture.
    pub arch: Arch,
    /// Disk image, or ISO with installation.
    pub medium: BootMedium,
    /// What it holds beyond the plain one; nothing for a file of the person's, which no factory makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schematic: Option<Schematic>,
    /// The schematic's id: it is computed again and must be this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schematic_id: Option<String>,
    /// SHA-256 of the file that machines booted from, where it is known. A file of the library with
    /// another one is not taken for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// The machines of a recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RecipeMachines {
    /// How many control planes.
    pub control_planes: u32,
    /// Sizes of each.
    pub control_plane_sizes: Sizes,
    /// How many workers.
    pub workers: u32,
    /// Sizes of each.
    pub worker_sizes: Sizes,
    /// Those that differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<NodeSizes>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
