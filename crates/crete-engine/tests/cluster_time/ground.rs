//! Practice nodes in memory that live exactly as fast as real ones, in a time that stands still
//! whenever nobody has anything to do: the ground of clusters where seconds are counted.

use async_trait::async_trait;
use crete_engine::cluster::{Ground, GroundResult, ImageSight, MachineSight, Place, Power as Seen};
use crete_engine::{Config, Engine, NetworkParts, Patience, PersonalFiles, PracticeParts};
use crete_host::ThisComputer;
use crete_model::{
    Arch, BootMedium, ClusterDraft, ClusterEndpoint, ClusterId, ClusterImage, ClusterNode,
    ClusterPreset, ClusterSpec, ClusterView, ForwardId, ImageId, MachineId, NetworkId, NodeRole,
    Settings, Sizes,
};
use crete_practice_node::{
    Clock, ClusterRegistry, Console, Faults, Identity, Machine, Medium, MemoryNetwork,
    MemoryStorage, Pace, Power, PracticeNode, Random, Storage,
};
use crete_talos::api::{Dial, Transport};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

const SIZES: Sizes = Sizes {
    vcpus: 1,
    memory_mib: 2048,
    disk_gib: 10,
};
/// What nodes date stays behind this computer's clock, by which certificates are judged here; and
/// what they date lives for a day.
const EARLIER: SignedDuration = SignedDuration::from_hours(14);
/// Longer than anything takes; it passes at once.
const PATIENCE: Duration = Duration::from_secs(1800);

/// Lines that are about 64 KiB.
const LINES: usize = 600;

/// A console that keeps when each line was printed.
#[derive(Debug, Default)]
pub struct Printed(Mutex<Vec<(Instant, String)>>);

impl Console for Printed {
    fn print(&self, line: &str) {
        let mut lines = self.0.lock().unwrap();
        lines.push((Instant::now(), line.to_owned()));
    }
}

impl Printed {
    /// The last of it: as much as is looked at of a real console, about.
    fn text(&self) -> String {
        let lines = self.0.lock().unwrap();
        let last = &lines[lines.len().saturating_sub(LINES)..];
        let texts: Vec<&str> = last.iter().map(|(_, text)| text.as_str()).collect();
        texts.join("\n")
    }

    /// When a line with this text was printed first.
    pub fn when(&self, text: &str) -> Option<Instant> {
        let lines = self.0.lock().unwrap();
        let found = lines.iter().find(|(_, line)| line.contains(text));
        found.map(|(at, _)| *at)
    }
}

struct Made {
    name: String,
    number: u8,
    storage: Arc<dyn Storage>,
    console: Arc<Printed>,
    on: Option<PracticeNode>,
    /// When it was switched on last.
    since: Option<Instant>,
    stopping: bool,
}

/// The engine's clock goes as the nodes' does.
#[derive(Debug)]
struct Together(Clock);

impl crete_engine::Clock for Together {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// The machines.
pub struct Still {
    network: MemoryNetwork,
    registry: ClusterRegistry,
    clock: Clock,
    medium: Medium,
    made: Mutex<BTreeMap<MachineId, Made>>,
}

impl std::fmt::Debug for Still {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Still")
    }
}

fn address(number: u8) -> IpAddr {
    IpAddr::from([10, 5, 0, number])
}

impl Still {
    fn new(medium: BootMedium) -> Arc<Self> {
        let start = Timestamp::now().checked_sub(EARLIER).unwrap();
        Arc::new(Self {
            network: MemoryNetwork::default(),
            registry: ClusterRegistry::default(),
            clock: Clock::starting_at(start),
            medium: match medium {
                BootMedium::DiskImage => Medium::DiskImage,
                BootMedium::Iso => Medium::Installer,
            },
            made: Mutex::default(),
        })
    }

    /// The consoles by name of machine, with when each was switched on.
    pub fn consoles(&self) -> Vec<(String, Instant, Arc<Printed>)> {
        let made = self.made.lock().unwrap();
        let console = |one: &Made| Some((one.name.clone(), one.since?, Arc::clone(&one.console)));
        made.values().filter_map(console).collect()
    }

    fn address_of(&self, machine: MachineId) -> IpAddr {
        address(self.made.lock().unwrap()[&machine].number)
    }
}

/// A way in memory.
#[derive(Debug)]
struct Way {
    network: MemoryNetwork,
    address: IpAddr,
    port: u16,
}

#[async_trait]
impl Dial for Way {
    async fn dial(&self) -> io::Result<Box<dyn Transport>> {
        Ok(Box::new(self.network.connect(self.address, self.port)?))
    }
}

#[async_trait]
impl Ground for Still {
    fn image(&self, _: &ClusterSpec) -> ImageSight {
        ImageSight::Ready(ImageId(Uuid::from_u128(1)))
    }

    async fn order_image(&self, _: &ClusterSpec) -> GroundResult<()> {
        Ok(())
    }

    async fn settle(&self, _: &ClusterSpec) -> GroundResult<Place> {
        // The first machine that is made is the first control plane.
        let address = address(1).to_string();
        Ok(Place {
            network: NetworkId(Uuid::from_u128(2)),
            api: ClusterEndpoint {
                inside: address.clone(),
                inside_port: 6443,
                outside: address,
                outside_port: 6443,
                talos_port: 50000,
            },
        })
    }

    async fn make(&self, spec: &ClusterSpec, node: &ClusterNode) -> GroundResult<()> {
        let mut made = self.made.lock().unwrap();
        let number = u8::try_from(made.len() + 1).unwrap();
        made.entry(node.machine).or_insert_with(|| Made {
            name: spec.machine_name(node),
            number,
            storage: Arc::new(MemoryStorage::default()),
            console: Arc::default(),
            on: None,
            since: None,
            stopping: false,
        });
        Ok(())
    }

    fn look(&self, machine: MachineId) -> Option<MachineSight> {
        let made = self.made.lock().unwrap();
        let one = made.get(&machine)?;
        let power = match one.on.as_ref().map(|node| *node.power().borrow()) {
            None => Seen::Off {
                fresh: one.since.is_none(),
                failure: None,
            },
            Some(Power::Off) => Seen::Off {
                fresh: false,
                failure: None,
            },
            Some(_) if one.stopping => Seen::Stopping,
            Some(_) => Seen::On,
        };
        Some(MachineSight {
            power,
            address: Some(address(one.number).to_string()),
            cut: false,
            mac: format!("52:54:00:00:00:{:02x}", one.number),
        })
    }

    async fn console(&self, machine: MachineId) -> String {
        let console = {
            let made = self.made.lock().unwrap();
            made.get(&machine).map(|one| Arc::clone(&one.console))
        };
        console.map(|console| console.text()).unwrap_or_default()
    }

    fn dial(&self, machine: MachineId, port: u16) -> Arc<dyn Dial> {
        Arc::new(Way {
            network: self.network.clone(),
            address: self.address_of(machine),
            port,
        })
    }

    async fn switch_on(&self, machine: MachineId) -> GroundResult<()> {
        let mut made = self.made.lock().unwrap();
        let one = made.get_mut(&machine).unwrap();
        let running = |node: &PracticeNode| matches!(*node.power().borrow(), Power::On(_));
        if one.on.as_ref().is_some_and(running) {
            return Ok(());
        }
        let address = address(one.number);
        let version = "1.13.9".parse().unwrap();
        let mut identity = Identity::virtual_machine(version, one.number, address);
        identity.medium = self.medium;
        one.on = Some(PracticeNode::start(Machine {
            identity,
            clock: self.clock,
            pace: Pace::REAL,
            random: Random::numbered(one.number.into()),
            storage: Arc::clone(&one.storage),
            network: self.network.at(address),
            registry: self.registry.clone(),
            console: Arc::clone(&one.console) as Arc<dyn Console>,
            faults: Faults::default(),
        }));
        one.since = Some(Instant::now());
        one.stopping = false;
        Ok(())
    }

    async fn switch_off(&self, machine: MachineId) -> GroundResult<()> {
        let mut made = self.made.lock().unwrap();
        let one = made.get_mut(&machine).unwrap();
        one.stopping = true;
        if let Some(node) = &one.on {
            node.press_power_button();
        }
        Ok(())
    }

    async fn force_off(&self, machine: MachineId) -> GroundResult<()> {
        let on = {
            let mut made = self.made.lock().unwrap();
            made.get_mut(&machine).and_then(|one| one.on.take())
        };
        if let Some(node) = on {
            node.cut_power().await;
        }
        Ok(())
    }

    async fn take_away(&self, machine: MachineId) -> GroundResult<()> {
        let gone = self.made.lock().unwrap().remove(&machine);
        if let Some(node) = gone.and_then(|one| one.on) {
            node.cut_power().await;
        }
        Ok(())
    }

    async fn discard(&self, machine: MachineId) -> GroundResult<()> {
        self.take_away(machine).await
    }

    async fn discard_network(&self, _: &ClusterSpec) -> GroundResult<()> {
        Ok(())
    }

    async fn open_door(&self, _: MachineId, _: u16, _: &str) -> GroundResult<ForwardId> {
        Ok(ForwardId(Uuid::from_u128(3)))
    }

    fn door(&self, _: ForwardId) -> Option<String> {
        None
    }

    async fn close_door(&self, _: ForwardId) -> GroundResult<()> {
        Ok(())
    }

    async fn leave(&self, _: &ClusterSpec) -> GroundResult<()> {
        Ok(())
    }
}

/// An engine whose clusters stand on them, with the patience that it has in life.
pub struct Lab {
    root: tempfile::TempDir,
    pub ground: Arc<Still>,
    pub engine: Engine,
    medium: BootMedium,
}

impl Lab {
    pub async fn of(medium: BootMedium) -> Self {
        let root = tempfile::tempdir().unwrap();
        let ground = Still::new(medium);
        let engine = open(root.path(), &ground).await;
        Self {
            root,
            ground,
            engine,
            medium,
        }
    }

    /// Ends the engine and opens another one on the same data.
    pub async fn reopen(&mut self) {
        self.engine.close().await;
        self.engine = open(self.root.path(), &self.ground).await;
    }

    pub fn draft(&self, preset: ClusterPreset) -> ClusterDraft {
        let offer = self.engine.offer_cluster(Some(preset), None).unwrap();
        let mut draft = offer.draft;
        draft.name = "knossos".to_owned();
        draft.image = ClusterImage::Factory {
            version: "1.13.9".parse().unwrap(),
            arch: Arch::Amd64,
            medium: self.medium,
            schematic: None,
        };
        draft.control_planes.sizes = SIZES;
        draft.workers.sizes = SIZES;
        draft
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
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(view) => view,
            Err(_) => panic!("never {what}: {:#?}", self.engine.clusters.get(&key)),
        }
    }

    pub fn control_plane(&self, view: &ClusterView) -> Arc<dyn Dial> {
        let first = view.spec.of_role(NodeRole::ControlPlane).next().unwrap();
        self.ground.dial(first.machine, 6443)
    }
}

async fn open(root: &Path, ground: &Arc<Still>) -> Engine {
    let config = Config {
        data: root.join("data"),
        runtime: root.join("run"),
        settings: Settings::default(),
        world: Arc::new(ThisComputer::new("", "ariadne".to_owned())),
        clock: Arc::new(Together(ground.clock)),
        seen: false,
        patience: Patience::default(),
        systemd_bus: None,
        network_parts: NetworkParts::default(),
        practice_parts: PracticeParts::default(),
        personal: PersonalFiles::default(),
        practice: None,
    };
    Engine::open_on(config, Arc::clone(ground) as Arc<dyn Ground>)
        .await
        .unwrap()
}
