//! Live figures of this computer.

use crate::room::cgroup_limit;
use crate::world::World;
use crete_model::HostUsage;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use sysinfo::{
    CpuRefreshKind, MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, RefreshKind,
    System,
};

/// What a machine was given.
#[derive(Debug, Clone, Default)]
pub struct Claim {
    /// Its process, while it is up.
    pub pid: Option<i32>,
    /// Bytes of memory.
    pub memory: u64,
    /// Virtual processors.
    pub vcpus: u32,
    /// Its disk, which need not be there yet, and the bytes to which it may grow.
    pub disk: (PathBuf, u64),
}

impl Claim {
    /// Bytes by which the disk may still grow.
    fn disk_growth(&self) -> u64 {
        const SECTOR: u64 = 512;
        let (path, size) = &self.disk;
        let held = std::fs::metadata(path).map_or(0, |meta| meta.blocks() * SECTOR);
        size.saturating_sub(held)
    }
}

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

    /// Looks at memory, load and disk now, and at what `machines` hold of it. Memory is as much of
    /// it as this login may use.
    pub fn sample(&mut self, world: &dyn World, data_dir: &Path, machines: &[Claim]) -> HostUsage {
        self.system.refresh_memory();
        self.system.refresh_cpu_usage();
        let up: Vec<(Pid, &Claim)> = machines
            .iter()
            .filter_map(|claim| Some((Pid::from(usize::try_from(claim.pid?).ok()?), claim)))
            .collect();
        let pids: Vec<Pid> = up.iter().map(|(pid, _)| *pid).collect();
        self.system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&pids),
            true,
            ProcessRefreshKind::nothing().with_memory(),
        );
        let disk = rustix::fs::statvfs(data_dir).ok();
        let blocks = |of: fn(&rustix::fs::StatVfs) -> u64| {
            disk.as_ref().map_or(0, |stat| of(stat) * stat.f_frsize)
        };
        let (mut total, mut free) = (self.system.total_memory(), self.system.available_memory());
        if let Some(group) = cgroup_limit(world).filter(|group| group.limit < total) {
            (total, free) = (group.limit, free.min(group.left));
        }
        HostUsage {
            memory_total: total,
            memory_used: total.saturating_sub(free),
            memory_machines: pids.iter().map(|pid| self.memory_of(*pid)).sum(),
            memory_promised: up
                .iter()
                .map(|(pid, claim)| claim.memory.saturating_sub(self.memory_of(*pid)))
                .sum(),
            memory_pressure: std::fs::read_to_string("/proc/pressure/memory")
                .ok()
                .and_then(|text| some_avg10(&text)),
            cpu_percent: self.system.global_cpu_usage(),
            cpus: u32::try_from(self.system.cpus().len()).unwrap_or(1),
            vcpus: up.iter().map(|(_, claim)| claim.vcpus).sum(),
            disk_free: blocks(|stat| stat.f_bavail),
            disk_promised: machines.iter().map(Claim::disk_growth).sum(),
            disk_total: blocks(|stat| stat.f_blocks),
        }
    }

    fn memory_of(&self, pid: Pid) -> u64 {
        self.system.process(pid).map_or(0, sysinfo::Process::memory)
    }
}

/// `some avg10` of a file below `/proc/pressure`: percent of the last ten seconds.
fn some_avg10(text: &str) -> Option<f32> {
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let figure = some
        .split(' ')
        .find_map(|field| field.strip_prefix("avg10="))?;
    figure.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RecordedWorld;

    #[test]
    fn this_computer_has_figures() {
        let world = RecordedWorld::default();
        let usage = UsageMeter::new()
            .unwrap()
            .sample(&world, Path::new("/"), &[]);
        assert!(usage.memory_total > usage.memory_used && usage.memory_used > 0);
        assert!(usage.disk_total >= usage.disk_free && usage.cpus > 0);
    }

    #[test]
    fn memory_is_what_the_control_group_leaves() {
        let world: RecordedWorld = serde_json::from_value(serde_json::json!({"files": {
            "/proc/self/cgroup": "0::/user.slice/session.scope\n",
            "/sys/fs/cgroup/user.slice/memory.max": "65536\n",
            "/sys/fs/cgroup/user.slice/memory.current": "40960\n",
            "/sys/fs/cgroup/user.slice/memory.stat": "anon 36864\nfile 4096\n",
        }}))
        .unwrap();
        let usage = UsageMeter::new()
            .unwrap()
            .sample(&world, Path::new("/"), &[]);
        assert_eq!((usage.memory_total, usage.memory_used), (65_536, 36_864));
    }

    #[test]
    fn what_a_machine_was_given_and_does_not_hold_is_promised() {
        let folder = tempfile::tempdir().unwrap();
        let disk = folder.path().join("disk");
        std::fs::write(&disk, vec![1; 8192]).unwrap();
        let this = i32::try_from(std::process::id()).unwrap();
        let claim = Claim {
            pid: Some(this),
            memory: 1 << 40,
            vcpus: 3,
            disk: (disk, 1 << 30),
        };
        let off = Claim {
            pid: None,
            disk: (folder.path().join("none"), 1 << 20),
            ..claim.clone()
        };
        let usage = UsageMeter::new().unwrap().sample(
            &RecordedWorld::default(),
            folder.path(),
            &[claim, off],
        );
        assert!(usage.memory_machines > 0);
        assert_eq!(usage.memory_promised, (1 << 40) - usage.memory_machines);
        assert_eq!(usage.vcpus, 3);
        // What a file takes on disk is the file system's business, but it is something.
        assert!(usage.disk_promised < (1 << 30) + (1 << 20));
        assert!(usage.disk_promised > 1 << 29);
    }

    #[test]
    fn pressure_is_read_as_the_kernel_writes_it() {
        let text = "some avg10=12.34 avg60=1.00 avg300=0.10 total=99\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";
        assert_eq!(some_avg10(text), Some(12.34));
        assert_eq!(some_avg10(""), None);
        assert_eq!(some_avg10("some avg10=much"), None);
    }
}
