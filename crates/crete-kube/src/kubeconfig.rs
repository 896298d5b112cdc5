//! Of a kubeconfig what a connection needs: the current context's server, authority and client.

use crate::error::KubeError;
use base64::Engine as _;
use http::Uri;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
struct File {
    clusters: Vec<Named<ClusterEntry>>,
    users: Vec<NamedUser>,
    contexts: Vec<NamedContext>,
    #[serde(rename = "current-context")]
    current: String,
}

#[derive(Deserialize)]
struct Named<T> {
    name: String,
    cluster: T,
}

#[derive(Deserialize)]
struct ClusterEntry {
    server: String,
    #[serde(rename = "certificate-authority-data")]
    authority: String,
}

#[derive(Deserialize)]
struct NamedUser {
    name: String,
    user: UserEntry,
}

#[derive(Deserialize)]
struct UserEntry {
    #[serde(rename = "client-certificate-data")]
    certificate: String,
    #[serde(rename = "client-key-data")]
    key: String,
}

#[derive(Deserialize)]
struct NamedContext {
    name: String,
    context: ContextEntry,
}

#[derive(Deserialize)]
struct ContextEntry {
    cluster: String,
    user: String,
}

/// Whom to speak to, and how.
pub(crate) struct Access {
    /// The address that requests are written to.
    pub server: Uri,
    /// The name under which its certificate is checked.
    pub name: ServerName<'static>,
    /// Whom to believe, and who we are.
    pub tls: Arc<ClientConfig>,
}

/// Where the API of a kubeconfig's current context is: host and port.
///
/// # Errors
/// When the kubeconfig cannot be used.
pub fn server(kubeconfig: &[u8]) -> Result<(String, u16), KubeError> {
    let server = Access::read(kubeconfig)?.server;
    let host = server
        .host()
        .ok_or_else(|| refused("its server has no host"))?;
    Ok((bare(host).to_owned(), server.port_u16().unwrap_or(443)))
}

/// A host without the brackets that an IPv6 address has in an address.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn refused(reason: impl std::fmt::Display) -> KubeError {
    KubeError::Kubeconfig(reason.to_string())
}

impl Access {
    /// Reads a kubeconfig.
    pub fn read(text: &[u8]) -> Result<Self, KubeError> {
        let text = std::str::from_utf8(text).map_err(refused)?;
        // The parser's words could quote a key: only the place is told.
        let file: File = serde_saphyr::from_str(text)
            .map_err(|_| refused("it is not YAML with clusters, users and contexts"))?;
        let missing = |what: &str| refused(format!("it has no {what} for its current context"));
        let context = file.contexts.iter().find(|one| one.name == file.current);
        let context = &context.ok_or_else(|| missing("entry"))?.context;
        let cluster = file.clusters.iter().find(|one| one.name == context.cluster);
        let cluster = &cluster.ok_or_else(|| missing("cluster"))?.cluster;
        let user = file.users.iter().find(|one| one.name == context.user);
        let user = &user.ok_or_else(|| missing("user"))?.user;
        let server: Uri = cluster.server.parse().map_err(refused)?;
        let host = server
            .host()
            .ok_or_else(|| refused("its server has no host"))?;
        let name = ServerName::try_from(bare(host).to_owned()).map_err(refused)?;
        Ok(Self {
            server,
            name,
            tls: Arc::new(tls(cluster, user)?),
        })
    }
}

fn decoded(what: &str, text: &str) -> Result<Vec<u8>, KubeError> {
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .map_err(|_| refused(format!("its {what} is not base64")))
}

fn tls(cluster: &ClusterEntry, user: &UserEntry) -> Result<ClientConfig, KubeError> {
    let unreadable = |what: &'static str| move |_| refused(format!("its {what} cannot be read"));
    let certificates = |what: &'static str, text: &str| -> Result<Vec<_>, KubeError> {
        let pem = decoded(what, text)?;
        CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| refused(format!("its {what} cannot be read")))
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates("authority", &cluster.authority)? {
        roots.add(certificate).map_err(refused)?;
    }
    let chain = certificates("client certificate", &user.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&decoded("client key", &user.key)?)
        .map_err(unreadable("client key"))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(refused)?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .map_err(|_| refused("its client key does not fit its certificate"))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_kubeconfig_says_what_is_missing_and_quotes_nothing() {
        let secret = "c2VjcmV0LWtleQ==";
        let whole = format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: a\n  cluster:\n    server: https://127.0.0.1:6443\n    certificate-authority-data: {secret}\nusers:\n- name: u\n  user:\n    client-certificate-data: {secret}\n    client-key-data: {secret}\ncontexts:\n- name: c\n  context:\n    cluster: a\n    user: u\ncurrent-context: c\n"
        );
        for (text, expected) in [
            ("{".to_owned(), "not YAML"),
            (
                whole.replace("current-context: c", "current-context: d"),
                "no entry",
            ),
            (whole.replace("cluster: a\n", "cluster: b\n"), "no cluster"),
            (whole.replace("user: u\n", "user: v\n"), "no user"),
            (whole, "client key cannot be read"),
        ] {
            let error = Access::read(text.as_bytes()).err().unwrap().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
