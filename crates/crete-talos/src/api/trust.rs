//! Whom to believe: a pinned certificate in maintenance mode, the cluster's authority afterwards.

use crate::pki::{ClientCertificate, PkiError, PrivateKey, certificates_of, key_der};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore,
    SignatureScheme,
};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// How a node in maintenance mode is recognized.
#[derive(Debug, Clone)]
pub enum Pin {
    /// By the fingerprint that its console printed last: it changes with the node's addresses.
    Fingerprint(String),
    /// By whatever it shows first; every later connection must show the same.
    FirstUse(Arc<OnceLock<String>>),
}

impl Pin {
    /// A pin that is still open.
    #[must_use]
    pub fn first_use() -> Self {
        Self::FirstUse(Arc::new(OnceLock::new()))
    }

    /// The fingerprint, once it is known.
    #[must_use]
    pub fn fingerprint(&self) -> Option<&str> {
        match self {
            Self::Fingerprint(text) => Some(text),
            Self::FirstUse(seen) => seen.get().map(String::as_str),
        }
    }
}

/// Whom to believe, and who we are.
#[derive(Debug, Clone)]
pub enum Trust {
    /// A node in maintenance mode: we are nobody.
    Maintenance(Pin),
    /// A node of a cluster.
    Cluster(ClusterTrust),
}

/// A cluster's authority and a client certificate it signed.
#[derive(Debug, Clone)]
pub struct ClusterTrust {
    /// The Talos API's authorities, PEM; more than one while they are being changed.
    pub authority: String,
    /// Who we are.
    pub client: ClientCertificate,
}

/// The certificate is not the pinned one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PinChanged {
    pub seen: String,
}

impl fmt::Display for PinChanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the node shows another certificate: {}", self.seen)
    }
}

impl std::error::Error for PinChanged {}

pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

impl Trust {
    /// What rustls needs.
    pub(super) fn client_config(&self) -> Result<ClientConfig, PkiError> {
        let failed = |_| PkiError::Crypto("preparing TLS");
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(failed)?
            .dangerous();
        let mut config = match self {
            Self::Maintenance(pin) => builder
                .with_custom_certificate_verifier(Arc::new(Pinned::new(pin.clone())))
                .with_no_client_auth(),
            Self::Cluster(cluster) => builder
                .with_custom_certificate_verifier(cluster.verifier()?)
                .with_client_auth_cert(cluster.chain()?, cluster.key()?)
                .map_err(failed)?,
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        config.resumption = rustls::client::Resumption::disabled();
        Ok(config)
    }
}

impl ClusterTrust {
    /// Finds out whether it can be used at all.
    ///
    /// # Errors
    /// When authority, certificate or key cannot be read, or do not belong together.
    pub fn check(&self) -> Result<(), PkiError> {
        Trust::Cluster(self.clone()).client_config().map(drop)
    }

    pub(super) fn verifier(&self) -> Result<Arc<WebPkiServerVerifier>, PkiError> {
        let mut roots = RootCertStore::empty();
        for der in certificates_of("the cluster's authority", &self.authority)? {
            let refused = |error: Error| PkiError::Unreadable {
                what: "the cluster's authority".to_owned(),
                reason: error.to_string(),
            };
            roots.add(CertificateDer::from(der)).map_err(refused)?;
        }
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .map_err(|_| PkiError::Crypto("preparing TLS"))
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, PkiError> {
        let chain = certificates_of("the client certificate", &self.client.certificate)?;
        Ok(chain.into_iter().map(CertificateDer::from).collect())
    }

    /// rustls does not know Talos' own label, so the key goes in without one.
    fn key(&self) -> Result<PrivateKeyDer<'static>, PkiError> {
        let pem = self.client.key.expose();
        PrivateKey::parse("the client's key", pem)?;
        let (label, der) = key_der("the client's key", pem)?;
        Ok(match label.as_str() {
            "RSA PRIVATE KEY" => PrivateKeyDer::Pkcs1(der.into()),
            "EC PRIVATE KEY" => PrivateKeyDer::Sec1(der.into()),
            _ => PrivateKeyDer::Pkcs8(der.into()),
        })
    }
}

/// Accepts one certificate, whoever signed it, and checks that the other side has its key.
#[derive(Debug)]
pub(super) struct Pinned {
    pin: Pin,
    provider: Arc<CryptoProvider>,
}

impl Pinned {
    pub fn new(pin: Pin) -> Self {
        Self {
            pin,
            provider: provider(),
        }
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let seen = crate::pki::fingerprint(end_entity)
            .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let expected = match &self.pin {
            Pin::Fingerprint(text) => text,
            Pin::FirstUse(first) => first.get_or_init(|| seen.clone()),
        };
        if *expected == seen {
            return Ok(ServerCertVerified::assertion());
        }
        let other = OtherError(Arc::new(PinChanged { seen }));
        Err(Error::InvalidCertificate(CertificateError::Other(other)))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
