//! Why there is no `/dev/kvm`: what the kernel has, what it was told, and what stands in between.

use super::{Cause, Scene, rival, shut_out};
use crate::fixes;
use crate::world::World;
use crete_model::{Arch, CauseCode, Params, Remedy, params};
use std::path::Path;

/// Where module settings are kept; an earlier folder overrules a later one file by file.
const SETTINGS: [&str; 5] = [
    "/etc/modprobe.d",
    "/run/modprobe.d",
    "/usr/local/lib/modprobe.d",
    "/usr/lib/modprobe.d",
    "/lib/modprobe.d",
];

pub(super) fn absent(scene: &mut Scene) -> Cause {
    let module = scene.module();
    let state = state(scene.world, module);
    scene.note(format!("module {module}"), state.words());
    let given = params! { "module" => module };
    if let (Some(sandbox), true) = (&scene.around.sandbox, state.is_in_the_kernel()) {
        return shut_out(sandbox);
    }
    // Since Linux 6.12 the module itself refuses to load while another hypervisor runs.
    if state == State::NotLoaded
        && let Some(cause) = rival::running(scene)
    {
        return cause;
    }
    if scene.world.arch() == Arch::Arm64 {
        return absent_on_arm(scene);
    }
    if scene.firmware_says_no() {
        return Cause::new(
            CauseCode::DisabledInFirmware,
            Params::new(),
            vec![scene.enable_in_firmware()],
        );
    }
    match state {
        State::NotBuilt => {
            let kernel = kernel_release(scene.world);
            Cause::new(
                CauseCode::KernelWithoutKvm,
                params! { "kernel" => kernel },
                vec![Remedy::UseAnotherKernel],
            )
        }
        State::BuiltIn | State::Loaded => Cause::new(
            CauseCode::DeviceMissing,
            given,
            vec![Remedy::RestartComputer, scene.enable_in_firmware()],
        ),
        State::NotLoaded => not_loaded(scene, module),
    }
}

/// On arm64 KVM is part of the kernel and works where the kernel was started in hypervisor mode.
fn absent_on_arm(scene: &mut Scene) -> Cause {
    let line = scene.kernel_log.as_deref().and_then(|log| {
        log.lines()
            .find(|line| line.contains("HYP mode not available"))
            .map(str::to_owned)
    });
    if let Some(line) = line {
        scene.note("kernel log", &line);
    }
    if let Some((hypervisor, name)) = scene.around.hypervisor.clone() {
        return Cause::new(
            CauseCode::InsideVirtualMachine,
            params! { "hypervisor" => name },
            vec![Remedy::EnableNested { hypervisor }],
        );
    }
    Cause::new(CauseCode::NoHypervisorMode, Params::new(), Vec::new())
}

fn not_loaded(scene: &mut Scene, module: &'static str) -> Cause {
    let load = fixes::load_module(scene.world, module);
    if let Some((argument, hard)) = forbidden_by_command_line(scene.world, module) {
        scene.note("/proc/cmdline", &argument);
        let params = params! { "module" => module, "argument" => argument };
        let remove = Remedy::RemoveKernelArgument { argument };
        let remedies = if hard {
            vec![remove]
        } else {
            vec![load, remove]
        };
        return Cause::new(CauseCode::ModuleForbidden, params, remedies);
    }
    match blacklisted(scene.world, module) {
        Some(Entry { path, line, hard }) => {
            scene.note(&path, &line);
            let params = params! { "module" => module, "path" => path, "line" => line };
            let remove = Remedy::RemoveLine { path, line };
            // `install` replaces loading itself; a blacklist only stops it happening unasked.
            let remedies = if hard {
                vec![remove]
            } else {
                vec![load, remove]
            };
            Cause::new(CauseCode::ModuleBlacklisted, params, remedies)
        }
        None => Cause::new(
            CauseCode::ModuleNotLoaded,
            params! { "module" => module },
            vec![load, scene.enable_in_firmware()],
        ),
    }
}

/// What the running kernel has of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    BuiltIn,
    Loaded,
    NotLoaded,
    NotBuilt,
}

impl State {
    fn words(self) -> &'static str {
        match self {
            Self::BuiltIn => "built into the kernel",
            Self::Loaded => "loaded",
            Self::NotLoaded => "not loaded",
            Self::NotBuilt => "not part of this kernel",
        }
    }

    fn is_in_the_kernel(self) -> bool {
        matches!(self, Self::BuiltIn | Self::Loaded)
    }
}

fn state(world: &dyn World, module: &str) -> State {
    let sys = Path::new("/sys/module").join(module);
    // Only a module that was loaded has this file; one that is built in has the folder at most.
    if world.exists(&sys.join("initstate")) {
        return State::Loaded;
    }
    let folder = Path::new("/lib/modules").join(kernel_release(world));
    let names = |list: &str| -> Option<bool> {
        let text = world.read(&folder.join(list))?;
        Some(text.lines().any(|line| file_of(line) == module))
    };
    if names("modules.builtin") == Some(true) {
        return State::BuiltIn;
    }
    match names("modules.dep") {
        Some(false) if !world.exists(&sys) => State::NotBuilt,
        _ if world.exists(&sys) => State::BuiltIn,
        _ => State::NotLoaded,
    }
}

/// `kernel/arch/x86/kvm/kvm-intel.ko.xz: kernel/…` is about `kvm_intel`.
fn file_of(line: &str) -> String {
    let path = line.split(':').next().unwrap_or_default();
    let file = path.rsplit('/').next().unwrap_or_default();
    file.split(".ko")
        .next()
        .unwrap_or_default()
        .replace('-', "_")
}

fn kernel_release(world: &dyn World) -> String {
    let text = world.read(Path::new("/proc/sys/kernel/osrelease"));
    text.unwrap_or_default().trim().to_owned()
}

/// The argument that keeps a module out, and whether it turns even an explicit request away: the
/// kernel obeys `module_blacklist` and `nomodule`, only `modprobe` the other one.
fn forbidden_by_command_line(world: &dyn World, module: &str) -> Option<(String, bool)> {
    let line = world.read(Path::new("/proc/cmdline"))?;
    line.split_whitespace().find_map(|argument| {
        let (key, list) = argument.split_once('=').unwrap_or((argument, ""));
        let ours = list.split(',').any(|name| is_kvm(name, module));
        let hard = match key {
            "nomodule" => true,
            "module_blacklist" if ours => true,
            "modprobe.blacklist" if ours => false,
            _ => return None,
        };
        Some((argument.to_owned(), hard))
    })
}

fn is_kvm(name: &str, module: &str) -> bool {
    let name = name.replace('-', "_");
    name == module || name == "kvm"
}

/// A line that keeps a module from being loaded.
struct Entry {
    path: String,
    line: String,
    /// True when even an explicit request is turned away.
    hard: bool,
}

fn blacklisted(world: &dyn World, module: &str) -> Option<Entry> {
    let mut seen: Vec<String> = Vec::new();
    for folder in SETTINGS.map(Path::new) {
        for name in world.list(folder) {
            if !name.ends_with(".conf") || seen.contains(&name) {
                continue;
            }
            let path = folder.join(&name);
            let text = world.read(&path).unwrap_or_default();
            seen.push(name);
            if let Some((line, hard)) = text.lines().find_map(|line| forbids(line, module)) {
                let path = path.display().to_string();
                return Some(Entry { path, line, hard });
            }
        }
    }
    None
}

/// True in the second place when loading is replaced and not only discouraged.
fn forbids(line: &str, module: &str) -> Option<(String, bool)> {
    let mut words = line.split_whitespace();
    let (command, name) = (words.next()?, words.next()?);
    if !is_kvm(name, module) {
        return None;
    }
    let hard = match (command, words.next()) {
        ("blacklist", _) => false,
        ("install", Some(instead)) if instead.ends_with("/false") || instead.ends_with("/true") => {
            true
        }
        _ => return None,
    };
    Some((line.trim().to_owned(), hard))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_keep_a_module_out_are_told_from_those_that_do_not() {
        let read = |line: &str| forbids(line, "kvm_intel").map(|(_, hard)| hard);
        assert_eq!(read("blacklist kvm_intel"), Some(false));
        assert_eq!(read("  blacklist   kvm-intel # VirtualBox"), Some(false));
        assert_eq!(read("blacklist kvm"), Some(false));
        assert_eq!(read("install kvm_intel /bin/false"), Some(true));
        assert_eq!(read("install kvm /usr/bin/true"), Some(true));
        assert_eq!(read("# blacklist kvm_intel"), None);
        assert_eq!(read("blacklist kvm_amd"), None);
        assert_eq!(read("options kvm_intel nested=1"), None);
        assert_eq!(read("install kvm_intel /sbin/modprobe -i kvm_intel"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn files_name_modules_with_and_without_compression() {
        assert_eq!(
            file_of("kernel/arch/x86/kvm/kvm-intel.ko.xz: a"),
            "kvm_intel"
        );
        assert_eq!(file_of("kernel/arch/x86/kvm/kvm.ko"), "kvm");
        assert_eq!(file_of(""), "");
    }
}
