//! Why a practice node cannot go on.

/// What keeps a practice node from what it is doing.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The configuration's authority cannot be used. A real node takes it at the apply and fails
    /// later, and so does this one.
    #[error("{what}: {reason}")]
    Authority {
        /// Which one.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// No certificate could be made.
    #[error("no certificate: {0}")]
    Certificate(String),
    /// TLS cannot be prepared.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// A port cannot be opened.
    #[error("port {port}: {source}")]
    Listen {
        /// The port.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// The disk cannot be written.
    #[error("the disk: {0}")]
    Disk(#[from] std::io::Error),
}
