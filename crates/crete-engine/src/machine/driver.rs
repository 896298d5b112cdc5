//! The driver: the one task that owns a machine.
//!
//! ```text
//!            Start                 greeted
//! Stopped ─────────▶ Preparing ─▶ Starting ─▶ Running ──┐ Stop
//!    ▲                   │            │          │      ▼
//!    │   cancelled, failed (unwound)  │   QEMU   │   Stopping: ACPI ▶ quit ▶ TERM ▶ KILL
//!    └───────────────────┴────────────┴── ended ─┴──────┘
//! ```
//!
//! What QEMU tells and its end come first, requests second. Nothing like "starting" is ever
//! written to disk: what runs is found again by proof.

use super::admission::{Admission, Circumstances, actions, admit};
use super::console::Watcher;
use super::launch::{Up, last_words, remove_sockets};
use super::stop::{deadline, harder};
use crate::Engine;
use crate::error::{EngineError, Result};
use crate::jobs::JobHandle;
use crate::store;
use crete_model::{
    BlockerCode, BootView, ErrorCode, ExitReason, JobId, JobRequest, MachineAction, MachineSpec,
    MachineState, MachineView, Params, Problem, StageCode, StopRung,
};
use crete_qemu::process::{Exit, Signal};
use crete_qemu::screen::Screen;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::Instant;

/// How long the first output may take before the start is called done all the same.
const FIRST_OUTPUT: Duration = Duration::from_secs(20);

/// The answer to a request: the job that carries it out, if one does.
type Answer = oneshot::Sender<Result<Option<JobId>>>;

/// What others send to a driver.
#[derive(Debug)]
pub(super) enum Command {
    /// Do something to the machine.
    Do(MachineAction, Answer),
}

/// What others hold of a machine.
#[derive(Debug, Clone)]
pub(crate) struct Handle {
    pub(super) commands: mpsc::Sender<Command>,
    /// Length of the console's file.
    pub(super) console: watch::Receiver<u64>,
    /// The second serial port of the present run.
    pub(super) screen: watch::Receiver<Option<Screen>>,
    /// Circumstances may have changed: the driver shows the machine again.
    pub(super) look_again: Arc<Notify>,
}

/// The owner of one machine.
pub(super) struct Driver {
    pub engine: Engine,
    pub spec: MachineSpec,
    pub state: MachineState,
    pub commands: mpsc::Receiver<Command>,
    pub look_again: Arc<Notify>,
    pub watcher: Watcher,
    pub job: Option<JobHandle>,
    pub deleting: bool,
}

/// Why a phase ended.
enum Next {
    /// QEMU is up.
    Up(Box<Up>),
    /// QEMU is down.
    Off,
    /// The driver ends: the machine was deleted, or the engine closes.
    End,
}

impl Driver {
    /// Runs until the machine is deleted or the engine closes.
    pub async fn run(mut self, up: Option<Box<Up>>) {
        self.show();
        let mut next = match up {
            Some(up) => Next::Up(up),
            None => Next::Off,
        };
        loop {
            next = match next {
                Next::Off => self.off().await,
                Next::Up(up) => self.up(*up).await,
                Next::End => break,
            };
        }
        self.watcher.stop().await;
    }

    fn circumstances(&self) -> Circumstances {
        Circumstances {
            image_ready: self.engine.image_is_ready(self.spec.image),
            runnable: self.engine.why_not_runnable(self.spec.arch).is_none(),
            deleting: self.deleting,
        }
    }

    /// Publishes the machine before its driver runs.
    pub fn publish(&self) {
        self.show();
    }

    /// Publishes the machine as it is now.
    fn show(&self) {
        self.show_with(None, self.watcher.boot());
    }

    fn show_with(&self, up: Option<&Up>, boot: Option<BootView>) {
        let known = self.engine.machines.get(&self.spec.id.to_string());
        let running = up.map(|up| (up.record.accelerator, up.running.pid()));
        let on = !matches!(self.state, MachineState::Stopped { .. });
        let kept = known.filter(|_| on && up.is_none());
        let view = MachineView {
            accelerator: running
                .map(|(accelerator, _)| accelerator)
                .or(kept.as_ref().and_then(|view| view.accelerator)),
            pid: running
                .map(|(_, pid)| pid)
                .or(kept.as_ref().and_then(|view| view.pid)),
            boot: if on { boot } else { None },
            actions: actions(&self.state, self.circumstances()),
            job: self.job.as_ref().map(JobHandle::id),
            disk_used: store::allocated(&self.engine.roots.machine(self.spec.id)),
            memory_used: running.map_or(0, |(_, pid)| resident(pid)),
            spec: self.spec.clone(),
            state: self.state.clone(),
        };
        self.engine.machines.set(self.spec.id.to_string(), view);
    }

    fn set(&mut self, state: MachineState) {
        self.state = state;
        self.show();
    }

    fn end_job(&mut self, outcome: std::result::Result<(), Problem>) {
        if let Some(job) = self.job.take() {
            job.end(outcome);
        }
    }

    fn begin(&mut self, request: JobRequest, plan: &[(StageCode, u32)]) -> Result<JobHandle> {
        let cancellable = matches!(request, JobRequest::Start { .. });
        let job = self
            .engine
            .job_book
            .begin(request, &self.spec.name, plan, cancellable)?;
        self.job = Some(job.clone());
        Ok(job)
    }

    /// Answers requests that change nothing; gives back the one that is accepted.
    fn decide(&self, command: Command) -> Option<(MachineAction, Answer)> {
        let Command::Do(action, answer) = command;
        let reply = match admit(&self.state, self.circumstances(), action) {
            Admission::Accept => return Some((action, answer)),
            Admission::AlreadySo => Ok(self.job.as_ref().map(JobHandle::id)),
            Admission::Deny(reason) => Err(EngineError::Denied { action, reason }),
        };
        // Whoever asked may have gone; then nobody needs the answer.
        let _ = answer.send(reply);
        None
    }

    /// The machine is off: wait for a start or a deletion.
    async fn off(&mut self) -> Next {
        loop {
            let command = tokio::select! {
                () = self.engine.closing.cancelled() => return Next::End,
                () = self.look_again.notified() => {
                    self.show();
                    continue;
                }
                command = self.commands.recv() => command,
            };
            let Some(command) = command else {
                return Next::End;
            };
            match self.decide(command) {
                Some((MachineAction::Start, answer)) => {
                    if let Some(up) = self.start(answer).await {
                        return Next::Up(Box::new(up));
                    }
                    if self.engine.closing.is_cancelled() {
                        return Next::End;
                    }
                }
                Some((MachineAction::Delete, answer)) => {
                    self.deleting = true;
                    self.show();
                    let _ = answer.send(Ok(None));
                    return Next::End;
                }
                _ => {}
            }
        }
    }

    /// Prepares and starts QEMU, while a stop may call it back at any moment.
    async fn start(&mut self, answer: Answer) -> Option<Up> {
        let machine = self.spec.id;
        let plan = [
            (StageCode::Prepare, 1),
            (StageCode::Spawn, 1),
            (StageCode::Run, 2),
            (StageCode::Console, 6),
        ];
        let job = match self.begin(JobRequest::Start { machine }, &plan) {
            Ok(job) => job,
            Err(error) => {
                let _ = answer.send(Err(error));
                return None;
            }
        };
        let _ = answer.send(Ok(Some(job.id())));
        self.set(MachineState::Preparing {
            since: self.engine.clock.text(),
        });

        let (engine, spec) = (self.engine.clone(), self.spec.clone());
        let attempt = async {
            let report = engine.host_report().await;
            let plan = engine.prepare(&spec, &report, &job).await?;
            engine.spawn(&spec, &plan, &job).await
        };
        tokio::pin!(attempt);
        let outcome = loop {
            tokio::select! {
                outcome = &mut attempt => break outcome,
                Some(command) = self.commands.recv() => {
                    if let Some((MachineAction::Stop | MachineAction::ForceOff, answer)) =
                        self.decide(command)
                    {
                        job.cancel.cancel();
                        let _ = answer.send(Ok(Some(job.id())));
                    }
                }
            }
        };
        match outcome {
            Ok(up) => Some(up),
            Err(problem) => {
                let exit = if problem.code == ErrorCode::Cancelled {
                    ExitReason::Stopped {
                        rung: StopRung::Kill,
                    }
                } else {
                    ExitReason::StartFailed {
                        problem: problem.clone(),
                    }
                };
                self.end_job(Err(problem));
                self.set(MachineState::Stopped { exit });
                None
            }
        }
    }

    /// QEMU is up: follow it until it ends.
    async fn up(&mut self, mut up: Up) -> Next {
        let places = self.engine.places(self.spec.id);
        let adopted = self.job.is_none();
        self.watcher.start(&places, up.record.log_start);
        self.state = MachineState::Running {
            since: up.record.started_at.clone(),
            adopted,
        };
        if let Some(job) = &self.job {
            job.enter(StageCode::Console);
            job.wait_for(Some((BlockerCode::FirstOutput, Params::new())));
        }
        self.show_with(Some(&up), self.watcher.boot());

        let first_output = tokio::time::sleep(FIRST_OUTPUT);
        tokio::pin!(first_output);
        let exit = loop {
            tokio::select! {
                biased;
                exit = up.running.wait() => break self.ended(&up, exit),
                () = self.engine.closing.cancelled() => {
                    // The machine goes on without us.
                    self.end_job(Err(Problem::new(ErrorCode::Interrupted, Params::new())));
                    return Next::End;
                }
                boot = self.watcher.changed() => {
                    if boot.as_ref().is_some_and(|boot| boot.console_bytes > 0) {
                        self.end_job(Ok(()));
                    }
                    self.show_with(Some(&up), boot);
                }
                () = &mut first_output, if self.job.is_some() => {
                    // It runs; a silent console is the page's to tell.
                    self.end_job(Ok(()));
                    self.show_with(Some(&up), self.watcher.boot());
                }
                () = self.look_again.notified() => {
                    self.show_with(Some(&up), self.watcher.boot());
                }
                command = self.commands.recv() => {
                    let Some(command) = command else { return Next::End };
                    match self.decide(command) {
                        Some((MachineAction::Stop, answer)) => {
                            break match self.bring_down(&mut up, StopRung::Acpi, answer).await {
                                Some(exit) => exit,
                                None => return Next::End,
                            };
                        }
                        Some((MachineAction::ForceOff, answer)) => {
                            break match self.bring_down(&mut up, StopRung::Kill, answer).await {
                                Some(exit) => exit,
                                None => return Next::End,
                            };
                        }
                        _ => {}
                    }
                }
            }
        };
        self.watcher.finish().await;
        remove_sockets(&places);
        if let Err(error) = std::fs::remove_file(&places.record) {
            tracing::warn!(%error, machine = %self.spec.id, "the process record is not removed");
        }
        self.set(MachineState::Stopped { exit });
        Next::Off
    }

    /// QEMU ended although nobody asked here: the guest switched itself off, or QEMU failed.
    fn ended(&mut self, up: &Up, exit: Exit) -> ExitReason {
        let words = last_words(&up.words);
        let orderly = exit.signal.is_none() && matches!(exit.status, Some(0) | None);
        let reason = if orderly && words.is_empty() {
            ExitReason::GuestShutdown
        } else {
            ExitReason::QemuExited {
                status: exit.status,
                signal: exit.signal,
                words,
            }
        };
        self.end_job(Ok(()));
        reason
    }

    /// Goes down the ladder from `first` until QEMU has ended; `None` when the engine closes first.
    async fn bring_down(
        &mut self,
        up: &mut Up,
        first: StopRung,
        answer: Answer,
    ) -> Option<ExitReason> {
        self.end_job(Ok(()));
        let machine = self.spec.id;
        let plan = [(StageCode::PowerButton, 3), (StageCode::End, 1)];
        let started = self.begin(JobRequest::Stop { machine }, &plan);
        let _ = answer.send(started.map(|job| Some(job.id())));
        let mut rung = first;
        loop {
            let limit = deadline(rung, self.watcher.boot().map(|boot| boot.stage));
            self.take_rung(up, rung, limit).await;
            let until = Instant::now() + limit;
            match self.wait_for_end(up, until).await {
                Waited::Ended => {
                    self.end_job(Ok(()));
                    return Some(ExitReason::Stopped { rung });
                }
                Waited::Forced => rung = StopRung::Kill,
                Waited::Closing => {
                    self.end_job(Err(Problem::new(ErrorCode::Interrupted, Params::new())));
                    return None;
                }
                // Nothing is harder than SIGKILL: the kernel will end it, so go on waiting.
                Waited::TimeUp => rung = harder(rung).unwrap_or(StopRung::Kill),
            }
        }
    }

    async fn take_rung(&mut self, up: &mut Up, rung: StopRung, limit: Duration) {
        if let Some(job) = &self.job {
            let (stage, blocker) = match rung {
                StopRung::Acpi => (StageCode::PowerButton, BlockerCode::GuestShutdown),
                _ => (StageCode::End, BlockerCode::ProcessEnd),
            };
            job.enter(stage);
            job.wait_for(Some((blocker, Params::new())));
            job.log(format!("{rung:?}, {} s", limit.as_secs()));
        }
        self.state = MachineState::Stopping {
            rung,
            since: self.engine.clock.text(),
            deadline_s: u32::try_from(limit.as_secs()).unwrap_or(u32::MAX),
        };
        self.show_with(Some(up), self.watcher.boot());
        let done = match (rung, &up.qmp) {
            (StopRung::Acpi, Some(qmp)) => qmp.power_button().await.map_err(|e| e.to_string()),
            (StopRung::Quit, Some(qmp)) => qmp.quit().await.map_err(|e| e.to_string()),
            (StopRung::Kill, _) => up.running.signal(Signal::Kill).map_err(|e| e.to_string()),
            _ => up
                .running
                .signal(Signal::Terminate)
                .map_err(|e| e.to_string()),
        };
        if let (Err(text), Some(job)) = (done, &self.job) {
            // QEMU may be gone already; if not, the next rung is harder.
            job.log(text);
        }
    }

    async fn wait_for_end(&mut self, up: &mut Up, until: Instant) -> Waited {
        loop {
            tokio::select! {
                biased;
                _ = up.running.wait() => return Waited::Ended,
                () = self.engine.closing.cancelled() => return Waited::Closing,
                boot = self.watcher.changed() => self.show_with(Some(up), boot),
                () = self.look_again.notified() => {
                    self.show_with(Some(up), self.watcher.boot());
                }
                Some(command) = self.commands.recv() => {
                    if let Some((MachineAction::ForceOff, answer)) = self.decide(command) {
                        let _ = answer.send(Ok(self.job.as_ref().map(JobHandle::id)));
                        return Waited::Forced;
                    }
                }
                () = tokio::time::sleep_until(until) => return Waited::TimeUp,
            }
        }
    }
}

/// How waiting for QEMU's end went.
enum Waited {
    Ended,
    Forced,
    Closing,
    TimeUp,
}

/// Bytes of memory a process holds.
fn resident(pid: i32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let pages: u64 = text
        .split_whitespace()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(0);
    pages * rustix::param::page_size() as u64
}
