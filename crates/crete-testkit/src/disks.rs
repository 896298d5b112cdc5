//! Disks and CDs for tests: small, whole, and with Talos' layout where it matters.

use std::iter;

const SECTOR: usize = 512;
/// Entries of a partition table, and bytes of each.
const ENTRIES: u32 = 128;
const ENTRY: u32 = 128;
/// C12A7328-F81F-11D2-BA4B-00A0C93EC93B as it is stored.
const EFI_SYSTEM: [u8; 16] = [
    0x28, 0x73, 0x2A, 0xC1, 0x1F, 0xF8, 0xD2, 0x11, 0xBA, 0x4B, 0x00, 0xA0, 0xC9, 0x3E, 0xC9, 0x3B,
];

/// A disk of `size` bytes with a partition table and one empty EFI partition. Nothing boots from it.
#[must_use]
pub fn bare_disk(size: usize) -> Vec<u8> {
    let mut disk = vec![0; size / SECTOR * SECTOR];
    let last = disk.len() / SECTOR - 1;
    // The old table says that there is a new one.
    disk[446 + 4] = 0xEE;
    disk[446 + 8..446 + 12].copy_from_slice(&1_u32.to_le_bytes());
    let sectors = u32::try_from(last).unwrap_or(u32::MAX);
    disk[446 + 12..446 + 16].copy_from_slice(&sectors.to_le_bytes());
    disk[510..512].copy_from_slice(&[0x55, 0xAA]);

    let list_bytes = (ENTRIES * ENTRY) as usize;
    let table = list_bytes / SECTOR;
    let (first_usable, last_usable) = (2 + table, last - 1 - table);
    let mut entries = vec![0; list_bytes];
    entries[..16].copy_from_slice(&EFI_SYSTEM);
    entries[16] = 1;
    entries[32..40].copy_from_slice(&(first_usable as u64).to_le_bytes());
    entries[40..48].copy_from_slice(&(last_usable as u64).to_le_bytes());
    let mut header = |here: usize, other: usize, list: usize| {
        let mut header = [0; 92];
        header[..8].copy_from_slice(b"EFI PART");
        header[8..12].copy_from_slice(&0x0001_0000_u32.to_le_bytes());
        header[12..16].copy_from_slice(&92_u32.to_le_bytes());
        for (at, place) in [
            (24, here),
            (32, other),
            (40, first_usable),
            (48, last_usable),
            (72, list),
        ] {
            header[at..at + 8].copy_from_slice(&(place as u64).to_le_bytes());
        }
        header[80..84].copy_from_slice(&ENTRIES.to_le_bytes());
        header[84..88].copy_from_slice(&ENTRY.to_le_bytes());
        header[88..92].copy_from_slice(&crc32fast::hash(&entries).to_le_bytes());
        let sum = crc32fast::hash(&header);
        header[16..20].copy_from_slice(&sum.to_le_bytes());
        disk[here * SECTOR..here * SECTOR + 92].copy_from_slice(&header);
        disk[list * SECTOR..list * SECTOR + entries.len()].copy_from_slice(&entries);
    };
    header(1, last, 2);
    header(last, 1, last - table);
    disk
}

/// A disk whose partition holds so many bytes of noise: packed, it stays about as long.
#[must_use]
pub fn noisy_disk(size: usize, noise: usize, seed: u32) -> Vec<u8> {
    let mut disk = bare_disk(size);
    let words = iter::successors(Some(seed.max(1)), |state| {
        let mut next = *state;
        next ^= next << 13;
        next ^= next >> 17;
        next ^= next << 5;
        Some(next)
    });
    let start = 64 * SECTOR;
    let room = disk[start..].chunks_exact_mut(4).take(noise / 4);
    for (place, word) in room.zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    disk
}

/// Packs with Zstandard, with the checksum that real images have too.
#[must_use]
pub fn zst(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut packer = zstd::Encoder::new(Vec::new(), 1).unwrap();
    packer.include_checksum(true).unwrap();
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn unpacked(packed: &[u8]) -> Vec<u8> {
    zstd::decode_all(packed).unwrap()
}

/// A CD with Talos' layout, v1.13.9 for amd64.
#[must_use]
pub fn talos_iso() -> Vec<u8> {
    unpacked(include_bytes!(
        "../../../tests/fixtures/images/talos-amd64.iso.zst"
    ))
}

/// A line of text, packed as the factory packs what a kernel begins with: nothing boots from it.
pub(crate) const EMPTY_INITRAMFS: &[u8] = b"\
    \xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x16\x00\x00\x00\
    \x74\x2f\xe5\xa3\x01\x00\x2c\x41\x20\x70\x72\x61\x63\x74\x69\x63\x65\x20\x69\x6e\
    \x69\x74\x72\x61\x6d\x66\x73\x3a\x20\x6e\x6f\x74\x68\x69\x6e\x67\x20\x62\x6f\x6f\
    \x74\x73\x20\x66\x72\x6f\x6d\x20\x69\x74\x2e\x0a\x00\x00\x00\x00\x86\xb4\x17\xe7\
    \x6a\xeb\x77\xa6\x00\x01\x45\x2d\x1e\x52\x57\xe8\x1f\xb6\xf3\x7d\x01\x00\x00\x00\
    \x00\x04\x59\x5a";

/// A disk with Talos' layout, v1.13.9 for amd64; 80 MiB, nearly all of it zeros.
#[must_use]
pub fn talos_disk() -> Vec<u8> {
    unpacked(include_bytes!(
        "../../../tests/fixtures/images/talos-amd64.raw.zst"
    ))
}

/// The same disk as qcow2.
#[must_use]
pub fn talos_qcow2() -> Vec<u8> {
    unpacked(include_bytes!(
        "../../../tests/fixtures/images/talos-amd64.qcow2.zst"
    ))
}

/// A qcow2 disk that is only a difference to another file.
#[must_use]
pub fn overlay_qcow2() -> Vec<u8> {
    unpacked(include_bytes!(
        "../../../tests/fixtures/images/overlay.qcow2.zst"
    ))
}

/// A disk with Talos' layout, v1.12.3 for arm64, packed.
pub(crate) const TALOS_ARM64: &[u8] =
    include_bytes!("../../../tests/fixtures/images/talos-arm64.raw.zst");

/// A CD that holds nothing to boot.
pub(crate) fn empty_iso() -> Vec<u8> {
    unpacked(include_bytes!(
        "../../../tests/fixtures/images/other.iso.zst"
    ))
}
