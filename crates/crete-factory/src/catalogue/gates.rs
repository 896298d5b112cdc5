//! From which Talos version on a choice exists.
//!
//! Upstream compares in two ways: some limits drop the pre-release part first, so that
//! `1.12.0-alpha.0` counts as 1.12; others compare whole versions, so that it comes before 1.12.0.

use crete_model::TalosVersion;

/// What a version offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a limit of its own")]
pub struct Gates {
    /// Signed images.
    pub secure_boot: bool,
    /// Boards and their options.
    pub boards: bool,
    /// Metal images write to the screen alone.
    pub silent_serial: bool,
    /// Installer images by platform, arguments inside installers.
    pub platform_installers: bool,
    /// Talos' command line tool from the factory.
    pub talosctl: bool,
    /// A machine configuration inside the image.
    pub embedded_config: bool,
    /// A choice of boot loader, and the command for a local cluster.
    pub bootloader: bool,
    /// The documentation's page on clusters for real work.
    pub production_guide: bool,
    /// The documentation's page on finding out what is wrong.
    pub troubleshooting_guide: bool,
}

impl Gates {
    /// No limit: what holds while no version is chosen.
    pub const ALL: Self = Self {
        secure_boot: true,
        boards: true,
        silent_serial: true,
        platform_installers: true,
        talosctl: true,
        embedded_config: true,
        bootloader: true,
        production_guide: true,
        troubleshooting_guide: true,
    };

    /// The limits that a version has passed.
    #[must_use]
    pub fn of(version: &TalosVersion) -> Self {
        let from = |limit: &str| limit.parse().is_ok_and(|limit| *version >= limit);
        Self {
            secure_boot: from("1.5.0"),
            boards: *version >= boards(),
            silent_serial: version.at_least(1, 8),
            platform_installers: version.at_least(1, 10),
            talosctl: version.at_least(1, 11),
            embedded_config: version.at_least(1, 12),
            bootloader: from("1.12.0-alpha.2"),
            production_guide: from("1.5.0"),
            troubleshooting_guide: from("1.6.0"),
        }
    }
}

/// Boards begin here.
pub(super) fn boards() -> TalosVersion {
    TalosVersion::new(1, 7, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gates(text: &str) -> Gates {
        Gates::of(&text.parse().unwrap())
    }

    #[test]
    fn some_limits_count_prereleases_and_some_do_not() {
        assert!(!gates("1.5.0-beta.1").secure_boot && gates("1.5.0").secure_boot);
        assert!(!gates("1.7.0-beta.0").boards && gates("1.7.0").boards);
        assert!(gates("1.8.0-alpha.0").silent_serial && !gates("1.7.9").silent_serial);
        assert!(gates("1.10.0-alpha.0").platform_installers);
        assert!(gates("1.12.0-alpha.0").embedded_config);
        assert!(!gates("1.12.0-alpha.1").bootloader && gates("1.12.0-alpha.2").bootloader);
    }
}
