//! The examples as programs: what they print, and with what they end, on files that are not ours.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use support::golden;

/// Cargo builds examples beside the tests of their package.
fn example(name: &str, args: &[&str]) -> Output {
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join("examples").join(name);
    let output = Command::new(&program).args(args).output();
    output.unwrap_or_else(|error| panic!("{}: {error}", program.display()))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn write(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// An end with code 1, a reason on standard error and nothing on standard output.
fn refused(name: &str, args: &[&str]) -> String {
    let output = example(name, args);
    assert_eq!(output.status.code(), Some(1), "{name} {args:?}");
    assert!(output.stdout.is_empty(), "{name} {args:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!said.trim().is_empty(), "{name} {args:?}");
    said
}

#[test]
fn what_is_not_a_command_line_ends_with_one() {
    let config = golden("bases/b-worker.yaml");
    let config = text(&config);
    for (name, args) in [
        ("validate", vec![]),
        ("validate", vec![config, config]),
        ("validate", vec![config, "--mode"]),
        ("validate", vec![config, "--mode", "cloudy"]),
        ("validate", vec![config, "--talos", "v1.9"]),
        ("validate", vec![config, "--talos", "newest"]),
        ("validate", vec![config, "--tallos", "v1.12"]),
        (
            "validate",
            vec![config, "--mode", "metal", "--mode", "cloud"],
        ),
        ("validate", vec!["-v", config]),
        ("validate", vec!["nowhere.yaml"]),
        ("merge_patch", vec![]),
        ("merge_patch", vec![config, "nowhere.yaml"]),
        ("merge_patch", vec![config, "--mode", "metal"]),
        ("merge_patch", vec![config, "--talos"]),
        ("extract_secrets", vec![]),
        ("extract_secrets", vec![config, config]),
        ("extract_secrets", vec!["--talos", config]),
        ("gen_config", vec![]),
        ("gen_config", vec![config]),
        ("gen_config", vec!["nowhere.yaml", "folder"]),
    ] {
        refused(name, &args);
    }
}

#[test]
fn a_configuration_is_judged_by_version_and_mode() {
    let path = golden("bases/b-controlplane.yaml");
    let judged = |args: &[&str]| -> Value {
        let output = example("validate", &[&[text(&path)], args].concat());
        assert!(output.status.success(), "a refusal is an answer");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    for talos in ["v1.12", "1.12", "v1.13.9", "v1.14"] {
        let said = judged(&["--talos", talos, "--mode", "metal"]);
        assert_eq!(said["ok"], true, "{talos}: {said}");
        assert_eq!(said["errors"], Value::Array(Vec::new()));
    }
    let said = judged(&["--mode=metal", "--talos=v1.11"]);
    assert_eq!(said["ok"], false);
    let error = said["errors"][0].as_str().unwrap();
    assert!(
        error.starts_with("unknown keys found during decoding:"),
        "{error}"
    );
    // What only a machine needs, a container does not.
    let folder = tempfile::tempdir().unwrap();
    let patch = "machine:\n  install:\n    $patch: delete\n";
    let patch = write(folder.path(), "patch.yaml", patch);
    let merged = example(
        "merge_patch",
        &[text(&path), text(&patch), "--talos", "v1.12"],
    );
    let merged = String::from_utf8(merged.stdout).unwrap();
    let without = write(folder.path(), "without.yaml", &merged);
    for (mode, ok) in [("metal", false), ("cloud", true)] {
        let output = example(
            "validate",
            &[text(&without), "--mode", mode, "--talos", "v1.12"],
        );
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(said["ok"], ok, "{mode}: {said}");
    }
}

#[test]
fn what_cannot_be_merged_is_refused_with_the_file_to_blame() {
    let config = golden("bases/b-worker.yaml");
    let folder = tempfile::tempdir().unwrap();
    let patch = |content: &str| write(folder.path(), "patch.yaml", content);
    for (content, part) in [
        ("machine:\n  nonsense: 1\n", "nonsense"),
        ("machine: [\n", "patch.yaml"),
        ("apiVersion: v1alpha1\nkind: Nonsense\n", "Nonsense"),
        ("$patch: delete\n", "apiVersion"),
        (
            "machine:\n  nonsense:\n    $patch: delete\n",
            "lookup failed",
        ),
    ] {
        let path = patch(content);
        let said = refused(
            "merge_patch",
            &[text(&config), text(&path), "--talos", "v1.13"],
        );
        assert!(said.contains(part), "{content}: {said}");
    }
    // One patch after another, as they are written.
    let one = write(
        folder.path(),
        "one.yaml",
        "machine:\n  certSANs: [a.example]\n",
    );
    let two = write(
        folder.path(),
        "two.yaml",
        "machine:\n  certSANs: [b.example]\n",
    );
    let output = example(
        "merge_patch",
        &["--talos", "v1.12", text(&config), text(&one), text(&two)],
    );
    assert!(output.status.success());
    let merged = String::from_utf8(output.stdout).unwrap();
    assert!(merged.find("a.example").unwrap() < merged.find("b.example").unwrap());
}

#[test]
fn a_strange_case_is_refused_and_a_short_one_gets_its_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let good = "contract: v1.13\nclusterName: a\nendpoint: https://10.0.0.1:6443\n";
    let secrets = golden("secrets/lab.yaml");
    let target = folder.path().join("made");
    for content in [
        "",
        "- a\n",
        "contract: v1.13\nclusterName: a\n",
        &good.replace("v1.13", "v1.9"),
        &format!("{good}clusterNmae: b\n"),
        &format!("{good}kubePrismPort: many\n"),
        &format!("{good}secrets: nowhere.yaml\n"),
        &format!("{good}time: yesterday\n"),
        &format!("{good}secrets: {}\nroles: [os:king]\n", text(&secrets)),
        &format!(
            "{good}secrets: {}\npatches: [nowhere.yaml]\n",
            text(&secrets)
        ),
    ] {
        let case = write(folder.path(), "case.yaml", content);
        refused("gen_config", &[text(&case), text(&target)]);
    }
    let content = format!("{good}secrets: {}\n", text(&secrets));
    let case = write(folder.path(), "case.yaml", &content);
    let output = example("gen_config", &[text(&case), text(&target)]);
    assert!(output.status.success(), "{output:?}");
    let made = std::fs::read_to_string(target.join("controlplane.yaml")).unwrap();
    for part in [
        "ghcr.io/siderolabs/installer:v1.13.9",
        "disk: /dev/sda",
        "kube-apiserver:v1.36.3",
    ] {
        assert!(made.contains(part), "{part}");
    }
    assert!(!target.join("secrets.yaml").exists(), "they were given");
    for name in ["worker.yaml", "talosconfig", "kubeconfig"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(target.join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name} holds secrets");
    }
    let output = example(
        "extract_secrets",
        &[text(&target.join("controlplane.yaml"))],
    );
    let again = String::from_utf8(output.stdout).unwrap();
    assert_eq!(again, std::fs::read_to_string(&secrets).unwrap());
}
