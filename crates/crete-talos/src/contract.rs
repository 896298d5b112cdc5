//! Version contracts: the form of a configuration that a Talos version was born with.

use crete_model::TalosVersion;
use std::fmt;
use std::str::FromStr;

/// A minor version of Talos as far as secrets and configurations depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Contract {
    /// Talos 1.10.
    V1_10,
    /// Talos 1.11.
    V1_11,
    /// Talos 1.12.
    V1_12,
    /// Talos 1.13.
    V1_13,
    /// Talos 1.14.
    V1_14,
}

/// A version for which Crete cannot make or judge configurations.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no configuration can be made for Talos \"{0}\": known are v1.10 to v1.14")]
pub struct UnknownContract(pub String);

impl Contract {
    /// Every contract, oldest first.
    pub const ALL: [Self; 5] = [
        Self::V1_10,
        Self::V1_11,
        Self::V1_12,
        Self::V1_13,
        Self::V1_14,
    ];

    /// The contract a node of this version lives by. A newer minor lives by the newest one known:
    /// Talos keeps reading what it once wrote.
    ///
    /// # Errors
    /// Versions before 1.10 and of another major.
    pub fn of(version: &TalosVersion) -> Result<Self, UnknownContract> {
        match version.minor() {
            (1, 10) => Ok(Self::V1_10),
            (1, 11) => Ok(Self::V1_11),
            (1, 12) => Ok(Self::V1_12),
            (1, 13) => Ok(Self::V1_13),
            (1, 14..) => Ok(Self::V1_14),
            _ => Err(UnknownContract(version.to_string())),
        }
    }

    /// `v1.12` and the like.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1_10 => "v1.10",
            Self::V1_11 => "v1.11",
            Self::V1_12 => "v1.12",
            Self::V1_13 => "v1.13",
            Self::V1_14 => "v1.14",
        }
    }

    /// `1.12` and the like.
    #[must_use]
    pub fn minor(self) -> String {
        self.as_str().trim_start_matches('v').to_owned()
    }

    /// The Kubernetes minors that Talos of this contract runs: oldest and newest.
    #[must_use]
    pub fn kubernetes(self) -> (u64, u64) {
        match self {
            Self::V1_10 => (28, 33),
            Self::V1_11 => (29, 34),
            Self::V1_12 => (30, 35),
            Self::V1_13 => (31, 36),
            Self::V1_14 => (32, 37),
        }
    }
}

impl fmt::Display for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Contract {
    type Err = UnknownContract;
    /// Reads `v1.12`, `1.12` and full versions.
    fn from_str(text: &str) -> Result<Self, UnknownContract> {
        let unknown = || UnknownContract(text.to_owned());
        let plain = text.strip_prefix('v').unwrap_or(text);
        if let Some(known) = Self::ALL.iter().find(|one| &one.as_str()[1..] == plain) {
            return Ok(*known);
        }
        let version: TalosVersion = plain.parse().map_err(|_| unknown())?;
        Self::of(&version)
    }
}
