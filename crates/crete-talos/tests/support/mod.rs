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
