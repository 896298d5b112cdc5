//! The table of rules, as it stands in its file.

use super::pattern::Pattern;
use crete_model::{HealthCode, StuckCode, StuckWeight};
use serde::Deserialize;
use std::sync::LazyLock;

const TABLE: &str = include_str!("rules.yaml");

/// A machine's process, as rules tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PowerRule {
    Off,
    Failed,
    Paused,
}

/// What is at a machine's address, as rules tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PresenceRule {
    Refused,
    Interrupted,
    Silent,
    AnotherCluster,
    NotTalos,
    AddressNotCovered,
    ClockDiffers,
}

/// What Crete did last and why it did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeedRule {
    Apply,
    Bootstrap,
    /// Out of the cluster.
    Reset,
    /// By Kubernetes.
    Forget,
}

/// Why it did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeedCause {
    Refused,
    Busy,
    NotYet,
    DiskMissing,
    DiskTooSmall,
    /// It took what it was given, and does not have it any more.
    Forgotten,
    Other,
}

/// What Kubernetes says of the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KubernetesRule {
    NodeMissing,
    NotReady,
}

/// A service of Talos.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceRule {
    pub id: String,
    #[serde(default)]
    pub state: Vec<String>,
    pub healthy: Option<bool>,
    pub said: Option<String>,
}

/// What must be seen: everything that is given.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct When {
    /// True for machines that are taken out; the others are the rule.
    pub leaving: bool,
    pub power: Option<PowerRule>,
    pub cut: Option<bool>,
    pub presence: Vec<PresenceRule>,
    /// One of these is on the console; the last line that fits counts.
    pub console: Vec<Pattern>,
    /// And none of these after it.
    pub unless_after: Vec<String>,
    /// And every one of these anywhere.
    pub console_has: Vec<String>,
    /// Whether its certificate tells by how much its clock is wrong.
    pub amount: Option<bool>,
    pub unanswered: Option<bool>,
    /// It answers, and its answer is no.
    pub refused: Option<bool>,
    /// Whether it is on and tells nobody anything; otherwise it tells.
    pub mute: Option<bool>,
    pub synced: Option<bool>,
    /// Whether no time server answered it in maintenance.
    pub unsynced: Option<bool>,
    /// A check of the cluster that says something of this machine.
    pub check: Option<HealthCode>,
    pub deed: Option<DeedRule>,
    pub cause: Option<DeedCause>,
    pub service: Option<ServiceRule>,
    pub alarm: Option<bool>,
    pub learner: Option<bool>,
    pub kubernetes: Option<KubernetesRule>,
    pub node_says: Option<String>,
    pub cni_none: Option<bool>,
    pub static_pod_waits: Option<String>,
    pub pod_waits: Option<String>,
    pub diagnosed: Option<bool>,
    pub unmet: Option<bool>,
}

impl When {
    /// Whether the machine is looked at, and not what runs in it.
    pub fn is_outside(&self) -> bool {
        self.power.is_some() || self.cut.is_some()
    }
}

/// What can be done, as rules tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RemedyRule {
    Wait,
    MendLink,
    StartMachine,
    RestartMachine,
    OpenConsole,
    OpenNode,
    CheckInternet,
    UseMirror,
    CheckTimeServers,
    CorrectPatch,
    LargerDisk,
    MoreMemory,
    InstallCni,
    OpenHostCheck,
    LookAtKubernetes,
    FreeEtcd,
    StartControlPlanes,
    ReplaceNode,
    TakeOut,
    Uncordon,
}

/// A rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub code: StuckCode,
    pub weight: StuckWeight,
    pub when: When,
    /// How long it must be seen before it is said, seconds of a real node.
    #[serde(default)]
    pub after: u32,
    /// True when the very same line must be seen all that time.
    #[serde(default)]
    pub same: bool,
    pub remedies: Vec<RemedyRule>,
    /// On what the rule rests: for whoever reads the table, and the test that every rule says it.
    #[allow(dead_code, reason = "read by people and by the table's test")]
    pub why: String,
}

/// All rules, in order. A table that does not parse is a defect that every test of it meets.
pub(super) static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    serde_saphyr::from_str(TABLE).unwrap_or_else(|error| {
        tracing::error!(%error, "the table of causes does not parse");
        Vec::new()
    })
});
