//! Clusters and the access to them.

use super::recipes::recipe_text;
use super::{Router, page};
use crate::commands::ClusterCommands;
use crate::host::Host;
use crate::types::*;
use crete_model::{
    AccessFile, AccessView, ClusterDraft, ClusterLoss, ClusterOffer, ClusterPlan, Consequence,
    LessWorkers, MoreWorkers, PatchesComparison, PatchesWish, Problem, SampleText, SecretsSeen,
};
use std::path::PathBuf;

impl<H: Host> ClusterCommands for Router<H> {
    async fn access_view(&self, request: ClusterRef) -> Result<AccessView, Problem> {
        page(self.engine().access(request.cluster).await)
    }

    async fn access_text(&self, request: AccessRequest) -> Result<SecretText, Problem> {
        self.access_as_text(request).await
    }

    async fn access_save(&self, request: AccessRequest) -> Result<Saved, Problem> {
        self.save_access(request).await
    }

    async fn access_merge(&self, request: AccessRequest) -> Result<AccessFile, Problem> {
        self.merge_access(request).await
    }

    async fn access_renew(&self, request: AccessFileRef) -> Result<Nothing, Problem> {
        page(
            self.engine()
                .renew_access(request.cluster, request.id)
                .await,
        )?;
        Ok(Nothing {})
    }

    async fn access_undo(&self, request: AccessFileRef) -> Result<Nothing, Problem> {
        page(self.engine().undo_access(request.cluster, request.id).await)?;
        Ok(Nothing {})
    }

    async fn access_forget(&self, request: AccessFileRef) -> Result<Nothing, Problem> {
        let AccessFileRef { cluster, id } = request;
        page(self.engine().forget_access(cluster, id).await)?;
        Ok(Nothing {})
    }

    async fn access_save_secrets(&self, request: ClusterRef) -> Result<Saved, Problem> {
        self.save_secrets(request.cluster).await
    }

    async fn access_look_into_secrets(&self, request: FileRef) -> Result<SecretsSeen, Problem> {
        page(crete_engine::look_into_secrets(PathBuf::from(request.path.trim())).await)
    }

    async fn cluster_offer(&self, request: ClusterOfferRequest) -> Result<ClusterOffer, Problem> {
        page(self.engine().offer_cluster(request.preset, request.talos))
    }

    async fn cluster_plan(&self, request: ClusterDraft) -> Result<ClusterPlan, Problem> {
        Ok(self.engine().plan_cluster(&request))
    }

    async fn cluster_create(&self, request: ClusterDraft) -> Result<ClusterCreated, Problem> {
        let (cluster, job) = page(self.engine().create_cluster(&request))?;
        Ok(ClusterCreated { cluster, job })
    }

    async fn cluster_start(&self, request: ClusterRef) -> Result<JobStarted, Problem> {
        let job = page(self.engine().start_cluster(request.cluster).await)?;
        Ok(JobStarted { job })
    }

    async fn cluster_stop(&self, request: ClusterRef) -> Result<JobStarted, Problem> {
        let job = page(self.engine().stop_cluster(request.cluster).await)?;
        Ok(JobStarted { job })
    }

    async fn cluster_restart(&self, request: ClusterRef) -> Result<JobStarted, Problem> {
        let job = page(self.engine().restart_cluster(request.cluster).await)?;
        Ok(JobStarted { job })
    }

    async fn cluster_cancel(&self, request: ClusterRef) -> Result<Nothing, Problem> {
        page(self.engine().cancel_cluster(request.cluster).await)?;
        Ok(Nothing {})
    }

    async fn cluster_loss(&self, request: ClusterRef) -> Result<ClusterLoss, Problem> {
        page(self.engine().cluster_loss(request.cluster))
    }

    async fn cluster_delete(&self, request: ClusterRef) -> Result<Trashed, Problem> {
        let (trash_id, name) = page(self.engine().delete_cluster(request.cluster).await)?;
        Ok(Trashed { trash_id, name })
    }

    async fn cluster_health(&self, request: ClusterRef) -> Result<Nothing, Problem> {
        page(self.engine().look_at_cluster(request.cluster))?;
        Ok(Nothing {})
    }

    async fn cluster_consequence(&self, request: MemberQuestion) -> Result<Consequence, Problem> {
        let removes = request.deed == MemberDeed::Remove;
        let engine = self.engine();
        page(engine.cluster_consequence(request.cluster, request.machine, removes))
    }

    async fn cluster_add_workers(&self, request: MoreWorkers) -> Result<JobStarted, Problem> {
        let job = page(self.engine().add_workers(&request).await)?;
        Ok(JobStarted { job })
    }

    async fn cluster_remove_worker(&self, request: LessWorkers) -> Result<JobStarted, Problem> {
        let job = page(self.engine().remove_worker(request).await)?;
        Ok(JobStarted { job })
    }

    async fn cluster_recipe(&self, request: ClusterRef) -> Result<RecipeText, Problem> {
        Ok(recipe_text(page(
            self.engine().cluster_recipe(request.cluster),
        )?))
    }

    async fn cluster_draft_recipe(&self, request: ClusterDraft) -> Result<RecipeText, Problem> {
        Ok(recipe_text(page(self.engine().draft_recipe(&request))?))
    }

    async fn cluster_open_recipe(&self, request: OpenText) -> Result<ClusterDraft, Problem> {
        page(self.engine().open_recipe(&request.text))
    }

    async fn cluster_save_recipe(&self, request: ClusterOrDraft) -> Result<Saved, Problem> {
        self.save_recipe(request).await
    }

    async fn cluster_commands(&self, request: ClusterOrDraft) -> Result<CommandsAnswer, Problem> {
        let engine = self.engine();
        let steps = match request {
            ClusterOrDraft::Cluster { cluster } => engine.cluster_commands(cluster),
            ClusterOrDraft::Draft { draft } => engine.draft_commands(&draft),
        };
        page(steps).map(|steps| CommandsAnswer { steps })
    }

    async fn cluster_tools(&self, _: Nothing) -> Result<ToolsAnswer, Problem> {
        let tools = page(self.engine().cluster_tools().await)?;
        Ok(ToolsAnswer { tools })
    }

    async fn cluster_open_in(&self, request: OpenIn) -> Result<Nothing, Problem> {
        let engine = self.engine();
        page(engine.open_in_tool(request.cluster, request.tool).await)?;
        Ok(Nothing {})
    }

    async fn cluster_compare_patches(
        &self,
        request: PatchesWish,
    ) -> Result<PatchesComparison, Problem> {
        page(self.engine().compare_patches(&request).await)
    }

    async fn cluster_change_patches(&self, request: PatchesWish) -> Result<JobStarted, Problem> {
        let job = page(self.engine().change_patches(&request).await)?;
        Ok(JobStarted { job })
    }

    async fn cluster_revert_patches(&self, request: ClusterRef) -> Result<JobStarted, Problem> {
        let job = page(self.engine().revert_patches(request.cluster).await)?;
        Ok(JobStarted { job })
    }

    async fn cluster_sample(&self, _: Nothing) -> Result<SampleText, Problem> {
        Ok(crete_engine::sample_text())
    }

    async fn cluster_try_sample(&self, request: ClusterRef) -> Result<JobStarted, Problem> {
        let job = page(self.engine().try_sample(request.cluster).await)?;
        Ok(JobStarted { job })
    }

    async fn cluster_end_sample(&self, request: ClusterRef) -> Result<JobStarted, Problem> {
        let job = page(self.engine().end_sample(request.cluster).await)?;
        Ok(JobStarted { job })
    }
}
