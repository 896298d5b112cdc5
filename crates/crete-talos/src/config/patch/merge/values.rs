//! Single values that are merged in a way of their own, because of the type that Talos keeps them in.
//! A value that is the zero of its type changes nothing, unless the type is a pointer to it.

use crate::Contract;
use crate::config::schema::{Field, Format, Shape};
use crate::yaml::Node;

/// How a value is taken over from a patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Keeping {
    /// Unless it is empty or zero.
    Usual,
    /// A value behind a pointer: zero counts.
    Pointer,
    /// A word of a list of words; this one is the zero of them, and changes nothing.
    Word(String),
    /// A web address: its parts are merged one by one.
    Address,
    /// Arguments of a program: each that is named is replaced, whatever it is.
    Arguments,
}

/// How a field is kept.
pub(super) fn keeping(field: &Field, contract: Contract) -> Keeping {
    let pointer = field.go.starts_with('*') && contract >= Contract::V1_12;
    match &field.shape {
        _ if field.go.ends_with(".Args") => Keeping::Arguments,
        Shape::Text(Format::Url) => Keeping::Address,
        Shape::Integer(_) | Shape::Text(Format::OneOf(_)) if pointer => Keeping::Pointer,
        Shape::Text(Format::OneOf(words)) => match &words.zero {
            Some(zero) => Keeping::Word(zero.clone()),
            None => Keeping::Usual,
        },
        _ => Keeping::Usual,
    }
}

/// The user of the first address when both name one.
pub(super) fn both_have_users<'a>(left: &'a str, right: &str) -> Option<&'a str> {
    let (left, right) = (parts(left).user, parts(right).user);
    let named = !left.is_empty() && !right.is_empty();
    named.then(|| left.split(':').next().unwrap_or_default())
}

/// True for a duration of nothing, such as `0s` or `0h0m0s`.
pub(super) fn is_no_time(node: &Node) -> bool {
    let text = node.as_text().unwrap_or_default();
    !text.chars().any(|one| ('1'..='9').contains(&one))
}

/// The parts of a web address.
#[derive(Debug, Default, PartialEq, Eq)]
struct Parts<'a> {
    scheme: &'a str,
    user: &'a str,
    host: &'a str,
    path: &'a str,
    query: &'a str,
    fragment: &'a str,
}

fn parts(text: &str) -> Parts<'_> {
    let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (text, query) = text.split_once('?').unwrap_or((text, ""));
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let (authority, path) = match (scheme.is_empty(), rest.find('/')) {
        (true, _) => ("", rest),
        (false, Some(at)) => rest.split_at(at),
        (false, None) => (rest, ""),
    };
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    Parts {
        scheme,
        user,
        host,
        path,
        query,
        fragment,
    }
}

/// An address with the parts that the other one has.
pub(super) fn merge_addresses(left: &str, right: &str) -> String {
    let (left, right) = (parts(left), parts(right));
    let of = |left: &str, right: &str| match right.is_empty() {
        true => left.to_owned(),
        false => right.to_owned(),
    };
    let marked = |before: &str, text: String, after: &str| match text.is_empty() {
        true => text,
        false => format!("{before}{text}{after}"),
    };
    [
        marked("", of(left.scheme, right.scheme), "://"),
        marked("", of(left.user, right.user), "@"),
        of(left.host, right.host),
        of(left.path, right.path),
        marked("?", of(left.query, right.query), ""),
        marked("#", of(left.fragment, right.fragment), ""),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_are_not_named_stay() {
        let merged = merge_addresses;
        assert_eq!(merged("https://a.b:6443", "https://c.d"), "https://c.d");
        assert_eq!(
            merged("tcp://1.2.3.4:5/?x=y", "udp://1.2.3.4:6"),
            "udp://1.2.3.4:6/?x=y"
        );
        assert_eq!(
            merged("https://u:p@a/p", "https://a/q#f"),
            "https://u:p@a/q#f"
        );
        assert_eq!(merged("https://a/", "https://a"), "https://a/");
    }

    #[test]
    fn no_time_is_seen() {
        for text in ["0", "0s", "0h0m0s", "0.0s"] {
            assert!(is_no_time(&Node::text(text)), "{text}");
        }
        for text in ["1s", "10m", "0.5s"] {
            assert!(!is_no_time(&Node::text(text)), "{text}");
        }
    }
}
