//! Prints a configuration with patches applied, or refuses.
//!
//! `cargo run -p crete-talos --example merge_patch -- CONFIG PATCH… --talos v1.12`

#[path = "support/args.rs"]
mod args;

use args::{Args, file};
use crete_talos::Contract;
use crete_talos::config::{Configuration, Patch};
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
    let usage = "merge_patch CONFIG PATCH… --talos v1.12";
    let args = Args::read(usage, &["talos"])?;
    let contract = match args.option("talos") {
        Some(version) => version.parse().map_err(|error| format!("{error}"))?,
        None => Contract::V1_13,
    };
    let [config, patches @ ..] = args.paths.as_slice() else {
        return Err(format!("usage: {usage}"));
    };
    let mut read = Vec::new();
    for path in patches {
        let patch = Patch::read(&file(path)?, contract);
        read.push((path, patch.map_err(|error| format!("{path}: {error}"))?));
    }
    let configuration = Configuration::read(&file(config)?, contract);
    let mut configuration = configuration.map_err(|error| format!("{config}: {error}"))?;
    for ((path, patch), origin) in read.iter().zip(1..) {
        let applied = patch.apply(&mut configuration, origin);
        let applied = applied.map_err(|error| format!("{path}: {error}"))?;
        for erased in applied.erased {
            eprintln!("warning: {path} erases {erased}");
        }
    }
    Ok(configuration.to_yaml())
}
