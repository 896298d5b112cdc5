//! Prints the secrets that a configuration holds, as a `secrets.yaml`.
//!
//! `cargo run -p crete-talos --example extract_secrets -- controlplane.yaml`

#[path = "support/args.rs"]
#[allow(dead_code, reason = "shared, and each example uses a part")]
mod args;

use args::Args;
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
    let usage = "extract_secrets CONFIG";
    let args = Args::read(usage, &[])?;
    let [path] = args.paths.as_slice() else {
        return Err(format!("usage: {usage}"));
    };
    let text = args::file(path)?;
    let parts = crete_talos::pki::extract(&text).map_err(|error| format!("{path}: {error}"))?;
    Ok(parts.to_yaml())
}
