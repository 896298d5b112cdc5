//! What can go wrong with a network as a whole. Faults of single links and flows are not here:
//! they are counted, told to the guest in its own terms, and do not end anything.

use crate::config::ConfigFault;
use std::io;
use std::path::PathBuf;

/// Why a network cannot be started, driven or changed.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The kernel refused something every network needs.
    #[error("{what}: {source}")]
    Kernel {
        /// What was asked of it.
        what: &'static str,
        /// Its reason.
        source: io::Error,
    },
    /// A file or socket could not be used.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file or socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file holds something else than it must.
    #[error("{path} does not parse: {reason}", path = path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The configuration asks for something impossible.
    #[error("the network's configuration: {0}")]
    Config(#[from] ConfigFault),
    /// A folder that others may look into.
    #[error("{path}: others than its user may enter it", path = path.display())]
    OpenFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The configuration is of another network.
    #[error("the configuration is of network {0}")]
    OtherNetwork(uuid::Uuid),
}
