//! Private keys in every form that Talos reads, written in the form that Talos writes.

use super::{Entropy, PkiError, Secret, der, pem};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use std::fmt;

/// What kind of key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519.
    Ed25519,
    /// ECDSA over P-256.
    P256,
    /// ECDSA over P-384.
    P384,
    /// ECDSA over P-521.
    P521,
    /// RSA, any size.
    Rsa,
}

const OID_ED25519: &[u8] = &[0x06, 3, 0x2b, 0x65, 0x70];
const OID_EC: &[u8] = &[0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const OID_P256: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const OID_P384: &[u8] = &[0x06, 5, 0x2b, 0x81, 0x04, 0, 0x22];
const OID_P521: &[u8] = &[0x06, 5, 0x2b, 0x81, 0x04, 0, 0x23];
const OID_ECDSA_SHA256: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const OID_ECDSA_SHA384: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
const OID_ECDSA_SHA512: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4];
const OID_RSA: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const OID_RSA_SHA256: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
const NULL: &[u8] = &[5, 0];

enum Inner {
    Ed25519(Ed25519KeyPair),
    Ecdsa(Algorithm, EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
}

/// A private key that can sign. `Debug` shows its algorithm only.
pub struct PrivateKey {
    inner: Inner,
    pem: Secret,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}

impl PrivateKey {
    /// A new Ed25519 key: PKCS#8 version 1 under Talos' own label.
    ///
    /// # Errors
    /// When randomness or the library fails.
    pub fn ed25519(entropy: &mut dyn Entropy) -> Result<Self, PkiError> {
        let mut seed = [0; 32];
        entropy.fill(&mut seed)?;
        let inner = der::octets(&der::octets(&seed));
        let der = der::sequence(&[&der::integer(&[0]), &der::sequence(&[OID_ED25519]), &inner]);
        Self::parse("the new key", &pem::encode("ED25519 PRIVATE KEY", &der))
    }

    /// A new ECDSA key over P-256: SEC1.
    ///
    /// # Errors
    /// When randomness or the library fails.
    pub fn p256(entropy: &mut dyn Entropy) -> Result<Self, PkiError> {
        // One draw in 2^32 is not below the order of the curve.
        for _ in 0..8 {
            let mut scalar = [0; 32];
            entropy.fill(&mut scalar)?;
            let bare = sec1(&scalar, &[]);
            let Ok(key) =
                EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, &bare)
            else {
                continue;
            };
            let der = sec1(&scalar, key.public_key().as_ref());
            return Self::parse("the new key", &pem::encode("EC PRIVATE KEY", &der));
        }
        Err(PkiError::Crypto("making an ECDSA key"))
    }

    /// A new RSA key of 4096 bits: PKCS#1. Takes seconds.
    ///
    /// # Errors
    /// When the library fails.
    pub fn rsa_4096(entropy: &mut dyn Entropy) -> Result<Self, PkiError> {
        let der = entropy.rsa_4096()?;
        Self::parse("the new key", &pem::encode("RSA PRIVATE KEY", &der))
    }

    /// A key out of PEM, under any of the labels Talos reads.
    ///
    /// # Errors
    /// Other labels, and keys that do not parse. `what` names the key in the message.
    pub fn parse(what: &str, text: &str) -> Result<Self, PkiError> {
        let (label, der) = pem::decode(what, text)?;
        let inner = match label.as_str() {
            "RSA PRIVATE KEY" => RsaKeyPair::from_der(&der)
                .ok()
                .map(|key| Inner::Rsa(Box::new(key))),
            "EC PRIVATE KEY" => ecdsa(&der, EcdsaKeyPair::from_private_key_der),
            "PRIVATE KEY" | "ED25519 PRIVATE KEY" => pkcs8(&der),
            other => {
                let reason = format!("{other:?} is not the label of a private key");
                return Err(PkiError::unreadable(what, reason));
            }
        };
        let inner = inner.ok_or_else(|| PkiError::unreadable(what, "the key does not parse"))?;
        Ok(Self {
            inner,
            pem: Secret::new(text),
        })
    }

    /// The first block as the form that holds keys of any kind, whatever its label.
    ///
    /// # Errors
    /// What is of another form.
    pub(crate) fn parse_pkcs8(text: &str) -> Result<(), PkiError> {
        let (_, der) = pem::decode("the key", text)?;
        match pkcs8(&der) {
            Some(_) => Ok(()),
            None => Err(PkiError::unreadable("the key", "it does not parse")),
        }
    }

    /// What kind of key it is.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match &self.inner {
            Inner::Ed25519(_) => Algorithm::Ed25519,
            Inner::Ecdsa(algorithm, _) => *algorithm,
            Inner::Rsa(_) => Algorithm::Rsa,
        }
    }

    /// The PEM text, as it was read or made.
    #[must_use]
    pub fn pem(&self) -> &Secret {
        &self.pem
    }

    /// The public key information (DER) that a certificate carries.
    #[must_use]
    pub fn public_key_info(&self) -> Vec<u8> {
        let (algorithm, key) = match &self.inner {
            Inner::Ed25519(key) => (der::sequence(&[OID_ED25519]), key.public_key().as_ref()),
            Inner::Ecdsa(algorithm, key) => {
                let curve = match algorithm {
                    Algorithm::P384 => OID_P384,
                    Algorithm::P521 => OID_P521,
                    _ => OID_P256,
                };
                (der::sequence(&[OID_EC, curve]), key.public_key().as_ref())
            }
            Inner::Rsa(key) => (der::sequence(&[OID_RSA, NULL]), key.public_key().as_ref()),
        };
        der::sequence(&[&algorithm, &der::bits(key)])
    }

    /// The identifier of the signature that this key makes (DER).
    pub(super) fn signature_algorithm(&self) -> Vec<u8> {
        match self.algorithm() {
            Algorithm::Ed25519 => der::sequence(&[OID_ED25519]),
            Algorithm::P256 => der::sequence(&[OID_ECDSA_SHA256]),
            Algorithm::P384 => der::sequence(&[OID_ECDSA_SHA384]),
            Algorithm::P521 => der::sequence(&[OID_ECDSA_SHA512]),
            Algorithm::Rsa => der::sequence(&[OID_RSA_SHA256, NULL]),
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, PkiError> {
        let failed = |_| PkiError::Crypto("signing");
        match &self.inner {
            Inner::Ed25519(key) => Ok(key.sign(message).as_ref().to_vec()),
            Inner::Ecdsa(_, key) => {
                let signature = key.sign(&SystemRandom::new(), message).map_err(failed)?;
                Ok(signature.as_ref().to_vec())
            }
            Inner::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(
                    &RSA_PKCS1_SHA256,
                    &SystemRandom::new(),
                    message,
                    &mut signature,
                )
                .map_err(failed)?;
                Ok(signature)
            }
        }
    }
}

/// RFC 5915; without the public half where it is not known yet.
fn sec1(scalar: &[u8], public: &[u8]) -> Vec<u8> {
    let mut parts = vec![
        der::integer(&[1]),
        der::octets(scalar),
        der::tagged(0xa0, OID_P256),
    ];
    if !public.is_empty() {
        parts.push(der::tagged(0xa1, &der::bits(public)));
    }
    der::sequence(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn pkcs8(der: &[u8]) -> Option<Inner> {
    if let Ok(key) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
        return Some(Inner::Ed25519(key));
    }
    if let Ok(key) = RsaKeyPair::from_pkcs8(der) {
        return Some(Inner::Rsa(Box::new(key)));
    }
    ecdsa(der, EcdsaKeyPair::from_pkcs8)
}

fn ecdsa<E>(
    der: &[u8],
    parse: impl Fn(&'static EcdsaSigningAlgorithm, &[u8]) -> Result<EcdsaKeyPair, E>,
) -> Option<Inner> {
    [
        (Algorithm::P256, &ECDSA_P256_SHA256_ASN1_SIGNING),
        (Algorithm::P384, &ECDSA_P384_SHA384_ASN1_SIGNING),
        (Algorithm::P521, &ECDSA_P521_SHA512_ASN1_SIGNING),
    ]
    .into_iter()
    .find_map(|(algorithm, signing)| {
        let key = parse(signing, der).ok()?;
        Some(Inner::Ecdsa(algorithm, key))
    })
}
