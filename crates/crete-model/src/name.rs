//! Names of machines: what people type, and what becomes part of a DNS name.

use std::fmt;

/// The domain inside every Crete network. `.test` is reserved (RFC 6761): it is nobody's outside.
pub const NETWORK_DOMAIN: &str = "crete.test";

/// Why a text cannot be a machine's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameFault {
    /// Nothing was typed.
    Empty,
    /// Longer than 63 characters, the limit of a DNS label.
    TooLong,
    /// Holds something other than `a-z`, `0-9` and `-`, or begins or ends with `-`.
    Characters,
}

impl fmt::Display for NameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "a name is empty",
            Self::TooLong => "a name has more than 63 characters",
            Self::Characters => "a name holds other characters than a-z, 0-9 and inner hyphens",
        })
    }
}

impl std::error::Error for NameFault {}

/// Checks a machine's name: one DNS label (RFC 1123), lower case.
///
/// # Errors
/// The first [`NameFault`] found.
pub fn check_machine_name(name: &str) -> Result<(), NameFault> {
    if name.is_empty() {
        return Err(NameFault::Empty);
    }
    if name.len() > 63 {
        return Err(NameFault::TooLong);
    }
    let inner = name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !inner || name.starts_with('-') || name.ends_with('-') {
        return Err(NameFault::Characters);
    }
    Ok(())
}

/// A machine's name inside its network: `NODE.CLUSTER.crete.test`, or `NODE.crete.test` alone.
///
/// This is the one definition of that name.
#[must_use]
pub fn network_name(node: &str, cluster: Option<&str>) -> String {
    match cluster {
        Some(cluster) => format!("{node}.{cluster}.{NETWORK_DOMAIN}"),
        None => format!("{node}.{NETWORK_DOMAIN}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_dns_label() {
        assert_eq!(check_machine_name("knossos-1"), Ok(()));
        assert_eq!(check_machine_name(""), Err(NameFault::Empty));
        assert_eq!(check_machine_name(&"a".repeat(64)), Err(NameFault::TooLong));
        for bad in ["Knossos", "a b", "-a", "a-", "a.b", "ä", "../x"] {
            assert_eq!(check_machine_name(bad), Err(NameFault::Characters), "{bad}");
        }
    }

    #[test]
    fn the_network_name_has_one_shape() {
        assert_eq!(
            network_name("node1", Some("knossos")),
            "node1.knossos.crete.test"
        );
        assert_eq!(network_name("node1", None), "node1.crete.test");
    }
}
