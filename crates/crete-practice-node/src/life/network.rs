//! What the network gives the machine, told as it comes and goes.

use super::presence;
use crate::boot::Boot;
use crate::console::Value;
use crate::identity::{Given, Prefix};
use crate::resources::network::LOOPBACK;
use std::net::{IpAddr, Ipv4Addr};

/// The priority of routes that DHCP gave.
const PRIORITY: i64 = 1024;

/// The links are set up; from now on everything is told.
pub(super) fn bring_up(boot: &Boot) {
    assigned(boot, &format!("{}/8", Ipv4Addr::LOCALHOST), LOOPBACK);
    boot.state().network_is_up = true;
    changed(boot);
}

/// Tells what is other than it was, and shows it.
pub(super) fn changed(boot: &Boot) {
    let given = match boot.has_address() {
        true => boot.machine.identity.network.get(),
        false => Given::default(),
    };
    let before = {
        let mut state = boot.state();
        if !state.network_is_up {
            return;
        }
        std::mem::replace(&mut state.network, given.clone())
    };
    tell(boot, &before, &given);
    boot.publish_network();
    if before.hostname != given.hostname {
        presence::rename(boot);
    }
    if before.addresses != given.addresses {
        presence::tell_addresses(boot);
        if boot.state().starting {
            presence::join_discovery(boot);
        }
    }
    boot.change(|_| ());
}

fn tell(boot: &Boot, before: &Given, now: &Given) {
    let link = boot.machine.identity.link.as_str();
    if before.resolvers != now.resolvers {
        let texts = now.resolvers.iter().map(IpAddr::to_string).collect();
        let fields = [
            ("resolvers", Value::List(texts)),
            ("searchDomains", Value::List(Vec::new())),
        ];
        boot.report(
            "network.ResolverSpecController",
            "setting resolvers",
            &fields,
        );
    }
    let is_new = |address: &&Prefix| !before.addresses.contains(address);
    for address in now.addresses.iter().filter(is_new) {
        assigned(boot, &address.to_string(), link);
    }
    let is_gone = |address: &&Prefix| !now.addresses.contains(address);
    for address in before.addresses.iter().filter(is_gone) {
        let fields = [
            ("address", address.to_string().into()),
            ("link", link.into()),
        ];
        boot.report("network.AddressSpecController", "removed address", &fields);
    }
    if let Some(gateway) = now.gateway.filter(|_| before.gateway != now.gateway) {
        let family = if gateway.is_ipv4() { "inet4" } else { "inet6" };
        let fields = [
            ("destination", "default".into()),
            ("gateway", gateway.to_string().into()),
            ("table", "main".into()),
            ("link", link.into()),
            ("priority", Value::Number(PRIORITY)),
            ("family", family.into()),
            ("type", "unicast".into()),
        ];
        boot.report("network.RouteSpecController", "created route", &fields);
    }
}

fn assigned(boot: &Boot, address: &str, link: &str) {
    let fields = [("address", address.into()), ("link", link.into())];
    boot.report("network.AddressSpecController", "assigned address", &fields);
}
