//! Extensions: reading the factory's list, and what the factory does not say of them.

use crete_model::{Extension, ExtensionCategory, ExtensionTier};
use serde::Deserialize;

/// An entry of the factory's list.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Listed {
    pub name: String,
    #[serde(rename = "ref")]
    pub reference: String,
    #[serde(default)]
    pub author: String,
    #[serde(default)]
    pub description: String,
}

/// Hidden by the factory's own wizard: it is for the factory's makers.
const HIDDEN: &str = "siderolabs/metal-agent";

/// Crete's shelf, by the last part of the name. What is new stands under `Misc`.
const SHELF: &[(ExtensionCategory, &[&str])] = &[
    (
        ExtensionCategory::ContainerRuntime,
        &[
            "crun",
            "ecr-credential-provider",
            "gvisor",
            "gvisor-debug",
            "kata-containers",
            "kata-containers-snp",
            "soci-snapshotter",
            "spin",
            "stargz-snapshotter",
            "wasmedge",
            "youki",
        ],
    ),
    (
        ExtensionCategory::DigitalVideo,
        &["dvb-cx23885", "dvb-m88ds3103"],
    ),
    (
        ExtensionCategory::Driver,
        &[
            "amazon-ena",
            "chelsio-drivers",
            "gasket",
            "gasket-driver",
            "gpio-pinctrl",
            "hailort",
            "joydev",
            "mei",
            "mellanox-mstflint",
            "tenstorrent",
            "thunderbolt",
            "uhid",
            "uinput",
            "usb-audio-drivers",
            "usb-modem",
            "usb-modem-drivers",
            "v4l-uvc",
            "v4l-uvc-drivers",
            "xdma-driver",
        ],
    ),
    (ExtensionCategory::Example, &["hello-world-service"]),
    (
        ExtensionCategory::Firmware,
        &[
            "amd-ucode",
            "amdgpu-firmware",
            "bnx2-bnx2x",
            "chelsio-firmware",
            "i915-ucode",
            "intel-ice-firmware",
            "intel-ucode",
            "qlogic-firmware",
            "realtek-firmware",
            "revpi-firmware",
        ],
    ),
    (
        ExtensionCategory::Gpu,
        &[
            "amdgpu",
            "i915",
            "intel-npu",
            "panfrost",
            "rockchip-rknn",
            "vc4",
            "xe",
        ],
    ),
    (
        ExtensionCategory::GuestAgent,
        &[
            "hyperv-guest-agent",
            "metal-agent",
            "qemu-guest-agent",
            "talos-vmtoolsd",
            "vmtoolsd-guest-agent",
            "xe-guest-utilities",
            "xen-guest-agent",
        ],
    ),
    (
        ExtensionCategory::Misc,
        &["binfmt-misc", "glibc", "harbor-credential-provider"],
    ),
    (
        ExtensionCategory::Network,
        &[
            "bird2",
            "cloudflared",
            "lldpd",
            "nebula",
            "netbird",
            "newt",
            "tailscale",
            "zerotier",
        ],
    ),
    (
        ExtensionCategory::Nvidia,
        &[
            "nonfree-kmod-nvidia",
            "nonfree-kmod-nvidia-lts",
            "nonfree-kmod-nvidia-production",
            "nvidia-container-toolkit",
            "nvidia-container-toolkit-lts",
            "nvidia-container-toolkit-production",
            "nvidia-fabricmanager",
            "nvidia-fabricmanager-lts",
            "nvidia-fabricmanager-production",
            "nvidia-gdrdrv-device",
            "nvidia-open-gpu-kernel-modules",
            "nvidia-open-gpu-kernel-modules-lts",
            "nvidia-open-gpu-kernel-modules-production",
        ],
    ),
    (ExtensionCategory::Power, &["nut-client"]),
    (
        ExtensionCategory::Storage,
        &[
            "btrfs",
            "drbd",
            "fuse3",
            "iscsi-tools",
            "mdadm",
            "multipath-tools",
            "nfs-utils",
            "nfsd",
            "nfsrahead",
            "px-fuse",
            "trident-iscsi-tools",
            "zfs",
        ],
    ),
    (
        ExtensionCategory::Tool,
        &["ctr", "nvme-cli", "util-linux-tools"],
    ),
];

/// Names the factory itself replaces when a version lacks the old one. The factory's own table
/// sends the fabric manager to a name no catalogue has; the one that exists stands here.
const RENAMED: &[(&str, &str)] = &[
    ("siderolabs/v4l-uvc", "siderolabs/v4l-uvc-drivers"),
    ("siderolabs/usb-modem", "siderolabs/usb-modem-drivers"),
    ("siderolabs/gasket", "siderolabs/gasket-driver"),
    (
        "siderolabs/talos-vmtoolsd",
        "siderolabs/vmtoolsd-guest-agent",
    ),
    (
        "siderolabs/xe-guest-utilities",
        "siderolabs/xen-guest-agent",
    ),
    (
        "siderolabs/nvidia-container-toolkit",
        "siderolabs/nvidia-container-toolkit-lts",
    ),
    (
        "siderolabs/nvidia-open-gpu-kernel-modules",
        "siderolabs/nvidia-open-gpu-kernel-modules-lts",
    ),
    (
        "siderolabs/nonfree-kmod-nvidia",
        "siderolabs/nonfree-kmod-nvidia-lts",
    ),
    (
        "siderolabs/nvidia-fabricmanager",
        "siderolabs/nvidia-fabricmanager-lts",
    ),
    ("siderolabs/i915-ucode", "siderolabs/i915"),
    ("siderolabs/amdgpu-firmware", "siderolabs/amdgpu"),
];

/// The extensions a person chooses from, in the factory's order.
pub(crate) fn shown(listed: Vec<Listed>) -> Vec<Extension> {
    listed
        .into_iter()
        .filter(|entry| entry.name != HIDDEN)
        .map(extension)
        .collect()
}

fn extension(listed: Listed) -> Extension {
    let (tier, description) = tier(&listed.description);
    let short = listed.name.rsplit('/').next().unwrap_or(&listed.name);
    let category = SHELF
        .iter()
        .find(|(_, names)| names.contains(&short))
        .map_or(ExtensionCategory::Misc, |(category, _)| *category);
    // A port of the registry also follows a colon, so the tag is looked for behind the last slash.
    let tag = listed
        .reference
        .rsplit('/')
        .next()
        .and_then(|end| end.split_once(':'));
    Extension {
        tag: tag.map(|(_, tag)| tag.to_owned()).unwrap_or_default(),
        reference: listed.reference,
        author: listed.author,
        description,
        tier,
        category,
        name: listed.name,
    }
}

/// The tier that a description begins with since 1.11, and the rest of it. The blank between the
/// two is missing now and then.
fn tier(description: &str) -> (Option<ExtensionTier>, String) {
    let text = description.trim();
    for (mark, tier) in [
        ("[core]", ExtensionTier::Core),
        ("[extra]", ExtensionTier::Extra),
        ("[contrib]", ExtensionTier::Contrib),
        ("[deprecated]", ExtensionTier::Deprecated),
    ] {
        if let Some(rest) = text.strip_prefix(mark) {
            return (Some(tier), rest.trim_start().to_owned());
        }
    }
    (None, text.to_owned())
}

/// The name an extension has now, where the factory knows one.
#[must_use]
pub fn renamed(name: &str) -> Option<&'static str> {
    RENAMED
        .iter()
        .find(|(old, _)| *old == name)
        .map(|(_, now)| *now)
}

/// Extensions whose name, reference or description holds the words; ticked ones always stay.
#[must_use]
pub fn search<'a>(
    extensions: &'a [Extension],
    words: &str,
    chosen: &[String],
) -> Vec<&'a Extension> {
    let words = words.trim().to_lowercase();
    let hit = |text: &str| text.to_lowercase().contains(&words);
    extensions
        .iter()
        .filter(|extension| {
            chosen.contains(&extension.name)
                || hit(&extension.reference)
                || hit(&extension.description)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_is_read_with_and_without_a_blank() {
        assert_eq!(
            tier("[core] A b.\n"),
            (Some(ExtensionTier::Core), "A b.".to_owned())
        );
        assert_eq!(
            tier("[extra]Glibc.\n"),
            (Some(ExtensionTier::Extra), "Glibc.".to_owned())
        );
        assert_eq!(tier("Plain."), (None, "Plain.".to_owned()));
    }

    fn listed(name: &str, reference: &str) -> Listed {
        Listed {
            name: format!("siderolabs/{name}"),
            reference: reference.to_owned(),
            author: String::new(),
            description: String::new(),
        }
    }

    #[test]
    fn references_of_extensions_may_have_any_tag_and_host() {
        let tags = [
            ("ghcr.io/siderolabs/a:10.0.2", "10.0.2"),
            ("ghcr.io/siderolabs/a:2.3.3-v1.11.2", "2.3.3-v1.11.2"),
            ("mirror.example:5000/siderolabs/a:v1.11.2", "v1.11.2"),
            ("mirror.example:5000/siderolabs/a", ""),
        ];
        for (reference, tag) in tags {
            assert_eq!(extension(listed("a", reference)).tag, tag, "{reference}");
        }
    }

    /// The published lists, as far as they are at hand: the last version of a minor.
    #[test]
    fn catalogues_are_as_long_as_published() {
        let lists = include_str!("../../../../tests/fixtures/factory/extensions-by-version.json");
        let lists: std::collections::BTreeMap<String, Vec<Listed>> =
            serde_json::from_str(lists).unwrap();
        for (version, published) in [
            ("v1.9.6", 51),
            ("v1.10.9", 62),
            ("v1.12.11", 78),
            ("v1.13.9", 83),
            ("v1.14.0-rc.1", 86),
        ] {
            let list = &lists[version];
            assert_eq!(list.len(), published, "{version}");
            let known = |name: &str| list.iter().any(|entry| entry.name == name);
            assert!(known("siderolabs/hello-world-service"), "{version}");
            let hidden = usize::from(known(HIDDEN));
            let shown = shown(lists[version].clone());
            assert_eq!(shown.len(), published - hidden, "{version}");
            let order: Vec<&str> = shown.iter().map(|entry| entry.name.as_str()).collect();
            let theirs = list.iter().map(|entry| entry.name.as_str());
            let theirs: Vec<&str> = theirs.filter(|name| *name != HIDDEN).collect();
            assert_eq!(order, theirs, "{version}: the list's own order");
        }
    }

    #[test]
    fn no_extension_stands_on_two_shelves() {
        let mut names: Vec<&str> = SHELF
            .iter()
            .flat_map(|(_, names)| *names)
            .copied()
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
