//! Jobs: long work that is watched, cancelled, kept, and found again after a crash.
//!
//! A job's record is written when it begins, at every change of stage and when it ends, so that
//! a program that dies in the middle leaves a record which says what was going on.
//! Progress is told at most ten times a second and never written.

mod scribe;

use crate::clock::Clock;
use crate::error::{EngineError, Result};
use crate::live::Live;
use crate::paths::Roots;
use crate::store;
use crete_failpoint::step;
use crete_model::{
    Blocker, BlockerCode, ErrorCode, Job, JobId, JobLogLine, JobRequest, JobState, Params, Problem,
    Progress, Remedy, Stage, StageCode,
};
use scribe::Scribe;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Least time between two reports of progress.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);
/// Ended jobs that are kept.
const KEPT: usize = 200;

/// All jobs.
#[derive(Debug, Clone)]
pub(crate) struct Jobs {
    roots: Roots,
    clock: Arc<dyn Clock>,
    /// What pages see.
    pub live: Live<Job>,
    cancels: Arc<Mutex<HashMap<JobId, CancellationToken>>>,
    scribe: Arc<Scribe>,
}

impl Jobs {
    /// Reads the kept jobs. Those that never ended were cut off by the program's own end.
    pub fn open(roots: Roots, clock: Arc<dyn Clock>) -> Result<Self> {
        let jobs = Self {
            roots,
            clock,
            live: Live::new(),
            cancels: Arc::new(Mutex::new(HashMap::new())),
            scribe: Arc::new(Scribe::new().map_err(crate::error::internal)?),
        };
        let mut kept = jobs.read_kept()?;
        kept.sort_by_key(|job| std::cmp::Reverse(job.id));
        for old in kept.split_off(kept.len().min(KEPT)) {
            // The log first: a record without a log is a job that said nothing.
            remove(&jobs.roots.job_log(old.id));
            remove(&jobs.roots.job(old.id));
        }
        for job in kept {
            let job = if job.state.is_final() {
                job
            } else {
                jobs.interrupted(job)?
            };
            jobs.live.set(job.id.to_string(), job);
        }
        Ok(jobs)
    }

    fn read_kept(&self) -> Result<Vec<Job>> {
        let folder = self.roots.jobs();
        let failed = |source| EngineError::File {
            path: folder.clone(),
            source,
        };
        let mut kept = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            match path.extension().and_then(|ending| ending.to_str()) {
                Some("json") => match store::read::<Job>(&path) {
                    Ok(job) => kept.push(job),
                    Err(error) => tracing::warn!(%error, "a kept job cannot be read"),
                },
                // Its record is written before the first line, so a log alone is what a removal
                // that was cut off left.
                Some("log") if !path.with_extension("json").exists() => remove(&path),
                _ => {}
            }
        }
        Ok(kept)
    }

    fn interrupted(&self, mut job: Job) -> Result<Job> {
        job.state = JobState::Interrupted;
        job.cancellable = false;
        job.ended_at = Some(self.clock.text());
        job.problem =
            Some(Problem::new(ErrorCode::Interrupted, Params::new()).with_remedy(Remedy::Retry));
        for stage in &mut job.stages {
            if !stage.state.is_final() {
                stage.state = match stage.state {
                    JobState::Running => JobState::Interrupted,
                    other => other,
                };
                stage.blocker = None;
            }
        }
        store::write(&self.roots.job(job.id), &job)?;
        Ok(job)
    }

    /// Begins a job with its plan.
    pub fn begin(
        &self,
        request: JobRequest,
        subject: &str,
        plan: &[(StageCode, u32)],
        cancellable: bool,
    ) -> Result<JobHandle> {
        let stage = |&(code, weight): &(StageCode, u32)| Stage {
            code,
            weight,
            state: JobState::Queued,
            progress: None,
            blocker: None,
            started_at: None,
            ended_at: None,
        };
        let job = Job {
            schema_version: 1,
            id: JobId(Uuid::now_v7()),
            request,
            subject: subject.to_owned(),
            state: JobState::Running,
            stages: plan.iter().map(stage).collect(),
            created_at: self.clock.text(),
            ended_at: None,
            problem: None,
            cancellable,
        };
        store::write(&self.roots.job(job.id), &job)?;
        self.live.set(job.id.to_string(), job.clone());
        let cancel = CancellationToken::new();
        self.cancels().insert(job.id, cancel.clone());
        let state = Mutex::new(HandleState {
            job,
            told: Instant::now(),
        });
        Ok(JobHandle {
            jobs: self.clone(),
            cancel,
            state: Arc::new(state),
        })
    }

    fn cancels(&self) -> MutexGuard<'_, HashMap<JobId, CancellationToken>> {
        self.cancels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks a job to end.
    pub fn cancel(&self, id: JobId) -> Result<()> {
        match self.cancels().get(&id) {
            Some(cancel) => cancel.cancel(),
            // It ended a moment ago: what was wanted is so.
            None if self.live.get(&id.to_string()).is_some() => {}
            None => {
                return Err(EngineError::NotFound {
                    kind: "job",
                    id: id.to_string(),
                });
            }
        }
        Ok(())
    }

    /// Waits until everything is written, and ends the writing.
    pub async fn close(&self) {
        self.scribe.dismiss().await;
    }

    /// A job with its kept log.
    pub async fn details(&self, id: JobId) -> Result<(Job, Vec<JobLogLine>)> {
        let job = self
            .live
            .get(&id.to_string())
            .ok_or_else(|| EngineError::NotFound {
                kind: "job",
                id: id.to_string(),
            })?;
        self.scribe.flush().await;
        let text = tokio::fs::read_to_string(self.roots.job_log(id)).await;
        let text = text.unwrap_or_default();
        // A line cut off by a crash does not parse and is left out.
        Ok((
            job,
            text.lines()
                .filter_map(|line| serde_json::from_str(line).ok())
                .collect(),
        ))
    }
}

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
    state: Arc<Mutex<HandleState>>,
}

impl JobHandle {
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
        let now = self.jobs.clock.text();
        let mut state = self.state();
        finish_running(&mut state.job, JobState::Done, &now);
        if let Some(stage) = Self::stage_mut(&mut state.job, code) {
            stage.state = JobState::Running;
            stage.started_at = Some(now);
        }
        self.keep(&mut state);
        drop(state);
        self.log(format!("stage {}", crate::error::wire_name(code)));
    }

    /// Says what the running stage waits for; `None` when it waits for nothing.
    pub fn wait_for(&self, blocker: Option<(BlockerCode, Params)>) {
        let now = self.jobs.clock.text();
        let mut state = self.state();
        let Some(stage) = running(&mut state.job) else {
            return;
        };
        let same = match (&stage.blocker, &blocker) {
            (Some(old), Some((code, params))) => old.code == *code && old.params == *params,
            (None, None) => true,
            _ => false,
        };
        if same {
            return;
        }
        stage.blocker = blocker.map(|(code, params)| Blocker {
            code,
            params,
            since: now,
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
        finish_running(&mut state.job, end, &now);
        state.job.state = end;
        state.job.ended_at = Some(now);
        state.job.cancellable = false;
        state.job.problem = outcome.err().map(|mut problem| {
            problem.id = state.job.id.short();
            problem
        });
        self.keep(&mut state);
        self.jobs.cancels().remove(&state.job.id);
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

/// Removes a file of an old job; one that stays is tried again at the next start.
fn remove(path: &Path) {
    let _ = step!("jobs.prune", std::fs::remove_file(path));
}

fn running(job: &mut Job) -> Option<&mut Stage> {
    job.stages
        .iter_mut()
        .find(|stage| stage.state == JobState::Running)
}

fn finish_running(job: &mut Job, end: JobState, now: &str) {
    if let Some(stage) = running(job) {
        stage.state = end;
        stage.blocker = None;
        stage.ended_at = Some(now.to_owned());
    }
}
