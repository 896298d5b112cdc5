//! Jobs: long work that can be watched, cancelled, and picked up again after a crash.
//!
//! ```text
//! Queued ──▶ Running ──▶ Done
//!              │ ├─────▶ Failed
//!              │ ├─────▶ Cancelled ◀─┐
//!              │ └─────▶ Paused ─────┤    survives the program
//!              │ ◀──────────┘ resumed
//!              └─(program died)─▶ Interrupted, found at the next start
//! ```

use crate::{ClusterId, FixCode, ImageId, JobId, MachineId, Params, Problem, SaveOrder};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What was asked: enough to do it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JobRequest {
    /// Make an image's file.
    Download {
        /// The image.
        image: ImageId,
    },
    /// Make an image of a person's own file.
    Import {
        /// The image.
        image: ImageId,
    },
    /// Check an image's file again.
    Verify {
        /// The image.
        image: ImageId,
    },
    /// Put a file of the factory into a folder of the person's.
    Save {
        /// Which file, and where.
        order: Box<SaveOrder>,
    },
    /// Start a machine.
    Start {
        /// The machine.
        machine: MachineId,
    },
    /// Stop a machine.
    Stop {
        /// The machine.
        machine: MachineId,
    },
    /// Work on a cluster.
    Cluster {
        /// The cluster.
        cluster: ClusterId,
        /// What is done.
        work: ClusterWork,
    },
    /// Change this computer, with the administrator's permission.
    FixHost {
        /// How.
        fix: FixCode,
    },
}

/// What is done with a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ClusterWork {
    /// Make it, until it is healthy.
    Create,
    /// Start its machines, until it is healthy.
    Start,
    /// Stop its machines, workers first.
    Stop,
    /// Stop it and start it again.
    Restart,
    /// Make more workers.
    AddWorkers,
    /// Take a worker out.
    RemoveWorker,
    /// Give its machines other patches, one after another.
    Configure,
    /// Put a sample app on it.
    TrySample,
    /// Take the sample app away.
    EndSample,
}

/// What a stage does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StageCode {
    /// Send the recipe to the factory.
    Schematic,
    /// Wait until the factory has built the file and transfer it.
    Transfer,
    /// Check that the file is what its name says.
    Verify,
    /// Unpack to a read-only base.
    Unpack,
    /// Bring a person's own file into the images folder.
    Copy,
    /// Make disk, firmware store and sockets.
    Prepare,
    /// Start QEMU.
    Spawn,
    /// Wait until the processors run.
    Run,
    /// Wait for the first text on the console.
    Console,
    /// Press the power button and wait.
    PowerButton,
    /// End QEMU.
    End,
    /// Run commands as the administrator.
    Change,
    /// Look at this computer again.
    Recheck,
    /// Have the image of a cluster's machines.
    ClusterImage,
    /// Make the cluster's network and its endpoint.
    ClusterNetwork,
    /// Make the cluster's machines with their disks.
    ClusterMachines,
    /// Switch the machines on.
    SwitchOn,
    /// Wait until every machine has an address.
    Addresses,
    /// Wait until every machine waits for its configuration.
    Maintenance,
    /// Look at the machines' disks.
    DisksCheck,
    /// Make and judge the configurations.
    Configuration,
    /// Give every machine its configuration.
    Apply,
    /// Install Talos and start it from the disk.
    Install,
    /// Wait until every machine knows this cluster.
    SignIn,
    /// Wait until the machines know the time.
    Time,
    /// Tell one control plane to begin, once.
    Bootstrap,
    /// Wait until etcd has all its members.
    Etcd,
    /// Wait until the Kubernetes API answers.
    ControlPlane,
    /// Wait until pods reach one another.
    PodNetwork,
    /// Wait until every machine is Ready.
    NodesReady,
    /// Go through all checks.
    HealthChecks,
    /// Write the files for a person's tools.
    Access,
    /// Switch workers off.
    WorkersOff,
    /// Switch control planes off.
    ControlPlanesOff,
    /// Take a machine out of the cluster.
    Leave,
    /// Give control planes other patches, one after another.
    ChangeControlPlanes,
    /// Give workers other patches, one after another.
    ChangeWorkers,
    /// Tell Kubernetes of the sample app.
    SampleApply,
    /// Wait until its pods are ready.
    SampleReady,
    /// Open a port of this computer that leads to it.
    SampleForward,
    /// Take it away.
    SampleRemove,
}

/// What a stage waits for at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BlockerCode {
    /// An answer of the factory (`host`).
    FactoryAnswer,
    /// The factory builds the file and sends nothing meanwhile (`host`).
    FactoryBuilds,
    /// Bytes (`host`).
    Bytes,
    /// Another job works on the same file.
    SameFile,
    /// One of the downloads that are under way (`count`).
    Turn,
    /// The next try (`at`, `failures`); the blocker's problem is why the last one failed.
    Retry,
    /// The image's file is read again, because it was touched since it was last used.
    ImageCheck,
    /// The machine's network comes up (`name`).
    NetworkUp,
    /// QEMU's greeting.
    QemuGreeting,
    /// The guest's first output.
    FirstOutput,
    /// The guest's reaction to the power button.
    GuestShutdown,
    /// The end of a process.
    ProcessEnd,
    /// The administrator's password.
    Password,
    /// The end of another change of this computer.
    OtherFix,
    /// What the cluster's page says: the worst cause of it (`node`, `cause`).
    ClusterStuck,
}

/// What is awaited, on whom, since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Blocker {
    /// What is awaited.
    pub code: BlockerCode,
    /// Values for the sentence.
    pub params: Params,
    /// RFC 3339.
    pub since: String,
    /// What went wrong before, where that is why.
    #[serde(default)]
    pub problem: Option<Problem>,
}

/// How a stage or a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Not begun.
    Queued,
    /// In progress.
    Running,
    /// Ended well.
    Done,
    /// Ended badly.
    Failed,
    /// Ended because the person asked.
    Cancelled,
    /// Stopped because the person asked, to go on later.
    Paused,
    /// The program died in the middle.
    Interrupted,
}

impl JobState {
    /// True when nothing more will happen.
    #[must_use]
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running | Self::Paused)
    }
}

/// Bytes done and to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Progress {
    /// Done.
    #[ts(type = "number")]
    pub done: u64,
    /// In all; 0 when unknown.
    #[ts(type = "number")]
    pub total: u64,
    /// Bytes a second, smoothed; 0 when unknown.
    #[ts(type = "number")]
    pub rate: u64,
    /// Seconds left; absent when unknown.
    pub left_s: Option<u32>,
}

/// One stage of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Stage {
    /// What it does.
    pub code: StageCode,
    /// Share of the whole work, any unit.
    pub weight: u32,
    /// How it stands.
    pub state: JobState,
    /// Bytes, where bytes are what it moves.
    pub progress: Option<Progress>,
    /// What it waits for.
    pub blocker: Option<Blocker>,
    /// RFC 3339.
    pub started_at: Option<String>,
    /// RFC 3339.
    pub ended_at: Option<String>,
}

/// A job, on disk as `jobs/<id>.json` and on the page alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Job {
    /// Version of this record's form.
    pub schema_version: u32,
    /// Its id.
    pub id: JobId,
    /// What was asked.
    pub request: JobRequest,
    /// The object's name at that time, for the title.
    pub subject: String,
    /// How it stands.
    pub state: JobState,
    /// Its plan.
    pub stages: Vec<Stage>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub ended_at: Option<String>,
    /// Why it failed.
    pub problem: Option<Problem>,
    /// True while it can be cancelled.
    pub cancellable: bool,
    /// True while it can be paused.
    #[serde(default)]
    pub pausable: bool,
    /// RFC 3339: since when it is paused.
    #[serde(default)]
    pub paused_at: Option<String>,
}

/// A line of a job's kept log. Exact words for the expert, not a sentence for the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct JobLogLine {
    /// RFC 3339.
    pub at: String,
    /// The stage it belongs to.
    pub stage: Option<StageCode>,
    /// The text.
    pub text: String,
}
