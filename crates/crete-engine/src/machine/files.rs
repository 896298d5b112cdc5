//! Files and sockets of one machine.

use crete_failpoint::step;
use crete_qemu::args::Sockets;
use crete_qemu::lock::RunLock;
use crete_qemu::process;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The console's kept text in a machine's folder.
pub(crate) fn console_log(folder: &Path) -> PathBuf {
    folder.join("console.log")
}

/// Where everything of a machine is. A run that is taken back keeps the runtime folder it was
/// started with, whatever this program's is now.
#[derive(Debug, Clone)]
pub(super) struct Files {
    /// The machine's own folder.
    pub folder: PathBuf,
    pub disk: PathBuf,
    /// Held by whoever uses the disk.
    pub lock: PathBuf,
    pub vars: PathBuf,
    pub log: PathBuf,
    /// What QEMU itself says.
    pub words: PathBuf,
    pub runtime: PathBuf,
    pub record: PathBuf,
    pub sockets: Sockets,
}

impl Files {
    pub fn new(folder: &Path, runtime: PathBuf) -> Self {
        Self {
            folder: folder.to_owned(),
            disk: folder.join("disk.qcow2"),
            lock: folder.join("disk.lock"),
            vars: folder.join("firmware-vars.qcow2"),
            log: console_log(folder),
            words: folder.join("qemu.log"),
            record: runtime.join("process.json"),
            sockets: Sockets {
                qmp: runtime.join("qmp.sock"),
                tty_s1: Some(runtime.join("tty1.sock")),
                agent: runtime.join("agent.sock"),
                net: runtime.join("net.sock"),
            },
            runtime,
        }
    }

    /// Sockets of a run that has ended: one that was killed leaves them.
    pub fn remove_sockets(&self) {
        let sockets = &self.sockets;
        let all = [
            Some(&sockets.qmp),
            sockets.tty_s1.as_ref(),
            Some(&sockets.agent),
            Some(&sockets.net),
        ];
        for socket in all.into_iter().flatten() {
            // Mostly not there; if it cannot be removed QEMU says so in its own words.
            let _ = step!("machine.remove_socket", std::fs::remove_file(socket));
        }
    }

    pub fn remove_record(&self) {
        if let Err(error) = process::remove_record(&self.record) {
            tracing::warn!(%error, "the process record is not removed");
        }
    }

    /// Clears up after a run that has ended. The record goes last: as long as it is there, the
    /// next start of the program looks after what is left.
    pub async fn tidy(&self, patience: Duration) {
        match RunLock::take_within(&self.lock, patience).await {
            Ok(Some(lock)) => self.tidy_with(&lock),
            Ok(None) => {
                tracing::warn!(path = %self.lock.display(), "the process ended, its lock is held");
            }
            Err(error) => tracing::warn!(%error, "the lock cannot be taken"),
        }
    }

    /// As [`Files::tidy`], with the lock in hand.
    pub fn tidy_with(&self, lock: &RunLock) {
        self.remove_sockets();
        if let Err(error) = lock.note(None) {
            tracing::warn!(%error, "the note of where it ran is not taken away");
        }
        self.remove_record();
    }
}
