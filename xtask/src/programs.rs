//! The programs that tests, benches and people without a window start.

use crate::shell::{cargo, run};
use anyhow::Result;

/// Those of them that need no window's libraries.
const PACKAGES: [&str; 3] = ["crete-devhost", "crete-net", "crete-testkit"];

/// Builds them. All of them by one command, whichever is needed: which features the libraries
/// have depends on what is built at once, so that one after the other they would be compiled again
/// and again.
pub fn build() -> Result<()> {
    let mut build = cargo(&["build", "--bins"]);
    for package in PACKAGES {
        build.args(["--package", package]);
    }
    run(&mut build)
}
