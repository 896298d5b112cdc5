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
//! What QEMU tells and its end come first, requests second. Requests are received at every moment,
//! decided at once, and done when their turn comes. Nothing like "starting" is ever written to
//! disk: what runs is found again by proof.

use super::admission::{Circumstances, actions};
use super::console::Watcher;
use super::launch::{Up, last_words};
use super::requests::{Done, Request, Requests, Wish};
use crate::Engine;
use crate::error::{Result, internal};
use crate::jobs::JobHandle;
use crate::store;
use crete_model::{
    Accelerator, ActionView, BlockerCode, ErrorCode, ExitReason, HaltReason, JobRequest,
    MachineAction, MachineSpec, MachineState, MachineView, NetworkId, Params, Problem, StageCode,
    StopRung,
};
use crete_qemu::process::Exit;
use crete_qemu::qmp::Client;
use crete_qemu::screen::Screen;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};

/// QEMU's last words on QMP are in the socket when it has ended; reading them takes no time.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What others hold of a machine.
#[derive(Debug, Clone)]
pub(crate) struct Handle {
    pub(super) requests: mpsc::Sender<Request>,
    /// Length of the console's file.
    pub(super) console: watch::Receiver<u64>,
    /// The second serial port of the present run.
    pub(super) screen: watch::Receiver<Option<Screen>>,
    /// Where the present run, or the next one, listens for frames.
    pub(super) frames: watch::Receiver<PathBuf>,
    /// Circumstances may have changed: the driver shows the machine again.
    pub(super) look_again: Arc<Notify>,
}

/// The owner of one machine.
pub(super) struct Driver {
    pub engine: Engine,
    pub spec: MachineSpec,
    pub state: MachineState,
    pub requests: Requests,
    pub look_again: Arc<Notify>,
    pub frames: watch::Sender<PathBuf>,
    pub watcher: Watcher,
    pub job: Option<JobHandle>,
    /// How QEMU executes it and as which process, while there is one.
    pub process: Option<(Accelerator, i32)>,
    /// Why its processors stand still, while they do.
    pub halted: Option<HaltReason>,
}

/// Why a phase ended.
pub(super) enum Next {
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
        }
    }

    /// Publishes the machine as it is now.
    pub fn show(&self) {
        let on = !matches!(self.state, MachineState::Stopped { .. });
        let queue = self.requests.queue();
        let pid = self.process.map(|(_, pid)| pid);
        let mut actions = actions(&self.state, &queue, self.circumstances());
        if self.halted.is_some() {
            // Whoever stands still can be started: it goes on where it stopped.
            let start = |one: &&mut ActionView| one.action == MachineAction::Start;
            for one in actions.iter_mut().filter(start) {
                one.denied = None;
            }
        }
        let view = MachineView {
            accelerator: self.process.map(|(accelerator, _)| accelerator),
            pid,
            boot: if on { self.watcher.boot() } else { None },
            actions,
            halted: self.halted,
            job: self.job.as_ref().map(JobHandle::id),
            disk_used: store::allocated(&self.engine.roots.machine(self.spec.id)),
            memory_used: pid.map_or(0, resident),
            spec: self.spec.clone(),
            state: self.state.clone(),
        };
        self.engine.machines.set(self.spec.id.to_string(), view);
    }

    pub fn set(&mut self, state: MachineState) {
        self.state = state;
        self.show();
    }

    pub fn begin(&mut self, request: JobRequest, plan: &[(StageCode, u32)]) -> Result<JobHandle> {
        let cancellable = matches!(request, JobRequest::Start { .. });
        let job = self
            .engine
            .job_book
            .begin(request, &self.spec.name, plan, cancellable)?;
        self.job = Some(job.clone());
        Ok(job)
    }

    pub fn end_job(&mut self, outcome: std::result::Result<(), Problem>) {
        if let Some(job) = self.job.take() {
            job.end(outcome);
        }
    }

    /// The engine closes in the middle of something.
    pub fn interrupt_job(&mut self) {
        self.end_job(Err(Problem::new(ErrorCode::Interrupted, Params::new())));
    }

    /// Decides a request; what it changes is shown.
    pub fn take_in(&mut self, request: Request) {
        let Request { wish, answer } = request;
        let action = match wish {
            Wish::Action(action) => action,
            Wish::Network(network) => {
                let _ = answer.send(self.plug_in(network).map(|()| Done::default()));
                return self.show();
            }
        };
        let job = self.job.as_ref().map(JobHandle::id);
        let circumstances = self.circumstances();
        self.requests
            .decide((action, answer), &self.state, circumstances, job);
        self.show();
    }

    /// Writes down that it is in another network.
    fn plug_in(&mut self, network: NetworkId) -> Result<()> {
        let mut spec = self.spec.clone();
        spec.network = Some(network);
        store::write(&self.engine.roots.machine(spec.id).join(store::SPEC), &spec)?;
        self.spec = spec;
        Ok(())
    }

    /// The machine is off: wait for a start or a deletion.
    async fn off(&mut self) -> Next {
        loop {
            match self.requests.next() {
                Some(MachineAction::Start) => match self.start().await {
                    Next::Off => {}
                    next => return next,
                },
                Some(MachineAction::Delete) => {
                    let removed = self.remove().await;
                    let gone = removed.is_ok();
                    let done = removed.map(|trash| Done {
                        job: None,
                        trash: Some(trash),
                    });
                    self.requests.finish_next(done);
                    if gone {
                        return Next::End;
                    }
                    self.show();
                }
                // It is off: that is what was wanted.
                Some(_) => self.requests.are_off(None),
                None => {
                    let closing = self.engine.closing.clone();
                    tokio::select! {
                        () = closing.cancelled() => return Next::End,
                        () = self.look_again.notified() => self.show(),
                        request = self.requests.arrive() => self.take_in(request),
                    }
                }
            }
        }
    }

    /// QEMU is up: follow it until it ends.
    async fn up(&mut self, mut up: Up) -> Next {
        let adopted = self.job.is_none();
        self.process = Some((up.record.run.accelerator, up.running.pid()));
        self.watcher.start(&up.files, up.record.run.log_start);
        self.state = MachineState::Running {
            since: up.record.started_at.clone(),
            adopted,
        };
        if let Some(job) = &self.job {
            job.enter(StageCode::Console);
            job.wait_for(Some((BlockerCode::FirstOutput, Params::new())));
        }
        self.show();

        let first_output = tokio::time::sleep(self.engine.patience.first_output);
        tokio::pin!(first_output);
        let closing = self.engine.closing.clone();
        let mut halts = up.qmp.as_ref().map(Client::halts);
        self.see_halt(&up).await;
        let exit = loop {
            let rung = match self.requests.next() {
                Some(MachineAction::ForceOff) => Some(StopRung::Kill),
                Some(MachineAction::Stop) => Some(StopRung::Acpi),
                _ => None,
            };
            if let Some(rung) = rung {
                match self.bring_down(&mut up, rung).await {
                    Some(exit) => break exit,
                    None => return Next::End,
                }
            }
            tokio::select! {
                biased;
                exit = up.running.wait() => break self.ended(&up, exit).await,
                () = closing.cancelled() => {
                    // The machine goes on without us.
                    self.interrupt_job();
                    return Next::End;
                }
                boot = self.watcher.changed() => {
                    if boot.as_ref().is_some_and(|boot| boot.console_bytes > 0) {
                        self.end_job(Ok(()));
                    }
                    self.show();
                }
                () = &mut first_output, if self.job.is_some() => {
                    // It runs; a silent console is the page's to tell.
                    self.end_job(Ok(()));
                    self.show();
                }
                () = changed(halts.as_mut()) => self.see_halt(&up).await,
                () = self.look_again.notified() => self.show(),
                request = self.requests.arrive() => match (self.halted, &up.qmp) {
                    (Some(_), Some(qmp)) if request.is_start() => {
                        self.go_on(qmp, request).await;
                        self.see_halt(&up).await;
                    }
                    _ => self.take_in(request),
                },
            }
        };
        self.halted = None;
        self.watcher.finish().await;
        up.files.tidy(self.engine.patience.lock).await;
        self.frames
            .send_replace(self.engine.files(self.spec.id).sockets.net);
        self.process = None;
        self.requests.are_off(None);
        self.set(MachineState::Stopped { exit });
        Next::Off
    }

    /// Asks whether the processors run, and why not. One that does not answer is as it was.
    async fn see_halt(&mut self, up: &Up) {
        let Some(qmp) = &up.qmp else {
            return;
        };
        if let Ok(word) = qmp.halt().await {
            let halted = word.as_deref().map(halt_reason);
            if halted != self.halted {
                self.halted = halted;
                self.show();
            }
        }
    }

    /// Lets processors go on that stand still, which is what a start means then.
    async fn go_on(&self, qmp: &Client, request: Request) {
        let went_on = qmp.go_on().await.map(|()| Done::default());
        // Whoever asked may have gone.
        let _ = request.answer.send(went_on.map_err(internal));
    }

    /// QEMU ended although nobody asked here: the guest switched itself off, or QEMU failed.
    async fn ended(&mut self, up: &Up, exit: Exit) -> ExitReason {
        let mut told = None;
        if let Some(qmp) = &up.qmp {
            let _ = tokio::time::timeout(LAST_WORDS, qmp.closed()).await;
            told = qmp.shutdown();
        }
        self.end_job(Ok(()));
        let words = last_words(&up.files.words);
        let orderly = exit.signal.is_none() && matches!(exit.status, Some(0) | None);
        let by_guest = match told {
            Some(shutdown) => orderly && shutdown.guest,
            // Nobody listened. An end in silence is an orderly one, where its status is known.
            None => exit.status == Some(0) && words.is_empty(),
        };
        if by_guest {
            return ExitReason::GuestShutdown;
        }
        ExitReason::QemuExited {
            status: exit.status,
            signal: exit.signal,
            words,
        }
    }
}

/// Waits until the processors stop or go on; without anybody who tells it never comes.
async fn changed(halts: Option<&mut watch::Receiver<bool>>) {
    if let Some(halts) = halts
        && halts.changed().await.is_ok()
    {
        return;
    }
    // The end of QEMU is seen elsewhere.
    std::future::pending().await
}

/// QEMU's own word for why processors stand still.
fn halt_reason(word: &str) -> HaltReason {
    match word {
        "paused" | "debug" => HaltReason::Paused,
        "io-error" => HaltReason::IoError,
        "suspended" => HaltReason::Suspended,
        _ => HaltReason::Other,
    }
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
