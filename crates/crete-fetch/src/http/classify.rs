//! Tells apart why a request failed, by the types of its causes.
//!
//! The HTTP client wraps causes several layers deep; they are walked once here, so that no
//! caller ever has to.

use std::error::Error;
use std::io;

use url::Url;

use super::names::UnknownName;
use super::{Circles, Http, Insecure, host_of, proxy, tls};
use crate::FetchError;
use crate::error::ClientPart;
use crate::error::{NoWay, ProxyFault};

impl Http {
    /// What a failed request means. `asked` is its address.
    pub async fn classify(&self, asked: &Url, error: &reqwest::Error) -> FetchError {
        let url = error.url().unwrap_or(asked);
        let (host, words) = (host_of(url), innermost(error));
        if let Some(Insecure { to }) = find::<Insecure>(error) {
            return FetchError::Downgraded {
                host: host_of(asked),
                to: to.clone(),
            };
        }
        if error.is_builder() {
            return FetchError::Client {
                part: ClientPart::Other,
                reason: words,
            };
        }
        if error.is_redirect() || find::<Circles>(error).is_some() {
            return FetchError::NotHttp { host, words };
        }
        if let Some(proxy) = self.proxy_for(url)
            && let Some((fault, words)) = proxy_fault(error, &proxy, url).await
        {
            return FetchError::Proxy {
                proxy,
                fault,
                words,
            };
        }
        if let Some(UnknownName { host, words }) = find::<UnknownName>(error) {
            return FetchError::UnknownHost {
                host: host.clone(),
                words: words.clone(),
            };
        }
        if let Some(tls) = find::<rustls::Error>(error) {
            return FetchError::Tls {
                host,
                fault: tls::fault(tls),
                words: tls.to_string(),
            };
        }
        if find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
            return FetchError::NotHttp { host, words };
        }
        FetchError::Unreachable {
            host,
            way: way(error),
            words,
        }
    }
}

/// What is wrong with the proxy, if it is the proxy.
async fn proxy_fault(
    error: &reqwest::Error,
    proxy: &str,
    url: &Url,
) -> Option<(ProxyFault, String)> {
    if let Some(UnknownName { host, words }) = find::<UnknownName>(error) {
        let ours = proxy.rsplit_once(':').is_some_and(|(name, _)| name == host);
        return ours.then(|| (ProxyFault::UnknownHost, words.clone()));
    }
    if find::<rustls::Error>(error).is_some() {
        return None;
    }
    if find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
        return Some((ProxyFault::NotAProxy, innermost(error)));
    }
    if !error.is_connect() {
        return None;
    }
    // The tunnel's own error cannot be named outside its crate, so it is known by its label.
    let tunnel = chain(error)
        .map(ToString::to_string)
        .find(|text| text.starts_with("tunnel error"));
    match tunnel.as_deref() {
        Some(text) if text.contains("authorization required") => {
            Some((ProxyFault::SignIn, text.to_owned()))
        }
        Some(text) if !text.contains("underlying connection") => {
            Some(proxy::why_no_tunnel(proxy, url).await)
        }
        _ => Some((ProxyFault::Unreachable, innermost(error))),
    }
}

fn way(error: &reqwest::Error) -> NoWay {
    if error.is_timeout() {
        return NoWay::Silent;
    }
    use io::ErrorKind as Kind;
    match find::<io::Error>(error).map(io::Error::kind) {
        Some(Kind::ConnectionRefused) => NoWay::Refused,
        Some(Kind::NetworkUnreachable | Kind::HostUnreachable | Kind::NetworkDown) => {
            NoWay::NoNetwork
        }
        Some(Kind::TimedOut) => NoWay::Silent,
        _ => NoWay::Closed,
    }
}

/// An error and all its causes. What an I/O error wraps is a cause too, though it does not say so.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&cause| {
        let wrapped = cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .map(|inner| inner as &(dyn Error + 'static));
        wrapped.or_else(|| cause.source())
    })
}

/// The innermost cause of a type.
fn find<T: Error + 'static>(error: &reqwest::Error) -> Option<&T> {
    chain(error).filter_map(|cause| cause.downcast_ref()).last()
}

/// The innermost cause in its own words.
pub(super) fn innermost(error: &reqwest::Error) -> String {
    chain(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}
