//! What a node keeps, in two places that are written in turn: whenever the power goes, one of them
//! is whole.

use sha2::{Digest, Sha256};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

const MAGIC: &[u8; 24] = b"crete practice node 1\n\0\0";
/// Magic, number, length, digest.
const HEADER: usize = 24 + 8 + 8 + 32;
/// Bytes of each place.
const PLACE: u64 = 512 << 10;

/// The newest whole record, with its number.
pub fn newest(disk: &File, at: u64) -> io::Result<Option<(u64, Vec<u8>)>> {
    let mut found: Option<(u64, Vec<u8>)> = None;
    for place in [at, at + PLACE] {
        let record = read(disk, place)?;
        if let Some(record) = record
            && found.as_ref().is_none_or(|(number, _)| record.0 > *number)
        {
            found = Some(record);
        }
    }
    Ok(found)
}

/// What is in one place, if it is whole. A disk that ends before it holds nothing.
fn read(disk: &File, place: u64) -> io::Result<Option<(u64, Vec<u8>)>> {
    let mut header = [0; HEADER];
    match disk.read_exact_at(&mut header, place) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let (magic, rest) = header.split_at(MAGIC.len());
    let number = |at: usize| {
        let bytes: [u8; 8] = rest[at..at + 8].try_into().unwrap_or_default();
        u64::from_le_bytes(bytes)
    };
    let length = number(8);
    if magic != MAGIC || length > PLACE - HEADER as u64 {
        return Ok(None);
    }
    let mut content = vec![0; usize::try_from(length).unwrap_or_default()];
    disk.read_exact_at(&mut content, place + HEADER as u64)?;
    let whole = Sha256::digest(&content).as_slice() == &rest[16..];
    Ok(whole.then_some((number(0), content)))
}

/// Replaces the older record.
pub fn write(disk: &File, at: u64, content: &[u8]) -> io::Result<()> {
    let length = content.len() as u64;
    if length > PLACE - HEADER as u64 {
        let text = format!("{length} bytes do not fit into META");
        return Err(io::Error::other(text));
    }
    let last = newest(disk, at)?.map_or(0, |(number, _)| number);
    let next = last + 1;
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&next.to_le_bytes());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&Sha256::digest(content));
    bytes.extend_from_slice(content);
    disk.write_all_at(&bytes, at + (next % 2) * PLACE)?;
    disk.sync_data()
}

/// Makes both places empty.
pub fn erase(disk: &File, at: u64) -> io::Result<()> {
    for place in [at, at + PLACE] {
        disk.write_all_at(&[0; HEADER], place)?;
    }
    disk.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_was_cut_gives_way_to_the_one_before() {
        let disk = tempfile::tempfile().unwrap();
        disk.set_len(1 << 20).unwrap();
        write(&disk, 0, b"first").unwrap();
        write(&disk, 0, b"second").unwrap();
        assert_eq!(newest(&disk, 0).unwrap().unwrap(), (2, b"second".to_vec()));
        // The second one is in the first place; a byte of it was not written.
        disk.write_all_at(b"X", HEADER as u64 + 2).unwrap();
        assert_eq!(newest(&disk, 0).unwrap().unwrap(), (1, b"first".to_vec()));
        write(&disk, 0, b"third").unwrap();
        assert_eq!(newest(&disk, 0).unwrap().unwrap(), (2, b"third".to_vec()));
        erase(&disk, 0).unwrap();
        assert_eq!(newest(&disk, 0).unwrap(), None);
    }

    #[test]
    fn what_does_not_fit_is_refused_and_a_short_disk_is_empty() {
        let disk = tempfile::tempfile().unwrap();
        assert_eq!(newest(&disk, 0).unwrap(), None);
        assert!(write(&disk, 0, &vec![1; 600 << 10]).is_err());
    }
}
