//! New clusters: what is offered, and what is acceptable. Nothing that was not checked here goes on.

use super::check::Check;
use crate::Engine;
use crate::error::Result;
use crete_model::{
    Arch, BootMedium, ClusterDraft, ClusterImage, ClusterNetwork, ClusterOffer, ClusterPatches,
    ClusterPreset, CniKind, EndpointKind, FieldProblem, ImageId, MIN_MEMORY_MIB, NodeGroup,
    NodeRole, Schematic, Sizes, TalosVersion, kubernetes_support,
};

/// What Talos itself calls the least, MiB.
const MIN_CONTROL_PLANE_MIB: u32 = 2048;
const MIN_WORKER_MIB: u32 = 1024;
/// What is offered, MiB.
const CONTROL_PLANE_MIB: u32 = 4096;
const WORKER_MIB: u32 = 2048;
/// Talos wants 6 GiB for its own data alone.
pub(super) const MIN_DISK_GIB: u32 = 10;
const DISK_GIB: u32 = 20;
const VCPUS: u32 = 2;
/// Machines of one cluster: a network of 256 addresses seats 224.
pub(super) const MOST_NODES: u32 = 64;
/// The version that is offered while no list of versions is there.
const OFFERED_TALOS: (u64, u64, u64) = (1, 13, 9);
/// Cities of ancient Crete and their people, offered as names in this order.
const NAMES: &[&str] = &[
    "knossos",
    "phaistos",
    "malia",
    "zakros",
    "gortyn",
    "kydonia",
    "lyttos",
    "aptera",
    "lato",
    "eleutherna",
    "minos",
    "ariadne",
    "daidalos",
    "talos",
];

/// What the image of a draft is, as far as it is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    pub talos: TalosVersion,
    pub arch: Arch,
    pub medium: BootMedium,
    pub schematic: Option<Schematic>,
    pub image: Option<ImageId>,
}

impl Engine {
    /// Suggests a cluster, as it can be made with one click.
    ///
    /// # Errors
    /// Never yet; a list of versions that cannot be had is no obstacle.
    pub fn offer_cluster(
        &self,
        preset: Option<ClusterPreset>,
        talos: Option<TalosVersion>,
    ) -> Result<ClusterOffer> {
        let (max_vcpus, max_memory_mib) = self.limits();
        let talos = talos.unwrap_or_else(|| self.newest_talos());
        let preset = preset.unwrap_or(ClusterPreset::Solo);
        let (control_planes, workers) = preset.counts();
        let kubernetes = kubernetes_support(&talos).map(|support| support.default);
        let group = |count, role| NodeGroup {
            count,
            sizes: self.offered_sizes(role, max_vcpus, max_memory_mib),
        };
        let draft = ClusterDraft {
            name: self.free_cluster_name(),
            image: ClusterImage::Factory {
                version: talos,
                arch: self.arch(),
                medium: BootMedium::DiskImage,
                schematic: None,
            },
            kubernetes: kubernetes.unwrap_or_default(),
            control_planes: group(control_planes, NodeRole::ControlPlane),
            workers: group(workers, NodeRole::Worker),
            sizes: Vec::new(),
            network: ClusterNetwork::New {
                subnet: String::new(),
            },
            endpoint: EndpointKind::LoadBalancer,
            cni: CniKind::Flannel,
            pod_subnet: String::new(),
            service_subnet: String::new(),
            schedule_on_control_planes: workers == 0,
            mirrors: Vec::new(),
            patches: ClusterPatches::default(),
            leave_in_maintenance: false,
            omni: String::new(),
            secrets_file: String::new(),
        };
        Ok(ClusterOffer {
            draft,
            max_nodes: (max_memory_mib / self.least_memory(NodeRole::Worker)).clamp(1, MOST_NODES),
            max_vcpus,
            max_memory_mib,
            min_control_plane_mib: self.least_memory(NodeRole::ControlPlane),
            min_worker_mib: self.least_memory(NodeRole::Worker),
            min_disk_gib: MIN_DISK_GIB,
        })
    }

    /// The newest stable version that the factory offered last.
    fn newest_talos(&self) -> TalosVersion {
        let (major, minor, patch) = OFFERED_TALOS;
        let known = self.known_versions();
        let known = known.and_then(|list| crete_factory::group_versions(list).recommended);
        known.unwrap_or_else(|| TalosVersion::new(major, minor, patch))
    }

    fn offered_sizes(&self, role: NodeRole, max_vcpus: u32, max_memory_mib: u32) -> Sizes {
        let wanted = match (self.is_practice(), role) {
            (true, _) => MIN_MEMORY_MIB,
            (false, NodeRole::ControlPlane) => CONTROL_PLANE_MIB,
            (false, NodeRole::Worker) => WORKER_MIB,
        };
        Sizes {
            vcpus: if self.is_practice() { 1 } else { VCPUS }.min(max_vcpus),
            memory_mib: wanted.min(max_memory_mib).max(self.least_memory(role)),
            disk_gib: if self.is_practice() {
                MIN_DISK_GIB
            } else {
                DISK_GIB
            },
        }
    }

    /// Practice machines are no Talos, and need no more than a machine does.
    pub(super) fn least_memory(&self, role: NodeRole) -> u32 {
        match (self.is_practice(), role) {
            (true, _) => MIN_MEMORY_MIB,
            (false, NodeRole::ControlPlane) => MIN_CONTROL_PLANE_MIB,
            (false, NodeRole::Worker) => MIN_WORKER_MIB,
        }
    }

    fn free_cluster_name(&self) -> String {
        let taken: Vec<String> = self.taken_cluster_names().collect();
        let numbered = (1u32..).flat_map(|round| {
            NAMES.iter().map(move |name| match round {
                1 => (*name).to_owned(),
                _ => format!("{name}-{round}"),
            })
        });
        let is_free = |name: &String| !taken.contains(name);
        numbered.into_iter().find(is_free).unwrap_or_default()
    }

    /// Names of clusters and networks: a cluster's own network is called as it is.
    fn taken_cluster_names(&self) -> impl Iterator<Item = String> {
        let clusters = self.clusters.all().into_iter().map(|view| view.spec.name);
        let networks = self.networks.all().into_iter().map(|view| view.spec.name);
        clusters.chain(networks)
    }

    /// Checks a draft field by field. Nothing in it is trusted.
    #[must_use]
    pub fn check_cluster(&self, draft: &ClusterDraft) -> Vec<FieldProblem> {
        Check::of(self, draft)
    }

    /// What a draft's image is; nothing when there is no such image, or it does not tell.
    pub(super) fn wanted_image(&self, image: &ClusterImage) -> Option<Wanted> {
        match image {
            ClusterImage::Factory {
                version,
                arch,
                medium,
                schematic,
            } => Some(Wanted {
                talos: version.clone(),
                arch: *arch,
                medium: *medium,
                schematic: Some(match schematic {
                    Some(schematic) => schematic.as_ref().clone(),
                    None => crete_factory::serial_console_schematic(*arch),
                }),
                image: None,
            }),
            ClusterImage::Library { image } => {
                let spec = self.image(*image).ok()?.spec;
                let schematic = match &spec.origin {
                    crete_model::ImageOrigin::Factory(origin) => Some(origin.schematic.clone()),
                    crete_model::ImageOrigin::Imported(_) => None,
                };
                Some(Wanted {
                    talos: spec.version.clone()?,
                    arch: spec.arch?,
                    medium: spec.medium,
                    schematic,
                    image: Some(spec.id),
                })
            }
        }
    }
}
