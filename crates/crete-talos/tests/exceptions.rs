//! Where a patch does something else than append to lists and merge maps: every exception that
//! Talos has, also those for which no golden case exists.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use crete_talos::Contract;
use crete_talos::config::{Configuration, Patch};

/// A document, with its own lines below.
fn document(kind: &str, body: &str) -> String {
    format!("apiVersion: v1alpha1\nkind: {kind}\n{body}")
}

/// What comes out of a patch to a document of a kind.
fn patched(contract: Contract, kind: &str, base: &str, patch: &str) -> String {
    let of = |body: &str| match kind {
        "" => body.to_owned(),
        kind => document(kind, body),
    };
    let mut configuration = Configuration::read(&of(base), contract)
        .unwrap_or_else(|faults| panic!("{contract} {kind}: {faults}"));
    let patch = Patch::read(&of(patch), contract)
        .unwrap_or_else(|faults| panic!("{contract} {kind}: {faults}"));
    patch.apply(&mut configuration, 1).unwrap();
    configuration.to_yaml()
}

fn same(contract: Contract, kind: &str, base: &str, patch: &str, expected: &str) {
    let text = match kind {
        "" => expected.to_owned(),
        kind => document(kind, expected),
    };
    let expected = Configuration::read(&text, contract).unwrap().to_yaml();
    assert_eq!(
        patched(contract, kind, base, patch),
        expected,
        "{contract} {kind}"
    );
}

#[test]
fn these_lists_and_bodies_are_replaced_in_every_version() {
    let cluster = |body: &str| format!("cluster:\n{body}");
    for contract in Contract::ALL {
        for key in ["podSubnets", "serviceSubnets"] {
            let of = |net: &str| cluster(&format!("  network:\n    {key}: [{net}]\n"));
            same(
                contract,
                "",
                &of("10.0.0.0/16"),
                &of("10.1.0.0/16"),
                &of("10.1.0.0/16"),
            );
        }
        let audit = |rule: &str| cluster(&format!("  apiServer:\n    auditPolicy: {{{rule}}}\n"));
        same(
            contract,
            "",
            &audit("a: 1, b: 2"),
            &audit("c: 3"),
            &audit("c: 3"),
        );
        let rule = |ingress: &str, port: &str| {
            format!(
                "name: r\nportSelector:\n  ports: [{port}]\n  protocol: tcp\ningress:\n  - subnet: {ingress}\n"
            )
        };
        let (one, two) = (rule("10.0.0.0/8", "1"), rule("11.0.0.0/8", "2-3"));
        same(contract, "NetworkRuleConfig", &one, &two, &two);
    }
}

#[test]
fn these_lists_are_merged_by_what_names_their_elements() {
    let interfaces = |body: &str| format!("machine:\n  network:\n    interfaces:\n{body}");
    for contract in Contract::ALL {
        same(
            contract,
            "",
            &interfaces(
                "      - interface: eth0\n        vlans:\n          - vlanId: 3\n            mtu: 1\n",
            ),
            &interfaces(
                "      - interface: eth0\n        vlans:\n          - vlanId: 3\n            mtu: 2\n          - vlanId: 4\n",
            ),
            &interfaces(
                "      - interface: eth0\n        vlans:\n          - vlanId: 3\n            mtu: 2\n          - vlanId: 4\n",
            ),
        );
        let admission = |name: &str, value: u8| {
            format!(
                "cluster:\n  apiServer:\n    admissionControl:\n      - name: {name}\n        configuration: {{x: {value}}}\n"
            )
        };
        same(
            contract,
            "",
            &admission("A", 1),
            &admission("A", 2),
            &admission("A", 2),
        );
        let both = patched(contract, "", &admission("A", 1), &admission("B", 2));
        assert!(both.contains("name: A") && both.contains("name: B"));
        let files = |path: &str, content: &str| {
            format!("name: x\nconfigFiles:\n  - content: {content}\n    mountPath: {path}\n")
        };
        same(
            contract,
            "ExtensionServiceConfig",
            &files("/a", "one"),
            &files("/a", "two"),
            &files("/a", "two"),
        );
    }
    for contract in [Contract::V1_13, Contract::V1_14] {
        let rule =
            |image: &str, skip: bool| format!("rules:\n  - image: {image}\n    skip: {skip}\n");
        same(
            contract,
            "ImageVerificationConfig",
            &rule("a/*", true),
            &rule("a/*", false),
            &rule("a/*", false),
        );
    }
}

#[test]
fn these_are_replaced_from_1_14_on_only() {
    let domains = |name: &str| format!("searchDomains:\n  domains: [{name}]\n");
    same(
        Contract::V1_14,
        "ResolverConfig",
        &domains("a"),
        &domains("b"),
        &domains("b"),
    );
    same(
        Contract::V1_13,
        "ResolverConfig",
        &domains("a"),
        &domains("b"),
        &domains("a, b"),
    );
    let nets = |pods: &str, services: &str| {
        format!("podSubnets: [{pods}]\nserviceSubnets: [{services}]\n")
    };
    let (one, two) = (
        nets("10.0.0.0/16", "10.1.0.0/16"),
        nets("10.2.0.0/16", "10.3.0.0/16"),
    );
    same(Contract::V1_14, "KubeNetworkConfig", &one, &two, &two);
    for (kind, key) in [
        ("KubeAuditPolicyConfig", "configuration"),
        ("KubeAuthenticationConfig", "configuration"),
        ("CRIBaseRuntimeSpecConfig", "overrides"),
        ("KubeCredentialProviderConfig", "configuration"),
    ] {
        let body = |inner: &str| format!("{key}: {{{inner}}}\n");
        same(
            Contract::V1_14,
            kind,
            &body("a: 1"),
            &body("b: 2"),
            &body("b: 2"),
        );
    }
    let pod = |inner: &str| format!("name: x\npod: {{{inner}}}\n");
    same(
        Contract::V1_14,
        "KubeStaticPodConfig",
        &pod("a: 1"),
        &pod("b: 2"),
        &pod("b: 2"),
    );
    let routes = |inner: &str| format!("name: x\nadvertise: [{inner}]\n");
    same(
        Contract::V1_14,
        "BGPInstanceConfig",
        &routes("a"),
        &routes("b"),
        &routes("b"),
    );
    // Its neighbour merges.
    let body = |inner: &str| format!("name: PodSecurity\nconfiguration: {{{inner}}}\n");
    same(
        Contract::V1_14,
        "KubeAdmissionControlConfig",
        &body("a: 1"),
        &body("b: 2"),
        &body("a: 1, b: 2"),
    );
}

#[test]
fn everything_else_grows() {
    for contract in Contract::ALL {
        let names = |name: &str| format!("machine:\n  certSANs: [{name}]\n");
        same(contract, "", &names("a"), &names("a"), &names("a, a"));
        let nothing = [
            "machine:\n  certSANs: []\n",
            "machine:\n  certSANs: null\n",
            "machine: {}\n",
        ];
        for patch in nothing {
            same(contract, "", &names("a"), patch, &names("a"));
        }
    }
}

/// What Talos' own library does with single values, asked of 1.13.9.
#[test]
fn single_values_are_merged_by_the_type_that_keeps_them() {
    let document = |kind: &str, rest: &str| format!("apiVersion: v1alpha1\nkind: {kind}\n{rest}");
    for (before, patch, after) in [
        // A certificate takes its key along, even when there is none.
        (
            "machine:\n  type: worker\n  ca:\n    crt: YQ==\n    key: Yg==\n".to_owned(),
            "machine:\n  ca:\n    crt: Yw==\n".to_owned(),
            "    crt: Yw==\n        key: \"\"\n",
        ),
        // The parts of an address that are not named stay.
        (
            "cluster:\n  controlPlane:\n    endpoint: https://a:6443/p\n".to_owned(),
            "cluster:\n  controlPlane:\n    endpoint: https://b\n".to_owned(),
            "endpoint: https://b/p\n",
        ),
        // Zero counts behind a pointer.
        (
            document("BondConfig", "name: b\nlinks: [eth0]\nmiimon: 100\n"),
            document("BondConfig", "name: b\nmiimon: 0\n"),
            "miimon: 0\n",
        ),
        // `accept` is the zero of its words, and `0s` of durations.
        (
            document("NetworkDefaultActionConfig", "ingress: block\n"),
            document("NetworkDefaultActionConfig", "ingress: accept\n"),
            "ingress: block\n",
        ),
        (
            "machine:\n  type: worker\n  time:\n    bootTimeout: 5m\n".to_owned(),
            "machine:\n  time:\n    bootTimeout: 0s\n".to_owned(),
            "bootTimeout: 5m",
        ),
        // Arguments are replaced one by one, lists of them too.
        (
            "machine:\n  type: worker\n  kubelet:\n    extraArgs:\n      a: [x]\n      b: y\n"
                .to_owned(),
            "machine:\n  kubelet:\n    extraArgs:\n      a: [z]\n".to_owned(),
            "a:\n                - z\n            b: \"y\"\n",
        ),
    ] {
        let mut configuration = Configuration::read(&before, Contract::V1_13).unwrap();
        let patch = Patch::read(&patch, Contract::V1_13).unwrap();
        patch.apply(&mut configuration, 1).unwrap();
        let merged = configuration.to_yaml();
        assert!(merged.contains(after), "{after}\nis not in\n{merged}");
    }
    // Nothing is found inside of a certificate.
    let text = "machine:\n  type: worker\n  ca:\n    crt: YQ==\n    key: Yg==\n";
    let mut configuration = Configuration::read(text, Contract::V1_13).unwrap();
    let patch = "machine:\n  ca:\n    key:\n      $patch: delete\n";
    let patch = Patch::read(patch, Contract::V1_13).unwrap();
    let refused = patch.apply(&mut configuration, 1).unwrap_err();
    assert!(refused.to_string().contains("lookup failed"), "{refused}");
}
