//! Unified kernel images: programs for the firmware that carry kernel, initramfs and the
//! description of the system in sections.

use crate::source::{ReadAt, le16, le32};
use crete_model::{Arch, TalosVersion};
use std::io;

/// Sections that are looked at.
const MOST_SECTIONS: usize = 96;
/// The longest description; a real one has some hundred bytes.
const LONGEST: u64 = 64 << 10;

/// What a firmware program says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    pub arch: Option<Arch>,
    /// The version, when it is Talos.
    pub talos: Option<TalosVersion>,
}

/// Reads a program's head and its description.
pub(crate) fn read(file: &dyn ReadAt) -> io::Result<Program> {
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    let dos = file.bytes(0, 64)?;
    if !dos.starts_with(b"MZ") {
        return Err(invalid());
    }
    let at = u64::from(le32(&dos, 0x3C));
    let head = file.bytes(at, 24)?;
    if !head.starts_with(b"PE\0\0") {
        return Err(invalid());
    }
    let arch = match le16(&head, 4) {
        0x8664 => Some(Arch::Amd64),
        0xAA64 => Some(Arch::Arm64),
        _ => None,
    };
    let count = usize::from(le16(&head, 6)).min(MOST_SECTIONS);
    let sections = at + 24 + u64::from(le16(&head, 20));
    let mut talos = None;
    for section in file.bytes(sections, count * 40)?.chunks_exact(40) {
        // What follows describes another way to start the same system.
        if section.starts_with(b".profile") {
            break;
        }
        if section.starts_with(b".osrel\0\0") {
            let (size, stored) = (le32(section, 8), le32(section, 16));
            let length = u64::from(size.min(stored)).min(LONGEST);
            let place = u64::from(le32(section, 20));
            let text = file.bytes(place, usize::try_from(length).unwrap_or(0))?;
            talos = version(&String::from_utf8_lossy(&text));
        }
    }
    Ok(Program { arch, talos })
}

/// The version in an os-release text, when it is Talos'.
fn version(text: &str) -> Option<TalosVersion> {
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key))?;
        Some(line.trim().trim_matches('"'))
    };
    if value("ID=") != Some("talos") {
        return None;
    }
    value("VERSION_ID=")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn os_release_texts() {
        let talos = "NAME=\"Talos\"\nID=talos\nVERSION_ID=v1.13.9\n";
        assert_eq!(version(talos), "v1.13.9".parse().ok());
        assert_eq!(
            version("ID=talos\nVERSION_ID=\"v1.14.0-rc.1\"\n"),
            "v1.14.0-rc.1".parse().ok()
        );
        for other in [
            "",
            "ID=debian\nVERSION_ID=\"12\"\n",
            "ID=talos\n",
            "ID=talos\nVERSION_ID=new\n",
        ] {
            assert_eq!(version(other), None, "{other}");
        }
    }
}
