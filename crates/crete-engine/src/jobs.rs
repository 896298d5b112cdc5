//! Jobs: long work that is watched, cancelled, kept, and found again after a crash.
//!
//! A job's record is written when it begins, at every change of stage and when it ends, so that
//! a program that dies in the middle leaves a record which says what was going on.
//! Progress is told at most ten times a second and never written.
//! A paused job is kept as paused, and goes on under its own id and log when the person says so.

mod handle;
mod scribe;

use crate::clock::Clock;
use crate::error::{EngineError, Result};
use crate::live::Live;
use crate::paths::Roots;
use crate::store;
use crete_failpoint::step;
use crete_model::{
    ErrorCode, Job, JobId, JobLogLine, JobRequest, JobState, Params, Problem, Remedy, Stage,
    StageCode, params,
};
pub(crate) use handle::JobHandle;
use scribe::Scribe;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Ended jobs that are kept.
const KEPT: usize = 200;

/// All jobs.
#[derive(Debug, Clone)]
pub(crate) struct Jobs {
    roots: Roots,
    clock: Arc<dyn Clock>,
    /// What pages see.
    pub live: Live<Job>,
    stops: Arc<Mutex<HashMap<JobId, Stops>>>,
    scribe: Arc<Scribe>,
}

/// How a running job is told to stop.
#[derive(Debug, Clone)]
struct Stops {
    /// For good.
    cancel: CancellationToken,
    /// For good, or for a while.
    hold: CancellationToken,
}

impl Stops {
    fn new() -> Self {
        let cancel = CancellationToken::new();
        let hold = cancel.child_token();
        Self { cancel, hold }
    }
}

impl Jobs {
    /// Reads the kept jobs. Those that never ended were cut off by the program's own end.
    pub fn open(roots: Roots, clock: Arc<dyn Clock>) -> Result<Self> {
        let jobs = Self {
            roots,
            clock,
            live: Live::new(),
            stops: Arc::new(Mutex::new(HashMap::new())),
            scribe: Arc::new(Scribe::new().map_err(crate::error::internal)?),
        };
        let mut kept = jobs.read_kept()?;
        kept.sort_by_key(|job| std::cmp::Reverse(job.id));
        let mut ended = 0;
        for job in kept {
            ended += usize::from(job.state.is_final());
            if job.state.is_final() && ended > KEPT {
                // The log first: a record without a log is a job that said nothing.
                remove(&jobs.roots.job_log(job.id));
                remove(&jobs.roots.job(job.id));
                continue;
            }
            let job = match job.state {
                JobState::Queued | JobState::Running => jobs.interrupted(job)?,
                _ => job,
            };
            jobs.live.set(job.id.to_string(), job);
        }
        Ok(jobs)
    }

    /// A job.
    pub fn get(&self, id: JobId) -> Result<Job> {
        self.live
            .get(&id.to_string())
            .ok_or_else(|| EngineError::NotFound {
                kind: "job",
                id: id.to_string(),
            })
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
        job.pausable = false;
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
            pausable: false,
            paused_at: None,
        };
        store::write(&self.roots.job(job.id), &job)?;
        Ok(self.run(job))
    }

    /// Goes on with a job that is paused or was cut off, from its first stage: what was made is kept,
    /// not the stages.
    pub fn go_on(&self, id: JobId) -> Result<JobHandle> {
        let mut job = self.get(id)?;
        job.state = JobState::Running;
        job.paused_at = None;
        job.ended_at = None;
        job.problem = None;
        job.cancellable = true;
        for stage in &mut job.stages {
            stage.state = JobState::Queued;
            stage.started_at = None;
            stage.ended_at = None;
        }
        self.scribe.record(self.roots.job(id), job.clone());
        Ok(self.run(job))
    }

    fn run(&self, job: Job) -> JobHandle {
        self.live.set(job.id.to_string(), job.clone());
        let stops = Stops::new();
        self.stops().insert(job.id, stops.clone());
        JobHandle::new(self.clone(), stops, job)
    }

    fn stops(&self) -> MutexGuard<'_, HashMap<JobId, Stops>> {
        self.stops.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks a job to end.
    pub fn cancel(&self, id: JobId) -> Result<()> {
        let mut job = self.get(id)?;
        if let Some(stops) = self.stops().get(&id) {
            stops.cancel.cancel();
            return Ok(());
        }
        // Without a task there is nobody else to end it. One that ended a moment ago is as wanted.
        if job.state == JobState::Paused {
            handle::finish(&mut job, JobState::Cancelled, &self.clock.text());
            self.scribe.record(self.roots.job(id), job.clone());
            self.live.set(id.to_string(), job);
        }
        Ok(())
    }

    /// Asks a job to stop for a while.
    pub fn pause(&self, id: JobId) -> Result<()> {
        let job = self.get(id)?;
        match self.stops().get(&id) {
            Some(stops) if job.pausable => stops.hold.cancel(),
            // It is as wanted already.
            _ if job.state == JobState::Paused => {}
            _ => {
                let reason = params! { "reason" => "not_pausable" };
                return Err(Problem::new(ErrorCode::Denied, reason).into());
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
        let job = self.get(id)?;
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

/// Removes a file of an old job; one that stays is tried again at the next start.
fn remove(path: &Path) {
    let _ = step!("jobs.prune", std::fs::remove_file(path));
}
