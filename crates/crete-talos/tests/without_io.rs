//! Configurations and certificates need no runtime and no sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::process::Command;

#[test]
fn secrets_and_configurations_are_built_without_a_runtime() {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--package",
            "crete-talos",
            "--no-default-features",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--offline",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let tree = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && tree.starts_with("crete-talos"),
        "{tree}"
    );
    for forbidden in ["tokio ", "tonic ", "hyper ", "rustls ", "reqwest "] {
        let found = tree.lines().find(|line| line.starts_with(forbidden));
        assert_eq!(found, None, "{tree}");
    }
}
