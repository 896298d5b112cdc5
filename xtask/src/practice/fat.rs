//! A FAT16 volume with a single file in nested folders: all that firmware needs to boot from.
//! The file lies in one piece behind everything else, so that whoever writes the volume can write
//! a short head and then the file. Pure.

use anyhow::{Context, Result, bail};

const SECTOR: u64 = 512;
/// The root folder has a fixed size: entries of 32 bytes.
const ROOT_ENTRIES: u64 = 512;
const ROOT_SECTORS: u64 = ROOT_ENTRIES * 32 / SECTOR;
/// The data begins at a multiple of this many sectors, which is one block of a CD.
const ALIGNMENT: u64 = 4;
/// With fewer clusters it would be FAT12, with more FAT32.
const CLUSTERS: std::ops::Range<u64> = 4085..65525;
/// 1980-01-01: images made from the same parts are the same.
const DATE: u16 = 0x21;

/// A volume up to its file.
pub struct Volume {
    /// Everything before the file's content.
    pub head: Vec<u8>,
    /// Length of the whole volume, bytes.
    pub length: u64,
}

/// Size and place of everything, in sectors where nothing else is said.
struct Layout {
    per_cluster: u64,
    total: u64,
    reserved: u64,
    table: u64,
    data: u64,
}

impl Layout {
    fn new(cluster: u64, total: u64) -> Result<Self> {
        let per_cluster = cluster / SECTOR;
        let table = ((total / per_cluster + 2) * 2).div_ceil(SECTOR);
        let unaligned = 1 + 2 * table + ROOT_SECTORS;
        let data = unaligned.next_multiple_of(ALIGNMENT);
        let layout = Self {
            per_cluster,
            total,
            reserved: 1 + data - unaligned,
            table,
            data,
        };
        let clusters = layout.clusters();
        if !CLUSTERS.contains(&clusters) {
            bail!("{clusters} clusters are none of FAT16");
        }
        Ok(layout)
    }

    fn clusters(&self) -> u64 {
        self.total.saturating_sub(self.data) / self.per_cluster
    }

    fn cluster(&self) -> u64 {
        self.per_cluster * SECTOR
    }
}

/// The smallest volume that holds a file of this length.
pub fn smallest(path: &[&str], file: u64, cluster: u64) -> Result<Volume> {
    let content = file.next_multiple_of(cluster) + cluster * path.len() as u64;
    // The tables of what they describe, generously: a few sectors too many do no harm.
    let tables = 2 * (content / cluster + 2) * 2 + (ROOT_SECTORS + ALIGNMENT + 16) * SECTOR;
    sized(
        path,
        file,
        cluster,
        (content + tables).next_multiple_of(cluster),
    )
}

/// A volume of a given length with a file of this length at `path`, whose names are in capitals
/// and short.
pub fn sized(path: &[&str], file: u64, cluster: u64, length: u64) -> Result<Volume> {
    let layout = Layout::new(cluster, length / SECTOR)?;
    let folders = path.len() as u64 - 1;
    let content = file.div_ceil(cluster);
    if folders + content > layout.clusters() {
        bail!("a file of {file} bytes does not fit into a volume of {length}");
    }
    let mut head = boot_sector(&layout)?;
    head.resize(usize::try_from(layout.reserved * SECTOR)?, 0);
    let table = table(&layout, folders, content)?;
    head.extend_from_slice(&table);
    head.extend_from_slice(&table);
    let names: Vec<[u8; 11]> = path.iter().map(|name| short(name)).collect::<Result<_>>()?;
    // Each name stands in the folder before it; the first folder is the root.
    for (depth, name) in names.iter().enumerate() {
        let size = if depth == 0 {
            ROOT_SECTORS * SECTOR
        } else {
            layout.cluster()
        };
        let own = u16::try_from(1 + depth)?;
        let mut folder = Vec::new();
        if depth == 0 {
            folder.extend_from_slice(&entry(b"EFI        ", 0x08, 0, 0));
        } else {
            let above = if depth == 1 { 0 } else { own - 1 };
            folder.extend_from_slice(&entry(b".          ", 0x10, own, 0));
            folder.extend_from_slice(&entry(b"..         ", 0x10, above, 0));
        }
        let last = depth + 1 == names.len();
        let (kind, size_of) = if last {
            (0x20, u32::try_from(file)?)
        } else {
            (0x10, 0)
        };
        folder.extend_from_slice(&entry(name, kind, own + 1, size_of));
        folder.resize(usize::try_from(size)?, 0);
        head.extend_from_slice(&folder);
    }
    Ok(Volume { head, length })
}

fn boot_sector(layout: &Layout) -> Result<Vec<u8>> {
    let mut sector = vec![0; 512];
    let mut put = |at: usize, bytes: &[u8]| sector[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &[0xEB, 0x3C, 0x90]);
    put(3, b"CRETE   ");
    put(11, &512_u16.to_le_bytes());
    put(13, &[u8::try_from(layout.per_cluster)?]);
    put(14, &u16::try_from(layout.reserved)?.to_le_bytes());
    put(16, &[2]);
    put(17, &u16::try_from(ROOT_ENTRIES)?.to_le_bytes());
    put(21, &[0xF8]);
    put(22, &u16::try_from(layout.table)?.to_le_bytes());
    put(24, &[63, 0, 255, 0]);
    put(32, &u32::try_from(layout.total)?.to_le_bytes());
    put(36, &[0x80, 0, 0x29]);
    put(39, b"CRPR");
    put(43, b"EFI        ");
    put(54, b"FAT16   ");
    put(510, &[0x55, 0xAA]);
    Ok(sector)
}

/// One allocation table: each folder one cluster, then the file in one piece.
fn table(layout: &Layout, folders: u64, content: u64) -> Result<Vec<u8>> {
    const END: u16 = 0xFFFF;
    let mut cells: Vec<u16> = vec![0xFFF8, END];
    cells.extend((0..folders).map(|_| END));
    let first = 2 + folders;
    for cluster in first..first + content {
        let next = cluster + 1;
        cells.push(if next == first + content {
            END
        } else {
            u16::try_from(next)?
        });
    }
    let mut bytes: Vec<u8> = cells.into_iter().flat_map(u16::to_le_bytes).collect();
    bytes.resize(usize::try_from(layout.table * SECTOR)?, 0);
    Ok(bytes)
}

fn entry(name: &[u8; 11], kind: u8, cluster: u16, size: u32) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..11].copy_from_slice(name);
    bytes[11] = kind;
    for at in [16, 18, 24] {
        bytes[at..at + 2].copy_from_slice(&DATE.to_le_bytes());
    }
    bytes[26..28].copy_from_slice(&cluster.to_le_bytes());
    bytes[28..].copy_from_slice(&size.to_le_bytes());
    bytes
}

/// `BOOTX64.EFI` in the eleven bytes of a short name.
fn short(name: &str) -> Result<[u8; 11]> {
    let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
    let fits = |part: &str, most: usize| {
        part.len() <= most
            && part
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    if stem.is_empty() || !fits(stem, 8) || !fits(ending, 3) {
        bail!("{name} is no short name");
    }
    let padded = format!("{stem:<8}{ending:<3}");
    padded.as_bytes().try_into().context("a short name")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crete_image::{Recognised, recognise};
    use crete_model::{Arch, ImageFormat};

    const PATH: [&str; 3] = ["EFI", "BOOT", "BOOTX64.EFI"];

    #[test]
    fn the_file_begins_where_its_first_cluster_is() {
        for (file, cluster) in [(9 << 20, 2048), (20_000_001, 2048), (150 << 20, 32 << 10)] {
            let volume = smallest(&PATH, file, cluster).unwrap();
            let head = volume.head.len() as u64;
            assert_eq!(head % 2048, 0);
            assert!(head + file <= volume.length);
            let layout = Layout::new(cluster, volume.length / SECTOR).unwrap();
            // Behind two folders of one cluster each.
            assert_eq!(head, layout.data * SECTOR + 2 * cluster);
        }
    }

    #[test]
    fn what_is_no_fat16_is_refused() {
        assert!(smallest(&PATH, 1 << 20, 2048).is_err(), "too small");
        assert!(smallest(&PATH, 1 << 30, 2048).is_err(), "too large");
        assert!(sized(&PATH, 30 << 20, 4096, 20 << 20).is_err());
        assert!(smallest(&["EFI", "readme.txt"], 9 << 20, 2048).is_err());
    }

    /// A reader that knows nothing of this writer finds the program.
    #[test]
    fn another_reader_finds_the_file() {
        let file = 9_u64 << 20;
        let volume = smallest(&PATH, file, 2048).unwrap();
        let partition = super::super::gpt::Partition {
            name: "EFI",
            kind: super::super::gpt::EFI_SYSTEM,
            first: 2048,
            sectors: volume.length.div_ceil(SECTOR),
        };
        let sectors = 2048 + partition.sectors + 34;
        let (front, _) = super::super::gpt::tables(sectors, &[partition]).unwrap();
        let mut disk = front;
        disk.resize(2048 * 512, 0);
        disk.extend_from_slice(&volume.head);
        disk.resize(usize::try_from(sectors * SECTOR).unwrap(), 0);
        let found = recognise(&disk.as_slice(), ImageFormat::Raw);
        let expected = Recognised {
            arch: Some(Arch::Amd64),
            version: None,
        };
        assert_eq!(found, expected);
    }
}
