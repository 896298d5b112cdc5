//! Machines at the program's start: read from disk, and taken back where they still run.

use super::console::Watcher;
use super::driver::{Driver, Handle};
use super::launch::{Places, Up, console_log, remove_sockets};
use crate::Engine;
use crate::error::Result;
use crete_model::{ExitReason, MachineSpec, MachineState};
use crete_qemu::process::{Record, adopt};
use crete_qemu::qmp;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

/// A running QEMU answers at once; one that does not is left alone.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// Requests that may wait for a driver.
const REQUESTS: usize = 16;

/// What was found of a machine.
pub(super) enum Found {
    /// It is off.
    Off(ExitReason),
    /// It runs.
    Running(Box<Up>),
}

impl Engine {
    /// Reads a machine's folder, looks for its process, and puts a driver in charge.
    pub(crate) async fn load_machine(&self, folder: &Path, record: Result<MachineSpec>) {
        match record {
            Ok(spec) => {
                let found = self.find_process(&spec).await;
                if matches!(found, Found::Running(_)) {
                    let mut adopted = self.adopted.lock().unwrap_or_else(PoisonError::into_inner);
                    adopted.push(spec.name.clone());
                }
                self.take_up(spec, found);
            }
            Err(error) => self.show_broken("machines", folder, &error),
        }
    }

    /// Puts a driver in charge of a machine.
    pub(super) fn take_up(&self, spec: MachineSpec, found: Found) {
        let (sender, commands) = mpsc::channel(REQUESTS);
        let watcher = Watcher::new(console_log(&self.roots.machine(spec.id)));
        let (console, screen) = watcher.readers();
        let look_again = Arc::new(Notify::new());
        let handle = Handle {
            commands: sender,
            console,
            screen,
            look_again: look_again.clone(),
        };
        self.handles.lock().insert(spec.id, handle);
        let (exit, up) = match found {
            Found::Off(exit) => (exit, None),
            Found::Running(up) => (ExitReason::NeverStarted, Some(up)),
        };
        let driver = Driver {
            engine: self.clone(),
            spec,
            state: MachineState::Stopped { exit },
            commands,
            look_again,
            watcher,
            job: None,
            deleting: false,
        };
        // Shown before this returns, so that whoever created it can ask for it at once.
        if up.is_none() {
            driver.publish();
        }
        self.tasks.spawn(driver.run(up));
    }

    async fn find_process(&self, spec: &MachineSpec) -> Found {
        let places = self.places(spec.id);
        let started_before = places.log.exists();
        let record = match Record::read(&places.record) {
            Ok(Some(record)) => record,
            Ok(None) if started_before => return Found::Off(ExitReason::GoneWhileAway),
            Ok(None) => return Found::Off(ExitReason::NeverStarted),
            Err(error) => {
                tracing::warn!(%error, "a process record cannot be read");
                return Found::Off(ExitReason::GoneWhileAway);
            }
        };
        match self.prove(spec, &places, record).await {
            Some(up) => Found::Running(Box::new(up)),
            None => Found::Off(ExitReason::GoneWhileAway),
        }
    }

    /// A process is this machine only if its record matches and QMP answers with the machine's id.
    async fn prove(&self, spec: &MachineSpec, places: &Places, record: Record) -> Option<Up> {
        if record.machine != spec.id.0 {
            return None;
        }
        let running = match adopt(&record) {
            Ok(Some(running)) => running,
            Ok(None) => {
                // Proved stale: nothing of that run can still be using these.
                remove_sockets(places);
                let _ = std::fs::remove_file(&places.record);
                return None;
            }
            Err(error) => {
                tracing::warn!(%error, machine = %spec.id, "its process cannot be looked at");
                return None;
            }
        };
        let qmp = match qmp::Client::connect(&places.sockets.qmp, ANSWERS_WITHIN).await {
            Ok(client) => match client.query_uuid().await {
                Ok(uuid) if uuid == spec.id.0 => Some(client),
                _ => return None,
            },
            // The process is ours beyond doubt, but does not talk: it can still be ended.
            Err(error) => {
                tracing::warn!(%error, machine = %spec.id, "QMP does not answer");
                None
            }
        };
        tracing::info!(machine = %spec.id, pid = record.pid, "took a running machine back");
        Some(Up {
            running,
            record,
            qmp,
            words: places.words.clone(),
        })
    }
}
