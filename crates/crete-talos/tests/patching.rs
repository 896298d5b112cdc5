//! Patches against what Talos' own library makes of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_talos::Contract;
use crete_talos::config::{Applied, Configuration, Faults, Patch};
use serde_json::Value;
use support::{cases, contracts_of, text};

/// Loads and applies as Talos does: every patch is read before the configuration is.
fn run(
    case: &str,
    expected: &Value,
    contract: Contract,
) -> Result<(Configuration, Applied), (&'static str, Faults)> {
    let file = |name: &Value| text(&format!("patch/{case}/{}", name.as_str().unwrap()));
    let names = expected["patches"].as_array().unwrap();
    let patches: Result<Vec<Patch>, Faults> = names
        .iter()
        .map(|name| Patch::read(&file(name), contract))
        .collect();
    let patches = patches.map_err(|faults| ("load patch", faults))?;
    let input = expected["input"]
        .as_str()
        .unwrap()
        .trim_start_matches("../../");
    let mut configuration =
        Configuration::read(&text(input), contract).map_err(|faults| ("load config", faults))?;
    let mut applied = Applied::default();
    for (patch, origin) in patches.iter().zip(1..) {
        let done = patch.apply(&mut configuration, origin);
        applied
            .erased
            .extend(done.map_err(|faults| ("apply", faults))?.erased);
    }
    Ok((configuration, applied))
}

#[test]
fn patches_do_what_they_do_in_talos() {
    let mut compared = 0;
    for case in cases("patch") {
        let expected = support::json(&format!("patch/{case}/case.json"));
        for group in expected["expected"].as_array().unwrap() {
            for contract in contracts_of(group) {
                let what = format!("{case} {contract}");
                let result = run(&case, &expected, contract);
                compared += 1;
                match group["stage"].as_str() {
                    // Where Talos itself crashes, its newest version shows what is right.
                    Some("crash") => assert!(result.is_ok(), "{what}"),
                    Some(stage) => {
                        let (at, faults) = result.expect_err(&what);
                        assert_eq!(at, stage, "{what}: {faults}");
                        refused_alike(&what, &faults, group["text"].as_str().unwrap());
                    }
                    None => {
                        let (configuration, _) =
                            result.unwrap_or_else(|(at, faults)| panic!("{what}: {at}: {faults}"));
                        let name = group["result"].as_str().unwrap();
                        let theirs = text(&format!("patch/{case}/{name}"));
                        let theirs = Configuration::read(&theirs, contract).unwrap();
                        support::same_meaning(&what, &configuration, &theirs);
                        // What was merged is written so that it reads back.
                        let again =
                            Configuration::read(&configuration.to_yaml(), contract).unwrap();
                        support::same_meaning(&what, &again, &theirs);
                    }
                }
            }
        }
    }
    assert!(compared > 190, "{compared}");
}

fn refused_alike(what: &str, faults: &Faults, text: &str) {
    let ours = faults.talos_text();
    if text.contains("yaml") {
        // The YAML reader's own words: the line is what has to be the same.
        assert!(faults.0[0].line > 0, "{what}: {faults}");
    } else if text.contains("merge field") {
        // Go's names of the fields on the way are not known here; the path is.
        let last = text.rsplit(": ").next().unwrap();
        assert_eq!(ours, last, "{what}");
        assert_eq!(faults.0[0].path, "machine.kubelet.extraConfig.maxPods");
    } else {
        assert_eq!(ours, text, "{what}");
    }
}

#[test]
fn a_person_is_told_what_a_patch_erases() {
    for (case, contract, erased) in [
        (
            "absent-selector-and-size-are-erased",
            Contract::V1_11,
            &[
                "UserVolumeConfig/data: provisioning.diskSelector.match",
                "UserVolumeConfig/data: provisioning.maxSize",
                "UserVolumeConfig/data: provisioning.minSize",
            ][..],
        ),
        (
            "absent-selector-and-size-are-erased",
            Contract::V1_13,
            &[
                "UserVolumeConfig/data: provisioning.diskSelector.match",
                "UserVolumeConfig/data: provisioning.minSize",
            ],
        ),
        (
            "absent-install-selector-is-erased",
            Contract::V1_14,
            &["UnattendedInstallConfig: provisioning.diskSelector.match"],
        ),
        ("hostname", Contract::V1_13, &[]),
    ] {
        let expected = support::json(&format!("patch/{case}/case.json"));
        let (_, applied) = run(case, &expected, contract).unwrap();
        assert_eq!(applied.erased, erased, "{case}");
    }
}

#[test]
fn each_value_knows_where_it_came_from() {
    let base = text("bases/a-controlplane.yaml");
    let mut configuration = Configuration::read(&base, Contract::V1_13).unwrap();
    let first = "machine:\n  install:\n    disk: /dev/vdb\n  certSANs: [a]\n";
    let second = "machine:\n  certSANs: [b]\n  sysctls:\n    a: \"1\"\n";
    for (text, origin) in [(first, 1), (second, 2)] {
        let patch = Patch::read(text, Contract::V1_13).unwrap();
        patch.apply(&mut configuration, origin).unwrap();
    }
    let main = &configuration.main().unwrap().node;
    let origin = |path: &[&str]| main.at(path).unwrap().origin;
    assert_eq!(origin(&["machine", "install", "disk"]), 1);
    assert_eq!(origin(&["machine", "install", "image"]), 0);
    assert_eq!(origin(&["machine", "sysctls", "a"]), 2);
    let sans = main.at(&["machine", "certSANs"]).unwrap();
    let origins: Vec<u32> = sans.items().iter().map(|item| item.origin).collect();
    assert_eq!(origins, [1, 2]);
    assert_eq!(main.at(&["machine", "install", "disk"]).unwrap().line, 3);
}

#[test]
fn a_refused_patch_changes_nothing() {
    let base = text("bases/a-controlplane.yaml");
    let before = Configuration::read(&base, Contract::V1_13).unwrap();
    let mut configuration = before.clone();
    let text = "- op: remove\n  path: /machine/token\n- op: test\n  path: /machine/type\n  value: worker\n";
    let patch = Patch::read(text, Contract::V1_13).unwrap();
    let refused = patch.apply(&mut configuration, 1).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("testing path /machine/type failed")
    );
    assert_eq!(configuration, before);
}
