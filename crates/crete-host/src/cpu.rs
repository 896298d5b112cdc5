//! The processor, by what the kernel says of it.

use crate::check::{Finding, evidence, fine};
use crate::world::World;
use crete_model::{Arch, CauseCode, CheckCode, CheckState, Evidence, Params, Remedy, params};
use std::path::Path;

/// Flags of each x86-64 level beyond the one before, in the kernel's spelling.
const LEVELS: [&[&str]; 3] = [
    &[
        "cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3",
    ],
    &[
        "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave",
    ],
    &["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"],
];

/// What `/proc/cpuinfo` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cpu {
    pub vendor: String,
    pub model: String,
    flags: Vec<String>,
}

impl Cpu {
    pub fn read(world: &dyn World) -> Self {
        let text = world.read(Path::new("/proc/cpuinfo")).unwrap_or_default();
        let field = |name: &str| {
            text.lines()
                .find_map(|line| {
                    let (key, value) = line.split_once(':')?;
                    (key.trim() == name).then(|| value.trim().to_owned())
                })
                .unwrap_or_default()
        };
        let flags = field("flags")
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        Self {
            vendor: field("vendor_id"),
            model: field("model name"),
            flags,
        }
    }

    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|own| own == flag)
    }

    /// False where the kernel shows nothing of the processor.
    pub fn is_known(&self) -> bool {
        !self.flags.is_empty()
    }

    /// The x86-64 level, 1 to 4.
    pub fn level(&self) -> u32 {
        let met = LEVELS
            .iter()
            .take_while(|flags| flags.iter().all(|flag| self.has(flag)));
        1 + u32::try_from(met.count()).unwrap_or(0)
    }

    /// The flag of hardware virtualization.
    pub fn virtualization(&self) -> Option<&'static str> {
        ["vmx", "svm"].into_iter().find(|flag| self.has(flag))
    }

    fn is_amd(&self) -> bool {
        matches!(self.vendor.as_str(), "AuthenticAMD" | "HygonGenuine")
    }

    /// KVM's module for this vendor.
    pub fn kvm_module(&self) -> &'static str {
        if self.is_amd() {
            "kvm_amd"
        } else {
            "kvm_intel"
        }
    }

    /// What firmware menus call virtualization.
    pub fn firmware_setting(&self) -> &'static str {
        if self.is_amd() {
            "SVM Mode, AMD-V"
        } else {
            "Intel Virtualization Technology, VT-x"
        }
    }
}

/// Talos needs x86-64-v2. Under emulation the guest's processor is QEMU's, so an old processor
/// only takes KVM away.
pub(crate) fn check(world: &dyn World) -> Finding {
    let code = CheckCode::CpuLevel;
    let cpu = Cpu::read(world);
    if world.arch() == Arch::Arm64 {
        return fine(
            code,
            params! { "model" => board(world), "level" => Arch::Arm64 },
            vec![evidence("/proc/device-tree/model", &board(world))],
        );
    }
    let named = |name: &str| format!("x86-64-v{name}");
    let seen = |level: &str| {
        vec![
            evidence("/proc/cpuinfo: model name", &cpu.model),
            evidence("/proc/cpuinfo: vendor_id", &cpu.vendor),
            evidence("/proc/cpuinfo: flags", level),
        ]
    };
    if !cpu.is_known() {
        return Finding::new(
            code,
            CheckState::Limited,
            CauseCode::CannotTell,
            Params::new(),
        )
        .because(seen("none"))
        .mended_by(vec![Remedy::Retry, Remedy::Report]);
    }
    let level = cpu.level();
    if level >= 2 {
        let name = named(&level.to_string());
        let params = params! { "level" => name, "model" => cpu.model };
        return fine(code, params, seen(&name));
    }
    let lacks: Vec<&str> = LEVELS[0]
        .iter()
        .copied()
        .filter(|flag| !cpu.has(flag))
        .collect();
    let params = params! { "level" => level, "model" => cpu.model };
    Finding::new(code, CheckState::Limited, CauseCode::CpuTooOld, params)
        .because(seen(&format!("no {}", lacks.join(" "))))
        .mended_by(vec![Remedy::GoOnEmulated])
}

/// What an arm64 computer calls itself; the kernel names no processor there.
fn board(world: &dyn World) -> String {
    let tree = world.read(Path::new("/proc/device-tree/model"));
    let dmi = || world.read(Path::new("/sys/class/dmi/id/product_name"));
    let name = tree.or_else(dmi).unwrap_or_default();
    match name.trim_matches(['\0', '\n', ' ']) {
        "" => "arm64".to_owned(),
        name => name.to_owned(),
    }
}

/// Facts of the processor that bear on virtualization.
pub(crate) fn virtualization_evidence(world: &dyn World, cpu: &Cpu) -> Vec<Evidence> {
    if world.arch() == Arch::Arm64 {
        return Vec::new();
    }
    let flag = cpu.virtualization().unwrap_or("neither vmx nor svm");
    vec![evidence("/proc/cpuinfo: flags", flag)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(flags: &str) -> Cpu {
        Cpu {
            flags: flags.split_whitespace().map(str::to_owned).collect(),
            ..Cpu::default()
        }
    }

    #[test]
    fn a_level_needs_all_flags_of_the_levels_below() {
        let second = LEVELS[0].join(" ");
        let third = format!("{second} {}", LEVELS[1].join(" "));
        let fourth = format!("{third} {}", LEVELS[2].join(" "));
        assert_eq!(with("fpu").level(), 1);
        assert_eq!(with(&second).level(), 2);
        assert_eq!(with(&second.replace("cx16", "")).level(), 1);
        assert_eq!(with(&third).level(), 3);
        assert_eq!(with(&fourth).level(), 4);
        assert_eq!(
            with(&format!("{second} {}", LEVELS[2].join(" "))).level(),
            2
        );
    }
}
