//! Everything that can go wrong here, told apart by what a person would do about it.
//!
//! The HTTP client wraps causes several layers deep; `classify` walks them once so that no
//! caller ever has to. It must not know which service was asked.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a download, a check or an unpacking failed.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The host's name could not be resolved.
    #[error("the name {host} could not be resolved")]
    UnknownHost {
        /// Host name asked for.
        host: String,
    },
    /// No connection could be made.
    #[error("{host} could not be reached: {reason}")]
    Unreachable {
        /// Host name asked for.
        host: String,
        /// The innermost cause in its own words.
        reason: String,
    },
    /// The secure connection failed, most often because a certificate is not trusted.
    #[error("no secure connection to {host}: {reason}")]
    Tls {
        /// Host name asked for.
        host: String,
        /// The innermost cause in its own words.
        reason: String,
    },
    /// The server did not answer, or fell silent in the middle.
    #[error("{host} sent nothing for {} s", waited.as_secs())]
    TimedOut {
        /// Host name asked for.
        host: String,
        /// How long nothing came.
        waited: Duration,
    },
    /// The server says that the file does not exist (404, 410).
    #[error("{url} is not there: {text}")]
    NotThere {
        /// Address without its query, which may hold secrets.
        url: String,
        /// First line of the answer.
        text: String,
    },
    /// The server refused with a status.
    #[error("{host} answered {status}: {text}")]
    Refused {
        /// Host name asked for.
        host: String,
        /// HTTP status.
        status: u16,
        /// First line of the answer.
        text: String,
        /// How long the server asks to wait before another attempt.
        retry_after: Option<Duration>,
    },
    /// The connection ended early. What arrived is kept and can be resumed.
    #[error("the transfer stopped after {received} bytes{}", expected.map(|e| format!(" of {e}")).unwrap_or_default())]
    Interrupted {
        /// Bytes on disk.
        received: u64,
        /// Bytes the whole file has, where the server said so.
        expected: Option<u64>,
    },
    /// The content is not what it should be. It is never used.
    #[error("{} is damaged or not the expected file: {reason}", path.display())]
    Corrupt {
        /// The file, set aside where it was downloaded.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Not enough room. A partial download is kept.
    #[error("not enough space for {}: {needed} bytes needed, {free} free", path.display())]
    DiskFull {
        /// File that was to be written.
        path: PathBuf,
        /// Bytes needed, reserve included.
        needed: u64,
        /// Bytes free.
        free: u64,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The HTTP client could not be set up, or the request could not be formed.
    #[error("the HTTP client cannot be used: {reason}")]
    Client {
        /// What is wrong with the settings.
        reason: String,
    },
    /// Cancelled by the caller. A partial download is kept.
    #[error("cancelled")]
    Cancelled,
}

impl FetchError {
    /// Whether another attempt may succeed without anybody doing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::TimedOut { .. } | Self::Interrupted { .. } => true,
            Self::Refused { status, .. } => *status >= 500 || matches!(status, 408 | 429),
            _ => false,
        }
    }

    /// Whether the network rather than the server failed. Worth another attempt only when it
    /// worked a moment ago; otherwise a person should hear of it at once.
    #[must_use]
    pub fn is_connectivity(&self) -> bool {
        matches!(self, Self::UnknownHost { .. } | Self::Unreachable { .. })
    }

    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                let free = crate::space::available(&path).unwrap_or(0);
                Self::DiskFull {
                    needed: free.saturating_add(crate::RESERVE),
                    free,
                    path,
                }
            }
            _ => Self::File { path, source },
        }
    }
}

/// Tells an error of the HTTP client apart by walking its causes. `host` names who was asked
/// where the error does not carry an address itself.
#[must_use]
pub fn classify(error: &reqwest::Error, host: &str) -> FetchError {
    let host = error
        .url()
        .and_then(|url| url.host_str())
        .unwrap_or(host)
        .to_owned();
    if error.is_builder() || error.is_redirect() {
        return FetchError::Client {
            reason: innermost(error),
        };
    }
    let reason = innermost(error);
    if error.is_connect() {
        return classify_connect(error, host, reason);
    }
    if error.is_timeout() {
        return FetchError::TimedOut {
            host,
            waited: Duration::ZERO,
        };
    }
    FetchError::Interrupted {
        received: 0,
        expected: None,
    }
}

fn classify_connect(error: &reqwest::Error, host: String, reason: String) -> FetchError {
    // The connector's own types are private to its crate, so DNS is known by its label only.
    if chain(error).any(|cause| cause.to_string().starts_with("dns error")) {
        return FetchError::UnknownHost { host };
    }
    // rustls reports every handshake failure as an I/O error of the kind "invalid data".
    let tls = chain(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::InvalidData);
    if tls {
        FetchError::Tls { host, reason }
    } else {
        FetchError::Unreachable { host, reason }
    }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&cause| cause.source())
}

fn innermost(error: &reqwest::Error) -> String {
    chain(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}
