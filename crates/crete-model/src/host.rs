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

/// Why a check is not good; one sentence each in the page's catalogue. `fine` where it is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CauseCode {
    /// Nothing to say.
    Fine,
    /// The processor is below x86-64-v2 (`level`).
    CpuTooOld,
    /// The level could not be determined, for example on another architecture (`arch`).
    CpuUnknown,
    /// The processor has no vmx or svm flag: switched off in firmware, or inside a virtual machine.
    NoCpuFlag,
    /// Inside a virtual machine without nested virtualization (`hypervisor`).
    InsideVirtualMachine,
    /// The flag is there but `/dev/kvm` is not: the module is not loaded (`module`).
    ModuleNotLoaded,
    /// `/dev/kvm` exists, but this login may not open it (`group`).
    NoPermission,
    /// The person is in the group, but this login began before (`group`).
    LogInAgain,
    /// `/dev/kvm` is there without processor support: made for special guests only (`module`).
    FakeKvm,
    /// Another hypervisor uses the processor.
    Busy,
    /// The kernel speaks another KVM API (`version`).
    ApiVersion,
    /// `/dev/kvm` opens, but no machine can be created (`errno`).
    CreateVmFailed,
    /// The program was not found (`program`).
    NotInstalled,
    /// The program is too old (`version`, `needed`).
    TooOld,
    /// The program did not answer (`program`, `seconds`).
    NoAnswer,
    /// Less than needed (`free`, `needed`), bytes.
    Short,
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
    /// 0 to 100, over all processors.
    pub cpu_percent: f32,
    /// Logical processors.
    pub cpus: u32,
    /// Bytes free where Crete keeps its files.
    #[ts(type = "number")]
    pub disk_free: u64,
    /// Bytes of that file system.
    #[ts(type = "number")]
    pub disk_total: u64,
}
