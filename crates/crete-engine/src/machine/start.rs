//! The driver's way up: prepare, spawn, greet. A stop may call it back at any moment, and each
//! stage unwinds what it made.

use super::driver::{Driver, Next};
use super::launch::Up;
use super::requests::Done;
use crate::jobs::JobHandle;
use crete_model::{ErrorCode, ExitReason, JobRequest, MachineState, Problem, StageCode, StopRung};

impl Driver {
    /// Carries out the start whose turn it is.
    pub(super) async fn start(&mut self) -> Next {
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
                self.requests.finish_next(Err(error));
                self.show();
                return Next::Off;
            }
        };
        self.state = MachineState::Preparing {
            since: self.engine.clock.text(),
        };
        self.requests.finish_next(Ok(Done::by(Some(job.id()))));
        self.show();
        match self.bring_up(&job).await {
            None => {
                self.interrupt_job();
                Next::End
            }
            Some(Ok(up)) => Next::Up(Box::new(up)),
            Some(Err(problem)) => {
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
                self.process = None;
                self.requests.are_off(Some(job.id()));
                self.set(MachineState::Stopped { exit });
                Next::Off
            }
        }
    }

    /// From nothing to a QEMU that answers; `None` when the engine closes first. A QEMU that was
    /// started by then goes on, and the next start of the program finds it.
    async fn bring_up(&mut self, job: &JobHandle) -> Option<Result<Up, Problem>> {
        let (engine, spec) = (self.engine.clone(), self.spec.clone());
        let preparing = async {
            let report = engine.host_report().await;
            engine.prepare(&spec, &report, job).await
        };
        let prepared = match self.while_requests_arrive(job, preparing).await? {
            Ok(prepared) => prepared,
            Err(problem) => return Some(Err(problem)),
        };
        let spawning = engine.spawn(&spec, prepared, job);
        let mut up = match self.while_requests_arrive(job, spawning).await? {
            Ok(up) => up,
            Err(problem) => return Some(Err(problem)),
        };
        self.process = Some((up.record.run.accelerator, up.running.pid()));
        self.set(MachineState::Starting {
            since: up.record.started_at.clone(),
        });
        let greeting = engine.greet(&spec, &mut up, job);
        match self.while_requests_arrive(job, greeting).await? {
            Ok(()) => Some(Ok(up)),
            Err(problem) => {
                // A failure must not leave a QEMU behind.
                up.end().await;
                up.files.tidy(engine.patience.lock).await;
                Some(Err(problem))
            }
        }
    }

    /// Does something while requests are received; a stop cancels the job it belongs to.
    /// `None` when the engine closes first.
    async fn while_requests_arrive<T>(
        &mut self,
        job: &JobHandle,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let closing = self.engine.closing.clone();
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Some(done),
                () = closing.cancelled() => return None,
                request = self.requests.arrive() => {
                    self.take_in(request);
                    if self.requests.want_off() {
                        job.cancel.cancel();
                        self.requests.answer_off(Some(job.id()));
                    }
                }
            }
        }
    }
}
