//! TLS: the certificate that is shown, and which clients are let in.

use crate::boot::Boot;
use crate::certificates::{Issued, unpem};
use crate::error::NodeError;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::time_provider::TimeProvider;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig,
    SignatureScheme,
};
use std::fmt::Debug;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// What is served, and how.
#[derive(Debug)]
pub(crate) struct Serving {
    pub tls: Tls,
    /// True while anybody may read.
    pub maintenance: bool,
}

/// The two faces of a server: a client that does not ask for HTTP/2 is let in too.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    http2: Arc<ServerConfig>,
    plain: Arc<ServerConfig>,
}

/// The node's own clock, by which it judges clients.
struct NodeTime(Weak<Boot>);

impl Debug for NodeTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NodeTime")
    }
}

impl TimeProvider for NodeTime {
    fn current_time(&self) -> Option<UnixTime> {
        let now = self.0.upgrade()?.now();
        let seconds = u64::try_from(now.as_second()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

impl Serving {
    /// As in maintenance: no certificate is asked for.
    pub fn maintenance(boot: &Arc<Boot>, issued: &Issued) -> Result<Arc<Self>, NodeError> {
        let tls = Tls::new(boot, issued, Clients::Nobody)?;
        Ok(Arc::new(Self {
            tls,
            maintenance: true,
        }))
    }

    /// As in a cluster: a client of its authorities, and nothing but a client.
    pub fn cluster(
        boot: &Arc<Boot>,
        issued: &Issued,
        authorities: &str,
    ) -> Result<Arc<Self>, NodeError> {
        let tls = Tls::new(boot, issued, Clients::Required(authorities))?;
        Ok(Arc::new(Self {
            tls,
            maintenance: false,
        }))
    }
}

/// Whose certificates are asked for.
pub(crate) enum Clients<'a> {
    Nobody,
    /// Those of these authorities; nobody else is let in. Only client authentication may be their
    /// purpose.
    Required(&'a str),
    /// Those of these authorities; others come in without a name.
    Optional(&'a str),
}

impl Tls {
    /// The face of a server.
    pub fn new(boot: &Arc<Boot>, issued: &Issued, clients: Clients<'_>) -> Result<Self, NodeError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let time = Arc::new(NodeTime(Arc::downgrade(boot)));
        let builder = ServerConfig::builder_with_details(Arc::clone(&provider), time)
            .with_safe_default_protocol_versions()?;
        let builder = match clients {
            Clients::Nobody => builder.with_no_client_auth(),
            Clients::Required(pem) => {
                let inner = verifier(&provider, pem, false)?;
                builder.with_client_cert_verifier(Arc::new(OnlyClients(inner)))
            }
            Clients::Optional(pem) => {
                builder.with_client_cert_verifier(verifier(&provider, pem, true)?)
            }
        };
        let chain = vec![issued.certificate.clone()];
        let mut plain = builder.with_single_cert(chain, issued.key.clone_key())?;
        // Real nodes resume nothing: a client always sees the certificate.
        plain.session_storage = Arc::new(NoServerSessionStorage {});
        plain.send_tls13_tickets = 0;
        let mut http2 = plain.clone();
        http2.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            http2: Arc::new(http2),
            plain: Arc::new(plain),
        })
    }

    /// The face for a client, by what it offers.
    pub fn config(&self, offers_http2: bool) -> Arc<ServerConfig> {
        Arc::clone(if offers_http2 {
            &self.http2
        } else {
            &self.plain
        })
    }
}

fn verifier(
    provider: &Arc<CryptoProvider>,
    pem: &str,
    anonymous: bool,
) -> Result<Arc<dyn ClientCertVerifier>, NodeError> {
    let mut roots = RootCertStore::empty();
    let blocks = pem.split_inclusive("-----END CERTIFICATE-----");
    for (_, der) in blocks.filter_map(unpem) {
        roots.add(CertificateDer::from(der))?;
    }
    let builder =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let builder = match anonymous {
        true => builder.allow_unauthenticated(),
        false => builder,
    };
    builder
        .build()
        .map_err(|error| NodeError::Certificate(error.to_string()))
}

/// Wants the one purpose of a certificate to be client authentication, as real nodes do.
#[derive(Debug)]
struct OnlyClients(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for OnlyClients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.0.verify_client_cert(end_entity, intermediates, now)?;
        match is_only_client(end_entity) {
            true => Ok(verified),
            // Real nodes answer with the alert of a bad certificate.
            false => Err(Error::InvalidCertificate(CertificateError::BadEncoding)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

fn is_only_client(der: &[u8]) -> bool {
    let Ok((_, certificate)) = x509_parser::parse_x509_certificate(der) else {
        return false;
    };
    let usage = certificate.extended_key_usage().ok().flatten();
    usage.is_some_and(|usage| {
        let usage = usage.value;
        let others = usage.any
            || usage.server_auth
            || usage.code_signing
            || usage.email_protection
            || usage.time_stamping
            || usage.ocsp_signing;
        usage.client_auth && !others && usage.other.is_empty()
    })
}
