//! The stop ladder: power button, QMP `quit`, SIGTERM, SIGKILL, each with a deadline.

use super::driver::Driver;
use super::launch::Up;
use super::requests::Done;
use crate::jobs::JobHandle;
use crete_model::{BlockerCode, ExitReason, JobRequest, MachineState, Params, StageCode, StopRung};
use crete_qemu::process::Signal;
use crete_qemu::qmp::Client;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// The next, harder rung.
fn harder(rung: StopRung) -> Option<StopRung> {
    match rung {
        StopRung::Acpi => Some(StopRung::Quit),
        StopRung::Quit => Some(StopRung::Terminate),
        StopRung::Terminate => Some(StopRung::Kill),
        StopRung::Kill => None,
    }
}

/// How long a QEMU that does not take a command may need if that is because it is ending.
const ENDING: Duration = Duration::from_millis(500);

/// How waiting on a rung went.
enum Waited {
    Ended,
    Forced,
    Closing,
    InVain,
}

impl Driver {
    /// Goes down the ladder from `first` until QEMU has ended; `None` when the engine closes first.
    pub(super) async fn bring_down(&mut self, up: &mut Up, first: StopRung) -> Option<ExitReason> {
        // A start that had not seen the console yet has done its work all the same.
        self.end_job(Ok(()));
        let machine = self.spec.id;
        let plan = [(StageCode::PowerButton, 3), (StageCode::End, 1)];
        // A job that cannot be recorded is no reason to leave the machine on.
        let begun = self.begin(JobRequest::Stop { machine }, &plan);
        let job = begun.ok().map(|job| job.id());
        self.state = self.stopping(first);
        self.requests.finish_next(Ok(Done::by(job)));
        let mut rung = first;
        loop {
            match self.take_rung(up, rung).await {
                Waited::Ended => {
                    self.end_job(Ok(()));
                    return Some(ExitReason::Stopped { rung });
                }
                Waited::Forced => rung = StopRung::Kill,
                Waited::Closing => {
                    self.interrupt_job();
                    return None;
                }
                Waited::InVain => match harder(rung) {
                    Some(next) => rung = next,
                    // Nothing is harder: the kernel will end it, so go on waiting.
                    None => self.say_it_will_not_end(),
                },
            }
        }
    }

    fn stopping(&self, rung: StopRung) -> MachineState {
        let limit = self.limit(rung);
        MachineState::Stopping {
            rung,
            since: self.engine.clock.text(),
            deadline_s: u32::try_from(limit.as_secs()).unwrap_or(u32::MAX),
        }
    }

    fn limit(&self, rung: StopRung) -> Duration {
        let boot = self.watcher.boot().map(|boot| boot.stage);
        self.engine.patience.rung(rung, boot)
    }

    fn log(&self, text: impl Into<String>) {
        if let Some(job) = &self.job {
            job.log(text);
        }
    }

    fn say_it_will_not_end(&self) {
        self.log("the process does not end although it was killed: the kernel is not done with it");
    }

    /// Takes one rung and waits for what it brings.
    async fn take_rung(&mut self, up: &mut Up, rung: StopRung) -> Waited {
        let limit = self.limit(rung);
        let mut until = Instant::now() + limit;
        if let Some(job) = &self.job {
            let (stage, blocker) = match rung {
                StopRung::Acpi => (StageCode::PowerButton, BlockerCode::GuestShutdown),
                _ => (StageCode::End, BlockerCode::ProcessEnd),
            };
            job.enter(stage);
            job.wait_for(Some((blocker, Params::new())));
            job.log(format!("{rung:?}, {} s", limit.as_secs()));
        }
        self.set(self.stopping(rung));
        let sent = match rung {
            StopRung::Acpi | StopRung::Quit => Ok(()),
            StopRung::Terminate => up.running.signal(Signal::Terminate),
            StopRung::Kill => up.running.signal(Signal::Kill),
        };
        if let Err(error) = sent {
            // It may be gone already; if not, the next rung is harder.
            self.log(error.to_string());
        }
        let Up {
            running,
            qmp,
            files,
            ..
        } = up;
        let asking = ask(
            rung,
            qmp.as_ref(),
            &files.sockets.qmp,
            self.engine.patience.answer,
        );
        tokio::pin!(asking);
        let mut asked = false;
        let closing = self.engine.closing.clone();
        loop {
            tokio::select! {
                biased;
                _ = running.wait() => return Waited::Ended,
                () = closing.cancelled() => return Waited::Closing,
                _ = self.watcher.changed() => self.show(),
                () = self.look_again.notified() => self.show(),
                request = self.requests.arrive() => {
                    self.take_in(request);
                    if self.requests.want_force() {
                        let job = self.job.as_ref().map(JobHandle::id);
                        self.requests.finish_next(Ok(Done::by(job)));
                        return Waited::Forced;
                    }
                }
                answer = &mut asking, if !asked => {
                    asked = true;
                    if let Err(words) = answer {
                        // Nothing will come of it, unless it does not answer because it is ending.
                        self.log(words);
                        until = until.min(Instant::now() + ENDING);
                    }
                }
                () = tokio::time::sleep_until(until) => return Waited::InVain,
            }
        }
    }
}

/// Asks QEMU over QMP, on a new connection where the old one is gone.
async fn ask(
    rung: StopRung,
    qmp: Option<&Client>,
    socket: &Path,
    patience: Duration,
) -> Result<(), String> {
    if matches!(rung, StopRung::Terminate | StopRung::Kill) {
        return Ok(());
    }
    let mut fresh = None;
    let client = match qmp.filter(|client| !client.is_closed()) {
        Some(client) => client,
        None => {
            let client = Client::connect(socket, patience).await;
            fresh.insert(client.map_err(|error| error.to_string())?)
        }
    };
    let asked = match rung {
        StopRung::Acpi => client.power_button().await,
        _ => client.quit().await,
    };
    asked.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_climbs_from_the_power_button_to_the_kill_signal() {
        let mut rungs = vec![StopRung::Acpi];
        while let Some(next) = rungs.last().copied().and_then(harder) {
            rungs.push(next);
        }
        use StopRung::{Acpi, Kill, Quit, Terminate};
        assert_eq!(rungs, [Acpi, Quit, Terminate, Kill]);
    }
}
