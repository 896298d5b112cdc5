//! The test suites, in the order of CI. Each ends with one line.

use crate::setup::{self, For};
use crate::shell::{cargo, output, root, run};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::time::{Duration, Instant};

type Suite = (&'static str, fn() -> Result<()>);

const SUITES: &[Suite] = &[
    ("fmt", fmt),
    ("clippy", clippy),
    ("rust", rust),
    ("types", types),
];

/// Runs the named suites, or all.
pub fn test(names: &[String]) -> Result<()> {
    for name in names {
        if !SUITES.iter().any(|(known, _)| known == name) {
            let known: Vec<&str> = SUITES.iter().map(|(name, _)| *name).collect();
            bail!("there is no suite {name}; known are {}", known.join(", "));
        }
    }
    setup::ensure(For::Testing)?;
    let chosen = SUITES
        .iter()
        .filter(|(name, _)| names.is_empty() || names.iter().any(|n| n == name));
    let mut lines = Vec::new();
    let (mut passed, mut failed) = (0, 0);
    for (name, suite) in chosen {
        println!("\n== {name}");
        let begun = Instant::now();
        let result = suite();
        let time = seconds(begun.elapsed());
        match result {
            Ok(()) => {
                passed += 1;
                lines.push(format!("{name:<10} ok      {time}"));
            }
            Err(error) => {
                failed += 1;
                eprintln!("{error:#}");
                lines.push(format!("{name:<10} FAILED  {time}"));
            }
        }
    }
    println!("\n{}\n\n{passed} passed, {failed} failed", lines.join("\n"));
    if failed > 0 {
        bail!("{failed} suites failed");
    }
    Ok(())
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn fmt() -> Result<()> {
    run(&mut cargo(&["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    run(&mut cargo(&[
        "clippy",
        "--all-targets",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ]))
}

fn rust() -> Result<()> {
    run(&mut cargo(&["test"]))
}

fn generated() -> PathBuf {
    root().join("ui/src/platform/generated/api.ts")
}

fn fresh_types() -> Result<String> {
    output(&mut cargo(&[
        "run",
        "--quiet",
        "--package",
        "crete-api",
        "--example",
        "typescript",
    ]))
}

/// Fails when the page's types are not those of the Rust sources.
fn types() -> Result<()> {
    let path = generated();
    let kept = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    if kept != fresh_types()? {
        bail!("{} is stale: run cargo xtask types", path.display());
    }
    Ok(())
}

/// Writes the page's types.
pub fn write_types() -> Result<()> {
    let path = generated();
    std::fs::write(&path, fresh_types()?).with_context(|| path.display().to_string())?;
    println!("wrote {}", path.display());
    Ok(())
}
