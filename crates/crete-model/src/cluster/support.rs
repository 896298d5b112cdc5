//! Which Kubernetes goes with which Talos. Recorded from Talos' own sources (its constants and its
//! `compatibility` package); patches newer than these are typed by the person.

use crate::TalosVersion;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The first version that clusters are offered for; older ones boot as single machines.
pub const FIRST_CLUSTER_TALOS: (u64, u64) = (1, 10);

/// How many minors of Kubernetes a Talos takes.
const MINORS: u64 = 6;

/// First patch of Talos, and the Kubernetes that comes by default from there on; newest first.
const DEFAULTS: &[((u64, u64, u64), &str)] = &[
    ((1, 14, 0), "1.37.0"),
    ((1, 13, 9), "1.36.3"),
    ((1, 13, 5), "1.36.2"),
    ((1, 13, 3), "1.36.1"),
    ((1, 13, 0), "1.36.0"),
    ((1, 12, 7), "1.35.4"),
    ((1, 12, 5), "1.35.2"),
    ((1, 12, 0), "1.35.0"),
    ((1, 11, 2), "1.34.1"),
    ((1, 11, 0), "1.34.0"),
    ((1, 10, 9), "1.33.6"),
    ((1, 10, 0), "1.33.0"),
];

/// The versions of Kubernetes that a Talos takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KubernetesSupport {
    /// What it comes with.
    pub default: String,
    /// First and last minor: `1.31`, `1.36`. Any patch of them can be typed.
    pub oldest: String,
    /// The last minor.
    pub newest: String,
    /// Versions to choose from, newest first: the default, and one of every other minor.
    pub offered: Vec<String>,
}

/// What a Talos takes; nothing when clusters are not offered for it.
#[must_use]
pub fn kubernetes_support(talos: &TalosVersion) -> Option<KubernetesSupport> {
    let (major, minor) = talos.minor();
    if (major, minor) < FIRST_CLUSTER_TALOS || major != 1 {
        return None;
    }
    // Talos 1.10 goes with Kubernetes 1.33, and both go on minor by minor.
    let newest = minor + 23;
    let oldest = newest + 1 - MINORS;
    let default = default_kubernetes(talos, newest);
    let last_of = |minor: u64| {
        let own = DEFAULTS
            .iter()
            .find(|(_, version)| minor_of(version) == Some(minor));
        own.map_or_else(
            || format!("1.{minor}.0"),
            |(_, version)| (*version).to_owned(),
        )
    };
    let others = (oldest..newest).rev().map(last_of);
    Some(KubernetesSupport {
        oldest: format!("1.{oldest}"),
        newest: format!("1.{newest}"),
        offered: std::iter::once(default.clone()).chain(others).collect(),
        default,
    })
}

/// What a Talos comes with. One that is newer than this table comes with the first of its minor.
fn default_kubernetes(talos: &TalosVersion, newest: u64) -> String {
    let reached = |(first, _): &&((u64, u64, u64), &str)| {
        let (major, minor, patch) = *first;
        talos.minor() == (major, minor)
            && (*talos >= TalosVersion::new(major, minor, patch) || patch == 0)
    };
    match DEFAULTS.iter().find(reached) {
        Some((_, version)) => (*version).to_owned(),
        None => format!("1.{newest}.0"),
    }
}

fn minor_of(version: &str) -> Option<u64> {
    version.split('.').nth(1)?.parse().ok()
}

/// Whether a Talos takes a version of Kubernetes; nothing when the text is none.
#[must_use]
pub fn takes_kubernetes(talos: &TalosVersion, kubernetes: &str) -> Option<bool> {
    let version = semver::Version::parse(kubernetes).ok()?;
    let newest = talos.minor().1 + 23;
    let range = newest + 1 - MINORS..=newest;
    Some(version.major == 1 && range.contains(&version.minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(talos: &str) -> KubernetesSupport {
        kubernetes_support(&talos.parse().unwrap()).unwrap()
    }

    /// The rows of Talos' own constants and compatibility tables.
    #[test]
    fn every_talos_comes_with_its_kubernetes() {
        for (talos, default, oldest, newest) in [
            ("1.10.0", "1.33.0", "1.28", "1.33"),
            ("1.10.9", "1.33.6", "1.28", "1.33"),
            ("1.11.1", "1.34.0", "1.29", "1.34"),
            ("1.11.6", "1.34.1", "1.29", "1.34"),
            ("1.12.4", "1.35.0", "1.30", "1.35"),
            ("1.12.6", "1.35.2", "1.30", "1.35"),
            ("1.12.11", "1.35.4", "1.30", "1.35"),
            ("1.13.2", "1.36.0", "1.31", "1.36"),
            ("1.13.9", "1.36.3", "1.31", "1.36"),
            ("1.14.1", "1.37.0", "1.32", "1.37"),
            ("1.14.0-rc.1", "1.37.0", "1.32", "1.37"),
        ] {
            let support = of(talos);
            assert_eq!(support.default, default, "{talos}");
            assert_eq!(
                (&*support.oldest, &*support.newest),
                (oldest, newest),
                "{talos}"
            );
            assert_eq!(support.offered.len(), 6, "{talos}");
        }
        assert_eq!(kubernetes_support(&"1.9.6".parse().unwrap()), None);
    }

    #[test]
    fn any_patch_of_six_minors_is_taken() {
        let talos = "1.13.9".parse().unwrap();
        for (kubernetes, taken) in [
            ("1.31.0", Some(true)),
            ("1.36.99", Some(true)),
            ("1.30.9", Some(false)),
            ("1.37.0", Some(false)),
            ("1.36", None),
            ("latest", None),
        ] {
            assert_eq!(takes_kubernetes(&talos, kubernetes), taken, "{kubernetes}");
        }
    }
}
