//! Deleting an image: what would be lost, and the way to the trash.

use super::{aside, title};
use crate::Engine;
use crate::error::{EngineError, Result};
use crate::store;
use crete_model::{ErrorCode, ImageId, ImageState, JobId, Problem, Remedy, TrashKind, params};

impl Engine {
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

    /// Moves an image to the trash, after whatever works on it has ended; returns the trash id and
    /// the image's title.
    ///
    /// # Errors
    /// When machines use it.
    pub async fn delete_image(&self, id: ImageId) -> Result<(String, String)> {
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
        if let ImageState::Working { job } | ImageState::Paused { job, .. } = view.state {
            self.cancel_job(job)?;
            self.job_ended(job).await;
        }
        let name = title(&view.spec);
        let folder = self.roots.image(id);
        let trash_id = self.discard_object(TrashKind::Images, &id.to_string(), &name, &folder)?;
        self.images.remove(&id.to_string());
        Ok((trash_id, name))
    }

    /// Deletes a file that was set aside, for good. The image itself stays as it is.
    ///
    /// # Errors
    /// When the image has set no such file aside, or it cannot be removed.
    pub fn discard(&self, id: ImageId, name: &str) -> Result<()> {
        let view = self.image(id)?;
        // The name comes from the page: only one that is listed becomes part of a path.
        if view.set_aside.iter().all(|file| file.name != name) {
            return Err(EngineError::NotFound {
                kind: "file",
                id: name.to_owned(),
            });
        }
        aside::remove(&self.roots.image(id), name)?;
        let view = self.image(id)?;
        self.refresh_image(&view.spec);
        Ok(())
    }

    /// Waits until a job has ended: nobody writes into its object's folder any more.
    async fn job_ended(&self, job: JobId) {
        let mut changes = self.jobs.subscribe().changes;
        let ended = || {
            let job = self.jobs.get(&job.to_string());
            job.is_none_or(|job| job.state.is_final())
        };
        while !ended() {
            // Falling behind is no end: the set itself is asked again.
            let _ = changes.recv().await;
        }
    }
}
