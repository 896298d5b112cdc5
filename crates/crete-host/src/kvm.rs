//! KVM: is it there, may this login use it, and is it real?
//!
//! A `/dev/kvm` that opens proves nothing by itself: inside some virtual machines it is provided
//! for special guests only (`kvm_pvm`), and no processor flag stands behind it.

use crate::cpu::Cpu;
use crate::remedies::Distribution;
use crate::world::{KvmProbe, World};
use crete_model::{
    Arch, CauseCode, Check, CheckCode, CheckState, Evidence, Params, Remedy, params,
};
use std::path::Path;

/// The only version the KVM API ever had since it became stable.
const API_VERSION: i32 = 12;
const EBUSY: i32 = 16;

/// Why KVM cannot be used, with values for the sentence.
type Cause = (CauseCode, Params, Vec<Remedy>);

pub(crate) fn check(world: &dyn World, cpu: &Cpu) -> Check {
    let probe = world.kvm();
    let flag = cpu.virtualization();
    let mut evidence = vec![Evidence {
        what: "/dev/kvm".to_owned(),
        found: format!("{probe:?}"),
    }];
    if world.arch() == Arch::Amd64 {
        let found = flag.unwrap_or("neither vmx nor svm").to_owned();
        evidence.push(Evidence {
            what: "/proc/cpuinfo".to_owned(),
            found,
        });
    }
    let (state, cause, params, mut remedies) = match cause(world, cpu, probe, flag) {
        None => (CheckState::Ok, CauseCode::Fine, Params::new(), Vec::new()),
        Some((cause, params, remedies)) => (CheckState::Limited, cause, params, remedies),
    };
    if state != CheckState::Ok && remedies.is_empty() {
        // Emulation works on every computer; there is nothing to mend.
        remedies.push(Remedy::EnterPractice);
    }
    Check {
        code: CheckCode::Kvm,
        state,
        cause,
        params,
        evidence,
        remedies,
    }
}

fn cause(world: &dyn World, cpu: &Cpu, probe: KvmProbe, flag: Option<&str>) -> Option<Cause> {
    if world.arch() == Arch::Amd64 && flag.is_none() {
        return Some(without_flag(world, cpu, probe));
    }
    match probe {
        KvmProbe::Absent => Some(absent(cpu)),
        KvmProbe::Denied => Some(denied(world)),
        KvmProbe::NotOpened { errno } if errno == EBUSY => Some(busy(errno)),
        KvmProbe::NotOpened { errno } => Some(create_failed(errno)),
        KvmProbe::Opened { api, .. } if api != API_VERSION => Some((
            CauseCode::ApiVersion,
            params! { "version" => api },
            vec![Remedy::Report],
        )),
        KvmProbe::Opened {
            create_errno: Some(errno),
            ..
        } if errno == EBUSY => Some(busy(errno)),
        KvmProbe::Opened {
            create_errno: Some(errno),
            ..
        } => Some(create_failed(errno)),
        KvmProbe::Opened {
            create_errno: None, ..
        } => None,
    }
}

fn without_flag(world: &dyn World, cpu: &Cpu, probe: KvmProbe) -> Cause {
    let opened = matches!(probe, KvmProbe::Opened { .. } | KvmProbe::Denied);
    if opened {
        let module = if world.exists(Path::new("/sys/module/kvm_pvm")) {
            "kvm_pvm"
        } else {
            "kvm"
        };
        return (
            CauseCode::FakeKvm,
            params! { "module" => module },
            Vec::new(),
        );
    }
    if cpu.has("hypervisor") {
        let vendor = world
            .read(Path::new("/sys/class/dmi/id/sys_vendor"))
            .unwrap_or_default();
        let params = params! { "hypervisor" => vendor.trim() };
        return (CauseCode::InsideVirtualMachine, params, Vec::new());
    }
    (
        CauseCode::NoCpuFlag,
        Params::new(),
        vec![Remedy::EnableInFirmware],
    )
}

fn absent(cpu: &Cpu) -> Cause {
    let module = cpu.kvm_module();
    let load = Remedy::RunCommand {
        command: format!("modprobe {module}"),
        privileged: true,
    };
    let params = params! { "module" => module };
    (
        CauseCode::ModuleNotLoaded,
        params,
        vec![load, Remedy::EnableInFirmware],
    )
}

fn denied(world: &dyn World) -> Cause {
    let user = world.user();
    let groups = world.read(Path::new("/etc/group")).unwrap_or_default();
    let member = groups.lines().any(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        fields.first() == Some(&"kvm")
            && fields
                .get(3)
                .is_some_and(|members| members.split(',').any(|name| name == user))
    });
    let here = world.login_groups().iter().any(|group| group == "kvm");
    let params = params! { "group" => "kvm", "user" => user };
    if member && !here {
        return (CauseCode::LogInAgain, params, vec![Remedy::LogInAgain]);
    }
    let command = format!("usermod -aG kvm {user}");
    let join = Remedy::RunCommand {
        command,
        privileged: true,
    };
    (
        CauseCode::NoPermission,
        params,
        vec![join, Remedy::LogInAgain],
    )
}

fn busy(errno: i32) -> Cause {
    let stop = Remedy::StopProgram {
        name: "VirtualBox, VMware".to_owned(),
    };
    (CauseCode::Busy, params! { "errno" => errno }, vec![stop])
}

fn create_failed(errno: i32) -> Cause {
    (
        CauseCode::CreateVmFailed,
        params! { "errno" => errno },
        vec![Remedy::Report],
    )
}

/// Used by other checks too: where programs come from.
pub(crate) fn distribution(world: &dyn World) -> Distribution {
    Distribution::read(&world.read(Path::new("/etc/os-release")).unwrap_or_default())
}
