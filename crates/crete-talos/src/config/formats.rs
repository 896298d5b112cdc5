//! Texts that must be something: addresses, prefixes, web addresses, durations, sizes.
//!
//! A refusal is in the words of Go's library, because that is what a node would say.

mod address;
mod quantity;
mod url;

pub(super) use address::{
    address, address_port, cidr, host_port, ip, is_subnet, is_subnet_or_address, prefix,
};
pub(super) use quantity::{Size, bytes, duration, duration_text, size, size_match};
pub(super) use url::{Url, endpoint_problem, request, url, url_of};

/// A text in quotes, as Go writes it.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{b}' => quoted.push_str("\\v"),
            '\u{c}' => quoted.push_str("\\f"),
            c if c.is_ascii_control() => {
                quoted.push_str(&format!("\\x{:02x}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Texts in quotes between brackets, as Go writes a list of them.
pub(super) fn quoted_list<T: AsRef<str>>(texts: &[T]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| quote(text.as_ref())).collect();
    format!("[{}]", quoted.join(" "))
}

/// Hexadecimal digits, two for each byte, with colons anywhere.
pub(super) fn hardware(text: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<u8> = text.bytes().filter(|b| *b != b':').collect();
    let value = |digit: u8| char::from(digit).to_digit(16);
    let bad = |digit: &u8| value(*digit).is_none();
    let pairs = digits.len() / 2 * 2;
    if let Some(digit) = digits.iter().find(|digit| bad(digit)) {
        let shown = char::from(*digit);
        return Err(format!(
            "encoding/hex: invalid byte: U+{:04X} '{shown}'",
            u32::from(shown)
        ));
    }
    if pairs < digits.len() {
        return Err("encoding/hex: odd length hex string".to_owned());
    }
    let bytes = digits.chunks_exact(2).map(|pair| {
        let byte = pair
            .iter()
            .filter_map(|digit| value(*digit))
            .fold(0, |byte, digit| byte * 16 + digit);
        u8::try_from(byte).unwrap_or_default()
    });
    Ok(bytes.collect())
}

/// A range of ports: `50000-50010`.
pub(super) fn ports(text: &str) -> Result<(u16, u16), String> {
    let range = || {
        let (low, high) = text.split_once('-')?;
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let number = |part: &str| part.parse::<u16>().ok().filter(|_| digits(part));
        Some((number(low)?, number(high)?))
    };
    range().ok_or_else(|| format!("invalid port range: {}", quote(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_in_gos_words() {
        assert_eq!(
            prefix("192.168.64.21").unwrap_err(),
            "netip.ParsePrefix(\"192.168.64.21\"): no '/'"
        );
        assert_eq!(
            address("dns.example.org").unwrap_err(),
            "ParseAddr(\"dns.example.org\"): unexpected character (at \"dns.example.org\")"
        );
        assert_eq!(
            url("192.168.64.1:5000").unwrap_err(),
            "parse \"192.168.64.1:5000\": first path segment in URL cannot contain colon"
        );
        assert_eq!(
            url("https://192.168.64.10:k8s").unwrap_err(),
            "parse \"https://192.168.64.10:k8s\": invalid port \":k8s\" after host"
        );
        assert_eq!(
            bytes("10potatoes").unwrap_err(),
            "unhandled size name: potatoes"
        );
        assert_eq!(
            size_match(">= many").unwrap_err(),
            "failed to parse disk size  many: strconv.ParseFloat: parsing \"\": invalid syntax"
        );
        assert_eq!(
            hardware("zz").unwrap_err(),
            "encoding/hex: invalid byte: U+007A 'z'"
        );
        assert_eq!(quote("a\"\u{1}\n"), "\"a\\\"\\x01\\n\"");
    }

    #[test]
    fn what_go_accepts_is_accepted() {
        assert!(prefix("fd00::/64").is_ok() && prefix("10.0.0.0/33").is_err());
        assert_eq!(size("10GiB").map(|size| size.bytes), Ok(Some(10 << 30)));
        assert_eq!(
            size("2.5GB").map(|size| size.bytes),
            Ok(Some(2_500_000_000))
        );
        assert_eq!(size("80%").map(|size| size.bytes), Ok(None));
        assert_eq!(size_match(">= 900GB"), Ok((">=", 900_000_000_000)));
        for text in ["168h0m0s", "1.5s", "0", "-2m"] {
            assert!(duration(text).is_ok(), "{text}");
        }
        for text in ["soon", "10", ""] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert_eq!(
            url("https://[fd00::1]:6443/x").unwrap().hostname(),
            "fd00::1"
        );
        assert_eq!(url("https://h:6443").unwrap().port(), "6443");
        assert_eq!(hardware("00:0A:ff"), Ok(vec![0, 10, 255]));
        assert_eq!(ports("80-443"), Ok((80, 443)));
    }
}
