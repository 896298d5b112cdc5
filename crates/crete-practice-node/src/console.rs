//! What a node prints: lines as real nodes print them, without the kernel's time in front.

mod duration;
mod line;

pub(crate) use duration::go_duration;
pub(crate) use line::{Value, with_fields};

use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// Where lines go: the kernel's log in a guest, a transcript in a test.
pub trait Console: Debug + Send + Sync {
    /// Prints a line: `[talos] …`, or what the installer and the kernel say themselves.
    fn print(&self, line: &str);

    /// Prints what the kernel says by itself on a real node; a guest has a kernel that says it.
    fn print_for_kernel(&self, line: &str) {
        self.print(line);
    }
}

/// Nobody reads.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoConsole;

impl Console for NoConsole {
    fn print(&self, _: &str) {}
}

/// Keeps every line, over all boots.
#[derive(Debug)]
pub struct Transcript {
    lines: Mutex<Vec<String>>,
    count: watch::Sender<usize>,
}

impl Default for Transcript {
    fn default() -> Self {
        Self {
            lines: Mutex::default(),
            count: watch::Sender::new(0),
        }
    }
}

impl Console for Transcript {
    fn print(&self, line: &str) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line.to_owned());
        self.count.send_replace(lines.len());
    }
}

impl Transcript {
    /// Everything printed so far.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The last lines, of which all together have at most so many bytes.
    #[must_use]
    pub fn last(&self, bytes: usize) -> String {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = bytes;
        let fits = |line: &&String| match left.checked_sub(line.len() + 1) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        };
        let count = lines.iter().rev().take_while(fits).count();
        lines[lines.len() - count..].join("\n")
    }

    /// Waits until a line holds this text, from the beginning of all lines on; gives the line.
    pub async fn wait_for(&self, text: &str) -> String {
        let mut count = self.count.subscribe();
        loop {
            count.borrow_and_update();
            if let Some(line) = self.lines().into_iter().find(|line| line.contains(text)) {
                return line;
            }
            // The sender is in `self`.
            let _ = count.changed().await;
        }
    }
}
