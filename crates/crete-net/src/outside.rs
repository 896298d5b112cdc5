//! The host's network, as a network's way out sees it: the one place where it is decided what a
//! machine may reach.

use crate::address::Subnet;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;

/// Why an address outside is not spoken with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barred {
    /// It is an address of this computer, or means one.
    ThisComputer,
    /// It is no address of one station, or reaches no further than a wire.
    NotOneStation,
    /// Nothing leads there.
    NoRoute,
}

/// What a network must be told of the host it runs on.
pub trait Outside: Send {
    /// The resolvers the host uses now.
    fn resolvers(&mut self) -> Vec<SocketAddr>;

    /// Whether a machine may speak with an address.
    ///
    /// # Errors
    /// Why not.
    fn admit(&mut self, address: IpAddr) -> Result<(), Barred>;

    /// Where a connection to an admitted address is really made.
    fn place(&mut self, to: SocketAddr) -> SocketAddr {
        to
    }

    /// Whether the host has a way out for IPv6.
    fn leads_out_v6(&mut self) -> bool;

    /// A route of the host that shares addresses with a subnet.
    fn overlapping(&mut self, _subnet: Subnet) -> Option<Subnet> {
        None
    }

    /// A descriptor that becomes readable when the host's routes have changed. What is read from it
    /// means nothing.
    fn news(&mut self) -> Option<OwnedFd> {
        None
    }
}

/// What a network is given beside its configuration.
pub struct Surroundings {
    /// The host's network.
    pub outside: Box<dyn Outside>,
    /// Numbers nobody can guess.
    pub random: Box<dyn FnMut() -> u64 + Send>,
    /// The time since the beginning of 1970, for machines that ask.
    pub wall_clock: Box<dyn Fn() -> std::time::Duration + Send>,
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").finish_non_exhaustive()
    }
}
