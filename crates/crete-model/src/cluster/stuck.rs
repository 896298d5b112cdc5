//! Why a cluster does not get on: causes with evidence and what can be done.

use super::EvidenceLine;
use crate::{MachineId, Params};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A cause, decided from evidence by the table of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StuckCode {
    /// The image is on its way (`image`).
    ImageOnItsWay,
    /// The image did not arrive (`image`).
    ImageMissing,
    /// Nobody fetches the image: it is paused, or it was deleted (`image`).
    ImageNotFetched,
    /// The machine's process did not start or ended by itself (`node`).
    MachineFailed,
    /// The machine is off (`node`).
    MachineOff,
    /// The machine's processors stand still (`node`, `reason`).
    MachinePaused,
    /// The machine's link is cut (`node`).
    LinkCut,
    /// The machine asked for an address and got none (`node`, `seconds`).
    NoAddress,
    /// The processor that the machine shows is too old for Talos (`node`).
    CpuTooOld,
    /// The kernel stopped with a panic (`node`, `line`).
    KernelPanic,
    /// The machine started from its CD although Talos is installed (`node`).
    BootsFromCd,
    /// No disk is there to install on (`node`, `disk`, `found`).
    DiskMissing,
    /// The installer did not find the disk (`node`, `disk`).
    InstallDiskMissing,
    /// The disk is too small for Talos (`node`, `size`, `needed`).
    DiskTooSmall,
    /// Talos refuses the configuration (`node`, `text`).
    ConfigurationRefused,
    /// Another configuration is being applied (`node`, `seconds`).
    ApplyBusy,
    /// The node does not take its configuration (`node`, `text`, `seconds`).
    ApplyFails,
    /// The node took its configuration and is without one again (`node`, `attempts`).
    ConfigurationForgotten,
    /// The installer's image cannot be fetched (`node`, `image`, `attempts`).
    InstallerUnreachable,
    /// The installer's image does not get on (`node`, `image`, `done`, `total` bytes, `seconds`).
    InstallerStalls,
    /// The installer ended with an error (`node`, `text`).
    InstallerFailed,
    /// Talos is being installed (`node`, `seconds`).
    Installing,
    /// The node has a configuration of another cluster (`node`).
    AnotherCluster,
    /// Something else than Talos answers (`node`, `address`).
    NotTalos,
    /// The node's certificate does not name its address (`node`, `address`).
    AddressNotCovered,
    /// Nothing answers although the machine is on (`node`, `seconds`).
    ApiSilent,
    /// Connections are ended before they begin (`node`, `seconds`).
    ApiInterrupted,
    /// Connections open, but calls are not answered (`node`, `seconds`).
    CallsHang,
    /// The node lets us in and refuses what it is asked (`node`, `text`).
    CallsRefused,
    /// The node's clock is wrong by about so much (`node`, `amount` seconds).
    ClockOff,
    /// The node's clock is wrong, nobody knows by how much (`node`, `seconds`).
    ClockWrong,
    /// The node's certificate has run out (`node`, `seconds`).
    CertificateExpired,
    /// The node's clock stands where it stood when this computer fell asleep (`node`).
    ClockFollows,
    /// No time server answers the node (`node`, `seconds`).
    TimeNotSynchronized,
    /// The node is not ready to be told to begin (`node`, `seconds`).
    BootstrapNotYet,
    /// The node refuses to begin (`node`, `text`, `seconds`).
    BootstrapFails,
    /// An image is being fetched (`node`, `image`, `done`, `total` bytes).
    PullingImage,
    /// An image does not get on (`node`, `image`, `done`, `total` bytes, `seconds`).
    ImageStalls,
    /// The image of etcd cannot be fetched (`node`, `image`).
    EtcdImageMissing,
    /// etcd runs and is not healthy (`node`, `text`).
    EtcdUnhealthy,
    /// A new etcd member does not get a vote (`node`, `seconds`).
    EtcdLearner,
    /// etcd has no room left (`node`).
    EtcdNoSpace,
    /// etcd on the node lists other members than the others do (`node`, `text`).
    EtcdDisagrees,
    /// The control plane is not among etcd's members (`node`, `seconds`).
    EtcdNotMember,
    /// etcd has members that are no control plane of the cluster (`nodes`).
    EtcdStranger,
    /// Too few etcd members are left (`healthy` of `members`, `needed`).
    EtcdNoQuorum,
    /// The image of kubelet cannot be fetched (`node`, `image`).
    KubeletImageMissing,
    /// kubelet ends again and again (`node`, `text`).
    KubeletCrashes,
    /// Kubernetes does not admit the node (`node`, `seconds`).
    KubeletNotAdmitted,
    /// The API server ends again and again (`node`, `seconds`).
    ApiServerCrashes,
    /// Parts of the control plane do not run (`node`, `text`).
    ControlPlaneNotReady,
    /// The pod network's program cannot start (`node`, `text`).
    PodNetworkMissing,
    /// No pod network was chosen: the person installs one (`node`).
    PodNetworkNone,
    /// kube-proxy is not ready (`node`, `text`).
    KubeProxyNotReady,
    /// The cluster's DNS is not ready (`met` of `of`).
    DnsNotReady,
    /// Kubernetes gives the node no new pods (`node`).
    Cordoned,
    /// The node has less memory than Talos wants (`node`, `size` bytes).
    MemoryTooSmall,
    /// The node has less room for data than Talos wants (`node`, `size` bytes).
    DataTooSmall,
    /// Talos complains (`node`, `text`).
    Diagnosed,
    /// The node that is taken out refuses to leave (`node`, `text`).
    LeaveRefused,
    /// The node that is taken out does not answer (`node`, `seconds`).
    LeaveSilent,
    /// The node that is taken out is still saying goodbye (`node`, `seconds`).
    LeaveSlow,
    /// Kubernetes does not forget the node that is taken out (`node`, `text`).
    LeaveRemembered,
    /// The node waits for something that has no rule yet (`node`, `condition`, `seconds`).
    Waits,
    /// The node has no cause that is known, and takes longer than usual (`node`, `seconds`, `usual`).
    Slow,
}

/// How bad a cause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StuckWeight {
    /// As it must be: it takes its time.
    Normal,
    /// It goes on by itself when the cause goes.
    Warning,
    /// Nothing goes on until somebody does something.
    Dead,
}

/// What can be done about a cause. The page makes a button or a sentence of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ClusterRemedy {
    /// Wait: it goes on by itself.
    Wait,
    /// Plug the machine's link in again.
    MendLink {
        /// The machine.
        machine: MachineId,
    },
    /// Start the machine.
    StartMachine {
        /// The machine.
        machine: MachineId,
    },
    /// Switch the machine off and on.
    RestartMachine {
        /// The machine.
        machine: MachineId,
    },
    /// Look at its console.
    OpenConsole {
        /// The machine.
        machine: MachineId,
    },
    /// Look at what Talos says of it.
    OpenNode {
        /// The machine.
        machine: MachineId,
    },
    /// Look at the job that makes the image.
    OpenImage,
    /// Fetch the image again, or go on with it.
    FetchImage,
    /// Look whether this computer reaches the internet, and whether the network may.
    CheckInternet,
    /// Give the cluster a mirror of the registry.
    UseMirror,
    /// Let the network reach a time server, or name another one.
    CheckTimeServers,
    /// Correct the patch that the refusal names.
    CorrectPatch,
    /// Make the disk larger, and create the machine again.
    LargerDisk,
    /// Give the machine more memory.
    MoreMemory,
    /// Install a pod network.
    InstallCni,
    /// Look at what this computer's processor offers.
    OpenHostCheck,
    /// Ask Kubernetes what it says about the node.
    LookAtKubernetes,
    /// Free room in etcd.
    FreeEtcd,
    /// Take a member that nobody wants out of etcd.
    RemoveEtcdMember,
    /// Let the node take pods again.
    Uncordon,
    /// Start members that are off, so that a majority is there.
    StartControlPlanes,
    /// Take the node out and let a new one take its place.
    ReplaceNode {
        /// The machine.
        machine: MachineId,
    },
    /// Take the node out without its goodbye.
    TakeOut {
        /// The machine.
        machine: MachineId,
    },
    /// Give up and take away what was made.
    CancelCreation,
}

/// A cause, seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Stuck {
    /// What it is.
    pub code: StuckCode,
    /// How bad.
    pub weight: StuckWeight,
    /// Values for the sentence.
    pub params: Params,
    /// The machine it is about; nothing for the cluster.
    pub machine: Option<MachineId>,
    /// RFC 3339.
    pub since: String,
    /// What it was decided from.
    pub evidence: Vec<EvidenceLine>,
    /// What can be done, best first; never empty.
    pub remedies: Vec<ClusterRemedy>,
}
