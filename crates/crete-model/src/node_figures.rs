//! Figures of a node as its dashboard shows them: differences between two looks at its counters.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// Counters of a node at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodeCounters {
    /// Seconds since some moment, by the clock of who asks.
    pub at: f64,
    /// Seconds since the node started, by its own word; a smaller one than before means a restart.
    pub boot_time: u64,
    /// All processors together.
    pub processors: ProcessorSeconds,
    /// Bytes of memory.
    pub memory_total: u64,
    /// Bytes that are free or can be freed.
    pub memory_available: u64,
    /// The averages of 1, 5 and 15 minutes.
    pub load: [f64; 3],
    /// Processes.
    pub processes: BTreeMap<i32, ProcessCounters>,
    /// Bytes received and sent, by link.
    pub links: BTreeMap<String, [u64; 2]>,
    /// Bytes read and written, by disk.
    pub disks: BTreeMap<String, [u64; 2]>,
}

/// Seconds that processors have spent.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ProcessorSeconds {
    /// In programs.
    pub user: f64,
    /// In the kernel.
    pub system: f64,
    /// Waiting for disks.
    pub waiting: f64,
    /// Taken by the host.
    pub stolen: f64,
    /// Without work.
    pub idle: f64,
}

/// Counters of a process.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProcessCounters {
    /// Its command.
    pub command: String,
    /// Seconds of processors it has used.
    pub seconds: f64,
    /// Bytes of memory it holds.
    pub memory: u64,
    /// Its threads.
    pub threads: u32,
}

/// Figures of a node now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct NodeFigures {
    /// Shares of all processors' time, percent.
    pub cpu: CpuShares,
    /// Bytes of memory.
    #[ts(type = "number")]
    pub memory_total: u64,
    /// Bytes in use.
    #[ts(type = "number")]
    pub memory_used: u64,
    /// The averages of 1, 5 and 15 minutes.
    pub load: [f64; 3],
    /// By link, without the loopback.
    pub links: Vec<Rate>,
    /// By disk, without what is made of memory or files.
    pub disks: Vec<Rate>,
    /// How many processes there are.
    pub processes: u32,
    /// The busiest ones.
    pub busiest: Vec<BusyProcess>,
}

/// Shares of all processors' time, percent.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, TS)]
pub struct CpuShares {
    /// In use: all but idle and waiting.
    pub busy: f64,
    /// In programs.
    pub user: f64,
    /// In the kernel.
    pub system: f64,
    /// Waiting for disks.
    pub waiting: f64,
    /// Taken by the host.
    pub stolen: f64,
}

/// Bytes a second in two directions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Rate {
    /// The link or the disk.
    pub name: String,
    /// Received, or read.
    pub inward: f64,
    /// Sent, or written.
    pub outward: f64,
}

/// A process that is busy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct BusyProcess {
    /// Its id.
    pub pid: i32,
    /// Its command.
    pub command: String,
    /// Percent of one processor.
    pub cpu: f64,
    /// Bytes of memory.
    #[ts(type = "number")]
    pub memory: u64,
    /// Its threads.
    pub threads: u32,
}

/// How many of the busiest processes are shown.
const BUSIEST: usize = 20;

impl NodeFigures {
    /// What happened between two looks. Nothing when they cannot be compared: the node restarted in
    /// between, or no time passed.
    #[must_use]
    pub fn between(before: &NodeCounters, after: &NodeCounters) -> Option<Self> {
        let seconds = after.at - before.at;
        if seconds <= 0.0 || before.boot_time != after.boot_time {
            return None;
        }
        let cpu = shares(&before.processors, &after.processors)?;
        let rates = |before: &BTreeMap<String, [u64; 2]>, after: &BTreeMap<String, [u64; 2]>| {
            let known = after.iter().filter_map(|(name, now)| {
                let then = before.get(name)?;
                Some(Rate {
                    name: name.clone(),
                    inward: rate(then[0], now[0], seconds),
                    outward: rate(then[1], now[1], seconds),
                })
            });
            known.collect()
        };
        Some(Self {
            cpu,
            memory_total: after.memory_total,
            memory_used: after.memory_total.saturating_sub(after.memory_available),
            load: after.load,
            links: rates(&before.links, &after.links),
            disks: rates(&before.disks, &after.disks),
            processes: u32::try_from(after.processes.len()).unwrap_or(u32::MAX),
            busiest: busiest(before, after, seconds),
        })
    }
}

/// Nothing when the counters ran backwards, which they do when a processor is taken away.
fn shares(before: &ProcessorSeconds, after: &ProcessorSeconds) -> Option<CpuShares> {
    let [user, system, waiting, stolen, idle] = [
        after.user - before.user,
        after.system - before.system,
        after.waiting - before.waiting,
        after.stolen - before.stolen,
        after.idle - before.idle,
    ];
    let all = user + system + waiting + stolen + idle;
    let backwards = [user, system, waiting, stolen, idle]
        .iter()
        .any(|part| *part < 0.0);
    if backwards || all <= 0.0 {
        return None;
    }
    let percent = |part: f64| part / all * 100.0;
    Some(CpuShares {
        busy: percent(user + system + stolen),
        user: percent(user),
        system: percent(system),
        waiting: percent(waiting),
        stolen: percent(stolen),
    })
}

/// A counter that became smaller began anew.
#[allow(
    clippy::cast_precision_loss,
    reason = "a rate to 52 bits is exact enough to be looked at"
)]
fn rate(before: u64, after: u64, seconds: f64) -> f64 {
    after.checked_sub(before).unwrap_or(after) as f64 / seconds
}

fn busiest(before: &NodeCounters, after: &NodeCounters, seconds: f64) -> Vec<BusyProcess> {
    let mut all: Vec<BusyProcess> = after
        .processes
        .iter()
        .map(|(pid, now)| {
            // A number that another process had before tells nothing of this one.
            let then = before.processes.get(pid);
            let same = then.filter(|then| then.command == now.command);
            let used = now.seconds - same.map_or(now.seconds, |then| then.seconds);
            BusyProcess {
                pid: *pid,
                command: now.command.clone(),
                cpu: (used / seconds * 100.0).max(0.0),
                memory: now.memory,
                threads: now.threads,
            }
        })
        .collect();
    all.sort_by(|a, b| {
        let by_cpu = b.cpu.total_cmp(&a.cpu);
        by_cpu.then(b.memory.cmp(&a.memory)).then(a.pid.cmp(&b.pid))
    });
    all.truncate(BUSIEST);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(at: f64, busy: f64, idle: f64) -> NodeCounters {
        NodeCounters {
            at,
            boot_time: 7,
            processors: ProcessorSeconds {
                user: busy,
                idle,
                ..ProcessorSeconds::default()
            },
            memory_total: 1000,
            memory_available: 400,
            ..NodeCounters::default()
        }
    }

    #[test]
    fn shares_and_rates_are_differences_over_time() {
        let mut before = counters(10.0, 100.0, 900.0);
        before.links.insert("eth0".to_owned(), [1_000, 500]);
        before.disks.insert("vda".to_owned(), [0, 4096]);
        let mut after = counters(15.0, 102.5, 907.5);
        after.processors.system = 0.0;
        after.links.insert("eth0".to_owned(), [6_000, 500]);
        after.links.insert("eth1".to_owned(), [9_999, 9_999]);
        after.disks.insert("vda".to_owned(), [51_200, 4096]);
        let figures = NodeFigures::between(&before, &after).unwrap();
        assert!((figures.cpu.busy - 25.0).abs() < 1e-9);
        assert_eq!(figures.memory_used, 600);
        let eth0 = Rate {
            name: "eth0".to_owned(),
            inward: 1_000.0,
            outward: 0.0,
        };
        assert_eq!(figures.links, [eth0], "a link seen once has no rate yet");
        assert!((figures.disks[0].inward - 10_240.0).abs() < 1e-9);
    }

    #[test]
    fn waiting_and_idle_are_no_work() {
        let before = NodeCounters::default();
        let after = NodeCounters {
            at: 1.0,
            processors: ProcessorSeconds {
                user: 1.0,
                system: 1.0,
                waiting: 1.0,
                stolen: 1.0,
                idle: 1.0,
            },
            ..NodeCounters::default()
        };
        let cpu = NodeFigures::between(&before, &after).unwrap().cpu;
        assert!((cpu.busy - 60.0).abs() < 1e-9);
        assert!((cpu.waiting - 20.0).abs() < 1e-9);
    }

    #[test]
    fn what_cannot_be_compared_gives_nothing() {
        let before = counters(10.0, 100.0, 900.0);
        assert_eq!(
            NodeFigures::between(&before, &before),
            None,
            "no time passed"
        );
        let restarted = NodeCounters {
            boot_time: 8,
            ..counters(15.0, 1.0, 2.0)
        };
        assert_eq!(NodeFigures::between(&before, &restarted), None);
        let backwards = counters(15.0, 50.0, 901.0);
        assert_eq!(NodeFigures::between(&before, &backwards), None);
    }

    #[test]
    fn a_counter_that_begins_anew_is_no_huge_rate() {
        let mut before = counters(0.0, 0.0, 0.0);
        before.links.insert("eth0".to_owned(), [5_000, 5_000]);
        let mut after = counters(1.0, 0.0, 1.0);
        after.links.insert("eth0".to_owned(), [100, 6_000]);
        let figures = NodeFigures::between(&before, &after).unwrap();
        assert_eq!(
            (figures.links[0].inward, figures.links[0].outward),
            (100.0, 1_000.0)
        );
    }

    #[test]
    fn the_busiest_come_first_and_a_number_used_again_is_another_process() {
        let process = |command: &str, seconds: f64, memory: u64| ProcessCounters {
            command: command.to_owned(),
            seconds,
            memory,
            threads: 1,
        };
        let mut before = counters(0.0, 0.0, 0.0);
        before.processes = BTreeMap::from([
            (1, process("init", 5.0, 10)),
            (2, process("old", 900.0, 10)),
            (3, process("etcd", 10.0, 10)),
        ]);
        let mut after = counters(2.0, 1.0, 1.0);
        after.processes = BTreeMap::from([
            (1, process("init", 5.0, 10)),
            (2, process("new", 1.0, 99)),
            (3, process("etcd", 11.0, 10)),
        ]);
        let figures = NodeFigures::between(&before, &after).unwrap();
        let names: Vec<_> = figures
            .busiest
            .iter()
            .map(|one| one.command.as_str())
            .collect();
        assert_eq!(names, ["etcd", "new", "init"]);
        assert!((figures.busiest[0].cpu - 50.0).abs() < 1e-9);
        assert!(figures.busiest[1].cpu.abs() < 1e-9);
        assert_eq!(figures.processes, 3);
    }
}
