//! All checks, and the verdict over them.

use crate::cpu::Cpu;
use crate::world::World;
use crate::{cpu, firmware, kvm, programs};
use crete_model::{
    Accelerator, Arch, CauseCode, Check, CheckCode, CheckState, Evidence, HostReport, Remedy,
    Verdict, params,
};
use std::path::Path;

/// A machine of 2 GiB and the desktop beside it.
const MEMORY_WANTED: u64 = 3 << 30;
/// Below this not even one small machine runs.
const MEMORY_NEEDED: u64 = 1 << 30;
/// An image, its unpacked form and one machine's disk.
const DISK_WANTED: u64 = 12 << 30;
/// Below this not even an image fits.
const DISK_NEEDED: u64 = 3 << 30;

/// Finds out what this computer can do. `now` is RFC 3339.
///
/// Never fails: what cannot be found out is a check that says so.
pub async fn check(world: &dyn World, data_dir: &Path, now: &str) -> HostReport {
    let arch = world.arch();
    let other = if arch == Arch::Amd64 {
        Arch::Arm64
    } else {
        Arch::Amd64
    };
    let cpu = Cpu::read(world);
    let ((qemu, own), (_, foreign)) =
        futures_util::future::join(programs::qemu(world, arch), programs::qemu(world, other)).await;
    let (img, qemu_img) = programs::qemu_img(world);
    let firmwares: Vec<_> = [arch, other]
        .into_iter()
        .filter_map(|arch| firmware::find(world, arch))
        .collect();
    let own_firmware = firmwares.iter().find(|found| found.arch == arch);
    let kvm = kvm::check(world, &cpu);
    let kvm_works = kvm.state == CheckState::Ok;
    let qemu_speaks_kvm = own
        .as_ref()
        .is_some_and(|qemu| qemu.accelerators.contains(&Accelerator::Kvm));

    let mut checks = vec![
        cpu::check(world, &cpu),
        kvm,
        qemu,
        img,
        firmware::check(world, own_firmware),
        memory(world),
        disk(world, data_dir),
    ];
    checks.sort_by_key(|check| check.code);
    let accelerator = if kvm_works && qemu_speaks_kvm {
        Accelerator::Kvm
    } else {
        Accelerator::Tcg
    };
    HostReport {
        verdict: verdict(&checks, accelerator),
        accelerator,
        arch,
        qemu: own.into_iter().chain(foreign).collect(),
        qemu_img,
        firmware: firmwares,
        checks,
        checked_at: now.to_owned(),
    }
}

fn verdict(checks: &[Check], accelerator: Accelerator) -> Verdict {
    if checks.iter().any(|check| check.state == CheckState::Failed) {
        return Verdict::Blocked;
    }
    match accelerator {
        Accelerator::Kvm => Verdict::Ready,
        Accelerator::Tcg => Verdict::Slow,
    }
}

fn memory(world: &dyn World) -> Check {
    let (total, free) = world.memory();
    let evidence = Evidence {
        what: "/proc/meminfo".to_owned(),
        found: format!("MemTotal {total}, MemAvailable {free}"),
    };
    let remedy = Remedy::UseLessMemory;
    let mut check = amount(
        CheckCode::Memory,
        free,
        MEMORY_WANTED,
        MEMORY_NEEDED,
        remedy,
    );
    check.params.insert("total".to_owned(), total.to_string());
    check.evidence.push(evidence);
    check
}

fn disk(world: &dyn World, data_dir: &Path) -> Check {
    let free = world.disk_free(data_dir);
    let path = data_dir.display().to_string();
    let remedy = Remedy::FreeSpace { path: path.clone() };
    let mut check = amount(CheckCode::Disk, free, DISK_WANTED, DISK_NEEDED, remedy);
    check.params.insert("path".to_owned(), path.clone());
    check.evidence.push(Evidence {
        what: path,
        found: format!("{free} bytes free"),
    });
    check
}

fn amount(code: CheckCode, free: u64, wanted: u64, needed: u64, remedy: Remedy) -> Check {
    let state = if free >= wanted {
        CheckState::Ok
    } else if free >= needed {
        CheckState::Limited
    } else {
        CheckState::Failed
    };
    let fine = state == CheckState::Ok;
    Check {
        code,
        state,
        cause: if fine {
            CauseCode::Fine
        } else {
            CauseCode::Short
        },
        params: params! { "free" => free, "needed" => wanted },
        evidence: Vec::new(),
        remedies: if fine { Vec::new() } else { vec![remedy] },
    }
}
