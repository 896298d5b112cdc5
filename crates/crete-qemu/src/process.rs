//! QEMU's process: started detached, recognised again, ended.
//!
//! A process is ours only if pid, start time, boot id and executable all match what was recorded
//! at the spawn; the caller also asks QMP for the machine's UUID. Nothing is ever ended by name.

use crete_model::Accelerator;
use rustix::process::{Pid, PidfdFlags};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::unix::AsyncFd;
use tokio::process::{Child, Command};
use uuid::Uuid;

/// Why a process could not be started, found or signalled.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The program could not be started.
    #[error("{path} could not be started: {source}", path = path.display())]
    Spawn {
        /// The program.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of /proc or of ours could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The record does not parse.
    #[error("{path} does not parse: {reason}", path = path.display())]
    Record {
        /// The record.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A signal could not be sent.
    #[error("process {pid}: {source}")]
    Signal {
        /// The process.
        pid: i32,
        /// Why.
        source: io::Error,
    },
}

/// What proves that a process is the one that was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Clock ticks from boot to the start of the process.
    pub start_ticks: u64,
    /// The boot this happened in.
    pub boot_id: String,
    /// The program, as it was at the spawn.
    pub executable: PathBuf,
}

/// A running machine's process, as kept in the runtime folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Version of this record's form.
    pub schema_version: u32,
    /// The machine.
    pub machine: Uuid,
    /// Process id.
    pub pid: i32,
    /// Clock ticks from boot to the start of the process.
    pub start_ticks: u64,
    /// The boot this happened in.
    pub boot_id: String,
    /// The program, as it was at the spawn.
    pub executable: PathBuf,
    /// How guest code is executed.
    pub accelerator: Accelerator,
    /// RFC 3339.
    pub started_at: String,
    /// Length of the console's log when this run began.
    pub log_start: u64,
}

impl Record {
    /// Writes the record, whole or not at all, mode 0600.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), ProcessError> {
        let file = |source| ProcessError::File {
            path: path.to_owned(),
            source,
        };
        let text = serde_json::to_vec_pretty(self).map_err(|error| file(error.into()))?;
        let half = path.with_extension("writing");
        let mut out = fs::OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&half)
            .map_err(file)?;
        out.write_all(&text)
            .and_then(|()| out.sync_all())
            .map_err(file)?;
        fs::rename(&half, path).map_err(file)
    }

    /// Reads a record; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read or does not parse.
    pub fn read(path: &Path) -> Result<Option<Self>, ProcessError> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(ProcessError::File {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| ProcessError::Record {
                path: path.to_owned(),
                reason: error.to_string(),
            })
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// Its exit status; unknown for a process that was taken back, or killed.
    pub status: Option<i32>,
    /// The signal that killed it.
    pub signal: Option<i32>,
}

/// Signals Crete sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// An orderly end.
    Terminate,
    /// The end.
    Kill,
}

/// A live process: our child, or one taken back. Dropping this does not end it.
#[derive(Debug)]
pub struct Running {
    pid: i32,
    identity: Identity,
    pidfd: AsyncFd<OwnedFd>,
    child: Option<Child>,
}

/// Starts a program in a session of its own, so that it outlives the window.
///
/// Its output goes to `words`, which is begun anew. The parent's death does not reach it.
///
/// # Errors
/// When the program cannot be started.
pub fn spawn(program: &Path, args: &[OsString], words: &Path) -> Result<Running, ProcessError> {
    let file = |source| ProcessError::File {
        path: words.to_owned(),
        source,
    };
    let out = File::options()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(words)
        .map_err(file)?;
    let err = out.try_clone().map_err(file)?;
    let mut command = Command::new(program);
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .kill_on_drop(false);
    kernel::own_session(&mut command);
    let mut child = command.spawn().map_err(|source| ProcessError::Spawn {
        path: program.to_owned(),
        source,
    })?;
    let pid = child
        .id()
        .and_then(|pid| i32::try_from(pid).ok())
        .unwrap_or(0);
    match open(pid) {
        // A program that has ended already still tells its status and its words.
        Ok((pidfd, mut identity, _)) => {
            // Between fork and exec /proc shows this program; what was asked for is what counts.
            identity.executable = fs::canonicalize(program).unwrap_or_else(|_| program.to_owned());
            Ok(Running {
                pid,
                identity,
                pidfd,
                child: Some(child),
            })
        }
        Err(error) => {
            // Without its identity it could never be found again.
            let _ = child.start_kill();
            Err(error)
        }
    }
}

/// Waits for the end of a process that is not ours. Returns at once when there is none.
///
/// # Errors
/// When the process cannot be watched.
pub async fn end_of(pid: i32) -> io::Result<()> {
    let Some(pid) = Pid::from_raw(pid) else {
        return Ok(());
    };
    match rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
        Ok(handle) => kernel::watched(handle)?.readable().await.map(drop),
        Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A process and whether it has ended already without anybody having taken note.
fn open(pid: i32) -> Result<(AsyncFd<OwnedFd>, Identity, bool), ProcessError> {
    let signal = |source| ProcessError::Signal { pid, source };
    let raw = Pid::from_raw(pid).ok_or_else(|| signal(io::Error::from(io::ErrorKind::NotFound)))?;
    let fd = rustix::process::pidfd_open(raw, PidfdFlags::empty())
        .map_err(|error| signal(error.into()))?;
    let pidfd = kernel::watched(fd).map_err(signal)?;
    let (identity, ended) = identify(Path::new("/proc"), pid)?
        .ok_or_else(|| signal(io::Error::from(io::ErrorKind::NotFound)))?;
    Ok((pidfd, identity, ended))
}

/// Who a process is, by /proc, and whether only its zombie is left; `None` when there is none.
fn identify(proc: &Path, pid: i32) -> Result<Option<(Identity, bool)>, ProcessError> {
    let stat_path = proc.join(pid.to_string()).join("stat");
    let stat = match fs::read_to_string(&stat_path) {
        Ok(stat) => stat,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        // The process may end between opening and reading.
        Err(error) if error.raw_os_error() == Some(3) => return Ok(None),
        Err(source) => {
            return Err(ProcessError::File {
                path: stat_path,
                source,
            });
        }
    };
    let Some((state, start_ticks)) = parse_stat(&stat) else {
        return Ok(None);
    };
    let boot_path = proc.join("sys/kernel/random/boot_id");
    let boot_id = fs::read_to_string(&boot_path).map_err(|source| ProcessError::File {
        path: boot_path,
        source,
    })?;
    let executable = fs::read_link(proc.join(pid.to_string()).join("exe")).unwrap_or_default();
    // An upgrade replaces the file: the kernel then appends this to the path of the running one.
    let text = executable.to_string_lossy();
    let executable = PathBuf::from(text.strip_suffix(" (deleted)").unwrap_or(&text));
    let identity = Identity {
        start_ticks,
        boot_id: boot_id.trim().to_owned(),
        executable,
    };
    Ok(Some((identity, matches!(state, 'Z' | 'X'))))
}

/// State and start time of a line of `/proc/PID/stat`. The program's name in it may hold blanks
/// and parentheses, so the fields are counted from the last one.
fn parse_stat(stat: &str) -> Option<(char, u64)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?.chars().next()?;
    // Field 22 of the line; the state is field 3.
    let start = fields.nth(18)?.parse().ok()?;
    Some((state, start))
}

/// Finds a recorded process again: it runs and is the one that was recorded, or `None`.
/// The caller still asks QMP for the machine's id.
///
/// # Errors
/// When /proc cannot be read.
pub fn adopt(record: &Record) -> Result<Option<Running>, ProcessError> {
    let Ok((pidfd, identity, ended)) = open(record.pid) else {
        return Ok(None);
    };
    let same = !ended
        && identity.start_ticks == record.start_ticks
        && identity.boot_id == record.boot_id
        && identity.executable == record.executable;
    if !same {
        return Ok(None);
    }
    Ok(Some(Running {
        pid: record.pid,
        identity,
        pidfd,
        child: None,
    }))
}

impl Running {
    /// Process id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// What proves who it is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Waits for its end. May be dropped and called again.
    pub async fn wait(&mut self) -> Exit {
        if let Some(child) = &mut self.child {
            return match child.wait().await {
                Ok(status) => Exit {
                    status: status.code(),
                    signal: status.signal(),
                },
                Err(_) => Exit {
                    status: None,
                    signal: None,
                },
            };
        }
        // A pidfd becomes readable when the process ends, whoever its parent is. An error here
        // would mean the runtime is going away, and with it this wait.
        let _ = self.pidfd.readable().await;
        Exit {
            status: None,
            signal: None,
        }
    }

    /// Sends a signal to exactly this process: a reused pid cannot be hit.
    ///
    /// # Errors
    /// When it cannot be sent. A process that is gone already is no error.
    pub fn signal(&self, signal: Signal) -> Result<(), ProcessError> {
        let number = match signal {
            Signal::Terminate => rustix::process::Signal::TERM,
            Signal::Kill => rustix::process::Signal::KILL,
        };
        match rustix::process::pidfd_send_signal(self.pidfd.get_ref(), number) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(ProcessError::Signal {
                pid: self.pid,
                source: error.into(),
            }),
        }
    }
}

/// The one place where the compiler cannot see what the kernel guarantees.
#[allow(unsafe_code, reason = "see each SAFETY note")]
mod kernel {
    use std::io;
    use std::os::fd::OwnedFd;
    use tokio::io::unix::AsyncFd;
    use tokio::process::Command;

    /// Gives the program a session of its own: no terminal and no process group of ours reaches it.
    pub(super) fn own_session(command: &mut Command) {
        // SAFETY: the closure runs in the forked child before exec and makes one system call,
        // setsid, which is async-signal-safe, allocates nothing and touches no lock.
        unsafe {
            command.pre_exec(|| {
                rustix::process::setsid()?;
                Ok(())
            });
        }
    }

    /// Lets the runtime watch a pidfd.
    pub(super) fn watched(pidfd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
        // SAFETY: the descriptor is owned by the AsyncFd from here on, so it stays open, and stays
        // the same file, until it is deregistered; an OwnedFd cannot be swapped through `&`.
        unsafe { AsyncFd::register(pidfd) }.map_err(Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let fields: Vec<String> = (4..=30).map(|n| (n * 10).to_string()).collect();
        let stat = format!("77 (qemu) x (y) S {}", fields.join(" "));
        assert_eq!(parse_stat(&stat), Some(('S', 220)));
        assert_eq!(parse_stat("77"), None);
    }

    fn record(running: &Running) -> Record {
        Record {
            schema_version: 1,
            machine: Uuid::nil(),
            pid: running.pid(),
            start_ticks: running.identity().start_ticks,
            boot_id: running.identity().boot_id.clone(),
            executable: running.identity().executable.clone(),
            accelerator: Accelerator::Tcg,
            started_at: String::new(),
            log_start: 0,
        }
    }

    #[tokio::test]
    async fn a_process_is_found_again_only_while_it_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let words = folder.path().join("words");
        let sleep = fs::canonicalize("/bin/sleep").unwrap();
        let mut running = spawn(&sleep, &["600".into()], &words).unwrap();
        let mut kept = record(&running);
        let path = folder.path().join("process.json");
        kept.write(&path).unwrap();
        assert_eq!(Record::read(&path).unwrap().unwrap(), kept);

        // The child may still be between fork and exec: then it is not yet the program.
        let again = loop {
            match adopt(&kept).unwrap() {
                Some(again) => break again,
                None => tokio::task::yield_now().await,
            }
        };
        kept.start_ticks += 1;
        assert!(adopt(&kept).unwrap().is_none());
        kept.start_ticks -= 1;
        kept.boot_id = "another".into();
        assert!(adopt(&kept).unwrap().is_none());

        again.signal(Signal::Kill).unwrap();
        assert_eq!(
            running.wait().await,
            Exit {
                status: None,
                signal: Some(9)
            }
        );
        kept.boot_id = running.identity().boot_id.clone();
        assert!(adopt(&kept).unwrap().is_none());
        running.signal(Signal::Kill).unwrap();
    }

    #[tokio::test]
    async fn its_words_are_kept_and_its_status_told() {
        let folder = tempfile::tempdir().unwrap();
        let words = folder.path().join("words");
        let mut running = spawn(Path::new("/bin/ls"), &["/no/such/folder".into()], &words).unwrap();
        assert_eq!(running.wait().await.status, Some(2));
        assert!(
            fs::read_to_string(&words)
                .unwrap()
                .contains("/no/such/folder")
        );
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = spawn(Path::new("/no/qemu"), &[], &folder.path().join("w")).unwrap_err();
        assert!(error.to_string().contains("/no/qemu"));
    }
}
