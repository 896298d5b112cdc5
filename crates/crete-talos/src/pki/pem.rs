//! PEM texts and fingerprints.

use super::PkiError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// Bytes of one PEM block under a label; lines of 64 characters, as Go writes them.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    // Base64 is ASCII, so any split is at a character.
    for line in body.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// The first block of a text: its label and bytes.
pub(crate) fn decode(what: &str, text: &str) -> Result<(String, Vec<u8>), PkiError> {
    let fault = || PkiError::unreadable(what, "failed to parse PEM block");
    let (_, after) = text.split_once("-----BEGIN ").ok_or_else(fault)?;
    let (label, after) = after.split_once("-----").ok_or_else(fault)?;
    let (body, _) = after
        .split_once(&format!("-----END {label}-----"))
        .ok_or_else(fault)?;
    let compact: String = body.split_whitespace().collect();
    let der = STANDARD.decode(compact).map_err(|_| fault())?;
    Ok((label.to_owned(), der))
}

/// Every certificate of a text.
pub(crate) fn certificates(what: &str, text: &str) -> Result<Vec<Vec<u8>>, PkiError> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("-----BEGIN ") {
        let (label, der) = decode(what, &rest[start..])?;
        if label == "CERTIFICATE" {
            found.push(der);
        }
        let end = rest[start..].find("-----END ").unwrap_or(0) + start + 1;
        rest = &rest[end..];
    }
    if found.is_empty() {
        return Err(PkiError::unreadable(what, "no CERTIFICATE block"));
    }
    Ok(found)
}

/// The fingerprint that a node in maintenance mode prints: base64 of the SHA-256 of the
/// certificate's public key information.
///
/// # Errors
/// When the bytes are no certificate.
pub fn fingerprint(certificate_der: &[u8]) -> Result<String, PkiError> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate_der)
        .map_err(|error| PkiError::unreadable("the certificate", error.to_string()))?;
    Ok(STANDARD.encode(Sha256::digest(parsed.public_key().raw)))
}

/// Base64 of a PEM text, as configurations hold certificates and keys.
pub(crate) fn to_base64(pem: &str) -> String {
    STANDARD.encode(pem)
}

/// The PEM text behind a base64 value, in Go's words when it is none.
pub(crate) fn from_base64(value: &str) -> Result<String, String> {
    let joined: String = value
        .chars()
        .filter(|c| !matches!(c, '\n' | '\r'))
        .collect();
    let bytes = STANDARD.decode(joined.as_bytes()).map_err(|_| {
        let good = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
        let position = joined
            .bytes()
            .position(|b| !good(&b))
            .unwrap_or(joined.len());
        format!("illegal base64 data at input byte {position}")
    })?;
    String::from_utf8(bytes).map_err(|_| "not text behind the base64".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_block_reads_back(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let text = encode("X KEY", &bytes);
            prop_assert_eq!(decode("it", &text).unwrap(), ("X KEY".to_owned(), bytes));
        }

        #[test]
        fn no_text_panics(text in "(-----BEGIN A-----|-----END A-----|[A-Za-z=\n])*") {
            let _ = decode("it", &text);
            let _ = certificates("it", &text);
        }
    }
}
