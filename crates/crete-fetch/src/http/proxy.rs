//! Which proxy stands between this computer and an address, and what it says when asked directly.

use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use crate::error::ProxyFault;

/// Longest wait for a proxy that is asked why it refused.
const ASKED_WITHIN: Duration = Duration::from_secs(5);
/// Bytes of its answer that are read.
const ANSWER: usize = 4096;

/// Which proxy to use.
#[derive(Debug, Clone, Default)]
pub enum ProxyChoice {
    /// The one the environment names (`HTTPS_PROXY`, `NO_PROXY` and so on), if any.
    #[default]
    System,
    /// None at all: for servers on this computer.
    Direct,
    /// This one, for everything.
    Address(Url),
}

/// The way a request takes.
#[derive(Debug)]
pub(super) struct Route {
    choice: ProxyChoice,
    system: Option<Matcher>,
}

impl Route {
    pub fn new(choice: &ProxyChoice) -> Self {
        // The same code over the same environment as in the HTTP client itself.
        let system = matches!(choice, ProxyChoice::System).then(Matcher::from_system);
        Self {
            choice: choice.clone(),
            system,
        }
    }

    pub fn apply(
        &self,
        builder: reqwest::ClientBuilder,
    ) -> Result<reqwest::ClientBuilder, reqwest::Error> {
        Ok(match &self.choice {
            ProxyChoice::System => builder,
            ProxyChoice::Direct => builder.no_proxy(),
            ProxyChoice::Address(url) => builder.proxy(reqwest::Proxy::all(url.clone())?),
        })
    }

    /// `host:port`. Never the name and password an address may hold.
    pub fn proxy_for(&self, url: &Url) -> Option<String> {
        match &self.choice {
            ProxyChoice::Direct => None,
            ProxyChoice::Address(proxy) => {
                let host = proxy.host_str()?;
                let port = proxy.port_or_known_default().unwrap_or(1080);
                Some(format!("{host}:{port}"))
            }
            ProxyChoice::System => {
                let asked: http::Uri = url.as_str().parse().ok()?;
                let proxy = self.system.as_ref()?.intercept(&asked)?;
                let host = proxy.uri().host()?.to_owned();
                let port = proxy.uri().port_u16().unwrap_or(80);
                Some(format!("{host}:{port}"))
            }
        }
    }
}

/// Asks a proxy for a tunnel once more, by hand: the HTTP client says only that there was none.
pub(super) async fn why_no_tunnel(proxy: &str, url: &Url) -> (ProxyFault, String) {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(443);
    let asking = async {
        let mut stream = TcpStream::connect(proxy).await?;
        let question = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n");
        stream.write_all(question.as_bytes()).await?;
        let mut answer = Vec::new();
        stream
            .take(ANSWER as u64)
            .read_buf(&mut answer)
            .await
            .map(|_| answer)
    };
    match tokio::time::timeout(ASKED_WITHIN, asking).await {
        Ok(Ok(answer)) => judged(&answer),
        Ok(Err(error)) => (ProxyFault::Unreachable, error.to_string()),
        Err(_) => (ProxyFault::NotAProxy, "no answer to CONNECT".to_owned()),
    }
}

/// What a proxy's refusal says.
fn judged(answer: &[u8]) -> (ProxyFault, String) {
    let Some(line) = crate::container::first_line(answer) else {
        return (
            ProxyFault::NotAProxy,
            "the answer is no text a person can read".to_owned(),
        );
    };
    let status = line
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split_whitespace().nth(1)?.parse::<u16>().ok());
    let fault = match status {
        Some(407) => ProxyFault::SignIn,
        // What a web server says to a method it does not know.
        Some(400 | 404 | 405 | 501) | None => ProxyFault::NotAProxy,
        Some(_) => ProxyFault::Refuses,
    };
    (fault, line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_proxies_and_of_others() {
        let rows: [(&[u8], ProxyFault); 6] = [
            (b"HTTP/1.1 403 Forbidden\r\n\r\n", ProxyFault::Refuses),
            (b"HTTP/1.0 503 Service Unavailable\r\n", ProxyFault::Refuses),
            (
                b"HTTP/1.1 407 Proxy Authentication Required\r\n",
                ProxyFault::SignIn,
            ),
            (
                b"HTTP/1.1 405 Method Not Allowed\r\n",
                ProxyFault::NotAProxy,
            ),
            (b"SSH-2.0-OpenSSH_9.2\r\n", ProxyFault::NotAProxy),
            (b"\x15\x03\x01\x00\x02\x02\x46", ProxyFault::NotAProxy),
        ];
        for (answer, fault) in rows {
            assert_eq!(judged(answer).0, fault, "{answer:?}");
        }
    }

    #[test]
    fn a_name_and_a_password_are_never_shown() {
        let secret = "http://me:secret@proxy.example:3128".parse().unwrap();
        let route = Route::new(&ProxyChoice::Address(secret));
        let shown = route.proxy_for(&"https://factory.example".parse().unwrap());
        assert_eq!(shown.as_deref(), Some("proxy.example:3128"));
    }
}
