//! Endpoints of clusters: a port of the gateway that leads to whichever control plane answers, or an
//! address that the control planes hold in turn; and a port of this computer that leads there.

use super::members::Ranges;
use crate::Engine;
use crate::error::{EngineError, Result, internal};
use crete_model::{
    ClusterEndpoint, ClusterId, EndpointKind, MachineId, NetworkEndpoint, NetworkId, NetworkSpec,
    network_name,
};
use crete_net::{Balancer, Forward, Machine, Name, Protocol, Target};
use std::net::{IpAddr, Ipv4Addr};

/// The port of the Kubernetes API on every control plane.
const API: u16 = 6443;
/// The port of Talos on every machine.
const TALOS: u16 = 50000;
/// Numbers of hosts that no machine is given, and that are offered as virtual addresses.
const VIRTUAL: std::ops::RangeInclusive<u8> = 5..=15;

/// What a network's process is told of endpoints.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub forwards: Vec<Forward>,
    pub balancers: Vec<Balancer>,
    pub names: Vec<Name>,
}

/// Endpoints whose control planes are there. Pure.
pub(super) fn told(spec: &NetworkSpec, machines: &[Machine]) -> Result<Told> {
    let mut all = Told::default();
    for endpoint in &spec.endpoints {
        let targets = targets(endpoint, machines, API);
        if targets.is_empty() {
            continue;
        }
        let mut addresses = Vec::new();
        match &endpoint.address {
            Some(address) => addresses.push(address.parse().map_err(internal)?),
            None => all.balancers.push(Balancer {
                port: endpoint.port,
                targets: targets.clone(),
            }),
        }
        all.names.push(Name {
            name: network_name("api", Some(&endpoint.name)),
            addresses,
        });
        let listen: IpAddr = endpoint.listen.parse().map_err(internal)?;
        all.forwards.push(Forward {
            id: endpoint.cluster.to_string(),
            protocol: Protocol::Tcp,
            listen: (listen, endpoint.listen_port).into(),
            targets,
            exposed: false,
        });
        if endpoint.talos_port != 0 {
            all.forwards.push(Forward {
                id: format!("talos-{}", endpoint.cluster),
                protocol: Protocol::Tcp,
                listen: (listen, endpoint.talos_port).into(),
                targets: self::targets(endpoint, machines, TALOS),
                exposed: false,
            });
        }
    }
    Ok(all)
}

/// Where an endpoint leads: to every control plane that is there. From this computer that is better
/// than a virtual address, which nobody holds before etcd is up.
fn targets(endpoint: &NetworkEndpoint, machines: &[Machine], port: u16) -> Vec<Target> {
    let names = endpoint.machines.iter().map(ToString::to_string);
    let there = names.filter(|id| machines.iter().any(|one| one.id == *id));
    there
        .map(|machine| Target::Machine { machine, port })
        .collect()
}

/// An endpoint as its cluster keeps it.
fn seen(spec: &NetworkSpec, endpoint: &NetworkEndpoint) -> Result<ClusterEndpoint> {
    let gateway = Ranges::of(spec)?.subnet.gateway();
    Ok(ClusterEndpoint {
        inside: endpoint
            .address
            .clone()
            .unwrap_or_else(|| gateway.to_string()),
        inside_port: endpoint.port,
        outside: endpoint.listen.clone(),
        outside_port: endpoint.listen_port,
        talos_port: endpoint.talos_port,
    })
}

/// Gives a cluster an endpoint, or brings the one it has up to date. What was given once stays: it
/// stands in certificates.
fn settle(
    spec: &mut NetworkSpec,
    (cluster, name): (ClusterId, &str),
    kind: &EndpointKind,
    machines: Vec<MachineId>,
) -> Result<()> {
    let ranges = Ranges::of(spec)?;
    let listen = ranges.host_address(ranges.subnet.gateway()).to_string();
    let ports = taken_ports(spec, &listen);
    let talos_port = free_port(TALOS, ports.iter().copied());
    if let Some(known) = spec.endpoints.iter_mut().find(|one| one.cluster == cluster) {
        known.machines = machines;
        if known.talos_port == 0 {
            // It was made before there was one.
            known.talos_port = talos_port;
        }
        return Ok(());
    }
    let [a, b, c, _] = ranges.subnet.gateway().octets();
    let address = match kind {
        EndpointKind::LoadBalancer => None,
        EndpointKind::VirtualIp { address } if !address.trim().is_empty() => {
            Some(address.trim().to_owned())
        }
        EndpointKind::VirtualIp { .. } => {
            let taken = |address: &String| {
                let held = |one: &NetworkEndpoint| one.address.as_ref() == Some(address);
                spec.endpoints.iter().any(held)
                    || spec.members.iter().any(|one| one.address == *address)
            };
            let mut free = VIRTUAL.map(|host| Ipv4Addr::new(a, b, c, host).to_string());
            let found = free.find(|address| !taken(address));
            Some(found.ok_or_else(|| internal("no address is left for an endpoint"))?)
        }
    };
    let gateway_ports = spec.endpoints.iter().filter(|one| one.address.is_none());
    let port = match address {
        Some(_) => API,
        None => free_port(API, gateway_ports.map(|one| one.port)),
    };
    let listen_port = free_port(API, ports.into_iter());
    spec.endpoints.push(NetworkEndpoint {
        cluster,
        name: name.to_owned(),
        machines,
        port,
        address,
        listen,
        listen_port,
        talos_port,
    });
    Ok(())
}

/// Ports of an address of this computer that are given already.
fn taken_ports(spec: &NetworkSpec, listen: &str) -> Vec<u16> {
    let forwards = spec.forwards.iter().filter(|one| one.listen == listen);
    let forwards = forwards.map(|one| one.listen_port);
    let endpoints = spec.endpoints.iter();
    let endpoints = endpoints.flat_map(|one| [one.listen_port, one.talos_port]);
    forwards.chain(endpoints).collect()
}

/// The first port from a usual one on that none of these is.
fn free_port(usual: u16, taken: impl Iterator<Item = u16>) -> u16 {
    let taken: Vec<u16> = taken.collect();
    (usual..)
        .find(|port| !taken.contains(port))
        .unwrap_or(usual)
}

impl Engine {
    /// Gives a cluster an endpoint in a network, or brings the one it has up to date.
    ///
    /// # Errors
    /// When there is no such network, or no address is left.
    pub(crate) async fn settle_endpoint(
        &self,
        network: NetworkId,
        (cluster, name): (ClusterId, &str),
        kind: &EndpointKind,
        machines: Vec<MachineId>,
    ) -> Result<ClusterEndpoint> {
        let before = self.network(network)?.spec;
        let known = before.endpoints.iter().find(|one| one.cluster == cluster);
        if known.is_none_or(|known| known.machines != machines || known.talos_port == 0) {
            let (name, kind) = (name.to_owned(), kind.clone());
            let edit =
                move |spec: &mut NetworkSpec| settle(spec, (cluster, &name), &kind, machines);
            self.change(network, Box::new(edit)).await?;
        }
        let after = self.network(network)?.spec;
        let endpoint = after.endpoints.iter().find(|one| one.cluster == cluster);
        let missing = || EngineError::NotFound {
            kind: "cluster",
            id: cluster.to_string(),
        };
        seen(&after, endpoint.ok_or_else(missing)?)
    }

    /// Takes a cluster's endpoint out of a network. One that is gone is gone.
    ///
    /// # Errors
    /// When the network's record cannot be written.
    pub(crate) async fn drop_endpoint(&self, network: NetworkId, cluster: ClusterId) -> Result<()> {
        let Ok(view) = self.network(network) else {
            return Ok(());
        };
        if !view.spec.endpoints.iter().any(|one| one.cluster == cluster) {
            return Ok(());
        }
        let edit = move |spec: &mut NetworkSpec| {
            spec.endpoints.retain(|one| one.cluster != cluster);
            Ok(())
        };
        self.change(network, Box::new(edit)).await
    }

    /// Who has an address of a network.
    pub(crate) fn owner_of_address(&self, network: NetworkId, address: Ipv4Addr) -> Option<String> {
        let spec = self.network(network).ok()?.spec;
        let text = address.to_string();
        let member = spec.members.iter().find(|one| one.address == text);
        let machine = member.and_then(|one| self.machines.get(&one.machine.to_string()));
        if let Some(view) = machine {
            return Some(view.spec.name);
        }
        let endpoint = spec
            .endpoints
            .iter()
            .find(|one| one.address.as_ref() == Some(&text));
        let gateway = Ranges::of(&spec).ok()?.subnet.gateway();
        endpoint
            .map(|one| one.name.clone())
            .or_else(|| (gateway == address).then_some(spec.name))
    }
}

#[cfg(test)]
mod tests {
    use super::super::draft::tests::spec;
    use super::*;
    use uuid::Uuid;

    fn cluster(number: u128) -> ClusterId {
        ClusterId(Uuid::from_u128(number))
    }

    fn machine(number: u128) -> MachineId {
        MachineId(Uuid::from_u128(number))
    }

    fn guest(number: u128) -> Machine {
        Machine {
            id: machine(number).to_string(),
            mac: "52:54:00:00:00:01".parse().unwrap(),
            socket: "/run/net.sock".into(),
            address: None,
            names: Vec::new(),
            cut: false,
        }
    }

    #[test]
    fn clusters_of_one_network_have_ports_of_their_own() {
        let mut spec = spec();
        let kind = EndpointKind::LoadBalancer;
        settle(&mut spec, (cluster(1), "knossos"), &kind, vec![machine(1)]).unwrap();
        settle(&mut spec, (cluster(2), "malia"), &kind, vec![machine(2)]).unwrap();
        let both: Vec<_> = spec
            .endpoints
            .iter()
            .map(|one| seen(&spec, one).unwrap())
            .collect();
        assert_eq!(
            (both[0].inside.as_str(), both[0].inside_port),
            ("10.88.1.1", 6443)
        );
        assert_eq!(
            (both[1].inside.as_str(), both[1].inside_port),
            ("10.88.1.1", 6444)
        );
        assert_eq!(both[0].outside, "127.88.1.1");
        assert_ne!(both[0].outside_port, both[1].outside_port);
        assert_eq!((both[0].talos_port, both[1].talos_port), (50000, 50001));
        // Another control plane comes: nothing else changes.
        let before = spec.endpoints[0].clone();
        settle(
            &mut spec,
            (cluster(1), "knossos"),
            &kind,
            vec![machine(1), machine(3)],
        )
        .unwrap();
        assert_eq!(spec.endpoints[0].machines.len(), 2);
        assert_eq!(spec.endpoints[0].port, before.port);
        // Only those that are there are told.
        let told = told(&spec, &[guest(1)]).unwrap();
        assert_eq!(told.balancers.len(), 1);
        assert_eq!(told.balancers[0].targets.len(), 1);
        let leads: Vec<_> = told.forwards.iter().map(|one| one.listen.port()).collect();
        assert_eq!(leads, [6443, 50000], "Kubernetes and Talos");
        // One from before there was a port for Talos gets one.
        spec.endpoints[0].talos_port = 0;
        settle(&mut spec, (cluster(1), "knossos"), &kind, vec![machine(1)]).unwrap();
        assert_eq!(spec.endpoints[0].talos_port, 50000);
        let told = super::told(&spec, &[guest(1)]).unwrap();
        assert_eq!(told.names[0].name, "api.knossos.crete.test");
    }

    #[test]
    fn a_virtual_address_is_one_that_no_machine_is_given() {
        let mut spec = spec();
        let free = EndpointKind::VirtualIp {
            address: String::new(),
        };
        settle(&mut spec, (cluster(1), "a"), &free, vec![machine(1)]).unwrap();
        settle(&mut spec, (cluster(2), "b"), &free, vec![machine(2)]).unwrap();
        let address = |at: usize| spec.endpoints[at].address.clone().unwrap();
        assert_eq!(
            (address(0).as_str(), address(1).as_str()),
            ("10.88.1.5", "10.88.1.6")
        );
        let told = told(&spec, &[guest(1), guest(2)]).unwrap();
        assert!(told.balancers.is_empty());
        assert_eq!(
            told.names[1].addresses,
            ["10.88.1.6".parse::<IpAddr>().unwrap()]
        );
    }
}
