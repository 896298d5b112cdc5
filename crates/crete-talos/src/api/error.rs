//! From what the network, TLS and a node say to a [`Cause`].

use super::cause::{Advice, Cause};
use super::trust::PinChanged;
use crate::pki::Secret;
use rustls::{AlertDescription, CertificateError, Error as Tls};
use std::error::Error;
use std::{fmt, io};
use tonic::{Code, Status};

/// A call that failed.
///
/// Talos' own text may quote a configuration's values, so it is neither displayed nor debugged
/// where it can; ask for it with [`ApiError::talos_text`].
#[derive(Clone, PartialEq, Eq)]
pub struct ApiError {
    /// Why.
    pub cause: Cause,
    /// The call, such as `Bootstrap`.
    pub call: &'static str,
    /// The node, by the name it was reached under.
    pub node: String,
    text: Secret,
}

impl ApiError {
    pub(super) fn new(
        cause: Cause,
        call: &'static str,
        node: &str,
        text: impl Into<String>,
    ) -> Self {
        Self {
            cause,
            call,
            node: node.to_owned(),
            text: Secret::new(text),
        }
    }

    pub(super) fn of(status: &Status, call: &'static str, node: &str) -> Self {
        let cause = classify(status);
        Self::new(cause, call, node, said(status))
    }

    /// What the node or the network said. May quote values of a configuration.
    #[must_use]
    pub fn talos_text(&self) -> &str {
        self.text.expose()
    }

    /// What can be done, best first.
    #[must_use]
    pub fn advice(&self) -> &'static [Advice] {
        self.cause.advice()
    }

    fn quotes_values(&self) -> bool {
        matches!(
            self.cause,
            Cause::ConfigurationRefused | Cause::ConfigurationUnreadable | Cause::NeedsReboot
        )
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}: ", self.call, self.node)?;
        match self.quotes_values() {
            true => f.write_str(self.cause.code()),
            false => f.write_str(self.text.expose()),
        }
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiError({:?}: {self})", self.cause)
    }
}

impl Error for ApiError {}

/// The message, with what lies below it where the message alone says nothing.
fn said(status: &Status) -> String {
    let mut text = status.message().to_owned();
    let mut source = status.source();
    while let Some(error) = source {
        let part = error.to_string();
        if !text.contains(&part) {
            text = match text.is_empty() {
                true => part,
                false => format!("{text}: {part}"),
            };
        }
        source = error.source();
    }
    text
}

/// Why a call failed, by what lies below the status, then by its code, then by its text.
pub(super) fn classify(status: &Status) -> Cause {
    if let Some(cause) = below(status) {
        return cause;
    }
    by_code(status.code(), status.message())
}

fn below(error: &(dyn Error + 'static)) -> Option<Cause> {
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<Tls>() {
            return Some(tls_cause(tls));
        }
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io_cause(io));
        }
        if let Some(h2) = error.downcast_ref::<h2::Error>()
            && let Some(cause) = h2_cause(h2)
        {
            return Some(cause);
        }
        next = error.source();
    }
    None
}

fn h2_cause(error: &h2::Error) -> Option<Cause> {
    match error.reason() {
        Some(h2::Reason::ENHANCE_YOUR_CALM) => Some(Cause::TooManyPings),
        Some(h2::Reason::NO_ERROR | h2::Reason::CANCEL) if error.is_remote() => Some(Cause::Ended),
        _ => error.get_io().map(io_cause),
    }
}

/// Why a connection failed.
pub(super) fn io_cause(error: &io::Error) -> Cause {
    if let Some(tls) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Tls>())
    {
        return tls_cause(tls);
    }
    if let Some(inner) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<io::Error>())
    {
        return io_cause(inner);
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => Cause::Refused,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Cause::Interrupted,
        io::ErrorKind::TimedOut => Cause::Silent,
        io::ErrorKind::InvalidData => alert_in(&error.to_string()),
        _ => Cause::Unreachable,
    }
}

/// HTTP/2 keeps of an error below it the text alone, and TLS 1.3 lets a node refuse us only when
/// HTTP/2 has begun.
fn alert_in(text: &str) -> Cause {
    let alerts = [
        AlertDescription::CertificateRequired,
        AlertDescription::CertificateExpired,
        AlertDescription::UnknownCA,
        AlertDescription::BadCertificate,
        AlertDescription::DecryptError,
    ];
    let said = |alert: &&AlertDescription| text.contains(&Tls::AlertReceived(**alert).to_string());
    match alerts.iter().find(said) {
        Some(alert) => tls_cause(&Tls::AlertReceived(*alert)),
        None => Cause::NotTalos,
    }
}

/// Why TLS failed.
pub(super) fn tls_cause(error: &Tls) -> Cause {
    match error {
        Tls::InvalidCertificate(problem) => certificate_cause(problem),
        Tls::AlertReceived(alert) => match alert {
            AlertDescription::CertificateRequired => Cause::ClientRequired,
            AlertDescription::CertificateExpired => Cause::ClientExpired,
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::DecryptError => Cause::ClientUnknown,
            _ => Cause::NotTalos,
        },
        _ => Cause::NotTalos,
    }
}

fn certificate_cause(problem: &CertificateError) -> Cause {
    match problem {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => Cause::ClockDiffers,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Cause::AddressNotCovered
        }
        CertificateError::Other(other) if other.0.downcast_ref::<PinChanged>().is_some() => {
            Cause::PinChanged
        }
        _ => Cause::AnotherAuthority,
    }
}

/// Why a node refused, by the code and text of its answer. The texts are Talos' own.
pub(super) fn by_code(code: Code, text: &str) -> Cause {
    let says = |part: &str| text.contains(part);
    match code {
        Code::Unimplemented if says("maintenance mode") => Cause::OnlyAfterConfiguration,
        Code::Unimplemented if says("only available on control plane") => Cause::ControlPlaneOnly,
        // The maintenance service of 1.12 has a few methods only.
        Code::Unimplemented => Cause::NotOffered,
        Code::PermissionDenied if says("request forwarding") => Cause::NoForwarding,
        Code::PermissionDenied if says("is not supported") => Cause::UnknownResource,
        Code::PermissionDenied => Cause::NotAuthorized,
        Code::NotFound => Cause::NotFound,
        Code::AlreadyExists => Cause::AlreadyBootstrapped,
        Code::ResourceExhausted => Cause::Exhausted,
        Code::DeadlineExceeded => Cause::Silent,
        Code::Cancelled => Cause::Ended,
        Code::FailedPrecondition => precondition(text),
        Code::InvalidArgument if says("immediate mode") => Cause::NeedsReboot,
        Code::InvalidArgument => Cause::BadRequest,
        Code::Unknown if says("failed to parse config") => Cause::ConfigurationUnreadable,
        Code::Unknown
            if says("was not registered") || says("not defined") || says("operation via API") =>
        {
            Cause::UnknownName
        }
        Code::Unknown if says("NTP server") => Cause::TimeNotSynchronized,
        Code::Unknown if says("is required") || says("not absolute") => Cause::BadRequest,
        Code::Internal if says("invalid target") => Cause::BadRequest,
        Code::Unavailable if says("too_many_pings") => Cause::TooManyPings,
        Code::Unavailable => unavailable(text),
        _ => Cause::Other,
    }
}

fn precondition(text: &str) -> Cause {
    let says = |part: &str| text.contains(part);
    if says("not available yet") {
        Cause::NotYet
    } else if says("time is not in sync") {
        Cause::TimeNotSynchronized
    } else if says("container mode") {
        Cause::ContainerMode
    } else if says("bookmark") {
        Cause::BookmarkLost
    } else if says("worker") || says("control plane") {
        Cause::ControlPlaneOnly
    } else if says("already in progress") || says("reboot") || says("locked") {
        Cause::Busy
    } else {
        Cause::Other
    }
}

/// What a node between us and the one that was meant says of it, in Go's words.
fn unavailable(text: &str) -> Cause {
    let says = |part: &str| text.contains(part);
    if says("connection refused") {
        Cause::Refused
    } else if says("expired or is not yet valid") {
        Cause::ClockDiffers
    } else if says("tls: expired certificate") {
        Cause::ClientExpired
    } else if says("tls: certificate required") {
        Cause::ClientRequired
    } else if says("tls: unknown certificate authority") || says("tls: bad certificate") {
        Cause::ClientUnknown
    } else if says("signed by unknown authority") || says("Ed25519 verification failure") {
        Cause::AnotherAuthority
    } else if says("certificate is valid for") {
        Cause::AddressNotCovered
    } else if says("no route to host") || says("no such host") || says("network is unreachable") {
        Cause::Unreachable
    } else if says("connection reset") || says("EOF") {
        Cause::Interrupted
    } else {
        Cause::Ended
    }
}
