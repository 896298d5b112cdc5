//! Images: from a choice to a complete, checked file that machines can boot from.
//!
//! ```text
//! choice ─▶ Incomplete ─▶ Working(job) ─▶ Ready
//!               ▲              │
//!               └── failed, cancelled, interrupted (what arrived is kept)
//! ```
//!
//! A file becomes part of an image only by one write of `spec.json` at the very end, so nothing
//! half-downloaded is ever offered for booting.

use crate::Engine;
use crate::error::{EngineError, Result};
use crate::jobs::JobHandle;
use crate::{store, trash};
use crete_factory::schematic;
use crete_fetch::{Container, Event, FetchError};
use crete_model::{
    Arch, BlockerCode, BootMedium, ErrorCode, ImageChoice, ImageFile, ImageFormat, ImageId,
    ImagePlan, ImageSpec, ImageState, ImageView, JobId, JobRequest, Params, Problem, Progress,
    Remedy, StageCode, params,
};
use std::path::{Path, PathBuf};
use url::Url;
use uuid::Uuid;

/// The name of every image's final file; its format stands in the record.
const BASE: &str = "base";

impl Engine {
    /// What will be asked of the factory for a choice. Sends nothing.
    ///
    /// # Errors
    /// When the factory's address in the settings is unusable.
    pub fn plan(&self, choice: &ImageChoice) -> Result<ImagePlan> {
        let schematic = crete_factory::serial_console_schematic(choice.arch);
        let yaml = schematic::canonical(&schematic);
        let schematic_id = schematic::id(&schematic);
        let asset = crete_factory::asset_name(choice.arch, choice.medium, &choice.version);
        let url = self.asset_url(&schematic_id, choice, &asset)?;
        let existing = self
            .images
            .all()
            .into_iter()
            .find(|view| {
                view.spec.choice == *choice
                    && view.spec.factory == self.factory_base()
                    && view.spec.schematic == schematic
            })
            .map(|view| view.spec.id);
        Ok(ImagePlan {
            yaml,
            schematic_id,
            url: url.to_string(),
            estimated_size: crete_factory::estimated_size(
                choice.arch,
                choice.medium,
                &choice.version,
            ),
            asset,
            schematic,
            existing,
        })
    }

    fn asset_url(&self, schematic_id: &str, choice: &ImageChoice, asset: &str) -> Result<Url> {
        let base = self.factory_url()?;
        Ok(crete_factory::image_url(
            &base,
            schematic_id,
            &choice.version,
            asset,
        ))
    }

    /// Downloads an image, or goes on with the one of the same choice.
    ///
    /// # Errors
    /// When its record cannot be written.
    pub fn download(&self, choice: &ImageChoice) -> Result<(ImageId, Option<JobId>)> {
        let plan = self.plan(choice)?;
        if let Some(existing) = plan.existing {
            return Ok((existing, self.resume(existing)?));
        }
        let spec = ImageSpec {
            schema_version: 1,
            id: ImageId(Uuid::now_v7()),
            choice: choice.clone(),
            schematic: plan.schematic,
            schematic_id: plan.schematic_id,
            factory: self.factory_base(),
            asset: plan.asset,
            created_at: self.clock.text(),
            file: None,
        };
        let folder = self.roots.image(spec.id);
        crate::paths::private_folder(&folder)?;
        store::write(&folder.join(store::SPEC), &spec)?;
        let id = spec.id;
        self.show_image(
            spec,
            ImageState::Incomplete {
                received: 0,
                problem: None,
            },
        );
        Ok((id, self.resume(id)?))
    }

    /// Goes on with an incomplete image. Nothing to do when it is ready or in work.
    ///
    /// # Errors
    /// When there is no such image, or its job cannot be recorded.
    pub fn resume(&self, id: ImageId) -> Result<Option<JobId>> {
        let view = self.image(id)?;
        match view.state {
            ImageState::Ready => return Ok(None),
            ImageState::Working { job } => return Ok(Some(job)),
            ImageState::Incomplete { .. } => {}
        }
        let plan = [
            (StageCode::Schematic, 1),
            (StageCode::Transfer, 80),
            (StageCode::Verify, 4),
            (StageCode::Unpack, 15),
        ];
        let job = self.job_book.begin(
            JobRequest::Download { image: id },
            &title(&view.spec),
            &plan,
            true,
        )?;
        let job_id = job.id();
        self.show_image(view.spec.clone(), ImageState::Working { job: job_id });
        let engine = self.clone();
        self.tasks
            .spawn(async move { engine.run_download(view.spec, job).await });
        Ok(Some(job_id))
    }

    async fn run_download(&self, mut spec: ImageSpec, job: JobHandle) {
        // Closing the program is not the person's cancel, but it ends the work the same way.
        let closing = self.closing.clone();
        let cancel = job.cancel.clone();
        let outcome = tokio::select! {
            outcome = self.make_file(&mut spec, &job) => outcome,
            () = closing.cancelled() => { cancel.cancel(); return; }
        };
        let id = spec.id;
        match outcome {
            Ok(()) => {
                self.show_image(spec, ImageState::Ready);
                job.end(Ok(()));
            }
            Err(problem) => {
                let received = crete_fetch::partial(&self.download_path(&spec))
                    .map_or(0, |partial| partial.received);
                let shown = (problem.code != ErrorCode::Cancelled).then(|| problem.clone());
                self.show_image(
                    spec,
                    ImageState::Incomplete {
                        received,
                        problem: shown,
                    },
                );
                job.end(Err(problem));
            }
        }
        self.refresh_machines_of(id);
    }

    fn download_path(&self, spec: &ImageSpec) -> PathBuf {
        self.roots.image(spec.id).join(&spec.asset)
    }

    async fn make_file(
        &self,
        spec: &mut ImageSpec,
        job: &JobHandle,
    ) -> std::result::Result<(), Problem> {
        job.enter(StageCode::Schematic);
        self.confirm_schematic(spec, job).await?;

        job.enter(StageCode::Transfer);
        let target = self.download_path(spec);
        let container = container(spec.choice.medium);
        let request = crete_fetch::Request {
            ..crete_fetch::Request::new(
                self.asset_url(&spec.schematic_id, &spec.choice, &spec.asset)
                    .map_err(EngineError::problem)?,
                target.clone(),
                container,
            )
        };
        job.log(format!("GET {}", request.url));
        let http = self.http().map_err(EngineError::problem)?;
        let on_event = |event: Event| follow(job, event);
        let done = crete_fetch::download(&http, &request, &on_event, &job.cancel)
            .await
            .map_err(|error| fetch_problem(&error))?;
        job.log(format!("{} bytes, sha256 {}", done.bytes, done.sha256));

        // Length, container and digest were checked while the bytes came in; this stage says so.
        job.enter(StageCode::Verify);
        let folder = self.roots.image(spec.id);
        let base = folder.join(BASE);
        let (name, virtual_size) = match spec.choice.medium {
            BootMedium::Iso => (spec.asset.clone(), done.bytes),
            BootMedium::DiskImage => {
                job.enter(StageCode::Unpack);
                let on_unpack = |event: crete_fetch::UnpackEvent| {
                    job.progress(Progress {
                        done: event.read,
                        total: event.total,
                        ..Progress::default()
                    });
                };
                let packed =
                    crete_fetch::open_plain(&target).map_err(|error| fetch_problem(&error))?;
                let unpacked =
                    crete_fetch::unpack(packed, container, &base, &on_unpack, &job.cancel)
                        .await
                        .map_err(|error| fetch_problem(&error))?;
                (BASE.to_owned(), unpacked.bytes)
            }
        };
        spec.file = Some(ImageFile {
            name,
            format: match spec.choice.medium {
                BootMedium::Iso => ImageFormat::Iso,
                BootMedium::DiskImage => ImageFormat::Raw,
            },
            downloaded: done.bytes,
            sha256: done.sha256,
            virtual_size,
            layers: Vec::new(),
            stamp: None,
        });
        store::write(&folder.join(store::SPEC), spec).map_err(EngineError::problem)?;
        if spec.choice.medium == BootMedium::DiskImage {
            // Only the unpacked base is used from here on; a second copy would only take room.
            if let Err(error) = std::fs::remove_file(&target) {
                tracing::warn!(%error, "the packed image could not be removed");
            }
        }
        Ok(())
    }

    /// Sends the recipe. An id unknown to the factory is 404 even if it is right, so this comes
    /// first, always. Where the ids differ the factory's holds.
    async fn confirm_schematic(
        &self,
        spec: &mut ImageSpec,
        job: &JobHandle,
    ) -> std::result::Result<(), Problem> {
        let client = self.factory().map_err(EngineError::problem)?;
        job.wait_for(Some((
            BlockerCode::FactoryAnswer,
            params! { "host" => client.host() },
        )));
        let created = tokio::select! {
            created = client.create_schematic(&spec.schematic) => {
                created.map_err(|error| error.problem())?
            }
            () = job.cancel.cancelled() => return Err(cancelled()),
        };
        job.wait_for(None);
        if created.id != spec.schematic_id {
            job.log(format!(
                "the factory's id {} differs from {}",
                created.id, spec.schematic_id
            ));
            spec.schematic_id = created.id;
            store::write(&self.roots.image(spec.id).join(store::SPEC), spec)
                .map_err(EngineError::problem)?;
        }
        Ok(())
    }

    /// An image.
    pub(crate) fn image(&self, id: ImageId) -> Result<ImageView> {
        self.images
            .get(&id.to_string())
            .ok_or_else(|| EngineError::NotFound {
                kind: "image",
                id: id.to_string(),
            })
    }

    /// An image's folder.
    ///
    /// # Errors
    /// When there is no such image.
    pub fn image_folder(&self, id: ImageId) -> Result<PathBuf> {
        self.image(id).map(|_| self.roots.image(id))
    }

    /// Bytes an image takes, and the names of the machines that boot from it.
    ///
    /// # Errors
    /// When there is no such image.
    pub fn image_loss(&self, id: ImageId) -> Result<(u64, Vec<String>)> {
        self.image(id)?;
        Ok((
            store::allocated(&self.roots.image(id)),
            self.machine_names_of(id),
        ))
    }

    /// Moves an image to the trash; returns the trash id and the image's title.
    ///
    /// # Errors
    /// When machines use it, or it is being made.
    pub fn delete_image(&self, id: ImageId) -> Result<(String, String)> {
        let view = self.image(id)?;
        let machines = self.machine_names_of(id);
        if !machines.is_empty() {
            return Err(Problem::new(
                ErrorCode::ImageInUse,
                params! { "machines" => machines.join(", "), "count" => machines.len() },
            )
            .with_remedy(Remedy::Retry)
            .into());
        }
        if let ImageState::Working { job } = view.state {
            self.job_book.cancel(job)?;
        }
        let name = title(&view.spec);
        let folder = self.roots.image(id);
        let trash_id = trash::put(
            &self.roots,
            "images",
            &id.to_string(),
            &name,
            &folder,
            &self.clock.text(),
        )?;
        self.images.remove(&id.to_string());
        Ok((trash_id, name))
    }

    /// Reads an image's folder and shows it.
    pub(crate) fn load_image(&self, folder: &Path, record: Result<ImageSpec>) {
        match record {
            Ok(spec) => {
                let state = match &spec.file {
                    Some(file) if folder.join(&file.name).is_file() => ImageState::Ready,
                    _ => ImageState::Incomplete {
                        received: crete_fetch::partial(&self.download_path(&spec))
                            .map_or(0, |partial| partial.received),
                        problem: None,
                    },
                };
                self.show_image(spec, state);
            }
            Err(error) => self.show_broken("images", folder, &error),
        }
    }

    pub(crate) fn show_image(&self, spec: ImageSpec, state: ImageState) {
        let id = spec.id;
        let not_runnable = self.why_not_runnable(spec.choice.arch);
        let used_by = self
            .machines
            .all()
            .iter()
            .filter(|m| m.spec.image == id)
            .map(|m| m.spec.id)
            .collect();
        self.images.set(
            id.to_string(),
            ImageView {
                spec,
                state,
                used_by,
                not_runnable,
            },
        );
    }

    /// Shows all images again, after machines or the host's report changed.
    pub(crate) fn refresh_images(&self) {
        for view in self.images.all() {
            self.show_image(view.spec, view.state);
        }
    }

    /// Why machines of this architecture cannot run here.
    pub(crate) fn why_not_runnable(&self, arch: Arch) -> Option<Problem> {
        (arch != self.arch()).then(|| {
            Problem::new(ErrorCode::ArchNotRunnable, params! { "arch" => arch })
                .with_remedy(Remedy::OpenHostCheck)
        })
    }
}

/// What a person calls an image, for titles of jobs and of the trash.
fn title(spec: &ImageSpec) -> String {
    let medium = match spec.choice.medium {
        BootMedium::DiskImage => "disk image",
        BootMedium::Iso => "ISO",
    };
    format!(
        "Talos {} {} {medium}",
        spec.choice.version, spec.choice.arch
    )
}

fn container(medium: BootMedium) -> Container {
    match medium {
        BootMedium::DiskImage => Container::Zstd,
        BootMedium::Iso => Container::Iso,
    }
}

fn cancelled() -> Problem {
    Problem::new(ErrorCode::Cancelled, Params::new()).with_remedy(Remedy::Retry)
}

/// Turns what a transfer tells into progress and blockers.
fn follow(job: &JobHandle, event: Event) {
    match event {
        Event::WaitingForLock => job.wait_for(Some((BlockerCode::SameFile, Params::new()))),
        Event::Asking { host } => {
            job.wait_for(Some((
                BlockerCode::FactoryAnswer,
                params! { "host" => host },
            )));
        }
        Event::Building { host } => {
            job.wait_for(Some((
                BlockerCode::FactoryBuilds,
                params! { "host" => host },
            )));
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
                left_s: left.map(|left| u32::try_from(left.as_secs()).unwrap_or(u32::MAX)),
            });
        }
        Event::Verifying { done, total } => {
            job.progress(Progress {
                done,
                total,
                ..Progress::default()
            });
        }
        Event::StartsOver { had } => job.log(format!("begins again; {had} bytes were there")),
        Event::Retrying {
            failures,
            wait,
            error,
        } => {
            job.log(format!(
                "failed {failures} times: {error}; next try in {} s",
                wait.as_secs()
            ));
            job.wait_for(Some((
                BlockerCode::Retry,
                params! { "seconds" => wait.as_secs(), "reason" => error },
            )));
        }
    }
}

/// A transfer's error as a person gets it.
fn fetch_problem(error: &FetchError) -> Problem {
    if let Some(problem) = crete_factory::way_problem(error) {
        return problem;
    }
    match error {
        FetchError::Corrupt { path, words, .. } => Problem::new(
            ErrorCode::DownloadCorrupt,
            params! { "path" => path.display(), "reason" => words },
        )
        .with_remedy(Remedy::DownloadAgain),
        FetchError::DiskFull { path, needed, free } => Problem::new(
            ErrorCode::DiskFull,
            params! { "path" => path.display(), "needed" => needed, "free" => free },
        )
        .with_remedy(Remedy::FreeSpace {
            path: path.display().to_string(),
        }),
        FetchError::File { path, source } => crate::error::file_problem(path, source),
        FetchError::Cancelled => cancelled(),
        _ => Problem::new(ErrorCode::Internal, Params::new())
            .with_detail(error.to_string())
            .with_remedy(Remedy::Report),
    }
}
