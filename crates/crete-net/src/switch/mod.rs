//! The switch: from one port to the others, by what was learned. Pure; the ports' queues are its
//! only output.
//!
//! A frame to one station waits for room in its port's queue: the sender is held back, and so are
//! frames kept in order. A port that takes nothing for a while is stuck, and from then on its
//! frames are dropped, so that a paused machine stops nobody else. Floods never wait.
//!
//! Addresses that were given to a port belong to it: a frame under such an address from anywhere
//! else is dropped. Other addresses are learned, for guests that have machines of their own.

mod counters;
mod table;

pub use counters::Counters;

use crate::frame::{Header, MIN_FRAME, Mac};
use crate::link::Outbox;
use smoltcp::time::{Duration, Instant};
use table::{Heard, Table};

/// Room for the queue of one port. A large window of one connection, at any MTU.
const QUEUE: usize = 1 << 20;
/// How long a sender is held back by a port that takes nothing.
pub(crate) const PATIENCE: Duration = Duration::from_millis(100);
/// A VLAN tag of a guest's own may come on top of the MTU.
const VLAN_TAG: usize = 4;

/// A port's place in the switch. Places are used again after a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortId(pub(crate) usize);

/// One port: its queue and what is known of it.
#[derive(Debug)]
pub struct Port {
    up: bool,
    cut: bool,
    stuck: bool,
    counters: Counters,
    pub(crate) outbox: Outbox,
}

impl Port {
    fn is_open(&self) -> bool {
        self.up && !self.cut
    }

    fn count_out(&mut self, length: usize) {
        self.counters.frames_out += 1;
        self.counters.bytes_out += length as u64;
    }

    /// For frames that may be lost: floods, and whatever the gateway will send again.
    fn offer(&mut self, frame: &[u8]) {
        if !self.is_open() {
            self.counters.dropped_down += 1;
        } else if self.outbox.push(frame) {
            self.count_out(frame.len());
        } else {
            self.counters.dropped_full += 1;
        }
    }

    /// Whether its machine is connected.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.up
    }

    /// Whether its link is cut.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// What passed so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forwarded {
    /// It was queued, or dropped and counted.
    Done,
    /// As [`Forwarded::Done`], and the gateway is to have it too.
    Gateway,
    /// The port it goes to has no room: offer it again when that port has eased, or after
    /// [`Switch::give_up_on`]. Nothing was counted yet.
    Held(PortId),
}

/// What became of a frame of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emitted {
    /// Queued, or dropped and counted.
    Sent,
    /// The port has no room now.
    Full(PortId),
}

/// The switch of one network.
#[derive(Debug)]
pub struct Switch {
    ports: Vec<Option<Port>>,
    table: Table,
    gateway: Mac,
    longest: usize,
    /// A frame of the gateway that goes to more than one port.
    scratch: Vec<u8>,
}

impl Switch {
    /// A switch without ports. `mtu` is the largest IP packet in bytes; `key` is random and secret.
    #[must_use]
    pub fn new(gateway: Mac, mtu: usize, key: u64) -> Self {
        Self {
            ports: Vec::new(),
            table: Table::new(key),
            gateway,
            longest: MIN_FRAME + VLAN_TAG + mtu,
            scratch: Vec::new(),
        }
    }

    /// Adds a port, not yet up. `mac` is the address that belongs to it alone.
    pub fn add(&mut self, mac: Option<Mac>) -> PortId {
        let port = Port {
            up: false,
            cut: false,
            stuck: false,
            counters: Counters::default(),
            outbox: Outbox::new(QUEUE),
        };
        let id = match self.ports.iter().position(Option::is_none) {
            Some(free) => free,
            None => {
                self.ports.push(None);
                self.ports.len() - 1
            }
        };
        self.ports[id] = Some(port);
        if let Some(mac) = mac {
            self.table.fix(mac, PortId(id));
        }
        PortId(id)
    }

    /// Removes a port and everything known of it.
    pub fn remove(&mut self, id: PortId) {
        self.ports[id.0] = None;
        self.table.remove(id);
    }

    /// A port, while it exists.
    #[must_use]
    pub fn port(&self, id: PortId) -> Option<&Port> {
        self.ports.get(id.0)?.as_ref()
    }

    pub(crate) fn port_mut(&mut self, id: PortId) -> Option<&mut Port> {
        self.ports.get_mut(id.0)?.as_mut()
    }

    /// Tells that a port's machine has connected or gone. What waited for it is forgotten.
    pub fn set_up(&mut self, id: PortId, up: bool) {
        if let Some(port) = self.port_mut(id) {
            port.up = up;
            port.stuck = false;
            port.outbox.clear();
        }
        if !up {
            self.table.forget(id);
        }
    }

    /// Cuts or mends a port, as if its cable were pulled: nothing passes either way.
    pub fn set_cut(&mut self, id: PortId, cut: bool) {
        if let Some(port) = self.port_mut(id) {
            port.cut = cut;
        }
        if cut {
            self.table.forget(id);
        }
    }

    /// Changes the largest IP packet, in bytes.
    pub fn set_mtu(&mut self, mtu: usize) {
        self.longest = MIN_FRAME + VLAN_TAG + mtu;
    }

    /// A port has kept its senders waiting too long: from now on its frames are dropped, until it
    /// takes something again.
    pub fn give_up_on(&mut self, id: PortId) {
        if let Some(port) = self.port_mut(id) {
            port.stuck = true;
        }
    }

    /// What waits for a port's machine, as it goes over the socket: each frame after its length.
    /// The older part comes first.
    #[must_use]
    pub fn pending(&self, id: PortId) -> [&[u8]; 2] {
        self.port(id)
            .map_or([&[], &[]], |port| port.outbox.pending())
    }

    /// Notes that this many bytes of a port's queue were sent.
    pub fn sent(&mut self, id: PortId, count: usize) {
        if let Some(port) = self.port_mut(id) {
            port.outbox.sent(count);
            port.stuck &= count == 0;
        }
    }

    /// Forgets stations that have been silent too long.
    pub fn age(&mut self, now: Instant) {
        self.table.age(now);
    }

    /// The one port an address belongs to, or was heard on.
    #[must_use]
    pub fn find(&self, mac: Mac, now: Instant) -> Option<PortId> {
        self.table.find(mac, now)
    }

    /// Checks what a port sends before anybody else sees it.
    fn admit(&mut self, from: PortId, frame: &[u8], now: Instant) -> Option<Header> {
        let port = self.ports.get_mut(from.0)?.as_mut()?;
        if !port.is_open() {
            return None;
        }
        let counters = &mut port.counters;
        counters.frames_in += 1;
        counters.bytes_in += frame.len() as u64;
        if frame.len() > self.longest {
            counters.dropped_long += 1;
            return None;
        }
        let Some(header) = Header::of(frame)
            .filter(|header| !header.source.is_group() && !header.destination.is_link_control())
        else {
            counters.dropped_malformed += 1;
            return None;
        };
        let heard = if header.source == self.gateway {
            Heard::Elsewhere
        } else {
            self.table.hear(header.source, from, now)
        };
        match heard {
            Heard::Here => {}
            Heard::Unlearned => counters.stations_unlearned += 1,
            Heard::Elsewhere => {
                counters.dropped_spoofed += 1;
                return None;
            }
        }
        Some(header)
    }

    /// Takes a frame from a port and queues it where it belongs.
    pub fn forward(&mut self, from: PortId, frame: &[u8], now: Instant) -> Forwarded {
        let to = Header::of(frame)
            .filter(|header| !header.destination.is_group())
            .and_then(|header| self.find(header.destination, now));
        if let Some(held) = to.filter(|to| *to != from && self.must_wait(*to, frame.len())) {
            return Forwarded::Held(held);
        }
        let Some(header) = self.admit(from, frame, now) else {
            return Forwarded::Done;
        };
        if header.destination == self.gateway {
            return Forwarded::Gateway;
        }
        match to {
            Some(to) if to == from => {}
            Some(to) => {
                if let Some(port) = self.port_mut(to) {
                    port.offer(frame);
                }
            }
            None => self.flood(Some(from), frame),
        }
        if header.destination.is_group() {
            Forwarded::Gateway
        } else {
            Forwarded::Done
        }
    }

    /// Counts a frame that was not let in.
    pub(crate) fn refuse(&mut self, from: PortId, length: usize) {
        if let Some(port) = self.port_mut(from) {
            port.counters.frames_in += 1;
            port.counters.bytes_in += length as u64;
            port.counters.dropped_spoofed += 1;
        }
    }

    fn must_wait(&self, to: PortId, length: usize) -> bool {
        self.port(to)
            .is_some_and(|port| port.is_open() && !port.stuck && !port.outbox.fits(length))
    }

    fn flood(&mut self, from: Option<PortId>, frame: &[u8]) {
        for (index, port) in self.ports.iter_mut().enumerate() {
            if let Some(port) = port.as_mut().filter(|_| from != Some(PortId(index))) {
                port.offer(frame);
            }
        }
    }

    /// True when the gateway could queue a frame of this length to a station now.
    #[must_use]
    pub fn has_room(&self, to: Mac, length: usize, now: Instant) -> bool {
        match self.find(to, now) {
            Some(id) => !self.must_wait(id, length),
            None => true,
        }
    }

    /// Room in the queue of the one port a station is on, for a frame of the gateway; nothing when
    /// there is none now. What is handed out is sent, so it must be written whole.
    pub(crate) fn room(&mut self, to: Mac, length: usize, now: Instant) -> Option<&mut [u8]> {
        let id = self.find(to, now)?;
        let port = self.port_mut(id)?;
        if !port.is_open() {
            port.counters.dropped_down += 1;
            return None;
        }
        let Some(room) = port.outbox.reserve(length) else {
            port.counters.dropped_full += 1;
            return None;
        };
        port.counters.frames_out += 1;
        port.counters.bytes_out += length as u64;
        Some(room)
    }

    /// Queues a frame of the gateway: `write` makes it in place, header included.
    pub fn emit(
        &mut self,
        to: Mac,
        length: usize,
        now: Instant,
        write: impl FnOnce(&mut [u8]),
    ) -> Emitted {
        let Some(id) = self.find(to, now).filter(|_| !to.is_group()) else {
            let mut scratch = std::mem::take(&mut self.scratch);
            scratch.clear();
            scratch.resize(length, 0);
            write(&mut scratch);
            self.flood(None, &scratch);
            self.scratch = scratch;
            return Emitted::Sent;
        };
        let Some(port) = self.port_mut(id) else {
            return Emitted::Sent;
        };
        if !port.is_open() {
            port.counters.dropped_down += 1;
            return Emitted::Sent;
        }
        if let Some(room) = port.outbox.reserve(length) {
            write(room);
            port.count_out(length);
            return Emitted::Sent;
        }
        if port.stuck {
            port.counters.dropped_full += 1;
            return Emitted::Sent;
        }
        Emitted::Full(id)
    }
}
