//! Whether an image is whole, as far as its own tables tell.

use crate::error::{ImageError, Result};
use crate::gpt;
use crate::iso::Volume;
use crate::qcow2::Disk;
use crate::source::ReadAt;
use crete_model::ImageFormat;
use std::io;

/// Checks the structure of an image: a CD's volume descriptors, a disk's partition table, the
/// tables of a qcow2 disk and the partition table behind them.
///
/// # Errors
/// What is wrong with it, or that it cannot be read.
pub fn check(source: &dyn ReadAt, format: ImageFormat) -> Result<()> {
    match format {
        ImageFormat::Iso => Volume::open(source).map(drop),
        ImageFormat::Raw => gpt::partitions(source).map(drop),
        ImageFormat::Qcow2 => {
            let disk = Disk::open(source)?;
            disk.check()?;
            match gpt::partitions(&disk) {
                // Compressed clusters are QEMU's to read.
                Err(ImageError::Read(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    Ok(())
                }
                found => found.map(drop),
            }
        }
    }
}

/// Bytes a machine sees of an image.
///
/// # Errors
/// When it is a qcow2 disk whose head is not right.
pub fn virtual_size(source: &dyn ReadAt, format: ImageFormat) -> Result<u64> {
    match format {
        ImageFormat::Iso | ImageFormat::Raw => Ok(source.length()),
        ImageFormat::Qcow2 => Disk::open(source).map(|disk| disk.size),
    }
}
