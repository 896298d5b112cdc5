//! The CD: ISO 9660 with two ways to boot it, for BIOS (isolinux) and for UEFI (a FAT volume).
//! Every byte is there once: the CD's names for kernel, initramfs and program point into the
//! volume. Pure but for the writer it is given.

use super::uki::Image;
use super::{BOOT_PATH, fat};
use anyhow::{Context, Result, bail};
use std::io::Write;

const BLOCK: usize = 2048;
const CLUSTER: u64 = 2048;
/// First block behind the system area: the primary volume descriptor.
const PRIMARY: usize = 16;
const LITTLE_TABLE: usize = 19;
const BIG_TABLE: usize = 20;
const FIRST_FOLDER: usize = 21;
/// Number, name and folder above of each folder; they stand in the order of path tables.
const FOLDERS: [(&str, usize); 4] = [("", 0), ("EFI", 0), ("ISOLINUX", 0), ("BOOT", 1)];
const ROOT: usize = 0;
const ISOLINUX: usize = 2;
const EFI_BOOT: usize = 3;

/// Files for BIOS.
pub struct Bios<'a> {
    /// isolinux' program.
    pub loader: &'a [u8],
    /// Its library.
    pub library: &'a [u8],
    /// Its configuration.
    pub config: &'a [u8],
}

/// A file's name, folder, block and length.
struct File {
    name: &'static str,
    folder: usize,
    block: usize,
    length: usize,
}

/// Blocks of the CD, filled from the front.
#[derive(Default)]
struct Blocks(Vec<u8>);

impl Blocks {
    fn next(&self) -> usize {
        self.0.len() / BLOCK
    }

    fn push(&mut self, bytes: &[u8]) -> usize {
        let block = self.next();
        self.0.extend_from_slice(bytes);
        self.0.resize(self.0.len().next_multiple_of(BLOCK), 0);
        block
    }

    fn put(&mut self, block: usize, at: usize, bytes: &[u8]) {
        let at = block * BLOCK + at;
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }
}

/// Writes the CD around the program that UEFI starts.
pub fn write(program: &Image, bios: &Bios, label: &str, mut out: impl Write) -> Result<()> {
    let volume = fat::smallest(&BOOT_PATH, program.bytes.len() as u64, CLUSTER)?;
    let volume_length = usize::try_from(volume.length)?;
    let mut blocks = Blocks(vec![0; (FIRST_FOLDER + FOLDERS.len()) * BLOCK]);
    let catalogue = blocks.push(&[0; BLOCK]);
    let loader = blocks.push(bios.loader);
    let library = blocks.push(bios.library);
    let config = blocks.push(bios.config);
    let boot = blocks.next();
    let total = boot + volume_length.div_ceil(BLOCK);

    let content = boot * BLOCK + volume.head.len();
    let inside = |(place, length): (usize, usize)| -> Result<(usize, usize)> {
        let place = content + place;
        if !place.is_multiple_of(BLOCK) {
            bail!("a part of the boot program begins inside a block");
        }
        Ok((place / BLOCK, length))
    };
    let (kernel, kernel_length) = inside(program.section(".linux")?)?;
    let (initrd, initrd_length) = inside(program.section(".initrd")?)?;
    let (start, start_length) = inside((0, program.bytes.len()))?;
    let file = |name, folder, block, length| File {
        name,
        folder,
        block,
        length,
    };
    // In each folder in the order of names.
    let files = [
        file("BOOT.CAT;1", ROOT, catalogue, BLOCK),
        file("EFI.IMG;1", ROOT, boot, volume_length),
        file("INITRD.;1", ISOLINUX, initrd, initrd_length),
        file("ISOLINUX.BIN;1", ISOLINUX, loader, bios.loader.len()),
        file("ISOLINUX.CFG;1", ISOLINUX, config, bios.config.len()),
        file("LDLINUX.C32;1", ISOLINUX, library, bios.library.len()),
        file("VMLINUZ.;1", ISOLINUX, kernel, kernel_length),
        file("BOOTX64.EFI;1", EFI_BOOT, start, start_length),
    ];

    blocks.put(PRIMARY, 0, &primary(label, total)?);
    blocks.put(PRIMARY + 1, 0, &boot_record(catalogue)?);
    blocks.put(PRIMARY + 2, 0, b"\xFFCD001\x01");
    blocks.put(
        LITTLE_TABLE,
        0,
        &path_table(u32::to_le_bytes, u16::to_le_bytes)?,
    );
    blocks.put(
        BIG_TABLE,
        0,
        &path_table(u32::to_be_bytes, u16::to_be_bytes)?,
    );
    for number in 0..FOLDERS.len() {
        blocks.put(FIRST_FOLDER + number, 0, &folder(number, &files)?);
    }
    blocks.put(catalogue, 0, &boot_catalogue(loader, boot, volume_length)?);
    blocks.put(loader, 8, &boot_info(bios.loader, loader)?);

    out.write_all(&blocks.0)?;
    out.write_all(&volume.head)?;
    out.write_all(&program.bytes)?;
    let written = content + program.bytes.len();
    out.write_all(&vec![0; total * BLOCK - written])?;
    out.flush()?;
    Ok(())
}

/// A number in both byte orders.
fn both(number: usize) -> Result<[u8; 8]> {
    let number = u32::try_from(number)?;
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    bytes[4..].copy_from_slice(&number.to_be_bytes());
    Ok(bytes)
}

fn primary(label: &str, total: usize) -> Result<Vec<u8>> {
    let mut block = vec![0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"\x01CD001\x01");
    put(8, &[b' '; 64]);
    put(40, label.as_bytes());
    put(80, &both(total)?);
    // One volume of one, blocks of 2048.
    for (at, number) in [(120, 1_u16), (124, 1), (128, 2048)] {
        put(at, &number.to_le_bytes());
        put(at + 2, &number.to_be_bytes());
    }
    let table = path_table(u32::to_le_bytes, u16::to_le_bytes)?;
    put(132, &both(table.len())?);
    put(140, &u32::try_from(LITTLE_TABLE)?.to_le_bytes());
    put(148, &u32::try_from(BIG_TABLE)?.to_be_bytes());
    put(156, &record(b"\0", FIRST_FOLDER, BLOCK, true)?);
    put(190, &[b' '; 623]);
    // Four dates that are not given, then the version.
    for at in [813, 830, 847, 864] {
        put(at, b"0000000000000000\0");
    }
    put(881, &[1]);
    Ok(block)
}

fn boot_record(catalogue: usize) -> Result<Vec<u8>> {
    let mut bytes = b"\0CD001\x01EL TORITO SPECIFICATION".to_vec();
    bytes.resize(71, 0);
    bytes.extend_from_slice(&u32::try_from(catalogue)?.to_le_bytes());
    Ok(bytes)
}

fn path_table(long: fn(u32) -> [u8; 4], short: fn(u16) -> [u8; 2]) -> Result<Vec<u8>> {
    let mut table = Vec::new();
    for (number, (name, above)) in FOLDERS.iter().enumerate() {
        let name = if name.is_empty() {
            b"\0"
        } else {
            name.as_bytes()
        };
        table.extend_from_slice(&[u8::try_from(name.len())?, 0]);
        table.extend_from_slice(&long(u32::try_from(FIRST_FOLDER + number)?));
        table.extend_from_slice(&short(u16::try_from(above + 1)?));
        table.extend_from_slice(name);
        table.resize(table.len().next_multiple_of(2), 0);
    }
    Ok(table)
}

/// One folder's block: itself, the one above, then folders and files.
fn folder(number: usize, files: &[File]) -> Result<Vec<u8>> {
    let (_, above) = FOLDERS[number];
    let mut bytes = record(b"\0", FIRST_FOLDER + number, BLOCK, true)?;
    bytes.extend_from_slice(&record(b"\x01", FIRST_FOLDER + above, BLOCK, true)?);
    let mut entries = Vec::new();
    for (child, (name, parent)) in FOLDERS.iter().enumerate().skip(1) {
        if *parent == number {
            let place = FIRST_FOLDER + child;
            entries.push((*name, record(name.as_bytes(), place, BLOCK, true)?));
        }
    }
    for file in files.iter().filter(|file| file.folder == number) {
        let record = record(file.name.as_bytes(), file.block, file.length, false)?;
        entries.push((file.name, record));
    }
    entries.sort();
    bytes.extend(entries.into_iter().flat_map(|(_, record)| record));
    if bytes.len() > BLOCK {
        bail!("a folder of the CD does not fit into a block");
    }
    Ok(bytes)
}

fn record(name: &[u8], block: usize, length: usize, folder: bool) -> Result<Vec<u8>> {
    let size = (33 + name.len()).next_multiple_of(2);
    let mut bytes = vec![u8::try_from(size)?, 0];
    bytes.extend_from_slice(&both(block)?);
    bytes.extend_from_slice(&both(length)?);
    // 1980-01-01, so that CDs made from the same parts are the same.
    bytes.extend_from_slice(&[80, 1, 1, 0, 0, 0, 0, u8::from(folder) << 1, 0, 0]);
    bytes.extend_from_slice(&[1, 0, 0, 1, u8::try_from(name.len())?]);
    bytes.extend_from_slice(name);
    bytes.resize(size, 0);
    Ok(bytes)
}

/// What firmware may start: isolinux by BIOS, the volume by UEFI.
fn boot_catalogue(loader: usize, volume: usize, volume_length: usize) -> Result<Vec<u8>> {
    let mut validation = [0; 32];
    validation[0] = 1;
    validation[30..].copy_from_slice(&[0x55, 0xAA]);
    let sum = validation
        .as_chunks::<2>()
        .0
        .iter()
        .fold(0_u16, |sum, pair| {
            sum.wrapping_add(u16::from_le_bytes(*pair))
        });
    validation[28..30].copy_from_slice(&sum.wrapping_neg().to_le_bytes());
    let entry = |block: usize, sectors: u16| -> Result<[u8; 32]> {
        let mut bytes = [0; 32];
        bytes[0] = 0x88;
        bytes[6..8].copy_from_slice(&sectors.to_le_bytes());
        bytes[8..12].copy_from_slice(&u32::try_from(block)?.to_le_bytes());
        Ok(bytes)
    };
    // A length that cannot be written there is left out: then the volume goes to the end.
    let sectors = u16::try_from(volume_length / 512).unwrap_or(0);
    let mut section = [0; 32];
    section[..4].copy_from_slice(&[0x91, 0xEF, 1, 0]);
    Ok([
        validation,
        entry(loader, 4)?,
        section,
        entry(volume, sectors)?,
    ]
    .concat())
}

/// The table that isolinux finds itself by.
fn boot_info(loader: &[u8], block: usize) -> Result<Vec<u8>> {
    let body = loader.get(64..).context("isolinux is cut")?;
    let sum = body.chunks(4).fold(0_u32, |sum, part| {
        let mut word = [0; 4];
        word[..part.len()].copy_from_slice(part);
        sum.wrapping_add(u32::from_le_bytes(word))
    });
    let mut bytes = Vec::new();
    for number in [
        u32::try_from(PRIMARY)?,
        u32::try_from(block)?,
        u32::try_from(loader.len())?,
        sum,
    ] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crete_image::{Recognised, check, recognise};
    use crete_model::{Arch, ImageFormat};

    fn image() -> Image {
        let mut bytes = vec![0; 9 << 20];
        bytes[..4].copy_from_slice(b"MZpr");
        bytes[4096..4100].copy_from_slice(b"kern");
        bytes[8192..8196].copy_from_slice(b"init");
        Image {
            bytes,
            sections: vec![(".linux", 4096, 4), (".initrd", 8192, 4)],
        }
    }

    fn cd() -> Vec<u8> {
        let bios = Bios {
            loader: &[3; 5000],
            library: b"library",
            config: b"config",
        };
        let mut cd = Vec::new();
        write(&image(), &bios, "PRACTICE", &mut cd).unwrap();
        cd
    }

    /// Place and length of a name, wherever its record is.
    fn find(cd: &[u8], name: &str) -> (usize, usize) {
        let at = cd
            .windows(name.len())
            .position(|window| window == name.as_bytes())
            .unwrap();
        let number = |at: usize| u32::from_le_bytes(*cd[at..].first_chunk().unwrap()) as usize;
        (number(at - 31) * BLOCK, number(at - 23))
    }

    /// The product's own reader knows nothing of this writer.
    #[test]
    fn a_checker_finds_nothing_wrong_and_recognises_the_processor() {
        let cd = cd();
        check(&cd.as_slice(), ImageFormat::Iso).unwrap();
        let expected = Recognised {
            arch: Some(Arch::Amd64),
            version: None,
        };
        assert_eq!(recognise(&cd.as_slice(), ImageFormat::Iso), expected);
        assert!(check(&&cd[..cd.len() - BLOCK], ImageFormat::Iso).is_err());
    }

    #[test]
    fn names_point_at_the_one_copy_of_everything() {
        let cd = cd();
        for (name, begins) in [
            ("VMLINUZ.;1", "kern"),
            ("INITRD.;1", "init"),
            ("BOOTX64.EFI;1", "MZpr"),
            ("LDLINUX.C32;1", "library"),
        ] {
            let (at, length) = find(&cd, name);
            assert!(cd[at..].starts_with(begins.as_bytes()), "{name}");
            assert!(length >= begins.len(), "{name}");
        }
        let (volume, length) = find(&cd, "EFI.IMG;1");
        assert_eq!(&cd[volume + 54..volume + 59], b"FAT16");
        assert_eq!(volume + length, cd.len());
    }

    #[test]
    fn the_catalogue_adds_up() {
        let catalogue = boot_catalogue(30, 40, 9 << 20).unwrap();
        let sum = catalogue[..32]
            .as_chunks::<2>()
            .0
            .iter()
            .fold(0_u16, |sum, pair| {
                sum.wrapping_add(u16::from_le_bytes(*pair))
            });
        assert_eq!(sum, 0);
        assert_eq!(catalogue[64..66], [0x91, 0xEF]);
        assert_eq!(catalogue[96 + 8], 40);
    }
}
