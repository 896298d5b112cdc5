//! What the driver does for machines. Every deed may be done again: what is so already is no fault.

use super::configure::{self, DISK};
use super::course::Deed;
use super::driver::Driver;
use super::ground::Power;
use super::sight::MaintenanceSight;
use super::stuck::{DeedCause, DeedRule, Failure};
use crate::error::Result;
use crete_failpoint::step;
use crete_model::{ClusterEventCode, ClusterNode, MachineId, Params, params};
use crete_talos::Contract;
use crete_talos::api::{ApiError, ApplyMode, Cause, Node, Reset, ResetScope};
use crete_talos::config::{Machine, Mode};
use std::time::Duration;
use tokio::time::Instant;

/// Talos' own partitions, and a little for data: below it no installation fits.
const SMALLEST_DISK: u64 = 4 << 30;
/// A node that forgets its configuration again and again does so for a reason that stays.
const MOST_APPLIES: u8 = 3;
/// How long what came of a deed is awaited before it is done again, in seconds of a real node.
const REST: f64 = 20.0;

/// What came of a deed. One that failed is tried again at the next turn.
enum Came {
    Done(Option<(ClusterEventCode, Params)>),
    Failed(Failure),
}

impl Driver {
    /// Does deeds. Those that talk to nodes are done at once, so that a slow one holds up no other.
    pub(super) async fn act(&mut self, deeds: Vec<(MachineId, Deed)>) {
        let now = Instant::now();
        self.resting.retain(|_, until| *until > now);
        let mut talking = Vec::new();
        for (machine, deed) in deeds {
            if self.resting.contains_key(&(machine, deed)) {
                continue;
            }
            match deed {
                Deed::Apply => talking.extend(self.applying(machine)),
                Deed::Bootstrap => talking.extend(self.bootstrapping(machine)),
                Deed::Reset => talking.extend(self.resetting(machine)),
                Deed::Compare | Deed::Change => {
                    if let Some(changing) = self.changing(machine, deed) {
                        let came = changing.await;
                        self.note_change(machine, came);
                    }
                }
                Deed::Make | Deed::SwitchOn | Deed::SwitchOff | Deed::TakeAway => {
                    if let Err(error) = self.handle(machine, deed).await {
                        tracing::warn!(%error, cluster = self.spec.name, ?deed, "it did not work");
                        self.fail(error.problem());
                    }
                }
            }
        }
        let came = futures_util::future::join_all(talking).await;
        for (machine, deed, came) in came {
            self.take_note(machine, deed, came);
        }
    }

    fn take_note(&mut self, machine: MachineId, deed: Deed, came: Came) {
        match came {
            Came::Failed(failure) => {
                self.failures.insert(machine, failure);
                return;
            }
            Came::Done(event) => {
                self.failures.remove(&machine);
                if let Some((code, params)) = event {
                    let now = self.engine.clock.text();
                    self.board.happened(&now, code, params);
                }
            }
        }
        let past = self.past.entry(machine).or_default();
        match deed {
            Deed::Apply => {
                past.configured = true;
                past.applied = past.applied.saturating_add(1);
            }
            Deed::Reset => past.resets = true,
            _ => {}
        }
        self.rest(machine, deed);
    }

    /// The same is not done again for a while. Whatever comes next may be done at once: a machine
    /// that was given its configuration is told to begin the moment it waits for that.
    pub(super) fn rest(&mut self, machine: MachineId, deed: Deed) {
        let seconds = REST / self.engine.patience.cluster.speed;
        let until = Instant::now() + Duration::from_secs_f64(seconds);
        self.resting.insert((machine, deed), until);
    }

    fn node_of(&self, machine: MachineId) -> Option<&ClusterNode> {
        self.spec.node(machine)
    }

    /// Deeds for the machine itself.
    ///
    /// Recorded: the power button is heard in maintenance and by configured nodes (facts 5.6).
    async fn handle(&mut self, machine: MachineId, deed: Deed) -> Result<()> {
        let Some(node) = self.node_of(machine).cloned() else {
            return Ok(());
        };
        match deed {
            Deed::Make if self.spec.image.is_some() && self.spec.network.is_some() => {
                step!("cluster.make", self.ground.make(&self.spec, &node).await)?;
                self.hurries = self.ground.look(machine).is_some();
                Ok(())
            }
            Deed::SwitchOn => {
                self.past.entry(machine).or_default().started = true;
                step!("cluster.switch_on", self.ground.switch_on(machine).await)
            }
            Deed::SwitchOff => {
                self.rest(machine, deed);
                step!("cluster.switch_off", self.ground.switch_off(machine).await)
            }
            Deed::TakeAway => self.take_away(&node).await,
            _ => Ok(()),
        }
    }

    /// What a cancelled creation made goes for good: nothing was ever put there.
    async fn take_away(&mut self, node: &ClusterNode) -> Result<()> {
        if node.leaving {
            return self.part_with(node).await;
        }
        self.failures.remove(&node.machine);
        step!(
            "cluster.take_away",
            self.ground.take_away(node.machine).await
        )
    }

    /// A worker that was taken out goes to the trash: the disk of one that did not answer was not
    /// wiped, and may hold what somebody misses.
    ///
    /// Recorded: Kubernetes keeps the Node object of a machine that is gone until it is deleted.
    async fn part_with(&mut self, node: &ClusterNode) -> Result<()> {
        if let Err(words) = self.forget_node(node).await {
            self.failures.insert(node.machine, remembered(&words));
            return Ok(());
        }
        self.failures.remove(&node.machine);
        let power = self.ground.look(node.machine).map(|machine| machine.power);
        if !matches!(power, Some(Power::Off { .. }) | None) {
            return step!(
                "cluster.force_off",
                self.ground.force_off(node.machine).await
            );
        }
        step!("cluster.part_with", self.ground.discard(node.machine).await)?;
        if self.ground.look(node.machine).is_none() {
            let name = self.spec.machine_name(node);
            let machine = node.machine;
            self.change(|spec| spec.nodes.retain(|one| one.machine != machine))?;
            let now = self.engine.clock.text();
            let named = params! { "node" => name };
            self.board
                .happened(&now, ClusterEventCode::WorkerWent, named);
        }
        Ok(())
    }

    /// Gives a configuration to a node in maintenance, after its disks were looked at.
    ///
    /// Recorded: `AUTO` in maintenance answers before anything is done, and the API is then gone
    /// until the node is up again (v1.12.11, v1.13.9). Talos checks neither that the disk exists nor
    /// that the subnets are any (recorded), so both are checked here. Read: a refusal is
    /// InvalidArgument with every reason in one text.
    fn applying(&self, machine: MachineId) -> Option<Talking> {
        let at = self
            .spec
            .nodes
            .iter()
            .position(|node| node.machine == machine)?;
        let node = self.spec.nodes[at].clone();
        let maintenance = self.sights.get(at)?.maintenance.clone()?;
        let bundle = self.bundle.clone()?;
        let channel = self.looker(machine)?.anonymous()?.clone();
        let applied = self.past.get(&machine).map_or(0, |past| past.applied);
        let spec = self.spec.clone();
        let deed = async move {
            if applied >= MOST_APPLIES {
                return Came::Failed(forgotten(applied));
            }
            if let Some(failure) = judge_disks(&maintenance) {
                return Came::Failed(failure);
            }
            let link = maintenance
                .link
                .clone()
                .unwrap_or_else(|| "eth0".to_owned());
            let made = configure::configuration(&spec, &node, &bundle, &link);
            let made = match made {
                Ok(Ok(made)) => made,
                Ok(Err(refused)) => {
                    return Came::Failed(refused_by(DeedRule::Apply, &refused.reason));
                }
                Err(error) => return Came::Failed(refused_by(DeedRule::Apply, &error.to_string())),
            };
            if let Ok(contract) = Contract::of(&spec.talos) {
                let machine = Machine {
                    talos_version: spec.talos.plain(),
                    disks: maintenance.disks.clone(),
                    installed: maintenance.installed,
                };
                let verdict = made.judge(contract, Mode::Metal, &machine);
                if !verdict.is_accepted() {
                    let reasons: Vec<String> =
                        verdict.errors.iter().map(ToString::to_string).collect();
                    return Came::Failed(refused_by(DeedRule::Apply, &reasons.join("; ")));
                }
            }
            let text = made.to_yaml();
            let name = spec.machine_name(&node);
            let answer = step!(
                "cluster.apply",
                channel.apply(&text, ApplyMode::Auto, false).await
            );
            match answer {
                Ok(_) => Came::Done(Some((
                    ClusterEventCode::Configured,
                    params! { "node" => name },
                ))),
                Err(error) => Came::Failed(failure_of(DeedRule::Apply, &error)),
            }
        };
        Some(Box::pin(async move { (machine, Deed::Apply, deed.await) }))
    }

    /// Tells the first control plane to begin, once in the cluster's life.
    ///
    /// Recorded: `AlreadyExists` means that it was done before; a second call within a moment is
    /// answered OK and only starts etcd's start again (v1.13.9). Read: FailedPrecondition until its
    /// services are up and its time is known.
    fn bootstrapping(&self, machine: MachineId) -> Option<Talking> {
        let node = self.node_of(machine)?.clone();
        let channel: Node = self.looker(machine)?.node()?.clone();
        let name = self.spec.machine_name(&node);
        let deed = async move {
            let answer = step!("cluster.bootstrap", channel.bootstrap().await);
            let begun = || {
                let named = params! { "node" => name };
                Came::Done(Some((ClusterEventCode::Bootstrapped, named)))
            };
            match answer {
                Ok(()) => begun(),
                Err(error) if error.cause == Cause::AlreadyBootstrapped => begun(),
                Err(error) => Came::Failed(failure_of(DeedRule::Bootstrap, &error)),
            }
        };
        Some(Box::pin(
            async move { (machine, Deed::Bootstrap, deed.await) },
        ))
    }

    /// Takes a worker out: reset with goodbye, then off.
    ///
    /// Read (facts 7.2, 7.3): a graceful reset drains and wipes the machine. Recorded only for a
    /// reset that is not graceful.
    fn resetting(&self, machine: MachineId) -> Option<Talking> {
        let channel: Node = self.looker(machine)?.node()?.clone();
        let deed = async move {
            let reset = Reset {
                scope: ResetScope::SystemDisk,
                graceful: true,
                reboot: false,
            };
            match step!("cluster.reset", channel.reset(&reset).await) {
                Ok(_) => Came::Done(None),
                // It resets itself already.
                Err(error) if error.cause == Cause::Busy => Came::Done(None),
                Err(error) => Came::Failed(failure_of(DeedRule::Reset, &error)),
            }
        };
        Some(Box::pin(async move { (machine, Deed::Reset, deed.await) }))
    }
}

/// A deed under way, with whom it is for.
type Talking = std::pin::Pin<Box<dyn Future<Output = (MachineId, Deed, Came)> + Send>>;

pub(super) fn refused_by(deed: DeedRule, reason: &str) -> Failure {
    Failure {
        deed,
        cause: DeedCause::Refused,
        params: params! { "text" => reason },
        words: reason.to_owned(),
    }
}

/// Whether the machine has the disk that it is to be installed on, and whether that is large enough.
pub(super) fn judge_disks(maintenance: &MaintenanceSight) -> Option<Failure> {
    if maintenance.installed {
        return None;
    }
    let usable = maintenance
        .disks
        .iter()
        .filter(|disk| !disk.readonly && !disk.cdrom);
    let names: Vec<&str> = usable.clone().map(|disk| disk.dev_path.as_str()).collect();
    let Some(disk) = usable.clone().find(|disk| disk.dev_path == DISK) else {
        let found = names.join(", ");
        return Some(Failure {
            deed: DeedRule::Apply,
            cause: DeedCause::DiskMissing,
            words: format!("{DISK} is not among its disks: {found}"),
            params: params! { "disk" => DISK, "found" => found },
        });
    };
    (disk.size < SMALLEST_DISK).then(|| Failure {
        deed: DeedRule::Apply,
        cause: DeedCause::DiskTooSmall,
        words: format!("{DISK} has {} bytes", disk.size),
        params: params! { "size" => disk.size, "needed" => SMALLEST_DISK },
    })
}

/// The node was given its configuration so often, and is without one again.
pub(super) fn forgotten(attempts: u8) -> Failure {
    Failure {
        deed: DeedRule::Apply,
        cause: DeedCause::Forgotten,
        params: params! { "attempts" => attempts },
        words: format!("in maintenance again after {attempts} configurations"),
    }
}

/// Kubernetes still knows a node that is taken out.
pub(super) fn remembered(words: &str) -> Failure {
    Failure {
        deed: DeedRule::Forget,
        cause: DeedCause::Other,
        params: params! { "text" => words },
        words: words.to_owned(),
    }
}

/// Why a node did not do what it was told.
fn failure_of(deed: DeedRule, error: &ApiError) -> Failure {
    // The node's own text may quote secrets; what is displayed does not.
    failure(deed, error.cause, error.to_string())
}

pub(super) fn failure(deed: DeedRule, cause: Cause, words: String) -> Failure {
    let cause = match cause {
        Cause::ConfigurationRefused | Cause::ConfigurationUnreadable => DeedCause::Refused,
        Cause::Busy => DeedCause::Busy,
        Cause::NotYet => DeedCause::NotYet,
        _ => DeedCause::Other,
    };
    Failure {
        deed,
        cause,
        params: params! { "text" => words },
        words,
    }
}
