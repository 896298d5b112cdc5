//! Recipes: a cluster as one file that gives the same cluster, and back.

use super::configure::omni_without_token;
use crate::Engine;
use crate::error::{EngineError, Result, internal};
use crete_model::{
    ClusterDraft, ClusterId, ClusterImage, ClusterNetwork, ClusterNode, ClusterPatches,
    ClusterRecipe, ClusterSpec, ErrorCode, ImageChoice, ImageState, ImageView, NodeGroup,
    NodePatches, NodeRole, NodeSizes, Problem, RECIPE_FORM, RecipeImage, RecipeMachines, Remedy,
    Sizes, TalosVersion, params,
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
        let image = self
            .image_for(spec)
            .and_then(|image| self.image(image).ok());
        let network = spec
            .network
            .and_then(|id| self.networks.get(&id.to_string()))
            .map(|view| view.spec);
        let wished = || (!spec.subnet.is_empty()).then(|| spec.subnet.clone());
        let recipe = ClusterRecipe {
            crete_cluster: RECIPE_FORM,
            name: spec.name.clone(),
            talos: spec.talos.clone(),
            kubernetes: spec.kubernetes.clone(),
            image: RecipeImage {
                arch: spec.arch,
                medium: spec.medium,
                schematic_id: spec.schematic.as_ref().map(crete_factory::schematic::id),
                schematic: spec.schematic.clone(),
                sha256: image.as_ref().and_then(sha256_of),
            },
            machines: machines_of(spec),
            subnet: network
                .as_ref()
                .map(|one| one.subnet.clone())
                .or_else(wished),
            network: network.filter(|_| !spec.own_network).map(|one| one.name),
            endpoint: spec.endpoint.clone(),
            cni: spec.cni,
            pod_subnet: spec.pod_subnet.clone(),
            service_subnet: spec.service_subnet.clone(),
            schedule_on_control_planes: spec.schedule_on_control_planes,
            mirrors: spec.mirrors.clone(),
            patches: patches_of(spec),
            leave_in_maintenance: spec.leave_in_maintenance && spec.omni.is_empty(),
            omni: omni_without_token(&spec.omni),
        };
        let text = serde_saphyr::to_string(&recipe).map_err(internal)?;
        Ok((recipe, text))
    }

    /// A draft from a recipe's text. Nothing of it is believed: the draft is checked as any other.
    ///
    /// # Errors
    /// When the text is no recipe, of a later form, its schematic is not what its id says, or the
    /// image is another one than the recipe's.
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
        let image = self.recipe_image(recipe.talos.clone(), recipe.image.clone())?;
        let named = |name: &String| {
            let all = self.networks.all().into_iter();
            let mut same = all.filter(|view| view.spec.name == *name);
            same.next().map(|view| view.spec.id)
        };
        let network = match recipe.network.as_ref().and_then(named) {
            Some(network) => ClusterNetwork::Existing { network },
            None => ClusterNetwork::New {
                subnet: recipe.subnet.clone().unwrap_or_default(),
            },
        };
        Ok(draft_of(recipe, image, network))
    }

    /// The image of a recipe: a choice for the factory, or exactly the file that it names.
    fn recipe_image(&self, version: TalosVersion, wanted: RecipeImage) -> Result<ClusterImage> {
        let of_the_library = |sha256: &String| {
            let all = self.images.all().into_iter();
            let mut same = all.filter(|view| sha256_of(view).as_ref() == Some(sha256));
            same.next().map(|view| ClusterImage::Library {
                image: view.spec.id,
            })
        };
        let sha256 = wanted.sha256;
        let Some(schematic) = wanted.schematic else {
            let missing = || {
                let params = params! { "sha256" => sha256.clone().unwrap_or_default() };
                Problem::new(ErrorCode::RecipeImageMissing, params)
                    .with_remedy(Remedy::ChooseAnother)
            };
            let found = sha256.as_ref().and_then(of_the_library);
            return Ok(found.ok_or_else(missing)?);
        };
        let id = crete_factory::schematic::id(&schematic);
        if let Some(claimed) = wanted.schematic_id.filter(|claimed| *claimed != id) {
            let reason = format!("its schematic has the id {id}, and not {claimed}");
            return Err(not_a_recipe(reason));
        }
        let choice = ImageChoice {
            version,
            arch: wanted.arch,
            medium: wanted.medium,
        };
        let there = self
            .image_of_schematic(&choice, &schematic)
            .and_then(|image| sha256_of(&self.image(image).ok()?));
        if let (Some(sha256), Some(found)) = (&sha256, there)
            && *sha256 != found
        {
            let params = params! { "sha256" => sha256, "found" => found };
            let differs = Problem::new(ErrorCode::RecipeImageDiffers, params)
                .with_remedy(Remedy::ChooseAnother);
            return Ok(of_the_library(sha256).ok_or(differs)?);
        }
        Ok(ClusterImage::Factory {
            version: choice.version,
            arch: choice.arch,
            medium: choice.medium,
            schematic: Some(Box::new(schematic)),
        })
    }
}

/// SHA-256 of an image's file, when it is complete.
fn sha256_of(image: &ImageView) -> Option<String> {
    let file = image.spec.file.as_ref();
    file.filter(|_| image.state == ImageState::Ready)
        .map(|file| file.sha256.clone())
}

fn draft_of(recipe: ClusterRecipe, image: ClusterImage, network: ClusterNetwork) -> ClusterDraft {
    let machines = recipe.machines;
    ClusterDraft {
        name: recipe.name,
        image,
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
        network,
        endpoint: recipe.endpoint,
        cni: recipe.cni,
        pod_subnet: recipe.pod_subnet,
        service_subnet: recipe.service_subnet,
        schedule_on_control_planes: recipe.schedule_on_control_planes,
        mirrors: recipe.mirrors,
        patches: recipe.patches,
        leave_in_maintenance: recipe.leave_in_maintenance,
        omni: recipe.omni,
        secrets_file: String::new(),
    }
}

/// The machines that stay, by the names that they get when the cluster is made again: those that came
/// and went leave gaps in the numbers, and a recipe counts from one.
fn counted_again(spec: &ClusterSpec) -> Vec<(String, &ClusterNode)> {
    let of = |role, letter: &'static str| {
        let nodes = spec.of_role(role).enumerate();
        nodes.map(move |(at, node)| (format!("{letter}-{}", at + 1), node))
    };
    let workers = of(NodeRole::Worker, "w");
    of(NodeRole::ControlPlane, "cp").chain(workers).collect()
}

/// The patches, for machines by the names that they get. Those of machines that leave go with them.
fn patches_of(spec: &ClusterSpec) -> ClusterPatches {
    let counted = counted_again(spec);
    let again = |one: &NodePatches| {
        let (name, _) = counted.iter().find(|(_, node)| node.name == one.node)?;
        Some(NodePatches {
            node: name.clone(),
            patches: one.patches.clone(),
        })
    };
    ClusterPatches {
        nodes: spec.patches.nodes.iter().filter_map(again).collect(),
        ..spec.patches.clone()
    }
}

/// The sizes of the first machine of each role, and those that differ.
fn machines_of(spec: &ClusterSpec) -> RecipeMachines {
    let none = Sizes {
        vcpus: 2,
        memory_mib: 2048,
        disk_gib: 20,
    };
    let counted = counted_again(spec);
    let mut sizes = Vec::new();
    let mut group = |role| {
        let of_role = || counted.iter().filter(move |(_, node)| node.role == role);
        let first = of_role().next().map_or(none, |(_, node)| node.sizes);
        let differ = of_role().filter(|(_, node)| node.sizes != first);
        sizes.extend(differ.map(|(name, node)| NodeSizes {
            node: name.clone(),
            sizes: node.sizes,
        }));
        (u32::try_from(of_role().count()).unwrap_or(u32::MAX), first)
    };
    let (control_planes, control_plane_sizes) = group(NodeRole::ControlPlane);
    let (workers, worker_sizes) = group(NodeRole::Worker);
    RecipeMachines {
        control_planes,
        control_plane_sizes,
        workers,
        worker_sizes,
        sizes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::tests::spec;

    /// A worker went: the others get other numbers, and their patches and sizes go with them.
    #[test]
    fn what_is_for_one_machine_stays_with_it_when_numbers_change() {
        let mut spec = spec(1, 4);
        let patch = |node: &str| NodePatches {
            node: node.to_owned(),
            patches: vec![format!("machine:\n  nodeLabels: {{of: {node}}}\n")],
        };
        spec.patches.nodes = ["w-1", "w-3", "w-4", "cp-1"].map(patch).to_vec();
        spec.nodes.retain(|node| node.name != "w-1");
        for node in &mut spec.nodes {
            node.leaving = node.name == "w-2";
            if node.name == "w-4" {
                node.sizes.memory_mib = 8192;
            }
        }
        let machines = machines_of(&spec);
        assert_eq!((machines.control_planes, machines.workers), (1, 2));
        let sizes: Vec<_> = machines
            .sizes
            .iter()
            .map(|one| (one.node.as_str(), one.sizes.memory_mib))
            .collect();
        assert_eq!(sizes, [("w-2", 8192)]);
        let patches = patches_of(&spec).nodes;
        let named: Vec<_> = patches
            .iter()
            .map(|one| (one.node.as_str(), one.patches[0].contains("of: w-3")))
            .collect();
        assert_eq!(named, [("w-1", true), ("w-2", false), ("cp-1", false)]);
    }
}
