//! Talosconfigs and kubeconfigs: as upstream writes them, and merged into a person's own text.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_talos::pki::{
    Bundle, Certificate, ClientCertificate, KUBERNETES_ADMIN, Kubeconfig, KubeconfigFile, Role,
    Talosconfig, Validity, merge_kubeconfig, merge_talosconfig, renew_kubeconfig,
    renew_talosconfig,
};
use std::collections::BTreeSet;
use support::{Repeating, cases, moment, text};

#[test]
fn our_talosconfig_is_upstreams_but_for_the_key() {
    for contract in cases("contracts") {
        for case in cases(&format!("contracts/{contract}")) {
            let golden = text(&format!("contracts/{contract}/{case}/talosconfig"));
            let theirs = Talosconfig::parse(&golden).unwrap();
            assert_eq!(theirs.to_yaml(), golden, "{contract} {case}");

            let (name, context) = &theirs.contexts[0];
            let secrets = if contract == "v1.14" { "next" } else { "lab" };
            let bundle = Bundle::parse(&text(&format!("secrets/{secrets}.yaml"))).unwrap();
            let authority = bundle.talos_authority().unwrap();
            if context.ca != authority.certificate_pem() {
                continue;
            }
            let theirs_certificate = Certificate::parse("theirs", &context.crt).unwrap();
            let roles: BTreeSet<Role> = theirs_certificate
                .organizations()
                .iter()
                .map(|name| Role::of(name).unwrap())
                .collect();
            let now = theirs_certificate.lifetime().not_before;
            let exact = Validity {
                backdate: jiff::SignedDuration::ZERO,
                ..Validity::CLIENT
            };
            let client =
                ClientCertificate::talos(&authority, &roles, exact, now, &mut Repeating(3))
                    .unwrap();
            let ours = Talosconfig::new(
                name,
                &context.endpoints,
                authority.certificate_pem(),
                &client,
            );
            let ours_certificate = Certificate::parse("ours", &client.certificate).unwrap();
            assert_eq!(ours_certificate.lifetime(), theirs_certificate.lifetime());
            assert_eq!(
                ours_certificate.organizations(),
                theirs_certificate.organizations()
            );
            // One case of an administrator, one of other roles: each look takes four processes.
            if !matches!(case.as_str(), "defaults" | "no-discovery") {
                continue;
            }
            assert_eq!(
                dump(&client.certificate),
                dump(&context.crt),
                "{contract} {case}"
            );

            let mut expected = theirs.clone();
            expected.contexts[0].1.crt = client.certificate.clone();
            expected.contexts[0].1.key = client.key.clone();
            assert_eq!(ours, expected, "{contract} {case}");
        }
    }
}

/// Everything openssl shows of a certificate except what is random.
fn dump(certificate: &str) -> Vec<String> {
    let shown = support::openssl(&["x509", "-noout", "-text"], certificate.as_bytes());
    let hexadecimal = |line: &str| line.chars().all(|c| c.is_ascii_hexdigit() || c == ':');
    let lines = shown.lines().map(|line| line.trim().to_owned());
    let fixed: Vec<String> = lines.filter(|line| !hexadecimal(line)).collect();
    // The authority's key identifier is hexadecimal, and must be the same.
    let key_id = support::openssl(
        &["x509", "-noout", "-ext", "authorityKeyIdentifier"],
        certificate.as_bytes(),
    );
    [fixed, vec![key_id]].concat()
}

fn lab() -> Bundle {
    Bundle::parse(&text("secrets/lab.yaml")).unwrap()
}

fn talosconfig(cluster: &str, seed: u64) -> Talosconfig {
    let authority = lab().talos_authority().unwrap();
    let roles = BTreeSet::from([Role::Admin]);
    let now = moment("2026-01-02T00:00:00Z");
    let client = ClientCertificate::talos(
        &authority,
        &roles,
        Validity::CLIENT,
        now,
        &mut Repeating(seed),
    );
    let endpoints = ["127.0.0.1:50010".to_owned()];
    Talosconfig::new(
        cluster,
        &endpoints,
        authority.certificate_pem(),
        &client.unwrap(),
    )
}

fn kubeconfig(cluster: &str, server: &str, seed: u64) -> Kubeconfig {
    let authority = lab().kubernetes_authority().unwrap();
    let now = moment("2026-01-02T00:00:00Z");
    let client = ClientCertificate::kubernetes_admin(
        &authority,
        KUBERNETES_ADMIN,
        now,
        &mut Repeating(seed),
    );
    Kubeconfig {
        cluster: cluster.to_owned(),
        server: server.to_owned(),
        authority: authority.certificate_pem().to_owned(),
        client: client.unwrap(),
    }
}

#[test]
fn a_taken_context_name_gets_a_number_as_talosctl_does() {
    let (text, names) = merge_talosconfig("", &talosconfig("lab", 1)).unwrap();
    assert_eq!(names, ["lab"]);
    let (text, names) = merge_talosconfig(&text, &talosconfig("lab", 2)).unwrap();
    assert_eq!(names, ["lab-1"]);
    let (again, names) = merge_talosconfig(&text, &talosconfig("lab", 2)).unwrap();
    assert_eq!(names, ["lab-1"], "the same context is not added twice");
    assert_eq!(again, text);
    let read = Talosconfig::parse(&again).unwrap();
    assert_eq!(read.context, "lab");
    assert_eq!(read.contexts.len(), 2);
}

#[test]
fn what_a_person_has_in_the_file_stays() {
    let existing = "context: work\ncontexts:\n  work:\n    auth:\n      siderov1:\n        identity: me@example.org\n    cluster: a\nmine: 007\n";
    let (text, _) = merge_talosconfig(existing, &talosconfig("lab", 1)).unwrap();
    assert!(text.starts_with("context: work\n"));
    assert!(text.contains("identity: me@example.org"));
    assert!(text.contains("mine: 007"));
    assert_eq!(Talosconfig::parse(&text).unwrap().contexts.len(), 2);
}

#[test]
fn renewing_replaces_and_another_cluster_of_the_name_does_not() {
    let first = kubeconfig("lab", "https://127.0.0.1:6443", 1);
    let (text, context) = merge_kubeconfig("", &first).unwrap();
    assert_eq!(
        (text.clone(), context.as_str()),
        (first.to_yaml(), "admin@lab")
    );
    let (renewed, context) =
        merge_kubeconfig(&text, &kubeconfig("lab", "https://127.0.0.1:6443", 2)).unwrap();
    assert_eq!(context, "admin@lab");
    assert_eq!(renewed.lines().count(), text.lines().count());
    assert_ne!(renewed, text);
    let (both, context) =
        merge_kubeconfig(&renewed, &kubeconfig("lab", "https://127.0.0.1:7443", 3)).unwrap();
    assert_eq!(context, "admin@lab-1");
    assert!(both.contains("current-context: admin@lab\n"));
    assert!(both.contains("https://127.0.0.1:6443") && both.contains("https://127.0.0.1:7443"));
}

#[test]
fn a_renewed_context_keeps_what_the_person_set_there() {
    let (text, _) = merge_talosconfig("", &talosconfig("lab", 1)).unwrap();
    let own = text.replace("127.0.0.1:50010", "lab.example:50000");
    let (renewed, names) = renew_talosconfig(&own, "lab", &talosconfig("lab", 2)).unwrap();
    assert_eq!(names, ["lab"]);
    assert!(renewed.contains("lab.example:50000"));
    let crt = |text: &str| Talosconfig::parse(text).unwrap().contexts[0].1.crt.clone();
    assert_ne!(crt(&renewed), crt(&own));
    // Another cluster took the name meanwhile: it is left alone.
    let other = own.replace("ca: ", "ca: QUFB #");
    let (both, names) = renew_talosconfig(&other, "lab", &talosconfig("lab", 2)).unwrap();
    assert_eq!(names, ["lab-1"]);
    assert_eq!(Talosconfig::parse(&both).unwrap().contexts.len(), 2);
    let (fresh, names) = renew_talosconfig("", "lab", &talosconfig("lab", 2)).unwrap();
    assert_eq!((names, fresh.is_empty()), (vec!["lab".to_owned()], false));
}

#[test]
fn a_renewed_kubeconfig_follows_its_server_and_keeps_the_namespace() {
    let first = kubeconfig("lab", "https://127.0.0.1:6443", 1);
    let (text, context) = merge_kubeconfig("", &first).unwrap();
    let own = text.replace("namespace: default", "namespace: kitchen");
    let moved = kubeconfig("lab", "https://127.0.0.1:7443", 2);
    let (renewed, name) = renew_kubeconfig(&own, &context, &moved).unwrap();
    assert_eq!(name, context);
    let read = KubeconfigFile::parse(&renewed).unwrap();
    assert_eq!(read.entries.len(), 1);
    assert_eq!(read.entries[0].server, "https://127.0.0.1:7443");
    assert_eq!(read.entries[0].authority, first.authority);
    assert_eq!(read.entries[0].certificate, moved.client.certificate);
    assert_eq!(read.current, context);
    assert!(renewed.contains("namespace: kitchen"));
    let (again, _) =
        merge_kubeconfig(&own, &kubeconfig("lab", "https://127.0.0.1:6443", 3)).unwrap();
    assert!(again.contains("namespace: kitchen"));
    let (added, name) = renew_kubeconfig("", "admin@gone", &moved).unwrap();
    assert_eq!((added, name.as_str()), (moved.to_yaml(), "admin@lab"));
}
