//! Which address a machine has.
//!
//! An address is computed from the machine's identity, so it outlives everything: the process, the
//! computer, the machine's disk. Nothing has to be remembered, and nothing can be lost. Only when
//! two identities meet at the same address does the later one (in the order of their names) go on
//! to the next free; whoever drives the network can write an address down to make it certain.

use super::subnet::{Subnet, stable_number};
use crate::frame::Mac;
use serde::{Deserialize, Serialize};
use smoltcp::time::{Duration, Instant};
use std::collections::HashMap;
use std::net::Ipv4Addr;

/// How long a lease lasts. Long, because it never changes; a guest asks again at half of it.
pub(crate) const LEASE: Duration = Duration::from_secs(24 * 3600);
/// How long an address that a guest found in use is given to no stranger.
const DECLINED: Duration = Duration::from_secs(600);
/// Leases of strangers behind one machine: machines within the machine.
const STRANGERS_PER_PORT: usize = 16;
/// Hosts below this number and as many at the end are never computed: the gateway is there, and
/// addresses that people and load balancers choose by hand.
const RESERVED_ENDS: u32 = 16;

/// The address for an identity: from its stable number, then the next that is free.
#[must_use]
pub fn address_for(
    subnet: Subnet,
    identity: &str,
    is_taken: impl Fn(Ipv4Addr) -> bool,
) -> Option<Ipv4Addr> {
    let size = u32::try_from(subnet.size()).unwrap_or(u32::MAX);
    let ends = RESERVED_ENDS.min(size / 8);
    let count = size.checked_sub(2 * ends).filter(|count| *count > 0)?;
    let start = u32::try_from(stable_number(identity) % u64::from(count)).ok()?;
    (0..count).find_map(|step| {
        let address = subnet.host(ends + (start + step) % count)?;
        (subnet.can_be_a_machine(address) && !is_taken(address)).then_some(address)
    })
}

/// A lease as it is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseView {
    /// The card.
    pub mac: Mac,
    /// Its address.
    pub address: Ipv4Addr,
    /// Whose it is; nothing for a stranger behind a machine.
    pub machine: Option<String>,
    /// What the guest calls itself.
    pub host_name: Option<String>,
    /// Seconds until it ends; nothing while the guest has not asked for it.
    pub remaining_s: Option<u64>,
}

#[derive(Debug, Clone)]
struct Lease {
    address: Ipv4Addr,
    machine: Option<String>,
    port: usize,
    host_name: Option<String>,
    until: Option<Instant>,
}

/// A machine and the address written down for it, if one is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claimant<'a> {
    pub(crate) id: &'a str,
    pub(crate) mac: Mac,
    pub(crate) address: Option<Ipv4Addr>,
}

/// The addresses of one network.
#[derive(Debug)]
pub(crate) struct Leases {
    subnet: Subnet,
    by_mac: HashMap<Mac, Lease>,
    by_address: HashMap<Ipv4Addr, Mac>,
    declined: HashMap<Ipv4Addr, Instant>,
}

impl Leases {
    pub(crate) fn new(subnet: Subnet) -> Self {
        Self {
            subnet,
            by_mac: HashMap::new(),
            by_address: HashMap::new(),
            declined: HashMap::new(),
        }
    }

    /// Sets whose addresses are fixed. Strangers keep theirs where it is still free.
    pub(crate) fn assign(&mut self, subnet: Subnet, machines: &[Claimant<'_>]) {
        let before = std::mem::take(&mut self.by_mac);
        self.by_address.clear();
        self.subnet = subnet;
        let mut sorted: Vec<&Claimant<'_>> = machines.iter().collect();
        // Addresses written down first; then in an order that does not depend on who sends the list.
        sorted.sort_by_key(|machine| (machine.address.is_none(), machine.id));
        for machine in sorted {
            let address = machine.address.or_else(|| {
                address_for(subnet, machine.id, |address| {
                    self.by_address.contains_key(&address)
                })
            });
            let Some(address) = address else { continue };
            let old = before
                .get(&machine.mac)
                .filter(|old| old.address == address);
            let lease = Lease {
                address,
                machine: Some(machine.id.to_owned()),
                port: usize::MAX,
                host_name: old.and_then(|old| old.host_name.clone()),
                until: old.and_then(|old| old.until),
            };
            self.insert(machine.mac, lease);
        }
        for (mac, lease) in before {
            let free =
                !self.by_mac.contains_key(&mac) && !self.by_address.contains_key(&lease.address);
            if lease.machine.is_none() && free && subnet.can_be_a_machine(lease.address) {
                self.insert(mac, lease);
            }
        }
    }

    fn insert(&mut self, mac: Mac, lease: Lease) {
        self.by_address.insert(lease.address, mac);
        self.by_mac.insert(mac, lease);
    }

    /// The address of a card; a stranger behind `port` is given one, if there is room. `in_use`
    /// tells of addresses that somebody else was heard on.
    pub(crate) fn address(
        &mut self,
        mac: Mac,
        port: usize,
        now: Instant,
        in_use: impl Fn(Ipv4Addr) -> bool,
    ) -> Option<Ipv4Addr> {
        if let Some(lease) = self.by_mac.get(&mac) {
            return Some(lease.address);
        }
        self.declined.retain(|_, until| now < *until);
        let strangers = |lease: &&Lease| lease.machine.is_none() && lease.port == port;
        if self.by_mac.values().filter(strangers).count() >= STRANGERS_PER_PORT {
            self.expire(now);
            if self.by_mac.values().filter(strangers).count() >= STRANGERS_PER_PORT {
                return None;
            }
        }
        let address = address_for(self.subnet, &mac.to_string(), |address| {
            self.by_address.contains_key(&address)
                || self.declined.contains_key(&address)
                || in_use(address)
        })?;
        let lease = Lease {
            address,
            machine: None,
            port,
            host_name: None,
            until: Some(now + Duration::from_secs(60)),
        };
        self.insert(mac, lease);
        Some(address)
    }

    /// Notes that a guest has taken its lease.
    pub(crate) fn granted(&mut self, mac: Mac, host_name: Option<&str>, now: Instant) {
        if let Some(lease) = self.by_mac.get_mut(&mac) {
            lease.until = Some(now + LEASE);
            if let Some(name) = host_name {
                lease.host_name = Some(name.to_owned());
            }
        }
    }

    /// Notes that a guest gave its lease back.
    pub(crate) fn released(&mut self, mac: Mac) {
        if let Some(lease) = self.by_mac.get_mut(&mac) {
            lease.until = None;
            if lease.machine.is_none() {
                let address = lease.address;
                self.by_mac.remove(&mac);
                self.by_address.remove(&address);
            }
        }
    }

    /// Notes that a guest found its address in use. A stranger is offered another the next time; a
    /// machine's own stays its own.
    pub(crate) fn declined(&mut self, mac: Mac, now: Instant) {
        let Some(lease) = self.by_mac.get(&mac) else {
            return;
        };
        if lease.machine.is_none() {
            self.declined.insert(lease.address, now + DECLINED);
        }
        self.released(mac);
    }

    /// Forgets strangers whose lease has ended.
    pub(crate) fn expire(&mut self, now: Instant) {
        let by_address = &mut self.by_address;
        self.by_mac.retain(|_, lease| {
            let kept = lease.machine.is_some() || lease.until.is_some_and(|until| now < until);
            if !kept {
                by_address.remove(&lease.address);
            }
            kept
        });
    }

    /// The card an address belongs to.
    pub(crate) fn owner(&self, address: Ipv4Addr) -> Option<Mac> {
        self.by_address.get(&address).copied()
    }

    /// The address of a card that has one already.
    pub(crate) fn known(&self, mac: Mac) -> Option<Ipv4Addr> {
        self.by_mac.get(&mac).map(|lease| lease.address)
    }

    /// The address of a machine.
    pub(crate) fn of_machine(&self, id: &str) -> Option<Ipv4Addr> {
        let is_it = |lease: &&Lease| lease.machine.as_deref() == Some(id);
        self.by_mac.values().find(is_it).map(|lease| lease.address)
    }

    /// Every lease, in the order of addresses.
    pub(crate) fn view(&self, now: Instant) -> Vec<LeaseView> {
        let mut leases: Vec<LeaseView> = self
            .by_mac
            .iter()
            .map(|(mac, lease)| LeaseView {
                mac: *mac,
                address: lease.address,
                machine: lease.machine.clone(),
                host_name: lease.host_name.clone(),
                remaining_s: lease
                    .until
                    .filter(|until| now < *until)
                    .map(|until| (until - now).secs()),
            })
            .collect();
        leases.sort_by_key(|lease| lease.address);
        leases
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn net() -> Subnet {
        "10.131.7.0/24".parse().unwrap()
    }

    fn mac(n: u8) -> Mac {
        Mac([0x52, 0x54, 0, 0, 1, n])
    }

    fn at(seconds: i64) -> Instant {
        Instant::from_secs(seconds)
    }

    #[test]
    fn a_machine_keeps_its_address_whoever_else_is_there() {
        let alone = |ids: &[&str]| {
            let machines: Vec<_> = ids
                .iter()
                .enumerate()
                .map(|(n, id)| Claimant {
                    id,
                    mac: mac(u8::try_from(n).unwrap()),
                    address: None,
                })
                .collect();
            let mut leases = Leases::new(net());
            leases.assign(net(), &machines);
            ids.iter()
                .enumerate()
                .map(|(n, _)| leases.known(mac(u8::try_from(n).unwrap())).unwrap())
                .collect::<Vec<_>>()
        };
        let together = alone(&["knossos-1", "knossos-2", "worker"]);
        let reversed = alone(&["worker", "knossos-2", "knossos-1"]);
        assert_eq!(together[0], alone(&["knossos-1"])[0]);
        assert_eq!(together, reversed.into_iter().rev().collect::<Vec<_>>());
    }

    #[test]
    fn an_address_written_down_wins_over_a_computed_one() {
        let computed = address_for(net(), "a", |_| false).unwrap();
        let mut leases = Leases::new(net());
        let machines = [
            Claimant {
                id: "a",
                mac: mac(1),
                address: None,
            },
            Claimant {
                id: "b",
                mac: mac(2),
                address: Some(computed),
            },
        ];
        leases.assign(net(), &machines);
        assert_eq!(leases.known(mac(2)), Some(computed));
        assert_ne!(leases.known(mac(1)).unwrap(), computed);
    }

    #[test]
    fn strangers_have_room_for_a_few_and_take_nobodys_address() {
        let mut leases = Leases::new(net());
        leases.assign(
            net(),
            &[Claimant {
                id: "a",
                mac: mac(250),
                address: None,
            }],
        );
        let given: Vec<_> = (0..40)
            .filter_map(|n| leases.address(mac(n), 3, at(0), |_| false))
            .collect();
        assert_eq!(given.len(), STRANGERS_PER_PORT);
        assert!(!given.contains(&leases.known(mac(250)).unwrap()));
        // Another port has its own room; and what was never taken is free again after a while.
        assert!(leases.address(mac(41), 4, at(1), |_| false).is_some());
        assert!(leases.address(mac(42), 3, at(61), |_| false).is_some());
    }

    #[test]
    fn a_stranger_that_found_its_address_in_use_gets_another() {
        let mut leases = Leases::new(net());
        let first = leases.address(mac(1), 0, at(0), |_| false).unwrap();
        leases.declined(mac(1), at(0));
        let second = leases.address(mac(1), 0, at(1), |_| false).unwrap();
        assert_ne!(first, second);
        leases.released(mac(1));
        assert_eq!(leases.address(mac(1), 0, at(1000), |_| false), Some(first));
        leases.released(mac(1));
        assert_ne!(
            leases.address(mac(1), 0, at(1000), |a| a == first),
            Some(first)
        );
    }

    #[test]
    fn a_machine_that_declines_keeps_what_is_its_own() {
        let mut leases = Leases::new(net());
        leases.assign(
            net(),
            &[Claimant {
                id: "a",
                mac: mac(1),
                address: None,
            }],
        );
        let own = leases.known(mac(1));
        leases.granted(mac(1), Some("n"), at(0));
        leases.declined(mac(1), at(1));
        assert_eq!(leases.address(mac(1), 0, at(2), |_| true), own);
        assert_eq!(leases.view(at(2))[0].remaining_s, None);
    }

    proptest! {
        #[test]
        fn computed_addresses_differ_and_are_in_the_subnet(
            ids in prop::collection::hash_set("[a-z0-9]{1,12}", 1..60),
            prefix in 22u8..=25,
        ) {
            let subnet = Subnet::around(Ipv4Addr::new(10, 1, 0, 0), prefix).unwrap();
            let machines: Vec<_> = ids
                .iter()
                .enumerate()
                .map(|(n, id)| Claimant { id, mac: mac(u8::try_from(n).unwrap()), address: None })
                .collect();
            let mut leases = Leases::new(subnet);
            leases.assign(subnet, &machines);
            let addresses: std::collections::HashSet<_> =
                leases.view(at(0)).into_iter().map(|lease| lease.address).collect();
            prop_assert_eq!(addresses.len(), ids.len());
            prop_assert!(addresses.iter().all(|address| subnet.can_be_a_machine(*address)));
        }
    }
}
