//! The person's own files (`~/.talos/config`, `~/.kube/config`): changed only when asked, after a
//! backup, and put back when the change is undone.
//!
//! ```text
//! look ─▶ intend (a record, not here) ─▶ backup ─▶ neighbour ─▶ rename over the file
//! undo:  the file is as it was left ─▶ neighbour from the backup ─▶ rename ─▶ backup goes
//! ```
//!
//! A symbolic link keeps leading where it did, also to a file that is not there yet; the file keeps
//! its mode. Which files these are is passed in. What they hold never appears in an error.

use crete_failpoint::step;
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Links that lead to links: more than this is a circle.
const MOST_LINKS: usize = 40;

/// Why a person's file was not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PersonalFault {
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The person may not write to it, and meant it so.
    #[error("{} is read-only", .0.display())]
    ReadOnly(PathBuf),
    /// A folder or a device stands there.
    #[error("{} is no file", .0.display())]
    NoFile(PathBuf),
    /// The text is none of its kind: it is left as it is.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It was changed since: undoing would lose that change.
    #[error("{} was changed since", .0.display())]
    Changed(PathBuf),
}

type Done<T = ()> = Result<T, PersonalFault>;

/// What a file looked like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look {
    /// The file itself, at the end of all links.
    pub path: PathBuf,
    /// Its bytes; none when it is not there. They hold secrets.
    pub bytes: Option<Vec<u8>>,
    /// Its mode, or the one it is to get.
    pub mode: u32,
}

impl Look {
    /// Looks at a file. Nothing is changed.
    ///
    /// # Errors
    /// When it is there and cannot be read, or is no file.
    pub fn at(path: &Path) -> Done<Self> {
        let path = end_of_links(path)?;
        let data = match fs::metadata(&path) {
            Ok(data) => data,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self {
                    path,
                    bytes: None,
                    mode: 0o600,
                });
            }
            Err(source) => return Err(fault(&path)(source)),
        };
        if !data.is_file() {
            return Err(PersonalFault::NoFile(path));
        }
        let bytes = fs::read(&path).map_err(fault(&path))?;
        Ok(Self {
            bytes: Some(bytes),
            mode: data.permissions().mode() & 0o7777,
            path,
        })
    }

    /// Its text; empty when it is not there.
    ///
    /// # Errors
    /// When it is no text.
    pub fn text(&self) -> Done<&str> {
        let bytes = self.bytes.as_deref().unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| PersonalFault::Unreadable {
            path: self.path.clone(),
            reason: "it is no text".to_owned(),
        })
    }

    /// The fingerprint of its bytes; none when it is not there.
    pub fn digest(&self) -> Option<String> {
        self.bytes.as_deref().map(digest)
    }
}

/// A fingerprint that tells two texts apart and gives nothing of them away.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let bytes = Sha256::digest(bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Follows links, also one to a file that is not there yet.
fn end_of_links(path: &Path) -> Done<PathBuf> {
    let mut at = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&at) {
            Ok(next) => at = at.parent().unwrap_or(Path::new("/")).join(next),
            // It is no link, or not there.
            Err(_) => return Ok(at),
        }
    }
    Err(fault(path)(io::Error::from(io::ErrorKind::InvalidInput)))
}

/// Where a file's backup is to stand: `config.NAME.crete-backup` beside it.
pub(crate) fn backup_of(path: &Path, name: &str) -> PathBuf {
    beside(path, |file| format!("{file}.{name}.crete-backup"))
}

/// Where a file's next text is written first.
pub(crate) fn neighbour_of(path: &Path, name: &str) -> PathBuf {
    beside(path, |file| format!(".{file}.{name}.crete"))
}

fn beside(path: &Path, name: impl FnOnce(&str) -> String) -> PathBuf {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(name(&file))
}

/// The folders above a file that are not there, outermost first.
pub(crate) fn missing_folders(path: &Path) -> Vec<PathBuf> {
    let above = path.ancestors().skip(1);
    let mut missing: Vec<PathBuf> = above
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .map(Path::to_owned)
        .collect();
    missing.reverse();
    missing
}

/// Replaces a file's text, as it was looked at. Its backup is made first, where it is there.
///
/// # Errors
/// When it was changed meanwhile, or cannot be written; it is then unchanged.
pub(crate) fn replace(look: &Look, text: &str, name: &str, with_backup: bool) -> Done {
    let path = &look.path;
    if look.bytes.is_some() && look.mode & 0o200 == 0 {
        return Err(PersonalFault::ReadOnly(path.clone()));
    }
    match &look.bytes {
        None => make_folder(path)?,
        Some(bytes) if with_backup => {
            let backup = backup_of(path, name);
            step!("access.backup", write_new(&backup, bytes, 0o600))?;
        }
        Some(_) => {}
    }
    write(look, text.as_bytes(), name)
}

/// Gives a file back as it was before: its backup's bytes, or nothing where there was nothing.
///
/// # Errors
/// When it is neither as it was left nor as it was before.
pub(crate) fn give_back(
    path: &Path,
    name: &str,
    written: &str,
    before: Option<&str>,
    made: &[PathBuf],
) -> Done {
    let now = Look::at(path)?;
    let digest = now.digest();
    let backup = backup_of(path, name);
    if digest.as_deref() != before {
        if digest.as_deref() != Some(written) {
            return Err(PersonalFault::Changed(path.to_owned()));
        }
        match before {
            None => step!("access.remove", fs::remove_file(&now.path)).map_err(fault(path))?,
            Some(_) => {
                let old = fs::read(&backup).map_err(fault(&backup))?;
                write(&now, &old, name)?;
            }
        }
    }
    tidy(path, name, made)
}

/// Takes away what lies beside a file and the folders that were made for it.
///
/// # Errors
/// When a backup is there and cannot be removed.
pub(crate) fn tidy(path: &Path, name: &str, made: &[PathBuf]) -> Done {
    drop_backup(path, name)?;
    for folder in made.iter().rev() {
        // One that something was put into meanwhile stays.
        let _ = step!("access.remove_folder", fs::remove_dir(folder));
    }
    Ok(())
}

/// Removes a file's backup, and what a write that was cut off left beside it.
///
/// # Errors
/// When one is there and cannot be removed.
fn drop_backup(path: &Path, name: &str) -> Done {
    for one in [backup_of(path, name), neighbour_of(path, name)] {
        match step!("access.drop_backup", fs::remove_file(&one)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(fault(&one)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn make_folder(path: &Path) -> Done {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    let make = || {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
    };
    step!("access.folder", make()).map_err(fault(folder))
}

/// Writes a neighbour and renames it, so that a reader sees the old text or the new one.
fn write(look: &Look, bytes: &[u8], name: &str) -> Done {
    let path = &look.path;
    let neighbour = neighbour_of(path, name);
    let replaced = (|| {
        step!("access.write", write_new(&neighbour, bytes, look.mode))?;
        // Somebody else may have written in the meantime.
        if Look::at(path)?.digest() != look.digest() {
            return Err(PersonalFault::Changed(path.clone()));
        }
        step!("access.rename", fs::rename(&neighbour, path)).map_err(fault(path))?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        let sync = || File::open(folder)?.sync_all();
        step!("access.sync_folder", sync()).map_err(fault(folder))
    })();
    if replaced.is_err() {
        // It holds a secret; when it was never made there is nothing to remove.
        let _ = fs::remove_file(&neighbour);
    }
    replaced
}

/// Writes a file that nobody but the person can read until it is complete.
pub(super) fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Done {
    let written = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.write_all(bytes)?;
        file.set_permissions(Permissions::from_mode(mode))?;
        file.sync_all()
    };
    written().map_err(fault(path))
}

pub(super) fn fault(path: &Path) -> impl Fn(io::Error) -> PersonalFault {
    move |source| PersonalFault::File {
        path: path.to_owned(),
        source,
    }
}
