//! PEM texts and fingerprints.

use super::PkiError;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
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

/// The labels of all blocks that can be read; what is none is passed over.
pub(crate) fn labels(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("-----BEGIN ") {
        let own_line = start == 0 || rest.as_bytes()[start - 1] == b'\n';
        rest = &rest[start..];
        if let Some((label, _)) = decode("a block", rest).ok().filter(|_| own_line) {
            let end = rest.find("-----END ").unwrap_or(0);
            rest = &rest[end..];
            found.push(label);
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    found
}

/// What is wrong with the first certificate of a text; nothing when it can be read.
pub(crate) fn certificate_problem(text: &str) -> Option<String> {
    let (_, der) = decode("the certificate", text).ok()?;
    let parsed = x509_parser::parse_x509_certificate(&der);
    let whole = parsed.as_ref().is_ok_and(|(rest, _)| rest.is_empty());
    (!whole).then(|| "malformed certificate".to_owned())
}

/// True when a text holds a certificate that can be read.
pub(crate) fn has_certificate(text: &str) -> bool {
    let found = certificates("the certificate", text).unwrap_or_default();
    found
        .iter()
        .any(|der| x509_parser::parse_x509_certificate(der).is_ok())
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

/// The bytes behind a base64 value, in Go's words when it is none: the place is counted as Go
/// counts it, line ends included.
pub(crate) fn bytes_of(value: &str) -> Result<Vec<u8>, String> {
    let corrupt = |at: usize| Err(format!("illegal base64 data at input byte {at}"));
    let line_end = |b: &u8| matches!(b, b'\n' | b'\r');
    let bytes = value.as_bytes();
    let mut digits = 0;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' | b'\r' => {}
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => digits += 1,
            b'=' if digits % 4 >= 2 => {
                let skip = |from: usize| {
                    let ends = bytes[from..].iter().take_while(|b| line_end(b));
                    from + ends.count()
                };
                let mut next = skip(at + 1);
                if digits % 4 == 2 {
                    match bytes.get(next) {
                        None => return corrupt(bytes.len()),
                        Some(b'=') => next = skip(next + 1),
                        Some(_) => return corrupt(next - 1),
                    }
                }
                if next < bytes.len() {
                    return corrupt(next);
                }
                digits = 0;
                break;
            }
            _ => return corrupt(at),
        }
    }
    if digits % 4 != 0 {
        return corrupt(bytes.len() - digits % 4);
    }
    let joined: String = value
        .chars()
        .filter(|c| !matches!(c, '\n' | '\r'))
        .collect();
    let lenient = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    lenient.decode(joined).or_else(|_| corrupt(0))
}

/// The PEM text behind a base64 value, in Go's words when it is none.
pub(crate) fn from_base64(value: &str) -> Result<String, String> {
    let bytes = bytes_of(value)?;
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
