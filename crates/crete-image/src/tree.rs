//! Folders and files of a boot volume, whatever file system it has.

use crate::source::ReadAt;
use std::io;

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub name: String,
    pub folder: bool,
    /// Where its content begins, in the file system's own terms.
    pub start: u64,
    /// Its length, bytes.
    pub length: u64,
}

/// A file system that can be read.
pub(crate) trait Tree {
    /// The names in the root, or in a folder.
    fn list(&self, folder: Option<&Entry>) -> io::Result<Vec<Entry>>;

    /// A file's content.
    fn open<'a>(&'a self, file: &Entry) -> io::Result<Box<dyn ReadAt + 'a>>;

    /// The names in a folder given by its path; names differ only in more than upper and lower case.
    fn folder(&self, path: &[&str]) -> io::Result<Vec<Entry>> {
        let mut entries = self.list(None)?;
        for name in path {
            let next = entries
                .into_iter()
                .find(|entry| entry.folder && entry.name.eq_ignore_ascii_case(name))
                .ok_or(io::ErrorKind::NotFound)?;
            entries = self.list(Some(&next))?;
        }
        Ok(entries)
    }
}
