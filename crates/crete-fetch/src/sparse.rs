//! Writes a file with holes for its zeros, and takes its digest on the way.

use std::fs::File;
use std::io::{IoSlice, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crete_failpoint::step;

use crate::FetchError;
use crate::digest::Digest;
use crate::durable;
use crate::space::{RESERVE, available, name_full};

/// Zeros in runs of this length become holes.
pub(crate) const BLOCK: usize = 64 * 1024;
/// Bytes written between two looks at the free space.
const LOOK_EVERY: u64 = 256 << 20;

/// A file in the making.
pub(crate) struct SparseWriter {
    file: File,
    path: PathBuf,
    digest: Digest,
    bytes: u64,
    /// Bytes of data, holes left out, after which the free space is looked at again.
    look_at: u64,
    data: u64,
}

impl SparseWriter {
    pub fn create(path: &Path) -> Result<Self, FetchError> {
        let file = durable::open(path)?;
        step!("unpack.empty", file.set_len(0)).map_err(FetchError::file(path))?;
        Ok(Self {
            file,
            path: path.to_owned(),
            digest: Digest::default(),
            bytes: 0,
            look_at: 0,
            data: 0,
        })
    }

    /// Appends a block. After it come `ahead` bytes of the source, which take at least as much
    /// room here.
    pub fn push(&mut self, block: &[u8], ahead: u64) -> Result<(), FetchError> {
        self.digest.update(block);
        self.bytes += block.len() as u64;
        if block.iter().all(|byte| *byte == 0) {
            let skip = SeekFrom::Current(block.len().try_into().unwrap_or(0));
            self.file.seek(skip).map_err(FetchError::file(&self.path))?;
            return Ok(());
        }
        if self.data >= self.look_at {
            self.look(ahead)?;
            self.look_at = self.data + LOOK_EVERY;
        }
        self.data += block.len() as u64;
        durable::append(&mut self.file, &mut [IoSlice::new(block)], &self.path)
            .map_err(|error| name_full(error, ahead))
    }

    fn look(&self, ahead: u64) -> Result<(), FetchError> {
        let free = available(&self.path).map_err(FetchError::file(&self.path))?;
        let needed = ahead.saturating_add(RESERVE);
        if free >= needed {
            return Ok(());
        }
        Err(FetchError::DiskFull {
            path: self.path.clone(),
            needed,
            free,
        })
    }

    /// Gives the file its place; returns its length and its SHA-256.
    pub fn settle(self, target: &Path) -> Result<(u64, String), FetchError> {
        // A hole at the end is only there once the length says so.
        step!("unpack.length", self.file.set_len(self.bytes))
            .map_err(FetchError::file(&self.path))?;
        durable::settle(&self.file, &self.path, target)?;
        Ok((self.bytes, self.digest.finish()))
    }
}
