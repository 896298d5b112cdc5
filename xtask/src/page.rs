//! The page: its packages and its build, each only when something it is made of changed.

use crate::setup;
use crate::shell::{root, run, step};
use anyhow::{Context, Result};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The page's folder.
pub fn folder() -> PathBuf {
    root().join("ui")
}

/// A tool of the page's packages, run in the project's root.
pub fn tool(name: &str, args: &[&str]) -> Command {
    let mut command = Command::new(folder().join("node_modules/.bin").join(name));
    command.args(args).current_dir(root());
    command
}

/// Installs the page's packages when the lock differs from the one they were installed by.
pub fn install() -> Result<()> {
    setup::node()?;
    let lock = folder().join("package-lock.json");
    let wanted = std::fs::read(&lock).with_context(|| lock.display().to_string())?;
    let stamp = folder().join("node_modules/.crete-lock");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    step("Installing the page's packages", || {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(folder());
        run(&mut npm)?;
        std::fs::write(&stamp, &wanted).with_context(|| stamp.display().to_string())
    })
}

/// Builds the page when one of its files changed since it was built.
pub fn build() -> Result<()> {
    install()?;
    let wanted = fingerprint()?;
    let stamp = folder().join("node_modules/.crete-built");
    let built = folder().join("dist/index.html").is_file()
        && std::fs::read_to_string(&stamp).is_ok_and(|text| text == wanted);
    if built {
        return Ok(());
    }
    step("Building the page", || {
        let mut vite = tool("vite", &["build", "--logLevel", "error"]);
        run(vite.current_dir(folder()))?;
        std::fs::write(&stamp, &wanted).with_context(|| stamp.display().to_string())
    })
}

/// One number for everything the page is built from.
fn fingerprint() -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for name in [
        "index.html",
        "package-lock.json",
        "public",
        "src",
        "svelte.config.js",
        "vite.config.ts",
    ] {
        add(&folder().join(name), &mut hasher)?;
    }
    Ok(format!("{:016x}\n", hasher.finish()))
}

fn add(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    let named = || path.display().to_string();
    path.hash(hasher);
    if !path.is_dir() {
        std::fs::read(path).with_context(named)?.hash(hasher);
        return Ok(());
    }
    let mut entries = std::fs::read_dir(path)
        .with_context(named)?
        .collect::<std::io::Result<Vec<_>>>()
        .with_context(named)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    entries
        .iter()
        .try_for_each(|entry| add(&entry.path(), hasher))
}
