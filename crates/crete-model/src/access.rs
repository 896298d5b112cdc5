//! The files by which people reach a cluster: made at hand, saved or merged into their own, and
//! what became of them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Which file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AccessKind {
    /// For `talosctl`: the machines.
    Talosconfig,
    /// For `kubectl`: Kubernetes.
    Kubeconfig,
}

/// What its holder may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AccessRole {
    /// Everything.
    Admin,
    /// Read what is not secret. Talos alone has it: Kubernetes' readers are made in Kubernetes.
    Reader,
}

/// Where it was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AccessHow {
    /// A file of its own.
    Saved,
    /// Among the person's other clusters, in the file that tools read by themselves.
    Merged,
}

/// What became of a file that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AccessState {
    /// It is as Crete left it.
    Untouched,
    /// Somebody changed the file since, and this cluster is still in it.
    Changed,
    /// This cluster is not in it any more, or the file is not there.
    Gone,
    /// The file cannot be read.
    Unreadable,
}

/// A file that Crete wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AccessFile {
    /// Names it in requests.
    pub id: String,
    /// Which file.
    pub kind: AccessKind,
    /// What its holder may do.
    pub role: AccessRole,
    /// Where it was put.
    pub how: AccessHow,
    /// The file.
    pub path: String,
    /// The name of this cluster in it.
    pub context: String,
    /// What became of it.
    pub state: AccessState,
    /// RFC 3339: until when its certificate counts; nothing where none is there any more.
    pub expires_at: Option<String>,
    /// True when it is time to renew.
    pub renew: bool,
    /// True when its time is over.
    pub expired: bool,
    /// True when the file can be given back exactly as it was.
    pub can_undo: bool,
}

/// What merging would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AccessOffer {
    /// Which file.
    pub kind: AccessKind,
    /// The person's file, where there is one to merge into: not in practice mode.
    pub path: Option<String>,
    /// True when it is there already.
    pub exists: bool,
    /// Where a symbolic link leads.
    pub leads_to: Option<String>,
    /// The name that this cluster would get.
    pub context: String,
    /// The name that it would have had, when another cluster has it.
    pub taken: Option<String>,
    /// True when an older entry of this cluster is replaced.
    pub replaces: bool,
    /// True when tools would use it from then on without being told.
    pub becomes_current: bool,
    /// Why the file cannot be merged into.
    pub obstacle: Option<String>,
}

/// An authority of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AuthorityView {
    /// Whose.
    pub of: AuthorityOf,
    /// RFC 3339: until when it counts.
    pub expires_at: String,
    /// True when less than a tenth of its life, or thirty days, is left.
    pub renew: bool,
}

/// Whose authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AuthorityOf {
    /// The Talos API.
    Talos,
    /// Kubernetes.
    Kubernetes,
    /// etcd.
    Etcd,
    /// What extends the Kubernetes API.
    Aggregator,
}

/// The access to a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AccessView {
    /// What was written, oldest first.
    pub files: Vec<AccessFile>,
    /// What merging would do.
    pub offers: Vec<AccessOffer>,
    /// The cluster's authorities.
    pub authorities: Vec<AuthorityView>,
}

/// What a file with secrets holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SecretsSeen {
    /// What kind of file it is.
    pub source: SecretsSource,
    /// The cluster's id, by which its machines find one another. No secret.
    pub cluster_id: String,
    /// The authorities.
    pub authorities: Vec<AuthorityView>,
    /// What is missing or does not belong together; empty when the secrets can be used.
    pub faults: Vec<String>,
}

/// What kind of file secrets come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SecretsSource {
    /// A `secrets.yaml`, as `talosctl gen secrets` writes it.
    Bundle,
    /// The configuration of a control plane, which holds them all.
    ControlPlane,
    /// The configuration of a worker, which holds only what it needs to join.
    Worker,
}
