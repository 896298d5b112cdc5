//! Refusals and warnings against what Talos' own library says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_talos::Contract;
use crete_talos::config::{Configuration, Fault, Machine, Mode, Stage, Verdict};
use serde_json::Value;
use support::{cases, contracts_of, golden_machine, text};

fn texts(faults: &[Fault]) -> Vec<&str> {
    faults.iter().map(Fault::talos_text).collect()
}

fn strings(value: &Value) -> Vec<&str> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().map(|item| item.as_str().unwrap()).collect()
}

fn compare(what: &str, verdict: &Verdict, said: &Value) {
    assert_eq!(texts(&verdict.errors), strings(&said["errors"]), "{what}");
    assert_eq!(
        texts(&verdict.warnings),
        strings(&said["warnings"]),
        "{what}: warnings"
    );
    if let Some(text) = said["text"].as_str() {
        assert_eq!(verdict.text, text, "{what}: text");
    }
}

#[test]
fn every_refusal_and_warning_is_talos_own() {
    let mut judged = 0;
    for case in cases("invalid") {
        let input = text(&format!("invalid/{case}/input.yaml"));
        let expected = support::json(&format!("invalid/{case}/expected.json"));
        for (mode_name, groups) in expected.as_object().unwrap() {
            let mode = match mode_name.as_str() {
                "metal" => Mode::Metal,
                "cloud" => Mode::Cloud,
                "container" => Mode::Container,
                other => panic!("{other}"),
            };
            for group in groups.as_array().unwrap() {
                for contract in contracts_of(group) {
                    if group["stage"] == "load" {
                        continue;
                    }
                    let what = format!("{case} {mode_name} {contract}");
                    let configuration = Configuration::read(&input, contract).unwrap();
                    compare(
                        &what,
                        &configuration.validate(contract, mode),
                        &group["static"],
                    );
                    let machine = golden_machine(contract);
                    let verdict = configuration.judge(contract, mode, &machine);
                    let node = group.get("node").unwrap_or(&group["static"]);
                    compare(&format!("{what} node"), &verdict, node);
                    let stage = match group["stage"].as_str() {
                        None => None,
                        Some("static") => Some(Stage::Static),
                        Some(_) => Some(Stage::Node),
                    };
                    let by_node = stage.map(|stage| match contract {
                        Contract::V1_14 => Stage::Node,
                        _ => stage,
                    });
                    assert_eq!(verdict.refused_at, by_node, "{what}");
                    judged += 1;
                }
            }
        }
    }
    assert!(judged > 220, "{judged}");
}

#[test]
fn what_upstream_makes_is_accepted_by_the_versions_that_accept_it() {
    for contract in cases("contracts") {
        for case in cases(&format!("contracts/{contract}")) {
            let folder = format!("contracts/{contract}/{case}");
            let accepted = support::json(&format!("{folder}/accepted.json"));
            for group in accepted["acceptedBy"].as_array().unwrap() {
                for role in ["controlplane", "worker"] {
                    let answer = &group[role];
                    for by in contracts_of(group) {
                        if answer["stage"] == "load" {
                            continue;
                        }
                        let what = format!("{folder} {role} {by}");
                        let text = text(&format!("{folder}/{role}.yaml"));
                        let configuration = Configuration::read(&text, by).unwrap();
                        let stated = configuration.validate(by, Mode::Metal);
                        compare(&what, &stated, &answer["static"]);
                        let judged = configuration.judge(by, Mode::Metal, &golden_machine(by));
                        let node = answer.get("node").unwrap_or(&answer["static"]);
                        compare(&format!("{what} node"), &judged, node);
                    }
                }
            }
        }
    }
}

#[test]
fn the_outcome_of_patches_is_judged_as_talos_does() {
    for case in cases("patch") {
        let expected = support::json(&format!("patch/{case}/case.json"));
        for group in expected["expected"].as_array().unwrap() {
            let Some(result) = group["result"].as_str() else {
                continue;
            };
            for contract in contracts_of(group) {
                let text = text(&format!("patch/{case}/{result}"));
                let configuration = Configuration::read(&text, contract).unwrap();
                let verdict = configuration.validate(contract, Mode::Metal);
                let accepted = &group["accepted"];
                let what = format!("{case} {contract}");
                assert_eq!(
                    verdict.is_accepted(),
                    accepted["ok"] == true,
                    "{what}: {verdict:?}"
                );
                compare(&what, &verdict, &accepted["static"]);
            }
        }
    }
}

#[test]
fn a_fault_has_its_field_and_line() {
    for (case, contract, shown) in [
        (
            "cni-unknown",
            Contract::V1_13,
            "cluster.network.cni.name: cni name should be one of",
        ),
        (
            "node-taints",
            Contract::V1_13,
            "machine.nodeTaints.-bad: name \"-bad\" is invalid",
        ),
        (
            "vip-document-no-link",
            Contract::V1_13,
            "Layer2VIPConfig/192.168.64.5: link: link must be specified",
        ),
        (
            "kubelet-protected-config",
            Contract::V1_13,
            "machine.kubelet.extraConfig.port: kubelet configuration field \"port\"",
        ),
    ] {
        let input = text(&format!("invalid/{case}/input.yaml"));
        let configuration = Configuration::read(&input, contract).unwrap();
        let verdict = configuration.validate(contract, Mode::Metal);
        let fault = verdict.errors.first().unwrap();
        assert!(fault.to_string().contains(shown), "{fault}");
        let line = input.lines().nth(fault.line - 1).unwrap();
        let key = fault.path.rsplit('.').next().unwrap();
        assert!(
            line.contains(key) || case == "vip-document-no-link",
            "{case}: {line}"
        );
    }
}

#[test]
fn a_disk_that_is_not_there_is_found_before_the_configuration_is_lost() {
    let input = text("bases/a-worker.yaml");
    let contract = Contract::V1_13;
    let configuration = Configuration::read(&input, contract).unwrap();
    let machine = golden_machine(contract);
    assert_eq!(configuration.missing_disk(&machine), None);
    let other = Configuration::read(&input.replace("/dev/vda", "/dev/sda"), contract).unwrap();
    assert!(
        other.judge(contract, Mode::Metal, &machine).is_accepted(),
        "Talos does not look"
    );
    let fault = other.missing_disk(&machine).unwrap();
    assert_eq!(fault.path, "machine.install.disk");
    assert!(fault.reason.ends_with("there are: /dev/vda"), "{fault}");
    let installed = Machine {
        installed: true,
        ..machine
    };
    assert_eq!(other.missing_disk(&installed), None);
}

/// Rules of documents for which there is no golden case, asked of Talos' own library of 1.13.9.
#[test]
fn rules_of_other_documents_are_said_in_talos_own_words() {
    let base = text("bases/b-controlplane.yaml");
    for (document, wanted) in [
        (
            "kind: EventSinkConfig\nendpoint: abc\n",
            "EventSinkConfig: event sink endpoint: address abc: missing port in address",
        ),
        (
            "kind: StaticHostConfig\nname: 10.0.0.1\n",
            "StaticHostConfig/10.0.0.1: at least one hostname is required",
        ),
        (
            "kind: SideroLinkConfig\napiUrl: https://a/b\n",
            "SideroLinkConfig: apiUrl path must be empty",
        ),
        (
            "kind: ExtensionServiceConfig\nname: a\n",
            "ExtensionServiceConfig/a: no config files found for extension \"a\"",
        ),
        (
            "kind: LinkAliasConfig\nname: a\n",
            "LinkAliasConfig/a: link selector is required",
        ),
        (
            "kind: ZswapConfig\nmaxPoolPercent: 101\n",
            "ZswapConfig: maxPoolPercent must be between 0 and 100",
        ),
    ] {
        let whole = format!("{base}---\napiVersion: v1alpha1\n{document}");
        let read = Configuration::read(&whole, Contract::V1_13).unwrap();
        let verdict = read.validate(Contract::V1_13, Mode::Metal);
        let said: Vec<&str> = verdict.errors.iter().map(Fault::talos_text).collect();
        assert_eq!(said, [wanted]);
    }
    // Old words for truth count in quotes too.
    let quoted = base.replacen("wipe: false", "wipe: \"no\"", 1);
    assert_ne!(quoted, base);
    let read = Configuration::read(&quoted, Contract::V1_13).unwrap();
    assert!(read.to_yaml().contains("wipe: false"));
}
