//! Secrets bundles against what Talos' own library made, read and refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use crete_talos::Contract;
use crete_talos::pki::{
    Algorithm, Bundle, CaParts, Certificate, ClientCertificate, Parts, PkiError, PrivateKey, Role,
    SystemEntropy, Validity, extract,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::{Repeating, cases, moment, openssl, text};
use x509_parser::extensions::ParsedExtension;

#[test]
fn a_golden_bundle_loads_and_saves_unchanged() {
    for name in ["lab", "next", "ec-sa"] {
        let text = text(&format!("secrets/{name}.yaml"));
        let bundle = Bundle::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(bundle.parts().to_yaml(), text, "{name}");
    }
}

#[test]
fn what_talos_reads_crete_reads_too() {
    for name in cases("secrets-variants") {
        let text = text(&format!("secrets-variants/{name}/input.yaml"));
        let bundle = Bundle::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        // These were written with another indentation than Talos' own.
        let written = bundle.parts().to_yaml();
        let words = |text: &str| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(words(&written), words(&text), "{name}");
        let authority = bundle.talos_authority().unwrap();
        let roles = BTreeSet::from([Role::Admin]);
        let now = moment("2026-01-02T00:00:00Z");
        let client =
            ClientCertificate::talos(&authority, &roles, Validity::CLIENT, now, &mut Repeating(1));
        let client = client.unwrap_or_else(|error| panic!("{name}: {error}"));
        let key = PrivateKey::parse("key", client.key.expose()).unwrap();
        let expected = if name == "os-ca-ecdsa" {
            Algorithm::P256
        } else {
            Algorithm::Ed25519
        };
        assert_eq!(
            key.algorithm(),
            expected,
            "{name}: the leaf follows the authority"
        );
    }
}

#[test]
fn what_must_be_refused_is_refused_in_talos_words() {
    for name in cases("secrets-invalid") {
        let text = text(&format!("secrets-invalid/{name}/input.yaml"));
        let error = Bundle::parse(&text).expect_err(&name).to_string();
        let expected = support::json(&format!("secrets-invalid/{name}/expected.json"));
        let newest = expected
            .as_array()
            .unwrap()
            .iter()
            .find(|group| group["versions"].to_string().contains("v1.14"))
            .unwrap();
        assert_eq!(newest["ok"], false, "{name}");
        for said in newest["errors"].as_array().unwrap() {
            let said = said.as_str().unwrap();
            // Whole sections are named by their fields here, which says more.
            if let Some(text) = said.strip_prefix("library: ")
                && text.matches('.').count() > 0
            {
                assert!(error.contains(text), "{name}: {text:?} is not in {error:?}");
            }
        }
        assert!(!error.is_empty());
    }
}

#[test]
fn a_refusal_names_field_and_line() {
    for (name, expected) in [
        (
            "ca-not-base64",
            "line 11: certs.etcd.crt: illegal base64 data at input byte 0",
        ),
        (
            "unknown-key",
            "line 24: certs.extra: there is no such field",
        ),
        ("upper-case-keys", "line 1: Cluster: there is no such field"),
        (
            "key-of-another-ca",
            "certs.os: key does not belong to the certificate",
        ),
        ("ca-not-pem", "certs.etcd"),
    ] {
        let error = Bundle::parse(&text(&format!("secrets-invalid/{name}/input.yaml")))
            .expect_err(name)
            .to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
}

/// The properties of a certificate and its key in the form of the golden facts.
fn facts(ca: &CaParts) -> Value {
    let parsed = Certificate::parse("it", &ca.crt).unwrap();
    let (_, x509) = x509_parser::parse_x509_certificate(parsed.der()).unwrap();
    let key = PrivateKey::parse("key", ca.key.expose()).unwrap();
    let label = ca.key.expose().lines().next().unwrap();
    let label = label.trim_matches('-').trim_start_matches("BEGIN ");
    let algorithm = match key.algorithm() {
        Algorithm::Ed25519 => "Ed25519",
        Algorithm::P256 => "ECDSA P-256",
        other => panic!("{other:?}"),
    };
    let mut usage = Vec::new();
    let mut extended = Vec::new();
    let mut subject_key = 0;
    let mut authority_key = false;
    for extension in x509.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::KeyUsage(bits) => {
                assert!(extension.critical);
                usage.extend(bits.digital_signature().then_some("digitalSignature"));
                usage.extend(bits.key_cert_sign().then_some("keyCertSign"));
            }
            ParsedExtension::ExtendedKeyUsage(purposes) => {
                extended.extend(purposes.server_auth.then_some("serverAuth"));
                extended.extend(purposes.client_auth.then_some("clientAuth"));
            }
            ParsedExtension::SubjectKeyIdentifier(id) => subject_key = id.0.len(),
            ParsedExtension::AuthorityKeyIdentifier(_) => authority_key = true,
            _ => {}
        }
    }
    let life = parsed
        .lifetime()
        .not_after
        .duration_since(parsed.lifetime().not_before);
    json!({
        "pemLabels": ["CERTIFICATE"],
        "subject": x509.subject().to_string(),
        "issuer": x509.issuer().to_string(),
        "organizations": parsed.organizations(),
        "commonName": parsed.common_name(),
        "publicKey": algorithm,
        "signatureAlgorithm": match x509.signature_algorithm.algorithm.to_id_string().as_str() {
            "1.3.101.112" => "Ed25519",
            "1.2.840.10045.4.3.2" => "ECDSA-SHA256",
            other => panic!("{other}"),
        },
        "version": x509.version().0 + 1,
        "notBefore": parsed.lifetime().not_before.to_string(),
        "notAfter": parsed.lifetime().not_after.to_string(),
        "validHours": life.as_hours(),
        "isCA": x509.is_ca(),
        "keyUsage": usage,
        "extKeyUsage": extended,
        "sans": [],
        "subjectKeyIdBytes": subject_key,
        "hasAuthorityKeyId": authority_key,
        "keyPemLabel": label,
        "keyType": algorithm,
        "keyMatches": parsed.belongs_to(&key),
    })
}

fn all_facts(parts: &Parts) -> Value {
    json!({
        "etcd": facts(parts.etcd.as_ref().unwrap()),
        "k8s": facts(parts.k8s.as_ref().unwrap()),
        "k8saggregator": facts(parts.k8s_aggregator.as_ref().unwrap()),
        "os": facts(parts.os.as_ref().unwrap()),
    })
}

fn without(mut cas: Value, keys: &[&str]) -> Value {
    for ca in cas.as_object_mut().unwrap().values_mut() {
        for key in keys {
            ca.as_object_mut().unwrap().remove(*key);
        }
    }
    cas
}

#[test]
fn a_new_bundle_has_every_property_of_upstreams() {
    for (contract, golden) in [(Contract::V1_12, "lab"), (Contract::V1_14, "next")] {
        let upstream = Bundle::parse(&text(&format!("secrets/{golden}.yaml"))).unwrap();
        let expected = support::json(&format!("secrets/{golden}.facts.json"));
        let random = &["serialBits"];
        let golden_facts = without(expected["cas"].clone(), random);
        assert_eq!(
            all_facts(upstream.parts()),
            golden_facts,
            "reading is right"
        );

        let begin = moment(expected["cas"]["os"]["notBefore"].as_str().unwrap());
        let bundle = Bundle::generate(contract, begin, &mut Repeating(7)).unwrap();
        let parts = bundle.parts();
        assert_eq!(all_facts(parts), golden_facts, "{contract}");
        assert_eq!(
            URL_SAFE.decode(&parts.cluster_id).is_ok(),
            contract < Contract::V1_14
        );
        assert_eq!(
            STANDARD
                .decode(parts.cluster_secret.expose())
                .unwrap()
                .len(),
            32
        );
        let secretbox = parts.secretbox_encryption_secret.expose();
        assert_eq!(STANDARD.decode(secretbox).unwrap().len(), 32);
        assert_ne!(parts.bootstrap_token, parts.trustd_token);
        assert_eq!(Bundle::parse(&parts.to_yaml()).unwrap(), bundle);
    }
}

#[test]
fn the_cluster_id_is_url_safe_until_1_13_and_standard_from_1_14() {
    let now = moment("2026-01-01T00:00:00Z");
    let characters = |contract| {
        let ids = (0..40).map(|seed| {
            let bundle = Bundle::generate(contract, now, &mut Repeating(seed * 1000)).unwrap();
            bundle.parts().cluster_id.clone()
        });
        ids.collect::<String>()
    };
    let old = characters(Contract::V1_13);
    assert!(old.contains('_') && !old.contains('/') && !old.contains('+'));
    let new = characters(Contract::V1_14);
    assert!(new.contains('/') && !new.contains('_') && !new.contains('-'));
}

#[test]
fn openssl_accepts_the_authorities_of_a_new_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let now = moment("2026-01-02T00:00:00Z");
    let bundle = Bundle::generate(Contract::V1_13, now, &mut SystemEntropy).unwrap();
    let parts = bundle.parts();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (name, ca) in [
        ("etcd", &parts.etcd),
        ("k8s", &parts.k8s),
        ("aggregator", &parts.k8s_aggregator),
        ("os", &parts.os),
    ] {
        let ca = ca.as_ref().unwrap();
        std::fs::write(path(name), &ca.crt).unwrap();
        let moment = now.as_second().to_string();
        openssl(
            &[
                "verify",
                "-x509_strict",
                "-attime",
                &moment,
                "-check_ss_sig",
                "-CAfile",
                &path(name),
                &path(name),
            ],
            b"",
        );
        // openssl wants the neutral label where Talos writes its own.
        let key = ca.key.expose().replace("ED25519 PRIVATE", "PRIVATE");
        let public = openssl(&["pkey", "-pubout"], key.as_bytes());
        let certified = openssl(&["x509", "-noout", "-pubkey"], ca.crt.as_bytes());
        assert_eq!(public, certified, "{name}");
    }
    let service_account = parts.k8s_service_account.as_ref().unwrap();
    let shown = openssl(
        &["rsa", "-noout", "-text", "-check"],
        service_account.expose().as_bytes(),
    );
    assert!(shown.contains("4096 bit"), "{shown}");
}

#[test]
fn openssl_accepts_the_clients_of_a_new_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let now = moment("2026-01-02T00:00:00Z");
    let bundle = Bundle::generate(Contract::V1_13, now, &mut Repeating(5)).unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let roles = BTreeSet::from([Role::Reader, Role::Operator]);
    let authority = bundle.talos_authority().unwrap();
    std::fs::write(path("os"), authority.certificate_pem()).unwrap();
    let client = ClientCertificate::talos(
        &authority,
        &roles,
        Validity::CLIENT,
        now,
        &mut SystemEntropy,
    );
    let client = client.unwrap();
    std::fs::write(path("client"), &client.certificate).unwrap();
    let moment = now.as_second().to_string();
    openssl(
        &[
            "verify",
            "-x509_strict",
            "-attime",
            &moment,
            "-purpose",
            "sslclient",
            "-CAfile",
            &path("os"),
            &path("client"),
        ],
        b"",
    );
    let shown = openssl(
        &["x509", "-noout", "-subject", "-nameopt", "multiline"],
        client.certificate.as_bytes(),
    );
    assert!(
        shown.contains("os:operator") && shown.contains("os:reader"),
        "{shown}"
    );

    let kubernetes = bundle.kubernetes_authority().unwrap();
    std::fs::write(path("k8s"), kubernetes.certificate_pem()).unwrap();
    let admin = ClientCertificate::kubernetes_admin(
        &kubernetes,
        crete_talos::pki::KUBERNETES_ADMIN,
        now,
        &mut SystemEntropy,
    );
    std::fs::write(path("admin"), admin.unwrap().certificate).unwrap();
    openssl(
        &[
            "verify",
            "-x509_strict",
            "-attime",
            &moment,
            "-purpose",
            "sslclient",
            "-CAfile",
            &path("k8s"),
            &path("admin"),
        ],
        b"",
    );
}

#[test]
fn secrets_come_back_out_of_a_configuration() {
    for name in cases("extract") {
        let case = support::json(&format!("extract/{name}/case.json"));
        let input = case["input"].as_str().unwrap().trim_start_matches("../../");
        let parts = extract(&text(input)).unwrap();
        let groups = case["expected"].as_array().unwrap();
        let results = groups.iter().filter_map(|group| group["result"].as_str());
        let expected: Vec<String> = results
            .map(|result| text(&format!("extract/{name}/{result}")))
            .collect();
        let written = parts.to_yaml();
        assert!(expected.contains(&written), "{name}:\n{written}");
        assert_eq!(
            parts.check().is_ok(),
            name.starts_with("control-plane"),
            "{name}"
        );
    }
}

#[test]
fn no_secret_is_printed() {
    let text = text("secrets/lab.yaml");
    let bundle = Bundle::parse(&text).unwrap();
    let parts = bundle.parts();
    let authority = bundle.talos_authority().unwrap();
    let shown = format!("{bundle:?} {parts:?} {authority:?}");
    let os = parts.os.as_ref().unwrap();
    for secret in [
        &parts.trustd_token,
        &parts.cluster_secret,
        &parts.secretbox_encryption_secret,
    ] {
        assert!(!shown.contains(secret.expose()));
    }
    assert!(!shown.contains("PRIVATE KEY"));
    for line in os
        .key
        .expose()
        .lines()
        .filter(|line| !line.starts_with('-'))
    {
        assert!(!shown.contains(line));
    }
    // A text that is refused is not quoted either.
    for name in cases("secrets-invalid") {
        let input = support::text(&format!("secrets-invalid/{name}/input.yaml"));
        let error = Bundle::parse(&input).expect_err(&name);
        let shown = format!("{error} {error:?}");
        let long = |word: &&str| word.len() > 15;
        for word in input.split([' ', '\n', '"']).filter(long) {
            assert!(!shown.contains(word), "{name}: {shown}");
        }
    }
}

#[test]
fn a_client_without_a_role_is_not_made() {
    let bundle = Bundle::parse(&text("secrets/lab.yaml")).unwrap();
    let authority = bundle.talos_authority().unwrap();
    let now = moment("2026-01-02T00:00:00Z");
    let none = BTreeSet::new();
    let made =
        ClientCertificate::talos(&authority, &none, Validity::CLIENT, now, &mut Repeating(1));
    assert_eq!(made, Err(PkiError::NoRole));
}

#[test]
fn expiry_is_seen_before_it_comes() {
    let certificate = Bundle::parse(&text("secrets/lab.yaml")).unwrap();
    let authority = certificate.talos_authority().unwrap();
    let life = authority.certificate().lifetime();
    assert!(!life.needs_renewal(moment("2026-01-01T00:00:00Z")));
    assert!(life.needs_renewal(moment("2034-12-10T00:00:00Z")));
    assert_eq!(
        life.left(moment("2034-12-29T00:00:00Z"))
            .map(|left| left.as_secs()),
        Some(86_400)
    );
    assert_eq!(life.left(moment("2035-01-01T00:00:00Z")), None);
}

#[test]
fn a_fingerprint_is_the_one_a_node_prints() {
    for name in [
        "v1.13.9-maintenance",
        "v1.13.9-configured",
        "v1.12.11-configured",
    ] {
        let path = support::golden(&format!("../certificates/{name}.txt"));
        let file = std::fs::read_to_string(path).unwrap();
        let printed = file
            .lines()
            .find(|line| line.starts_with("fingerprint"))
            .unwrap();
        let printed = printed.rsplit(": ").next().unwrap();
        let certificate = Certificate::parse(name, &file).unwrap();
        assert_eq!(
            crete_talos::pki::fingerprint(certificate.der()).unwrap(),
            printed
        );
    }
}
