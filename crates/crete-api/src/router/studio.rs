//! Choosing what an image holds.

use super::{Router, page};
use crate::commands::StudioCommands;
use crate::host::Host;
use crate::types::*;
use crete_model::{Composition, Preset, Problem, StudioDraft, Targets, Workbench};
use std::path::Path;

impl<H: Host> StudioCommands for Router<H> {
    async fn factory_versions(&self, request: VersionsRequest) -> Result<VersionsAnswer, Problem> {
        let list = page(self.engine().versions(request.refresh).await)?;
        Ok(VersionsAnswer {
            groups: list.list,
            fetched_at: list.fetched_at,
            stale: list.stale,
            host: list.host,
        })
    }

    async fn studio_targets(&self, _: Nothing) -> Result<Targets, Problem> {
        Ok(self.engine().targets().clone())
    }

    async fn studio_presets(&self, request: PresetsRequest) -> Result<Vec<Preset>, Problem> {
        Ok(self.engine().presets(request.arch))
    }

    async fn studio_extensions(
        &self,
        request: ExtensionsRequest,
    ) -> Result<ExtensionsAnswer, Problem> {
        let engine = self.engine();
        let aged = page(engine.extensions(&request.version, request.refresh).await)?;
        Ok(ExtensionsAnswer {
            extensions: aged.list,
            fetched_at: aged.fetched_at,
            stale: aged.stale,
            host: aged.host,
        })
    }

    async fn studio_compose(&self, request: StudioDraft) -> Result<Composition, Problem> {
        page(self.engine().compose(&request))
    }

    async fn studio_confirm(&self, request: StudioDraft) -> Result<ConfirmedAnswer, Problem> {
        let confirmed = page(self.engine().confirm(&request).await)?;
        Ok(ConfirmedAnswer {
            id: confirmed.id,
            predicted: confirmed.predicted,
        })
    }

    async fn studio_open(&self, request: OpenText) -> Result<OpenedAnswer, Problem> {
        let opened = page(self.engine().open_text(&request.text).await)?;
        Ok(OpenedAnswer {
            draft: opened.draft,
            schematic_id: opened.schematic_id,
        })
    }

    async fn studio_left(&self, _: Nothing) -> Result<Workbench, Problem> {
        Ok(self.engine().workbench())
    }

    async fn studio_leave(&self, request: LeaveStudio) -> Result<Nothing, Problem> {
        page(self.engine().leave_workbench(request.draft, request.kept))?;
        Ok(Nothing {})
    }

    async fn draft_save(&self, request: SaveDraft) -> Result<DraftSaved, Problem> {
        let id = page(
            self.engine()
                .save_draft(request.id, &request.name, request.draft),
        )?;
        Ok(DraftSaved { id })
    }

    async fn draft_delete(&self, request: DraftRef) -> Result<Trashed, Problem> {
        let (trash_id, name) = page(self.engine().delete_draft(request.id))?;
        Ok(Trashed { trash_id, name })
    }

    async fn output_save(&self, request: SaveOutputs) -> Result<SaveStarted, Problem> {
        let jobs = page(self.engine().save_outputs(
            &request.draft,
            &request.outputs,
            Path::new(request.folder.trim()),
            request.replace,
        ))?;
        Ok(SaveStarted { jobs })
    }

    async fn output_resume(&self, request: ResumeSave) -> Result<JobStarted, Problem> {
        let job = page(self.engine().resume_save(request.job, request.replace))?;
        Ok(JobStarted { job })
    }

    async fn output_pause(&self, request: JobRef) -> Result<Nothing, Problem> {
        page(self.engine().pause_job(request.job))?;
        Ok(Nothing {})
    }
}
