//! What the machine must have, and how it gets it.

use crate::shell::{display, has, run};
use anyhow::{Result, bail};
use std::path::Path;
use std::process::Command;

/// Something to be there: a file that proves it, and Debian's package.
struct Need {
    package: &'static str,
    proof: &'static [&'static str],
}

const fn need(package: &'static str, proof: &'static [&'static str]) -> Need {
    Need { package, proof }
}

/// For running machines.
const MACHINES: &[Need] = &[
    need("qemu-system-x86", &["/usr/bin/qemu-system-x86_64"]),
    need("qemu-utils", &["/usr/bin/qemu-img"]),
    need("ovmf", &["/usr/share/OVMF/OVMF_CODE_4M.fd"]),
];

/// For compiling anything.
const COMPILER: &[Need] = &[need("build-essential", &["/usr/bin/cc"])];

/// Which set of needs.
#[derive(Clone, Copy)]
pub enum For {
    /// `cargo xtask run`.
    Running,
    /// `cargo xtask test`.
    Testing,
}

/// Checks, says what is missing, and installs it where apt can.
pub fn ensure(purpose: For) -> Result<()> {
    let needs = match purpose {
        For::Running | For::Testing => [COMPILER, MACHINES],
    };
    let missing: Vec<&str> = needs
        .into_iter()
        .flatten()
        .filter(|need| !need.proof.iter().any(|path| Path::new(path).exists()))
        .map(|need| need.package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("missing: {}", missing.join(" "));
    if !has("apt-get") {
        bail!(
            "this is not Debian or Ubuntu: install the packages of the same purpose\n\
             Fedora: dnf install @development-tools qemu-system-x86-core qemu-img edk2-ovmf\n\
             Arch: pacman -S --needed base-devel qemu-base edk2-ovmf"
        );
    }
    let mut install = privileged("apt-get");
    install
        .args(["install", "-y", "--no-install-recommends"])
        .args(&missing);
    install.env("DEBIAN_FRONTEND", "noninteractive");
    println!("running: {}", display(&install));
    // A fresh machine's lists are often too old to install from.
    run(privileged("apt-get").args(["update", "-qq"]))?;
    run(&mut install)
}

/// A command that needs to change the system: through sudo unless this is root already.
fn privileged(program: &str) -> Command {
    let root = std::fs::read_to_string("/proc/self/status")
        .is_ok_and(|status| status.lines().any(|line| line.starts_with("Uid:\t0\t")));
    if root {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.arg(program);
    command
}
