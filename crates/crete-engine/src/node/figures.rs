//! Figures of a node: its counters, asked for as often as Talos' own dashboard does.

use super::problem::problem;
use super::watches::{Ended, Update, is_not_told};
use crate::NodePatience;
use crete_model::{NodeCounters, NodeFigures, ProcessCounters, ProcessorSeconds};
use crete_talos::api::wire::machine as wire;
use crete_talos::api::{ApiError, Node, kinds};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

const SECTOR: u64 = 512;

/// Tells the figures again and again. Where they are not told, it asks for a sign of life instead.
pub(super) async fn follow(node: Node, often: NodePatience, tell: mpsc::Sender<Update>) -> Ended {
    let begun = Instant::now();
    let mut ticks = interval(often.figures);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before = None;
    loop {
        ticks.tick().await;
        let after = match counters(&node, begun).await {
            Ok(after) => after,
            Err(error) if is_not_told(error.cause) => {
                // Nobody to tell is the end of the session.
                let _ = tell.send(Update::NoFigures(problem(&error))).await;
                return sign_of_life(node, often.sign_of_life).await;
            }
            Err(error) => return Err(error),
        };
        let figures = before.and_then(|before| NodeFigures::between(&before, &after));
        before = Some(after);
        if tell.send(Update::Figures(figures)).await.is_err() {
            return Ok(());
        }
    }
}

/// Asks for a sign of life again and again.
pub(super) async fn sign_of_life(node: Node, every: Duration) -> Ended {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        node.get(kinds::MACHINE_STATUS, "machine").await?;
    }
}

async fn counters(node: &Node, begun: Instant) -> Result<NodeCounters, ApiError> {
    let (stat, memory, load, links, disks, processes) = tokio::try_join!(
        node.processor_counters(),
        node.memory(),
        node.load(),
        node.network_counters(),
        node.disk_counters(),
        node.processes(),
    )?;
    let memory = memory.unwrap_or_default();
    let links = links.into_iter().filter(|link| link.name != "lo");
    let disks = disks.into_iter().filter(|disk| is_disk(&disk.name));
    Ok(NodeCounters {
        at: begun.elapsed().as_secs_f64(),
        boot_time: stat.boot_time,
        processors: seconds(stat.cpu_total.unwrap_or_default()),
        // They come in KiB.
        memory_total: memory.memtotal * 1024,
        memory_available: memory.memavailable * 1024,
        load: load.into(),
        links: links
            .map(|link| (link.name, [link.rx_bytes, link.tx_bytes]))
            .collect(),
        disks: disks
            .map(|disk| {
                let bytes = [disk.read_sectors * SECTOR, disk.write_sectors * SECTOR];
                (disk.name, bytes)
            })
            .collect(),
        processes: processes.into_iter().map(process).collect(),
    })
}

fn seconds(stat: wire::CpuStat) -> ProcessorSeconds {
    ProcessorSeconds {
        // The kernel counts guests' time among that of programs.
        user: stat.user + stat.nice,
        system: stat.system + stat.irq + stat.soft_irq,
        waiting: stat.iowait,
        stolen: stat.steal,
        idle: stat.idle,
    }
}

fn process(info: wire::ProcessInfo) -> (i32, ProcessCounters) {
    let counters = ProcessCounters {
        command: match info.executable.is_empty() {
            true => info.command,
            false => info.executable,
        },
        seconds: info.cpu_time,
        memory: info.resident_memory,
        threads: u32::try_from(info.threads).unwrap_or_default(),
    };
    (info.pid, counters)
}

/// Disks themselves: their partitions would be counted twice, and what is made of memory or files
/// is no disk.
fn is_disk(name: &str) -> bool {
    let no_disk = ["loop", "ram", "zram", "dm-", "sr", "md"];
    if no_disk.iter().any(|prefix| name.starts_with(prefix)) {
        return false;
    }
    let ends_in_digit = name.ends_with(|last: char| last.is_ascii_digit());
    match name.starts_with("nvme") || name.starts_with("mmcblk") {
        true => !name.contains('p'),
        false => !ends_in_digit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_and_made_up_disks_are_not_counted() {
        for disk in ["vda", "sdb", "xvda", "nvme0n1", "mmcblk0"] {
            assert!(is_disk(disk), "{disk}");
        }
        for other in [
            "vda1",
            "sdb12",
            "nvme0n1p3",
            "mmcblk0p1",
            "loop0",
            "dm-0",
            "sr0",
            "ram1",
        ] {
            assert!(!is_disk(other), "{other}");
        }
    }
}
