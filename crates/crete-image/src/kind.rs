//! What kind of file it is, by its first bytes.

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A CD.
    Iso,
    /// QEMU's own disk format.
    Qcow2,
    /// A disk as it is, with a partition table.
    Disk,
    /// Packed with Zstandard.
    Zstd,
    /// Packed with xz.
    Xz,
    /// None of these.
    Unknown,
}

/// Bytes from the beginning that are enough to tell.
pub const HEAD: usize = VOLUME_NAME + 5;
/// Where a CD's first volume descriptor names itself.
const VOLUME_NAME: usize = 16 * 2048 + 1;

/// Tells the kind by the first [`HEAD`] bytes, or by all there are.
#[must_use]
pub fn kind(head: &[u8]) -> Kind {
    let begins = |magic: &[u8]| head.starts_with(magic);
    if begins(b"QFI\xfb") {
        Kind::Qcow2
    } else if begins(&[0x28, 0xB5, 0x2F, 0xFD]) {
        Kind::Zstd
    } else if begins(&[0xFD, b'7', b'z', b'X', b'Z', 0]) {
        Kind::Xz
    } else if head.get(VOLUME_NAME..HEAD) == Some(b"CD001") {
        // Before disks: a CD that can also be written to a stick has a partition table too.
        Kind::Iso
    } else if head.get(510..512) == Some(&[0x55, 0xAA]) {
        Kind::Disk
    } else {
        Kind::Unknown
    }
}
