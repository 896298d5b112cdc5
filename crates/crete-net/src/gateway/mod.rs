//! The gateway: the network's own station, which answers for addresses and for itself.

mod arp;
mod icmp;
pub(crate) mod inward;
mod ipv6;
mod ntp;
mod outward;

use crate::address::dhcp::{self, Client, Naming, Terms};
use crate::address::guard::{self, Refused};
use crate::address::lease::{Claimant, Leases};
use crate::address::neighbours::Neighbours;
use crate::address::{LeaseView, NeighbourView, Subnet, Trespass, nd};
use crate::config::{Config, Protocol};
use crate::frame::{Header, MIN_FRAME, Mac};
use crate::inward::{BalancerView, ForwardView, Inward};
use crate::names::conversation::Conversations;
use crate::names::upstream::{Asker, ReplyTo};
use crate::names::zone::{self, Zone};
use crate::names::{self, Names, Reply};
use crate::nat::{Nat, NatView};
use crate::outside::Surroundings;
use crate::packet::{ARP, Datagram, ICMP, ICMPV6, IPV4, IPV6, Packet, TCP, UDP};
use crate::poller::{Poller, Ready};
use crate::switch::{PortId, Switch};
use crate::token::Source;
use crate::wire::Sender;
use inward::Calls;
use serde::{Deserialize, Serialize};
use smoltcp::time::{Duration, Instant};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Between two advertisements nobody asked for.
const ADVERTISE_EVERY: Duration = Duration::from_secs(300);
/// Kinds of trespass remembered; beyond that only the count of the port grows.
const MAX_TRESPASSES: usize = 256;

/// A machine that did what only another may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrespassView {
    /// The card it came from.
    pub mac: Mac,
    /// What it did.
    pub kind: Trespass,
    /// The address it was about.
    pub address: Option<IpAddr>,
    /// How often.
    pub count: u64,
}

/// Names a machine is told by DHCP.
#[derive(Debug, Clone)]
struct OwnNames {
    host: Option<String>,
    domain: String,
}

/// What the gateway works with in one turn.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    pub(crate) sender: Sender<'a>,
    pub(crate) poller: &'a Poller,
    pub(crate) surroundings: &'a mut Surroundings,
}

impl Turn<'_> {
    fn now(&self) -> Instant {
        self.sender.now
    }
}

/// The station.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) mac: Mac,
    terms: Terms,
    prefix: Option<Ipv6Addr>,
    leases: Leases,
    neighbours: Neighbours,
    own_names: HashMap<Mac, OwnNames>,
    names: Names,
    conversations: Conversations,
    nat: Nat,
    offers: HashMap<(Protocol, u16), SocketAddr>,
    pub(crate) inward: Inward,
    calls: Calls,
    /// Whether machines may reach anything outside.
    leads_out: bool,
    trespasses: HashMap<(Mac, Trespass, Option<IpAddr>), u64>,
    next_advertisement: Instant,
    /// Whether IPv6 leads anywhere from this computer.
    leads_out_v6: bool,
}

impl Gateway {
    pub(crate) fn new(config: &Config, now: Instant) -> Self {
        let mut gateway = Self {
            mac: config.gateway_mac(),
            terms: Terms {
                subnet: config.subnet,
                mtu: config.mtu,
            },
            prefix: None,
            leases: Leases::new(config.subnet),
            neighbours: Neighbours::default(),
            own_names: HashMap::new(),
            names: Names::new(Zone::new(config.subnet, config.prefix6), config.internet),
            conversations: Conversations::default(),
            nat: Nat::default(),
            offers: HashMap::new(),
            inward: Inward::default(),
            calls: Calls::default(),
            leads_out: config.internet,
            trespasses: HashMap::new(),
            next_advertisement: now,
            leads_out_v6: false,
        };
        gateway.configure(config, now);
        gateway
    }

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

    pub(crate) fn subnet(&self) -> Subnet {
        self.terms.subnet
    }

    /// The gateway's addresses.
    pub(crate) fn v4(&self) -> Ipv4Addr {
        self.terms.subnet.gateway()
    }

    pub(crate) fn v6(&self) -> Option<Ipv6Addr> {
        let mut bytes = self.prefix?.octets();
        bytes[15] = 1;
        Some(bytes.into())
    }

    pub(crate) fn link_local(&self) -> Ipv6Addr {
        nd::link_local(self.mac)
    }

    pub(crate) fn is_own(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => address == self.v4(),
            IpAddr::V6(address) => address == self.link_local() || Some(address) == self.v6(),
        }
    }

    /// The card an address was given to, or the gateway's own.
    fn owner(&self, address: IpAddr) -> Option<Mac> {
        if self.is_own(address) {
            return Some(self.mac);
        }
        match address {
            IpAddr::V4(address) => self.leases.owner(address),
            // Everybody makes their own, from their card; only that part can be known beforehand.
            IpAddr::V6(address) => self.maker(address),
        }
    }

    fn maker(&self, address: Ipv6Addr) -> Option<Mac> {
        let [.., a, b, c, 0xff, 0xfe, d, e, f] = address.octets() else {
            return None;
        };
        let mac = Mac([a ^ 2, b, c, d, e, f]);
        self.own_names.contains_key(&mac).then_some(mac)
    }

    /// The host's routes have changed.
    pub(crate) fn routes_changed(&mut self, turn: &mut Turn<'_>) {
        // Guests are to know at once whether IPv6 leads anywhere.
        if turn.surroundings.outside.leads_out_v6() != self.leads_out_v6 {
            self.next_advertisement = turn.now();
        }
    }

    /// Looks at a machine's frame before it goes anywhere. False when it must not.
    pub(crate) fn admits(&mut self, frame: &[u8]) -> bool {
        let Some(Refused { trespass, address }) =
            guard::inspect(frame, |address| self.owner(address))
        else {
            return true;
        };
        if let Some(header) = Header::of(frame) {
            let key = (header.source, trespass, address);
            if self.trespasses.contains_key(&key) || self.trespasses.len() < MAX_TRESPASSES {
                *self.trespasses.entry(key).or_insert(0) += 1;
            }
        }
        false
    }

    /// A machine has gone: what was heard of it is no longer true.
    pub(crate) fn gone(&mut self, mac: Mac, now: Instant) {
        let (leases, neighbours) = (&self.leases, &self.neighbours);
        let is_gone = |at: SocketAddr| {
            let given = match at.ip() {
                IpAddr::V4(address) => leases.owner(address),
                IpAddr::V6(_) => None,
            };
            given.or_else(|| neighbours.find(at.ip(), now)) == Some(mac)
        };
        self.inward.backends.lost(is_gone, now);
        self.neighbours.forget(mac);
    }

    pub(crate) fn forwards(&self) -> Vec<ForwardView> {
        self.inward.forwards()
    }

    pub(crate) fn balancers(&self) -> Vec<BalancerView> {
        self.inward.balancers()
    }

    /// Forgets what has become old.
    pub(crate) fn age(&mut self, now: Instant) {
        self.neighbours.age(now);
        self.leases.expire(now);
        self.nat.expire(now);
        self.conversations.expire(now);
        self.inward.entrances.expire(now);
    }

    pub(crate) fn nat(&self) -> NatView {
        self.nat.view()
    }

    pub(crate) fn leases(&self, now: Instant) -> Vec<LeaseView> {
        self.leases.view(now)
    }

    pub(crate) fn neighbours(&self, now: Instant) -> Vec<NeighbourView> {
        self.neighbours.view(now)
    }

    pub(crate) fn trespasses(&self) -> Vec<TrespassView> {
        let view = |((mac, kind, address), count): (&(Mac, Trespass, Option<IpAddr>), &u64)| {
            TrespassView {
                mac: *mac,
                kind: *kind,
                address: *address,
                count: *count,
            }
        };
        let mut views: Vec<TrespassView> = self.trespasses.iter().map(view).collect();
        views.sort_by_key(|view| (view.mac, view.address));
        views
    }

    /// When the gateway next speaks by itself.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let advertisement = self.prefix.map(|_| self.next_advertisement);
        advertisement
            .into_iter()
            .chain(self.names.deadline())
            .chain(self.nat.connections.deadline())
            .chain(self.inward.deadline())
            .chain(self.calls.deadline())
            .min()
    }

    /// Says what is due.
    pub(crate) fn tick(&mut self, turn: &mut Turn<'_>) {
        if self.prefix.is_some() && turn.now() >= self.next_advertisement {
            self.next_advertisement = turn.now() + ADVERTISE_EVERY;
            self.leads_out_v6 = turn.surroundings.outside.leads_out_v6();
            let to = (nd::group_mac(ipv6::ALL_NODES), ipv6::ALL_NODES);
            self.advertise(to.0, to.1, &mut turn.sender);
        }
        self.tick_inward(turn);
        for reply in self.names.tick(turn.poller, turn.now()) {
            self.say(&reply, turn);
        }
    }

    /// Something the gateway owns has become ready.
    pub(crate) fn note(&mut self, source: Source, ready: Ready, turn: &mut Turn<'_>) {
        match source {
            Source::Line(_) | Source::Control(_) | Source::Door | Source::Routes => {}
            Source::Question(at) => self.question_ready(at, ready, turn),
            Source::Flow(at) => self.flow_ready(at, ready, turn),
            Source::Association(at) => self.nat.associations.ready(at, ready),
            Source::Echo(at) => self.echo_ready(at, turn),
            Source::Conversation(at) => self.conversation_ready(at, ready, turn),
            Source::Listener(at) => self.listener_ready(at, turn),
            Source::Entrance(at) => self.inward.entrances.ready(at),
        }
    }

    /// A question to a resolver outside can go on.
    fn question_ready(&mut self, at: usize, ready: Ready, turn: &mut Turn<'_>) {
        if let Some(reply) = self.names.ready(at, ready, turn.poller, turn.now()) {
            self.say(&reply, turn);
        }
    }

    /// Whether something can be done at once, without waiting for the kernel.
    pub(crate) fn is_busy(&self, switch: &Switch, longest: usize, now: Instant) -> bool {
        self.nat.associations.is_unread()
            || self.inward.entrances.is_unread()
            || self
                .nat
                .connections
                .waiting()
                .any(|machine| switch.has_room(machine, longest, now))
    }

    /// Works on connections and associations: moves what can be moved between machines and host.
    pub(crate) fn work(&mut self, turn: &mut Turn<'_>) {
        self.read_associations(turn);
        self.read_entrances(turn);
        self.nat.connections.work(&mut turn.sender);
        self.note_outcomes(turn);
    }

    fn say(&mut self, reply: &Reply, turn: &mut Turn<'_>) {
        match reply.to {
            ReplyTo::Conversation(at) => self.conversations.answer(at, &reply.bytes),
            ReplyTo::Datagram {
                mac,
                client,
                server,
            } => {
                turn.sender.datagram(mac, server, client, &reply.bytes);
            }
        }
    }

    /// Takes a frame for the gateway, or for everybody.
    pub(crate) fn receive(&mut self, port: PortId, frame: &[u8], turn: &mut Turn<'_>) {
        let Some(header) = Header::of(frame) else {
            return;
        };
        let body = &frame[MIN_FRAME..];
        match header.ethertype {
            ARP => self.receive_arp(body, &mut turn.sender),
            IPV4 | IPV6 => {
                if let Some(packet) = Packet::parse(body) {
                    self.receive_packet(port, header, &packet, turn);
                }
            }
            _ => {}
        }
    }

    fn receive_packet(
        &mut self,
        port: PortId,
        header: Header,
        packet: &Packet<'_>,
        turn: &mut Turn<'_>,
    ) {
        // Whoever speaks under another's address would have the answers sent astray.
        if self
            .owner(packet.source)
            .is_some_and(|owner| owner != header.source)
        {
            return;
        }
        if packet.fragment.is_some() {
            if let Some(payload) = self.nat.reassembly.add(packet, turn.now()) {
                let whole = Packet {
                    payload: &payload,
                    fragment: None,
                    ..*packet
                };
                self.receive_whole(port, header, &whole, turn);
            }
            return;
        }
        self.receive_whole(port, header, packet, turn);
    }

    fn receive_whole(
        &mut self,
        port: PortId,
        header: Header,
        packet: &Packet<'_>,
        turn: &mut Turn<'_>,
    ) {
        match packet.protocol {
            TCP => self.receive_tcp(header, packet, turn),
            UDP => {
                if let Some(datagram) = Datagram::parse(packet.payload) {
                    self.receive_datagram(port, header, packet, &datagram, turn);
                }
            }
            ICMP => self.receive_icmp(header, packet, turn),
            ICMPV6 => self.receive_icmpv6(header, packet, turn),
            _ => {}
        }
    }

    fn receive_datagram(
        &mut self,
        port: PortId,
        header: Header,
        packet: &Packet<'_>,
        datagram: &Datagram<'_>,
        turn: &mut Turn<'_>,
    ) {
        let is_dhcp = datagram.destination == dhcp::SERVER && datagram.source == dhcp::CLIENT;
        if is_dhcp && dhcp::is_for_server(packet.destination, self.v4()) {
            self.receive_dhcp(port, header.source, datagram.payload, &mut turn.sender);
            return;
        }
        if !self.is_own(packet.destination) {
            self.receive_outward_datagram(header.source, packet, datagram, turn);
            return;
        }
        let client = SocketAddr::new(packet.source, datagram.source);
        let server = SocketAddr::new(packet.destination, datagram.destination);
        match datagram.destination {
            names::PORT => {
                let asker = Asker {
                    share: header.source.number(),
                    to: ReplyTo::Datagram {
                        mac: header.source,
                        client,
                        server,
                    },
                };
                self.resolve(datagram.payload, asker, turn);
            }
            ntp::PORT => {
                let time = (turn.surroundings.wall_clock)();
                if let Some(answer) = ntp::answer(datagram.payload, time) {
                    turn.sender.datagram(header.source, server, client, &answer);
                }
            }
            port => {
                let now = turn.now();
                let entrances = &mut self.inward.entrances;
                if !entrances.answer(port, client, datagram.payload, now) {
                    self.receive_outward_datagram(header.source, packet, datagram, turn);
                }
            }
        }
    }

    /// Answers a question about names, now or later.
    fn resolve(&mut self, question: &[u8], asker: Asker, turn: &mut Turn<'_>) {
        let now = turn.now();
        let neighbours = &self.neighbours;
        let own = self.v6().map(IpAddr::V6);
        let is_heard = |address| Some(address) == own || neighbours.find(address, now).is_some();
        let reply = self.names.ask(
            question,
            asker,
            is_heard,
            turn.poller,
            turn.surroundings,
            now,
        );
        if let Some(reply) = reply {
            self.say(&reply, turn);
        }
    }

    fn receive_dhcp(&mut self, port: PortId, mac: Mac, request: &[u8], sender: &mut Sender<'_>) {
        let names = self.own_names.get(&mac);
        let client = Client {
            mac,
            port: port.0,
            naming: Naming {
                host_name: names.and_then(|names| names.host.as_deref()),
                domain: names.map_or(crete_model::NETWORK_DOMAIN, |names| names.domain.as_str()),
            },
        };
        let neighbours = &self.neighbours;
        let now = sender.now;
        let in_use = |address: Ipv4Addr| {
            neighbours
                .find(address.into(), now)
                .is_some_and(|heard| heard != mac)
        };
        let answer = dhcp::answer(&self.terms, &mut self.leases, request, client, now, in_use);
        if let Some(answer) = answer {
            let from = SocketAddr::from((self.v4(), dhcp::SERVER));
            let to = SocketAddr::from((answer.destination, dhcp::CLIENT));
            sender.datagram(answer.to, from, to, &answer.payload);
        }
    }
}
