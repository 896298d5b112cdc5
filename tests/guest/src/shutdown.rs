//! The way down: what a real node prints on it, and its end.

use crate::console::Console;
use crate::error::{GuestError, Result};
use crate::power::Order;
use crate::sequence::Sequence;
use rustix::system::RebootCommand;
use std::convert::Infallible;

/// Phases of the sequence that have nothing to do here but their lines: number, phase, task.
const PHASES: [(usize, &str, &str); 8] = [
    (1, "storeShutdown", "storeShutdownEmergency"),
    (2, "cleanup", "stopAllPods"),
    (3, "dbus", "stopDBus"),
    (4, "stopServices", "stopServicesForUpgrade"),
    (5, "umount", "unmountPodMounts"),
    (6, "unmountBind", "unmountSystemDiskBindMounts"),
    (7, "unmountSystem", "unmountEphemeralPartition"),
    (8, "volumeFinalize", "teardownLifecycle"),
];
const LAST: usize = 10;
/// In the order in which they are told to stop.
const SERVICES: [&str; 3] = ["dashboard", "apid", "machined"];

/// Prints the first line of the way down.
pub fn tell_order(console: &Console, order: Order) {
    console.say(match order {
        Order::Shutdown => "shutdown via ACPI received",
        Order::Reboot => "reboot via Ctrl-Alt-Del received",
    });
}

/// Runs the sequence; the services were stopped already.
pub fn run_sequence(console: &Console, order: Order) {
    let name = match order {
        Order::Shutdown => "shutdown",
        Order::Reboot => "reboot",
    };
    let sequence = Sequence::begin(console, name, LAST);
    for (number, phase, task) in PHASES {
        sequence.single(number, phase, task, |_| ());
    }
    sequence.single(9, "stopEverything", "stopAllServices", |_| {
        for id in SERVICES {
            console.service(id, "Stopping", "Service stopping");
            console.service(id, "Finished", "Service finished successfully");
        }
    });
    // The last phase never ends: its task ends the node.
    let _last = sequence.phase(LAST, name, 1).task(1, name);
    console.say("controller runtime finished");
}

/// Ends the node.
///
/// # Errors
/// When the kernel refuses to.
pub fn end(console: &Console, order: Order) -> Result<Infallible> {
    console.say("waiting for sync...");
    rustix::fs::sync();
    console.say("sync done");
    let command = match order {
        Order::Shutdown => RebootCommand::PowerOff,
        Order::Reboot => RebootCommand::Restart,
    };
    rustix::system::reboot(command)
        .map_err(|error| GuestError::system("power off")(error.into()))?;
    Err(GuestError::system("power off")(
        std::io::ErrorKind::Other.into(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::tests::Paper;

    #[test]
    fn the_way_down_reads_like_a_real_one() {
        let paper = Paper::default();
        let console = Console::to(paper.clone());
        tell_order(&console, Order::Shutdown);
        run_sequence(&console, Order::Shutdown);
        let text = paper.text();
        for line in [
            "[talos] shutdown via ACPI received\n",
            "[talos] shutdown sequence: 10 phase(s)\n",
            "[talos] phase stopEverything (9/10): 1 tasks(s)\n",
            "[talos] service[apid](Finished): Service finished successfully\n",
            "[talos] phase shutdown (10/10): 1 tasks(s)\n",
            "[talos] task shutdown (1/1): starting\n",
            "[talos] controller runtime finished\n",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
        assert!(!text.contains("phase shutdown (10/10): done"));
    }
}
