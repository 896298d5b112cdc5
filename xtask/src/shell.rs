//! Running programs, and the folders everything is relative to. No shell strings.

use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// The project's root: of the clone cargo was called in, as clones may share their build products.
pub fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR");
    let here = here.map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.parent().unwrap_or(&here).to_owned()
}

/// Build products and downloads that outlive a clone.
pub fn cache() -> PathBuf {
    let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    base.unwrap_or_else(|| home.join(".cache")).join("crete")
}

/// Cargo's products. Shared by all clones, so that a second run is quick.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| cache().join("target"), PathBuf::from)
}

/// Pictures and reports of the tests that drive a page.
pub fn results() -> PathBuf {
    root().join("test-results")
}

/// A cargo call in the project's root.
pub fn cargo(args: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(args)
        .current_dir(root())
        .env("CARGO_TARGET_DIR", target());
    command
}

/// Runs a program and fails with its name when it fails.
pub fn run(command: &mut Command) -> Result<()> {
    let text = display(command);
    let status = command
        .status()
        .with_context(|| format!("{text} could not be started"))?;
    if !status.success() {
        bail!("{text} failed: {status}");
    }
    Ok(())
}

/// Runs a program and gives the text it printed.
pub fn output(command: &mut Command) -> Result<String> {
    bytes(command).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Runs a program and gives the bytes it printed.
pub fn bytes(command: &mut Command) -> Result<Vec<u8>> {
    let text = display(command);
    let output = command
        .output()
        .with_context(|| format!("{text} could not be started"))?;
    if !output.status.success() {
        bail!(
            "{text} failed: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(output.stdout)
}

/// The command as a person would type it.
pub fn display(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|arg| arg.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

/// True when a program is on the search path.
pub fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Does a step that may take long: its name before it, its time after it.
pub fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("{name} …");
    let begun = Instant::now();
    let done = work()?;
    println!("{name}: {}", seconds(begun.elapsed()));
    Ok(done)
}

/// A span of time as people read it.
pub fn seconds(time: Duration) -> String {
    if time.as_secs() < 60 {
        return format!("{:.1} s", time.as_secs_f64());
    }
    format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60)
}
