//! The gateway: the network's own station, which answers for addresses and for itself.

mod arp;
mod configure;
mod icmp;
pub(crate) mod inward;
mod ipv6;
pub(crate) mod ntp;
mod outward;
mod receive;

use crate::address::dhcp::Terms;
use crate::address::guard::{self, Refused};
use crate::address::lease::Leases;
use crate::address::neighbours::Neighbours;
use crate::address::{LeaseView, NeighbourView, Subnet, Trespass, nd};
use crate::config::{Config, Protocol};
use crate::frame::{Header, Mac};
use crate::inward::{BalancerView, ForwardView, Inward};
use crate::names::conversation::Conversations;
use crate::names::upstream::ReplyTo;
use crate::names::zone::Zone;
use crate::names::{Names, Reply};
use crate::nat::{Nat, NatView};
use crate::outside::Surroundings;
use crate::poller::{Poller, Ready};
use crate::switch::Switch;
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
}
