//! Changing this computer with the administrator's permission, as a job with a kept log.
//!
//! The page sends a code and nothing else. The commands come from a fresh look at this computer,
//! so that nothing runs that is not needed, and nothing that the page made up.

use crate::Engine;
use crate::error::Result;
use crate::jobs::JobHandle;
use crete_host::pkexec::{self, Outcome};
use crete_model::{
    BlockerCode, ErrorCode, FixCode, HostReport, JobId, JobRequest, Params, Problem, Remedy,
    StageCode, params,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A question that does not close in time when the program ends is left to the desktop.
const CLOSES_WITHIN: Duration = Duration::from_secs(1);

type Commands = Vec<Vec<String>>;

impl Engine {
    /// Makes a change of this computer, and looks again afterwards.
    ///
    /// # Errors
    /// When the change is not needed any more, or there is nothing to ask for permission with.
    pub async fn fix_host(&self, fix: FixCode) -> Result<JobId> {
        let report = self.check_host().await;
        let commands = commands(&report, fix).ok_or_else(|| {
            Problem::new(ErrorCode::FixNotNeeded, Params::new()).with_remedy(Remedy::Retry)
        })?;
        let pkexec = report.pkexec.map(PathBuf::from).ok_or_else(|| {
            Problem::new(ErrorCode::FixNoPkexec, Params::new()).with_remedy(by_hand(&commands))
        })?;
        let plan = [(StageCode::Change, 9), (StageCode::Recheck, 1)];
        let request = JobRequest::FixHost { fix };
        let job = self
            .job_book
            .begin(request, &line(&commands), &plan, true)?;
        let id = job.id();
        let engine = self.clone();
        self.tasks.spawn(async move {
            let changed = engine.change_host(&job, &pkexec, &commands).await;
            if changed.is_ok() {
                job.enter(StageCode::Recheck);
            }
            let look = engine.check_host();
            tokio::select! {
                _ = look => {}
                () = engine.closing.cancelled() => {}
            }
            job.end(changed);
        });
        Ok(id)
    }

    async fn change_host(
        &self,
        job: &JobHandle,
        pkexec: &Path,
        commands: &Commands,
    ) -> std::result::Result<(), Problem> {
        job.enter(StageCode::Change);
        let cancelled = || Problem::new(ErrorCode::Cancelled, Params::new());
        job.wait_for(Some((BlockerCode::OtherFix, Params::new())));
        let _one_at_a_time = tokio::select! {
            guard = self.fixing.lock() => guard,
            () = job.cancel.cancelled() => return Err(cancelled()),
            () = self.closing.cancelled() => return Err(interrupted()),
        };
        for (done, command) in commands.iter().enumerate() {
            job.log(format!("{} {}", pkexec.display(), command.join(" ")));
            job.wait_for(Some((BlockerCode::Password, Params::new())));
            let tell = |text: &str| {
                job.wait_for(None);
                job.log(text);
            };
            let run = pkexec::run(pkexec, command, tell, &job.cancel);
            tokio::pin!(run);
            let outcome = tokio::select! {
                outcome = &mut run => outcome,
                () = self.closing.cancelled() => {
                    job.cancel.cancel();
                    let _ = tokio::time::timeout(CLOSES_WITHIN, run).await;
                    return Err(interrupted());
                }
            };
            job.wait_for(None);
            let outcome = outcome.map_err(|error| {
                Problem::new(ErrorCode::FixNoPkexec, Params::new())
                    .with_detail(error.to_string())
                    .with_remedy(by_hand(commands))
            })?;
            let counts = params! { "done" => done, "commands" => commands.len() };
            match problem(outcome, command, counts, commands) {
                Some(problem) => return Err(problem),
                None => job.log("done"),
            }
        }
        Ok(())
    }
}

fn interrupted() -> Problem {
    Problem::new(ErrorCode::Interrupted, Params::new()).with_remedy(Remedy::Retry)
}

/// The commands of a change, where the report offers it.
fn commands(report: &HostReport, wanted: FixCode) -> Option<Commands> {
    let remedies = report.checks.iter().flat_map(|check| &check.remedies);
    remedies
        .filter_map(|remedy| match remedy {
            Remedy::Fix { fix, commands, .. } if *fix == wanted => Some(commands.clone()),
            _ => None,
        })
        .next()
}

/// The commands as one line to read and to copy. Their arguments need no quoting.
fn line(commands: &Commands) -> String {
    let lines: Vec<String> = commands.iter().map(|command| command.join(" ")).collect();
    lines.join(" && ")
}

fn by_hand(commands: &Commands) -> Remedy {
    Remedy::RunCommand {
        command: line(commands),
        privileged: true,
    }
}

fn problem(
    outcome: Outcome,
    command: &[String],
    mut counts: Params,
    commands: &Commands,
) -> Option<Problem> {
    let (code, detail) = match outcome {
        Outcome::Done => return None,
        Outcome::Cancelled => return Some(Problem::new(ErrorCode::Cancelled, counts)),
        Outcome::Dismissed => (ErrorCode::FixDismissed, None),
        Outcome::NotAuthorised => (ErrorCode::FixNotAuthorised, None),
        Outcome::NoAgent => (ErrorCode::FixNoAgent, None),
        Outcome::Failed { status, said } => {
            counts.insert("command".to_owned(), command.join(" "));
            counts.insert("status".to_owned(), status);
            (ErrorCode::FixFailed, Some(said))
        }
    };
    let mut problem = Problem::new(code, counts);
    problem.detail = detail.filter(|said| !said.is_empty());
    if code != ErrorCode::FixNoAgent {
        problem = problem.with_remedy(Remedy::Retry);
    }
    Some(problem.with_remedy(by_hand(commands)))
}
