//! Recipes: a cluster as one file that gives the same cluster, and back.

use crate::Engine;
use crate::error::{EngineError, Result, internal};
use crete_model::{
    ClusterDraft, ClusterId, ClusterImage, ClusterNetwork, ClusterRecipe, ClusterSpec, ErrorCode,
    NodeGroup, NodeRole, NodeSizes, Problem, RECIPE_FORM, RecipeImage, RecipeMachines, Remedy,
    Sizes, params,
};

/// Far more than any recipe has.
const LARGEST: usize = 4 << 20;

fn not_a_recipe(reason: impl std::fmt::Display) -> EngineError {
    Problem::new(ErrorCode::NotARecipe, params! { "reason" => reason })
        .with_remedy(Remedy::ChooseAnother)
        .into()
}

impl Engine {
    /// The recipe of a cluster, and its text.
    ///
    /// # Errors
    /// When there is no such cluster.
    pub fn cluster_recipe(&self, id: ClusterId) -> Result<(ClusterRecipe, String)> {
        let spec = self.cluster(id)?.spec;
        self.recipe_of(&spec)
    }

    /// The recipe of a draft, and its text.
    ///
    /// # Errors
    /// When there is no such image.
    pub fn draft_recipe(&self, draft: &ClusterDraft) -> Result<(ClusterRecipe, String)> {
        let missing = || EngineError::NotFound {
            kind: "image",
            id: draft.name.clone(),
        };
        let spec = self.spec_of_draft(draft).ok_or_else(missing)?;
        self.recipe_of(&spec)
    }

    fn recipe_of(&self, spec: &ClusterSpec) -> Result<(ClusterRecipe, String)> {
        let schematic = spec.schematic.clone().unwrap_or_default();
        let digest = spec
            .image
            .and_then(|image| self.image(image).ok()?.spec.digest);
        let subnet = match spec.network {
            Some(network) if spec.own_network => self
                .networks
                .get(&network.to_string())
                .map(|view| view.spec.subnet),
            _ => (!spec.subnet.is_empty()).then(|| spec.subnet.clone()),
        };
        let recipe = ClusterRecipe {
            crete_cluster: RECIPE_FORM,
            name: spec.name.clone(),
            talos: spec.talos.clone(),
            kubernetes: spec.kubernetes.clone(),
            image: RecipeImage {
                arch: spec.arch,
                medium: spec.medium,
                schematic_id: crete_factory::schematic::id(&schematic),
                schematic,
                sha256: digest,
            },
            machines: machines_of(spec),
            subnet,
            endpoint: spec.endpoint.clone(),
            cni: spec.cni,
            pod_subnet: spec.pod_subnet.clone(),
            service_subnet: spec.service_subnet.clone(),
            schedule_on_control_planes: spec.schedule_on_control_planes,
            mirrors: spec.mirrors.clone(),
            patches: spec.patches.clone(),
        };
        let text = serde_saphyr::to_string(&recipe).map_err(internal)?;
        Ok((recipe, text))
    }

    /// A draft from a recipe's text. Nothing of it is believed: the draft is checked as any other.
    ///
    /// # Errors
    /// When the text is no recipe, of a later form, or its schematic is not what its id says.
    pub fn open_recipe(&self, text: &str) -> Result<ClusterDraft> {
        if text.len() > LARGEST {
            return Err(not_a_recipe(format!("{} bytes are too many", text.len())));
        }
        let recipe: ClusterRecipe = serde_saphyr::from_str(text).map_err(not_a_recipe)?;
        if recipe.crete_cluster > RECIPE_FORM {
            let form = recipe.crete_cluster;
            let reason = format!("its form is {form}, and this Crete knows {RECIPE_FORM} at most");
            return Err(not_a_recipe(reason));
        }
        let id = crete_factory::schematic::id(&recipe.image.schematic);
        if id != recipe.image.schematic_id {
            let claimed = &recipe.image.schematic_id;
            let reason = format!("its schematic has the id {id}, and not {claimed}");
            return Err(not_a_recipe(reason));
        }
        Ok(draft_of(recipe))
    }
}

fn draft_of(recipe: ClusterRecipe) -> ClusterDraft {
    let machines = recipe.machines;
    ClusterDraft {
        name: recipe.name,
        image: ClusterImage::Factory {
            version: recipe.talos,
            arch: recipe.image.arch,
            medium: recipe.image.medium,
            schematic: Some(Box::new(recipe.image.schematic)),
        },
        kubernetes: recipe.kubernetes,
        control_planes: NodeGroup {
            count: machines.control_planes,
            sizes: machines.control_plane_sizes,
        },
        workers: NodeGroup {
            count: machines.workers,
            sizes: machines.worker_sizes,
        },
        sizes: machines.sizes,
        network: ClusterNetwork::New {
            subnet: recipe.subnet.unwrap_or_default(),
        },
        endpoint: recipe.endpoint,
        cni: recipe.cni,
        pod_subnet: recipe.pod_subnet,
        service_subnet: recipe.service_subnet,
        schedule_on_control_planes: recipe.schedule_on_control_planes,
        mirrors: recipe.mirrors,
        patches: recipe.patches,
        leave_in_maintenance: false,
        omni: String::new(),
        secrets_file: String::new(),
    }
}

/// The sizes that most machines of a role have, and those that differ. Machines that came and went
/// leave gaps in the numbers; a recipe counts from one again.
fn machines_of(spec: &ClusterSpec) -> RecipeMachines {
    let none = Sizes {
        vcpus: 2,
        memory_mib: 2048,
        disk_gib: 20,
    };
    let group = |role, letter: &str| {
        let nodes: Vec<_> = spec.of_role(role).collect();
        let first = nodes.first().map_or(none, |node| node.sizes);
        let numbered = nodes.iter().enumerate();
        let differ = numbered.filter(|(_, node)| node.sizes != first);
        let differ: Vec<NodeSizes> = differ
            .map(|(at, node)| NodeSizes {
                node: format!("{letter}-{}", at + 1),
                sizes: node.sizes,
            })
            .collect();
        (
            u32::try_from(nodes.len()).unwrap_or(u32::MAX),
            first,
            differ,
        )
    };
    let (control_planes, control_plane_sizes, mut sizes) = group(NodeRole::ControlPlane, "cp");
    let (workers, worker_sizes, differ) = group(NodeRole::Worker, "w");
    sizes.extend(differ);
    RecipeMachines {
        control_planes,
        control_plane_sizes,
        workers,
        worker_sizes,
        sizes,
    }
}
