//! The process of a machine or of a network: started detached, recognised again, ended.
//!
//! A process is ours only if pid, start time, boot id and executable all match what was recorded
//! at the spawn, or if it holds the lock that only a process of ours was ever given; the caller
//! also asks it for its id, over QMP or the network's socket. Nothing is ever ended by name.

mod gate;
mod kernel;
mod record;

pub use gate::{Held, Launch, hold};
pub(crate) use kernel::end_with_us;
pub use record::{MachineRun, NetworkRun, Record, remove_record};

use rustix::process::{Pid, PidfdFlags};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use tokio::io::unix::AsyncFd;
use tokio::process::Child;

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

/// A process, who it is, and whether only its zombie is left; `None` when there is none.
fn open(pid: i32) -> Result<Option<(AsyncFd<OwnedFd>, Identity, bool)>, ProcessError> {
    let signal = |source| ProcessError::Signal { pid, source };
    let Some(raw) = Pid::from_raw(pid) else {
        return Ok(None);
    };
    let fd = match rustix::process::pidfd_open(raw, PidfdFlags::empty()) {
        Ok(fd) => fd,
        Err(rustix::io::Errno::SRCH) => return Ok(None),
        Err(error) => return Err(signal(error.into())),
    };
    let pidfd = kernel::watched(fd).map_err(signal)?;
    let identified = identify(Path::new("/proc"), pid)?;
    Ok(identified.map(|(identity, ended)| (pidfd, identity, ended)))
}

/// Who a process is, by /proc, and whether only its zombie is left; `None` when there is none.
fn identify(proc: &Path, pid: i32) -> Result<Option<(Identity, bool)>, ProcessError> {
    let stat_path = proc.join(pid.to_string()).join("stat");
    let stat = match fs::read_to_string(&stat_path) {
        Ok(stat) => stat,
        Err(error) if is_gone(&error) => return Ok(None),
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
    let identity = Identity {
        start_ticks,
        boot_id: boot_id.trim().to_owned(),
        // A zombie has none, and somebody else's cannot be read: neither is one of ours.
        executable: executable(proc, pid).unwrap_or_default(),
    };
    Ok(Some((identity, matches!(state, 'Z' | 'X'))))
}

/// True for what /proc says of a process that is no more, before and after its files are opened.
fn is_gone(error: &io::Error) -> bool {
    const NO_SUCH_PROCESS: i32 = 3;
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(NO_SUCH_PROCESS)
}

/// The program a process runs, by the path it was started from.
fn executable(proc: &Path, pid: i32) -> Option<PathBuf> {
    let link = fs::read_link(proc.join(pid.to_string()).join("exe")).ok()?;
    // An upgrade replaces the file: the kernel then appends this to the path of the running one.
    let text = link.to_string_lossy();
    Some(PathBuf::from(
        text.strip_suffix(" (deleted)").unwrap_or(&text),
    ))
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
pub fn adopt<Run>(record: &Record<Run>) -> Result<Option<Running>, ProcessError> {
    let Some((pidfd, identity, ended)) = open(record.pid)? else {
        return Ok(None);
    };
    let same = !ended
        && identity.start_ticks == record.start_ticks
        && identity.boot_id == record.boot_id
        && identity.executable == record.executable;
    Ok(same.then_some(Running {
        pid: record.pid,
        identity,
        pidfd,
        child: None,
    }))
}

/// Takes a process that holds a lock for what it is: it was started with this option and value, or
/// `None`.
///
/// # Errors
/// When /proc cannot be read.
pub fn adopt_holder(pid: i32, option: &str, value: &str) -> Result<Option<Running>, ProcessError> {
    let Some((pidfd, identity, ended)) = open(pid)? else {
        return Ok(None);
    };
    // Read after the process was opened: as long as it lives, this is its own.
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut words = line.split(|byte| *byte == 0);
    let named =
        words.any(|word| word == option.as_bytes()) && words.next() == Some(value.as_bytes());
    Ok((named && !ended).then_some(Running {
        pid,
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

    /// The program it runs now. Where what was started is a script that becomes QEMU in the end,
    /// this differs from what was asked for.
    #[must_use]
    pub fn executable(&self) -> Option<PathBuf> {
        executable(Path::new("/proc"), self.pid)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::RunLock;
    use crete_model::Accelerator;
    use std::ffi::OsString;
    use uuid::Uuid;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let fields: Vec<String> = (4..=30).map(|n| (n * 10).to_string()).collect();
        let stat = format!("77 (qemu) x (y) S {}", fields.join(" "));
        assert_eq!(parse_stat(&stat), Some(('S', 220)));
        assert_eq!(parse_stat("77"), None);
    }

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
        async fn hold(&self, program: &Path, args: &[&str]) -> Held {
            let args: Vec<OsString> = args.iter().map(Into::into).collect();
            let launch = Launch {
                program,
                args: &args,
                words: &self.folder.path().join("words"),
                lock: &self.lock,
            };
            hold(launch).await.unwrap()
        }

        fn words(&self) -> String {
            fs::read_to_string(self.folder.path().join("words")).unwrap()
        }
    }

    fn record(pid: i32, identity: &Identity) -> Record {
        Record {
            schema_version: 1,
            owner: Uuid::nil(),
            pid,
            start_ticks: identity.start_ticks,
            boot_id: identity.boot_id.clone(),
            executable: identity.executable.clone(),
            started_at: String::new(),
            run: MachineRun {
                accelerator: Accelerator::Tcg,
                log_start: 0,
            },
        }
    }

    #[tokio::test]
    async fn a_process_is_found_again_only_while_it_is_the_same() {
        let place = place();
        let sleep = fs::canonicalize("/bin/sleep").unwrap();
        let held = place.hold(&sleep, &["600"]).await;
        let mut kept = record(held.pid(), held.identity());
        assert!(adopt(&kept).unwrap().is_none(), "it waits at the gate");
        let mut running = held.release().await.unwrap();
        let path = place.folder.path().join("process.json");
        kept.write(&path).unwrap();
        assert_eq!(Record::read(&path).unwrap().unwrap(), kept);
        remove_record(&path).unwrap();
        assert_eq!(Record::<MachineRun>::read(&path).unwrap(), None);

        let again = adopt(&kept).unwrap().unwrap();
        assert_eq!(again.executable(), Some(sleep));
        kept.start_ticks += 1;
        assert!(adopt(&kept).unwrap().is_none());
        kept.start_ticks -= 1;
        kept.boot_id = "another".into();
        assert!(adopt(&kept).unwrap().is_none());

        again.signal(Signal::Kill).unwrap();
        let killed = Exit {
            status: None,
            signal: Some(9),
        };
        assert_eq!(running.wait().await, killed);
        kept.boot_id = running.identity().boot_id.clone();
        assert!(adopt(&kept).unwrap().is_none());
        running.signal(Signal::Kill).unwrap();
    }

    #[tokio::test]
    async fn a_replaced_program_is_known_by_the_path_it_was_started_from() {
        let place = place();
        let program = place.folder.path().join("qemu-system-x86_64");
        fs::copy("/bin/sleep", &program).unwrap();
        let held = place.hold(&program, &["600"]).await;
        let kept = record(held.pid(), held.identity());
        let mut running = held.release().await.unwrap();
        assert_eq!(kept.executable, program);
        fs::remove_file(&program).unwrap();
        fs::copy("/bin/sleep", &program).unwrap();
        let now = fs::read_link(format!("/proc/{}/exe", kept.pid)).unwrap();
        assert!(now.to_string_lossy().ends_with(" (deleted)"), "{now:?}");

        let again = adopt(&kept).unwrap().unwrap();
        assert_eq!(again.executable().as_ref(), Some(&program));
        let elsewhere = Record {
            executable: place.folder.path().join("another"),
            ..kept
        };
        assert!(adopt(&elsewhere).unwrap().is_none());
        again.signal(Signal::Kill).unwrap();
        running.wait().await;
    }

    #[tokio::test]
    async fn its_words_are_kept_and_its_status_told() {
        let place = place();
        let held = place.hold(Path::new("/bin/ls"), &["/no/such/folder"]).await;
        let mut running = held.release().await.unwrap();
        assert_eq!(running.wait().await.status, Some(2));
        assert!(place.words().contains("/no/such/folder"));
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let place = place();
        let held = place.hold(Path::new("/no/qemu"), &[]).await;
        let error = held.release().await.unwrap_err();
        assert!(error.to_string().contains("/no/qemu"));
    }

    /// Whoever gives up before the release leaves no process and no lock behind.
    #[tokio::test]
    async fn one_that_is_not_released_never_becomes_its_program() {
        let place = place();
        let held = place.hold(Path::new("/bin/echo"), &["ran"]).await;
        let mut process = Running {
            pid: held.pid(),
            identity: held.identity().clone(),
            pidfd: open(held.pid()).unwrap().unwrap().0,
            child: None,
        };
        drop(held);
        process.wait().await;
        assert_eq!(place.words(), "");
        let Place { folder, lock } = place;
        drop(lock);
        let path = folder.path().join("disk.lock");
        let lock = RunLock::take_within(&path, std::time::Duration::from_secs(20)).await;
        assert!(lock.unwrap().is_some());
    }

    #[tokio::test]
    async fn the_lock_is_held_until_the_process_ends_and_shows_who_it_is() {
        let Place { folder, lock } = place();
        let path = folder.path().join("disk.lock");
        let (machine, another) = (Uuid::from_u128(7).to_string(), Uuid::nil().to_string());
        // A shell that does not exec, so that its arguments stay those it was started with.
        let args: Vec<OsString> = ["-c", "sleep 600; true", "-uuid", &machine]
            .iter()
            .map(Into::into)
            .collect();
        let launch = Launch {
            program: Path::new("/bin/sh"),
            args: &args,
            words: &folder.path().join("words"),
            lock: &lock,
        };
        let mut running = hold(launch).await.unwrap().release().await.unwrap();
        drop(lock);
        assert!(RunLock::take(&path).unwrap().is_none());
        let holders = crate::lock::holders(&path);
        assert!(holders.contains(&running.pid()), "{holders:?}");
        let adopt = |uuid| adopt_holder(running.pid(), "-uuid", uuid).unwrap();
        assert!(adopt(&another).is_none());
        let found = adopt(&machine).unwrap();
        found.signal(Signal::Kill).unwrap();
        running.wait().await;
        for left in crate::lock::holders(&path) {
            // The shell's own child.
            let child = open(left).unwrap();
            if let Some((pidfd, ..)) = child {
                let signal = rustix::process::Signal::KILL;
                let _ = rustix::process::pidfd_send_signal(pidfd.get_ref(), signal);
            }
        }
        let lock = RunLock::take_within(&path, std::time::Duration::from_secs(20)).await;
        assert!(lock.unwrap().is_some());
    }
}
