//! `tests/network.toml`: every statement about networks has tests that exist.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use serde::Deserialize;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    statement: Vec<Statement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    says: String,
    tests: Vec<String>,
}

fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap().to_owned()
}

/// Why a named test is none.
fn fault(name: &str) -> Option<String> {
    let (path, function) = name.split_once("::")?;
    let file = match path.strip_prefix('/') {
        Some(path) => root().join(path),
        None => root().join("crates/crete-net").join(path),
    };
    let Ok(text) = std::fs::read_to_string(&file) else {
        return Some(format!("{}: there is no such file", file.display()));
    };
    if path.ends_with(".ts") {
        let is_there = ["it", "test"]
            .iter()
            .any(|word| text.contains(&format!("{word}(\"{function}\"")));
        return (!is_there).then(|| format!("{name}: there is no such test in the file"));
    }
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let heads = ["fn", "async fn"].map(|word| format!("{word} {function}("));
    let is_there = lines.iter().enumerate().any(|(index, line)| {
        let above = lines[..index].iter().rev();
        let mut attributes = above.take_while(|line| line.starts_with(['#', '/']));
        heads.iter().any(|head| line.starts_with(head))
            && attributes
                .any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    });
    (!is_there).then(|| format!("{name}: there is no such test in the file"))
}

#[test]
fn every_statement_has_tests_that_exist() {
    let text = std::fs::read_to_string(root().join("tests/network.toml")).unwrap();
    let table: Table = toml::from_str(&text).unwrap();
    let mut faults = Vec::new();
    for Statement { says, tests } in &table.statement {
        if tests.is_empty() || tests.iter().any(|name| !name.contains("::")) {
            faults.push(format!("{says}: names no test"));
        }
        faults.extend(tests.iter().filter_map(|name| fault(name)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(table.statement.len() > 30, "{}", table.statement.len());
}

#[test]
fn a_test_that_is_not_there_is_missed() {
    assert!(fault("src/packet.rs::no_such_test").is_some());
    assert!(fault("src/nothing.rs::no_bytes_panic").is_some());
    assert!(fault("/tests/e2e/network.test.ts::no such test").is_some());
    assert_eq!(fault("src/packet.rs::no_bytes_panic"), None);
}
