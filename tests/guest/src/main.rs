//! PID 1. When it ends the kernel panics, which every reader of the console understands.

use crete_practice_guest::console::Log;
use crete_practice_guest::error::{GuestError, Result};
use crete_practice_guest::machine::{BANNER, Facts};
use crete_practice_guest::{modules, mount, node};
use crete_practice_node::Console;
use std::convert::Infallible;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    let Err(error) = start();
    // The kernel gives PID 1 its console as standard error, also when nothing could be mounted.
    eprintln!("[talos] {error}");
    ExitCode::FAILURE
}

fn start() -> Result<Infallible> {
    mount::mount_early()?;
    let console = Arc::new(Log::open().map_err(GuestError::file("/dev/kmsg"))?);
    console.print(BANNER);
    load_modules(console.as_ref());
    let facts = Facts::read();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(GuestError::system("the runtime could not be made"))?;
    runtime.block_on(node::run(&console, &facts))
}

/// Loads the drivers, which is what udev does on a real node.
fn load_modules(console: &Log) {
    match modules::load_all() {
        Ok(failed) => {
            for (name, error) in failed {
                console.print(&format!(
                    "[talos] module {name} could not be loaded: {error}"
                ));
            }
        }
        Err(error) => console.print(&format!("[talos] no modules: {error}")),
    }
}
