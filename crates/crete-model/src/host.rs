//! What this computer can do, as values: state, evidence, cause, remedy.

use crate::{Arch, Params, Remedy};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What is checked. Order is the order on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CheckCode {
    /// The processor speaks x86-64-v2, which Talos needs.
    CpuLevel,
    /// KVM, the kernel's virtualization.
    Kvm,
    /// QEMU for this computer's architecture.
    Qemu,
    /// `qemu-img`.
    QemuImg,
    /// UEFI firmware for machines.
    Firmware,
    /// Memory.
    Memory,
    /// Space for images and machines.
    Disk,
    /// Where Crete runs: on the computer itself, or inside something.
    Environment,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// Good.
    Ok,
    /// Machines run, but with a limit.
    Limited,
    /// No machine can run until this is mended.
    Failed,
}

/// Why a check is as it is; one sentence each in the page's catalogue.
///
/// `fine` where it is good and there is nothing more to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CauseCode {
    /// Nothing to say.
    Fine,
    /// The check did not end in time and was cut off (`seconds`).
    CutOff,
    /// It could not be found out.
    CannotTell,

    /// The processor is below x86-64-v2 (`level`).
    CpuTooOld,

    /// The processor shows no vmx or svm flag, and the kernel does not say why.
    NoCpuFlag,
    /// The kernel says that the firmware switched virtualization off.
    DisabledInFirmware,
    /// Inside a virtual machine without nested virtualization (`hypervisor`).
    InsideVirtualMachine,
    /// An arm64 kernel that was not started in hypervisor mode.
    NoHypervisorMode,
    /// The flag is there but the module is not loaded (`module`).
    ModuleNotLoaded,
    /// Somebody told this computer not to load the module (`module`, `path`, `line`).
    ModuleBlacklisted,
    /// The kernel's command line forbids the module (`module`, `argument`).
    ModuleForbidden,
    /// This kernel was built without KVM (`kernel`).
    KernelWithoutKvm,
    /// The module is there, but no `/dev/kvm` (`module`).
    DeviceMissing,
    /// A container that was not given `/dev/kvm` (`container`).
    ContainerWithoutKvm,
    /// A Flatpak that was not given `/dev/kvm` (`app`).
    FlatpakWithoutKvm,
    /// A Snap whose kvm plug is not connected (`snap`).
    SnapWithoutKvm,
    /// `/dev/kvm` exists, but this login may not open it (`group`, `user`).
    NoPermission,
    /// There is no group that could open `/dev/kvm` (`group`, `user`).
    GroupMissing,
    /// The device is closed even for its group (`mode`, `group`, `user`).
    DeviceClosed,
    /// The person is in the group, but this login began before (`group`, `user`).
    LogInAgain,
    /// The device is given to whoever sits at the screen, and that is another login (`holder`).
    NotAtScreen,
    /// The permissions would allow it; a security policy does not (`policy`).
    PolicyDenies,
    /// `/dev/kvm` is there without processor support: made for special guests only (`module`).
    FakeKvm,
    /// Another hypervisor uses the processor; which one could not be found out.
    Busy,
    /// Another hypervisor uses the processor (`program`).
    BusyProgram,
    /// Another hypervisor uses the processor for a known machine (`program`, `machine`).
    BusyMachine,
    /// The kernel speaks another KVM API (`version`).
    ApiVersion,
    /// `/dev/kvm` opens, but no machine can be created (`errno`).
    CreateVmFailed,

    /// The program was not found (`program`).
    NotInstalled,
    /// The program is not visible from inside the sandbox (`program`, `sandbox`).
    HiddenBySandbox,
    /// The program is too old (`version`, `needed`).
    TooOld,
    /// The program did not answer (`program`, `seconds`).
    NoAnswer,
    /// A library the program needs is missing (`program`, `library`).
    LibraryMissing,
    /// The program ends with an error instead of answering (`program`).
    DoesNotStart,
    /// The program answers, but not as QEMU does (`program`).
    StrangeAnswer,
    /// KVM can be used, but this QEMU was built without it (`program`).
    QemuWithoutKvm,
    /// This QEMU lacks parts that machines need (`missing`).
    FeatureMissing,

    /// Less than needed (`free`, `needed`), bytes.
    Short,

    /// Crete itself runs in a virtual machine (`hypervisor`).
    VirtualMachine,
    /// Crete itself runs in a container (`container`).
    Container,
    /// Crete itself runs as a Flatpak (`app`).
    Flatpak,
    /// Crete itself runs as a Snap (`snap`).
    Snap,
}

/// A change of this computer that Crete can make with the administrator's permission.
///
/// The page sends only this code; the commands are derived again from a fresh look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FixCode {
    /// Install what is missing, with the distribution's own tool (`packages`).
    InstallPackages,
    /// Load KVM's module until the next restart (`module`).
    LoadModule,
    /// Add the person to the group; counts from the next login (`group`, `user`).
    JoinGroup,
    /// The same, and open the device for this login at once (`group`, `user`).
    JoinGroupAndOpen,
    /// Open the device for this person until the next restart (`user`).
    OpenDevice,
}

/// What a computer can be inside of. Each passes virtualization on in its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Hypervisor {
    /// Linux' own.
    Kvm,
    /// QEMU without KVM.
    Qemu,
    /// VMware Workstation, Fusion or ESXi.
    Vmware,
    /// VirtualBox.
    Virtualbox,
    /// Hyper-V.
    HyperV,
    /// The Windows Subsystem for Linux.
    Wsl,
    /// Xen.
    Xen,
    /// Parallels Desktop.
    Parallels,
    /// macOS' own.
    Apple,
    /// A rented computer (Amazon, Google and the like).
    Cloud,
    /// Another one.
    Other,
}

/// A fact behind a check: what was looked at, and what was there. Exact words for the expert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Evidence {
    /// What was looked at: a path, a command, a flag.
    pub what: String,
    /// What was found.
    pub found: String,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Check {
    /// What was checked.
    pub code: CheckCode,
    /// How it ended.
    pub state: CheckState,
    /// Why.
    pub cause: CauseCode,
    /// Values for the sentence: of the cause, and of the good state (`version`, `path`, `bytes` …).
    pub params: Params,
    /// What was looked at.
    pub evidence: Vec<Evidence>,
    /// What can be done, best first.
    pub remedies: Vec<Remedy>,
}

/// The answer to "can this computer run machines?".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// At full speed.
    Ready,
    /// Works, slowly: emulation.
    Slow,
    /// Not until something is mended.
    Blocked,
}

/// How QEMU executes guest code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Accelerator {
    /// The kernel's virtualization.
    Kvm,
    /// QEMU's emulation.
    Tcg,
}

/// A part of QEMU that not every build has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum QemuFeature {
    /// The board of the architecture: `q35` or `virt`.
    Board,
    /// Frames over a stream socket.
    StreamNetwork,
    /// Virtio disk, network card, random numbers, balloon and channels.
    Virtio,
    /// QEMU gives up rights it does not need.
    Sandbox,
}

/// A QEMU found on this computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct QemuInfo {
    /// Absolute path of the program.
    pub path: String,
    /// `major.minor.micro`, as QEMU says.
    pub version: String,
    /// Which architecture it emulates.
    pub arch: Arch,
    /// Accelerators QEMU itself lists.
    pub accelerators: Vec<Accelerator>,
    /// Parts it was asked about and has.
    pub features: Vec<QemuFeature>,
}

/// A pair of UEFI firmware files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FirmwareInfo {
    /// The code, read-only.
    pub code: String,
    /// The template of the variable store.
    pub vars_template: String,
    /// Format of both: `raw` or `qcow2`.
    pub format: String,
    /// Which architecture it is for.
    pub arch: Arch,
}

/// Everything found out about this computer at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HostReport {
    /// Can machines run?
    pub verdict: Verdict,
    /// The accelerator machines will use.
    pub accelerator: Accelerator,
    /// This computer's own architecture.
    pub arch: Arch,
    /// All checks, in the order of the page.
    pub checks: Vec<Check>,
    /// QEMU per architecture, where found.
    pub qemu: Vec<QemuInfo>,
    /// `qemu-img`, where found.
    pub qemu_img: Option<String>,
    /// `pkexec`, where found: without it Crete cannot ask for the administrator's password.
    pub pkexec: Option<String>,
    /// Firmware per architecture, where found.
    pub firmware: Vec<FirmwareInfo>,
    /// RFC 3339.
    pub checked_at: String,
}

/// Live figures of this computer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct HostUsage {
    /// Bytes.
    #[ts(type = "number")]
    pub memory_total: u64,
    /// Bytes.
    #[ts(type = "number")]
    pub memory_used: u64,
    /// Bytes that Crete's machines hold (resident).
    #[ts(type = "number")]
    pub memory_machines: u64,
    /// Bytes that they were given beyond that, and may still take.
    #[ts(type = "number")]
    pub memory_promised: u64,
    /// Part of the last ten seconds in which something waited for memory, 0 to 100: `some avg10`
    /// of `/proc/pressure/memory`. Absent where this kernel does not measure it.
    pub memory_pressure: Option<f32>,
    /// 0 to 100, over all processors.
    pub cpu_percent: f32,
    /// Logical processors.
    pub cpus: u32,
    /// Virtual processors of machines that are up.
    pub vcpus: u32,
    /// Bytes free where Crete keeps its files.
    #[ts(type = "number")]
    pub disk_free: u64,
    /// Bytes by which the disks of all machines may still grow.
    #[ts(type = "number")]
    pub disk_promised: u64,
    /// Bytes of that file system.
    #[ts(type = "number")]
    pub disk_total: u64,
}

/// What a choice of sizes would ask too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StrainCode {
    /// The memory is not there now (`needed`, `free`, bytes).
    MemoryShort,
    /// It is there, but machines that are up may still take it (`promised`, `over`, bytes).
    MemoryPromised,
    /// Programs wait for memory already (`percent` of the time).
    MemoryPressure,
    /// More virtual processors than there are processors (`vcpus`, `cpus`).
    Processors,
    /// The disk may grow beyond what is free (`size`, `free`, bytes).
    DiskShort,
    /// All disks together may grow beyond what is free (`promised`, `free`, bytes).
    DiskPromised,
}

/// One thing that sizes ask too much of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Strain {
    /// What it is.
    pub code: StrainCode,
    /// The figures behind it.
    pub params: crate::Params,
    /// It cannot work: a start is refused. Otherwise it will hurt, and the person decides.
    pub refused: bool,
}

/// The sizes of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Sizes {
    /// Virtual processors.
    pub vcpus: u32,
    /// MiB.
    pub memory_mib: u32,
    /// GiB; the disk is sparse and grows to this at most.
    pub disk_gib: u32,
}
