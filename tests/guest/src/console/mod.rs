//! The console: every line goes to the kernel's log and from there, with the kernel's time, to all
//! consoles, as on a real node.

mod duration;
mod line;

pub use duration::go_duration;
pub use line::{Value, with_fields};

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Facility user, priority warning: what real nodes use. The kernel shows it on every console.
const PRIORITY: &str = "<12>";
/// Lines kept for the dashboard.
const RECENT: usize = 64;
/// The kernel cuts longer records.
const LONGEST: usize = 960;

/// Where lines go. Cheap to clone.
#[derive(Clone)]
pub struct Console(Arc<Inner>);

struct Inner {
    sink: Mutex<Box<dyn Write + Send>>,
    recent: Mutex<VecDeque<String>>,
}

impl Console {
    /// The kernel's log.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open() -> io::Result<Self> {
        let log = File::options().write(true).open("/dev/kmsg")?;
        Ok(Self::to(log))
    }

    /// A console that writes somewhere else.
    pub fn to(sink: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Inner {
            sink: Mutex::new(Box::new(sink)),
            recent: Mutex::default(),
        }))
    }

    /// Prints a line.
    pub fn say(&self, text: &str) {
        let mut text = text.to_owned();
        while text.len() > LONGEST {
            text.pop();
        }
        let record = format!("{PRIORITY}[talos] {text}\n");
        // One write is one record. When the log refuses it there is nobody left to tell.
        let _ = lock(&self.0.sink).write_all(record.as_bytes());
        let mut recent = lock(&self.0.recent);
        if recent.len() == RECENT {
            recent.pop_front();
        }
        recent.push_back(text);
    }

    /// Prints a line of a controller, with its fields.
    pub fn report(&self, controller: &str, text: &str, fields: &[(&str, Value)]) {
        let mut all = vec![
            ("component", "controller-runtime".into()),
            ("controller", controller.into()),
        ];
        all.extend_from_slice(fields);
        self.say(&with_fields(text, &all));
    }

    /// Prints a line of a service.
    pub fn service(&self, id: &str, state: &str, text: &str) {
        self.say(&format!("service[{id}]({state}): {text}"));
    }

    /// The last lines, oldest first.
    #[must_use]
    pub fn recent(&self) -> Vec<String> {
        lock(&self.0.recent).iter().cloned().collect()
    }
}

/// A line half written by a thread that panicked is still a line.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Keeps what is written, to be read by a test.
    #[derive(Clone, Default)]
    pub(crate) struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            lock(&self.0).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Paper {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(lock(&self.0).clone()).unwrap()
        }
    }

    #[test]
    fn a_line_has_priority_and_tag() {
        let paper = Paper::default();
        let console = Console::to(paper.clone());
        console.service("apid", "Running", "Health check successful");
        assert_eq!(
            paper.text(),
            "<12>[talos] service[apid](Running): Health check successful\n"
        );
    }

    #[test]
    fn a_controller_names_itself_first() {
        let paper = Paper::default();
        let console = Console::to(paper.clone());
        console.report(
            "network.RouteSpecController",
            "created route",
            &[("priority", Value::Number(1024))],
        );
        assert_eq!(
            paper.text(),
            "<12>[talos] created route {\"component\": \"controller-runtime\", \
             \"controller\": \"network.RouteSpecController\", \"priority\": 1024}\n"
        );
    }

    #[test]
    fn only_the_last_lines_are_kept_and_long_ones_are_cut() {
        let console = Console::to(Paper::default());
        for n in 0..100 {
            console.say(&n.to_string());
        }
        console.say(&"ä".repeat(LONGEST));
        let recent = console.recent();
        assert_eq!(recent.len(), RECENT);
        assert_eq!(recent[0], "37");
        assert_eq!(recent[RECENT - 1].len(), LONGEST);
    }
}
