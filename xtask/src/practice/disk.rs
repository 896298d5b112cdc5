//! The disk image, with the partitions of a Talos metal image that was never started: EFI, META,
//! and free space behind them in which a node makes the rest.

use super::frame::Frame;
use super::gpt::{self, Partition, SECTOR};
use super::{BOOT_PATH, fat};
use anyhow::Result;
use std::io::Write;

const MIB: u64 = 1 << 20;
/// The size of real images before the boot partitions grew.
const LENGTH: u64 = 1246 * MIB;
const EFI_STARTS: u64 = MIB;
const EFI_LENGTH: u64 = 1000 * MIB;
const META_LENGTH: u64 = MIB;
const CLUSTER: u64 = 32 << 10;

/// Writes the image, as a zstd file, around the program that firmware starts.
pub fn write(program: &[u8], out: impl Write) -> Result<()> {
    let partition = |name, kind, at: u64, length: u64| Partition {
        name,
        kind,
        first: at / SECTOR,
        sectors: length / SECTOR,
    };
    let partitions = [
        partition("EFI", gpt::EFI_SYSTEM, EFI_STARTS, EFI_LENGTH),
        partition(
            "META",
            gpt::LINUX_DATA,
            EFI_STARTS + EFI_LENGTH,
            META_LENGTH,
        ),
    ];
    let (front, back) = gpt::tables(LENGTH / SECTOR, &partitions)?;
    let volume = fat::sized(&BOOT_PATH, program.len() as u64, CLUSTER, EFI_LENGTH)?;
    let end = LENGTH - back.len() as u64;
    let mut frame = Frame::begin(out, LENGTH)?;
    let mut at = 0;
    for (place, bytes) in [
        (0, front.as_slice()),
        (EFI_STARTS, &volume.head),
        (EFI_STARTS + volume.head.len() as u64, program),
        (end, &back),
    ] {
        frame.zeros(place - at)?;
        frame.data(bytes)?;
        at = place + bytes.len() as u64;
    }
    frame.end()?.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crete_image::{Recognised, check, recognise};
    use crete_model::{Arch, ImageFormat};

    #[test]
    fn the_disk_is_whole_and_boots_amd64() {
        let program = vec![0x5A; 3 << 20];
        let mut packed = Vec::new();
        write(&program, &mut packed).unwrap();
        assert!(packed.len() < 5 << 20, "emptiness takes no room");
        let disk = zstd::decode_all(packed.as_slice()).unwrap();
        assert_eq!(disk.len() as u64, LENGTH);
        check(&disk.as_slice(), ImageFormat::Raw).unwrap();
        let expected = Recognised {
            arch: Some(Arch::Amd64),
            version: None,
        };
        assert_eq!(recognise(&disk.as_slice(), ImageFormat::Raw), expected);
        let meta = usize::try_from(EFI_STARTS + EFI_LENGTH).unwrap();
        assert!(disk[meta..meta + 1024].iter().all(|byte| *byte == 0));
    }
}
