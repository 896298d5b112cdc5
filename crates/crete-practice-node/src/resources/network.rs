//! Links, addresses, routes and what else the network is made of.

use super::{Fields, list, spec};
use crate::identity::{Identity, Prefix};
use crate::store::Spec;
use crete_talos::api::wire::common::{NetIp, NetIpPrefix};
use crete_talos::api::wire::talos::resource::definitions::enums;
use crete_talos::api::wire::talos::resource::definitions::network as wire;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(crate) const LOOPBACK: &str = "lo";
/// Up, broadcast, running, multicast, lower up.
const CARD_FLAGS: u32 = 0x1_1043;
/// Running, lower up: what goes with the carrier.
const CARRIER_FLAGS: u32 = 0x1_0040;
/// Up, loopback, running, lower up.
const LOOPBACK_FLAGS: u32 = 0x1_0049;
const ETHER: i32 = 1;
const LOOPBACK_TYPE: i32 = 772;
/// The priority of what DHCP gave.
const DHCP_PRIORITY: u32 = 1024;
/// Another port, that is none.
const PORT_OTHER: i32 = 255;

pub(crate) fn ip(address: IpAddr) -> NetIp {
    NetIp {
        ip: octets(address),
    }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

pub(crate) fn prefix(prefix: Prefix) -> NetIpPrefix {
    NetIpPrefix {
        ip: octets(prefix.ip),
        prefix_length: i32::from(prefix.length),
    }
}

pub(crate) fn mac(bytes: [u8; 6]) -> String {
    bytes.map(|byte| format!("{byte:02x}")).join(":")
}

pub(crate) fn card(identity: &Identity) -> Spec {
    let address = mac(identity.mac);
    let plugged = !identity.network.get().unplugged;
    let (flags, flag_names, state, state_name) = match plugged {
        true => (
            CARD_FLAGS,
            "UP,BROADCAST,RUNNING,MULTICAST,LOWER_UP",
            enums::NethelpersOperationalState::Up,
            "up",
        ),
        false => (
            CARD_FLAGS & !CARRIER_FLAGS,
            "UP,BROADCAST,MULTICAST",
            enums::NethelpersOperationalState::Down,
            "down",
        ),
    };
    let message = wire::LinkStatusSpec {
        index: 2,
        r#type: ETHER,
        flags,
        hardware_addr: identity.mac.to_vec(),
        permanent_addr: identity.mac.to_vec(),
        broadcast_addr: vec![0xff; 6],
        mtu: 1500,
        queue_disc: "fq_codel".to_owned(),
        operational_state: state.into(),
        bus_path: "0000:00:03.0".to_owned(),
        driver: "virtio_net".to_owned(),
        driver_version: "1.0.0".to_owned(),
        product_id: "0x1000".to_owned(),
        vendor_id: "0x1af4".to_owned(),
        product: "Virtio network device".to_owned(),
        vendor: "Red Hat, Inc.".to_owned(),
        link_state: plugged,
        speed_megabits: u32::MAX.into(),
        port: PORT_OTHER,
        duplex: enums::NethelpersDuplex::Unknown.into(),
        alt_names: vec![format!("enx{}", address.replace(':', ""))],
        ..wire::LinkStatusSpec::default()
    };
    let yaml = link_yaml(&message, "ether", flag_names, state_name)
        .text("busPath", &message.bus_path)
        .text("driver", &message.driver)
        .text("driverVersion", &message.driver_version)
        .text("productID", &message.product_id)
        .text("vendorID", &message.vendor_id)
        .text("product", &message.product)
        .text("vendor", &message.vendor)
        .bare("linkState", plugged)
        .bare("speedMbit", message.speed_megabits)
        .text("port", "Other")
        .text("duplex", "Unknown");
    spec(&message, &yaml.node())
}

pub(crate) fn loopback() -> Spec {
    let message = wire::LinkStatusSpec {
        index: 1,
        r#type: LOOPBACK_TYPE,
        flags: LOOPBACK_FLAGS,
        hardware_addr: vec![0; 6],
        broadcast_addr: vec![0; 6],
        mtu: 65_536,
        queue_disc: "noqueue".to_owned(),
        operational_state: enums::NethelpersOperationalState::Unknown.into(),
        link_state: true,
        port: PORT_OTHER,
        duplex: enums::NethelpersDuplex::Unknown.into(),
        ..wire::LinkStatusSpec::default()
    };
    let yaml = link_yaml(
        &message,
        "loopback",
        "UP,LOOPBACK,RUNNING,LOWER_UP",
        "unknown",
    )
    .bare("linkState", true)
    .text("port", "Other")
    .text("duplex", "Unknown");
    spec(&message, &yaml.node())
}

fn link_yaml(message: &wire::LinkStatusSpec, kind: &str, flags: &str, state: &str) -> Fields {
    let address = |bytes: &[u8]| {
        let parts: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        parts.join(":")
    };
    let fields = match message.alt_names.is_empty() {
        true => Fields::default(),
        false => Fields::default().with("altNames", list(&message.alt_names)),
    };
    fields
        .bare("index", message.index)
        .text("type", kind)
        .bare("linkIndex", message.link_index)
        .text("flags", flags)
        .text("hardwareAddr", &address(&message.hardware_addr))
        .text("permanentAddr", &address(&message.permanent_addr))
        .text("broadcastAddr", &address(&message.broadcast_addr))
        .bare("mtu", message.mtu)
        .text("queueDisc", &message.queue_disc)
        .text("operationalState", state)
        .text("kind", "")
        .text("slaveKind", "")
}

/// An address of a link, with its id.
pub(crate) fn address(link: &str, address: Prefix) -> (String, Spec) {
    let loopback = link == LOOPBACK;
    let family = match address.ip {
        IpAddr::V4(_) => enums::NethelpersFamily::Inet4,
        IpAddr::V6(_) => enums::NethelpersFamily::Inet6,
    };
    let (scope, scope_name) = match address.ip {
        _ if loopback => (enums::NethelpersScope::Host, "host"),
        IpAddr::V6(v6) if v6.is_unicast_link_local() => (enums::NethelpersScope::Link, "link"),
        IpAddr::V6(v6) if v6.segments()[0] & 0xffc0 == 0xfec0 => {
            (enums::NethelpersScope::Site, "site")
        }
        _ => (enums::NethelpersScope::Global, "global"),
    };
    // Addresses by router advertisement belong to the kernel.
    let advertised = !loopback && address.ip.is_ipv6() && scope_name != "link";
    let (flags, flags_name) = match advertised {
        true => (0x100, "mngmtmpaddr"),
        false => (0x80, "permanent"),
    };
    let dhcp = !loopback && address.ip.is_ipv4();
    let message = wire::AddressStatusSpec {
        address: Some(prefix(address)),
        link_index: if loopback { 1 } else { 2 },
        link_name: link.to_owned(),
        family: family.into(),
        scope: scope.into(),
        flags,
        priority: if dhcp { DHCP_PRIORITY } else { 0 },
        ..wire::AddressStatusSpec::default()
    };
    let yaml = Fields::default()
        .text("address", &address.to_string())
        .bare("linkIndex", message.link_index)
        .text("linkName", link)
        .text(
            "family",
            if address.ip.is_ipv4() {
                "inet4"
            } else {
                "inet6"
            },
        )
        .text("scope", scope_name)
        .text("flags", flags_name)
        .bare("priority", message.priority);
    (format!("{link}/{address}"), spec(&message, &yaml.node()))
}

/// The address that a card gives itself, made of its own.
pub(crate) fn link_local(mac: [u8; 6]) -> Prefix {
    let [a, b, c, d, e, f] = mac.map(u16::from);
    let ip = Ipv6Addr::new(
        0xfe80,
        0,
        0,
        0,
        (a ^ 2) << 8 | b,
        c << 8 | 0xff,
        0xfe00 | d,
        e << 8 | f,
    );
    Prefix {
        ip: ip.into(),
        length: 64,
    }
}

/// The address of the loopback, of both families.
pub(crate) fn loopback_addresses() -> [Prefix; 2] {
    [
        Prefix {
            ip: Ipv4Addr::LOCALHOST.into(),
            length: 8,
        },
        Prefix {
            ip: Ipv6Addr::LOCALHOST.into(),
            length: 128,
        },
    ]
}

pub(crate) fn node_addresses(addresses: &[Prefix]) -> Spec {
    let message = wire::NodeAddressSpec {
        addresses: addresses.iter().map(|one| prefix(*one)).collect(),
        sort_algorithm: 0,
    };
    let yaml = Fields::default()
        .with("addresses", list(addresses))
        .text("sortAlgorithm", "v1");
    spec(&message, &yaml.node())
}

/// The way out, with its id.
pub(crate) fn default_route(link: &str, gateway: IpAddr, source: Option<IpAddr>) -> (String, Spec) {
    let family = Family::of(gateway);
    let id = format!("{}/{gateway}//{DHCP_PRIORITY}", family.name);
    let route = Route {
        link,
        family,
        destination: None,
        source,
        gateway: Some(gateway),
        priority: DHCP_PRIORITY,
        scope: (enums::NethelpersScope::Global, "global"),
        protocol: (3, "boot"),
    };
    (id, route.spec())
}

/// The way to the neighbours of an address, with its id.
pub(crate) fn neighbours(link: &str, address: Prefix) -> (String, Spec) {
    let family = Family::of(address.ip);
    let network = network_of(address);
    let v4 = address.ip.is_ipv4();
    let priority = if v4 { DHCP_PRIORITY } else { 256 };
    let id = match v4 {
        true => format!("inet4//{network}/{priority}"),
        false => format!("{link}/inet6//{network}/{priority}"),
    };
    let route = Route {
        link,
        family,
        destination: Some(network),
        source: v4.then_some(address.ip),
        gateway: None,
        priority,
        scope: match v4 {
            true => (enums::NethelpersScope::Link, "link"),
            false => (enums::NethelpersScope::Global, "global"),
        },
        protocol: (2, "kernel"),
    };
    (id, route.spec())
}

/// The network that an address is in.
fn network_of(address: Prefix) -> Prefix {
    let host = |bits: u32| bits.saturating_sub(u32::from(address.length));
    let ip = match address.ip {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(host(32)).unwrap_or(0);
            Ipv4Addr::from(u32::from(v4) & mask).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(host(128)).unwrap_or(0);
            Ipv6Addr::from(u128::from(v6) & mask).into()
        }
    };
    Prefix { ip, ..address }
}

#[derive(Clone, Copy)]
struct Family {
    number: enums::NethelpersFamily,
    name: &'static str,
}

impl Family {
    fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self {
                number: enums::NethelpersFamily::Inet4,
                name: "inet4",
            },
            IpAddr::V6(_) => Self {
                number: enums::NethelpersFamily::Inet6,
                name: "inet6",
            },
        }
    }
}

/// A route of the main table over the card.
struct Route<'a> {
    link: &'a str,
    family: Family,
    destination: Option<Prefix>,
    source: Option<IpAddr>,
    gateway: Option<IpAddr>,
    priority: u32,
    scope: (enums::NethelpersScope, &'static str),
    protocol: (i32, &'static str),
}

impl Route<'_> {
    fn spec(&self) -> Spec {
        let message = wire::RouteStatusSpec {
            family: self.family.number.into(),
            destination: self.destination.map(prefix),
            source: self.source.map(ip),
            gateway: self.gateway.map(ip),
            out_link_index: 2,
            out_link_name: self.link.to_owned(),
            table: 254,
            priority: self.priority,
            scope: self.scope.0.into(),
            r#type: 1,
            protocol: self.protocol.0,
            ..wire::RouteStatusSpec::default()
        };
        let text = |one: Option<String>| one.unwrap_or_default();
        let yaml = Fields::default()
            .text("family", self.family.name)
            .text("dst", &text(self.destination.map(|one| one.to_string())))
            .text("src", &text(self.source.map(|one| one.to_string())))
            .text("gateway", &text(self.gateway.map(|one| one.to_string())))
            .bare("outLinkIndex", 2)
            .text("outLinkName", self.link)
            .text("table", "main")
            .bare("priority", self.priority)
            .text("scope", self.scope.1)
            .text("type", "unicast")
            .text("flags", "")
            .text("protocol", self.protocol.1);
        spec(&message, &yaml.node())
    }
}

pub(crate) fn resolvers(servers: &[IpAddr]) -> Spec {
    let message = wire::ResolverStatusSpec {
        dns_servers: servers.iter().map(|server| ip(*server)).collect(),
        search_domains: Vec::new(),
    };
    let yaml = Fields::default()
        .with("dnsServers", list(servers))
        .with("searchDomains", list::<String>(&[]));
    spec(&message, &yaml.node())
}

pub(crate) fn time_servers(servers: &[String]) -> Spec {
    let message = wire::TimeServerStatusSpec {
        ntp_servers: servers.to_vec(),
    };
    spec(
        &message,
        &Fields::default().with("timeServers", list(servers)).node(),
    )
}

pub(crate) fn hostname(name: &str) -> Spec {
    let (host, domain) = name.split_once('.').unwrap_or((name, ""));
    let message = wire::HostnameStatusSpec {
        hostname: host.to_owned(),
        domainname: domain.to_owned(),
    };
    let yaml = Fields::default()
        .text("hostname", host)
        .text("domainname", domain);
    spec(&message, &yaml.node())
}

pub(crate) fn status(address: bool, hostname: bool) -> Spec {
    let message = wire::StatusSpec {
        address_ready: address,
        connectivity_ready: address,
        hostname_ready: hostname,
        etc_files_ready: true,
    };
    let yaml = Fields::default()
        .bare("addressReady", address)
        .bare("connectivityReady", address)
        .bare("hostnameReady", hostname)
        .bare("etcFilesReady", true);
    spec(&message, &yaml.node())
}
