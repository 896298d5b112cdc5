//! Which disks there are, as sysfs shows them.

use super::{META, install, record};
use crete_practice_node::Disk;
use std::fs::File;
use std::io;
use std::path::Path;

const CLASS: &str = "/sys/class/block";
/// Bytes of a sector, as sysfs counts.
const SECTOR: u64 = 512;

/// All disks and CD drives, in the order of their names.
#[must_use]
pub fn disks() -> Vec<Disk> {
    listed(Path::new(CLASS))
}

fn listed(class: &Path) -> Vec<Disk> {
    let entries = std::fs::read_dir(class).into_iter().flatten().flatten();
    let mut found: Vec<Disk> = entries.filter_map(|entry| disk(&entry.path())).collect();
    // CDs behind disks, as on real nodes.
    found.sort_by_key(|disk| (disk.cdrom, disk.name.clone()));
    found
}

fn disk(folder: &Path) -> Option<Disk> {
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let name = folder.file_name()?.to_str()?.to_owned();
    let kinds = ["vd", "sd", "sr", "nvme", "hd"];
    let whole = !folder.join("partition").exists();
    if !whole || !kinds.iter().any(|kind| name.starts_with(kind)) {
        return None;
    }
    let serial = text("serial").or_else(|| text("device/serial"));
    Some(Disk {
        size: text("size")?.trim().parse::<u64>().ok()? * SECTOR,
        serial: serial.unwrap_or_default().trim().to_owned(),
        cdrom: name.starts_with("sr"),
        name,
    })
}

/// Opens the device of a disk for reading.
///
/// # Errors
/// When the kernel refuses.
pub fn open(name: &str) -> io::Result<File> {
    File::open(Path::new("/dev").join(name))
}

/// True when a disk holds the disk image on which nobody kept anything yet.
#[must_use]
pub fn booted_from_image(name: &str) -> bool {
    let look = || -> io::Result<bool> {
        let disk = open(name)?;
        Ok(install::is_laid_out(&disk)? && record::newest(&disk, META)?.is_none())
    };
    look().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_come_before_cds_and_partitions_are_none() {
        let class = tempfile::tempdir().unwrap();
        for (name, file, text) in [
            ("sr0", "size", "4096\n"),
            ("vda", "size", "16777216\n"),
            ("vda", "serial", "disk7\n"),
            ("vda1", "size", "2048\n"),
            ("vda1", "partition", "1\n"),
            ("loop0", "size", "8\n"),
        ] {
            let folder = class.path().join(name);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(file), text).unwrap();
        }
        let mut disk = Disk::virtio("vda", 8 << 30);
        disk.serial = "disk7".to_owned();
        let mut cd = Disk::virtio("sr0", 2 << 20);
        cd.cdrom = true;
        assert_eq!(listed(class.path()), [disk, cd]);
    }
}
