//! What there is to say about answers: which are left out, which block, what is worth knowing.

use super::cmdline::{default_consoles, serial_console};
use super::recipe::{Fit, fit};
use super::resolve::{Known, Resolved};
use crate::schematic::{check_yaml, parse_options};
use crete_model::{
    Bootloader, Params, Remark, RemarkCode, RemarkWeight, StudioDraft, StudioStep, TargetKind,
    params,
};

/// The remarks, in the order of the steps.
pub(super) fn remarks(draft: &StudioDraft, resolved: &Resolved, known: &Known) -> Vec<Remark> {
    let mut all = Remarks(Vec::new());
    version(&mut all, draft, known);
    place(&mut all, draft, resolved);
    machine(&mut all, draft, resolved);
    extensions(&mut all, draft, known);
    arguments(&mut all, draft, resolved);
    customization(&mut all, draft, resolved);
    expert(&mut all, draft, resolved);
    all.0
}

struct Remarks(Vec<Remark>);

impl Remarks {
    fn say(
        &mut self,
        step: StudioStep,
        field: &str,
        code: RemarkCode,
        weight: RemarkWeight,
        params: Params,
    ) {
        self.0.push(Remark {
            step,
            field: field.to_owned(),
            code,
            params,
            weight,
        });
    }
}

fn version(all: &mut Remarks, draft: &StudioDraft, known: &Known) {
    if let (Some(version), Some(offered)) = (&draft.version, known.versions)
        && !offered.contains(version)
    {
        let params = params! { "version" => version };
        all.say(
            StudioStep::Version,
            "version",
            RemarkCode::VersionNotOffered,
            RemarkWeight::Blocks,
            params,
        );
    }
}

fn place(all: &mut Remarks, draft: &StudioDraft, resolved: &Resolved) {
    let mut blocks = |field: &str, code, params| {
        all.say(StudioStep::Place, field, code, RemarkWeight::Blocks, params);
    };
    match draft.target {
        Some(TargetKind::Cloud) => {
            if let Some(id) = &draft.platform
                && resolved.platform.is_none()
            {
                blocks(
                    "platform",
                    RemarkCode::UnknownPlatform,
                    params! { "id" => id },
                );
            }
            if let (Some(platform), Some(version)) = (resolved.platform, &draft.version)
                && let Some(min) = &platform.min_version
                && version < min
            {
                let params = params! { "label" => platform.label, "min" => min };
                blocks("platform", RemarkCode::PlatformNeedsVersion, params);
            }
        }
        Some(TargetKind::Sbc) => {
            if let Some(id) = &draft.board
                && resolved.board.is_none()
            {
                blocks("board", RemarkCode::UnknownBoard, params! { "id" => id });
            }
            if !resolved.gates.boards {
                blocks(
                    "board",
                    RemarkCode::BoardsNeedVersion,
                    params! { "min" => "v1.7.0" },
                );
            } else if let (Some(board), Some(version)) = (resolved.board, &draft.version)
                && *version < board.min_version
            {
                let params = params! { "label" => board.label, "min" => board.min_version };
                blocks("board", RemarkCode::BoardNeedsVersion, params);
            }
            if let (None, Some(foreign)) = (resolved.board, &draft.foreign_overlay) {
                let params = params! { "name" => foreign.name };
                all.say(
                    StudioStep::Place,
                    "board",
                    RemarkCode::ForeignOverlay,
                    RemarkWeight::Note,
                    params,
                );
            }
        }
        _ => {}
    }
}

fn machine(all: &mut Remarks, draft: &StudioDraft, resolved: &Resolved) {
    let label = resolved
        .board
        .map(|board| &board.label)
        .or(resolved.platform.map(|p| &p.label));
    let label = label.cloned().unwrap_or_default();
    if let (Some(wanted), Some(platform)) = (draft.arch, resolved.platform)
        && !resolved.arch_is_given
        && !platform.arches.contains(&wanted)
    {
        let params = params! { "label" => label, "arch" => wanted };
        all.say(
            StudioStep::Machine,
            "arch",
            RemarkCode::ArchNotOffered,
            RemarkWeight::Blocks,
            params,
        );
    }
    if draft.secure_boot && !resolved.secure_boot && resolved.platform.is_some() {
        let (code, params) = if resolved.gates.secure_boot {
            (
                RemarkCode::SecureBootNotOffered,
                params! { "label" => label },
            )
        } else {
            (
                RemarkCode::SecureBootNeedsVersion,
                params! { "min" => "v1.5.0" },
            )
        };
        all.say(
            StudioStep::Machine,
            "secure_boot",
            code,
            RemarkWeight::LeftOut,
            params,
        );
    }
}

fn extensions(all: &mut Remarks, draft: &StudioDraft, known: &Known) {
    let step = StudioStep::Extensions;
    for name in &draft.extensions {
        match fit(name, known.extensions) {
            Fit::Offered => {}
            Fit::Renamed(now) => {
                let params = params! { "name" => name, "now" => now };
                all.say(
                    step,
                    "extensions",
                    RemarkCode::ExtensionRenamed,
                    RemarkWeight::Note,
                    params,
                );
            }
            Fit::Absent => {
                let params = params! { "name" => name };
                all.say(
                    step,
                    "extensions",
                    RemarkCode::ExtensionNotInVersion,
                    RemarkWeight::LeftOut,
                    params,
                );
            }
        }
    }
    if known.extensions.is_none() && !draft.extensions.is_empty() && draft.version.is_some() {
        all.say(
            step,
            "extensions",
            RemarkCode::ExtensionsNotKnown,
            RemarkWeight::Note,
            Params::new(),
        );
    }
}

fn arguments(all: &mut Remarks, draft: &StudioDraft, resolved: &Resolved) {
    let mut note = |code, params| {
        all.say(
            StudioStep::Customization,
            "kernel_args",
            code,
            RemarkWeight::Note,
            params,
        );
    };
    for argument in &draft.kernel_args {
        if argument.is_empty() {
            note(RemarkCode::ArgumentEmpty, Params::new());
        } else if argument.contains(char::is_whitespace) {
            note(
                RemarkCode::ArgumentHoldsBlanks,
                params! { "argument" => argument },
            );
        }
    }
    let given: Vec<&str> = draft
        .kernel_args
        .iter()
        .flat_map(|argument| argument.split_whitespace())
        .filter(|argument| argument.starts_with("console="))
        .collect();
    let built_in = default_consoles(resolved).unwrap_or_default();
    let lost: Vec<&str> = built_in
        .iter()
        .filter(|console| !given.contains(*console))
        .copied()
        .collect();
    if !given.is_empty() && !lost.is_empty() {
        note(
            RemarkCode::ConsoleReplaced,
            params! { "consoles" => lost.join(" "), "add" => lost.join(" ") },
        );
    }
    // Only images that Crete itself can run have a console that Crete shows.
    if draft.target == Some(TargetKind::Metal)
        && draft.version.is_some()
        && let Some(needed) = resolved.arch.map(serial_console)
    {
        let effective = if given.is_empty() { &built_in } else { &given };
        let prints = effective.iter().any(|console| console.starts_with(needed));
        if !prints {
            // The first console by hand drops the built-in ones, so they are added with it.
            let kept = if given.is_empty() { &built_in[..] } else { &[] };
            let add: Vec<&str> = kept.iter().copied().chain([needed]).collect();
            note(
                RemarkCode::SerialSilent,
                params! { "needed" => needed, "add" => add.join(" ") },
            );
        }
    }
    if !draft.kernel_args.is_empty() && !resolved.secure_boot && !resolved.gates.platform_installers
    {
        note(
            RemarkCode::InstallersIgnoreArguments,
            params! { "min" => "v1.10.0" },
        );
    }
}

fn customization(all: &mut Remarks, draft: &StudioDraft, resolved: &Resolved) {
    let step = StudioStep::Customization;
    if !draft.embedded_config.is_empty() {
        if !resolved.gates.embedded_config {
            let params = params! { "min" => "v1.12.0" };
            all.say(
                step,
                "embedded_config",
                RemarkCode::EmbeddedNeedsVersion,
                RemarkWeight::LeftOut,
                params,
            );
        } else if let Err(reason) = check_yaml(&draft.embedded_config) {
            let params = params! { "reason" => reason };
            all.say(
                step,
                "embedded_config",
                RemarkCode::EmbeddedNotYaml,
                RemarkWeight::Blocks,
                params,
            );
        }
    }
    if !draft.overlay_options.trim().is_empty() {
        let board = draft.target == Some(TargetKind::Sbc);
        if !board {
            all.say(
                step,
                "overlay_options",
                RemarkCode::OptionsNeedBoard,
                RemarkWeight::LeftOut,
                Params::new(),
            );
        } else if let Err(error) = parse_options(&draft.overlay_options) {
            let params = params! { "reason" => error };
            all.say(
                step,
                "overlay_options",
                RemarkCode::OptionsNotMapping,
                RemarkWeight::Blocks,
                params,
            );
        }
    }
    if draft.bootloader.is_some() {
        if !resolved.gates.bootloader {
            let params = params! { "min" => "v1.12.0" };
            all.say(
                step,
                "bootloader",
                RemarkCode::BootloaderNeedsVersion,
                RemarkWeight::LeftOut,
                params,
            );
        } else if resolved.secure_boot && draft.bootloader != Some(Bootloader::SdBoot) {
            all.say(
                step,
                "bootloader",
                RemarkCode::BootloaderIgnored,
                RemarkWeight::Note,
                Params::new(),
            );
        }
    }
}

/// Keys that upstream's wizard does not know.
fn expert(all: &mut Remarks, draft: &StudioDraft, resolved: &Resolved) {
    let step = StudioStep::Customization;
    for (index, meta) in draft.meta.iter().enumerate() {
        if draft.meta[..index]
            .iter()
            .any(|other| other.key == meta.key)
        {
            let params = params! { "key" => meta.key };
            all.say(
                step,
                "meta",
                RemarkCode::MetaKeyTwice,
                RemarkWeight::Note,
                params,
            );
        }
    }
    if !draft.enroll_keys.is_empty() {
        let known = ["off", "manual", "if-safe", "force"].contains(&draft.enroll_keys.as_str());
        if !known {
            // The factory looks at the word only when it builds a signed image.
            let weight = if resolved.secure_boot {
                RemarkWeight::Blocks
            } else {
                RemarkWeight::Note
            };
            let params = params! { "value" => draft.enroll_keys };
            all.say(
                step,
                "enroll_keys",
                RemarkCode::EnrollKeysUnknown,
                weight,
                params,
            );
        } else if !resolved.secure_boot {
            all.say(
                step,
                "enroll_keys",
                RemarkCode::EnrollKeysNeedSecureBoot,
                RemarkWeight::Note,
                Params::new(),
            );
        }
    }
    if ![0, 512, 4096].contains(&draft.sector_size) {
        let params = params! { "value" => draft.sector_size };
        all.say(
            step,
            "sector_size",
            RemarkCode::SectorSizeOdd,
            RemarkWeight::Note,
            params,
        );
    }
    if !draft.owner.is_empty() {
        all.say(
            step,
            "owner",
            RemarkCode::OwnerEnterpriseOnly,
            RemarkWeight::Note,
            Params::new(),
        );
    }
}
