//! `cargo xtask demo`: the main job by itself, in the real window, with nobody in front of it.

use crate::setup::{self, Purpose};
use crate::shell::{run, step};
use crate::{driven, practice, window};
use anyhow::Result;

/// Builds what is needed, and drives the window from an empty home to a booted machine and a
/// cluster.
pub fn demo() -> Result<()> {
    prepare()?;
    run(&mut driven::script("webview/demo.ts"))
}

fn prepare() -> Result<()> {
    setup::node()?;
    setup::ensure(&[
        Purpose::Compiler,
        Purpose::Machines,
        Purpose::Window,
        Purpose::Display,
    ])?;
    step("Looking after the practice parts", practice::build)?;
    window::build()?;
    Ok(())
}
