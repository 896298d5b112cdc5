//! The rules of a draft, each with the path of its field.

use super::cidr::Cidr;
use super::configure;
use super::draft::{MIN_DISK_GIB, MOST_NODES};
use super::secrets;
use crate::Engine;
use crete_model::{
    ClusterDraft, ClusterNetwork, EndpointKind, FIRST_CLUSTER_TALOS, FieldCode, FieldProblem,
    NameFault, NodeRole, Params, Sizes, TalosVersion, check_machine_name, kubernetes_support,
    params, takes_kubernetes,
};
use std::net::Ipv4Addr;
use std::path::Path;
use url::Url;

/// `knossos-cp-10` has to be one DNS label of 63 bytes.
const LONGEST_NAME: usize = 56;
/// Talos' own defaults.
const PODS: &str = "10.244.0.0/16";
const SERVICES: &str = "10.96.0.0/12";

/// What is wrong with a file that is to hold secrets.
pub(super) fn not_secrets(reason: String) -> FieldProblem {
    FieldProblem {
        field: "secrets_file".to_owned(),
        code: FieldCode::NotSecrets,
        params: params! { "reason" => reason },
    }
}

/// A draft being checked.
pub(super) struct Check<'a> {
    engine: &'a Engine,
    draft: &'a ClusterDraft,
    problems: Vec<FieldProblem>,
}

impl<'a> Check<'a> {
    /// Everything that is wrong with a draft.
    pub fn of(engine: &'a Engine, draft: &'a ClusterDraft) -> Vec<FieldProblem> {
        let mut check = Self {
            engine,
            draft,
            problems: Vec::new(),
        };
        check.name();
        let talos = check.image();
        check.counts();
        check.sizes();
        check.network();
        check.endpoint();
        check.subnets();
        check.mirrors();
        check.omni();
        check.secrets();
        if let Some(talos) = talos {
            check.kubernetes(&talos);
            check.patches(&talos);
        }
        check.problems
    }

    fn problem(&mut self, field: impl Into<String>, code: FieldCode, params: Params) {
        self.problems.push(FieldProblem {
            field: field.into(),
            code,
            params,
        });
    }

    fn name(&mut self) {
        let name = &self.draft.name;
        let (code, params) = match check_machine_name(name) {
            Err(NameFault::Empty) => (FieldCode::Missing, Params::new()),
            Err(NameFault::Characters) => (FieldCode::Characters, Params::new()),
            Err(NameFault::TooLong) => (FieldCode::TooLong, params! { "max" => LONGEST_NAME }),
            Ok(()) if name.len() > LONGEST_NAME => {
                (FieldCode::TooLong, params! { "max" => LONGEST_NAME })
            }
            Ok(()) => match self.taken(name) {
                Some(other) => (FieldCode::Taken, params! { "name" => other }),
                None => return,
            },
        };
        self.problem("name", code, params);
    }

    /// Who has the name, or one of those that its machines and network would have.
    fn taken(&self, name: &str) -> Option<String> {
        let engine = self.engine;
        let clusters = engine.clusters.all().into_iter().map(|view| view.spec.name);
        if let Some(same) = clusters.into_iter().find(|other| other == name) {
            return Some(same);
        }
        let own = configure::node_names(self.draft);
        let own: Vec<String> = own
            .iter()
            .map(|(node, _)| format!("{name}-{node}"))
            .collect();
        let machines = engine.machines.all().into_iter().map(|view| view.spec.name);
        let machine = machines.into_iter().find(|other| own.contains(other));
        if machine.is_some() {
            return machine;
        }
        let new = matches!(self.draft.network, ClusterNetwork::New { .. });
        let networks = engine.networks.all().into_iter().map(|view| view.spec.name);
        networks.into_iter().find(|other| new && other == name)
    }

    fn image(&mut self) -> Option<TalosVersion> {
        let Some(wanted) = self.engine.wanted_image(&self.draft.image) else {
            self.problem("image", FieldCode::NotForClusters, Params::new());
            return None;
        };
        if self.engine.why_not_runnable(wanted.arch).is_some() {
            self.problem("image.arch", FieldCode::NotForClusters, Params::new());
        }
        if kubernetes_support(&wanted.talos).is_none() {
            let (major, minor) = FIRST_CLUSTER_TALOS;
            let needed = format!("v{major}.{minor}");
            let params = params! { "version" => wanted.talos, "needed" => needed };
            self.problem("image.version", FieldCode::TalosTooOld, params);
            return None;
        }
        Some(wanted.talos)
    }

    fn kubernetes(&mut self, talos: &TalosVersion) {
        let support = kubernetes_support(talos);
        let (oldest, newest) =
            support.map_or_else(Default::default, |one| (one.oldest, one.newest));
        match takes_kubernetes(talos, &self.draft.kubernetes) {
            Some(true) => {}
            Some(false) => self.problem(
                "kubernetes",
                FieldCode::KubernetesNotTaken,
                params! { "oldest" => oldest, "newest" => newest },
            ),
            None if self.draft.kubernetes.is_empty() => {
                self.problem("kubernetes", FieldCode::Missing, Params::new());
            }
            None => self.problem("kubernetes", FieldCode::NotAVersion, Params::new()),
        }
    }

    fn counts(&mut self) {
        let (control_planes, workers) = (self.draft.control_planes.count, self.draft.workers.count);
        if control_planes == 0 {
            let params = params! { "min" => 1 };
            self.problem("control_planes.count", FieldCode::TooSmall, params);
        } else if control_planes.is_multiple_of(2) {
            let params = params! { "count" => control_planes, "better" => control_planes + 1 };
            self.problem("control_planes.count", FieldCode::EvenControlPlanes, params);
        } else if control_planes > 7 {
            let params = params! { "max" => 7 };
            self.problem("control_planes.count", FieldCode::TooLarge, params);
        }
        if control_planes.saturating_add(workers) > MOST_NODES {
            let params = params! { "max" => MOST_NODES };
            self.problem("workers.count", FieldCode::TooManyNodes, params);
        }
    }

    fn sizes(&mut self) {
        let draft = self.draft;
        let groups = [
            (
                "control_planes",
                NodeRole::ControlPlane,
                draft.control_planes,
            ),
            ("workers", NodeRole::Worker, draft.workers),
        ];
        for (field, role, group) in groups {
            if group.count > 0 {
                self.size(&format!("{field}.sizes"), role, group.sizes);
            }
        }
        let known = configure::node_names(draft);
        for (at, one) in draft.sizes.iter().enumerate() {
            match known.iter().find(|(name, _)| *name == one.node) {
                Some((_, role)) => self.size(&format!("sizes.{at}.sizes"), *role, one.sizes),
                None => self.problem(
                    format!("sizes.{at}.node"),
                    FieldCode::Unknown,
                    Params::new(),
                ),
            }
        }
    }

    fn size(&mut self, field: &str, role: NodeRole, sizes: Sizes) {
        let (max_vcpus, max_memory) = self.engine.limits();
        let least = self.engine.least_memory(role);
        let ranges = [
            ("vcpus", sizes.vcpus, 1, max_vcpus),
            ("memory_mib", sizes.memory_mib, least, max_memory),
            ("disk_gib", sizes.disk_gib, MIN_DISK_GIB, 64 * 1024),
        ];
        for (name, value, min, max) in ranges {
            let field = format!("{field}.{name}");
            if value < min {
                self.problem(field, FieldCode::TooSmall, params! { "min" => min });
            } else if value > max {
                self.problem(field, FieldCode::TooLarge, params! { "max" => max });
            }
        }
    }

    fn network(&mut self) {
        match &self.draft.network {
            ClusterNetwork::Existing { network } => {
                if self.engine.networks.get(&network.to_string()).is_none() {
                    self.problem("network.network", FieldCode::Unknown, Params::new());
                }
            }
            ClusterNetwork::New { subnet } => {
                let faults = self
                    .engine
                    .check_network(&configure::network_draft(&self.draft.name, subnet));
                let subnet = faults.into_iter().filter(|one| one.field == "subnet");
                for fault in subnet {
                    self.problem("network.subnet", fault.code, fault.params);
                }
            }
        }
    }

    /// The subnet of the machines, where it is known.
    fn machines_subnet(&self) -> Option<String> {
        match &self.draft.network {
            ClusterNetwork::New { subnet } => {
                (!subnet.trim().is_empty()).then(|| subnet.trim().to_owned())
            }
            ClusterNetwork::Existing { network } => {
                let view = self.engine.networks.get(&network.to_string())?;
                Some(view.spec.subnet)
            }
        }
    }

    fn endpoint(&mut self) {
        let EndpointKind::VirtualIp { address } = &self.draft.endpoint else {
            return;
        };
        if self.draft.control_planes.count < 2 {
            self.problem(
                "endpoint.kind",
                FieldCode::NeedsControlPlanes,
                Params::new(),
            );
        }
        let address = address.trim();
        if address.is_empty() {
            return;
        }
        let Ok(address) = address.parse::<Ipv4Addr>() else {
            self.problem("endpoint.address", FieldCode::NotAnAddress, Params::new());
            return;
        };
        let Some(subnet) = self.machines_subnet() else {
            return;
        };
        if !subnet.parse::<Cidr>().is_ok_and(|cidr| cidr.holds(address)) {
            let params = params! { "subnet" => subnet };
            self.problem("endpoint.address", FieldCode::NotInSubnet, params);
        } else if let ClusterNetwork::Existing { network } = &self.draft.network
            && let Some(owner) = self.engine.owner_of_address(*network, address)
        {
            let params = params! { "owner" => owner };
            self.problem("endpoint.address", FieldCode::InUse, params);
        }
    }

    fn subnets(&mut self) {
        let or = |text: &str, default: &str| match text.trim() {
            "" => default.to_owned(),
            text => text.to_owned(),
        };
        let pods = or(&self.draft.pod_subnet, PODS);
        let services = or(&self.draft.service_subnet, SERVICES);
        let mut others: Vec<(String, Cidr)> = Vec::new();
        if let Some(subnet) = self.machines_subnet()
            && let Ok(cidr) = subnet.parse()
        {
            others.push((subnet, cidr));
        }
        for (field, text) in [("pod_subnet", pods), ("service_subnet", services)] {
            let Ok(cidr) = text.parse::<Cidr>() else {
                self.problem(field, FieldCode::NotACidr, Params::new());
                continue;
            };
            let collides = others.iter().find(|(_, other)| other.overlaps(cidr));
            if let Some((other, _)) = collides {
                let params = params! { "with" => other };
                self.problem(field, FieldCode::Collides, params);
            }
            others.push((text, cidr));
        }
    }

    fn mirrors(&mut self) {
        for (at, mirror) in self.draft.mirrors.iter().enumerate() {
            let host = mirror.registry.trim();
            let named = host == "*"
                || Url::parse(&format!("https://{host}/")).is_ok_and(|url| url.path() == "/");
            if host.is_empty() || !named {
                self.problem(
                    format!("mirrors.{at}.registry"),
                    FieldCode::Characters,
                    Params::new(),
                );
            }
            if mirror.endpoints.is_empty() {
                self.problem(
                    format!("mirrors.{at}.endpoints"),
                    FieldCode::Missing,
                    Params::new(),
                );
            }
            for (place, endpoint) in mirror.endpoints.iter().enumerate() {
                let web = |url: Url| ["http", "https"].contains(&url.scheme()) && url.has_host();
                if !Url::parse(endpoint).is_ok_and(web) {
                    let field = format!("mirrors.{at}.endpoints.{place}");
                    self.problem(field, FieldCode::NotAUrl, Params::new());
                }
            }
        }
    }

    fn omni(&mut self) {
        let link = self.draft.omni.trim();
        if !link.is_empty() && configure::omni_arguments(link).is_none() {
            self.problem("omni", FieldCode::NotOmni, Params::new());
        }
    }

    fn secrets(&mut self) {
        let path = self.draft.secrets_file.trim();
        if path.is_empty() {
            return;
        }
        if let Err(reason) = secrets::from_file(Path::new(path)) {
            self.problems.push(not_secrets(reason));
        }
    }

    fn patches(&mut self, talos: &TalosVersion) {
        let known = configure::node_names(self.draft);
        for (at, one) in self.draft.patches.nodes.iter().enumerate() {
            if !known.iter().any(|(name, _)| *name == one.node) {
                self.problem(
                    format!("patches.nodes.{at}.node"),
                    FieldCode::Unknown,
                    Params::new(),
                );
            }
        }
        for (field, reason) in configure::unreadable_patches(&self.draft.patches, talos) {
            self.problem(field, FieldCode::NotAPatch, params! { "reason" => reason });
        }
        // What cannot be made because of another field is that field's fault.
        if self.problems.is_empty() {
            for (field, node, reason) in self.engine.refused_configurations(self.draft) {
                let params = params! { "node" => node, "reason" => reason };
                self.problem(field, FieldCode::ConfigurationRefused, params);
            }
        }
    }
}
