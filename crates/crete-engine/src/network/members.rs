//! Who has which address. Pure.
//!
//! An address is computed from the machine's id the first time, and written down: from then on it
//! is the machine's, whoever comes and goes. The number of the host is the same on both sides, so
//! that 10.88.1.21 inside is 127.88.1.21 on this computer.

use crate::error::{Result, internal};
use crete_model::{MachineId, Member, NetworkSpec};
use crete_net::{Subnet, address_for};
use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr};

/// What a network's record says of its addresses, understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ranges {
    pub subnet: Subnet,
    pub loopback: Subnet,
    pub prefix6: Option<Ipv6Addr>,
}

impl Ranges {
    /// Reads them.
    pub fn of(spec: &NetworkSpec) -> Result<Self> {
        let prefix6 = spec.prefix6.as_deref().map(str::parse).transpose();
        Ok(Self {
            subnet: spec.subnet.parse().map_err(internal)?,
            loopback: spec.loopback.parse().map_err(internal)?,
            prefix6: prefix6.map_err(internal)?,
        })
    }

    /// The address of this computer that stands for a machine.
    pub fn host_address(&self, address: Ipv4Addr) -> Ipv4Addr {
        let [a, b, c, _] = self.loopback.gateway().octets();
        Ipv4Addr::new(a, b, c, address.octets()[3])
    }
}

/// A machine's address in a network, if it has one that is good.
pub(super) fn address_of(spec: &NetworkSpec, machine: MachineId) -> Option<Ipv4Addr> {
    let member = spec.members.iter().find(|one| one.machine == machine)?;
    member.address.parse().ok()
}

/// Gives an address to every machine that has none. What others have is not touched; only when none
/// is left, machines that are not there lose theirs. Machines beyond that stay without.
pub(super) fn seat(spec: &mut NetworkSpec, subnet: Subnet, machines: &[MachineId]) {
    let mut taken = HashSet::new();
    spec.members.retain(|member| {
        let address = member.address.parse();
        address.is_ok_and(|address| subnet.can_be_a_machine(address) && taken.insert(address))
    });
    for machine in machines {
        if spec.members.iter().any(|one| one.machine == *machine) {
            continue;
        }
        let free = |taken: &HashSet<Ipv4Addr>| {
            address_for(subnet, &machine.to_string(), |one| taken.contains(&one))
        };
        let address = free(&taken).or_else(|| {
            let absent = |one: &Member| !machines.contains(&one.machine);
            let at = spec.members.iter().position(absent)?;
            taken.remove(&spec.members.remove(at).address.parse().ok()?);
            free(&taken)
        });
        if let Some(address) = address {
            taken.insert(address);
            spec.members.push(Member {
                machine: *machine,
                address: address.to_string(),
                cut: false,
            });
        }
    }
}

/// Moves every address into another subnet, with the same number of the host.
pub(super) fn resettle(spec: &mut NetworkSpec, subnet: Subnet) {
    let [a, b, c, _] = subnet.gateway().octets();
    for member in &mut spec.members {
        if let Ok(address) = member.address.parse::<Ipv4Addr>() {
            member.address = Ipv4Addr::new(a, b, c, address.octets()[3]).to_string();
        }
    }
    spec.subnet = subnet.to_string();
}

#[cfg(test)]
mod tests {
    use super::super::draft::tests::spec;
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn subnet() -> Subnet {
        "10.88.1.0/24".parse().unwrap()
    }

    fn ids(numbers: &[u128]) -> Vec<MachineId> {
        numbers
            .iter()
            .map(|number| MachineId(Uuid::from_u128(*number)))
            .collect()
    }

    #[test]
    fn the_host_has_the_same_number_on_both_sides() {
        let ranges = Ranges::of(&spec()).unwrap();
        assert_eq!(
            ranges.host_address(Ipv4Addr::new(10, 88, 1, 21)),
            Ipv4Addr::new(127, 88, 1, 21)
        );
    }

    #[test]
    fn an_address_that_cannot_be_is_given_anew() {
        let mut spec = spec();
        let [a, b] = ids(&[1, 2])[..] else { return };
        for (machine, address) in [(a, "10.88.1.30"), (b, "10.88.1.30"), (b, "192.0.2.1")] {
            spec.members.push(Member {
                machine,
                address: address.to_owned(),
                cut: false,
            });
        }
        seat(&mut spec, subnet(), &[a, b]);
        assert_eq!(address_of(&spec, a), Some(Ipv4Addr::new(10, 88, 1, 30)));
        assert_ne!(address_of(&spec, b), address_of(&spec, a));
        assert_eq!(spec.members.len(), 2);
    }

    #[test]
    fn a_full_network_seats_nobody_more() {
        let mut spec = spec();
        let many: Vec<MachineId> = ids(&(0..300).collect::<Vec<_>>());
        seat(&mut spec, subnet(), &many);
        assert_eq!(spec.members.len(), 224, "256 but for 16 at either end");
        let late = ids(&[1000]);
        seat(&mut spec, subnet(), &late);
        assert!(
            address_of(&spec, late[0]).is_some(),
            "of one that is not there any more"
        );
        assert_eq!(spec.members.len(), 224);
    }

    #[test]
    fn another_subnet_keeps_the_numbers() {
        let mut spec = spec();
        let [a] = ids(&[1])[..] else { return };
        seat(&mut spec, subnet(), &[a]);
        let before = address_of(&spec, a).unwrap().octets()[3];
        resettle(&mut spec, "10.9.9.0/24".parse().unwrap());
        assert_eq!(address_of(&spec, a), Some([10, 9, 9, before].into()));
        assert_eq!(spec.subnet, "10.9.9.0/24");
    }

    proptest! {
        /// Whoever comes and goes, an address stays what it was, and is nobody else's.
        #[test]
        fn addresses_outlive_their_neighbours(
            first in proptest::collection::hash_set(any::<u128>(), 1..60),
            later in proptest::collection::hash_set(any::<u128>(), 1..60),
        ) {
            let mut spec = spec();
            let first = ids(&first.into_iter().collect::<Vec<_>>());
            seat(&mut spec, subnet(), &first);
            let before = spec.members.clone();
            let later = ids(&later.into_iter().collect::<Vec<_>>());
            seat(&mut spec, subnet(), &later);
            prop_assert_eq!(&spec.members[..before.len()], &before[..]);
            let addresses: HashSet<_> = spec.members.iter().map(|one| &one.address).collect();
            prop_assert_eq!(addresses.len(), spec.members.len());
        }
    }
}
