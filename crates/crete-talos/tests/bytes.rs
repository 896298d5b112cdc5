//! Every message as bytes that were put together outside of this program, from the interface's tables
//! of numbers and types: each field with a value of its own (text `s` and the number of the field,
//! numbers a hundred more than it), so that a field under another's number would be seen.
#![cfg(feature = "api")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_talos::api::wire::{
    cluster, common, cosi, google, machine, resource, storage, talos, time,
};
use prost::Message;
use std::collections::{BTreeMap, BTreeSet};
use support::recording::pool;

/// Reads a message; gives what it shows of itself, and its bytes when it is written again.
type Read = fn(&[u8]) -> (String, Vec<u8>);

fn read<T: Message + Default + std::fmt::Debug>(bytes: &[u8]) -> (String, Vec<u8>) {
    let message = T::decode(bytes).unwrap();
    (format!("{message:?}"), message.encode_to_vec())
}

macro_rules! messages {
    ($($name:literal = $message:path;)+) => {
        const MESSAGES: &[(&str, Read)] = &[$(($name, read::<$message>)),+];
    };
}

#[test]
fn every_message_is_read_from_bytes_and_written_as_the_same() {
    let text = std::fs::read_to_string(support::golden("../bytes.txt")).unwrap();
    let readers: BTreeMap<&str, Read> = MESSAGES.iter().copied().collect();
    let mut seen = BTreeSet::new();
    for line in text.lines() {
        let mut cells = line.split(" | ");
        let mut cell = || cells.next().unwrap_or_default().trim();
        let (name, hex, told) = (cell(), cell(), cell());
        let bytes: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect();
        let read = readers
            .get(name)
            .unwrap_or_else(|| panic!("{name} is in no list"));
        let (shown, again) = read(&bytes);
        // What is not known is left out, and what has another type is refused.
        assert_eq!(again, bytes, "{name}: {shown}");
        let shown: String = shown.chars().filter(|one| !one.is_whitespace()).collect();
        for field in told.split_whitespace() {
            let Some((field, value)) = field.split_once('=') else {
                continue;
            };
            let wanted = format!("{field}:{value}");
            assert!(
                shown.contains(&wanted),
                "{name}: {wanted} is not in {shown}"
            );
        }
        seen.insert(name.to_owned());
    }
    let all: BTreeSet<String> = pool()
        .all_messages()
        .filter(|one| !one.is_map_entry() && !one.package_name().starts_with("google.protobuf"))
        .map(|one| one.full_name().to_owned())
        .collect();
    assert_eq!(seen, all, "no message is without bytes");
}

messages! {
    "cluster.HealthCheckRequest" = cluster::HealthCheckRequest;
    "cluster.ClusterInfo" = cluster::ClusterInfo;
    "cluster.HealthCheckProgress" = cluster::HealthCheckProgress;
    "common.Metadata" = common::Metadata;
    "common.Error" = common::Error;
    "common.Data" = common::Data;
    "common.NetIP" = common::NetIp;
    "common.NetIPPrefix" = common::NetIpPrefix;
    "common.ContainerdInstance" = common::ContainerdInstance;
    "resource.config.MachineConfigSpec" = resource::config::MachineConfigSpec;
    "resource.config.MachineTypeSpec" = resource::config::MachineTypeSpec;
    "resource.config.VersionSpec" = resource::config::VersionSpec;
    "cosi.resource.Resource" = cosi::resource::Resource;
    "cosi.resource.Metadata" = cosi::resource::Metadata;
    "cosi.resource.Spec" = cosi::resource::Spec;
    "cosi.resource.LabelQuery" = cosi::resource::LabelQuery;
    "cosi.resource.LabelTerm" = cosi::resource::LabelTerm;
    "cosi.resource.IDQuery" = cosi::resource::IdQuery;
    "cosi.resource.GetRequest" = cosi::resource::GetRequest;
    "cosi.resource.GetResponse" = cosi::resource::GetResponse;
    "cosi.resource.ListRequest" = cosi::resource::ListRequest;
    "cosi.resource.ListOptions" = cosi::resource::ListOptions;
    "cosi.resource.ListResponse" = cosi::resource::ListResponse;
    "cosi.resource.WatchRequest" = cosi::resource::WatchRequest;
    "cosi.resource.WatchOptions" = cosi::resource::WatchOptions;
    "cosi.resource.WatchResponse" = cosi::resource::WatchResponse;
    "cosi.resource.Event" = cosi::resource::Event;
    "talos.resource.definitions.block.DiskSpec" = talos::resource::definitions::block::DiskSpec;
    "talos.resource.definitions.block.DiscoveredVolumeSpec" = talos::resource::definitions::block::DiscoveredVolumeSpec;
    "talos.resource.definitions.block.VolumeStatusSpec" = talos::resource::definitions::block::VolumeStatusSpec;
    "talos.resource.definitions.block.SystemDiskSpec" = talos::resource::definitions::block::SystemDiskSpec;
    "talos.resource.definitions.cluster.MemberSpec" = talos::resource::definitions::cluster::MemberSpec;
    "talos.resource.definitions.cluster.ControlPlane" = talos::resource::definitions::cluster::ControlPlane;
    "talos.resource.definitions.cluster.InfoSpec" = talos::resource::definitions::cluster::InfoSpec;
    "talos.resource.definitions.cluster.IdentitySpec" = talos::resource::definitions::cluster::IdentitySpec;
    "talos.resource.definitions.etcd.MemberSpec" = talos::resource::definitions::etcd::MemberSpec;
    "talos.resource.definitions.extensions.Layer" = talos::resource::definitions::extensions::Layer;
    "talos.resource.definitions.extensions.Metadata" = talos::resource::definitions::extensions::Metadata;
    "talos.resource.definitions.extensions.Compatibility" = talos::resource::definitions::extensions::Compatibility;
    "talos.resource.definitions.extensions.Constraint" = talos::resource::definitions::extensions::Constraint;
    "talos.resource.definitions.hardware.SystemInformationSpec" = talos::resource::definitions::hardware::SystemInformationSpec;
    "talos.resource.definitions.hardware.ProcessorSpec" = talos::resource::definitions::hardware::ProcessorSpec;
    "talos.resource.definitions.hardware.MemoryModuleSpec" = talos::resource::definitions::hardware::MemoryModuleSpec;
    "talos.resource.definitions.k8s.NodenameSpec" = talos::resource::definitions::k8s::NodenameSpec;
    "talos.resource.definitions.k8s.NodeStatusSpec" = talos::resource::definitions::k8s::NodeStatusSpec;
    "talos.resource.definitions.k8s.StaticPodStatusSpec" = talos::resource::definitions::k8s::StaticPodStatusSpec;
    "talos.resource.definitions.network.StatusSpec" = talos::resource::definitions::network::StatusSpec;
    "talos.resource.definitions.network.HostnameStatusSpec" = talos::resource::definitions::network::HostnameStatusSpec;
    "talos.resource.definitions.network.NodeAddressSpec" = talos::resource::definitions::network::NodeAddressSpec;
    "talos.resource.definitions.network.AddressStatusSpec" = talos::resource::definitions::network::AddressStatusSpec;
    "talos.resource.definitions.network.LinkStatusSpec" = talos::resource::definitions::network::LinkStatusSpec;
    "talos.resource.definitions.network.RouteStatusSpec" = talos::resource::definitions::network::RouteStatusSpec;
    "talos.resource.definitions.network.ResolverStatusSpec" = talos::resource::definitions::network::ResolverStatusSpec;
    "talos.resource.definitions.network.TimeServerStatusSpec" = talos::resource::definitions::network::TimeServerStatusSpec;
    "talos.resource.definitions.runtime.MachineStatusSpec" = talos::resource::definitions::runtime::MachineStatusSpec;
    "talos.resource.definitions.runtime.MachineStatusStatus" = talos::resource::definitions::runtime::MachineStatusStatus;
    "talos.resource.definitions.runtime.UnmetCondition" = talos::resource::definitions::runtime::UnmetCondition;
    "talos.resource.definitions.runtime.SecurityStateSpec" = talos::resource::definitions::runtime::SecurityStateSpec;
    "talos.resource.definitions.runtime.DiagnosticSpec" = talos::resource::definitions::runtime::DiagnosticSpec;
    "talos.resource.definitions.runtime.PlatformMetadataSpec" = talos::resource::definitions::runtime::PlatformMetadataSpec;
    "talos.resource.definitions.runtime.MetaKeySpec" = talos::resource::definitions::runtime::MetaKeySpec;
    "talos.resource.definitions.runtime.MountStatusSpec" = talos::resource::definitions::runtime::MountStatusSpec;
    "talos.resource.definitions.runtime.KernelCmdlineSpec" = talos::resource::definitions::runtime::KernelCmdlineSpec;
    "talos.resource.definitions.time.StatusSpec" = talos::resource::definitions::time::StatusSpec;
    "talos.resource.definitions.v1alpha1.ServiceSpec" = talos::resource::definitions::v1alpha1::ServiceSpec;
    "machine.ApplyConfigurationRequest" = machine::ApplyConfigurationRequest;
    "machine.ApplyConfigurationResponse" = machine::ApplyConfigurationResponse;
    "machine.ApplyConfiguration" = machine::ApplyConfiguration;
    "machine.BootstrapRequest" = machine::BootstrapRequest;
    "machine.BootstrapResponse" = machine::BootstrapResponse;
    "machine.Bootstrap" = machine::Bootstrap;
    "machine.RebootRequest" = machine::RebootRequest;
    "machine.RebootResponse" = machine::RebootResponse;
    "machine.Reboot" = machine::Reboot;
    "machine.ShutdownRequest" = machine::ShutdownRequest;
    "machine.ShutdownResponse" = machine::ShutdownResponse;
    "machine.Shutdown" = machine::Shutdown;
    "machine.ResetRequest" = machine::ResetRequest;
    "machine.ResetPartitionSpec" = machine::ResetPartitionSpec;
    "machine.ResetResponse" = machine::ResetResponse;
    "machine.Reset" = machine::Reset;
    "machine.UpgradeRequest" = machine::UpgradeRequest;
    "machine.UpgradeResponse" = machine::UpgradeResponse;
    "machine.Upgrade" = machine::Upgrade;
    "machine.RollbackRequest" = machine::RollbackRequest;
    "machine.RollbackResponse" = machine::RollbackResponse;
    "machine.Rollback" = machine::Rollback;
    "machine.VersionResponse" = machine::VersionResponse;
    "machine.Version" = machine::Version;
    "machine.VersionInfo" = machine::VersionInfo;
    "machine.PlatformInfo" = machine::PlatformInfo;
    "machine.FeaturesInfo" = machine::FeaturesInfo;
    "machine.HostnameResponse" = machine::HostnameResponse;
    "machine.Hostname" = machine::Hostname;
    "machine.GenerateClientConfigurationRequest" = machine::GenerateClientConfigurationRequest;
    "machine.GenerateClientConfigurationResponse" = machine::GenerateClientConfigurationResponse;
    "machine.GenerateClientConfiguration" = machine::GenerateClientConfiguration;
    "machine.MetaWriteRequest" = machine::MetaWriteRequest;
    "machine.MetaWriteResponse" = machine::MetaWriteResponse;
    "machine.MetaWrite" = machine::MetaWrite;
    "machine.MetaDeleteRequest" = machine::MetaDeleteRequest;
    "machine.MetaDeleteResponse" = machine::MetaDeleteResponse;
    "machine.MetaDelete" = machine::MetaDelete;
    "machine.EtcdMemberListRequest" = machine::EtcdMemberListRequest;
    "machine.EtcdMemberListResponse" = machine::EtcdMemberListResponse;
    "machine.EtcdMembers" = machine::EtcdMembers;
    "machine.EtcdMember" = machine::EtcdMember;
    "machine.EtcdStatusResponse" = machine::EtcdStatusResponse;
    "machine.EtcdStatus" = machine::EtcdStatus;
    "machine.EtcdMemberStatus" = machine::EtcdMemberStatus;
    "machine.EtcdSnapshotRequest" = machine::EtcdSnapshotRequest;
    "machine.EtcdRecoverResponse" = machine::EtcdRecoverResponse;
    "machine.EtcdRecover" = machine::EtcdRecover;
    "machine.EtcdAlarmListResponse" = machine::EtcdAlarmListResponse;
    "machine.EtcdAlarm" = machine::EtcdAlarm;
    "machine.EtcdAlarmDisarmResponse" = machine::EtcdAlarmDisarmResponse;
    "machine.EtcdAlarmDisarm" = machine::EtcdAlarmDisarm;
    "machine.EtcdMemberAlarm" = machine::EtcdMemberAlarm;
    "machine.EtcdDefragmentResponse" = machine::EtcdDefragmentResponse;
    "machine.EtcdDefragment" = machine::EtcdDefragment;
    "machine.EtcdLeaveClusterRequest" = machine::EtcdLeaveClusterRequest;
    "machine.EtcdLeaveClusterResponse" = machine::EtcdLeaveClusterResponse;
    "machine.EtcdLeaveCluster" = machine::EtcdLeaveCluster;
    "machine.EtcdForfeitLeadershipRequest" = machine::EtcdForfeitLeadershipRequest;
    "machine.EtcdForfeitLeadershipResponse" = machine::EtcdForfeitLeadershipResponse;
    "machine.EtcdForfeitLeadership" = machine::EtcdForfeitLeadership;
    "machine.EtcdRemoveMemberByIDRequest" = machine::EtcdRemoveMemberByIdRequest;
    "machine.EtcdRemoveMemberByIDResponse" = machine::EtcdRemoveMemberByIdResponse;
    "machine.EtcdRemoveMemberByID" = machine::EtcdRemoveMemberById;
    "machine.EventsRequest" = machine::EventsRequest;
    "machine.Event" = machine::Event;
    "machine.SequenceEvent" = machine::SequenceEvent;
    "machine.PhaseEvent" = machine::PhaseEvent;
    "machine.TaskEvent" = machine::TaskEvent;
    "machine.ServiceStateEvent" = machine::ServiceStateEvent;
    "machine.RestartEvent" = machine::RestartEvent;
    "machine.ConfigLoadErrorEvent" = machine::ConfigLoadErrorEvent;
    "machine.ConfigValidationErrorEvent" = machine::ConfigValidationErrorEvent;
    "machine.AddressEvent" = machine::AddressEvent;
    "machine.MachineStatusEvent" = machine::MachineStatusEvent;
    "machine.MachineStatusEvent.MachineStatus" = machine::machine_status_event::MachineStatus;
    "machine.MachineStatusEvent.MachineStatus.UnmetCondition" = machine::machine_status_event::machine_status::UnmetCondition;
    "machine.ServiceListResponse" = machine::ServiceListResponse;
    "machine.ServiceList" = machine::ServiceList;
    "machine.ServiceInfo" = machine::ServiceInfo;
    "machine.ServiceEvents" = machine::ServiceEvents;
    "machine.ServiceEvent" = machine::ServiceEvent;
    "machine.ServiceHealth" = machine::ServiceHealth;
    "machine.ServiceStartRequest" = machine::ServiceStartRequest;
    "machine.ServiceStartResponse" = machine::ServiceStartResponse;
    "machine.ServiceStart" = machine::ServiceStart;
    "machine.ServiceStopRequest" = machine::ServiceStopRequest;
    "machine.ServiceStopResponse" = machine::ServiceStopResponse;
    "machine.ServiceStop" = machine::ServiceStop;
    "machine.ServiceRestartRequest" = machine::ServiceRestartRequest;
    "machine.ServiceRestartResponse" = machine::ServiceRestartResponse;
    "machine.ServiceRestart" = machine::ServiceRestart;
    "machine.ImageServiceListRequest" = machine::ImageServiceListRequest;
    "machine.ImageServiceListResponse" = machine::ImageServiceListResponse;
    "machine.ImageServicePullRequest" = machine::ImageServicePullRequest;
    "machine.ImageServicePullResponse" = machine::ImageServicePullResponse;
    "machine.ImageServicePullProgress" = machine::ImageServicePullProgress;
    "machine.ImageServicePullLayerProgress" = machine::ImageServicePullLayerProgress;
    "machine.LifecycleServiceInstallRequest" = machine::LifecycleServiceInstallRequest;
    "machine.InstallArtifactsSource" = machine::InstallArtifactsSource;
    "machine.InstallDestination" = machine::InstallDestination;
    "machine.LifecycleServiceInstallResponse" = machine::LifecycleServiceInstallResponse;
    "machine.LifecycleServiceInstallProgress" = machine::LifecycleServiceInstallProgress;
    "machine.LifecycleServiceUpgradeRequest" = machine::LifecycleServiceUpgradeRequest;
    "machine.LifecycleServiceUpgradeResponse" = machine::LifecycleServiceUpgradeResponse;
    "machine.DmesgRequest" = machine::DmesgRequest;
    "machine.LogsRequest" = machine::LogsRequest;
    "machine.LogsContainersResponse" = machine::LogsContainersResponse;
    "machine.LogsContainer" = machine::LogsContainer;
    "machine.ReadRequest" = machine::ReadRequest;
    "machine.MountsResponse" = machine::MountsResponse;
    "machine.Mounts" = machine::Mounts;
    "machine.MountStat" = machine::MountStat;
    "machine.ContainersRequest" = machine::ContainersRequest;
    "machine.ContainersResponse" = machine::ContainersResponse;
    "machine.Container" = machine::Container;
    "machine.ContainerInfo" = machine::ContainerInfo;
    "machine.StatsRequest" = machine::StatsRequest;
    "machine.StatsResponse" = machine::StatsResponse;
    "machine.Stats" = machine::Stats;
    "machine.Stat" = machine::Stat;
    "machine.ProcessesResponse" = machine::ProcessesResponse;
    "machine.Process" = machine::Process;
    "machine.ProcessInfo" = machine::ProcessInfo;
    "machine.LoadAvgResponse" = machine::LoadAvgResponse;
    "machine.LoadAvg" = machine::LoadAvg;
    "machine.SystemStatResponse" = machine::SystemStatResponse;
    "machine.SystemStat" = machine::SystemStat;
    "machine.CPUStat" = machine::CpuStat;
    "machine.SoftIRQStat" = machine::SoftIrqStat;
    "machine.MemoryResponse" = machine::MemoryResponse;
    "machine.Memory" = machine::Memory;
    "machine.MemInfo" = machine::MemInfo;
    "machine.CPUFreqStatsResponse" = machine::CpuFreqStatsResponse;
    "machine.CPUsFreqStats" = machine::CpUsFreqStats;
    "machine.CPUFreqStats" = machine::CpuFreqStats;
    "machine.CPUInfoResponse" = machine::CpuInfoResponse;
    "machine.CPUsInfo" = machine::CpUsInfo;
    "machine.CPUInfo" = machine::CpuInfo;
    "machine.NetworkDeviceStatsResponse" = machine::NetworkDeviceStatsResponse;
    "machine.NetworkDeviceStats" = machine::NetworkDeviceStats;
    "machine.NetDev" = machine::NetDev;
    "machine.DiskStatsResponse" = machine::DiskStatsResponse;
    "machine.DiskStats" = machine::DiskStats;
    "machine.DiskStat" = machine::DiskStat;
    "machine.ImageListRequest" = machine::ImageListRequest;
    "machine.ImageListResponse" = machine::ImageListResponse;
    "machine.ImagePullRequest" = machine::ImagePullRequest;
    "machine.ImagePullResponse" = machine::ImagePullResponse;
    "machine.ImagePull" = machine::ImagePull;
    "google.rpc.Status" = google::rpc::Status;
    "storage.DisksResponse" = storage::DisksResponse;
    "storage.Disks" = storage::Disks;
    "storage.Disk" = storage::Disk;
    "storage.BlockDeviceWipeRequest" = storage::BlockDeviceWipeRequest;
    "storage.BlockDeviceWipeDescriptor" = storage::BlockDeviceWipeDescriptor;
    "storage.BlockDeviceWipeResponse" = storage::BlockDeviceWipeResponse;
    "storage.BlockDeviceWipe" = storage::BlockDeviceWipe;
    "time.TimeRequest" = time::TimeRequest;
    "time.TimeResponse" = time::TimeResponse;
    "time.Time" = time::Time;
}
