//! Talos versions and processor architectures.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};
use ts_rs::TS;

/// A Talos version. Written `v1.13.9` in paths and APIs, read with or without the `v`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, TS)]
#[ts(type = "string")]
pub struct TalosVersion(semver::Version);

/// Why a text is no Talos version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAVersion(pub String);

impl fmt::Display for NotAVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" is not a Talos version such as v1.13.9", self.0)
    }
}

impl std::error::Error for NotAVersion {}

impl TalosVersion {
    /// A release.
    #[must_use]
    pub fn new(major: u64, minor: u64, patch: u64) -> Self {
        Self(semver::Version::new(major, minor, patch))
    }

    /// The version without the `v`, as links write it.
    #[must_use]
    pub fn plain(&self) -> String {
        self.0.to_string()
    }

    /// True for alpha, beta and release candidates.
    #[must_use]
    pub fn is_prerelease(&self) -> bool {
        !self.0.pre.is_empty()
    }

    /// Major and minor, the line a release belongs to.
    #[must_use]
    pub fn minor(&self) -> (u64, u64) {
        (self.0.major, self.0.minor)
    }

    /// True when this version is `major.minor.0` or newer, pre-releases of that minor included.
    #[must_use]
    pub fn at_least(&self, major: u64, minor: u64) -> bool {
        self.minor() >= (major, minor)
    }
}

impl FromStr for TalosVersion {
    type Err = NotAVersion;
    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        let plain = text.strip_prefix('v').unwrap_or(text);
        semver::Version::parse(plain)
            .map(Self)
            .map_err(|_| NotAVersion(text.to_owned()))
    }
}

impl fmt::Display for TalosVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

impl Serialize for TalosVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TalosVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// Versions as the page offers them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VersionGroups {
    /// The newest stable version: preselected.
    pub recommended: Option<TalosVersion>,
    /// Stable versions by minor, newest first.
    pub stable: Vec<VersionGroup>,
    /// Alphas, betas and release candidates, newest first.
    pub prerelease: Vec<TalosVersion>,
}

/// The versions of one minor release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VersionGroup {
    /// `major.minor`.
    pub minor: String,
    /// Newest first.
    pub versions: Vec<TalosVersion>,
}

/// A processor architecture, by Talos' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    /// x86-64.
    Amd64,
    /// AArch64.
    Arm64,
}

impl Arch {
    /// The name in asset paths.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// The suffix of QEMU's program for this architecture.
    #[must_use]
    pub fn qemu_suffix(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64",
            Self::Arm64 => "aarch64",
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_reads_with_and_without_v_and_orders_prereleases_below_releases() {
        let mut versions: Vec<TalosVersion> = [
            "v1.14.0",
            "1.9.6",
            "v1.14.0-rc.1",
            "v1.14.0-alpha.2",
            "v1.13.10",
        ]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
        versions.sort();
        let sorted: Vec<String> = versions.iter().map(ToString::to_string).collect();
        assert_eq!(
            sorted,
            [
                "v1.9.6",
                "v1.13.10",
                "v1.14.0-alpha.2",
                "v1.14.0-rc.1",
                "v1.14.0"
            ]
        );
    }

    #[test]
    fn a_partial_version_is_refused() {
        assert!("1.13".parse::<TalosVersion>().is_err());
        assert!("latest".parse::<TalosVersion>().is_err());
    }
}
