//! One piece of work on a cluster: its job, its steps with their times, and its end.

use super::steps::{Run, Runs, shape, steps};
use crate::Engine;
use crate::error::{Result, wire_name};
use crate::jobs::JobHandle;
use crete_model::{
    BlockerCode, ClusterSpec, ClusterStep, ClusterWork, JobRequest, JobState, MemberStage, Params,
    Problem, StageCode, Timeline,
};
use jiff::Timestamp;

/// The steps of the work that a machine goes through where it stands.
fn steps_of(stage: MemberStage) -> &'static [StageCode] {
    use StageCode as S;
    match stage {
        MemberStage::Boot => &[S::SwitchOn, S::Addresses, S::Maintenance],
        MemberStage::Maintenance => &[S::DisksCheck, S::Configuration, S::Apply],
        MemberStage::Install => &[S::Install],
        MemberStage::Join => &[S::SignIn, S::Time, S::Bootstrap],
        MemberStage::Etcd => &[S::Etcd],
        MemberStage::Kubernetes => &[S::ControlPlane, S::PodNetwork, S::NodesReady],
        MemberStage::Planned
        | MemberStage::Off
        | MemberStage::HandedOver
        | MemberStage::Ready
        | MemberStage::Lost
        | MemberStage::Leaving => &[],
    }
}

/// How long machines stand in a stage on a slow computer, seconds, before any was seen here.
///
/// Read off recordings without KVM on a busy computer (facts 5.6: 70 s from the kernel to an API;
/// 7.3: minutes until Ready), rounded up: whoever takes three times as long is slow anywhere.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "some minutes"
)]
fn assumed(stage: MemberStage, speed: f64) -> Option<u32> {
    let seconds = match stage {
        MemberStage::Boot | MemberStage::Etcd => 180.0,
        MemberStage::Maintenance => 60.0,
        MemberStage::Install | MemberStage::Kubernetes => 300.0,
        MemberStage::Join => 120.0,
        MemberStage::Planned
        | MemberStage::Off
        | MemberStage::Ready
        | MemberStage::HandedOver
        | MemberStage::Lost
        | MemberStage::Leaving => return None,
    };
    Some((seconds / speed).ceil() as u32)
}

/// A piece of work that goes on.
#[derive(Debug)]
pub(super) struct Work {
    pub kind: ClusterWork,
    pub job: JobHandle,
    steps: Vec<ClusterStep>,
    usual: Option<u32>,
    began: Timestamp,
    began_text: String,
    /// The step that goes on; all before it are done.
    at: usize,
    /// Whether it was done here from its beginning on, without a break: otherwise how long it takes
    /// says nothing about the next time.
    whole: bool,
}

impl Work {
    /// Begins a piece of work, or goes on with the job that the program's end cut off.
    pub fn begin(engine: &Engine, spec: &ClusterSpec, kind: ClusterWork) -> Result<Self> {
        let request = JobRequest::Cluster {
            cluster: spec.id,
            work: kind,
        };
        let codes = steps(spec, kind);
        let cut_off = engine
            .jobs
            .all()
            .into_iter()
            .rev()
            .find(|job| job.request == request && job.state == JobState::Interrupted);
        // A creation that failed has left something, and the next try finds it done.
        let whole = cut_off.is_none() && (kind != ClusterWork::Create || spec.api.is_none());
        let began_text = match &cut_off {
            Some(job) => job.created_at.clone(),
            None => engine.clock.text(),
        };
        let job = match cut_off {
            Some(job) => engine.job_book.go_on(job.id)?,
            None => {
                let plan: Vec<(StageCode, u32)> = codes.iter().map(|code| (*code, 1)).collect();
                // Giving up the rest leaves what is done as it is.
                let cancellable = matches!(
                    kind,
                    ClusterWork::Create
                        | ClusterWork::Configure
                        | ClusterWork::TrySample
                        | ClusterWork::RemoveWorker
                );
                engine
                    .job_book
                    .begin(request, &spec.name, &plan, cancellable)?
            }
        };
        let runs = Runs::read(&engine.roots.cluster_runs());
        let step = |code: StageCode| ClusterStep {
            code,
            started_at: None,
            ended_at: None,
            usual_s: runs.usual(spec, kind, code),
            done: 0,
            of: 0,
        };
        Ok(Self {
            kind,
            job,
            steps: codes.into_iter().map(step).collect(),
            usual: runs.usual_total(spec, kind),
            began: began_text.parse().unwrap_or_else(|_| engine.clock.now()),
            began_text,
            at: 0,
            whole,
        })
    }

    /// Takes in how far every step is. True when all are done.
    pub fn advance(&mut self, now: &str, progress: impl Fn(StageCode) -> (usize, usize)) -> bool {
        for (at, step) in self.steps.iter_mut().enumerate() {
            let (done, of) = progress(step.code);
            step.done = u32::try_from(done).unwrap_or(u32::MAX);
            step.of = u32::try_from(of).unwrap_or(u32::MAX);
            if at > self.at {
                continue;
            }
            if step.started_at.is_none() {
                step.started_at = Some(now.to_owned());
                self.job.enter(step.code);
            }
            if at == self.at && done >= of {
                step.ended_at = Some(now.to_owned());
                self.at += 1;
            }
        }
        self.at == self.steps.len()
    }

    /// The computer slept meanwhile: its times are not those of the work.
    pub fn note_sleep(&mut self) {
        self.whole = false;
    }

    /// Whether machines that are off are switched on by it, and missing ones made.
    pub fn switches(&self) -> bool {
        let rests = [
            ClusterWork::RemoveWorker,
            ClusterWork::Configure,
            ClusterWork::TrySample,
            ClusterWork::EndSample,
        ];
        !rests.contains(&self.kind)
    }

    /// The step that goes on.
    pub fn current(&self) -> Option<StageCode> {
        self.steps.get(self.at).map(|step| step.code)
    }

    /// How long machines usually stand where one stands, seconds: here, where that is known,
    /// otherwise anywhere. `speed` is how much faster than real nodes these live.
    pub fn usual(&self, stage: MemberStage, speed: f64) -> Option<u32> {
        let codes = steps_of(stage);
        let steps = self.steps.iter().filter(|step| codes.contains(&step.code));
        let known: Vec<u32> = steps.filter_map(|step| step.usual_s).collect();
        match known.is_empty() {
            true => assumed(stage, speed),
            false => Some(known.iter().sum()),
        }
    }

    /// Says in the job what is awaited.
    pub fn wait_for(&self, blocker: Option<Params>) {
        self.job
            .wait_for(blocker.map(|params| (BlockerCode::ClusterStuck, params)));
    }

    /// The work as the page shows it.
    pub fn timeline(&self, ended_at: Option<String>) -> Timeline {
        Timeline {
            started_at: Some(self.began_text.clone()),
            ended_at,
            usual_s: self.usual,
            steps: self.steps.clone(),
        }
    }

    /// How long it goes on by now.
    pub fn seconds(&self, now: Timestamp) -> u64 {
        u64::try_from(now.duration_since(self.began).as_secs()).unwrap_or_default()
    }

    /// Ends it well, and remembers how long it took.
    pub fn done(self, engine: &Engine, spec: &ClusterSpec) -> Timeline {
        let timeline = self.timeline(Some(engine.clock.text()));
        if self.whole {
            let path = engine.roots.cluster_runs();
            let run = self.run(engine.clock.now(), spec);
            if let Err(error) = Runs::read(&path).keep(&path, run) {
                tracing::warn!(%error, "how long it took is not remembered");
            }
        }
        self.job.end(Ok(()));
        timeline
    }

    /// Ends it badly.
    pub fn failed(self, engine: &Engine, problem: Problem) -> Timeline {
        let timeline = self.timeline(Some(engine.clock.text()));
        self.job.end(Err(problem));
        timeline
    }

    fn run(&self, now: Timestamp, spec: &ClusterSpec) -> Run {
        let seconds = |from: Timestamp, to: Timestamp| {
            u32::try_from(to.duration_since(from).as_secs()).unwrap_or_default()
        };
        let took = |step: &ClusterStep| {
            let from: Timestamp = step.started_at.as_ref()?.parse().ok()?;
            let to: Timestamp = step.ended_at.as_ref()?.parse().ok()?;
            Some((wire_name(step.code), seconds(from, to)))
        };
        let steps: std::collections::BTreeMap<String, u32> =
            self.steps.iter().filter_map(took).collect();
        let download = steps.get(&wire_name(StageCode::ClusterImage));
        let download = download.copied().unwrap_or_default();
        let (control_planes, workers) = shape(spec);
        Run {
            work: self.kind,
            control_planes,
            workers,
            installed: super::configure::installs(spec),
            left_waiting: spec.leave_in_maintenance,
            talos: spec.talos.to_string(),
            total: seconds(self.began, now).saturating_sub(download),
            steps,
        }
    }
}
