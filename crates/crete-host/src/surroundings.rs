//! What Crete runs inside of: a virtual machine, a container, a Flatpak, a Snap.
//!
//! It decides who can mend things: a sandbox cannot change the computer around it, and a virtual
//! machine gets of the processor only what its hypervisor passes on.

use crate::check::{Finding, evidence, fine};
use crate::cpu::Cpu;
use crate::world::World;
use crete_model::{Arch, CauseCode, CheckCode, Evidence, Hypervisor, Params, params};
use std::path::Path;

/// A wall around Crete that hides parts of the computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sandbox {
    Container { name: String },
    Flatpak { app: String },
    Snap { name: String },
}

impl Sandbox {
    /// Its name, for sentences.
    pub fn name(&self) -> &str {
        match self {
            Self::Container { name } => name,
            Self::Flatpak { .. } => "Flatpak",
            Self::Snap { .. } => "Snap",
        }
    }
}

/// What Crete runs inside of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Surroundings {
    pub hypervisor: Option<(Hypervisor, String)>,
    pub sandbox: Option<Sandbox>,
}

impl Surroundings {
    pub fn look(world: &dyn World) -> Self {
        Self {
            hypervisor: hypervisor(world),
            sandbox: sandbox(world),
        }
    }
}

/// What firmware says of itself, and what that means. VirtualBox signs as KVM, so it comes first.
const MAKERS: [(&str, Hypervisor, &str); 11] = [
    ("VirtualBox", Hypervisor::Virtualbox, "VirtualBox"),
    ("innotek", Hypervisor::Virtualbox, "VirtualBox"),
    ("VMware", Hypervisor::Vmware, "VMware"),
    ("Parallels", Hypervisor::Parallels, "Parallels"),
    ("Apple Virtualization", Hypervisor::Apple, "macOS"),
    ("Amazon EC2", Hypervisor::Cloud, "Amazon EC2"),
    ("Google", Hypervisor::Cloud, "Google Cloud"),
    ("DigitalOcean", Hypervisor::Cloud, "DigitalOcean"),
    ("Hetzner", Hypervisor::Cloud, "Hetzner"),
    ("Virtual Machine", Hypervisor::HyperV, "Hyper-V"),
    ("Xen", Hypervisor::Xen, "Xen"),
];

/// CPUID signatures.
const SIGNATURES: [(&str, Hypervisor, &str); 9] = [
    ("KVMKVMKVM", Hypervisor::Kvm, "KVM"),
    ("Linux KVM Hv", Hypervisor::Kvm, "KVM"),
    ("TCGTCGTCGTCG", Hypervisor::Qemu, "QEMU"),
    ("VMwareVMware", Hypervisor::Vmware, "VMware"),
    ("VBoxVBoxVBox", Hypervisor::Virtualbox, "VirtualBox"),
    ("Microsoft Hv", Hypervisor::HyperV, "Hyper-V"),
    ("XenVMMXenVMM", Hypervisor::Xen, "Xen"),
    ("prl hyperv", Hypervisor::Parallels, "Parallels"),
    ("lrpepyh  vr", Hypervisor::Parallels, "Parallels"),
];

fn hypervisor(world: &dyn World) -> Option<(Hypervisor, String)> {
    let text = |path: &str| world.read(Path::new(path)).unwrap_or_default();
    let named = |kind, name: &str| Some((kind, name.to_owned()));
    if text("/proc/sys/kernel/osrelease")
        .to_lowercase()
        .contains("microsoft")
    {
        return named(Hypervisor::Wsl, "WSL");
    }
    let signature = world.hypervisor_signature();
    let inside = match world.arch() {
        Arch::Amd64 => signature.is_some() || Cpu::read(world).has("hypervisor"),
        Arch::Arm64 => world.exists(Path::new("/proc/device-tree/hypervisor")),
    };
    let (vendor, product) = (
        text("/sys/class/dmi/id/sys_vendor"),
        text("/sys/class/dmi/id/product_name"),
    );
    let made_by =
        |(mark, ..): &&(&str, Hypervisor, &str)| vendor.contains(mark) || product.contains(mark);
    let made = MAKERS.iter().find(made_by);
    // On arm64 firmware is the only witness, and bare hardware of Google or Apple is no cloud.
    if !inside && !made.is_some_and(|(_, kind, _)| *kind == Hypervisor::Apple) {
        return None;
    }
    let signed = signature.as_deref().and_then(|signature| {
        SIGNATURES
            .iter()
            .find(|(mark, ..)| signature.starts_with(mark))
    });
    if let Some((_, kind, name)) = made.or(signed) {
        return named(*kind, name);
    }
    match vendor.trim() {
        "QEMU" | "Red Hat" => named(Hypervisor::Kvm, "QEMU"),
        "" => named(Hypervisor::Other, "?"),
        other => named(Hypervisor::Other, other),
    }
}

fn sandbox(world: &dyn World) -> Option<Sandbox> {
    if let Some(info) = world.read(Path::new("/.flatpak-info")) {
        let name = info.lines().find_map(|line| line.strip_prefix("name="));
        let app = name.unwrap_or("?").trim().to_owned();
        return Some(Sandbox::Flatpak { app });
    }
    if let Some(name) = snap(world) {
        return Some(Sandbox::Snap { name });
    }
    let marked = |path: &str| world.exists(Path::new(path));
    let told = world
        .variable("container")
        .or_else(|| world.read(Path::new("/run/systemd/container")));
    let name = match told {
        Some(name) if !name.trim().is_empty() => name.trim().to_owned(),
        _ if marked("/run/.toolboxenv") => "toolbox".to_owned(),
        _ if marked("/run/.containerenv") => "podman".to_owned(),
        _ if marked("/.dockerenv") => "docker".to_owned(),
        _ => return None,
    };
    Some(Sandbox::Container { name })
}

/// A Snap is known by its AppArmor label. Its variables alone prove nothing, because a terminal that
/// is a Snap hands them on to whatever is started in it; only our own name counts there.
fn snap(world: &dyn World) -> Option<String> {
    let label = world
        .read(Path::new("/proc/self/attr/current"))
        .unwrap_or_default();
    if let Some(rest) = label.strip_prefix("snap.") {
        return rest.split('.').next().map(str::to_owned);
    }
    world.variable("SNAP_NAME").filter(|name| name == "crete")
}

/// Where Crete runs. It is always good: what is lacking because of it, other checks say.
pub(crate) fn check(world: &dyn World) -> Finding {
    let found = Surroundings::look(world);
    let (cause, params) = match (&found.sandbox, &found.hypervisor) {
        (Some(Sandbox::Flatpak { app }), _) => (CauseCode::Flatpak, params! { "app" => app }),
        (Some(Sandbox::Snap { name }), _) => (CauseCode::Snap, params! { "snap" => name }),
        (Some(Sandbox::Container { name }), _) => {
            (CauseCode::Container, params! { "container" => name })
        }
        (None, Some((_, name))) => (CauseCode::VirtualMachine, params! { "hypervisor" => name }),
        (None, None) => (CauseCode::Fine, Params::new()),
    };
    let mut finding = fine(CheckCode::Environment, params, witnesses(world, &found));
    finding.check.cause = cause;
    finding
}

fn witnesses(world: &dyn World, found: &Surroundings) -> Vec<Evidence> {
    let (hypervisor, sandbox) = (
        found.hypervisor.as_ref().map_or("none", |(_, name)| name),
        found.sandbox.as_ref().map_or("none", Sandbox::name),
    );
    let mut witnesses = vec![
        evidence("hypervisor", hypervisor),
        evidence("sandbox", sandbox),
    ];
    if let Some(signature) = world.hypervisor_signature() {
        witnesses.push(evidence("CPUID 0x40000000", &signature));
    }
    for path in [
        "/sys/class/dmi/id/sys_vendor",
        "/sys/class/dmi/id/product_name",
    ] {
        if let Some(text) = world.read(Path::new(path)) {
            witnesses.push(evidence(path, text.trim()));
        }
    }
    witnesses
}
