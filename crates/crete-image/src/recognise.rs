//! Which Talos an image holds, for which processor, where the file tells.

use crate::fat::Fat;
use crate::gpt;
use crate::iso::Volume;
use crate::qcow2::Disk;
use crate::source::{ReadAt, Window};
use crate::tree::Tree;
use crate::uki;
use crete_model::{Arch, ImageFormat, TalosVersion};

/// What could be found out. Nothing is guessed from file names outside of the image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recognised {
    /// The processor it is made for; unknown also when it is made for several.
    pub arch: Option<Arch>,
    /// Its Talos version.
    pub version: Option<TalosVersion>,
}

/// Looks into an image. What cannot be read is unknown; this is no check.
#[must_use]
pub fn recognise(source: &dyn ReadAt, format: ImageFormat) -> Recognised {
    match format {
        ImageFormat::Iso => {
            Volume::open(source).map_or_else(|_| Recognised::default(), |volume| in_tree(&volume))
        }
        ImageFormat::Raw => on_disk(source),
        ImageFormat::Qcow2 => {
            Disk::open(source).map_or_else(|_| Recognised::default(), |disk| on_disk(&disk))
        }
    }
}

fn on_disk(disk: &dyn ReadAt) -> Recognised {
    let partitions = gpt::partitions(disk).unwrap_or_default();
    let boots = partitions.iter().filter(|partition| partition.efi);
    let found = boots.filter_map(|partition| {
        let window = Window::new(disk, partition.at, partition.length).ok()?;
        let fat = Fat::open(&window).ok()?;
        Some(in_tree(&fat))
    });
    found
        .into_iter()
        .find(|found| *found != Recognised::default())
        .unwrap_or_default()
}

/// Looks for Talos' kernel image, and for the programs firmware starts by their fixed names.
fn in_tree(tree: &dyn Tree) -> Recognised {
    let kernels = tree.folder(&["EFI", "Linux"]).unwrap_or_default();
    let programs = kernels.iter().filter(|entry| !entry.folder);
    let programs = programs.filter_map(|entry| {
        let file = tree.open(entry).ok()?;
        uki::read(&*file).ok()
    });
    if let Some(program) = programs.into_iter().find(|program| program.talos.is_some()) {
        return Recognised {
            arch: program.arch,
            version: program.talos,
        };
    }
    Recognised {
        arch: firmware_arch(tree),
        version: None,
    }
}

fn firmware_arch(tree: &dyn Tree) -> Option<Arch> {
    let names = tree.folder(&["EFI", "BOOT"]).unwrap_or_default();
    let has = |name: &str| {
        names
            .iter()
            .any(|entry| entry.name.eq_ignore_ascii_case(name))
    };
    match (has("BOOTX64.EFI"), has("BOOTAA64.EFI")) {
        (true, false) => Some(Arch::Amd64),
        (false, true) => Some(Arch::Arm64),
        _ => None,
    }
}
