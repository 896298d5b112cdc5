//! `tests/parity.toml`: every statement on the Image Factory has a test that exists, or a reason
//! why it is none of ours.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The survey's sections that matter here: wizard, schematic, files, answers.
const CHAPTERS: &[&str] = &["1", "3", "4", "5"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parity {
    sections: BTreeMap<String, usize>,
    statement: Vec<Statement>,
    #[serde(default)]
    open: Vec<Open>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    id: String,
    says: String,
    test: Option<Tests>,
    not_ours: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Tests {
    One(String),
    Several(Vec<String>),
}

impl Tests {
    fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

/// A statement that nothing shows yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    id: String,
    why: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn parity() -> Parity {
    let text = std::fs::read_to_string(root().join("tests/parity.toml")).unwrap();
    toml::from_str(&text).unwrap()
}

/// Why a named test is none.
fn fault(name: &str) -> Option<String> {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).ok();
    let found = if let Some((path, function)) = name.split_once("::") {
        read(path).map(|text| is_rust_test(&text, function))
    } else if let Some((path, title)) = name.split_once(" > ") {
        read(path).map(|text| is_page_test(&text, title))
    } else {
        return Some(format!("{name:?} names no test"));
    };
    match found {
        None => Some(format!("{name:?}: there is no such file")),
        Some(false) => Some(format!("{name:?}: there is no such test in the file")),
        Some(true) => None,
    }
}

/// The function stands below an attribute that makes it a test, or inside `proptest!`, where the
/// attribute is the same.
fn is_rust_test(text: &str, function: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let heads = ["fn", "async fn"].map(|word| format!("{word} {function}("));
    lines.iter().enumerate().any(|(index, line)| {
        let above = lines[..index].iter().rev();
        let mut attributes = above.take_while(|line| line.starts_with(['#', '/']));
        heads.iter().any(|head| line.starts_with(head))
            && attributes
                .any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    })
}

fn is_page_test(text: &str, title: &str) -> bool {
    ["it(", "test("].iter().any(|call| {
        ['"', '\'', '`'].iter().any(|quote| {
            let begins = format!("{call}{quote}{title}{quote},");
            text.lines().any(|line| line.trim().starts_with(&begins))
        })
    })
}

#[test]
fn every_statement_has_a_test_that_exists_or_a_reason() {
    let mut faults = Vec::new();
    for Statement {
        id,
        says,
        test,
        not_ours,
    } in &parity().statement
    {
        if says.trim().is_empty() {
            faults.push(format!("{id} says nothing"));
        }
        match (test, not_ours) {
            (Some(tests), None) if !tests.names().is_empty() => {
                let missing = tests.names().iter().filter_map(|name| fault(name));
                faults.extend(missing.map(|fault| format!("{id}: {fault}")));
            }
            (None, Some(reason)) if !reason.trim().is_empty() => {}
            _ => faults.push(format!("{id} needs a test, or a reason why it is not ours")),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_statement_is_missing_or_stands_twice() {
    let parity = parity();
    let mut ids: Vec<&str> = parity.statement.iter().map(|one| one.id.as_str()).collect();
    for Open { id, why } in &parity.open {
        assert!(!why.trim().is_empty(), "{id}");
        ids.push(id);
    }
    let listed: BTreeSet<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    assert_eq!(listed.len(), ids.len(), "an id stands twice");
    let expected: BTreeSet<String> = parity
        .sections
        .iter()
        .flat_map(|(section, count)| (1..=*count).map(move |index| format!("{section}/{index}")))
        .collect();
    assert_eq!(listed, expected);
    for chapter in CHAPTERS {
        let own = |section: &&String| section.split('.').next() == Some(chapter);
        assert!(
            parity.sections.keys().any(|section| own(&section)),
            "{chapter}"
        );
    }
}

/// The survey itself lies beside the repository where it was made, and nowhere else.
#[test]
fn the_survey_has_the_statements_that_are_listed() {
    let path = root().join("../shared/facts/image-factory.md");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("the survey is not at hand; its statements were counted where it is");
        return;
    };
    assert_eq!(statements(&text), parity().sections);
}

/// How many statements every section has: list items, tables, blocks of code, and lines of text.
fn statements(text: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let mut section = None;
    let (mut in_code, mut in_table) = (false, false);
    for line in text.lines() {
        if line.starts_with('#') && !in_code {
            section = heading(line);
            in_table = false;
            continue;
        }
        let Some(section) = &section else { continue };
        let table = line.starts_with('|') && !in_code;
        let fence = line.starts_with("```");
        let continued = line.starts_with(' ') && !is_item(line.trim_start());
        let counts_as_one = match (fence, in_code, table) {
            (true, _, _) => !in_code,
            (_, true, _) => false,
            (_, _, true) => !in_table,
            _ => !line.trim().is_empty() && !continued,
        };
        in_code ^= fence;
        in_table = table;
        if counts_as_one {
            *counts.entry(String::clone(section)).or_default() += 1;
        }
    }
    counts
}

/// `## 3. The schematic` and `### 1.4 Step 2` have a number that may matter.
fn heading(line: &str) -> Option<String> {
    let title = line
        .strip_prefix("###")
        .or_else(|| line.strip_prefix("##"))?;
    let number = title.trim_start().split(' ').next()?.trim_end_matches('.');
    let chapter = number.split('.').next()?;
    CHAPTERS.contains(&chapter).then(|| number.to_owned())
}

fn is_item(line: &str) -> bool {
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    line.starts_with("- ") || (digits.len() < line.len() && digits.starts_with(". "))
}

#[test]
fn what_is_no_test_is_found_out() {
    let rust =
        "#[test]\nfn one() {}\n\nfn two() {}\n\n/// Text.\n#[tokio::test]\nasync fn three() {}\n";
    assert!(is_rust_test(rust, "one") && is_rust_test(rust, "three"));
    assert!(!is_rust_test(rust, "two") && !is_rust_test(rust, "on"));
    let page = "it(\"says so\", () => {\n  test('other', async () => {\n// it(\"not\", run)";
    assert!(is_page_test(page, "says so") && is_page_test(page, "other"));
    assert!(!is_page_test(page, "not") && !is_page_test(page, "says"));
    for name in [
        "nothing",
        "xtask/tests/none.rs::x",
        "xtask/tests/parity.rs::fault",
    ] {
        assert!(fault(name).is_some(), "{name}");
    }
    let survey = "## 2. Other\n- no\n## 1. One\nA line.\n\n### 1.1 Two (x)\n- a\n  more\n   - b\n1. c\n\
                  | x |\n| y |\n```\ncode\n```\n### Text\n- no\n";
    let expected = [("1".to_owned(), 1), ("1.1".to_owned(), 5)];
    assert_eq!(statements(survey), BTreeMap::from(expected));
}
