//! Links of the factory's own wizard: written so that it understands them, read as it writes them.

use super::resolve::Resolved;
use crete_model::{Arch, Bootloader, StudioDraft, TargetKind};
use url::Url;

/// The choices as a link. An embedded configuration may hold secrets and is never part of one;
/// neither are the keys that the wizard does not know.
#[must_use]
pub fn wizard_link(draft: &StudioDraft, resolved: &Resolved, base: &Url) -> Url {
    let mut url = base.clone();
    {
        let mut query = url.query_pairs_mut();
        query.clear();
        if let Some(arch) = resolved.arch.or(draft.arch) {
            query.append_pair("arch", arch.as_str());
        }
        if let Some(board) = &draft.board {
            query.append_pair("board", board);
        }
        if let Some(bootloader) = draft.bootloader {
            query.append_pair("bootloader", bootloader_word(bootloader));
        }
        if !draft.kernel_args.is_empty() {
            query.append_pair("cmdline", &draft.kernel_args.join(" "));
        }
        query.append_pair("cmdline-set", "true");
        query.append_pair("extensions", "-");
        for name in &draft.extensions {
            query.append_pair("extensions", name);
        }
        if !draft.overlay_options.is_empty() {
            query.append_pair("overlay-options", &draft.overlay_options);
        }
        if let Some(platform) = resolved.platform {
            query.append_pair("platform", &platform.id);
        }
        if draft.secure_boot {
            query.append_pair("secureboot", "true");
        }
        if let Some(target) = draft.target {
            query.append_pair("target", target_word(target));
        }
        if let Some(version) = &draft.version {
            query.append_pair("version", &version.plain());
        }
    }
    url
}

/// Reads a wizard's link into a draft, and the id of a schematic it names. Values that mean
/// nothing, `undefined` among them, count as not given.
pub(super) fn read(url: &Url, draft: &mut StudioDraft) -> Option<String> {
    let mut schematic = None;
    let mut extensions = Vec::new();
    for (name, value) in url.query_pairs() {
        let value = value.as_ref();
        if value.is_empty() || value == "undefined" {
            continue;
        }
        match name.as_ref() {
            "target" => draft.target = target(value).or(draft.target),
            "version" => draft.version = value.parse().ok().or(draft.version.take()),
            "platform" if value != "metal" => draft.platform = Some(value.to_owned()),
            "board" => draft.board = Some(value.to_owned()),
            "arch" => draft.arch = arch(value).or(draft.arch),
            "secureboot" => draft.secure_boot = value == "true",
            "extensions" if value != "-" => extensions.push(value.to_owned()),
            "cmdline" => {
                draft.kernel_args = value.trim().split(' ').map(str::to_owned).collect();
            }
            "bootloader" => draft.bootloader = bootloader(value),
            "overlay-options" => draft.overlay_options = value.to_owned(),
            "embedded-config" => draft.embedded_config = value.to_owned(),
            "schematic-id" if is_id(value) => schematic = Some(value.to_owned()),
            // What was chosen before going back is not chosen now; languages are the desktop's.
            _ => {}
        }
    }
    // The wizard sorts; a link in another order means the same image.
    extensions.sort();
    if !extensions.is_empty() {
        draft.extensions = extensions;
    }
    schematic
}

/// 64 hexadecimal digits.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn target_word(target: TargetKind) -> &'static str {
    match target {
        TargetKind::Metal => "metal",
        TargetKind::Cloud => "cloud",
        TargetKind::Sbc => "sbc",
    }
}

fn target(word: &str) -> Option<TargetKind> {
    [TargetKind::Metal, TargetKind::Cloud, TargetKind::Sbc]
        .into_iter()
        .find(|target| target_word(*target) == word)
}

/// An architecture, also by the names that network boot uses.
pub(super) fn arch(word: &str) -> Option<Arch> {
    match word {
        "amd64" | "x86_64" | "i386" => Some(Arch::Amd64),
        "arm64" => Some(Arch::Arm64),
        _ => None,
    }
}

fn bootloader_word(bootloader: Bootloader) -> &'static str {
    match bootloader {
        Bootloader::DualBoot => "dual-boot",
        Bootloader::SdBoot => "sd-boot",
        Bootloader::Grub => "grub",
    }
}

fn bootloader(word: &str) -> Option<Bootloader> {
    let word = word.to_ascii_lowercase();
    [Bootloader::DualBoot, Bootloader::SdBoot, Bootloader::Grub]
        .into_iter()
        .find(|bootloader| bootloader_word(*bootloader) == word)
}
