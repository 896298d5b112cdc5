//! TLS with a certificate that is replaced while connections come in.

use crate::certificate::Issued;
use crate::error::{GuestError, Result};
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;

/// The TLS side of the API. Clones share the certificate.
#[derive(Clone)]
pub struct Server {
    acceptor: TlsAcceptor,
    current: Arc<Current>,
    provider: Arc<CryptoProvider>,
}

/// The certificate in use; none until there is an address to put into it.
#[derive(Debug, Default)]
struct Current(RwLock<Option<Arc<CertifiedKey>>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Server {
    /// A server without a certificate yet: it refuses every handshake.
    ///
    /// # Errors
    /// When the cryptography offers no protocol version.
    pub fn new() -> Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let current = Arc::new(Current::default());
        let mut config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| refused(&error))?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        config.alpn_protocols = vec![b"h2".to_vec()];
        // Real nodes resume nothing: a client must always see the certificate.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self {
            acceptor: Arc::new(config).into(),
            current,
            provider,
        })
    }

    /// Presents a certificate from now on.
    ///
    /// # Errors
    /// When the key cannot be used.
    pub fn present(&self, issued: &Issued) -> Result<()> {
        let key = PrivateKeyDer::from(issued.key.clone_key());
        let chain = vec![issued.certificate.clone()];
        let certified =
            CertifiedKey::from_der(chain, key, &self.provider).map_err(|error| refused(&error))?;
        *self
            .current
            .0
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(certified));
        Ok(())
    }

    /// Does the handshake.
    ///
    /// # Errors
    /// When the client does not.
    pub async fn accept<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.acceptor.accept(stream).await
    }
}

fn refused(error: &rustls::Error) -> GuestError {
    GuestError::Certificate(error.to_string())
}
