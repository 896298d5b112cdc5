//! Why a call failed, in terms a program can act on, and what a person can do about it.

/// Why a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Nothing listens: off, booting, installing or rebooting.
    Refused,
    /// The connection ends before TLS is done: the same states behind a forwarded port.
    Interrupted,
    /// No answer within the deadline.
    Silent,
    /// The name has no address, or the network no way there.
    Unreachable,
    /// What answers does not speak TLS or gRPC.
    NotTalos,
    /// The node's certificate is dated by a clock that differs from ours.
    ClockDiffers,
    /// The node's certificate is of another authority: in maintenance, or of another cluster.
    AnotherAuthority,
    /// The node does not know the authority of our certificate.
    ClientUnknown,
    /// Our certificate has run out, or is not valid yet by the node's clock.
    ClientExpired,
    /// The node wants a certificate: it is configured, and we spoke to it as in maintenance.
    ClientRequired,
    /// The node's certificate does not name the address we used.
    AddressNotCovered,
    /// A node in maintenance shows another certificate than the pinned one.
    PinChanged,
    /// The node is not configured yet.
    OnlyAfterConfiguration,
    /// This version of Talos has no such call.
    NotOffered,
    /// Only control planes answer this.
    ControlPlaneOnly,
    /// Our certificate lacks the role.
    NotAuthorized,
    /// Workers do not forward calls.
    NoForwarding,
    /// This version of Talos has no such kind of resource.
    UnknownResource,
    /// There is no such thing.
    NotFound,
    /// The configuration breaks a rule.
    ConfigurationRefused,
    /// The configuration cannot be read.
    ConfigurationUnreadable,
    /// The change needs a reboot.
    NeedsReboot,
    /// Its services are not up yet.
    NotYet,
    /// Its clock is not synchronized.
    TimeNotSynchronized,
    /// The cluster has been bootstrapped before.
    AlreadyBootstrapped,
    /// It is busy with another change, or about to reboot.
    Busy,
    /// Talos in a container cannot do this.
    ContainerMode,
    /// There is no such log or service, or it is protected.
    UnknownName,
    /// The request lacks something.
    BadRequest,
    /// The place in a watch is no longer known: everything has to be read again.
    BookmarkLost,
    /// Too large, or no room.
    Exhausted,
    /// We pinged too often.
    TooManyPings,
    /// The connection ended in the middle: the node reboots, or stops the service.
    Ended,
    /// An installer or another program on the node failed.
    ProgramFailed,
    /// Anything else.
    Other,
}

/// What a person, or the program for them, can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Advice {
    /// Wait: it is on its way.
    Wait,
    /// Do the same again.
    TryAgain,
    /// See whether it is on, and whether the address is right.
    CheckMachine,
    /// Set the machine's clock, or let it reach a time server.
    CheckClock,
    /// Speak to it as to a node in maintenance.
    TreatAsMaintenance,
    /// Speak to it with the cluster's certificates.
    TreatAsConfigured,
    /// Use the secrets of the cluster that it belongs to.
    UseItsSecrets,
    /// Issue a new client certificate.
    RenewCertificate,
    /// Add the address to `machine.certSANs`.
    AddCertSan,
    /// Compare the fingerprint with the one on its console.
    CompareFingerprint,
    /// Give it a configuration first.
    Configure,
    /// Upgrade Talos.
    UpgradeTalos,
    /// Ask a control plane.
    AskControlPlane,
    /// Use a certificate with the role of an administrator.
    UseAdministrator,
    /// Correct the configuration.
    CorrectConfiguration,
    /// Apply with a reboot, or stage it.
    AllowReboot,
    /// Nothing: it is as wanted.
    Nothing,
    /// Free room on the node.
    FreeRoom,
    /// Look at its console and logs.
    LookAtLogs,
    /// Make a report: this should not happen.
    Report,
}

impl Cause {
    /// The code by which messages are chosen.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Refused => "talos_refused",
            Self::Interrupted => "talos_interrupted",
            Self::Silent => "talos_silent",
            Self::Unreachable => "talos_unreachable",
            Self::NotTalos => "not_talos",
            Self::ClockDiffers => "talos_clock",
            Self::AnotherAuthority => "talos_another_authority",
            Self::ClientUnknown => "talos_client_unknown",
            Self::ClientExpired => "talos_client_expired",
            Self::ClientRequired => "talos_client_required",
            Self::AddressNotCovered => "talos_address_not_covered",
            Self::PinChanged => "talos_pin_changed",
            Self::OnlyAfterConfiguration => "talos_not_configured",
            Self::NotOffered => "talos_not_offered",
            Self::ControlPlaneOnly => "talos_control_plane_only",
            Self::NotAuthorized => "talos_not_authorized",
            Self::NoForwarding => "talos_no_forwarding",
            Self::UnknownResource => "talos_unknown_resource",
            Self::NotFound => "talos_not_found",
            Self::ConfigurationRefused => "talos_configuration_refused",
            Self::ConfigurationUnreadable => "talos_configuration_unreadable",
            Self::NeedsReboot => "talos_needs_reboot",
            Self::NotYet => "talos_not_yet",
            Self::TimeNotSynchronized => "talos_time",
            Self::AlreadyBootstrapped => "talos_already_bootstrapped",
            Self::Busy => "talos_busy",
            Self::ContainerMode => "talos_container",
            Self::UnknownName => "talos_unknown_name",
            Self::BadRequest => "talos_bad_request",
            Self::BookmarkLost => "talos_bookmark_lost",
            Self::Exhausted => "talos_exhausted",
            Self::TooManyPings => "talos_too_many_pings",
            Self::Ended => "talos_ended",
            Self::ProgramFailed => "talos_program_failed",
            Self::Other => "talos_other",
        }
    }

    /// What can be done, best first; never empty.
    #[must_use]
    pub fn advice(self) -> &'static [Advice] {
        match self {
            Self::Refused | Self::Interrupted | Self::Silent => {
                &[Advice::Wait, Advice::CheckMachine, Advice::LookAtLogs]
            }
            Self::Unreachable | Self::NotTalos => &[Advice::CheckMachine],
            Self::ClockDiffers => &[Advice::CheckClock],
            Self::AnotherAuthority => &[Advice::TreatAsMaintenance, Advice::UseItsSecrets],
            Self::ClientUnknown => &[Advice::UseItsSecrets],
            Self::ClientExpired => &[Advice::RenewCertificate, Advice::CheckClock],
            Self::ClientRequired => &[Advice::TreatAsConfigured],
            Self::AddressNotCovered => &[Advice::AddCertSan],
            Self::PinChanged => &[Advice::CompareFingerprint],
            Self::OnlyAfterConfiguration => &[Advice::Configure],
            Self::NotOffered | Self::UnknownResource => &[Advice::UpgradeTalos],
            Self::ControlPlaneOnly | Self::NoForwarding => &[Advice::AskControlPlane],
            Self::NotAuthorized => &[Advice::UseAdministrator],
            Self::ConfigurationRefused | Self::ConfigurationUnreadable => {
                &[Advice::CorrectConfiguration]
            }
            Self::NeedsReboot => &[Advice::AllowReboot],
            Self::NotYet | Self::Busy => &[Advice::Wait],
            Self::TimeNotSynchronized => &[Advice::Wait, Advice::CheckClock],
            Self::AlreadyBootstrapped => &[Advice::Nothing],
            Self::Exhausted => &[Advice::FreeRoom],
            Self::BookmarkLost | Self::Ended => &[Advice::TryAgain],
            Self::ProgramFailed => &[Advice::LookAtLogs, Advice::TryAgain],
            Self::ContainerMode | Self::UnknownName | Self::NotFound => &[Advice::LookAtLogs],
            Self::BadRequest | Self::TooManyPings | Self::Other => &[Advice::Report],
        }
    }

    /// True when the same call can succeed later without anybody doing anything.
    #[must_use]
    pub fn passes(self) -> bool {
        matches!(
            self,
            Self::Refused
                | Self::Interrupted
                | Self::Silent
                | Self::NotYet
                | Self::Busy
                | Self::TimeNotSynchronized
                | Self::Ended
        )
    }
}
