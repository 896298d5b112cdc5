//! Disks and variable stores, made by `qemu-img`. A file appears whole or not at all.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// How long `qemu-img` may take. It writes only metadata here, or copies a few hundred KiB.
const WITHIN: Duration = Duration::from_secs(60);

/// Why a disk could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// `qemu-img` could not be run.
    #[error("{program} could not be run: {source}", program = program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `qemu-img` refused.
    #[error("{path} could not be made: {words}", path = path.display())]
    Refused {
        /// The file wanted.
        path: PathBuf,
        /// `qemu-img`'s words.
        words: String,
    },
    /// `qemu-img` did not end.
    #[error("{path} could not be made: qemu-img did not end within {seconds} s", path = path.display())]
    Hangs {
        /// The file wanted.
        path: PathBuf,
        /// How long was waited.
        seconds: u64,
    },
    /// The finished file could not be put in its place.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Makes a disk of `size` bytes whose content is that of a read-only base until it is written.
///
/// # Errors
/// When the base is larger than `size`, or the file cannot be made.
pub async fn create_overlay(
    qemu_img: &Path,
    base: &Path,
    base_format: &str,
    target: &Path,
    size: u64,
) -> Result<(), DiskError> {
    let size = size.to_string();
    let args: [&OsStr; 7] = [
        "create".as_ref(),
        "-fqcow2".as_ref(),
        "-F".as_ref(),
        base_format.as_ref(),
        "-b".as_ref(),
        base.as_ref(),
        "-q".as_ref(),
    ];
    make(qemu_img, target, &args, &[size.as_ref()]).await
}

/// Makes an empty disk of `size` bytes.
///
/// # Errors
/// When the file cannot be made.
pub async fn create_blank(qemu_img: &Path, target: &Path, size: u64) -> Result<(), DiskError> {
    let size = size.to_string();
    make(
        qemu_img,
        target,
        &["create".as_ref(), "-fqcow2".as_ref(), "-q".as_ref()],
        &[size.as_ref()],
    )
    .await
}

/// Makes a machine's own firmware variables from the template: qcow2, so that snapshots stay possible.
///
/// # Errors
/// When the template cannot be read or the file cannot be made.
pub async fn create_vars(
    qemu_img: &Path,
    template: &Path,
    format: &str,
    target: &Path,
) -> Result<(), DiskError> {
    let args: [&OsStr; 6] = [
        "convert".as_ref(),
        "-f".as_ref(),
        format.as_ref(),
        "-O".as_ref(),
        "qcow2".as_ref(),
        template.as_ref(),
    ];
    make(qemu_img, target, &args, &[]).await
}

async fn make(
    qemu_img: &Path,
    target: &Path,
    before: &[&OsStr],
    after: &[&OsStr],
) -> Result<(), DiskError> {
    let half = target.with_extension("making");
    let mut command = Command::new(qemu_img);
    command
        .args(before)
        .arg(&half)
        .args(after)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let run = tokio::time::timeout(WITHIN, command.output()).await;
    let output = match run {
        Ok(Ok(output)) => output,
        Ok(Err(source)) => {
            return Err(DiskError::Run {
                program: qemu_img.to_owned(),
                source,
            });
        }
        Err(_) => {
            let _ = std::fs::remove_file(&half);
            return Err(DiskError::Hangs {
                path: target.to_owned(),
                seconds: WITHIN.as_secs(),
            });
        }
    };
    if !output.status.success() {
        let _ = std::fs::remove_file(&half);
        let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(DiskError::Refused {
            path: target.to_owned(),
            words,
        });
    }
    let place = || {
        std::fs::File::open(&half)?.sync_all()?;
        std::fs::rename(&half, target)?;
        std::fs::File::open(target.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    place().map_err(|source| DiskError::File {
        path: target.to_owned(),
        source,
    })
}
