//! Answers to schematic, and back.

use super::resolve::{Known, Resolved};
use crate::catalogue::{extensions::renamed, targets};
use crate::schematic::{options_text, parse_options};
use crete_model::{
    Customization, DiskImage, Extension, Overlay, Schematic, SecureBoot, StudioDraft,
    SystemExtensions, TargetKind,
};

/// The schematic of the answers that fit.
///
/// The order of extensions and arguments is the draft's: it is part of the id, and an opened
/// schematic must keep its own.
#[must_use]
pub fn schematic_of(draft: &StudioDraft, resolved: &Resolved, known: &Known) -> Schematic {
    let extensions = draft
        .extensions
        .iter()
        .filter_map(|name| match fit(name, known.extensions) {
            Fit::Offered => Some(name.clone()),
            Fit::Renamed(now) => Some(now.to_owned()),
            Fit::Absent => None,
        })
        .collect();
    let embedded = if resolved.gates.embedded_config {
        draft.embedded_config.clone()
    } else {
        String::new()
    };
    Schematic {
        owner: draft.owner.clone(),
        overlay: overlay(draft, resolved),
        customization: Customization {
            embedded_machine_configuration: embedded,
            extra_kernel_args: draft.kernel_args.clone(),
            meta: draft.meta.clone(),
            system_extensions: SystemExtensions {
                official_extensions: extensions,
            },
            bootloader: draft.bootloader.filter(|_| resolved.gates.bootloader),
            secure_boot: SecureBoot {
                enroll_keys: draft.enroll_keys.clone(),
                include_well_known_certificates: draft.well_known_certificates,
            },
            disk_image: DiskImage {
                sector_size: draft.sector_size,
            },
        },
    }
}

/// Whether a version has an extension.
pub(super) enum Fit {
    Offered,
    Renamed(&'static str),
    Absent,
}

/// Looks an extension up; while the version's list is not known, every name may be right.
pub(super) fn fit(name: &str, offered: Option<&[Extension]>) -> Fit {
    let Some(offered) = offered else {
        return Fit::Offered;
    };
    let has = |name: &str| offered.iter().any(|extension| extension.name == name);
    match renamed(name) {
        _ if has(name) => Fit::Offered,
        Some(now) if has(now) => Fit::Renamed(now),
        _ => Fit::Absent,
    }
}

fn overlay(draft: &StudioDraft, resolved: &Resolved) -> Option<Overlay> {
    if draft.target != Some(TargetKind::Sbc) {
        return None;
    }
    let mut overlay = match (resolved.board, &draft.foreign_overlay) {
        (Some(board), _) => Overlay {
            image: board.overlay_image.clone(),
            name: board.overlay_name.clone(),
            ..Overlay::default()
        },
        (None, Some(foreign)) => foreign.clone(),
        (None, None) => return None,
    };
    // Options that cannot be read are left out; a remark says so.
    overlay.options = parse_options(&draft.overlay_options).unwrap_or_default();
    Some(overlay)
}

/// Takes a schematic's every key into a draft; the answers that no schematic holds (version,
/// cloud, architecture) stay as they were.
pub fn adopt(draft: &mut StudioDraft, schematic: &Schematic) {
    let custom = &schematic.customization;
    draft.owner.clone_from(&schematic.owner);
    draft
        .extensions
        .clone_from(&custom.system_extensions.official_extensions);
    draft.kernel_args.clone_from(&custom.extra_kernel_args);
    draft
        .embedded_config
        .clone_from(&custom.embedded_machine_configuration);
    draft.meta.clone_from(&custom.meta);
    draft.bootloader = custom.bootloader;
    draft
        .enroll_keys
        .clone_from(&custom.secure_boot.enroll_keys);
    draft.well_known_certificates = custom.secure_boot.include_well_known_certificates;
    draft.sector_size = custom.disk_image.sector_size;
    draft.overlay_options = String::new();
    draft.board = None;
    draft.foreign_overlay = None;
    if let Some(overlay) = &schematic.overlay {
        // An overlay means a board, whatever a link says beside it.
        draft.target = Some(TargetKind::Sbc);
        draft.overlay_options = options_text(&overlay.options);
        let known = targets().boards.iter().find(|board| {
            board.overlay_name == overlay.name && board.overlay_image == overlay.image
        });
        match known {
            Some(board) => draft.board = Some(board.id.clone()),
            None => {
                draft.foreign_overlay = Some(Overlay {
                    options: serde_json::Map::new(),
                    ..overlay.clone()
                });
            }
        }
    } else if draft.target == Some(TargetKind::Sbc) {
        draft.target = None;
    }
}
