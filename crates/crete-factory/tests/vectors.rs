//! The published and confirmed schematics: their canonical text and id hold, and what the real
//! factory refuses is refused with the field named.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use crete_factory::schematic::{SchematicError, canonical, id, parse};
use crete_model::{
    Bootloader, Customization, DiskImage, MetaValue, Overlay, Schematic, SecureBoot,
    SystemExtensions,
};
use proptest::prelude::*;
use serde_json::Value;

fn vectors() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/factory/schematic-vectors.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn every_vector_holds() {
    let vectors = vectors();
    let mut faults = Vec::new();
    for vector in vectors["vectors"].as_array().unwrap() {
        let name = vector["name"].as_str().unwrap();
        match parse(vector["input"].as_str().unwrap()) {
            Err(error) => faults.push(format!("{name}: {error}")),
            Ok(schematic) => {
                let text = canonical(&schematic);
                if text != vector["canonical"].as_str().unwrap() {
                    faults.push(format!("{name}:\n{text}\nnot\n{}", vector["canonical"]));
                } else if id(&schematic) != vector["id"].as_str().unwrap() {
                    faults.push(format!("{name}: id"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_refusal_names_its_field() {
    let expected = [
        ("meta key 256", "customization.meta[0].key"),
        ("meta key -1", "customization.meta[0].key"),
        ("bootloader auto", "customization.bootloader"),
        ("bootloader int 2", "customization.bootloader"),
        ("bootloader empty", "customization.bootloader"),
        ("unknown top", "foo"),
        ("unknown nested", "customization.foo"),
        ("unknown case", "Customization"),
        ("dup key", "customization"),
        ("wrong type", "customization"),
        ("args string", "customization.extraKernelArgs"),
    ];
    let vectors = vectors();
    let rejected = vectors["rejected"].as_array().unwrap();
    for vector in rejected {
        let name = vector["name"].as_str().unwrap();
        let error = parse(vector["input"].as_str().unwrap()).expect_err(name);
        match expected.iter().find(|(known, _)| *known == name) {
            Some((_, path)) => assert!(
                matches!(&error, SchematicError::Field { field, line, .. } if field == path && *line > 0),
                "{name}: {error:?}"
            ),
            None => assert_eq!(error, SchematicError::Empty, "{name}"),
        }
    }
    assert_eq!(rejected.len(), expected.len() + 3);
}

#[test]
fn text_keeps_the_way_it_was_written() {
    let schematic =
        parse("customization: {extraKernelArgs: [1.10, 0x10, yes, ~, 0o644, 1e3]}").unwrap();
    assert_eq!(
        schematic.customization.extra_kernel_args,
        ["1.10", "0x10", "yes", "0o644", "1e3"]
    );
}

#[test]
fn aliases_of_aliases_do_not_fill_the_memory() {
    let mut text = String::from("customization: {extraKernelArgs: [&a0 [x,x,x,x,x,x,x,x,x,x]");
    for level in 1..12 {
        let before = level - 1;
        text.push_str(&format!(
            ", &a{level} [{}]",
            vec![format!("*a{before}"); 10].join(",")
        ));
    }
    text.push_str("]}");
    assert!(matches!(parse(&text), Err(SchematicError::Yaml(_))));
}

#[test]
fn a_byte_order_mark_and_carriage_returns_are_accepted() {
    let schematic = parse("\u{feff}customization:\r\n  extraKernelArgs:\r\n    - a\r\n").unwrap();
    assert_eq!(schematic.customization.extra_kernel_args, ["a"]);
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z=,.0-9-]{0,12}",
        "[ -~\t\n]{0,20}",
        // Without the code points about which the emitters are known to differ.
        "[^\u{2028}\u{2029}\u{feff}\r\u{85}]{0,12}",
    ]
}

/// The factory's emitter states a block's indentation as four wherever its text begins with a
/// blank, also inside lists, where two is true: such a text gets its id, but does not read back.
fn listed() -> impl Strategy<Value = String> {
    texts().prop_filter("unreadable in the factory's own form", |text| {
        !(text.contains('\n') && text.starts_with([' ', '\n']))
    })
}

/// A block outside a list reads back, unless its first words are indented and empty lines come
/// before them: the factory's emitter then states no indentation, and the words lose theirs.
fn whole() -> impl Strategy<Value = String> {
    texts().prop_filter("unreadable in the factory's own form", |text| {
        !(text.starts_with('\n') && text.trim_start_matches('\n').starts_with(' '))
    })
}

/// Any value that an overlay's options can hold, keys and texts of every kind.
fn option_values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // A whole number loses its point on paper, so these have a fraction.
        (-500_000i32..500_000).prop_map(|n| Value::from(f64::from(2 * n + 1) / 128.0)),
        listed().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..3).prop_map(Value::from),
            proptest::collection::btree_map("[a-zA-Z][a-zA-Z0-9_.-]{0,6}", inner, 1..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn overlays() -> impl Strategy<Value = Option<Overlay>> {
    let options =
        proptest::collection::btree_map("[a-zA-Z][a-zA-Z0-9_.-]{0,6}", option_values(), 0..4);
    let overlay =
        ("[a-z][a-z/-]{0,10}", "[a-z_0-9-]{0,8}", options).prop_map(|(image, name, options)| {
            Overlay {
                image,
                name,
                options: options.into_iter().collect(),
            }
        });
    proptest::option::of(overlay)
}

prop_compose! {
    fn customizations()(
        embedded in whole(),
        args in proptest::collection::vec(listed(), 0..4),
        metas in proptest::collection::vec((any::<u8>(), listed()), 0..3),
        extensions in proptest::collection::vec(listed(), 0..3),
        bootloader in proptest::option::of(proptest::sample::select(vec![
            Bootloader::Grub, Bootloader::DualBoot, Bootloader::SdBoot,
        ])),
        enroll_keys in prop_oneof![
            proptest::sample::select(vec!["", "off", "manual", "if-safe", "force"]).prop_map(str::to_owned),
            listed(),
        ],
        include_well_known_certificates: bool,
        sector_size in prop_oneof![Just(0), Just(512), Just(4096), any::<u64>()],
    ) -> Customization {
        Customization {
            embedded_machine_configuration: embedded,
            extra_kernel_args: args,
            meta: metas
                .into_iter()
                .map(|(key, value)| MetaValue { key, value })
                .collect(),
            system_extensions: SystemExtensions {
                official_extensions: extensions,
            },
            bootloader,
            secure_boot: SecureBoot { enroll_keys, include_well_known_certificates },
            disk_image: DiskImage { sector_size },
        }
    }
}

fn schematics() -> impl Strategy<Value = Schematic> {
    ("[a-z@.]{0,8}", overlays(), customizations()).prop_map(|(owner, overlay, customization)| {
        Schematic {
            owner,
            overlay,
            customization,
        }
    })
}

proptest! {
    /// What is written reads back as the same recipe.
    #[test]
    fn the_canonical_text_says_the_same(schematic in schematics()) {
        let text = canonical(&schematic);
        prop_assert_eq!(parse(&text).map_err(|e| format!("{e}\n{text}")), Ok(schematic));
    }

    #[test]
    fn no_text_panics(text in ".{0,80}") {
        if let Ok(schematic) = parse(&text) {
            prop_assert_eq!(id(&schematic).len(), 64);
        }
    }
}
