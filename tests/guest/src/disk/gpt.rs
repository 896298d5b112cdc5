//! A GUID partition table. Pure. The guest writes one when it installs; the packing of the practice
//! images (`xtask`) uses this very file for theirs.

use std::num::TryFromIntError;

/// Bytes of a sector.
pub const SECTOR: u64 = 512;
/// C12A7328-F81F-11D2-BA4B-00A0C93EC93B as it is stored.
pub const EFI_SYSTEM: [u8; 16] = [
    0x28, 0x73, 0x2A, 0xC1, 0x1F, 0xF8, 0xD2, 0x11, 0xBA, 0x4B, 0x00, 0xA0, 0xC9, 0x3E, 0xC9, 0x3B,
];
/// 0FC63DAF-8483-4772-8E79-3D69D8477DE4 as it is stored.
pub const LINUX_DATA: [u8; 16] = [
    0xAF, 0x3D, 0xC6, 0x0F, 0x83, 0x84, 0x72, 0x47, 0x8E, 0x79, 0x3D, 0x69, 0xD8, 0x47, 0x7D, 0xE4,
];

const ENTRIES: u32 = 128;
const ENTRY: u32 = 128;
/// Sectors of the list of partitions.
const LIST: u64 = 32;
/// Sectors that no partition can use at the beginning, and one less at the end.
const FRONT: u64 = LIST + 2;

/// A partition.
pub struct Partition {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub kind: [u8; 16],
    /// Its first sector.
    pub first: u64,
    /// How many sectors it has.
    pub sectors: u64,
}

/// The tables for the beginning and for the end of a disk.
///
/// # Errors
/// When the numbers do not fit into memory.
pub fn tables(
    sectors: u64,
    partitions: &[Partition],
) -> Result<(Vec<u8>, Vec<u8>), TryFromIntError> {
    let mut list = Vec::new();
    for (number, partition) in (1..).zip(partitions) {
        list.extend_from_slice(&partition.kind);
        list.extend_from_slice(&identity(number));
        list.extend_from_slice(&partition.first.to_le_bytes());
        list.extend_from_slice(&(partition.first + partition.sectors - 1).to_le_bytes());
        list.extend_from_slice(&[0; 8]);
        let mut name: Vec<u8> = partition
            .name
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        name.resize(72, 0);
        list.extend_from_slice(&name);
    }
    list.resize(usize::try_from(LIST * SECTOR)?, 0);
    let last = sectors - 1;
    let front = [
        protective(sectors).as_slice(),
        &header(sectors, &list, 1, last, 2),
        &list,
    ]
    .concat();
    let back = [
        list.as_slice(),
        &header(sectors, &list, last, 1, last - LIST),
    ]
    .concat();
    Ok((front, back))
}

/// The disk is number 0. Fixed, so that images made from the same parts are the same; a machine
/// never sees two of them.
fn identity(number: u8) -> [u8; 16] {
    let mut bytes = *b"crete-practice\x40\0";
    bytes[15] = number;
    // Version 4 and variant 1, as for random ones.
    bytes[7] = bytes[7] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    bytes
}

/// The old table, which tells old programs that the whole disk is taken.
fn protective(sectors: u64) -> [u8; 512] {
    let mut sector = [0; 512];
    let size = u32::try_from(sectors - 1).unwrap_or(u32::MAX);
    sector[446..454].copy_from_slice(&[0, 0, 2, 0, 0xEE, 0xFF, 0xFF, 0xFF]);
    sector[454..458].copy_from_slice(&1_u32.to_le_bytes());
    sector[458..462].copy_from_slice(&size.to_le_bytes());
    sector[510..].copy_from_slice(&[0x55, 0xAA]);
    sector
}

fn header(sectors: u64, list: &[u8], here: u64, other: u64, list_at: u64) -> [u8; 512] {
    let mut sector = [0; 512];
    let mut put = |at: usize, bytes: &[u8]| sector[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"EFI PART\0\0\x01\0");
    put(12, &92_u32.to_le_bytes());
    put(24, &here.to_le_bytes());
    put(32, &other.to_le_bytes());
    put(40, &FRONT.to_le_bytes());
    put(48, &(sectors - FRONT).to_le_bytes());
    put(56, &identity(0));
    put(72, &list_at.to_le_bytes());
    put(80, &ENTRIES.to_le_bytes());
    put(84, &ENTRY.to_le_bytes());
    put(88, &crc32fast::hash(list).to_le_bytes());
    let checksum = crc32fast::hash(&sector[..92]);
    sector[16..20].copy_from_slice(&checksum.to_le_bytes());
    sector
}

#[cfg(test)]
mod tests {
    use super::*;
    use crete_image::check;
    use crete_model::ImageFormat;

    fn disk(sectors: u64) -> Vec<u8> {
        let partition = |name, kind, first, sectors| Partition {
            name,
            kind,
            first,
            sectors,
        };
        let partitions = [
            partition("EFI", EFI_SYSTEM, 64, 100),
            partition("META", LINUX_DATA, 164, 20),
        ];
        let (front, back) = tables(sectors, &partitions).unwrap();
        let mut disk = front;
        let end = usize::try_from(sectors * SECTOR).unwrap();
        disk.resize(end - back.len(), 0);
        disk.extend_from_slice(&back);
        disk
    }

    /// The product's own checker knows nothing of this writer.
    #[test]
    fn a_checker_finds_nothing_wrong() {
        let mut disk = disk(512);
        check(&disk.as_slice(), ImageFormat::Raw).unwrap();
        disk[512 + 40] ^= 1;
        assert!(check(&disk.as_slice(), ImageFormat::Raw).is_err());
    }

    #[test]
    fn both_headers_name_each_other() {
        let disk = disk(512);
        let at = |place: usize| u64::from_le_bytes(*disk[place..].first_chunk().unwrap());
        let back = 511 * 512;
        assert_eq!((at(512 + 24), at(512 + 32)), (1, 511));
        assert_eq!((at(back + 24), at(back + 32)), (511, 1));
        assert_eq!(at(back + 72), 511 - LIST);
        assert_eq!(disk[512 * 2..512 * 34], disk[512 * 479..512 * 511]);
    }
}
