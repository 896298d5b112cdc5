//! New secrets, made as Talos of a version makes them.

use super::{Authority, Bundle, CaParts, Entropy, Parts, PkiError, PrivateKey, Secret};
use crate::Contract;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use jiff::Timestamp;

impl Bundle {
    /// The secrets of a new cluster.
    ///
    /// # Errors
    /// When randomness or the library fails.
    pub fn generate(
        contract: Contract,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, PkiError> {
        let id = bytes(entropy)?;
        let cluster_id = if contract >= Contract::V1_14 {
            STANDARD.encode(id)
        } else {
            URL_SAFE.encode(id)
        };
        Parts {
            cluster_id,
            cluster_secret: Secret::new(STANDARD.encode(bytes(entropy)?)),
            bootstrap_token: token(entropy)?,
            secretbox_encryption_secret: Secret::new(STANDARD.encode(bytes(entropy)?)),
            aescbc_encryption_secret: Secret::default(),
            trustd_token: token(entropy)?,
            etcd: Some(ca("etcd", PrivateKey::p256(entropy)?, now, entropy)?),
            k8s: Some(ca("kubernetes", PrivateKey::p256(entropy)?, now, entropy)?),
            k8s_aggregator: Some(ca("", PrivateKey::p256(entropy)?, now, entropy)?),
            k8s_service_account: Some(PrivateKey::rsa_4096(entropy)?.pem().clone()),
            os: Some(ca("talos", PrivateKey::ed25519(entropy)?, now, entropy)?),
        }
        .check()
    }
}

fn ca(
    organization: &str,
    key: PrivateKey,
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> Result<CaParts, PkiError> {
    let authority = Authority::generate(organization, key, now, entropy)?;
    Ok(CaParts {
        crt: authority.certificate_pem().to_owned(),
        key: authority.key().pem().clone(),
    })
}

fn bytes(entropy: &mut dyn Entropy) -> Result<[u8; 32], PkiError> {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}

/// A token as kubeadm makes them: six and sixteen characters of `0-9a-z`.
fn token(entropy: &mut dyn Entropy) -> Result<Secret, PkiError> {
    const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut text = String::with_capacity(23);
    while text.len() < 23 {
        if text.len() == 6 {
            text.push('.');
        }
        let mut byte = [0];
        entropy.fill(&mut byte)?;
        // Bytes beyond the last whole alphabet would favour its beginning.
        if byte[0] < 252 {
            text.push(char::from(ALPHABET[usize::from(byte[0] % 36)]));
        }
    }
    Ok(Secret::new(text))
}
