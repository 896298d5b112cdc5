//! Verdicts and merges against what Talos' own library answered, every kind and every version.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../examples/support/answer.rs"]
mod answer;
mod support;

use crete_talos::Contract;
use crete_talos::config::keys;
use crete_talos::yaml::{self, Entry, Kind, Node};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use support::contracts_of;

/// The recorded cases, each with the file it stands in.
fn recorded() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/talos/verdicts");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the recorded verdicts are there")
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        for line in std::fs::read_to_string(&file).unwrap().lines() {
            cases.push((name.clone(), serde_json::from_str(line).unwrap()));
        }
    }
    cases
}

#[test]
fn every_verdict_and_merge_is_talos_own() {
    let (mut compared, mut wrong) = (0, Vec::new());
    for (file, case) in recorded() {
        for group in case["answers"].as_array().unwrap() {
            for contract in contracts_of(group) {
                let ours = answer::answer(&case, contract);
                compared += 1;
                if let Some(difference) = difference(&ours, group) {
                    wrong.push(format!("{file}: {} {contract}: {difference}", case["name"]));
                }
            }
        }
    }
    assert!(compared > 4000, "{compared}");
    let some: Vec<&str> = wrong.iter().take(20).map(String::as_str).collect();
    assert!(
        wrong.is_empty(),
        "{} of {compared}:\n{}",
        wrong.len(),
        some.join("\n")
    );
}

#[test]
fn every_kind_of_every_version_is_among_them() {
    let mut seen = BTreeSet::new();
    for (_, case) in recorded() {
        let versions: Vec<Contract> = case["answers"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|group| group["stage"] != "load")
            .flat_map(contracts_of)
            .collect();
        for document in yaml::read(case["yaml"].as_str().unwrap()).unwrap_or_default() {
            let kind = document.text_at(&["kind"]).to_owned();
            seen.extend(versions.iter().map(|version| (*version, kind.clone())));
        }
    }
    for contract in Contract::ALL {
        for kind in keys(contract).kinds.into_keys() {
            let place = (contract, kind);
            assert!(seen.contains(&place), "{contract} {}", place.1);
        }
    }
}

fn difference(ours: &Value, theirs: &Value) -> Option<String> {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let (our_stage, their_stage) = (text(ours, "stage"), text(theirs, "stage"));
    let (our_text, their_text) = (text(ours, "err"), text(theirs, "err"));
    if our_stage != their_stage {
        return Some(format!(
            "{our_stage} {our_text} instead of {their_stage} {their_text}"
        ));
    }
    if our_text != their_text && comparable(&our_text) != comparable(&their_text) {
        return Some(format!("{our_text}\n  instead of\n{their_text}"));
    }
    let warnings = |value: &Value| value["warnings"].as_array().cloned().unwrap_or_default();
    if warnings(ours) != warnings(theirs) {
        let (ours, theirs) = (warnings(ours), warnings(theirs));
        return Some(format!("warnings {ours:?} instead of {theirs:?}"));
    }
    let (our_out, their_out) = (meanings(&text(ours, "out")), meanings(&text(theirs, "out")));
    (our_out != their_out).then(|| {
        let missing = their_out.iter().filter(|one| !our_out.contains(one));
        let more = our_out.iter().filter(|one| !their_out.contains(one));
        format!(
            "{:?}\n  instead of\n{:?}",
            more.collect::<Vec<_>>(),
            missing.collect::<Vec<_>>()
        )
    })
}

/// A refusal without what is not Talos' own: how unknown values were quoted, what the parsers of
/// expressions and of certificates say, and the order of names that have none.
fn comparable(text: &str) -> String {
    if text.contains("unknown keys found during decoding") {
        return text.replace(['"', '\'', '\\'], "");
    }
    let mut lines: Vec<String> = Vec::new();
    let mut rest = text.lines();
    while let Some(line) = rest.next() {
        if let Some((before, after)) = line.split_once("ERROR: <input>") {
            let syntax = after.contains("Syntax error");
            // The first of several counts.
            if !before.is_empty() {
                let reason = if syntax { "Syntax error" } else { after };
                lines.push(format!("{before}{reason}"));
            }
            for _ in 0..2 {
                rest.next();
            }
            continue;
        }
        let known = line.find("is invalid: failed to parse");
        lines.push(line[..known.unwrap_or(line.len())].to_owned());
    }
    if text.contains("invalid environment variable name") {
        lines.sort_by_key(|line| line.trim_start_matches(|c| c != 'i').to_owned());
        return lines.concat().replace("EnvironmentConfig: ", "");
    }
    lines.join("\n")
}

/// What the documents of a text say, in an order of their own.
fn meanings(text: &str) -> Vec<String> {
    let documents = yaml::read(text).unwrap();
    let mut all: Vec<String> = documents
        .iter()
        .filter_map(|document| meaning("", document))
        .map(|document| document.to_string())
        .collect();
    all.sort();
    all
}

/// A value without what means the same as its absence.
fn meaning(key: &str, node: &Node) -> Option<Value> {
    match &node.kind {
        _ if node.is_null() => None,
        Kind::Sequence(items) => {
            let said = |item| meaning(key, item).unwrap_or(Value::Null);
            let items: Vec<Value> = items.iter().map(said).collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        Kind::Mapping(entries) => {
            let provider = node.text_at(&["provider"]);
            let keys = node.get("keys").map(Node::items).unwrap_or_default();
            if key == "encryption" && matches!(provider, "" | "none") && keys.is_empty() {
                return None;
            }
            let said = |Entry { key, value, .. }: &Entry| Some((key.clone(), meaning(key, value)?));
            // In the order of their keys.
            let map: BTreeMap<_, _> = entries.iter().filter_map(said).collect();
            (!map.is_empty()).then(|| Value::Object(map.into_iter().collect()))
        }
        Kind::Scalar { text, .. } => {
            let number = node.as_integer().map(|number| number.to_string());
            let text = number.unwrap_or_else(|| text.to_lowercase());
            // Sizes and addresses of cards are the same with or without marks between their parts.
            let text = match key {
                "size" => text.replace(' ', ""),
                "hardwareAddr" | "duidRaw" => text.replace(':', ""),
                _ => text,
            };
            let nothing = match text.as_str() {
                "" | "0" | "0s" | "none" | "accept" | "do53" | "unspec" | "linear" => true,
                "false" => matches!(key, "readonly" | "passive" | "machinedAccess"),
                "raid1" => key == "level",
                "1.0" => key == "metadata",
                _ => false,
            };
            (!nothing).then_some(Value::String(text))
        }
    }
}
