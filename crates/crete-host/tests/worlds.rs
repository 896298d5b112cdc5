//! Recorded computers and what is said of them.
//!
//! The expectations stand in two files that a person can read: `expected.txt` holds verdicts,
//! states, causes and remedies, and the page's tests turn `reports.jsonl` into the words of
//! `words.txt`. Both files here are written by this test and compared by it, so neither drifts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use crete_host::{Checks, Limits, RecordedWorld, ThisComputer};
use crete_model::{CauseCode, CheckCode, CheckState, HostReport, Remedy};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Long enough for any look at a recorded computer, short enough to wait for those that hang.
const LIMITS: Limits = Limits {
    program: Duration::from_secs(5),
    check: Duration::from_secs(3),
};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/host-worlds")
}

fn load(name: &str) -> RecordedWorld {
    let path = fixtures().join(format!("{name}.yaml"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{}", path.display()));
    let mut world: RecordedWorld =
        serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    while let Some(base) = world.base.take() {
        world = world.over(load(&base));
    }
    world
}

fn names() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

async fn report(world: RecordedWorld) -> HostReport {
    let data = Path::new("/home/ariadne/.local/share/crete");
    Checks::new(Arc::new(world), LIMITS)
        .run(data, "2026-03-20T09:00:00Z")
        .await
}

fn name(value: impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap();
    value.as_str().unwrap().to_owned()
}

fn lines(commands: &[Vec<String>]) -> String {
    let lines: Vec<String> = commands.iter().map(|line| line.join(" ")).collect();
    lines.join("; ")
}

fn in_short(remedy: &Remedy) -> String {
    match remedy {
        Remedy::Fix {
            fix,
            commands,
            undo,
        } => format!(
            "fix {}: `{}`, back by `{}`",
            name(fix),
            lines(commands),
            lines(undo)
        ),
        Remedy::RunCommand {
            command,
            privileged,
        } => {
            let who = if *privileged { "as administrator " } else { "" };
            format!("by hand {who}`{command}`")
        }
        other => {
            let value = serde_json::to_value(other).unwrap();
            let fields = value.as_object().unwrap().iter();
            let words: Vec<&str> = fields.map(|(_, value)| value.as_str().unwrap()).collect();
            words.join(" ")
        }
    }
}

/// One line for the verdict, and some for each check that has something to say.
fn summary(world: &str, about: &str, report: &HostReport) -> String {
    let mut text = format!(
        "{world}: {} by {}\n  {about}\n",
        name(report.verdict),
        name(report.accelerator)
    );
    for check in &report.checks {
        if check.cause == CauseCode::Fine {
            continue;
        }
        let params: Vec<String> = check
            .params
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        writeln!(
            text,
            "  {} {}: {} ({})",
            name(check.code),
            name(check.state),
            name(check.cause),
            params.join(", ")
        )
        .unwrap();
        for remedy in &check.remedies {
            writeln!(text, "    -> {}", in_short(remedy)).unwrap();
        }
    }
    text.push('\n');
    text
}

/// Rules that hold for every computer.
fn hold_the_rules(world: &str, report: &HostReport) {
    for check in &report.checks {
        assert!(
            check.state == CheckState::Ok || !check.remedies.is_empty(),
            "{world}: {:?} has no remedy",
            check.code
        );
        assert!(!check.evidence.is_empty(), "{world}: {:?}", check.code);
        for remedy in &check.remedies {
            let Remedy::Fix { commands, undo, .. } = remedy else {
                continue;
            };
            assert!(!commands.is_empty());
            for line in commands.iter().chain(undo) {
                assert!(
                    line[0].starts_with('/'),
                    "{world}: {line:?} is no absolute path"
                );
                let shell = |arg: &String| arg.contains(|c: char| " ;&|$`'\"\\<>*?~".contains(c));
                assert!(!line.iter().any(shell), "{world}: {line:?}");
            }
        }
    }
}

/// Compares with a kept file, or writes it anew where that was asked for.
fn same_as_kept(file: &str, seen: &str) {
    let path = fixtures().join(file);
    if std::env::var_os("CRETE_ACCEPT").is_some() {
        std::fs::write(&path, seen).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = kept.lines().zip(seen.lines()).find(|(old, new)| old != new);
    assert!(
        kept == seen,
        "{file} differs, first in {differs:#?}; CRETE_ACCEPT=1 writes the new text for review"
    );
}

#[tokio::test]
async fn recorded_computers_get_the_expected_verdict() {
    let names = names();
    assert!(names.len() >= 25);
    let looks = names.iter().map(|name| report(load(name)));
    let reports = futures_util::future::join_all(looks).await;
    let (mut expected, mut jsonl) = (String::new(), String::new());
    for (world, report) in names.iter().zip(&reports) {
        hold_the_rules(world, report);
        let about = load(world).about;
        expected.push_str(&summary(world, &about, report));
        let line = serde_json::json!({ "world": world, "about": about, "report": report });
        writeln!(jsonl, "{line}").unwrap();
    }
    same_as_kept("expected.txt", &expected);
    same_as_kept("reports.jsonl", &jsonl);
}

#[tokio::test]
async fn a_file_that_never_ends_holds_up_only_its_own_check() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join("proc")).unwrap();
    // Opening a pipe waits for somebody to write.
    let pipe = root.path().join("proc/meminfo");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    let computer = ThisComputer::new("", "ariadne".into()).below(root.path());
    let limits = Limits {
        check: Duration::from_secs(2),
        ..LIMITS
    };
    let report = Checks::new(Arc::new(computer), limits)
        .run(Path::new("/"), "now")
        .await;
    let by_code = |code| {
        report
            .checks
            .iter()
            .find(|check| check.code == code)
            .unwrap()
    };
    assert_eq!(by_code(CheckCode::Memory).cause, CauseCode::CutOff);
    assert_eq!(by_code(CheckCode::Qemu).cause, CauseCode::NotInstalled);
    assert_eq!(by_code(CheckCode::Disk).cause, CauseCode::Fine);
}

#[tokio::test]
async fn this_computer_is_checked_completely() {
    let path = std::env::var("PATH").unwrap_or_default();
    let computer = ThisComputer::new(&path, "nobody".into());
    let report = Checks::new(Arc::new(computer), Limits::default())
        .run(Path::new("/"), "now")
        .await;
    let codes: Vec<CheckCode> = report.checks.iter().map(|check| check.code).collect();
    use CheckCode::{CpuLevel, Disk, Environment, Firmware, Kvm, Memory, Qemu, QemuImg};
    assert_eq!(
        codes,
        [
            CpuLevel,
            Kvm,
            Qemu,
            QemuImg,
            Firmware,
            Memory,
            Disk,
            Environment
        ]
    );
    let cut: Vec<_> = report
        .checks
        .iter()
        .filter(|c| c.cause == CauseCode::CutOff)
        .collect();
    assert!(cut.is_empty(), "{cut:?}");
}
