//! A client of the Kubernetes API as small as can be, with the certificates of a kubeconfig.

use super::Way;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crete_talos::api::Dial as _;
use crete_talos::yaml::{self, Node};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivateSec1KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

/// What a kubeconfig holds, PEM.
pub struct Access {
    pub server: String,
    pub authority: String,
    pub certificate: String,
    pub key: String,
    pub context: String,
}

impl Access {
    pub fn of(kubeconfig: &str) -> Self {
        let root = yaml::read_one(kubeconfig).unwrap().unwrap();
        let first = |list: &str| root.get(list).map(Node::items).unwrap()[0].clone();
        let pem = |node: &Node, path: &[&str]| {
            let bytes = STANDARD.decode(node.text_at(path)).unwrap();
            String::from_utf8(bytes).unwrap()
        };
        let (cluster, user) = (first("clusters"), first("users"));
        Self {
            server: cluster.text_at(&["cluster", "server"]).to_owned(),
            authority: pem(&cluster, &["cluster", "certificate-authority-data"]),
            certificate: pem(&user, &["user", "client-certificate-data"]),
            key: pem(&user, &["user", "client-key-data"]),
            context: root.text_at(&["current-context"]).to_owned(),
        }
    }

    /// Asks for a path; gives the code and the body.
    pub async fn get(&self, way: &Way, path: &str) -> std::io::Result<(u16, String)> {
        self.ask(way, "GET", path, true).await
    }

    pub async fn ask(
        &self,
        way: &Way,
        method: &str,
        path: &str,
        known: bool,
    ) -> std::io::Result<(u16, String)> {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from(der(&self.authority)))
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match known {
            true => {
                let chain = vec![CertificateDer::from(der(&self.certificate))];
                let key = PrivateKeyDer::from(PrivateSec1KeyDer::from(der(&self.key)));
                builder.with_client_auth_cert(chain, key).unwrap()
            }
            false => builder.with_no_client_auth(),
        };
        let name = ServerName::from(way.address);
        let connector = TlsConnector::from(Arc::new(config));
        let mut stream = connector.connect(name, way.dial().await?).await?;
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        // The server closes without a farewell.
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let code = head.split(' ').nth(1).unwrap().parse().unwrap();
        Ok((code, body.to_owned()))
    }

    pub async fn items(&self, way: &Way, path: &str) -> std::io::Result<Vec<Value>> {
        let (code, body) = self.get(way, path).await?;
        if code != 200 {
            return Err(std::io::Error::other(body));
        }
        let value: Value = serde_json::from_str(&body).unwrap();
        Ok(value["items"].as_array().unwrap().clone())
    }
}

/// Whether the condition Ready of a node or pod is met.
pub fn ready(object: &Value) -> bool {
    let conditions = object["status"]["conditions"].as_array().unwrap();
    let ready = conditions.iter().find(|one| one["type"] == "Ready");
    ready.unwrap()["status"] == "True"
}

fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(body).unwrap()
}
