//! The few steps by which files come into being, move and go. Everything that must survive a
//! crash is written through here, so that a crash can be tried at each of these places.

use crete_failpoint::step;
use std::fs::{File, Permissions};
use std::io::{self, IoSlice, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::FetchError;

/// `target` with another ending appended to its full name.
pub(crate) fn beside(target: &Path, ending: &str) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// Opens a file for writing, with whatever is in it.
pub(crate) fn open(path: &Path) -> Result<File, FetchError> {
    let open = || {
        File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
    };
    step!("fetch.open", open()).map_err(FetchError::file(path))
}

/// Appends chunks to an open file.
pub(crate) fn append(
    file: &mut File,
    chunks: &mut [IoSlice<'_>],
    path: &Path,
) -> Result<(), FetchError> {
    step!("fetch.append", write_all(file, chunks)).map_err(FetchError::file(path))
}

/// Writes all chunks, with as few calls as the kernel allows.
fn write_all(file: &mut impl Write, chunks: &mut [IoSlice<'_>]) -> io::Result<()> {
    let mut left = chunks;
    // Those that are empty in front are no reason to write.
    IoSlice::advance_slices(&mut left, 0);
    while !left.is_empty() {
        match file.write_vectored(left) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut left, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Makes the content of an open file survive a power cut.
pub(crate) fn sync(file: &File, path: &Path) -> Result<(), FetchError> {
    step!("fetch.sync", file.sync_all()).map_err(FetchError::file(path))
}

/// Makes what happened in the folder of `path` survive a power cut.
pub(crate) fn sync_folder_of(path: &Path) -> Result<(), FetchError> {
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let sync = || File::open(folder).and_then(|f| f.sync_all());
    step!("fetch.sync_folder", sync()).map_err(FetchError::file(folder))
}

/// Where the successor of a small file is written.
pub(crate) fn fresh(path: &Path) -> PathBuf {
    beside(path, "new")
}

/// Replaces a small file in one step.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), FetchError> {
    let fresh = fresh(path);
    let write = || -> io::Result<()> {
        let mut file = step!("side.create", File::create(&fresh))?;
        step!("side.write", file.write_all(bytes))?;
        step!("side.sync", file.sync_data())?;
        step!("side.rename", std::fs::rename(&fresh, path))
    };
    write().map_err(|error| {
        // Half a new one is of no use, and the old one is still there.
        let _ = std::fs::remove_file(&fresh);
        FetchError::file(path)(error)
    })
}

/// Moves a file and makes the move itself durable. What is at `to` is replaced.
///
/// # Errors
/// `File` when it cannot be moved, for example to another file system.
pub fn rename(from: &Path, to: &Path) -> Result<(), FetchError> {
    step!("fetch.rename", std::fs::rename(from, to)).map_err(FetchError::file(to))?;
    sync_folder_of(to)?;
    if from.parent() == to.parent() {
        return Ok(());
    }
    sync_folder_of(from)
}

/// The same, but only where there is nothing at `to`.
///
/// # Errors
/// `Exists` when there is something, `File` when it cannot be moved.
pub(crate) fn rename_to_free(from: &Path, to: &Path) -> Result<(), FetchError> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    let exists = || FetchError::Exists {
        path: to.to_owned(),
    };
    match step!(
        "fetch.rename_free",
        renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE).map_err(io::Error::from)
    ) {
        Ok(()) => sync_folder_of(to),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists()),
        // A file system of another world, such as that of a USB stick: looking first is all
        // that can be done there.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            if std::fs::symlink_metadata(to).is_ok() {
                return Err(exists());
            }
            rename(from, to)
        }
        Err(error) => Err(FetchError::file(to)(error)),
    }
}

/// Removes a file that may not be there.
///
/// # Errors
/// `File` when it is there and cannot be removed.
pub fn remove(path: &Path) -> Result<(), FetchError> {
    match step!("fetch.remove", std::fs::remove_file(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FetchError::file(path)(error)),
        _ => Ok(()),
    }
}

/// Gives a finished file its place: read-only, flushed, renamed, and the folder flushed.
pub(crate) fn settle(file: &File, fresh: &Path, target: &Path) -> Result<(), FetchError> {
    let read_only = Permissions::from_mode(0o444);
    step!("fetch.read_only", file.set_permissions(read_only)).map_err(FetchError::file(fresh))?;
    sync(file, fresh)?;
    rename(fresh, target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Takes at most so many bytes of a call, and is interrupted before each.
    struct Reluctant {
        taken: Vec<u8>,
        most: usize,
        interrupts: bool,
    }

    impl Write for Reluctant {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.write_vectored(&[IoSlice::new(bytes)])
        }

        fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
            self.interrupts = !self.interrupts;
            if self.interrupts {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let all: Vec<u8> = slices
                .iter()
                .flat_map(|slice| slice.iter().copied())
                .collect();
            let taken = all.len().min(self.most);
            self.taken.extend(&all[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    proptest! {
        /// Every byte is written once and in order, however few the file takes at a time.
        #[test]
        fn chunks_are_written_whole(
            chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..9), 0..9),
            most in 1usize..20,
        ) {
            let mut file = Reluctant { taken: Vec::new(), most, interrupts: false };
            let mut slices: Vec<_> = chunks.iter().map(|chunk| IoSlice::new(chunk)).collect();
            write_all(&mut file, &mut slices).unwrap();
            prop_assert_eq!(file.taken, chunks.concat());
        }
    }

    #[test]
    fn a_file_that_takes_nothing_is_an_error_and_no_loop() {
        let mut file = Reluctant {
            taken: Vec::new(),
            most: 0,
            interrupts: false,
        };
        let error = write_all(&mut file, &mut [IoSlice::new(b"x")]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WriteZero);
    }
}
