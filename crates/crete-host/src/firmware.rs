//! UEFI firmware: by QEMU's own descriptors first, by known folders else.

use crate::programs::missing;
use crate::remedies::Part;
use crate::world::World;
use crete_model::{Arch, CauseCode, Check, CheckCode, CheckState, Evidence, FirmwareInfo, params};
use serde::Deserialize;
use std::path::Path;

/// Later folders are looked at last.
const DESCRIPTORS: [&str; 2] = ["/etc/qemu/firmware", "/usr/share/qemu/firmware"];

/// Code and variable template by known place, raw.
const KNOWN: [(Arch, &str, &str); 8] = [
    (
        Arch::Amd64,
        "/usr/share/OVMF/OVMF_CODE_4M.fd",
        "/usr/share/OVMF/OVMF_VARS_4M.fd",
    ),
    (
        Arch::Amd64,
        "/usr/share/edk2/ovmf/OVMF_CODE.fd",
        "/usr/share/edk2/ovmf/OVMF_VARS.fd",
    ),
    (
        Arch::Amd64,
        "/usr/share/edk2/x64/OVMF_CODE.4m.fd",
        "/usr/share/edk2/x64/OVMF_VARS.4m.fd",
    ),
    (
        Arch::Amd64,
        "/usr/share/OVMF/OVMF_CODE.fd",
        "/usr/share/OVMF/OVMF_VARS.fd",
    ),
    (
        Arch::Amd64,
        "/usr/share/qemu/ovmf-x86_64-code.bin",
        "/usr/share/qemu/ovmf-x86_64-vars.bin",
    ),
    (
        Arch::Amd64,
        "/usr/share/qemu/edk2-x86_64-code.fd",
        "/usr/share/qemu/edk2-i386-vars.fd",
    ),
    (
        Arch::Arm64,
        "/usr/share/AAVMF/AAVMF_CODE.fd",
        "/usr/share/AAVMF/AAVMF_VARS.fd",
    ),
    (
        Arch::Arm64,
        "/usr/share/qemu/edk2-aarch64-code.fd",
        "/usr/share/qemu/edk2-arm-vars.fd",
    ),
];

/// The parts of a firmware descriptor that matter (QEMU's docs/interop/firmware.json).
#[derive(Debug, Deserialize)]
struct Descriptor {
    #[serde(rename = "interface-types")]
    interfaces: Vec<String>,
    mapping: Mapping,
    targets: Vec<Target>,
    #[serde(default)]
    features: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Mapping {
    device: String,
    executable: Option<Flash>,
    #[serde(rename = "nvram-template")]
    vars: Option<Flash>,
}

#[derive(Debug, Deserialize)]
struct Flash {
    filename: String,
    format: String,
}

#[derive(Debug, Deserialize)]
struct Target {
    architecture: String,
    machines: Vec<String>,
}

/// Finds firmware for one architecture. Plain firmware only: keys and SMM are for SecureBoot.
pub(crate) fn find(world: &dyn World, arch: Arch) -> Option<FirmwareInfo> {
    described(world, arch).or_else(|| known(world, arch))
}

fn described(world: &dyn World, arch: Arch) -> Option<FirmwareInfo> {
    for folder in DESCRIPTORS.map(Path::new) {
        for name in world.list(folder) {
            if !name.ends_with(".json") {
                continue;
            }
            // A descriptor that does not parse is somebody else's mistake: the next one may do.
            let text = world.read(&folder.join(name)).unwrap_or_default();
            let Ok(descriptor) = serde_json::from_str::<Descriptor>(&text) else {
                continue;
            };
            if let Some(firmware) = usable(world, &descriptor, arch) {
                return Some(firmware);
            }
        }
    }
    None
}

fn usable(world: &dyn World, descriptor: &Descriptor, arch: Arch) -> Option<FirmwareInfo> {
    let machine = if arch == Arch::Amd64 {
        "pc-q35"
    } else {
        "virt"
    };
    let fits = descriptor.interfaces.iter().any(|kind| kind == "uefi")
        && descriptor.mapping.device == "flash"
        && descriptor.targets.iter().any(|target| {
            target.architecture == arch.qemu_suffix()
                && target.machines.iter().any(|name| name.starts_with(machine))
        })
        && !descriptor
            .features
            .iter()
            .any(|feature| matches!(feature.as_str(), "requires-smm" | "enrolled-keys"));
    if !fits {
        return None;
    }
    let (code, vars) = (
        descriptor.mapping.executable.as_ref()?,
        descriptor.mapping.vars.as_ref()?,
    );
    let there = [code, vars]
        .iter()
        .all(|flash| world.exists(Path::new(&flash.filename)));
    // One format for both keeps the plan of a machine simple; all distributions do so.
    (there && code.format == vars.format).then(|| FirmwareInfo {
        code: code.filename.clone(),
        vars_template: vars.filename.clone(),
        format: code.format.clone(),
        arch,
    })
}

fn known(world: &dyn World, arch: Arch) -> Option<FirmwareInfo> {
    let (_, code, vars) = KNOWN.iter().find(|(of, code, vars)| {
        *of == arch && world.exists(Path::new(code)) && world.exists(Path::new(vars))
    })?;
    Some(FirmwareInfo {
        code: (*code).to_owned(),
        vars_template: (*vars).to_owned(),
        format: "raw".to_owned(),
        arch,
    })
}

/// The check for this computer's own architecture.
pub(crate) fn check(world: &dyn World, found: Option<&FirmwareInfo>) -> Check {
    match found {
        None => missing(
            world,
            CheckCode::Firmware,
            Part::Firmware,
            world.arch(),
            "UEFI",
        ),
        Some(firmware) => Check {
            code: CheckCode::Firmware,
            state: CheckState::Ok,
            cause: CauseCode::Fine,
            params: params! { "path" => firmware.code },
            evidence: vec![
                Evidence {
                    what: "code".to_owned(),
                    found: firmware.code.clone(),
                },
                Evidence {
                    what: "variables".to_owned(),
                    found: firmware.vars_template.clone(),
                },
            ],
            remedies: Vec::new(),
        },
    }
}
