//! The invariants of `crates/README.md` that the compiler does not check by itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Crates that never use one another. Factory may use fetch.
const LEAVES: &[&str] = &[
    "crete-fetch",
    "crete-factory",
    "crete-host",
    "crete-image",
    "crete-kube",
    "crete-net",
    "crete-qemu",
    "crete-talos",
];

/// A file above this many lines has more than one purpose.
const LONGEST_RUST: usize = 700;
const LONGEST_COMPONENT: usize = 250;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Direct dependencies of each member: name to (all of them, those of shipped code).
fn members() -> BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata answers");
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap();
            let shipped = |dependency: &&Value| dependency["kind"].as_str() != Some("dev");
            let all = dependencies.iter().map(name).collect();
            let shipped = dependencies.iter().filter(shipped).map(name).collect();
            (name(package), (all, shipped))
        })
        .collect()
}

/// Files below a folder with one of these endings, build products left out.
fn files(below: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(below)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let name = entry.file_name().into_string().unwrap();
            if path.is_dir() {
                if ![
                    "node_modules",
                    "target",
                    "dist",
                    "generated",
                    "gen",
                    "fixtures",
                ]
                .contains(&name.as_str())
                {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found
}

fn lines(path: &Path) -> usize {
    std::fs::read_to_string(path).unwrap().lines().count()
}

#[test]
fn only_the_window_knows_tauri() {
    for (name, (all, _)) in members() {
        let tauri = all
            .iter()
            .find(|dependency| dependency.starts_with("tauri"));
        assert!(tauri.is_none() || name == "crete", "{name} uses {tauri:?}");
    }
}

#[test]
fn the_model_is_plain_data() {
    let members = members();
    let (_, shipped) = &members["crete-model"];
    for forbidden in ["tokio", "reqwest", "axum", "rustix", "tempfile"] {
        assert!(!shipped.contains(forbidden), "crete-model uses {forbidden}");
    }
}

#[test]
fn leaves_do_not_know_one_another_nor_what_is_above_them() {
    let members = members();
    for leaf in LEAVES.iter().filter(|leaf| members.contains_key(**leaf)) {
        let (_, shipped) = &members[*leaf];
        for used in shipped.iter().filter(|used| used.starts_with("crete-")) {
            let allowed = ["crete-model", "crete-failpoint"].contains(&used.as_str())
                || (*leaf == "crete-factory" && used == "crete-fetch");
            assert!(allowed, "{leaf} uses {used}");
        }
    }
}

#[test]
fn fakes_are_never_shipped() {
    for (name, (_, shipped)) in members() {
        let fakes = name.starts_with("crete-testkit")
            || ["crete-vm-tests", "crete-practice-guest"].contains(&name.as_str());
        let fake = ["crete-practice-node", "crete-testkit"];
        let ships = fake.iter().any(|fake| shipped.contains(*fake));
        assert!(fakes || !ships, "{name} ships fakes");
    }
}

#[test]
fn the_page_reaches_the_window_in_one_place() {
    for path in files("ui/src", &[".ts", ".svelte"]) {
        let text = std::fs::read_to_string(&path).unwrap();
        let place = path.to_string_lossy().into_owned();
        let imports = text.contains("from '@tauri-apps") || text.contains("from \"@tauri-apps");
        assert!(!imports || place.contains("/platform/tauri/"), "{place}");
    }
}

#[test]
fn no_file_outgrows_one_purpose() {
    let mut too_long = Vec::new();
    for path in ["crates", "src-tauri", "xtask", "tests"]
        .iter()
        .flat_map(|folder| files(folder, &[".rs"]))
    {
        if lines(&path) > LONGEST_RUST {
            too_long.push(path);
        }
    }
    for path in files("ui/src", &[".svelte"]) {
        if lines(&path) > LONGEST_COMPONENT {
            too_long.push(path);
        }
    }
    assert!(too_long.is_empty(), "{too_long:?}");
}
