//! The command table: each command once, with its name, request and answer.
//!
//! From this one list come the traits a router implements, the dispatch by name, and the
//! TypeScript interface of the page.

use crate::types::*;
use crete_model::{
    AccessFile, AccessView, ApplyAnswer, ClusterDraft, ClusterLoss, ClusterOffer, ClusterPlan,
    Composition, ConfigComparison, ConfigKeys, ConfigKeysRequest, ConfigText, ConfigVerdict,
    Consequence, ForwardDraft, ForwardOffer, HostOffers, HostPatchRequest, HostReport, ImageChoice,
    ImagePlan, ImportPlan, LessWorkers, MachineDraft, MoreWorkers, NetworkChange, NetworkDraft,
    NetworkReveal, NodeConfig, NodeLogs, PatchesComparison, PatchesWish, Preset, Problem,
    ResetLoss, ResourceKind, ResourceText, SampleText, SecretsSeen, Settings, Sizes, StudioDraft,
    Targets, Workbench,
};
use serde_json::Value;
use std::future::Future;
use ts_rs::{Config, TS, TypeVisitor};

/// A command as the page's types see it.
#[derive(Debug, Clone, Copy)]
pub struct CommandInfo {
    /// Its name on the wire.
    pub name: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// TypeScript name of the request.
    pub request: fn(&Config) -> String,
    /// TypeScript name of the answer.
    pub response: fn(&Config) -> String,
}

macro_rules! commands {
    ($($(#[doc = $about:literal])+ $group:ident {
        $($(#[doc = $doc:literal])+ $name:literal $method:ident($request:ty) -> $response:ty;)+
    })+) => {
        $(
            $(#[doc = $about])+
            pub trait $group: Send + Sync {
                $(
                    $(#[doc = $doc])+
                    fn $method(&self, request: $request)
                        -> impl Future<Output = Result<$response, Problem>> + Send;
                )+
            }
        )+

        /// What a router can do: one method a command.
        pub trait Handlers: $($group +)+ {}

        impl<R: $($group +)+> Handlers for R {}

        /// All commands, in the order of the table.
        pub const COMMANDS: &[CommandInfo] = &[
            $($(CommandInfo {
                name: $name,
                doc: concat!($($doc),+),
                request: |config| <$request as TS>::name(config),
                response: |config| <$response as TS>::name(config),
            }),+),+
        ];

        /// Shows every request and answer type to a collector.
        pub(crate) fn visit_types(visitor: &mut impl TypeVisitor) {
            $($(
                visitor.visit::<$request>();
                visitor.visit::<$response>();
            )+)+
        }

        /// Carries out one command by name.
        ///
        /// # Errors
        /// `bad_request` when there is no such command or its request does not parse;
        /// otherwise what the command itself answers.
        pub async fn dispatch<H: Handlers>(handlers: &H, name: &str, request: Value)
            -> Result<Value, Problem>
        {
            match name {
                $($($name => {
                    let request: $request = parse(name, request)?;
                    render(name, handlers.$method(request).await?)
                })+)+
                _ => Err(unknown(name)),
            }
        }
    };
}

commands! {
    /// The program, its window, this computer, jobs and the trash.
    ProgramCommands {
        /// What runs, and on what.
        "app.info" app_info(Nothing) -> AppInfo;
        /// Tells whether the page can be seen; live figures stop while it cannot.
        "app.visible" app_visible(Visibility) -> Nothing;
        /// Keeps a mistake of the page in the program's log.
        "app.fault" app_fault(PageFault) -> Nothing;
        /// Checks this computer again. The `host` topic carries the result too.
        "host.check" host_check(Nothing) -> HostReport;
        /// Makes a change the last report offers, with the administrator's permission.
        "host.fix" host_fix(HostFix) -> JobStarted;
        /// Gives something back from the trash.
        "trash.restore" trash_restore(TrashRef) -> Nothing;
        /// Removes something from the trash for good.
        "trash.purge" trash_purge(TrashRef) -> Nothing;
        /// A job with its kept log.
        "job.details" job_details(JobRef) -> JobDetails;
        /// Cancels a job.
        "job.cancel" job_cancel(JobRef) -> Nothing;
        /// The person's preferences.
        "settings.get" settings_get(Nothing) -> Settings;
        /// Changes preferences.
        "settings.set" settings_set(SettingsChange) -> Settings;
        /// Lets the person choose a folder.
        "dialog.folder" dialog_folder(Nothing) -> Picked;
        /// Lets the person choose a file.
        "dialog.file" dialog_file(Nothing) -> Picked;
        /// Opens something outside the page.
        "open" open(OpenTarget) -> Nothing;
        /// Moves, sizes or closes the window.
        "window.action" window_action(WindowAction) -> Nothing;
        /// Whether practice mode can be entered.
        "practice.status" practice_status(Nothing) -> PracticeStatus;
        /// Enters or leaves practice mode.
        "practice.switch" practice_switch(PracticeSwitch) -> Nothing;
        /// Takes note of bytes the page has taken in, so that more may come.
        "stream.ack" stream_ack(StreamAck) -> Nothing;
        /// Closes a byte stream.
        "stream.close" stream_close(StreamRef) -> Nothing;
    }
    /// Choosing what an image holds.
    StudioCommands {
        /// The factory's Talos versions.
        "factory.versions" factory_versions(VersionsRequest) -> VersionsAnswer;
        /// Everything an image can be for.
        "studio.targets" studio_targets(Nothing) -> Targets;
        /// Answers that go together, for an architecture.
        "studio.presets" studio_presets(PresetsRequest) -> Vec<Preset>;
        /// The system extensions of a version.
        "studio.extensions" studio_extensions(ExtensionsRequest) -> ExtensionsAnswer;
        /// What a draft comes to. Sends nothing.
        "studio.compose" studio_compose(StudioDraft) -> Composition;
        /// Sends a draft's schematic to the factory and takes its id.
        "studio.confirm" studio_confirm(StudioDraft) -> ConfirmedAnswer;
        /// Opens an id, YAML, a link, an address or a reference.
        "studio.open" studio_open(OpenText) -> OpenedAnswer;
        /// How the studio was left.
        "studio.left" studio_left(Nothing) -> Workbench;
        /// Notes how the studio is left, so that a restart loses no answer.
        "studio.leave" studio_leave(LeaveStudio) -> Nothing;
        /// Keeps a draft under a name.
        "draft.save" draft_save(SaveDraft) -> DraftSaved;
        /// Moves a draft to the trash.
        "draft.delete" draft_delete(DraftRef) -> Trashed;
        /// Puts files of a studio draft into a folder, outside the library. Several are a set.
        "output.save" output_save(SaveOutputs) -> SaveStarted;
        /// Goes on with a file that is paused or did not arrive.
        "output.resume" output_resume(ResumeSave) -> JobStarted;
        /// Stops a file's download for a while. What arrived is kept.
        "output.pause" output_pause(JobRef) -> Nothing;
    }
    /// The library of images.
    ImageCommands {
        /// What will be asked of the factory for a choice. Sends nothing.
        "image.plan" image_plan(ImageChoice) -> ImagePlan;
        /// Downloads an image, or goes on with it.
        "image.download" image_download(ImageChoice) -> DownloadStarted;
        /// Downloads one file of a studio draft into the library, or goes on with it.
        "image.fetch" image_fetch(FetchOutput) -> DownloadStarted;
        /// Goes on with a paused or an incomplete image.
        "image.resume" image_resume(ImageRef) -> DownloadStarted;
        /// Forgets what arrived of an image, and begins again.
        "image.start_over" image_start_over(ImageRef) -> DownloadStarted;
        /// Stops the download of an image for a while. What arrived is kept.
        "image.pause" image_pause(ImageRef) -> Nothing;
        /// Checks an image's file again, every byte of it.
        "image.verify" image_verify(ImageRef) -> JobStarted;
        /// Deletes a file of an image that was set aside, for good.
        "image.discard" image_discard(AsideRef) -> Nothing;
        /// What would become of a person's own file. Changes nothing.
        "image.examine" image_examine(FileRef) -> ImportPlan;
        /// Makes an image of a copy of a person's own file.
        "image.import" image_import(FileRef) -> DownloadStarted;
        /// What deleting an image would lose.
        "image.loss" image_loss(ImageRef) -> LossPreview;
        /// Moves an image to the trash. Refused while machines use it.
        "image.delete" image_delete(ImageRef) -> Trashed;
    }
    /// Machines and their consoles.
    MachineCommands {
        /// Suggests a machine for an image.
        "machine.offer" machine_offer(ImageRef) -> DraftOffer;
        /// Checks a draft field by field.
        "machine.check" machine_check(MachineDraft) -> DraftVerdict;
        /// What a machine of these sizes would ask too much of now.
        "machine.strains" machine_strains(Sizes) -> Strains;
        /// Creates a machine. It is off until started.
        "machine.create" machine_create(MachineDraft) -> Created;
        /// Starts a machine.
        "machine.start" machine_start(MachineRef) -> JobStarted;
        /// Stops a machine, gently first.
        "machine.stop" machine_stop(MachineRef) -> JobStarted;
        /// Ends a machine at once.
        "machine.force_off" machine_force_off(MachineRef) -> Nothing;
        /// What deleting a machine would lose.
        "machine.loss" machine_loss(MachineRef) -> LossPreview;
        /// Moves a machine to the trash.
        "machine.delete" machine_delete(MachineRef) -> Trashed;
        /// The YAML and the command behind a machine.
        "machine.reveal" machine_reveal(MachineRef) -> Reveal;
        /// Puts a machine into another network: its cable is plugged in there.
        "machine.connect" machine_connect(MachineNetwork) -> Nothing;
        /// Gives a machine another address in its network.
        "machine.address" machine_address(MachineAddress) -> Nothing;
        /// Cuts or mends a machine's link.
        "machine.cut" machine_cut(LinkCut) -> Nothing;
        /// Saves what ttyS0 printed to a file the person chooses.
        "console.save" console_save(SaveConsole) -> Saved;
    }
    /// Networks and the ways into them.
    NetworkCommands {
        /// Suggests a network.
        "network.offer" network_offer(Nothing) -> NetworkDraft;
        /// Checks a draft field by field, as the person types.
        "network.check" network_check(NetworkDraft) -> DraftVerdict;
        /// Creates a network.
        "network.create" network_create(NetworkDraft) -> NetworkRef;
        /// Changes a network, also while machines run in it.
        "network.change" network_change(NetworkChange) -> Nothing;
        /// Gives a network another subnet, which collides with nothing. Refused while machines run.
        "network.resubnet" network_resubnet(NetworkRef) -> Nothing;
        /// Starts a network's process again, in the version of this program.
        "network.restart" network_restart(NetworkRef) -> Nothing;
        /// Moves a network to the trash. Refused while machines are in it.
        "network.delete" network_delete(NetworkRef) -> Trashed;
        /// The YAML and the command behind a network.
        "network.reveal" network_reveal(NetworkRef) -> NetworkReveal;
        /// Suggests a free port of this computer for a port of a machine.
        "forward.offer" forward_offer(ForwardDraft) -> ForwardOffer;
        /// Checks a draft field by field, as the person types.
        "forward.check" forward_check(ForwardCheck) -> DraftVerdict;
        /// Opens a port of this computer that leads to a machine.
        "forward.open" forward_open(ForwardDraft) -> ForwardRef;
        /// Changes such a port.
        "forward.change" forward_change(ForwardEdit) -> Nothing;
        /// Closes such a port; the answer opens it again.
        "forward.close" forward_close(ForwardRef) -> ForwardDraft;
    }
    /// Talos on a machine, and configurations.
    NodeCommands {
        /// What a node would say about a configuration. Sends nothing.
        "config.check" config_check(ConfigText) -> ConfigVerdict;
        /// The kinds and keys that a version's configurations may hold.
        "config.keys" config_keys(ConfigKeysRequest) -> ConfigKeys;
        /// What this computer was set up with that machines need too. Nothing is taken by itself.
        "config.host_offers" config_host_offers(Nothing) -> HostOffers;
        /// The patch that a choice of these comes to.
        "config.host_patch" config_host_patch(HostPatchRequest) -> PatchText;
        /// Looks at a machine's node from now on: the topics tell of it.
        "node.look" node_look(NodeLook) -> Nothing;
        /// Looks no more.
        "node.unlook" node_unlook(LookRef) -> Nothing;
        /// Takes the certificate that a node in maintenance shows for its own.
        "node.accept" node_accept(AcceptFingerprint) -> Nothing;
        /// Keeps the credentials of a person's talosconfig for a machine.
        "node.credentials" node_credentials(ImportTalosconfig) -> Nothing;
        /// Forgets a machine's own credentials.
        "node.forget" node_forget(MachineRef) -> Nothing;
        /// Starts, stops or restarts a service.
        "node.service" node_service(ServiceCall) -> Nothing;
        /// The names under which a node keeps logs.
        "node.logs" node_logs(MachineRef) -> NodeLogs;
        /// The kinds of resources that a node has.
        "node.kinds" node_kinds(MachineRef) -> Vec<ResourceKind>;
        /// All resources of a kind as YAML.
        "node.resources" node_resources(ResourcesOf) -> Vec<ResourceText>;
        /// One resource as YAML.
        "node.resource" node_resource(ResourceRef) -> ResourceText;
        /// The configuration that a node lives by, secrets and all.
        "node.config" node_config(MachineRef) -> NodeConfig;
        /// Compares an edited configuration with it. Changes nothing.
        "node.compare" node_compare(ConfigDraft) -> ConfigComparison;
        /// Asks a node what it would do with a configuration.
        "node.try" node_try(ConfigApply) -> ApplyAnswer;
        /// Gives a node a configuration.
        "node.apply" node_apply(ConfigApply) -> ApplyAnswer;
        /// Restarts a node.
        "node.reboot" node_reboot(NodeReboot) -> Nothing;
        /// Shuts a node down.
        "node.shutdown" node_shutdown(NodeShutdown) -> Nothing;
        /// What a reset of a node would take with it.
        "node.reset_loss" node_reset_loss(ResetQuestion) -> ResetLoss;
        /// Wipes a node.
        "node.reset" node_reset(NodeReset) -> Nothing;
    }
    /// Clusters and the access to them.
    ClusterCommands {
        /// The access to a cluster: what was written, and what merging would do.
        "access.view" access_view(ClusterRef) -> AccessView;
        /// A new key file as text, to be copied. Holds a secret.
        "access.text" access_text(AccessRequest) -> SecretText;
        /// Saves a new key file where the person chooses.
        "access.save" access_save(AccessRequest) -> Saved;
        /// Merges a new key into the person's own file.
        "access.merge" access_merge(AccessRequest) -> AccessFile;
        /// Makes a new key where the old one is.
        "access.renew" access_renew(AccessFileRef) -> Nothing;
        /// Gives a file back as it was, unless it was changed since.
        "access.undo" access_undo(AccessFileRef) -> Nothing;
        /// Forgets that a file was written. The file stays.
        "access.forget" access_forget(AccessFileRef) -> Nothing;
        /// Saves a cluster's secrets where the person chooses.
        "access.save_secrets" access_save_secrets(ClusterRef) -> Saved;
        /// What a person's file of secrets, or the configuration of a node, holds.
        "access.look_into_secrets" access_look_into_secrets(FileRef) -> SecretsSeen;
        /// Suggests a cluster.
        "cluster.offer" cluster_offer(ClusterOfferRequest) -> ClusterOffer;
        /// What a draft would become, and what is not acceptable. Makes and sends nothing.
        "cluster.plan" cluster_plan(ClusterDraft) -> ClusterPlan;
        /// Creates a cluster, until it is healthy.
        "cluster.create" cluster_create(ClusterDraft) -> ClusterCreated;
        /// Starts a cluster.
        "cluster.start" cluster_start(ClusterRef) -> JobStarted;
        /// Stops a cluster, workers first.
        "cluster.stop" cluster_stop(ClusterRef) -> JobStarted;
        /// Stops a cluster and starts it again.
        "cluster.restart" cluster_restart(ClusterRef) -> JobStarted;
        /// Gives up creating a cluster and takes away what was made; the image stays.
        "cluster.cancel" cluster_cancel(ClusterRef) -> Nothing;
        /// What deleting a cluster would lose.
        "cluster.loss" cluster_loss(ClusterRef) -> ClusterLoss;
        /// Moves a cluster with its machines to the trash. Refused while machines run.
        "cluster.delete" cluster_delete(ClusterRef) -> Trashed;
        /// Looks at a cluster now.
        "cluster.health" cluster_health(ClusterRef) -> Nothing;
        /// What a deed on one machine would do to its cluster.
        "cluster.consequence" cluster_consequence(MemberQuestion) -> Consequence;
        /// Gives a cluster more workers.
        "cluster.add_workers" cluster_add_workers(MoreWorkers) -> JobStarted;
        /// Takes a worker out of a cluster.
        "cluster.remove_worker" cluster_remove_worker(LessWorkers) -> JobStarted;
        /// The recipe of a cluster: everything but its secrets.
        "cluster.recipe" cluster_recipe(ClusterRef) -> RecipeText;
        /// The recipe of a draft.
        "cluster.draft_recipe" cluster_draft_recipe(ClusterDraft) -> RecipeText;
        /// A draft from a recipe.
        "cluster.open_recipe" cluster_open_recipe(OpenText) -> ClusterDraft;
        /// Saves a recipe to a file the person chooses.
        "cluster.save_recipe" cluster_save_recipe(ClusterOrDraft) -> Saved;
        /// Commands that would do the same without Crete.
        "cluster.commands" cluster_commands(ClusterOrDraft) -> CommandsAnswer;
        /// The programs that a cluster can be opened in, and what is missing of each.
        "cluster.tools" cluster_tools(Nothing) -> ToolsAnswer;
        /// Opens a cluster in one of them.
        "cluster.open_in" cluster_open_in(OpenIn) -> Nothing;
        /// What other patches would do to each machine. Changes nothing.
        "cluster.compare_patches" cluster_compare_patches(PatchesWish) -> PatchesComparison;
        /// Gives a cluster other patches, one machine after another.
        "cluster.change_patches" cluster_change_patches(PatchesWish) -> JobStarted;
        /// Gives a cluster the patches again that it had before the last change.
        "cluster.revert_patches" cluster_revert_patches(ClusterRef) -> JobStarted;
        /// The sample app to read: what "Try it" would do.
        "cluster.sample" cluster_sample(Nothing) -> SampleText;
        /// Puts the sample app on a cluster.
        "cluster.try_sample" cluster_try_sample(ClusterRef) -> JobStarted;
        /// Takes it away.
        "cluster.end_sample" cluster_end_sample(ClusterRef) -> JobStarted;
    }
}

fn unknown(name: &str) -> Problem {
    bad_request(name, "there is no such command")
}

fn parse<T: serde::de::DeserializeOwned>(name: &str, request: Value) -> Result<T, Problem> {
    serde_json::from_value(request).map_err(|error| bad_request(name, &error.to_string()))
}

fn render<T: serde::Serialize>(name: &str, answer: T) -> Result<Value, Problem> {
    serde_json::to_value(answer).map_err(|error| {
        Problem::new(
            crete_model::ErrorCode::Internal,
            crete_model::params! { "command" => name, "text" => error },
        )
    })
}

fn bad_request(name: &str, text: &str) -> Problem {
    Problem::new(
        crete_model::ErrorCode::BadRequest,
        crete_model::params! { "command" => name },
    )
    .with_detail(text)
    .with_remedy(crete_model::Remedy::Report)
}
