//! Presets: answers that go together, written for people who know what they want to do and not
//! what it is called.

use crete_model::{Arch, Preset, PresetId};

/// The presets for an architecture, in the order they are offered.
#[must_use]
pub fn presets(arch: Arch) -> Vec<Preset> {
    let serial = match arch {
        Arch::Amd64 => "console=ttyS0",
        Arch::Arm64 => "console=ttyAMA0",
    };
    let preset = |id, extensions: &[&str], kernel_args: &[&str]| Preset {
        id,
        extensions: extensions
            .iter()
            .map(|name| format!("siderolabs/{name}"))
            .collect(),
        kernel_args: kernel_args.iter().map(|text| (*text).to_owned()).collect(),
    };
    let mut all = vec![
        preset(
            PresetId::QemuGuest,
            &["qemu-guest-agent"],
            &["console=tty0", serial],
        ),
        preset(PresetId::VmwareGuest, &["vmtoolsd-guest-agent"], &[]),
        preset(
            PresetId::Longhorn,
            &["iscsi-tools", "util-linux-tools"],
            &[],
        ),
        preset(PresetId::NfsVolumes, &["nfs-utils"], &[]),
        preset(
            PresetId::NvidiaGpu,
            &[
                "nvidia-container-toolkit-lts",
                "nvidia-open-gpu-kernel-modules-lts",
            ],
            &[],
        ),
        preset(PresetId::Tailscale, &["tailscale"], &[]),
        preset(PresetId::Gvisor, &["gvisor"], &[]),
    ];
    if arch == Arch::Amd64 {
        all.push(preset(
            PresetId::Microcode,
            &["amd-ucode", "intel-ucode"],
            &[],
        ));
    }
    all
}
