//! The table of download faults, row by row, against servers that really behave so.
//!
//! The table is `tests/fixtures/download-faults.yaml`; it is read here and never repeated. The
//! test runs itself again in a user, mount and network namespace of its own, where names do not
//! resolve, nothing but this computer can be reached, and a disk can be made full.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod faults {
    pub mod bench;
    pub mod servers;
    pub mod table;
}

use faults::bench::Bench;
use faults::table::{Alone, Resume, Row, State};
use std::path::Path;
use std::process::Command;

/// Set where the test already runs in its own namespaces.
const INSIDE: &str = "CRETE_FAULTS_INSIDE";

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_the_table() {
    if std::env::var_os(INSIDE).is_none() {
        if let Some(passed) = inside_namespaces() {
            assert!(passed, "see the lines above");
            return;
        }
        crete_testkit::skip(
            "rows that need a network or a disk of their own",
            "no user namespaces here",
        );
    }
    let own = std::env::var_os(INSIDE).is_some();
    let rows = faults::table::read();
    let mut failed = Vec::new();
    for row in &rows {
        if row.fault.needs_namespaces() && !own {
            continue;
        }
        let began = std::time::Instant::now();
        let told = run(row).await;
        let seconds = began.elapsed().as_secs_f64();
        match told {
            Ok(()) => println!("ok      {seconds:5.2} s  {:?}", row.fault),
            Err(words) => {
                println!("FAILED  {seconds:5.2} s  {:?}: {words}", row.fault);
                failed.push(format!("{:?}: {words}", row.fault));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_fault_the_test_knows_is_in_the_table_once() {
    let mut known = faults::table::Fault::all();
    for row in faults::table::read() {
        let place = known.iter().position(|fault| *fault == row.fault);
        let place = place.unwrap_or_else(|| panic!("{:?} is there twice", row.fault));
        known.remove(place);
    }
    assert!(known.is_empty(), "not in the table: {known:?}");
}

/// Runs the test again in namespaces of its own; nothing where that is not permitted.
fn inside_namespaces() -> Option<bool> {
    let unshare = |script: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "--net", "--"]);
        command.args(script);
        command
    };
    let up = "ip link set lo up";
    let permitted = unshare(&["sh", "-c", up]).output();
    if !permitted.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let this = std::env::current_exe().unwrap();
    let again = r#"ip link set lo up && exec "$0" --exact every_row_of_the_table --nocapture"#;
    let status = unshare(&["sh", "-c", again, &this.display().to_string()])
        .env(INSIDE, "1")
        .status()
        .unwrap();
    Some(status.success())
}

macro_rules! expect {
    ($holds:expr, $($words:tt)+) => {
        if !$holds {
            return Err(format!($($words)+));
        }
    };
}

/// One row: the fault, its outcome, the mending, and going on.
async fn run(row: &Row) -> Result<(), String> {
    let temp = tempfile::tempdir().unwrap();
    let mut bench = Bench::set_up(row.fault, temp.path()).await;
    let first = bench.download().await;
    expect!(
        first.state == row.state,
        "state {:?}, {first:?}",
        first.state
    );
    match row.state {
        State::Ready => {
            let said = first.tries.contains(&row.code);
            expect!(said, "said {:?} while it tried again", first.tries);
            expect!(first.content_is_right, "another content");
        }
        State::Incomplete => {
            expect!(
                first.code.as_ref() == Some(&row.code),
                "code {:?}",
                first.code
            );
            expect!(!first.remedies.is_empty(), "no remedy");
        }
    }
    match row.alone {
        Alone::Times(times) => expect!(first.tries.len() == times, "tried again {:?}", first.tries),
        Alone::GivesUp => expect!(first.tries.len() >= 2, "tried again {:?}", first.tries),
    }
    expect!(
        first.set_aside == usize::from(row.aside),
        "{} set aside",
        first.set_aside
    );
    if row.state == State::Ready {
        return bench.close().await;
    }
    expect!(
        (first.received > 0) == row.kept,
        "{} bytes kept",
        first.received
    );
    check_folder(&bench.image_folder())?;

    bench.mend(row.fault).await;
    let second = bench.resume().await;
    expect!(second.state == State::Ready, "after mending {second:?}");
    expect!(second.content_is_right, "another content after mending");
    expect!(
        second.set_aside == usize::from(row.aside),
        "what was set aside is gone"
    );
    let from = bench.first_byte_of_last_transfer();
    match row.resume {
        Resume::GoesOn => expect!(from > 0, "it began at the first byte"),
        Resume::Begins => expect!(from == 0, "it went on at byte {from}"),
    }
    bench.close().await
}

/// Nothing that failed may look like a file that is complete.
fn check_folder(folder: &Path) -> Result<(), String> {
    for name in ["base", "metal-amd64.raw.zst", "metal-amd64.iso"] {
        expect!(!folder.join(name).exists(), "{name} is there");
    }
    Ok(())
}
