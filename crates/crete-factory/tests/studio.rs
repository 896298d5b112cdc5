//! The studio against the catalogue's data and against what a real factory answered.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use crete_factory::catalogue::targets;
use crete_factory::studio::{Known, Opened, adopt, compose, open, resolve, schematic_of};
use crete_factory::{parse_base, schematic};
use crete_model::{
    Arch, Bootloader, Composition, Extension, MetaValue, OutputKind, RemarkCode, RemarkWeight,
    StepState, StudioDraft, StudioStep, TalosVersion, TargetKind,
};
use proptest::prelude::*;
use serde_json::Value;
use url::Url;

fn fixture(name: &str) -> String {
    let path = format!(
        "{}/../../tests/fixtures/factory/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn base() -> Url {
    parse_base("https://factory.talos.dev").unwrap()
}

fn version(text: &str) -> TalosVersion {
    text.parse().unwrap()
}

fn composed(draft: &StudioDraft) -> Composition {
    compose(draft, &Known::default(), &base())
}

fn metal(at: &str) -> StudioDraft {
    StudioDraft {
        target: Some(TargetKind::Metal),
        version: Some(version(at)),
        arch: Some(Arch::Amd64),
        ..StudioDraft::default()
    }
}

/// File names and references of one kind.
fn names(composition: &Composition, kind: OutputKind) -> Vec<&str> {
    let of_kind = composition
        .outputs
        .iter()
        .filter(|output| output.kind == kind);
    of_kind.map(|output| output.name.as_str()).collect()
}

fn text(composition: &Composition, kind: OutputKind) -> &str {
    let output = composition
        .outputs
        .iter()
        .find(|output| output.kind == kind);
    output.map_or("", |output| &output.text)
}

fn codes(composition: &Composition) -> Vec<RemarkCode> {
    composition
        .remarks
        .iter()
        .map(|remark| remark.code)
        .collect()
}

/// Every platform × {oldest, middle, newest version}: steps, names and references as the data
/// says. The data's examples are for amd64.
#[test]
fn every_platform_has_its_steps_and_names() {
    let data: Vec<Value> = serde_json::from_str(&fixture("platforms.json")).unwrap();
    let known: Vec<_> = std::iter::once(&targets().metal)
        .chain(&targets().clouds)
        .collect();
    assert_eq!(known.len(), 19);
    assert_eq!(data.len(), known.len());
    for (entry, platform) in data.iter().zip(known) {
        assert_eq!(entry["id"], platform.id.as_str(), "order and ids");
        let metal = entry["target"] == "metal";
        for at in ["1.2.0", "1.9.6", "1.10.0", "1.13.9", "1.14.0"] {
            let mut draft = metal_or_cloud(metal, &platform.id, at);
            let one_arch = platform.arches.len() == 1;
            draft.arch = (!one_arch).then_some(Arch::Amd64);
            let composition = composed(&draft);
            let state = |step| {
                composition
                    .steps
                    .iter()
                    .find(|(s, _)| *s == step)
                    .unwrap()
                    .1
            };
            let place = if metal {
                StepState::NotNeeded
            } else {
                StepState::Answered
            };
            let machine = if one_arch {
                StepState::NotNeeded
            } else {
                StepState::Answered
            };
            assert_eq!(state(StudioStep::Place), place, "{}", platform.id);
            assert_eq!(state(StudioStep::Machine), machine, "{}", platform.id);
            let too_old = platform
                .min_version
                .as_ref()
                .is_some_and(|min| version(at) < *min);
            assert_eq!(
                codes(&composition).contains(&RemarkCode::PlatformNeedsVersion),
                too_old
            );
            assert_eq!(
                composition.outputs.is_empty(),
                too_old,
                "{} {at}",
                platform.id
            );
            if !too_old {
                check_names(entry, &composition, at);
            }
        }
    }
}

fn metal_or_cloud(metal: bool, id: &str, at: &str) -> StudioDraft {
    StudioDraft {
        target: Some(if metal {
            TargetKind::Metal
        } else {
            TargetKind::Cloud
        }),
        platform: (!metal).then(|| id.to_owned()),
        version: Some(version(at)),
        ..StudioDraft::default()
    }
}

fn check_names(entry: &Value, composition: &Composition, at: &str) {
    let id = &composition.schematic_id;
    let example = |name: &str| entry["examples"][name].as_str();
    let one = |kind| names(composition, kind).first().copied();
    assert_eq!(one(OutputKind::DiskImage), example("diskImage"));
    assert_eq!(one(OutputKind::Iso), example("iso"));
    let pxe =
        example("pxe").map(|name| format!("https://pxe.factory.talos.dev/pxe/{id}/v{at}/{name}"));
    assert_eq!(text(composition, OutputKind::Pxe), pxe.unwrap_or_default());
    let installer = if version(at).at_least(1, 10) {
        example("installer").unwrap()
    } else {
        "installer"
    };
    let reference = format!("factory.talos.dev/{installer}/{id}:v{at}");
    assert_eq!(text(composition, OutputKind::Installer), reference);
}

#[test]
fn every_board_has_its_overlay_its_image_and_its_published_id() {
    let data: Vec<Value> = serde_json::from_str(&fixture("sbcs.json")).unwrap();
    assert_eq!(data.len(), 29);
    assert_eq!(data.len(), targets().boards.len());
    for (entry, board) in data.iter().zip(&targets().boards) {
        assert_eq!(entry["id"], board.id.as_str());
        for at in ["1.6.9", "1.7.0", "1.10.0", "1.14.0"] {
            let draft = StudioDraft {
                target: Some(TargetKind::Sbc),
                board: Some(board.id.clone()),
                version: Some(version(at)),
                ..StudioDraft::default()
            };
            let composition = composed(&draft);
            assert_eq!(
                entry["vanillaSchematicId"],
                composition.schematic_id.as_str(),
                "{}",
                board.id
            );
            assert_eq!(composition.arch, Some(Arch::Arm64));
            let offered = version(at) >= board.min_version;
            assert_eq!(
                composition.outputs.is_empty(),
                !offered,
                "{} {at}",
                board.id
            );
            if offered {
                assert_eq!(
                    names(&composition, OutputKind::DiskImage),
                    ["metal-arm64.raw.xz"]
                );
                assert_eq!(names(&composition, OutputKind::Iso), Vec::<&str>::new());
                assert_eq!(names(&composition, OutputKind::Kernel), Vec::<&str>::new());
            }
        }
    }
}

#[test]
fn secure_boot_changes_the_names_and_is_left_out_where_it_is_not_offered() {
    let mut draft = metal("1.13.9");
    draft.secure_boot = true;
    let composition = composed(&draft);
    assert_eq!(
        names(&composition, OutputKind::Iso),
        ["metal-amd64-secureboot.iso"]
    );
    assert_eq!(
        names(&composition, OutputKind::DiskImage),
        ["metal-amd64-secureboot.raw.zst"]
    );
    assert!(names(&composition, OutputKind::DiskImageQcow2).is_empty());
    assert_eq!(
        names(&composition, OutputKind::Uki),
        ["metal-amd64-secureboot-uki.efi"]
    );
    assert!(names(&composition, OutputKind::Kernel).is_empty());
    let reference = format!(
        "factory.talos.dev/metal-installer-secureboot/{}:v1.13.9",
        composition.schematic_id
    );
    assert_eq!(text(&composition, OutputKind::Installer), reference);

    draft.version = Some(version("1.4.8"));
    let old = composed(&draft);
    assert!(codes(&old).contains(&RemarkCode::SecureBootNeedsVersion));
    assert_eq!(names(&old, OutputKind::Iso), ["metal-amd64.iso"]);

    let mut aws = metal_or_cloud(false, "aws", "1.13.9");
    aws.arch = Some(Arch::Arm64);
    aws.secure_boot = true;
    let aws = composed(&aws);
    assert!(codes(&aws).contains(&RemarkCode::SecureBootNotOffered));
    assert_eq!(names(&aws, OutputKind::DiskImage), ["aws-arm64.raw.xz"]);
}

#[test]
fn bare_metal_lists_its_extra_files_by_version() {
    let new = composed(&metal("1.13.9"));
    assert_eq!(
        names(&new, OutputKind::DiskImageQcow2),
        ["metal-amd64.qcow2"]
    );
    assert_eq!(names(&new, OutputKind::Kernel), ["kernel-amd64"]);
    assert_eq!(names(&new, OutputKind::Cmdline), ["cmdline-metal-amd64"]);
    assert_eq!(names(&new, OutputKind::Initramfs), ["initramfs-amd64.xz"]);
    assert_eq!(names(&new, OutputKind::Talosctl).len(), 9);
    assert!(text(&new, OutputKind::LocalCluster).starts_with("talosctl cluster create qemu "));
    let old = composed(&metal("1.4.8"));
    assert!(names(&old, OutputKind::Uki).is_empty());
    assert!(names(&old, OutputKind::Talosctl).is_empty());
    assert_eq!(text(&old, OutputKind::LocalCluster), "");
}

/// The command lines that a real factory built.
#[test]
fn the_expected_command_line_is_the_one_a_real_factory_built() {
    let mut compared = 0;
    for line in fixture("factory-transcript.jsonl").lines() {
        let exchange: Value = serde_json::from_str(line).unwrap();
        let path = exchange["request"]["path"].as_str().unwrap();
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let ["image", id, at, file] = parts[..] else {
            continue;
        };
        let file = file.split('?').next().unwrap();
        let body = exchange["body"].as_str().unwrap_or_default();
        if !file.starts_with("cmdline-") || !body.starts_with("talos.platform") {
            continue;
        }
        let Some(recipe) = recipe_of(id) else {
            continue;
        };
        let Ok(Opened::Id {
            beside: mut draft, ..
        }) = open(&format!("https://factory.talos.dev/image/{id}/{at}/{file}"))
        else {
            panic!("{path}")
        };
        let version = draft.version.clone();
        adopt(&mut draft, &recipe);
        draft.version = version;
        assert_eq!(composed(&draft).cmdline, body, "{path}");
        compared += 1;
    }
    assert!(
        compared >= 14,
        "only {compared} command lines were compared"
    );
}

/// Schematics that the recorded requests name.
fn recipe_of(id: &str) -> Option<crete_model::Schematic> {
    [
        "{}",
        "customization: {extraKernelArgs: [console=ttyS0]}",
        "customization: {extraKernelArgs: [console=tty0, console=ttyS0]}",
        "customization: {extraKernelArgs: [-console]}",
        "customization: {extraKernelArgs: [selinux=0]}",
        "customization: {extraKernelArgs: ['a b  c']}",
        "customization: {meta: [{key: 10, value: foo}]}",
    ]
    .iter()
    .map(|text| schematic::parse(text).unwrap())
    .find(|recipe| schematic::id(recipe) == id)
}

#[test]
fn a_removed_and_given_console_moves_to_the_end() {
    let mut draft = metal("1.13.9");
    draft.kernel_args = vec!["-console".into(), "console=ttyS0".into(), "-".into()];
    let line = composed(&draft).cmdline;
    assert!(
        line.starts_with("talos.platform=metal init_on_alloc=1"),
        "{line}"
    );
    assert!(
        line.ends_with("proc_mem.force_override=never console=ttyS0 -"),
        "{line}"
    );
    draft.kernel_args = vec!["-pti=on".into(), "-consoleblank".into()];
    let line = composed(&draft).cmdline;
    assert!(
        !line.contains("pti") && !line.contains("consoleblank"),
        "{line}"
    );
}

fn extension(name: &str) -> Extension {
    Extension {
        name: format!("siderolabs/{name}"),
        reference: format!("ghcr.io/siderolabs/{name}:1"),
        tag: "1".into(),
        author: String::new(),
        description: String::new(),
        tier: None,
        category: crete_model::ExtensionCategory::Misc,
    }
}

#[test]
fn extensions_that_a_version_lacks_are_renamed_or_left_out_and_kept_in_the_draft() {
    let offered = [extension("v4l-uvc-drivers"), extension("gvisor")];
    let known = Known {
        versions: None,
        extensions: Some(&offered),
    };
    let mut draft = metal("1.13.9");
    draft.extensions = ["gvisor", "v4l-uvc", "gone"]
        .map(|name| format!("siderolabs/{name}"))
        .into();
    let composition = compose(&draft, &known, &base());
    let chosen = &composition
        .schematic
        .customization
        .system_extensions
        .official_extensions;
    assert_eq!(*chosen, ["siderolabs/gvisor", "siderolabs/v4l-uvc-drivers"]);
    assert_eq!(
        codes(&composition)[..2],
        [
            RemarkCode::ExtensionRenamed,
            RemarkCode::ExtensionNotInVersion
        ]
    );
    assert!(
        !composition.outputs.is_empty(),
        "an image can still be made"
    );
}

#[test]
fn what_no_image_can_be_made_of_blocks_and_says_why() {
    let mut draft = metal("1.13.9");
    draft.embedded_config = "a: [".into();
    let composition = composed(&draft);
    assert!(composition.outputs.is_empty());
    let remark = &composition
        .remarks
        .iter()
        .find(|r| r.code == RemarkCode::EmbeddedNotYaml)
        .unwrap();
    assert_eq!(
        (remark.weight, remark.field.as_str()),
        (RemarkWeight::Blocks, "embedded_config")
    );

    let offered = [version("1.13.8")];
    let known = Known {
        versions: Some(&offered),
        extensions: None,
    };
    let composition = compose(&metal("1.13.9"), &known, &base());
    assert_eq!(composition.remarks[0].code, RemarkCode::VersionNotOffered);
    assert!(composition.outputs.is_empty());
}

#[test]
fn the_replaced_console_is_caught_and_the_silent_one_too() {
    assert!(codes(&composed(&metal("1.13.9"))).contains(&RemarkCode::SerialSilent));
    assert!(!codes(&composed(&metal("1.7.0"))).contains(&RemarkCode::SerialSilent));
    let mut draft = metal("1.13.9");
    draft.kernel_args = vec!["console=ttyS0".into()];
    let composition = composed(&draft);
    let lost = composition
        .remarks
        .iter()
        .find(|r| r.code == RemarkCode::ConsoleReplaced)
        .unwrap();
    assert_eq!(lost.params["consoles"], "console=tty0");
    draft.kernel_args = vec!["console=tty0".into(), "console=ttyS0".into()];
    assert!(codes(&composed(&draft)).is_empty());
}

#[test]
fn what_a_console_remark_says_to_add_mends_it() {
    for (version, args) in [
        ("1.13.9", vec![]),
        ("1.13.9", vec!["console=ttyS0"]),
        ("1.13.9", vec!["console=hvc0"]),
        ("1.7.0", vec!["console=tty0"]),
    ] {
        let mut draft = metal(version);
        draft.kernel_args = args.iter().map(|&arg| arg.to_owned()).collect();
        for _ in 0..2 {
            let remarks = composed(&draft).remarks;
            let add = remarks.iter().find_map(|remark| remark.params.get("add"));
            let add = add.map(|add| add.split(' ').map(str::to_owned).collect::<Vec<_>>());
            draft.kernel_args.splice(0..0, add.unwrap_or_default());
        }
        let left = codes(&composed(&draft));
        let silent = [RemarkCode::ConsoleReplaced, RemarkCode::SerialSilent];
        assert!(
            silent.iter().all(|code| !left.contains(code)),
            "{args:?}: {left:?}"
        );
    }
}

const ID: &str = "ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515";

#[test]
fn an_id_is_recognised_wherever_it_stands() {
    let texts = [
        (ID.to_owned(), None, None),
        (ID.to_uppercase(), None, None),
        (
            format!("https://factory.talos.dev/image/{ID}/v1.13.9/metal-arm64.raw.xz"),
            Some("1.13.9"),
            Some(Arch::Arm64),
        ),
        (
            format!("https://mirror.example/f/image/{ID}/1.9.6/nocloud-amd64-secureboot.iso"),
            Some("1.9.6"),
            Some(Arch::Amd64),
        ),
        (
            format!("https://pxe.factory.talos.dev/pxe/{ID}/v1.13.9/metal-x86_64"),
            Some("1.13.9"),
            Some(Arch::Amd64),
        ),
        (
            format!("https://factory.talos.dev/schematics/{ID}"),
            None,
            None,
        ),
        (
            format!("factory.talos.dev/metal-installer/{ID}:v1.13.9"),
            Some("1.13.9"),
            None,
        ),
        (
            format!("localhost:5000/installer-secureboot/{ID}:v1.9.6"),
            Some("1.9.6"),
            None,
        ),
    ];
    for (text, at, arch) in texts {
        let Ok(Opened::Id { id, beside }) = open(&text) else {
            panic!("{text}")
        };
        assert_eq!(id, ID);
        assert_eq!(beside.version, at.map(version), "{text}");
        assert_eq!(beside.arch, arch, "{text}");
        assert_eq!(beside.secure_boot, text.contains("secureboot"), "{text}");
    }
}

#[test]
fn undefined_values_of_a_link_count_as_not_given() {
    let link = "https://factory.talos.dev/?arch=amd64&board=undefined&cmdline-set=true&extensions=-\
                &extensions=siderolabs%2Fgvisor&platform=metal&secureboot=undefined&target=metal&version=1.13.9";
    let Ok(Opened::Draft(draft)) = open(link) else {
        panic!()
    };
    let mut expected = metal("1.13.9");
    expected.extensions = vec!["siderolabs/gvisor".into()];
    assert_eq!(*draft, expected);
}

#[test]
fn what_is_nothing_says_so() {
    for text in [
        "",
        "  \n",
        "https://example.org/",
        "https://factory.talos.dev/image/abc/v1.13.9/x",
        "a: b",
        "hello",
    ] {
        assert!(open(text).is_err(), "{text:?}");
    }
}

/// A value of an overlay's option.
fn option() -> impl Strategy<Value = Value> {
    let plain = prop_oneof![
        "[ -~]{0,10}".prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
    ];
    prop_oneof![
        plain.clone(),
        prop::collection::vec(plain, 1..3).prop_map(Value::from),
    ]
}

prop_compose! {
    /// Drafts whose every answer fits.
    fn drafts()(
        kind in 0usize..48,
        at in prop::sample::select(vec!["1.14.0-beta.2", "1.14.0", "1.14.3"]),
        arch in prop::sample::select(vec![Arch::Amd64, Arch::Arm64]),
        secure_boot: bool,
        extensions in prop::collection::btree_set("siderolabs/[a-z]{1,8}", 0..4),
        kernel_args in prop::collection::vec("[a-z.-][a-z0-9=,:#'\"-]{0,12}", 0..4),
        embedded in prop::option::of("[a-z]{1,5}: [a-z]{1,5}\n"),
        bootloader in prop::option::of(prop::sample::select(vec![Bootloader::DualBoot, Bootloader::SdBoot, Bootloader::Grub])),
        meta in prop::collection::vec((any::<u8>(), "[ -~]{0,12}"), 0..3),
        options in prop::collection::btree_map("[a-zA-Z][a-z0-9]{0,6}", option(), 0..4),
        enroll_keys in prop::sample::select(vec!["", "off", "manual", "if-safe", "force"]),
        well_known_certificates: bool,
        sector_size in prop::sample::select(vec![0u64, 512, 4096]),
    ) -> StudioDraft {
        let targets = targets();
        let mut draft = StudioDraft {
            version: Some(version(at)),
            arch: Some(arch),
            secure_boot,
            extensions: extensions.into_iter().collect(),
            kernel_args,
            embedded_config: embedded.unwrap_or_default(),
            bootloader,
            meta: meta.into_iter().map(|(key, value)| MetaValue { key, value }).collect(),
            enroll_keys: enroll_keys.to_owned(),
            well_known_certificates,
            sector_size,
            ..StudioDraft::default()
        };
        match kind {
            0 => draft.target = Some(TargetKind::Metal),
            1..=18 => {
                let cloud = &targets.clouds[kind - 1];
                draft.target = Some(TargetKind::Cloud);
                draft.platform = Some(cloud.id.clone());
                if !cloud.arches.contains(&arch) {
                    draft.arch = None;
                }
            }
            _ => {
                draft.target = Some(TargetKind::Sbc);
                draft.board = Some(targets.boards[kind - 19].id.clone());
                draft.arch = None;
                draft.overlay_options = schematic::options_text(&options.into_iter().collect());
            }
        }
        draft
    }
}

proptest! {
    /// Choices become a schematic, its text is read, and the same choices come back.
    #[test]
    fn choices_survive_the_way_through_a_schematic(draft in drafts()) {
        let recipe = schematic_of(&draft, &resolve(&draft), &Known::default());
        let read = schematic::parse(&schematic::canonical(&recipe)).unwrap();
        prop_assert_eq!(&read, &recipe);
        let mut back = StudioDraft {
            target: draft.target,
            version: draft.version.clone(),
            platform: draft.platform.clone(),
            arch: draft.arch,
            secure_boot: draft.secure_boot,
            ..StudioDraft::default()
        };
        adopt(&mut back, &read);
        prop_assert_eq!(back, draft);
    }

    /// The same for what a person did not click together: names of any order and kind, another's
    /// owner, an overlay that no board has. Taken over and made again, the id is the same.
    #[test]
    fn an_opened_schematic_keeps_every_key(
        draft in drafts(),
        owner in "[a-z]{0,5}",
        extensions in prop::collection::vec("[ -~]{0,12}", 0..4),
        kernel_args in prop::collection::vec("[ -~]{0,12}", 0..4),
        embedded in "[ -~\n]{0,20}",
        sector_size: u64,
        foreign in prop::option::of(("[a-z]{1,6}", "[a-z]{0,6}")),
    ) {
        let mut recipe = schematic_of(&draft, &resolve(&draft), &Known::default());
        recipe.owner = owner;
        recipe.customization.system_extensions.official_extensions = extensions;
        recipe.customization.extra_kernel_args = kernel_args;
        recipe.customization.embedded_machine_configuration = embedded;
        recipe.customization.disk_image.sector_size = sector_size;
        if let Some((image, name)) = foreign {
            recipe.overlay = Some(crete_model::Overlay { image, name, ..Default::default() });
        }
        let mut opened = StudioDraft { version: draft.version.clone(), ..StudioDraft::default() };
        adopt(&mut opened, &recipe);
        let again = schematic_of(&opened, &resolve(&opened), &Known::default());
        prop_assert_eq!(schematic::id(&again), schematic::id(&recipe));
        prop_assert_eq!(again, recipe);
    }

    /// A link gives back what the wizard knows; the other answers are the person's own.
    #[test]
    fn choices_survive_the_way_through_a_link(mut draft in drafts()) {
        draft.embedded_config.clear();
        draft.meta.clear();
        draft.enroll_keys.clear();
        draft.well_known_certificates = false;
        draft.sector_size = 0;
        let composition = composed(&draft);
        prop_assert!(!composition.link.contains("embedded"));
        let Ok(Opened::Draft(back)) = open(&composition.link) else { panic!("{}", composition.link) };
        // The link carries the architecture in force.
        let mut expected = draft.clone();
        expected.arch = composition.arch;
        prop_assert_eq!(*back, expected);
    }

    /// Nothing that a person pastes can do more than be refused.
    #[test]
    fn any_text_opens_or_is_refused(text in "\\PC{0,80}") {
        let _ = open(&text);
    }
}
