//! Prints the secrets that a configuration holds, as a `secrets.yaml`.
//!
//! `cargo run -p crete-talos --example extract_secrets -- controlplane.yaml`

use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, String> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: extract_secrets CONFIG")?;
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let parts = crete_talos::pki::extract(&text).map_err(|error| format!("{path}: {error}"))?;
    Ok(parts.to_yaml())
}
