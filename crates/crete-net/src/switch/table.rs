//! Which port a station was last heard on.
//!
//! The table is bounded twice: a port may fill its own share and no more, so that a guest inventing
//! addresses makes its own frames flood and nobody else's. The hash is keyed, so that addresses
//! chosen to collide cannot be computed from outside.

use super::PortId;
use crate::frame::Mac;
use smoltcp::time::{Duration, Instant};
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};

/// How long a silent station is remembered; the standard's default.
const REMEMBERED: Duration = Duration::from_secs(300);
/// Addresses one port may fill. A node with a bridge of its own shows one per pod, 110 at most.
const PER_PORT: usize = 256;

/// Learned stations.
#[derive(Debug)]
pub(super) struct Table {
    stations: HashMap<u64, Station, Keyed>,
    /// Stations per port, by index.
    shares: Vec<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Station {
    port: PortId,
    heard: Instant,
    /// Given to the port: it neither ages nor moves, and counts against nobody's share.
    fixed: bool,
}

/// What became of an address that was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// It is at this port.
    Here,
    /// It may be, but the port's share is full.
    Unlearned,
    /// It belongs to another port.
    Elsewhere,
}

impl Table {
    pub(super) fn new(key: u64) -> Self {
        Self {
            stations: HashMap::with_capacity_and_hasher(1024, Keyed(key | 1)),
            shares: Vec::new(),
        }
    }

    fn share(&mut self, port: PortId) -> &mut usize {
        if self.shares.len() <= port.0 {
            self.shares.resize(port.0 + 1, 0);
        }
        &mut self.shares[port.0]
    }

    /// Gives an address to a port, for as long as the port exists.
    pub(super) fn fix(&mut self, mac: Mac, port: PortId) {
        let station = Station {
            port,
            heard: Instant::ZERO,
            fixed: true,
        };
        if let Some(before) = self.stations.insert(mac.number(), station)
            && !before.fixed
        {
            *self.share(before.port) -= 1;
        }
    }

    /// Notes that a station was heard on a port.
    pub(super) fn hear(&mut self, mac: Mac, port: PortId, now: Instant) -> Heard {
        if let Some(station) = self.stations.get_mut(&mac.number()) {
            if station.port == port {
                station.heard = now;
                return Heard::Here;
            }
            if station.fixed {
                return Heard::Elsewhere;
            }
        }
        if *self.share(port) >= PER_PORT {
            return Heard::Unlearned;
        }
        *self.share(port) += 1;
        let station = Station {
            port,
            heard: now,
            fixed: false,
        };
        if let Some(before) = self.stations.insert(mac.number(), station) {
            *self.share(before.port) -= 1;
        }
        Heard::Here
    }

    /// The port a station belongs to, or was heard on while that is fresh.
    pub(super) fn find(&self, mac: Mac, now: Instant) -> Option<PortId> {
        let station = self.stations.get(&mac.number())?;
        (station.fixed || now < station.heard + REMEMBERED).then_some(station.port)
    }

    /// Forgets everybody heard on a port, but not whom the port was given.
    pub(super) fn forget(&mut self, port: PortId) {
        self.stations
            .retain(|_, station| station.port != port || station.fixed);
        *self.share(port) = 0;
    }

    /// Forgets a port that is no more.
    pub(super) fn remove(&mut self, port: PortId) {
        self.stations.retain(|_, station| station.port != port);
        *self.share(port) = 0;
    }

    /// Forgets who has been silent too long, so that their share is free again.
    pub(super) fn age(&mut self, now: Instant) {
        let shares = &mut self.shares;
        self.stations.retain(|_, station| {
            let fresh = station.fixed || now < station.heard + REMEMBERED;
            if !fresh {
                shares[station.port.0] -= 1;
            }
            fresh
        });
    }
}

/// A multiplicative hash under a secret odd key. Enough for six bytes, and a tenth of SipHash.
#[derive(Debug, Clone, Copy)]
struct Keyed(u64);

impl BuildHasher for Keyed {
    type Hasher = Folding;

    fn build_hasher(&self) -> Folding {
        Folding {
            key: self.0,
            state: 0,
        }
    }
}

struct Folding {
    key: u64,
    state: u64,
}

impl Hasher for Folding {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    #[allow(
        clippy::cast_possible_truncation,
        reason = "the two halves of the product are meant"
    )]
    fn write_u64(&mut self, number: u64) {
        let product =
            u128::from(self.state ^ number ^ self.key.rotate_left(32)) * u128::from(self.key);
        self.state = (product as u64) ^ ((product >> 64) as u64);
    }

    fn finish(&self) -> u64 {
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mac(n: u32) -> Mac {
        let [a, b, c, d] = n.to_be_bytes();
        Mac([0x52, 0x54, a, b, c, d])
    }

    fn at(seconds: i64) -> Instant {
        Instant::from_secs(seconds)
    }

    #[test]
    fn a_silent_station_is_forgotten_and_its_share_freed() {
        let mut table = Table::new(9);
        table.hear(mac(1), PortId(3), at(0));
        assert_eq!(table.find(mac(1), at(299)), Some(PortId(3)));
        assert_eq!(table.find(mac(1), at(300)), None);
        table.age(at(300));
        assert_eq!(*table.share(PortId(3)), 0);
        assert!(table.stations.is_empty());
    }

    #[test]
    fn a_flood_of_addresses_fills_only_its_own_share() {
        let mut table = Table::new(9);
        table.hear(mac(9_999_999), PortId(0), at(0));
        let learned = (0..100_000)
            .filter(|n| table.hear(mac(*n), PortId(1), at(1)) == Heard::Here)
            .count();
        assert_eq!(learned, PER_PORT);
        assert_eq!(table.find(mac(9_999_999), at(2)), Some(PortId(0)));
        assert_eq!(table.hear(mac(5_000_000), PortId(2), at(2)), Heard::Here);
    }

    #[test]
    fn a_station_that_moves_is_found_at_its_new_port() {
        let mut table = Table::new(9);
        table.hear(mac(1), PortId(0), at(0));
        table.hear(mac(1), PortId(1), at(1));
        assert_eq!(table.find(mac(1), at(2)), Some(PortId(1)));
        assert_eq!((*table.share(PortId(0)), *table.share(PortId(1))), (0, 1));
        table.forget(PortId(1));
        assert_eq!(table.find(mac(1), at(2)), None);
    }

    #[test]
    fn an_address_given_to_a_port_neither_ages_nor_moves() {
        let mut table = Table::new(9);
        table.hear(mac(1), PortId(1), at(0));
        table.fix(mac(1), PortId(0));
        assert_eq!(table.hear(mac(1), PortId(1), at(1)), Heard::Elsewhere);
        table.forget(PortId(0));
        table.age(at(10_000));
        assert_eq!(table.find(mac(1), at(10_000)), Some(PortId(0)));
        table.remove(PortId(0));
        assert_eq!(table.find(mac(1), at(10_000)), None);
    }
}
