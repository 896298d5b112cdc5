//! The secrets of a cluster, and every certificate made from them, offline.
//!
//! ```text
//! Entropy + now ─▶ Bundle ─▶ secrets.yaml
//!                    │
//!                    ├─▶ client certificate ─▶ talosconfig
//!                    └─▶ client certificate ─▶ kubeconfig
//! configuration ─▶ Parts ─▶ Bundle
//! ```
//!
//! Time and randomness are passed in. Nothing here prints a key: private keys are [`Secret`]s.

mod authority;
mod bundle;
mod certificate;
mod client;
mod der;
mod entropy;
mod extract;
mod generate;
mod kubeconfig;
mod pem;
mod private_key;
mod secret;
mod talosconfig;

pub use authority::{Authority, Validity};
pub use bundle::{Bundle, CaParts, Parts};
pub use certificate::{Certificate, Lifetime};
pub use client::{ClientCertificate, KUBERNETES_ADMIN, Role};
pub use entropy::{Entropy, SystemEntropy};
pub use extract::extract;
pub use kubeconfig::{
    Kubeconfig, KubeconfigEntry, KubeconfigFile, merge_kubeconfig, renew_kubeconfig,
};
pub use pem::fingerprint;
pub use private_key::{Algorithm, PrivateKey};
pub use secret::Secret;
pub use talosconfig::{Talosconfig, TalosconfigContext, merge_talosconfig, renew_talosconfig};

pub(crate) use pem::{
    bytes_of, certificate_problem, has_certificate, labels as pem_labels, to_base64,
};
#[cfg(feature = "api")]
pub(crate) use pem::{certificates as certificates_of, decode as key_der};

use crate::yaml::YamlError;

/// What is wrong with a value that should be base64.
pub(crate) fn base64_problem(value: &str) -> Option<String> {
    bytes_of(value).err()
}

/// Why secrets, certificates or their files cannot be used. Never quotes a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PkiError {
    /// The text is not YAML.
    #[error("not YAML: {0}")]
    Yaml(#[from] YamlError),
    /// A field is not acceptable.
    #[error("line {line}: {field}: {reason}")]
    Field {
        /// Path of the field.
        field: String,
        /// Line in the text, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// The bundle lacks something, or its parts do not belong together; one entry a fault.
    #[error("the secrets cannot be used: {}", .0.join("; "))]
    Bundle(Vec<String>),
    /// A PEM text, a certificate or a key does not parse.
    #[error("{what}: {reason}")]
    Unreadable {
        /// Which one.
        what: String,
        /// What is wrong.
        reason: String,
    },
    /// The cryptographic library refused.
    #[error("{0} failed in the cryptographic library")]
    Crypto(&'static str),
    /// A certificate without a role would be refused by every node.
    #[error("at least one role is required to generate a Talos API certificate")]
    NoRole,
}

impl PkiError {
    pub(crate) fn unreadable(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Unreadable {
            what: what.into(),
            reason: reason.into(),
        }
    }
}
