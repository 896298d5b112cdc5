//! Endpoints of clusters: a port of the gateway that leads to whichever control plane answers, or an
//! address that the control planes hold in turn; and a port of this computer that leads there.

use super::members::Ranges;
use crate::Engine;
use crate::error::{EngineError, Result, internal};
use crete_model::{
    ClusterEndpoint, ClusterId, ClusterSpec, EndpointKind, MachineId, NetworkEndpoint, NetworkId,
    NetworkSpec, NodeRole, network_name,
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

/// Whom an endpoint is for.
#[derive(Debug, Clone)]
struct Owner {
    cluster: ClusterId,
    name: String,
    kind: EndpointKind,
    /// The control planes.
    machines: Vec<MachineId>,
    /// What it had before it was in the trash.
    before: Option<ClusterEndpoint>,
}

impl Owner {
    fn of(spec: &ClusterSpec) -> Self {
        let control_planes = spec.of_role(NodeRole::ControlPlane);
        Self {
            cluster: spec.id,
            name: spec.name.clone(),
            kind: spec.endpoint.clone(),
            machines: control_planes.map(|node| node.machine).collect(),
            before: spec.api.clone(),
        }
    }
}

/// Who has the endpoint that a cluster had before it was in the trash. It stands in the
/// configurations of its machines, so there can be no other one.
fn taken_by<'a>(
    spec: &'a NetworkSpec,
    cluster: ClusterId,
    before: &ClusterEndpoint,
) -> Option<&'a NetworkEndpoint> {
    let gateway = Ranges::of(spec).ok()?.subnet.gateway().to_string();
    let mut others = spec.endpoints.iter().filter(|one| one.cluster != cluster);
    others.find(|one| {
        let inside = one.address.as_ref().unwrap_or(&gateway);
        (inside, one.port) == (&before.inside, before.inside_port)
    })
}

/// Gives a cluster an endpoint, or brings the one it has up to date. What was given once stays: it
/// stands in certificates and configurations.
fn settle(spec: &mut NetworkSpec, owner: Owner) -> Result<()> {
    let Owner {
        cluster,
        name,
        kind,
        machines,
        before,
    } = owner;
    let before = before.as_ref();
    if let Some(other) = before.and_then(|before| taken_by(spec, cluster, before)) {
        return Err(internal(format!("{} has its endpoint now", other.name)));
    }
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
        EndpointKind::VirtualIp { .. } if before.is_some() => {
            before.map(|before| before.inside.clone())
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
    let usual = before.map_or(API, |before| before.inside_port);
    let port = match address {
        Some(_) => API,
        None => free_port(usual, gateway_ports.map(|one| one.port)),
    };
    let usual = before.map_or(API, |before| before.outside_port);
    let listen_port = free_port(usual, ports.into_iter());
    spec.endpoints.push(NetworkEndpoint {
        cluster,
        name,
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
        spec: &ClusterSpec,
    ) -> Result<ClusterEndpoint> {
        let (cluster, owner) = (spec.id, Owner::of(spec));
        let before = self.network(network)?.spec;
        let known = before.endpoints.iter().find(|one| one.cluster == cluster);
        if known.is_none_or(|known| known.machines != owner.machines || known.talos_port == 0) {
            let edit = move |spec: &mut NetworkSpec| settle(spec, owner);
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

    /// The cluster that has the endpoint now which another one had before it was in the trash.
    pub(crate) fn has_endpoint_of(&self, spec: &ClusterSpec) -> Option<String> {
        let network = self.network(spec.network?).ok()?.spec;
        let other = taken_by(&network, spec.id, spec.api.as_ref()?)?;
        Some(other.name.clone())
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

    fn owner(number: u128, name: &str, kind: &EndpointKind, machines: Vec<MachineId>) -> Owner {
        Owner {
            cluster: cluster(number),
            name: name.to_owned(),
            kind: kind.clone(),
            machines,
            before: None,
        }
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
        settle(&mut spec, owner(1, "knossos", &kind, vec![machine(1)])).unwrap();
        settle(&mut spec, owner(2, "malia", &kind, vec![machine(2)])).unwrap();
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
        let both = vec![machine(1), machine(3)];
        settle(&mut spec, owner(1, "knossos", &kind, both)).unwrap();
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
        settle(&mut spec, owner(1, "knossos", &kind, vec![machine(1)])).unwrap();
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
        settle(&mut spec, owner(1, "a", &free, vec![machine(1)])).unwrap();
        settle(&mut spec, owner(2, "b", &free, vec![machine(2)])).unwrap();
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

    /// A cluster that was in the trash gets what it had, which stands in its configurations.
    #[test]
    fn a_cluster_that_comes_back_has_the_endpoint_that_it_had() {
        let free = EndpointKind::VirtualIp {
            address: String::new(),
        };
        for kind in [EndpointKind::LoadBalancer, free] {
            let mut spec = spec();
            settle(&mut spec, owner(1, "a", &kind, vec![machine(1)])).unwrap();
            settle(&mut spec, owner(2, "b", &kind, vec![machine(2)])).unwrap();
            let had = spec.endpoints.pop().unwrap();
            let before = seen(&spec, &had).unwrap();
            // The first one goes meanwhile: what it had is free, and is not taken.
            let gone = spec.endpoints.remove(0);
            let mut back = owner(2, "b", &kind, vec![machine(2)]);
            back.before = Some(before.clone());
            assert!(taken_by(&spec, cluster(2), &before).is_none());
            settle(&mut spec, back.clone()).unwrap();
            let again = &spec.endpoints[0];
            assert_eq!((&again.address, again.port), (&had.address, had.port));
            assert_eq!(again.listen_port, had.listen_port);
            // Another one has it now.
            spec.endpoints = vec![NetworkEndpoint {
                address: had.address.clone(),
                port: had.port,
                ..gone
            }];
            let other = taken_by(&spec, cluster(2), &before).unwrap();
            assert_eq!(other.cluster, cluster(1));
            settle(&mut spec, back).unwrap_err();
        }
    }
}
