//! The process of a network: started, found again by proof, ended.
//!
//! ```text
//! record fits a live process ────────────────┐
//!        │ no                                 ▼
//! lock is held by one started for it ──▶ greets as the network ──▶ taken back
//!        │ no                                 │ not at all
//!        ▼                                    ▼
//! nothing runs: what is left goes        ended: it is of no use
//! ```

use crate::Engine;
use crate::error::{EngineError, internal};
use crate::store;
use crete_failpoint::step;
use crete_model::{ErrorCode, NetworkId, NetworkSpec, NetworkState, Problem, Remedy, params};
use crete_net::Config;
use crete_net::control::client::{Client, ClientError};
use crete_qemu::lock::{RunLock, holders, noted};
use crete_qemu::process::{
    Launch, NetworkRun, ProcessError, Record, Running, Signal, adopt, adopt_holder, hold,
    remove_record,
};
use crete_qemu::scope;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Between two tries to reach a process that has not made its socket yet.
const TRY_EVERY: Duration = Duration::from_millis(10);

/// Where everything of a network is.
#[derive(Debug, Clone)]
pub(super) struct Files {
    /// Held by whoever carries the network.
    lock: PathBuf,
    /// What the process itself says.
    words: PathBuf,
    runtime: PathBuf,
    record: PathBuf,
    pub config: PathBuf,
    /// Where it is driven, and dialled through.
    pub socket: PathBuf,
}

impl Files {
    pub fn new(folder: &Path, runtime: PathBuf) -> Self {
        Self {
            lock: folder.join("network.lock"),
            words: folder.join("network.log"),
            record: runtime.join("process.json"),
            config: runtime.join("config.json"),
            socket: runtime.join("control.sock"),
            runtime,
        }
    }

    /// The arguments of the process.
    pub fn arguments(&self) -> [OsString; 4] {
        [
            "--config".into(),
            self.config.clone().into(),
            "--socket".into(),
            self.socket.clone().into(),
        ]
    }

    /// Clears up after a run that has ended. The record goes last: as long as it is there, the
    /// next start of the program looks after what is left.
    fn tidy(&self, lock: &RunLock) {
        for file in [&self.socket, &self.config] {
            // Mostly not there; what stays is replaced by the next run.
            let _ = step!("network.remove_file", std::fs::remove_file(file));
        }
        if let Err(error) = lock.note(None) {
            tracing::warn!(%error, "the note of where a network ran is not taken away");
        }
        if let Err(error) = remove_record(&self.record) {
            tracing::warn!(%error, "a network's process record is not removed");
        }
    }
}

/// A network's process.
#[derive(Debug)]
pub(super) struct Process {
    pub running: Running,
    pub started_at: String,
    /// The version of its program, as it greeted.
    pub version: String,
    /// Absent when it is of a version that this program cannot drive.
    pub client: Option<Client>,
    files: Files,
}

/// The network answered at its socket.
struct Answer {
    /// Absent when it is of a version that this program cannot drive.
    client: Option<Client>,
    version: String,
}

/// Asks whether a network answers at a socket.
async fn ask(socket: &Path, network: NetworkId, within: Duration) -> Option<Answer> {
    let connecting = Client::connect(socket, network.0);
    match tokio::time::timeout(within, connecting).await {
        Ok(Ok(client)) => Some(Answer {
            version: client.hello().version.clone(),
            client: Some(client),
        }),
        // It is this network, and speaks another protocol: it goes on, but cannot be driven.
        Ok(Err(ClientError::Foreign {
            network: found,
            major,
            minor,
            ..
        })) if found == network.0 => Some(Answer {
            client: None,
            version: format!("protocol {major}.{minor}"),
        }),
        _ => None,
    }
}

impl Engine {
    /// Files of a network, with this engine's own runtime folder.
    pub(super) fn network_files(&self, id: NetworkId) -> Files {
        Files::new(&self.roots.network(id), self.roots.network_runtime(id))
    }

    /// Starts a network's process. It is recorded before it runs, so that there is never one that
    /// nobody can find.
    pub(super) async fn start_network(
        &self,
        spec: &NetworkSpec,
        config: &Config,
    ) -> Result<Process, Problem> {
        let files = self.network_files(spec.id);
        let program = &self.network_parts.program;
        if !program.is_file() {
            return Err(missing(program));
        }
        let lock = RunLock::take_within(&files.lock, self.patience.lock).await;
        let lock = lock
            .map_err(|error| failed(spec, &error.to_string()))?
            .ok_or_else(|| in_use(&files.lock))?;
        files.tidy(&lock);
        crate::paths::private_folder(&files.runtime).map_err(EngineError::problem)?;
        store::write(&files.config, config).map_err(EngineError::problem)?;
        let arguments = files.arguments();
        let held = hold(Launch {
            program,
            args: &arguments,
            words: &files.words,
            lock: &lock,
        });
        let broken = |error: ProcessError| failed(spec, &error.to_string());
        let held = held.await.map_err(broken)?;
        let record = Record {
            schema_version: 1,
            owner: spec.id.0,
            pid: held.pid(),
            start_ticks: held.identity().start_ticks,
            boot_id: held.identity().boot_id.clone(),
            executable: held.identity().executable.clone(),
            started_at: self.clock.text(),
            run: NetworkRun {},
        };
        record.write(&files.record).map_err(broken)?;
        if let Some(bus) = &self.systemd_bus {
            let unit = format!("crete-network-{}-{}.scope", spec.id, held.pid());
            let description = format!("Crete network {}", spec.name);
            let pid = held.pid().unsigned_abs();
            if let Err(error) = scope::enter(bus, &unit, &description, pid).await {
                tracing::info!(%error, network = spec.name, "no scope of its own");
            }
        }
        let mut running = held.release().await.map_err(broken)?;
        if let Err(error) = lock.note(Some(&files.runtime)) {
            // Only a hint for a day on which the record is lost.
            tracing::warn!(%error, network = spec.name, "where it runs is not noted");
        }
        drop(lock);
        match self.greet_network(spec, &files, &mut running).await {
            Ok((client, version)) => Ok(Process {
                running,
                started_at: record.started_at,
                version,
                client: Some(client),
                files,
            }),
            Err(problem) => {
                // What never was a network must not stay behind.
                self.end(&files, running).await;
                Err(problem)
            }
        }
    }

    /// Waits until the process greets as the network.
    async fn greet_network(
        &self,
        spec: &NetworkSpec,
        files: &Files,
        running: &mut Running,
    ) -> Result<(Client, String), Problem> {
        let greeting = async {
            loop {
                let answer = ask(&files.socket, spec.id, self.patience.greeting).await;
                match answer {
                    Some(Answer {
                        client: Some(client),
                        version,
                    }) => return Ok((client, version)),
                    Some(answer) => return Err(answer.version),
                    None => tokio::time::sleep(TRY_EVERY).await,
                }
            }
        };
        tokio::select! {
            greeted = tokio::time::timeout(self.patience.greeting, greeting) => match greeted {
                Ok(Ok(greeted)) => Ok(greeted),
                Ok(Err(version)) => Err(failed(spec, &format!("it is another version: {version}"))),
                Err(_) => Err(failed(spec, "it does not greet")),
            },
            () = self.closing.cancelled() => Err(failed(spec, "Crete closes")),
            _ = running.wait() => {
                let words = std::fs::read_to_string(&files.words).unwrap_or_default();
                Err(failed(spec, words.trim()))
            }
        }
    }

    /// Finds out whether a network's process runs. Only what is proved stale is cleared up.
    pub(super) async fn find_network(&self, spec: &NetworkSpec) -> Option<Process> {
        let own = self.network_files(spec.id);
        // The last run may have been started with another runtime folder.
        let files = match noted(&own.lock) {
            Some(runtime) => Files::new(&self.roots.network(spec.id), runtime),
            None => own,
        };
        let record = Record::<NetworkRun>::read(&files.record).unwrap_or_else(|error| {
            tracing::warn!(%error, network = spec.name, "a process record cannot be read");
            None
        });
        let started_at = record
            .as_ref()
            .map_or_else(|| self.clock.text(), |record| record.started_at.clone());
        let recorded = record.filter(|record| record.owner == spec.id.0);
        let recorded = recorded.and_then(|record| adopt(&record).ok().flatten());
        store::sweep_files(&files.runtime);
        // Mostly nobody holds it, and nothing else needs to be asked.
        if recorded.is_none()
            && let Ok(Some(lock)) = RunLock::take(&files.lock)
        {
            files.tidy(&lock);
            return None;
        }
        let answer = ask(&files.socket, spec.id, self.patience.answer).await;
        let running = recorded.or_else(|| {
            let config = files.config.to_string_lossy();
            let holders = holders(&files.lock).into_iter();
            let mut ours = holders.filter_map(|pid| adopt_holder(pid, "--config", &config).ok()?);
            ours.next()
        });
        let running = running?;
        let Some(Answer { client, version }) = answer else {
            tracing::warn!(
                network = spec.name,
                "its process does not answer and is ended"
            );
            self.end(&files, running).await;
            return None;
        };
        tracing::info!(
            network = spec.name,
            pid = running.pid(),
            "took a network back"
        );
        Some(Process {
            running,
            started_at,
            version,
            client,
            files,
        })
    }

    /// Ends a network's process, gently first. Nothing is lost by it: it keeps nothing.
    pub(super) async fn stop_network(&self, mut process: Process) {
        if let Some(client) = &mut process.client {
            let quitting = async {
                client.quit().await?;
                process.running.wait().await;
                Ok::<_, ClientError>(())
            };
            // One that does not do it is ended below.
            let _ = tokio::time::timeout(self.patience.quit, quitting).await;
        }
        self.end(&process.files, process.running).await;
    }

    async fn end(&self, files: &Files, mut running: Running) {
        for (signal, patience) in [
            (Signal::Terminate, self.patience.terminate),
            (Signal::Kill, self.patience.kill),
        ] {
            if let Err(error) = running.signal(signal) {
                tracing::warn!(%error, "a network's process cannot be told to end");
            }
            if tokio::time::timeout(patience, running.wait()).await.is_ok() {
                break;
            }
        }
        self.tidy_network(files).await;
    }

    /// Clears up after a process that has ended.
    async fn tidy_network(&self, files: &Files) {
        match RunLock::take_within(&files.lock, self.patience.lock).await {
            Ok(Some(lock)) => files.tidy(&lock),
            Ok(None) => {
                tracing::warn!(path = %files.lock.display(), "the process ended, its lock is held");
            }
            Err(error) => tracing::warn!(%error, "the lock cannot be taken"),
        }
    }
}

impl Process {
    /// What its network does.
    pub fn state(&self) -> NetworkState {
        NetworkState::Running {
            since: self.started_at.clone(),
            pid: self.running.pid(),
            version: self.version.clone(),
            outdated: self.is_outdated(),
        }
    }

    /// True when its program is not of this program's version.
    fn is_outdated(&self) -> bool {
        self.client.is_none() || self.version != env!("CARGO_PKG_VERSION")
    }

    /// Clears up after its end; returns its last words.
    pub async fn bury(self, engine: &Engine) -> String {
        let words = std::fs::read_to_string(&self.files.words).unwrap_or_default();
        engine.tidy_network(&self.files).await;
        words.trim().to_owned()
    }

    /// Where it is dialled through.
    pub fn socket(&self) -> &Path {
        &self.files.socket
    }
}

fn missing(program: &Path) -> Problem {
    Problem::new(
        ErrorCode::NetworkProgramMissing,
        params! { "path" => program.display() },
    )
    .with_remedy(Remedy::InstallAgain)
}

pub(super) fn failed(spec: &NetworkSpec, words: &str) -> Problem {
    Problem::new(ErrorCode::NetworkFailed, params! { "name" => spec.name })
        .with_detail(words.to_owned())
        .with_remedy(Remedy::Retry)
}

fn in_use(lock: &Path) -> Problem {
    let pids: Vec<String> = holders(lock).iter().map(i32::to_string).collect();
    Problem::new(ErrorCode::Locked, params! { "path" => lock.display() })
        .with_detail(format!("held by process {}", pids.join(", ")))
        .with_remedy(Remedy::EndProgram {
            name: "crete-net".to_owned(),
        })
        .with_remedy(Remedy::Retry)
}

/// The end of one that never answers is a defect of Crete.
pub(super) fn gone() -> EngineError {
    internal("the network's driver ended")
}
