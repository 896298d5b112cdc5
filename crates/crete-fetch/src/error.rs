//! Everything that can go wrong here, told apart by what a person would do about it.
//!
//! It must not know which service was asked.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crete_model::{FileFault, Params};

/// Why a download, a check, a copy or an unpacking failed.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The host's name could not be resolved.
    #[error("the name {host} could not be resolved: {words}")]
    UnknownHost {
        /// Host name asked for.
        host: String,
        /// The resolver's words.
        words: String,
    },
    /// No connection could be made, or it was closed before an answer.
    #[error("{host} could not be reached: {words}")]
    Unreachable {
        /// Host name asked for.
        host: String,
        /// Where the way ends.
        way: NoWay,
        /// The innermost cause in its own words.
        words: String,
    },
    /// The secure connection failed.
    #[error("no secure connection to {host}: {words}")]
    Tls {
        /// Host name asked for.
        host: String,
        /// What is wrong with it.
        fault: TlsFault,
        /// The innermost cause in its own words.
        words: String,
    },
    /// The proxy on the way does not let the request through.
    #[error("the proxy {proxy} does not work: {words}")]
    Proxy {
        /// `host:port` of the proxy.
        proxy: String,
        /// What is wrong with it.
        fault: ProxyFault,
        /// The innermost cause in its own words.
        words: String,
    },
    /// A network that wants a person to sign in answered in the server's place.
    #[error("a page of {portal} answered instead of {host}: {title}")]
    SignIn {
        /// Host name asked for.
        host: String,
        /// Host whose page it is; the same one where the network pretends to be it.
        portal: String,
        /// The page's title, where it has one.
        title: String,
    },
    /// The answer is no file of the expected kind. Nothing of it was written.
    #[error("{host} sent something else than the file: {words}")]
    NotTheFile {
        /// Host name asked for.
        host: String,
        /// What it sent instead.
        fault: FileFault,
        /// How it begins.
        words: String,
    },
    /// What answers does not speak HTTP, or sends in circles.
    #[error("{host} does not answer as a web server: {words}")]
    NotHttp {
        /// Host name asked for.
        host: String,
        /// The innermost cause in its own words.
        words: String,
    },
    /// A secure address leads to one that is not secure. It was not followed.
    #[error("{host} leads to {to}, which is not secure")]
    Downgraded {
        /// Host name asked for.
        host: String,
        /// Host of the address it leads to.
        to: String,
    },
    /// The server did not answer.
    #[error("{host} did not answer within {} s", waited.as_secs())]
    NoAnswer {
        /// Host name asked for.
        host: String,
        /// How long nothing came.
        waited: Duration,
    },
    /// The server fell silent in the middle. What arrived is kept and can be resumed.
    #[error("{host} sent nothing for {} s after {received} bytes", waited.as_secs())]
    Stalled {
        /// Host name asked for.
        host: String,
        /// How long nothing came.
        waited: Duration,
        /// Bytes on disk.
        received: u64,
        /// Bytes the whole file has, where the server said so.
        expected: Option<u64>,
    },
    /// The server says that the file does not exist (404, 410).
    #[error("{url} is not there: {text}")]
    NotThere {
        /// Address without its query, which may hold secrets.
        url: String,
        /// First line of the answer.
        text: String,
    },
    /// The address the server sent us to refuses, as it does when the time it was good for is over.
    #[error("the address given for the file is not valid: {host} answered {status}: {text}")]
    LinkRefused {
        /// Host we were sent to.
        host: String,
        /// HTTP status.
        status: u16,
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
    #[error("the transfer stopped after {received} bytes{}", of(*expected))]
    Interrupted {
        /// Bytes on disk.
        received: u64,
        /// Bytes the whole file has, where the server said so.
        expected: Option<u64>,
    },
    /// The content is not what it should be. The caller moves the file away; it is never used.
    #[error("{} is damaged or not the expected file: {words}", path.display())]
    Corrupt {
        /// The file as it lies there.
        path: PathBuf,
        /// What is wrong with it.
        fault: FileFault,
        /// Values for a sentence about it.
        params: Params,
        /// The exact words.
        words: String,
    },
    /// A path that is no plain file with something in it.
    #[error("{} is no plain file: {what:?}", path.display())]
    NotPlain {
        /// The path.
        path: PathBuf,
        /// What it is.
        what: NotPlain,
    },
    /// A file changed while it was read.
    #[error("{} changed while it was read", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// There is another file in the place of the one that is wanted. It was left alone.
    #[error("there is a file at {} already", path.display())]
    Exists {
        /// Its place.
        path: PathBuf,
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
        /// Which part of it.
        part: ClientPart,
        /// What is wrong with the settings.
        reason: String,
    },
    /// Cancelled by the caller. A partial download is kept.
    #[error("cancelled")]
    Cancelled,
}

/// What a path is that is no plain file with something in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotPlain {
    /// There is nothing.
    Missing,
    /// A symbolic link to this.
    Link(PathBuf),
    /// A folder.
    Folder,
    /// A device, a pipe or a socket.
    Special,
    /// A file without a single byte.
    Empty,
}

/// Where the way to a server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoWay {
    /// Nobody listens at that address.
    Refused,
    /// This computer has no way there: no network, or no route.
    NoNetwork,
    /// No sign of life.
    Silent,
    /// The connection was closed before an answer came.
    Closed,
}

/// What is wrong with a secure connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsFault {
    /// The certificate is issued by somebody this computer does not trust.
    UnknownIssuer {
        /// The issuer's name.
        issuer: String,
    },
    /// The certificate's time is over, or this computer's clock is ahead.
    Expired,
    /// The certificate's time has not begun, or this computer's clock is behind.
    NotYetValid,
    /// The certificate is for other names.
    WrongName {
        /// The names.
        names: String,
    },
    /// What answers does not speak TLS.
    NotTls,
    /// Anything else.
    Other,
}

/// A part of the HTTP client that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientPart {
    /// The proxy's address.
    Proxy,
    /// The file of certificates trusted besides the system's.
    Certificates,
    /// Anything that no setting is to blame for.
    Other,
}

/// What is wrong with a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyFault {
    /// Its name could not be resolved.
    UnknownHost,
    /// Nothing answers there.
    Unreachable,
    /// It wants a name and a password.
    SignIn,
    /// It refuses to pass the request on.
    Refuses,
    /// What answers is no proxy.
    NotAProxy,
}

fn of(expected: Option<u64>) -> String {
    expected.map(|all| format!(" of {all}")).unwrap_or_default()
}

/// Statuses that say "later" rather than "no".
fn later(status: u16) -> bool {
    matches!(status, 408 | 425 | 429) || (status >= 500 && !matches!(status, 501 | 505))
}

impl FetchError {
    /// Whether another attempt may succeed without anybody doing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Stalled { .. } | Self::Interrupted { .. } | Self::LinkRefused { .. } => true,
            Self::Unreachable { way, .. } => *way == NoWay::Closed,
            Self::Refused { status, .. } => later(*status),
            _ => false,
        }
    }

    /// Whether the network rather than the server failed. Worth another attempt only when it
    /// worked a moment ago; otherwise a person should hear of it at once.
    #[must_use]
    pub fn is_connectivity(&self) -> bool {
        matches!(
            self,
            Self::UnknownHost { .. }
                | Self::Unreachable { .. }
                | Self::Proxy {
                    fault: ProxyFault::UnknownHost | ProxyFault::Unreachable,
                    ..
                }
        )
    }

    /// How long the server asked to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
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
