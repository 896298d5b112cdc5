//! The library of images.

use super::{Router, file_path, page};
use crate::commands::ImageCommands;
use crate::host::Host;
use crate::types::*;
use crete_model::{ImageChoice, ImagePlan, ImportPlan, Problem};

impl<H: Host> ImageCommands for Router<H> {
    async fn image_plan(&self, request: ImageChoice) -> Result<ImagePlan, Problem> {
        page(self.engine().plan(&request))
    }

    async fn image_download(&self, request: ImageChoice) -> Result<DownloadStarted, Problem> {
        let (image, job) = page(self.engine().download(&request))?;
        Ok(DownloadStarted { image, job })
    }

    async fn image_fetch(&self, request: FetchOutput) -> Result<DownloadStarted, Problem> {
        let (image, job) = page(
            self.engine()
                .download_output(&request.draft, &request.asset),
        )?;
        Ok(DownloadStarted { image, job })
    }

    async fn image_resume(&self, request: ImageRef) -> Result<DownloadStarted, Problem> {
        let job = page(self.engine().resume(request.image))?;
        Ok(DownloadStarted {
            image: request.image,
            job,
        })
    }

    async fn image_start_over(&self, request: ImageRef) -> Result<DownloadStarted, Problem> {
        let job = page(self.engine().start_over(request.image))?;
        Ok(DownloadStarted {
            image: request.image,
            job,
        })
    }

    async fn image_pause(&self, request: ImageRef) -> Result<Nothing, Problem> {
        page(self.engine().pause(request.image))?;
        Ok(Nothing {})
    }

    async fn image_verify(&self, request: ImageRef) -> Result<JobStarted, Problem> {
        let job = page(self.engine().verify_image(request.image))?;
        Ok(JobStarted { job })
    }

    async fn image_discard(&self, request: AsideRef) -> Result<Nothing, Problem> {
        page(self.engine().discard(request.image, &request.file))?;
        Ok(Nothing {})
    }

    async fn image_examine(&self, request: FileRef) -> Result<ImportPlan, Problem> {
        Ok(self.engine().examine(file_path(&request)?).await)
    }

    async fn image_import(&self, request: FileRef) -> Result<DownloadStarted, Problem> {
        let path = file_path(&request)?;
        let (image, job) = page(self.engine().import(path).await)?;
        Ok(DownloadStarted { image, job })
    }

    async fn image_loss(&self, request: ImageRef) -> Result<LossPreview, Problem> {
        let (bytes, machines) = page(self.engine().image_loss(request.image))?;
        Ok(LossPreview { bytes, machines })
    }

    async fn image_delete(&self, request: ImageRef) -> Result<Trashed, Problem> {
        let (trash_id, name) = page(self.engine().delete_image(request.image).await)?;
        Ok(Trashed { trash_id, name })
    }
}
