//! CDs: ISO 9660 with the long names of Rock Ridge.

use crate::error::{ImageError, Result};
use crate::gpt::PROTECTIVE;
use crate::source::{ReadAt, Window, be32, le16, le32};
use crate::tree::{Entry, Tree};
use crete_model::{FileFault, Params};
use std::io;

const SECTOR: u64 = 2048;
/// The first volume descriptor.
const FIRST: u64 = 16;
/// Descriptors that are looked at before the list is taken to have no end.
const MOST_DESCRIPTORS: u64 = 64;
/// The longest folder that is read.
const LONGEST_FOLDER: u64 = 4 << 20;

/// A CD whose table of contents agrees with itself.
pub(crate) struct Volume<'a> {
    source: &'a dyn ReadAt,
    root: Entry,
}

fn damaged(words: impl Into<String>) -> ImageError {
    ImageError::bad(FileFault::VolumeTable, Params::new(), words)
}

impl<'a> Volume<'a> {
    /// Reads and checks the volume descriptors.
    pub fn open(source: &'a dyn ReadAt) -> Result<Self> {
        let length = source.length();
        let mut primary = None;
        let mut ended = false;
        for number in FIRST..FIRST + MOST_DESCRIPTORS {
            let Ok(descriptor) = source.bytes(number * SECTOR, 2048) else {
                break;
            };
            if &descriptor[1..6] != b"CD001" {
                break;
            }
            match descriptor[0] {
                1 if primary.is_none() => primary = Some(descriptor),
                255 => ended = true,
                _ => {}
            }
            if ended {
                break;
            }
        }
        let Some(primary) = primary else {
            return Err(damaged("there is no primary volume descriptor"));
        };
        if !ended {
            return Err(damaged("the list of volume descriptors has no end"));
        }
        let blocks = le32(&primary, 80);
        if blocks != be32(&primary, 84) || u64::from(le16(&primary, 128)) != SECTOR {
            return Err(damaged(
                "the volume's size is written in two ways that differ",
            ));
        }
        let needed = (u64::from(blocks) * SECTOR).max(boot_parts(source));
        if needed > length {
            return Err(ImageError::cut_off(needed, length));
        }
        let root = record(&primary[156..190])
            .filter(|root| root.start.saturating_add(root.length) <= length)
            .ok_or_else(|| damaged("the root folder lies outside of the volume"))?;
        Ok(Self { source, root })
    }
}

/// Where the last of the parts ends that stand behind the volume for firmware to boot from, as the
/// old partition table of a CD for sticks tells; 0 without one.
fn boot_parts(source: &dyn ReadAt) -> u64 {
    let first = source.bytes(0, 512).unwrap_or_default();
    if first.get(510..512) != Some(&[0x55, 0xAA]) {
        return 0;
    }
    let entries = first[446..510].chunks_exact(16);
    // What stands for a GUID partition table may be as long as it likes.
    let parts = entries.filter(|entry| !matches!(entry[4], 0 | PROTECTIVE));
    let ends = parts.map(|entry| u64::from(le32(entry, 8)) + u64::from(le32(entry, 12)));
    ends.max().unwrap_or(0) * 512
}

impl Tree for Volume<'_> {
    fn list(&self, folder: Option<&Entry>) -> io::Result<Vec<Entry>> {
        let folder = folder.unwrap_or(&self.root);
        let length = usize::try_from(folder.length.min(LONGEST_FOLDER)).unwrap_or(0);
        let bytes = self.source.bytes(folder.start, length)?;
        let mut entries = Vec::new();
        // A record never crosses the end of a sector.
        for sector in bytes.chunks(2048) {
            let mut rest = sector;
            while let Some(size) = rest.first().map(|size| usize::from(*size))
                && let Some(bytes) = rest.get(..size).filter(|_| size >= 34)
            {
                // The first two are the folder itself and the one above.
                entries.extend(record(bytes).filter(|entry| !entry.name.is_empty()));
                rest = &rest[size..];
            }
        }
        Ok(entries)
    }

    fn open<'a>(&'a self, file: &Entry) -> io::Result<Box<dyn ReadAt + 'a>> {
        let window = Window::new(self.source, file.start, file.length)?;
        Ok(Box::new(window))
    }
}

/// Reads a directory record.
fn record(bytes: &[u8]) -> Option<Entry> {
    let name_length = usize::from(*bytes.get(32)?);
    let name = bytes.get(33..33 + name_length)?;
    // The system use area begins at an even place.
    let area = 33 + name_length + (1 - name_length % 2);
    let long = rock_ridge(bytes.get(area..).unwrap_or_default());
    let plain = match name {
        [0 | 1] => String::new(),
        name => {
            let text = String::from_utf8_lossy(name);
            let text = text.split_once(';').map_or(&*text, |(name, _)| name);
            text.trim_end_matches('.').to_owned()
        }
    };
    Some(Entry {
        name: if plain.is_empty() {
            plain
        } else {
            long.unwrap_or(plain)
        },
        folder: bytes.get(25)? & 2 != 0,
        start: u64::from(le32(bytes, 2)) * SECTOR,
        length: u64::from(le32(bytes, 10)),
    })
}

/// The long name among the extensions of a record, if there is one.
fn rock_ridge(mut area: &[u8]) -> Option<String> {
    let mut name = Vec::new();
    while let [first, second, size, _, ..] = *area {
        let size = usize::from(size);
        let field = area.get(..size).filter(|_| size >= 4)?;
        if [first, second] == *b"NM" {
            name.extend_from_slice(field.get(5..)?);
        }
        area = &area[size..];
    }
    (!name.is_empty()).then(|| String::from_utf8_lossy(&name).into_owned())
}
