//! UEFI firmware: by QEMU's own descriptors first, by known folders else.

use crate::check::{Finding, evidence, fine};
use crate::distribution::Part;
use crate::qemu::not_installed;
use crate::world::World;
use crete_model::{Arch, CheckCode, Evidence, FirmwareInfo, params};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Code, variable template and their format by known place. The roomier 4 MiB builds come first.
const KNOWN: [(Arch, &str, &str, &str, &str); 18] = {
    use Arch::{Amd64, Arm64};
    [
        // Debian, Ubuntu
        (
            Amd64,
            "/usr/share/OVMF",
            "OVMF_CODE_4M.fd",
            "OVMF_VARS_4M.fd",
            "raw",
        ),
        (
            Arm64,
            "/usr/share/AAVMF",
            "AAVMF_CODE.no-secboot.fd",
            "AAVMF_VARS.fd",
            "raw",
        ),
        (
            Arm64,
            "/usr/share/AAVMF",
            "AAVMF_CODE.fd",
            "AAVMF_VARS.fd",
            "raw",
        ),
        // Fedora, RHEL
        (
            Amd64,
            "/usr/share/edk2/ovmf",
            "OVMF_CODE_4M.qcow2",
            "OVMF_VARS_4M.qcow2",
            "qcow2",
        ),
        (
            Amd64,
            "/usr/share/edk2/ovmf",
            "OVMF_CODE.fd",
            "OVMF_VARS.fd",
            "raw",
        ),
        (
            Arm64,
            "/usr/share/edk2/aarch64",
            "QEMU_EFI-silent-pflash.qcow2",
            "vars-template-pflash.qcow2",
            "qcow2",
        ),
        (
            Arm64,
            "/usr/share/edk2/aarch64",
            "QEMU_EFI-silent-pflash.raw",
            "vars-template-pflash.raw",
            "raw",
        ),
        // Arch
        (
            Amd64,
            "/usr/share/edk2/x64",
            "OVMF_CODE.4m.fd",
            "OVMF_VARS.4m.fd",
            "raw",
        ),
        (
            Amd64,
            "/usr/share/edk2-ovmf/x64",
            "OVMF_CODE.fd",
            "OVMF_VARS.fd",
            "raw",
        ),
        (
            Arm64,
            "/usr/share/edk2/aarch64",
            "QEMU_CODE.fd",
            "QEMU_VARS.fd",
            "raw",
        ),
        // openSUSE
        (
            Amd64,
            "/usr/share/qemu",
            "ovmf-x86_64-4m-code.bin",
            "ovmf-x86_64-4m-vars.bin",
            "raw",
        ),
        (
            Amd64,
            "/usr/share/qemu",
            "ovmf-x86_64-code.bin",
            "ovmf-x86_64-vars.bin",
            "raw",
        ),
        (
            Arm64,
            "/usr/share/qemu",
            "aavmf-aarch64-code.bin",
            "aavmf-aarch64-vars.bin",
            "raw",
        ),
        // what QEMU itself brings along
        (
            Amd64,
            "/usr/share/qemu",
            "edk2-x86_64-code.fd",
            "edk2-i386-vars.fd",
            "raw",
        ),
        (
            Arm64,
            "/usr/share/qemu",
            "edk2-aarch64-code.fd",
            "edk2-arm-vars.fd",
            "raw",
        ),
        (
            Amd64,
            "/usr/local/share/qemu",
            "edk2-x86_64-code.fd",
            "edk2-i386-vars.fd",
            "raw",
        ),
        (
            Arm64,
            "/usr/local/share/qemu",
            "edk2-aarch64-code.fd",
            "edk2-arm-vars.fd",
            "raw",
        ),
        // older Debian and Ubuntu
        (
            Amd64,
            "/usr/share/OVMF",
            "OVMF_CODE.fd",
            "OVMF_VARS.fd",
            "raw",
        ),
    ]
};

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
    /// `split`, `combined` or `stateless`; split where nothing is said.
    mode: Option<String>,
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

/// Finds firmware for one architecture. Plain firmware only: keys and SMM are for Secure Boot.
pub(crate) fn find(world: &dyn World, arch: Arch) -> Option<FirmwareInfo> {
    search(world, arch).0
}

fn search(world: &dyn World, arch: Arch) -> (Option<FirmwareInfo>, Vec<Evidence>) {
    let mut passed_over = Vec::new();
    for (name, path) in descriptors(world) {
        match usable(world, &path, arch) {
            Ok(firmware) => return (Some(firmware), vec![evidence("descriptor", &name)]),
            Err(Unfit::Other) => {}
            Err(Unfit::Broken(why)) => passed_over.push(evidence(path.display(), &why)),
        }
    }
    (known(world, arch), passed_over)
}

/// Descriptors in the order in which QEMU's rules want them tried: by name, and of one name only
/// that of the first folder, so that a person can overrule the system and the system its packages.
fn descriptors(world: &dyn World) -> BTreeMap<String, PathBuf> {
    let config = world.variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let home = || {
        world
            .variable("HOME")
            .map(|home| Path::new(&home).join(".config"))
    };
    let own = config
        .or_else(home)
        .map(|config| config.join("qemu/firmware"));
    let system = ["/etc/qemu/firmware", "/usr/share/qemu/firmware"].map(PathBuf::from);
    let mut found = BTreeMap::new();
    for folder in own.into_iter().chain(system) {
        for name in world.list(&folder) {
            if name.ends_with(".json") {
                let path = folder.join(&name);
                found.entry(name).or_insert(path);
            }
        }
    }
    found
}

/// Why a descriptor is passed over.
enum Unfit {
    /// It is for other machines, or was emptied to hide another one.
    Other,
    /// It should do and does not.
    Broken(String),
}

fn usable(world: &dyn World, path: &Path, arch: Arch) -> Result<FirmwareInfo, Unfit> {
    let text = world.read(path).unwrap_or_default();
    if text.trim().is_empty() {
        return Err(Unfit::Other);
    }
    // A descriptor that does not parse is somebody else's mistake: the next one may do.
    let descriptor: Descriptor =
        serde_json::from_str(&text).map_err(|error| Unfit::Broken(error.to_string()))?;
    if !fits(&descriptor, arch) {
        return Err(Unfit::Other);
    }
    let Mapping {
        executable: Some(code),
        vars: Some(vars),
        ..
    } = descriptor.mapping
    else {
        return Err(Unfit::Other);
    };
    for flash in [&code, &vars] {
        if !world.exists(Path::new(&flash.filename)) {
            return Err(Unfit::Broken(format!("{} is not there", flash.filename)));
        }
    }
    // One format for both keeps the plan of a machine simple; all distributions do so.
    if code.format != vars.format || !matches!(code.format.as_str(), "raw" | "qcow2") {
        let formats = format!("formats {} and {}", code.format, vars.format);
        return Err(Unfit::Broken(formats));
    }
    Ok(FirmwareInfo {
        code: code.filename,
        vars_template: vars.filename,
        format: code.format,
        arch,
    })
}

fn fits(descriptor: &Descriptor, arch: Arch) -> bool {
    let machine = match arch {
        Arch::Amd64 => "pc-q35",
        Arch::Arm64 => "virt",
    };
    let mapping = &descriptor.mapping;
    let special = |feature: &String| matches!(feature.as_str(), "requires-smm" | "enrolled-keys");
    descriptor.interfaces.iter().any(|kind| kind == "uefi")
        && mapping.device == "flash"
        && mapping.mode.as_deref().unwrap_or("split") == "split"
        && descriptor.targets.iter().any(|target| {
            target.architecture == arch.qemu_suffix()
                && target.machines.iter().any(|name| name.starts_with(machine))
        })
        && !descriptor.features.iter().any(special)
}

fn known(world: &dyn World, arch: Arch) -> Option<FirmwareInfo> {
    KNOWN.iter().find_map(|(of, folder, code, vars, format)| {
        let folder = Path::new(folder);
        let (code, vars) = (folder.join(code), folder.join(vars));
        let there = *of == arch && world.exists(&code) && world.exists(&vars);
        there.then(|| FirmwareInfo {
            code: code.display().to_string(),
            vars_template: vars.display().to_string(),
            format: (*format).to_owned(),
            arch,
        })
    })
}

/// The check for this computer's own architecture.
pub(crate) fn check(world: &dyn World) -> (Finding, Option<FirmwareInfo>) {
    let (found, mut seen) = search(world, world.arch());
    let Some(firmware) = found else {
        let mut finding =
            not_installed(world, CheckCode::Firmware, Part::Firmware, "UEFI firmware");
        finding.check.evidence.append(&mut seen);
        return (finding, None);
    };
    seen.push(evidence("code", &firmware.code));
    seen.push(evidence("variables", &firmware.vars_template));
    seen.push(evidence("format", &firmware.format));
    let params = params! { "path" => firmware.code };
    (fine(CheckCode::Firmware, params, seen), Some(firmware))
}
