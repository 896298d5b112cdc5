//! A unified kernel image: systemd's boot stub with command line, kernel and initramfs as further
//! sections. Pure.

use anyhow::{Context, Result, bail};

/// Sections begin at multiples of this in the file, so that a CD's names can point at them.
const PLACE: usize = 2048;
/// Sections begin at multiples of this in memory.
const PAGE: u32 = 4096;
const HEADER: usize = 40;
/// Initialised data, readable.
const DATA: u32 = 0x4000_0040;

/// An image and where its added sections lie in it.
pub struct Image {
    /// The program.
    pub bytes: Vec<u8>,
    /// Name, place and length of each added section.
    pub sections: Vec<(&'static str, usize, usize)>,
}

impl Image {
    /// Place and length of a section.
    pub fn section(&self, name: &str) -> Result<(usize, usize)> {
        self.sections
            .iter()
            .find(|(known, _, _)| *known == name)
            .map(|(_, place, length)| (*place, *length))
            .with_context(|| format!("there is no section {name}"))
    }
}

/// Appends sections to a stub.
pub fn unite(stub: &[u8], parts: &[(&'static str, &[u8])]) -> Result<Image> {
    let head = Head::read(stub).context("the boot stub is no program for UEFI")?;
    let free = head.table + head.count * HEADER;
    if free + parts.len() * HEADER > head.headers {
        bail!(
            "the boot stub has no room for {} more sections",
            parts.len()
        );
    }
    // What stands behind the last section are symbols that nobody needs.
    let mut bytes = stub
        .get(..head.end)
        .context("the boot stub is cut")?
        .to_vec();
    let mut memory = head.memory.next_multiple_of(PAGE);
    let mut sections = Vec::new();
    for (number, (name, part)) in parts.iter().enumerate() {
        bytes.resize(bytes.len().next_multiple_of(PLACE), 0);
        let place = bytes.len();
        bytes.extend_from_slice(part);
        bytes.resize(bytes.len().next_multiple_of(PLACE), 0);
        let length = u32::try_from(part.len())?;
        let stored = u32::try_from(bytes.len() - place)?;
        let at = free + number * HEADER;
        let header = &mut bytes[at..at + HEADER];
        header.fill(0);
        header[..name.len()].copy_from_slice(name.as_bytes());
        put(header, 8, length);
        put(header, 12, memory);
        put(header, 16, stored);
        put(header, 20, u32::try_from(place)?);
        put(header, 36, DATA);
        memory = (memory + length).next_multiple_of(PAGE);
        sections.push((*name, place, part.len()));
    }
    let count = u16::try_from(head.count + parts.len())?;
    bytes[head.pe + 6..head.pe + 8].copy_from_slice(&count.to_le_bytes());
    // Symbols are gone, the size in memory has grown, and the checksum is not looked at.
    put(&mut bytes, head.pe + 8, 0);
    put(&mut bytes, head.pe + 12, 0);
    put(&mut bytes, head.pe + 80, memory);
    put(&mut bytes, head.pe + 88, 0);
    Ok(Image { bytes, sections })
}

/// What must be known of a stub.
struct Head {
    /// Place of the PE header.
    pe: usize,
    /// Place of the section table.
    table: usize,
    /// Sections in it.
    count: usize,
    /// Length of all headers.
    headers: usize,
    /// End of the last section in the file.
    end: usize,
    /// End of the last section in memory.
    memory: u32,
}

impl Head {
    fn read(stub: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u16::from_le_bytes(*stub.get(at..)?.first_chunk()?));
        let long = |at: usize| Some(u32::from_le_bytes(*stub.get(at..)?.first_chunk()?));
        let pe = usize::try_from(long(0x3C)?).ok()?;
        let plus = word(pe + 24)? == 0x20B;
        if !stub.starts_with(b"MZ") || stub.get(pe..pe + 4)? != b"PE\0\0" || !plus {
            return None;
        }
        let count = usize::from(word(pe + 6)?);
        let table = pe + 24 + usize::from(word(pe + 20)?);
        let (mut end, mut memory) = (0, 0);
        for number in 0..count {
            let at = table + number * HEADER;
            end = end.max(usize::try_from(long(at + 20)?.checked_add(long(at + 16)?)?).ok()?);
            memory = memory.max(long(at + 12)?.checked_add(long(at + 8)?)?);
        }
        Some(Self {
            pe,
            table,
            count,
            headers: usize::try_from(long(pe + 84)?).ok()?,
            end,
            memory,
        })
    }
}

fn put(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program with one section of 512 bytes and symbols behind it.
    fn stub() -> Vec<u8> {
        let mut bytes = vec![0; 0x400];
        bytes[..2].copy_from_slice(b"MZ");
        put(&mut bytes, 0x3C, 0x80);
        bytes[0x80..0x84].copy_from_slice(b"PE\0\0");
        bytes[0x86] = 1;
        bytes[0x94] = 240;
        bytes[0x98..0x9A].copy_from_slice(&0x20B_u16.to_le_bytes());
        put(&mut bytes, 0x80 + 84, 0x400);
        let section = 0x80 + 24 + 240;
        bytes[section..section + 5].copy_from_slice(b".text");
        for (field, value) in [(8, 0x1F0), (12, 0x4000), (16, 0x200), (20, 0x400)] {
            put(&mut bytes, section + field, value);
        }
        bytes.extend_from_slice(&[0xCC; 0x200]);
        bytes.extend_from_slice(b"symbols");
        bytes
    }

    #[test]
    fn sections_are_found_where_the_headers_say() {
        let kernel = vec![7; 5000];
        let image = unite(&stub(), &[(".cmdline", b"quiet"), (".linux", &kernel)]).unwrap();
        let head = Head::read(&image.bytes).unwrap();
        assert_eq!(head.count, 3);
        assert_eq!(head.end, image.bytes.len());
        let (place, length) = image.section(".linux").unwrap();
        assert_eq!(image.bytes[place..place + length], kernel);
        assert_eq!(place % PLACE, 0);
        let header = head.table + 2 * HEADER;
        assert_eq!(&image.bytes[header..header + 6], b".linux");
        assert!(!image.bytes.ends_with(b"symbols"));
        // .text ends at 0x41F0, so the next pages are 0x5000 and 0x6000.
        assert_eq!(
            image.bytes[header + 12..header + 16],
            0x6000_u32.to_le_bytes()
        );
        assert_eq!(
            image.bytes[0x80 + 80..0x80 + 84],
            0x8000_u32.to_le_bytes(),
            "the size in memory"
        );
    }

    #[test]
    fn no_room_is_said() {
        let many: Vec<(&'static str, &[u8])> = vec![(".x", b"".as_slice()); 20];
        assert!(unite(&stub(), &many).is_err());
        assert!(unite(b"MZ", &[]).is_err());
    }
}
