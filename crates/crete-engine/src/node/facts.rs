//! Facts about a node: each kind is watched by itself, and made from what Talos tells. Pure.

use crete_model::{
    Facts, NodeAddress, NodeCluster, NodeDiagnostic, NodeDisk, NodeExtension, NodeKubernetes,
    NodeLink, NodeMember, NodeMemoryModule, NodeMetaKey, NodeMount, NodeNetwork, NodePartition,
    NodeProcessor, NodeResolvers, NodeRole, NodeRoute, NodeSecurity, NodeSystem, NodeTime,
    NodeVolume,
};
use crete_talos::api::wire::common::{NetIp, NetIpPrefix};
use crete_talos::api::wire::resource::config::MachineTypeSpec;
use crete_talos::api::wire::talos::resource::definitions as specs;
use crete_talos::api::{Resource, address, prefix};
use std::collections::BTreeMap;

/// What is known of a kind, by id.
pub(super) type Known<T> = BTreeMap<String, Resource<T>>;

fn each<T, U>(known: &Known<T>, make: impl Fn(&str, &T) -> U) -> Vec<U> {
    let all = known.iter();
    all.map(|(id, resource)| make(id, &resource.spec)).collect()
}

fn ip(wire: &NetIp) -> Option<String> {
    address(wire).map(|ip| ip.to_string())
}

fn ips(wire: &[NetIp]) -> Vec<String> {
    wire.iter().filter_map(ip).collect()
}

/// An address with the length of its prefix.
fn net(wire: Option<&NetIpPrefix>) -> Option<String> {
    let (ip, length) = prefix(wire?)?;
    Some(format!("{ip}/{length}"))
}

fn mac(bytes: &[u8]) -> String {
    let parts: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    parts.join(":")
}

/// What follows a marker in an enum's name on the wire, small: of `…_STATE_LOWER_LAYER_DOWN` it is
/// `lower layer down`.
fn word(name: &str, marker: &str) -> String {
    let rest = name.split_once(marker).map_or(name, |(_, rest)| rest);
    rest.to_lowercase().replace('_', " ")
}

/// What a machine type stands for.
pub(super) fn role_of(number: i32) -> Option<NodeRole> {
    match number {
        1 | 2 => Some(NodeRole::ControlPlane),
        3 => Some(NodeRole::Worker),
        _ => None,
    }
}

pub(super) fn role(known: &Known<MachineTypeSpec>) -> Option<NodeRole> {
    let only = known.values().next()?;
    role_of(only.spec.machine_type)
}

/// Addresses of the node itself.
pub(super) fn own_addresses(known: &Known<specs::network::NodeAddressSpec>) -> Vec<String> {
    // Before Kubernetes there is no list without its addresses.
    let group = known.get("current-no-k8s").or_else(|| known.get("current"));
    let all = group.map(|group| group.spec.addresses.as_slice());
    let plain = |wire: &NetIpPrefix| prefix(wire).map(|(ip, _)| ip.to_string());
    all.unwrap_or_default().iter().filter_map(plain).collect()
}

pub(super) fn diagnostics(known: &Known<specs::runtime::DiagnosticSpec>) -> Facts {
    Facts::Diagnostics(each(known, |id, spec| NodeDiagnostic {
        id: id.to_owned(),
        message: spec.message.clone(),
        details: spec.details.clone(),
    }))
}

pub(super) fn members(known: &Known<specs::cluster::MemberSpec>) -> Facts {
    Facts::Members(each(known, |_, spec| NodeMember {
        hostname: spec.hostname.clone(),
        addresses: ips(&spec.addresses),
        role: role_of(spec.machine_type),
        system: spec.operating_system.clone(),
    }))
}

pub(super) fn cluster(known: &Known<specs::cluster::InfoSpec>) -> Facts {
    Facts::Cluster(each(known, |_, spec| NodeCluster {
        id: spec.cluster_id.clone(),
        name: spec.cluster_name.clone(),
    }))
}

pub(super) fn kubernetes(known: &Known<specs::k8s::NodeStatusSpec>) -> Facts {
    Facts::Kubernetes(each(known, |_, spec| NodeKubernetes {
        name: spec.nodename.clone(),
        ready: spec.node_ready,
        unschedulable: spec.unschedulable,
    }))
}

pub(super) fn addresses(known: &Known<specs::network::AddressStatusSpec>) -> Facts {
    Facts::Addresses(each(known, |_, spec| NodeAddress {
        address: net(spec.address.as_ref()).unwrap_or_default(),
        link: spec.link_name.clone(),
        scope: word(spec.scope().as_str_name(), "SCOPE_"),
    }))
}

pub(super) fn links(known: &Known<specs::network::LinkStatusSpec>) -> Facts {
    const ETHER: i32 = 1;
    Facts::Links(each(known, |id, spec| NodeLink {
        name: id.to_owned(),
        kind: match (spec.kind.as_str(), spec.r#type) {
            ("", ETHER) => "physical".to_owned(),
            ("", _) => String::new(),
            (kind, _) => kind.to_owned(),
        },
        mac: mac(&spec.hardware_addr),
        up: spec.link_state,
        state: word(spec.operational_state().as_str_name(), "STATE_"),
        mtu: spec.mtu,
        // What does not know its speed says -1 or a number that stands for it.
        speed_mbit: u64::try_from(spec.speed_megabits)
            .ok()
            .filter(|speed| (1..4_000_000_000).contains(speed)),
        driver: spec.driver.clone(),
    }))
}

pub(super) fn routes(known: &Known<specs::network::RouteStatusSpec>) -> Facts {
    let all = each(known, |_, spec| NodeRoute {
        destination: net(spec.destination.as_ref()).unwrap_or_else(|| "default".to_owned()),
        gateway: spec.gateway.as_ref().and_then(ip).unwrap_or_default(),
        link: spec.out_link_name.clone(),
        priority: spec.priority,
    });
    Facts::Routes(all)
}

pub(super) fn resolvers(known: &Known<specs::network::ResolverStatusSpec>) -> Facts {
    Facts::Resolvers(each(known, |_, spec| NodeResolvers {
        servers: ips(&spec.dns_servers),
        search: spec.search_domains.clone(),
    }))
}

pub(super) fn time_servers(known: &Known<specs::network::TimeServerStatusSpec>) -> Facts {
    let all = known.values();
    Facts::TimeServers(all.flat_map(|one| one.spec.ntp_servers.clone()).collect())
}

pub(super) fn network(known: &Known<specs::network::StatusSpec>) -> Facts {
    Facts::Network(each(known, |_, spec| NodeNetwork {
        address: spec.address_ready,
        connectivity: spec.connectivity_ready,
        hostname: spec.hostname_ready,
        files: spec.etc_files_ready,
    }))
}

pub(super) fn disks(known: &Known<specs::block::DiskSpec>) -> Facts {
    Facts::Disks(each(known, |id, spec| NodeDisk {
        id: id.to_owned(),
        path: spec.dev_path.clone(),
        size: spec.size,
        model: spec.model.clone(),
        serial: spec.serial.clone(),
        transport: spec.transport.clone(),
        rotational: spec.rotational,
        readonly: spec.readonly,
        cdrom: spec.cdrom,
    }))
}

pub(super) fn system_disk(known: &Known<specs::block::SystemDiskSpec>) -> Facts {
    Facts::SystemDisk(each(known, |_, spec| spec.disk_id.clone()))
}

pub(super) fn partitions(known: &Known<specs::block::DiscoveredVolumeSpec>) -> Facts {
    Facts::Partitions(each(known, |id, spec| NodePartition {
        id: id.to_owned(),
        parent: spec.parent.clone(),
        size: spec.size,
        offset: spec.offset,
        format: spec.name.clone(),
        label: match spec.partition_label.as_str() {
            "" => spec.label.clone(),
            label => label.to_owned(),
        },
    }))
}

pub(super) fn volumes(known: &Known<specs::block::VolumeStatusSpec>) -> Facts {
    Facts::Volumes(each(known, |id, spec| NodeVolume {
        id: id.to_owned(),
        phase: word(spec.phase().as_str_name(), "PHASE_"),
        location: spec.location.clone(),
        size: spec.size,
        filesystem: word(spec.filesystem().as_str_name(), "TYPE_"),
        encrypted: spec.encryption_provider != 0,
        error: spec.error_message.clone(),
    }))
}

pub(super) fn mounts(known: &Known<specs::runtime::MountStatusSpec>) -> Facts {
    Facts::Mounts(each(known, |_, spec| NodeMount {
        source: spec.source.clone(),
        target: spec.target.clone(),
        filesystem: spec.filesystem_type.clone(),
        encrypted: spec.encrypted,
    }))
}

pub(super) fn extensions(known: &Known<specs::extensions::Layer>) -> Facts {
    Facts::Extensions(each(known, |_, spec| {
        let metadata = spec.metadata.clone().unwrap_or_default();
        NodeExtension {
            name: metadata.name,
            version: metadata.version,
            author: metadata.author,
            description: metadata.description,
        }
    }))
}

pub(super) fn time(known: &Known<specs::time::StatusSpec>) -> Facts {
    Facts::Time(each(known, |_, spec| NodeTime {
        synced: spec.synced,
        disabled: spec.sync_disabled,
    }))
}

pub(super) fn security(known: &Known<specs::runtime::SecurityStateSpec>) -> Facts {
    Facts::Security(each(known, |_, spec| NodeSecurity {
        secure_boot: spec.secure_boot,
        uki: spec.booted_with_uki,
        selinux: word(spec.se_linux_state().as_str_name(), "STATE_"),
        fips: word(spec.fips_state().as_str_name(), "STATE_"),
        signed_modules: spec.module_signature_enforced,
    }))
}

pub(super) fn system(known: &Known<specs::hardware::SystemInformationSpec>) -> Facts {
    Facts::System(each(known, |_, spec| NodeSystem {
        manufacturer: spec.manufacturer.clone(),
        product: spec.product_name.clone(),
        version: spec.version.clone(),
        serial: spec.serial_number.clone(),
        uuid: spec.uuid.clone(),
    }))
}

pub(super) fn processors(known: &Known<specs::hardware::ProcessorSpec>) -> Facts {
    Facts::Processors(each(known, |_, spec| NodeProcessor {
        socket: spec.socket.clone(),
        name: spec.product_name.clone(),
        cores: spec.core_count,
        threads: spec.thread_count,
    }))
}

pub(super) fn memory(known: &Known<specs::hardware::MemoryModuleSpec>) -> Facts {
    Facts::Memory(each(known, |_, spec| NodeMemoryModule {
        slot: spec.device_locator.clone(),
        size_mib: spec.size,
        manufacturer: spec.manufacturer.clone(),
    }))
}

pub(super) fn platform(known: &Known<specs::runtime::PlatformMetadataSpec>) -> Facts {
    Facts::Platform(each(known, |_, spec| spec.platform.clone()))
}

pub(super) fn kernel_cmdline(known: &Known<specs::runtime::KernelCmdlineSpec>) -> Facts {
    Facts::KernelCmdline(each(known, |_, spec| spec.cmdline.clone()))
}

pub(super) fn meta_keys(known: &Known<specs::runtime::MetaKeySpec>) -> Facts {
    Facts::MetaKeys(each(known, |id, spec| NodeMetaKey {
        key: id.to_owned(),
        value: spec.value.clone(),
    }))
}
