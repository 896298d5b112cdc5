//! Requests and answers that are not already part of the model.

mod access;
mod cluster;
mod desktop;
mod network;
mod node;

pub use access::*;
pub use cluster::*;
pub use desktop::*;
pub use network::*;
pub use node::*;

use crete_model::{
    Arch, DraftId, ImageId, Job, JobId, JobLogLine, MachineDraft, MachineId, MachineReveal,
    Settings,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// No request, or no answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(type = "Record<string, never>")]
pub struct Nothing {}

/// What runs, and on what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AppInfo {
    /// Crete's version.
    pub version: String,
    /// Which host shows the page.
    pub host: HostKind,
    /// True in practice mode: nothing here is Talos.
    pub practice: bool,
    /// Where images and machines are kept.
    pub data_dir: String,
    /// Where the log of this program is.
    pub log_dir: String,
    /// This computer's architecture.
    pub arch: Arch,
    /// What happened before the page was there and a person should know.
    pub notices: Vec<StartNotice>,
}

/// Something found at start-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StartNotice {
    /// Machines were found running and taken back.
    Adopted {
        /// Their names.
        names: Vec<String>,
    },
    /// Preferences could not be read; the last good copy is used.
    SettingsRestored,
}

/// Which host shows the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HostKind {
    /// The real window.
    Window,
    /// A browser, through the dev host.
    Browser,
}

/// A fact about what is seen: hidden pages are not fed live figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Visibility {
    /// True while the page can be seen.
    pub visible: bool,
}

/// Names a change of this computer. What runs is decided by the engine alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HostFix {
    /// The change.
    pub fix: crete_model::FixCode,
}

/// Asks for the versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VersionsRequest {
    /// True to ask the factory even if the list is fresh.
    pub refresh: bool,
}

/// The factory's versions, and how old this list is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VersionsAnswer {
    /// Grouped for the page.
    pub groups: crete_model::VersionGroups,
    /// RFC 3339: when the factory gave this list.
    pub fetched_at: String,
    /// Why a newer list could not be had; the old one is shown then.
    pub stale: Option<crete_model::Problem>,
    /// The factory's host.
    pub host: String,
}

/// Asks for a version's system extensions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExtensionsRequest {
    /// The version.
    pub version: crete_model::TalosVersion,
    /// True to ask the factory even if the list is fresh.
    pub refresh: bool,
}

/// A version's system extensions, and how old this list is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExtensionsAnswer {
    /// In the factory's order.
    pub extensions: Vec<crete_model::Extension>,
    /// RFC 3339: when the factory gave this list.
    pub fetched_at: String,
    /// Why a newer list could not be had; the old one is shown then.
    pub stale: Option<crete_model::Problem>,
    /// The factory's host.
    pub host: String,
}

/// Asks for presets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PresetsRequest {
    /// Serial ports have other names on other architectures.
    pub arch: Arch,
}

/// What the factory made of a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConfirmedAnswer {
    /// The id, by the factory: this one counts.
    pub id: String,
    /// The id computed here.
    pub predicted: String,
}

/// A patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PatchText {
    /// YAML; empty when it would change nothing.
    pub patch: String,
}

/// Something a person pasted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OpenText {
    /// An id, YAML, a link, an address or a reference.
    pub text: String,
}

/// What a pasted text turned out to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct OpenedAnswer {
    /// The choices.
    pub draft: crete_model::StudioDraft,
    /// The schematic's id where the text named one.
    pub schematic_id: Option<String>,
}

/// Keeps a draft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SaveDraft {
    /// The draft to change; absent for a new one.
    pub id: Option<DraftId>,
    /// Its name.
    pub name: String,
    /// Its answers.
    pub draft: crete_model::StudioDraft,
}

/// A draft that was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DraftSaved {
    /// Its id.
    pub id: DraftId,
}

/// Names one file among the results of a studio draft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct FetchOutput {
    /// The answers.
    pub draft: crete_model::StudioDraft,
    /// File name at the factory, for example `metal-amd64.raw.zst`.
    pub asset: String,
}

/// Files among the results of a studio draft, and where they go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SaveOutputs {
    /// The answers.
    pub draft: crete_model::StudioDraft,
    /// The addresses of the wanted lines of the result.
    pub outputs: Vec<String>,
    /// The folder, an absolute path.
    pub folder: String,
    /// True when files that are there may be replaced.
    pub replace: bool,
}

/// The jobs that were begun, one a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SaveStarted {
    /// The jobs.
    pub jobs: Vec<JobId>,
}

/// Names a file that did not arrive in its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ResumeSave {
    /// The job.
    pub job: JobId,
    /// True when the file that is in its place may be replaced.
    pub replace: bool,
}

/// The studio as it is left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LeaveStudio {
    /// The answers; absent while nothing was changed.
    pub draft: Option<crete_model::StudioDraft>,
    /// The kept draft that they began from.
    pub kept: Option<DraftId>,
}

/// Names one draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DraftRef {
    /// The draft.
    pub id: DraftId,
}

/// Names one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImageRef {
    /// The image.
    pub image: ImageId,
}

/// Names a file of an image that was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AsideRef {
    /// The image.
    pub image: ImageId,
    /// The file's name.
    pub file: String,
}

/// Names a file of the person's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FileRef {
    /// Absolute path.
    pub path: String,
}

/// Names one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MachineRef {
    /// The machine.
    pub machine: MachineId,
}

/// Names one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct JobRef {
    /// The job.
    pub job: JobId,
}

/// A download that began, or was already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DownloadStarted {
    /// The image.
    pub image: ImageId,
    /// The job; absent when the image was ready already.
    pub job: Option<JobId>,
}

/// What would be lost by deleting something, counted before it happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LossPreview {
    /// Bytes on this computer.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Names of machines that depend on it.
    pub machines: Vec<String>,
}

/// Something went to the trash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Trashed {
    /// Gives it back with `trash.restore`.
    pub trash_id: String,
    /// Its name, for the sentence.
    pub name: String,
}

/// Names one thing in the trash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TrashRef {
    /// From [`Trashed`].
    pub trash_id: String,
}

/// A draft with suggested values, and what this computer allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DraftOffer {
    /// Every field filled: the form can be sent as it opens.
    pub draft: MachineDraft,
    /// Most virtual processors.
    pub max_vcpus: u32,
    /// Most memory, MiB.
    pub max_memory_mib: u32,
    /// Least disk for the image, GiB.
    pub min_disk_gib: u32,
}

/// How a draft stands: no problem means it can be created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DraftVerdict {
    /// Field by field.
    pub fields: Vec<crete_model::FieldProblem>,
}

/// What sizes ask too much of. Empty: they fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Strains {
    /// In the order of memory, processors, disk.
    pub strains: Vec<crete_model::Strain>,
}

/// A machine that was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Created {
    /// Its id.
    pub machine: MachineId,
}

/// A job that began; absent when there was nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct JobStarted {
    /// The job.
    pub job: Option<JobId>,
}

/// A job with its kept log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct JobDetails {
    /// The job.
    pub job: Job,
    /// Its log, oldest first.
    pub log: Vec<JobLogLine>,
}

/// The expert's view of a machine.
pub type Reveal = MachineReveal;

/// Saves a console's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SaveConsole {
    /// The machine.
    pub machine: MachineId,
}

/// Where something was saved; absent when the person closed the dialog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Saved {
    /// Absolute path.
    pub path: Option<String>,
}

/// New preferences, checked before they are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SettingsChange {
    /// All of them.
    pub settings: Settings,
}

/// A folder chosen in the desktop's dialog; absent when it was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Picked {
    /// Absolute path.
    pub path: Option<String>,
}

/// Enters or leaves practice mode. The page reloads itself after the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PracticeSwitch {
    /// True to enter.
    pub on: bool,
}

/// Whether practice mode can be entered at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PracticeStatus {
    /// True in practice mode.
    pub active: bool,
    /// The practice images are on this computer.
    pub images_ready: bool,
    /// The practice factory's program was found.
    pub factory_found: bool,
    /// The command that builds what is missing; empty when nothing is.
    pub build_command: String,
}

/// Bytes of a stream that the page has taken in, or its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StreamAck {
    /// The stream, as numbered by the page.
    pub stream: u32,
    /// Bytes since the last acknowledgement.
    pub bytes: u32,
}

/// Names one byte stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StreamRef {
    /// The stream, as numbered by the page.
    pub stream: u32,
}

/// A mistake of the page itself, kept in the program's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PageFault {
    /// What happened, with the stack; cut to 4,000 characters.
    pub text: String,
}
