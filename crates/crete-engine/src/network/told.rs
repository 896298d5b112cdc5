//! What a network's process is told. Pure.

use super::members::{Ranges, address_of};
use crate::error::{Result, internal};
use crete_model::{MachineId, NetworkSpec, Protocol, network_name};
use crete_net::{Config, Forward, Machine, Offer, SCHEMA_VERSION, Target};
use std::net::IpAddr;
use std::path::PathBuf;

/// A machine, as far as its network has to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Guest {
    pub id: MachineId,
    pub name: String,
    pub mac: String,
    /// Where its QEMU listens for frames.
    pub socket: PathBuf,
    /// Whether it is on, or on its way.
    pub on: bool,
}

/// The configuration of a network's process. Machines without an address are left out, and so are
/// ports that lead to a machine which is not there: it may come back from the trash.
///
/// # Errors
/// When the record does not hold addresses where it must.
pub(super) fn config(spec: &NetworkSpec, guests: &[Guest], offers: &[Offer]) -> Result<Config> {
    let ranges = Ranges::of(spec)?;
    let mut machines = Vec::new();
    for guest in guests {
        let Some(member) = spec.members.iter().find(|one| one.machine == guest.id) else {
            continue;
        };
        machines.push(Machine {
            id: guest.id.to_string(),
            mac: guest.mac.parse().map_err(internal)?,
            socket: guest.socket.clone(),
            address: address_of(spec, guest.id),
            names: vec![network_name(&guest.name, None)],
            cut: member.cut,
        });
    }
    let mut forwards = Vec::new();
    for forward in &spec.forwards {
        let machine = forward.machine.to_string();
        if !machines.iter().any(|one| one.id == machine) {
            continue;
        }
        let listen: IpAddr = forward.listen.parse().map_err(internal)?;
        forwards.push(Forward {
            id: forward.id.to_string(),
            protocol: protocol(forward.protocol),
            listen: (listen, forward.listen_port).into(),
            targets: vec![Target::Machine {
                machine,
                port: forward.port,
            }],
            exposed: forward.exposed,
        });
    }
    let endpoints = super::endpoints::told(spec, &machines)?;
    forwards.extend(endpoints.forwards);
    Ok(Config {
        schema_version: SCHEMA_VERSION,
        network: spec.id.0,
        mtu: spec.mtu,
        subnet: ranges.subnet,
        prefix6: ranges.prefix6,
        internet: spec.internet,
        offers: offers.to_vec(),
        forwards,
        balancers: endpoints.balancers,
        names: endpoints.names,
        machines,
    })
}

fn protocol(protocol: Protocol) -> crete_net::Protocol {
    match protocol {
        Protocol::Tcp => crete_net::Protocol::Tcp,
        Protocol::Udp => crete_net::Protocol::Udp,
    }
}

#[cfg(test)]
mod tests {
    use super::super::draft::tests::spec;
    use super::super::members::seat;
    use super::*;
    use crete_model::ForwardId;
    use uuid::Uuid;

    fn guest(number: u8) -> Guest {
        Guest {
            id: MachineId(Uuid::from_u128(number.into())),
            name: format!("m{number}"),
            mac: format!("52:54:00:00:00:{number:02x}"),
            socket: PathBuf::from(format!("/run/{number}/net.sock")),
            on: true,
        }
    }

    #[test]
    fn a_network_is_told_of_its_machines_and_their_ports() {
        let mut spec = spec();
        let guests = [guest(1), guest(2)];
        seat(&mut spec, "10.88.1.0/24".parse().unwrap(), &[guests[0].id]);
        spec.members[0].cut = true;
        for machine in [guests[0].id, guests[1].id] {
            spec.forwards.push(crete_model::Forward {
                id: ForwardId(Uuid::from_u128(9)),
                name: "web".to_owned(),
                protocol: Protocol::Tcp,
                machine,
                port: 80,
                listen: "127.88.1.5".to_owned(),
                listen_port: 8080,
                exposed: false,
            });
        }
        let told = config(&spec, &guests, &[]).unwrap();
        assert_eq!(told.check(), Ok(()));
        assert_eq!(told.machines.len(), 1, "the second has no address yet");
        assert_eq!(told.forwards.len(), 1, "and so no port leads to it");
        assert_eq!(told.machines[0].names, ["m1.crete.test"]);
        assert!(told.machines[0].cut);
        assert_eq!(told.forwards[0].listen.to_string(), "127.88.1.5:8080");
    }
}
