//! Practice Talos nodes on loopback addresses, in this process.
//!
//! ```no_run
//! # async fn example() {
//! use crete_testkit::talos::{Fault, Nodes, Pace};
//!
//! // Three machines without a configuration, a hundred times faster than real ones.
//! let mut nodes = Nodes::start("1.13.9".parse().unwrap(), 3, Pace::faster(100.0)).await;
//! // One more that will not find its installer.
//! nodes.switch_on(nodes.identity(4), &[Fault::InstallerUnreachable]);
//! let address = nodes.all[0].address; // the API is on port 50000, Kubernetes on 6443
//! nodes.all[1].node.faults().set(Fault::CniMissing);
//! # let _ = address;
//! nodes.stop().await;
//! # }
//! ```
//!
//! They become a cluster when they are given configurations of one cluster and the first of them is
//! bootstrapped. Ports are those of real nodes, so every machine has an address of its own; none
//! listens before it would on a real node.

pub use crete_practice_node::{
    Disk, Fault, Faults, Identity, Medium, Pace, Power, PracticeNode, Transcript,
};

use crete_model::TalosVersion;
use crete_practice_node::{
    Clock, ClusterRegistry, HostNetwork, Machine, MemoryStorage, Random, Storage,
};
use jiff::Timestamp;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::net::TcpListener;

/// The port of the nodes' API.
pub const API_PORT: u16 = 50_000;

/// A machine with its node.
#[derive(Debug)]
pub struct TalosNode {
    /// The running node.
    pub node: PracticeNode,
    /// Its address.
    pub address: IpAddr,
    /// Everything it printed.
    pub console: Arc<Transcript>,
    storage: Arc<dyn Storage>,
    identity: Identity,
}

/// Machines of one network.
#[derive(Debug)]
pub struct Nodes {
    /// The machines, in the order in which they were switched on.
    pub all: Vec<TalosNode>,
    version: TalosVersion,
    network: [u8; 3],
    registry: ClusterRegistry,
    clock: Clock,
    pace: Pace,
}

impl Nodes {
    /// Switches on so many machines without a configuration, each with an empty disk `vda`.
    pub async fn start(version: TalosVersion, count: u8, pace: Pace) -> Self {
        let mut nodes = Self::none(version, pace).await;
        for number in 1..=count {
            nodes.switch_on(nodes.identity(number), &[]);
        }
        nodes
    }

    /// A network without machines, for those that should be other than usual.
    pub async fn none(version: TalosVersion, pace: Pace) -> Self {
        Self {
            all: Vec::new(),
            version,
            network: free_network().await,
            registry: ClusterRegistry::default(),
            clock: Clock::starting_at(Timestamp::now()),
            pace,
        }
    }

    /// A usual machine of this network, by a number from 1 to [`Self::MOST`], to be changed and
    /// switched on.
    #[must_use]
    pub fn identity(&self, number: u8) -> Identity {
        let [a, b, c] = self.network;
        let address = Ipv4Addr::new(a, b, c, number).into();
        Identity::virtual_machine(self.version.clone(), number, address)
    }

    /// Addresses that are known to be free.
    pub const MOST: u8 = 20;

    /// How fast machines live that are switched on from now on.
    pub fn live_at(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// Switches on a machine with an empty disk, and with faults from the beginning on.
    pub fn switch_on(&mut self, identity: Identity, faults: &[Fault]) -> &TalosNode {
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::default());
        let node = self.boot(identity, storage, Faults::of(faults));
        self.all.push(node);
        self.all.last().unwrap()
    }

    /// Switches a machine on again with its disk and its faults, after it was off.
    pub fn switch_on_again(&mut self, index: usize) {
        let old = &self.all[index];
        let (identity, storage) = (old.identity.clone(), Arc::clone(&old.storage));
        self.all[index] = self.boot(identity, storage, old.node.faults().clone());
    }

    /// Puts other disks into a machine that is off.
    pub fn put_in(&mut self, index: usize, disks: Vec<Disk>) {
        self.all[index].identity.disks = disks;
    }

    fn boot(&self, identity: Identity, storage: Arc<dyn Storage>, faults: Faults) -> TalosNode {
        let address = identity.ips()[0];
        let console = Arc::new(Transcript::default());
        let machine = Machine {
            identity: identity.clone(),
            clock: self.clock,
            pace: self.pace,
            random: Random::from_seed(seed()),
            storage: Arc::clone(&storage),
            network: Arc::new(HostNetwork(address)),
            registry: self.registry.clone(),
            console: Arc::clone(&console) as Arc<dyn crete_practice_node::Console>,
            faults,
        };
        TalosNode {
            node: PracticeNode::start(machine),
            address,
            console,
            storage,
            identity,
        }
    }

    /// Pulls every plug.
    pub async fn stop(self) {
        for node in &self.all {
            node.node.cut_power().await;
        }
    }
}

/// A seed that no other node has.
fn seed() -> [u8; 32] {
    let mut seed = [0; 32];
    seed[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    seed[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    seed
}

/// The first three parts of loopback addresses that nobody uses: tests run beside one another.
async fn free_network() -> [u8; 3] {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let own = std::process::id();
    loop {
        let number = own.wrapping_mul(31) + TAKEN.fetch_add(1, Ordering::Relaxed);
        let [b, c] = u16::try_from(number % 0x8000).unwrap().to_be_bytes();
        let network = [127, 0x40 + b % 0x80, c];
        let mut free = true;
        for last in 1..=Nodes::MOST {
            let address = Ipv4Addr::new(network[0], network[1], network[2], last);
            for port in [API_PORT, 6443] {
                free &= TcpListener::bind((address, port)).await.is_ok();
            }
        }
        if free {
            return network;
        }
    }
}
