//! Web addresses, as leniently as Go's library reads them: nearly everything passes.

use super::{address, quote};
use crate::Contract;

/// The parts of a web address that matter here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::config) struct Url {
    pub scheme: String,
    /// What follows the scheme when no slash does.
    pub opaque: String,
    /// With a port, and with the brackets of an IPv6 address.
    pub host: String,
    pub path: String,
}

impl Url {
    /// The host without its port and brackets.
    pub fn hostname(&self) -> &str {
        let host = self.split().0;
        let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        inner.unwrap_or(host)
    }

    /// The port; empty when there is none.
    pub fn port(&self) -> &str {
        self.split().1
    }

    fn split(&self) -> (&str, &str) {
        let colon = self.host.rfind(':').filter(|at| is_port(&self.host[*at..]));
        match colon {
            Some(colon) => (&self.host[..colon], &self.host[colon + 1..]),
            None => (&self.host, ""),
        }
    }
}

/// Reads a web address.
pub(in crate::config) fn url(text: &str) -> Result<Url, String> {
    let url = strict_url(text);
    match url {
        // Before, a host with colons passed when the last of them was followed by a number.
        Err(reason) if reason.contains(": invalid port \"") => loose(text).map_err(|_| reason),
        url => url,
    }
}

fn loose(text: &str) -> Result<Url, String> {
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    let mut url = strict_url(&format!("x://{rest}"))?;
    url.scheme = scheme.to_ascii_lowercase();
    Ok(url)
}

/// Reads a web address as a version does: from 1.13 on, hosts have no colons.
pub(in crate::config) fn url_of(text: &str, contract: Contract) -> Result<Url, String> {
    match contract >= Contract::V1_13 {
        true => strict_url(text),
        false => url(text),
    }
}

fn strict_url(text: &str) -> Result<Url, String> {
    let fault = |reason: String| format!("parse {}: {reason}", quote(text));
    let (bare, fragment) = text.split_once('#').unwrap_or((text, ""));
    let fault_of = |reason| format!("parse {}: {reason}", quote(bare));
    let url = parse(bare, false).map_err(fault_of)?;
    escapes(fragment, false).map_err(fault)?;
    Ok(url)
}

/// Reads a web address that must be a whole one.
pub(in crate::config) fn request(text: &str, contract: Contract) -> Result<Url, String> {
    let url = parse(text, true).map_err(|reason| format!("parse {}: {reason}", quote(text)));
    match url {
        Err(reason) if reason.contains(": invalid port \"") => url_of(text, contract),
        url => url,
    }
}

fn parse(text: &str, whole: bool) -> Result<Url, String> {
    let fault = |reason: &str| Err(reason.to_owned());
    if text.bytes().any(|b| b < b' ' || b == 0x7f) {
        return fault("net/url: invalid control character in URL");
    }
    if text.is_empty() && whole {
        return fault("empty url");
    }
    if text == "*" {
        let path = text.to_owned();
        return Ok(Url {
            path,
            ..Url::default()
        });
    }
    let (scheme, rest) = scheme(text)?;
    let scheme = scheme.to_ascii_lowercase();
    let rest = rest.split('?').next().unwrap_or_default();
    if !rest.starts_with('/') {
        if !scheme.is_empty() {
            let opaque = rest.to_owned();
            return Ok(Url {
                scheme,
                opaque,
                ..Url::default()
            });
        }
        if whole {
            return fault("invalid URI for request");
        }
        if rest.split('/').next().unwrap_or_default().contains(':') {
            return fault("first path segment in URL cannot contain colon");
        }
    }
    let with_host = !scheme.is_empty() || (!whole && !rest.starts_with("///"));
    let authority = rest.strip_prefix("//").filter(|_| with_host);
    let (host, path) = match authority {
        Some(rest) => {
            let slash = rest.find('/').unwrap_or(rest.len());
            (authority_host(&scheme, &rest[..slash])?, &rest[slash..])
        }
        None => (String::new(), rest),
    };
    escapes(path, false)?;
    Ok(Url {
        scheme,
        opaque: String::new(),
        host,
        path: path.to_owned(),
    })
}

fn scheme(text: &str) -> Result<(&str, &str), String> {
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if index > 0 => {}
            b':' if index == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => return Ok((&text[..index], &text[index + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

fn authority_host(scheme: &str, authority: &str) -> Result<String, String> {
    let Some((user, host)) = authority.rsplit_once('@') else {
        return host(scheme, authority);
    };
    let host = self::host(scheme, host)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    if !user.chars().all(fits) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    escapes(user, false)?;
    Ok(host)
}

fn host(scheme: &str, text: &str) -> Result<String, String> {
    let bad_port = |port: &str| format!("invalid port {} after host", quote(port));
    match text.rfind('[') {
        Some(0) => {
            let close = text.rfind(']').ok_or("missing ']' in host")?;
            let (inner, port) = (&text[1..close], &text[close + 1..]);
            if !is_port(port) {
                return Err(bad_port(port));
            }
            escapes(inner, true)?;
            let inner = inner.replace("%25", "%");
            let found = address(&inner).map_err(|reason| format!("invalid host: {reason}"))?;
            match found.is_ipv4() {
                true => Err("invalid IP-literal".to_owned()),
                false => Ok(format!("[{inner}]{port}")),
            }
        }
        Some(_) => Err("invalid IP-literal".to_owned()),
        None => {
            let strict = matches!(scheme, "http" | "https");
            let colon = if strict {
                text.find(':')
            } else {
                text.rfind(':')
            };
            if let Some(port) = colon.map(|at| &text[at..]).filter(|port| !is_port(port)) {
                return Err(bad_port(port));
            }
            escapes(text, true)?;
            Ok(text.to_owned())
        }
    }
}

/// True for nothing, and for digits behind a colon.
fn is_port(text: &str) -> bool {
    let digits = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
    text.is_empty() || text.strip_prefix(':').is_some_and(digits)
}

/// Looks at what stands for other characters, and at characters that no host has.
fn escapes(text: &str, in_host: bool) -> Result<(), String> {
    let bytes = text.as_bytes();
    let mut index = 0;
    while index < bytes.len() {
        let byte = bytes[index];
        if byte == b'%' {
            let end = (index + 3).min(bytes.len());
            let escape = String::from_utf8_lossy(&bytes[index..end]).into_owned();
            let digits = &bytes[index + 1..end];
            let fits = digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit);
            let plain = in_host && digits.first().is_some_and(|digit| *digit < b'8');
            if !fits || (plain && escape != "%25") {
                return Err(format!("invalid URL escape {}", quote(&escape)));
            }
            index += 2;
        } else if in_host && byte.is_ascii() && !is_host_byte(byte) {
            let shown = quote(&char::from(byte).to_string());
            return Err(format!("invalid character {shown} in host name"));
        }
        index += 1;
    }
    Ok(())
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!\"$&'()*+,-.:;<=>[]_~".contains(&byte)
}

/// What is wrong with an address that machines are to reach.
pub(in crate::config) fn endpoint_problem(text: &str, contract: Contract) -> Result<(), String> {
    let url = url_of(text, contract)?;
    let brackets = url.host.contains('[') && url.host.contains(']');
    if url.host.matches(':').count() > 2 && !brackets {
        return Err("IPv6 addresses MUST be enclosed by square brackets".to_owned());
    }
    if url.hostname().is_empty() {
        return Err("hostname must not be blank".to_owned());
    }
    match url.port() {
        "" => Ok(()),
        port => match port.parse::<i64>() {
            Ok(1..=65535) => Ok(()),
            Ok(_) => Err("port number must be between 1 and 65535".to_owned()),
            Err(_) => Err("port number must be numeric".to_owned()),
        },
    }
}
