//! Golden argument lists: reviewed text, and each of them started by a real QEMU.
//!
//! A file holds one argument a line. `CRETE_WRITE_GOLDEN=1` writes the files anew, for review.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use crete_model::{Accelerator, Arch};
use crete_qemu::args::{FirmwarePlan, NicPlan, Plan, Sockets, arguments, shell_display};
use crete_qemu::qmp::Client;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use uuid::Uuid;

/// Where everything of a golden plan is; replaced by a real folder when it is started.
const ROOT: &str = "/crete";
/// A start under emulation on a busy computer.
const PATIENCE: Duration = Duration::from_secs(60);

fn plan(arch: Arch, accelerator: Accelerator) -> Plan {
    let at = |name: &str| Path::new(ROOT).join(name);
    Plan {
        qemu: PathBuf::from(format!("/usr/bin/qemu-system-{}", arch.qemu_suffix())),
        arch,
        accelerator,
        name: "knossos".to_owned(),
        uuid: Uuid::from_u128(0x0193_6a5e_0000_7000_8000_0000_0000_0007),
        vcpus: 2,
        memory_mib: 2048,
        firmware: FirmwarePlan {
            code: at("firmware/code.fd"),
            code_format: "raw".to_owned(),
            vars: at("machine/firmware-vars.qcow2"),
        },
        disk: at("machine/disk.qcow2"),
        iso: None,
        nic: NicPlan {
            mac: "52:54:00:00:00:07".to_owned(),
            mtu: 1500,
        },
        sockets: Sockets {
            qmp: at("run/qmp.sock"),
            tty_s1: Some(at("run/tty1.sock")),
            agent: at("run/agent.sock"),
            net: at("run/net.sock"),
        },
        tty_s0_log: at("machine/console.log"),
        kernel_args: vec!["talos.dashboard.console=ttyS1".to_owned()],
    }
}

/// Every golden file with its plan.
fn cases() -> Vec<(&'static str, Plan)> {
    use Accelerator::{Kvm, Tcg};
    use Arch::{Amd64, Arm64};
    let iso = |plan: Plan| Plan {
        iso: Some(Path::new(ROOT).join("image/metal.iso")),
        ..plan
    };
    // Talos before 1.12 knows no dashboard on a serial port.
    let plain = |plan: Plan| Plan {
        sockets: Sockets {
            tty_s1: None,
            ..plan.sockets.clone()
        },
        kernel_args: Vec::new(),
        ..plan
    };
    let odd = |plan: Plan| {
        let at = |name: &str| Path::new(ROOT).join(name);
        Plan {
            name: "a, b \"c\" 'd'".to_owned(),
            disk: at("my machines, old/disk,1.qcow2"),
            iso: Some(at("my images/metal, signed.iso")),
            tty_s0_log: at("my machines, old/console.log"),
            kernel_args: vec!["a=1,2".to_owned(), "b=\"c d\"".to_owned()],
            ..plan
        }
    };
    let jumbo = |plan: Plan| Plan {
        nic: NicPlan {
            mtu: 9000,
            ..plan.nic.clone()
        },
        ..plan
    };
    vec![
        ("amd64-kvm-disk", plan(Amd64, Kvm)),
        ("amd64-kvm-iso", iso(plan(Amd64, Kvm))),
        ("amd64-tcg-disk", plan(Amd64, Tcg)),
        ("amd64-tcg-iso", iso(plan(Amd64, Tcg))),
        ("amd64-tcg-disk-without-ttyS1", plain(plan(Amd64, Tcg))),
        ("amd64-tcg-odd-names", odd(plan(Amd64, Tcg))),
        ("amd64-tcg-jumbo", jumbo(plan(Amd64, Tcg))),
        ("arm64-kvm-disk", plain(plan(Arm64, Kvm))),
        ("arm64-tcg-disk", plain(plan(Arm64, Tcg))),
        ("arm64-tcg-iso", iso(plain(plan(Arm64, Tcg)))),
        ("arm64-tcg-odd-names", odd(plain(plan(Arm64, Tcg)))),
    ]
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures/argv")
        .join(format!("{name}.txt"))
}

#[test]
fn arguments_are_the_reviewed_ones() {
    let write = std::env::var_os("CRETE_WRITE_GOLDEN").is_some();
    for (name, plan) in cases() {
        let mut text = String::new();
        for argument in arguments(&plan) {
            let argument = argument.into_string().unwrap();
            assert!(
                !argument.contains('\n'),
                "one argument a line: {argument:?}"
            );
            text.push_str(&argument);
            text.push('\n');
        }
        let path = golden(name);
        if write {
            std::fs::write(&path, &text).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(text, kept, "{}", path.display());
    }
}

#[test]
fn no_golden_file_is_without_a_plan() {
    let folder = golden("x").parent().unwrap().to_owned();
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let mut names: Vec<String> = cases()
        .iter()
        .map(|(name, _)| format!("{name}.txt"))
        .collect();
    names.sort();
    assert_eq!(files, names);
}

/// What a person can copy runs the same arguments, whatever names hold.
#[tokio::test]
async fn the_displayed_command_is_read_by_a_shell_as_the_same_arguments() {
    for (name, plan) in cases() {
        let text = shell_display(&plan);
        let program = plan.qemu.display().to_string();
        let rest = text.strip_prefix(&program).unwrap();
        let script = format!("printf '%s\\0'{rest}");
        let output = Command::new("sh")
            .arg("-c")
            .arg(script)
            .output()
            .await
            .unwrap();
        let read: Vec<String> = output
            .stdout
            .split(|byte| *byte == 0)
            .map(|argument| String::from_utf8(argument.to_vec()).unwrap())
            .collect();
        let mut expected: Vec<String> = arguments(&plan)
            .into_iter()
            .map(|argument| argument.into_string().unwrap())
            .collect();
        // The last one ends with a separator too.
        expected.push(String::new());
        assert_eq!(read, expected, "{name}");
    }
}

/// Makes what a plan names: empty files of the right kind are enough while nothing executes.
async fn furnish(root: &Path, plan: &Plan) {
    let here = |path: &Path| root.join(path.strip_prefix(ROOT).unwrap());
    let mut empty = vec![(here(&plan.firmware.code), "raw", code_size(plan.arch))];
    empty.push((here(&plan.firmware.vars), "qcow2", vars_size(plan.arch)));
    empty.push((here(&plan.disk), "qcow2", "10G"));
    empty.extend(plan.iso.iter().map(|iso| (here(iso), "raw", "1M")));
    for (path, format, size) in empty {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let made = Command::new("qemu-img")
            .args(["create", "-q", "-f", format])
            .arg(&path)
            .arg(size)
            .status()
            .await;
        assert!(made.unwrap().success(), "{}", path.display());
    }
    std::fs::create_dir_all(root.join("run")).unwrap();
}

/// Flash of the `virt` machine is 64 MiB each; that of a PC is what the file is.
fn code_size(arch: Arch) -> &'static str {
    if arch == Arch::Amd64 {
        "3653632"
    } else {
        "64M"
    }
}

/// See [`code_size`].
fn vars_size(arch: Arch) -> &'static str {
    if arch == Arch::Amd64 { "540672" } else { "64M" }
}

fn found(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// KVM for exactly this guest: a processor that has it, and a machine that can be created.
fn kvm(arch: Arch) -> bool {
    let flags = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flagged = flags.split_whitespace().any(|f| f == "vmx" || f == "svm");
    let own = cfg!(target_arch = "x86_64") == (arch == Arch::Amd64);
    let usable = std::fs::File::options()
        .read(true)
        .write(true)
        .open("/dev/kvm")
        .is_ok();
    own && usable && (flagged || arch == Arch::Arm64)
}

/// Starts the text of one golden file, with `-S`, and asks who answers.
async fn start(name: &str, plan: &Plan) {
    let temp = tempfile::tempdir().unwrap();
    furnish(temp.path(), plan).await;
    let root = temp.path().display().to_string();
    let text = std::fs::read_to_string(golden(name)).unwrap();
    let arguments = text.lines().map(|line| line.replace(ROOT, &root));
    let mut qemu = Command::new(&plan.qemu)
        .args(arguments)
        .arg("-S")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let socket = temp
        .path()
        .join(plan.sockets.qmp.strip_prefix(ROOT).unwrap());
    let connecting = Client::connect(&socket, PATIENCE);
    let client = tokio::select! {
        client = connecting => client.ok(),
        _ = qemu.wait() => None,
    };
    if let Some(client) = &client {
        assert_eq!(client.query_uuid().await.unwrap(), plan.uuid, "{name}");
        client.quit().await.unwrap();
    }
    let output = tokio::time::timeout(PATIENCE, qemu.wait_with_output()).await;
    let output = output.expect("it ends when told to").unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(
        client.is_some() && output.status.success(),
        "{name}: {words}"
    );
    assert_eq!(words, "", "{name}: QEMU has a complaint");
}

/// Starts all golden files of one kind that this computer can run.
async fn start_all(arch: Arch, accelerator: Accelerator) {
    for (name, plan) in cases() {
        if (plan.arch, plan.accelerator) == (arch, accelerator) {
            start(name, &plan).await;
        }
    }
}

#[tokio::test]
async fn a_real_qemu_takes_the_amd64_arguments() {
    if !found("qemu-system-x86_64") || !found("qemu-img") {
        return crete_testkit::skip("amd64 arguments", "there is no QEMU");
    }
    start_all(Arch::Amd64, Accelerator::Tcg).await;
}

#[tokio::test]
async fn a_real_qemu_takes_the_arm64_arguments() {
    if !found("qemu-system-aarch64") || !found("qemu-img") {
        return crete_testkit::skip("arm64 arguments", "there is no qemu-system-aarch64");
    }
    start_all(Arch::Arm64, Accelerator::Tcg).await;
}

/// Most test machines have no KVM, so its absence is no failure anywhere: the lists differ from
/// the emulated ones in two options only, which the golden files show.
#[tokio::test]
async fn a_real_qemu_takes_the_kvm_arguments() {
    for arch in [Arch::Amd64, Arch::Arm64] {
        if kvm(arch) {
            start_all(arch, Accelerator::Kvm).await;
        }
    }
}

/// See above: nothing but these two options depends on the accelerator.
#[test]
fn kvm_changes_two_options_only() {
    for arch in [Arch::Amd64, Arch::Arm64] {
        let kvm = arguments(&plan(arch, Accelerator::Kvm));
        let tcg = arguments(&plan(arch, Accelerator::Tcg));
        assert_eq!(kvm.len(), tcg.len());
        let differing: Vec<_> = kvm
            .iter()
            .zip(&tcg)
            .filter(|(kvm, tcg)| kvm != tcg)
            .map(|(kvm, _)| kvm.clone().into_string().unwrap())
            .collect();
        assert_eq!(differing, ["kvm", "host"]);
    }
}
