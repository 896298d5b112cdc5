//! The disks: which there are, and what a node keeps on the one it is installed on.
//!
//! ```text
//! 0        1 MiB                    1001 MiB      1002 MiB
//! │ table  │ EFI (from the CD)      │ META        │ STATE, EPHEMERAL …
//!                                   └ two records, written in turn: the newer whole one counts
//! ```
//!
//! It is the layout of the practice disk image, so that a machine boots from either in the same way.
//! What a node knows is all in META; the partitions behind it are only there to be seen.

pub mod gpt;
mod install;
mod list;
mod record;

pub use list::{booted_from_image, disks, open};

use crete_practice_node::Storage;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

const MIB: u64 = 1 << 20;
/// Where EFI begins.
const EFI: u64 = MIB;
/// Where META begins.
const META: u64 = 1001 * MIB;

/// The disks of this machine, as a place where a node keeps something.
#[derive(Debug)]
pub struct Disks {
    folder: PathBuf,
    names: Vec<String>,
    cd: Option<PathBuf>,
}

impl Disks {
    /// The disks with these names in a folder, which is `/dev`; and the CD that was booted from.
    #[must_use]
    pub fn new(folder: &Path, names: Vec<String>, cd: Option<&str>) -> Self {
        Self {
            folder: folder.to_owned(),
            names,
            cd: cd.map(|name| folder.join(name)),
        }
    }

    fn open(&self, name: &str) -> io::Result<File> {
        let path = self.folder.join(name);
        File::options().read(true).write(true).open(path)
    }

    /// Wipes whatever a node kept anywhere.
    fn wipe(&self) -> io::Result<()> {
        for name in &self.names {
            let disk = self.open(name)?;
            if record::newest(&disk, META)?.is_some() {
                record::erase(&disk, META)?;
                // Without its table nobody boots from it.
                disk.write_all_at(&[0; 34 * 512], 0)?;
                disk.sync_all()?;
            }
        }
        Ok(())
    }
}

impl Storage for Disks {
    fn read(&self) -> io::Result<Option<Vec<u8>>> {
        for name in &self.names {
            let found = self
                .open(name)
                .and_then(|disk| record::newest(&disk, META))?;
            if let Some((_, content)) = found {
                return Ok(Some(content));
            }
        }
        Ok(None)
    }

    fn write(&self, disk: Option<&str>, content: &[u8]) -> io::Result<()> {
        let Some(name) = disk else {
            return self.wipe();
        };
        let disk = self.open(name)?;
        if !install::is_laid_out(&disk)? {
            install::lay_out(&disk, self.cd.as_deref())?;
        }
        record::write(&disk, META, content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crete_model::ImageFormat;

    /// A folder with an empty disk of 8 GiB, which takes no room.
    fn machine() -> (tempfile::TempDir, Disks) {
        let folder = tempfile::tempdir().unwrap();
        let disk = File::create(folder.path().join("vda")).unwrap();
        disk.set_len(8 << 30).unwrap();
        let disks = Disks::new(folder.path(), vec!["vda".to_owned()], None);
        (folder, disks)
    }

    #[test]
    fn an_installed_disk_keeps_the_last_that_was_written() {
        let (folder, disks) = machine();
        assert_eq!(disks.read().unwrap(), None);
        // Nothing is installed: nothing is touched.
        disks.write(None, b"{}").unwrap();
        let disk = File::open(folder.path().join("vda")).unwrap();
        assert!(!install::is_laid_out(&disk).unwrap());
        for content in [b"one".as_slice(), b"two, longer", b"3"] {
            disks.write(Some("vda"), content).unwrap();
            assert_eq!(disks.read().unwrap().as_deref(), Some(content));
        }
        assert!(install::is_laid_out(&disk).unwrap());
        crete_image::check(&disk, ImageFormat::Raw).unwrap();
    }

    #[test]
    fn a_wiped_disk_is_empty_and_does_not_boot() {
        let (folder, disks) = machine();
        disks.write(Some("vda"), b"something").unwrap();
        disks.write(None, b"{}").unwrap();
        assert_eq!(disks.read().unwrap(), None);
        let disk = File::open(folder.path().join("vda")).unwrap();
        assert!(!install::is_laid_out(&disk).unwrap());
        disks.write(Some("vda"), b"again").unwrap();
        assert_eq!(disks.read().unwrap().as_deref(), Some(b"again".as_slice()));
    }

    #[test]
    fn a_disk_that_is_not_there_is_said() {
        let (_folder, disks) = machine();
        assert!(disks.write(Some("vdb"), b"x").is_err());
    }
}
