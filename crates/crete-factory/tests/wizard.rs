//! What the factory's own wizard does with answers and links, and what the studio does with them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use crete_factory::catalogue::{renamed, search};
use crete_factory::studio::{Known, Opened, adopt, compose, open};
use crete_factory::{parse_base, schematic};
use crete_model::{
    Arch, Bootloader, Composition, Extension, ExtensionCategory, OutputKind, RemarkCode,
    RemarkWeight, StepState, StudioDraft, StudioStep, TargetKind,
};

const ID: &str = "ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515";

fn made(draft: &StudioDraft) -> Composition {
    let base = parse_base("https://factory.talos.dev").unwrap();
    compose(draft, &Known::default(), &base)
}

fn metal(version: &str) -> StudioDraft {
    StudioDraft {
        target: Some(TargetKind::Metal),
        version: Some(version.parse().unwrap()),
        arch: Some(Arch::Amd64),
        ..StudioDraft::default()
    }
}

fn link(query: &str) -> StudioDraft {
    match open(&format!("https://factory.talos.dev/?{query}")) {
        Ok(Opened::Draft(draft)) => *draft,
        other => panic!("{query}: {other:?}"),
    }
}

fn weight(made: &Composition, code: RemarkCode) -> Option<RemarkWeight> {
    let mut remarks = made.remarks.iter();
    let remark = remarks.find(|remark| remark.code == code)?;
    Some(remark.weight)
}

#[test]
fn arguments_of_a_link_are_trimmed_and_split_at_single_blanks() {
    let draft = link("cmdline=+a%20b%20%20c+");
    assert_eq!(draft.kernel_args, ["a", "b", "", "c"]);
    let mut plain = metal("1.13.9");
    plain.kernel_args = ["a", "b", "c"].map(str::to_owned).into();
    let mut doubled = plain.clone();
    doubled.kernel_args = draft.kernel_args;
    let (plain, doubled) = (made(&plain), made(&doubled));
    assert_ne!(plain.schematic_id, doubled.schematic_id);
    assert_eq!(plain.cmdline, doubled.cmdline);
    assert_eq!(
        weight(&doubled, RemarkCode::ArgumentEmpty),
        Some(RemarkWeight::Note)
    );
}

#[test]
fn extensions_of_a_link_are_sorted_and_those_of_a_schematic_keep_their_order() {
    let draft = link("extensions=-&extensions=siderolabs%2Fzfs&extensions=siderolabs%2Fdrbd");
    assert_eq!(draft.extensions, ["siderolabs/drbd", "siderolabs/zfs"]);
    let text = "customization: {systemExtensions: {officialExtensions: [siderolabs/zfs, siderolabs/drbd]}}";
    let mut opened = metal("1.13.9");
    adopt(&mut opened, &schematic::parse(text).unwrap());
    assert_eq!(opened.extensions, ["siderolabs/zfs", "siderolabs/drbd"]);
}

#[test]
fn the_boot_loader_of_a_link_may_be_written_anyhow_and_auto_means_none() {
    for (word, expected) in [
        ("GRUB", Some(Bootloader::Grub)),
        ("sd-boot", Some(Bootloader::SdBoot)),
        ("Dual-Boot", Some(Bootloader::DualBoot)),
        ("auto", None),
        ("", None),
        ("lilo", None),
    ] {
        let draft = link(&format!("target=metal&bootloader={word}"));
        assert_eq!(draft.bootloader, expected, "{word}");
    }
    let none = made(&metal("1.13.9"));
    assert!(!none.yaml.contains("bootloader"), "{}", none.yaml);
}

#[test]
fn what_a_version_does_not_know_is_kept_and_left_out_of_the_schematic() {
    let mut draft = metal("1.11.6");
    draft.embedded_config = "  machine: {}\n".into();
    draft.bootloader = Some(Bootloader::Grub);
    let old = made(&draft);
    assert_eq!(old.yaml, "customization: {}\n");
    for code in [
        RemarkCode::EmbeddedNeedsVersion,
        RemarkCode::BootloaderNeedsVersion,
    ] {
        assert_eq!(weight(&old, code), Some(RemarkWeight::LeftOut));
    }
    draft.version = Some("1.12.0".parse().unwrap());
    let new = made(&draft).schematic.customization;
    // Taken as it is, blanks and all.
    assert_eq!(new.embedded_machine_configuration, "  machine: {}\n");
    assert_eq!(new.bootloader, Some(Bootloader::Grub));
}

#[test]
fn options_of_a_board_are_a_mapping_and_of_nothing_else_wanted() {
    let mut draft = StudioDraft {
        target: Some(TargetKind::Sbc),
        board: Some("rpi_generic".into()),
        version: Some("1.13.9".parse().unwrap()),
        overlay_options: "configTxtAppend: 'dtoverlay=vc4-fkms-v3d'".into(),
        ..StudioDraft::default()
    };
    let with = made(&draft);
    let overlay = with.schematic.overlay.unwrap();
    assert_eq!(
        (overlay.name.as_str(), overlay.image.as_str()),
        ("rpi_generic", "siderolabs/sbc-raspberrypi")
    );
    assert_eq!(overlay.options["configTxtAppend"], "dtoverlay=vc4-fkms-v3d");
    for junk in ["just text", "[a, b]", "a: ["] {
        draft.overlay_options = junk.into();
        let refused = made(&draft);
        let blocks = weight(&refused, RemarkCode::OptionsNotMapping);
        assert_eq!(blocks, Some(RemarkWeight::Blocks), "{junk}");
        assert!(refused.outputs.is_empty());
    }
    let mut metal = metal("1.13.9");
    metal.overlay_options = "a: b".into();
    let without = made(&metal);
    assert_eq!(
        weight(&without, RemarkCode::OptionsNeedBoard),
        Some(RemarkWeight::LeftOut)
    );
}

#[test]
fn a_link_to_a_stored_schematic_names_it_and_keeps_what_stands_beside() {
    let text = format!(
        "https://factory.talos.dev/?arch=arm64&platform=nocloud&schematic-id={ID}&target=cloud&version=1.13.9&secureboot=true"
    );
    let Ok(Opened::Id { id, beside }) = open(&text) else {
        panic!("{text}")
    };
    assert_eq!(id, ID);
    assert_eq!(beside.target, Some(TargetKind::Cloud));
    assert_eq!(beside.platform.as_deref(), Some("nocloud"));
    assert_eq!(beside.arch, Some(Arch::Arm64));
    assert!(beside.secure_boot);
    let malformed = "https://factory.talos.dev/?schematic-id=abc&target=metal&version=1.13.9";
    assert!(open(malformed).is_err(), "it names no schematic");
}

#[test]
fn an_overlay_means_its_board_whatever_the_link_says() {
    let Ok(Opened::Id { mut beside, .. }) = open(&format!(
        "https://factory.talos.dev/?schematic-id={ID}&target=metal&version=1.13.9&arch=arm64"
    )) else {
        panic!()
    };
    let text = "overlay: {name: rock4cplus, image: siderolabs/sbc-rockchip}";
    adopt(&mut beside, &schematic::parse(text).unwrap());
    assert_eq!(beside.target, Some(TargetKind::Sbc));
    assert_eq!(beside.board.as_deref(), Some("rock4cplus"));
}

#[test]
fn a_link_with_some_answers_leaves_the_other_steps_open() {
    let made = made(&link("target=cloud&version=1.13.9"));
    let open: Vec<_> = made
        .steps
        .iter()
        .filter(|(_, state)| *state == StepState::Open)
        .map(|(step, _)| *step)
        .collect();
    assert_eq!(open, [StudioStep::Place, StudioStep::Machine]);
    assert!(made.outputs.is_empty());
}

#[test]
fn what_a_link_makes_up_is_said_and_builds_no_dead_addresses() {
    for (query, code) in [
        (
            "target=cloud&platform=moon&arch=amd64&version=1.13.9",
            RemarkCode::UnknownPlatform,
        ),
        (
            "target=sbc&board=moon&version=1.13.9",
            RemarkCode::UnknownBoard,
        ),
    ] {
        let made = made(&link(query));
        assert_eq!(weight(&made, code), Some(RemarkWeight::Blocks), "{query}");
        assert!(made.outputs.is_empty(), "{query}");
    }
    let junk = link("target=moon&arch=riscv&version=foo");
    assert_eq!((junk.target, junk.arch, junk.version), (None, None, None));
}

#[test]
fn arguments_that_installers_ignore_are_told_before_1_10_unless_the_image_is_signed() {
    let mut draft = metal("1.9.6");
    draft.kernel_args = vec!["quiet".into()];
    let told =
        |draft: &StudioDraft| weight(&made(draft), RemarkCode::InstallersIgnoreArguments).is_some();
    assert!(told(&draft));
    draft.secure_boot = true;
    assert!(!told(&draft));
    draft.secure_boot = false;
    draft.version = Some("1.10.0".parse().unwrap());
    assert!(!told(&draft));
}

#[test]
fn a_signed_image_boots_with_its_own_loader() {
    let mut draft = metal("1.13.9");
    draft.secure_boot = true;
    for (chosen, told) in [
        (None, false),
        (Some(Bootloader::SdBoot), false),
        (Some(Bootloader::Grub), true),
        (Some(Bootloader::DualBoot), true),
    ] {
        draft.bootloader = chosen;
        let said = weight(&made(&draft), RemarkCode::BootloaderIgnored).is_some();
        assert_eq!(said, told, "{chosen:?}");
    }
}

#[test]
fn keys_that_the_wizard_loses_are_kept() {
    let text = "customization:\n    extraKernelArgs:\n        - quiet\n    meta:\n        - key: 10\n          \
                value: foo\n    secureboot:\n        enrollKeys: force\n        includeWellKnownCertificates: true\n    \
                diskImage:\n        sectorSize: 4096\n";
    let recipe = schematic::parse(text).unwrap();
    let mut draft = metal("1.14.0");
    adopt(&mut draft, &recipe);
    let made = made(&draft);
    assert_eq!(made.yaml, text);
    assert_eq!(made.schematic_id, schematic::id(&recipe));
}

#[test]
fn enrolment_is_checked_for_signed_images_and_sector_sizes_are_doubted() {
    let mut draft = metal("1.13.9");
    draft.enroll_keys = "perhaps".into();
    draft.sector_size = 7;
    draft.owner = "alice".into();
    let plain = made(&draft);
    let note = Some(RemarkWeight::Note);
    assert_eq!(weight(&plain, RemarkCode::EnrollKeysUnknown), note);
    assert_eq!(weight(&plain, RemarkCode::SectorSizeOdd), note);
    assert_eq!(weight(&plain, RemarkCode::OwnerEnterpriseOnly), note);
    draft.secure_boot = true;
    let signed = made(&draft);
    let blocks = Some(RemarkWeight::Blocks);
    assert_eq!(weight(&signed, RemarkCode::EnrollKeysUnknown), blocks);
}

fn extension(name: &str, description: &str) -> Extension {
    Extension {
        name: format!("siderolabs/{name}"),
        reference: format!("ghcr.io/siderolabs/{name}:v7.5"),
        tag: "v7.5".into(),
        author: String::new(),
        description: description.into(),
        tier: None,
        category: ExtensionCategory::Misc,
    }
}

#[test]
fn a_search_looks_into_reference_and_description_and_ticked_ones_stay() {
    let all = [
        extension("zfs", "File system with pools"),
        extension("gvisor", "Sandbox"),
        extension("drbd", "Replication"),
    ];
    let found = |words: &str, ticked: &[&str]| -> Vec<String> {
        let ticked: Vec<String> = ticked.iter().map(|name| (*name).to_owned()).collect();
        let found = search(&all, words, &ticked);
        found.iter().map(|one| one.name.clone()).collect()
    };
    assert_eq!(found("POOLS", &[]), ["siderolabs/zfs"]);
    assert_eq!(found("v7.5", &[]).len(), 3, "in the list's own order");
    assert_eq!(found("ghcr.io/siderolabs/GV", &[]), ["siderolabs/gvisor"]);
    assert_eq!(
        found("pools", &["siderolabs/drbd"]),
        ["siderolabs/zfs", "siderolabs/drbd"]
    );
}

#[test]
fn old_names_lead_to_the_ones_that_catalogues_have() {
    for (old, now) in [
        ("v4l-uvc", "v4l-uvc-drivers"),
        ("usb-modem", "usb-modem-drivers"),
        ("gasket", "gasket-driver"),
        ("talos-vmtoolsd", "vmtoolsd-guest-agent"),
        ("xe-guest-utilities", "xen-guest-agent"),
        ("nvidia-container-toolkit", "nvidia-container-toolkit-lts"),
        (
            "nvidia-open-gpu-kernel-modules",
            "nvidia-open-gpu-kernel-modules-lts",
        ),
        ("nonfree-kmod-nvidia", "nonfree-kmod-nvidia-lts"),
        ("nvidia-fabricmanager", "nvidia-fabricmanager-lts"),
        ("i915-ucode", "i915"),
        ("amdgpu-firmware", "amdgpu"),
    ] {
        let found = renamed(&format!("siderolabs/{old}"));
        assert_eq!(found, Some(format!("siderolabs/{now}").as_str()), "{old}");
    }
    assert_eq!(renamed("siderolabs/gvisor"), None);
}

/// The published sizes of plain images; estimates may be a tenth off.
#[test]
fn sizes_are_estimated_by_the_published_ones() {
    const MB: f64 = 1e6;
    const MIB: f64 = 1_048_576.0;
    let size = |version: &str, arch, signed: bool, kind| {
        let mut draft = metal(version);
        draft.arch = Some(arch);
        draft.secure_boot = signed;
        let made = made(&draft);
        let output = made.outputs.iter().find(|output| output.kind == kind);
        #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
        let bytes = output.map_or(0.0, |output| output.estimated_size as f64);
        bytes
    };
    let (amd64, arm64) = (Arch::Amd64, Arch::Arm64);
    let (iso, disk, qcow2) = (
        OutputKind::Iso,
        OutputKind::DiskImage,
        OutputKind::DiskImageQcow2,
    );
    for (arch, signed, kind, [v1_5, v1_9, v1_12]) in [
        (amd64, false, iso, [83.0 * MB, 106.0 * MB, 301.0 * MIB]),
        (arm64, false, iso, [122.0 * MB, 91.0 * MB, 274.0 * MIB]),
        (amd64, true, iso, [162.0 * MIB, 198.0 * MIB, 210.0 * MIB]),
        (amd64, false, disk, [78.0 * MB, 101.0 * MB, 192.0 * MIB]),
        (arm64, false, disk, [67.0 * MB, 84.0 * MB, 86.0 * MIB]),
        (amd64, true, disk, [78.0 * MB, 98.0 * MB, 95.0 * MIB]),
        (amd64, false, qcow2, [75.0 * MIB, 94.0 * MIB, 191.0 * MIB]),
        (
            amd64,
            false,
            OutputKind::Uki,
            [78.0 * MB, 98.0 * MB, 95.0 * MIB],
        ),
        (
            amd64,
            false,
            OutputKind::Kernel,
            [17.0 * MB, 19.0 * MB, 19.0 * MB],
        ),
    ] {
        for (version, published) in [("1.5.1", v1_5), ("1.9.4", v1_9), ("1.12.0", v1_12)] {
            let estimated = size(version, arch, signed, kind);
            let off = (estimated - published).abs() / published;
            assert!(
                off < 0.1,
                "{kind:?} {arch} {version}: {estimated}, not {published}"
            );
        }
    }
    let newer = size("1.13.9", arm64, false, iso) / MIB;
    assert!((newer - 201.0).abs() < 20.0, "{newer}");
}

/// What every platform prints to, as far as it is known; `talos.platform` and the rest left out.
#[test]
fn consoles_of_every_platform_that_is_known() {
    for (platform, arch, version, expected) in [
        ("metal", Arch::Amd64, "1.7.6", "console=ttyS0 console=tty0"),
        ("metal", Arch::Amd64, "1.8.0-alpha.0", "console=tty0"),
        ("metal", Arch::Amd64, "1.13.9", "console=tty0"),
        (
            "metal",
            Arch::Arm64,
            "1.7.6",
            "console=ttyAMA0 console=tty0",
        ),
        (
            "metal",
            Arch::Arm64,
            "1.13.9",
            "console=ttyAMA0 console=tty0",
        ),
        (
            "nocloud",
            Arch::Amd64,
            "1.13.9",
            "console=tty1 console=ttyS0",
        ),
        ("aws", Arch::Arm64, "1.9.6", "console=tty1 console=ttyS0"),
        (
            "equinixMetal",
            Arch::Amd64,
            "1.13.9",
            "console=ttyS1,115200n8",
        ),
        (
            "digital-ocean",
            Arch::Amd64,
            "1.13.9",
            "console=ttyS0 console=tty0 console=tty1",
        ),
    ] {
        let mut draft = metal(version);
        draft.arch = Some(arch);
        if platform != "metal" {
            draft.target = Some(TargetKind::Cloud);
            draft.platform = Some(platform.into());
        }
        let line = made(&draft).cmdline;
        let begins = format!("talos.platform={platform} {expected} ");
        assert!(
            line.starts_with(&begins),
            "{platform} {arch} {version}: {line}"
        );
        let after = &line[begins.len()..];
        assert!(!after.contains("console="), "{line}");
        let names = ["nocloud", "aws", "digital-ocean"].contains(&platform);
        assert_eq!(line.contains("net.ifnames=0"), names, "{line}");
    }
}
