//! The plan of a machine under test, as the engine would make it.

use crate::image;
use crete_fetch::{Container, open_plain, unpack};
use crete_host::{Checks, Limits, ThisComputer};
use crete_model::{Arch, HostReport};
use crete_qemu::args::{FirmwarePlan, NicPlan, Plan, Sockets, arguments};
use crete_qemu::disk::{self, QemuImg};
use crete_qemu::lock::RunLock;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Bytes of a disk: room for what a node makes behind its image.
const DISK: u64 = 8 << 30;

/// What a machine boots from, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boot {
    /// The CD, with an empty disk before it.
    Iso,
    /// The CD by BIOS, as an old computer would.
    IsoByBios,
    /// The disk image.
    DiskImage,
}

async fn this_computer(folder: &Path) -> HostReport {
    let read = |name: &str| std::env::var(name).ok();
    let path = read("PATH").unwrap_or_default();
    let computer = ThisComputer::new(&path, read("USER").unwrap_or_default()).with_variables(read);
    let checks = Checks::new(Arc::new(computer), Limits::default());
    checks.run(folder, "now").await
}

/// Makes the plan of one of several machines, and its files.
pub async fn make(boot: Boot, number: u8, folder: &Path, lock: &RunLock) -> Plan {
    let report = this_computer(folder).await;
    let at = |name: &str| folder.join(name);
    let img = QemuImg {
        program: Path::new(report.qemu_img.as_ref().expect("there is no qemu-img")),
        lock,
    };
    let qemu = report.qemu.iter().find(|qemu| qemu.arch == Arch::Amd64);
    let mut firmware = report.firmware.iter();
    let firmware = firmware
        .find(|firmware| firmware.arch == Arch::Amd64)
        .expect("no UEFI");
    let (hard_disk, vars) = (at("disk.qcow2"), at("vars.qcow2"));
    let template = Path::new(&firmware.vars_template);
    disk::create_vars(img, template, &firmware.format, &vars)
        .await
        .unwrap();
    if boot == Boot::DiskImage {
        let base = unpacked(&at("base.raw")).await;
        disk::create_overlay(img, &base, "raw", &hard_disk, DISK)
            .await
            .unwrap();
    } else {
        disk::create_blank(img, &hard_disk, DISK).await.unwrap();
    }
    Plan {
        qemu: PathBuf::from(&qemu.expect("no QEMU for amd64").path),
        arch: Arch::Amd64,
        accelerator: report.accelerator,
        name: "practice".to_owned(),
        uuid: Uuid::new_v4(),
        vcpus: 2,
        memory_mib: 512,
        firmware: FirmwarePlan {
            code: PathBuf::from(&firmware.code),
            code_format: firmware.format.clone(),
            vars,
        },
        disk: hard_disk,
        iso: (boot != Boot::DiskImage).then(|| image("metal-amd64.iso")),
        nic: NicPlan {
            mac: format!("52:54:00:00:00:{:02x}", 0x10 + number),
            mtu: 1500,
        },
        sockets: Sockets {
            qmp: at("qmp.sock"),
            tty_s1: Some(at("tty1.sock")),
            agent: at("agent.sock"),
            net: at("net.sock"),
        },
        tty_s0_log: at("console.log"),
        kernel_args: vec!["talos.dashboard.console=ttyS1".to_owned()],
    }
}

/// Unpacks the disk image the way a download is unpacked.
async fn unpacked(target: &Path) -> PathBuf {
    let source = open_plain(&image("metal-amd64.raw.zst")).unwrap();
    let cancel = CancellationToken::new();
    unpack(source, Container::Zstd, target, &|_| {}, &cancel)
        .await
        .unwrap();
    target.to_owned()
}

/// QEMU's arguments: those of Crete, and for BIOS without the UEFI.
pub fn arguments_of(boot: Boot, plan: &Plan) -> Vec<OsString> {
    let mut arguments = arguments(plan);
    if boot == Boot::IsoByBios {
        let is_flash = |value: &OsString| value.to_string_lossy().starts_with("if=pflash,");
        while let Some(at) = arguments.iter().position(is_flash) {
            arguments.drain(at - 1..=at);
        }
    }
    arguments
}
