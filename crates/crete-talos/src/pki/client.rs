//! Client certificates: for the Talos API by roles, for Kubernetes as its administrator.

use super::certificate::{Claims, DIGITAL_SIGNATURE, KEY_ENCIPHERMENT};
use super::{Authority, Entropy, PkiError, Secret, Validity};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// What a client of the Talos API may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Everything.
    Admin,
    /// Back up etcd.
    EtcdBackup,
    /// Read, restart, reboot, shut down.
    Operator,
    /// Read what is not secret.
    Reader,
}

impl Role {
    /// The organization that stands for it in a certificate.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "os:admin",
            Self::EtcdBackup => "os:etcd:backup",
            Self::Operator => "os:operator",
            Self::Reader => "os:reader",
        }
    }

    /// The role an organization stands for.
    #[must_use]
    pub fn of(organization: &str) -> Option<Self> {
        [Self::Admin, Self::EtcdBackup, Self::Operator, Self::Reader]
            .into_iter()
            .find(|role| role.as_str() == organization)
    }
}

/// How long Talos lets a Kubernetes administrator's certificate count, and how far it backdates it.
pub const KUBERNETES_ADMIN: Validity = Validity {
    backdate: SignedDuration::from_secs(10),
    life: SignedDuration::from_hours(8_760),
};

/// A certificate with its key, PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: Secret,
}

impl ClientCertificate {
    /// A client of the Talos API with these roles. A node accepts it only as it is: client
    /// authentication is its one purpose.
    ///
    /// # Errors
    /// Without a role, and when randomness or the library fails.
    pub fn talos(
        authority: &Authority,
        roles: &BTreeSet<Role>,
        validity: Validity,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, PkiError> {
        if roles.is_empty() {
            return Err(PkiError::NoRole);
        }
        let claims = Claims {
            organizations: roles.iter().map(|role| role.as_str()).collect(),
            key_usage: DIGITAL_SIGNATURE,
            client: true,
            ..Claims::default()
        };
        Self::issue(authority, &claims, validity, now, entropy)
    }

    /// The administrator of the Kubernetes cluster.
    ///
    /// # Errors
    /// When randomness or the library fails.
    pub fn kubernetes_admin(
        authority: &Authority,
        validity: Validity,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, PkiError> {
        let claims = Claims {
            organizations: vec!["system:masters"],
            common_name: "admin",
            key_usage: DIGITAL_SIGNATURE | KEY_ENCIPHERMENT,
            client: true,
            ..Claims::default()
        };
        Self::issue(authority, &claims, validity, now, entropy)
    }

    fn issue(
        authority: &Authority,
        claims: &Claims<'_>,
        validity: Validity,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, PkiError> {
        let key = authority.leaf_key(entropy)?;
        let certificate = authority.issue(claims, &key, validity.at(now)?, entropy)?;
        Ok(Self {
            certificate,
            key: key.pem().clone(),
        })
    }
}
