//! Disks and variable stores, made by `qemu-img`. A file appears whole or not at all.
//!
//! `qemu-img` ends with this program and holds the machine's lock while it lives, so that two of
//! them never write the same file, whenever this program dies and is started again.

use crate::lock::RunLock;
use crate::process::end_with_us;
use crete_failpoint::step;
use rustix::process::{Pid, PidfdFlags, Signal};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long `qemu-img` may take. It writes only metadata here, or copies a few hundred KiB.
const WITHIN: Duration = Duration::from_secs(60);
/// Ending of a file that is being made.
const HALF: &str = "making";

/// `qemu-img`, and the lock of the machine it works for.
#[derive(Debug, Clone, Copy)]
pub struct QemuImg<'a> {
    /// The program.
    pub program: &'a Path,
    /// Held while it works.
    pub lock: &'a RunLock,
}

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
    img: QemuImg<'_>,
    base: &Path,
    base_format: &str,
    target: &Path,
    size: u64,
) -> Result<(), DiskError> {
    let held = fs::metadata(base).map_err(|source| DiskError::File {
        path: base.to_owned(),
        source,
    })?;
    // qemu-img would cut the content off without a word. A packed format is smaller than what it
    // holds, so this catches raw ones only, and those are what Crete makes.
    if held.len() > size {
        return Err(DiskError::Refused {
            path: target.to_owned(),
            words: format!("its base has {} bytes, more than {size}", held.len()),
        });
    }
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
    make(img, target, &args, &[size.as_ref()]).await
}

/// Makes an empty disk of `size` bytes.
///
/// # Errors
/// When the file cannot be made.
pub async fn create_blank(img: QemuImg<'_>, target: &Path, size: u64) -> Result<(), DiskError> {
    let size = size.to_string();
    let args: [&OsStr; 3] = ["create".as_ref(), "-fqcow2".as_ref(), "-q".as_ref()];
    make(img, target, &args, &[size.as_ref()]).await
}

/// Makes a machine's own firmware variables from the template: qcow2, so that snapshots stay possible.
///
/// # Errors
/// When the template cannot be read or the file cannot be made.
pub async fn create_vars(
    img: QemuImg<'_>,
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
    make(img, target, &args, &[]).await
}

/// Removes what a making that was cut off left in a folder. Whoever calls this holds the lock.
pub fn remove_half_made(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|ending| ending == HALF) {
            // What stays is written over by the next making.
            let _ = step!("disk.sweep", fs::remove_file(path));
        }
    }
}

async fn make(
    img: QemuImg<'_>,
    target: &Path,
    before: &[&OsStr],
    after: &[&OsStr],
) -> Result<(), DiskError> {
    let half = target.with_extension(HALF);
    let mut args: Vec<OsString> = before.iter().map(|arg| (*arg).to_owned()).collect();
    args.push(half.clone().into());
    args.extend(after.iter().map(|arg| (*arg).to_owned()));
    let mut command = Command::new(img.program);
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let run_error = |source| DiskError::Run {
        program: img.program.to_owned(),
        source,
    };
    end_with_us(&mut command, img.lock.share().map_err(run_error)?);
    let (tell, told) = oneshot::channel();
    let _end = EndOnDrop(told);
    let making = Making {
        program: img.program.to_owned(),
        command,
        half,
        target: target.to_owned(),
    };
    let made = tokio::task::spawn_blocking(move || making.run(tell));
    match tokio::time::timeout(WITHIN, made).await {
        Ok(made) => made.unwrap_or_else(|error| Err(run_error(error.into()))),
        Err(_) => Err(DiskError::Hangs {
            path: target.to_owned(),
            seconds: WITHIN.as_secs(),
        }),
    }
}

/// Ends `qemu-img` when nobody waits for it any more.
struct EndOnDrop(oneshot::Receiver<OwnedFd>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        // Whoever is not yet told about finds nobody to tell, and ends it himself.
        self.0.close();
        if let Ok(pidfd) = self.0.try_recv() {
            // It may have ended already.
            let _ = rustix::process::pidfd_send_signal(pidfd, Signal::KILL);
        }
    }
}

/// One file in the making, on a thread of its own: `qemu-img` ends with the thread that started it.
struct Making {
    program: PathBuf,
    command: Command,
    half: PathBuf,
    target: PathBuf,
}

impl Making {
    fn run(mut self, tell: oneshot::Sender<OwnedFd>) -> Result<(), DiskError> {
        let output = self.output(tell).map_err(|source| DiskError::Run {
            program: self.program.clone(),
            source,
        })?;
        if !output.status.success() {
            let _ = step!("disk.unmake", fs::remove_file(&self.half));
            let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(DiskError::Refused {
                path: self.target,
                words,
            });
        }
        self.place().map_err(|source| DiskError::File {
            path: self.target.clone(),
            source,
        })
    }

    fn output(&mut self, tell: oneshot::Sender<OwnedFd>) -> io::Result<Output> {
        let mut child = step!("disk.spawn", self.command.spawn())?;
        let pidfd = rustix::process::pidfd_open(Pid::from_child(&child), PidfdFlags::empty());
        let known = pidfd.is_ok_and(|pidfd| tell.send(pidfd).is_ok());
        if !known {
            child.kill()?;
        }
        child.wait_with_output()
    }

    fn place(&self) -> io::Result<()> {
        let folder = self.target.parent().unwrap_or(Path::new("."));
        step!("disk.sync", File::open(&self.half)?.sync_all())?;
        step!("disk.rename", fs::rename(&self.half, &self.target))?;
        step!("disk.sync_folder", File::open(folder)?.sync_all())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place {
        folder: tempfile::TempDir,
        lock: RunLock,
    }

    fn place() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let lock = RunLock::take(&folder.path().join("disk.lock"));
        Place {
            lock: lock.unwrap().unwrap(),
            folder,
        }
    }

    impl Place {
        fn img<'a>(&'a self, program: &'a Path) -> QemuImg<'a> {
            QemuImg {
                program,
                lock: &self.lock,
            }
        }

        fn at(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        /// A program that stands for `qemu-img`.
        fn script(&self, text: &str) -> PathBuf {
            let path = self.at("img");
            // Another process writes it: were it this one, a fork of another test could hold the
            // file open for writing, and the kernel would refuse to run it.
            let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$2" && chmod 700 "$2""#;
            let mut shell = Command::new("sh");
            shell.args(["-c", write, "sh", text]).arg(&path);
            assert!(shell.status().unwrap().success());
            path
        }

        fn names(&self) -> Vec<String> {
            let names = fs::read_dir(self.folder.path()).unwrap();
            let mut names: Vec<String> = names
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        }
    }

    #[tokio::test]
    async fn a_base_that_does_not_fit_is_refused() {
        let place = place();
        let base = place.at("base");
        File::create(&base).unwrap().set_len(2 << 20).unwrap();
        let img = place.img(Path::new("/no/qemu-img"));
        let target = place.at("disk.qcow2");
        let error = create_overlay(img, &base, "raw", &target, 1 << 20).await;
        let words = error.unwrap_err().to_string();
        assert!(words.contains("2097152"), "{words}");
    }

    #[tokio::test]
    async fn its_words_are_told_and_nothing_is_left() {
        let place = place();
        let program =
            place.script("for last; do :; done; echo half > \"$5\"; echo no room >&2; exit 1");
        let target = place.at("vars.qcow2");
        let error = create_vars(place.img(&program), &target, "raw", &target).await;
        assert!(matches!(error, Err(DiskError::Refused { words, .. }) if words == "no room"));
        assert_eq!(place.names(), ["disk.lock", "img"]);
    }

    #[tokio::test]
    async fn a_making_nobody_waits_for_is_ended_and_lets_the_lock_go() {
        let place = place();
        let told = place.at("told");
        let program = place.script(&format!("echo $$ > {}; exec sleep 600", told.display()));
        let target = place.at("disk.qcow2");
        let making = create_blank(place.img(&program), &target, 1 << 20);
        let begun = async {
            while fs::read_to_string(&told).unwrap_or_default().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            made = making => panic!("{made:?}"),
            () = begun => {}
        }
        let Place { folder, lock } = place;
        drop(lock);
        let path = folder.path().join("disk.lock");
        let lock = RunLock::take_within(&path, Duration::from_secs(20)).await;
        assert!(lock.unwrap().is_some(), "it still runs");
    }
}
