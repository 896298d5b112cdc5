//! What a version of Talos can do, known before it is asked.

use crete_model::TalosVersion;

/// Something that only some versions offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Capability {
    /// Telling its version in maintenance mode.
    VersionInMaintenance,
    /// Logs, events, numbers and services in maintenance mode.
    ReadingInMaintenance,
    /// Pulling images with progress.
    ImagePull,
    /// Installing and upgrading with progress.
    Lifecycle,
    /// Rebooting without stopping services first.
    ForcedReboot,
    /// Applying with mode REBOOT on a configured node.
    ApplyWithReboot,
    /// Documents beyond the main one for the network.
    NetworkDocuments,
}

/// A version does not offer something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Talos {version} does not offer {capability:?}")]
pub struct NotOffered {
    /// What is not offered.
    pub capability: Capability,
    /// By whom.
    pub version: TalosVersion,
}

impl Capability {
    /// True when this version offers it.
    #[must_use]
    pub fn is_offered_by(self, version: &TalosVersion) -> bool {
        match self {
            Self::VersionInMaintenance
            | Self::ReadingInMaintenance
            | Self::ImagePull
            | Self::Lifecycle => version.at_least(1, 13),
            Self::ForcedReboot | Self::NetworkDocuments => version.at_least(1, 12),
            Self::ApplyWithReboot => !version.at_least(1, 14),
        }
    }

    /// Refuses what this version does not offer.
    ///
    /// # Errors
    /// [`NotOffered`].
    pub fn require(self, version: &TalosVersion) -> Result<(), NotOffered> {
        match self.is_offered_by(version) {
            true => Ok(()),
            false => Err(NotOffered {
                capability: self,
                version: version.clone(),
            }),
        }
    }
}
