//! How long things may take before something else is done. Passed in, so that a test need not wait.

use crete_model::{BootStage, StopRung};
use std::time::Duration;

/// Deadlines of a machine's life, and of downloads.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// A lock that is in other hands for an instant only.
    pub lock: Duration,
    /// From QEMU's start to its greeting. Emulation on a busy computer is slow to come up.
    pub greeting: Duration,
    /// From the greeting to the first output, after which the start counts as done all the same.
    pub first_output: Duration,
    /// A running QEMU answers at once; one that does not is left alone.
    pub answer: Duration,
    /// A guest that waits for its settings reacts to its power button at once; so does one that is
    /// still starting or not.
    pub power_button: Duration,
    /// A configured node first stops its pods, which takes about a minute.
    pub power_button_configured: Duration,
    /// QMP `quit`.
    pub quit: Duration,
    /// SIGTERM.
    pub terminate: Duration,
    /// SIGKILL: the kernel may have to finish writing first.
    pub kill: Duration,
    /// What downloads wait for.
    pub downloads: crete_fetch::Patience,
    /// What those who look at nodes wait for.
    pub nodes: NodePatience,
    /// How clusters are looked at.
    pub cluster: ClusterPatience,
}

/// Deadlines of calls to nodes, and how often they are asked.
#[derive(Debug, Clone, Copy)]
pub struct NodePatience {
    /// Finding out what is at a machine's API. Under emulation a handshake takes seconds.
    pub probe: Duration,
    /// An ordinary call.
    pub call: Duration,
    /// The longest pause between two tries to reach a node.
    pub pause: Duration,
    /// Between two looks at figures and services, as Talos' own dashboard has it.
    pub figures: Duration,
    /// Between two signs of life of a node that is asked nothing else: a connection whose other side
    /// is gone says nothing by itself.
    pub sign_of_life: Duration,
}

impl Default for NodePatience {
    fn default() -> Self {
        Self {
            probe: Duration::from_secs(10),
            call: Duration::from_secs(10),
            pause: Duration::from_secs(5),
            figures: Duration::from_secs(5),
            sign_of_life: Duration::from_secs(15),
        }
    }
}

/// How often clusters are looked at, and how long their nodes may take.
#[derive(Debug, Clone, Copy)]
pub struct ClusterPatience {
    /// Between two looks while work goes on.
    pub look: Duration,
    /// Between two looks at rest.
    pub rest: Duration,
    /// What is at an address.
    pub probe: Duration,
    /// An answer of a node, or of Kubernetes.
    pub call: Duration,
    /// How much faster than real ones the machines live; 1 for real ones.
    pub speed: f64,
}

impl Default for ClusterPatience {
    fn default() -> Self {
        Self {
            look: Duration::from_millis(500),
            rest: Duration::from_secs(5),
            probe: Duration::from_secs(5),
            call: Duration::from_secs(8),
            speed: 1.0,
        }
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            lock: Duration::from_secs(3),
            greeting: Duration::from_secs(30),
            first_output: Duration::from_secs(20),
            answer: Duration::from_secs(5),
            power_button: Duration::from_secs(30),
            power_button_configured: Duration::from_secs(120),
            quit: Duration::from_secs(5),
            terminate: Duration::from_secs(5),
            kill: Duration::from_secs(10),
            downloads: crete_fetch::Patience::default(),
            nodes: NodePatience::default(),
            cluster: ClusterPatience::default(),
        }
    }
}

impl Patience {
    /// How long a rung of the stop ladder may take before the next, harder one.
    pub(crate) fn rung(&self, rung: StopRung, boot: Option<BootStage>) -> Duration {
        match (rung, boot) {
            // Talos runs and was never seen to wait for its settings: it has some.
            (StopRung::Acpi, Some(BootStage::Talos)) => self.power_button_configured,
            (StopRung::Acpi, _) => self.power_button,
            (StopRung::Quit, _) => self.quit,
            (StopRung::Terminate, _) => self.terminate,
            (StopRung::Kill, _) => self.kill,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configured_node_gets_time_to_stop_its_pods() {
        let seconds = |boot| Patience::default().rung(StopRung::Acpi, boot).as_secs();
        assert_eq!(seconds(Some(BootStage::Talos)), 120);
        assert_eq!(seconds(Some(BootStage::Maintenance)), 30);
        assert_eq!(seconds(None), 30);
    }
}
