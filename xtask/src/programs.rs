//! The programs that tests, benches and people without a window start.

use crate::shell::{cargo, run};
use anyhow::Result;
use std::process::Command;

/// Those of them that need no window's libraries.
pub const PACKAGES: [&str; 3] = ["crete-devhost", "crete-net", "crete-testkit"];

/// Builds them. All of them by one command, whichever is needed: which features the libraries
/// have depends on what is built at once, so that one after the other they would be compiled again
/// and again.
pub fn build() -> Result<()> {
    run(&mut compile())
}

/// Builds them as the tests of the workspace had them built, and with them what a person's tools do
/// there: an example brings the features that libraries have in tests, so nothing is compiled twice.
pub fn beside_tests() -> Result<()> {
    let tools = ["--example", "gen_config", "--example", "nodes"];
    run(cargo(&["build", "--bins"]).args(tools))
}

/// The same, as they would be shipped.
pub fn release() -> Result<()> {
    run(compile().arg("--release"))
}

fn compile() -> Command {
    let mut build = cargo(&["build", "--bins"]);
    for package in PACKAGES {
        build.args(["--package", package]);
    }
    build
}
