//! Machines at the program's start: read from disk, and taken back where they still run.
//!
//! ```text
//! record fits a live process ──▶ QMP answers as the machine ──▶ taken back
//!        │ no                        │ silent: taken back, it can still be ended
//!        ▼                           │ as another: not ours, not touched
//! lock is held ──▶ its holder was started for the machine ──▶ asked over QMP as above
//!        │ no
//!        ▼
//! nothing runs: what is left of the last run goes
//! ```

use super::console::Watcher;
use super::driver::{Driver, Handle};
use super::files::{Files, console_log};
use super::launch::Up;
use super::requests::Requests;
use crate::Engine;
use crate::error::Result;
use crate::store;
use crete_model::{Accelerator, ExitReason, MachineSpec, MachineState};
use crete_qemu::disk::remove_half_made;
use crete_qemu::lock::{RunLock, holders, noted};
use crete_qemu::process::{MachineRun, ProcessError, Record, Running, adopt, adopt_holder};
use crete_qemu::qmp;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

/// Requests that may wait for a driver.
const REQUESTS: usize = 16;

/// What was found of a machine.
pub(super) enum Found {
    /// It is off.
    Off(ExitReason),
    /// It runs.
    Running(Box<Up>),
}

/// Who answers at a machine's QMP socket.
enum Answers {
    Machine(qmp::Client),
    Nobody,
    Another,
}

impl Engine {
    /// Reads all machines and takes back those that run. One that does not answer holds up no other.
    pub(crate) async fn load_machines(&self) -> Result<()> {
        let mut loading = JoinSet::new();
        for found in store::list::<MachineSpec>(&self.roots.machines())? {
            let engine = self.clone();
            loading.spawn(async move {
                engine.load_machine(&found.folder, found.record).await;
            });
        }
        while let Some(loaded) = loading.join_next().await {
            loaded.map_err(crate::error::internal)?;
        }
        Ok(())
    }

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
        let (requests, incoming) = mpsc::channel(REQUESTS);
        let watcher = Watcher::new(console_log(&self.roots.machine(spec.id)));
        let (console, screen) = watcher.readers();
        let look_again = Arc::new(Notify::new());
        let files = match &found {
            Found::Running(up) => &up.files,
            Found::Off(_) => &self.files(spec.id),
        };
        let (frames, frames_reader) = watch::channel(files.sockets.net.clone());
        let handle = Handle {
            requests,
            console,
            screen,
            frames: frames_reader,
            look_again: look_again.clone(),
        };
        self.handles.lock().insert(spec.id, handle);
        let (state, process, up) = match found {
            Found::Off(exit) => (MachineState::Stopped { exit }, None, None),
            Found::Running(up) => {
                let state = MachineState::Running {
                    since: up.record.started_at.clone(),
                    adopted: true,
                };
                let process = (up.record.run.accelerator, up.running.pid());
                (state, Some(process), Some(up))
            }
        };
        let driver = Driver {
            engine: self.clone(),
            spec,
            state,
            requests: Requests::new(incoming),
            look_again,
            frames,
            watcher,
            job: None,
            process,
            halted: None,
        };
        // Shown before this returns, so that whoever made it can ask for it at once.
        driver.show();
        self.tasks.spawn(driver.run(up));
    }

    /// Finds out whether a machine runs. Only what is proved stale is cleared up.
    async fn find_process(&self, spec: &MachineSpec) -> Found {
        let own = self.files(spec.id);
        let noted = noted(&own.lock);
        // The last run may have been started with another runtime folder.
        let files = match &noted {
            Some(runtime) => Files::new(&own.folder, runtime.clone()),
            None => own,
        };
        let record = match Record::read(&files.record) {
            Ok(record) => record.filter(|record| record.owner == spec.id.0),
            Err(error) => {
                tracing::warn!(%error, machine = %spec.id, "a process record cannot be read");
                None
            }
        };
        let recorded = record.is_some();
        if let Some(up) = self.by_record(spec, &files, record).await {
            return Found::Running(Box::new(up));
        }
        match RunLock::take_within(&files.lock, self.patience.lock).await {
            Ok(Some(lock)) => {
                remove_half_made(&files.folder);
                files.tidy_with(&lock);
                Found::Off(if recorded || noted.is_some() {
                    ExitReason::GoneWhileAway
                } else if files.log.exists() {
                    ExitReason::Earlier
                } else {
                    ExitReason::NeverStarted
                })
            }
            Ok(None) => match self.by_lock(spec, &files).await {
                Some(up) => Found::Running(Box::new(up)),
                None => {
                    tracing::warn!(machine = %spec.id, "its disk is held by a process not ours");
                    Found::Off(ExitReason::GoneWhileAway)
                }
            },
            Err(error) => {
                tracing::warn!(%error, machine = %spec.id, "its lock cannot be looked at");
                Found::Off(ExitReason::GoneWhileAway)
            }
        }
    }

    /// The recorded process, if it is the one that was recorded and does not answer as another.
    async fn by_record(
        &self,
        spec: &MachineSpec,
        files: &Files,
        record: Option<Record>,
    ) -> Option<Up> {
        let record = record?;
        let running = self.look(spec, adopt(&record))?;
        self.take_back(spec, files, running, record).await
    }

    /// The process that holds the machine's lock, if it was started for the machine. Its record
    /// was lost, so it gets a new one.
    async fn by_lock(&self, spec: &MachineSpec, files: &Files) -> Option<Up> {
        for pid in holders(&files.lock) {
            let Some(running) = self.look(spec, adopt_holder(pid, "-uuid", &spec.id.to_string()))
            else {
                continue;
            };
            let record = Record {
                schema_version: 1,
                owner: spec.id.0,
                pid,
                start_ticks: running.identity().start_ticks,
                boot_id: running.identity().boot_id.clone(),
                executable: running.identity().executable.clone(),
                started_at: self.clock.text(),
                run: MachineRun {
                    accelerator: accelerator_of(pid),
                    log_start: std::fs::metadata(&files.log).map_or(0, |meta| meta.len()),
                },
            };
            let up = self.take_back(spec, files, running, record).await?;
            let kept = crate::paths::private_folder(&files.runtime)
                .map_err(|error| error.to_string())
                .and_then(|()| {
                    up.record
                        .write(&files.record)
                        .map_err(|error| error.to_string())
                });
            if let Err(error) = kept {
                tracing::warn!(error, machine = %spec.id, "its new record cannot be written");
            }
            return Some(up);
        }
        None
    }

    fn look(
        &self,
        spec: &MachineSpec,
        found: std::result::Result<Option<Running>, ProcessError>,
    ) -> Option<Running> {
        found.unwrap_or_else(|error| {
            tracing::warn!(%error, machine = %spec.id, "its process cannot be looked at");
            None
        })
    }

    async fn take_back(
        &self,
        spec: &MachineSpec,
        files: &Files,
        running: Running,
        record: Record,
    ) -> Option<Up> {
        let qmp = match self.who_answers(spec, files).await {
            Answers::Machine(client) => Some(client),
            // The process is ours beyond doubt, but does not talk: it can still be ended.
            Answers::Nobody => None,
            Answers::Another => return None,
        };
        tracing::info!(machine = %spec.id, pid = record.pid, "took a running machine back");
        Some(Up {
            running,
            record,
            qmp,
            files: files.clone(),
        })
    }

    async fn who_answers(&self, spec: &MachineSpec, files: &Files) -> Answers {
        let patience = self.patience.answer;
        let asking = async {
            let client = qmp::Client::connect(&files.sockets.qmp, patience).await?;
            let uuid = client.query_uuid().await?;
            Ok::<_, qmp::QmpError>((client, uuid))
        };
        match tokio::time::timeout(patience, asking).await {
            Ok(Ok((client, uuid))) if uuid == spec.id.0 => Answers::Machine(client),
            Ok(Ok((_, uuid))) => {
                tracing::warn!(machine = %spec.id, %uuid, "QMP answers as another machine");
                Answers::Another
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, machine = %spec.id, "QMP does not answer");
                Answers::Nobody
            }
            Err(_) => {
                tracing::warn!(machine = %spec.id, "QMP does not answer in time");
                Answers::Nobody
            }
        }
    }
}

/// How a process executes guest code, by its own arguments.
fn accelerator_of(pid: i32) -> Accelerator {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    if line.split(|byte| *byte == 0).any(|word| word == b"kvm") {
        Accelerator::Kvm
    } else {
        Accelerator::Tcg
    }
}
