//! The logs of a node, and the kernel's.

use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// Lines kept of each log.
const KEPT: usize = 2000;
/// The kernel's log, under the name that it has among the others.
pub(crate) const KERNEL: &str = "kernel";

/// The logs of one boot.
#[derive(Debug)]
pub(crate) struct Logs {
    logs: Mutex<BTreeMap<String, Log>>,
    written: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Log {
    lines: VecDeque<String>,
    dropped: u64,
}

impl Default for Logs {
    fn default() -> Self {
        Self {
            logs: Mutex::default(),
            written: watch::Sender::new(0),
        }
    }
}

impl Logs {
    /// Makes a log known before anything is written to it.
    pub fn register(&self, id: &str) {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        logs.entry(id.to_owned()).or_default();
    }

    /// Writes a line.
    pub fn write(&self, id: &str, line: &str) {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let log = logs.entry(id.to_owned()).or_default();
        log.lines.push_back(format!("{line}\n"));
        if log.lines.len() > KEPT {
            log.lines.pop_front();
            log.dropped += 1;
        }
        self.written.send_modify(|count| *count += 1);
    }

    /// Writes a line of the kernel's log, or of what programs put into it.
    pub fn kernel(&self, at: Timestamp, facility: &str, priority: &str, text: &str) {
        self.write(
            KERNEL,
            &format!("{facility}: {priority:>7}: [{at}]: {text}"),
        );
    }

    /// The names of all logs.
    pub fn names(&self) -> Vec<String> {
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        logs.keys().cloned().collect()
    }

    pub fn has(&self, id: &str) -> bool {
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        logs.contains_key(id)
    }

    /// Where a reader of the last lines begins; of all lines without a number.
    pub fn begin(&self, id: &str, last: Option<u64>) -> u64 {
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(log) = logs.get(id) else {
            return 0;
        };
        let end = log.dropped + log.lines.len() as u64;
        match last {
            None => log.dropped,
            Some(last) => end.saturating_sub(last).max(log.dropped),
        }
    }

    /// The lines from a place on, with the place behind them.
    pub fn there(&self, id: &str, place: u64) -> (Vec<String>, u64) {
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(log) = logs.get(id) else {
            return (Vec::new(), place);
        };
        let skip = usize::try_from(place.saturating_sub(log.dropped)).unwrap_or(usize::MAX);
        let end = log.dropped + log.lines.len() as u64;
        (log.lines.iter().skip(skip).cloned().collect(), end)
    }

    /// Waits for lines from a place on.
    pub async fn after(&self, id: &str, place: u64) -> (Vec<String>, u64) {
        let mut written = self.written.subscribe();
        loop {
            written.borrow_and_update();
            let (lines, next) = self.there(id, place);
            if !lines.is_empty() {
                return (lines, next);
            }
            // The sender is in `self`.
            let _ = written.changed().await;
        }
    }
}
