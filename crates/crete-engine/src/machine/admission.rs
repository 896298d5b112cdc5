//! Which requests a machine accepts now. Pure: the driver asks, and the page shows the same answer.
//!
//! What counts is not the state alone but what the machine will be once everything that was
//! accepted before has been done: a machine that is just coming up, with a stop waiting, is as
//! good as off.

use crete_model::{ActionView, DenyReason, MachineAction, MachineState, StopRung};

/// What else decides, beside state and queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Circumstances {
    /// The image has a complete file.
    pub image_ready: bool,
    /// Machines of this architecture can run here.
    pub runnable: bool,
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

/// What a machine will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outlook {
    Off,
    ComingUp,
    Up,
    GoingDown,
    /// As hard as it can be done.
    GoingDownHard,
    Gone,
}

fn outlook(state: &MachineState, queue: &[MachineAction]) -> Outlook {
    use Outlook::{ComingUp, GoingDown, GoingDownHard, Gone, Off, Up};
    let now = match state {
        MachineState::Stopped { .. } => Off,
        MachineState::Preparing { .. } | MachineState::Starting { .. } => ComingUp,
        MachineState::Running { .. } => Up,
        MachineState::Stopping { rung, .. } if *rung == StopRung::Kill => GoingDownHard,
        MachineState::Stopping { .. } => GoingDown,
    };
    queue
        .iter()
        .fold(now, |outlook, action| match (action, outlook) {
            (MachineAction::Delete, _) | (_, Gone) => Gone,
            (MachineAction::Start, Off) => ComingUp,
            (MachineAction::Stop, ComingUp | Up) => GoingDown,
            (MachineAction::ForceOff, ComingUp | Up | GoingDown) => GoingDownHard,
            (_, outlook) => outlook,
        })
}

/// Decides one request. `queue` holds what was accepted and is not yet begun, oldest first.
pub(crate) fn admit(
    state: &MachineState,
    queue: &[MachineAction],
    circumstances: Circumstances,
    action: MachineAction,
) -> Admission {
    use Admission::{Accept, AlreadySo, Deny};
    use MachineAction::{Delete, ForceOff, Start, Stop};
    use Outlook::{ComingUp, GoingDown, GoingDownHard, Gone, Off, Up};
    match (action, outlook(state, queue)) {
        (Delete, Gone) => AlreadySo,
        (_, Gone) => Deny(DenyReason::Deleting),
        (Start, Off) if !circumstances.runnable => Deny(DenyReason::ArchNotRunnable),
        (Start, Off) if !circumstances.image_ready => Deny(DenyReason::ImageNotReady),
        (Start | Delete, Off) | (Stop, ComingUp | Up) | (ForceOff, ComingUp | Up | GoingDown) => {
            Accept
        }
        (Start, ComingUp | Up)
        | (Stop, GoingDown | GoingDownHard | Off)
        | (ForceOff, GoingDownHard) => AlreadySo,
        (ForceOff, Off) => Deny(DenyReason::NotRunning),
        (Start | Delete, GoingDown | GoingDownHard) => Deny(DenyReason::Stopping),
        (Delete, ComingUp) => Deny(DenyReason::Starting),
        (Delete, Up) => Deny(DenyReason::StillRunning),
    }
}

/// All actions with their answer, for the page. What is already so has its reason too.
pub(crate) fn actions(
    state: &MachineState,
    queue: &[MachineAction],
    circumstances: Circumstances,
) -> Vec<ActionView> {
    use MachineAction::{Delete, ForceOff, Start, Stop};
    [Start, Stop, ForceOff, Delete]
        .into_iter()
        .map(|action| {
            let denied = match admit(state, queue, circumstances, action) {
                Admission::Accept => None,
                Admission::Deny(reason) => Some(reason),
                Admission::AlreadySo => Some(match outlook(state, queue) {
                    Outlook::Off => DenyReason::NotRunning,
                    Outlook::ComingUp => DenyReason::Starting,
                    Outlook::Up => DenyReason::StillRunning,
                    Outlook::GoingDown | Outlook::GoingDownHard => DenyReason::Stopping,
                    Outlook::Gone => DenyReason::Deleting,
                }),
            };
            ActionView { action, denied }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crete_model::ExitReason;
    use proptest::prelude::*;

    fn states() -> impl Strategy<Value = MachineState> {
        let since = || "2026-11-24T12:00:00.000Z".to_owned();
        let rungs = prop_oneof![
            Just(StopRung::Acpi),
            Just(StopRung::Quit),
            Just(StopRung::Terminate),
            Just(StopRung::Kill),
        ];
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
            rungs.prop_map(move |rung| MachineState::Stopping {
                rung,
                since: since(),
                deadline_s: 30
            }),
        ]
    }

    fn actions_of_a_person() -> impl Strategy<Value = MachineAction> {
        prop_oneof![
            Just(MachineAction::Start),
            Just(MachineAction::Stop),
            Just(MachineAction::ForceOff),
            Just(MachineAction::Delete),
        ]
    }

    fn circumstances() -> impl Strategy<Value = Circumstances> {
        (any::<bool>(), any::<bool>()).prop_map(|(image_ready, runnable)| Circumstances {
            image_ready,
            runnable,
        })
    }

    /// What is left of a person's impatience: the requests that were accepted, in order.
    fn queue(
        state: &MachineState,
        circumstances: Circumstances,
        asked: &[MachineAction],
    ) -> Vec<MachineAction> {
        let mut queue = Vec::new();
        for action in asked {
            if admit(state, &queue, circumstances, *action) == Admission::Accept {
                queue.push(*action);
            }
        }
        queue
    }

    fn is_off(state: &MachineState) -> bool {
        matches!(state, MachineState::Stopped { .. })
    }

    proptest! {
        #[test]
        fn nothing_that_runs_is_deleted(state in states(), now in circumstances()) {
            let accepted = admit(&state, &[], now, MachineAction::Delete) == Admission::Accept;
            prop_assert_eq!(accepted, is_off(&state));
        }

        #[test]
        fn whatever_is_up_can_be_forced_off(state in states(), now in circumstances()) {
            let answer = admit(&state, &[], now, MachineAction::ForceOff);
            let wanted = match &state {
                MachineState::Stopped { .. } => Admission::Deny(DenyReason::NotRunning),
                MachineState::Stopping { rung: StopRung::Kill, .. } => Admission::AlreadySo,
                _ => Admission::Accept,
            };
            prop_assert_eq!(answer, wanted);
        }

        #[test]
        fn nothing_starts_without_a_file_or_a_way_to_run(
            state in states(),
            now in circumstances(),
            asked in proptest::collection::vec(actions_of_a_person(), 0..12),
        ) {
            let queue = queue(&state, now, &asked);
            if queue.contains(&MachineAction::Start) {
                prop_assert!(now.image_ready && now.runnable);
            }
        }

        /// However often and in whatever order a person presses: the queue stays short, nothing
        /// stands in it twice, and nothing follows a deletion.
        #[test]
        fn impatience_does_not_pile_up(
            state in states(),
            now in circumstances(),
            asked in proptest::collection::vec(actions_of_a_person(), 0..40),
        ) {
            let queue = queue(&state, now, &asked);
            prop_assert!(queue.len() <= 3, "{:?}", queue);
            for (index, action) in queue.iter().enumerate() {
                prop_assert!(!queue[..index].contains(action), "{:?}", queue);
            }
            if let Some(at) = queue.iter().position(|action| *action == MachineAction::Delete) {
                prop_assert_eq!(at + 1, queue.len());
                prop_assert!(is_off(&state));
                prop_assert!(!queue.contains(&MachineAction::Start));
            }
        }

        /// A machine on its way down, by state or by queue, is not started into.
        #[test]
        fn a_stop_that_waits_keeps_starts_away(
            state in states(),
            now in circumstances(),
            asked in proptest::collection::vec(actions_of_a_person(), 0..12),
        ) {
            let queue = queue(&state, now, &asked);
            let down = |action: &MachineAction| {
                matches!(action, MachineAction::Stop | MachineAction::ForceOff)
            };
            if queue.iter().any(down) {
                let answer = admit(&state, &queue, now, MachineAction::Start);
                prop_assert_eq!(answer, Admission::Deny(DenyReason::Stopping));
                let answer = admit(&state, &queue, now, MachineAction::Delete);
                prop_assert_eq!(answer, Admission::Deny(DenyReason::Stopping));
            }
        }

        /// Asking again for what was just accepted changes nothing.
        #[test]
        fn what_was_accepted_is_so(
            state in states(),
            now in circumstances(),
            asked in proptest::collection::vec(actions_of_a_person(), 0..12),
        ) {
            let queue = queue(&state, now, &asked);
            if let Some(last) = queue.last() {
                prop_assert_eq!(admit(&state, &queue, now, *last), Admission::AlreadySo);
            }
        }

        /// The page offers exactly what would be accepted.
        #[test]
        fn the_page_shows_what_would_be_accepted(
            state in states(),
            now in circumstances(),
            asked in proptest::collection::vec(actions_of_a_person(), 0..12),
        ) {
            let queue = queue(&state, now, &asked);
            for view in actions(&state, &queue, now) {
                let accepted = admit(&state, &queue, now, view.action) == Admission::Accept;
                prop_assert_eq!(view.denied.is_none(), accepted);
            }
        }
    }
}
