//! The piece of work that goes on: taken up, begun, followed to its end.

use super::driver::Driver;
use super::progress;
use super::work::Work;
use crate::Engine;
use crete_model::{
    ChangeState, ClusterEventCode, ClusterSpec, ClusterWish, ClusterWork, ErrorCode, JobId,
    JobRequest, JobState, Params, Problem, StageCode, params,
};

/// The job that failed last, when nothing was done with the cluster since.
fn failed_job(engine: &Engine, spec: &ClusterSpec) -> Option<JobId> {
    let jobs = engine.jobs.all().into_iter();
    let own = jobs.filter(
        |job| matches!(job.request, JobRequest::Cluster { cluster, .. } if cluster == spec.id),
    );
    let last = own.max_by_key(|job| job.id)?;
    (last.state == JobState::Failed).then_some(last.id)
}

impl Driver {
    /// Work that the program's end cut off goes on by itself; a cluster that was on when the
    /// computer went off waits to be started. So does one whose creation failed: that is shown still,
    /// and nothing is made anew before a person wants it.
    pub(super) fn take_up_open_work(&mut self) {
        self.failed = failed_job(&self.engine, &self.spec);
        let kind = match self.spec.wish {
            ClusterWish::Undone => Some(ClusterWork::Create),
            ClusterWish::Stopped => Some(ClusterWork::Stop),
            ClusterWish::Running => self.open_work(),
            ClusterWish::Deleted => None,
        };
        // What is done to machines that are on waits until a person switches them on.
        let goes_on = |kind: &ClusterWork| *kind == ClusterWork::Create || self.is_any_on();
        if let Some(kind) = kind.filter(goes_on) {
            self.begin(kind);
        }
    }

    /// What a cluster that is to be on was given to do, and has not done yet.
    fn open_work(&self) -> Option<ClusterWork> {
        let switches = [
            ClusterWork::Create,
            ClusterWork::Start,
            ClusterWork::AddWorkers,
        ];
        if let Some(kind) = self.spec.begun.filter(|kind| switches.contains(kind)) {
            return Some(kind);
        }
        if self.spec.nodes.iter().any(|node| node.leaving) {
            return Some(ClusterWork::RemoveWorker);
        }
        if self.is_rolling() {
            return Some(ClusterWork::Configure);
        }
        match self.spec.sample {
            Some(sample) if sample.leaving => Some(ClusterWork::EndSample),
            Some(sample) if sample.forward.is_none() => Some(ClusterWork::TrySample),
            _ => None,
        }
    }

    /// Begins a piece of work.
    pub(super) fn begin(&mut self, kind: ClusterWork) {
        self.board.begin();
        self.failures.clear();
        self.failed = None;
        match Work::begin(&self.engine, &self.spec, kind) {
            Ok(work) => self.work = Some(work),
            Err(error) => tracing::error!(%error, cluster = self.spec.name, "no job can be begun"),
        }
    }

    /// Ends the work that goes on, badly.
    pub(super) fn fail(&mut self, problem: Problem) {
        if let Some(work) = self.work.take() {
            // What a person gave up is no failure.
            self.failed = (problem.code != ErrorCode::Cancelled).then(|| work.job.id());
            self.last_work = work.failed(&self.engine, problem);
            self.put_down();
        }
    }

    /// Nothing is left for whoever comes next.
    fn put_down(&mut self) {
        if let Err(error) = self.change(|spec| spec.begun = None) {
            // The next start finds it done, or goes on with it.
            tracing::warn!(%error, cluster = self.spec.name, "its record cannot be written");
        }
    }

    /// Takes in how far the work is, and ends it when it is done.
    pub(super) async fn advance(&mut self) {
        let now = self.engine.clock.text();
        if let Some(work) = &self.work
            && work.current() == Some(StageCode::Access)
            && !self.has_access()
            && let Err(error) = self.write_access().await
        {
            return self.fail(error.problem());
        }
        let Some(mut work) = self.work.take() else {
            return;
        };
        let members = self.members();
        let scene = progress::Scene {
            spec: &self.spec,
            image: &self.image,
            members: &members,
            kube: self.kube.as_ref(),
            checks: &self.found,
            secrets: self.bundle.is_some(),
            access: self.has_access(),
            standings: &self.standings,
            sample: &self.sample,
            sample_open: self.is_sample_open(),
            sample_gone: self.spec.sample.is_none(),
        };
        let done = work.advance(&now, |step| scene.progress(step));
        drop(members);
        match done {
            true => self.finish(work),
            false => self.work = Some(work),
        }
    }

    fn finish(&mut self, work: Work) {
        let now = self.engine.clock.text();
        let kind = work.kind;
        let seconds = work.seconds(self.engine.clock.now());
        self.last_work = work.done(&self.engine, &self.spec);
        if kind == ClusterWork::Create {
            let formed = self.change(|spec| {
                spec.formed_at = Some(now.clone());
                spec.begun = None;
            });
            if let Err(error) = formed {
                // It is formed all the same; the next start finds it so, and writes it down then.
                tracing::warn!(%error, cluster = self.spec.name, "its record cannot be written");
            }
            if !self.spec.leave_in_maintenance {
                let took = params! { "seconds" => seconds };
                self.board.happened(&now, ClusterEventCode::Formed, took);
            }
        }
        if matches!(kind, ClusterWork::Stop | ClusterWork::Restart) {
            self.board
                .happened(&now, ClusterEventCode::Stopped, Params::new());
        }
        if kind == ClusterWork::Configure {
            self.end_change(ChangeState::Done);
        }
        if self.spec.begun == Some(ClusterWork::Restart) {
            // One write turns the restart into a start.
            return self.go_on_after_stop();
        }
        self.put_down();
        if kind == ClusterWork::Start && self.is_rolling() {
            // It was begun before the machines went off.
            self.roll_on();
        }
    }
}
