//! Machines: what is wanted of one, and how it is seen to be.

use crate::{Accelerator, Arch, ImageId, JobId, MachineId, NetworkId, Params, Problem};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Least memory a machine is offered with. Talos reaches maintenance mode with 512 MiB.
pub const MIN_MEMORY_MIB: u32 = 512;
/// Least disk beyond the image itself: Talos wants 2 GiB for its data and room to grow.
pub const MIN_DISK_BEYOND_IMAGE_GIB: u32 = 6;
/// Disk size offered first.
pub const DEFAULT_DISK_GIB: u32 = 10;

/// What a form sends; nothing in it has been checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MachineDraft {
    /// A DNS label.
    pub name: String,
    /// The image it boots from.
    pub image: ImageId,
    /// Virtual processors.
    pub vcpus: u32,
    /// Memory, MiB.
    pub memory_mib: u32,
    /// Disk, GiB.
    pub disk_gib: u32,
    /// The network it is in; nothing for the default one.
    #[serde(default)]
    pub network: Option<NetworkId>,
}

/// A machine as wanted, on disk as `machines/<id>/spec.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MachineSpec {
    /// Version of this record's form.
    pub schema_version: u32,
    /// Its id, which is also its SMBIOS UUID.
    pub id: MachineId,
    /// A DNS label, unique.
    pub name: String,
    /// The image it boots from.
    pub image: ImageId,
    /// Processor architecture.
    pub arch: Arch,
    /// Virtual processors.
    pub vcpus: u32,
    /// Memory, MiB.
    pub memory_mib: u32,
    /// Disk, GiB.
    pub disk_gib: u32,
    /// MAC address of its network card, `52:54:00:…`.
    pub mac: String,
    /// The network it is in; nothing for the default one.
    #[serde(default)]
    pub network: Option<NetworkId>,
    /// Appended to the kernel command line through SMBIOS (UEFI and UKI boots only).
    pub kernel_args: Vec<String>,
    /// RFC 3339.
    pub created_at: String,
}

/// One step of stopping a machine, gentlest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StopRung {
    /// The power button.
    Acpi,
    /// QMP `quit`.
    Quit,
    /// SIGTERM.
    Terminate,
    /// SIGKILL.
    Kill,
}

/// Why a machine is off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum ExitReason {
    /// It was never started.
    NeverStarted,
    /// The guest switched itself off.
    GuestShutdown,
    /// A person stopped it; the last rung says how hard.
    Stopped {
        /// The rung that worked.
        rung: StopRung,
    },
    /// QEMU ended by itself.
    QemuExited {
        /// Exit status, when it ended by itself.
        status: Option<i32>,
        /// Signal, when it was killed.
        signal: Option<i32>,
        /// QEMU's own last words.
        words: String,
    },
    /// It was off already when Crete was opened.
    Earlier,
    /// It was running when Crete last looked, and is not now: ended while Crete was closed, or the computer restarted.
    GoneWhileAway,
    /// It did not start.
    StartFailed {
        /// Why.
        problem: Problem,
    },
}

/// What a machine is seen to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum MachineState {
    /// Off.
    Stopped {
        /// Why.
        exit: ExitReason,
    },
    /// Files, firmware and sockets are being made.
    Preparing {
        /// RFC 3339.
        since: String,
    },
    /// QEMU was started and has not yet said that the processors run.
    Starting {
        /// RFC 3339.
        since: String,
    },
    /// The processors run.
    Running {
        /// RFC 3339.
        since: String,
        /// True when it was found running at the program's start.
        adopted: bool,
    },
    /// On its way down.
    Stopping {
        /// The step in progress.
        rung: StopRung,
        /// RFC 3339: when this step began.
        since: String,
        /// Seconds from `since` until the next, harder step.
        deadline_s: u32,
    },
}

/// Why the processors of a machine that is on stand still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HaltReason {
    /// Somebody stopped them.
    Paused,
    /// A disk could not be written: most likely this computer's own is full.
    IoError,
    /// The guest went to sleep.
    Suspended,
    /// Something else, which QEMU alone knows.
    Other,
}

/// What can be asked of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MachineAction {
    /// Start it.
    Start,
    /// Stop it, gently first.
    Stop,
    /// Stop it at once: its disk is treated as by a power cut.
    ForceOff,
    /// Move it to the trash.
    Delete,
}

/// Why an action cannot be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DenyReason {
    /// It is off already, or was never on.
    NotRunning,
    /// It runs; stop it first.
    StillRunning,
    /// It is being stopped.
    Stopping,
    /// It is being started.
    Starting,
    /// Its image has no complete file.
    ImageNotReady,
    /// Its architecture cannot run here.
    ArchNotRunnable,
    /// It is being deleted.
    Deleting,
}

/// An action and whether it can be done now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ActionView {
    /// The action.
    pub action: MachineAction,
    /// Why not; absent when it can be done.
    pub denied: Option<DenyReason>,
}

/// What a machine says about itself on its console, as far as Crete understood it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BootStage {
    /// Nothing on the console yet.
    Silent,
    /// Firmware or boot loader.
    Firmware,
    /// Linux starts.
    Kernel,
    /// Talos starts.
    Talos,
    /// Waits for its machine configuration, reachable (`address`).
    Maintenance,
    /// The console shows a kernel panic (`line`).
    Panic,
}

/// Where a machine's boot stands, from its console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BootView {
    /// The stage.
    pub stage: BootStage,
    /// Values for the sentence.
    pub params: Params,
    /// The fingerprint of its certificate in maintenance mode, as it was printed last.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// Bytes ttyS0 printed since this start.
    #[ts(type = "number")]
    pub console_bytes: u64,
}

/// A machine as observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MachineView {
    /// As wanted.
    pub spec: MachineSpec,
    /// What it does.
    #[serde(flatten)]
    pub state: MachineState,
    /// How QEMU executes it, while it runs.
    pub accelerator: Option<Accelerator>,
    /// QEMU's process id, while it runs.
    pub pid: Option<i32>,
    /// Why its processors stand still, while it is on and they do.
    pub halted: Option<HaltReason>,
    /// Where its boot stands, while it runs.
    pub boot: Option<BootView>,
    /// What can be asked of it now.
    pub actions: Vec<ActionView>,
    /// The job that works on it.
    pub job: Option<JobId>,
    /// Bytes its disk takes on this computer.
    #[ts(type = "number")]
    pub disk_used: u64,
    /// Bytes of memory QEMU holds, while it runs.
    #[ts(type = "number")]
    pub memory_used: u64,
}

/// A serial port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum SerialPort {
    /// Kernel and Talos log; kept.
    #[serde(rename = "ttyS0")]
    TtyS0,
    /// The Talos dashboard, which redraws without end; never kept.
    #[serde(rename = "ttyS1")]
    TtyS1,
}

/// The expert's view of a machine: what is on disk, and the command that runs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MachineReveal {
    /// The spec as YAML.
    pub yaml: String,
    /// QEMU's command line, one argument pair a line, shell-quoted for reading.
    pub command: String,
    /// Folder of the machine.
    pub folder: String,
}
