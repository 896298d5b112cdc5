//! A certificate authority of a cluster: its certificate, its key, and what it signs.

use super::certificate::{Claims, DIGITAL_SIGNATURE, Issuer, SIGN_CERTIFICATES, issue, name};
use super::{Algorithm, Certificate, Entropy, Lifetime, PkiError, PrivateKey, Secret};
use jiff::{SignedDuration, Timestamp};

/// How long a certificate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// How far before now it begins: a clock that is behind would take it for not yet valid.
    pub backdate: SignedDuration,
    /// How long from now it counts.
    pub life: SignedDuration,
}

impl Validity {
    /// Ten years, as Talos gives its authorities.
    pub const AUTHORITY: Self = Self {
        backdate: SignedDuration::ZERO,
        life: SignedDuration::from_hours(87_600),
    };
    /// A year, as Talos gives its clients, and five minutes for a clock that is behind.
    pub const CLIENT: Self = Self {
        backdate: SignedDuration::from_mins(5),
        life: SignedDuration::from_hours(8_760),
    };

    pub(super) fn at(self, now: Timestamp) -> Result<Lifetime, PkiError> {
        let out_of_range = |_| PkiError::Crypto("dating a certificate");
        let whole = Timestamp::from_second(now.as_second()).map_err(out_of_range)?;
        Ok(Lifetime {
            not_before: whole.checked_sub(self.backdate).map_err(out_of_range)?,
            not_after: whole.checked_add(self.life).map_err(out_of_range)?,
        })
    }
}

/// An authority that can sign.
#[derive(Debug)]
pub struct Authority {
    certificate: Certificate,
    certificate_pem: String,
    key: PrivateKey,
}

impl Authority {
    /// A new authority over this key, signed by itself. An empty organization means no name at all,
    /// which is what Talos gives the authority of the aggregation layer.
    ///
    /// # Errors
    /// When randomness or the library fails.
    pub fn generate(
        organization: &str,
        key: PrivateKey,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, PkiError> {
        let mut id = vec![0; 20];
        entropy.fill(&mut id)?;
        let claims = Claims {
            organizations: match organization {
                "" => Vec::new(),
                name => vec![name],
            },
            key_usage: DIGITAL_SIGNATURE | SIGN_CERTIFICATES,
            server: true,
            client: true,
            authority: true,
            subject_key_id: Some(id),
            ..Claims::default()
        };
        let subject = name(&claims);
        let issuer = Issuer {
            name: &subject,
            key_id: None,
            key: &key,
        };
        let pem = issue(
            &claims,
            &key,
            Validity::AUTHORITY.at(now)?,
            &issuer,
            entropy,
        )?;
        Self::assemble("the new authority", &pem, key)
    }

    /// An authority out of PEM texts.
    ///
    /// # Errors
    /// When one does not parse, or the key is of another certificate. `what` names the authority.
    pub fn parse(what: &str, certificate: &str, key: &Secret) -> Result<Self, PkiError> {
        let key = PrivateKey::parse(&format!("the key of {what}"), key.expose())?;
        Self::assemble(what, certificate, key)
    }

    fn assemble(what: &str, certificate_pem: &str, key: PrivateKey) -> Result<Self, PkiError> {
        let certificate =
            Certificate::parse(&format!("the certificate of {what}"), certificate_pem)?;
        if !certificate.belongs_to(&key) {
            let reason = "key does not belong to the certificate";
            return Err(PkiError::unreadable(what, reason));
        }
        Ok(Self {
            certificate,
            certificate_pem: certificate_pem.to_owned(),
            key,
        })
    }

    /// The certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The certificate's PEM text.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// A key of the kind that Talos gives a certificate below this authority.
    pub(super) fn leaf_key(&self, entropy: &mut dyn Entropy) -> Result<PrivateKey, PkiError> {
        match self.key.algorithm() {
            Algorithm::Ed25519 => PrivateKey::ed25519(entropy),
            Algorithm::Rsa => PrivateKey::rsa_4096(entropy),
            Algorithm::P256 | Algorithm::P384 | Algorithm::P521 => PrivateKey::p256(entropy),
        }
    }

    pub(super) fn issue(
        &self,
        claims: &Claims<'_>,
        key: &PrivateKey,
        lifetime: Lifetime,
        entropy: &mut dyn Entropy,
    ) -> Result<String, PkiError> {
        let issuer = Issuer {
            name: &self.certificate.subject,
            key_id: self.certificate.subject_key_id.as_deref(),
            key: &self.key,
        };
        issue(claims, key, lifetime, &issuer, entropy)
    }

    /// A serving certificate for these names and addresses, with its key: what a node presents.
    ///
    /// # Errors
    /// When randomness or the library fails.
    pub fn serve(
        &self,
        common_name: &str,
        names: &[String],
        lifetime: Lifetime,
        entropy: &mut dyn Entropy,
    ) -> Result<(String, PrivateKey), PkiError> {
        let key = self.leaf_key(entropy)?;
        let claims = Claims {
            common_name,
            key_usage: DIGITAL_SIGNATURE,
            server: true,
            names: names.to_vec(),
            ..Claims::default()
        };
        let pem = self.issue(&claims, &key, lifetime, entropy)?;
        Ok((pem, key))
    }
}
