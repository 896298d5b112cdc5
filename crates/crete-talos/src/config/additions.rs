//! What a person may want of the machines of a lab beyond what a cluster is made of, each in the
//! form that the version keeps it in. It becomes a patch, so that it is read as strictly as a
//! person's own.

use super::{Configuration, Faults, MachineRole, Mirror, Patch};
use crate::Contract;
use crate::yaml::{self, Node, Origin};

/// How the clock is set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Time {
    /// By the servers that Talos knows.
    #[default]
    Usual,
    /// By these servers.
    Servers(Vec<String>),
    /// Not at all: a lab that reaches no server.
    Off,
}

/// What opens an encrypted disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskKey {
    /// The machine's identity: good against a lost disk, not against a lost machine.
    NodeId,
    /// A TPM.
    Tpm,
}

/// An address that the control planes share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualIp {
    /// The address.
    pub address: String,
    /// The card that answers for it.
    pub link: String,
}

/// A card with an address of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The card.
    pub name: String,
    /// Addresses with the lengths of their networks; none for what the network gives.
    pub addresses: Vec<String>,
    /// The way out; none where there is no way.
    pub gateway: Option<String>,
}

/// A volume of the person's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserVolume {
    /// Its name, and the folder below `/var/mnt`.
    pub name: String,
    /// Which disk: an expression such as `disk.transport == "virtio" && !system_disk`.
    pub disk: String,
    /// The least size, such as `10GiB`.
    pub min_size: String,
    /// What opens it, when it is encrypted.
    pub encryption: Option<DiskKey>,
}

/// An authority to trust besides the usual ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedRoot {
    /// Its name.
    pub name: String,
    /// Certificates, PEM.
    pub certificates: String,
}

/// All of it. What is empty is left to Talos.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Additions {
    /// The machine's name.
    pub hostname: Option<String>,
    /// Labels of the node.
    pub labels: Vec<(String, String)>,
    /// Notes on the node.
    pub annotations: Vec<(String, String)>,
    /// Taints: key, and `value:Effect` or an effect alone.
    pub taints: Vec<(String, String)>,
    /// Name servers.
    pub nameservers: Vec<String>,
    /// The clock.
    pub time: Time,
    /// Cards with addresses of their own. From 1.12 on, any of them ends the automatic DHCP of all
    /// others, which therefore get documents too.
    pub links: Vec<Link>,
    /// Lasting names for cards: name, and an expression such as `link.driver == "virtio_net"`.
    /// Only from 1.12 on.
    pub link_aliases: Vec<(String, String)>,
    /// An address that the control planes share.
    pub virtual_ip: Option<VirtualIp>,
    /// The environment of Talos' own programs, such as a proxy's address.
    pub environment: Vec<(String, String)>,
    /// Authorities to trust.
    pub trusted_roots: Vec<TrustedRoot>,
    /// Mirrors of registries.
    pub mirrors: Vec<Mirror>,
    /// True to leave out kube-proxy, for networks of pods that do its work.
    pub without_kube_proxy: bool,
    /// Networks whose address Kubernetes takes for the node.
    pub node_subnets: Vec<String>,
    /// Networks over which etcd's members talk.
    pub etcd_subnets: Vec<String>,
    /// The disk to install on by an expression, instead of its name. Up to 1.13 by its size.
    pub install_selector: Option<InstallSelector>,
    /// Volumes of the person's own.
    pub volumes: Vec<UserVolume>,
    /// What opens Talos' own volumes, when they are encrypted.
    pub encryption: Option<DiskKey>,
    /// Where the kernel's log is sent: `tcp://HOST:PORT`.
    pub kernel_log: Option<String>,
    /// A watchdog and how long it waits: `/dev/watchdog0`, `5m0s`.
    pub watchdog: Option<(String, String)>,
}

/// Which disk to install on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallSelector {
    /// As the main document has it: `>= 8GB`. Used up to 1.13.
    pub size: String,
    /// As documents have it: `disk.size >= 8u * GB`. Used from 1.14 on.
    pub expression: String,
}

impl Additions {
    /// The patch for a machine of a role; nothing when there is nothing to add.
    #[must_use]
    pub fn patch(&self, contract: Contract, role: MachineRole) -> Option<String> {
        let make = Make {
            wanted: self,
            contract,
            control_plane: role == MachineRole::ControlPlane,
        };
        let documents = make.documents();
        (!documents.is_empty()).then(|| yaml::emit_documents(documents.iter()))
    }

    /// Adds it to a configuration.
    ///
    /// # Errors
    /// What the version refuses to read: values are the person's own.
    pub fn apply(
        &self,
        configuration: &mut Configuration,
        contract: Contract,
        role: MachineRole,
        origin: Origin,
    ) -> Result<(), Faults> {
        let Some(text) = self.patch(contract, role) else {
            return Ok(());
        };
        // The name that stands there is no longer meant; from 1.14 on it is an expression too, and
        // is replaced.
        if contract < Contract::V1_14 && self.install_selector.is_some() {
            let nameless = "machine:\n  install:\n    disk:\n      $patch: delete\n";
            Patch::read(nameless, contract)?.apply(configuration, origin)?;
        }
        Patch::read(&text, contract)?
            .apply(configuration, origin)
            .map(drop)
    }
}

struct Make<'a> {
    wanted: &'a Additions,
    contract: Contract,
    control_plane: bool,
}

impl Make<'_> {
    fn since(&self, contract: Contract) -> bool {
        self.contract >= contract
    }

    fn documents(&self) -> Vec<Node> {
        let main = self.main();
        let mut nodes = match main.entries().is_empty() {
            true => Vec::new(),
            false => vec![main],
        };
        if self.since(Contract::V1_12) {
            nodes.extend(self.network_documents());
            let mirrors = self.wanted.mirrors.iter();
            nodes.extend(mirrors.map(super::generate::mirror_document));
        }
        if self.since(Contract::V1_11) {
            nodes.extend(self.encryption_documents());
        }
        if self.since(Contract::V1_13) && !self.wanted.environment.is_empty() {
            let variables = pairs(&self.wanted.environment);
            nodes.push(document("EnvironmentConfig", [("variables", variables)]));
        }
        if self.since(Contract::V1_14) {
            nodes.extend(self.newest_documents());
        }
        nodes.extend(self.common_documents());
        nodes
    }

    /// What still stands in the main document.
    fn main(&self) -> Node {
        let wanted = self.wanted;
        let mut main = Node::empty_map();
        let mut set = |path: &[&str], node: Node| set_at(&mut main, path, node);
        if !self.since(Contract::V1_12) {
            if let Some(name) = &wanted.hostname {
                set(&["machine", "network", "hostname"], Node::text(name));
            }
            if !wanted.nameservers.is_empty() {
                let list = Node::texts(&wanted.nameservers);
                set(&["machine", "network", "nameservers"], list);
            }
            match &wanted.time {
                Time::Usual => {}
                Time::Off => set(&["machine", "time", "disabled"], Node::bare(true)),
                Time::Servers(servers) => {
                    set(&["machine", "time", "servers"], Node::texts(servers));
                }
            }
            for mirror in &wanted.mirrors {
                let path = ["machine", "registries", "mirrors", &mirror.registry];
                let endpoints = Node::texts(&mirror.endpoints);
                set(&path, Node::map([("endpoints", endpoints)]));
            }
            let interfaces = self.interfaces();
            if !interfaces.is_empty() {
                set(
                    &["machine", "network", "interfaces"],
                    Node::list(interfaces),
                );
            }
        }
        if !self.since(Contract::V1_13) && !wanted.environment.is_empty() {
            set(&["machine", "env"], pairs(&wanted.environment));
        }
        if !self.since(Contract::V1_11)
            && let Some(key) = wanted.encryption
        {
            for volume in ["state", "ephemeral"] {
                let path = ["machine", "systemDiskEncryption", volume];
                set(&path, encryption(key));
            }
        }
        if !self.since(Contract::V1_14) {
            for (key, values) in [
                ("nodeLabels", &wanted.labels),
                ("nodeAnnotations", &wanted.annotations),
                ("nodeTaints", &wanted.taints),
            ] {
                if !values.is_empty() {
                    set(&["machine", key], pairs(values));
                }
            }
            if !wanted.node_subnets.is_empty() {
                let path = ["machine", "kubelet", "nodeIP", "validSubnets"];
                set(&path, Node::texts(&wanted.node_subnets));
            }
            if wanted.without_kube_proxy && self.control_plane {
                set(&["cluster", "proxy", "disabled"], Node::bare(true));
            }
            if let Some(selector) = &wanted.install_selector {
                let path = ["machine", "install", "diskSelector", "size"];
                set(&path, Node::text(&selector.size));
            }
        }
        if !wanted.etcd_subnets.is_empty() && self.control_plane {
            let list = Node::texts(&wanted.etcd_subnets);
            set(&["cluster", "etcd", "advertisedSubnets"], list);
        }
        main
    }

    /// Cards in the older form.
    fn interfaces(&self) -> Vec<Node> {
        let mut nodes: Vec<Node> = Vec::new();
        for link in &self.wanted.links {
            let mut node = Node::map([
                ("interface", Node::text(&link.name)),
                ("dhcp", Node::bare(link.addresses.is_empty())),
            ]);
            if !link.addresses.is_empty() {
                node.set("addresses", Node::texts(&link.addresses));
            }
            if let Some(gateway) = &link.gateway {
                let route = [
                    ("network", Node::text(everywhere(gateway))),
                    ("gateway", Node::text(gateway)),
                ];
                node.set("routes", Node::list(vec![Node::map(route)]));
            }
            nodes.push(node);
        }
        if let Some(shared) = self.shared() {
            let vip = Node::map([("ip", Node::text(&shared.address))]);
            let same = |node: &&mut Node| node.text_at(&["interface"]) == shared.link;
            match nodes.iter_mut().find(same) {
                Some(node) => node.set("vip", vip),
                None => nodes.push(Node::map([
                    ("interface", Node::text(&shared.link)),
                    ("dhcp", Node::bare(true)),
                    ("vip", vip),
                ])),
            }
        }
        nodes
    }

    /// The shared address, which workers do not have.
    fn shared(&self) -> Option<&VirtualIp> {
        self.wanted
            .virtual_ip
            .as_ref()
            .filter(|_| self.control_plane)
    }

    fn network_documents(&self) -> Vec<Node> {
        let wanted = self.wanted;
        let mut nodes = Vec::new();
        if let Some(name) = &wanted.hostname {
            let entries = [("auto", Node::text("off")), ("hostname", Node::text(name))];
            nodes.push(document("HostnameConfig", entries));
        }
        if !wanted.nameservers.is_empty() {
            let servers = wanted.nameservers.iter();
            let servers = servers.map(|one| Node::map([("address", Node::text(one))]));
            let list = Node::list(servers.collect());
            nodes.push(document("ResolverConfig", [("nameservers", list)]));
        }
        match &wanted.time {
            Time::Usual => {}
            Time::Off => nodes.push(document("TimeSyncConfig", [("enabled", Node::bare(false))])),
            Time::Servers(servers) => {
                let ntp = Node::map([("servers", Node::texts(servers))]);
                nodes.push(document("TimeSyncConfig", [("ntp", ntp)]));
            }
        }
        for (name, expression) in &wanted.link_aliases {
            let selector = Node::map([("match", Node::text(expression))]);
            let entries = [("name", Node::text(name)), ("selector", selector)];
            nodes.push(document("LinkAliasConfig", entries));
        }
        for link in &wanted.links {
            nodes.push(link_document(link));
        }
        if let Some(shared) = self.shared() {
            let entries = [
                ("name", Node::text(&shared.address)),
                ("link", Node::text(&shared.link)),
            ];
            nodes.push(document("Layer2VIPConfig", entries));
        }
        nodes
    }

    fn encryption_documents(&self) -> Vec<Node> {
        let Some(key) = self.wanted.encryption else {
            return Vec::new();
        };
        let volume = |name| {
            let entries = [("name", Node::text(name)), ("encryption", encryption(key))];
            document("VolumeConfig", entries)
        };
        vec![volume("STATE"), volume("EPHEMERAL")]
    }

    /// What has documents of its own from 1.14 on.
    fn newest_documents(&self) -> Vec<Node> {
        let wanted = self.wanted;
        let mut nodes = Vec::new();
        let mut node = document("KubeNodeConfig", []);
        for (key, values) in [
            ("labels", &wanted.labels),
            ("annotations", &wanted.annotations),
            ("taints", &wanted.taints),
        ] {
            if !values.is_empty() {
                node.set(key, pairs(values));
            }
        }
        if !wanted.node_subnets.is_empty() {
            let subnets = Node::texts(&wanted.node_subnets);
            node.set("nodeIP", Node::map([("validSubnets", subnets)]));
        }
        if node.entries().len() > 2 {
            nodes.push(node);
        }
        if wanted.without_kube_proxy && self.control_plane {
            nodes.push(document(
                "KubeProxyConfig",
                [("enabled", Node::bare(false))],
            ));
        }
        if let Some(selector) = &wanted.install_selector {
            let expression = Node::map([("match", Node::text(&selector.expression))]);
            let provisioning = Node::map([("diskSelector", expression)]);
            nodes.push(document(
                "UnattendedInstallConfig",
                [("provisioning", provisioning)],
            ));
        }
        nodes
    }

    /// What has a document of its own in every version.
    fn common_documents(&self) -> Vec<Node> {
        let wanted = self.wanted;
        let mut nodes = Vec::new();
        for root in &wanted.trusted_roots {
            let entries = [
                ("name", Node::text(&root.name)),
                ("certificates", Node::text(&root.certificates)),
            ];
            nodes.push(document("TrustedRootsConfig", entries));
        }
        for volume in &wanted.volumes {
            let mut provisioning = Node::map([(
                "diskSelector",
                Node::map([("match", Node::text(&volume.disk))]),
            )]);
            provisioning.set("minSize", Node::text(&volume.min_size));
            let mut node = document(
                "UserVolumeConfig",
                [
                    ("name", Node::text(&volume.name)),
                    ("provisioning", provisioning),
                ],
            );
            if let Some(key) = volume.encryption {
                node.set("encryption", encryption(key));
            }
            nodes.push(node);
        }
        if let Some(url) = &wanted.kernel_log {
            let entries = [("name", Node::text("crete")), ("url", Node::text(url))];
            nodes.push(document("KmsgLogConfig", entries));
        }
        if let Some((device, timeout)) = &wanted.watchdog {
            let entries = [
                ("device", Node::text(device)),
                ("timeout", Node::text(timeout)),
            ];
            nodes.push(document("WatchdogTimerConfig", entries));
        }
        nodes
    }
}

fn link_document(link: &Link) -> Node {
    if link.addresses.is_empty() {
        return document("DHCPv4Config", [("name", Node::text(&link.name))]);
    }
    let addresses = link.addresses.iter();
    let addresses = addresses.map(|one| Node::map([("address", Node::text(one))]));
    let mut node = document(
        "LinkConfig",
        [
            ("name", Node::text(&link.name)),
            ("addresses", Node::list(addresses.collect())),
        ],
    );
    if let Some(gateway) = &link.gateway {
        let route = Node::map([("gateway", Node::text(gateway))]);
        node.set("routes", Node::list(vec![route]));
    }
    node
}

fn everywhere(gateway: &str) -> &'static str {
    match gateway.contains(':') {
        true => "::/0",
        false => "0.0.0.0/0",
    }
}

fn encryption(key: DiskKey) -> Node {
    let way = match key {
        DiskKey::NodeId => "nodeID",
        DiskKey::Tpm => "tpm",
    };
    let key = Node::map([("slot", Node::bare(0)), (way, Node::empty_map())]);
    Node::map([
        ("provider", Node::text("luks2")),
        ("keys", Node::list(vec![key])),
    ])
}

fn pairs(values: &[(String, String)]) -> Node {
    let mut node = Node::empty_map();
    for (key, value) in values {
        node.set(key, Node::text(value));
    }
    node
}

fn document<const N: usize>(kind: &str, entries: [(&str, Node); N]) -> Node {
    super::generate::document(kind, entries)
}

fn set_at(node: &mut Node, path: &[&str], value: Node) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        node.set(first, value);
        return;
    }
    if node.get(first).is_none() {
        node.set(first, Node::empty_map());
    }
    if let Some(inner) = node.get_mut(first) {
        set_at(inner, rest, value);
    }
}
