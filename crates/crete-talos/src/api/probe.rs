//! What is at an address, found out without credentials.
//!
//! A configured node asks for a certificate and, in TLS 1.3, says that it misses one only after
//! the handshake; a node in maintenance sends its HTTP/2 settings at once.

use super::cause::Cause;
use super::error::io_cause;
use super::node::{Target, Tls, connect, server_name};
use super::trust::{ClusterTrust, Pin, Trust};
use crate::pki::{Certificate, PkiError, fingerprint};
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// What is at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// A node that waits for its configuration.
    Maintenance {
        /// What its console prints, to compare.
        fingerprint: String,
    },
    /// A configured node of our cluster.
    Ours {
        /// What would keep us from speaking to it all the same.
        flaw: Option<Flaw>,
    },
    /// A configured node of another cluster, or of one whose secrets were not given.
    AnotherCluster,
    /// Something else listens there.
    NotTalos,
    /// Nothing listens: off, booting, installing or rebooting.
    Refused,
    /// Connections are ended before they begin: the same states behind a forwarded port.
    Interrupted,
    /// Nothing answers within the deadline.
    Silent,
}

/// Why a node of our cluster cannot be spoken to yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// Its certificate does not name the address.
    AddressNotCovered,
    /// Its clock and ours differ by more than its certificate's life.
    ClockDiffers {
        /// By about how much, seconds: a node dates its certificate by its own clock when it starts.
        seconds: u64,
    },
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";
/// The name that Talos gives its certificate in maintenance mode.
const MAINTENANCE: &str = "maintenance-service.talos.dev";

/// Looks what is at an address, within a deadline.
///
/// # Errors
/// When the name is none, or our cluster's authority cannot be read.
pub async fn probe(
    target: &Target,
    ours: Option<&ClusterTrust>,
    deadline: Duration,
) -> Result<Presence, PkiError> {
    // Anybody's certificate will do: nothing is believed, and nothing told.
    let trust = Trust::Maintenance(Pin::first_use());
    let config = Arc::new(trust.client_config()?);
    let server = server_name(&target.name)?;
    let looking = look(target, config, server.clone());
    let seen = match timeout(deadline, looking).await {
        Err(_) => return Ok(Presence::Silent),
        Ok(Err(error)) => return Ok(closed(&error)),
        Ok(Ok(seen)) => seen,
    };
    let Some(certificate) = seen.certificate else {
        return Ok(Presence::NotTalos);
    };
    match seen.first {
        First::Settings if is_maintenance(&certificate) => Ok(Presence::Maintenance {
            fingerprint: fingerprint(&certificate)?,
        }),
        First::CertificateWanted => whose(&certificate, ours, &server),
        First::Settings | First::Other => Ok(Presence::NotTalos),
    }
}

fn closed(error: &io::Error) -> Presence {
    match io_cause(error) {
        Cause::Refused | Cause::Unreachable => Presence::Refused,
        Cause::Interrupted => Presence::Interrupted,
        Cause::Silent => Presence::Silent,
        // Up to TLS 1.2 the handshake itself fails, before a certificate could be looked at.
        _ => Presence::NotTalos,
    }
}

struct Seen {
    certificate: Option<Vec<u8>>,
    first: First,
}

enum First {
    /// HTTP/2 settings.
    Settings,
    /// The alert that a client certificate is needed.
    CertificateWanted,
    Other,
}

async fn look(
    target: &Target,
    config: Arc<rustls::ClientConfig>,
    server: ServerName<'static>,
) -> io::Result<Seen> {
    let mut stream = connect(Arc::clone(&target.dial), config, server).await?;
    let (_, session) = stream.get_ref();
    let chain = session.peer_certificates();
    let certificate = chain
        .and_then(|chain| chain.first())
        .map(|der| der.to_vec());
    let first = first_answer(&mut stream).await;
    Ok(Seen { certificate, first })
}

async fn first_answer(stream: &mut Tls) -> First {
    let written = stream.write_all(PREFACE).await;
    let mut header = [0; 9];
    let read = match written {
        Ok(()) => stream.read_exact(&mut header).await.map(drop),
        Err(error) => Err(error),
    };
    match read {
        // The fourth byte is the type of the frame: 4 is settings.
        Ok(()) if header[3] == 4 => First::Settings,
        Ok(()) => First::Other,
        Err(error) if io_cause(&error) == Cause::ClientRequired => First::CertificateWanted,
        Err(_) => First::Other,
    }
}

fn is_maintenance(der: &[u8]) -> bool {
    let parsed = Certificate::from_der("the node's certificate", der.to_vec());
    parsed.is_ok_and(|certificate| certificate.common_name() == MAINTENANCE)
}

/// How long ago a certificate was made, or how long until then, seconds.
fn age(der: &[u8]) -> Result<u64, PkiError> {
    let certificate = Certificate::from_der("the node's certificate", der.to_vec())?;
    let made = certificate.lifetime().not_before.as_second();
    let now = i64::try_from(UnixTime::now().as_secs()).unwrap_or(i64::MAX);
    Ok(now.abs_diff(made))
}

fn whose(
    der: &[u8],
    ours: Option<&ClusterTrust>,
    server: &ServerName<'_>,
) -> Result<Presence, PkiError> {
    let Some(ours) = ours else {
        return Ok(Presence::AnotherCluster);
    };
    let leaf = CertificateDer::from(der.to_vec());
    let checked = ours
        .verifier()?
        .verify_server_cert(&leaf, &[], server, &[], UnixTime::now());
    let flaw = match checked.as_ref().map_err(super::error::tls_cause) {
        Ok(_) => None,
        Err(Cause::AddressNotCovered) => Some(Flaw::AddressNotCovered),
        Err(Cause::ClockDiffers) => Some(Flaw::ClockDiffers { seconds: age(der)? }),
        Err(_) => return Ok(Presence::AnotherCluster),
    };
    Ok(Presence::Ours { flaw })
}
