//! FAT file systems, as firmware boots from them. Reading only.

use crate::source::{ReadAt, le16, le32};
use crate::tree::{Entry, Tree};
use std::io;

/// The longest folder that is read.
const LONGEST_FOLDER: u64 = 4 << 20;
/// As much of a file can be read; what is looked for stands near its beginning.
const LONGEST_FILE: u64 = 512 << 20;
/// Marks a record as a part of a long name.
const LONG_NAME: u8 = 0x0F;
const FOLDER: u8 = 0x10;
const VOLUME: u8 = 0x08;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    Twelve,
    Sixteen,
    ThirtyTwo,
}

/// A FAT file system.
pub(crate) struct Fat<'a> {
    source: &'a dyn ReadAt,
    width: Width,
    cluster: u64,
    clusters: u64,
    table: u64,
    data: u64,
    /// The root of the narrow kinds, which is no chain of clusters.
    fixed_root: (u64, u64),
    root_cluster: u64,
}

fn damaged() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

impl<'a> Fat<'a> {
    pub fn open(source: &'a dyn ReadAt) -> io::Result<Self> {
        let boot = source.bytes(0, 512)?;
        let sector = u64::from(le16(&boot, 11));
        let per_cluster = u64::from(boot[13]);
        let reserved = u64::from(le16(&boot, 14));
        let tables = u64::from(boot[16]);
        let root_entries = u64::from(le16(&boot, 17));
        let either = |short: u16, long: u32| match short {
            0 => u64::from(long),
            short => u64::from(short),
        };
        let total = either(le16(&boot, 19), le32(&boot, 32));
        let table_sectors = either(le16(&boot, 22), le32(&boot, 36));
        if !matches!(sector, 512 | 1024 | 2048 | 4096) || !per_cluster.is_power_of_two() {
            return Err(damaged());
        }
        let root_sectors = (root_entries * 32).div_ceil(sector);
        let data_sector = reserved + tables * table_sectors + root_sectors;
        let clusters = total.checked_sub(data_sector).ok_or_else(damaged)? / per_cluster;
        let width = match clusters {
            ..4085 => Width::Twelve,
            4085..65525 => Width::Sixteen,
            _ => Width::ThirtyTwo,
        };
        Ok(Self {
            source,
            width,
            cluster: per_cluster * sector,
            clusters,
            table: reserved * sector,
            data: data_sector * sector,
            fixed_root: (
                (reserved + tables * table_sectors) * sector,
                root_entries * 32,
            ),
            root_cluster: u64::from(le32(&boot, 44)),
        })
    }

    /// The cluster after this one; `None` at the end of a chain.
    fn next(&self, cluster: u64) -> io::Result<Option<u64>> {
        let (value, end) = match self.width {
            Width::Twelve => {
                let pair = self.source.bytes(self.table + cluster * 3 / 2, 2)?;
                let both = u64::from(le16(&pair, 0));
                let value = if cluster.is_multiple_of(2) {
                    both & 0xFFF
                } else {
                    both >> 4
                };
                (value, 0xFF8)
            }
            Width::Sixteen => {
                let value = self.source.bytes(self.table + cluster * 2, 2)?;
                (u64::from(le16(&value, 0)), 0xFFF8)
            }
            Width::ThirtyTwo => {
                let value = self.source.bytes(self.table + cluster * 4, 4)?;
                (u64::from(le32(&value, 0) & 0x0FFF_FFFF), 0x0FFF_FFF8)
            }
        };
        Ok((value < end).then_some(value))
    }

    /// The clusters of a chain that hold this many bytes. A chain that bites its own tail is damaged.
    fn chain(&self, first: u64, bytes: u64) -> io::Result<Vec<u64>> {
        let wanted = bytes.div_ceil(self.cluster).min(self.clusters);
        let mut chain = Vec::new();
        let mut at = Some(first);
        while (chain.len() as u64) < wanted
            && let Some(cluster) = at
        {
            if !(2..self.clusters + 2).contains(&cluster) {
                return Err(damaged());
            }
            chain.push(cluster);
            at = self.next(cluster)?;
        }
        Ok(chain)
    }

    fn content(&self, chain: Vec<u64>, length: u64) -> Chain<'_> {
        Chain {
            fat: self,
            chain,
            length,
        }
    }
}

impl Tree for Fat<'_> {
    fn list(&self, folder: Option<&Entry>) -> io::Result<Vec<Entry>> {
        let bytes = match (folder, self.width) {
            (None, Width::Twelve | Width::Sixteen) => {
                let (at, length) = self.fixed_root;
                self.source
                    .bytes(at, usize::try_from(length).unwrap_or(0))?
            }
            (folder, _) => {
                let first = folder.map_or(self.root_cluster, |folder| folder.start);
                let chain = self.chain(first, LONGEST_FOLDER)?;
                let length = chain.len() as u64 * self.cluster;
                let content = self.content(chain, length);
                content.bytes(0, usize::try_from(length).unwrap_or(0))?
            }
        };
        Ok(entries(&bytes))
    }

    fn open<'a>(&'a self, file: &Entry) -> io::Result<Box<dyn ReadAt + 'a>> {
        let length = file.length.min(LONGEST_FILE);
        let chain = self.chain(file.start, length)?;
        Ok(Box::new(self.content(chain, length)))
    }
}

/// A file's clusters as one.
struct Chain<'a> {
    fat: &'a Fat<'a>,
    chain: Vec<u64>,
    length: u64,
}

impl ReadAt for Chain<'_> {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        let size = self.fat.cluster;
        let mut at = at;
        let mut rest = buffer;
        while !rest.is_empty() {
            let index = usize::try_from(at / size).map_err(|_| damaged())?;
            let cluster = self.chain.get(index).ok_or_else(damaged)?;
            let inside = at % size;
            let room = usize::try_from(size - inside).unwrap_or(usize::MAX);
            let (now, later) = rest.split_at_mut(rest.len().min(room));
            let place = self.fat.data + (cluster - 2) * size + inside;
            self.fat.source.read_at(place, now)?;
            at += now.len() as u64;
            rest = later;
        }
        Ok(())
    }
}

/// Reads the records of a folder, long names included.
fn entries(bytes: &[u8]) -> Vec<Entry> {
    let mut found = Vec::new();
    let mut long: Vec<u16> = Vec::new();
    for record in bytes.chunks_exact(32) {
        let attributes = record[11];
        match record[0] {
            0 => break,
            0xE5 => {
                long.clear();
                continue;
            }
            _ if attributes & 0x3F == LONG_NAME => {
                // The last part comes first.
                let mut part = long_part(record);
                part.append(&mut long);
                long = part;
                continue;
            }
            _ => {}
        }
        let name = match std::mem::take(&mut long) {
            long if long.is_empty() => short_name(record),
            long => String::from_utf16_lossy(&long),
        };
        if attributes & VOLUME != 0 || name == "." || name == ".." {
            continue;
        }
        let start = u64::from(le16(record, 20)) << 16 | u64::from(le16(record, 26));
        found.push(Entry {
            name,
            folder: attributes & FOLDER != 0,
            start,
            length: u64::from(le32(record, 28)),
        });
    }
    found
}

fn long_part(record: &[u8]) -> Vec<u16> {
    let places = (1..11)
        .step_by(2)
        .chain((14..26).step_by(2))
        .chain([28, 30]);
    places
        .map(|at| le16(record, at))
        .take_while(|unit| *unit != 0)
        .collect()
}

fn short_name(record: &[u8]) -> String {
    let part = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    let (stem, ending) = (part(&record[..8]), part(&record[8..11]));
    if ending.is_empty() {
        stem
    } else {
        format!("{stem}.{ending}")
    }
}
