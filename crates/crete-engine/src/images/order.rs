//! What a person asks for: plan, download, pause, go on.

use super::checks::source_of;
use super::problem::of_fetch;
use super::{cancelled, record, title};
use crate::Engine;
use crate::error::{EngineError, Result};
use crate::jobs::JobHandle;
use crate::store;
use crete_factory::schematic;
use crete_model::{
    BootMedium, ErrorCode, FactoryOrigin, FieldCode, FieldProblem, ImageChoice, ImageId,
    ImageOrigin, ImagePlan, ImageSpec, ImageState, JobId, JobRequest, JobState, OutputForm,
    OutputKind, Problem, Schematic, StageCode, StudioDraft, params,
};
use std::sync::{MutexGuard, PoisonError};
use url::Url;
use uuid::Uuid;

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
        let existing = self.existing(choice, &schematic, &asset);
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

    /// The image of a choice with a schematic of its own.
    pub(crate) fn image_of_schematic(
        &self,
        choice: &ImageChoice,
        recipe: &Schematic,
    ) -> Option<ImageId> {
        let asset = crete_factory::asset_name(choice.arch, choice.medium, &choice.version);
        self.existing(choice, recipe, &asset)
    }

    /// Downloads an image of a choice with a schematic of its own, or goes on with it.
    pub(crate) fn download_schematic(
        &self,
        choice: &ImageChoice,
        recipe: Schematic,
    ) -> Result<(ImageId, Option<JobId>)> {
        let asset = crete_factory::asset_name(choice.arch, choice.medium, &choice.version);
        let id = schematic::id(&recipe);
        self.order(choice, recipe, id, asset)
    }

    /// The image that was made of exactly this.
    fn existing(&self, choice: &ImageChoice, recipe: &Schematic, asset: &str) -> Option<ImageId> {
        let same = |spec: &ImageSpec| match &spec.origin {
            ImageOrigin::Factory(origin) => {
                origin.factory == self.factory_base()
                    && origin.schematic == *recipe
                    && origin.asset == asset
            }
            ImageOrigin::Imported(_) => false,
        };
        let found = self
            .images
            .all()
            .into_iter()
            .find(|view| view.spec.choice().as_ref() == Some(choice) && same(&view.spec));
        found.map(|view| view.spec.id)
    }

    pub(crate) fn asset_url(
        &self,
        schematic_id: &str,
        choice: &ImageChoice,
        asset: &str,
    ) -> Result<Url> {
        let base = self.factory_url()?;
        Ok(crete_factory::image_url(
            &base,
            schematic_id,
            &choice.version,
            asset,
        ))
    }

    /// Held while it is decided who works on an image, so that two who ask at once get one job.
    pub(crate) fn gate(&self) -> MutexGuard<'_, ()> {
        self.image_gate
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Downloads an image, or goes on with the one of the same choice.
    ///
    /// # Errors
    /// When its record cannot be written.
    pub fn download(&self, choice: &ImageChoice) -> Result<(ImageId, Option<JobId>)> {
        let plan = self.plan(choice)?;
        self.order(choice, plan.schematic, plan.schematic_id, plan.asset)
    }

    /// Downloads one file of a studio draft into the library, or goes on with it.
    ///
    /// # Errors
    /// When the draft does not offer this file, machines cannot boot from it, or its record
    /// cannot be written.
    pub fn download_output(
        &self,
        draft: &StudioDraft,
        asset: &str,
    ) -> Result<(ImageId, Option<JobId>)> {
        let made = self.compose(draft)?;
        let output = made
            .outputs
            .iter()
            .find(|output| output.form == OutputForm::File && output.name == asset);
        let medium = output.and_then(|output| match output.kind {
            OutputKind::Iso => Some(BootMedium::Iso),
            OutputKind::DiskImage | OutputKind::DiskImageQcow2
                if super::packing(asset).is_some() =>
            {
                Some(BootMedium::DiskImage)
            }
            _ => None,
        });
        let (Some(medium), Some(arch), Some(version)) = (medium, made.arch, draft.version.clone())
        else {
            return Err(EngineError::Invalid(vec![FieldProblem {
                field: "asset".to_owned(),
                code: FieldCode::Unknown,
                params: params! { "name" => asset },
            }]));
        };
        let choice = ImageChoice {
            version,
            arch,
            medium,
        };
        self.order(&choice, made.schematic, made.schematic_id, asset.to_owned())
    }

    fn order(
        &self,
        choice: &ImageChoice,
        schematic: Schematic,
        schematic_id: String,
        asset: String,
    ) -> Result<(ImageId, Option<JobId>)> {
        let gate = self.gate();
        if let Some(existing) = self.existing(choice, &schematic, &asset) {
            return Ok((existing, self.work_on(existing, &gate)?));
        }
        let spec = ImageSpec {
            schema_version: record::VERSION,
            id: ImageId(Uuid::now_v7()),
            origin: ImageOrigin::Factory(Box::new(FactoryOrigin {
                schematic,
                schematic_id,
                factory: self.factory_base(),
                asset,
            })),
            version: Some(choice.version.clone()),
            arch: Some(choice.arch),
            medium: choice.medium,
            created_at: self.clock.text(),
            file: None,
            digest: None,
        };
        let id = spec.id;
        self.add_image(spec)?;
        Ok((id, self.work_on(id, &gate)?))
    }

    /// Writes the record of a new image and shows it.
    pub(super) fn add_image(&self, spec: ImageSpec) -> Result<()> {
        store::create(&self.roots.image(spec.id), &spec)?;
        self.show_image(
            spec,
            ImageState::Incomplete {
                received: 0,
                problem: None,
            },
        );
        Ok(())
    }

    /// Goes on with an image that is paused or incomplete. Nothing to do when it is ready or in work.
    ///
    /// # Errors
    /// When there is no such image, or its job cannot be recorded.
    pub fn resume(&self, id: ImageId) -> Result<Option<JobId>> {
        let gate = self.gate();
        self.work_on(id, &gate)
    }

    /// Forgets what arrived of an image, and begins again at its first byte. Nothing to do when it
    /// is ready or in work.
    ///
    /// # Errors
    /// When there is no such image, what arrived cannot be removed, or no job can be recorded.
    pub fn start_over(&self, id: ImageId) -> Result<Option<JobId>> {
        let gate = self.gate();
        let view = self.image(id)?;
        match view.state {
            ImageState::Ready => return Ok(None),
            ImageState::Working { job } => return Ok(Some(job)),
            ImageState::Paused { job, .. } => self.job_book.cancel(job)?,
            ImageState::Incomplete { .. } => {}
        }
        let target = self.arriving_path(&view.spec);
        // What is known of the bytes first: bytes without it are of no use to anybody.
        crete_fetch::forget_side(&target)
            .and_then(|()| crete_fetch::remove(&crete_fetch::part_path(&target)))
            .and_then(|()| match view.spec.origin {
                ImageOrigin::Factory(_) => {
                    crete_fetch::forget_arrival(&target).and_then(|()| crete_fetch::remove(&target))
                }
                // The only copy of a person's own file may lie there.
                ImageOrigin::Imported(_) => Ok(()),
            })
            .map_err(|error| of_fetch(&error, source_of(&view.spec)))?;
        self.show_incomplete(view.spec, None);
        self.work_on(id, &gate)
    }

    pub(super) fn work_on(&self, id: ImageId, _gate: &MutexGuard<'_, ()>) -> Result<Option<JobId>> {
        let view = self.image(id)?;
        let job = match view.state {
            ImageState::Ready => return Ok(None),
            ImageState::Working { job } => return Ok(Some(job)),
            ImageState::Paused { job, .. } => self.job_book.go_on(job)?,
            ImageState::Incomplete { .. } => self.new_job(&view.spec)?,
        };
        let job_id = job.id();
        self.show_image(view.spec.clone(), ImageState::Working { job: job_id });
        let engine = self.clone();
        self.tasks
            .spawn(async move { engine.run_image_job(view.spec, job).await });
        Ok(Some(job_id))
    }

    fn new_job(&self, spec: &ImageSpec) -> Result<JobHandle> {
        let packed = super::container(spec).is_packed();
        let (request, first): (_, &[(StageCode, u32)]) = match &spec.origin {
            ImageOrigin::Factory(_) => (
                JobRequest::Download { image: spec.id },
                &[(StageCode::Schematic, 1), (StageCode::Transfer, 80)],
            ),
            ImageOrigin::Imported(_) if packed => (JobRequest::Import { image: spec.id }, &[]),
            ImageOrigin::Imported(_) => (
                JobRequest::Import { image: spec.id },
                &[(StageCode::Copy, 15)],
            ),
        };
        let mut plan = first.to_vec();
        if packed {
            plan.push((StageCode::Unpack, 15));
        }
        plan.push((StageCode::Verify, 4));
        self.job_book.begin(request, &title(spec), &plan, true)
    }

    /// Stops the download of an image for a while. What arrived is kept.
    ///
    /// # Errors
    /// When there is no such image, or nothing of it can be paused now.
    pub fn pause(&self, id: ImageId) -> Result<()> {
        match self.image(id)?.state {
            ImageState::Working { job } => self.job_book.pause(job),
            ImageState::Paused { .. } => Ok(()),
            _ => {
                Err(Problem::new(ErrorCode::Denied, params! { "reason" => "not_pausable" }).into())
            }
        }
    }

    /// Asks a job to end. A paused download becomes an incomplete one.
    ///
    /// # Errors
    /// When there is no such job.
    pub fn cancel_job(&self, id: JobId) -> Result<()> {
        let _gate = self.gate();
        let before = self.job_book.get(id)?;
        self.job_book.cancel(id)?;
        if before.state == JobState::Paused {
            self.forget_partial(&before);
        }
        let paused = self
            .images
            .all()
            .into_iter()
            .find(|view| matches!(view.state, ImageState::Paused { job, .. } if job == id));
        if let Some(view) = paused {
            self.show_incomplete(view.spec, None);
        }
        Ok(())
    }

    /// Shows an image that nobody works on, with what is there of it.
    pub(super) fn show_incomplete(&self, spec: ImageSpec, problem: Option<Problem>) {
        let received =
            crete_fetch::partial(&self.arriving_path(&spec)).map_or(0, |partial| partial.received);
        self.show_image(spec, ImageState::Incomplete { received, problem });
    }

    /// Makes the file of an image, whatever it comes from, and says how that ended.
    async fn run_image_job(&self, mut spec: ImageSpec, job: JobHandle) {
        let work = self.make_file(&mut spec, &job);
        let Some(outcome) = self.unless_closing(&job, work).await else {
            return;
        };
        let id = spec.id;
        match outcome {
            Ok(()) => {
                self.show_image(spec, ImageState::Ready);
                job.end(Ok(()));
            }
            Err(problem) if problem.code == ErrorCode::Cancelled && job.is_held() => {
                let partial = crete_fetch::partial(&self.arriving_path(&spec));
                let state = ImageState::Paused {
                    job: job.id(),
                    received: partial.map_or(0, |partial| partial.received),
                    total: partial.and_then(|partial| partial.total),
                };
                // The record first: who sees the image as paused may go on with its job.
                job.rest();
                self.show_image(spec, state);
            }
            Err(problem) => {
                let shown = (problem.code != ErrorCode::Cancelled).then(|| problem.clone());
                self.show_incomplete(spec, shown);
                job.end(Err(problem));
            }
        }
        self.refresh_machines_of(id);
    }

    /// Works until it is done. `None` when the program closes first, which is not the person's
    /// cancel: the job's record still says that it was going on. What arrived is flushed.
    pub(crate) async fn unless_closing<T>(
        &self,
        job: &JobHandle,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        tokio::pin!(work);
        tokio::select! {
            outcome = &mut work => Some(outcome),
            () = self.closing.cancelled() => {
                job.cancel.cancel();
                let _ = work.await;
                None
            }
        }
    }

    async fn make_file(
        &self,
        spec: &mut ImageSpec,
        job: &JobHandle,
    ) -> std::result::Result<(), Problem> {
        match spec.origin.clone() {
            ImageOrigin::Factory(origin) => match spec.choice() {
                Some(choice) => match self.fetch_file(spec, &origin, &choice, job).await {
                    Err(problem) => Err(self
                        .explain(problem, &origin.schematic, &choice.version)
                        .await),
                    done => done,
                },
                // A record by another hand: the factory's images have version and architecture.
                None => Err(cancelled()),
            },
            ImageOrigin::Imported(origin) => self.import_file(spec, &origin, job).await,
        }
    }
}
