//! `cargo xtask run`: from a fresh machine to the running program.

use crate::setup::{self, For};
use crate::shell::{cargo, run as execute};
use anyhow::{Result, bail};

/// Sets up, builds and runs.
pub fn run(args: &[String]) -> Result<()> {
    let mut practice = false;
    for arg in args {
        match arg.as_str() {
            "--practice" => practice = true,
            other => bail!("unknown option {other}; known is --practice"),
        }
    }
    setup::ensure(For::Running)?;
    println!("building; the first time takes some minutes");
    let mut devhost = cargo(&["run", "--package", "crete-devhost", "--"]);
    if practice {
        devhost.arg("--practice");
    }
    execute(&mut devhost)
}
