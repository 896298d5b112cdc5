//! Which command installs what, by distribution.

use crete_model::{Arch, Remedy};

/// Families with the same package names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Distribution {
    Debian,
    Fedora,
    Arch,
    Suse,
    Unknown,
}

/// What may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Qemu,
    QemuImg,
    Firmware,
}

impl Distribution {
    /// Reads `/etc/os-release`.
    pub fn read(os_release: &str) -> Self {
        let value = |key: &str| {
            os_release
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
                .unwrap_or_default()
                .trim_matches('"')
                .to_owned()
        };
        let names = format!("{} {}", value("ID"), value("ID_LIKE"));
        let is = |wanted: &[&str]| names.split_whitespace().any(|name| wanted.contains(&name));
        if is(&["debian", "ubuntu"]) {
            Self::Debian
        } else if is(&["fedora", "rhel"]) {
            Self::Fedora
        } else if is(&["arch"]) {
            Self::Arch
        } else if is(&["suse", "opensuse", "opensuse-tumbleweed", "opensuse-leap"]) {
            Self::Suse
        } else {
            Self::Unknown
        }
    }

    /// The command that installs a part; nothing where the names are not known.
    pub fn install(self, part: Part, arch: Arch) -> Vec<Remedy> {
        let arm = arch == Arch::Arm64;
        let packages = match (self, part) {
            (Self::Debian, Part::Qemu) => {
                if arm {
                    "qemu-system-arm"
                } else {
                    "qemu-system-x86"
                }
            }
            (Self::Debian, Part::QemuImg) => "qemu-utils",
            (Self::Debian, Part::Firmware) => {
                if arm {
                    "qemu-efi-aarch64"
                } else {
                    "ovmf"
                }
            }
            (Self::Fedora, Part::Qemu) => {
                if arm {
                    "qemu-system-aarch64-core"
                } else {
                    "qemu-system-x86-core"
                }
            }
            (Self::Fedora, Part::QemuImg) => "qemu-img",
            (Self::Fedora, Part::Firmware) => {
                if arm {
                    "edk2-aarch64"
                } else {
                    "edk2-ovmf"
                }
            }
            (Self::Arch, Part::Qemu) => {
                if arm {
                    "qemu-system-aarch64"
                } else {
                    "qemu-base"
                }
            }
            (Self::Arch, Part::QemuImg) => "qemu-img",
            (Self::Arch, Part::Firmware) => {
                if arm {
                    "edk2-aarch64"
                } else {
                    "edk2-ovmf"
                }
            }
            (Self::Suse, Part::Qemu) => {
                if arm {
                    "qemu-arm"
                } else {
                    "qemu-x86"
                }
            }
            (Self::Suse, Part::QemuImg) => "qemu-tools",
            (Self::Suse, Part::Firmware) => {
                if arm {
                    "qemu-uefi-aarch64"
                } else {
                    "qemu-ovmf-x86_64"
                }
            }
            (Self::Unknown, _) => return Vec::new(),
        };
        let command = match self {
            Self::Debian => format!("apt-get install -y {packages}"),
            Self::Fedora => format!("dnf install -y {packages}"),
            Self::Arch => format!("pacman -S --needed {packages}"),
            Self::Suse => format!("zypper install -y {packages}"),
            Self::Unknown => return Vec::new(),
        };
        vec![Remedy::RunCommand {
            command,
            privileged: true,
        }]
    }
}
