//! QEMU's disk format: whether its tables agree with the file, and the disk behind them.

use crate::error::{ImageError, Result};
use crate::source::{ReadAt, be32, be64};
use crete_model::{FileFault, Params, params};
use std::io;

/// Incompatible features.
const DIRTY: u64 = 1;
const CORRUPT: u64 = 1 << 1;
const EXTERNAL_DATA: u64 = 1 << 2;
const COMPRESSION: u64 = 1 << 3;
const EXTENDED_ENTRIES: u64 = 1 << 4;
const KNOWN: u64 = DIRTY | CORRUPT | EXTERNAL_DATA | COMPRESSION | EXTENDED_ENTRIES;
/// The part of a table's entry that is a place in the file.
const PLACE: u64 = 0x00FF_FFFF_FFFF_FE00;
/// Marks a cluster that is compressed.
const COMPRESSED: u64 = 1 << 62;
/// Marks a cluster that reads as zeros, whatever its place.
const ZERO: u64 = 1;
/// QEMU's own limit of the first table.
const LONGEST_TABLE: u64 = 32 << 20;

/// The head of the file, and its first table.
pub(crate) struct Disk<'a> {
    source: &'a dyn ReadAt,
    /// Bytes a machine sees.
    pub size: u64,
    cluster_bits: u32,
    /// Bytes of an entry of the second tables.
    entry: u64,
    first: Vec<u64>,
}

fn damaged(words: impl Into<String>) -> ImageError {
    ImageError::bad(FileFault::DiskTables, Params::new(), words)
}

impl<'a> Disk<'a> {
    /// Reads the head, and refuses what cannot stand alone.
    pub fn open(source: &'a dyn ReadAt) -> Result<Self> {
        let length = source.length();
        let head = source
            .bytes(0, 104)
            .map_err(|_| ImageError::cut_off(104, length))?;
        let version = be32(&head, 4);
        let features = if version >= 3 { be64(&head, 72) } else { 0 };
        refuse_unusable(source, &head, version, features)?;
        let cluster_bits = be32(&head, 20);
        if !(9..=21).contains(&cluster_bits) {
            return Err(damaged(format!("clusters of 2^{cluster_bits} bytes")));
        }
        let size = be64(&head, 24);
        let entry = if features & EXTENDED_ENTRIES == 0 {
            8
        } else {
            16
        };
        let (entries, at) = (u64::from(be32(&head, 36)), be64(&head, 40));
        let reach = (1_u64 << cluster_bits).saturating_mul((1 << cluster_bits) / entry);
        let wanted = size.div_ceil(reach);
        let bytes = entries * 8;
        if entries < wanted || bytes > LONGEST_TABLE {
            return Err(damaged(format!(
                "{entries} entries in the first table, {wanted} are needed"
            )));
        }
        let needed = at.saturating_add(bytes);
        if needed > length {
            return Err(ImageError::cut_off(needed, length));
        }
        let table = source.bytes(at, usize::try_from(bytes).unwrap_or(0))?;
        Ok(Self {
            source,
            size,
            cluster_bits,
            entry,
            first: table.chunks_exact(8).map(|entry| be64(entry, 0)).collect(),
        })
    }

    fn cluster(&self) -> u64 {
        1 << self.cluster_bits
    }

    /// Follows every entry: all they point to must be in the file.
    pub fn check(&self) -> Result<()> {
        let length = self.source.length();
        let mut tables = 0_u64;
        for place in self.first.iter().map(|entry| entry & PLACE) {
            if place == 0 {
                continue;
            }
            tables += 1;
            // Two entries never share a table, so there are no more tables than clusters.
            if tables > length / self.cluster() + 1 {
                return Err(damaged("tables are used more than once"));
            }
            let end = place.saturating_add(self.cluster());
            if end > length {
                return Err(ImageError::cut_off(end, length));
            }
            let size = usize::try_from(self.cluster()).unwrap_or(0);
            let table = self.source.bytes(place, size)?;
            let step = usize::try_from(self.entry).unwrap_or(8);
            for entry in table.chunks_exact(step).map(|entry| be64(entry, 0)) {
                let data = self.place(entry);
                // The last cluster need not be whole.
                if data != 0 && data >= length {
                    return Err(ImageError::cut_off(data + 1, length));
                }
            }
        }
        Ok(())
    }

    /// Where an entry's data begins; 0 where there is none.
    fn place(&self, entry: u64) -> u64 {
        if entry & COMPRESSED != 0 {
            let bits = 62 - (self.cluster_bits - 8);
            return entry & ((1 << bits) - 1);
        }
        entry & PLACE
    }
}

fn refuse_unusable(source: &dyn ReadAt, head: &[u8], version: u32, features: u64) -> Result<()> {
    if !head.starts_with(b"QFI\xfb") {
        let expected = params! { "expected" => "a qcow2 disk" };
        return Err(ImageError::bad(
            FileFault::OtherKind,
            expected,
            "it is no qcow2 disk",
        ));
    }
    if !matches!(version, 2 | 3) || features & !KNOWN != 0 {
        let words = format!("qcow2 version {version}, features {features:#x}");
        let params = params! { "version" => version };
        return Err(ImageError::bad(FileFault::Newer, params, words));
    }
    let (at, length) = (be64(head, 8), be32(head, 16) as usize);
    if at != 0 || features & EXTERNAL_DATA != 0 {
        // A disk that names another file would have QEMU open whatever it names.
        let name = source.bytes(at, length.min(1023)).unwrap_or_default();
        let name = String::from_utf8_lossy(if at == 0 { b"" } else { &name }).into_owned();
        let words = format!("it is only a difference to {name:?}");
        let params = params! { "file" => name };
        return Err(ImageError::bad(FileFault::NeedsOther, params, words));
    }
    if be32(head, 32) != 0 {
        return Err(ImageError::bad(
            FileFault::Encrypted,
            Params::new(),
            "it is encrypted",
        ));
    }
    if features & CORRUPT != 0 {
        return Err(ImageError::bad(
            FileFault::MarkedDamaged,
            Params::new(),
            "it is marked as corrupt",
        ));
    }
    Ok(())
}

impl ReadAt for Disk<'_> {
    fn length(&self) -> u64 {
        self.size
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut at = at;
        let mut rest = buffer;
        while !rest.is_empty() {
            let inside = at % self.cluster();
            let room = usize::try_from(self.cluster() - inside).unwrap_or(usize::MAX);
            let (now, later) = rest.split_at_mut(rest.len().min(room));
            match self.lookup(at)? {
                0 => now.fill(0),
                place => self.source.read_at(place + inside, now)?,
            }
            at += now.len() as u64;
            rest = later;
        }
        Ok(())
    }
}

impl Disk<'_> {
    /// Where the cluster of a place is in the file; 0 where it reads as zeros.
    fn lookup(&self, at: u64) -> io::Result<u64> {
        let cluster = at >> self.cluster_bits;
        let in_table = self.cluster() / self.entry;
        let table = usize::try_from(cluster / in_table)
            .ok()
            .and_then(|index| self.first.get(index))
            .ok_or(io::ErrorKind::UnexpectedEof)?
            & PLACE;
        if table == 0 {
            return Ok(0);
        }
        let entry = self
            .source
            .bytes(table + cluster % in_table * self.entry, 8)?;
        let entry = be64(&entry, 0);
        if entry & COMPRESSED != 0 {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let zero = self.entry == 8 && entry & ZERO != 0;
        Ok(if zero { 0 } else { entry & PLACE })
    }
}
