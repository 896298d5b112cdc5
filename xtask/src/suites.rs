//! The test suites, in the order of CI. Each ends with one line.

use crate::setup::{self, Purpose};
use crate::shell::{cargo, output, root, run, seconds, step};
use crate::{driven, page, practice, programs, qemus, window};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::time::Instant;

/// One suite: what it needs of the machine, and what it does.
struct Suite {
    name: &'static str,
    needs: &'static [Purpose],
    check: fn() -> Result<()>,
}

use Purpose::{Browser, Compiler, Display, Machines, Tests, Window};

const SUITES: &[Suite] = &[
    Suite {
        name: "fmt",
        needs: &[],
        check: fmt,
    },
    Suite {
        name: "clippy",
        needs: &[Compiler, Window],
        check: clippy,
    },
    Suite {
        name: "rust",
        needs: &[Compiler, Machines, Tests],
        check: rust,
    },
    Suite {
        name: "types",
        needs: &[Compiler],
        check: types,
    },
    Suite {
        name: "page",
        needs: &[],
        check: page_suite,
    },
    Suite {
        name: "e2e",
        needs: &[Compiler, Machines, Browser],
        check: end_to_end,
    },
    Suite {
        name: "vm",
        needs: &[Compiler, Machines],
        check: vm,
    },
    Suite {
        name: "window",
        needs: &[Compiler, Machines, Window, Display],
        check: window_suite,
    },
];

/// How a suite ended.
enum Outcome {
    Passed,
    Failed,
    Skipped(String),
}

/// Runs the named suites, or all.
pub fn test(names: &[String]) -> Result<()> {
    if let Some(unknown) = names
        .iter()
        .find(|name| SUITES.iter().all(|suite| suite.name != **name))
    {
        let known: Vec<&str> = SUITES.iter().map(|suite| suite.name).collect();
        bail!(
            "there is no suite {unknown}; known are {}",
            known.join(", ")
        );
    }
    let chosen: Vec<&Suite> = SUITES
        .iter()
        .filter(|suite| names.is_empty() || names.iter().any(|name| name == suite.name))
        .collect();
    let mut needs: Vec<Purpose> = Vec::new();
    for need in chosen.iter().flat_map(|suite| suite.needs) {
        if !needs.contains(need) {
            needs.push(*need);
        }
    }
    if let Err(error) = setup::ensure(&needs) {
        // Suites that need nothing of it still run.
        eprintln!("{error:#}");
    }
    let strict = std::env::var("CI").is_ok_and(|value| value == "true");
    let whole = Instant::now();
    let mut lines = Vec::new();
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for suite in chosen {
        println!("\n== {}", suite.name);
        let begun = Instant::now();
        let outcome = attempt(suite, strict);
        let word = match outcome {
            Outcome::Passed => {
                passed += 1;
                "ok".to_owned()
            }
            Outcome::Failed => {
                failed += 1;
                "FAILED".to_owned()
            }
            Outcome::Skipped(reason) => {
                skipped += 1;
                format!("skipped: missing {reason}")
            }
        };
        lines.push(format!(
            "{:<8} {:>12}  {word}",
            suite.name,
            seconds(begun.elapsed())
        ));
    }
    println!(
        "\n{}\n{:<8} {:>12}",
        lines.join("\n"),
        "all",
        seconds(whole.elapsed())
    );
    println!("\n{}", closing_line(passed, failed, skipped));
    if failed > 0 {
        bail!("{failed} of the suites failed");
    }
    Ok(())
}

fn closing_line(passed: u32, failed: u32, skipped: u32) -> String {
    let skips = if skipped > 0 {
        format!(", {skipped} skipped")
    } else {
        String::new()
    };
    format!("{passed} passed, {failed} failed{skips}")
}

fn attempt(suite: &Suite, strict: bool) -> Outcome {
    let missing = setup::missing(suite.needs).join("; ");
    if !missing.is_empty() && !strict {
        println!("skipped, missing {missing}");
        return Outcome::Skipped(missing);
    }
    let result = if missing.is_empty() {
        (suite.check)()
    } else {
        Err(anyhow::anyhow!(
            "CI skips nothing, and this machine lacks something {missing}"
        ))
    };
    match result {
        Ok(()) => Outcome::Passed,
        Err(error) => {
            eprintln!("{error:#}");
            Outcome::Failed
        }
    }
}

fn fmt() -> Result<()> {
    run(&mut cargo(&["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    // The window embeds the page, so the page comes first.
    page::build()?;
    run(&mut cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

fn rust() -> Result<()> {
    run(cargo(&["test", "--no-fail-fast"]).env("CRETE_QEMUS", qemus::list()))
}

/// What the program gives the page to be compiled and tested with: its types, and the keys of
/// configurations.
const GENERATED: [(&str, &[&str]); 2] = [("api.ts", &[]), ("keys.json", &["keys"])];

fn generated(name: &str) -> PathBuf {
    root().join("ui/src/platform/generated").join(name)
}

fn fresh(args: &[&str]) -> Result<String> {
    let mut example = cargo(&["run", "--quiet", "--example", "typescript", "--"]);
    output(example.args(args))
}

/// Fails when what the page has is not what the Rust sources say.
fn types() -> Result<()> {
    for (name, args) in GENERATED {
        let path = generated(name);
        let kept = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        if kept != fresh(args)? {
            bail!("{} is stale: run cargo xtask types", path.display());
        }
    }
    Ok(())
}

/// Writes the page's types.
pub fn write_types() -> Result<()> {
    for (name, args) in GENERATED {
        let path = generated(name);
        std::fs::write(&path, fresh(args)?).with_context(|| path.display().to_string())?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// Types, rules and unit tests of the page and of the tests that drive it.
fn page_suite() -> Result<()> {
    page::install()?;
    for script in ["check", "lint", "test"] {
        step(&format!("npm run {script}"), || {
            let mut npm = std::process::Command::new("npm");
            run(npm
                .args(["run", "--silent", script])
                .current_dir(page::folder()))
        })?;
    }
    step("Types and rules of tests/", || {
        run(&mut page::tool(
            "tsc",
            &["--project", "tests/tsconfig.json"],
        ))?;
        run(&mut page::tool(
            "eslint",
            &["--config", "tests/eslint.config.js", "tests"],
        ))?;
        // Prettier finds the plugin that its rules name only from the page's folder.
        let mut prettier = page::tool("prettier", &["--config", ".prettierrc.json", "--check"]);
        prettier.args(["../tests/*/*.ts", "../tests/bench/page/*", "../tests/*.ts"]);
        run(prettier.current_dir(page::folder()))
    })?;
    page::build()
}

/// The page in Chromium, over the dev host, on real machines.
fn end_to_end() -> Result<()> {
    page::build()?;
    step("Looking after the practice parts", practice::build)?;
    step("Building the programs", programs::beside_tests)?;
    run(&mut driven::suite("e2e"))
}

/// Real machines without a page.
fn vm() -> Result<()> {
    step("Looking after the practice parts", practice::build)?;
    step("Building the programs", programs::beside_tests)?;
    let mut tests = cargo(&["test"]);
    // By their names and not by their package: so they are those that were compiled with the rest.
    for name in [
        "clusters_live",
        "machine_boots",
        "machines_form_a_cluster",
        "machines_share_a_network",
    ] {
        tests.args(["--test", name]);
    }
    run(tests.args(["--", "--include-ignored"]))
}

/// The real window, driven.
fn window_suite() -> Result<()> {
    step("Looking after the practice parts", practice::build)?;
    step("Building the programs", programs::beside_tests)?;
    window::package()?;
    window::drag_source()?;
    run(&mut driven::suite("webview"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_skips_only_when_there_are_some() {
        assert_eq!(closing_line(8, 0, 0), "8 passed, 0 failed");
        assert_eq!(closing_line(6, 1, 1), "6 passed, 1 failed, 1 skipped");
    }
}
