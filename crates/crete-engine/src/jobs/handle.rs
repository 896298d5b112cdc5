//! The running side of one job: its stages, what it waits for, its log, its end.

use super::{Jobs, Stops};
use crete_model::{
    Blocker, BlockerCode, ErrorCode, Job, JobId, JobLogLine, JobState, Params, Problem, Progress,
    Stage, StageCode,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Least time between two reports of progress.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug)]
struct HandleState {
    job: Job,
    told: Instant,
}

/// The running side of one job.
#[derive(Debug, Clone)]
pub(crate) struct JobHandle {
    jobs: Jobs,
    /// Cancelled when the person asks, or the engine closes.
    pub cancel: CancellationToken,
    /// Cancelled also when the person asks to stop for a while.
    pub hold: CancellationToken,
    state: Arc<Mutex<HandleState>>,
}

impl JobHandle {
    pub(super) fn new(jobs: Jobs, stops: Stops, job: Job) -> Self {
        let state = HandleState {
            job,
            told: Instant::now(),
        };
        Self {
            jobs,
            cancel: stops.cancel,
            hold: stops.hold,
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// True when the person asked to stop for a while, and not for good.
    pub fn is_held(&self) -> bool {
        self.hold.is_cancelled() && !self.cancel.is_cancelled()
    }

    /// The job's id.
    pub fn id(&self) -> JobId {
        self.state().job.id
    }

    fn state(&self) -> MutexGuard<'_, HandleState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stage_mut(job: &mut Job, code: StageCode) -> Option<&mut Stage> {
        job.stages.iter_mut().find(|stage| stage.code == code)
    }

    /// Ends the running stage well and begins this one.
    pub fn enter(&self, code: StageCode) {
        self.begin_stage(code, false);
    }

    /// The same with a stage that can be paused: it listens to `hold`.
    pub fn enter_pausable(&self, code: StageCode) {
        self.begin_stage(code, true);
    }

    fn begin_stage(&self, code: StageCode, pausable: bool) {
        let now = self.jobs.clock.text();
        let mut state = self.state();
        finish_running(&mut state.job, JobState::Done, &now);
        if let Some(stage) = Self::stage_mut(&mut state.job, code) {
            stage.state = JobState::Running;
            stage.started_at = Some(now);
        }
        state.job.pausable = pausable;
        self.keep(&mut state);
        drop(state);
        self.log(format!("stage {}", crate::error::wire_name(code)));
    }

    /// Says what the running stage waits for; `None` when it waits for nothing.
    pub fn wait_for(&self, blocker: Option<(BlockerCode, Params)>) {
        self.block(blocker.map(|(code, params)| (code, params, None)));
    }

    /// Says that the running stage waits before it tries again, and why the last try failed.
    pub fn wait_after(&self, params: Params, problem: Problem) {
        self.block(Some((BlockerCode::Retry, params, Some(problem))));
    }

    fn block(&self, blocker: Option<(BlockerCode, Params, Option<Problem>)>) {
        let now = self.jobs.clock.text();
        let mut state = self.state();
        let Some(stage) = running(&mut state.job) else {
            return;
        };
        let same = match (&stage.blocker, &blocker) {
            (Some(old), Some((code, params, _))) => old.code == *code && old.params == *params,
            (None, None) => true,
            _ => false,
        };
        if same {
            return;
        }
        stage.blocker = blocker.map(|(code, params, problem)| Blocker {
            code,
            params,
            since: now,
            problem,
        });
        self.tell(&mut state);
    }

    /// Reports bytes; told to readers at most ten times a second.
    pub fn progress(&self, progress: Progress) {
        let mut state = self.state();
        let complete = progress.total > 0 && progress.done >= progress.total;
        let due = complete || state.told.elapsed() >= PROGRESS_EVERY;
        let Some(stage) = running(&mut state.job) else {
            return;
        };
        stage.progress = Some(progress);
        if due {
            self.tell(&mut state);
        }
    }

    /// Adds a line to the kept log.
    pub fn log(&self, text: impl Into<String>) {
        let mut state = self.state();
        let line = JobLogLine {
            at: self.jobs.clock.text(),
            stage: running(&mut state.job).map(|stage| stage.code),
            text: text.into(),
        };
        let path = self.jobs.roots.job_log(state.job.id);
        drop(state);
        let mut bytes = serde_json::to_vec(&line).unwrap_or_default();
        bytes.push(b'\n');
        self.jobs.scribe.line(path, bytes);
    }

    /// Ends the job.
    pub fn end(&self, outcome: std::result::Result<(), Problem>) {
        if let Err(problem) = &outcome {
            self.log(format!(
                "{}: {}",
                crate::error::wire_name(problem.code),
                problem.detail.as_deref().unwrap_or_default()
            ));
        }
        let now = self.jobs.clock.text();
        let mut state = self.state();
        let end = match &outcome {
            Ok(()) => JobState::Done,
            Err(problem) => match problem.code {
                ErrorCode::Cancelled => JobState::Cancelled,
                ErrorCode::Interrupted => JobState::Interrupted,
                _ => JobState::Failed,
            },
        };
        finish(&mut state.job, end, &now);
        state.job.problem = outcome.err().map(|mut problem| {
            problem.id = state.job.id.short();
            problem
        });
        self.keep(&mut state);
        self.jobs.stops().remove(&state.job.id);
    }

    /// Stops the job for a while: it is kept as paused until the person goes on with it.
    pub fn rest(&self) {
        self.log("paused");
        let now = self.jobs.clock.text();
        let mut state = self.state();
        if let Some(stage) = running(&mut state.job) {
            stage.state = JobState::Paused;
            stage.blocker = None;
        }
        state.job.state = JobState::Paused;
        state.job.pausable = false;
        state.job.paused_at = Some(now);
        self.keep(&mut state);
        self.jobs.stops().remove(&state.job.id);
    }

    fn keep(&self, state: &mut HandleState) {
        let path = self.jobs.roots.job(state.job.id);
        self.jobs.scribe.record(path, state.job.clone());
        self.tell(state);
    }

    fn tell(&self, state: &mut HandleState) {
        state.told = Instant::now();
        self.jobs
            .live
            .set(state.job.id.to_string(), state.job.clone());
    }
}

fn running(job: &mut Job) -> Option<&mut Stage> {
    let in_progress =
        |stage: &&mut Stage| matches!(stage.state, JobState::Running | JobState::Paused);
    job.stages.iter_mut().find(in_progress)
}

/// Ends a job and whatever stage it was in.
pub(super) fn finish(job: &mut Job, end: JobState, now: &str) {
    finish_running(job, end, now);
    job.state = end;
    job.ended_at = Some(now.to_owned());
    job.cancellable = false;
    job.pausable = false;
    job.paused_at = None;
}

fn finish_running(job: &mut Job, end: JobState, now: &str) {
    if let Some(stage) = running(job) {
        stage.state = end;
        stage.blocker = None;
        stage.ended_at = Some(now.to_owned());
    }
}
