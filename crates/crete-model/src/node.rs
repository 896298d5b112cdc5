//! Nodes: what Talos on a machine says of itself.
//!
//! A [`NodeView`] is small and of every node that is looked at; [`NodeFacts`] are of a node whose page
//! is open, one kind a piece, so that a change redraws its own part only.

use crate::{MachineId, NodeFigures, Problem};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What is at a machine's Talos API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NodePresence {
    /// The machine is off: there is no node.
    Off,
    /// It was not looked at yet.
    Looking,
    /// Connections are refused or ended at once: it starts, installs or restarts.
    Starting,
    /// Nothing comes back.
    Silent,
    /// Something else answers there.
    NotTalos,
    /// It waits for its configuration.
    Maintenance,
    /// It is configured, and Crete has its credentials.
    Configured,
    /// It is configured, and Crete has no credentials for it.
    NoCredentials,
    /// It is configured, and of another cluster than its credentials.
    AnotherCluster,
}

/// How far a node's life is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NodeStage {
    /// Not told.
    Unknown,
    /// Its services start.
    Booting,
    /// Talos is written to its disk.
    Installing,
    /// It waits for its configuration.
    Maintenance,
    /// It runs.
    Running,
    /// It restarts.
    Rebooting,
    /// It shuts down.
    ShuttingDown,
    /// It is wiped.
    Resetting,
    /// It is upgraded.
    Upgrading,
}

/// What a node is in its cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NodeRole {
    /// It runs etcd and the Kubernetes API.
    ControlPlane,
    /// It runs workloads.
    Worker,
}

/// Something that a node still waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UnmetCondition {
    /// Talos' name of the check, such as `services`.
    pub name: String,
    /// Talos' own words.
    pub reason: String,
}

/// A node that is looked at, by its machine's id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct NodeView {
    /// The machine.
    pub machine: MachineId,
    /// What is there.
    pub presence: NodePresence,
    /// The certificate it shows in maintenance mode.
    pub fingerprint: Option<String>,
    /// True when that is the one its console printed.
    pub fingerprint_printed: bool,
    /// True when its credentials are the machine's own and not a cluster's.
    pub own_credentials: bool,
    /// What it says of itself; what it said last while `stale_since` is set.
    pub says: Option<NodeSays>,
    /// RFC 3339: since when what is shown is old. Absent while it is live.
    pub stale_since: Option<String>,
    /// What keeps it from being spoken to.
    pub problem: Option<Problem>,
}

/// What a node says of itself in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NodeSays {
    /// Its stage.
    pub stage: NodeStage,
    /// Whether everything is as it should be. Talos means it in the stages booting and running only.
    pub ready: bool,
    /// What it waits for.
    pub unmet: Vec<UnmetCondition>,
    /// Its Talos, such as `v1.13.9`.
    pub version: String,
    /// Its host name.
    pub hostname: String,
    /// What it is in its cluster; nothing while it is in none.
    pub role: Option<NodeRole>,
    /// Its addresses without those of Kubernetes.
    pub addresses: Vec<String>,
}

/// Facts of one kind about a node whose page is open, by `MACHINE/KIND`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct NodeFacts {
    /// The machine.
    pub machine: MachineId,
    /// The kind.
    pub kind: FactKind,
    /// What is known; what was known last when there is a problem too.
    pub facts: Option<Facts>,
    /// Why they are not told: this Talos does not offer them, or not in its present state.
    pub problem: Option<Problem>,
}

macro_rules! facts {
    ($($(#[doc = $doc:literal])+ $name:ident($content:ty);)+) => {
        /// Kinds of facts about a node.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
        #[serde(rename_all = "snake_case")]
        pub enum FactKind {
            $($(#[doc = $doc])+ $name,)+
        }

        impl FactKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name),+];
        }

        /// Facts about a node.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
        #[serde(tag = "kind", content = "list", rename_all = "snake_case")]
        pub enum Facts {
            $($(#[doc = $doc])+ $name($content),)+
        }

        impl Facts {
            /// Their kind.
            #[must_use]
            pub fn kind(&self) -> FactKind {
                match self {
                    $(Self::$name(_) => FactKind::$name,)+
                }
            }
        }
    };
}

facts! {
    /// What Talos itself finds wrong.
    Diagnostics(Vec<NodeDiagnostic>);
    /// Its services.
    Services(Vec<NodeService>);
    /// The control plane's own pods.
    StaticPods(Vec<NodeStaticPod>);
    /// Members of its cluster, as far as it sees them.
    Members(Vec<NodeMember>);
    /// Its cluster's name.
    Cluster(Vec<NodeCluster>);
    /// Whether Kubernetes finds it ready.
    Kubernetes(Vec<NodeKubernetes>);
    /// The members of etcd and what is wrong with them.
    Etcd(Vec<NodeEtcd>);
    /// Addresses of its links.
    Addresses(Vec<NodeAddress>);
    /// Its links.
    Links(Vec<NodeLink>);
    /// Its routes.
    Routes(Vec<NodeRoute>);
    /// Its name servers and search domains.
    Resolvers(Vec<NodeResolvers>);
    /// Its time servers.
    TimeServers(Vec<String>);
    /// Whether its network is ready.
    Network(Vec<NodeNetwork>);
    /// Its disks.
    Disks(Vec<NodeDisk>);
    /// The disk Talos is installed on; none before.
    SystemDisk(Vec<String>);
    /// Partitions and file systems.
    Partitions(Vec<NodePartition>);
    /// Talos' volumes.
    Volumes(Vec<NodeVolume>);
    /// What is mounted.
    Mounts(Vec<NodeMount>);
    /// Installed extensions.
    Extensions(Vec<NodeExtension>);
    /// Whether its clock is synchronized.
    Time(Vec<NodeTime>);
    /// Secure boot and the like.
    Security(Vec<NodeSecurity>);
    /// The machine, by what its firmware says.
    System(Vec<NodeSystem>);
    /// Its processors.
    Processors(Vec<NodeProcessor>);
    /// Its memory modules.
    Memory(Vec<NodeMemoryModule>);
    /// Where it runs, such as `metal`.
    Platform(Vec<String>);
    /// The kernel's command line.
    KernelCmdline(Vec<String>);
    /// Values that outlive everything but a reset.
    MetaKeys(Vec<NodeMetaKey>);
}

macro_rules! records {
    ($($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $field_doc:literal])+ $(#[ts($($ts:tt)*)])? $field:ident: $type:ty,)+ })+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
            pub struct $name {
                $($(#[doc = $field_doc])+ $(#[ts($($ts)*)])? pub $field: $type,)+
            }
        )+
    };
}

records! {
    /// Something Talos finds wrong.
    NodeDiagnostic {
        /// Its id, such as `address-overlap`.
        id: String,
        /// In Talos' words.
        message: String,
        /// More of them.
        details: Vec<String>,
    }

    /// A service.
    NodeService {
        /// Its id, such as `kubelet`.
        id: String,
        /// Its state in Talos' word, such as `Running`; empty where only the rest is told.
        state: String,
        /// True while it runs.
        running: bool,
        /// Whether its own check finds it healthy; nothing when it has none.
        healthy: Option<bool>,
        /// What it said last.
        message: String,
        /// RFC 3339: when that was.
        since: Option<String>,
        /// What happened to it, oldest first.
        events: Vec<NodeServiceEvent>,
        /// What Talos lets be done with it over its API.
        actions: Vec<ServiceAction>,
    }

    /// Something that happened to a service.
    NodeServiceEvent {
        /// The state it came to.
        state: String,
        /// In Talos' words.
        message: String,
        /// RFC 3339.
        at: Option<String>,
    }

    /// A pod of the control plane.
    NodeStaticPod {
        /// Its namespace and name.
        id: String,
        /// The phase in Kubernetes' word.
        phase: String,
        /// Whether Kubernetes finds it ready.
        ready: bool,
        /// How often its containers were started again.
        restarts: u32,
        /// Why it waits, in Kubernetes' word; empty when it does not.
        waiting: String,
    }

    /// A member of the cluster.
    NodeMember {
        /// Its host name.
        hostname: String,
        /// Its addresses.
        addresses: Vec<String>,
        /// What it is.
        role: Option<NodeRole>,
        /// Its system, such as `Talos (v1.13.9)`.
        system: String,
    }

    /// A cluster.
    NodeCluster {
        /// Its id for discovery.
        id: String,
        /// Its name.
        name: String,
    }

    /// The node as Kubernetes sees it.
    NodeKubernetes {
        /// Its name there.
        name: String,
        /// Whether it is ready.
        ready: bool,
        /// Whether it takes no new pods.
        unschedulable: bool,
    }

    /// A member of etcd.
    NodeEtcd {
        /// Its id, hexadecimal.
        id: String,
        /// Its host name.
        hostname: String,
        /// True while it does not vote yet.
        learner: bool,
        /// True when it is the node itself.
        own: bool,
        /// True when it leads.
        leads: bool,
        /// Bytes of its file; of the node's own member only.
        #[ts(type = "number | null")]
        size: Option<u64>,
        /// What is wrong with it: `nospace` or `corrupt`.
        alarms: Vec<String>,
    }

    /// An address of a link.
    NodeAddress {
        /// With the length of its prefix.
        address: String,
        /// The link.
        link: String,
        /// How far it counts, such as `global`.
        scope: String,
    }

    /// A link.
    NodeLink {
        /// Its name.
        name: String,
        /// Physical, or what it is: `bridge`, `vlan`, and so on.
        kind: String,
        /// The address of its card.
        mac: String,
        /// Whether it carries anything.
        up: bool,
        /// Its state in the kernel's word.
        state: String,
        /// Bytes a frame may have.
        mtu: u32,
        /// Megabits a second; nothing when it does not say.
        #[ts(type = "number | null")]
        speed_mbit: Option<u64>,
        /// The driver.
        driver: String,
    }

    /// A route.
    NodeRoute {
        /// Where to; `default` when anywhere.
        destination: String,
        /// By whom; empty when directly.
        gateway: String,
        /// Through which link.
        link: String,
        /// The lower the better.
        priority: u32,
    }

    /// Name servers.
    NodeResolvers {
        /// Their addresses.
        servers: Vec<String>,
        /// What is appended to short names.
        search: Vec<String>,
    }

    /// Whether the network is ready.
    NodeNetwork {
        /// It has an address.
        address: bool,
        /// It reaches what it should.
        connectivity: bool,
        /// It has a name.
        hostname: bool,
        /// Its files are written.
        files: bool,
    }

    /// A disk.
    NodeDisk {
        /// Its device name, such as `vda`.
        id: String,
        /// Its path, such as `/dev/vda`.
        path: String,
        /// Bytes.
        #[ts(type = "number")]
        size: u64,
        /// What its maker calls it.
        model: String,
        /// Its serial number.
        serial: String,
        /// How it is connected, such as `virtio`.
        transport: String,
        /// True when it turns.
        rotational: bool,
        /// True when nothing can be written.
        readonly: bool,
        /// True when it is a CD.
        cdrom: bool,
    }

    /// A partition or a file system.
    NodePartition {
        /// Its device name.
        id: String,
        /// The disk it is on; empty when it is one itself.
        parent: String,
        /// Bytes.
        #[ts(type = "number")]
        size: u64,
        /// Where it begins, bytes.
        #[ts(type = "number")]
        offset: u64,
        /// Its file system or kind, such as `xfs`.
        format: String,
        /// The partition's label, such as `EPHEMERAL`.
        label: String,
    }

    /// A volume.
    NodeVolume {
        /// Its id, such as `EPHEMERAL`.
        id: String,
        /// How far it is, such as `ready`.
        phase: String,
        /// Where it is.
        location: String,
        /// Bytes.
        #[ts(type = "number")]
        size: u64,
        /// Its file system.
        filesystem: String,
        /// Whether it is encrypted.
        encrypted: bool,
        /// What is wrong with it; empty when nothing is.
        error: String,
    }

    /// Something that is mounted.
    NodeMount {
        /// The volume or its source.
        source: String,
        /// Where.
        target: String,
        /// Its file system.
        filesystem: String,
        /// Whether it is encrypted.
        encrypted: bool,
    }

    /// An extension.
    NodeExtension {
        /// Its name.
        name: String,
        /// Its version.
        version: String,
        /// Who made it.
        author: String,
        /// What it is for.
        description: String,
    }

    /// The clock.
    NodeTime {
        /// Whether a time server has set it.
        synced: bool,
        /// Whether nobody is asked.
        disabled: bool,
    }

    /// The security state.
    NodeSecurity {
        /// Whether the firmware checked what it started.
        secure_boot: bool,
        /// Whether it was started from one signed file.
        uki: bool,
        /// How SELinux is used: `disabled`, `permissive` or `enforcing`.
        selinux: String,
        /// How FIPS is used: `disabled`, `enabled` or `strict`.
        fips: String,
        /// Whether only signed modules of the kernel are loaded.
        signed_modules: bool,
    }

    /// The machine.
    NodeSystem {
        /// Who made it.
        manufacturer: String,
        /// What they call it.
        product: String,
        /// Its version.
        version: String,
        /// Its serial number.
        serial: String,
        /// Its UUID.
        uuid: String,
    }

    /// A processor.
    NodeProcessor {
        /// The socket.
        socket: String,
        /// What it is called.
        name: String,
        /// Its cores.
        cores: u32,
        /// Its threads.
        threads: u32,
    }

    /// A memory module.
    NodeMemoryModule {
        /// Where it sits.
        slot: String,
        /// MiB; 0 when it is empty.
        size_mib: u32,
        /// Who made it.
        manufacturer: String,
    }

    /// A value that outlives everything but a reset.
    NodeMetaKey {
        /// Its key, such as `0x0c`.
        key: String,
        /// Its value.
        value: String,
    }
}

/// What can be done with a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ServiceAction {
    /// Start it.
    Start,
    /// Stop it.
    Stop,
    /// Start it again.
    Restart,
}

/// What can be done with a service over Talos' API: with the kubelet and with those of extensions.
#[must_use]
pub fn service_actions(id: &str) -> &'static [ServiceAction] {
    use ServiceAction::{Restart, Start, Stop};
    match id {
        "kubelet" => &[Start, Restart],
        _ if id.starts_with("ext-") => &[Start, Stop, Restart],
        _ => &[],
    }
}

/// A node's figures, by its machine's id; only while its page is open and seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct NodeFiguresView {
    /// The machine.
    pub machine: MachineId,
    /// The figures; nothing until there are two looks to compare.
    pub figures: Option<NodeFigures>,
    /// Why there are none.
    pub problem: Option<Problem>,
}
