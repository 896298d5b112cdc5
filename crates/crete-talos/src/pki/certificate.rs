//! Certificates: written exactly as Go's library writes them, read for what a person must know.

use super::{Entropy, PkiError, PrivateKey, der, pem};
use jiff::Timestamp;
use x509_parser::extensions::ParsedExtension;
use x509_parser::parse_x509_certificate;

/// From when to when a certificate counts, whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// The first moment.
    pub not_before: Timestamp,
    /// The last moment.
    pub not_after: Timestamp,
}

impl Lifetime {
    /// Time left at `now`; nothing when it has run out.
    #[must_use]
    pub fn left(&self, now: Timestamp) -> Option<std::time::Duration> {
        let left = self.not_after.duration_since(now);
        std::time::Duration::try_from(left).ok()
    }

    /// True when less than a tenth of the life, or thirty days, is left: time to renew.
    #[must_use]
    pub fn needs_renewal(&self, now: Timestamp) -> bool {
        let life = self.not_after.duration_since(self.not_before).as_secs();
        let left = self.not_after.duration_since(now).as_secs();
        left < (life / 10).min(30 * 86_400)
    }
}

/// A certificate read from PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    pub(super) subject: Vec<u8>,
    pub(super) subject_key_id: Option<Vec<u8>>,
    public_key_info: Vec<u8>,
    organizations: Vec<String>,
    common_name: String,
    lifetime: Lifetime,
}

impl Certificate {
    /// Reads the first certificate of a PEM text.
    ///
    /// # Errors
    /// When there is none or it does not parse. `what` names it in the message.
    pub fn parse(what: &str, text: &str) -> Result<Self, PkiError> {
        let der = pem::certificates(what, text)?.swap_remove(0);
        Self::from_der(what, der)
    }

    /// Reads a certificate's bytes.
    ///
    /// # Errors
    /// When they are none.
    pub fn from_der(what: &str, der: Vec<u8>) -> Result<Self, PkiError> {
        let fault = |reason: String| PkiError::unreadable(what, reason);
        let (rest, parsed) = parse_x509_certificate(&der).map_err(|e| fault(e.to_string()))?;
        if !rest.is_empty() {
            return Err(fault("more than a certificate".to_owned()));
        }
        let time = |seconds| Timestamp::from_second(seconds).map_err(|e| fault(e.to_string()));
        let texts = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let subject = parsed.subject();
        let organizations = subject
            .iter_organization()
            .filter_map(|name| name.as_str().ok());
        let common_name = subject
            .iter_common_name()
            .filter_map(|name| name.as_str().ok());
        let subject_key_id =
            parsed
                .extensions()
                .iter()
                .find_map(|extension| match extension.parsed_extension() {
                    ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
                    _ => None,
                });
        let lifetime = Lifetime {
            not_before: time(parsed.validity().not_before.timestamp())?,
            not_after: time(parsed.validity().not_after.timestamp())?,
        };
        Ok(Self {
            subject: subject.as_raw().to_vec(),
            subject_key_id,
            public_key_info: parsed.public_key().raw.to_vec(),
            organizations: texts(organizations.collect()),
            common_name: texts(common_name.collect()).pop().unwrap_or_default(),
            lifetime,
            der,
        })
    }

    /// The bytes.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The organizations of its subject: the roles, for a Talos client.
    #[must_use]
    pub fn organizations(&self) -> &[String] {
        &self.organizations
    }

    /// The common name of its subject; empty when it has none.
    #[must_use]
    pub fn common_name(&self) -> &str {
        &self.common_name
    }

    /// From when to when it counts.
    #[must_use]
    pub fn lifetime(&self) -> Lifetime {
        self.lifetime
    }

    /// True when this key is the private half of the certificate's key.
    #[must_use]
    pub fn belongs_to(&self, key: &PrivateKey) -> bool {
        key.public_key_info() == self.public_key_info
    }
}

/// What a new certificate says about its holder.
#[derive(Debug, Clone, Default)]
pub(super) struct Claims<'a> {
    pub organizations: Vec<&'a str>,
    pub common_name: &'a str,
    /// Bits of the key usage, first bit digital signature.
    pub key_usage: u8,
    pub server: bool,
    pub client: bool,
    pub authority: bool,
    pub subject_key_id: Option<Vec<u8>>,
    /// DNS names and addresses it serves under.
    pub names: Vec<String>,
}

pub(super) const DIGITAL_SIGNATURE: u8 = 0x80;
pub(super) const KEY_ENCIPHERMENT: u8 = 0x20;
pub(super) const SIGN_CERTIFICATES: u8 = 0x04;

/// Who signs: name and key identifier of the authority, and its key.
pub(super) struct Issuer<'a> {
    pub name: &'a [u8],
    pub key_id: Option<&'a [u8]>,
    pub key: &'a PrivateKey,
}

/// Writes and signs a certificate; PEM.
pub(super) fn issue(
    claims: &Claims<'_>,
    key: &PrivateKey,
    lifetime: Lifetime,
    issuer: &Issuer<'_>,
    entropy: &mut dyn Entropy,
) -> Result<String, PkiError> {
    let mut serial = [0; 16];
    entropy.fill(&mut serial)?;
    let validity = der::sequence(&[&time(lifetime.not_before), &time(lifetime.not_after)]);
    let extensions = der::tagged(0xa3, &extensions(claims, issuer.key_id));
    let algorithm = issuer.key.signature_algorithm();
    let body = der::sequence(&[
        &der::tagged(0xa0, &der::integer(&[2])),
        &der::integer(&serial),
        &algorithm,
        issuer.name,
        &validity,
        &name(claims),
        &key.public_key_info(),
        &extensions,
    ]);
    let signature = der::bits(&issuer.key.sign(&body)?);
    let whole = der::sequence(&[&body, &algorithm, &signature]);
    Ok(pem::encode("CERTIFICATE", &whole))
}

/// The holder's name: organizations first, each a part of its own, then the common name.
pub(super) fn name(claims: &Claims<'_>) -> Vec<u8> {
    const ORGANIZATION: &[u8] = &[0x06, 3, 0x55, 4, 10];
    const COMMON_NAME: &[u8] = &[0x06, 3, 0x55, 4, 3];
    let part = |oid: &[u8], text: &str| der::sequence(&[oid, &der::printable(text)]);
    let mut parts = Vec::new();
    if !claims.organizations.is_empty() {
        // Go writes the values of one type as one set, in DER's order.
        let mut values: Vec<_> = claims
            .organizations
            .iter()
            .map(|text| part(ORGANIZATION, text))
            .collect();
        values.sort();
        parts.push(der::set(&values.concat()));
    }
    if !claims.common_name.is_empty() {
        parts.push(der::set(&part(COMMON_NAME, claims.common_name)));
    }
    der::sequence(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn extensions(claims: &Claims<'_>, authority_key_id: Option<&[u8]>) -> Vec<u8> {
    const CRITICAL: &[u8] = &[1, 1, 0xff];
    let extension = |id: u8, critical: &[u8], value: &[u8]| {
        der::sequence(&[&[0x06, 3, 0x55, 0x1d, id], critical, &der::octets(value)])
    };
    let mut all = Vec::new();
    if claims.key_usage != 0 {
        let unused = u8::try_from(claims.key_usage.trailing_zeros()).unwrap_or(0);
        let value = der::tagged(0x03, &[unused, claims.key_usage]);
        all.push(extension(15, CRITICAL, &value));
    }
    let purpose = |last: u8| vec![0x06, 8, 0x2b, 6, 1, 5, 5, 7, 3, last];
    let purposes = [(claims.server, 1), (claims.client, 2)];
    let purposes = purposes.iter().filter(|(wanted, _)| *wanted);
    let purposes: Vec<u8> = purposes.flat_map(|(_, last)| purpose(*last)).collect();
    if !purposes.is_empty() {
        all.push(extension(37, &[], &der::sequence(&[&purposes])));
    }
    if claims.authority {
        all.push(extension(19, CRITICAL, &der::sequence(&[CRITICAL])));
    }
    if let Some(id) = &claims.subject_key_id {
        all.push(extension(14, &[], &der::octets(id)));
    }
    if let Some(id) = authority_key_id {
        let value = der::sequence(&[&der::tagged(0x80, id)]);
        all.push(extension(35, &[], &value));
    }
    if !claims.names.is_empty() {
        let names: Vec<u8> = claims
            .names
            .iter()
            .flat_map(|name| alternative(name))
            .collect();
        all.push(extension(17, &[], &der::sequence(&[&names])));
    }
    der::sequence(&all.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn alternative(name: &str) -> Vec<u8> {
    match name.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(address)) => der::tagged(0x87, &address.octets()),
        Ok(std::net::IpAddr::V6(address)) => der::tagged(0x87, &address.octets()),
        Err(_) => der::tagged(0x82, name.as_bytes()),
    }
}

/// UTC until 2049, generalized afterwards, as X.509 wants it.
fn time(moment: Timestamp) -> Vec<u8> {
    let civil = moment.to_zoned(jiff::tz::TimeZone::UTC);
    let rest = civil.strftime("%m%d%H%M%SZ");
    if civil.year() < 2050 {
        der::tagged(0x17, format!("{:02}{rest}", civil.year() % 100).as_bytes())
    } else {
        der::tagged(0x18, format!("{:04}{rest}", civil.year()).as_bytes())
    }
}
