//! The processor, by what the kernel says of it.

use crate::world::World;
use crete_model::{
    Arch, CauseCode, Check, CheckCode, CheckState, Evidence, Params, Remedy, params,
};
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
    pub flags: Vec<String>,
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

    /// KVM's module for this vendor.
    pub fn kvm_module(&self) -> &'static str {
        if self.vendor == "AuthenticAMD" {
            "kvm_amd"
        } else {
            "kvm_intel"
        }
    }
}

/// Talos needs x86-64-v2. Under emulation the guest's processor is QEMU's, so an old processor
/// only takes KVM away.
pub(crate) fn check(world: &dyn World, cpu: &Cpu) -> Check {
    let mut check = Check {
        code: CheckCode::CpuLevel,
        state: CheckState::Ok,
        cause: CauseCode::Fine,
        params: Params::new(),
        evidence: vec![Evidence {
            what: "/proc/cpuinfo".to_owned(),
            found: cpu.model.clone(),
        }],
        remedies: Vec::new(),
    };
    if world.arch() == Arch::Arm64 {
        check.params = params! { "arch" => Arch::Arm64, "model" => cpu.model };
        return check;
    }
    let level = cpu.level();
    check.params = params! { "level" => level, "model" => cpu.model };
    if cpu.flags.is_empty() {
        check.state = CheckState::Limited;
        check.cause = CauseCode::CpuUnknown;
        check.params = params! { "arch" => world.arch() };
        check.remedies.push(Remedy::Report);
    } else if level < 2 {
        let missing: Vec<&str> = LEVELS[0]
            .iter()
            .copied()
            .filter(|flag| !cpu.has(flag))
            .collect();
        check.state = CheckState::Limited;
        check.cause = CauseCode::CpuTooOld;
        check.evidence.push(Evidence {
            what: "missing".to_owned(),
            found: missing.join(" "),
        });
        check.remedies.push(Remedy::EnterPractice);
    }
    check
}
