//! Bytes at places: a file, a part of one, or memory.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Something that can be read at any place.
pub trait ReadAt {
    /// Its length, bytes.
    fn length(&self) -> u64;

    /// Fills the buffer from a place.
    ///
    /// # Errors
    /// When the place is beyond the end, or cannot be read.
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Reads so many bytes from a place.
    ///
    /// # Errors
    /// As [`ReadAt::read_at`]; nothing is allocated for what lies beyond the end.
    fn bytes(&self, at: u64, length: usize) -> io::Result<Vec<u8>> {
        if at.saturating_add(length as u64) > self.length() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut buffer = vec![0; length];
        self.read_at(at, &mut buffer)?;
        Ok(buffer)
    }
}

impl ReadAt for File {
    fn length(&self) -> u64 {
        self.metadata().map_or(0, |meta| meta.len())
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(buffer, at)
    }
}

impl ReadAt for &[u8] {
    fn length(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        let bytes = usize::try_from(at)
            .ok()
            .and_then(|at| self.get(at..at.checked_add(buffer.len())?));
        buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// A part of a source, for example a partition.
pub(crate) struct Window<'a> {
    source: &'a dyn ReadAt,
    at: u64,
    length: u64,
}

impl<'a> Window<'a> {
    /// The part must lie within the source.
    pub fn new(source: &'a dyn ReadAt, at: u64, length: u64) -> io::Result<Self> {
        if at
            .checked_add(length)
            .is_none_or(|end| end > source.length())
        {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Self { source, at, length })
    }
}

impl ReadAt for Window<'_> {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end = at.checked_add(buffer.len() as u64);
        if end.is_none_or(|end| end > self.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.source.read_at(self.at + at, buffer)
    }
}

/// A little-endian or big-endian number at a place of a buffer; zero beyond its end.
macro_rules! number {
    ($name:ident, $kind:ty, $from:ident) => {
        pub(crate) fn $name(bytes: &[u8], at: usize) -> $kind {
            const SIZE: usize = std::mem::size_of::<$kind>();
            bytes
                .get(at..at.saturating_add(SIZE))
                .and_then(|part| part.try_into().ok())
                .map_or(0, <$kind>::$from)
        }
    };
}

number!(le16, u16, from_le_bytes);
number!(le32, u32, from_le_bytes);
number!(le64, u64, from_le_bytes);
number!(be32, u32, from_be_bytes);
number!(be64, u64, from_be_bytes);
