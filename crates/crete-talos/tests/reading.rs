//! Reading configurations as strictly as each version of Talos does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_talos::Contract;
use crete_talos::config::Configuration;
use serde_json::Value;
use support::{cases, contracts_of, text};

/// Refusals whose text is Talos' own, not its YAML reader's.
const OWN: &[&str] = &[
    "unknown keys found during decoding",
    "not registered",
    "duplicate document",
    "conflicting documents",
    "config not found",
    "missing apiVersion",
    "expected a mapping node",
    "expected a YAML document",
    "null value is not allowed",
];

#[test]
fn what_a_version_refuses_to_read_is_refused_in_its_words() {
    let mut refused = 0;
    for case in cases("invalid") {
        let input = text(&format!("invalid/{case}/input.yaml"));
        let expected = support::json(&format!("invalid/{case}/expected.json"));
        for group in expected
            .as_object()
            .unwrap()
            .values()
            .flat_map(|mode| mode.as_array().unwrap())
        {
            for contract in contracts_of(group) {
                let read = Configuration::read(&input, contract);
                if group["stage"] != "load" {
                    if let Err(faults) = read {
                        panic!("{case} {contract}: {faults}");
                    }
                    continue;
                }
                refused += 1;
                let faults = read.expect_err(&case);
                let said = group["load"]["text"].as_str().unwrap();
                if OWN.iter().any(|own| said.contains(own)) {
                    assert_eq!(faults.talos_text(), said, "{case} {contract}");
                } else {
                    same_place(&case, said, &faults.0[0].to_string());
                }
            }
        }
    }
    assert!(refused > 200, "{refused}");
}

/// Texts of the YAML reader: the same line has to be named.
fn same_place(case: &str, said: &str, ours: &str) {
    let Some(at) = said.rfind("line ") else {
        return;
    };
    let line: String = said[at + 5..]
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    if case == "not-yaml" {
        // Talos names the line in which the text ends, or the one in which it went wrong.
        assert!(
            ours.starts_with("line 1:") || ours.starts_with("line 2:"),
            "{case}: {ours}"
        );
    } else {
        assert!(
            ours.starts_with(&format!("line {line}: ")),
            "{case}: {ours} / {said}"
        );
    }
}

#[test]
fn what_upstream_makes_is_read_by_the_versions_that_accept_it() {
    for contract in cases("contracts") {
        for case in cases(&format!("contracts/{contract}")) {
            let folder = format!("contracts/{contract}/{case}");
            let accepted = support::json(&format!("{folder}/accepted.json"));
            for group in accepted["acceptedBy"].as_array().unwrap() {
                for (role, answer) in group
                    .as_object()
                    .unwrap()
                    .iter()
                    .filter(|(role, _)| *role != "versions")
                {
                    for by in contracts_of(group) {
                        let read = Configuration::read(&text(&format!("{folder}/{role}.yaml")), by);
                        check(&format!("{folder} {role} {by}"), &read, answer);
                    }
                }
            }
        }
    }
}

fn check(what: &str, read: &Result<Configuration, crete_talos::config::Faults>, answer: &Value) {
    if answer["stage"] == "load" {
        let faults = read.as_ref().expect_err(what);
        assert_eq!(
            faults.talos_text(),
            answer["load"]["errors"][0].as_str().unwrap(),
            "{what}"
        );
    } else if let Err(faults) = read {
        panic!("{what}: {faults}");
    }
}

#[test]
fn what_is_read_is_written_as_it_was() {
    for contract in cases("contracts") {
        for case in cases(&format!("contracts/{contract}")) {
            for role in ["controlplane", "worker"] {
                let text = text(&format!("contracts/{contract}/{case}/{role}.yaml"));
                let by: Contract = contract.parse().unwrap();
                let read = Configuration::read(&text, by).unwrap();
                // 1.14 puts the truth words of old in single quotes, the others in double ones.
                let text = text.replace("'off'", "\"off\"");
                assert_eq!(read.to_yaml(), text, "{contract} {case} {role}");
            }
        }
    }
}

#[test]
fn a_refusal_names_the_field_and_quotes_no_value() {
    let text = text("bases/a-worker.yaml").replace("  token:", "  tokenn:");
    let faults = Configuration::read(&text, Contract::V1_13).unwrap_err();
    let shown = format!("{faults} {faults:?}");
    assert!(
        shown.contains("line 6: machine.tokenn: there is no such key in Talos v1.13"),
        "{shown}"
    );
    assert!(!shown.contains("pgirtkyaxzfejz7l"), "{shown}");
    assert!(
        faults.talos_text().contains("pgirtkyaxzfejz7l"),
        "as Talos does"
    );
}

#[test]
fn every_kind_of_every_version_is_known() {
    for (contract, count) in Contract::ALL.into_iter().zip([13, 17, 36, 44, 89]) {
        let kinds = crete_talos::config::kinds(contract);
        assert_eq!(kinds.len(), count, "{contract}: {kinds:?}");
    }
}
