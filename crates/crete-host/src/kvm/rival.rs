//! Another hypervisor that holds the processor's virtualization, and for which machine.
//!
//! VT-x and AMD-V can be used by one hypervisor at a time on each processor; KVM is then told
//! `EBUSY`, or its module refuses to load.

use super::{Cause, Scene};
use crate::world::World;
use crete_model::{CauseCode, Params, Remedy, params};
use std::path::Path;

/// A hypervisor by the programs that run its machines, its kernel module and its device.
struct Rival {
    name: &'static str,
    /// As `/proc/PID/comm` has them: 15 characters at most.
    programs: &'static [&'static str],
    module: &'static str,
    device: &'static str,
}

const RIVALS: [Rival; 2] = [
    Rival {
        name: "VirtualBox",
        programs: &["VirtualBoxVM", "VBoxHeadless", "VBoxSDL"],
        module: "vboxdrv",
        device: "/dev/vboxdrv",
    },
    Rival {
        name: "VMware",
        programs: &["vmware-vmx"],
        module: "vmmon",
        device: "/dev/vmmon",
    },
];

/// A machine of another hypervisor.
struct Machine {
    program: &'static str,
    pid: String,
    name: Option<String>,
}

/// The processor is held by somebody: by whom?
pub(super) fn busy(scene: &mut Scene) -> Cause {
    if let Some(cause) = running(scene) {
        return cause;
    }
    // No machine to be seen, perhaps another person's: a loaded module still points at its maker.
    for rival in &RIVALS {
        let module = Path::new("/sys/module").join(rival.module);
        for trace in [module.as_path(), Path::new(rival.device)] {
            if scene.world.exists(trace) {
                scene.note(trace.display(), "there");
                return stop(CauseCode::BusyProgram, rival.name, Params::new());
            }
        }
    }
    Cause::new(
        CauseCode::Busy,
        Params::new(),
        vec![Remedy::StopOtherHypervisor],
    )
}

/// A machine of another hypervisor that runs now.
pub(super) fn running(scene: &mut Scene) -> Option<Cause> {
    let machine = machine(scene.world)?;
    let process = format!("{} (process {})", machine.program, machine.pid);
    scene.note("running", &process);
    let pid = params! { "pid" => machine.pid };
    Some(match machine.name {
        None => stop(CauseCode::BusyProgram, machine.program, pid),
        Some(name) => {
            let mut params = pid;
            params.insert("machine".to_owned(), name);
            stop(CauseCode::BusyMachine, machine.program, params)
        }
    })
}

fn stop(code: CauseCode, program: &'static str, mut params: Params) -> Cause {
    params.insert("program".to_owned(), program.to_owned());
    let name = program.to_owned();
    Cause::new(code, params, vec![Remedy::StopProgram { name }])
}

fn machine(world: &dyn World) -> Option<Machine> {
    let processes = Path::new("/proc");
    for pid in world.list(processes) {
        if !pid.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let folder = processes.join(&pid);
        let Some(comm) = world.read(&folder.join("comm")) else {
            continue;
        };
        let rival = RIVALS
            .iter()
            .find(|rival| rival.programs.contains(&comm.trim()));
        if let Some(rival) = rival {
            let line = world.read(&folder.join("cmdline")).unwrap_or_default();
            return Some(Machine {
                program: rival.name,
                pid,
                name: machine_name(&line),
            });
        }
    }
    None
}

/// VirtualBox passes the name as `--comment NAME`, VMware the path of the `.vmx` file.
fn machine_name(command_line: &str) -> Option<String> {
    let args: Vec<&str> = command_line
        .split('\0')
        .filter(|arg| !arg.is_empty())
        .collect();
    if let Some(at) = args.iter().position(|arg| *arg == "--comment") {
        return args.get(at + 1).map(|name| (*name).to_owned());
    }
    let file = args.iter().find(|arg| arg.ends_with(".vmx"))?;
    let stem = Path::new(file).file_stem()?;
    Some(stem.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_named_by_its_command_line() {
        let virtualbox = "/usr/lib/virtualbox/VirtualBoxVM\0--comment\0win11-office\0--startvm\0\
            8f0e\0";
        assert_eq!(machine_name(virtualbox).as_deref(), Some("win11-office"));
        let vmware = "/usr/lib/vmware/bin/vmware-vmx\0-s\0/home/a/vmware/Win 10/Win 10.vmx\0";
        assert_eq!(machine_name(vmware).as_deref(), Some("Win 10"));
        assert_eq!(
            machine_name("/usr/lib/virtualbox/VirtualBoxVM\0--comment\0"),
            None
        );
        assert_eq!(machine_name(""), None);
    }
}
