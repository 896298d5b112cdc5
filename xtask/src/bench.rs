//! `cargo xtask bench`: figures of the parts and of the whole, as JSON and as a table.
//!
//! Nothing here is compared with a limit: a figure means something beside the figure of the same
//! computer before a change.

mod figure;
mod flood;
mod sizes;

use crate::setup::{self, Purpose};
use crate::shell::{cargo, output, results, seconds, step, target};
use crate::{demo, driven, page, practice, programs, window};
use anyhow::{Context, Result, bail};
use figure::Figure;
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// One part of the bench: its names, what it needs of the computer, and what it measures.
struct Part {
    names: &'static [&'static str],
    needs: &'static [Purpose],
    /// What it does, for whoever waits.
    says: &'static str,
    measure: fn() -> Result<Vec<Figure>>,
}

use Purpose::{Browser, Compiler, Display, Machines, Window};

const PARTS: &[Part] = &[
    Part {
        names: &["parts"],
        needs: &[Compiler],
        says: "Measuring the parts",
        measure: parts,
    },
    Part {
        names: &["start", "memory"],
        needs: &[Compiler, Window, Display],
        says: "Measuring the window's start and memory beside a hello world",
        measure: start,
    },
    Part {
        names: &["idle"],
        needs: &[Compiler, Window, Display, Machines],
        says: "Measuring the hidden window",
        measure: idle,
    },
    Part {
        names: &["download"],
        needs: &[Compiler],
        says: "Measuring downloads beside curl",
        measure: download,
    },
    Part {
        names: &["serial"],
        needs: &[Compiler, Machines, Browser],
        says: "Measuring a machine that prints without end",
        measure: serial,
    },
    Part {
        names: &["console"],
        needs: &[Compiler, Browser],
        says: "Measuring a long console in a browser",
        measure: console,
    },
    Part {
        names: &["clusters"],
        needs: &[Compiler],
        says: "Measuring clusters",
        measure: clusters,
    },
    Part {
        names: &["typing"],
        needs: &[Browser],
        says: "Measuring the page in a browser",
        measure: typing,
    },
    Part {
        names: &["run"],
        needs: &[Compiler, Machines, Window, Display],
        says: "Measuring a whole run in the window",
        measure: whole,
    },
    Part {
        names: &["talos"],
        needs: &[Compiler],
        says: "Measuring calls to nodes beside their bytes, and twenty nodes watched",
        measure: talos,
    },
    Part {
        names: &["sizes"],
        needs: &[],
        says: "Measuring what is shipped",
        measure: sizes::sizes,
    },
];

/// Measures all parts, or the named ones; prints the table, and keeps both forms in
/// `target/bench`.
pub fn bench(names: &[String]) -> Result<()> {
    let begun = Instant::now();
    let chosen = chosen(names)?;
    setup::node()?;
    let mut needs: Vec<Purpose> = Vec::new();
    for need in chosen.iter().flat_map(|part| part.needs) {
        if !needs.contains(need) {
            needs.push(*need);
        }
    }
    setup::ensure(&needs)?;
    page::build()?;
    let mut figures = Vec::new();
    for part in chosen {
        figures.extend(step(part.says, part.measure)?);
    }
    let table = figure::table(&figures);
    println!("\n{table}");
    let folder = target().join("bench");
    let named = || folder.display().to_string();
    std::fs::create_dir_all(&folder).with_context(named)?;
    std::fs::write(folder.join("figures.md"), &table).with_context(named)?;
    let report = serde_json::to_string_pretty(&report(&figures))?;
    std::fs::write(folder.join("figures.json"), report + "\n").with_context(named)?;
    println!("Written to {} in {}", named(), seconds(begun.elapsed()));
    Ok(())
}

/// The parts of these names, each once; all of them without names.
fn chosen(names: &[String]) -> Result<Vec<&'static Part>> {
    let known = || PARTS.iter().flat_map(|part| part.names);
    if let Some(unknown) = names.iter().find(|name| known().all(|known| known != name)) {
        let known: Vec<&str> = known().copied().collect();
        bail!("there is no part {unknown}; known are {}", known.join(", "));
    }
    let wanted = |part: &&Part| {
        part.names
            .iter()
            .any(|name| names.iter().any(|n| n == name))
    };
    Ok(PARTS
        .iter()
        .filter(|part| names.is_empty() || wanted(part))
        .collect())
}

/// Runs a measuring program and reads its last line.
fn printed(command: &mut Command) -> Result<Vec<Figure>> {
    let text = output(command.stderr(Stdio::inherit()))?;
    let line = text.lines().rfind(|line| line.starts_with('['));
    let figures: Vec<Value> = serde_json::from_str(line.unwrap_or_default())
        .with_context(|| format!("no figures were printed, but {text:?}"))?;
    figures.iter().map(Figure::read).collect()
}

/// Programs of the bench itself, optimized as what is shipped.
fn examples() -> Result<()> {
    step("Building the bench", || {
        let mut build = cargo(&["build", "--release", "--package", "crete-bench"]);
        crate::shell::run(build.arg("--examples"))
    })
}

/// What the engine's parts take, optimized.
fn parts() -> Result<Vec<Figure>> {
    printed(&mut cargo(&["bench", "--package", "crete-bench"]))
}

/// The window's start, and its memory.
fn start() -> Result<Vec<Figure>> {
    examples()?;
    window::release()?;
    printed(&mut driven::optimized("bench/start.ts"))
}

/// What the window costs while nobody sees it.
fn idle() -> Result<Vec<Figure>> {
    step("Looking after the practice parts", practice::build)?;
    step(
        "Building the practice factory, optimized",
        programs::release,
    )?;
    examples()?;
    window::release()?;
    printed(&mut driven::optimized("bench/idle.ts"))
}

fn download() -> Result<Vec<Figure>> {
    examples()?;
    printed(&mut driven::optimized("bench/download.ts"))
}

/// Calls to nodes, and the engine that watches many.
fn talos() -> Result<Vec<Figure>> {
    examples()?;
    printed(&mut Command::new(target().join("release/examples/talos")))
}

/// From QEMU's port to the page, beside somebody who only reads.
fn serial() -> Result<Vec<Figure>> {
    host()?;
    step("Looking after the practice parts", practice::build)?;
    let images = target().join("bench/flood");
    practice::pack_disk(&flood::program(), &images)?;
    printed(driven::optimized("bench/serial.ts").env("CRETE_PRACTICE_IMAGES", images))
}

/// What a page does with a console of many lines.
fn console() -> Result<Vec<Figure>> {
    host()?;
    printed(&mut driven::optimized("bench/console.ts"))
}

/// The dev host, which serves the page to a browser, what carries its machines' network, and what
/// fills its data folder.
fn host() -> Result<()> {
    examples()?;
    step("Building the dev host, optimized", programs::release)
}

/// What clusters at rest take, and what the driver adds to the time in which one forms.
fn clusters() -> Result<Vec<Figure>> {
    examples()?;
    let program = target().join("release/examples/clusters");
    let mut figures = printed(&mut Command::new(program))?;
    let told = output(&mut cargo(&[
        "test",
        "--test",
        "cluster_time",
        "--",
        "--nocapture",
        "the_driver_adds",
    ]))?;
    figures.extend(told.lines().filter_map(added));
    Ok(figures)
}

/// Reads `SHAPE by MEDIUM: the driver adds 1.20 s of 96.3 s, 1.25 %`.
fn added(line: &str) -> Option<Figure> {
    let (of, figures) = line.split_once(": the driver adds ")?;
    let share = figures.rsplit_once(", ")?.1.strip_suffix(" %")?;
    let name = format!("the driver's share of the time in which a cluster forms: {of}");
    let mut figure = Figure::new(&name, share.parse().ok()?, "%");
    figure.goal = Some(figure::Goal::Most(3.0));
    Some(figure)
}

/// What a key costs in the page's longest list.
fn typing() -> Result<Vec<Figure>> {
    printed(&mut driven::script("bench/typing.ts"))
}

/// What a person waits for: the window, and a machine's first words.
fn whole() -> Result<Vec<Figure>> {
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
        Figure::new(
            "exec to first paint of the window (debug)",
            seconds("exec_to_first_paint_ms")?,
            "s",
        ),
        Figure::new(
            "click to first console text (debug)",
            seconds("click_to_first_console_ms")?,
            "s",
        ),
    ])
}

fn report(figures: &[Figure]) -> Value {
    json!({
        "schema_version": 1,
        "measured_at": SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()),
        "cores": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        "processor": processor(),
        "figures": figure::report(figures),
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

    fn names(text: &str) -> Result<Vec<&'static str>> {
        let names: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        Ok(chosen(&names)?.iter().map(|part| part.names[0]).collect())
    }

    #[test]
    fn what_the_driver_adds_is_read_from_what_its_test_says() {
        let line = "Solo by DiskImage: the driver adds 1.20 s of 96.3 s, 1.25 %";
        let figure = added(line).unwrap();
        assert!((figure.value - 1.25).abs() < f64::EPSILON);
        assert!(figure.name.ends_with("Solo by DiskImage"));
        assert!(added("test the_driver_adds ... ok").is_none());
    }

    #[test]
    fn parts_are_chosen_by_name_and_each_is_measured_once() {
        assert_eq!(names("").unwrap().len(), PARTS.len());
        assert_eq!(names("memory start").unwrap(), ["start"]);
        assert_eq!(names("sizes parts").unwrap(), ["parts", "sizes"]);
        assert!(names("parts speed").is_err());
    }
}
