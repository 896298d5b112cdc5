//! What holds for every patch.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_talos::Contract;
use crete_talos::config::{Configuration, Mode, Patch};
use proptest::prelude::*;
use support::{golden_machine, text};

/// Pieces of patches that a person could write for the main document of every version.
fn pieces() -> impl Strategy<Value = String> {
    let name = "[a-z]([a-z0-9-]{0,6}[a-z0-9])?";
    prop_oneof![
        (name, "[a-zA-Z0-9]{0,6}").prop_map(|(key, value)| {
            format!("machine:\n  nodeLabels:\n    {key}: \"{value}\"\n")
        }),
        name.prop_map(|name| format!("machine:\n  certSANs: [{name}.example.org]\n")),
        (1_u32..9000).prop_map(|mtu| {
            format!("machine:\n  network:\n    interfaces:\n      - interface: eth0\n        mtu: {mtu}\n")
        }),
        any::<bool>().prop_map(|wipe| format!("machine:\n  install:\n    wipe: {wipe}\n")),
        (name, any::<u16>()).prop_map(|(key, value)| {
            format!("machine:\n  sysctls:\n    net.{key}: \"{value}\"\n")
        }),
        "10\\.[0-9]{1,2}\\.0\\.0/16".prop_map(|net| format!("cluster:\n  network:\n    podSubnets: [{net}]\n")),
        (0_u8..100).prop_map(|pods| format!("machine:\n  kubelet:\n    extraConfig:\n      maxPods: {pods}\n")),
    ]
}

fn contracts() -> impl Strategy<Value = Contract> {
    (0..Contract::ALL.len()).prop_map(|index| Contract::ALL[index])
}

fn base(contract: Contract) -> Configuration {
    Configuration::read(&text("bases/a-controlplane.yaml"), contract).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// What Talos accepts stays acceptable, and reads back as it was written.
    #[test]
    fn a_patched_configuration_is_one(patches in proptest::collection::vec(pieces(), 1..5), contract in contracts()) {
        let mut configuration = base(contract);
        for (patch, origin) in patches.iter().zip(1..) {
            let patch = Patch::read(patch, contract).map_err(|e| TestCaseError::fail(e.to_string()))?;
            patch.apply(&mut configuration, origin).map_err(|e| TestCaseError::fail(e.to_string()))?;
        }
        let written = configuration.to_yaml();
        let again = Configuration::read(&written, contract).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(again.to_yaml(), written);
        let verdict = again.judge(contract, Mode::Metal, &golden_machine(contract));
        prop_assert!(verdict.is_accepted(), "{:?}", verdict);
    }

    /// Patches of different places can change places.
    #[test]
    fn the_order_of_patches_of_different_places_does_not_matter(contract in contracts(), wipe in any::<bool>(), value in "[a-z]{1,5}") {
        let one = format!("machine:\n  install:\n    wipe: {wipe}\n");
        let two = format!("machine:\n  nodeLabels:\n    pool: {value}\n");
        let apply = |texts: [&str; 2]| {
            let mut configuration = base(contract);
            for text in texts {
                Patch::read(text, contract).unwrap().apply(&mut configuration, 1).unwrap();
            }
            configuration.to_yaml()
        };
        prop_assert_eq!(apply([&one, &two]), apply([&two, &one]));
    }

    /// Maps and single values merge once; only lists grow.
    #[test]
    fn applying_again_changes_nothing_where_there_is_no_list(contract in contracts(), value in "[a-z]{1,5}", wipe in any::<bool>()) {
        let text = format!("machine:\n  install:\n    wipe: {wipe}\n  nodeLabels:\n    pool: {value}\n  network:\n    interfaces:\n      - interface: eth0\n        dhcp: true\n");
        let patch = Patch::read(&text, contract).unwrap();
        let mut configuration = base(contract);
        patch.apply(&mut configuration, 1).unwrap();
        let once = configuration.to_yaml();
        patch.apply(&mut configuration, 1).unwrap();
        prop_assert_eq!(configuration.to_yaml(), once);
    }

    #[test]
    fn no_text_panics(text in "[ -~\n]{0,80}", contract in contracts()) {
        if let Ok(patch) = Patch::read(&text, contract) {
            let _ = patch.apply(&mut base(contract), 1);
        }
        if let Ok(configuration) = Configuration::read(&text, contract) {
            let _ = configuration.validate(contract, Mode::Metal);
        }
    }
}
