//! The initramfs: a cpio archive ("newc") with the guest, its modules and a console. Pure.

use anyhow::Result;

const FILE: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;
const CHARACTERS: u32 = 0o020_000;
/// Files in the archive begin and end at multiples of this.
const ALIGNMENT: usize = 4;

/// An archive that is being written.
#[derive(Default)]
pub struct Archive {
    bytes: Vec<u8>,
    inode: u32,
}

impl Archive {
    /// Adds a folder; the one above must be there already.
    pub fn folder(&mut self, path: &str) -> Result<()> {
        self.entry(path, FOLDER | 0o755, (0, 0), &[])
    }

    /// Adds a file.
    pub fn file(&mut self, path: &str, mode: u32, content: &[u8]) -> Result<()> {
        self.entry(path, FILE | mode, (0, 0), content)
    }

    /// Adds a character device.
    pub fn device(&mut self, path: &str, major: u32, minor: u32) -> Result<()> {
        self.entry(path, CHARACTERS | 0o600, (major, minor), &[])
    }

    /// The finished archive.
    pub fn end(mut self) -> Result<Vec<u8>> {
        self.entry("TRAILER!!!", 0, (0, 0), &[])?;
        Ok(self.bytes)
    }

    fn entry(&mut self, path: &str, mode: u32, device: (u32, u32), content: &[u8]) -> Result<()> {
        self.inode += 1;
        let links = if mode & FOLDER == FOLDER { 2 } else { 1 };
        let fields = [
            self.inode,
            mode,
            0,
            0,
            links,
            0,
            u32::try_from(content.len())?,
            0,
            0,
            device.0,
            device.1,
            u32::try_from(path.len() + 1)?,
            0,
        ];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes
                .extend_from_slice(format!("{field:08X}").as_bytes());
        }
        self.bytes.extend_from_slice(path.as_bytes());
        self.bytes.push(0);
        self.align();
        self.bytes.extend_from_slice(content);
        self.align();
        Ok(())
    }

    fn align(&mut self) {
        let aligned = self.bytes.len().next_multiple_of(ALIGNMENT);
        self.bytes.resize(aligned, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads an archive the way the kernel does: header, name, content, each aligned.
    fn read(mut bytes: &[u8]) -> Vec<(String, u32, Vec<u8>)> {
        let mut entries = Vec::new();
        loop {
            assert!(bytes.starts_with(b"070701"));
            let field = |number: usize| {
                let text = std::str::from_utf8(&bytes[6 + 8 * number..14 + 8 * number]).unwrap();
                u32::from_str_radix(text, 16).unwrap()
            };
            let (size, name_size) = (field(6) as usize, field(11) as usize);
            let name = std::str::from_utf8(&bytes[110..110 + name_size - 1]).unwrap();
            let start = (110 + name_size).next_multiple_of(4);
            if name == "TRAILER!!!" {
                return entries;
            }
            let content = bytes[start..start + size].to_vec();
            entries.push((name.to_owned(), field(1), content));
            bytes = &bytes[(start + size).next_multiple_of(4)..];
        }
    }

    #[test]
    fn everything_comes_back() {
        let mut archive = Archive::default();
        archive.folder("dev").unwrap();
        archive.device("dev/console", 5, 1).unwrap();
        archive.file("init", 0o755, b"program").unwrap();
        archive.file("empty", 0o644, b"").unwrap();
        let entries = read(&archive.end().unwrap());
        let summary: Vec<(&str, u32, &[u8])> = entries
            .iter()
            .map(|(name, mode, content)| (name.as_str(), *mode, content.as_slice()))
            .collect();
        assert_eq!(
            summary,
            [
                ("dev", 0o040_755, b"".as_slice()),
                ("dev/console", 0o020_600, b""),
                ("init", 0o100_755, b"program"),
                ("empty", 0o100_644, b""),
            ]
        );
    }
}
