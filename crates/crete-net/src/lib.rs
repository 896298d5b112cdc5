//! One flat Ethernet for any number of machines, without root.
//!
//! A network is one process. QEMU listens on a Unix socket per machine; the network dials them all,
//! switches frames between them, and is itself the gateway: addresses, names, time, the way out and
//! the way in. It knows ports, MACs, leases and names it was given, and neither machines nor Talos.
//!
//! Guests are hostile: whatever they send is checked, bounded and counted, and reaches nothing that
//! was not meant for it.

mod address;
mod config;
pub mod control;
mod entropy;
mod error;
mod frame;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod gateway;
mod host;
mod inward;
mod link;
mod names;
mod nat;
mod network;
mod outside;
mod packet;
mod poller;
mod slab;
mod switch;
mod token;
mod wire;

pub use address::{
    CLUSTER_DEFAULTS, LeaseView, NeighbourView, NotASubnet, Subnet, Trespass, address_for,
    choose_loopback, choose_subnet, stable_number,
};
pub use config::{
    Balancer, Config, ConfigFault, Forward, MAX_MTU, MIN_MTU, Machine, Name, Offer, Protocol,
    SCHEMA_VERSION, Target,
};
pub use entropy::random;
pub use error::NetError;
pub use frame::{Header, MAX_FRAME, MIN_FRAME, Mac};
pub use gateway::TrespassView;
pub use host::{Host, RouteView, port_owner, routes};
pub use inward::backend::Health;
pub use inward::{BalancerView, ForwardView, TargetView};
pub use link::Fault;
pub use nat::NatView;
pub use network::{Network, PortView};
pub use outside::{Barred, Outside, Surroundings};
pub use smoltcp::time::{Duration, Instant};
pub use switch::{Counters, Emitted, Forwarded, Port, PortId, Switch};
