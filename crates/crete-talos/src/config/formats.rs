//! Texts that must be something: addresses, prefixes, web addresses, durations, sizes.
//!
//! A refusal is in the words of Go's library, because that is what a node would say.

use std::net::IpAddr;

/// An address, perhaps with a zone.
pub(super) fn address(text: &str) -> Result<IpAddr, String> {
    let bare = match text.split_once('%') {
        Some((bare, zone)) if !zone.is_empty() && bare.contains(':') => bare,
        _ => text,
    };
    bare.parse().map_err(|_| {
        let quoted = format!("{text:?}");
        let reason = match text {
            "" => "unable to parse IP".to_owned(),
            _ if text.contains(':') => format!("unexpected character (at {quoted})"),
            _ if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') => {
                let wide = |part: &str| part.parse::<u64>().is_ok_and(|number| number > 255);
                if text.split('.').any(wide) {
                    "IPv4 field has value >255".to_owned()
                } else {
                    "IPv4 address too short".to_owned()
                }
            }
            _ => format!("unexpected character (at {quoted})"),
        };
        if text.is_empty() {
            format!("ParseAddr(\"\"): {reason}")
        } else {
            format!("ParseAddr({quoted}): {reason}")
        }
    })
}

/// An address with the length of its prefix.
pub(super) fn prefix(text: &str) -> Result<(IpAddr, u8), String> {
    let fault = |reason: &str| format!("netip.ParsePrefix({text:?}): {reason}");
    let (bare, length) = text.rsplit_once('/').ok_or_else(|| fault("no '/'"))?;
    let address = address(bare).map_err(|reason| fault(&reason))?;
    if address.is_ipv6() && bare.contains('%') {
        return Err(fault("IPv6 zones cannot be present in a prefix"));
    }
    let most = if address.is_ipv4() { 32 } else { 128 };
    let plain = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
    if !plain || (length.len() > 1 && length.starts_with('0')) {
        return Err(fault(&format!("bad bits after slash: {length:?}")));
    }
    match length.parse::<u8>() {
        Ok(length) if length <= most => Ok((address, length)),
        _ => Err(fault("prefix length out of range")),
    }
}

/// The parts of a web address that matter here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Url {
    pub scheme: String,
    /// Without a port and without brackets.
    pub host: String,
    pub port: String,
    pub path: String,
}

/// A web address as leniently as Go's library reads one: nearly everything passes.
pub(super) fn url(text: &str) -> Result<Url, String> {
    let fault = |reason: &str| format!("parse {text:?}: {reason}");
    if text.chars().any(|c| c.is_ascii_control()) {
        return Err(fault("net/url: invalid control character in URL"));
    }
    let bare = text.split('#').next().unwrap_or_default();
    let scheme_end = bare.find(':').filter(|end| {
        let scheme = &bare[..*end];
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    });
    let (scheme, rest) = match scheme_end {
        Some(end) => (bare[..end].to_ascii_lowercase(), &bare[end + 1..]),
        None if bare.starts_with(':') => return Err(fault("missing protocol scheme")),
        None => (String::new(), bare),
    };
    let rest = rest.split('?').next().unwrap_or_default();
    let Some(rest) = rest.strip_prefix("//") else {
        let first = rest.split('/').next().unwrap_or_default();
        if scheme.is_empty() && first.contains(':') {
            return Err(fault("first path segment in URL cannot contain colon"));
        }
        let path = rest.to_owned();
        return Ok(Url {
            scheme,
            host: String::new(),
            port: String::new(),
            path,
        });
    };
    let (authority, path) = match rest.find('/') {
        Some(slash) => (&rest[..slash], &rest[slash..]),
        None => (rest, ""),
    };
    let host_port = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let (host, port) = host_and_port(host_port).map_err(|reason| fault(&reason))?;
    Ok(Url {
        scheme,
        host,
        port,
        path: path.to_owned(),
    })
}

fn host_and_port(text: &str) -> Result<(String, String), String> {
    let (host, rest) = if let Some(inner) = text.strip_prefix('[') {
        let (host, rest) = inner.split_once(']').ok_or("missing ']' in host")?;
        (host, rest)
    } else {
        match text.rfind(':') {
            Some(colon) => text.split_at(colon),
            None => (text, ""),
        }
    };
    let port = rest.strip_prefix(':').unwrap_or_default();
    if !port.bytes().all(|b| b.is_ascii_digit()) || (!rest.is_empty() && !rest.starts_with(':')) {
        return Err(format!("invalid port {rest:?} after host"));
    }
    if let Some(bad) = host.chars().find(|c| {
        matches!(
            c,
            ' ' | '<' | '>' | '"' | '\\' | '^' | '`' | '{' | '|' | '}'
        )
    }) {
        return Err(format!(
            "invalid character {:?} in host name",
            bad.to_string()
        ));
    }
    Ok((host.to_owned(), port.to_owned()))
}

/// A length of time in Go's notation: `1h30m`, `0`, `-1.5s`.
pub(super) fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let number: usize = rest
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(rest.len());
        let (digits, after) = rest.split_at(number);
        if digits.is_empty() || digits == "." || digits.matches('.').count() > 1 {
            return false;
        }
        let units = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"];
        let unit = units.iter().filter(|unit| after.starts_with(**unit));
        let Some(unit) = unit.max_by_key(|unit| unit.len()) else {
            return false;
        };
        rest = &after[unit.len()..];
    }
    true
}

/// A number of bytes such as `10GiB`, or a share such as `80%` where shares are allowed.
///
/// Gives the bytes; nothing for a share.
pub(super) fn size(text: &str) -> Result<Option<u64>, String> {
    let text = text.trim();
    let text = text.strip_prefix('-').unwrap_or(text);
    if let Some(share) = text.strip_suffix('%') {
        return match share.parse::<u64>() {
            Ok(_) => Ok(None),
            Err(_) => Err(format!(
                "strconv.ParseUint: parsing {share:?}: invalid syntax"
            )),
        };
    }
    bytes(text).map(Some)
}

/// A number with one of the usual names of sizes.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let split = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ','))
        .unwrap_or(text.len());
    let (number, name) = text.split_at(split);
    let number = number.replace(',', "");
    let value: f64 = number
        .parse()
        .map_err(|_| format!("strconv.ParseFloat: parsing {number:?}: invalid syntax"))?;
    let power = |base: u64, exponent: u32| base.saturating_pow(exponent);
    let name = name.trim().to_lowercase();
    let factor = match name.as_str() {
        "" | "b" => 1,
        "k" | "kb" => power(1000, 1),
        "m" | "mb" => power(1000, 2),
        "g" | "gb" => power(1000, 3),
        "t" | "tb" => power(1000, 4),
        "p" | "pb" => power(1000, 5),
        "e" | "eb" => power(1000, 6),
        "ki" | "kib" => power(1024, 1),
        "mi" | "mib" => power(1024, 2),
        "gi" | "gib" => power(1024, 3),
        "ti" | "tib" => power(1024, 4),
        "pi" | "pib" => power(1024, 5),
        "ei" | "eib" => power(1024, 6),
        other => return Err(format!("unhandled size name: {other}")),
    };
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "Go does the same arithmetic, and `as` saturates"
    )]
    let bytes = (value * factor as f64) as u64;
    Ok(bytes)
}

/// A comparison and a size: `>= 8GB`. Gives the operator and the bytes.
pub(super) fn size_match(text: &str) -> Result<(&'static str, u64), String> {
    let text = text.trim();
    let operators = [">=", "<=", "==", ">", "<"];
    let found = operators
        .iter()
        .find_map(|operator| Some((*operator, text.strip_prefix(operator)?)));
    let (operator, rest) = found.unwrap_or(("==", text));
    let number = rest.trim_start();
    bytes(number)
        .map(|bytes| (operator, bytes))
        .map_err(|reason| format!("failed to parse disk size {rest}: {reason}"))
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
    }

    #[test]
    fn what_go_accepts_is_accepted() {
        assert!(prefix("fd00::/64").is_ok() && prefix("10.0.0.0/33").is_err());
        assert_eq!(size("10GiB"), Ok(Some(10 << 30)));
        assert_eq!(size("2.5GB"), Ok(Some(2_500_000_000)));
        assert_eq!(size("80%"), Ok(None));
        assert_eq!(size_match(">= 900GB"), Ok((">=", 900_000_000_000)));
        assert!(is_duration("168h0m0s") && is_duration("1.5s") && is_duration("0"));
        assert!(!is_duration("soon") && !is_duration("10") && !is_duration(""));
        assert_eq!(url("https://[fd00::1]:6443/x").unwrap().host, "fd00::1");
        assert_eq!(url("https://h:6443").unwrap().port, "6443");
    }
}
