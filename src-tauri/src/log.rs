//! The program's own log: one file a day, written off the threads that work.

use std::path::Path;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{Builder, Rotation};

/// Days that are kept.
const KEPT: usize = 7;
/// Lines that wait to be written at most. A place for each is made at the start.
const WAITING: usize = 4096;

/// Starts logging. The guard writes what is left when it is dropped.
pub fn start(folder: &Path) -> anyhow::Result<WorkerGuard> {
    std::fs::create_dir_all(folder)?;
    let file = Builder::new()
        .rotation(Rotation::DAILY)
        .filename_prefix("crete")
        .filename_suffix("log")
        .max_log_files(KEPT)
        .build(folder)?;
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING)
        .finish(file);
    let filter = tracing_subscriber::EnvFilter::try_from_env("CRETE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_env_filter(filter)
        .with_writer(writer)
        .init();
    Ok(guard)
}
