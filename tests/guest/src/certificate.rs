//! The certificate of the maintenance API: Ed25519, signed by an authority that lives as long as
//! the boot and has no name, one day valid, made anew with every change of the addresses.

use crate::error::{GuestError, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ED25519, PublicKeyData, SanType,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime};
use time::OffsetDateTime;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

/// Whom the certificate names.
pub const SUBJECT: &str = "maintenance-service.talos.dev";
const VALID_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Signs the certificates of one boot.
pub struct Authority(Issuer<'static, KeyPair>);

/// A certificate with its key.
pub struct Issued {
    /// The certificate; it is sent alone.
    pub certificate: CertificateDer<'static>,
    /// Its key.
    pub key: PrivatePkcs8KeyDer<'static>,
    /// Base64 of the SHA-256 of its public key, by which clients pin it.
    pub fingerprint: String,
}

impl Authority {
    /// Makes an authority.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn new() -> Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        Ok(Self(Issuer::new(params, key()?)))
    }

    /// Makes a certificate for the node's addresses and its name, if it has one.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn issue(
        &self,
        addresses: &[IpAddr],
        hostname: Option<&str>,
        now: SystemTime,
    ) -> Result<Issued> {
        let key = key()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, SUBJECT);
        let loopback = [
            IpAddr::from(Ipv4Addr::LOCALHOST),
            Ipv6Addr::LOCALHOST.into(),
        ];
        params.subject_alt_names = addresses
            .iter()
            .chain(&loopback)
            .copied()
            .map(SanType::IpAddress)
            .collect();
        if let Some(name) = hostname {
            let name = name.try_into().map_err(refused)?;
            params.subject_alt_names.push(SanType::DnsName(name));
        }
        params.not_before = OffsetDateTime::from(now);
        params.not_after = OffsetDateTime::from(now + VALID_FOR);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.0).map_err(refused)?;
        Ok(Issued {
            certificate: certificate.der().clone(),
            fingerprint: fingerprint(&key.subject_public_key_info()),
            key: PrivatePkcs8KeyDer::from(key.serialize_der()),
        })
    }
}

fn key() -> Result<KeyPair> {
    KeyPair::generate_for(&PKCS_ED25519).map_err(refused)
}

fn refused(error: rcgen::Error) -> GuestError {
    GuestError::Certificate(error.to_string())
}

fn fingerprint(public_key: &[u8]) -> String {
    STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, public_key))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The public key of a real node's certificate, and what that node printed about it.
    #[test]
    fn the_fingerprint_is_that_of_a_real_node() {
        let key = STANDARD
            .decode("MCowBQYDK2VwAyEANM2aUxD5+3nQX9/89gq4HreQvNYEqNZVAysj9TvPt6c=")
            .unwrap();
        assert_eq!(
            fingerprint(&key),
            "F8ztKkwu0XpgrEMwfz1Vku2HTCPMbg5qei0mukBMg14="
        );
    }

    fn holds(certificate: &[u8], part: &[u8]) -> bool {
        certificate.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn a_certificate_names_the_service_and_the_addresses() {
        let authority = Authority::new().unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        let addresses = ["10.0.2.15".parse().unwrap()];
        let issued = authority.issue(&addresses, None, now).unwrap();
        let der = issued.certificate.as_ref();
        assert!(holds(der, SUBJECT.as_bytes()));
        // Context tag 7, four bytes: the address among the alternative names.
        assert!(holds(der, &[0x87, 4, 10, 0, 2, 15]));
        assert!(holds(der, &[0x87, 4, 127, 0, 0, 1]));
        assert!(!holds(der, b"node-1"));
        let named = authority.issue(&addresses, Some("node-1"), now).unwrap();
        assert!(holds(named.certificate.as_ref(), b"node-1"));
        assert_ne!(
            issued.fingerprint, named.fingerprint,
            "each has a key of its own"
        );
    }
}
