//! The console: every line goes to the kernel's log and from there, with the kernel's time, to all
//! consoles, as on a real node.

use crete_practice_node::Console;
use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Facility user, priority warning: what real nodes use. The kernel shows it on every console.
const PRIORITY: &str = "<12>";
/// Lines kept for the dashboard.
const RECENT: usize = 64;
/// The kernel cuts longer records.
const LONGEST: usize = 960;
/// What this kernel says by itself when it ends.
const OWN: &str = "reboot: ";

/// Where lines go.
pub struct Log {
    sink: Mutex<Box<dyn Write + Send>>,
    recent: Mutex<VecDeque<String>>,
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}

impl Log {
    /// The kernel's log.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open() -> io::Result<Self> {
        let log = File::options().write(true).open("/dev/kmsg")?;
        Ok(Self::to(log))
    }

    /// A log that is somewhere else.
    pub fn to(sink: impl Write + Send + 'static) -> Self {
        Self {
            sink: Mutex::new(Box::new(sink)),
            recent: Mutex::default(),
        }
    }

    /// The last lines, oldest first.
    #[must_use]
    pub fn recent(&self) -> Vec<String> {
        lock(&self.recent).iter().cloned().collect()
    }
}

impl Console for Log {
    fn print(&self, line: &str) {
        let mut text = line.to_owned();
        while text.len() > LONGEST {
            text.pop();
        }
        // One write is one record. When the log refuses it there is nobody left to tell.
        let record = format!("{PRIORITY}{text}\n");
        let _ = lock(&self.sink).write_all(record.as_bytes());
        let mut recent = lock(&self.recent);
        if recent.len() == RECENT {
            recent.pop_front();
        }
        let shown = text.strip_prefix("[talos] ").unwrap_or(&text);
        recent.push_back(shown.to_owned());
    }

    fn print_for_kernel(&self, line: &str) {
        if !line.starts_with(OWN) {
            self.print(line);
        }
    }
}

/// A line half written by a thread that panicked is still a line.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// Keeps what is written, to be read by the test.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            lock(&self.0).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_has_a_priority_and_the_kernel_speaks_for_itself() {
        let paper = Paper::default();
        let log = Log::to(paper.clone());
        log.print("[talos] service[apid](Running): Health check successful");
        log.print_for_kernel("kexec_core: Starting new kernel");
        log.print_for_kernel("reboot: Power down");
        let text = String::from_utf8(lock(&paper.0).clone()).unwrap();
        assert_eq!(
            text,
            "<12>[talos] service[apid](Running): Health check successful\n\
             <12>kexec_core: Starting new kernel\n"
        );
    }

    #[test]
    fn only_the_last_lines_are_kept_and_long_ones_are_cut() {
        let log = Log::to(Paper::default());
        for n in 0..100 {
            log.print(&format!("[talos] {n}"));
        }
        log.print(&"ä".repeat(LONGEST));
        let recent = log.recent();
        assert_eq!(recent.len(), RECENT);
        assert_eq!(recent[0], "37");
        assert_eq!(recent[RECENT - 1].len(), LONGEST);
    }
}
