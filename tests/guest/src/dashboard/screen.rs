//! What the dashboard looks like. Pure: a view in, the bytes of one drawing out.

use crate::status::Status;
use crate::version;
use std::fmt::Write as _;
use std::time::Duration;

/// Lines of the terminal.
pub const ROWS: usize = 24;
/// Characters of a line.
pub const COLUMNS: usize = 80;
/// Lines above the log: header, blank, summary, rule.
const LOG_STARTS: usize = 9;

/// Everything on the screen.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// The node's status.
    pub status: Status,
    /// SMBIOS UUID.
    pub uuid: Option<String>,
    /// Time since the kernel started.
    pub uptime: Duration,
    /// Processor threads.
    pub threads: usize,
    /// Memory, bytes.
    pub memory: u64,
    /// Processes.
    pub processes: u16,
    /// Lines of the log, oldest first.
    pub log: Vec<String>,
}

/// One drawing of the whole screen, for a terminal of 80 by 24.
#[must_use]
pub fn render(view: &View) -> String {
    // Cursor off, no wrapping, home; every line is cleared behind its text.
    let mut drawing = String::from("\x1b[?25l\x1b[?7l\x1b[H");
    for (row, line) in lines(view).iter().enumerate() {
        let colour = match row {
            0 => "\x1b[1;33m",
            8 | 23 => "\x1b[36m",
            _ => "\x1b[37m",
        };
        // Writing to a string cannot fail.
        let _ = write!(drawing, "\x1b[{};1H{colour}{line}\x1b[m\x1b[K", row + 1);
    }
    drawing
}

fn lines(view: &View) -> Vec<String> {
    let status = &view.status;
    let unknown = || "n/a".to_owned();
    let name = status.hostname.as_deref().unwrap_or("(no hostname)");
    let mut addresses = status.addresses.iter().map(ToString::to_string);
    let ready = if status.api_up { "True" } else { "False" };
    let connected = if status.gateway.is_some() {
        "√ OK"
    } else {
        "n/a"
    };
    let memory = view.memory as f64 / f64::from(1 << 30);
    let uuid = view.uuid.clone().unwrap_or_else(unknown);
    let mut lines = vec![
        format!(
            "{name} ({}): uptime {}, {} threads, {memory:.1} GiB RAM, PROCS {}",
            version::TAG,
            clock(view.uptime),
            view.threads,
            view.processes
        ),
        String::new(),
        columns("UUID", &uuid, "", ""),
        columns("CLUSTER", "n/a", "HOST", name),
        columns(
            "STAGE",
            status.stage.word(),
            "IP",
            &addresses.next().unwrap_or_else(unknown),
        ),
        columns("READY", ready, "", &addresses.next().unwrap_or_default()),
        columns(
            "TYPE",
            "unknown",
            "GW",
            &status.gateway.map_or_else(unknown, |ip| ip.to_string()),
        ),
        columns("PRACTICE", "this is no Talos", "CONNECTIVITY", connected),
        format!("── Logs {}", "─".repeat(COLUMNS - 8)),
    ];
    lines.extend(log(&view.log, ROWS - LOG_STARTS - 1));
    lines.push(format!(
        "[(local)] --- [Summary] {}",
        "─".repeat(COLUMNS - 24)
    ));
    lines.iter().map(|line| fit(line, COLUMNS)).collect()
}

/// Two columns; the right one has room for an IPv6 address, a long value on the left for itself.
fn columns(left: &str, value: &str, right: &str, other: &str) -> String {
    format!(" {left:<10} {value:<27} {right:<12} {other}")
}

/// The end of the log, wrapped, in exactly `rows` lines.
fn log(lines: &[String], rows: usize) -> Vec<String> {
    let mut wrapped: Vec<String> = lines
        .iter()
        .flat_map(|line| {
            let plain: Vec<char> = line.chars().map(printable).collect();
            plain
                .chunks(COLUMNS - 2)
                .map(|part| format!(" {}", part.iter().collect::<String>()))
                .collect::<Vec<_>>()
        })
        .collect();
    let mut shown = wrapped.split_off(wrapped.len().saturating_sub(rows));
    shown.resize(rows, String::new());
    shown
}

fn printable(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

fn fit(line: &str, width: usize) -> String {
    line.chars().map(printable).take(width).collect()
}

fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s}s"),
        (h, m, s) => format!("{h}h{m}m{s}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::{Address, Stage};
    use proptest::prelude::*;

    fn view() -> View {
        let address = |ip: &str, prefix| Address {
            ip: ip.parse().unwrap(),
            prefix,
        };
        View {
            status: Status {
                stage: Stage::Maintenance,
                addresses: vec![
                    address("10.0.2.15", 24),
                    address("fec0::5054:ff:fe12:3456", 64),
                ],
                gateway: Some([10, 0, 2, 2].into()),
                hostname: None,
                api_up: true,
            },
            uuid: Some("11111111-2222-4333-8444-555555555502".into()),
            uptime: Duration::from_secs(166),
            threads: 2,
            memory: 2 << 30,
            processes: 40,
            log: vec!["first".into(), "x".repeat(100)],
        }
    }

    #[test]
    fn the_screen_tells_where_the_node_stands() {
        let lines = lines(&view());
        assert_eq!(
            lines[0],
            "(no hostname) (v1.13.9-practice): uptime 2m46s, 2 threads, 2.0 GiB RAM, PROCS 40"
        );
        assert!(lines[2].contains("11111111-2222-4333-8444-555555555502"));
        assert!(lines[4].contains("Maintenance") && lines[4].ends_with("10.0.2.15/24"));
        assert!(lines[5].ends_with("fec0::5054:ff:fe12:3456/64"));
        assert!(lines[7].contains("no Talos"));
        assert_eq!(lines[9], " first");
        assert_eq!(lines[11].len(), 1 + 22, "a long line goes on below");
    }

    proptest! {
        /// Whatever is logged, the drawing is exactly one screen of text, without its own escapes.
        #[test]
        fn the_drawing_fills_the_screen_and_no_more(log in proptest::collection::vec(".{0,200}", 0..40)) {
            let view = View { log, ..view() };
            let lines = lines(&view);
            prop_assert_eq!(lines.len(), ROWS);
            for line in lines {
                prop_assert!(line.chars().count() <= COLUMNS, "{:?}", line);
                prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
            }
        }
    }
}
