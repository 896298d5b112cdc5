//! From the factory to a complete, checked file.
//!
//! Schematic → transfer → unpack → verify. Until the transfer is over the job can be paused.

use super::checks::{good_layers, is_about_content, layer, look};
use super::problem::{Source, of_fetch};
use super::{BASE, aside, cancelled, container};
use crate::Engine;
use crate::error::EngineError;
use crate::jobs::JobHandle;
use crete_factory::{Created, FactoryError};
use crete_fetch::{Container, Downloaded, Event, FetchError, UnpackEvent, Unpacked};
use crete_model::{
    BlockerCode, BootMedium, ErrorCode, FactoryOrigin, ImageChoice, ImageFile, ImageFormat,
    ImageOrigin, ImageSpec, Layer, LayerCheck, LayerOutcome, Params, Problem, Progress, Remedy,
    Schematic, StageCode, params,
};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// A result that fails with a problem.
type Done<T> = std::result::Result<T, Problem>;

impl Engine {
    pub(super) async fn fetch_file(
        &self,
        spec: &mut ImageSpec,
        origin: &FactoryOrigin,
        choice: &ImageChoice,
        job: &JobHandle,
    ) -> Done<()> {
        let target = self.arriving_path(spec);
        let arrived = {
            job.enter_pausable(StageCode::Schematic);
            let _turn = self.turn(job).await?;
            let id = self.confirm_schematic(spec, origin, job).await?;
            job.enter_pausable(StageCode::Transfer);
            let url = self.asset_url(&id, choice, &origin.asset);
            let url = url.map_err(EngineError::problem)?;
            let request = crete_fetch::Request {
                patience: self.patience.downloads,
                unpacks: container(spec).is_packed(),
                ..crete_fetch::Request::new(url, target.clone(), container(spec))
            };
            job.log(format!("GET {}", request.url));
            self.transfer(spec, &request, job).await?
        };
        job.log(format!(
            "{} bytes, sha256 {}",
            arrived.bytes, arrived.sha256
        ));
        let base = self.roots.image(spec.id).join(BASE);
        let unpacked = if container(spec).is_packed() {
            job.enter(StageCode::Unpack);
            Some(self.unpack_download(spec, &target, &base, job).await?)
        } else {
            None
        };
        job.enter(StageCode::Verify);
        self.settle_download(spec, arrived, unpacked, job).await
    }

    /// Waits until this download may begin: a few at a time are faster than all at once.
    pub(crate) async fn turn(&self, job: &JobHandle) -> Done<OwnedSemaphorePermit> {
        let turns = self.turns.clone();
        if let Ok(turn) = turns.clone().try_acquire_owned() {
            return Ok(turn);
        }
        let count = super::AT_ONCE;
        job.wait_for(Some((BlockerCode::Turn, params! { "count" => count })));
        let turn = tokio::select! {
            turn = turns.acquire_owned() => turn.map_err(|_| cancelled()),
            () = job.hold.cancelled() => Err(cancelled()),
        };
        job.wait_for(None);
        turn
    }

    /// Sends the recipe. An id unknown to the factory is 404 even if it is right, so this comes
    /// first, always. Where the ids differ the factory's holds.
    async fn confirm_schematic(
        &self,
        spec: &mut ImageSpec,
        origin: &FactoryOrigin,
        job: &JobHandle,
    ) -> Done<String> {
        let name = spec.id.to_string();
        let created = tokio::select! {
            created = self.send_schematic(&origin.schematic, &name, job) => created?,
            () = job.hold.cancelled() => return Err(cancelled()),
        };
        if created.id != origin.schematic_id
            && let ImageOrigin::Factory(kept) = &mut spec.origin
        {
            job.log(format!(
                "the factory's id {} differs from {}",
                created.id, origin.schematic_id
            ));
            kept.schematic_id.clone_from(&created.id);
            self.keep_image(spec).map_err(EngineError::problem)?;
        }
        Ok(created.id)
    }

    /// Sends the recipe until the factory takes it, or says something that waiting does not mend.
    /// The waits differ by `name`, so that many who failed together do not come back together.
    pub(crate) async fn send_schematic(
        &self,
        recipe: &Schematic,
        name: &str,
        job: &JobHandle,
    ) -> Done<Created> {
        let client = self.factory().map_err(EngineError::problem)?;
        let mut failures = 0;
        loop {
            let host = params! { "host" => client.host() };
            job.wait_for(Some((BlockerCode::FactoryAnswer, host)));
            let error = match client.create_schematic(recipe).await {
                Ok(created) => {
                    job.wait_for(None);
                    return Ok(created);
                }
                Err(FactoryError::Fetch(error)) => error,
                Err(other) => return Err(other.problem()),
            };
            failures += 1;
            let patience = &self.patience.downloads;
            if !patience.tries_again(&error, failures, false) {
                return Err(of_fetch(&error, Source::Factory));
            }
            let wait = patience.wait(failures, error.retry_after(), name.as_ref());
            self.say_retry(job, failures, wait, &error);
            tokio::time::sleep(wait).await;
        }
    }

    /// Says that there will be another try, when, and why.
    fn say_retry(&self, job: &JobHandle, failures: u32, wait: Duration, error: &FetchError) {
        job.log(format!(
            "failed {failures} times in a row: {error}; next try in {:.1} s",
            wait.as_secs_f64()
        ));
        let at = self.clock.now() + wait;
        job.wait_after(
            params! { "at" => format!("{at:.3}"), "failures" => failures },
            of_fetch(error, Source::Factory),
        );
    }

    async fn transfer(
        &self,
        spec: &ImageSpec,
        request: &crete_fetch::Request,
        job: &JobHandle,
    ) -> Done<Downloaded> {
        let http = self.http().map_err(EngineError::problem)?;
        let on_event = |event: Event| self.follow(job, event);
        let outcome = crete_fetch::download(&http, request, &on_event, &job.hold).await;
        outcome.map_err(|error| {
            let problem = of_fetch(&error, Source::Factory);
            if is_about_content(&problem) {
                let part = crete_fetch::part_path(&request.target);
                self.put_aside(spec, &part, &problem, job);
                if let Err(error) = crete_fetch::forget_side(&request.target) {
                    tracing::warn!(%error, "what is known of a bad download could not be removed");
                }
            }
            problem
        })
    }

    /// Keeps a file that failed, out of the way. The reason it failed for matters more than a
    /// failure to move it, which is logged.
    pub(super) fn put_aside(
        &self,
        spec: &ImageSpec,
        file: &Path,
        problem: &Problem,
        job: &JobHandle,
    ) {
        let folder = self.roots.image(spec.id);
        match aside::put(&folder, file, problem, &self.clock.text()) {
            Ok(place) => job.log(format!("set aside as {}", place.display())),
            Err(error) => job.log(format!("could not be set aside: {error}")),
        }
    }

    async fn unpack_download(
        &self,
        spec: &ImageSpec,
        target: &Path,
        base: &Path,
        job: &JobHandle,
    ) -> Done<Unpacked> {
        let on_unpack = |event: UnpackEvent| show_unpacking(job, event);
        let packed = crete_fetch::open_plain(target);
        let packed = packed.map_err(|error| of_fetch(&error, Source::Factory))?;
        let unpacked =
            crete_fetch::unpack(packed, container(spec), base, &on_unpack, &job.cancel).await;
        unpacked.map_err(|error| {
            let problem = of_fetch(&error, Source::Factory);
            if is_about_content(&problem) {
                self.put_aside(spec, target, &problem, job);
                forget_arrival(target);
            }
            problem
        })
    }

    /// Looks at the structure, records what was found, and makes the image ready by one write.
    async fn settle_download(
        &self,
        spec: &mut ImageSpec,
        arrived: Downloaded,
        unpacked: Option<Unpacked>,
        job: &JobHandle,
    ) -> Done<()> {
        let target = arrived.path.clone();
        let (path, format, digest) = match &unpacked {
            Some(unpacked) => {
                let base = self.roots.image(spec.id).join(BASE);
                (base, ImageFormat::Raw, unpacked.sha256.clone())
            }
            None => {
                let format = match container(spec) {
                    Container::Qcow2 => ImageFormat::Qcow2,
                    _ => ImageFormat::Iso,
                };
                (target.clone(), format, arrived.sha256.clone())
            }
        };
        let looked = look(&path, format, Source::Factory).await;
        let looked = looked.and_then(|found| {
            self.same_as_before(spec, &digest)?;
            Ok(found.virtual_size)
        });
        let virtual_size = match looked {
            Ok(size) => size,
            Err(problem) => {
                if is_about_content(&problem) {
                    // What arrived is the evidence; what was made of it is only a copy.
                    self.put_aside(spec, &target, &problem, job);
                    forget_arrival(&target);
                    if unpacked.is_some() {
                        remove_quietly(&path);
                    }
                }
                return Err(problem);
            }
        };
        let at = self.clock.text();
        let mut layers = way_layers(&arrived, &at);
        layers.extend(good_layers(format, &digest, &at));
        spec.file = Some(ImageFile {
            name: file_name(&path),
            format,
            downloaded: arrived.bytes,
            sha256: arrived.sha256,
            virtual_size,
            layers,
            stamp: crete_fetch::stamp(&path).ok(),
        });
        spec.digest = Some(digest);
        self.keep_image(spec).map_err(EngineError::problem)?;
        if path != target {
            // Only the unpacked base is used from here on; a second copy would only take room.
            remove_quietly(&target);
        }
        forget_arrival(&target);
        Ok(())
    }

    /// A disk that machines were made from must be the very same when it comes again: their own
    /// disks hold only what differs from it.
    pub(super) fn same_as_before(&self, spec: &ImageSpec, digest: &str) -> Done<()> {
        let machines = self.machine_names_of(spec.id);
        let differs = spec.digest.as_deref().is_some_and(|known| known != digest);
        if spec.medium == BootMedium::Iso || machines.is_empty() || !differs {
            return Ok(());
        }
        let params = params! { "machines" => machines.join(", "), "count" => machines.len() };
        Err(Problem::new(ErrorCode::ImageDiffers, params)
            .with_detail(format!(
                "SHA-256 {digest} instead of {}",
                spec.digest.as_deref().unwrap_or_default()
            ))
            .with_remedy(Remedy::DownloadAgain))
    }

    /// Turns what a transfer tells into progress and blockers.
    pub(crate) fn follow(&self, job: &JobHandle, event: Event) {
        match event {
            // The look at the structure, which comes after, is a stage of its own.
            Event::Checking => {}
            Event::WaitingForLock => job.wait_for(Some((BlockerCode::SameFile, Params::new()))),
            Event::Asking { host } => {
                let host = params! { "host" => host };
                job.wait_for(Some((BlockerCode::FactoryAnswer, host)));
            }
            Event::Building { host } => {
                let host = params! { "host" => host };
                job.wait_for(Some((BlockerCode::FactoryBuilds, host)));
            }
            Event::StartsOver { had } => {
                job.log(format!(
                    "begins again: {had} bytes were there and are of no use"
                ));
            }
            Event::Transfer {
                received,
                total,
                rate,
                left,
            } => {
                job.wait_for(None);
                job.progress(Progress {
                    done: received,
                    total: total.unwrap_or(0),
                    rate,
                    left_s: left.map(whole_seconds),
                });
            }
            Event::Verifying { done, total } => job.progress(Progress {
                done,
                total,
                ..Progress::default()
            }),
            Event::Retrying {
                failures,
                wait,
                error,
            } => self.say_retry(job, failures, wait, &error),
        }
    }

    /// Where a file of the factory arrives.
    pub(super) fn arriving_path(&self, spec: &ImageSpec) -> PathBuf {
        let folder = self.roots.image(spec.id);
        match &spec.origin {
            ImageOrigin::Factory(origin) => folder.join(&origin.asset),
            ImageOrigin::Imported(_) => folder.join(BASE),
        }
    }
}

/// The layers that only the way here can tell.
fn way_layers(arrived: &Downloaded, at: &str) -> Vec<LayerCheck> {
    let transport = match &arrived.secure_from {
        Some(host) => layer(
            Layer::Transport,
            LayerOutcome::Good,
            at,
            params! { "host" => host },
        ),
        None => layer(Layer::Transport, LayerOutcome::Absent, at, Params::new()),
    };
    let outcome = if arrived.announced {
        LayerOutcome::Good
    } else {
        LayerOutcome::Absent
    };
    let bytes = params! { "bytes" => arrived.bytes };
    vec![transport, layer(Layer::Length, outcome, at, bytes)]
}

pub(super) fn show_unpacking(job: &JobHandle, event: UnpackEvent) {
    job.progress(Progress {
        done: event.read,
        total: event.total,
        ..Progress::default()
    });
}

fn whole_seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Forgets how a file came: its record says so now, or it is gone.
pub(super) fn forget_arrival(target: &Path) {
    if let Err(error) = crete_fetch::forget_arrival(target) {
        tracing::warn!(%error, "a note of how a file came could not be removed");
    }
}

/// Removes what is not needed any more; what stays is swept at the next start.
pub(super) fn remove_quietly(path: &Path) {
    if let Err(error) = crete_fetch::remove(path) {
        tracing::warn!(%error, "a file that is not needed could not be removed");
    }
}
