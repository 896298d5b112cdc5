//! Says what a node of a version says when a configuration is applied.
//!
//! `cargo run -p crete-talos --example validate -- CONFIG --mode metal --talos v1.12`
//! prints `{"ok", "errors", "warnings"}` as JSON. The node is the one of the golden files: a disk
//! `/dev/vda` of 20 GB, a CD drive, nothing installed. A refusal is an answer, not an error.

#[path = "support/args.rs"]
mod args;

use args::Args;
use crete_talos::Contract;
use crete_talos::config::{Configuration, Disk, Fault, Machine, Mode};
use serde_json::{Value, json};
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<Value, String> {
    let usage = "validate CONFIG --mode metal --talos v1.12";
    let args = Args::read(usage, &["mode", "talos"])?;
    let contract = match args.option("talos") {
        Some(version) => version.parse().map_err(|error| format!("{error}"))?,
        None => Contract::V1_13,
    };
    let mode = match args.option("mode").unwrap_or("metal") {
        "metal" => Mode::Metal,
        "cloud" => Mode::Cloud,
        "container" => Mode::Container,
        other => {
            return Err(format!(
                "there is no mode {other:?}: known are metal, cloud and container"
            ));
        }
    };
    let [path] = args.paths.as_slice() else {
        return Err(format!("usage: {usage}"));
    };
    let text = args::file(path)?;
    let texts = |faults: &[Fault]| -> Vec<String> {
        let texts = faults.iter().map(Fault::talos_text);
        texts.map(str::to_owned).collect()
    };
    Ok(match Configuration::read(&text, contract) {
        Err(faults) => {
            let errors = [faults.talos_text()];
            json!({"ok": false, "errors": errors, "warnings": []})
        }
        Ok(configuration) => {
            let verdict = configuration.judge(contract, mode, &node(contract));
            let errors = texts(&verdict.errors);
            let warnings = texts(&verdict.warnings);
            json!({"ok": verdict.is_accepted(), "errors": errors, "warnings": warnings})
        }
    })
}

fn node(contract: Contract) -> Machine {
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
