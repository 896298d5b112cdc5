//! The kernel's modules the guest needs, in the order in which they can be loaded.

use crate::shell;
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Without these the guest cannot do its part.
const NEEDED: [&str; 5] = ["virtio_pci", "virtio_blk", "virtio_net", "button", "evdev"];
/// Taken where the kernel has them.
const WELCOME: [&str; 8] = [
    "af_packet",
    "virtio_rng",
    "virtio_scsi",
    "sr_mod",
    "virtio_console",
    "virtio_balloon",
    "e1000",
    "e1000e",
];

/// A module's file name, without what it was packed with, and its content.
pub struct Module {
    pub file: String,
    pub content: Vec<u8>,
}

/// Collects modules and what they depend on from a kernel's folder (`lib/modules/VERSION`).
pub fn collect(folder: &Path) -> Result<Vec<Module>> {
    let mut search = Search {
        files: BTreeMap::new(),
        built_in: built_in(folder),
        seen: BTreeSet::new(),
        order: Vec::new(),
    };
    index(&folder.join("kernel"), &mut search.files)?;
    for name in NEEDED {
        if !search.has(name) {
            bail!("the kernel in {} has no {name}", folder.display());
        }
        search.take(name)?;
    }
    for name in WELCOME
        .iter()
        .filter(|name| search.has(name))
        .collect::<Vec<_>>()
    {
        search.take(name)?;
    }
    Ok(search.order)
}

struct Search {
    files: BTreeMap<String, PathBuf>,
    built_in: BTreeSet<String>,
    seen: BTreeSet<String>,
    order: Vec<Module>,
}

impl Search {
    fn has(&self, name: &str) -> bool {
        self.built_in.contains(name) || self.files.contains_key(name)
    }

    /// Takes a module behind everything it depends on.
    fn take(&mut self, name: &str) -> Result<()> {
        if self.built_in.contains(name) || !self.seen.insert(name.to_owned()) {
            return Ok(());
        }
        let path = self
            .files
            .get(name)
            .with_context(|| format!("there is no module {name}"))?;
        let content = read(path)?;
        for dependency in dependencies(&content) {
            self.take(&dependency)?;
        }
        self.order.push(Module {
            file: format!("{name}.ko"),
            content,
        });
        Ok(())
    }
}

/// File names use dashes and underscores alike; the kernel's names only underscores.
fn name_of(file: &str) -> Option<String> {
    let (stem, ending) = file.split_once(".ko")?;
    matches!(ending, "" | ".xz" | ".zst" | ".gz").then(|| stem.replace('-', "_"))
}

fn built_in(folder: &Path) -> BTreeSet<String> {
    let list = std::fs::read_to_string(folder.join("modules.builtin")).unwrap_or_default();
    list.lines()
        .filter_map(|path| name_of(path.rsplit('/').next()?))
        .collect()
}

fn index(folder: &Path, files: &mut BTreeMap<String, PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            index(&path, files)?;
        } else if let Some(name) = path.file_name().and_then(|file| name_of(file.to_str()?)) {
            files.insert(name, path);
        }
    }
    Ok(())
}

/// Reads a module, unpacked.
fn read(path: &Path) -> Result<Vec<u8>> {
    let program = match path.extension().and_then(|ending| ending.to_str()) {
        Some("xz") => "xz",
        Some("zst") => "zstd",
        Some("gz") => "gzip",
        _ => return std::fs::read(path).with_context(|| path.display().to_string()),
    };
    shell::bytes(Command::new(program).args(["-d", "-c", "-q"]).arg(path))
}

/// What a module says it depends on, in its section `.modinfo`.
fn dependencies(module: &[u8]) -> Vec<String> {
    section(module, b".modinfo")
        .unwrap_or_default()
        .split(|byte| *byte == 0)
        .filter_map(|field| field.strip_prefix(b"depends="))
        .flat_map(|list| list.split(|byte| *byte == b','))
        .filter_map(|name| std::str::from_utf8(name).ok())
        .filter(|name| !name.is_empty())
        .map(|name| name.replace('-', "_"))
        .collect()
}

/// A section of an ELF file of 64 bits, little-endian.
fn section<'a>(elf: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    const HEADER: usize = 64;
    let word = |at: usize| {
        Some(usize::from(u16::from_le_bytes(
            *elf.get(at..)?.first_chunk()?,
        )))
    };
    let long = |at: usize| {
        let value = u32::from_le_bytes(*elf.get(at..)?.first_chunk()?);
        usize::try_from(value).ok()
    };
    let wide = |at: usize| {
        let value = u64::from_le_bytes(*elf.get(at..)?.first_chunk()?);
        usize::try_from(value).ok()
    };
    if !elf.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let (table, count, names) = (wide(40)?, word(60)?, word(62)?);
    let body = |number: usize| {
        let at = table.checked_add(number.checked_mul(HEADER)?)?;
        let start = wide(at + 24)?;
        elf.get(start..start.checked_add(wide(at + 32)?)?)
    };
    let names = body(names)?;
    (0..count).find_map(|number| {
        let at = long(table.checked_add(number * HEADER)?)?;
        let found = names.get(at..)?.strip_prefix(name)?;
        (found.first() == Some(&0)).then(|| body(number))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An ELF file with the two sections that matter.
    fn module(information: &[u8]) -> Vec<u8> {
        let names = b"\0.shstrtab\0.modinfo\0";
        let mut bytes = vec![0; 64];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        let mut put = |name: u32, body: &[u8]| {
            let at = bytes.len() as u64;
            bytes.extend_from_slice(body);
            let mut header = [0; 64];
            header[..4].copy_from_slice(&name.to_le_bytes());
            header[24..32].copy_from_slice(&at.to_le_bytes());
            header[32..40].copy_from_slice(&(body.len() as u64).to_le_bytes());
            header
        };
        let headers = [put(1, names), put(11, information)];
        let table = bytes.len() as u64;
        bytes.extend_from_slice(headers.as_flattened());
        bytes[40..48].copy_from_slice(&table.to_le_bytes());
        bytes[60] = 2;
        bytes
    }

    #[test]
    fn dependencies_are_read_from_the_module_itself() {
        let found = dependencies(&module(
            b"license=GPL\0depends=virtio_ring,virtio,net-failover\0name=virtio_net\0",
        ));
        assert_eq!(found, ["virtio_ring", "virtio", "net_failover"]);
        assert!(dependencies(&module(b"depends=\0")).is_empty());
    }

    #[test]
    fn what_a_module_needs_comes_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let drivers = folder.path().join("kernel/drivers");
        std::fs::create_dir_all(&drivers).unwrap();
        for (file, depends) in [
            ("virtio_pci.ko", "virtio"),
            ("virtio.ko", ""),
            ("virtio_blk.ko", "virtio"),
            ("virtio_net.ko", "net_failover,virtio"),
            ("net_failover.ko", ""),
            ("button.ko", ""),
            ("virtio-rng.ko", "virtio"),
        ] {
            let content = module(format!("depends={depends}\0").as_bytes());
            std::fs::write(drivers.join(file), content).unwrap();
        }
        assert!(collect(folder.path()).is_err(), "there is no evdev");
        std::fs::write(
            folder.path().join("modules.builtin"),
            "kernel/drivers/input/evdev.ko\n",
        )
        .unwrap();
        let order: Vec<String> = collect(folder.path())
            .unwrap()
            .into_iter()
            .map(|module| module.file)
            .collect();
        assert_eq!(
            order,
            [
                "virtio.ko",
                "virtio_pci.ko",
                "virtio_blk.ko",
                "net_failover.ko",
                "virtio_net.ko",
                "button.ko",
                "virtio_rng.ko",
            ]
        );
    }

    proptest! {
        #[test]
        fn no_file_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..200) {
            let _ = dependencies(&bytes);
            let mut damaged = module(b"depends=a\0");
            if let Some(byte) = damaged.get_mut(at) {
                *byte ^= 0xFF;
            }
            let _ = dependencies(&damaged);
        }
    }
}
