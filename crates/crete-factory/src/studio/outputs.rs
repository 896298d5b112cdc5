//! The result: every file, address, reference and command of a composed image, in upstream's order.

use super::resolve::Resolved;
use crate::asset::{estimated_bytes, output_url};
use crete_model::{Arch, BootMethod, Output, OutputForm, OutputKind, Platform, TalosVersion};
use url::Url;

/// Systems that the factory has `talosctl` for.
const TALOSCTL: &[&str] = &[
    "darwin-amd64",
    "darwin-arm64",
    "freebsd-amd64",
    "freebsd-arm64",
    "linux-amd64",
    "linux-arm64",
    "linux-armv7",
    "windows-amd64.exe",
    "windows-arm64.exe",
];

/// Every board boots this image, whatever the version.
const BOARD_IMAGE: &str = "metal-arm64.raw.xz";

/// The image of the network boot helper, as upstream names it.
const BOOTER: &str = "ghcr.io/siderolabs/booter:v0.3.0";

/// Pages beside every image.
const FIRST_PAGES: &[(OutputKind, &str)] = &[
    (
        OutputKind::WhatsNew,
        "/getting-started/what's-new-in-talos/",
    ),
    (
        OutputKind::SupportMatrix,
        "/getting-started/support-matrix/",
    ),
    (
        OutputKind::GettingStarted,
        "/getting-started/getting-started",
    ),
];

/// Pages beside images for bare metal.
const BARE_METAL_PAGES: &[(OutputKind, &str)] = &[
    (
        OutputKind::NetworkGuide,
        "/platform-specific-installations/bare-metal-platforms/network-config",
    ),
    (
        OutputKind::IsoGuide,
        "/platform-specific-installations/bare-metal-platforms/iso",
    ),
    (
        OutputKind::PxeGuide,
        "/platform-specific-installations/bare-metal-platforms/pxe",
    ),
];

const SECURE_BOOT_PAGE: &str = "/platform-specific-installations/bare-metal-platforms/secureboot";
const UPGRADE_PAGE: &str = "/configure-your-talos-cluster/lifecycle-management/upgrading-talos";
const PRODUCTION_PAGE: &str = "/getting-started/prodnotes";
const TROUBLESHOOTING_PAGE: &str = "/troubleshooting/troubleshooting";

pub(super) fn outputs(resolved: &Resolved, id: &str, base: &Url) -> Vec<Output> {
    let (Some(platform), Some(version), Some(arch)) =
        (resolved.platform, &resolved.version, resolved.arch)
    else {
        return Vec::new();
    };
    let maker = Maker {
        platform,
        version,
        arch,
        id,
        base,
        secure_boot: resolved.secure_boot,
    };
    let mut all = Vec::new();
    if resolved.is_board {
        all.push(maker.file(OutputKind::DiskImage, BOARD_IMAGE));
    } else {
        for method in &platform.boot_methods {
            maker.first_boot(*method, &mut all);
        }
    }
    all.push(maker.installer());
    if resolved.gates.bootloader {
        let text =
            format!("talosctl cluster create qemu --schematic-id={id} --talos-version={version}");
        all.push(maker.text(OutputKind::LocalCluster, OutputForm::Command, text));
    }
    let text = format!(
        "docker run --rm --network host {BOOTER} --talos-version={version} --schematic-id={id}"
    );
    all.push(maker.text(OutputKind::Booter, OutputForm::Command, text));
    maker.pages(resolved, &mut all);
    if platform.id == "metal" && !resolved.is_board {
        maker.extra_assets(resolved, &mut all);
    }
    all
}

struct Maker<'a> {
    platform: &'static Platform,
    version: &'a TalosVersion,
    arch: Arch,
    id: &'a str,
    base: &'a Url,
    secure_boot: bool,
}

impl Maker<'_> {
    /// `metal-amd64` or `metal-amd64-secureboot`.
    fn stem(&self) -> String {
        let ending = if self.secure_boot { "-secureboot" } else { "" };
        format!("{}-{}{ending}", self.platform.id, self.arch)
    }

    fn text(&self, kind: OutputKind, form: OutputForm, text: String) -> Output {
        Output {
            kind,
            form,
            name: String::new(),
            text,
            secure_boot: self.secure_boot
                && matches!(form, OutputForm::Address | OutputForm::Reference),
            estimated_size: 0,
        }
    }

    fn file(&self, kind: OutputKind, name: &str) -> Output {
        let url = output_url(self.base, self.id, self.version, kind, name);
        Output {
            kind,
            form: OutputForm::File,
            name: name.to_owned(),
            text: url.to_string(),
            secure_boot: name.contains("-secureboot"),
            estimated_size: estimated_bytes(kind, name, self.version),
        }
    }

    fn first_boot(&self, method: BootMethod, all: &mut Vec<Output>) {
        let stem = self.stem();
        match method {
            BootMethod::Iso => all.push(self.file(OutputKind::Iso, &format!("{stem}.iso"))),
            BootMethod::Pxe => {
                let url = output_url(self.base, self.id, self.version, OutputKind::Pxe, &stem);
                all.push(self.text(OutputKind::Pxe, OutputForm::Address, url.to_string()));
            }
            BootMethod::DiskImage => {
                if let Some(suffix) = &self.platform.disk_image_suffix {
                    all.push(self.file(OutputKind::DiskImage, &format!("{stem}.{suffix}")));
                }
                if self.platform.id == "metal" && !self.secure_boot {
                    all.push(self.file(OutputKind::DiskImageQcow2, &format!("{stem}.qcow2")));
                }
            }
        }
    }

    /// `host/metal-installer-secureboot/ID:v1.13.9`; without the platform before 1.10.
    fn installer(&self) -> Output {
        let host = self.base.host_str().unwrap_or_default();
        let port = self
            .base
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        let ending = if self.secure_boot { "-secureboot" } else { "" };
        let name = if self.version.at_least(1, 10) {
            format!("{}-installer{ending}", self.platform.id)
        } else {
            format!("installer{ending}")
        };
        let text = format!("{host}{port}/{name}/{}:{}", self.id, self.version);
        self.text(OutputKind::Installer, OutputForm::Reference, text)
    }

    /// The pages that upstream shows beside this image, each of the version's own edition.
    fn pages(&self, resolved: &Resolved, all: &mut Vec<Output>) {
        let (major, minor) = self.version.minor();
        let mut page = |kind, path: &str| {
            let text = format!("https://docs.siderolabs.com/talos/v{major}.{minor}{path}");
            all.push(self.text(kind, OutputForm::Page, text));
        };
        for (kind, path) in FIRST_PAGES {
            page(*kind, path);
        }
        let platform = match resolved.board {
            Some(board) => board.documentation_path.as_deref(),
            None if resolved.is_board => None,
            None => self.platform.documentation_path.as_deref(),
        };
        if self.platform.id == "metal" && !resolved.is_board {
            for (kind, path) in BARE_METAL_PAGES {
                page(*kind, path);
            }
        } else if let Some(path) = platform {
            page(OutputKind::Guide, path);
        }
        if self.secure_boot {
            page(OutputKind::SecureBootGuide, SECURE_BOOT_PAGE);
        }
        page(OutputKind::UpgradeGuide, UPGRADE_PAGE);
        if resolved.gates.production_guide {
            page(OutputKind::ProductionGuide, PRODUCTION_PAGE);
        }
        if resolved.gates.troubleshooting_guide {
            page(OutputKind::TroubleshootingGuide, TROUBLESHOOTING_PAGE);
        }
    }

    /// What only bare metal offers beside its images.
    fn extra_assets(&self, resolved: &Resolved, all: &mut Vec<Output>) {
        let (arch, stem) = (self.arch, self.stem());
        if self.secure_boot {
            all.push(self.file(OutputKind::Uki, &format!("{stem}-uki.efi")));
        } else {
            all.push(self.file(OutputKind::Kernel, &format!("kernel-{arch}")));
            all.push(self.file(OutputKind::Cmdline, &format!("cmdline-{stem}")));
            all.push(self.file(OutputKind::Initramfs, &format!("initramfs-{arch}.xz")));
            if resolved.gates.secure_boot {
                all.push(self.file(OutputKind::Uki, &format!("{stem}-uki.efi")));
            }
        }
        if resolved.gates.talosctl {
            for system in TALOSCTL {
                all.push(self.file(OutputKind::Talosctl, &format!("talosctl-{system}")));
            }
        }
    }
}
