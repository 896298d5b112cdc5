//! One network: its switch, its links, and the loop that moves frames between them.
//!
//! Everything of a network happens on one thread, in turns. A turn reads from every link that has
//! something, a portion each, and then sends everything that was queued, each queue with one system
//! call. Nothing blocks, and nothing is locked.

mod drive;
#[cfg(any(test, feature = "fuzzing"))]
mod without_links;

use crate::address::{LeaseView, NeighbourView, Subnet};
use crate::config::{Config, Machine};
use crate::control::server::Control;
use crate::error::NetError;
use crate::frame::{MIN_FRAME, Mac};
use crate::gateway::{Gateway, TrespassView, Turn};
use crate::link::{Fault, Link};
use crate::nat::NatView;
use crate::outside::Surroundings;
use crate::poller::{Poller, Ready};
use crate::switch::{Counters, Forwarded, PATIENCE, PortId, Switch};
use crate::token::Source;
use crate::wire::Sender;
use serde::{Deserialize, Serialize};
use smoltcp::time::{Duration, Instant};
use std::os::fd::OwnedFd;

/// Reads from one link before the others have their turn.
const READS_A_TURN: usize = 4;
/// Times the gateway fills the machines' queues before new frames are read.
const ROUNDS_A_TURN: usize = 8;
/// How often stations that went silent are swept out.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// A link that waits for another port's queue.
#[derive(Debug, Clone, Copy)]
struct Held {
    by: PortId,
    since: Instant,
}

/// One machine's place in the network.
#[derive(Debug)]
struct Line {
    id: String,
    mac: Mac,
    link: Link,
    held: Option<Held>,
    /// When its queue last got shorter.
    progress: Instant,
    fault: Option<String>,
}

/// How a port is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortView {
    /// Whose it is.
    pub id: String,
    /// The address of its card.
    pub mac: Mac,
    /// Whether its machine is connected.
    pub up: bool,
    /// Whether its link is cut.
    pub cut: bool,
    /// Why it was last disconnected, if it was.
    pub fault: Option<String>,
    /// What passed.
    pub counters: Counters,
}

/// One network.
#[derive(Debug)]
pub struct Network {
    switch: Switch,
    gateway: Gateway,
    mtu: usize,
    lines: Vec<Option<Line>>,
    poller: Poller,
    ready: Vec<Ready>,
    surroundings: Surroundings,
    config: Config,
    control: Option<Control>,
    news: Option<OwnedFd>,
    conflict: Option<Subnet>,
    started: Instant,
    ends: bool,
    next_sweep: Instant,
}

impl Network {
    /// A network as configured.
    ///
    /// # Errors
    /// When the configuration is impossible, or the kernel gives no event queue.
    pub fn new(
        config: &Config,
        mut surroundings: Surroundings,
        now: Instant,
    ) -> Result<Self, NetError> {
        config.check()?;
        let poller = Poller::new().map_err(|source| NetError::Kernel {
            what: "an event queue",
            source,
        })?;
        let mut network = Self {
            switch: Switch::new(
                config.gateway_mac(),
                config.mtu.into(),
                (surroundings.random)(),
            ),
            surroundings,
            gateway: Gateway::new(config, now),
            mtu: config.mtu.into(),
            lines: Vec::new(),
            poller,
            ready: Vec::new(),
            config: config.clone(),
            control: None,
            news: None,
            conflict: None,
            started: now,
            ends: false,
            next_sweep: now + SWEEP_EVERY,
        };
        network.watch_routes();
        for machine in &config.machines {
            network.add(machine, now);
        }
        Ok(network)
    }

    /// Adds a machine's card and begins to dial it.
    fn add(&mut self, machine: &Machine, now: Instant) {
        let port = self.switch.add(Some(machine.mac));
        self.switch.set_cut(port, machine.cut);
        if self.lines.len() <= port.0 {
            self.lines.resize_with(port.0 + 1, || None);
        }
        self.lines[port.0] = Some(Line {
            link: Link::new(machine.socket.clone(), Some(machine.mac), now),
            id: machine.id.clone(),
            mac: machine.mac,
            held: None,
            progress: now,
            fault: None,
        });
    }

    fn port_of(&self, id: &str) -> Option<PortId> {
        self.lines
            .iter()
            .position(|line| line.as_ref().is_some_and(|line| line.id == id))
            .map(PortId)
    }

    /// Cuts or mends a machine's link; false when there is none of this id.
    pub fn set_cut(&mut self, id: &str, cut: bool) -> bool {
        let Some(port) = self.port_of(id) else {
            return false;
        };
        self.switch.set_cut(port, cut);
        true
    }

    /// Every port as it is now.
    #[must_use]
    pub fn ports(&self) -> Vec<PortView> {
        let view = |(index, line): (usize, &Option<Line>)| {
            let line = line.as_ref()?;
            let port = self.switch.port(PortId(index))?;
            Some(PortView {
                id: line.id.clone(),
                mac: line.mac,
                up: port.is_up(),
                cut: port.is_cut(),
                fault: line.fault.clone(),
                counters: port.counters(),
            })
        };
        self.lines.iter().enumerate().filter_map(view).collect()
    }

    /// Who has which address.
    #[must_use]
    pub fn leases(&self, now: Instant) -> Vec<LeaseView> {
        self.gateway.leases(now)
    }

    /// Who was heard under which address.
    #[must_use]
    pub fn neighbours(&self, now: Instant) -> Vec<NeighbourView> {
        self.gateway.neighbours(now)
    }

    /// How busy the way to the host is.
    #[must_use]
    pub fn nat(&self) -> NatView {
        self.gateway.nat()
    }

    /// Who did what only another may do.
    #[must_use]
    pub fn trespasses(&self) -> Vec<TrespassView> {
        self.gateway.trespasses()
    }

    /// Waits for something to do, at most this long, and does it. The clock is read before the wait
    /// and after it.
    ///
    /// # Errors
    /// When the kernel fails the wait itself.
    pub fn turn(
        &mut self,
        longest: Option<Duration>,
        clock: impl Fn() -> Instant,
    ) -> Result<(), NetError> {
        let idle = self.idle_for(clock());
        let wait = longest.map_or(idle, |longest| longest.min(idle));
        self.poller
            .wait(Some(wait), &mut self.ready)
            .map_err(|source| NetError::Kernel {
                what: "waiting for events",
                source,
            })?;
        let now = clock();
        self.note_ready(now);
        for index in 0..self.lines.len() {
            self.dial(PortId(index), now);
            self.receive(PortId(index), now);
        }
        let (gateway, mut turn) = self.gateway_turn(now);
        gateway.tick(&mut turn);
        for _ in 0..ROUNDS_A_TURN {
            let (gateway, mut turn) = self.gateway_turn(now);
            gateway.work(&mut turn);
            for index in 0..self.lines.len() {
                self.send(PortId(index), now);
            }
            if !self.gateway_is_busy(now) {
                break;
            }
        }
        if now >= self.next_sweep {
            self.switch.age(now);
            self.gateway.age(now);
            self.next_sweep = now + SWEEP_EVERY;
        }
        Ok(())
    }

    fn gateway_is_busy(&self, now: Instant) -> bool {
        self.gateway
            .is_busy(&self.switch, MIN_FRAME + self.mtu, now)
    }

    /// The gateway, and what it works with.
    fn gateway_turn(&mut self, now: Instant) -> (&mut Gateway, Turn<'_>) {
        let sender = Sender {
            switch: &mut self.switch,
            mac: self.gateway.mac,
            mtu: self.mtu,
            now,
        };
        let turn = Turn {
            sender,
            poller: &self.poller,
            surroundings: &mut self.surroundings,
        };
        (&mut self.gateway, turn)
    }

    fn note_ready(&mut self, now: Instant) {
        for at in 0..self.ready.len() {
            let ready = self.ready[at];
            match Source::of(ready.token) {
                Some(Source::Line(line)) => {
                    if let Some(Some(line)) = self.lines.get_mut(line) {
                        line.link.note(ready);
                    }
                }
                Some(Source::Control(at)) => self.drive(at, ready, now),
                Some(Source::Door) => {
                    if let Some(control) = &mut self.control {
                        control.accept(&self.poller);
                    }
                }
                Some(Source::Routes) => self.routes_changed(now),
                Some(source) => {
                    let (gateway, mut turn) = self.gateway_turn(now);
                    gateway.note(source, ready, &mut turn);
                }
                None => {}
            }
        }
    }

    /// How long nothing will happen by itself.
    fn idle_for(&self, now: Instant) -> Duration {
        if self.gateway_is_busy(now) {
            return Duration::ZERO;
        }
        let mut next = self.next_sweep;
        if let Some(at) = self.gateway.deadline() {
            next = next.min(at);
        }
        for (index, line) in self.lines.iter().enumerate() {
            let Some(line) = line else { continue };
            if let Some(at) = line.link.dials_at() {
                next = next.min(at);
            } else if let Some(held) = line.held {
                next = next.min(self.goes_on_at(held));
            } else if line.link.is_readable() {
                return Duration::ZERO;
            }
            let queued = self
                .switch
                .port(PortId(index))
                .is_some_and(|port| !port.outbox.is_empty());
            if queued && line.link.is_writable() {
                return Duration::ZERO;
            }
        }
        if next > now {
            next - now
        } else {
            Duration::ZERO
        }
    }

    /// When a held link goes on: at once when there is room again, else after a while in which the other port took nothing at all.
    fn goes_on_at(&self, held: Held) -> Instant {
        let port = self.switch.port(held.by);
        if port.is_none_or(|port| port.outbox.has_eased()) {
            return held.since;
        }
        let progress = match self.lines.get(held.by.0) {
            Some(Some(line)) => line.progress,
            _ => held.since,
        };
        held.since.max(progress) + PATIENCE
    }

    fn dial(&mut self, port: PortId, now: Instant) {
        let Some(line) = self.lines[port.0].as_mut() else {
            return;
        };
        if line.link.dials_at().is_none_or(|at| now < at) || line.link.dial(now).is_err() {
            return;
        }
        let registered = match line.link.stream() {
            Some(stream) => self.poller.add(stream, Source::Line(port.0).token()),
            None => Ok(()),
        };
        match registered {
            Ok(()) => {
                tracing::info!(machine = line.id, "connected");
                line.progress = now;
                self.switch.set_up(port, true);
            }
            Err(error) => self.hang_up(port, &error.into(), now),
        }
    }

    fn hang_up(&mut self, port: PortId, fault: &Fault, now: Instant) {
        if let Some(line) = self.lines[port.0].as_mut() {
            tracing::info!(machine = line.id, path = %line.link.path().display(), %fault, "disconnected");
            line.link.hang_up(fault, now);
            line.fault = Some(fault.to_string());
            line.held = None;
            self.gateway.gone(line.mac, now);
        }
        self.switch.set_up(port, false);
    }

    fn receive(&mut self, port: PortId, now: Instant) {
        if self.is_held(port, now) {
            return;
        }
        for _ in 0..READS_A_TURN {
            match self.receive_once(port, now) {
                Ok(true) => {}
                Ok(false) => break,
                Err(fault) => {
                    self.hang_up(port, &fault, now);
                    break;
                }
            }
        }
    }

    /// Whether a link still waits for another port; ends the wait when that is due.
    fn is_held(&mut self, port: PortId, now: Instant) -> bool {
        let Some(held) = self.lines[port.0].as_ref().and_then(|line| line.held) else {
            return false;
        };
        let goes_on = self.goes_on_at(held);
        if now < goes_on {
            return true;
        }
        if goes_on > held.since {
            self.switch.give_up_on(held.by);
        }
        if let Some(line) = self.lines[port.0].as_mut() {
            line.held = None;
        }
        false
    }

    /// Hands on the frames that are here, then reads more. False when that is all for now.
    fn receive_once(&mut self, port: PortId, now: Instant) -> Result<bool, Fault> {
        let Some(line) = self.lines[port.0].as_mut() else {
            return Ok(false);
        };
        while let Some(at) = line.link.peek()? {
            let frame = line.link.frame(at.clone());
            if !self.gateway.admits(frame) {
                self.switch.refuse(port, frame.len());
                line.link.take(&at);
                continue;
            }
            match self.switch.forward(port, frame, now) {
                Forwarded::Held(by) => {
                    line.held = Some(Held { by, since: now });
                    return Ok(false);
                }
                Forwarded::Done => {}
                Forwarded::Gateway => {
                    let sender = Sender {
                        switch: &mut self.switch,
                        mac: self.gateway.mac,
                        mtu: self.mtu,
                        now,
                    };
                    let mut turn = Turn {
                        sender,
                        poller: &self.poller,
                        surroundings: &mut self.surroundings,
                    };
                    self.gateway.receive(port, frame, &mut turn);
                }
            }
            line.link.take(&at);
        }
        line.link.receive()
    }

    fn send(&mut self, id: PortId, now: Instant) {
        let Some(line) = self.lines[id.0].as_mut() else {
            return;
        };
        let Some(port) = self.switch.port(id) else {
            return;
        };
        if port.outbox.is_empty() || !line.link.is_writable() {
            return;
        }
        match line.link.send(&port.outbox) {
            Ok(0) => {}
            Ok(sent) => {
                line.progress = now;
                self.switch.sent(id, sent);
            }
            Err(fault) => self.hang_up(id, &fault, now),
        }
    }
}
