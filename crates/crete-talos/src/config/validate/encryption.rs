//! Certificates and keys that stand in documents as PEM texts.

use super::documents::Check;
use crate::Contract;
use crate::config::formats::quote;
use crate::pki::{PrivateKey, certificate_problem, pem_labels};
use crate::yaml::Node;

/// What is wrong with a certificate and its key; `load` reads them too.
pub(super) fn pair(node: &Node, load: bool) -> Option<String> {
    let (certificate, key) = (node.text_at(&["cert"]), node.text_at(&["key"]));
    if certificate.is_empty() {
        return Some("certificate is required".to_owned());
    }
    if key.is_empty() {
        return Some("key is required".to_owned());
    }
    if let Some(problem) = pem(certificate, Some("CERTIFICATE")) {
        return Some(format!("certificate: {problem}"));
    }
    if let Some(problem) = pem(key, None) {
        return Some(format!("key: {problem}"));
    }
    if !load {
        return None;
    }
    if let Some(problem) = unreadable_certificate(certificate) {
        return Some(format!("certificate is invalid: {problem}"));
    }
    unreadable_key(key, ":").map(|problem| format!("key is invalid: {problem}"))
}

/// What is wrong with PEM blocks; all must have one label where it is said.
fn pem(text: &str, label: Option<&str>) -> Option<String> {
    let labels = pem_labels(text);
    if let Some(label) = label
        && let Some(other) = labels.iter().find(|one| *one != label)
    {
        let (other, label) = (quote(other), quote(label));
        return Some(format!(
            "unexpected PEM block type {other}, expected one of [{label}]"
        ));
    }
    labels.is_empty().then(|| "no PEM blocks found".to_owned())
}

/// Why the first block is no certificate.
pub(super) fn unreadable_certificate(text: &str) -> Option<String> {
    if pem_labels(text).is_empty() {
        return Some("failed to parse PEM block".to_owned());
    }
    certificate_problem(text).map(|reason| format!("failed to parse certificate: x509: {reason}"))
}

/// Why the first block is no private key; `mark` stands before a label that is not known.
pub(super) fn unreadable_key(text: &str, mark: &str) -> Option<String> {
    let labels = pem_labels(text);
    let Some(label) = labels.first() else {
        return Some("failed to parse PEM block".to_owned());
    };
    let what = match label.as_str() {
        "RSA PRIVATE KEY" => "RSA key",
        "ED25519 PRIVATE KEY" => "Ed25519 key",
        "EC PRIVATE KEY" => "ECDSA key",
        "PRIVATE KEY" => "key",
        other => return Some(format!("unsupported key type{mark} {}", quote(other))),
    };
    let unread = PrivateKey::parse(what, text).err()?;
    let _ = unread;
    Some(format!("failed to parse {what}: asn1: structure error"))
}

/// The authority of the Kubernetes API, or of what it aggregates.
pub(super) fn authority(check: &mut Check<'_>, needed: bool) {
    match check.node.get("issuingCA") {
        None if needed => check.fault(&["issuingCA"], "issuing CA is not set"),
        None => {}
        Some(node) => {
            if let Some(problem) = pair(node, true) {
                check.fault(&["issuingCA"], format!("issuing CA: {problem}"));
            }
        }
    }
    for (index, accepted) in check.items(&["acceptedCAs"]).iter().enumerate() {
        let text = accepted.as_text().unwrap_or_default();
        if let Some(problem) = pem(text, Some("CERTIFICATE")) {
            check.fault(&["acceptedCAs"], format!("accepted CA #{index}: {problem}"));
        }
    }
}

/// The key that signs for service accounts.
pub(super) fn service_account(check: &mut Check<'_>) {
    let path = ["issuer", "privateKey"];
    if check.need(&path, "service issuer private key is required")
        && let Some(problem) = unreadable_key(check.text(&path), "")
    {
        let text = format!("service issuer private key is invalid: {problem}");
        check.fault(&path, text);
    }
    check.need(&["issuer", "issuerURL"], "service issuer URL is required");
}

/// The certificate that a registry asks for.
pub(super) fn client_identity(check: &mut Check<'_>) {
    let Some(node) = check.node.get("clientIdentity") else {
        return;
    };
    if check.contract >= Contract::V1_14 {
        if let Some(problem) = pair(node, false) {
            check.fault(&["clientIdentity"], format!("client identity: {problem}"));
        }
        return;
    }
    if let Some(problem) = unreadable_certificate(node.text_at(&["cert"])) {
        let text = format!("client identity certificate is invalid: {problem}");
        check.fault(&["clientIdentity", "cert"], text);
    }
    let key = node.text_at(&["key"]);
    let problem = match pem_labels(key).is_empty() {
        true => Some("failed to parse PEM block".to_owned()),
        // Whatever its label says, the content must be of the one form.
        false => PrivateKey::parse_pkcs8(key)
            .err()
            .map(|reason| format!("failed to parse key: {reason}")),
    };
    if let Some(problem) = problem {
        let text = format!("client identity key is invalid: {problem}");
        check.fault(&["clientIdentity", "key"], text);
    }
}
