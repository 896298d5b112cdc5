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

use crete_model::{Layer, LayerOutcome, Problem};
use crete_testkit::disks;
use faults::bench::{Bench, Outcome, wire};
use faults::table::{Alone, Resume, Row, State};
use std::path::Path;
use std::process::Command;

/// Set where the test already runs in its own namespaces.
const INSIDE: &str = "CRETE_FAULTS_INSIDE";

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_the_table() {
    if std::env::var_os(INSIDE).is_none() {
        if let Some(passed) = inside_namespaces("every_row_of_the_table") {
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
fn inside_namespaces(test: &str) -> Option<bool> {
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
    let again = r#"ip link set lo up && exec "$0" --exact "$1" --nocapture"#;
    let status = unshare(&["sh", "-c", again, &this.display().to_string(), test])
        .env(INSIDE, "1")
        .status()
        .unwrap();
    Some(status.success())
}

/// Whether the test goes on here, in namespaces of its own. What it needs them for is said where
/// there are none.
fn is_inside(test: &str, what: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    match inside_namespaces(test) {
        Some(passed) => assert!(passed, "see the lines above"),
        None => crete_testkit::skip(what, "no user namespaces here"),
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_an_import_and_says_what_is_missing() {
    const NAME: &str = "a_full_disk_stops_an_import_and_says_what_is_missing";
    if !is_inside(NAME, "an import onto a full disk") {
        return;
    }
    let temp = tempfile::tempdir().unwrap();
    // The disk is too small for what is always left free.
    let bench = Bench::set_up(faults::table::Fault::FullBefore, temp.path()).await;
    let disk = disks::noisy_disk(4 << 20, 1_200_000, 5);
    for (name, bytes) in [
        ("own.raw", disk.clone()),
        ("own.raw.zst", disks::zst(&disk)),
    ] {
        let path = temp.path().join(name);
        std::fs::write(&path, &bytes).unwrap();
        let first = bench.import(path.clone()).await;
        let problem = first.problem.unwrap();
        assert_eq!(wire(problem.code), "disk_full", "{name}");
        let number = |key: &str| problem.params[key].parse::<u64>().unwrap();
        assert!(
            number("free") > 0 && number("free") < number("needed"),
            "{problem:?}"
        );
        assert!(number("needed") >= crete_fetch::RESERVE, "{problem:?}");
        assert!(Path::new(&problem.params["path"]).is_dir(), "{problem:?}");
        assert_eq!(
            std::fs::read(&path).unwrap(),
            bytes,
            "{name} is the person's"
        );
        let folder = bench.folder_of(first.image);
        assert!(!folder.join("base").exists() && !folder.join("base.unpacking").exists());

        bench.resize("size=2g");
        let second = bench.import(path).await;
        assert_eq!(
            (second.problem, second.image),
            (None, first.image),
            "{name}"
        );
        assert!(
            std::fs::read(folder.join("base")).unwrap() == disk,
            "{name}"
        );
        bench.resize("size=100m");
    }
    bench.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_watched_is_looked_at() {
    const NAME: &str = "a_folder_that_cannot_be_watched_is_looked_at";
    if !is_inside(NAME, "a computer without inotify") {
        return;
    }
    std::fs::write("/proc/sys/user/max_inotify_instances", "0").unwrap();
    let temp = tempfile::tempdir().unwrap();
    let bench = Bench::set_up(faults::table::Fault::NotThere, temp.path()).await;
    bench
        .put_into_the_folder("own.iso", &disks::talos_iso())
        .await;
    bench.close().await.unwrap();
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
            let said = first.tries.iter().find(|said| says(said, row));
            expect!(
                said.is_some(),
                "said {:?} while it tried again",
                first.tries
            );
            check_content(&bench, &first)?;
        }
        State::Incomplete => {
            let Some(problem) = &first.problem else {
                return Err("no problem is shown".to_owned());
            };
            expect!(says(problem, row), "said {problem:?}");
            expect!(!problem.remedies.is_empty(), "no remedy");
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
    check_folder(&bench.image_folder(), row)?;

    let transfers = bench.transfers();
    bench.mend(row.fault).await;
    let second = bench.resume().await;
    expect!(second.state == State::Ready, "after mending {second:?}");
    check_content(&bench, &second)?;
    expect!(
        second.set_aside == usize::from(row.aside),
        "what was set aside is gone"
    );
    let from = bench.first_byte_of_last_transfer();
    match row.resume {
        Resume::GoesOn => expect!(from > 0, "it began at the first byte"),
        Resume::Begins => expect!(from == 0, "it went on at byte {from}"),
        Resume::FetchesNothing => {
            expect!(bench.transfers() == transfers, "it was fetched again");
        }
    }
    bench.close().await
}

/// Whether a problem has the row's code and names what the row wants named.
fn says(problem: &Problem, row: &Row) -> bool {
    let named = |(name, wanted): (&String, &String)| {
        let text = problem.params.get(name).map_or("", String::as_str);
        match wanted.split_once('*') {
            None => text == wanted,
            Some((before, after)) => text
                .strip_prefix(before)
                .and_then(|rest| rest.strip_suffix(after))
                .is_some_and(|number| number.parse::<u64>().is_ok_and(|number| number > 0)),
        }
    };
    wire(problem.code) == row.code && row.names.iter().all(named)
}

/// A ready file is the one that was sent, and every layer says how it stands, however often it
/// was interrupted.
fn check_content(bench: &Bench, ready: &Outcome) -> Result<(), String> {
    use LayerOutcome::{Absent, Good};
    expect!(ready.content_is_right, "another content");
    let transport = match bench.is_secure() {
        true => (Layer::Transport, Good, Some("localhost".to_owned())),
        false => (Layer::Transport, Absent, None),
    };
    let rest = [Layer::Length, Layer::Structure, Layer::Digest].map(|layer| (layer, Good, None));
    let wanted: Vec<_> = std::iter::once(transport).chain(rest).collect();
    expect!(ready.layers == wanted, "layers {:?}", ready.layers);
    Ok(())
}

/// Nothing that failed may look like a file that is complete.
fn check_folder(folder: &Path, row: &Row) -> Result<(), String> {
    for name in ["base", "metal-amd64.raw.zst", "metal-amd64.iso"] {
        // What arrived whole waits there for being unpacked.
        let waits = row.resume == Resume::FetchesNothing && name.ends_with(".zst");
        expect!(folder.join(name).exists() == waits, "{name}");
    }
    Ok(())
}
