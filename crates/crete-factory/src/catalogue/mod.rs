//! What can be chosen: platforms, boards, extensions, and from which version on.
//!
//! Platforms and boards are part of Talos' own library, not of the factory's answers, so they are
//! tables here. Extensions are asked of the factory, version by version.

mod boards;
pub(crate) mod extensions;
mod gates;
mod platforms;
mod presets;

pub use extensions::{renamed, search};
pub use gates::Gates;
pub use presets::presets;

use boards::BOARDS;
use crete_model::{Board, Platform, TalosVersion, Targets};
use platforms::{CLOUDS, METAL, PlatformEntry};
use std::sync::LazyLock;

static TARGETS: LazyLock<Targets> = LazyLock::new(|| Targets {
    metal: platform(&METAL),
    clouds: CLOUDS.iter().map(platform).collect(),
    boards: BOARDS
        .iter()
        .map(|entry| Board {
            id: entry.id.to_owned(),
            label: entry.label.to_owned(),
            overlay_name: entry.overlay_name.to_owned(),
            overlay_image: entry.overlay_image.to_owned(),
            min_version: version(entry.min_version).unwrap_or_else(gates::boards),
            documentation_path: entry.documentation_path.map(str::to_owned),
        })
        .collect(),
});

/// Every target, in the order it is offered.
#[must_use]
pub fn targets() -> &'static Targets {
    &TARGETS
}

fn platform(entry: &PlatformEntry) -> Platform {
    Platform {
        id: entry.id.to_owned(),
        label: entry.label.to_owned(),
        arches: entry.arches.to_vec(),
        boot_methods: entry.boot_methods.to_vec(),
        disk_image_suffix: entry.disk_image_suffix.map(str::to_owned),
        secure_boot: entry.secure_boot,
        min_version: entry.min_version.and_then(version),
        documentation_path: entry.documentation_path.map(str::to_owned),
    }
}

fn version(text: &str) -> Option<TalosVersion> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_of_the_tables_is_a_version() {
        for limit in CLOUDS.iter().filter_map(|entry| entry.min_version) {
            assert!(version(limit).is_some(), "{limit}");
        }
        for entry in BOARDS {
            assert!(version(entry.min_version).is_some(), "{}", entry.id);
        }
    }
}
