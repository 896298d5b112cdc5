//! An engine whose machines are reached on loopback addresses, where practice nodes listen.

use crate::support::{PATIENCE, World, start, until};
use async_trait::async_trait;
use crete_engine::{Engine, Look, NodePatience, Ways};
use crete_model::{
    FactKind, Facts, MachineId, NodeFacts, NodePresence, NodeStage, NodeView, TalosVersion,
};
use crete_talos::Contract;
use crete_talos::api::{ClusterTrust, Transport};
use crete_talos::config::{MachineRole, Options, generate};
use crete_talos::pki::{Bundle, ClientCertificate, Role, SystemEntropy, Validity};
use crete_testkit::talos::{Nodes, Pace};
use jiff::Timestamp;
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpStream;

pub const SECRETS: &str = "../../tests/fixtures/talos/golden/secrets/lab.yaml";
pub const VERSION: &str = "1.13.9";

/// Ways to practice nodes.
#[derive(Debug, Default)]
pub struct Loopback {
    addresses: Mutex<HashMap<MachineId, IpAddr>>,
    /// Connections that were made.
    pub made: AtomicU32,
}

#[async_trait]
impl Ways for Loopback {
    async fn open(&self, machine: MachineId, port: u16) -> io::Result<Box<dyn Transport>> {
        self.made.fetch_add(1, Ordering::SeqCst);
        let address = self.addresses.lock().unwrap()[&machine];
        let stream = TcpStream::connect((address, port)).await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }

    fn address(&self, machine: MachineId) -> Option<String> {
        let known = self.addresses.lock().unwrap();
        known.get(&machine).map(IpAddr::to_string)
    }
}

pub struct Site {
    pub world: World,
    pub engine: Engine,
    pub nodes: Nodes,
    pub machines: Vec<MachineId>,
    pub ways: Arc<Loopback>,
}

/// As fast as a test can wait for.
pub fn impatient() -> NodePatience {
    NodePatience {
        probe: Duration::from_secs(5),
        call: Duration::from_secs(5),
        pause: Duration::from_millis(300),
        figures: Duration::from_millis(250),
        sign_of_life: Duration::from_millis(500),
    }
}

impl Site {
    /// So many machines that are on, each with a node in front of it.
    pub async fn new(version: &str, count: u8) -> Self {
        Self::of(version, count, Pace::faster(200.0)).await
    }

    pub async fn of(version: &str, count: u8, pace: Pace) -> Self {
        let nodes = Nodes::start(version.parse().unwrap(), count, pace).await;
        Self::with(World::new(), nodes).await
    }

    pub async fn with(world: World, nodes: Nodes) -> Self {
        let ways = Arc::new(Loopback::default());
        // So many at once are asked as often as in life.
        let patience = match nodes.all.len() {
            0..=4 => impatient(),
            _ => NodePatience::default(),
        };
        let engine = open_with(&world, &ways, patience).await;
        let mut machines = Vec::new();
        for (number, node) in nodes.all.iter().enumerate() {
            let draft = world.draft(&format!("node-{}", number + 1));
            let machine = engine.create_machine(&draft).unwrap();
            let address = node.address;
            ways.addresses.lock().unwrap().insert(machine, address);
            start(&engine, machine).await;
            machines.push(machine);
        }
        Self {
            world,
            engine,
            nodes,
            machines,
            ways,
        }
    }

    pub fn look(&self, depth: crete_engine::Depth) -> Look {
        self.engine.look_at_node(self.machines[0], depth).unwrap()
    }

    /// Waits until the first node is shown as wanted.
    pub async fn shown(&self, wanted: impl Fn(&NodeView) -> bool) -> NodeView {
        until(&self.engine.nodes, &self.machines[0].to_string(), wanted).await
    }

    pub async fn present(&self, presence: NodePresence) -> NodeView {
        let live = |view: &NodeView| view.says.is_some() && view.stale_since.is_none();
        self.shown(|view| view.presence == presence && live(view))
            .await
    }

    pub async fn stage(&self, stage: NodeStage) -> NodeView {
        let said = |view: &NodeView| view.says.as_ref().is_some_and(|says| says.stage == stage);
        self.shown(|view| said(view) && view.stale_since.is_none())
            .await
    }

    /// Waits for facts of a kind.
    pub async fn told(&self, kind: FactKind, wanted: impl Fn(&NodeFacts) -> bool) -> NodeFacts {
        let kind = serde_json::to_value(kind).unwrap();
        let key = format!("{}/{}", self.machines[0], kind.as_str().unwrap());
        until(&self.engine.facts, &key, wanted).await
    }

    pub async fn facts(&self, kind: FactKind, wanted: impl Fn(&Facts) -> bool) -> Facts {
        let told = self.told(kind, |told| told.facts.as_ref().is_some_and(&wanted));
        told.await.facts.unwrap()
    }

    /// Gives the first node a configuration of a cluster, in maintenance.
    pub async fn configure(&self, text: &str) {
        self.present(NodePresence::Maintenance).await;
        let mode = crete_model::ApplyWay::Auto;
        let applied = self.engine.apply_config(self.machines[0], text, mode).await;
        applied.unwrap();
    }

    /// A control plane that runs, alone in its cluster, with its credentials given.
    pub async fn grown(&self) {
        let node = &self.nodes.all[0];
        self.configure(&configuration(node.address)).await;
        let machine = self.machines[0];
        self.engine.give_credentials(machine, admin());
        let waits = |view: &NodeView| {
            let says = view.says.as_ref();
            let unmet = says.map(|says| says.unmet.as_slice()).unwrap_or_default();
            unmet.iter().any(|one| one.reason.contains("etcd"))
        };
        self.shown(|view| view.presence == NodePresence::Configured && waits(view))
            .await;
    }

    /// Bootstraps the first node and waits until it is ready.
    pub async fn bootstrapped(&self) {
        self.grown().await;
        self.bootstrap().await;
    }

    pub async fn bootstrap(&self) {
        let client = self.client(&admin());
        let trying = async {
            while client.bootstrap().await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, trying).await.unwrap();
        let ready = |view: &NodeView| {
            let says = view.says.as_ref();
            says.is_some_and(|says| says.stage == NodeStage::Running && says.ready)
        };
        self.shown(ready).await;
    }

    /// A client beside the engine.
    pub fn client(&self, trust: &ClusterTrust) -> crete_talos::api::Node {
        use crete_talos::api::{PORT, Target, Tcp, Trust};
        let host = self.nodes.all[0].address.to_string();
        let dial = Arc::new(Tcp {
            host: host.clone(),
            port: PORT,
        });
        let target = Target { dial, name: host };
        crete_talos::api::Node::new(&target, &Trust::Cluster(trust.clone())).unwrap()
    }

    pub async fn close(self) {
        self.engine.close().await;
        self.nodes.stop().await;
    }
}

pub async fn open(world: &World, ways: &Arc<Loopback>) -> Engine {
    open_with(world, ways, impatient()).await
}

async fn open_with(world: &World, ways: &Arc<Loopback>, patience: NodePatience) -> Engine {
    let ways: Arc<dyn Ways> = Arc::clone(ways) as Arc<dyn Ways>;
    world
        .open_with(|config| {
            config.network_parts.ways = Some(ways);
            config.patience.nodes = patience;
        })
        .await
}

pub fn bundle() -> Bundle {
    Bundle::parse(&std::fs::read_to_string(SECRETS).unwrap()).unwrap()
}

/// The configuration of a control plane at an address.
pub fn configuration(address: IpAddr) -> String {
    configuration_for(VERSION, address)
}

pub fn configuration_for(version: &str, address: IpAddr) -> String {
    let version: TalosVersion = version.parse().unwrap();
    let mut options = Options::new(
        Contract::of(&version).unwrap(),
        "lab",
        format!("https://{address}:6443"),
        "1.36.3",
        format!("installer:v{version}"),
    );
    options.install_disk = Some("/dev/vda".to_owned());
    generate(&options, &bundle(), MachineRole::ControlPlane).to_yaml()
}

/// The administrator of the cluster.
pub fn admin() -> ClusterTrust {
    trust_of(&bundle(), Role::Admin)
}

pub fn trust_of(bundle: &Bundle, role: Role) -> ClusterTrust {
    let authority = bundle.talos_authority().unwrap();
    let roles = BTreeSet::from([role]);
    let now = Timestamp::now();
    let entropy = &mut SystemEntropy;
    let client = ClientCertificate::talos(&authority, &roles, Validity::CLIENT, now, entropy);
    ClusterTrust {
        authority: authority.certificate_pem().to_owned(),
        client: client.unwrap(),
    }
}
