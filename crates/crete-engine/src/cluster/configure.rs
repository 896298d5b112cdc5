//! From what is wanted to the configuration of each machine. Pure, but for the secrets it is given.
//!
//! ```text
//! ClusterSpec + Bundle ─▶ generate by role ─▶ host name, virtual address ─▶ patches:
//!                                                       cluster, role, machine ─▶ judged
//! ```

use super::draft::Wanted;
use crate::Engine;
use crate::error::{Result, internal};
use crete_model::{
    BootMedium, ClusterDraft, ClusterEndpoint, ClusterId, ClusterNetwork, ClusterNode,
    ClusterPatches, ClusterSpec, ClusterWish, CniKind, DEFAULT_MTU, EndpointKind, FieldCode,
    FieldProblem, MachineId, NetworkDraft, NodeRole, Params, Schematic, Sizes, TalosVersion,
    params,
};
use crete_talos::Contract;
use crete_talos::config::{
    Cni, Configuration, MachineRole, Mirror, Mode, Options, Patch, generate,
};
use crete_talos::pki::Bundle;
use std::borrow::Cow;
use std::sync::OnceLock;
use url::Url;
use uuid::Uuid;

/// The kernel arguments of Omni's link; the first says where it is.
const OMNI: [&str; 3] = [
    "siderolink.api=",
    "talos.events.sink=",
    "talos.logging.kernel=",
];
/// The part of it that lets machines join.
const TOKEN: &str = "jointoken";
/// The disk that machines have.
pub(super) const DISK: &str = "/dev/vda";

/// A configuration that Talos would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    /// The patch that is to blame, as a path in the draft; empty when it is none.
    pub field: String,
    /// Why; quotes no secret.
    pub reason: String,
}

/// Names of a draft's machines in their cluster, control planes first.
pub(super) fn node_names(draft: &ClusterDraft) -> Vec<(String, NodeRole)> {
    let most = super::draft::MOST_NODES;
    let control_planes = 1..=draft.control_planes.count.min(most);
    let workers = 1..=draft.workers.count.min(most);
    let named = control_planes.map(|number| (format!("cp-{number}"), NodeRole::ControlPlane));
    named
        .chain(workers.map(|number| (format!("w-{number}"), NodeRole::Worker)))
        .collect()
}

/// The sizes of one of a draft's machines.
pub(super) fn node_sizes(draft: &ClusterDraft, name: &str, role: NodeRole) -> Sizes {
    let own = draft.sizes.iter().find(|one| one.node == name);
    own.map_or(
        match role {
            NodeRole::ControlPlane => draft.control_planes.sizes,
            NodeRole::Worker => draft.workers.sizes,
        },
        |one| one.sizes,
    )
}

/// The network that a cluster has for itself.
pub(super) fn network_draft(name: &str, subnet: &str) -> NetworkDraft {
    NetworkDraft {
        name: name.to_owned(),
        subnet: subnet.trim().to_owned(),
        ipv6: true,
        mtu: DEFAULT_MTU,
        internet: true,
    }
}

/// What a draft becomes, before anything is made of it.
pub(super) fn spec_of(
    draft: &ClusterDraft,
    wanted: Wanted,
    installer: String,
    now: String,
) -> ClusterSpec {
    let node = |(name, role): (String, NodeRole)| ClusterNode {
        sizes: node_sizes(draft, &name, role),
        name,
        role,
        machine: MachineId(Uuid::now_v7()),
        leaving: false,
        dead: false,
    };
    let (network, subnet) = match &draft.network {
        ClusterNetwork::Existing { network } => (Some(*network), String::new()),
        ClusterNetwork::New { subnet } => (None, subnet.trim().to_owned()),
    };
    ClusterSpec {
        schema_version: 1,
        id: ClusterId(Uuid::now_v7()),
        name: draft.name.clone(),
        talos: wanted.talos,
        kubernetes: draft.kubernetes.clone(),
        arch: wanted.arch,
        medium: wanted.medium,
        schematic: wanted.schematic,
        installer,
        image: wanted.image,
        nodes: node_names(draft).into_iter().map(node).collect(),
        own_network: network.is_none(),
        network,
        subnet,
        endpoint: draft.endpoint.clone(),
        api: None,
        cni: draft.cni,
        pod_subnet: draft.pod_subnet.trim().to_owned(),
        service_subnet: draft.service_subnet.trim().to_owned(),
        schedule_on_control_planes: draft.schedule_on_control_planes,
        mirrors: draft.mirrors.clone(),
        patches: draft.patches.clone(),
        leave_in_maintenance: draft.leave_in_maintenance || !draft.omni.trim().is_empty(),
        omni: draft.omni.trim().to_owned(),
        wish: ClusterWish::Running,
        created_at: now,
        formed_at: None,
        change: None,
        sample: None,
        begun: None,
    }
}

/// The kernel arguments in Omni's own link or download page: `siderolink.api=…` and what follows it.
pub(super) fn omni_arguments(link: &str) -> Option<Vec<String>> {
    let arguments: Vec<String> = link.split_whitespace().map(str::to_owned).collect();
    let ours = arguments
        .iter()
        .all(|one| OMNI.iter().any(|name| one.starts_with(name)));
    let api = arguments.iter().find_map(|one| one.strip_prefix(OMNI[0]))?;
    let url = Url::parse(api).ok()?;
    let reached = ["grpc", "https"].contains(&url.scheme()) && url.has_host();
    let token = |(key, value): (Cow<'_, str>, Cow<'_, str>)| key == TOKEN && !value.is_empty();
    (ours && reached && url.query_pairs().any(token)).then_some(arguments)
}

/// The same link without what lets a machine join: it can be shown to others.
pub(super) fn omni_without_token(link: &str) -> String {
    let safe = |argument: String| {
        let Some(api) = argument.strip_prefix(OMNI[0]) else {
            return argument;
        };
        let Ok(mut url) = Url::parse(api) else {
            return String::new();
        };
        let pairs = url.query_pairs().into_owned();
        let others: Vec<(String, String)> = pairs.filter(|(key, _)| key != TOKEN).collect();
        url.set_query(None);
        if !others.is_empty() {
            url.query_pairs_mut().extend_pairs(others);
        }
        format!("{}{url}", OMNI[0])
    };
    let known = |one: &&str| OMNI.iter().any(|name| one.starts_with(name));
    let arguments = link.split_whitespace().filter(known).map(str::to_owned);
    arguments.map(safe).collect::<Vec<_>>().join(" ")
}

fn contract(talos: &TalosVersion) -> Result<Contract> {
    Contract::of(talos).map_err(internal)
}

/// What both configurations of a cluster are made of.
fn options(spec: &ClusterSpec, api: &ClusterEndpoint) -> Result<Options> {
    let endpoint = format!("https://{}:{}", api.inside, api.inside_port);
    let mut options = Options::new(
        contract(&spec.talos)?,
        &spec.name,
        endpoint,
        &spec.kubernetes,
        &spec.installer,
    );
    options.install_disk = Some(DISK.to_owned());
    options.additional_sans = vec![api.outside.clone()];
    if api.inside != api.outside {
        options.additional_sans.push(api.inside.clone());
    }
    options.cni = match spec.cni {
        CniKind::Flannel => Cni::Flannel,
        CniKind::None => Cni::None,
    };
    let subnets = |text: &String| match text.is_empty() {
        true => Vec::new(),
        false => vec![text.clone()],
    };
    options.pod_subnets = subnets(&spec.pod_subnet);
    options.service_subnets = subnets(&spec.service_subnet);
    let workers = spec.of_role(NodeRole::Worker).count();
    options.allow_scheduling_on_control_planes = spec.schedule_on_control_planes || workers == 0;
    options.registry_mirrors = spec
        .mirrors
        .iter()
        .map(|mirror| Mirror {
            registry: mirror.registry.clone(),
            endpoints: mirror.endpoints.clone(),
        })
        .collect();
    Ok(options)
}

/// Patches that Crete itself makes for one machine.
pub(super) fn own_patches(
    spec: &ClusterSpec,
    node: &ClusterNode,
    contract: Contract,
    link: &str,
) -> Vec<String> {
    let name = spec.machine_name(node);
    let documents = contract >= Contract::V1_12;
    let mut patches = vec![match documents {
        true => {
            format!("apiVersion: v1alpha1\nkind: HostnameConfig\nauto: off\nhostname: {name}\n")
        }
        false => format!("machine:\n  network:\n    hostname: {name}\n"),
    }];
    if let (EndpointKind::VirtualIp { .. }, NodeRole::ControlPlane, Some(api)) =
        (&spec.endpoint, node.role, &spec.api)
    {
        let address = &api.inside;
        patches.push(match documents {
            true => format!(
                "apiVersion: v1alpha1\nkind: Layer2VIPConfig\nname: {address}\nlink: {link}\n"
            ),
            false => format!(
                "machine:\n  network:\n    interfaces:\n      - interface: {link}\n        dhcp: true\n        vip:\n          ip: {address}\n"
            ),
        });
    }
    patches
}

/// A person's patches for one machine, each with its path in the draft.
pub(super) fn patches_of<'a>(
    patches: &'a ClusterPatches,
    node: &str,
    role: NodeRole,
) -> Vec<(String, &'a String)> {
    let numbered = |field: &'static str, texts: &'a [String]| {
        let place = move |(at, text)| (format!("patches.{field}.{at}"), text);
        texts.iter().enumerate().map(place)
    };
    let by_role = match role {
        NodeRole::ControlPlane => numbered("control_plane", &patches.control_plane),
        NodeRole::Worker => numbered("worker", &patches.worker),
    };
    let mut all: Vec<_> = numbered("cluster", &patches.cluster)
        .chain(by_role)
        .collect();
    for (place, one) in patches.nodes.iter().enumerate() {
        if one.node == node {
            let own = one.patches.iter().enumerate();
            all.extend(own.map(|(at, text)| (format!("patches.nodes.{place}.patches.{at}"), text)));
        }
    }
    all
}

/// How many patches of a person's apply to a machine.
pub(super) fn count_patches(patches: &ClusterPatches, node: &str, role: NodeRole) -> usize {
    patches_of(patches, node, role).len()
}

/// Patches that cannot be read, with why.
pub(super) fn unreadable_patches(
    patches: &ClusterPatches,
    talos: &TalosVersion,
) -> Vec<(String, String)> {
    let Ok(contract) = Contract::of(talos) else {
        return Vec::new();
    };
    let mut texts: Vec<(String, &String)> = Vec::new();
    for (field, list) in [
        ("cluster", &patches.cluster),
        ("control_plane", &patches.control_plane),
        ("worker", &patches.worker),
    ] {
        let place = |(at, text)| (format!("patches.{field}.{at}"), text);
        texts.extend(list.iter().enumerate().map(place));
    }
    for (node, one) in patches.nodes.iter().enumerate() {
        let place = |(at, text)| (format!("patches.nodes.{node}.patches.{at}"), text);
        texts.extend(one.patches.iter().enumerate().map(place));
    }
    let refused = |(field, text): (String, &String)| {
        let faults = Patch::read(text, contract).err()?;
        Some((field, faults.to_string()))
    };
    texts.into_iter().filter_map(refused).collect()
}

/// The configuration of one machine, with every patch in it, judged as Talos would.
///
/// # Errors
/// The outer error is a defect; the inner one is what Talos would refuse.
pub(super) fn configuration(
    spec: &ClusterSpec,
    node: &ClusterNode,
    bundle: &Bundle,
    link: &str,
) -> Result<std::result::Result<Configuration, Refused>> {
    let api = spec
        .api
        .as_ref()
        .ok_or_else(|| internal("no endpoint yet"))?;
    let options = options(spec, api)?;
    let contract = options.contract;
    let role = match node.role {
        NodeRole::ControlPlane => MachineRole::ControlPlane,
        NodeRole::Worker => MachineRole::Worker,
    };
    let mut made = generate(&options, bundle, role);
    let own = own_patches(spec, node, contract, link);
    let own = own.iter().map(|text| (String::new(), text));
    let persons = patches_of(&spec.patches, &node.name, node.role);
    for (at, (field, text)) in own.chain(persons).enumerate() {
        let origin = u32::try_from(at + 1).unwrap_or(u32::MAX);
        let applied = Patch::read(text, contract).and_then(|patch| patch.apply(&mut made, origin));
        if let Err(faults) = applied {
            let reason = faults.to_string();
            return Ok(Err(Refused { field, reason }));
        }
    }
    let verdict = made.validate(contract, Mode::Metal);
    if verdict.is_accepted() {
        return Ok(Ok(made));
    }
    let reasons: Vec<String> = verdict.errors.iter().map(ToString::to_string).collect();
    Ok(Err(Refused {
        field: String::new(),
        reason: reasons.join("; "),
    }))
}

/// Secrets that nobody uses: to judge what a draft would become. Made once.
pub(super) fn nobodys_secrets() -> Result<&'static Bundle> {
    static MADE: OnceLock<Bundle> = OnceLock::new();
    if let Some(made) = MADE.get() {
        return Ok(made);
    }
    let made = super::secrets::nobodys()?;
    Ok(MADE.get_or_init(|| made))
}

impl Engine {
    /// The reference of the installer's image, as machines reach it.
    pub(super) fn installer(&self, schematic: Option<&Schematic>, talos: &TalosVersion) -> String {
        let host = match (self.is_practice(), self.factory_url()) {
            (true, _) => crete_model::network_name("factory", None),
            (false, Ok(url)) => match (url.host_str(), url.port()) {
                (Some(host), Some(port)) => format!("{host}:{port}"),
                (Some(host), None) => host.to_owned(),
                (None, _) => "factory.talos.dev".to_owned(),
            },
            (false, Err(_)) => "factory.talos.dev".to_owned(),
        };
        let id = crete_factory::schematic::id(&schematic.cloned().unwrap_or_default());
        format!("{host}/metal-installer/{id}:{talos}")
    }

    /// A draft as it would be on disk; nothing when its image is unknown.
    pub(super) fn spec_of_draft(&self, draft: &ClusterDraft) -> Option<ClusterSpec> {
        let wanted = self.wanted_image(&draft.image)?;
        let installer = self.installer(wanted.schematic.as_ref(), &wanted.talos);
        Some(spec_of(draft, wanted, installer, self.clock.text()))
    }

    /// Configurations of a draft that Talos would refuse: the field to blame, the machine, and why.
    pub(super) fn refused_configurations(
        &self,
        draft: &ClusterDraft,
    ) -> Vec<(String, String, String)> {
        let judged = || -> Result<Vec<(String, String, String)>> {
            let Some(mut spec) = self.spec_of_draft(draft) else {
                return Ok(Vec::new());
            };
            let bundle = nobodys_secrets()?;
            let inside = match &draft.endpoint {
                EndpointKind::VirtualIp { address } if !address.trim().is_empty() => address.trim(),
                _ => "192.0.2.1",
            };
            spec.api = Some(ClusterEndpoint {
                inside: inside.to_owned(),
                inside_port: 6443,
                outside: "127.0.0.1".to_owned(),
                outside_port: 6443,
                talos_port: 50000,
            });
            let mut refused = Vec::new();
            for node in judged_nodes(&spec) {
                if let Err(fault) = configuration(&spec, node, bundle, "enp0s2")? {
                    refused.push(blame(&draft.patches, node, fault));
                }
            }
            refused.dedup();
            Ok(refused)
        };
        judged().unwrap_or_else(|error| {
            tracing::warn!(%error, "a draft cannot be judged");
            Vec::new()
        })
    }
}

/// What is not acceptable in the patches of a cluster that is there, field by field.
///
/// # Errors
/// A defect.
pub(super) fn refused_patches(spec: &ClusterSpec) -> Result<Vec<FieldProblem>> {
    let problem = |field, code, params| FieldProblem {
        field,
        code,
        params,
    };
    let mut problems = Vec::new();
    for (at, one) in spec.patches.nodes.iter().enumerate() {
        if !spec.nodes.iter().any(|node| node.name == one.node) {
            let field = format!("patches.nodes.{at}.node");
            problems.push(problem(field, FieldCode::Unknown, Params::new()));
        }
    }
    for (field, reason) in unreadable_patches(&spec.patches, &spec.talos) {
        let reason = params! { "reason" => reason };
        problems.push(problem(field, FieldCode::NotAPatch, reason));
    }
    if !problems.is_empty() || spec.api.is_none() {
        return Ok(problems);
    }
    let bundle = nobodys_secrets()?;
    let mut seen = Vec::new();
    for node in spec.nodes.iter().filter(|node| !node.leaving) {
        let Err(fault) = configuration(spec, node, bundle, "eth0")? else {
            continue;
        };
        let (field, node, reason) = blame(&spec.patches, node, fault);
        // One sentence a field: the machines of a role are refused alike.
        if !seen.contains(&field) {
            seen.push(field.clone());
            let why = params! { "node" => node, "reason" => reason };
            problems.push(problem(field, FieldCode::ConfigurationRefused, why));
        }
    }
    Ok(problems)
}

/// One machine of each role, and every one that has patches of its own: the others are the same.
fn judged_nodes(spec: &ClusterSpec) -> impl Iterator<Item = &ClusterNode> {
    spec.nodes.iter().filter(|node| {
        node.name == "cp-1"
            || node.name == "w-1"
            || spec.patches.nodes.iter().any(|one| one.node == node.name)
    })
}

/// The field that a refusal belongs to. One that no patch is to blame for alone stands at the last
/// patch that applies; without any at the draft itself.
fn blame(patches: &ClusterPatches, node: &ClusterNode, fault: Refused) -> (String, String, String) {
    let last = patches_of(patches, &node.name, node.role).pop();
    let field = match (fault.field.is_empty(), last) {
        (false, _) => fault.field,
        (true, Some((field, _))) => field,
        (true, None) => "patches".to_owned(),
    };
    (field, node.name.clone(), fault.reason)
}

/// Whether machines install Talos to their disk, or start from one with Talos on it.
pub(super) fn installs(spec: &ClusterSpec) -> bool {
    spec.medium == BootMedium::Iso
}

#[cfg(test)]
mod tests;
