//! Installing: a partition table, and the program that firmware starts, as the CD has it.

use super::gpt::{self, Partition, SECTOR};
use super::{EFI, META, MIB};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// Bytes of STATE.
const STATE: u64 = 100 * MIB;
/// Bytes that one block of a CD has.
const BLOCK: u64 = 2048;
/// Where a CD says where its boot catalogue is.
const BOOT_RECORD: u64 = 17 * BLOCK;
/// What a catalogue's section for UEFI begins with.
const UEFI: [u8; 2] = [0x91, 0xEF];
/// Copied at a time.
const CHUNK: usize = 1 << 20;

/// True for a disk that has been installed on, or that holds the disk image.
pub fn is_laid_out(disk: &File) -> io::Result<bool> {
    let mut sector = [0; 8];
    disk.read_exact_at(&mut sector, SECTOR)?;
    // Of the second entry its first sector: META where it always is.
    let mut first = [0; 8];
    disk.read_exact_at(&mut first, 2 * SECTOR + 128 + 32)?;
    Ok(&sector == b"EFI PART" && u64::from_le_bytes(first) == META / SECTOR)
}

/// Writes the table, and the boot program behind it.
pub fn lay_out(disk: &File, cd: Option<&Path>) -> io::Result<()> {
    let length = size(disk)?;
    let partition = |name, kind, at: u64, end: u64| Partition {
        name,
        kind,
        first: at / SECTOR,
        sectors: (end - at) / SECTOR,
    };
    let state = META + MIB;
    let end = length / MIB * MIB - MIB;
    if end < state + STATE + MIB {
        return Err(io::Error::other("the disk is too small"));
    }
    let partitions = [
        partition("EFI", gpt::EFI_SYSTEM, EFI, META),
        partition("META", gpt::LINUX_DATA, META, state),
        partition("STATE", gpt::LINUX_DATA, state, state + STATE),
        partition("EPHEMERAL", gpt::LINUX_DATA, state + STATE, end),
    ];
    let (front, back) = gpt::tables(length / SECTOR, &partitions).map_err(io::Error::other)?;
    if let Some(cd) = cd {
        copy_boot_program(&File::open(cd)?, disk)?;
    }
    disk.write_all_at(&back, length - back.len() as u64)?;
    disk.write_all_at(&front, 0)?;
    disk.sync_all()
}

/// The length of a disk, which a device's metadata does not tell.
fn size(disk: &File) -> io::Result<u64> {
    use std::io::{Seek as _, SeekFrom};
    let mut disk = disk;
    disk.seek(SeekFrom::End(0))
}

/// Copies the volume that UEFI starts from, as it is.
fn copy_boot_program(cd: &File, disk: &File) -> io::Result<()> {
    let Some((at, length)) = boot_volume(cd)? else {
        return Ok(());
    };
    let mut done = 0;
    let mut buffer = vec![0; CHUNK];
    while done < length.min(META - EFI) {
        let part = usize::try_from(length - done).unwrap_or(CHUNK).min(CHUNK);
        cd.read_exact_at(&mut buffer[..part], at + done)?;
        disk.write_all_at(&buffer[..part], EFI + done)?;
        done += part as u64;
    }
    Ok(())
}

/// Place and length of the volume for UEFI on a CD; nothing on a CD without one. It is the last
/// thing on it.
fn boot_volume(cd: &File) -> io::Result<Option<(u64, u64)>> {
    let number = |bytes: &[u8]| bytes.first_chunk().copied().map_or(0, u32::from_le_bytes);
    let mut record = [0; 75];
    cd.read_exact_at(&mut record, BOOT_RECORD)?;
    if !record.starts_with(b"\0CD001\x01EL TORITO") {
        return Ok(None);
    }
    let mut catalogue = vec![0; 2048];
    let place = u64::from(number(&record[71..]));
    cd.read_exact_at(&mut catalogue, place * BLOCK)?;
    let entries = catalogue.as_chunks::<32>().0;
    let section = entries.iter().position(|entry| entry.starts_with(&UEFI));
    let entry = section.and_then(|at| entries.get(at + 1));
    let at = entry.map_or(0, |entry| u64::from(number(&entry[8..]))) * BLOCK;
    let length = size(cd)?.saturating_sub(at);
    Ok((at > 0).then_some((at, length)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    /// As much of a CD as is looked at, with its volume at the end.
    fn cd(volume: &[u8]) -> File {
        let mut bytes = vec![0; 20 * 2048];
        bytes[17 * 2048..17 * 2048 + 31].copy_from_slice(b"\0CD001\x01EL TORITO SPECIFICATION\0");
        bytes[17 * 2048 + 71] = 18;
        bytes[18 * 2048 + 64..18 * 2048 + 66].copy_from_slice(&UEFI);
        bytes[18 * 2048 + 96 + 8] = 20;
        bytes.extend_from_slice(volume);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        file
    }

    #[test]
    fn the_boot_program_of_the_cd_is_on_the_disk() {
        let volume: Vec<u8> = (0..3 << 20).map(|n: u32| (n % 251) as u8).collect();
        let disk = tempfile::tempfile().unwrap();
        disk.set_len(4 << 30).unwrap();
        copy_boot_program(&cd(&volume), &disk).unwrap();
        let mut copied = vec![0; volume.len()];
        disk.read_exact_at(&mut copied, EFI).unwrap();
        assert!(copied == volume);
    }

    #[test]
    fn a_cd_that_does_not_boot_has_no_volume_and_a_small_disk_is_refused() {
        let plain = tempfile::tempfile().unwrap();
        plain.set_len(1 << 20).unwrap();
        assert_eq!(boot_volume(&plain).unwrap(), None);
        let disk = tempfile::tempfile().unwrap();
        disk.set_len(1 << 30).unwrap();
        assert!(lay_out(&disk, None).is_err());
    }
}
