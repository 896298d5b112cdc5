//! The state of a node as resources: typed where Crete shows them, as YAML otherwise.

use super::cause::Cause;
use super::error::ApiError;
use super::frames::Frames;
use super::node::Node;
use super::wire::common::{NetIp, NetIpPrefix};
use super::wire::cosi::resource as wire;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A kind of resource, with the type of what it says.
#[derive(Debug)]
pub struct Kind<T> {
    /// Where it is kept.
    pub namespace: &'static str,
    /// Its full type.
    pub name: &'static str,
    spec: PhantomData<fn() -> T>,
}

impl<T> Clone for Kind<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Kind<T> {}

/// A resource that exists.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource<T> {
    /// What it is.
    pub metadata: Metadata,
    /// What it says.
    pub spec: T,
    /// The same as YAML, for people.
    pub yaml: String,
}

/// What a resource is, whatever it says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    /// Its id within its kind.
    pub id: String,
    /// Grows with each change.
    pub version: String,
    /// The controller that keeps it.
    pub owner: String,
    /// True while it is being taken down.
    pub tearing_down: bool,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident: $spec:ty = $namespace:literal, $type:literal;)+) => {
        /// The kinds that Crete shows.
        pub mod kinds {
            use super::super::wire::resource::config;
            use super::super::wire::talos::resource::definitions as specs;
            use super::Kind;
            use std::marker::PhantomData;

            $(
                $(#[doc = $doc])+
                pub const $name: Kind<$spec> = Kind {
                    namespace: $namespace,
                    name: $type,
                    spec: PhantomData,
                };
            )+
        }
    };
}

kinds! {
    /// Stage, readiness and what is waited for; id `machine`.
    MACHINE_STATUS: specs::runtime::MachineStatusSpec = "runtime", "MachineStatuses.runtime.talos.dev";
    /// The version of Talos; id `version`. Told in maintenance mode by every version.
    VERSION: config::VersionSpec = "runtime", "Versions.runtime.talos.dev";
    /// Secure boot and the like; id `securitystate`.
    SECURITY_STATE: specs::runtime::SecurityStateSpec = "runtime", "SecurityStates.talos.dev";
    /// What Talos itself finds wrong.
    DIAGNOSTICS: specs::runtime::DiagnosticSpec = "runtime", "Diagnostics.runtime.talos.dev";
    /// Installed extensions, one a layer.
    EXTENSIONS: specs::extensions::Layer = "runtime", "ExtensionStatuses.runtime.talos.dev";
    /// Services, by their id.
    SERVICES: specs::v1alpha1::ServiceSpec = "runtime", "Services.v1alpha1.talos.dev";
    /// The kernel's command line; id `cmdline`.
    KERNEL_CMDLINE: specs::runtime::KernelCmdlineSpec = "runtime", "KernelCmdlines.runtime.talos.dev";
    /// Values that outlive everything but a reset.
    META_KEYS: specs::runtime::MetaKeySpec = "runtime", "MetaKeys.runtime.talos.dev";
    /// Where it runs; id `platformmetadata`.
    PLATFORM: specs::runtime::PlatformMetadataSpec = "runtime", "PlatformMetadatas.talos.dev";
    /// What is mounted.
    MOUNTS: specs::runtime::MountStatusSpec = "runtime", "MountStatuses.runtime.talos.dev";
    /// Whether its clock is synchronized; id `node`.
    TIME: specs::time::StatusSpec = "runtime", "TimeStatuses.v1alpha1.talos.dev";
    /// Disks, by their device name.
    DISKS: specs::block::DiskSpec = "runtime", "Disks.block.talos.dev";
    /// Partitions and filesystems.
    DISCOVERED_VOLUMES: specs::block::DiscoveredVolumeSpec = "runtime", "DiscoveredVolumes.block.talos.dev";
    /// Talos' volumes, such as `STATE` and `EPHEMERAL`.
    VOLUMES: specs::block::VolumeStatusSpec = "runtime", "VolumeStatuses.block.talos.dev";
    /// The disk that Talos is installed on; id `system-disk`.
    SYSTEM_DISK: specs::block::SystemDiskSpec = "runtime", "SystemDisks.block.talos.dev";
    /// The machine, by what its firmware says; id `systeminformation`.
    SYSTEM_INFORMATION: specs::hardware::SystemInformationSpec = "hardware", "SystemInformations.hardware.talos.dev";
    /// Processors.
    PROCESSORS: specs::hardware::ProcessorSpec = "hardware", "Processors.hardware.talos.dev";
    /// Memory modules.
    MEMORY_MODULES: specs::hardware::MemoryModuleSpec = "hardware", "MemoryModules.hardware.talos.dev";
    /// The host name; id `hostname`.
    HOSTNAME: specs::network::HostnameStatusSpec = "network", "HostnameStatuses.net.talos.dev";
    /// Addresses of the node, in groups such as `default` and `current`.
    NODE_ADDRESSES: specs::network::NodeAddressSpec = "network", "NodeAddresses.net.talos.dev";
    /// Addresses of links.
    ADDRESSES: specs::network::AddressStatusSpec = "network", "AddressStatuses.net.talos.dev";
    /// Links, by their names.
    LINKS: specs::network::LinkStatusSpec = "network", "LinkStatuses.net.talos.dev";
    /// Routes.
    ROUTES: specs::network::RouteStatusSpec = "network", "RouteStatuses.net.talos.dev";
    /// Name servers; id `resolvers`.
    RESOLVERS: specs::network::ResolverStatusSpec = "network", "ResolverStatuses.net.talos.dev";
    /// Time servers; id `timeservers`.
    TIME_SERVERS: specs::network::TimeServerStatusSpec = "network", "TimeServerStatuses.net.talos.dev";
    /// Whether the network is ready; id `status`.
    NETWORK: specs::network::StatusSpec = "network", "NetworkStatuses.net.talos.dev";
    /// What the machine is in its cluster; id `machine-type`.
    MACHINE_TYPE: config::MachineTypeSpec = "config", "MachineTypes.config.talos.dev";
    /// The whole configuration; ids `v1alpha1` and `persistent`. Needs the role of an administrator.
    MACHINE_CONFIG: config::MachineConfigSpec = "config", "MachineConfigs.config.talos.dev";
    /// The cluster's name and id; id `current`.
    CLUSTER: specs::cluster::InfoSpec = "cluster", "Infos.cluster.talos.dev";
    /// Members that this node sees: without discovery, itself only.
    MEMBERS: specs::cluster::MemberSpec = "cluster", "Members.cluster.talos.dev";
    /// Its own identity; id `local`.
    IDENTITY: specs::cluster::IdentitySpec = "cluster", "Identities.cluster.talos.dev";
    /// Its etcd member; id `local`.
    ETCD_MEMBER: specs::etcd::MemberSpec = "etcd", "EtcdMembers.etcd.talos.dev";
    /// Whether Kubernetes finds it ready, by its name there.
    NODE_STATUS: specs::k8s::NodeStatusSpec = "k8s", "NodeStatuses.kubernetes.talos.dev";
    /// Its name in Kubernetes; id `nodename`.
    NODENAME: specs::k8s::NodenameSpec = "k8s", "Nodenames.kubernetes.talos.dev";
    /// The control plane's own pods.
    STATIC_PODS: specs::k8s::StaticPodStatusSpec = "k8s", "StaticPodStatuses.kubernetes.talos.dev";
}

impl<T: prost::Message + Default> Kind<T> {
    /// Reads what travelled. A resource that is being destroyed says nothing.
    pub(super) fn read(self, resource: wire::Resource) -> Resource<T> {
        let spec = resource.spec.unwrap_or_default();
        Resource {
            metadata: metadata(resource.metadata.unwrap_or_default()),
            spec: T::decode(spec.proto_spec.as_slice()).unwrap_or_default(),
            yaml: spec.yaml_spec,
        }
    }
}

pub(super) fn metadata(metadata: wire::Metadata) -> Metadata {
    Metadata {
        id: metadata.id,
        version: metadata.version,
        owner: metadata.owner,
        tearing_down: metadata.phase == "tearingDown",
        labels: metadata.labels.into_iter().collect(),
    }
}

/// Resources of a kind, as they come.
#[derive(Debug)]
pub struct Listing<T> {
    frames: Frames<wire::ListResponse>,
    kind: Kind<T>,
}

impl<T: prost::Message + Default> Listing<T> {
    /// The next resource; nothing at the end.
    ///
    /// # Errors
    /// What a stream can fail with.
    pub async fn next(&mut self) -> Result<Option<Resource<T>>, ApiError> {
        while let Some(answer) = self.frames.next().await? {
            if let Some(resource) = answer.resource {
                return Ok(Some(self.kind.read(resource)));
            }
        }
        Ok(None)
    }

    /// Every resource that is left.
    ///
    /// # Errors
    /// What a stream can fail with.
    pub async fn all(mut self) -> Result<Vec<Resource<T>>, ApiError> {
        let mut all = Vec::new();
        while let Some(resource) = self.next().await? {
            all.push(resource);
        }
        Ok(all)
    }
}

impl Node {
    /// One resource; nothing when there is none with this id.
    ///
    /// # Errors
    /// What a call can fail with.
    pub async fn get<T: prost::Message + Default>(
        &self,
        kind: Kind<T>,
        id: &str,
    ) -> Result<Option<Resource<T>>, ApiError> {
        let resource = self.get_raw(kind.namespace, kind.name, id).await?;
        Ok(resource.map(|resource| kind.read(resource)))
    }

    /// Every resource of a kind.
    #[must_use]
    pub fn list<T: prost::Message + Default>(&self, kind: Kind<T>) -> Listing<T> {
        let request = wire::ListRequest {
            namespace: kind.namespace.to_owned(),
            r#type: kind.name.to_owned(),
            options: None,
        };
        let mut state = self.state();
        Listing {
            frames: Frames::new(
                "List",
                self.name(),
                async move { state.list(request).await },
            ),
            kind,
        }
    }

    /// Any resource as YAML, with what it is; nothing when there is none with this id.
    ///
    /// # Errors
    /// What a call can fail with.
    pub async fn get_yaml(
        &self,
        namespace: &str,
        kind: &str,
        id: &str,
    ) -> Result<Option<(Metadata, String)>, ApiError> {
        let resource = self.get_raw(namespace, kind, id).await?;
        Ok(resource.map(|resource| {
            let spec = resource.spec.unwrap_or_default();
            (
                metadata(resource.metadata.unwrap_or_default()),
                spec.yaml_spec,
            )
        }))
    }

    /// Resources of any kind as YAML, with what they are.
    ///
    /// # Errors
    /// What a stream can fail with, silence among it.
    pub async fn list_yaml(
        &self,
        namespace: &str,
        kind: &str,
    ) -> Result<Vec<(Metadata, String)>, ApiError> {
        let request = wire::ListRequest {
            namespace: namespace.to_owned(),
            r#type: kind.to_owned(),
            options: None,
        };
        let mut state = self.state();
        let call = "List";
        let opening = async move { state.list(request).await };
        let mut frames = Frames::new(call, self.name(), opening);
        let listing = async {
            let mut all = Vec::new();
            while let Some(answer) = frames.next().await? {
                let resource = answer.resource.unwrap_or_default();
                let spec = resource.spec.unwrap_or_default();
                let metadata = metadata(resource.metadata.unwrap_or_default());
                all.push((metadata, spec.yaml_spec));
            }
            Ok(all)
        };
        match tokio::time::timeout(self.deadline(), listing).await {
            Ok(listed) => listed,
            Err(_) => Err(ApiError::new(
                Cause::Silent,
                call,
                self.name(),
                "no end of the list",
            )),
        }
    }

    async fn get_raw(
        &self,
        namespace: &str,
        kind: &str,
        id: &str,
    ) -> Result<Option<wire::Resource>, ApiError> {
        let request = wire::GetRequest {
            namespace: namespace.to_owned(),
            r#type: kind.to_owned(),
            id: id.to_owned(),
        };
        let mut state = self.state();
        match self
            .answer("Get", self.deadline(), state.get(request))
            .await
        {
            Ok(answer) => Ok(answer.resource),
            Err(error) if error.cause == Cause::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// An address as it travels: four or sixteen bytes.
#[must_use]
pub fn address(wire: &NetIp) -> Option<IpAddr> {
    let bytes = wire.ip.as_slice();
    let v4 = <[u8; 4]>::try_from(bytes).map(|bytes| IpAddr::V4(Ipv4Addr::from(bytes)));
    let v6 = || <[u8; 16]>::try_from(bytes).map(|bytes| IpAddr::V6(Ipv6Addr::from(bytes)));
    v4.or_else(|_| v6()).ok()
}

/// An address and the length of its prefix, as they travel.
#[must_use]
pub fn prefix(wire: &NetIpPrefix) -> Option<(IpAddr, u8)> {
    let ip = NetIp {
        ip: wire.ip.clone(),
    };
    let length = u8::try_from(wire.prefix_length).ok()?;
    Some((address(&ip)?, length))
}

impl From<&super::wire::talos::resource::definitions::block::DiskSpec> for crate::config::Disk {
    fn from(spec: &super::wire::talos::resource::definitions::block::DiskSpec) -> Self {
        Self {
            dev_path: spec.dev_path.clone(),
            size: spec.size,
            transport: spec.transport.clone(),
            model: spec.model.clone(),
            serial: spec.serial.clone(),
            wwid: spec.wwid.clone(),
            bus_path: spec.bus_path.clone(),
            readonly: spec.readonly,
            rotational: spec.rotational,
            cdrom: spec.cdrom,
        }
    }
}
