//! Trust: the system's certificates and the person's own, and the name of whoever is not trusted.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, InvalidMessage, OtherError,
    SignatureScheme,
};
use rustls_platform_verifier::Verifier;

use crate::error::{ClientPart, FetchError, TlsFault};

/// The TLS side of the client. `extra` is a PEM file of certificates trusted besides the system's.
pub(super) fn config(extra: Option<&Path>) -> Result<ClientConfig, FetchError> {
    let client = |error: &dyn std::fmt::Display| FetchError::Client {
        part: match extra {
            Some(_) => ClientPart::Certificates,
            None => ClientPart::Other,
        },
        reason: error.to_string(),
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = match extra {
        None => Verifier::new(provider.clone()),
        Some(path) => Verifier::new_with_extra_roots(certificates(path)?, provider.clone()),
    };
    let verifier = Naming(verifier.map_err(|error| client(&error))?);
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| client(&error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, FetchError> {
    let pem = std::fs::read(path).map_err(FetchError::file(path))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let unusable = |reason| FetchError::Client {
        part: ClientPart::Certificates,
        reason,
    };
    let found = found.map_err(|error| unusable(format!("{}: {error}", path.display())))?;
    if found.is_empty() {
        return Err(unusable(format!("{} holds no certificate", path.display())));
    }
    Ok(found)
}

/// An issuer that is not trusted.
#[derive(Debug, thiserror::Error)]
#[error("the certificate is issued by {issuer}, who is not trusted here")]
struct Untrusted {
    issuer: String,
}

/// The system's verifier, whose refusal of an issuer also says who that is.
#[derive(Debug)]
struct Naming(Verifier);

impl ServerCertVerifier for Naming {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.0
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        verified.map_err(|error| match error {
            // A certificate that signs itself and calls itself an authority is "other".
            Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::Other(_),
            ) => {
                let last = intermediates.last().unwrap_or(end_entity);
                let untrusted = Untrusted {
                    issuer: issuer(last),
                };
                Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(untrusted))))
            }
            other => other,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// The issuer's common name, else its organization, else the whole name.
fn issuer(certificate: &CertificateDer<'_>) -> String {
    let Ok((_, parsed)) = x509_parser::parse_x509_certificate(certificate) else {
        return String::new();
    };
    let name = parsed.issuer();
    let common = name.iter_common_name().next();
    let field = common.or_else(|| name.iter_organization().next());
    let text = field.and_then(|field| field.as_str().ok());
    text.map_or_else(|| name.to_string(), str::to_owned)
}

/// What a failed handshake means for a person.
pub(super) fn fault(error: &Error) -> TlsFault {
    match error {
        Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                TlsFault::Expired
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                TlsFault::NotYetValid
            }
            CertificateError::NotValidForName => TlsFault::WrongName {
                names: String::new(),
            },
            CertificateError::NotValidForNameContext { presented, .. } => TlsFault::WrongName {
                names: plain_names(presented),
            },
            CertificateError::Other(OtherError(cause)) => match cause.downcast_ref::<Untrusted>() {
                Some(untrusted) => TlsFault::UnknownIssuer {
                    issuer: untrusted.issuer.clone(),
                },
                None => TlsFault::Other,
            },
            _ => TlsFault::Other,
        },
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) => TlsFault::NotTls,
        _ => TlsFault::Other,
    }
}

/// Names as a person reads them: `DnsName("a.example")` is `a.example`.
fn plain_names(presented: &[String]) -> String {
    let plain = presented.iter().map(|name| {
        let inner = name
            .split_once('(')
            .map_or(name.as_str(), |(_, inner)| inner);
        inner.trim_matches([')', '"'])
    });
    plain.collect::<Vec<_>>().join(", ")
}
