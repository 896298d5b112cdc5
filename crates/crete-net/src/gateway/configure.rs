//! A configuration, as the gateway takes it over while it runs.

use super::{Gateway, OwnNames};
use crate::address::dhcp::Terms;
use crate::address::lease::Claimant;
use crate::address::nd;
use crate::config::Config;
use crate::names::zone::{self, Zone};
use smoltcp::time::Instant;
use std::net::IpAddr;

impl Gateway {
    /// Takes over a changed configuration.
    pub(crate) fn configure(&mut self, config: &Config, now: Instant) {
        self.terms = Terms {
            subnet: config.subnet,
            mtu: config.mtu,
        };
        self.prefix = config.prefix6;
        let claimants: Vec<Claimant<'_>> = config
            .machines
            .iter()
            .map(|machine| Claimant {
                id: &machine.id,
                mac: machine.mac,
                address: machine.address,
            })
            .collect();
        self.leases.assign(config.subnet, &claimants);
        self.own_names = config
            .machines
            .iter()
            .map(|machine| {
                let (host, domain) = machine.host_and_domain();
                let names = OwnNames {
                    host: host.map(str::to_owned),
                    domain: domain.to_owned(),
                };
                (machine.mac, names)
            })
            .collect();
        self.names.configure(self.zone(config), config.internet);
        self.offers = config
            .offers
            .iter()
            .map(|offer| ((offer.protocol, offer.port), offer.to))
            .collect();
        let mut inward = std::mem::take(&mut self.inward);
        inward.configure(config, |target| self.place_of(config, target), now);
        self.inward = inward;
        if self.leads_out && !config.internet {
            self.nat.cut_outward();
        }
        self.leads_out = config.internet;
        self.next_advertisement = now;
    }

    /// The names of a configuration, with the addresses that were given out.
    fn zone(&self, config: &Config) -> Zone {
        let own: Vec<IpAddr> = [Some(IpAddr::V4(self.v4())), self.v6().map(IpAddr::V6)]
            .into_iter()
            .flatten()
            .collect();
        let mut zone = Zone::new(config.subnet, config.prefix6);
        zone.add(
            &format!("{}.{}", zone::GATEWAY, crete_model::NETWORK_DOMAIN),
            own.clone(),
        );
        for machine in &config.machines {
            let v4 = self.leases.known(machine.mac).map(IpAddr::V4);
            let v6 = config
                .prefix6
                .map(|prefix| IpAddr::V6(nd::interface_address(prefix, machine.mac)));
            for name in &machine.names {
                zone.add(name, v4.into_iter().chain(v6));
            }
        }
        for offer in &config.offers {
            zone.add(&offer.name, own.clone());
        }
        for name in &config.names {
            let given = if name.addresses.is_empty() {
                &own
            } else {
                &name.addresses
            };
            zone.add(&name.name, given.iter().copied());
        }
        zone
    }
}
