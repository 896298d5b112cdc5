//! Secrets out of a node's configuration: everything from a control plane, the little that a
//! worker holds from a worker.

use super::{CaParts, Parts, PkiError, Secret, pem};
use crate::yaml::{self, Node};

/// Takes the secrets out of a configuration of any contract.
///
/// # Errors
/// When the text is no YAML, or holds something that is not base64 where a certificate should be.
pub fn extract(configuration: &str) -> Result<Parts, PkiError> {
    let documents = yaml::read(configuration)?;
    let empty = Node::empty_map();
    let main = documents
        .iter()
        .find(|document| document.get("kind").is_none());
    let main = main.unwrap_or(&empty);
    let kind = |name: &str| {
        documents
            .iter()
            .find(|document| document.text_at(&["kind"]) == name)
            .unwrap_or(&empty)
    };
    // The first place that says something wins: a configuration holds each secret once.
    let text = |places: [(&Node, &[&str]); 2]| {
        let texts = places.map(|(node, path)| node.text_at(path));
        let found = texts.iter().find(|text| !text.is_empty());
        found.copied().unwrap_or_default().to_owned()
    };
    let identity = kind("DiscoveryIdentityConfig");
    let legacy = |path: [&str; 2]| ca(main, &path);
    Ok(Parts {
        cluster_id: text([(main, &["cluster", "id"]), (identity, &["clusterID"])]),
        cluster_secret: Secret::new(text([
            (main, &["cluster", "secret"]),
            (identity, &["clusterSecret"]),
        ])),
        bootstrap_token: Secret::new(main.text_at(&["cluster", "token"])),
        secretbox_encryption_secret: Secret::new(text([
            (main, &["cluster", "secretboxEncryptionSecret"]),
            (
                &Node::text(etcd_key(kind("KubeEtcdEncryptionConfig"), "secretbox")),
                &[],
            ),
        ])),
        aescbc_encryption_secret: Secret::new(text([
            (main, &["cluster", "aescbcEncryptionSecret"]),
            (
                &Node::text(etcd_key(kind("KubeEtcdEncryptionConfig"), "aescbc")),
                &[],
            ),
        ])),
        trustd_token: Secret::new(main.text_at(&["machine", "token"])),
        etcd: match main.at(&["cluster", "etcd", "ca"]) {
            Some(node) => Some(ca_of(node, "cluster.etcd.ca")?),
            None => None,
        },
        k8s: legacy(["cluster", "ca"])?.or_else(|| issuing(kind("KubeAPIServerCAConfig"))),
        k8s_aggregator: legacy(["cluster", "aggregatorCA"])?
            .or_else(|| issuing(kind("KubeAggregatorCAConfig"))),
        k8s_service_account: match main.at(&["cluster", "serviceAccount", "key"]) {
            Some(node) => Some(Secret::new(base64_at(node, "cluster.serviceAccount.key")?)),
            None => kind("KubeServiceAccountConfig")
                .at(&["issuer", "privateKey"])
                .and_then(Node::as_text)
                .map(Secret::new),
        },
        os: legacy(["machine", "ca"])?,
    })
}

fn ca(main: &Node, path: &[&str]) -> Result<Option<CaParts>, PkiError> {
    main.at(path)
        .map(|node| ca_of(node, &path.join(".")))
        .transpose()
}

fn ca_of(node: &Node, path: &str) -> Result<CaParts, PkiError> {
    let value = |key: &str| match node.get(key) {
        Some(value) => base64_at(value, &format!("{path}.{key}")),
        None => Ok(String::new()),
    };
    Ok(CaParts {
        crt: value("crt")?,
        key: Secret::new(value("key")?),
    })
}

fn base64_at(node: &Node, path: &str) -> Result<String, PkiError> {
    let fault = |reason: String| PkiError::Field {
        field: path.to_owned(),
        line: node.line,
        reason,
    };
    let text = node
        .as_text()
        .ok_or_else(|| fault("text is needed".to_owned()))?;
    pem::from_base64(text).map_err(fault)
}

/// The authority of a document of contract 1.14, which holds plain PEM.
fn issuing(document: &Node) -> Option<CaParts> {
    let node = document.get("issuingCA")?;
    Some(CaParts {
        crt: node.text_at(&["cert"]).to_owned(),
        key: Secret::new(node.text_at(&["key"])),
    })
}

/// The first key of a provider in Kubernetes' own encryption configuration.
fn etcd_key(document: &Node, provider: &str) -> String {
    let resources = document.at(&["config", "resources"]);
    let providers = resources
        .into_iter()
        .flat_map(Node::items)
        .filter_map(|resource| resource.get("providers"))
        .flat_map(Node::items);
    let keys = providers
        .filter_map(|one| one.at(&[provider, "keys"]))
        .flat_map(Node::items);
    let secret = keys.map(|key| key.text_at(&["secret"])).next();
    secret.unwrap_or_default().to_owned()
}
