//! From a plan to QEMU's arguments. Pure: no files are looked at, nothing is started.
//!
//! Every argument list in the golden files is also started with `-S` by a real QEMU in the tests,
//! so that an argument QEMU refuses cannot hide.

use crete_model::{Accelerator, Arch};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Everything a QEMU needs to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// QEMU's program.
    pub qemu: PathBuf,
    /// The guest's architecture.
    pub arch: Arch,
    /// How guest code is executed.
    pub accelerator: Accelerator,
    /// The machine's name, for the process list.
    pub name: String,
    /// SMBIOS UUID, and the answer to `query-uuid`.
    pub uuid: Uuid,
    /// Virtual processors.
    pub vcpus: u32,
    /// Memory, MiB.
    pub memory_mib: u32,
    /// UEFI.
    pub firmware: FirmwarePlan,
    /// The disk, qcow2.
    pub disk: PathBuf,
    /// A CD, tried after the disk.
    pub iso: Option<PathBuf>,
    /// The network card.
    pub nic: NicPlan,
    /// Where QEMU listens.
    pub sockets: Sockets,
    /// Everything ttyS0 prints is appended here by QEMU itself, whoever listens.
    pub tty_s0_log: PathBuf,
    /// Appended to the kernel command line by systemd-stub (UEFI and UKI boots).
    pub kernel_args: Vec<String>,
}

/// UEFI code and this machine's own variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirmwarePlan {
    /// The code, read-only.
    pub code: PathBuf,
    /// Format of the code: `raw` or `qcow2`.
    pub code_format: String,
    /// The variable store, qcow2: a raw one would block snapshots.
    pub vars: PathBuf,
}

/// The network card. Its other end is the network's process, which dials QEMU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NicPlan {
    /// MAC address.
    pub mac: String,
    /// The largest IP packet of the network, bytes: told to the guest by the card itself.
    pub mtu: u16,
}

/// Unix sockets QEMU listens on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sockets {
    /// QMP.
    pub qmp: PathBuf,
    /// Second serial port: the Talos dashboard.
    pub tty_s1: Option<PathBuf>,
    /// Guest agent.
    pub agent: PathBuf,
    /// Frames of the network card.
    pub net: PathBuf,
}

/// QEMU's arguments, without the program itself.
#[must_use]
pub fn arguments(plan: &Plan) -> Vec<OsString> {
    let mut args = Arguments::default();
    identity(&mut args, plan);
    hardware(&mut args, plan);
    storage(&mut args, plan);
    network(&mut args, plan);
    channels(&mut args, plan);
    args.0.into_iter().map(OsString::from).collect()
}

/// The command for reading and copying: one option a line, quoted for a shell.
#[must_use]
pub fn shell_display(plan: &Plan) -> String {
    let mut text = quote(&plan.qemu.display().to_string());
    for arg in arguments(plan) {
        let arg = arg.to_string_lossy();
        text.push_str(if arg.starts_with('-') { " \\\n  " } else { " " });
        text.push_str(&quote(&arg));
    }
    text
}

/// A word as a POSIX shell reads it back.
pub fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=,./:+@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[derive(Default)]
struct Arguments(Vec<String>);

impl Arguments {
    fn flag(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    fn option(&mut self, name: &str, value: impl Into<String>) {
        self.0.push(name.to_owned());
        self.0.push(value.into());
    }
}

/// A value inside a comma-separated option: QEMU reads a doubled comma as one.
fn value(text: &str) -> String {
    text.replace(',', ",,")
}

fn path(path: &Path) -> String {
    value(&path.display().to_string())
}

fn identity(args: &mut Arguments, plan: &Plan) {
    let name = value(&plan.name);
    args.option("-name", format!("guest={name},process=crete-{name}"));
    args.option("-uuid", plan.uuid.to_string());
    args.flag("-nodefaults");
    args.flag("-no-user-config");
    args.option("-display", "none");
    // Not `-daemonize`: together with elevateprivileges=deny or spawn=deny it ends without a word.
    args.option(
        "-sandbox",
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
    );
    if plan.arch == Arch::Amd64 {
        args.option(
            "-smbios",
            format!(
                "type=1,manufacturer=Crete,product=Machine,uuid={}",
                plan.uuid
            ),
        );
        if !plan.kernel_args.is_empty() {
            let extra = value(&plan.kernel_args.join(" "));
            args.option(
                "-smbios",
                format!("type=11,value=io.systemd.stub.kernel-cmdline-extra={extra}"),
            );
        }
    }
}

fn hardware(args: &mut Arguments, plan: &Plan) {
    let machine = match plan.arch {
        Arch::Amd64 => "q35,vmport=off",
        Arch::Arm64 => "virt,gic-version=max",
    };
    args.option("-machine", machine);
    match plan.accelerator {
        Accelerator::Kvm => {
            args.option("-accel", "kvm");
            args.option("-cpu", "host");
        }
        Accelerator::Tcg => {
            // The default translation cache takes 365 MB more and saves no time.
            args.option("-accel", "tcg,thread=multi,tb-size=128");
            // The default model is below x86-64-v2, which Talos refuses.
            args.option("-cpu", "max");
        }
    }
    args.option("-smp", format!("cpus={},sockets=1", plan.vcpus));
    args.option("-m", format!("size={}M", plan.memory_mib));
    args.option("-rtc", "base=utc");
    args.option("-device", "virtio-rng-pci");
    args.option("-device", "virtio-balloon-pci,free-page-reporting=on");
    // A screen costs nothing while nobody looks, and the firmware wants one.
    args.option(
        "-device",
        if plan.arch == Arch::Amd64 {
            "VGA"
        } else {
            "virtio-gpu-pci"
        },
    );
}

fn storage(args: &mut Arguments, plan: &Plan) {
    let firmware = &plan.firmware;
    args.option(
        "-drive",
        format!(
            "if=pflash,unit=0,format={},readonly=on,file={}",
            firmware.code_format,
            path(&firmware.code)
        ),
    );
    args.option(
        "-drive",
        format!(
            "if=pflash,unit=1,format=qcow2,node-name=vars,file={}",
            path(&firmware.vars)
        ),
    );
    args.option(
        "-blockdev",
        format!(
            "driver=qcow2,node-name=disk0,discard=unmap,file.driver=file,file.discard=unmap,file.filename={}",
            path(&plan.disk)
        ),
    );
    // Without a serial Talos sees disks it cannot tell apart.
    args.option(
        "-device",
        "virtio-blk-pci,drive=disk0,serial=crete-disk0,bootindex=0",
    );
    if let Some(iso) = &plan.iso {
        args.option(
            "-blockdev",
            format!(
                "driver=raw,node-name=cd0,read-only=on,file.driver=file,file.filename={}",
                path(iso)
            ),
        );
        args.option("-device", "virtio-scsi-pci,id=scsi0");
        // After the disk: an empty disk falls through to the CD, an installed one boots.
        args.option(
            "-device",
            "scsi-cd,bus=scsi0.0,drive=cd0,serial=crete-cd0,bootindex=1",
        );
    }
}

fn network(args: &mut Arguments, plan: &Plan) {
    let NicPlan { mac, mtu } = &plan.nic;
    // QEMU listens and does not wait: the network may come, go and come again.
    args.option(
        "-netdev",
        format!(
            "stream,id=net0,server=on,addr.type=unix,addr.path={}",
            path(&plan.sockets.net)
        ),
    );
    // No option ROM: nothing here boots from the network.
    args.option(
        "-device",
        format!("virtio-net-pci,netdev=net0,mac={mac},host_mtu={mtu},romfile="),
    );
}

fn channels(args: &mut Arguments, plan: &Plan) {
    let sockets = &plan.sockets;
    let server =
        |id: &str, at: &Path| format!("socket,id={id},path={},server=on,wait=off", path(at));
    args.option("-chardev", server("qmp0", &sockets.qmp));
    args.option("-mon", "chardev=qmp0,mode=control");
    // No socket with a log beside it: such a log holds bytes twice.
    args.option(
        "-chardev",
        format!("file,id=tty0,path={},append=on", path(&plan.tty_s0_log)),
    );
    args.option("-serial", "chardev:tty0");
    if let Some(tty_s1) = &sockets.tty_s1 {
        // No log: the dashboard redraws without end.
        args.option("-chardev", server("tty1", tty_s1));
        args.option("-serial", "chardev:tty1");
    }
    args.option("-device", "virtio-serial-pci");
    args.option("-chardev", server("agent0", &sockets.agent));
    args.option(
        "-device",
        "virtserialport,chardev=agent0,name=org.qemu.guest_agent.0",
    );
}
