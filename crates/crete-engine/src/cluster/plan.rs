//! What a draft would become, in figures and steps. Makes and sends nothing.

use super::configure::{count_patches, spec_of};
use super::steps::{Runs, steps};
use crate::Engine;
use crete_model::{
    ClusterDraft, ClusterNetwork, ClusterNode, ClusterPlan, ClusterPreset, ClusterSpec,
    ClusterWork, EndpointKind, ImageChoice, ImageId, PlannedNode, PlannedStep, Quorum, Sizes,
    kubernetes_support,
};
use crete_net::Subnet;

/// The port of the Kubernetes API.
pub(super) const API_PORT: u16 = 6443;

impl Engine {
    /// What a draft would become, and what is not acceptable in it.
    #[must_use]
    pub fn plan_cluster(&self, draft: &ClusterDraft) -> ClusterPlan {
        let fields = self.check_cluster(draft);
        let wanted = self.wanted_image(&draft.image);
        let talos = wanted.as_ref().map(|wanted| wanted.talos.clone());
        let (control_planes, workers) = (draft.control_planes.count, draft.workers.count);
        let mut plan = ClusterPlan {
            fields,
            preset: ClusterPreset::of(control_planes, workers),
            nodes: Vec::new(),
            may_fail: Quorum::of(control_planes, control_planes).spare(),
            support: talos.as_ref().and_then(kubernetes_support),
            talos,
            image: None,
            download: 0,
            network: self.planned_network(draft),
            endpoint: self.planned_endpoint(draft),
            total: Sizes {
                vcpus: 0,
                memory_mib: 0,
                disk_gib: 0,
            },
            strains: Vec::new(),
            steps: Vec::new(),
            usual_s: None,
        };
        let Some(wanted) = wanted else {
            return plan;
        };
        let installer = self.installer(wanted.schematic.as_ref(), &wanted.talos);
        let spec = spec_of(draft, wanted, installer, self.clock.text());
        self.plan_machines(&mut plan, draft, &spec);
        self.plan_download(&mut plan, &spec);
        let runs = Runs::read(&self.roots.cluster_runs());
        let step = |code| PlannedStep {
            code,
            usual_s: runs.usual(&spec, ClusterWork::Create, code),
        };
        plan.steps = steps(&spec, ClusterWork::Create)
            .into_iter()
            .map(step)
            .collect();
        plan.usual_s = runs.usual_total(&spec, ClusterWork::Create);
        plan
    }

    fn plan_machines(&self, plan: &mut ClusterPlan, draft: &ClusterDraft, spec: &ClusterSpec) {
        for node in &spec.nodes {
            let patches = count_patches(&draft.patches, &node.name, node.role);
            plan.nodes.push(PlannedNode {
                name: node.name.clone(),
                hostname: spec.machine_name(node),
                role: node.role,
                sizes: node.sizes,
                patches: u32::try_from(patches).unwrap_or(u32::MAX),
            });
        }
        plan.total = total(&spec.nodes);
        plan.strains = self.strains(plan.total);
    }

    fn plan_download(&self, plan: &mut ClusterPlan, spec: &ClusterSpec) {
        plan.image = self.image_for(spec);
        if plan.image.is_none() {
            let choice = ImageChoice {
                version: spec.talos.clone(),
                arch: spec.arch,
                medium: spec.medium,
            };
            plan.download = self.plan(&choice).map_or(0, |plan| plan.estimated_size);
        }
    }

    /// The complete image that a cluster's machines would boot from.
    pub(super) fn image_for(&self, spec: &ClusterSpec) -> Option<ImageId> {
        let id = spec.image.or_else(|| {
            let choice = self.choice_of(spec);
            self.image_of_schematic(&choice, spec.schematic.as_ref()?)
        })?;
        self.image_is_ready(id).then_some(id)
    }

    pub(super) fn choice_of(&self, spec: &ClusterSpec) -> ImageChoice {
        ImageChoice {
            version: spec.talos.clone(),
            arch: spec.arch,
            medium: spec.medium,
        }
    }

    fn planned_network(&self, draft: &ClusterDraft) -> String {
        match &draft.network {
            ClusterNetwork::New { .. } => draft.name.clone(),
            ClusterNetwork::Existing { network } => {
                let view = self.networks.get(&network.to_string());
                view.map(|view| view.spec.name).unwrap_or_default()
            }
        }
    }

    /// Where the API would be reached inside, as far as that is known before a network is there.
    fn planned_endpoint(&self, draft: &ClusterDraft) -> String {
        if let EndpointKind::VirtualIp { address } = &draft.endpoint {
            let address = address.trim();
            return match address.is_empty() {
                true => String::new(),
                false => format!("{address}:{API_PORT}"),
            };
        }
        let subnet = match &draft.network {
            ClusterNetwork::New { subnet } => subnet.trim().to_owned(),
            ClusterNetwork::Existing { network } => {
                let view = self.networks.get(&network.to_string());
                view.map(|view| view.spec.subnet).unwrap_or_default()
            }
        };
        let gateway = subnet.parse::<Subnet>().ok().map(Subnet::gateway);
        gateway.map_or_else(String::new, |gateway| format!("{gateway}:{API_PORT}"))
    }
}

/// Machines together.
pub(super) fn total(nodes: &[ClusterNode]) -> Sizes {
    let sum = |of: fn(&Sizes) -> u32| {
        nodes
            .iter()
            .map(|node| of(&node.sizes))
            .fold(0, u32::saturating_add)
    };
    Sizes {
        vcpus: sum(|sizes| sizes.vcpus),
        memory_mib: sum(|sizes| sizes.memory_mib),
        disk_gib: sum(|sizes| sizes.disk_gib),
    }
}
