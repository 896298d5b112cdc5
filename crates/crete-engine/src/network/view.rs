//! How a network is seen. Pure.

use super::members::{Ranges, address_of};
use super::told::Guest;
use crete_model::{
    Forward, ForwardView, Lease, MachineId, Neighbour, NetworkMachine, NetworkSpec, NetworkState,
    NetworkTraffic, NetworkView, OfferView, PortTraffic, TrespassKind, Trespasser, network_name,
};
use crete_net::control::Status;
use crete_net::{Counters, Health, Offer, Trespass};

/// A network as it is seen now. `status` is the last thing its process said.
pub(super) fn view(
    spec: &NetworkSpec,
    state: NetworkState,
    guests: &[Guest],
    offers: &[Offer],
    status: Option<&Status>,
) -> NetworkView {
    let ranges = Ranges::of(spec).ok();
    let mut machines: Vec<NetworkMachine> = guests
        .iter()
        .map(|guest| machine(spec, ranges, guest, status))
        .collect();
    machines.sort_by(|a, b| a.name.cmp(&b.name));
    NetworkView {
        gateway: ranges.map_or_else(String::new, |ranges| ranges.subnet.gateway().to_string()),
        machines,
        forwards: spec
            .forwards
            .iter()
            .map(|one| forward(one, status))
            .collect(),
        offers: offers
            .iter()
            .map(|offer| OfferView {
                name: offer.name.clone(),
                port: offer.port,
            })
            .collect(),
        conflict: status
            .and_then(|status| status.conflict)
            .map(|route| route.to_string()),
        echo_denied: status.is_some_and(|status| status.nat.echo_denied),
        trespasses: status.map(trespassers).unwrap_or_default(),
        spec: spec.clone(),
        state,
    }
}

fn machine(
    spec: &NetworkSpec,
    ranges: Option<Ranges>,
    guest: &Guest,
    status: Option<&Status>,
) -> NetworkMachine {
    let address = address_of(spec, guest.id);
    let id = guest.id.to_string();
    let port = status.and_then(|status| status.ports.iter().find(|port| port.id == id));
    let host = ranges.zip(address);
    NetworkMachine {
        machine: guest.id,
        name: guest.name.clone(),
        full_name: network_name(&guest.name, None),
        mac: guest.mac.clone(),
        address: address
            .map(|address| address.to_string())
            .unwrap_or_default(),
        host_address: host
            .map(|(ranges, address)| ranges.host_address(address).to_string())
            .unwrap_or_default(),
        on: guest.on,
        connected: guest.on && port.is_some_and(|port| port.up),
        cut: spec
            .members
            .iter()
            .any(|one| one.machine == guest.id && one.cut),
        fault: port.and_then(|port| port.fault.clone()),
    }
}

fn forward(forward: &Forward, status: Option<&Status>) -> ForwardView {
    let id = forward.id.to_string();
    let seen = status.and_then(|status| status.forwards.iter().find(|seen| seen.id == id));
    let health = seen
        .and_then(|seen| seen.targets.first())
        .map(|target| target.health);
    ForwardView {
        id: forward.id,
        open: seen.is_some_and(|seen| seen.open),
        answers: match health {
            Some(Health::Up) => Some(true),
            Some(Health::Down) => Some(false),
            Some(Health::Unknown) | None => None,
        },
        fault: seen.and_then(|seen| seen.fault.clone()),
        owner: seen.and_then(|seen| seen.owner.clone()),
    }
}

fn trespassers(status: &Status) -> Vec<Trespasser> {
    let seen = status.trespasses.iter().map(|seen| Trespasser {
        mac: seen.mac.to_string(),
        kind: match seen.kind {
            Trespass::Address => TrespassKind::Address,
            Trespass::Dhcp => TrespassKind::Dhcp,
            Trespass::Router => TrespassKind::Router,
        },
        address: seen.address.map(|address| address.to_string()),
    });
    seen.collect()
}

/// What passed between two looks. Without an earlier one there are no rates yet.
pub(super) fn traffic(spec: &NetworkSpec, before: Option<&Status>, now: &Status) -> NetworkTraffic {
    // A process that was started again counts from nothing, and so does its clock.
    let before = before.filter(|before| before.uptime_us < now.uptime_us);
    let passed = before.map_or(0, |before| now.uptime_us - before.uptime_us);
    let rate = |bytes: u64| {
        let bits = u128::from(bytes) * 8 * 1_000_000;
        bits.checked_div(passed.into())
            .map_or(0, |bits| u64::try_from(bits).unwrap_or(u64::MAX))
    };
    let ports = now.ports.iter().filter_map(|port| {
        let machine: MachineId = port.id.parse().ok()?;
        let old = before.and_then(|before| before.ports.iter().find(|old| old.id == port.id));
        let old = old.map_or(port.counters, |old| old.counters);
        Some(PortTraffic {
            machine,
            sent_bps: rate(port.counters.bytes_in.saturating_sub(old.bytes_in)),
            received_bps: rate(port.counters.bytes_out.saturating_sub(old.bytes_out)),
            sent: port.counters.bytes_in,
            received: port.counters.bytes_out,
            dropped: dropped(&port.counters),
        })
    });
    NetworkTraffic {
        network: spec.id,
        ports: ports.collect(),
        connections: u32::try_from(now.nat.connections + now.nat.associations).unwrap_or(u32::MAX),
        refused: now.nat.connections_refused + now.nat.associations_refused,
        leases: now.leases.iter().map(lease).collect(),
        neighbours: now
            .neighbours
            .iter()
            .map(|one| Neighbour {
                address: one.address.to_string(),
                mac: one.mac.to_string(),
                heard_s: one.heard_s,
                contested: one.contested,
            })
            .collect(),
    }
}

fn dropped(counters: &Counters) -> u64 {
    counters.dropped_full
        + counters.dropped_down
        + counters.dropped_long
        + counters.dropped_malformed
        + counters.dropped_spoofed
}

fn lease(lease: &crete_net::LeaseView) -> Lease {
    Lease {
        mac: lease.mac.to_string(),
        address: lease.address.to_string(),
        machine: lease.machine.as_deref().and_then(|id| id.parse().ok()),
        host_name: lease.host_name.clone(),
        remaining_s: lease.remaining_s,
    }
}
