//! New networks: what is offered, and what is acceptable.

use super::members::Ranges;
use crate::Engine;
use crate::error::{EngineError, Result};
use crete_model::{
    DEFAULT_MTU, ErrorCode, FieldCode, FieldProblem, MAX_MTU, MIN_MTU, NameFault, NetworkDraft,
    NetworkId, NetworkSpec, Params, Problem, Remedy, check_machine_name, params,
};
use crete_net::{CLUSTER_DEFAULTS, Subnet, choose_loopback, choose_subnet, stable_number};
use std::net::Ipv6Addr;
use uuid::Uuid;

/// Bytes of a network's name, which is a DNS label.
const LONGEST_NAME: usize = 63;
/// The network that machines are in for which none was chosen.
const DEFAULT_NAME: &str = "default";
/// Palaces and harbours, offered as names in this order.
const PLACES: &[&str] = &[
    "kommos",
    "amnisos",
    "matala",
    "palaikastro",
    "mochlos",
    "gournia",
    "chania",
    "itanos",
];

/// A subnet that Crete can give to a network: machines of a larger one would have no number of
/// their own on this computer's side.
fn usable(text: &str) -> Option<Subnet> {
    let subnet: Subnet = text.trim().parse().ok()?;
    (24..=28).contains(&subnet.prefix()).then_some(subnet)
}

/// A prefix of the network's own, in the part of the address space that is nobody's (RFC 4193).
fn prefix6(id: NetworkId) -> Ipv6Addr {
    let bytes = stable_number(&id.to_string()).to_be_bytes();
    let pair = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    let first = 0xfd00 | u16::from(bytes[0]);
    Ipv6Addr::new(first, pair(1), pair(3), 1, 0, 0, 0, 0)
}

impl Engine {
    /// Suggests a network.
    #[must_use]
    pub fn offer_network(&self) -> NetworkDraft {
        let subnet = choose_subnet(&Uuid::now_v7().to_string(), &self.taken_subnets(None));
        NetworkDraft {
            name: self.free_network_name(PLACES[0]),
            subnet: subnet.map(|subnet| subnet.to_string()).unwrap_or_default(),
            ipv6: true,
            mtu: DEFAULT_MTU,
            internet: true,
        }
    }

    /// A name no network has: this one, another place, or a numbered one.
    pub(super) fn free_network_name(&self, wanted: &str) -> String {
        let networks = self.networks.all();
        let is_free = |name: &String| !networks.iter().any(|view| view.spec.name == *name);
        let numbered = (2u32..).map(|number| format!("{wanted}-{number}"));
        let places = PLACES.iter().map(|place| (*place).to_owned());
        let first = std::iter::once(wanted.to_owned());
        first
            .chain(places)
            .chain(numbered)
            .find(is_free)
            .unwrap_or_default()
    }

    /// What a new subnet must not share addresses with: this computer's routes and other networks.
    fn taken_subnets(&self, except: Option<NetworkId>) -> Vec<Subnet> {
        let own = self.networks.all();
        let own = own.iter().filter(|view| Some(view.spec.id) != except);
        let own = own.filter_map(|view| view.spec.subnet.parse().ok());
        own.chain((self.network_parts.routes)()).collect()
    }

    fn taken_loopbacks(&self) -> Vec<Subnet> {
        let own = self.networks.all();
        own.iter()
            .filter_map(|view| view.spec.loopback.parse().ok())
            .collect()
    }

    /// Checks a draft field by field. Nothing in it is trusted.
    #[must_use]
    pub fn check_network(&self, draft: &NetworkDraft) -> Vec<FieldProblem> {
        let mut problems = self.check_network_name(&draft.name, None);
        let mut problem = |field: &str, code, params: Params| {
            problems.push(FieldProblem {
                field: field.to_owned(),
                code,
                params,
            });
        };
        if !draft.subnet.trim().is_empty() {
            match usable(&draft.subnet) {
                None => problem("subnet", FieldCode::NotASubnet, Params::new()),
                Some(subnet) => {
                    let taken = self.taken_subnets(None);
                    let in_the_way = taken
                        .iter()
                        .filter(|other| other.prefix() >= 8)
                        .chain(&CLUSTER_DEFAULTS)
                        .find(|other| other.overlaps(subnet));
                    if let Some(other) = in_the_way {
                        problem("subnet", FieldCode::Collides, params! { "with" => other });
                    }
                }
            }
        }
        if draft.mtu < MIN_MTU {
            problem("mtu", FieldCode::TooSmall, params! { "min" => MIN_MTU });
        } else if draft.mtu > MAX_MTU {
            problem("mtu", FieldCode::TooLarge, params! { "max" => MAX_MTU });
        }
        problems
    }

    pub(super) fn check_network_name(
        &self,
        name: &str,
        own: Option<NetworkId>,
    ) -> Vec<FieldProblem> {
        let (code, params) = match check_machine_name(name) {
            Err(NameFault::Empty) => (FieldCode::Missing, Params::new()),
            Err(NameFault::TooLong) => (FieldCode::TooLong, params! { "max" => LONGEST_NAME }),
            Err(NameFault::Characters) => (FieldCode::Characters, Params::new()),
            Ok(()) => {
                let networks = self.networks.all();
                let mut others = networks.iter().filter(|view| Some(view.spec.id) != own);
                if !others.any(|view| view.spec.name == name) {
                    return Vec::new();
                }
                (FieldCode::Taken, params! { "name" => name })
            }
        };
        vec![FieldProblem {
            field: "name".to_owned(),
            code,
            params,
        }]
    }

    /// A network as a checked draft wants it.
    pub(super) fn new_network(&self, draft: &NetworkDraft) -> Result<NetworkSpec> {
        let id = NetworkId(Uuid::now_v7());
        let identity = id.to_string();
        let subnet = match usable(&draft.subnet) {
            Some(subnet) => subnet,
            None => self.free_subnet(id)?,
        };
        let loopback = choose_loopback(&identity, &self.taken_loopbacks()).ok_or_else(full)?;
        Ok(NetworkSpec {
            schema_version: 1,
            id,
            name: draft.name.clone(),
            is_default: false,
            subnet: subnet.to_string(),
            loopback: loopback.to_string(),
            prefix6: draft.ipv6.then(|| prefix6(id).to_string()),
            mtu: draft.mtu,
            internet: draft.internet,
            members: Vec::new(),
            forwards: Vec::new(),
            endpoints: Vec::new(),
            created_at: self.clock.text(),
        })
    }

    /// The network that is there without anybody having made one.
    pub(super) fn new_default_network(&self) -> Result<NetworkSpec> {
        let draft = NetworkDraft {
            name: self.free_network_name(DEFAULT_NAME),
            subnet: String::new(),
            ipv6: true,
            mtu: DEFAULT_MTU,
            internet: true,
        };
        let mut spec = self.new_network(&draft)?;
        spec.is_default = true;
        Ok(spec)
    }

    /// A subnet for a network that collides with nothing as this computer is now.
    pub(super) fn free_subnet(&self, id: NetworkId) -> Result<Subnet> {
        choose_subnet(&id.to_string(), &self.taken_subnets(Some(id))).ok_or_else(full)
    }

    /// Gives a network that comes back from the trash ranges of its own, where another has them.
    pub(super) fn make_room(&self, spec: &mut NetworkSpec) -> Result<()> {
        let ranges = Ranges::of(spec)?;
        let others = self.networks.all();
        let taken = |range: fn(&NetworkSpec) -> &str, own: Subnet| {
            let mut theirs = others
                .iter()
                .filter_map(|view| range(&view.spec).parse().ok());
            theirs.any(|theirs: Subnet| theirs.overlaps(own))
        };
        if taken(|spec| &spec.subnet, ranges.subnet) {
            super::members::resettle(spec, self.free_subnet(spec.id)?);
        }
        if taken(|spec| &spec.loopback, ranges.loopback) {
            let free = choose_loopback(&spec.id.to_string(), &self.taken_loopbacks());
            spec.loopback = free.ok_or_else(full)?.to_string();
        }
        Ok(())
    }
}

fn full() -> EngineError {
    Problem::new(ErrorCode::NoSubnetFree, Params::new())
        .with_remedy(Remedy::Retry)
        .into()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn spec() -> NetworkSpec {
        NetworkSpec {
            schema_version: 1,
            id: NetworkId(Uuid::from_u128(7)),
            name: "kommos".to_owned(),
            is_default: false,
            subnet: "10.88.1.0/24".to_owned(),
            loopback: "127.88.1.0/24".to_owned(),
            prefix6: Some("fd12:3456:789a:1::".to_owned()),
            mtu: DEFAULT_MTU,
            internet: true,
            members: Vec::new(),
            forwards: Vec::new(),
            endpoints: Vec::new(),
            created_at: "2026-11-24T12:00:00.000Z".to_owned(),
        }
    }

    #[test]
    fn subnets_whose_machines_have_no_number_of_their_own_are_refused() {
        for (text, good) in [
            ("10.1.2.0/24", true),
            (" 10.1.2.16/28 ", true),
            ("10.1.0.0/16", false),
            ("10.1.2.0/30", false),
            ("10.1.2.1/24", false),
            ("fd00::/64", false),
            ("x", false),
        ] {
            assert_eq!(usable(text).is_some(), good, "{text}");
        }
    }

    #[test]
    fn the_ipv6_prefix_is_one_nobody_owns() {
        let prefix = prefix6(NetworkId(Uuid::from_u128(7)));
        assert_eq!(prefix.octets()[0], 0xfd);
        assert_eq!(prefix.octets()[8..], [0; 8]);
        assert_ne!(prefix, prefix6(NetworkId(Uuid::from_u128(8))));
    }
}
