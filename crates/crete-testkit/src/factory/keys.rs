//! The keys that a factory signs with, as it shows them.

use super::Shared;
use super::answer::{internal, text};
use axum::body::Body;
use axum::http::Response;
use rcgen::{CertificateParams, KeyPair};
use std::sync::LazyLock;

const PEM: &str = "application/x-pem-file";

static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate().unwrap());
static CERTIFICATE: LazyLock<String> = LazyLock::new(|| {
    let params = CertificateParams::new(vec!["practice SecureBoot".to_owned()]).unwrap();
    params.self_signed(&*KEY).unwrap().pem()
});

/// The certificate that SecureBoot images are signed for; a factory without keys stumbles.
pub fn signing_certificate(shared: &Shared) -> Response<Body> {
    if shared.options.without_keys {
        return internal();
    }
    text(200, PEM, CERTIFICATE.clone())
}

/// The key that installer images are signed with.
pub fn registry_key() -> Response<Body> {
    text(200, PEM, KEY.public_key_pem())
}
