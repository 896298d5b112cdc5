//! Names to addresses by the system's resolver, with a failure that can be recognised.
//!
//! The HTTP client's own resolver reports a failure only as text, and in the desktop's language.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A name that could not be resolved.
#[derive(Debug, thiserror::Error)]
#[error("{host}: {words}")]
pub(super) struct UnknownName {
    /// The name.
    pub host: String,
    /// The resolver's words.
    pub words: String,
}

/// The system's resolver.
#[derive(Debug)]
pub(super) struct Names;

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The client puts the real port in place of 0.
            match tokio::net::lookup_host((name.as_str(), 0)).await {
                Ok(found) => {
                    let found: Vec<SocketAddr> = found.collect();
                    Ok(Box::new(found.into_iter()) as Addrs)
                }
                Err(error) => Err(UnknownName {
                    host: name.as_str().to_owned(),
                    words: error.to_string(),
                }
                .into()),
            }
        })
    }
}
