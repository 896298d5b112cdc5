//! The sizes of what is shipped.

use super::figure::Figure;
use crate::shell::target;
use crate::{page, window};
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;

/// What is shipped.
pub fn sizes() -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let (mut raw, mut packed) = (0, 0);
    for file in files(&page::folder().join("dist"))? {
        raw += std::fs::metadata(&file)?.len();
        packed += gzipped(&file)?;
    }
    figures.push(Figure::new("page, raw", kib(raw), "KiB"));
    figures.push(Figure::new("page, gzip", kib(packed), "KiB"));
    // Only what was built: whoever asks for sizes alone does not wait for a compiler.
    let release = target().join("release/crete");
    for (kind, program) in [("debug", window::program()), ("release", release)] {
        if let Ok(found) = std::fs::metadata(&program) {
            let name = format!("program ({kind})");
            figures.push(Figure::new(&name, kib(found.len()) / 1024.0, "MiB"));
        }
    }
    Ok(figures)
}

#[expect(clippy::cast_precision_loss, reason = "sizes here are far below 2^52")]
fn kib(bytes: u64) -> f64 {
    bytes as f64 / 1024.0
}

fn files(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

fn gzipped(file: &Path) -> Result<u64> {
    let mut gzip = Command::new("gzip");
    gzip.args(["--best", "--stdout"]).arg(file);
    let packed = gzip.output().context("gzip could not be started")?;
    Ok(packed.stdout.len() as u64)
}
