//! Asset names, addresses and sizes. Pure.

use crate::client::FactoryError;
use crete_model::{
    Arch, BootMedium, Customization, Output, OutputForm, OutputKind, Schematic, TalosVersion,
};
use url::Url;

/// What an image is booted from; the model's own word.
pub type ImageMedium = BootMedium;

const MIB: u64 = 1 << 20;
const MB: u64 = 1_000_000;

/// The factory's name of a bare metal image.
#[must_use]
pub fn asset_name(arch: Arch, medium: ImageMedium, _version: &TalosVersion) -> String {
    match medium {
        BootMedium::DiskImage => format!("metal-{arch}.raw.zst"),
        BootMedium::Iso => format!("metal-{arch}.iso"),
    }
}

/// Checks a factory's base address.
///
/// # Errors
/// When it is no web address.
pub fn parse_base(text: &str) -> Result<Url, FactoryError> {
    let invalid = || FactoryError::BadAddress {
        text: text.to_owned(),
    };
    let mut url = Url::parse(text.trim()).map_err(|_| invalid())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(invalid());
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

/// An address below the base; a path in the base is kept.
pub(crate) fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

/// The address of an image.
#[must_use]
pub fn image_url(base: &Url, schematic_id: &str, version: &TalosVersion, asset: &str) -> Url {
    below(base, &format!("image/{schematic_id}/{version}/{asset}"))
}

/// Published sizes of plain images: before 1.8, before 1.10, and since then.
struct Published([u64; 3]);

impl Published {
    fn of(&self, version: &TalosVersion) -> u64 {
        let Self([oldest, older, now]) = self;
        if version.at_least(1, 10) {
            *now
        } else if version.at_least(1, 8) {
            *older
        } else {
            *oldest
        }
    }
}

// Since 1.10 images for amd64 hold two boot loaders and two copies of what they load.
const ISO_AMD64: Published = Published([83 * MB, 106 * MB, 301 * MIB]);
const ISO_ARM64: Published = Published([122 * MB, 91 * MB, 274 * MIB]);
const ISO_SIGNED: Published = Published([162 * MIB, 198 * MIB, 210 * MIB]);
const DISK_AMD64: Published = Published([78 * MB, 101 * MB, 192 * MIB]);
const DISK_ARM64: Published = Published([67 * MB, 84 * MB, 86 * MIB]);
const UKI: Published = Published([78 * MB, 98 * MB, 95 * MIB]);
const KERNEL: Published = Published([17 * MB, 19 * MB, 19 * MB]);
/// The address of a file of the studio's result, by its name at the factory.
#[must_use]
pub fn output_url(
    base: &Url,
    schematic_id: &str,
    version: &TalosVersion,
    kind: OutputKind,
    asset: &str,
) -> Url {
    match kind {
        OutputKind::Pxe => below(
            &pxe_base(base),
            &format!("pxe/{schematic_id}/{version}/{asset}"),
        ),
        OutputKind::Talosctl => below(base, &format!("talosctl/{version}/{asset}")),
        _ => image_url(base, schematic_id, version, asset),
    }
}

/// A file of the result that can be put on a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Savable {
    /// Its name at the factory.
    pub asset: String,
    /// Its name on a disk.
    pub file_name: String,
    /// False where it is the same for every schematic.
    pub needs_schematic: bool,
}

/// What can be put on a disk of a line of the result; nothing of a command or a reference.
#[must_use]
pub fn savable(output: &Output) -> Option<Savable> {
    match (output.kind, output.form) {
        (OutputKind::Pxe, OutputForm::Address) => {
            let asset = output.text.rsplit('/').next()?.to_owned();
            Some(Savable {
                file_name: format!("{asset}.ipxe"),
                asset,
                needs_schematic: true,
            })
        }
        (kind, OutputForm::File) => Some(Savable {
            asset: output.name.clone(),
            file_name: output.name.clone(),
            needs_schematic: kind != OutputKind::Talosctl,
        }),
        _ => None,
    }
}

/// The host that network boot is served from: the public factory has one of its own.
pub(crate) fn pxe_base(base: &Url) -> Url {
    let mut pxe = base.clone();
    if base.host_str() == Some("factory.talos.dev") {
        // The name is known to be a valid host.
        let _ = pxe.set_host(Some("pxe.factory.talos.dev"));
    }
    pxe
}

/// About how many bytes will be downloaded, by the published sizes of plain images.
#[must_use]
pub fn estimated_size(arch: Arch, medium: ImageMedium, version: &TalosVersion) -> u64 {
    match (medium, arch) {
        (BootMedium::Iso, Arch::Arm64) if version.at_least(1, 13) => 201 * MIB,
        (BootMedium::Iso, Arch::Amd64) => ISO_AMD64.of(version),
        (BootMedium::Iso, Arch::Arm64) => ISO_ARM64.of(version),
        (BootMedium::DiskImage, Arch::Amd64) => DISK_AMD64.of(version),
        (BootMedium::DiskImage, Arch::Arm64) => DISK_ARM64.of(version),
    }
}

/// About how many bytes a file of the studio's result has; 0 where nothing was published.
#[must_use]
pub(crate) fn estimated_bytes(kind: OutputKind, name: &str, version: &TalosVersion) -> u64 {
    let arch = if name.contains("arm64") {
        Arch::Arm64
    } else {
        Arch::Amd64
    };
    let signed = name.contains("-secureboot");
    match kind {
        OutputKind::Iso if signed => ISO_SIGNED.of(version),
        OutputKind::Iso => estimated_size(arch, BootMedium::Iso, version),
        // A signed disk holds one boot loader and what it loads, and little else.
        OutputKind::DiskImage if signed => UKI.of(version),
        OutputKind::DiskImage | OutputKind::DiskImageQcow2 => {
            estimated_size(arch, BootMedium::DiskImage, version)
        }
        OutputKind::Uki => UKI.of(version),
        OutputKind::Kernel => KERNEL.of(version),
        _ => 0,
    }
}

/// The plain image with its log on the serial port: metal images print nothing there since 1.8,
/// and a console among the arguments replaces the built-in one, so both are asked for.
#[must_use]
pub fn serial_console_schematic(arch: Arch) -> Schematic {
    let serial = match arch {
        Arch::Amd64 => "console=ttyS0",
        Arch::Arm64 => "console=ttyAMA0",
    };
    Schematic {
        customization: Customization {
            extra_kernel_args: vec!["console=tty0".to_owned(), serial.to_owned()],
            ..Customization::default()
        },
        ..Schematic::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_the_bases_path() {
        let version = "1.13.9".parse().unwrap();
        let base = parse_base("https://mirror.example/factory/").unwrap();
        let url = image_url(&base, "abc", &version, "metal-amd64.iso");
        assert_eq!(
            url.as_str(),
            "https://mirror.example/factory/image/abc/v1.13.9/metal-amd64.iso"
        );
    }

    #[test]
    fn only_web_addresses_are_bases() {
        for bad in ["", "factory", "ftp://x", "file:///etc", "http://"] {
            assert!(parse_base(bad).is_err(), "{bad}");
        }
    }
}
