//! What went wrong, in the one form that reaches the page and the disk.

use crate::{FixCode, Hypervisor, Params};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What went wrong. The page decides only on this, and makes its sentence from it.
///
/// A code exists when the page has a sentence or a remedy of its own for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// A defect of Crete: `detail` says where. Never used for what a person can mend.
    Internal,
    /// The page sent something the command does not take.
    BadRequest,
    /// Fields of a form are not acceptable: see `fields`.
    Invalid,
    /// There is no object with this id (`kind`, `id`).
    NotFound,
    /// The object is in a state in which this cannot be done (`reason`).
    Denied,
    /// The person cancelled the work.
    Cancelled,
    /// The program was closed or killed in the middle of the work.
    Interrupted,
    /// The factory's name does not resolve (`host`).
    FactoryUnknownHost,
    /// Nothing answers at the factory's address (`host`).
    FactoryUnreachable,
    /// The factory does not answer, or not in time (`host`, `seconds`).
    FactorySilent,
    /// This computer has no network, or no way to the factory (`host`).
    Offline,
    /// TLS failed in a way that has no code of its own (`host`).
    FactoryTls,
    /// The certificate comes from somebody this computer does not trust (`host`, `issuer`).
    CertificateIssuer,
    /// The certificate's time is over (`host`).
    CertificateExpired,
    /// The certificate's time has not begun (`host`).
    CertificateNotYetValid,
    /// The certificate is for other names (`host`, `names`).
    CertificateName,
    /// What answers does not speak TLS (`host`).
    NotTls,
    /// A secure address leads to one that is not (`host`, `to`).
    InsecureRedirect,
    /// The proxy cannot be reached (`proxy`).
    ProxyUnreachable,
    /// The proxy wants a name and a password (`proxy`).
    ProxySignIn,
    /// The proxy does not pass the request on (`proxy`).
    ProxyRefuses,
    /// What answers at the proxy's address is no proxy (`proxy`).
    NotAProxy,
    /// A network that wants a person to sign in answered instead (`host`, `portal`, `title`).
    CaptivePortal,
    /// Something answers, but it is no Image Factory (`host`).
    NotAFactory,
    /// The factory answered with an error (`status`, `text`).
    FactoryRefused,
    /// The version does not have an extension that was chosen (`name`, `version`).
    ExtensionNotThere,
    /// The version does not have the board's overlay (`name`, `version`).
    OverlayNotThere,
    /// The factory does not have the version (`version`).
    VersionNotThere,
    /// The factory refuses one of the answers (`field`, `text`).
    AnswerRefused,
    /// The factory fails, although it has everything that was asked for (`host`).
    FactoryInternal,
    /// The factory asks to come back later than Crete waits by itself (`host`, `seconds`).
    FactoryAsksToWait,
    /// The address the factory gave for the file is refused (`host`, `status`).
    LinkRefused,
    /// The answer is no image (`host`, `fault`).
    NotTheFile,
    /// The factory computed another id than Crete (`ours`, `theirs`).
    SchematicDiffers,
    /// The transfer ended early (`received`, `expected`).
    DownloadInterrupted,
    /// The transfer stood still (`seconds`, `received`, `expected`).
    DownloadStalled,
    /// The file is not what it should be (`path`, `fault`).
    DownloadCorrupt,
    /// An image's file is not what it was when it was first used (`fault`).
    ImageDamaged,
    /// The file that was downloaded again differs from the one that machines were made from (`machines`).
    ImageDiffers,
    /// A file cannot be imported (`path`, `fault`).
    ImportRefused,
    /// A file that was imported is damaged (`path`, `fault`).
    ImportDamaged,
    /// Not enough space on the disk (`path`, `needed`, `free`).
    DiskFull,
    /// A file or folder could not be read or written (`path`).
    File,
    /// No QEMU for this architecture was found (`arch`).
    QemuMissing,
    /// QEMU is older than Crete can drive (`version`, `needed`).
    QemuTooOld,
    /// No UEFI firmware was found (`arch`).
    FirmwareMissing,
    /// QEMU ended before the machine ran; `detail` holds QEMU's own words.
    QemuFailed,
    /// QEMU runs but does not answer (`seconds`).
    QemuSilent,
    /// Machines of this architecture cannot run here (`arch`).
    ArchNotRunnable,
    /// The machine's network is not there any more.
    NetworkMissing,
    /// The program that carries networks is not where it should be (`path`).
    NetworkProgramMissing,
    /// The process of a network does not come up, or does not answer; `detail` holds its words (`name`).
    NetworkFailed,
    /// Machines are in the network (`machines`).
    NetworkInUse,
    /// The network is the default one, which is always there.
    NetworkIsDefault,
    /// Machines of the network run (`machines`).
    MachinesRun,
    /// There is no subnet left that collides with nothing of this computer.
    NoSubnetFree,
    /// Not enough free memory (`needed`, `free`).
    MemoryShort,
    /// The image is used by machines (`machines`).
    ImageInUse,
    /// The image has no complete file.
    ImageNotReady,
    /// There is another file in the place of one that is to be written (`path`, `count`).
    FileExists,
    /// A folder that was chosen is none, or nothing can be written there (`path`).
    FolderUnusable,
    /// Another process holds the object (`path`).
    Locked,
    /// The practice images are not on this computer (`path`).
    PracticeMissing,
    /// A setting has a value that cannot be used (`setting`).
    Setting,
    /// A file of the person's was changed since Crete wrote to it (`path`).
    AccessChanged,
    /// A file of the person's is read-only (`path`).
    AccessReadOnly,
    /// A file of the person's is none that can be merged into (`path`).
    AccessUnreadable,
    /// In practice mode nothing is put into the person's own files.
    AccessNotHere,
    /// What should hold secrets does not, or not all of them (`path`).
    SecretsUnreadable,
    /// There is nothing to mend any more, or not in this way.
    FixNotNeeded,
    /// The person closed the question for the password (`done` of `commands`).
    FixDismissed,
    /// The administrator's permission was not given (`done` of `commands`).
    FixNotAuthorised,
    /// A command ended badly (`command`, `status`, `done` of `commands`).
    FixFailed,
    /// A cluster cannot do this now (`reason`).
    ClusterDenied,
    /// The machine belongs to a cluster (`cluster`).
    MachineInCluster,
    /// Too few etcd members would be left (`left`, `members`, `needed`).
    QuorumLost,
    /// Talos refuses a configuration (`node`).
    ConfigurationRefused,
    /// A text is no recipe of a cluster (`reason`).
    NotARecipe,
    /// A recipe's machines start from a file that is not in the library (`sha256`).
    RecipeImageMissing,
    /// The image of the library is another one than the recipe's (`sha256`, `found`).
    RecipeImageDiffers,
    /// The cluster's secrets cannot be used (`path`).
    SecretsUnusable,
    /// A program that a cluster is to be opened in is not installed (`tool`).
    ToolMissing,
    /// A program could not be started (`program`).
    ToolFailed,
    /// A node keeps another configuration than it was given (`node`).
    ConfigurationNotKept,
    /// Kubernetes refuses the sample app.
    SampleRefused,
    /// There is no `pkexec` to ask for the administrator's permission with.
    FixNoPkexec,
    /// No program of this desktop asks for passwords (`done` of `commands`).
    FixNoAgent,
    /// Nothing listens at a node's API: off, booting, installing or restarting (`name`).
    TalosRefused,
    /// A node's connections end before they begin: the same states (`name`).
    TalosInterrupted,
    /// A node does not answer in time (`name`, `call`).
    TalosSilent,
    /// There is no way to a node (`name`).
    TalosUnreachable,
    /// What answers is no Talos (`name`).
    NotTalos,
    /// A node's certificate is dated by a clock that differs from ours (`name`).
    TalosClock,
    /// A node's certificate is of another authority: in maintenance, or of another cluster (`name`).
    TalosAnotherAuthority,
    /// A node does not know the authority of our certificate (`name`).
    TalosClientUnknown,
    /// Our certificate has run out, or is not valid yet by a node's clock (`name`).
    TalosClientExpired,
    /// A node wants a certificate: it is configured, and there are no credentials for it (`name`).
    TalosClientRequired,
    /// A node's certificate does not name its address (`name`).
    TalosAddressNotCovered,
    /// A node in maintenance shows another certificate than the one expected (`name`, `expected`, `seen`).
    TalosPinChanged,
    /// A node is not configured yet (`name`, `call`).
    TalosNotConfigured,
    /// A node's Talos has no such call (`name`, `call`).
    TalosNotOffered,
    /// Only control planes answer this (`name`, `call`).
    TalosControlPlaneOnly,
    /// Our certificate lacks the role (`name`, `call`).
    TalosNotAuthorized,
    /// A worker does not forward calls (`name`).
    TalosNoForwarding,
    /// A node's Talos has no such kind of resource (`name`).
    TalosUnknownResource,
    /// A node has no such thing (`name`).
    TalosNotFound,
    /// A configuration breaks a rule (`name`).
    TalosConfigurationRefused,
    /// A configuration cannot be read (`name`).
    TalosConfigurationUnreadable,
    /// A change needs a restart of the node (`name`).
    TalosNeedsReboot,
    /// A node's services are not up yet (`name`, `call`).
    TalosNotYet,
    /// A node's clock is not synchronized (`name`).
    TalosTime,
    /// The cluster has been bootstrapped before (`name`).
    TalosAlreadyBootstrapped,
    /// A node is busy with another change, or about to restart (`name`).
    TalosBusy,
    /// Talos in a container cannot do this (`name`).
    TalosContainer,
    /// A node has no such log or service, or protects it (`name`).
    TalosUnknownName,
    /// A request to a node lacks something (`name`, `call`).
    TalosBadRequest,
    /// A place among a node's changes is no longer known (`name`).
    TalosBookmarkLost,
    /// Too large for a node, or it has no room (`name`).
    TalosExhausted,
    /// A node was asked too often (`name`).
    TalosTooManyPings,
    /// A node's connection ended in the middle (`name`, `call`).
    TalosEnded,
    /// An installer or another program on a node failed (`name`).
    TalosProgramFailed,
    /// A node refused for a reason of its own (`name`, `call`).
    TalosOther,
    /// Certificates or keys cannot be used (`reason`).
    CredentialsUnusable,
    /// The machine is off (`name`).
    MachineOff,
}

/// What a person can do about a problem. The page makes a button or a sentence of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Remedy {
    /// Do the same again.
    Retry,
    /// Go on in practice mode, which needs no internet.
    EnterPractice,
    /// Open any page in a browser and sign in to the network.
    SignInToNetwork,
    /// Give the settings the certificate of whoever looks into TLS here.
    AddCertificate {
        /// Whose.
        issuer: String,
    },
    /// Set this computer's clock.
    CheckClock,
    /// Look at the settings page.
    OpenSettings,
    /// Look at the checks of this computer.
    OpenHostCheck,
    /// Free some space in this folder.
    FreeSpace {
        /// The folder.
        path: String,
    },
    /// Nothing needs to be done: machines run, emulated.
    GoOnEmulated,
    /// A change Crete can make with the administrator's permission.
    Fix {
        /// Which one: all that the page sends back.
        fix: FixCode,
        /// Exactly what runs, program and arguments, in this order.
        commands: Vec<Vec<String>>,
        /// What takes it back; empty where nothing does.
        undo: Vec<Vec<String>>,
    },
    /// Run this command; Crete notices when it was done.
    RunCommand {
        /// The command line to copy.
        command: String,
        /// True when it asks for the administrator's password.
        privileged: bool,
    },
    /// Install it with the tools of a system whose package names are not known.
    InstallYourself {
        /// What to install.
        name: String,
    },
    /// Let the administrator add the person to a group.
    AskForGroup {
        /// The group.
        group: String,
    },
    /// Let the administrator allow the device in the computer's security policy.
    AskForPolicy,
    /// Log out of the desktop and in again.
    LogInAgain,
    /// Log in at the computer's own screen.
    LogInAtScreen,
    /// Switch on virtualization in the computer's firmware.
    EnableInFirmware {
        /// What vendors call the setting.
        setting: String,
    },
    /// Let the hypervisor pass virtualization on to this machine.
    EnableNested {
        /// Which one.
        hypervisor: Hypervisor,
    },
    /// Remove a line from a file.
    RemoveLine {
        /// The file.
        path: String,
        /// The line.
        line: String,
    },
    /// Remove an argument from the kernel's command line, in the boot loader's settings.
    RemoveKernelArgument {
        /// The argument.
        argument: String,
    },
    /// Start the distribution's own kernel.
    UseAnotherKernel,
    /// Restart the computer.
    RestartComputer,
    /// Give the container a device.
    PassDevice {
        /// The device.
        device: String,
    },
    /// Use Crete as a package of the system, outside the sandbox.
    LeaveSandbox,
    /// Move to a newer release of the system.
    UpgradeSystem {
        /// The first release that will do.
        release: String,
    },
    /// Stop the machine of another hypervisor first.
    StopProgram {
        /// The hypervisor's name.
        name: String,
    },
    /// End a program that holds what is wanted.
    EndProgram {
        /// The program's name.
        name: String,
    },
    /// Stop whatever else runs virtual machines.
    StopOtherHypervisor,
    /// Stop other machines, or make this one smaller.
    UseLessMemory,
    /// Put the machine into another network.
    ChooseNetwork,
    /// Install Crete again: a part of it is missing.
    InstallAgain,
    /// Download the image again.
    DownloadAgain,
    /// Choose another file.
    ChooseAnother,
    /// Save a file of its own instead.
    SaveInstead,
    /// Open this folder.
    OpenFolder {
        /// The folder.
        path: String,
    },
    /// Wait: it is on its way.
    WaitForIt,
    /// See whether the machine is on, and what its console says.
    CheckMachine,
    /// Let the machine reach a time server, or set its clock.
    CheckNodeClock,
    /// Speak to it as to a node in maintenance.
    TreatAsMaintenance,
    /// Give Crete the credentials of the node's cluster.
    TreatAsConfigured,
    /// Use the secrets of the cluster that the node belongs to.
    UseItsSecrets,
    /// Issue a new client certificate.
    RenewCertificate,
    /// Add the address to `machine.certSANs`.
    AddCertSan,
    /// Compare the fingerprint with the one on the console.
    CompareFingerprint,
    /// Give the node a configuration first.
    Configure,
    /// Upgrade Talos on the node.
    UpgradeTalos,
    /// Ask a control plane instead.
    AskControlPlane,
    /// Use a certificate with the role of an administrator.
    UseAdministrator,
    /// Correct the configuration.
    CorrectConfiguration,
    /// Apply with a restart, or at the next one.
    AllowReboot,
    /// Nothing: it is as wanted.
    NothingToDo,
    /// Free room on the node.
    FreeRoom,
    /// Look at the node's console and logs.
    LookAtLogs,
    /// Make a report: this should not happen.
    Report,
}

/// A problem with one field of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FieldProblem {
    /// The field's path in the request, for example `memory_mib`.
    pub field: String,
    /// What is wrong with it.
    pub code: FieldCode,
    /// Values for the sentence.
    pub params: Params,
}

/// What can be wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FieldCode {
    /// Nothing was given.
    Missing,
    /// Longer than allowed (`max`).
    TooLong,
    /// Holds characters that are not allowed.
    Characters,
    /// Another object has this name (`name`).
    Taken,
    /// Below the least (`min`).
    TooSmall,
    /// Above the most (`max`).
    TooLarge,
    /// Not a web address.
    NotAUrl,
    /// Not an absolute path.
    NotAPath,
    /// There is no such object.
    Unknown,
    /// Not readable at all (`reason`).
    Unreadable,
    /// Not an IPv4 subnet between /24 and /28.
    NotASubnet,
    /// It shares addresses with something else (`with`).
    Collides,
    /// Not an address of this computer's that can be used here.
    NotAnAddress,
    /// Not an address a machine of the network (`subnet`) can have.
    NotInSubnet,
    /// Others than this computer could come in, and that was not chosen.
    NotExposed,
    /// Somebody has it already (`owner`).
    InUse,
    /// Clusters are not offered for this Talos (`version`, `needed`).
    TalosTooOld,
    /// Not a version such as 1.36.3.
    NotAVersion,
    /// This Talos does not take this Kubernetes (`oldest`, `newest`).
    KubernetesNotTaken,
    /// An even number of control planes protects from nothing (`count`, `better`).
    EvenControlPlanes,
    /// More machines than this computer carries (`max`).
    TooManyNodes,
    /// Talos does not take this as a change of a configuration (`reason`).
    NotAPatch,
    /// Talos would refuse the configuration this gives (`node`, `reason`).
    ConfigurationRefused,
    /// Not an IPv4 network such as 10.244.0.0/16.
    NotACidr,
    /// A virtual address with one control plane moves nowhere.
    NeedsControlPlanes,
    /// Not a link of Omni.
    NotOmni,
    /// Not a file with the secrets of a cluster, or not with all of them (`reason`).
    NotSecrets,
    /// The image is for another architecture, or does not tell its Talos.
    NotForClusters,
}

/// An error as the page and the job log get it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Problem {
    /// What went wrong.
    pub code: ErrorCode,
    /// Values for the sentence.
    pub params: Params,
    /// The exact words of the system, of QEMU or of a server; shown folded.
    pub detail: Option<String>,
    /// Field by field, for `invalid`.
    pub fields: Vec<FieldProblem>,
    /// What can be done, best first. Never empty for an error a person can meet.
    pub remedies: Vec<Remedy>,
    /// Ties the error on the page to the line in the log. Empty until it leaves the engine.
    pub id: String,
}

impl Problem {
    /// A problem with parameters and nothing else.
    #[must_use]
    pub fn new(code: ErrorCode, params: Params) -> Self {
        Self {
            code,
            params,
            detail: None,
            fields: Vec::new(),
            remedies: Vec::new(),
            id: String::new(),
        }
    }

    /// Adds the system's own words.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a remedy behind those already there.
    #[must_use]
    pub fn with_remedy(mut self, remedy: Remedy) -> Self {
        self.remedies.push(remedy);
        self
    }

    /// A form's problem.
    #[must_use]
    pub fn invalid(fields: Vec<FieldProblem>) -> Self {
        Self {
            fields,
            ..Self::new(ErrorCode::Invalid, Params::new())
        }
    }
}
