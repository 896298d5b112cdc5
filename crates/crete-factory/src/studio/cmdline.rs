//! The kernel command line that an image will have, as the factory's builder makes it.
//!
//! It is a preview: the factory's own `cmdline-…` file is the truth. Where the built-in part of a
//! platform is not known nothing is predicted, rather than something wrong.

use super::resolve::Resolved;
use crete_model::{Arch, MetaValue, Schematic, TalosVersion};

/// The expected line; `None` while something is open, or where the platform's part is not known.
pub(super) fn expected(resolved: &Resolved, recipe: &Schematic) -> Option<String> {
    let (platform, version) = (resolved.platform?, resolved.version.as_ref()?);
    let mut line = Line::default();
    line.append(&format!("talos.platform={}", platform.id));
    for console in default_consoles(resolved)? {
        line.append(console);
    }
    if matches!(platform.id.as_str(), "nocloud" | "aws" | "digital-ocean") {
        line.append("net.ifnames=0");
    }
    for argument in built_in(version, &platform.id) {
        line.append(argument);
    }
    if resolved.secure_boot && !version.at_least(1, 14) {
        line.append("lockdown=confidentiality");
    }
    let custom = &recipe.customization;
    if !custom.meta.is_empty() {
        line.append(&format!(
            "talos.environment=INSTALLER_META_BASE64={}",
            encode_meta(&custom.meta)
        ));
    }
    let extra = custom.extra_kernel_args.join(" ");
    line.extend(&extra.split_whitespace().collect::<Vec<_>>());
    Some(line.render())
}

/// Consoles of a platform; `None` where they are not known. A board's overlay adds its own.
pub(super) fn default_consoles(resolved: &Resolved) -> Option<Vec<&'static str>> {
    let arch = resolved.arch?;
    if resolved.is_board {
        return None;
    }
    Some(match (resolved.platform?.id.as_str(), arch) {
        ("metal", Arch::Arm64) => vec!["console=ttyAMA0", "console=tty0"],
        ("metal", Arch::Amd64) if resolved.gates.silent_serial => vec!["console=tty0"],
        ("metal", Arch::Amd64) => vec!["console=ttyS0", "console=tty0"],
        ("nocloud" | "aws", _) => vec!["console=tty1", "console=ttyS0"],
        ("equinixMetal", Arch::Amd64) => vec!["console=ttyS1,115200n8"],
        ("digital-ocean", _) => vec!["console=ttyS0", "console=tty0", "console=tty1"],
        _ => return None,
    })
}

/// The console that ends on a machine's first serial port.
pub(super) fn serial_console(arch: Arch) -> &'static str {
    match arch {
        Arch::Amd64 => "console=ttyS0",
        Arch::Arm64 => "console=ttyAMA0",
    }
}

fn built_in(version: &TalosVersion, platform: &str) -> Vec<&'static str> {
    let mut arguments = Vec::new();
    let from_1_14 = version.at_least(1, 14);
    if !from_1_14 {
        arguments.push("init_on_alloc=1");
    }
    arguments.extend(["slab_nomerge", "pti=on", "consoleblank=0"]);
    if !from_1_14 || platform == "aws" {
        arguments.push("nvme_core.io_timeout=4294967295");
    }
    arguments.push("printk.devkmsg=on");
    if !version.at_least(1, 11) {
        arguments.extend(["ima_template=ima-ng", "ima_appraise=fix", "ima_hash=sha512"]);
    }
    if version.at_least(1, 10) {
        arguments.push("selinux=1");
    }
    if version.at_least(1, 12) {
        arguments.push("module.sig_enforce=1");
    }
    if version.at_least(1, 13) {
        arguments.push("proc_mem.force_override=never");
    }
    arguments
}

/// META values as the installer reads them from the command line.
fn encode_meta(values: &[MetaValue]) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let pairs: Vec<String> = values
        .iter()
        .map(|meta| format!("0x{:x}={}", meta.key, meta.value))
        .collect();
    STANDARD.encode(pairs.join(";"))
}

/// A command line as upstream's parser keeps it: values of equal keys stand together.
#[derive(Default)]
struct Line(Vec<(String, Vec<String>)>);

impl Line {
    fn append(&mut self, argument: &str) {
        let key = key(argument);
        match self.0.iter_mut().find(|(known, _)| known == key) {
            Some((_, values)) => values.push(argument.to_owned()),
            None => self.0.push((key.to_owned(), vec![argument.to_owned()])),
        }
    }

    /// Adds a person's arguments: `-name` and `-name=value` remove, consoles and the platform
    /// replace what was built in, everything else is added.
    fn extend(&mut self, arguments: &[&str]) {
        let mut replaced: Vec<&str> = Vec::new();
        for argument in arguments {
            if let Some(removed) = argument.strip_prefix('-').filter(|rest| !rest.is_empty()) {
                self.remove(removed);
                continue;
            }
            let key = key(argument);
            if matches!(key, "console" | "talos.platform") && !replaced.contains(&key) {
                replaced.push(key);
                if let Some((_, values)) = self.0.iter_mut().find(|(known, _)| known == key) {
                    values.clear();
                }
            }
            self.append(argument);
        }
    }

    fn remove(&mut self, removed: &str) {
        if removed.contains('=') {
            for (_, values) in &mut self.0 {
                values.retain(|value| value != removed);
            }
        } else {
            self.0.retain(|(key, _)| key != removed);
        }
    }

    fn render(&self) -> String {
        let all: Vec<&str> = self
            .0
            .iter()
            .flat_map(|(_, values)| values)
            .map(String::as_str)
            .collect();
        all.join(" ")
    }
}

fn key(argument: &str) -> &str {
    argument.split_once('=').map_or(argument, |(key, _)| key)
}
