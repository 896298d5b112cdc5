//! What this computer can carry. Only what cannot work is refused; what will hurt is told, with
//! figures, and the person decides.

use crate::Engine;
use crete_host::Claim;
use crete_model::{
    ErrorCode, HostUsage, Params, Problem, Remedy, Sizes, Strain, StrainCode, params,
};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
/// Percent of the time in which something waits for memory. Below it a person notices nothing.
const NOTICEABLE: f32 = 10.0;

/// What a machine of these sizes asks too much of. Empty: it fits.
fn strains(usage: &HostUsage, sizes: Sizes) -> Vec<Strain> {
    let mut strains = Vec::new();
    let mut hurts = |code, params: Params| {
        strains.push(Strain {
            code,
            params,
            refused: code == StrainCode::MemoryShort,
        });
    };
    let needed = u64::from(sizes.memory_mib) * MIB;
    let free = usage.memory_total.saturating_sub(usage.memory_used);
    let promised = usage.memory_promised;
    if needed > free {
        hurts(
            StrainCode::MemoryShort,
            params! { "needed" => needed, "free" => free },
        );
    } else if needed.saturating_add(promised) > free {
        let over = needed.saturating_add(promised) - free;
        hurts(
            StrainCode::MemoryPromised,
            params! { "promised" => promised, "over" => over },
        );
    }
    if let Some(percent) = usage.memory_pressure.filter(|some| *some >= NOTICEABLE) {
        hurts(
            StrainCode::MemoryPressure,
            params! { "percent" => format!("{percent:.0}") },
        );
    }
    let vcpus = usage.vcpus.saturating_add(sizes.vcpus);
    if vcpus > usage.cpus {
        hurts(
            StrainCode::Processors,
            params! { "vcpus" => vcpus, "cpus" => usage.cpus },
        );
    }
    let size = u64::from(sizes.disk_gib) * GIB;
    let free = usage.disk_free;
    let promised = usage.disk_promised.saturating_add(size);
    if size > free {
        hurts(
            StrainCode::DiskShort,
            params! { "size" => size, "free" => free },
        );
    } else if promised > free {
        hurts(
            StrainCode::DiskPromised,
            params! { "promised" => promised, "free" => free },
        );
    }
    strains
}

impl Engine {
    /// What a machine of these sizes would ask too much of, by the figures that are shown now.
    ///
    /// Empty also while nobody looks at the page, because then nothing is measured.
    #[must_use]
    pub fn strains(&self, sizes: Sizes) -> Vec<Strain> {
        let seen = *self.visible.borrow();
        let usage = self.usage.get("usage").filter(|_| seen);
        usage.map_or_else(Vec::new, |usage| strains(&usage, sizes))
    }

    /// Refuses sizes that cannot work as this computer is now, whether anybody looks or not.
    pub(crate) fn check_budget(&self, sizes: Sizes) -> Result<(), Problem> {
        let usage = self.measure();
        let all = usage.map_or_else(Vec::new, |usage| strains(&usage, sizes));
        match all.into_iter().find(|one| one.refused) {
            None => Ok(()),
            Some(strain) => Err(Problem::new(ErrorCode::MemoryShort, strain.params)
                .with_remedy(Remedy::UseLessMemory)),
        }
    }

    /// What every machine was given.
    pub(crate) fn claims(&self) -> Vec<Claim> {
        let machines = self.machines.all();
        let claim = |view: &crete_model::MachineView| Claim {
            pid: view.pid,
            memory: u64::from(view.spec.memory_mib) * MIB,
            vcpus: view.spec.vcpus,
            disk: (
                self.files(view.spec.id).disk,
                u64::from(view.spec.disk_gib) * GIB,
            ),
        };
        machines.iter().map(claim).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 32 GiB with 8 in use, 8 processors, 100 GiB of disk; two machines with 6 GiB to go.
    fn usage() -> HostUsage {
        HostUsage {
            memory_total: 32 * GIB,
            memory_used: 8 * GIB,
            memory_machines: 2 * GIB,
            memory_promised: 6 * GIB,
            memory_pressure: Some(0.0),
            cpu_percent: 5.0,
            cpus: 8,
            vcpus: 4,
            disk_free: 100 * GIB,
            disk_promised: 18 * GIB,
            disk_total: 500 * GIB,
        }
    }

    const SMALL: Sizes = Sizes {
        vcpus: 2,
        memory_mib: 2048,
        disk_gib: 10,
    };

    fn told(usage: &HostUsage, sizes: Sizes) -> Vec<(StrainCode, Params)> {
        let all = strains(usage, sizes);
        for strain in &all {
            // Whatever is not impossible is the person's to decide.
            assert_eq!(strain.refused, strain.code == StrainCode::MemoryShort);
        }
        all.into_iter().map(|one| (one.code, one.params)).collect()
    }

    #[test]
    fn what_fits_is_left_alone() {
        assert_eq!(told(&usage(), SMALL), []);
        // To the last byte of memory, processor and disk.
        let all = Sizes {
            vcpus: 4,
            memory_mib: 18 * 1024,
            disk_gib: 82,
        };
        assert_eq!(told(&usage(), all), []);
    }

    #[test]
    fn memory_that_is_not_there_is_refused_and_promised_memory_is_told() {
        let memory = |gib: u32| Sizes {
            memory_mib: gib * 1024,
            ..SMALL
        };
        assert_eq!(
            told(&usage(), memory(25)),
            [(
                StrainCode::MemoryShort,
                params! { "needed" => 25 * GIB, "free" => 24 * GIB }
            )]
        );
        assert_eq!(
            told(&usage(), memory(20)),
            [(
                StrainCode::MemoryPromised,
                params! { "promised" => 6 * GIB, "over" => 2 * GIB }
            )]
        );
    }

    #[test]
    fn programs_that_wait_for_memory_are_told_whatever_is_free() {
        let mut usage = usage();
        usage.memory_pressure = Some(23.4);
        assert_eq!(
            told(&usage, SMALL),
            [(StrainCode::MemoryPressure, params! { "percent" => "23" })]
        );
        usage.memory_pressure = None;
        assert_eq!(told(&usage, SMALL), []);
    }

    #[test]
    fn processors_and_disks_may_be_promised_twice_but_not_in_silence() {
        let sizes = Sizes {
            vcpus: 5,
            disk_gib: 83,
            ..SMALL
        };
        assert_eq!(
            told(&usage(), sizes),
            [
                (
                    StrainCode::Processors,
                    params! { "vcpus" => 9, "cpus" => 8 }
                ),
                (
                    StrainCode::DiskPromised,
                    params! { "promised" => 101 * GIB, "free" => 100 * GIB }
                ),
            ]
        );
        let sizes = Sizes {
            disk_gib: 101,
            ..SMALL
        };
        assert_eq!(
            told(&usage(), sizes),
            [(
                StrainCode::DiskShort,
                params! { "size" => 101 * GIB, "free" => 100 * GIB }
            )]
        );
    }
}
