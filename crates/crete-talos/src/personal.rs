//! The person's own files (`~/.talos/config`, `~/.kube/config`): changed only when asked, after a
//! backup, and put back when the change is undone.
//!
//! Which files these are, and the moment, are passed in.

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Why a person's file was not changed.
#[derive(Debug, thiserror::Error)]
pub enum PersonalFileError {
    /// A file or folder could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file's text cannot be merged with: it is left as it is.
    #[error("{path}: {reason}")]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file was changed since: undoing would lose that change.
    #[error("{0} was changed since; its backup stays where it is")]
    Changed(PathBuf),
}

/// What was done to a file, and how to undo it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The file.
    pub path: PathBuf,
    /// Its former text, when it had one.
    pub backup: Option<PathBuf>,
    written: [u8; 32],
}

/// Replaces the text of a file by what `merge` makes of it. A file that is not there counts as
/// empty and is made, with its folder, for the person alone; one that is there keeps its mode, and
/// a symbolic link keeps pointing where it did.
///
/// # Errors
/// When the file cannot be read, merged or written; it is then unchanged.
pub fn merge<T, E: std::fmt::Display>(
    path: &Path,
    now: Timestamp,
    merge: impl FnOnce(&str) -> Result<(String, T), E>,
) -> Result<(Receipt, T), PersonalFileError> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let existing = match fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(source) => return Err(fault(&path)(source)),
    };
    let (text, outcome) = merge(existing.as_deref().unwrap_or_default()).map_err(|error| {
        PersonalFileError::Unreadable {
            path: path.clone(),
            reason: error.to_string(),
        }
    })?;
    let backup = match &existing {
        None => {
            make_folder(&path)?;
            None
        }
        Some(existing) => {
            let backup = backup_path(&path, now);
            write(&backup, existing, 0o600)?;
            Some(backup)
        }
    };
    let mode = fs::metadata(&path).map_or(0o600, |data| data.permissions().mode() & 0o777);
    write(&path, &text, mode)?;
    let receipt = Receipt {
        path,
        backup,
        written: Sha256::digest(&text).into(),
    };
    Ok((receipt, outcome))
}

/// Puts the former text back, or removes a file that was not there before.
///
/// # Errors
/// When the file was changed since, or cannot be written.
pub fn undo(receipt: &Receipt) -> Result<(), PersonalFileError> {
    let path = &receipt.path;
    let current = fs::read(path).map_err(fault(path))?;
    if <[u8; 32]>::from(Sha256::digest(&current)) != receipt.written {
        return Err(PersonalFileError::Changed(path.clone()));
    }
    match &receipt.backup {
        None => fs::remove_file(path).map_err(fault(path)),
        Some(backup) => {
            let text = fs::read_to_string(backup).map_err(fault(backup))?;
            let mode = fs::metadata(path)
                .map_err(fault(path))?
                .permissions()
                .mode()
                & 0o777;
            write(path, &text, mode)?;
            fs::remove_file(backup).map_err(fault(backup))
        }
    }
}

fn fault(path: &Path) -> impl Fn(io::Error) -> PersonalFileError {
    move |source| PersonalFileError::File {
        path: path.to_owned(),
        source,
    }
}

fn make_folder(path: &Path) -> Result<(), PersonalFileError> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(fault(folder))
}

/// `config.20260102T030405Z.crete-backup` beside the file.
fn backup_path(path: &Path, now: Timestamp) -> PathBuf {
    let stamp = now.strftime("%Y%m%dT%H%M%SZ");
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{name}.{stamp}.crete-backup"))
}

/// Writes a neighbour and renames it, so that a reader sees the old text or the new one.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), PersonalFileError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let neighbour = path.with_file_name(format!(".{name}.crete-{}", std::process::id()));
    let written = (|| {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&neighbour)?;
        file.write_all(text.as_bytes())?;
        file.set_permissions(Permissions::from_mode(mode))?;
        file.sync_all()?;
        fs::rename(&neighbour, path)?;
        File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
    })();
    written.map_err(|source| {
        // The neighbour holds a secret; when it was never made there is nothing to remove.
        let _ = fs::remove_file(&neighbour);
        fault(path)(source)
    })
}
