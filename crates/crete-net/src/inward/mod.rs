//! The way in: ports of this computer, and of the gateway, that lead to machines.

pub(crate) mod backend;
pub(crate) mod datagrams;
pub(crate) mod listener;

use crate::config::{Config, Forward, Protocol};
use crate::host::owner_of;
use crate::poller::Poller;
use crate::slab::Slab;
use crate::token::Source;
use backend::{Backends, Health};
use datagrams::Entrances;
use listener::Listener;
use serde::{Deserialize, Serialize};
use smoltcp::time::{Duration, Instant};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;

/// Between two tries to hold a port that somebody else has.
const TRY_AGAIN: Duration = Duration::from_secs(3);

/// How a forward is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardView {
    /// Its id.
    pub id: String,
    /// What it is of.
    pub protocol: Protocol,
    /// Where this computer listens.
    pub listen: SocketAddr,
    /// Where it leads, and whether that takes connections.
    pub targets: Vec<TargetView>,
    /// Whether connections are taken now.
    pub open: bool,
    /// Why the port cannot be held.
    pub fault: Option<String>,
    /// Who has the port instead.
    pub owner: Option<String>,
}

/// A place in the network, as it is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetView {
    /// The place; nothing when its machine has no address.
    pub at: Option<SocketAddr>,
    /// Whether it takes connections. Of datagrams nobody can know.
    pub health: Health,
}

/// How a balanced port of the gateway is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalancerView {
    /// The gateway's port.
    pub port: u16,
    /// Where it leads.
    pub targets: Vec<TargetView>,
}

#[derive(Debug)]
enum Door {
    Connections(Listener),
    Datagrams(usize),
}

#[derive(Debug)]
struct Entry {
    wanted: Forward,
    targets: Vec<SocketAddr>,
    door: Option<Door>,
    fault: Option<String>,
    owner: Option<String>,
    try_at: Instant,
    /// Which of the targets had the last connection.
    turn: usize,
}

/// All ways in.
#[derive(Debug, Default)]
pub(crate) struct Inward {
    entries: Slab<Entry>,
    balancers: HashMap<u16, (Vec<SocketAddr>, usize)>,
    pub(crate) backends: Backends,
    pub(crate) entrances: Entrances,
}

impl Inward {
    /// Takes over changed forwards. Those that stay as they were stay open. `place` knows where a
    /// target is.
    pub(crate) fn configure(
        &mut self,
        config: &Config,
        place: impl Fn(&crate::config::Target) -> Option<SocketAddr>,
        now: Instant,
    ) {
        let places =
            |targets: &[crate::config::Target]| targets.iter().filter_map(&place).collect();
        let gone: Vec<usize> = self
            .entries
            .iter()
            .filter(|(_, entry)| {
                let same = |wanted: &&Forward| {
                    (wanted.listen, wanted.protocol) == (entry.wanted.listen, entry.wanted.protocol)
                };
                !config.forwards.iter().any(|wanted| same(&wanted))
            })
            .map(|(at, _)| at)
            .collect();
        for at in gone {
            if let Some(Entry {
                door: Some(Door::Datagrams(number)),
                ..
            }) = self.entries.remove(at)
            {
                self.entrances.close(number);
            }
        }
        for wanted in &config.forwards {
            self.put(wanted, places(&wanted.targets), now);
        }
        let before = std::mem::take(&mut self.balancers);
        for balancer in &config.balancers {
            let turn = before.get(&balancer.port).map_or(0, |(_, turn)| *turn);
            self.balancers
                .insert(balancer.port, (places(&balancer.targets), turn));
        }
        let connections = |entry: &Entry| entry.wanted.protocol == Protocol::Tcp;
        let mut all: Vec<SocketAddr> = self
            .entries
            .iter()
            .filter(|(_, entry)| connections(entry))
            .flat_map(|(_, entry)| entry.targets.iter().copied())
            .chain(
                self.balancers
                    .values()
                    .flat_map(|(targets, _)| targets.iter().copied()),
            )
            .collect();
        all.sort_unstable();
        all.dedup();
        self.backends.keep(&all, now);
    }

    fn put(&mut self, wanted: &Forward, targets: Vec<SocketAddr>, now: Instant) {
        let known = self
            .entries
            .iter()
            .find(|(_, entry)| {
                (entry.wanted.listen, entry.wanted.protocol) == (wanted.listen, wanted.protocol)
            })
            .map(|(at, _)| at);
        if let Some(entry) = known.and_then(|at| self.entries.get_mut(at)) {
            if let (Some(Door::Datagrams(number)), Some(target)) = (&entry.door, targets.first()) {
                self.entrances.retarget(*number, *target);
            }
            entry.wanted = wanted.clone();
            entry.targets = targets;
            return;
        }
        self.entries.insert(Entry {
            wanted: wanted.clone(),
            targets,
            door: None,
            fault: None,
            owner: None,
            try_at: now,
            turn: 0,
        });
    }

    /// Holds the ports that are not held yet, and opens or closes each as its targets are.
    pub(crate) fn tick(&mut self, poller: &Poller, now: Instant) {
        for at in 0..self.entries.end() {
            let Some(entry) = self.entries.get_mut(at) else {
                continue;
            };
            if entry.door.is_none() && now >= entry.try_at {
                entry.hold(at, &mut self.entrances, poller, now);
            }
            let backends = &self.backends;
            let is_wanted = entry
                .targets
                .iter()
                .any(|at| backends.health(*at) == Health::Up);
            if let Some(Door::Connections(listener)) = &mut entry.door {
                let done = if is_wanted {
                    listener.open()
                } else {
                    listener.close()
                };
                if let Err(error) = done {
                    entry.fail(&error, now);
                }
            }
        }
    }

    /// When something is to be done next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let tries = |(_, entry): (usize, &Entry)| entry.door.is_none().then_some(entry.try_at);
        self.entries
            .iter()
            .filter_map(tries)
            .chain(self.backends.deadline())
            .min()
    }

    /// Connections that wait at a port.
    pub(crate) fn accept(&mut self, at: usize) -> Vec<std::net::TcpStream> {
        match self.entries.get(at).and_then(|entry| entry.door.as_ref()) {
            Some(Door::Connections(listener)) if listener.is_open() => {
                std::iter::from_fn(|| listener.accept()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The next target of a port of this computer that takes connections, and was not tried.
    pub(crate) fn choose(&mut self, at: usize, tried: &[SocketAddr]) -> Option<SocketAddr> {
        let entry = self.entries.get_mut(at)?;
        choose(&entry.targets, &mut entry.turn, tried, &self.backends)
    }

    /// Whether a port of the gateway is balanced.
    pub(crate) fn is_balanced(&self, port: u16) -> bool {
        self.balancers.contains_key(&port)
    }

    /// The next target of a balanced port that takes connections, and was not tried.
    pub(crate) fn choose_balanced(
        &mut self,
        port: u16,
        tried: &[SocketAddr],
    ) -> Option<SocketAddr> {
        let (targets, turn) = self.balancers.get_mut(&port)?;
        choose(targets, turn, tried, &self.backends)
    }

    pub(crate) fn forwards(&self) -> Vec<ForwardView> {
        let view = |(_, entry): (usize, &Entry)| ForwardView {
            id: entry.wanted.id.clone(),
            protocol: entry.wanted.protocol,
            listen: entry.wanted.listen,
            targets: self.targets(&entry.targets),
            open: match &entry.door {
                Some(Door::Connections(listener)) => listener.is_open(),
                Some(Door::Datagrams(_)) => true,
                None => false,
            },
            fault: entry.fault.clone(),
            owner: entry.owner.clone(),
        };
        let mut views: Vec<ForwardView> = self.entries.iter().map(view).collect();
        views.sort_by(|a, b| (a.listen, &a.id).cmp(&(b.listen, &b.id)));
        views
    }

    pub(crate) fn balancers(&self) -> Vec<BalancerView> {
        let view = |(port, (targets, _)): (&u16, &(Vec<SocketAddr>, usize))| BalancerView {
            port: *port,
            targets: self.targets(targets),
        };
        let mut views: Vec<BalancerView> = self.balancers.iter().map(view).collect();
        views.sort_by_key(|view| view.port);
        views
    }

    fn targets(&self, targets: &[SocketAddr]) -> Vec<TargetView> {
        let view = |at: &SocketAddr| TargetView {
            at: Some(*at),
            health: self.backends.health(*at),
        };
        targets.iter().map(view).collect()
    }
}

/// In turn, among those that take connections.
fn choose(
    targets: &[SocketAddr],
    turn: &mut usize,
    tried: &[SocketAddr],
    backends: &Backends,
) -> Option<SocketAddr> {
    let order = (1..=targets.len()).map(|step| (*turn + step) % targets.len());
    let chosen = order.into_iter().find(|n| {
        let at = targets[*n];
        !tried.contains(&at) && backends.health(at) == Health::Up
    })?;
    *turn = chosen;
    Some(targets[chosen])
}

impl Entry {
    fn hold(&mut self, at: usize, entrances: &mut Entrances, poller: &Poller, now: Instant) {
        let listen = self.wanted.listen;
        let door = match self.wanted.protocol {
            Protocol::Tcp => Listener::hold(listen).and_then(|listener| {
                listener.watch(poller, Source::Listener(at).token())?;
                Ok(Door::Connections(listener))
            }),
            Protocol::Udp => match self.targets.first() {
                Some(target) => entrances.open(listen, *target, poller).map(Door::Datagrams),
                None => Err(io::ErrorKind::HostUnreachable.into()),
            },
        };
        match door {
            Ok(door) => {
                self.door = Some(door);
                self.fault = None;
                self.owner = None;
            }
            Err(error) => self.fail(&error, now),
        }
    }

    fn fail(&mut self, error: &io::Error, now: Instant) {
        self.door = None;
        self.fault = Some(error.to_string());
        self.owner = match error.kind() {
            io::ErrorKind::AddrInUse => owner_of(self.wanted.protocol, self.wanted.listen),
            _ => None,
        };
        self.try_at = now + TRY_AGAIN;
    }
}
