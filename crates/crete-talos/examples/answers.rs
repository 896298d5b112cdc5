//! Answers what Talos' own library would, so that the two can be compared.
//!
//! `cargo run -p crete-talos --example answers -- v1.12 < QUESTIONS` reads one JSON object per
//! line, `{"yaml": CONFIG, "mode": "metal" | "cloud" | "container", "patches": [PATCH, ...]}`, and
//! prints one per line: `{"stage", "err", "warnings", "out"}`. The stage is `ok`, `load`,
//! `validate`, `patch-load` or `patch`.

#[path = "support/answer.rs"]
mod answer;

use crete_talos::Contract;
use serde_json::Value;
use std::io::{BufRead, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let version = std::env::args().nth(1).ok_or("usage: answers v1.12")?;
    let contract: Contract = version.parse()?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let question: Value = serde_json::from_str(&line?)?;
        writeln!(out, "{}", answer::answer(&question, contract))?;
    }
    Ok(out.flush()?)
}
