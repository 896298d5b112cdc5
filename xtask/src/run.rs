//! `cargo xtask run`: from a fresh machine to the running program.

use crate::setup::{self, Purpose};
use crate::shell::{run as execute, step, target};
use crate::{page, practice, programs, window};
use anyhow::{Result, bail};
use std::process::Command;

/// Sets up, builds and opens the window; without a display, serves the page instead.
pub fn run(args: &[String]) -> Result<()> {
    let mut practising = false;
    for arg in args {
        match arg.as_str() {
            "--practice" => practising = true,
            other => bail!("unknown option {other}; known is --practice"),
        }
    }
    let shown = has_display();
    let mut purposes = vec![Purpose::Compiler, Purpose::Machines];
    if shown {
        purposes.push(Purpose::Window);
    }
    setup::node()?;
    setup::ensure(&purposes)?;
    if practising {
        step("Looking after the practice parts", practice::build)?;
    }
    let mut program = if shown {
        Command::new(window::build()?)
    } else {
        println!("There is no display here, so the page is served to a browser instead.");
        served()?
    };
    if practising {
        program.arg("--practice");
    }
    if shown {
        println!("Opening the window");
    }
    execute(&mut program)
}

fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// The dev host. It prints the address under which this computer's browser finds the page.
fn served() -> Result<Command> {
    page::build()?;
    step("Building the dev host", programs::build)?;
    let mut program = Command::new(target().join("debug/crete-devhost"));
    program.arg("--page").arg(page::folder().join("dist"));
    Ok(program)
}
