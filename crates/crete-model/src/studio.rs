//! The studio: what a person composes, and what comes of it.
//!
//! A draft keeps every answer, also those that do not fit the others at the moment: they are
//! marked and left out of the schematic, never thrown away.

use crate::{Arch, Bootloader, DraftId, MetaValue, Overlay, Params, Schematic, TalosVersion};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What kind of hardware an image is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// Physical machines and virtual ones of any kind.
    Metal,
    /// A cloud, or a hypervisor with a cloud's manners.
    Cloud,
    /// A single board computer.
    Sbc,
}

/// How a platform starts an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum BootMethod {
    /// A CD.
    Iso,
    /// A disk with Talos on it.
    DiskImage,
    /// Over the network.
    Pxe,
}

/// A platform of the Image Factory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Platform {
    /// Its id in names and addresses.
    pub id: String,
    /// Its own name.
    pub label: String,
    /// Architectures it has.
    pub arches: Vec<Arch>,
    /// In the order they are offered.
    pub boot_methods: Vec<BootMethod>,
    /// Ending of its disk image; absent where it has none.
    pub disk_image_suffix: Option<String>,
    /// SecureBoot can be asked for.
    pub secure_boot: bool,
    /// Not offered for older versions.
    pub min_version: Option<TalosVersion>,
    /// Below the documentation's address of a version; absent where there is no page.
    pub documentation_path: Option<String>,
}

/// A single board computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Board {
    /// Its id in links.
    pub id: String,
    /// Its own name.
    pub label: String,
    /// Name of its overlay; may differ from the id.
    pub overlay_name: String,
    /// Image of its overlay, part of the schematic's id.
    pub overlay_image: String,
    /// Not offered for older versions.
    pub min_version: TalosVersion,
    /// Below the documentation's address of a version; absent where there is no page.
    pub documentation_path: Option<String>,
}

/// Everything an image can be for, in upstream's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Targets {
    /// Bare metal.
    pub metal: Platform,
    /// Clouds.
    pub clouds: Vec<Platform>,
    /// Boards.
    pub boards: Vec<Board>,
}

/// Support tier of an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ExtensionTier {
    /// Fully supported.
    Core,
    /// Best effort.
    Extra,
    /// By the community.
    Contrib,
    /// On its way out.
    Deprecated,
}

/// What an extension is about. The factory does not say; this is Crete's own shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ExtensionCategory {
    /// Container runtimes.
    ContainerRuntime,
    /// Video receivers.
    DigitalVideo,
    /// Kernel drivers.
    Driver,
    /// Samples.
    Example,
    /// Firmware and microcode.
    Firmware,
    /// Graphics.
    Gpu,
    /// Agents of hypervisors.
    GuestAgent,
    /// Everything else, new extensions among them.
    Misc,
    /// Networks.
    Network,
    /// NVIDIA.
    Nvidia,
    /// Power supplies.
    Power,
    /// Disks and file systems.
    Storage,
    /// Tools.
    Tool,
}

/// A system extension of one Talos version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Extension {
    /// Name without registry and tag, the key in a schematic.
    pub name: String,
    /// Registry, name and tag.
    pub reference: String,
    /// The tag alone.
    pub tag: String,
    /// Who made it; may be empty.
    pub author: String,
    /// What it is, by its authors, without the tier; may be empty for old versions.
    pub description: String,
    /// Absent before Talos 1.11.
    pub tier: Option<ExtensionTier>,
    /// Crete's shelf.
    pub category: ExtensionCategory,
}

/// What a person answered so far. `None` means not asked or not answered yet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct StudioDraft {
    /// Hardware.
    pub target: Option<TargetKind>,
    /// Talos version.
    pub version: Option<TalosVersion>,
    /// Cloud.
    pub platform: Option<String>,
    /// Board.
    pub board: Option<String>,
    /// Architecture.
    pub arch: Option<Arch>,
    /// Signed images for UEFI's SecureBoot.
    pub secure_boot: bool,
    /// Names of extensions.
    pub extensions: Vec<String>,
    /// Kernel arguments, one each; `-name` removes a default.
    pub kernel_args: Vec<String>,
    /// Machine configuration inside the image.
    pub embedded_config: String,
    /// Options of the board's overlay, YAML.
    pub overlay_options: String,
    /// Boot loader; `None` leaves the choice to the factory.
    pub bootloader: Option<Bootloader>,
    /// Values of the META partition.
    pub meta: Vec<MetaValue>,
    /// When keys are enrolled; empty is the default.
    pub enroll_keys: String,
    /// Enrol Microsoft's certificates too.
    pub well_known_certificates: bool,
    /// Bytes of a sector of the disk image; 0 is the default.
    #[ts(type = "number")]
    pub sector_size: u64,
    /// An overlay that no known board has, kept from an opened schematic.
    pub foreign_overlay: Option<Overlay>,
    /// Owner, kept from an opened schematic; only Enterprise factories take it.
    pub owner: String,
}

/// The studio's table as a person left it: answers that nobody kept under a name yet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Workbench {
    /// Version of this record's form.
    pub schema_version: u32,
    /// The answers; absent while nothing was changed.
    pub draft: Option<StudioDraft>,
    /// The kept draft that they began from.
    pub kept: Option<DraftId>,
}

/// The steps, in the order they are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StudioStep {
    /// Hardware.
    Target,
    /// Talos version.
    Version,
    /// Cloud or board.
    Place,
    /// Architecture and SecureBoot.
    Machine,
    /// System extensions.
    Extensions,
    /// Everything else.
    Customization,
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Waits for an answer.
    Open,
    /// Answered, or fine without.
    Answered,
    /// The other answers decide it.
    NotNeeded,
}

/// How much a remark weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RemarkWeight {
    /// Worth knowing.
    Note,
    /// The answer is kept, and left out of this image.
    LeftOut,
    /// No image can be made so.
    Blocks,
}

/// What there is to say about an answer. Values for the sentence stand in brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RemarkCode {
    /// The factory does not offer this version (`version`).
    VersionNotOffered,
    /// Boards are offered from `min` on.
    BoardsNeedVersion,
    /// There is no such platform (`id`).
    UnknownPlatform,
    /// There is no such board (`id`).
    UnknownBoard,
    /// The platform is offered from `min` on (`label`).
    PlatformNeedsVersion,
    /// The board is offered from `min` on (`label`).
    BoardNeedsVersion,
    /// The platform does not have this architecture (`label`, `arch`).
    ArchNotOffered,
    /// SecureBoot is offered from `min` on.
    SecureBootNeedsVersion,
    /// The platform has no SecureBoot (`label`).
    SecureBootNotOffered,
    /// This version does not have the extension (`name`).
    ExtensionNotInVersion,
    /// This version knows the extension by another name (`name`, `now`).
    ExtensionRenamed,
    /// The version's extensions are not known, so they could not be compared.
    ExtensionsNotKnown,
    /// A `console=` replaces all built-in consoles (`consoles`); `add` keeps both.
    ConsoleReplaced,
    /// The image prints nothing on the serial port that Crete shows (`needed`); `add` mends it.
    SerialSilent,
    /// An argument holds blanks and becomes several (`argument`).
    ArgumentHoldsBlanks,
    /// An empty argument changes the id and nothing else.
    ArgumentEmpty,
    /// Installer images ignore arguments before `min`.
    InstallersIgnoreArguments,
    /// Embedded configuration is offered from `min` on.
    EmbeddedNeedsVersion,
    /// The embedded configuration is not YAML (`reason`).
    EmbeddedNotYaml,
    /// Overlay options are for boards.
    OptionsNeedBoard,
    /// The overlay options are no YAML mapping (`reason`).
    OptionsNotMapping,
    /// The overlay is none of a known board (`name`).
    ForeignOverlay,
    /// The boot loader is offered from `min` on.
    BootloaderNeedsVersion,
    /// With SecureBoot the boot loader is always systemd-boot.
    BootloaderIgnored,
    /// Two META values have one key (`key`).
    MetaKeyTwice,
    /// Not one of the four ways to enrol keys (`value`).
    EnrollKeysUnknown,
    /// Keys are enrolled from SecureBoot images only.
    EnrollKeysNeedSecureBoot,
    /// Sectors have 512 or 4096 bytes (`value`).
    SectorSizeOdd,
    /// Only Enterprise factories take an owner.
    OwnerEnterpriseOnly,
}

/// A remark on an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Remark {
    /// The step it belongs to.
    pub step: StudioStep,
    /// The draft's field, for example `extensions`.
    pub field: String,
    /// What is said.
    pub code: RemarkCode,
    /// Values for the sentence.
    pub params: Params,
    /// How much it weighs.
    pub weight: RemarkWeight,
}

/// What a file or text of the result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OutputKind {
    /// CD image.
    Iso,
    /// Disk image in the platform's own form.
    DiskImage,
    /// Disk image for QEMU.
    DiskImageQcow2,
    /// Script for network boot.
    Pxe,
    /// Image for the first installation and for upgrades.
    Installer,
    /// Kernel.
    Kernel,
    /// Kernel command line.
    Cmdline,
    /// First file system.
    Initramfs,
    /// Kernel, file system and command line in one.
    Uki,
    /// Talos' command line tool.
    Talosctl,
    /// Command: a cluster of virtual machines.
    LocalCluster,
    /// Command: network boot without a server.
    Booter,
    /// Page: what is new.
    WhatsNew,
    /// Page: what fits together.
    SupportMatrix,
    /// Page of the platform or board.
    Guide,
    /// Page: first steps.
    GettingStarted,
    /// Page: booting bare metal from a CD image.
    IsoGuide,
    /// Page: booting bare metal from the network.
    PxeGuide,
    /// Page: configuring the network of bare metal.
    NetworkGuide,
    /// Page: what SecureBoot needs.
    SecureBootGuide,
    /// Page: upgrading a machine.
    UpgradeGuide,
    /// Page: what a cluster for real work needs.
    ProductionGuide,
    /// Page: finding out what is wrong.
    TroubleshootingGuide,
}

/// How an output is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OutputForm {
    /// A file to download.
    File,
    /// An address to give to something else.
    Address,
    /// A container image.
    Reference,
    /// A command to copy.
    Command,
    /// A page to read.
    Page,
}

/// One line of the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Output {
    /// What it is.
    pub kind: OutputKind,
    /// How it is used.
    pub form: OutputForm,
    /// File name, or empty.
    pub name: String,
    /// The whole address, reference or command.
    pub text: String,
    /// Signed for SecureBoot.
    pub secure_boot: bool,
    /// Estimated bytes; 0 when unknown.
    #[ts(type = "number")]
    pub estimated_size: u64,
}

/// What a draft comes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Composition {
    /// How each step stands, in order.
    pub steps: Vec<(StudioStep, StepState)>,
    /// What there is to say.
    pub remarks: Vec<Remark>,
    /// The architecture in force: a board or a platform may decide it.
    pub arch: Option<Arch>,
    /// The recipe of what is answered so far.
    pub schematic: Schematic,
    /// Its canonical text.
    pub yaml: String,
    /// Its id, computed here.
    pub schematic_id: String,
    /// The kernel command line to be expected; empty while version or platform are open.
    pub cmdline: String,
    /// Files, addresses and commands; empty until everything needed is answered.
    pub outputs: Vec<Output>,
    /// The same choices as a link of the factory's own wizard.
    pub link: String,
}

/// A draft as kept, on disk as `drafts/<id>/spec.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SavedDraft {
    /// Version of this record's form.
    pub schema_version: u32,
    /// Its id.
    pub id: DraftId,
    /// What the person calls it.
    pub name: String,
    /// The answers.
    pub draft: StudioDraft,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub changed_at: String,
}

/// Answers that go together, offered under a name. The page says what they add and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Preset {
    /// Key of its sentences.
    pub id: PresetId,
    /// Extensions it adds.
    pub extensions: Vec<String>,
    /// Kernel arguments it adds.
    pub kernel_args: Vec<String>,
}

/// The presets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PresetId {
    /// A virtual machine under QEMU: its agent, and a log on the serial port.
    QemuGuest,
    /// A virtual machine under VMware.
    VmwareGuest,
    /// What the Longhorn storage system needs on every node.
    Longhorn,
    /// What NFS volumes need.
    NfsVolumes,
    /// An NVIDIA graphics card for computing.
    NvidiaGpu,
    /// A node in a Tailscale network.
    Tailscale,
    /// Containers in a sandbox of their own.
    Gvisor,
    /// Microcode for real processors.
    Microcode,
}
