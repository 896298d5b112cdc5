//! The dashboard on the second serial port: the whole screen once a second, so that a reader who
//! comes late sees all of it.

mod screen;

pub use screen::{COLUMNS, ROWS, View, render};

use crate::console::Log;
use crate::error::{GuestError, Result};
use crete_practice_node::Summary;
use std::convert::Infallible;
use std::time::Duration;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

const EVERY: Duration = Duration::from_secs(1);
/// A terminal that nobody reads must not hold the node up.
const PATIENCE: Duration = Duration::from_secs(1);

/// Draws for ever.
///
/// # Errors
/// When the terminal cannot be opened.
pub async fn run(
    terminal: &str,
    uuid: &str,
    console: &Log,
    summary: watch::Receiver<Summary>,
) -> Result<Infallible> {
    let path = format!("/dev/{terminal}");
    let mut out = File::options()
        .write(true)
        .open(&path)
        .await
        .map_err(GuestError::file(&path))?;
    let mut ticks = steady();
    loop {
        ticks.tick().await;
        let system = rustix::system::sysinfo();
        let view = View {
            summary: summary.borrow().clone(),
            uuid: uuid.to_owned(),
            uptime: Duration::from_secs(u64::try_from(system.uptime).unwrap_or(0)),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            memory: system.totalram.saturating_mul(system.mem_unit.into()),
            processes: system.procs,
            log: console.recent(),
        };
        let drawing = async {
            out.write_all(render(&view).as_bytes()).await?;
            out.flush().await
        };
        // A drawing that fails is made up for by the next one.
        let _ = tokio::time::timeout(PATIENCE, drawing).await;
    }
}

fn steady() -> Interval {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks
}
