//! Addresses: who gets which, who has which, and who may claim which.

pub(crate) mod dhcp;
pub(crate) mod guard;
pub(crate) mod lease;
pub(crate) mod nd;
pub(crate) mod neighbours;
mod request;
mod subnet;

pub use guard::Trespass;
pub use lease::{LeaseView, address_for};
pub use neighbours::NeighbourView;
pub use subnet::{
    CLUSTER_DEFAULTS, NotASubnet, Subnet, choose_loopback, choose_subnet, stable_number,
};
