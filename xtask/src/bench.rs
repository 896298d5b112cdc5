//! `cargo xtask bench`: figures of the parts and of the whole, as JSON and as a table.
//!
//! Nothing here is compared with a limit: a figure means something beside the figure of the same
//! computer before a change.

use crate::setup::{self, Purpose};
use crate::shell::{cargo, output, results, seconds, step, target};
use crate::{demo, driven, page, window};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// One line of the table.
struct Row {
    name: String,
    value: f64,
    unit: &'static str,
}

impl Row {
    fn new(name: &str, value: f64, unit: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            value,
            unit,
        }
    }
}

/// Measures, prints the table, and keeps both forms in `target/bench`.
pub fn bench() -> Result<()> {
    let begun = Instant::now();
    setup::node()?;
    setup::ensure(&[
        Purpose::Compiler,
        Purpose::Machines,
        Purpose::Browser,
        Purpose::Window,
        Purpose::Display,
    ])?;
    let mut rows = step("Measuring the parts", parts)?;
    page::build()?;
    rows.extend(step("Measuring the page in a browser", typing)?);
    rows.extend(step("Measuring a whole run in the window", whole)?);
    rows.extend(sizes()?);
    let table = table(&rows);
    println!("\n{table}");
    let folder = target().join("bench");
    let named = || folder.display().to_string();
    std::fs::create_dir_all(&folder).with_context(named)?;
    std::fs::write(folder.join("figures.md"), &table).with_context(named)?;
    let report = serde_json::to_string_pretty(&report(&rows))?;
    std::fs::write(folder.join("figures.json"), report + "\n").with_context(named)?;
    println!("Written to {} in {}", named(), seconds(begun.elapsed()));
    Ok(())
}

/// What the engine's parts take, optimized.
fn parts() -> Result<Vec<Row>> {
    let text = output(cargo(&["bench", "--package", "crete-bench"]).stderr(Stdio::inherit()))?;
    let line = text
        .lines()
        .find(|line| line.starts_with('['))
        .unwrap_or_default();
    let figures: Vec<Value> = serde_json::from_str(line).context("the figures of the parts")?;
    figures
        .iter()
        .map(|figure| {
            let text = |key: &str| figure[key].as_str().unwrap_or_default();
            let unit = if text("unit") == "MiB/s" {
                "MiB/s"
            } else {
                "µs"
            };
            let value = figure["median"].as_f64().context("a figure has no value")?;
            Ok(Row::new(text("name"), value, unit))
        })
        .collect()
}

/// What a key costs in the page's longest list.
fn typing() -> Result<Vec<Row>> {
    let text = output(driven::script("bench/typing.ts").stderr(Stdio::inherit()))?;
    let figures: Vec<Value> =
        serde_json::from_str(text.trim()).context("the figures of the page")?;
    figures
        .iter()
        .map(|figure| {
            let name = figure["name"].as_str().unwrap_or_default();
            let value = figure["value"].as_f64();
            Ok(Row::new(
                name,
                value.context("a figure has no value")?,
                "ms",
            ))
        })
        .collect()
}

/// What a person waits for: the window, and a machine's first words.
fn whole() -> Result<Vec<Row>> {
    demo::demo()?;
    let path = results().join("demo/times.json");
    let text = std::fs::read(&path).with_context(|| path.display().to_string())?;
    let times: Value = serde_json::from_slice(&text)?;
    let seconds = |key: &str| -> Result<f64> {
        let ms = times[key]
            .as_f64()
            .with_context(|| format!("{key} is not in {}", path.display()))?;
        Ok(ms / 1000.0)
    };
    Ok(vec![
        Row::new(
            "exec to first paint of the window (debug)",
            seconds("exec_to_first_paint_ms")?,
            "s",
        ),
        Row::new(
            "click to first console text (debug)",
            seconds("click_to_first_console_ms")?,
            "s",
        ),
    ])
}

/// What is shipped.
fn sizes() -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let (mut raw, mut packed) = (0, 0);
    for file in files(&page::folder().join("dist"))? {
        raw += std::fs::metadata(&file)?.len();
        packed += gzipped(&file)?;
    }
    rows.push(Row::new("page, raw", kib(raw), "KiB"));
    rows.push(Row::new("page, gzip", kib(packed), "KiB"));
    let program = window::program();
    let bytes = std::fs::metadata(&program)
        .with_context(|| program.display().to_string())?
        .len();
    rows.push(Row::new("program (debug)", kib(bytes) / 1024.0, "MiB"));
    let release = target().join("release/crete");
    if let Ok(found) = std::fs::metadata(&release) {
        rows.push(Row::new(
            "program (release)",
            kib(found.len()) / 1024.0,
            "MiB",
        ));
    }
    Ok(rows)
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

fn table(rows: &[Row]) -> String {
    let width = rows
        .iter()
        .map(|row| row.name.chars().count())
        .max()
        .unwrap_or_default();
    let mut text = format!("| {:<width$} | {:>10} | unit  |\n", "figure", "value");
    text += &format!("| {:-<width$} | {:->10}: | {:-<5} |\n", "", "", "").replace("-: |", ": |");
    for row in rows {
        text += &format!(
            "| {:<width$} | {:>10} | {:<5} |\n",
            row.name,
            rounded(row.value),
            row.unit
        );
    }
    text
}

/// Three digits that mean something.
fn rounded(value: f64) -> String {
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

fn report(rows: &[Row]) -> Value {
    let figures: Vec<Value> = rows
        .iter()
        .map(|row| json!({ "name": row.name, "value": row.value, "unit": row.unit }))
        .collect();
    json!({
        "schema_version": 1,
        "measured_at": SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()),
        "cores": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        "processor": processor(),
        "figures": figures,
    })
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    line.unwrap_or_default()
        .trim_start_matches([' ', '\t', ':'])
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_lines_up() {
        let rows = [
            Row::new("short", 3.0, "s"),
            Row::new("much longer", 1234.5, "MiB/s"),
        ];
        let text = table(&rows);
        let widths: Vec<usize> = text.lines().map(|line| line.chars().count()).collect();
        assert_eq!(widths, [widths[0]; 4], "{text}");
        assert!(
            text.contains("| much longer |       1234 | MiB/s |"),
            "{text}"
        );
    }
}
