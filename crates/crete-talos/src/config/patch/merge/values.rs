//! Single values that are merged in a way of their own, because of the type that Talos keeps them in.
//! A value that is the zero of its type changes nothing, unless the type is a pointer to it.

use crate::Contract;
use crate::yaml::Node;

/// How a value is taken over from a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeping {
    /// Unless it is empty or zero.
    Usual,
    /// A number behind a pointer: zero counts.
    Pointer,
    /// A word of a list of words; this one is the zero of them, and changes nothing.
    Word(&'static str),
    /// A web address: its parts are merged one by one.
    Address,
    /// Arguments of a program: each that is named is replaced, whatever it is.
    Arguments,
}

/// How a field is kept.
pub(super) fn keeping(type_name: &str, key: &str, contract: Contract) -> Keeping {
    let (package, name) = type_name.split_once('.').unwrap_or_default();
    match (package, name, key) {
        (_, _, "extraArgs") if contract >= Contract::V1_13 => Keeping::Arguments,
        ("network", "BondConfigV1Alpha1" | "EthernetRingsConfig" | "EthernetChannelsConfig", _)
        | ("network", "KubeSpanConfigV1Alpha1", "mtu")
        | ("v1alpha1", "NetworkKubeSpan", "mtu")
        | ("block", "ZswapConfigV1Alpha1", "maxPoolPercent")
        | ("container", "ContainerRunAs", _)
        | ("k8s", "KubeAPIServerConfigV1Alpha1", "apiPort")
        | ("storage", "LVMLogicalVolumeConfigV1Alpha1", "mirrors" | "stripes") => Keeping::Pointer,
        ("network", "DefaultActionConfigV1Alpha1", "ingress") => Keeping::Word("accept"),
        ("storage", "LVMLogicalVolumeConfigV1Alpha1", "type") => Keeping::Word("linear"),
        ("runtime", "KmsgLogV1Alpha1", "url")
        | ("siderolink", "ConfigV1Alpha1", "apiUrl")
        | ("v1alpha1", "ControlPlaneConfig", "endpoint")
        | ("cluster", "DiscoveryServiceConfigV1Alpha1", "endpoint")
        | ("k8s", "IssuerServiceAccountConfig", "issuerURL")
        | ("k8s", "KubeClusterConfigV1Alpha1", "endpoint")
        | ("k8s", "KubeExternalManifestConfigV1Alpha1", "url")
        | ("network", "HTTPProbeConfigV1Alpha1", "url") => Keeping::Address,
        _ => Keeping::Usual,
    }
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
