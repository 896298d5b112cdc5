//! A practice Talos node: it lives, answers and fails as a real one does, and is none.
//!
//! From a machine without a configuration to a member of a healthy cluster and back: maintenance,
//! installing, mutual TLS, etcd, Kubernetes, upgrade, reset. What is behind the calls is small; what
//! is in front of them is that of Talos, measured against recordings of real nodes: certificates that
//! change, no API while installing, calls that hang, the texts of refusals, the lines of the console.
//!
//! # One node
//!
//! ```
//! use crete_practice_node::{
//!     Clock, ClusterRegistry, Faults, Identity, Machine, MemoryNetwork, MemoryStorage, Pace,
//!     PracticeNode, Random, Transcript,
//! };
//! use std::sync::Arc;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let network = MemoryNetwork::default();
//! let address = "10.5.0.2".parse().unwrap();
//! let console = Arc::new(Transcript::default());
//! let node = PracticeNode::start(Machine {
//!     identity: Identity::virtual_machine("1.13.9".parse().unwrap(), 2, address),
//!     clock: Clock::starting_at(jiff::Timestamp::now()),
//!     pace: Pace::REAL,
//!     random: Random::numbered(2),
//!     storage: Arc::new(MemoryStorage::default()),
//!     network: network.at(address),
//!     registry: ClusterRegistry::default(),
//!     console: console.clone(),
//!     faults: Faults::default(),
//! });
//! console.wait_for("server certificate issued").await;
//! node.cut_power().await;
//! # }
//! ```
//!
//! A machine is given everything: what it is ([`Identity`]), its clock, its randomness, its disk
//! ([`Storage`]), its network ([`Network`]), where it prints ([`Console`]), and what goes wrong
//! ([`Faults`], which can be changed while it runs). A machine that gets the disk of another one
//! that was switched off goes on where that one was.
//!
//! - **In memory and with time that stands still** (`start_paused`), as above: durations are those
//!   of real nodes, tests take none of them, and everything is exact. The client's certificates must
//!   be dated by a clock that is not ahead of the node's; let [`Clock::starting_at`] begin an hour
//!   ago, so that the node's stay valid for a client that looks at this computer's clock.
//! - **On a loopback address**: [`HostNetwork`], and [`Pace::faster`] instead of standing time.
//!
//! # A cluster
//!
//! Nodes that share a [`ClusterRegistry`], and whose configurations are of one cluster, find each
//! other: etcd members join and vote, workers get their certificates from control planes, and the
//! Kubernetes API (port 6443 of every control plane) shows all of them. `crete-testkit` starts
//! a whole cluster on loopback addresses with one call.
//!
//! Machines with a network between them meet through a [`PracticeService`] instead
//! ([`ClusterRegistry::through_service`]): that of practice mode is in the practice factory. It counts
//! those as away of which it hears nothing for the time of a [`LEASE`], and tells them faults.
//!
//! # What is its own
//!
//! Of `crete-talos` it uses the messages and the judgement of configurations, which recordings and
//! golden files prove from outside. Certificates, behaviour and everything else are its own, so that
//! a fault of the client meets no twin here. It never reads a recording.
//!
//! # What is not played
//!
//! Packet capture, files (`Copy`, `List`, and all but a few of `Read`), containers started by hand,
//! forwarding to other nodes, SideroLink, KubeSpan, encrypted volumes, extension
//! services that really run, `talos.config` from elsewhere, watches of the Kubernetes API, and the
//! end of a connection that pings too often. Calls about them are refused as unknown methods are.
//!
//! # What rests on no recording
//!
//! Written from the interface's description alone, so a real node may word it otherwise: a bootstrap
//! asked of a worker; a configuration without a main document; the modes that maintenance of 1.12
//! refuses; installing or upgrading with an image that was not pulled; wiping a disk in use; a
//! graceful reset of the last control plane, which fails here and starts again as it was; the
//! phases `drain` and `leave`; taking back a tried configuration; a disk too small for the
//! partitions; the texts of 1.10, 1.11 and 1.14 where they differ from 1.12 and 1.13.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )
)]

mod api;
mod boot;
mod certificates;
mod cluster;
mod console;
mod diff;
mod error;
mod events;
mod faults;
mod identity;
mod kubernetes;
mod life;
mod logs;
mod machine;
mod network;
mod random;
mod resources;
mod services;
mod settings;
mod storage;
mod store;
mod summary;
mod time;

pub use cluster::{ClusterRegistry, LEASE, Post, PracticeService, Remote};
pub use console::{Console, NoConsole, Transcript};
pub use error::NodeError;
pub use faults::{Fault, Faults};
pub use identity::{Attachment, Disk, Given, Identity, Medium, Prefix, Processor};
pub use machine::{Button, Machine, Power, PracticeNode};
pub use network::{Carrier, Connection, HostNetwork, Listener, MemoryNetwork, Network};
pub use random::Random;
pub use storage::{FileStorage, MemoryStorage, Storage};
pub use summary::Summary;
pub use time::{Clock, Pace};
