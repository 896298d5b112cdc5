//! Recorded computers and what is said of them. The expectations stand in one readable file.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use crete_host::{RecordedWorld, ThisComputer, check};
use crete_model::{CheckCode, CheckState, HostReport, Remedy};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/host-worlds")
}

fn name(value: impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned()
}

/// One line for the verdict, one for each check that is not fine.
fn summary(world: &str, report: &HostReport) -> String {
    let mut text = format!(
        "{world}: {} by {}\n",
        name(report.verdict),
        name(report.accelerator)
    );
    for check in report
        .checks
        .iter()
        .filter(|check| check.state != CheckState::Ok)
    {
        let params: Vec<String> = check
            .params
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let remedies: Vec<String> = check
            .remedies
            .iter()
            .map(|remedy| match remedy {
                Remedy::RunCommand { command, .. } => format!("`{command}`"),
                other => serde_json::to_value(other).unwrap()["kind"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            })
            .collect();
        writeln!(
            text,
            "  {} {}: {} ({}) -> {}",
            name(check.code),
            name(check.state),
            name(check.cause),
            params.join(", "),
            remedies.join(", ")
        )
        .unwrap();
    }
    text
}

#[tokio::test]
async fn recorded_computers_get_the_expected_verdict() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    files.sort();
    let mut seen = String::new();
    for file in &files {
        let world: RecordedWorld =
            serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let report = check(&world, Path::new("/home/ariadne/.local/share/crete"), "now").await;
        assert!(
            report
                .checks
                .iter()
                .all(|c| c.state == CheckState::Ok || !c.remedies.is_empty()),
            "{}: every check that is not fine has a remedy",
            file.display()
        );
        seen.push_str(&summary(
            file.file_stem().unwrap().to_str().unwrap(),
            &report,
        ));
    }
    let expected_path = fixtures().join("expected.txt");
    if std::env::var_os("CRETE_ACCEPT").is_some() {
        std::fs::write(&expected_path, &seen).unwrap();
    }
    let expected = std::fs::read_to_string(&expected_path).unwrap();
    assert_eq!(
        seen, expected,
        "review the difference; CRETE_ACCEPT=1 writes the new text"
    );
}

#[tokio::test]
async fn this_computer_is_checked_completely() {
    let path = std::env::var("PATH").unwrap_or_default();
    let report = check(
        &ThisComputer::new(&path, "nobody".into()),
        Path::new("/"),
        "now",
    )
    .await;
    let codes: Vec<CheckCode> = report.checks.iter().map(|check| check.code).collect();
    use CheckCode::{CpuLevel, Disk, Firmware, Kvm, Memory, Qemu, QemuImg};
    assert_eq!(
        codes,
        [CpuLevel, Kvm, Qemu, QemuImg, Firmware, Memory, Disk]
    );
}
