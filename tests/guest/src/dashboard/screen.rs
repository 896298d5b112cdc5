//! What the dashboard looks like. Pure: a view in, the bytes of one drawing out.

use crete_practice_node::Summary;
use std::fmt::Write as _;
use std::time::Duration;

/// Lines of the terminal.
pub const ROWS: usize = 24;
/// Characters of a line.
pub const COLUMNS: usize = 80;
/// Lines above the log: header, blank, summary, rule.
const LOG_STARTS: usize = 11;

/// Everything on the screen.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// The node at a glance.
    pub summary: Summary,
    /// SMBIOS UUID; empty without one.
    pub uuid: String,
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
            row if row + 1 == LOG_STARTS || row + 1 == ROWS => "\x1b[36m",
            _ => "\x1b[37m",
        };
        // Writing to a string cannot fail.
        let _ = write!(drawing, "\x1b[{};1H{colour}{line}\x1b[m\x1b[K", row + 1);
    }
    drawing
}

fn lines(view: &View) -> Vec<String> {
    let summary = &view.summary;
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "n/a".to_owned());
    let name = summary.hostname.as_deref().unwrap_or("(no hostname)");
    let mut addresses = summary.addresses.iter().map(ToString::to_string);
    let ready = if summary.ready { "True" } else { "False" };
    let connected = if summary.gateway.is_some() {
        "√ OK"
    } else {
        "n/a"
    };
    let memory = view.memory as f64 / f64::from(1 << 30);
    let cluster = summary.cluster.as_ref().map(|name| match summary.members {
        1 => format!("{name} (1 machine)"),
        members => format!("{name} ({members} machines)"),
    });
    let uuid = (!view.uuid.is_empty()).then(|| view.uuid.clone());
    let gateway = summary.gateway.map(|ip| ip.to_string());
    let mut lines = vec![
        format!(
            "{name} ({}): uptime {}, {} threads, {memory:.1} GiB RAM, PROCS {}",
            summary.version,
            clock(view.uptime),
            view.threads,
            view.processes
        ),
        String::new(),
        columns("UUID", &or_none(uuid), "", ""),
        columns("CLUSTER", &or_none(cluster), "HOST", name),
        columns("STAGE", &summary.stage, "IP", &or_none(addresses.next())),
        columns("READY", ready, "", &addresses.next().unwrap_or_default()),
        columns(
            "TYPE",
            summary.role.unwrap_or("unknown"),
            "GW",
            &or_none(gateway),
        ),
        columns("PRACTICE", "this is no Talos", "CONNECTIVITY", connected),
        columns("KUBERNETES", &or_none(summary.kubernetes.clone()), "", ""),
        parts(&summary.parts),
        format!("── Logs {}", "─".repeat(COLUMNS - 8)),
    ];
    lines.extend(log(&view.log, ROWS - LOG_STARTS - 1));
    lines.push(format!(
        "[(local)] --- [Summary] {}",
        "─".repeat(COLUMNS - 24)
    ));
    lines.iter().map(|line| fit(line, COLUMNS)).collect()
}

/// What is up of the node, without what the names have in common.
fn parts(parts: &[(String, bool)]) -> String {
    let each = parts.iter().map(|(name, up)| {
        let short = name.strip_prefix("kube-").unwrap_or(name);
        format!("{short} {}", if *up { "√" } else { "×" })
    });
    format!(" {:<10} {}", "HEALTH", each.collect::<Vec<_>>().join("  "))
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
    use crete_practice_node::Prefix;
    use proptest::prelude::*;

    fn view() -> View {
        let address = |ip: &str, length| Prefix {
            ip: ip.parse().unwrap(),
            length,
        };
        View {
            summary: Summary {
                version: "1.13.9-practice".to_owned(),
                stage: "Maintenance".to_owned(),
                ready: true,
                addresses: vec![
                    address("10.0.2.15", 24),
                    address("fec0::5054:ff:fe12:3456", 64),
                ],
                gateway: Some([10, 0, 2, 2].into()),
                parts: vec![("apid".to_owned(), true)],
                ..Summary::default()
            },
            uuid: "11111111-2222-4333-8444-555555555502".into(),
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
            "(no hostname) (1.13.9-practice): uptime 2m46s, 2 threads, 2.0 GiB RAM, PROCS 40"
        );
        assert!(lines[2].contains("11111111-2222-4333-8444-555555555502"));
        assert!(lines[4].contains("Maintenance") && lines[4].ends_with("10.0.2.15/24"));
        assert!(lines[5].ends_with("fec0::5054:ff:fe12:3456/64"));
        assert!(lines[7].contains("no Talos"));
        assert!(lines[9].ends_with("apid √"));
        assert_eq!(lines[11], " first");
        assert_eq!(lines[13].len(), 1 + 22, "a long line goes on below");
    }

    #[test]
    fn a_member_tells_its_cluster_and_its_parts() {
        let mut view = view();
        view.summary.cluster = Some("knossos".to_owned());
        view.summary.members = 3;
        view.summary.role = Some("controlplane");
        view.summary.kubernetes = Some("v1.36.3".to_owned());
        view.summary.parts = vec![
            ("etcd".to_owned(), true),
            ("kube-apiserver-a".to_owned(), false),
        ];
        let lines = lines(&view);
        assert!(lines[3].contains("knossos (3 machines)"));
        assert!(lines[6].contains("controlplane"));
        assert!(lines[8].contains("v1.36.3"));
        assert!(lines[9].contains("etcd √  apiserver-a ×"));
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
