//! Addresses, their prefixes, and hosts with ports.

use super::quote;
use std::net::{IpAddr, Ipv6Addr};

/// Why a part of an address is wrong, and what is left from there on.
type Wrong<'a> = (&'static str, &'a str);

/// An address, perhaps with a zone.
pub(in crate::config) fn address(text: &str) -> Result<IpAddr, String> {
    let found = match text.find(['.', ':', '%']).map(|at| text.as_bytes()[at]) {
        Some(b'.') => four(text).map(IpAddr::from),
        Some(b':') => six(text).map(IpAddr::V6),
        Some(_) => Err(("missing IPv6 address", "")),
        None => Err(("unable to parse IP", "")),
    };
    found.map_err(|(reason, at)| match at {
        "" => format!("ParseAddr({}): {reason}", quote(text)),
        at => format!("ParseAddr({}): {reason} (at {})", quote(text), quote(at)),
    })
}

fn four(text: &str) -> Result<[u8; 4], Wrong<'_>> {
    let bytes = text.as_bytes();
    let mut fields = [0; 4];
    let (mut position, mut value, mut digits) = (0, 0_u16, 0);
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                if digits == 1 && value == 0 {
                    return Err(("IPv4 field has octet with leading zero", ""));
                }
                value = value * 10 + u16::from(byte - b'0');
                digits += 1;
                fields[position] =
                    u8::try_from(value).map_err(|_| ("IPv4 field has value >255", ""))?;
            }
            b'.' => {
                if index == 0 || index == bytes.len() - 1 || bytes[index - 1] == b'.' {
                    let reason = "IPv4 field must have at least one digit";
                    return Err((reason, &text[index..]));
                }
                if position == 3 {
                    return Err(("IPv4 address too long", ""));
                }
                position += 1;
                (value, digits) = (0, 0);
            }
            _ => return Err(("unexpected character", &text[index..])),
        }
    }
    match position {
        3 => Ok(fields),
        _ => Err(("IPv4 address too short", "")),
    }
}

fn six(text: &str) -> Result<Ipv6Addr, Wrong<'_>> {
    let mut rest = match text.split_once('%') {
        Some((_, "")) => return Err(("zone must be a non-empty string", "")),
        Some((bare, _)) => bare,
        None => text,
    };
    let mut bytes: Vec<u8> = Vec::with_capacity(16);
    let mut gap = None;
    if let Some(after) = rest.strip_prefix("::") {
        gap = Some(0);
        rest = after;
    }
    while bytes.len() < 16 && !(rest.is_empty() && gap == Some(bytes.len())) {
        let length = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        if length > 4 {
            return Err(("each group must have 4 or less digits", rest));
        }
        if length == 0 {
            let reason = "each colon-separated field must have at least one digit";
            return Err((reason, rest));
        }
        if rest.as_bytes().get(length) == Some(&b'.') {
            if gap.is_none() && bytes.len() != 12 {
                let reason = "embedded IPv4 address must replace the final 2 fields of the address";
                return Err((reason, rest));
            }
            if bytes.len() > 12 {
                let reason =
                    "too many hex fields to fit an embedded IPv4 at the end of the address";
                return Err((reason, rest));
            }
            bytes.extend(four(rest)?);
            rest = "";
            break;
        }
        let group = u16::from_str_radix(&rest[..length], 16).unwrap_or_default();
        bytes.extend(group.to_be_bytes());
        rest = &rest[length..];
        if rest.is_empty() {
            break;
        }
        let Some(after) = rest.strip_prefix(':') else {
            return Err(("unexpected character, want colon", rest));
        };
        if after.is_empty() {
            return Err(("colon must be followed by more characters", rest));
        }
        rest = after;
        if let Some(after) = rest.strip_prefix(':') {
            if gap.is_some() {
                return Err(("multiple :: in address", rest));
            }
            gap = Some(bytes.len());
            rest = after;
        }
    }
    fill(bytes, gap, rest)
}

/// Puts the zeros where the gap is.
fn fill(bytes: Vec<u8>, gap: Option<usize>, rest: &str) -> Result<Ipv6Addr, Wrong<'_>> {
    if !rest.is_empty() {
        return Err(("trailing garbage after address", rest));
    }
    let missing = 16 - bytes.len().min(16);
    let mut whole = bytes;
    match (missing, gap) {
        (0, Some(_)) => return Err(("the :: must expand to at least one field of zeros", "")),
        (0, None) => {}
        (_, None) => return Err(("address string too short", "")),
        (missing, Some(gap)) => {
            whole.splice(gap..gap, std::iter::repeat_n(0, missing));
        }
    }
    let whole: [u8; 16] = whole.try_into().unwrap_or_default();
    Ok(Ipv6Addr::from(whole))
}

/// An address with the length of its prefix.
pub(in crate::config) fn prefix(text: &str) -> Result<(IpAddr, u8), String> {
    let fault = |reason: &str| format!("netip.ParsePrefix({}): {reason}", quote(text));
    let (bare, length) = text.rsplit_once('/').ok_or_else(|| fault("no '/'"))?;
    let address = address(bare).map_err(|reason| fault(&reason))?;
    if bare.contains('%') {
        return Err(fault("IPv6 zones cannot be present in a prefix"));
    }
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bad = || fault(&format!("bad bits after slash: {}", quote(length)));
    if length.len() > 1 && !length.starts_with(|c: char| ('1'..='9').contains(&c)) {
        return Err(bad());
    }
    match length.parse::<i64>() {
        Ok(number) if (0..=most).contains(&number) => {
            Ok((address, u8::try_from(number).unwrap_or_default()))
        }
        Ok(_) => Err(fault("prefix length out of range")),
        Err(_) => Err(bad()),
    }
}

/// An address without a zone, as Go's older library reads one.
pub(in crate::config) fn ip(text: &str) -> Option<IpAddr> {
    address(text).ok().filter(|_| !text.contains('%'))
}

/// A network, as Go's older library reads one.
pub(in crate::config) fn cidr(text: &str) -> Result<(), String> {
    let fits = || {
        let (bare, length) = text.split_once('/')?;
        let address = ip(bare)?;
        let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
        let length: u32 = length.parse().ok().filter(|_| digits)?;
        (length <= if address.is_ipv4() { 32 } else { 128 }).then_some(())
    };
    fits().ok_or_else(|| format!("invalid CIDR address: {text}"))
}

/// True for a network.
pub(in crate::config) fn is_subnet(text: &str) -> bool {
    prefix(text).is_ok()
}

/// True for a network or an address.
pub(in crate::config) fn is_subnet_or_address(text: &str) -> bool {
    prefix(text).is_ok() || address(text).is_ok()
}

/// An address and a port.
pub(in crate::config) fn address_port(text: &str) -> Result<(), String> {
    let (host, port) = text.rsplit_once(':').ok_or("not an ip:port")?;
    if host.is_empty() {
        return Err("no IP".to_owned());
    }
    if port.is_empty() {
        return Err("no port".to_owned());
    }
    let inner = host.strip_prefix('[');
    let bare = match inner {
        Some(inner) => inner.strip_suffix(']').ok_or("missing ]")?,
        None => host,
    };
    if !port.bytes().all(|b| b.is_ascii_digit()) || port.parse::<u16>().is_err() {
        return Err(format!(
            "invalid port {} parsing {}",
            quote(port),
            quote(text)
        ));
    }
    let address = address(bare)?;
    let problem = match (inner.is_some(), address.is_ipv4()) {
        (true, true) => "square brackets can only be used with IPv6 addresses",
        (false, false) => "IPv6 addresses must be surrounded by square brackets",
        _ => return Ok(()),
    };
    Err(format!("invalid ip:port {}, {problem}", quote(text)))
}

/// Takes a host from its port.
pub(in crate::config) fn host_port(text: &str) -> Result<(&str, &str), String> {
    let fault = |reason: &str| {
        Err(match text {
            "" => reason.to_owned(),
            text => format!("address {text}: {reason}"),
        })
    };
    let Some(colon) = text.rfind(':') else {
        return fault("missing port in address");
    };
    let (mut open, mut close) = (0, 0);
    let host = if text.starts_with('[') {
        let Some(end) = text.find(']') else {
            return fault("missing ']' in address");
        };
        if end + 1 != colon {
            return fault(match text.as_bytes().get(end + 1) {
                Some(b':') => "too many colons in address",
                _ => "missing port in address",
            });
        }
        (open, close) = (1, end + 1);
        &text[1..end]
    } else {
        &text[..colon]
    };
    if close == 0 && host.contains(':') {
        return fault("too many colons in address");
    }
    if text[open..].contains('[') {
        return fault("unexpected '[' in address");
    }
    if text[close..].contains(']') {
        return fault("unexpected ']' in address");
    }
    Ok((host, &text[colon + 1..]))
}
