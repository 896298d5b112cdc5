//! KVM: is it there, may this login use it, is it real, and does anybody else hold it?
//!
//! A `/dev/kvm` that opens proves nothing by itself: inside some virtual machines it is provided
//! for special guests only (`kvm_pvm`), and no processor flag stands behind it.
//!
//! ```text
//! flag? ──no──▶ made for special guests | inside a VM | switched off in firmware
//!   │yes
//! device? ──no──▶ module: another hypervisor | firmware | forbidden | sandbox | not loaded
//!   │yes
//! opens? ──no──▶ access: group, this login, the person at the screen, policy
//!   │yes
//! version, a machine ──no──▶ another hypervisor | failed
//!   │yes
//! fine
//! ```

mod access;
mod module;
mod rival;

use crate::accounts::Accounts;
use crate::check::{Finding, evidence};
use crate::cpu::{self, Cpu};
use crate::fixes;
use crate::surroundings::{Sandbox, Surroundings};
use crate::world::{KvmProbe, Ran, World};
use crete_model::{Arch, CauseCode, CheckCode, CheckState, Evidence, Params, Remedy, params};
use std::path::Path;
use std::time::Duration;

/// The only version the KVM API ever had since it became stable.
const API_VERSION: i32 = 12;
const EBUSY: i32 = 16;

/// Why KVM cannot be used, with values for the sentence and what can be done.
pub(crate) struct Cause {
    pub code: CauseCode,
    pub params: Params,
    pub remedies: Vec<Remedy>,
}

impl Cause {
    pub fn new(code: CauseCode, params: Params, remedies: Vec<Remedy>) -> Self {
        Self {
            code,
            params,
            remedies,
        }
    }
}

/// What the branches of the search share.
pub(crate) struct Scene<'a> {
    pub world: &'a dyn World,
    pub cpu: Cpu,
    pub around: Surroundings,
    pub accounts: Accounts,
    /// The kernel's log, where this login may read it.
    pub kernel_log: Option<String>,
    pub seen: Vec<Evidence>,
}

impl Scene<'_> {
    fn note(&mut self, what: impl ToString, found: &str) {
        self.seen.push(evidence(what, found));
    }

    /// KVM's module for this processor.
    fn module(&self) -> &'static str {
        match self.world.arch() {
            Arch::Amd64 => self.cpu.kvm_module(),
            Arch::Arm64 => "kvm",
        }
    }

    /// The line in which the kernel says that firmware switched virtualization off.
    fn firmware_says_no(&mut self) -> bool {
        const SAYS: [&str; 4] = [
            "VMX (outside TXT) disabled by BIOS",
            "VMX not enabled (by BIOS)",
            "SVM disabled (by BIOS)",
            "kvm: disabled by bios",
        ];
        let line = self.kernel_log.as_deref().and_then(|log| {
            log.lines()
                .find(|line| SAYS.iter().any(|said| line.contains(said)))
                .map(str::to_owned)
        });
        let said = line.as_deref().unwrap_or(match self.kernel_log {
            Some(_) => "says nothing of virtualization in firmware",
            None => "may not be read",
        });
        self.seen.push(evidence("kernel log", said));
        line.is_some()
    }

    fn enable_in_firmware(&self) -> Remedy {
        Remedy::EnableInFirmware {
            setting: self.cpu.firmware_setting().to_owned(),
        }
    }
}

/// Looks at KVM.
pub(crate) async fn check(world: &dyn World, limit: Duration) -> Finding {
    let probe = world.kvm();
    let cpu = Cpu::read(world);
    let mut scene = Scene {
        world,
        around: Surroundings::look(world),
        accounts: match probe {
            KvmProbe::Denied => Accounts::complete(world, access::GROUP, limit).await,
            _ => Accounts::read(world),
        },
        kernel_log: match works(world, &cpu, probe) {
            true => None,
            false => kernel_log(world, limit).await,
        },
        seen: vec![evidence("/dev/kvm", &describe(probe))],
        cpu,
    };
    scene
        .seen
        .extend(cpu::virtualization_evidence(world, &scene.cpu));
    let cause = cause(&mut scene, probe);
    access::describe(&mut scene);
    let finding = match cause {
        None => Finding::new(
            CheckCode::Kvm,
            CheckState::Ok,
            CauseCode::Fine,
            Params::new(),
        ),
        Some(Cause {
            code,
            params,
            mut remedies,
        }) => {
            // Emulation works on every computer, so nothing has to be mended.
            remedies.push(Remedy::GoOnEmulated);
            Finding::new(CheckCode::Kvm, CheckState::Limited, code, params).mended_by(remedies)
        }
    };
    finding.because(scene.seen)
}

fn works(world: &dyn World, cpu: &Cpu, probe: KvmProbe) -> bool {
    let flag = world.arch() == Arch::Arm64 || cpu.virtualization().is_some();
    let good = KvmProbe::Opened {
        api: API_VERSION,
        create_errno: None,
    };
    flag && probe == good
}

fn describe(probe: KvmProbe) -> String {
    match probe {
        KvmProbe::Absent => "not there".to_owned(),
        KvmProbe::Denied => "may not be opened".to_owned(),
        KvmProbe::NotOpened { errno } => format!("cannot be opened: error {errno}"),
        KvmProbe::Opened { api, create_errno } => match create_errno {
            None => format!("version {api}, a machine can be created"),
            Some(errno) => format!("version {api}, KVM_CREATE_VM: error {errno}"),
        },
    }
}

/// Many systems let only the administrator read it; then there is no answer.
async fn kernel_log(world: &dyn World, limit: Duration) -> Option<String> {
    let dmesg = world.find("dmesg").into_iter().next()?;
    match world.run(&dmesg, &[], limit).await {
        Ran::Said(text) => Some(text),
        Ran::Failed(_) | Ran::Hangs { .. } => None,
    }
}

fn cause(scene: &mut Scene, probe: KvmProbe) -> Option<Cause> {
    if scene.world.arch() == Arch::Amd64 && scene.cpu.virtualization().is_none() {
        return Some(without_flag(scene, probe));
    }
    match probe {
        KvmProbe::Absent => Some(module::absent(scene)),
        KvmProbe::Denied => Some(access::denied(scene)),
        KvmProbe::NotOpened { errno: EBUSY }
        | KvmProbe::Opened {
            create_errno: Some(EBUSY),
            ..
        } => Some(rival::busy(scene)),
        KvmProbe::Opened { api, .. } if api != API_VERSION => Some(Cause::new(
            CauseCode::ApiVersion,
            params! { "version" => api },
            vec![Remedy::Report],
        )),
        KvmProbe::NotOpened { errno }
        | KvmProbe::Opened {
            create_errno: Some(errno),
            ..
        } => Some(Cause::new(
            CauseCode::CreateVmFailed,
            params! { "errno" => errno },
            vec![Remedy::Report],
        )),
        KvmProbe::Opened {
            create_errno: None, ..
        } => None,
    }
}

fn without_flag(scene: &mut Scene, probe: KvmProbe) -> Cause {
    if !scene.cpu.is_known() {
        let remedies = vec![Remedy::Retry, Remedy::Report];
        return Cause::new(CauseCode::CannotTell, Params::new(), remedies);
    }
    if probe != KvmProbe::Absent {
        let special = scene.world.exists(Path::new("/sys/module/kvm_pvm"));
        let module = if special { "kvm_pvm" } else { "kvm" };
        scene.note("/sys/module", module);
        return Cause::new(
            CauseCode::FakeKvm,
            params! { "module" => module },
            Vec::new(),
        );
    }
    if let Some((hypervisor, name)) = scene.around.hypervisor.clone() {
        scene.note("hypervisor", &name);
        return Cause::new(
            CauseCode::InsideVirtualMachine,
            params! { "hypervisor" => name },
            vec![Remedy::EnableNested { hypervisor }],
        );
    }
    let code = if scene.firmware_says_no() {
        CauseCode::DisabledInFirmware
    } else {
        CauseCode::NoCpuFlag
    };
    Cause::new(code, Params::new(), vec![scene.enable_in_firmware()])
}

/// A sandbox that was not given the device.
pub(crate) fn shut_out(sandbox: &Sandbox) -> Cause {
    let (code, params) = match sandbox {
        Sandbox::Container { name } => (
            CauseCode::ContainerWithoutKvm,
            params! { "container" => name },
        ),
        Sandbox::Flatpak { app } => (CauseCode::FlatpakWithoutKvm, params! { "app" => app }),
        Sandbox::Snap { name } => (CauseCode::SnapWithoutKvm, params! { "snap" => name }),
    };
    Cause::new(code, params, fixes::open_sandbox(sandbox))
}
