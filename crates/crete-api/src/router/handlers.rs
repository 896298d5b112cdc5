//! One method a command: from the wire to a call of the engine or of the host, and back.

use super::Router;
use super::clusters::recipe_text;
use crate::commands::Handlers;
use crate::host::Host;
use crate::types::*;
use crete_engine::EngineError;
use crete_model::{
    AccessFile, AccessView, ApplyAnswer, ClusterDraft, ClusterLoss, ClusterOffer, ClusterPlan,
    Composition, ConfigComparison, ConfigKeys, ConfigKeysRequest, ConfigText, ConfigVerdict,
    Consequence, ErrorCode, ForwardDraft, ForwardOffer, HostOffers, HostPatchRequest, HostReport,
    ImageChoice, ImagePlan, ImportPlan, LessWorkers, MachineDraft, MoreWorkers, NetworkChange,
    NetworkDraft, NetworkReveal, NodeConfig, NodeLogs, Params, PatchesComparison, PatchesWish,
    Preset, Problem, Remedy, ResetLoss, ResourceKind, ResourceText, SampleText, SecretsSeen,
    Settings, Sizes, StudioDraft, Targets, Workbench,
};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

/// Turns an engine's answer into the page's.
pub(super) fn page<T>(result: Result<T, EngineError>) -> Result<T, Problem> {
    result.map_err(|error| {
        let mut problem = error.problem();
        if problem.id.is_empty() {
            problem.id = crete_engine::error_id();
        }
        tracing::warn!(id = %problem.id, code = ?problem.code, detail = ?problem.detail, "a command failed");
        problem
    })
}

impl<H: Host> Handlers for Router<H> {
    async fn app_info(&self, _: Nothing) -> Result<AppInfo, Problem> {
        let engine = self.engine();
        let mut notices = Vec::new();
        if self.settings_restored {
            notices.push(StartNotice::SettingsRestored);
        }
        let names = engine.adopted();
        if !names.is_empty() {
            notices.push(StartNotice::Adopted { names });
        }
        Ok(AppInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            host: self.host.kind(),
            practice: engine.is_practice(),
            data_dir: engine.data_dir().display().to_string(),
            log_dir: self.host.log_dir().display().to_string(),
            arch: engine.arch(),
            notices,
        })
    }

    async fn app_visible(&self, request: Visibility) -> Result<Nothing, Problem> {
        self.engine().set_visible(request.visible);
        Ok(Nothing {})
    }

    async fn app_fault(&self, request: PageFault) -> Result<Nothing, Problem> {
        let text: String = request.text.chars().take(4000).collect();
        tracing::error!(text, "the page reported a fault");
        Ok(Nothing {})
    }

    async fn host_check(&self, _: Nothing) -> Result<HostReport, Problem> {
        Ok(self.engine().check_host().await)
    }

    async fn host_fix(&self, request: HostFix) -> Result<JobStarted, Problem> {
        let job = page(self.engine().fix_host(request.fix).await)?;
        Ok(JobStarted { job: Some(job) })
    }

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

    async fn config_check(&self, request: ConfigText) -> Result<ConfigVerdict, Problem> {
        Ok(crete_engine::check_config(&request))
    }

    async fn config_keys(&self, request: ConfigKeysRequest) -> Result<ConfigKeys, Problem> {
        Ok(crete_engine::config_keys(&request.version))
    }

    async fn config_host_offers(&self, _: Nothing) -> Result<HostOffers, Problem> {
        page(self.engine().host_offers().await)
    }

    async fn config_host_patch(&self, request: HostPatchRequest) -> Result<PatchText, Problem> {
        let patch = page(self.engine().host_patch(&request).await)?;
        Ok(PatchText { patch })
    }

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

    async fn machine_offer(&self, request: ImageRef) -> Result<DraftOffer, Problem> {
        let offer = page(self.engine().offer(request.image))?;
        Ok(DraftOffer {
            draft: offer.draft,
            max_vcpus: offer.max_vcpus,
            max_memory_mib: offer.max_memory_mib,
            min_disk_gib: offer.min_disk_gib,
        })
    }

    async fn machine_check(&self, request: MachineDraft) -> Result<DraftVerdict, Problem> {
        Ok(DraftVerdict {
            fields: self.engine().check_draft(&request),
        })
    }

    async fn machine_strains(&self, request: Sizes) -> Result<Strains, Problem> {
        Ok(Strains {
            strains: self.engine().strains(request),
        })
    }

    async fn machine_create(&self, request: MachineDraft) -> Result<Created, Problem> {
        let machine = page(self.engine().create_machine(&request))?;
        Ok(Created { machine })
    }

    async fn machine_start(&self, request: MachineRef) -> Result<JobStarted, Problem> {
        let job = page(self.engine().start(request.machine).await)?;
        Ok(JobStarted { job })
    }

    async fn machine_stop(&self, request: MachineRef) -> Result<JobStarted, Problem> {
        let job = page(self.engine().stop(request.machine).await)?;
        Ok(JobStarted { job })
    }

    async fn machine_force_off(&self, request: MachineRef) -> Result<Nothing, Problem> {
        page(self.engine().force_off(request.machine).await)?;
        Ok(Nothing {})
    }

    async fn machine_loss(&self, request: MachineRef) -> Result<LossPreview, Problem> {
        let bytes = page(self.engine().machine_loss(request.machine))?;
        Ok(LossPreview {
            bytes,
            machines: Vec::new(),
        })
    }

    async fn machine_delete(&self, request: MachineRef) -> Result<Trashed, Problem> {
        let (trash_id, name) = page(self.engine().delete_machine(request.machine).await)?;
        Ok(Trashed { trash_id, name })
    }

    async fn machine_reveal(&self, request: MachineRef) -> Result<Reveal, Problem> {
        page(self.engine().reveal(request.machine))
    }

    async fn machine_connect(&self, request: MachineNetwork) -> Result<Nothing, Problem> {
        let engine = self.engine();
        page(
            engine
                .connect_machine(request.machine, request.network)
                .await,
        )?;
        Ok(Nothing {})
    }

    async fn machine_address(&self, request: MachineAddress) -> Result<Nothing, Problem> {
        let engine = self.engine();
        page(engine.set_address(request.machine, &request.address).await)?;
        Ok(Nothing {})
    }

    async fn machine_cut(&self, request: LinkCut) -> Result<Nothing, Problem> {
        page(self.engine().cut(request.machine, request.cut).await)?;
        Ok(Nothing {})
    }

    async fn node_look(&self, request: NodeLook) -> Result<Nothing, Problem> {
        self.look(request)?;
        Ok(Nothing {})
    }

    async fn node_unlook(&self, request: LookRef) -> Result<Nothing, Problem> {
        self.looks.end(request.look);
        Ok(Nothing {})
    }

    async fn node_accept(&self, request: AcceptFingerprint) -> Result<Nothing, Problem> {
        self.engine()
            .accept_fingerprint(request.machine, &request.fingerprint);
        Ok(Nothing {})
    }

    async fn node_credentials(&self, request: ImportTalosconfig) -> Result<Nothing, Problem> {
        let ImportTalosconfig {
            machine,
            path,
            context,
        } = request;
        let path = file_path(&FileRef { path })?;
        let engine = self.engine();
        page(
            engine
                .import_talosconfig(machine, &path, context.as_deref())
                .await,
        )?;
        Ok(Nothing {})
    }

    async fn node_forget(&self, request: MachineRef) -> Result<Nothing, Problem> {
        page(self.engine().forget_talosconfig(request.machine).await)?;
        Ok(Nothing {})
    }

    async fn node_service(&self, request: ServiceCall) -> Result<Nothing, Problem> {
        let engine = self.engine();
        let done = engine.act_on_service(request.machine, &request.service, request.action);
        page(done.await)?;
        Ok(Nothing {})
    }

    async fn node_logs(&self, request: MachineRef) -> Result<NodeLogs, Problem> {
        page(self.engine().node_logs(request.machine).await)
    }

    async fn node_kinds(&self, request: MachineRef) -> Result<Vec<ResourceKind>, Problem> {
        page(self.engine().resource_kinds(request.machine).await)
    }

    async fn node_resources(&self, request: ResourcesOf) -> Result<Vec<ResourceText>, Problem> {
        let engine = self.engine();
        let listed = engine.resources(request.machine, &request.namespace, &request.kind);
        page(listed.await)
    }

    async fn node_resource(&self, request: ResourceRef) -> Result<ResourceText, Problem> {
        let ResourceRef {
            machine,
            namespace,
            kind,
            id,
        } = request;
        page(
            self.engine()
                .resource(machine, &namespace, &kind, &id)
                .await,
        )
    }

    async fn node_config(&self, request: MachineRef) -> Result<NodeConfig, Problem> {
        page(self.engine().node_config(request.machine).await)
    }

    async fn node_compare(&self, request: ConfigDraft) -> Result<ConfigComparison, Problem> {
        let engine = self.engine();
        page(engine.compare_config(request.machine, &request.text).await)
    }

    async fn node_try(&self, request: ConfigApply) -> Result<ApplyAnswer, Problem> {
        let engine = self.engine();
        let tried = engine.try_config(request.machine, &request.text, request.mode);
        page(tried.await)
    }

    async fn node_apply(&self, request: ConfigApply) -> Result<ApplyAnswer, Problem> {
        let engine = self.engine();
        let applied = engine.apply_config(request.machine, &request.text, request.mode);
        page(applied.await)
    }

    async fn node_reboot(&self, request: NodeReboot) -> Result<Nothing, Problem> {
        let engine = self.engine();
        page(engine.reboot_node(request.machine, request.mode).await)?;
        Ok(Nothing {})
    }

    async fn node_shutdown(&self, request: NodeShutdown) -> Result<Nothing, Problem> {
        let engine = self.engine();
        page(engine.shut_node_down(request.machine, request.force).await)?;
        Ok(Nothing {})
    }

    async fn node_reset_loss(&self, request: ResetQuestion) -> Result<ResetLoss, Problem> {
        let engine = self.engine();
        page(engine.reset_loss(request.machine, request.wipe).await)
    }

    async fn node_reset(&self, request: NodeReset) -> Result<Nothing, Problem> {
        let engine = self.engine();
        page(engine.reset_node(request.machine, request.plan).await)?;
        Ok(Nothing {})
    }

    async fn network_offer(&self, _: Nothing) -> Result<NetworkDraft, Problem> {
        Ok(self.engine().offer_network())
    }

    async fn network_check(&self, request: NetworkDraft) -> Result<DraftVerdict, Problem> {
        Ok(DraftVerdict {
            fields: self.engine().check_network(&request),
        })
    }

    async fn network_create(&self, request: NetworkDraft) -> Result<NetworkRef, Problem> {
        let network = page(self.engine().create_network(&request))?;
        Ok(NetworkRef { network })
    }

    async fn network_change(&self, request: NetworkChange) -> Result<Nothing, Problem> {
        page(self.engine().change_network(request).await)?;
        Ok(Nothing {})
    }

    async fn network_resubnet(&self, request: NetworkRef) -> Result<Nothing, Problem> {
        page(self.engine().resubnet(request.network).await)?;
        Ok(Nothing {})
    }

    async fn network_restart(&self, request: NetworkRef) -> Result<Nothing, Problem> {
        page(self.engine().restart_network(request.network).await)?;
        Ok(Nothing {})
    }

    async fn network_delete(&self, request: NetworkRef) -> Result<Trashed, Problem> {
        let (trash_id, name) = page(self.engine().delete_network(request.network).await)?;
        Ok(Trashed { trash_id, name })
    }

    async fn network_reveal(&self, request: NetworkRef) -> Result<NetworkReveal, Problem> {
        page(self.engine().reveal_network(request.network))
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

    async fn cluster_save_recipe(&self, request: SaveRecipe) -> Result<Saved, Problem> {
        self.save_recipe(request).await
    }

    async fn cluster_commands(&self, request: ClusterDraft) -> Result<CommandsAnswer, Problem> {
        let steps = page(self.engine().cluster_commands(&request))?;
        Ok(CommandsAnswer { steps })
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

    async fn forward_offer(&self, request: ForwardDraft) -> Result<ForwardOffer, Problem> {
        page(self.engine().offer_forward(&request))
    }

    async fn forward_check(&self, request: ForwardCheck) -> Result<DraftVerdict, Problem> {
        let engine = self.engine();
        Ok(DraftVerdict {
            fields: engine.check_forward(&request.draft, request.forward),
        })
    }

    async fn forward_open(&self, request: ForwardDraft) -> Result<ForwardRef, Problem> {
        let forward = page(self.engine().open_forward(&request).await)?;
        Ok(ForwardRef { forward })
    }

    async fn forward_change(&self, request: ForwardEdit) -> Result<Nothing, Problem> {
        let engine = self.engine();
        page(engine.change_forward(request.forward, &request.draft).await)?;
        Ok(Nothing {})
    }

    async fn forward_close(&self, request: ForwardRef) -> Result<ForwardDraft, Problem> {
        page(self.engine().close_forward(request.forward).await)
    }

    async fn console_save(&self, request: SaveConsole) -> Result<Saved, Problem> {
        let (name, log) = page(self.engine().console_log(request.machine))?;
        let Some(path) = self.host.save_path(&format!("{name}-console.log")).await? else {
            return Ok(Saved { path: None });
        };
        page(crete_engine::copy_console(&log, &path).await)?;
        Ok(Saved {
            path: Some(path.display().to_string()),
        })
    }

    async fn trash_restore(&self, request: TrashRef) -> Result<Nothing, Problem> {
        page(self.engine().restore(&request.trash_id).await)?;
        Ok(Nothing {})
    }

    async fn trash_purge(&self, request: TrashRef) -> Result<Nothing, Problem> {
        page(self.engine().purge(&request.trash_id).await)?;
        Ok(Nothing {})
    }

    async fn job_details(&self, request: JobRef) -> Result<JobDetails, Problem> {
        let (job, log) = page(self.engine().job_details(request.job).await)?;
        Ok(JobDetails { job, log })
    }

    async fn job_cancel(&self, request: JobRef) -> Result<Nothing, Problem> {
        page(self.engine().cancel_job(request.job))?;
        Ok(Nothing {})
    }

    async fn settings_get(&self, _: Nothing) -> Result<Settings, Problem> {
        Ok(self.engine().settings())
    }

    async fn settings_set(&self, request: SettingsChange) -> Result<Settings, Problem> {
        let fields = crete_engine::check_settings(&request.settings);
        if !fields.is_empty() {
            return Err(Problem::invalid(fields));
        }
        self.host.save_settings(&request.settings).await?;
        page(self.engine().apply_settings(request.settings))
    }

    async fn dialog_folder(&self, _: Nothing) -> Result<Picked, Problem> {
        let path = self.host.pick_folder().await?;
        Ok(Picked {
            path: path.map(|path| path.display().to_string()),
        })
    }

    async fn dialog_file(&self, _: Nothing) -> Result<Picked, Problem> {
        let path = self.host.pick_file().await?;
        Ok(Picked {
            path: path.map(|path| path.display().to_string()),
        })
    }

    async fn open(&self, request: OpenTarget) -> Result<Nothing, Problem> {
        self.open_outside(request).await?;
        Ok(Nothing {})
    }

    async fn window_action(&self, request: WindowAction) -> Result<Nothing, Problem> {
        self.host.window(request).await?;
        Ok(Nothing {})
    }

    async fn practice_status(&self, _: Nothing) -> Result<PracticeStatus, Problem> {
        let engine = self.engine();
        let practice = engine.practice_parts();
        Ok(PracticeStatus {
            active: engine.is_practice(),
            images_ready: practice.images_ready(),
            factory_found: practice.factory_found(),
            build_command: practice.build_command(),
        })
    }

    async fn practice_switch(&self, request: PracticeSwitch) -> Result<Nothing, Problem> {
        if self.engine().is_practice() == request.on {
            return Ok(Nothing {});
        }
        let new = self.host.open_engine(request.on).await?;
        let old = {
            let mut engine = self.engine.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *engine, new)
        };
        for (_, flow) in self.flows().drain() {
            flow.close();
        }
        self.looks.end_all();
        // Machines go on: only this program's hold on them ends.
        old.close().await;
        Ok(Nothing {})
    }

    async fn stream_ack(&self, request: StreamAck) -> Result<Nothing, Problem> {
        if let Some(flow) = self.flows().get(&request.stream) {
            flow.give(request.bytes);
        }
        Ok(Nothing {})
    }

    async fn stream_close(&self, request: StreamRef) -> Result<Nothing, Problem> {
        if let Some(flow) = self.flows().remove(&request.stream) {
            flow.close();
        }
        Ok(Nothing {})
    }
}

/// A file's path. What it is relative to is nobody's business but the shell's.
fn file_path(request: &FileRef) -> Result<PathBuf, Problem> {
    let path = PathBuf::from(&request.path);
    if path.is_absolute() {
        return Ok(path);
    }
    Err(Problem::new(ErrorCode::BadRequest, Params::new())
        .with_detail("an absolute path is needed")
        .with_remedy(Remedy::ChooseAnother))
}
