//! What can go wrong so badly that the guest cannot go on.

use std::io;

/// Errors of the guest.
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
    /// A file system could not be mounted.
    #[error("{target} could not be mounted: {source}")]
    Mount {
        /// Where.
        target: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A file of the kernel could not be opened, read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The kernel refused a change of the network.
    #[error("{what} failed: {source}")]
    Network {
        /// What was tried.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// The runtime or the kernel refused something the guest cannot be without.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
}

/// Results of the guest.
pub type Result<T> = std::result::Result<T, GuestError>;

impl GuestError {
    /// An error about a file.
    pub fn file(path: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// An error about the network.
    pub fn network(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Network { what, source }
    }

    /// An error about the system.
    pub fn system(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { what, source }
    }
}
