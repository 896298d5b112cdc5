//! What the machine must have, and how it gets it.

use crate::shell::{display, has, output, run, step};
use anyhow::{Result, bail};
use std::path::Path;
use std::process::Command;

/// What something is needed for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// Compiling anything.
    Compiler,
    /// Building and opening the window.
    Window,
    /// Running machines.
    Machines,
    /// What only tests stand beside the program: a network of their own, another TLS, a bus.
    Tests,
    /// Driving the page in a browser.
    Browser,
    /// Driving the window where nobody looks.
    Display,
}

impl Purpose {
    fn words(self) -> &'static str {
        match self {
            Self::Compiler => "to compile",
            Self::Window => "to build the window",
            Self::Machines => "to run machines",
            Self::Tests => "to test the crates",
            Self::Browser => "to test the page in a browser",
            Self::Display => "to drive the window without a screen",
        }
    }
}

/// How it is proved that something is there.
enum Proof {
    /// One of these programs.
    Programs(&'static [&'static str]),
    /// A library that can be compiled against.
    Library(&'static str),
    /// One of these files.
    Files(&'static [&'static str]),
}

/// Something to be there, and its package in each family of distributions.
struct Need {
    purpose: Purpose,
    proof: Proof,
    debian: &'static str,
    fedora: &'static str,
    arch: &'static str,
}

const fn need(
    purpose: Purpose,
    proof: Proof,
    debian: &'static str,
    fedora: &'static str,
    arch: &'static str,
) -> Need {
    Need {
        purpose,
        proof,
        debian,
        fedora,
        arch,
    }
}

use Proof::{Files, Library, Programs};
use Purpose::{Browser, Compiler, Display, Machines, Tests, Window};

/// Everything, in the order in which it is named to the person.
const NEEDS: &[Need] = &[
    need(
        Compiler,
        Programs(&["cc"]),
        "build-essential",
        "gcc",
        "base-devel",
    ),
    need(
        Compiler,
        Programs(&["make"]),
        "build-essential",
        "make",
        "base-devel",
    ),
    need(
        Window,
        Programs(&["pkg-config", "pkgconf"]),
        "pkg-config",
        "pkgconf-pkg-config",
        "pkgconf",
    ),
    need(
        Window,
        Library("webkit2gtk-4.1"),
        "libwebkit2gtk-4.1-dev",
        "webkit2gtk4.1-devel",
        "webkit2gtk-4.1",
    ),
    need(
        Window,
        Library("gtk+-3.0"),
        "libgtk-3-dev",
        "gtk3-devel",
        "gtk3",
    ),
    need(
        Machines,
        Programs(&[QEMU]),
        QEMU_DEBIAN,
        QEMU_FEDORA,
        "qemu-base",
    ),
    need(
        Machines,
        Programs(&["qemu-img"]),
        "qemu-utils",
        "qemu-img",
        "qemu-base",
    ),
    need(
        Machines,
        Files(FIRMWARE),
        FIRMWARE_DEBIAN,
        FIRMWARE_FEDORA,
        FIRMWARE_ARCH,
    ),
    need(Tests, Programs(&["ip"]), "iproute2", "iproute", "iproute2"),
    // Every argument list is shown to a real QEMU, those of the other architecture too.
    need(
        Tests,
        Programs(&["qemu-system-aarch64"]),
        "qemu-system-arm",
        "qemu-system-aarch64-core",
        "qemu-system-aarch64",
    ),
    need(
        Tests,
        Programs(&["openssl"]),
        "openssl",
        "openssl",
        "openssl",
    ),
    need(
        Tests,
        Programs(&["dbus-daemon"]),
        "dbus",
        "dbus-daemon",
        "dbus",
    ),
    need(
        Browser,
        Programs(BROWSERS),
        "chromium",
        "chromium",
        "chromium",
    ),
    need(
        Display,
        Programs(&["Xvfb"]),
        "xvfb",
        "xorg-x11-server-Xvfb",
        "xorg-server-xvfb",
    ),
    need(
        Display,
        Programs(&["dbus-daemon"]),
        "dbus",
        "dbus-daemon",
        "dbus",
    ),
    need(
        Display,
        Programs(&["WebKitWebDriver"]),
        "webkit2gtk-driver",
        "webkit2gtk4.1-devel",
        "webkit2gtk-4.1",
    ),
    need(
        Display,
        Programs(&["xdotool"]),
        "xdotool",
        "xdotool",
        "xdotool",
    ),
    need(
        Display,
        Programs(&["desktop-file-validate"]),
        "desktop-file-utils",
        "desktop-file-utils",
        "desktop-file-utils",
    ),
];

/// Names under which Chromium is installed.
pub const BROWSERS: &[&str] = &["chromium", "chromium-browser"];

#[cfg(not(target_arch = "aarch64"))]
mod machine {
    pub const QEMU: &str = "qemu-system-x86_64";
    pub const QEMU_DEBIAN: &str = "qemu-system-x86";
    pub const QEMU_FEDORA: &str = "qemu-system-x86-core";
    pub const FIRMWARE_DEBIAN: &str = "ovmf";
    pub const FIRMWARE_FEDORA: &str = "edk2-ovmf";
    pub const FIRMWARE_ARCH: &str = "edk2-ovmf";
    pub const FIRMWARE: &[&str] = &[
        "/usr/share/OVMF/OVMF_CODE_4M.fd",
        "/usr/share/OVMF/OVMF_CODE.fd",
        "/usr/share/edk2/ovmf/OVMF_CODE.fd",
        "/usr/share/edk2/x64/OVMF_CODE.4m.fd",
    ];
}

#[cfg(target_arch = "aarch64")]
mod machine {
    pub const QEMU: &str = "qemu-system-aarch64";
    pub const QEMU_DEBIAN: &str = "qemu-system-arm";
    pub const QEMU_FEDORA: &str = "qemu-system-aarch64-core";
    pub const FIRMWARE_DEBIAN: &str = "qemu-efi-aarch64";
    pub const FIRMWARE_FEDORA: &str = "edk2-aarch64";
    pub const FIRMWARE_ARCH: &str = "edk2-aarch64";
    pub const FIRMWARE: &[&str] = &[
        "/usr/share/AAVMF/AAVMF_CODE.fd",
        "/usr/share/edk2/aarch64/QEMU_EFI.fd",
    ];
}

use machine::*;

impl Need {
    fn met(&self) -> bool {
        match self.proof {
            Programs(names) => names.iter().any(|name| has(name)),
            Files(paths) => paths.iter().any(|path| Path::new(path).exists()),
            Library(name) => library(name),
        }
    }
}

/// True when a library's description for compilers is in one of the usual folders.
fn library(name: &str) -> bool {
    let file = format!("pkgconfig/{name}.pc");
    let triplet = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    [triplet.as_str(), "/usr/lib64", "/usr/lib", "/usr/share"]
        .iter()
        .any(|folder| Path::new(folder).join(&file).is_file())
}

/// The family of the distribution.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Family {
    Debian,
    Fedora,
    Arch,
    Other,
}

/// Reads `os-release`: the distribution itself first, then what it is like.
fn family(os_release: &str) -> Family {
    let value = |key: &str| {
        let line = os_release.lines().find_map(|line| line.strip_prefix(key));
        line.unwrap_or_default().trim_matches('"').to_owned()
    };
    let names = format!("{} {}", value("ID="), value("ID_LIKE="));
    names
        .split_whitespace()
        .find_map(|name| match name {
            "debian" | "ubuntu" => Some(Family::Debian),
            "fedora" | "rhel" => Some(Family::Fedora),
            "arch" => Some(Family::Arch),
            _ => None,
        })
        .unwrap_or(Family::Other)
}

fn os_release() -> String {
    std::fs::read_to_string("/etc/os-release").unwrap_or_default()
}

fn unmet(purposes: &[Purpose]) -> Vec<&'static Need> {
    NEEDS
        .iter()
        .filter(|need| purposes.contains(&need.purpose) && !need.met())
        .collect()
}

/// The packages of one family that meet some needs, each once.
fn packages(needs: &[&Need], family: Family) -> Vec<&'static str> {
    let mut names = Vec::new();
    for need in needs {
        let name = match family {
            Family::Debian | Family::Other => need.debian,
            Family::Fedora => need.fedora,
            Family::Arch => need.arch,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// What is missing, as one line a purpose; empty when nothing is.
pub fn missing(purposes: &[Purpose]) -> Vec<String> {
    let needs = unmet(purposes);
    let family = family(&os_release());
    purposes
        .iter()
        .filter_map(|purpose| {
            let own: Vec<&Need> = needs
                .iter()
                .copied()
                .filter(|need| need.purpose == *purpose)
                .collect();
            let names = packages(&own, family).join(", ");
            (!own.is_empty()).then(|| format!("{}: {names}", purpose.words()))
        })
        .collect()
}

/// Says what is missing, and installs it where apt can.
pub fn ensure(purposes: &[Purpose]) -> Result<()> {
    let lines = missing(purposes);
    if lines.is_empty() {
        return Ok(());
    }
    println!("Missing on this computer");
    for line in lines {
        println!("  {line}");
    }
    let needs = unmet(purposes);
    match family(&os_release()) {
        Family::Debian => install(&packages(&needs, Family::Debian)),
        Family::Fedora => bail!(
            "install them, then run this again:\n  sudo dnf install {}",
            packages(&needs, Family::Fedora).join(" ")
        ),
        Family::Arch => bail!(
            "install them, then run this again:\n  sudo pacman -S --needed {}",
            packages(&needs, Family::Arch).join(" ")
        ),
        Family::Other => bail!(
            "install what your distribution calls these, then run this again\n  Debian: {}\n  Fedora: {}\n  Arch: {}",
            packages(&needs, Family::Debian).join(" "),
            packages(&needs, Family::Fedora).join(" "),
            packages(&needs, Family::Arch).join(" ")
        ),
    }
}

fn install(packages: &[&str]) -> Result<()> {
    let mut update = privileged("apt-get");
    update.args(["update", "-qq"]);
    let mut install = privileged("apt-get");
    install
        .args(["install", "-y", "--no-install-recommends"])
        .args(backports())
        .args(packages);
    install.env("DEBIAN_FRONTEND", "noninteractive");
    if !is_root() && !has("sudo") {
        bail!(
            "installing needs the administrator's rights, and there is no sudo here; as root:\n  apt-get install {}",
            packages.join(" ")
        );
    }
    println!("Running\n  {}\n  {}", display(&update), display(&install));
    // A fresh machine's lists are often too old to install from.
    step("Installing packages", || {
        run(&mut update)?;
        run(&mut install)
    })
}

/// Where QEMU's tools came from Debian's backports, its other packages must come from there too:
/// the two suites' packages exclude each other.
fn backports() -> Vec<String> {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat", "${Version}", "qemu-utils"]);
    let version = output(&mut query).unwrap_or_default();
    match codename() {
        Some(codename) if version.contains("~bpo") => {
            vec!["-t".to_owned(), format!("{codename}-backports")]
        }
        _ => Vec::new(),
    }
}

/// The code name of the release of the distribution.
pub(crate) fn codename() -> Option<String> {
    let release = os_release();
    let mut lines = release.lines();
    let name = lines.find_map(|line| line.strip_prefix("VERSION_CODENAME="))?;
    Some(name.to_owned())
}

/// A command that needs to change the system: through sudo unless this is root already.
pub(crate) fn privileged(program: &str) -> Command {
    if is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.arg(program);
    command
}

fn is_root() -> bool {
    std::fs::read_to_string("/proc/self/status")
        .is_ok_and(|status| status.lines().any(|line| line.starts_with("Uid:\t0\t")))
}

/// The oldest Node that the page's tools run on.
const NODE: u32 = 20;

/// Checks that Node is there and new enough. It is never installed from here: people choose
/// where theirs comes from.
pub fn node() -> Result<()> {
    let found = output(Command::new("node").arg("--version")).ok();
    if let Some(fault) = node_fault(found.as_deref(), has("npm")) {
        bail!("{fault}");
    }
    Ok(())
}

fn node_fault(version: Option<&str>, npm: bool) -> Option<String> {
    let source = "https://nodejs.org has it for every distribution";
    let Some(version) = version.map(str::trim) else {
        return Some(format!(
            "Node {NODE} or newer builds the page, and there is no node on the search path. {source}."
        ));
    };
    let major = version
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE) {
        return Some(format!(
            "Node {NODE} or newer builds the page; this one is {version}. {source}."
        ));
    }
    (!npm).then(|| format!("Node is here, but npm is not. {source}, with npm."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_are_known_by_themselves_or_by_what_they_are_like() {
        let cases = [
            ("ID=debian\n", Family::Debian),
            ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", Family::Debian),
            ("NAME=Fedora\nID=fedora\nVERSION_ID=43\n", Family::Fedora),
            (
                "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n",
                Family::Fedora,
            ),
            ("ID=manjaro\nID_LIKE=arch\n", Family::Arch),
            ("ID=nixos\n", Family::Other),
            ("", Family::Other),
        ];
        for (text, expected) in cases {
            assert_eq!(family(text), expected, "{text}");
        }
    }

    #[test]
    fn node_is_named_when_it_is_missing_too_old_or_without_npm() {
        assert_eq!(node_fault(Some("v20.20.2\n"), true), None);
        assert_eq!(node_fault(Some("v24.1.0"), true), None);
        assert!(node_fault(None, true).is_some_and(|text| text.contains("no node")));
        assert!(node_fault(Some("v18.19.0"), true).is_some_and(|text| text.contains("v18.19.0")));
        assert!(node_fault(Some("garbage"), true).is_some());
        assert!(node_fault(Some("v22.0.0"), false).is_some_and(|text| text.contains("npm")));
    }

    #[test]
    fn a_package_that_meets_two_needs_is_named_once() {
        let needs: Vec<&Need> = NEEDS
            .iter()
            .filter(|need| need.purpose == Compiler)
            .collect();
        assert_eq!(packages(&needs, Family::Debian), ["build-essential"]);
        assert_eq!(packages(&needs, Family::Fedora), ["gcc", "make"]);
    }
}
