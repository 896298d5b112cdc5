//! Which distribution this is, and what it calls the programs that machines need. Pure.

use crate::world::World;
use crete_model::Arch;
use std::path::Path;

/// Distributions with the same package names and the same tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Debian,
    Fedora,
    /// Fedora whose system is an image: Silverblue, Kinoite, Bazzite and the like.
    FedoraImage,
    Rhel,
    Arch,
    Suse,
    /// openSUSE whose system is an image: MicroOS, Aeon and the like.
    SuseImage,
    Unknown,
}

/// What may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Qemu,
    QemuImg,
    Firmware,
}

impl Part {
    /// What it is called where no package names are known.
    pub fn plain_name(self) -> &'static str {
        match self {
            Self::Qemu => "QEMU",
            Self::QemuImg => "qemu-img",
            Self::Firmware => "UEFI (OVMF, edk2)",
        }
    }
}

/// Why a package is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// It is not there.
    Install,
    /// It is there and too old.
    Upgrade,
    /// It is there and broken.
    Repair,
}

/// A distribution's release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Distribution {
    pub family: Family,
    id: String,
    /// Absent where releases have no number, as in Debian's sid or in Arch.
    version: Option<(u32, u32)>,
}

/// Releases whose packages stop before the QEMU that is needed, and the first that will do.
const TOO_OLD: [(&str, (u32, u32), &str); 7] = [
    ("ubuntu", (23, 4), "Ubuntu 24.04"),
    ("linuxmint", (22, 0), "Linux Mint 22"),
    ("debian", (12, 0), "Debian 12"),
    ("opensuse-leap", (15, 6), "openSUSE Leap 15.6"),
    ("rhel", (9, 2), "RHEL 9.2"),
    ("almalinux", (9, 2), "AlmaLinux 9.2"),
    ("rocky", (9, 2), "Rocky Linux 9.2"),
];

impl Distribution {
    pub fn read(world: &dyn World) -> Self {
        let places = ["/etc/os-release", "/usr/lib/os-release"];
        let text = places.iter().find_map(|path| world.read(Path::new(path)));
        let image = world.exists(Path::new("/run/ostree-booted"));
        Self::parse(&text.unwrap_or_default(), image)
    }

    fn parse(os_release: &str, ostree: bool) -> Self {
        let value = |key: &str| {
            os_release
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
                .unwrap_or_default()
                .trim_matches(['"', '\''])
                .to_lowercase()
        };
        let id = value("ID");
        let like = value("ID_LIKE");
        // The own name first, so that RHEL's descendants are not taken for Fedora's.
        let names = || std::iter::once(id.as_str()).chain(like.split_whitespace());
        let family = match names().find_map(family).unwrap_or(Family::Unknown) {
            Family::Fedora if ostree => Family::FedoraImage,
            other => other,
        };
        Self {
            family,
            version: release_number(&value("VERSION_ID")),
            id,
        }
    }

    /// The release to move to where this one's packages stop before the QEMU that is needed.
    pub fn newer_release(&self) -> Option<&'static str> {
        TOO_OLD
            .iter()
            .find(|(id, first, _)| *id == self.id && self.version.is_some_and(|own| own < *first))
            .map(|(.., release)| *release)
    }

    /// The name of the package that holds a part.
    pub fn package(&self, part: Part, arch: Arch) -> Option<&'static str> {
        let (x86, arm) = match (self.family, part) {
            (Family::Debian, Part::Qemu) => ("qemu-system-x86", "qemu-system-arm"),
            (Family::Debian, Part::QemuImg) => ("qemu-utils", "qemu-utils"),
            (Family::Debian, Part::Firmware) => ("ovmf", "qemu-efi-aarch64"),
            (Family::Fedora | Family::FedoraImage, Part::Qemu) => {
                ("qemu-system-x86-core", "qemu-system-aarch64-core")
            }
            (Family::Rhel, Part::Qemu) => ("qemu-kvm", "qemu-kvm"),
            (Family::Fedora | Family::FedoraImage | Family::Rhel | Family::Arch, Part::QemuImg) => {
                ("qemu-img", "qemu-img")
            }
            (
                Family::Fedora | Family::FedoraImage | Family::Rhel | Family::Arch,
                Part::Firmware,
            ) => ("edk2-ovmf", "edk2-aarch64"),
            (Family::Arch, Part::Qemu) => ("qemu-system-x86", "qemu-system-aarch64"),
            (Family::Suse | Family::SuseImage, Part::Qemu) => ("qemu-x86", "qemu-arm"),
            (Family::Suse | Family::SuseImage, Part::QemuImg) => ("qemu-tools", "qemu-tools"),
            (Family::Suse | Family::SuseImage, Part::Firmware) => {
                ("qemu-ovmf-x86_64", "qemu-uefi-aarch64")
            }
            (Family::Unknown, _) => return None,
        };
        Some(if arch == Arch::Arm64 { arm } else { x86 })
    }

    /// Tool and first arguments of an installation without questions; package names follow.
    pub fn install(&self) -> &'static [&'static str] {
        match self.family {
            Family::Debian => &["apt-get", "install", "-y"],
            Family::Fedora | Family::Rhel => &["dnf", "install", "-y"],
            Family::FedoraImage => &["rpm-ostree", "install", "-y", "--apply-live"],
            Family::Arch => &["pacman", "-S", "--needed", "--noconfirm"],
            Family::Suse => &["zypper", "--non-interactive", "install"],
            Family::SuseImage => &[
                "transactional-update",
                "--non-interactive",
                "pkg",
                "install",
            ],
            Family::Unknown => &[],
        }
    }

    /// The same for packages that are there and broken.
    pub fn repair(&self) -> &'static [&'static str] {
        match self.family {
            Family::Debian => &["apt-get", "install", "-y", "--reinstall"],
            Family::Fedora | Family::Rhel => &["dnf", "reinstall", "-y"],
            Family::Arch => &["pacman", "-S", "--noconfirm"],
            Family::Suse => &["zypper", "--non-interactive", "install", "--force"],
            // An image's own files cannot be put there once more.
            Family::FedoraImage | Family::SuseImage | Family::Unknown => &[],
        }
    }

    /// The same for taking packages away again.
    pub fn remove(&self) -> &'static [&'static str] {
        match self.family {
            Family::Debian => &["apt-get", "remove", "-y"],
            Family::Fedora | Family::Rhel => &["dnf", "remove", "-y"],
            Family::FedoraImage => &["rpm-ostree", "uninstall", "-y"],
            Family::Arch => &["pacman", "-Rs", "--noconfirm"],
            Family::Suse => &["zypper", "--non-interactive", "remove"],
            Family::SuseImage => &["transactional-update", "--non-interactive", "pkg", "remove"],
            Family::Unknown => &[],
        }
    }

    /// True when what was installed counts only after a restart.
    pub fn needs_restart(&self) -> bool {
        self.family == Family::SuseImage
    }
}

/// `24.04` and `12` alike.
fn release_number(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
    let minor = minor.split('.').next().unwrap_or("0");
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn family(name: &str) -> Option<Family> {
    Some(match name {
        "debian" | "ubuntu" => Family::Debian,
        "fedora" => Family::Fedora,
        "rhel" | "centos" | "almalinux" | "rocky" | "ol" => Family::Rhel,
        "arch" | "archlinux" => Family::Arch,
        "opensuse-microos" | "opensuse-aeon" | "opensuse-kalpa" => Family::SuseImage,
        "suse" | "opensuse" | "opensuse-tumbleweed" | "opensuse-leap" | "sles" => Family::Suse,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ID`, `ID_LIKE`, `VERSION_ID` as the distributions write them.
    #[test]
    fn derivatives_belong_to_their_family() {
        for (release, expected) in [
            ("ID=debian\nVERSION_ID=\"12\"", Family::Debian),
            ("ID=ubuntu\nID_LIKE=debian", Family::Debian),
            ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"", Family::Debian),
            ("ID=pop\nID_LIKE=\"ubuntu debian\"", Family::Debian),
            ("ID=fedora\nVERSION_ID=43", Family::Fedora),
            ("ID=nobara\nID_LIKE=fedora", Family::Fedora),
            (
                "ID=\"almalinux\"\nID_LIKE=\"rhel centos fedora\"",
                Family::Rhel,
            ),
            ("ID=arch", Family::Arch),
            ("ID=manjaro\nID_LIKE=arch", Family::Arch),
            ("ID=cachyos\nID_LIKE=arch", Family::Arch),
            (
                "ID=\"opensuse-tumbleweed\"\nID_LIKE=\"opensuse suse\"",
                Family::Suse,
            ),
            (
                "ID=\"opensuse-aeon\"\nID_LIKE=\"suse opensuse opensuse-tumbleweed\"",
                Family::SuseImage,
            ),
            ("ID=nixos", Family::Unknown),
            ("", Family::Unknown),
        ] {
            assert_eq!(
                Distribution::parse(release, false).family,
                expected,
                "{release}"
            );
        }
        let image = Distribution::parse("ID=bazzite\nID_LIKE=\"fedora\"", true);
        assert_eq!(image.family, Family::FedoraImage);
    }

    #[test]
    fn a_release_is_left_behind_only_by_its_own_number() {
        let newer = |release: &str| Distribution::parse(release, false).newer_release();
        assert_eq!(
            newer("ID=ubuntu\nVERSION_ID=\"22.04\""),
            Some("Ubuntu 24.04")
        );
        assert_eq!(newer("ID=ubuntu\nVERSION_ID=\"24.04\""), None);
        assert_eq!(
            newer("ID=opensuse-leap\nVERSION_ID=\"15.5\""),
            Some("openSUSE Leap 15.6")
        );
        assert_eq!(newer("ID=debian\nVERSION_ID=\"12\""), None);
        assert_eq!(newer("ID=debian"), None);
        assert_eq!(newer("ID=arch"), None);
    }

    #[test]
    fn every_known_family_names_every_part() {
        for name in ["debian", "fedora", "rhel", "arch", "suse", "opensuse-aeon"] {
            let distribution = Distribution::parse(&format!("ID={name}"), false);
            for part in [Part::Qemu, Part::QemuImg, Part::Firmware] {
                for arch in [Arch::Amd64, Arch::Arm64] {
                    assert!(
                        distribution.package(part, arch).is_some(),
                        "{name} {part:?}"
                    );
                }
            }
            assert!(!distribution.install().is_empty() && !distribution.remove().is_empty());
        }
    }
}
