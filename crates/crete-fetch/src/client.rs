//! Sets up the one HTTP client that all downloads and questions share.
//!
//! It must not know any particular server.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::FetchError;

/// Redirects followed before a server is taken to be going in circles.
const REDIRECTS: usize = 5;

/// How to reach the internet from here.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Proxy for everything; the system's own settings are used when absent.
    pub proxy: Option<Url>,
    /// PEM file with certificates trusted besides the system's.
    pub extra_ca: Option<PathBuf>,
    /// Value of `User-Agent`.
    pub user_agent: String,
    /// Longest time to make a connection.
    pub connect_timeout: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            proxy: None,
            extra_ca: None,
            user_agent: concat!("crete/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(15),
        }
    }
}

/// Builds the client. It never asks for compressed transfer, has no total timeout, and no
/// read timeout either: the client would apply one to the wait for the first byte, which may
/// last twenty minutes. `Request` has limits for both; other callers set one per request.
///
/// # Errors
/// `File` when the CA file cannot be read, `Client` when it or the proxy is not valid.
pub fn client(options: &HttpOptions) -> Result<reqwest::Client, FetchError> {
    let refused = |error: &reqwest::Error| FetchError::Client {
        reason: error.to_string(),
    };
    let mut builder = reqwest::Client::builder()
        .user_agent(&options.user_agent)
        .connect_timeout(options.connect_timeout)
        .referer(false)
        .no_gzip()
        .redirect(reqwest::redirect::Policy::limited(REDIRECTS));
    if let Some(proxy) = &options.proxy {
        let proxy = reqwest::Proxy::all(proxy.clone()).map_err(|error| refused(&error))?;
        builder = builder.proxy(proxy);
    }
    if let Some(path) = &options.extra_ca {
        let pem = std::fs::read(path).map_err(FetchError::file(path))?;
        let certificates =
            reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| refused(&error))?;
        if certificates.is_empty() {
            let reason = format!("{} holds no certificate", path.display());
            return Err(FetchError::Client { reason });
        }
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|error| refused(&error))
}
