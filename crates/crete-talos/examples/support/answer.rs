//! One question to the library and its answer, in the form of Talos' own library behind a pipe.

use crete_talos::Contract;
use crete_talos::config::{Configuration, Fault, Mode, Patch};
use serde_json::{Value, json};

/// What Talos would say.
pub fn answer(question: &Value, contract: Contract) -> Value {
    let text = question["yaml"].as_str().unwrap_or_default();
    let refused = |stage: &str, text: &str, out: &str| json!({"stage": stage, "err": text, "warnings": null, "out": out});
    let mut configuration = match Configuration::read(text, contract) {
        Ok(configuration) => configuration,
        Err(faults) => return refused("load", faults.talos_text(), ""),
    };
    let mut out = String::new();
    let patches = question["patches"].as_array().into_iter().flatten();
    let mut read = Vec::new();
    for patch in patches {
        match Patch::read(patch.as_str().unwrap_or_default(), contract) {
            Ok(patch) => read.push(patch),
            Err(faults) => return refused("patch-load", faults.talos_text(), ""),
        }
    }
    for patch in &read {
        if let Err(faults) = patch.apply(&mut configuration, 1) {
            return refused("patch", faults.talos_text(), "");
        }
        out = configuration.to_yaml();
    }
    let mode = match question["mode"].as_str() {
        Some("cloud") => Mode::Cloud,
        Some("container") => Mode::Container,
        _ => Mode::Metal,
    };
    let verdict = configuration.validate(contract, mode);
    let warnings = verdict.warnings.iter().map(Fault::talos_text);
    let warnings: Vec<&str> = warnings.collect();
    let stage = if verdict.is_accepted() {
        "ok"
    } else {
        "validate"
    };
    json!({"stage": stage, "err": verdict.text, "warnings": warnings, "out": out})
}
