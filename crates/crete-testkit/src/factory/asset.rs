//! Names of assets, read and refused as the real factory reads and refuses them.

use super::answer::{error, internal};
use axum::body::Body;
use axum::http::Response;
use crete_factory::catalogue::targets;
use crete_model::Arch;

const DISKS: &[&str] = &["raw", "qcow2", "vhd", "ova"];
const PACKINGS: &[&str] = &["", ".xz", ".gz", ".zst", ".tar.gz"];

/// What an asset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Kernel,
    Initramfs,
    Cmdline,
    Uki,
    Installer,
    Image,
}

/// What a name asks for.
#[derive(Debug)]
pub struct Asset {
    pub kind: Kind,
    pub platform: String,
    pub arch: Arch,
    pub secure_boot: bool,
}

type Parsed = Result<Asset, Response<Body>>;

fn refused(text: &str) -> Response<Body> {
    error(400, &format!("error parsing profile from path: {text}"))
}

/// Reads a file's name.
pub fn parse(name: &str) -> Parsed {
    if let Some(arch) = name.strip_prefix("kernel-") {
        return plain(arch, Kind::Kernel, false);
    }
    if let Some(arch) = name.strip_prefix("initramfs-")
        && let Some(arch) = arch.strip_suffix(".xz")
    {
        return plain(arch, Kind::Initramfs, false);
    }
    if let Some(rest) = name.strip_prefix("cmdline-") {
        return machine(rest, Kind::Cmdline);
    }
    if let Some(rest) = name.strip_suffix("-uki.efi") {
        return machine(rest, Kind::Uki);
    }
    if let Some(rest) = name.strip_suffix(".tar") {
        if let Some(arch) = rest.strip_prefix("installer-") {
            let (arch, secure_boot) = signed(arch);
            return plain(arch, Kind::Installer, secure_boot);
        }
        if rest.contains("-installer-") {
            return machine(&rest.replacen("-installer-", "-", 1), Kind::Installer);
        }
    }
    let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
    let disk = DISKS.iter().any(|disk| {
        ending
            .strip_prefix(disk)
            .is_some_and(|packing| PACKINGS.contains(&packing))
    });
    if !disk && ending != "iso" {
        return Err(refused(&format!("invalid profile path: {name:?}")));
    }
    machine(stem, Kind::Image)
}

/// `metal-amd64-secureboot`
pub fn machine(stem: &str, kind: Kind) -> Parsed {
    let digital_ocean = stem.strip_prefix("digital-ocean-");
    let split = digital_ocean.map(|arch| ("digital-ocean", arch));
    let Some((platform, arch)) = split.or_else(|| stem.split_once('-')) else {
        return Err(refused(&format!("invalid platform-arch: {stem:?}")));
    };
    let (arch, secure_boot) = signed(arch);
    let asset = plain(arch, kind, secure_boot)?;
    if !is_platform(platform) {
        return Err(internal());
    }
    Ok(Asset {
        platform: platform.to_owned(),
        ..asset
    })
}

fn signed(arch: &str) -> (&str, bool) {
    match arch.strip_suffix("-secureboot") {
        Some(arch) => (arch, true),
        None => (arch, false),
    }
}

fn plain(arch: &str, kind: Kind, secure_boot: bool) -> Parsed {
    let arch = match arch {
        // Names that network boot programs have for it.
        "amd64" | "x86_64" | "i386" => Arch::Amd64,
        "arm64" => Arch::Arm64,
        _ => return Err(refused(&format!("invalid architecture: {arch:?}"))),
    };
    Ok(Asset {
        kind,
        platform: "metal".to_owned(),
        arch,
        secure_boot,
    })
}

pub fn is_platform(id: &str) -> bool {
    id == "metal" || targets().clouds.iter().any(|cloud| cloud.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_taken_with_every_packing() {
        for disk in DISKS {
            for packing in PACKINGS {
                for stem in ["metal-amd64", "aws-arm64-secureboot", "digital-ocean-amd64"] {
                    let asset = parse(&format!("{stem}.{disk}{packing}")).unwrap();
                    assert_eq!(asset.kind, Kind::Image);
                    assert_eq!(asset.secure_boot, stem.ends_with("secureboot"));
                    assert!(stem.starts_with(&asset.platform), "{stem}");
                }
            }
        }
        for ending in ["vhdx", "vmdk", "vdi", "raw.bz2"] {
            let refused = parse(&format!("metal-amd64.{ending}")).unwrap_err();
            assert_eq!(refused.status(), 400, "{ending}");
        }
    }
}
