//! Live figures of this computer.

use crete_model::HostUsage;
use std::path::Path;
use sysinfo::{
    CpuRefreshKind, MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, RefreshKind,
    System,
};

/// Takes samples. One is kept, because load is the difference of two.
#[derive(Debug)]
pub struct UsageMeter {
    system: System,
}

impl UsageMeter {
    /// A meter that has seen nothing yet: its first sample shows no load.
    ///
    /// `None` where the system cannot be asked at all.
    #[must_use]
    pub fn new() -> Option<Self> {
        let kinds = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing().with_usage())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        Some(Self {
            system: System::new_with_specifics(kinds).ok()?,
        })
    }

    /// Looks at memory, load and disk now. `machines` are the process ids of machines.
    pub fn sample(&mut self, data_dir: &Path, machines: &[i32]) -> HostUsage {
        self.system.refresh_memory();
        self.system.refresh_cpu_usage();
        let pids: Vec<Pid> = machines
            .iter()
            .filter_map(|pid| usize::try_from(*pid).ok())
            .map(Pid::from)
            .collect();
        self.system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&pids),
            true,
            ProcessRefreshKind::nothing().with_memory(),
        );
        let disk = rustix::fs::statvfs(data_dir).ok();
        let blocks = |of: fn(&rustix::fs::StatVfs) -> u64| {
            disk.as_ref().map_or(0, |stat| of(stat) * stat.f_frsize)
        };
        HostUsage {
            memory_total: self.system.total_memory(),
            memory_used: self
                .system
                .total_memory()
                .saturating_sub(self.system.available_memory()),
            memory_machines: pids.iter().map(|pid| self.memory_of(*pid)).sum(),
            cpu_percent: self.system.global_cpu_usage(),
            cpus: u32::try_from(self.system.cpus().len()).unwrap_or(1),
            disk_free: blocks(|stat| stat.f_bavail),
            disk_total: blocks(|stat| stat.f_blocks),
        }
    }

    fn memory_of(&self, pid: Pid) -> u64 {
        self.system.process(pid).map_or(0, sysinfo::Process::memory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_computer_has_figures() {
        let usage = UsageMeter::new().unwrap().sample(Path::new("/"), &[]);
        assert!(usage.memory_total > usage.memory_used && usage.memory_used > 0);
        assert!(usage.disk_total >= usage.disk_free && usage.cpus > 0);
    }
}
