//! Plain files that somebody else made: opened without following a link, and watched for changes.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crete_model::FileStamp;
use rustix::fs::{Mode, OFlags};

use crate::error::{FetchError, NotPlain};

/// A plain file, opened for reading, as it was at that moment.
#[derive(Debug)]
pub struct Plain {
    /// Where it is.
    pub path: PathBuf,
    /// The open file.
    pub file: File,
    /// How it looked.
    pub stamp: FileStamp,
}

impl Plain {
    /// Whether it is still as it was when it was opened.
    ///
    /// # Errors
    /// `Changed` when it is not, `File` when it cannot be examined.
    pub fn check_unchanged(&self) -> Result<(), FetchError> {
        let meta = self.file.metadata().map_err(FetchError::file(&self.path))?;
        if of(&meta) == self.stamp {
            return Ok(());
        }
        Err(FetchError::Changed {
            path: self.path.clone(),
        })
    }
}

/// Opens a plain file with something in it. A link is not followed, and opening a pipe or a
/// device neither waits nor has an effect.
///
/// # Errors
/// `NotPlain` with what it is instead, `File` when it cannot be opened.
pub fn open_plain(path: &Path) -> Result<Plain, FetchError> {
    let not_plain = |what| FetchError::NotPlain {
        path: path.to_owned(),
        what,
    };
    let meta = match std::fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(not_plain(NotPlain::Missing));
        }
        Err(error) => return Err(FetchError::file(path)(error)),
    };
    if meta.is_symlink() {
        let target = std::fs::read_link(path).map_err(FetchError::file(path))?;
        return Err(not_plain(NotPlain::Link(target)));
    }
    if meta.is_dir() {
        return Err(not_plain(NotPlain::Folder));
    }
    if !meta.is_file() {
        return Err(not_plain(NotPlain::Special));
    }
    if meta.len() == 0 {
        return Err(not_plain(NotPlain::Empty));
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file: File = rustix::fs::open(path, flags, Mode::empty())
        .map_err(|error| FetchError::file(path)(error.into()))?
        .into();
    let opened = file.metadata().map_err(FetchError::file(path))?;
    // Somebody put another thing in its place between the look and the opening.
    if of(&opened) != of(&meta) {
        return Err(FetchError::Changed {
            path: path.to_owned(),
        });
    }
    Ok(Plain {
        path: path.to_owned(),
        file,
        stamp: of(&opened),
    })
}

/// How a file looks from outside.
///
/// # Errors
/// `File` when it cannot be examined.
pub fn stamp(path: &Path) -> Result<FileStamp, FetchError> {
    std::fs::metadata(path)
        .map(|meta| of(&meta))
        .map_err(FetchError::file(path))
}

fn of(meta: &Metadata) -> FileStamp {
    FileStamp {
        bytes: meta.len(),
        modified_s: meta.mtime(),
        modified_ns: meta.mtime_nsec(),
        changed_s: Some(meta.ctime()),
        changed_ns: Some(meta.ctime_nsec()),
        inode: meta.ino(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rewrite_that_sets_the_time_back_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("base");
        std::fs::write(&path, "one").unwrap();
        let before = stamp(&path).unwrap();
        let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
        // The clock of the file system ticks a few hundred times a second.
        let mut now = before;
        while now.changed_ns == before.changed_ns {
            std::fs::write(&path, "two").unwrap();
            let file = File::options().write(true).open(&path).unwrap();
            file.set_modified(modified).unwrap();
            now = stamp(&path).unwrap();
        }
        assert_eq!(
            (now.bytes, now.modified_s, now.modified_ns, now.inode),
            (
                before.bytes,
                before.modified_s,
                before.modified_ns,
                before.inode
            ),
            "nothing else tells them apart"
        );
        assert_ne!(now, before);
    }

    #[test]
    fn a_stamp_of_an_older_version_is_read_and_is_no_file_s() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("base");
        std::fs::write(&path, "one").unwrap();
        let now = stamp(&path).unwrap();
        let mut old = serde_json::to_value(now).unwrap();
        let fields = old.as_object_mut().unwrap();
        assert!(fields.remove("changed_s").is_some());
        assert!(fields.remove("changed_ns").is_some());
        let old: FileStamp = serde_json::from_value(old).unwrap();
        assert_ne!(old, now);
    }
}
