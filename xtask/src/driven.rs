//! The tests that drive a page, and what they have to be told: where programs, images and pictures
//! are.

use crate::page;
use crate::shell::{cache, results, root, target};
use std::ffi::OsString;
use std::process::Command;

/// A suite of `tests/` that vitest runs.
pub fn suite(name: &str) -> Command {
    told(page::tool(
        "vitest",
        &[
            "run",
            "--config",
            "tests/vitest.config.ts",
            "--project",
            name,
        ],
    ))
}

/// A program of `tests/`.
pub fn script(name: &str) -> Command {
    let mut node = Command::new("node");
    node.args(["tests/run.js", name]).current_dir(root());
    told(node)
}

/// A program of `tests/` that measures programs as they are shipped.
pub fn optimized(name: &str) -> Command {
    let mut node = script(name);
    node.env("CRETE_PROGRAMS", target().join("release"));
    node.env(
        "CRETE_PRACTICE_FACTORY",
        target().join("release/crete-practice-factory"),
    );
    node
}

fn told(mut command: Command) -> Command {
    let images = std::env::var_os("CRETE_PRACTICE_IMAGES");
    let images = images.unwrap_or_else(|| OsString::from(cache().join("practice/images")));
    command
        .env("CRETE_PROGRAMS", target().join("debug"))
        .env("CRETE_PRACTICE_IMAGES", images)
        .env("CRETE_RESULTS", results());
    command
}
