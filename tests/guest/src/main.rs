//! PID 1. When it ends the kernel panics, which every reader of the console understands.

use crete_practice_guest::console::Console;
use crete_practice_guest::error::{GuestError, Result};
use crete_practice_guest::{mount, node};
use std::convert::Infallible;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Err(error) = start();
    // The kernel gives PID 1 its console as standard error, also when nothing could be mounted.
    eprintln!("[talos] {error}");
    ExitCode::FAILURE
}

fn start() -> Result<Infallible> {
    mount::mount_early()?;
    let console = Console::open().map_err(GuestError::file("/dev/kmsg"))?;
    let facts = node::Facts::read();
    node::greet(&console, &facts);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(GuestError::system("the runtime could not be made"))?;
    runtime.block_on(node::run(&console, &facts))
}
