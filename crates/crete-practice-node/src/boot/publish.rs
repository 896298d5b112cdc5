//! Keeps the resources in step with what the node knows.

use super::Boot;
use crate::cluster::{KubeNode, Meeting, StaticPod};
use crate::identity::{Disk, Given, Medium, Prefix};
use crate::resources::block::{self, Partition};
use crate::resources::{hardware, kinds, kubernetes, network, runtime};
use crate::store::Kind;
use std::collections::BTreeMap;

/// Room that a partition table takes, at the beginning and at the end.
const TABLE: u64 = 1 << 20;

impl Boot {
    /// What is known from the first moment on.
    pub fn publish_machine(&self) {
        let identity = &self.machine.identity;
        let put = |kind: Kind, id: &str, spec| self.store.put(kind, id, spec);
        put(kinds::VERSION, "version", runtime::version(&self.tag()));
        put(kinds::KERNEL_CMDLINE, "cmdline", runtime::cmdline(identity));
        put(
            kinds::PLATFORM,
            "platformmetadata",
            runtime::platform(identity),
        );
        put(
            kinds::SYSTEM_INFORMATION,
            "systeminformation",
            hardware::system(identity),
        );
        put(kinds::PROCESSOR, "CPU-0", hardware::processor(identity));
        put(
            kinds::MEMORY_MODULE,
            "DIMM-0",
            hardware::memory_module(identity),
        );
        let uki = self.disk().is_installed() || identity.medium == Medium::DiskImage;
        put(
            kinds::SECURITY_STATE,
            "securitystate",
            runtime::security_state(uki),
        );
        for (place, (name, version)) in identity.extensions.iter().enumerate() {
            put(
                kinds::EXTENSION,
                &place.to_string(),
                runtime::extension(name, version),
            );
        }
        for kind in kinds::ALL {
            let id = kind.name.to_lowercase();
            put(kinds::DEFINITION, &id, runtime::definition(*kind));
        }
        put(kinds::LINK, network::LOOPBACK, network::loopback());
        self.publish_time();
        self.publish_network();
        self.publish_disks();
        self.publish_diagnostics();
    }

    /// The card, its addresses, and the name.
    pub fn publish_network(&self) {
        let identity = &self.machine.identity;
        let put = |kind: Kind, id: &str, spec| self.store.put(kind, id, spec);
        put(kinds::LINK, &identity.link, network::card(identity));
        let has_address = self.has_address();
        let given = match has_address {
            true => identity.network.get(),
            false => Given::default(),
        };
        self.publish_addresses(&given);
        put(
            kinds::RESOLVER,
            "resolvers",
            network::resolvers(&given.resolvers),
        );
        put(
            kinds::TIME_SERVER,
            "timeservers",
            network::time_servers(&self.time_servers()),
        );
        let hostname = self.state().hostname.clone();
        put(
            kinds::NETWORK,
            "status",
            network::status(has_address, hostname.is_some()),
        );
        if let Some(name) = hostname {
            put(kinds::HOSTNAME, "hostname", network::hostname(&name));
        }
    }

    /// Addresses of links and of the node, and the ways they open.
    fn publish_addresses(&self, given: &Given) {
        let identity = &self.machine.identity;
        let addresses = given.addresses.as_slice();
        let put = |kind: Kind, id: &str, spec| self.store.put(kind, id, spec);
        let loopback = network::loopback_addresses();
        let loopback = loopback.map(|address| network::address(network::LOOPBACK, address));
        let link_local = network::link_local(identity.mac);
        let own = addresses
            .iter()
            .chain((!addresses.is_empty()).then_some(&link_local));
        let mut shown: Vec<_> = loopback.into();
        let mut routes = Vec::new();
        for address in own {
            shown.push(network::address(&identity.link, *address));
            routes.push(network::neighbours(&identity.link, *address));
        }
        let shared = self.state().virtual_addresses.clone();
        for ip in shared {
            let length = if ip.is_ipv4() { 32 } else { 128 };
            shown.push(network::address(&identity.link, Prefix { ip, length }));
        }
        if let Some(first) = addresses.first() {
            let way_out = |gateway| network::default_route(&identity.link, gateway, Some(first.ip));
            routes.extend(given.gateway.map(way_out));
            for group in ["accumulative", "current", "routed"] {
                put(
                    kinds::NODE_ADDRESS,
                    group,
                    network::node_addresses(addresses),
                );
            }
            let default = network::node_addresses(&[*first]);
            put(kinds::NODE_ADDRESS, "default", default);
        }
        for (kind, resources) in [(kinds::ADDRESS, shown), (kinds::ROUTE, routes)] {
            let ids: Vec<String> = resources.iter().map(|(id, _)| id.clone()).collect();
            for (id, spec) in resources {
                put(kind, &id, spec);
            }
            self.store.keep_only(kind, &ids);
        }
    }

    /// The time servers that are asked.
    pub fn time_servers(&self) -> Vec<String> {
        let configured = self
            .settings()
            .map(|settings| settings.time_servers.clone());
        let configured = configured.filter(|servers| !servers.is_empty());
        configured.unwrap_or_else(|| vec!["time.cloudflare.com".to_owned()])
    }

    pub fn publish_time(&self) {
        let disabled = self
            .settings()
            .is_some_and(|settings| settings.time_disabled);
        let synchronized = self.state().synchronized;
        self.store.put(
            kinds::TIME,
            "node",
            runtime::time_status(synchronized, disabled),
        );
    }

    pub fn publish_diagnostics(&self) {
        match self.machine.faults.has(crate::Fault::Diagnosed) {
            true => {
                let text = "host and Kubernetes pod/service CIDR addresses overlap";
                let details = ["host routed addresses: [\"10.244.0.5/24\"]".to_owned()];
                let spec = runtime::diagnostic(text, &details);
                self.store.put(kinds::DIAGNOSTIC, "address-overlap", spec);
            }
            false => self.store.remove(kinds::DIAGNOSTIC, "address-overlap"),
        }
    }

    pub(super) fn publish_service(&self, id: &str) {
        let spec = {
            let state = self.state();
            let service = state.services.get(id);
            service.filter(|one| one.is_running()).map(runtime::service)
        };
        match spec {
            Some(spec) => self.store.put(kinds::SERVICE, id, spec),
            None => self.store.remove(kinds::SERVICE, id),
        }
    }

    /// The system disk, as the machine has it, with its place among the others.
    pub fn system_disk(&self) -> Option<(usize, Disk)> {
        let name = self.disk().system_disk?;
        let disks = self.machine.identity.disks.iter().enumerate();
        let mut found = disks.filter(|(_, disk)| disk.name == name);
        found.next().map(|(place, disk)| (place, disk.clone()))
    }

    /// The partitions on the system disk.
    pub fn partitions(&self) -> Vec<Partition> {
        let Some((_, disk)) = self.system_disk() else {
            return Vec::new();
        };
        let content = self.disk();
        let mut end = TABLE;
        let mut partition = |number, label, size, content| {
            let offset = end;
            end += size;
            Partition {
                number,
                label,
                offset,
                size,
                content,
            }
        };
        let mut all = vec![
            partition(1, "EFI", block::EFI, "vfat"),
            partition(2, "META", block::META, "talosmeta"),
        ];
        // The room of STATE stays its own when it is wiped.
        let state = partition(3, "STATE", block::STATE, "xfs");
        if content.state.is_some() {
            all.push(state);
        }
        if content.ephemeral.is_some() {
            let size = disk.size.saturating_sub(state.offset + state.size + TABLE);
            all.push(partition(4, "EPHEMERAL", size, "xfs"));
        }
        all
    }

    /// Disks and what is on them.
    pub fn publish_disks(&self) {
        let identity = &self.machine.identity;
        let system = self.system_disk();
        self.store.put(kinds::DISK, "loop0", block::squashfs());
        let mut volumes = Vec::new();
        for (place, disk) in identity.disks.iter().enumerate() {
            self.store
                .put(kinds::DISK, &disk.name, block::disk(disk, place));
            let own = system
                .as_ref()
                .is_some_and(|(_, system)| system.name == disk.name);
            let content = if own { "gpt" } else { "" };
            let spec = block::discovered_disk(disk, place, content);
            self.store.put(kinds::DISCOVERED_VOLUME, &disk.name, spec);
            volumes.push(disk.name.clone());
        }
        let partitions = self.partitions();
        if let Some((place, disk)) = &system {
            for partition in &partitions {
                let id = format!("{}{}", disk.name, partition.number);
                let seed = &identity.uuid;
                let spec = block::discovered_partition(disk, *place, *partition, seed);
                self.store.put(kinds::DISCOVERED_VOLUME, &id, spec);
                volumes.push(id);
            }
            self.store
                .put(kinds::SYSTEM_DISK, "system-disk", block::system_disk(disk));
        } else {
            self.store.remove(kinds::SYSTEM_DISK, "system-disk");
        }
        self.store.keep_only(kinds::DISCOVERED_VOLUME, &volumes);
        self.publish_volumes(system.as_ref().map(|(_, disk)| disk), &partitions);
        self.publish_meta();
    }

    fn publish_volumes(&self, disk: Option<&Disk>, partitions: &[Partition]) {
        let identity = &self.machine.identity;
        let labels = BTreeMap::from([("talos.dev/system-volume".to_owned(), String::new())]);
        for name in ["META", "STATE", "EPHEMERAL"] {
            let found = partitions.iter().find(|partition| partition.label == name);
            let spec = match (disk, found) {
                (Some(disk), Some(partition)) => block::volume(disk, *partition, &identity.uuid),
                // EPHEMERAL is not looked for before there is a configuration.
                _ if name == "EPHEMERAL" => {
                    self.store.remove(kinds::VOLUME, name);
                    continue;
                }
                _ => block::missing_volume(name == "STATE"),
            };
            self.store
                .put_labelled(kinds::VOLUME, name, spec, labels.clone());
        }
    }

    fn publish_meta(&self) {
        let meta = self.disk().meta;
        let id = |key: &u8| format!("0x{key:02x}");
        for (key, value) in &meta {
            self.store
                .put(kinds::META_KEY, &id(key), runtime::meta_key(value));
        }
        let ids: Vec<String> = meta.keys().map(id).collect();
        self.store.keep_only(kinds::META_KEY, &ids);
    }

    /// What follows from the configuration.
    pub fn publish_configuration(&self) {
        let Some(settings) = self.settings() else {
            return;
        };
        let put = |kind: Kind, id: &str, spec| self.store.put(kind, id, spec);
        let control_plane = settings.is_control_plane();
        put(
            kinds::MACHINE_TYPE,
            "machine-type",
            runtime::machine_type(control_plane),
        );
        put(
            kinds::MACHINE_CONFIG,
            "v1alpha1",
            runtime::machine_config(&settings.text),
        );
        let state = self.disk().state.unwrap_or_default();
        if let Some(text) = &state.configuration {
            put(
                kinds::MACHINE_CONFIG,
                "persistent",
                runtime::machine_config(text),
            );
        }
        put(
            kinds::CLUSTER,
            "current",
            kubernetes::info(&settings.cluster_id, &settings.cluster_name),
        );
        if !state.node_id.is_empty() {
            put(
                kinds::IDENTITY,
                "local",
                kubernetes::identity(&state.node_id),
            );
        }
        let name = self.state().hostname.clone();
        if let Some(name) = name {
            put(kinds::NODENAME, "nodename", kubernetes::nodename(&name));
        }
    }

    /// What follows from what the other nodes of the cluster do.
    pub fn publish_cluster(&self) {
        let Some(settings) = self.settings() else {
            return;
        };
        let node_id = self.disk().state.unwrap_or_default().node_id;
        let (hostname, etcd) = {
            let state = self.state();
            (state.hostname.clone().unwrap_or_default(), state.etcd)
        };
        let members = self
            .machine
            .registry
            .look(|meeting| meeting.members(&settings.cluster_id, &node_id));
        let mut names = Vec::new();
        for (id, affiliate) in members {
            let spec = kubernetes::member(&id, &affiliate);
            self.store.put(kinds::MEMBER, &affiliate.hostname, spec);
            names.push(affiliate.hostname);
        }
        self.store.keep_only(kinds::MEMBER, &names);
        match etcd {
            Some(data) => {
                let spec = kubernetes::etcd_member(data.member);
                self.store.put(kinds::ETCD_MEMBER, "local", spec);
            }
            None => self.store.remove(kinds::ETCD_MEMBER, "local"),
        }
        let node = self
            .machine
            .registry
            .look(|meeting| self.kube_node(meeting, &hostname));
        self.publish_node(&hostname, node);
        self.refresh();
    }

    /// This node as Kubernetes has it, when its API answers.
    pub fn kube_node(&self, meeting: &Meeting, hostname: &str) -> Option<KubeNode> {
        let settings = self.settings()?;
        // A control plane asks its own API server; whose that is, its etcd decides.
        let own = self.state().etcd.map(|data| data.cluster);
        let id = own.or_else(|| meeting.kubernetes(&settings.cluster_id))?;
        meeting
            .etcds
            .get(&id)?
            .kubernetes
            .nodes
            .get(hostname)
            .cloned()
    }

    fn publish_node(&self, hostname: &str, node: Option<KubeNode>) {
        let Some(node) = node else {
            // What was read last stays, as it does while a real API server is away.
            return;
        };
        self.store
            .put(kinds::NODE_STATUS, hostname, kubernetes::node_status(&node));
        self.publish_static_pods(hostname, &node.static_pods);
    }

    /// The pods that the kubelet runs by itself.
    pub fn publish_static_pods(&self, hostname: &str, pods: &[StaticPod]) {
        let address = self.machine.identity.ips().first().copied();
        let mut ids = Vec::new();
        for pod in pods {
            let id = format!("kube-system/{}-{hostname}", pod.component);
            let spec = kubernetes::static_pod(pod, address);
            self.store.put(kinds::STATIC_POD_STATUS, &id, spec);
            ids.push(id);
        }
        self.store.keep_only(kinds::STATIC_POD_STATUS, &ids);
    }
}
