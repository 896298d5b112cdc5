//! Configurations against those that Talos' own library makes of the same choices.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_talos::Contract;
use crete_talos::config::{Configuration, MachineRole, generate};
use support::case::Case;
use support::{cases, golden, text};

const ROLES: [(MachineRole, &str); 2] = [
    (MachineRole::ControlPlane, "controlplane"),
    (MachineRole::Worker, "worker"),
];

#[test]
fn what_is_made_is_upstreams_byte_for_byte() {
    let mut made = 0;
    for contract in cases("contracts") {
        for name in cases(&format!("contracts/{contract}")) {
            let folder = format!("contracts/{contract}/{name}");
            let case = Case::read(&golden(&format!("{folder}/case.yaml"))).unwrap();
            let bundle = case.secrets().unwrap().unwrap();
            for (role, file) in ROLES {
                let configuration = case.configuration(&bundle, role).unwrap();
                let expected = text(&format!("{folder}/{file}.yaml"));
                if name == "patched" {
                    // Talos orders the keys of what it merged by its types; that is not promised.
                    let by: Contract = contract.parse().unwrap();
                    let expected = Configuration::read(&expected, by).unwrap();
                    support::same_meaning(&folder, &configuration, &expected);
                } else {
                    assert_eq!(configuration.to_yaml(), expected, "{folder} {file}");
                }
                made += 1;
            }
        }
    }
    assert_eq!(made, 80);
}

#[test]
fn made_then_read_is_the_same() {
    for contract in Contract::ALL {
        let path = golden(&format!("contracts/{contract}/vm-lab/case.yaml"));
        let case = Case::read(&path).unwrap();
        let bundle = case.secrets().unwrap().unwrap();
        for (role, _) in ROLES {
            let made = generate(&case.options, &bundle, role);
            let read = Configuration::read(&made.to_yaml(), contract).unwrap();
            assert_eq!(read.to_yaml(), made.to_yaml());
        }
    }
}
