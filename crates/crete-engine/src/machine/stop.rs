//! The stop ladder: power button, QMP `quit`, SIGTERM, SIGKILL, each with a deadline.

use crete_model::{BootStage, StopRung};
use std::time::Duration;

/// A guest that waits for its settings reacts at once; so does one that is still starting or not.
const UNCONFIGURED: Duration = Duration::from_secs(30);
/// A configured node first stops its pods, which takes about a minute.
const CONFIGURED: Duration = Duration::from_secs(120);

/// How long a rung may take before the next, harder one.
pub(super) fn deadline(rung: StopRung, boot: Option<BootStage>) -> Duration {
    match rung {
        StopRung::Acpi => match boot {
            // Talos runs and was never seen to wait for its settings: it has some.
            Some(BootStage::Talos) => CONFIGURED,
            _ => UNCONFIGURED,
        },
        StopRung::Quit | StopRung::Terminate => Duration::from_secs(5),
        StopRung::Kill => Duration::from_secs(10),
    }
}

/// The next, harder rung.
pub(super) fn harder(rung: StopRung) -> Option<StopRung> {
    match rung {
        StopRung::Acpi => Some(StopRung::Quit),
        StopRung::Quit => Some(StopRung::Terminate),
        StopRung::Terminate => Some(StopRung::Kill),
        StopRung::Kill => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_climbs_from_the_power_button_to_the_kill_signal() {
        let mut rungs = vec![StopRung::Acpi];
        while let Some(next) = rungs.last().copied().and_then(harder) {
            rungs.push(next);
        }
        assert_eq!(
            rungs,
            [
                StopRung::Acpi,
                StopRung::Quit,
                StopRung::Terminate,
                StopRung::Kill
            ]
        );
    }

    #[test]
    fn a_configured_node_gets_time_to_stop_its_pods() {
        assert_eq!(
            deadline(StopRung::Acpi, Some(BootStage::Talos)).as_secs(),
            120
        );
        assert_eq!(
            deadline(StopRung::Acpi, Some(BootStage::Maintenance)).as_secs(),
            30
        );
        assert_eq!(deadline(StopRung::Acpi, None).as_secs(), 30);
    }
}
