//! Who was heard to have which address, by ARP and neighbour discovery.
//!
//! A virtual address moves from one machine to another, and that is right; when it moves back and
//! forth, two machines claim it at once, and that is a conflict worth telling.

use crate::frame::Mac;
use serde::{Deserialize, Serialize};
use smoltcp::time::{Duration, Instant};
use std::collections::HashMap;
use std::net::IpAddr;

/// How long a word is good. Guests confirm their neighbours about every half minute.
const REMEMBERED: Duration = Duration::from_secs(600);
/// Moves within a minute that mean a conflict.
const MOVES: u32 = 4;
const WITHIN: Duration = Duration::from_secs(60);
/// Addresses one card may claim.
const PER_CARD: usize = 64;

/// A neighbour as it is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeighbourView {
    /// Its address.
    pub address: IpAddr,
    /// The card that has it.
    pub mac: Mac,
    /// Seconds since it was last heard.
    pub heard_s: u64,
    /// Whether two cards claim the address at the same time.
    pub contested: bool,
}

#[derive(Debug, Clone, Copy)]
struct Neighbour {
    mac: Mac,
    heard: Instant,
    moves: u32,
    counted_from: Instant,
}

impl Neighbour {
    fn contested(&self, now: Instant) -> bool {
        self.moves >= MOVES && now < self.counted_from + WITHIN
    }
}

/// The table.
#[derive(Debug, Default)]
pub(crate) struct Neighbours {
    heard: HashMap<IpAddr, Neighbour>,
}

impl Neighbours {
    /// Notes that a card speaks under an address.
    pub(crate) fn hear(&mut self, address: IpAddr, mac: Mac, now: Instant) {
        if address.is_unspecified() || address.is_multicast() {
            return;
        }
        if let Some(neighbour) = self.heard.get_mut(&address) {
            if neighbour.mac != mac {
                if now >= neighbour.counted_from + WITHIN {
                    neighbour.counted_from = now;
                    neighbour.moves = 0;
                }
                neighbour.mac = mac;
                neighbour.moves += 1;
            }
            neighbour.heard = now;
            return;
        }
        if self.heard.values().filter(|known| known.mac == mac).count() >= PER_CARD {
            return;
        }
        let neighbour = Neighbour {
            mac,
            heard: now,
            moves: 0,
            counted_from: now,
        };
        self.heard.insert(address, neighbour);
    }

    /// The card that has an address.
    pub(crate) fn find(&self, address: IpAddr, now: Instant) -> Option<Mac> {
        let neighbour = self.heard.get(&address)?;
        (now < neighbour.heard + REMEMBERED).then_some(neighbour.mac)
    }

    /// Forgets what a card was heard to have: it is gone.
    pub(crate) fn forget(&mut self, mac: Mac) {
        self.heard.retain(|_, known| known.mac != mac);
    }

    /// Forgets what is no longer good.
    pub(crate) fn age(&mut self, now: Instant) {
        self.heard.retain(|_, known| now < known.heard + REMEMBERED);
    }

    /// Every neighbour, in the order of addresses.
    pub(crate) fn view(&self, now: Instant) -> Vec<NeighbourView> {
        let mut neighbours: Vec<NeighbourView> = self
            .heard
            .iter()
            .map(|(address, known)| NeighbourView {
                address: *address,
                mac: known.mac,
                heard_s: (now - known.heard).secs(),
                contested: known.contested(now),
            })
            .collect();
        neighbours.sort_by_key(|neighbour| neighbour.address);
        neighbours
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mac(n: u8) -> Mac {
        Mac([0x52, 0x54, 0, 0, 0, n])
    }

    fn vip() -> IpAddr {
        "10.0.0.50".parse().unwrap()
    }

    #[test]
    fn a_virtual_address_moves_without_a_conflict() {
        let mut table = Neighbours::default();
        table.hear(vip(), mac(1), Instant::from_secs(0));
        table.hear(vip(), mac(2), Instant::from_secs(10));
        assert_eq!(table.find(vip(), Instant::from_secs(11)), Some(mac(2)));
        assert!(!table.view(Instant::from_secs(11))[0].contested);
    }

    #[test]
    fn two_cards_that_insist_are_a_conflict_until_one_gives_in() {
        let mut table = Neighbours::default();
        for second in 0..8 {
            table.hear(
                vip(),
                mac(u8::try_from(second % 2).unwrap()),
                Instant::from_secs(second),
            );
        }
        assert!(table.view(Instant::from_secs(8))[0].contested);
        assert!(!table.view(Instant::from_secs(80))[0].contested);
    }

    #[test]
    fn one_card_cannot_fill_the_table() {
        let mut table = Neighbours::default();
        for n in 0..10_000u32 {
            let address = std::net::Ipv4Addr::from_bits(0x0a00_0000 + n);
            table.hear(address.into(), mac(1), Instant::ZERO);
        }
        assert_eq!(table.heard.len(), PER_CARD);
        table.hear(vip(), mac(2), Instant::ZERO);
        assert_eq!(table.find(vip(), Instant::ZERO), Some(mac(2)));
        table.age(Instant::from_secs(600));
        assert!(table.heard.is_empty());
    }
}
