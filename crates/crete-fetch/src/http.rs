//! The one HTTP client that all downloads and questions share, and who stands in between.
//!
//! It must not know any particular server.

mod classify;
mod names;
mod page;
mod proxy;
mod tls;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::{Attempt, Policy};
use url::Url;

use crate::error::{ClientPart, FetchError};

pub(crate) use page::is_page_type;
pub use page::page_title;
pub use proxy::ProxyChoice;

/// Redirects followed before a server is taken to be going in circles.
const REDIRECTS: usize = 5;

/// How to reach the internet from here.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Which proxy to use.
    pub proxy: ProxyChoice,
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
            proxy: ProxyChoice::System,
            extra_ca: None,
            user_agent: concat!("crete/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(15),
        }
    }
}

/// A client that can say why a request failed.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
    route: Arc<proxy::Route>,
}

impl Http {
    /// Builds the client. It never asks for compressed transfer, follows no redirect from a
    /// secure address to an insecure one, and has no total timeout and no read timeout either:
    /// one would apply to the wait for the first byte, which may last twenty minutes.
    /// [`crate::Patience`] has limits for both; other callers set one per request.
    ///
    /// # Errors
    /// `File` when the CA file cannot be read, `Client` when it or the proxy is not valid.
    pub fn new(options: &HttpOptions) -> Result<Self, FetchError> {
        let route = proxy::Route::new(&options.proxy);
        let builder = reqwest::Client::builder()
            .user_agent(&options.user_agent)
            .connect_timeout(options.connect_timeout)
            .referer(false)
            .no_gzip()
            .dns_resolver(names::Names)
            .tls_backend_preconfigured(tls::config(options.extra_ca.as_deref())?)
            .redirect(Policy::custom(follow));
        // The certificates were read above: of the settings only the proxy is left to blame.
        let part = match options.proxy {
            ProxyChoice::Address(_) => ClientPart::Proxy,
            ProxyChoice::System | ProxyChoice::Direct => ClientPart::Other,
        };
        let client = route.apply(builder).and_then(reqwest::ClientBuilder::build);
        Ok(Self {
            client: client.map_err(|error| unusable(part, &error))?,
            route: Arc::new(route),
        })
    }

    /// The client itself.
    #[must_use]
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// `host:port` of the proxy that a request to this address goes through.
    #[must_use]
    pub fn proxy_for(&self, url: &Url) -> Option<String> {
        self.route.proxy_for(url)
    }
}

/// A secure address that leads to an insecure one.
#[derive(Debug, thiserror::Error)]
#[error("a secure address leads to {to}, which is not secure")]
struct Insecure {
    to: String,
}

/// An endless chain of redirects.
#[derive(Debug, thiserror::Error)]
#[error("more than {REDIRECTS} redirects")]
struct Circles;

fn follow(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let secure = attempt
        .previous()
        .last()
        .is_some_and(|url| url.scheme() == "https");
    if secure && attempt.url().scheme() != "https" {
        let to = host_of(attempt.url());
        return attempt.error(Insecure { to });
    }
    if attempt.previous().len() > REDIRECTS {
        return attempt.error(Circles);
    }
    attempt.follow()
}

pub(crate) fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

fn unusable(part: ClientPart, error: &reqwest::Error) -> FetchError {
    FetchError::Client {
        part,
        reason: classify::innermost(error),
    }
}
