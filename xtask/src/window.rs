//! The window's program, and the practice factory's beside it.

use crate::shell::{cargo, root, run, step, target};
use crate::{page, programs};
use anyhow::Result;
use std::path::PathBuf;
use std::process::Command;

/// Where the window's program is once it is built.
pub fn program() -> PathBuf {
    target().join("debug/crete")
}

/// Builds the window for this computer, with the page inside.
///
/// By cargo and not by the Tauri CLI: the program is the same, and the CLI's checks of a release
/// cost a person seconds at every start. [`package`] makes them.
pub fn build() -> Result<PathBuf> {
    page::build()?;
    // With what machines and practice need, so that the libraries are compiled once for all of it.
    step("Building the window", || {
        let mut compile = compile(&["--bins"]);
        for package in programs::PACKAGES {
            compile.args(["--package", package]);
        }
        run(&mut compile)
    })?;
    Ok(program())
}

fn compile(more: &[&str]) -> Command {
    let mut command = cargo(&["build", "--package", "crete", "--package", "crete-net"]);
    command
        .args(["--features", "crete/custom-protocol"])
        .args(more);
    command
}

/// Builds the window as it is shipped, and the smallest window that can stand beside it.
pub fn release() -> Result<()> {
    page::build()?;
    step("Building the window and its rival, optimized", || {
        let programs = ["--bin", "crete", "--bin", "crete-net"];
        let rival = ["--example", "hello_window", "--release"];
        run(compile(&programs).args(rival))
    })
}

/// Builds what the window's tests drag files from.
pub fn drag_source() -> Result<()> {
    step("Building the drag source", || {
        run(&mut cargo(&["build", "--package", "crete-drag-source"]))
    })
}

/// Builds the window as a release is built, short of optimizing and packing: by the Tauri CLI,
/// which also compares the versions of the program's and the page's halves.
pub fn package() -> Result<PathBuf> {
    page::build()?;
    step("Building the window by the Tauri CLI", || {
        let mut tauri: Command = page::tool("tauri", &["build", "--debug", "--no-bundle", "--ci"]);
        tauri.current_dir(root()).env("CARGO_TARGET_DIR", target());
        run(&mut tauri)
    })?;
    Ok(program())
}
