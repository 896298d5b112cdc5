//! The little of DER that certificates and keys need.

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;

/// A value with its tag and length.
pub(super) fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let bytes = content.len().to_be_bytes();
            let skip = bytes.iter().take_while(|byte| **byte == 0).count();
            let length = &bytes[skip..];
            // Eight bytes at most.
            out.push(0x80 | u8::try_from(length.len()).unwrap_or(8));
            out.extend_from_slice(length);
        }
    }
    out.extend_from_slice(content);
    out
}

pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tagged(SEQUENCE, &parts.concat())
}

pub(super) fn set(content: &[u8]) -> Vec<u8> {
    tagged(SET, content)
}

/// A number that is not negative, of big-endian bytes.
pub(super) fn integer(bytes: &[u8]) -> Vec<u8> {
    let skip = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut content = bytes[skip..].to_vec();
    if content.first().is_none_or(|byte| byte & 0x80 != 0) {
        content.insert(0, 0);
    }
    tagged(INTEGER, &content)
}

pub(super) fn octets(content: &[u8]) -> Vec<u8> {
    tagged(OCTETS, content)
}

pub(super) fn bits(content: &[u8]) -> Vec<u8> {
    tagged(0x03, &[&[0], content].concat())
}

pub(super) fn printable(text: &str) -> Vec<u8> {
    let printable = |c: char| c.is_ascii_alphanumeric() || " '()+,-./:=?".contains(c);
    let tag = if text.chars().all(printable) {
        0x13
    } else {
        0x0c
    };
    tagged(tag, text.as_bytes())
}

/// The first value of some bytes: its tag, its content, and what follows it.
pub(super) fn read(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let (digits, rest) = rest.split_at_checked(count)?;
        let length = digits
            .iter()
            .fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        (length, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// The key inside a PKCS#8 wrapping.
pub(super) fn inner_of_pkcs8(bytes: &[u8]) -> Option<Vec<u8>> {
    let (SEQUENCE, content, _) = read(bytes)? else {
        return None;
    };
    let (INTEGER, _, rest) = read(content)? else {
        return None;
    };
    let (SEQUENCE, _, rest) = read(rest)? else {
        return None;
    };
    let (OCTETS, key, _) = read(rest)? else {
        return None;
    };
    Some(key.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_never_negative_and_never_padded() {
        assert_eq!(integer(&[0x80]), [2, 2, 0, 0x80]);
        assert_eq!(integer(&[0, 0, 1]), [2, 1, 1]);
        assert_eq!(integer(&[]), [2, 1, 0]);
    }

    proptest! {
        #[test]
        fn a_value_reads_back(content in proptest::collection::vec(any::<u8>(), 0..400)) {
            let bytes = octets(&content);
            prop_assert_eq!(read(&bytes), Some((OCTETS, content.as_slice(), &[][..])));
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = read(&bytes);
            let _ = inner_of_pkcs8(&bytes);
        }
    }
}
