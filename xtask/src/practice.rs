//! `cargo xtask practice`: the parts of practice mode.

use crate::shell::{cargo, run};
use anyhow::Result;

/// Builds the practice factory.
pub fn build() -> Result<()> {
    run(&mut cargo(&[
        "build",
        "--package",
        "crete-testkit",
        "--bins",
    ]))
}
