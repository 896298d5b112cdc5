//! Every kind of resource that the node shows or, to a reader, refuses to show.

use crate::store::Kind;

macro_rules! kinds {
    ($($name:ident = $namespace:literal, $type:literal, $owner:literal $(, $sensitive:ident)?;)+) => {
        $(
            pub(crate) const $name: Kind = Kind {
                name: $type,
                namespace: $namespace,
                owner: $owner,
                sensitive: kinds!(@ $($sensitive)?),
            };
        )+

        /// All of them.
        pub(crate) const ALL: &[Kind] = &[$($name),+];
    };
    (@ sensitive) => { true };
    (@) => { false };
}

kinds! {
    MACHINE_STATUS = "runtime", "MachineStatuses.runtime.talos.dev", "runtime.MachineStatusController";
    VERSION = "runtime", "Versions.runtime.talos.dev", "runtime.VersionController";
    SECURITY_STATE = "runtime", "SecurityStates.talos.dev", "runtime.SecurityStateController";
    DIAGNOSTIC = "runtime", "Diagnostics.runtime.talos.dev", "runtime.DiagnosticsController";
    EXTENSION = "runtime", "ExtensionStatuses.runtime.talos.dev", "runtime.ExtensionStatusController";
    SERVICE = "runtime", "Services.v1alpha1.talos.dev", "v1alpha1.ServiceController";
    KERNEL_CMDLINE = "runtime", "KernelCmdlines.runtime.talos.dev", "runtime.KernelCmdlineController";
    META_KEY = "runtime", "MetaKeys.runtime.talos.dev", "";
    PLATFORM = "runtime", "PlatformMetadatas.talos.dev", "network.PlatformConfigApplyController";
    MOUNT = "runtime", "MountStatuses.runtime.talos.dev", "block.MountStatusController";
    TIME = "runtime", "TimeStatuses.v1alpha1.talos.dev", "time.SyncController";
    DISK = "runtime", "Disks.block.talos.dev", "block.DisksController";
    DISCOVERED_VOLUME = "runtime", "DiscoveredVolumes.block.talos.dev", "block.DiscoveryController";
    VOLUME = "runtime", "VolumeStatuses.block.talos.dev", "block.VolumeManagerController";
    SYSTEM_DISK = "runtime", "SystemDisks.block.talos.dev", "block.SystemDiskController";
    SYSTEM_INFORMATION = "hardware", "SystemInformations.hardware.talos.dev", "hardware.SystemInfoController";
    PROCESSOR = "hardware", "Processors.hardware.talos.dev", "hardware.SystemInfoController";
    MEMORY_MODULE = "hardware", "MemoryModules.hardware.talos.dev", "hardware.SystemInfoController";
    HOSTNAME = "network", "HostnameStatuses.net.talos.dev", "network.HostnameSpecController";
    NODE_ADDRESS = "network", "NodeAddresses.net.talos.dev", "network.NodeAddressController";
    ADDRESS = "network", "AddressStatuses.net.talos.dev", "network.AddressStatusController";
    LINK = "network", "LinkStatuses.net.talos.dev", "network.LinkStatusController";
    ROUTE = "network", "RouteStatuses.net.talos.dev", "network.RouteStatusController";
    RESOLVER = "network", "ResolverStatuses.net.talos.dev", "network.ResolverSpecController";
    TIME_SERVER = "network", "TimeServerStatuses.net.talos.dev", "network.TimeServerSpecController";
    NETWORK = "network", "NetworkStatuses.net.talos.dev", "network.StatusController";
    MACHINE_TYPE = "config", "MachineTypes.config.talos.dev", "config.MachineTypeController";
    MACHINE_CONFIG = "config", "MachineConfigs.config.talos.dev", "config.AcquireController", sensitive;
    CLUSTER = "cluster", "Infos.cluster.talos.dev", "cluster.InfoController";
    MEMBER = "cluster", "Members.cluster.talos.dev", "cluster.MemberController";
    IDENTITY = "cluster", "Identities.cluster.talos.dev", "cluster.NodeIdentityController";
    AFFILIATE = "cluster", "Affiliates.cluster.talos.dev", "cluster.LocalAffiliateController";
    ETCD_MEMBER = "etcd", "EtcdMembers.etcd.talos.dev", "etcd.MemberController";
    NODE_STATUS = "k8s", "NodeStatuses.kubernetes.talos.dev", "k8s.NodeStatusController";
    NODENAME = "k8s", "Nodenames.kubernetes.talos.dev", "k8s.NodenameController";
    STATIC_POD_STATUS = "k8s", "StaticPodStatuses.kubernetes.talos.dev", "k8s.KubeletStaticPodController";
    CERT_SAN = "secrets", "CertSANs.secrets.talos.dev", "secrets.APICertSANsController", sensitive;
    VOLUME_CONFIG = "runtime", "VolumeConfigs.block.talos.dev", "block.VolumeConfigController", sensitive;
    OPERATOR_SPEC = "network", "OperatorSpecs.net.talos.dev", "network.OperatorMergeController", sensitive;
    KUBELET_SPEC = "k8s", "KubeletSpecs.kubernetes.talos.dev", "k8s.KubeletSpecController", sensitive;
    DEFINITION = "meta", "ResourceDefinitions.meta.cosi.dev", "";
}

/// The kind of a type in a namespace.
pub(crate) fn find(namespace: &str, name: &str) -> Option<Kind> {
    let mut all = ALL.iter();
    all.find(|kind| kind.name == name && kind.namespace == namespace)
        .copied()
}
