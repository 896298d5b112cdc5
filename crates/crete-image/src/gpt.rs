//! Partition tables: the old one in the first sector, and the GUID partition table behind it.

use crate::error::{ImageError, Result};
use crate::source::{ReadAt, le32, le64};
use crete_model::{FileFault, Params};
use std::io;

/// Sector sizes that are tried; Talos can be built for both.
const SECTORS: [u64; 2] = [512, 4096];
/// The type of a partition that says "there is a GPT".
pub(crate) const PROTECTIVE: u8 = 0xEE;
/// More entries than any tool writes.
const MOST_ENTRIES: u32 = 1024;
/// C12A7328-F81F-11D2-BA4B-00A0C93EC93B as it is stored.
const EFI_SYSTEM: [u8; 16] = [
    0x28, 0x73, 0x2A, 0xC1, 0x1F, 0xF8, 0xD2, 0x11, 0xBA, 0x4B, 0x00, 0xA0, 0xC9, 0x3E, 0xC9, 0x3B,
];

/// Where a partition lies, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Partition {
    pub at: u64,
    pub length: u64,
    /// True for the partition that firmware boots from.
    pub efi: bool,
}

/// Reads and checks the partition table. An old-style table alone is believed as it is.
pub(crate) fn partitions(disk: &dyn ReadAt) -> Result<Vec<Partition>> {
    let first = match disk.bytes(0, 512) {
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error.into()),
        first => first.unwrap_or_default(),
    };
    if first.get(510..512) != Some(&[0x55, 0xAA]) {
        let words = "the first sector holds no partition table";
        return Err(ImageError::bad(
            FileFault::NoPartitions,
            Params::new(),
            words,
        ));
    }
    let protective = (0..4).any(|entry| first[446 + 16 * entry + 4] == PROTECTIVE);
    if !protective {
        return Ok(Vec::new());
    }
    for sector in SECTORS {
        let header = disk.bytes(sector, 512).unwrap_or_default();
        if header.starts_with(b"EFI PART") {
            return table(disk, sector, &header);
        }
    }
    Err(contradiction(
        "a partition table is announced and is not there",
    ))
}

fn contradiction(words: impl Into<String>) -> ImageError {
    ImageError::bad(FileFault::PartitionTable, Params::new(), words)
}

fn table(disk: &dyn ReadAt, sector: u64, header: &[u8]) -> Result<Vec<Partition>> {
    let size = le32(header, 12) as usize;
    let Some(covered) = header.get(..size).filter(|_| size >= 92) else {
        return Err(contradiction(format!(
            "a header of {size} bytes is none of a partition table"
        )));
    };
    let mut covered = covered.to_vec();
    covered[16..20].fill(0);
    if crc32fast::hash(&covered) != le32(header, 16) {
        return Err(contradiction(
            "the partition table's header contradicts its checksum",
        ));
    }
    if le64(header, 24) != 1 {
        return Err(contradiction(
            "the partition table says that it is elsewhere",
        ));
    }
    let length = disk.length();
    let needed = le64(header, 32).saturating_add(1).saturating_mul(sector);
    if needed > length {
        // The second table is at the very end.
        return Err(ImageError::cut_off(needed, length));
    }
    let entries = entries(disk, sector, header)?;
    let size = le32(header, 84) as usize;
    let mut found = Vec::new();
    for entry in entries.chunks_exact(size) {
        if entry[..16] == [0; 16] {
            continue;
        }
        let (first, last) = (le64(entry, 32), le64(entry, 40));
        let end = last.saturating_add(1).saturating_mul(sector);
        if first > last {
            return Err(contradiction("a partition ends before it begins"));
        }
        if end > length {
            return Err(ImageError::cut_off(end, length));
        }
        let at = first.saturating_mul(sector);
        found.push(Partition {
            at,
            length: end - at,
            efi: entry[..16] == EFI_SYSTEM,
        });
    }
    Ok(found)
}

/// The entries, after their checksum was found right.
fn entries(disk: &dyn ReadAt, sector: u64, header: &[u8]) -> Result<Vec<u8>> {
    let (count, size) = (le32(header, 80), le32(header, 84));
    if count > MOST_ENTRIES || !(128..=4096).contains(&size) {
        return Err(contradiction(format!(
            "{count} partitions of {size} bytes are none of a partition table"
        )));
    }
    let at = le64(header, 72).saturating_mul(sector);
    let entries = disk.bytes(at, (count * size) as usize)?;
    if crc32fast::hash(&entries) != le32(header, 88) {
        return Err(contradiction(
            "the list of partitions contradicts its checksum",
        ));
    }
    Ok(entries)
}
