//! What a node refused with, as the page gets it. The words of a node may quote a configuration:
//! they go along only where they cannot.

use crate::error::EngineError;
use crete_model::{ErrorCode, Params, Problem, Remedy, params};
use crete_talos::api::{Advice, ApiError, Cause};
use crete_talos::pki::PkiError;

impl From<ApiError> for EngineError {
    fn from(error: ApiError) -> Self {
        problem(&error).into()
    }
}

impl From<PkiError> for EngineError {
    fn from(error: PkiError) -> Self {
        unusable(&error).into()
    }
}

/// The problem of a call that failed.
pub(crate) fn problem(error: &ApiError) -> Problem {
    let values = params! { "name" => error.node, "call" => error.call };
    let mut problem = Problem::new(code(error.cause), values);
    if !quotes_values(error.cause) {
        problem.detail = Some(error.to_string());
    }
    problem.remedies = error
        .advice()
        .iter()
        .map(|advice| remedy(*advice))
        .collect();
    problem
}

/// The problem of a call that failed, with the machine's name instead of its address.
pub(crate) fn named(error: &ApiError, name: &str) -> Problem {
    let mut problem = problem(error);
    problem.params.insert("name".to_owned(), name.to_owned());
    problem
}

/// The problem of certificates and keys that cannot be used.
pub(crate) fn unusable(error: &PkiError) -> Problem {
    let reason = params! { "reason" => error };
    Problem::new(ErrorCode::CredentialsUnusable, reason).with_remedy(Remedy::UseItsSecrets)
}

/// The problem of a machine that is off.
pub(crate) fn off(name: &str) -> Problem {
    let name = Params::from([("name".to_owned(), name.to_owned())]);
    Problem::new(ErrorCode::MachineOff, name).with_remedy(Remedy::CheckMachine)
}

fn quotes_values(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::ConfigurationRefused | Cause::ConfigurationUnreadable | Cause::NeedsReboot
    )
}

/// The page's code for a cause.
pub(crate) fn code(cause: Cause) -> ErrorCode {
    match cause {
        Cause::Refused => ErrorCode::TalosRefused,
        Cause::Interrupted => ErrorCode::TalosInterrupted,
        Cause::Silent => ErrorCode::TalosSilent,
        Cause::Unreachable => ErrorCode::TalosUnreachable,
        Cause::NotTalos => ErrorCode::NotTalos,
        Cause::ClockDiffers => ErrorCode::TalosClock,
        Cause::AnotherAuthority => ErrorCode::TalosAnotherAuthority,
        Cause::ClientUnknown => ErrorCode::TalosClientUnknown,
        Cause::ClientExpired => ErrorCode::TalosClientExpired,
        Cause::ClientRequired => ErrorCode::TalosClientRequired,
        Cause::AddressNotCovered => ErrorCode::TalosAddressNotCovered,
        Cause::PinChanged => ErrorCode::TalosPinChanged,
        Cause::OnlyAfterConfiguration => ErrorCode::TalosNotConfigured,
        Cause::NotOffered => ErrorCode::TalosNotOffered,
        Cause::ControlPlaneOnly => ErrorCode::TalosControlPlaneOnly,
        Cause::NotAuthorized => ErrorCode::TalosNotAuthorized,
        Cause::NoForwarding => ErrorCode::TalosNoForwarding,
        Cause::UnknownResource => ErrorCode::TalosUnknownResource,
        Cause::NotFound => ErrorCode::TalosNotFound,
        Cause::ConfigurationRefused => ErrorCode::TalosConfigurationRefused,
        Cause::ConfigurationUnreadable => ErrorCode::TalosConfigurationUnreadable,
        Cause::NeedsReboot => ErrorCode::TalosNeedsReboot,
        Cause::NotYet => ErrorCode::TalosNotYet,
        Cause::TimeNotSynchronized => ErrorCode::TalosTime,
        Cause::AlreadyBootstrapped => ErrorCode::TalosAlreadyBootstrapped,
        Cause::Busy => ErrorCode::TalosBusy,
        Cause::ContainerMode => ErrorCode::TalosContainer,
        Cause::UnknownName => ErrorCode::TalosUnknownName,
        Cause::BadRequest => ErrorCode::TalosBadRequest,
        Cause::BookmarkLost => ErrorCode::TalosBookmarkLost,
        Cause::Exhausted => ErrorCode::TalosExhausted,
        Cause::TooManyPings => ErrorCode::TalosTooManyPings,
        Cause::Ended => ErrorCode::TalosEnded,
        Cause::ProgramFailed => ErrorCode::TalosProgramFailed,
        Cause::Other => ErrorCode::TalosOther,
    }
}

fn remedy(advice: Advice) -> Remedy {
    match advice {
        Advice::Wait => Remedy::WaitForIt,
        Advice::TryAgain => Remedy::Retry,
        Advice::CheckMachine => Remedy::CheckMachine,
        Advice::CheckClock => Remedy::CheckNodeClock,
        Advice::TreatAsMaintenance => Remedy::TreatAsMaintenance,
        Advice::TreatAsConfigured => Remedy::TreatAsConfigured,
        Advice::UseItsSecrets => Remedy::UseItsSecrets,
        Advice::RenewCertificate => Remedy::RenewCertificate,
        Advice::AddCertSan => Remedy::AddCertSan,
        Advice::CompareFingerprint => Remedy::CompareFingerprint,
        Advice::Configure => Remedy::Configure,
        Advice::UpgradeTalos => Remedy::UpgradeTalos,
        Advice::AskControlPlane => Remedy::AskControlPlane,
        Advice::UseAdministrator => Remedy::UseAdministrator,
        Advice::CorrectConfiguration => Remedy::CorrectConfiguration,
        Advice::AllowReboot => Remedy::AllowReboot,
        Advice::Nothing => Remedy::NothingToDo,
        Advice::FreeRoom => Remedy::FreeRoom,
        Advice::LookAtLogs => Remedy::LookAtLogs,
        Advice::Report => Remedy::Report,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::wire_name;

    /// The client names its causes as the page's codes are named.
    #[test]
    fn the_codes_are_the_clients_own() {
        for cause in [
            Cause::Refused,
            Cause::NotTalos,
            Cause::ClockDiffers,
            Cause::OnlyAfterConfiguration,
            Cause::TimeNotSynchronized,
            Cause::ContainerMode,
            Cause::AlreadyBootstrapped,
            Cause::Other,
        ] {
            assert_eq!(wire_name(code(cause)), cause.code());
        }
    }
}
