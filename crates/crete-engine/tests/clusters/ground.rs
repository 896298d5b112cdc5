//! Practice nodes as the ground of clusters.

use async_trait::async_trait;
use crete_engine::cluster::{Ground, GroundResult, ImageSight, MachineSight, Place, Power as Seen};
use crete_engine::{
    Clock, ClusterPatience, Config, Engine, NetworkParts, Patience, PracticeParts, SystemClock,
};
use crete_host::{ThisComputer, World};
use crete_model::{
    Arch, BootMedium, ClusterAction, ClusterDenied, ClusterDraft, ClusterEndpoint, ClusterId,
    ClusterImage, ClusterNode, ClusterPreset, ClusterSpec, ClusterView, EndpointKind, ErrorCode,
    ForwardId, ImageId, MachineId, NetworkId, NodeRole, Params, Problem, Settings, Sizes,
    StuckCode,
};
use crete_talos::api::{Dial, Tcp};
use crete_testkit::talos::{Disk, Fault, Faults, Medium, Nodes, Pace, Power, Transcript};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use uuid::Uuid;

/// How many times faster than real nodes these live.
pub const SPEED: f64 = 60.0;
const SIZES: Sizes = Sizes {
    vcpus: 1,
    memory_mib: 2048,
    disk_gib: 10,
};

/// Bytes of a console that are looked at, as of a real one.
const CONSOLE: usize = 64 << 10;
/// Lines of a console that a failed test shows.
const LAST_LINES: usize = 12;

/// A machine that was made.
#[derive(Debug, Clone)]
struct Made {
    name: String,
    number: u8,
    /// Once it was switched on.
    on: Option<On>,
    cut: bool,
    stopping: bool,
    /// What went wrong when it went off.
    failure: Option<String>,
}

#[derive(Debug, Clone)]
struct On {
    index: usize,
    power: watch::Receiver<Power>,
    console: Arc<Transcript>,
    faults: Faults,
}

/// Practice nodes, by the machines that a cluster makes.
#[derive(Debug)]
pub struct Practice {
    nodes: tokio::sync::Mutex<Nodes>,
    medium: Medium,
    network: [u8; 3],
    made: Mutex<HashMap<MachineId, Made>>,
    numbers: Mutex<HashMap<MachineId, u8>>,
    /// Faults of machines from the beginning on, and disks that differ, by name.
    pub faults: Mutex<HashMap<String, Vec<Fault>>>,
    pub disks: Mutex<HashMap<String, Vec<Disk>>>,
    pub image: Mutex<ImageSight>,
    pub switched_on: Mutex<Vec<String>>,
    pub switched_off: Mutex<Vec<String>>,
    /// Machines that went to the trash, by name.
    pub discarded: Mutex<Vec<String>>,
    pub left: Mutex<bool>,
    /// Machines whose processors stand still, by name, and why.
    pub halted: Mutex<HashMap<String, String>>,
    /// What does not work, and with which problem.
    pub errs: Mutex<Option<(GroundDeed, ErrorCode)>>,
    /// Ports of this computer that lead in.
    pub doors: Mutex<HashMap<ForwardId, Door>>,
}

/// What a ground is asked to do for a cluster that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroundDeed {
    OrderImage,
    Settle,
    Make,
    SwitchOn,
}

/// This computer's clock, put forward as a sleep does: the seconds that programs count stay behind.
#[derive(Debug, Default)]
pub struct SleptClock(AtomicI64);

impl SleptClock {
    pub fn sleep(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for SleptClock {
    fn now(&self) -> Timestamp {
        let slept = SignedDuration::from_secs(self.0.load(Ordering::SeqCst));
        SystemClock.now() + slept
    }
}

/// A port of this computer that leads to a machine.
#[derive(Debug)]
pub struct Door {
    pub name: String,
    pub address: String,
}

impl Practice {
    pub async fn new(medium: BootMedium) -> Arc<Self> {
        let nodes = Nodes::none("1.13.9".parse().unwrap(), Pace::faster(SPEED)).await;
        let std::net::IpAddr::V4(address) = nodes.identity(1).ips()[0] else {
            panic!("not an IPv4 address");
        };
        let [a, b, c, _] = address.octets();
        Arc::new(Self {
            nodes: tokio::sync::Mutex::new(nodes),
            medium: match medium {
                BootMedium::DiskImage => Medium::DiskImage,
                BootMedium::Iso => Medium::Installer,
            },
            network: [a, b, c],
            made: Mutex::default(),
            numbers: Mutex::default(),
            faults: Mutex::default(),
            disks: Mutex::default(),
            image: Mutex::new(ImageSight::Ready(ImageId(Uuid::from_u128(1)))),
            switched_on: Mutex::default(),
            switched_off: Mutex::default(),
            discarded: Mutex::default(),
            left: Mutex::new(false),
            doors: Mutex::default(),
            halted: Mutex::default(),
            errs: Mutex::default(),
        })
    }

    /// Lets a machine have faults from the beginning on.
    pub fn breaks(&self, name: &str, faults: &[Fault]) {
        let mut all = self.faults.lock().unwrap();
        all.insert(name.to_owned(), faults.to_vec());
    }

    fn of(&self, name: &str) -> Made {
        let made = self.made.lock().unwrap();
        let found = made.values().find(|one| one.name == name);
        found.unwrap_or_else(|| panic!("no machine {name}")).clone()
    }

    fn name_of(&self, machine: MachineId) -> Option<String> {
        let made = self.made.lock().unwrap();
        made.get(&machine).map(|one| one.name.clone())
    }

    /// The faults of a machine that is on.
    pub fn faults_of(&self, name: &str) -> Faults {
        self.of(name).on.unwrap().faults
    }

    pub fn names(&self) -> Vec<String> {
        let made = self.made.lock().unwrap();
        let mut names: Vec<String> = made.values().map(|one| one.name.clone()).collect();
        names.sort();
        names
    }

    /// Pulls a machine's plug, as when its process dies.
    pub async fn dies(&self, name: &str, words: &str) {
        let on = self.of(name).on.unwrap();
        self.nodes.lock().await.all[on.index].node.cut_power().await;
        let mut made = self.made.lock().unwrap();
        let one = made.values_mut().find(|one| one.name == name).unwrap();
        one.failure = Some(words.to_owned());
    }

    /// Cuts a machine's power, as when the whole computer goes off: nobody is left to say why.
    pub async fn pulls_plug(&self, name: &str) {
        let on = self.of(name).on.unwrap();
        self.nodes.lock().await.all[on.index].node.cut_power().await;
    }

    /// Switches a machine off and on again, as a person does.
    pub async fn restart(&self, name: &str) {
        let on = self.of(name).on.unwrap();
        let mut nodes = self.nodes.lock().await;
        nodes.all[on.index].node.cut_power().await;
        if let Some(disks) = self.disks.lock().unwrap().get(name) {
            nodes.put_in(on.index, disks.clone());
        }
        nodes.switch_on_again(on.index);
        let node = &nodes.all[on.index];
        let on = On {
            index: on.index,
            power: node.node.power(),
            console: Arc::clone(&node.console),
            faults: node.node.faults().clone(),
        };
        let mut made = self.made.lock().unwrap();
        let one = made.values_mut().find(|one| one.name == name).unwrap();
        one.on = Some(on);
        one.failure = None;
    }

    /// Cuts or mends a machine's link.
    pub fn cut(&self, name: &str, cut: bool) {
        let mut made = self.made.lock().unwrap();
        made.values_mut().find(|one| one.name == name).unwrap().cut = cut;
    }

    /// The last that each machine printed.
    fn last_lines(&self) -> Vec<String> {
        let made = self.made.lock().unwrap();
        let printed = |one: &Made| {
            let lines = one.on.as_ref().map(|on| on.console.lines());
            let lines = lines.unwrap_or_default();
            let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
            format!("--- {}\n{}", one.name, last.join("\n"))
        };
        made.values().map(printed).collect()
    }

    fn does(&self, deed: GroundDeed) -> GroundResult<()> {
        match *self.errs.lock().unwrap() {
            Some((wrong, code)) if wrong == deed => Err(Problem::new(code, Params::new()).into()),
            _ => Ok(()),
        }
    }

    fn number(&self, machine: MachineId) -> u8 {
        let mut numbers = self.numbers.lock().unwrap();
        let next = u8::try_from(numbers.len() + 1).unwrap();
        *numbers.entry(machine).or_insert(next)
    }

    fn address(&self, machine: MachineId) -> String {
        let [a, b, c] = self.network;
        format!("{a}.{b}.{c}.{}", self.number(machine))
    }
}

#[async_trait]
impl Ground for Practice {
    fn image(&self, _: &ClusterSpec) -> ImageSight {
        self.image.lock().unwrap().clone()
    }

    async fn order_image(&self, _: &ClusterSpec) -> GroundResult<()> {
        self.does(GroundDeed::OrderImage)
    }

    async fn settle(&self, spec: &ClusterSpec) -> GroundResult<Place> {
        self.does(GroundDeed::Settle)?;
        let first = spec.of_role(NodeRole::ControlPlane).next().unwrap();
        let address = self.address(first.machine);
        let [a, b, c] = self.network;
        let inside = match spec.endpoint {
            EndpointKind::LoadBalancer => address.clone(),
            EndpointKind::VirtualIp { .. } => format!("{a}.{b}.{c}.200"),
        };
        Ok(Place {
            network: NetworkId(Uuid::from_u128(2)),
            api: ClusterEndpoint {
                inside,
                inside_port: 6443,
                outside: address,
                outside_port: 6443,
                talos_port: 50000,
            },
        })
    }

    async fn make(&self, spec: &ClusterSpec, node: &ClusterNode) -> GroundResult<()> {
        self.does(GroundDeed::Make)?;
        let number = self.number(node.machine);
        let mut made = self.made.lock().unwrap();
        made.entry(node.machine).or_insert_with(|| Made {
            name: spec.machine_name(node),
            number,
            on: None,
            cut: false,
            stopping: false,
            failure: None,
        });
        Ok(())
    }

    fn look(&self, machine: MachineId) -> Option<MachineSight> {
        let made = self.made.lock().unwrap().get(&machine)?.clone();
        let on = made.on.as_ref().map(|on| *on.power.borrow());
        let halted = self.halted.lock().unwrap().get(&made.name).cloned();
        let power = match on {
            None => Seen::Off {
                fresh: true,
                failure: None,
            },
            Some(Power::On(_)) if halted.is_some() => Seen::Paused {
                words: halted.unwrap_or_default(),
            },
            Some(Power::On(_)) if made.stopping => Seen::Stopping,
            Some(Power::On(_) | Power::Restart) => Seen::On,
            Some(Power::Off) => Seen::Off {
                fresh: false,
                failure: made.failure.clone(),
            },
        };
        Some(MachineSight {
            power,
            address: Some(self.address(machine)),
            cut: made.cut,
            mac: format!("52:54:00:00:00:{:02x}", made.number),
        })
    }

    async fn console(&self, machine: MachineId) -> String {
        let made = self.made.lock().unwrap().get(&machine).cloned();
        let last = made.and_then(|made| Some(made.on?.console.last(CONSOLE)));
        last.unwrap_or_default()
    }

    fn dial(&self, machine: MachineId, port: u16) -> Arc<dyn Dial> {
        Arc::new(Tcp {
            host: self.address(machine),
            port,
        })
    }

    async fn switch_on(&self, machine: MachineId) -> GroundResult<()> {
        self.does(GroundDeed::SwitchOn)?;
        let made = self.made.lock().unwrap().get(&machine).cloned().unwrap();
        let mut nodes = self.nodes.lock().await;
        let index = match &made.on {
            Some(on) if matches!(*on.power.borrow(), Power::On(_)) => return Ok(()),
            Some(on) => {
                nodes.switch_on_again(on.index);
                on.index
            }
            None => {
                let mut identity = nodes.identity(made.number);
                identity.medium = self.medium;
                if let Some(disks) = self.disks.lock().unwrap().get(&made.name) {
                    identity.disks = disks.clone();
                }
                let faults = self.faults.lock().unwrap().get(&made.name).cloned();
                nodes.switch_on(identity, &faults.unwrap_or_default());
                nodes.all.len() - 1
            }
        };
        let node = &nodes.all[index];
        let on = On {
            index,
            power: node.node.power(),
            console: Arc::clone(&node.console),
            faults: node.node.faults().clone(),
        };
        self.switched_on.lock().unwrap().push(made.name.clone());
        let mut all = self.made.lock().unwrap();
        let one = all.get_mut(&machine).unwrap();
        one.on = Some(on);
        one.stopping = false;
        one.failure = None;
        Ok(())
    }

    async fn switch_off(&self, machine: MachineId) -> GroundResult<()> {
        let on = {
            let mut made = self.made.lock().unwrap();
            let one = made.get_mut(&machine).unwrap();
            one.stopping = true;
            self.switched_off.lock().unwrap().push(one.name.clone());
            one.on.clone()
        };
        if let Some(on) = on {
            self.nodes.lock().await.all[on.index]
                .node
                .press_power_button();
        }
        Ok(())
    }

    async fn force_off(&self, machine: MachineId) -> GroundResult<()> {
        let made = self.made.lock().unwrap().get(&machine).cloned();
        if let Some(on) = made.and_then(|made| made.on) {
            self.nodes.lock().await.all[on.index].node.cut_power().await;
        }
        Ok(())
    }

    async fn take_away(&self, machine: MachineId) -> GroundResult<()> {
        let made = self.made.lock().unwrap().remove(&machine);
        if let Some(on) = made.and_then(|made| made.on) {
            self.nodes.lock().await.all[on.index].node.cut_power().await;
        }
        Ok(())
    }

    async fn discard(&self, machine: MachineId) -> GroundResult<()> {
        let name = self.name_of(machine);
        self.discarded.lock().unwrap().extend(name);
        self.take_away(machine).await
    }

    async fn discard_network(&self, _: &ClusterSpec) -> GroundResult<()> {
        Ok(())
    }

    async fn open_door(
        &self,
        machine: MachineId,
        port: u16,
        name: &str,
    ) -> GroundResult<ForwardId> {
        let mut doors = self.doors.lock().unwrap();
        let same = doors.iter().find(|(_, door)| door.name == name);
        if let Some((id, _)) = same {
            return Ok(*id);
        }
        let id = ForwardId(Uuid::now_v7());
        let door = Door {
            name: name.to_owned(),
            address: format!("http://{}:{port}/", self.address(machine)),
        };
        doors.insert(id, door);
        Ok(id)
    }

    fn door(&self, forward: ForwardId) -> Option<String> {
        let doors = self.doors.lock().unwrap();
        doors.get(&forward).map(|door| door.address.clone())
    }

    async fn close_door(&self, forward: ForwardId) -> GroundResult<()> {
        self.doors.lock().unwrap().remove(&forward);
        Ok(())
    }

    async fn leave(&self, _: &ClusterSpec) -> GroundResult<()> {
        *self.left.lock().unwrap() = true;
        Ok(())
    }
}

/// An engine whose clusters stand on practice nodes.
pub struct Lab {
    pub root: tempfile::TempDir,
    pub ground: Arc<Practice>,
    pub engine: Engine,
    pub clock: Arc<SleptClock>,
    medium: BootMedium,
    world: Arc<dyn World>,
}

impl Lab {
    pub async fn new() -> Self {
        Self::of(BootMedium::DiskImage).await
    }

    pub async fn of(medium: BootMedium) -> Self {
        Self::made(medium, this_computer()).await
    }

    /// On a computer that was written down.
    pub async fn in_world(world: Arc<dyn World>) -> Self {
        Self::made(BootMedium::DiskImage, world).await
    }

    async fn made(medium: BootMedium, world: Arc<dyn World>) -> Self {
        let root = tempfile::tempdir().unwrap();
        Self::on_world(root, Practice::new(medium).await, medium, world).await
    }

    /// An engine of these folders and machines.
    pub async fn on(root: tempfile::TempDir, ground: Arc<Practice>, medium: BootMedium) -> Self {
        Self::on_world(root, ground, medium, this_computer()).await
    }

    async fn on_world(
        root: tempfile::TempDir,
        ground: Arc<Practice>,
        medium: BootMedium,
        world: Arc<dyn World>,
    ) -> Self {
        let clock = Arc::new(SleptClock::default());
        let config = config_in(root.path(), world.clone(), clock.clone());
        let engine = Engine::open_on(config, ground.clone()).await.unwrap();
        Self {
            root,
            ground,
            engine,
            clock,
            medium,
            world,
        }
    }

    /// Ends the engine and opens another one on the same data.
    pub async fn reopen(&mut self) {
        self.engine.close().await;
        let ground = self.ground.clone();
        let config = config_in(self.root.path(), self.world.clone(), self.clock.clone());
        self.engine = Engine::open_on(config, ground).await.unwrap();
    }

    pub fn draft(&self, preset: ClusterPreset) -> ClusterDraft {
        draft(&self.engine, preset, self.medium)
    }

    pub async fn create(&self, preset: ClusterPreset) -> ClusterId {
        let draft = self.draft(preset);
        self.engine.create_cluster(&draft).unwrap().0
    }

    /// Waits until a cluster is as wanted; says what it was instead.
    pub async fn until(
        &self,
        id: ClusterId,
        what: &str,
        wanted: impl Fn(&ClusterView) -> bool,
    ) -> ClusterView {
        let mut changes = self.engine.clusters.subscribe().changes;
        let key = id.to_string();
        let waiting = async {
            loop {
                if let Some(view) = self.engine.clusters.get(&key).filter(|view| wanted(view)) {
                    return view;
                }
                let _ = changes.recv().await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(240), waiting).await {
            Ok(view) => view,
            Err(_) => panic!("{what} did not come: {}", self.summary(id)),
        }
    }

    /// Waits until a cluster is gone.
    pub async fn until_gone(&self, id: ClusterId) {
        let mut changes = self.engine.clusters.subscribe().changes;
        let waiting = async {
            while self.engine.clusters.get(&id.to_string()).is_some() {
                let _ = changes.recv().await;
            }
        };
        let gone = tokio::time::timeout(Duration::from_secs(120), waiting).await;
        assert!(gone.is_ok(), "it stays: {}", self.summary(id));
    }

    /// What a cluster is now, in few lines.
    pub fn summary(&self, id: ClusterId) -> String {
        let Some(view) = self.engine.clusters.get(&id.to_string()) else {
            return "it is gone".to_owned();
        };
        let members: Vec<String> = view
            .members
            .iter()
            .map(|one| format!("{} {:?} {:?}", one.hostname, one.stage, codes(&one.stuck)))
            .collect();
        let steps: Vec<String> = view
            .timeline
            .steps
            .iter()
            .map(|step| format!("{:?} {}/{}", step.code, step.done, step.of))
            .collect();
        let health: Vec<String> = view
            .health
            .iter()
            .map(|one| format!("{:?} {:?} {:?}", one.code, one.state, one.params))
            .collect();
        format!(
            "{:?}\n{}\n{}\n{}\n{:?}\n{}",
            view.phase,
            members.join("\n"),
            steps.join(", "),
            health.join("\n"),
            view.stuck,
            self.ground.last_lines().join("\n")
        )
    }

    pub async fn close(self) {
        self.engine.close().await;
    }
}

/// A cluster of a shape, as these machines can carry it.
pub fn draft(engine: &Engine, preset: ClusterPreset, medium: BootMedium) -> ClusterDraft {
    let mut draft = engine.offer_cluster(Some(preset), None).unwrap().draft;
    draft.name = "knossos".to_owned();
    draft.image = ClusterImage::Factory {
        version: "1.13.9".parse().unwrap(),
        arch: Arch::Amd64,
        medium,
        schematic: None,
    };
    draft.control_planes.sizes = SIZES;
    draft.workers.sizes = SIZES;
    draft
}

pub fn codes(stuck: &[crete_model::Stuck]) -> Vec<StuckCode> {
    stuck.iter().map(|one| one.code).collect()
}

/// Nothing of this computer is needed: no QEMU, no program that carries networks.
pub fn config(root: &Path) -> Config {
    config_in(root, this_computer(), Arc::new(SystemClock))
}

fn this_computer() -> Arc<dyn World> {
    Arc::new(ThisComputer::new("", "ariadne".to_owned()))
}

/// The same on a computer that was written down.
fn config_in(root: &Path, world: Arc<dyn World>, clock: Arc<dyn Clock>) -> Config {
    Config {
        data: root.join("data"),
        runtime: root.join("run"),
        settings: Settings::default(),
        world,
        clock,
        seen: false,
        patience: Patience {
            cluster: ClusterPatience {
                look: Duration::from_millis(40),
                rest: Duration::from_millis(80),
                probe: Duration::from_secs(2),
                call: Duration::from_secs(4),
                speed: SPEED,
            },
            ..Patience::default()
        },
        systemd_bus: None,
        network_parts: NetworkParts::default(),
        practice_parts: PracticeParts::default(),
        personal: crete_engine::PersonalFiles::default(),
        practice: None,
    }
}

/// Why an action cannot be done now.
pub fn denied(view: &ClusterView, action: ClusterAction) -> Option<ClusterDenied> {
    let found = view.actions.iter().find(|one| one.action == action);
    found.unwrap().denied
}
