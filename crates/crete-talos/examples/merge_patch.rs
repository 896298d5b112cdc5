//! Prints a configuration with patches applied, or refuses.
//!
//! `cargo run -p crete-talos --example merge_patch -- CONFIG PATCH… --talos v1.12`

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
    let mut paths = Vec::new();
    let mut contract = Contract::V1_13;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--talos" {
            let version = arguments.next().ok_or("--talos needs a version")?;
            contract = version.parse().map_err(|error| format!("{error}"))?;
        } else {
            paths.push(argument);
        }
    }
    let [config, patches @ ..] = paths.as_slice() else {
        return Err("usage: merge_patch CONFIG PATCH… --talos v1.12".to_owned());
    };
    let file =
        |path: &String| std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
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
