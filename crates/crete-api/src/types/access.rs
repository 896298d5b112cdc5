//! Requests and answers about the access to clusters.

use crete_model::{AccessKind, AccessRole, ClusterId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Asks for a key file of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AccessRequest {
    /// The cluster.
    pub cluster: ClusterId,
    /// Which file.
    pub kind: AccessKind,
    /// What its holder may do.
    pub role: AccessRole,
}

/// Names a file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AccessFileRef {
    /// The cluster.
    pub cluster: ClusterId,
    /// The file.
    pub id: String,
}

/// A text with a secret in it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SecretText {
    /// The text.
    pub text: String,
}

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretText")
    }
}
