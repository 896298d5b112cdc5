//! Starting a program in two steps, so that there is no instant in which it runs and nobody could
//! ever find it again.
//!
//! ```text
//! hold ─▶ forked, waits at the gate ─▶ the caller writes its record ─▶ release ─▶ exec
//!              │ this program dies, or gives up
//!              ▼
//!            ends without ever having been the other program
//! ```
//!
//! Until it is released the child dies with this program; afterwards nothing of this program's end
//! reaches it.

use super::{Identity, ProcessError, Running, kernel, open};
use crate::lock::RunLock;
use crete_failpoint::step;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::AsyncReadExt;
use tokio::io::unix::AsyncFd;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

/// What the child reads when it may become its program. Anything else tells it to end.
pub(super) const GO: u8 = b'g';

/// What is started, and what it holds.
#[derive(Debug)]
pub struct Launch<'a> {
    /// The program.
    pub program: &'a Path,
    /// Its arguments, without the program itself.
    pub args: &'a [OsString],
    /// The file its output goes to, begun anew.
    pub words: &'a Path,
    /// Held by the program until it ends.
    pub lock: &'a RunLock,
}

/// A process that waits before it becomes its program. Dropping it ends it.
#[derive(Debug)]
pub struct Held {
    program: PathBuf,
    pid: i32,
    identity: Identity,
    pidfd: Option<AsyncFd<OwnedFd>>,
    gate: UnixStream,
    /// Ends when the child has become its program, or never will.
    spawning: Option<JoinHandle<io::Result<Child>>>,
}

/// Forks a process of its own session that will become the program once it is released.
///
/// # Errors
/// When its output's file cannot be opened or no process can be made. A program that is not there
/// is found out only at the release.
pub async fn hold(launch: Launch<'_>) -> Result<Held, ProcessError> {
    let program = launch.program.to_owned();
    let failed = |source| ProcessError::Spawn {
        path: launch.program.to_owned(),
        source,
    };
    let mut command = command(&launch)?;
    let (ours, theirs) = BlockingStream::pair().map_err(failed)?;
    let lock = launch.lock.share().map_err(failed)?;
    kernel::wait_at_gate(&mut command, theirs.into(), lock);
    ours.set_nonblocking(true).map_err(failed)?;
    let mut gate = UnixStream::from_std(ours).map_err(failed)?;
    // A fork blocks until the child has become its program, so it gets a thread; and the child
    // dies with the thread that forked it, which therefore must live exactly that long.
    let mut spawning = tokio::task::spawn_blocking(move || step!("process.fork", command.spawn()));
    let mut pid = [0; 4];
    let ended = tokio::select! {
        arrived = gate.read_exact(&mut pid) => match arrived {
            Ok(_) => None,
            Err(_) => Some((&mut spawning).await),
        },
        ended = &mut spawning => Some(ended),
    };
    if let Some(ended) = ended {
        let early = || io::Error::other("it ended before it was let go");
        let source = match ended {
            Ok(Ok(_)) => early(),
            Ok(Err(error)) => error,
            Err(error) => error.into(),
        };
        return Err(failed(source));
    }
    let pid = i32::from_ne_bytes(pid);
    let (pidfd, mut identity, _) =
        open(pid)?.ok_or_else(|| failed(io::Error::from(io::ErrorKind::NotFound)))?;
    // /proc shows this program as yet; what was asked for is what counts.
    identity.executable = fs::canonicalize(&program).unwrap_or_else(|_| program.clone());
    Ok(Held {
        program,
        pid,
        identity,
        pidfd: Some(pidfd),
        gate,
        spawning: Some(spawning),
    })
}

fn command(launch: &Launch<'_>) -> Result<Command, ProcessError> {
    let file = |source| ProcessError::File {
        path: launch.words.to_owned(),
        source,
    };
    let open = || {
        File::options()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(launch.words)
    };
    let out = step!("process.words", open()).map_err(file)?;
    let err = out.try_clone().map_err(file)?;
    let mut command = Command::new(launch.program);
    command
        .args(launch.args)
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .kill_on_drop(false);
    Ok(command)
}

impl Held {
    /// Process id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// What will prove who it is, from now on.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Lets it become its program.
    ///
    /// # Errors
    /// When the program cannot be executed; the process has ended then.
    pub async fn release(mut self) -> Result<Running, ProcessError> {
        let failed = |source| ProcessError::Spawn {
            path: self.program.clone(),
            source,
        };
        let (Some(pidfd), Some(spawning)) = (self.pidfd.take(), self.spawning.take()) else {
            return Err(failed(io::Error::other("it was released before")));
        };
        step!("process.release", self.gate.try_write(&[GO])).map_err(failed)?;
        let child = spawning
            .await
            .unwrap_or_else(|error| Err(error.into()))
            .map_err(failed)?;
        Ok(Running {
            pid: self.pid,
            identity: self.identity.clone(),
            pidfd,
            child: Some(child),
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.spawning.is_some() {
            // It has not been released: whatever is not GO ends it. Should this fail, it waits
            // until this program ends, and then ends too.
            let _ = self.gate.try_write(b"x");
        }
    }
}
