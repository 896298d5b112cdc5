//! How tests start real machines: found, planned and spawned by the product's own parts, from the
//! images that `cargo xtask practice` built. Everything a machine leaves goes with its folder, and
//! a test that fails ends its machine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod api;

pub use api::{Answer, ask_version};

use crete_engine::Places;
use crete_fetch::{Container, open_plain, unpack};
use crete_host::{Checks, Limits, ThisComputer};
use crete_model::{Arch, BootView, HostReport};
use crete_qemu::args::{FirmwarePlan, Forward, NicPlan, Plan, Sockets, arguments};
use crete_qemu::boot::BootReader;
use crete_qemu::disk::{self, QemuImg};
use crete_qemu::lock::DiskLock;
use crete_qemu::process::{Exit, Running, Signal};
use crete_qemu::qmp::Client;
use crete_qemu::{process, serial};
use std::ffi::OsString;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

/// Emulation on a computer that compiles at the same time is slow; a hang still ends.
pub const PATIENCE: Duration = Duration::from_secs(300);
/// Where a node answers.
const API_PORT: u16 = 50_000;
/// The last line of a boot that went well.
pub const LAST_LINE: &str = "service[apid](Running): Health check successful";

/// True when tests with real machines are wanted, which the suite that runs them says. On a
/// computer where everything must be tested nothing is left out in silence.
///
/// # Panics
/// When they are not wanted and `CI` is set.
#[must_use]
pub fn vm_tests_are_wanted() -> bool {
    let wanted = std::env::var("CRETE_VM_TESTS").is_ok_and(|value| value == "1");
    assert!(
        wanted || std::env::var_os("CI").is_none(),
        "tests with real machines run by: cargo xtask test vm"
    );
    wanted
}

/// An image that was built, by its file's name.
///
/// # Panics
/// When it was not.
#[must_use]
pub fn image(name: &str) -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let read = |name: &str| std::env::var(name).ok();
    let path = Places::from_environment(read, &program)
        .practice
        .images
        .join(name);
    assert!(
        path.is_file(),
        "{} is not there: cargo xtask practice",
        path.display()
    );
    path
}

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

/// A running machine.
pub struct Vm {
    running: Running,
    /// Its monitor.
    pub qmp: Client,
    /// Its second serial port.
    pub tty_s1: PathBuf,
    /// The port of this computer that leads to its API.
    pub api: u16,
    begun: Instant,
    console: serial::Reader,
    printed: String,
    told: watch::Receiver<u64>,
    _stop: DropGuard,
    _folder: tempfile::TempDir,
}

impl Vm {
    /// Starts a machine of the practice images, as Crete would.
    pub async fn start(boot: Boot) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let report = this_computer(folder.path()).await;
        let lock = disk_lock(folder.path()).await;
        let plan = plan(boot, &report, folder.path(), &lock).await;
        let mut arguments = arguments(&plan);
        if boot == Boot::IsoByBios {
            without_firmware(&mut arguments);
        }
        let begun = Instant::now();
        let words = folder.path().join("qemu.log");
        let held = process::hold(process::Launch {
            program: &plan.qemu,
            args: &arguments,
            words: &words,
            lock: &lock,
        });
        let running = held.await.unwrap().release().await.unwrap();
        let qmp = Client::connect(&plan.sockets.qmp, PATIENCE).await.unwrap();
        let (tell, told) = watch::channel(0);
        let stop = CancellationToken::new();
        let (socket, log, cancel) = (
            plan.sockets.tty_s0.clone(),
            plan.tty_s0_log.clone(),
            stop.clone(),
        );
        tokio::spawn(async move { serial::follow(&socket, &log, &tell, &cancel).await });
        let NicPlan::User { forwards, .. } = &plan.nic;
        Self {
            running,
            qmp,
            tty_s1: plan.sockets.tty_s1.clone().unwrap(),
            api: forwards[0].host,
            begun,
            console: serial::Reader::new(plan.tty_s0_log, 0),
            printed: String::new(),
            told,
            _stop: stop.drop_guard(),
            _folder: folder,
        }
    }

    /// Waits until the console holds a text, and tells how long that took since the start.
    pub async fn console_holds(&mut self, text: &str) -> Duration {
        let waiting = async {
            loop {
                self.read_console();
                if self.printed.contains(text) {
                    return;
                }
                if self.told.changed().await.is_err() {
                    self.read_console();
                    assert!(self.printed.contains(text), "{text} was never printed");
                    return;
                }
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!("{text} was not printed in time:\n{}", self.printed);
        }
        let time = self.begun.elapsed();
        println!("{text:?} after {:.1} s", time.as_secs_f64());
        time
    }

    fn read_console(&mut self) {
        while let Some((_, bytes)) = self.console.next_chunk().unwrap() {
            self.printed.push_str(&String::from_utf8_lossy(&bytes));
        }
    }

    /// Everything printed so far.
    #[must_use]
    pub fn printed(&self) -> &str {
        &self.printed
    }

    /// What the product's own reader makes of the console.
    #[must_use]
    pub fn boot_view(&self) -> BootView {
        let mut reader = BootReader::default();
        reader.feed(self.printed.as_bytes());
        reader.view().clone()
    }

    /// Presses the power button and waits for the end.
    pub async fn power_off(&mut self) -> Exit {
        self.qmp.power_button().await.unwrap();
        let begun = Instant::now();
        let exit = tokio::time::timeout(PATIENCE, self.running.wait()).await;
        let exit = exit.expect("the power button was not answered");
        println!("off after {:.1} s", begun.elapsed().as_secs_f64());
        self.read_console();
        exit
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        let _ = self.running.signal(Signal::Kill);
    }
}

async fn this_computer(folder: &Path) -> HostReport {
    let read = |name: &str| std::env::var(name).ok();
    let path = read("PATH").unwrap_or_default();
    let computer = ThisComputer::new(&path, read("USER").unwrap_or_default()).with_variables(read);
    let checks = Checks::new(Arc::new(computer), Limits::default());
    checks.run(folder, "now").await
}

async fn disk_lock(folder: &Path) -> DiskLock {
    let taken = DiskLock::take_within(&folder.join("disk.lock"), PATIENCE).await;
    taken.unwrap().expect("the lock of a new disk")
}

/// The plan the engine would make, with a forward to the API, which it has no use for yet.
async fn plan(boot: Boot, report: &HostReport, folder: &Path, lock: &DiskLock) -> Plan {
    let at = |name: &str| folder.join(name);
    let qemu_img = PathBuf::from(report.qemu_img.as_ref().expect("there is no qemu-img"));
    let img = QemuImg {
        program: &qemu_img,
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
    let size = 8 << 30;
    if boot == Boot::DiskImage {
        let base = unpacked(&at("base.raw")).await;
        disk::create_overlay(img, &base, "raw", &hard_disk, size)
            .await
            .unwrap();
    } else {
        disk::create_blank(img, &hard_disk, size).await.unwrap();
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
        nic: NicPlan::User {
            mac: "52:54:00:00:00:10".to_owned(),
            forwards: vec![Forward {
                host: free_port(),
                guest: API_PORT,
            }],
        },
        sockets: Sockets {
            qmp: at("qmp.sock"),
            tty_s0: at("tty0.sock"),
            tty_s1: Some(at("tty1.sock")),
            agent: at("agent.sock"),
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

/// Takes the UEFI from the arguments; what is left boots by BIOS.
fn without_firmware(arguments: &mut Vec<OsString>) {
    let is_flash = |value: &OsString| value.to_string_lossy().starts_with("if=pflash,");
    while let Some(at) = arguments.iter().position(is_flash) {
        arguments.drain(at - 1..=at);
    }
}

/// A port nobody uses now.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}
