//! The node's own certificates: of an authority it invents for maintenance, and of the cluster's
//! authorities afterwards. Made by another library than the ones the client checks them with.

use crate::error::NodeError;
use crate::random::Random;
use crate::settings::AuthorityParts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519,
    PKCS_RSA_SHA256, PublicKeyData as _, SanType, SignatureAlgorithm,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::time::Duration;

/// How long Talos lets a server's certificate count.
pub(crate) const SERVER_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// Somebody who signs.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    ed25519: bool,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Issued({})", self.fingerprint)
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

/// A certificate with its key.
pub(crate) struct Issued {
    pub certificate: CertificateDer<'static>,
    pub key: PrivateKeyDer<'static>,
    /// Base64 of the SHA-256 of the public key, by which clients pin it.
    pub fingerprint: String,
}

/// When a certificate counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Validity {
    pub from: Timestamp,
    pub life: Duration,
}

/// What a client's certificate says about its holder.
pub(crate) struct Client<'a> {
    pub common_name: &'a str,
    pub organizations: &'a [String],
    /// True for clients of Kubernetes.
    pub encipherment: bool,
}

impl Authority {
    /// An authority of a configuration.
    ///
    /// # Errors
    /// When certificate or key cannot be used: real nodes find out here too, not at the apply.
    pub fn parse(what: &'static str, parts: &AuthorityParts) -> Result<Self, NodeError> {
        let fault = |reason: String| NodeError::Authority { what, reason };
        let key = key_of(&parts.key).ok_or_else(|| fault("the key cannot be read".to_owned()))?;
        let ed25519 = key.algorithm() == &PKCS_ED25519;
        let issuer = Issuer::from_ca_cert_pem(&parts.certificate, key)
            .map_err(|error| fault(error.to_string()))?;
        Ok(Self { issuer, ed25519 })
    }

    /// An authority without a name, for as long as a boot lasts.
    ///
    /// # Errors
    /// When the library makes no key.
    pub fn of_a_boot(random: &Random) -> Result<Self, NodeError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        Ok(Self {
            issuer: Issuer::new(params, ed25519(random)?),
            ed25519: true,
        })
    }

    /// A server's certificate for names and addresses.
    ///
    /// # Errors
    /// When a name is none.
    pub fn serve(
        &self,
        common_name: &str,
        names: &[String],
        validity: Validity,
        random: &Random,
    ) -> Result<Issued, NodeError> {
        let mut params = params(validity);
        push(&mut params, DnType::CommonName, common_name);
        params.subject_alt_names = names
            .iter()
            .map(|name| alternative(name))
            .collect::<Result<_, _>>()?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(params, random)
    }

    /// A client's certificate.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn client(
        &self,
        client: &Client<'_>,
        validity: Validity,
        random: &Random,
    ) -> Result<Issued, NodeError> {
        let mut params = params(validity);
        for organization in client.organizations {
            push(&mut params, DnType::OrganizationName, organization);
        }
        if !client.common_name.is_empty() {
            push(&mut params, DnType::CommonName, client.common_name);
        }
        if client.encipherment {
            params.key_usages.push(KeyUsagePurpose::KeyEncipherment);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(params, random)
    }

    fn issue(&self, params: CertificateParams, random: &Random) -> Result<Issued, NodeError> {
        let key = match self.ed25519 {
            true => ed25519(random)?,
            false => p256(random)?,
        };
        let certificate = params.signed_by(&key, &self.issuer).map_err(refused)?;
        let fingerprint = STANDARD.encode(Sha256::digest(key.subject_public_key_info()));
        let der = key.serialized_der().to_vec();
        Ok(Issued {
            certificate: certificate.der().clone(),
            key: match self.ed25519 {
                true => PrivatePkcs8KeyDer::from(der).into(),
                false => PrivateSec1KeyDer::from(der).into(),
            },
            fingerprint,
        })
    }
}

impl Issued {
    /// The certificate as PEM.
    pub fn certificate_pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }

    /// The key as PEM, under the label that Talos gives it.
    pub fn key_pem(&self) -> String {
        match &self.key {
            PrivateKeyDer::Sec1(key) => pem("EC PRIVATE KEY", key.secret_sec1_der()),
            other => pem("ED25519 PRIVATE KEY", other.secret_der()),
        }
    }
}

fn refused(error: rcgen::Error) -> NodeError {
    NodeError::Certificate(error.to_string())
}

fn params(validity: Validity) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let from = Duration::from_secs(u64::try_from(validity.from.as_second()).unwrap_or_default());
    params.not_before = epoch + from;
    params.not_after = epoch + from + validity.life;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params
}

fn push(params: &mut CertificateParams, kind: DnType, text: &str) {
    let value = DnValue::Utf8String(text.to_owned());
    params.distinguished_name.push(kind, value);
}

fn alternative(name: &str) -> Result<SanType, NodeError> {
    match name.parse::<IpAddr>() {
        Ok(address) => Ok(SanType::IpAddress(address)),
        Err(_) => name.try_into().map(SanType::DnsName).map_err(refused),
    }
}

fn ed25519(random: &Random) -> Result<KeyPair, NodeError> {
    let mut der = vec![
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ];
    der.extend_from_slice(&random.block());
    read(PrivatePkcs8KeyDer::from(der).into(), &[&PKCS_ED25519])
        .ok_or_else(|| NodeError::Certificate("no Ed25519 key could be made".to_owned()))
}

/// A key over P-256 in SEC1, once without its public half, which the library then tells.
fn p256(random: &Random) -> Result<KeyPair, NodeError> {
    let scalar = random.block();
    let sec1 = |public: &[u8]| {
        let mut body = vec![0x02, 0x01, 0x01, 0x04, 0x20];
        body.extend_from_slice(&scalar);
        body.extend_from_slice(&[
            0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
        ]);
        if !public.is_empty() {
            body.extend_from_slice(&[0xa1, 0x44, 0x03, 0x42, 0x00]);
            body.extend_from_slice(public);
        }
        // Both are shorter than 128 bytes.
        let mut der = vec![0x30, u8::try_from(body.len()).unwrap_or_default()];
        der.append(&mut body);
        PrivateKeyDer::from(PrivateSec1KeyDer::from(der))
    };
    read(sec1(&[]), &[&PKCS_ECDSA_P256_SHA256])
        .and_then(|bare| read(sec1(bare.public_key_raw()), &[&PKCS_ECDSA_P256_SHA256]))
        .ok_or_else(|| NodeError::Certificate("no ECDSA key could be made".to_owned()))
}

fn read(der: PrivateKeyDer<'_>, kinds: &[&'static SignatureAlgorithm]) -> Option<KeyPair> {
    kinds
        .iter()
        .find_map(|kind| KeyPair::from_der_and_sign_algo(&der, kind).ok())
}

/// A key out of PEM, under any of the labels that Talos reads.
fn key_of(text: &str) -> Option<KeyPair> {
    let (label, der) = unpem(text)?;
    let (der, kinds): (PrivateKeyDer<'_>, &[&'static SignatureAlgorithm]) = match label.as_str() {
        "EC PRIVATE KEY" => (
            PrivateSec1KeyDer::from(der).into(),
            &[&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384],
        ),
        "RSA PRIVATE KEY" => (
            rustls::pki_types::PrivatePkcs1KeyDer::from(der).into(),
            &[&PKCS_RSA_SHA256],
        ),
        _ => (
            PrivatePkcs8KeyDer::from(der).into(),
            &[
                &PKCS_ED25519,
                &PKCS_ECDSA_P256_SHA256,
                &PKCS_ECDSA_P384_SHA384,
                &PKCS_RSA_SHA256,
            ],
        ),
    };
    read(der, kinds)
}

/// The label and the bytes of a PEM text.
pub(crate) fn unpem(text: &str) -> Option<(String, Vec<u8>)> {
    let (_, after) = text.split_once("-----BEGIN ")?;
    let (label, after) = after.split_once("-----")?;
    let (body, _) = after.split_once("-----END ")?;
    let compact: String = body.split_whitespace().collect();
    Some((label.to_owned(), STANDARD.decode(compact).ok()?))
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in body.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}
