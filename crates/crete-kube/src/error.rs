//! What can go wrong.

use std::time::Duration;

/// Why Kubernetes did not do or tell something. Never holds a key or a token.
#[derive(Debug, thiserror::Error)]
pub enum KubeError {
    /// The kubeconfig cannot be used.
    #[error("the kubeconfig cannot be used: {0}")]
    Kubeconfig(String),
    /// A manifest cannot be read, or does not say what it is.
    #[error("document {document} of the manifest: {reason}")]
    Manifest {
        /// Which document, from 1.
        document: usize,
        /// What is wrong.
        reason: String,
    },
    /// Kubernetes refuses.
    #[error("{call}: {reason} ({code})")]
    Refused {
        /// What was asked.
        call: &'static str,
        /// The status.
        code: u16,
        /// Its words.
        reason: String,
    },
    /// No answer could be had.
    #[error("{call}: {reason}")]
    Unreachable {
        /// What was asked.
        call: &'static str,
        /// The words of the system.
        reason: String,
    },
    /// No answer came in time.
    #[error("{call}: no answer within {} s", .within.as_secs_f32())]
    Silent {
        /// What was asked.
        call: &'static str,
        /// How long was waited.
        within: Duration,
    },
}

impl KubeError {
    pub(crate) fn of(call: &'static str, error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::Refused {
                call,
                code: status.code,
                reason: status.message.clone(),
            },
            other => Self::Unreachable {
                call,
                reason: chain(&other),
            },
        }
    }

    /// True when there is no such object.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { code: 404, .. })
    }
}

/// An error with what is behind it: the outermost one alone says only that a request failed.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(inner) = next {
        let words = inner.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        next = inner.source();
    }
    text
}
