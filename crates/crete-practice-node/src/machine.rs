//! A machine with Talos on it, and the handle of its running.

use crate::cluster::ClusterRegistry;
use crate::console::Console;
use crate::faults::Faults;
use crate::identity::Identity;
use crate::life;
use crate::network::Network;
use crate::random::Random;
use crate::storage::{Content, Storage};
use crate::summary::Summary;
use crate::time::{Clock, Pace};
use crete_model::TalosVersion;
use crete_talos::Contract;
use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Everything a node is given.
#[derive(Debug)]
pub struct Machine {
    /// What it is.
    pub identity: Identity,
    /// The true time.
    pub clock: Clock,
    /// How fast it lives.
    pub pace: Pace,
    /// Where its ids and keys come from.
    pub random: Random,
    /// Its disk.
    pub storage: Arc<dyn Storage>,
    /// Its network.
    pub network: Arc<dyn Network>,
    /// Where it finds the other nodes.
    pub registry: ClusterRegistry,
    /// Where it prints.
    pub console: Arc<dyn Console>,
    /// What goes wrong.
    pub faults: Faults,
}

/// How far behind the clock of a node with [`crate::Fault::ClockBehind`] is.
const BEHIND: SignedDuration = SignedDuration::from_hours(48);

impl Machine {
    /// What the node's own clock shows.
    pub(crate) fn now(&self, synchronized: bool) -> Timestamp {
        let now = self.clock.now();
        match !synchronized && self.faults.has(crate::Fault::ClockBehind) {
            true => now.checked_sub(BEHIND).unwrap_or(now),
            false => now,
        }
    }
}

/// Where a machine stands, as somebody in front of it sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// It runs; a number that grows with each boot.
    On(u64),
    /// It is to boot again, which whoever runs it has to do.
    Restart,
    /// It is off.
    Off,
}

/// What somebody in front of a machine can press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// The power button: the node shuts down in its own time.
    Power,
    /// Ctrl-Alt-Del: it reboots in its own time.
    CtrlAltDel,
}

/// How often a node boots by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Boots {
    /// Again and again, until it is switched off.
    All,
    /// Once: booting again is for somebody else.
    Once,
}

/// A running node. Dropping it pulls the plug.
#[derive(Debug)]
pub struct PracticeNode {
    machine: Arc<Machine>,
    button: mpsc::UnboundedSender<Button>,
    plug: CancellationToken,
    power: watch::Receiver<Power>,
    summary: watch::Receiver<Summary>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl PracticeNode {
    /// Switches a machine on. Needs a tokio runtime.
    #[must_use]
    pub fn start(machine: Machine) -> Self {
        Self::run(machine, Boots::All)
    }

    /// Switches a machine on for one boot: one that is to reboot ends with [`Power::Restart`], as
    /// in a guest, whose kernel really reboots then.
    #[must_use]
    pub fn start_once(machine: Machine) -> Self {
        Self::run(machine, Boots::Once)
    }

    fn run(machine: Machine, boots: Boots) -> Self {
        let machine = Arc::new(machine);
        let (button, pressed) = mpsc::unbounded_channel();
        let plug = CancellationToken::new();
        let (sender, power) = watch::channel(Power::On(1));
        let (told, summary) = watch::channel(Summary::default());
        let front = Front {
            button: pressed,
            plug: plug.clone(),
            power: sender,
            summary: Arc::new(told),
        };
        let life = life::run(Arc::clone(&machine), front, boots);
        let task = tokio::spawn(life);
        Self {
            machine,
            button,
            plug,
            power,
            summary,
            task: Mutex::new(Some(task)),
        }
    }

    /// The machine.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// What goes wrong on it, to be changed while it runs.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.machine.faults
    }

    /// Whether it runs, and in which of its boots.
    #[must_use]
    pub fn power(&self) -> watch::Receiver<Power> {
        self.power.clone()
    }

    /// What a screen in front of it shows.
    #[must_use]
    pub fn summary(&self) -> watch::Receiver<Summary> {
        self.summary.clone()
    }

    /// Presses the power button: the node shuts down in its own time.
    pub fn press_power_button(&self) {
        self.press(Button::Power);
    }

    /// Presses something.
    pub fn press(&self, button: Button) {
        // A node that is off has no use for it.
        let _ = self.button.send(button);
    }

    /// Waits until it is off.
    pub async fn wait_until_off(&self) {
        let mut power = self.power.clone();
        // A life that ended without saying so is over too.
        let _ = power.wait_for(|power| *power == Power::Off).await;
    }

    /// Waits until it no longer runs: until it is off, or is to boot again.
    pub async fn wait_until_down(&self) -> Power {
        let mut power = self.power.clone();
        let down = power.wait_for(|power| !matches!(power, Power::On(_))).await;
        // A life that ended without saying so is over too.
        down.map_or(Power::Off, |power| *power)
    }

    /// Pulls the plug: nothing of the node goes on, and what was not on its disk is lost. The same
    /// disk can be given to another machine.
    pub async fn cut_power(&self) {
        self.plug.cancel();
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = task {
            // It ends by itself; a panic in it has been printed.
            let _ = task.await;
        }
    }
}

impl Drop for PracticeNode {
    fn drop(&mut self) {
        let task = self
            .task
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = task {
            task.abort();
        }
    }
}

/// What is in front of a machine: what is pressed, and what is seen.
#[derive(Debug)]
pub(crate) struct Front {
    pub button: mpsc::UnboundedReceiver<Button>,
    pub plug: CancellationToken,
    pub power: watch::Sender<Power>,
    pub summary: Arc<watch::Sender<Summary>>,
}

/// What of a machine a boot reads from its disk.
pub(crate) fn booted(machine: &Machine, content: &Content) -> (TalosVersion, Contract) {
    let own = &machine.identity.talos_version;
    let installed = content.version.parse().ok();
    let version = match content.is_installed() {
        true => installed.unwrap_or_else(|| own.clone()),
        false => own.clone(),
    };
    // A practice node of a version that is not known lives by the newest that is.
    let contract = Contract::of(&version).unwrap_or(Contract::V1_14);
    (version, contract)
}
