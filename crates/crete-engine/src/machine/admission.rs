//! Which actions a machine accepts now. Pure: the driver asks, and the page shows the same answer.

use crete_model::{ActionView, DenyReason, MachineAction, MachineState};

/// What else decides, beside the state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Circumstances {
    /// The image has a complete file.
    pub image_ready: bool,
    /// Machines of this architecture can run here.
    pub runnable: bool,
    /// A deletion was accepted and is under way.
    pub deleting: bool,
}

/// The answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It will be done.
    Accept,
    /// What is wanted is so already, or on its way.
    AlreadySo,
    /// It cannot be done now.
    Deny(DenyReason),
}

/// Decides one action.
pub(crate) fn admit(
    state: &MachineState,
    circumstances: Circumstances,
    action: MachineAction,
) -> Admission {
    use Admission::{Accept, AlreadySo, Deny};
    use MachineAction::{Delete, ForceOff, Start, Stop};
    use MachineState::{Preparing, Running, Starting, Stopped, Stopping};
    if circumstances.deleting {
        return if action == Delete {
            AlreadySo
        } else {
            Deny(DenyReason::Deleting)
        };
    }
    match (action, state) {
        (Start, Stopped { .. }) if !circumstances.runnable => Deny(DenyReason::ArchNotRunnable),
        (Start, Stopped { .. }) if !circumstances.image_ready => Deny(DenyReason::ImageNotReady),
        (Start | Delete, Stopped { .. })
        | (Stop, Preparing { .. } | Starting { .. } | Running { .. })
        | (ForceOff, Preparing { .. } | Starting { .. } | Running { .. } | Stopping { .. }) => {
            Accept
        }
        (Start, Preparing { .. } | Starting { .. } | Running { .. })
        | (Stop, Stopping { .. } | Stopped { .. }) => AlreadySo,
        (ForceOff, Stopped { .. }) => Deny(DenyReason::NotRunning),
        (Start | Delete, Stopping { .. }) => Deny(DenyReason::Stopping),
        (Delete, Preparing { .. } | Starting { .. }) => Deny(DenyReason::Starting),
        (Delete, Running { .. }) => Deny(DenyReason::StillRunning),
    }
}

/// All actions with their answer, for the page. What is already so has its reason too.
pub(crate) fn actions(state: &MachineState, circumstances: Circumstances) -> Vec<ActionView> {
    use MachineAction::{Delete, ForceOff, Start, Stop};
    [Start, Stop, ForceOff, Delete]
        .into_iter()
        .map(|action| {
            let denied = match admit(state, circumstances, action) {
                Admission::Accept => None,
                Admission::Deny(reason) => Some(reason),
                Admission::AlreadySo => Some(match (action, state) {
                    (Start, MachineState::Running { .. }) => DenyReason::StillRunning,
                    (Start, _) => DenyReason::Starting,
                    (Stop, MachineState::Stopping { .. }) => DenyReason::Stopping,
                    (Delete, _) => DenyReason::Deleting,
                    _ => DenyReason::NotRunning,
                }),
            };
            ActionView { action, denied }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crete_model::{ExitReason, StopRung};
    use proptest::prelude::*;

    fn states() -> impl Strategy<Value = MachineState> {
        let since = || "2026-11-24T12:00:00.000Z".to_owned();
        prop_oneof![
            Just(MachineState::Stopped {
                exit: ExitReason::NeverStarted
            }),
            Just(MachineState::Preparing { since: since() }),
            Just(MachineState::Starting { since: since() }),
            any::<bool>().prop_map(move |adopted| MachineState::Running {
                since: since(),
                adopted
            }),
            Just(MachineState::Stopping {
                rung: StopRung::Acpi,
                since: since(),
                deadline_s: 30
            }),
        ]
    }

    fn requests() -> impl Strategy<Value = MachineAction> {
        prop_oneof![
            Just(MachineAction::Start),
            Just(MachineAction::Stop),
            Just(MachineAction::ForceOff),
            Just(MachineAction::Delete),
        ]
    }

    proptest! {
        #[test]
        fn nothing_that_runs_is_deleted(state in states(), ready: bool, runnable: bool) {
            let now = Circumstances { image_ready: ready, runnable, deleting: false };
            let accepted = admit(&state, now, MachineAction::Delete) == Admission::Accept;
            prop_assert_eq!(accepted, matches!(state, MachineState::Stopped { .. }));
        }

        #[test]
        fn whatever_is_up_can_be_forced_off(state in states(), ready: bool, runnable: bool) {
            let now = Circumstances { image_ready: ready, runnable, deleting: false };
            let accepted = admit(&state, now, MachineAction::ForceOff) == Admission::Accept;
            prop_assert_eq!(accepted, !matches!(state, MachineState::Stopped { .. }));
        }

        #[test]
        fn nothing_starts_without_a_file_or_a_way_to_run(state in states(), ready: bool, runnable: bool) {
            let now = Circumstances { image_ready: ready, runnable, deleting: false };
            if admit(&state, now, MachineAction::Start) == Admission::Accept {
                prop_assert!(ready && runnable);
            }
        }

        #[test]
        fn a_machine_being_deleted_does_nothing_else(state in states(), action in requests()) {
            let now = Circumstances { image_ready: true, runnable: true, deleting: true };
            prop_assert_ne!(admit(&state, now, action), Admission::Accept);
        }

        /// The page offers exactly what would be accepted.
        #[test]
        fn the_page_shows_what_would_be_accepted(state in states(), ready: bool, runnable: bool, deleting: bool) {
            let now = Circumstances { image_ready: ready, runnable, deleting };
            for view in actions(&state, now) {
                let accepted = admit(&state, now, view.action) == Admission::Accept;
                prop_assert_eq!(view.denied.is_none(), accepted);
            }
        }
    }
}
