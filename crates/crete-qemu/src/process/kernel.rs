//! The one place where the compiler cannot see what the kernel guarantees.
#![allow(unsafe_code, reason = "see each SAFETY note")]

use super::gate::GO;
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::process::{Signal, set_parent_process_death_signal};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use tokio::io::unix::AsyncFd;
use tokio::process::Command;

/// Makes the forked child wait before it becomes its program. It gets a session of its own, so
/// that no terminal and no process group of ours reaches it, keeps `lock`, says its process id
/// on `gate`, and goes on when told to; until then it dies with us.
pub(super) fn wait_at_gate(command: &mut Command, gate: OwnedFd, lock: OwnedFd) {
    let parent = rustix::process::getpid();
    let wait = move || -> io::Result<()> {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        if rustix::process::getppid() != Some(parent) {
            // We died before the line above: no signal will come any more.
            return Err(Errno::CANCELED.into());
        }
        rustix::process::setsid()?;
        fcntl_setfd(&lock, FdFlags::empty())?;
        let own = rustix::process::getpid().as_raw_nonzero().get();
        rustix::io::write(&gate, &own.to_ne_bytes())?;
        let mut word = [0];
        while let Err(Errno::INTR) = rustix::io::read(&gate, &mut word) {}
        if word != [GO] {
            return Err(Errno::CANCELED.into());
        }
        set_parent_process_death_signal(None)?;
        Ok(())
    };
    // SAFETY: the closure runs in the forked child before exec. It makes system calls that are
    // async-signal-safe, allocates nothing and touches no lock.
    unsafe {
        command.pre_exec(wait);
    }
}

/// Makes a child end with the thread that forked it, and keep `lock` while it lives.
pub(crate) fn end_with_us(command: &mut std::process::Command, lock: OwnedFd) {
    let parent = rustix::process::getpid();
    let prepare = move || -> io::Result<()> {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        if rustix::process::getppid() != Some(parent) {
            return Err(Errno::CANCELED.into());
        }
        fcntl_setfd(&lock, FdFlags::empty())?;
        Ok(())
    };
    // SAFETY: as above.
    unsafe {
        command.pre_exec(prepare);
    }
}

/// Lets the runtime watch a pidfd.
pub(super) fn watched(pidfd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: the descriptor is owned by the AsyncFd from here on, so it stays open, and stays
    // the same file, until it is deregistered; an OwnedFd cannot be swapped through `&`.
    unsafe { AsyncFd::register(pidfd) }.map_err(Into::into)
}
