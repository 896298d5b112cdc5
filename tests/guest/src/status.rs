//! What the node is, as its parts tell it and one another. Observed only: nothing is commanded
//! through it.
//!
//! ```text
//! Booting ─▶ Maintenance ─▶ ShuttingDown | Rebooting
//! ```

use std::net::{IpAddr, Ipv4Addr};
use tokio::sync::watch;

/// Where the node stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    /// Up to the question for a configuration.
    #[default]
    Booting,
    /// Waiting for a configuration.
    Maintenance,
    /// On the way to power off.
    ShuttingDown,
    /// On the way to a new boot.
    Rebooting,
}

impl Stage {
    /// The dashboard's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Booting => "Booting",
            Self::Maintenance => "Maintenance",
            Self::ShuttingDown => "Shutting down",
            Self::Rebooting => "Rebooting",
        }
    }
}

/// An address with the length of its network's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// The address. IPv4 sorts before IPv6.
    pub ip: IpAddr,
    /// Bits of the prefix.
    pub prefix: u8,
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.ip, self.prefix)
    }
}

/// Everything the parts tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// Where the node stands.
    pub stage: Stage,
    /// Addresses others can reach, sorted: neither loopback nor link-local.
    pub addresses: Vec<Address>,
    /// Router of the IPv4 network.
    pub gateway: Option<Ipv4Addr>,
    /// Name given by DHCP.
    pub hostname: Option<String>,
    /// True while the API can be reached on some address.
    pub api_up: bool,
}

/// The one value all parts share; each changes its own fields.
#[derive(Debug, Clone)]
pub struct Board(watch::Sender<Status>);

impl Default for Board {
    fn default() -> Self {
        Self(watch::Sender::new(Status::default()))
    }
}

impl Board {
    /// Changes the status; those who watch hear of it only when it really changed.
    pub fn change(&self, change: impl FnOnce(&mut Status)) {
        self.0.send_if_modified(|status| {
            let before = status.clone();
            change(status);
            *status != before
        });
    }

    /// The status now.
    #[must_use]
    pub fn now(&self) -> Status {
        self.0.borrow().clone()
    }

    /// Hears of changes.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.0.subscribe()
    }
}
