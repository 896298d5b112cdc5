//! What the tests share: golden files and randomness that repeats.
#![allow(dead_code, reason = "each test uses a part of it")]

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use crete_talos::pki::{Bundle, Entropy, PkiError};
use jiff::Timestamp;
use serde_json::Value;
use std::path::{Path, PathBuf};

pub fn golden(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures/talos/golden")
        .join(path)
}

pub fn text(path: &str) -> String {
    let path = golden(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn json(path: &str) -> Value {
    serde_json::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of the folders in a folder, sorted.
pub fn cases(folder: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(golden(folder))
        .expect("the golden files are there")
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(!names.is_empty(), "{folder} holds no case");
    names
}

pub fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Bytes that look random and repeat; the RSA key is one of the golden bundles'.
pub struct Repeating(pub u64);

impl Entropy for Repeating {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), PkiError> {
        for chunk in bytes.chunks_mut(32) {
            self.0 += 1;
            let block = digest(&SHA256, &self.0.to_le_bytes());
            chunk.copy_from_slice(&block.as_ref()[..chunk.len()]);
        }
        Ok(())
    }

    fn rsa_4096(&mut self) -> Result<Vec<u8>, PkiError> {
        let bundle = Bundle::parse(&text("secrets/lab.yaml"))?;
        let pem = bundle.parts().k8s_service_account.clone().unwrap();
        let body: String = pem
            .expose()
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .collect();
        Ok(base64::engine::general_purpose::STANDARD
            .decode(body)
            .unwrap())
    }
}

/// Runs openssl with some input and gives its output; a failure shows what it said.
pub fn openssl(arguments: &[&str], input: &[u8]) -> String {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssl is installed: it is the second opinion on our certificates");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "openssl {arguments:?}: {said}{complained}"
    );
    said
}

/// The versions that a group of answers stands for.
pub fn contracts_of(group: &Value) -> Vec<crete_talos::Contract> {
    let versions = group["versions"].as_array().expect("a group has versions");
    versions
        .iter()
        .map(|version| version.as_str().unwrap().parse().unwrap())
        .collect()
}

pub mod case;
#[cfg(feature = "api")]
pub mod player;
#[cfg(feature = "api")]
pub mod recording;

/// Compares configurations document by document, whatever their order and quotes.
pub fn same_meaning(
    what: &str,
    ours: &crete_talos::config::Configuration,
    theirs: &crete_talos::config::Configuration,
) {
    let names = |configuration: &crete_talos::config::Configuration| {
        let documents = configuration.documents.iter();
        let mut names: Vec<String> = documents.map(|document| document.identity()).collect();
        names.sort();
        names
    };
    assert_eq!(names(ours), names(theirs), "{what}");
    for their in &theirs.documents {
        let identity = their.identity();
        let our = ours.documents.iter().find(|d| d.identity() == identity);
        let (our, their) = (said(&our.unwrap().node), said(&their.node));
        if our != their {
            panic!("{what} {identity}:\n{}", difference("", &our, &their));
        }
    }
}

/// What a value says: texts by key, without quotes, and without the empty values that mean
/// the same as their absence.
fn said(node: &crete_talos::yaml::Node) -> Value {
    use crete_talos::yaml::Kind;
    match &node.kind {
        Kind::Scalar { text, .. } => Value::String(match node.as_integer() {
            Some(number) => number.to_string(),
            None => text.clone(),
        }),
        Kind::Sequence(items) => Value::Array(items.iter().map(said).collect()),
        Kind::Mapping(entries) => {
            // Selecting kinds of keys are empty mappings that mean something.
            let selects = |key: &str| matches!(key, "tpm" | "nodeID");
            let absent = |key: &str, value: &Value| {
                let empty = match value {
                    Value::Object(map) => map.is_empty(),
                    Value::Array(list) => list.is_empty(),
                    Value::String(text) => text.is_empty() && key == "key",
                    _ => false,
                };
                empty && !selects(key)
            };
            let mut map = serde_json::Map::new();
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by(|a, b| a.key.cmp(&b.key));
            for entry in sorted {
                let value = said(&entry.value);
                if !absent(&entry.key, &value) && !entry.value.is_null() {
                    map.insert(entry.key.clone(), value);
                }
            }
            Value::Object(map)
        }
    }
}

fn difference(path: &str, ours: &Value, theirs: &Value) -> String {
    if let (Value::Object(ours), Value::Object(theirs)) = (ours, theirs) {
        let keys: std::collections::BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
        let differences = keys
            .into_iter()
            .filter(|key| ours.get(*key) != theirs.get(*key));
        let nothing = Value::Null;
        return differences
            .map(|key| {
                let ours = ours.get(key).unwrap_or(&nothing);
                let theirs = theirs.get(key).unwrap_or(&nothing);
                difference(&format!("{path}.{key}"), ours, theirs)
            })
            .collect();
    }
    format!("{path}: {ours} instead of {theirs}\n")
}

/// The machine of the golden answers: two disks, nothing installed.
pub fn golden_machine(contract: crete_talos::Contract) -> crete_talos::config::Machine {
    use crete_talos::Contract;
    use crete_talos::config::{Disk, Machine};
    let version = match contract {
        Contract::V1_10 => "1.10.6",
        Contract::V1_11 => "1.11.6",
        Contract::V1_12 => "1.12.7",
        Contract::V1_13 => "1.13.9",
        Contract::V1_14 => "1.14.1",
    };
    let disk = Disk {
        dev_path: "/dev/vda".to_owned(),
        size: 20_000_000_000,
        transport: "virtio".to_owned(),
        ..Disk::default()
    };
    let drive = Disk {
        dev_path: "/dev/sr0".to_owned(),
        size: 400_000_000,
        readonly: true,
        cdrom: true,
        ..Disk::default()
    };
    Machine {
        talos_version: version.to_owned(),
        disks: vec![disk, drive],
        installed: false,
    }
}
