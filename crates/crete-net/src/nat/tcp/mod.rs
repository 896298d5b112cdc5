//! All TCP connections of a network.

mod work;

use super::budget::Budget;
use super::far::Far;
use super::flow::{Ends, Flow, OPENING, Parts};
use super::refusal::{self, Refusal, Segment};
use crate::frame::Mac;
use crate::packet::Packet;
use crate::poller::{Poller, Ready};
use crate::slab::Slab;
use crate::token::Source;
use crate::wire::Sender;
use smoltcp::time::{Duration, Instant};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::net::{IpAddr, SocketAddr};

/// Connections of a network, and of one machine.
const AT_ONCE: usize = 8192;
const AT_ONCE_EACH: usize = 2048;
/// Connections of one machine whose other side is still being dialled: what a flood of SYNs gets.
const DIALLED_EACH: usize = 256;
/// How long the host's side is dialled. A machine's own patience is about as long.
const DIALLING: Duration = Duration::from_secs(30);

/// Who is to be connected with whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) machine: Mac,
    pub(crate) ends: Ends,
    /// Whether it leads out of the network.
    pub(crate) is_outward: bool,
}

/// A connection that was to be made to a machine, and what came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What the connection was begun under.
    pub(crate) ticket: u64,
    /// Nothing when the machine took it; else the host's side, of which nothing was used.
    pub(crate) failed: Option<Far>,
    /// Whether the machine refused it; else it was silent.
    pub(crate) was_refused: bool,
}

/// What a connection to a machine is begun with.
#[derive(Debug)]
pub(crate) struct Beginning {
    pub(crate) far: Far,
    pub(crate) ticket: u64,
    pub(crate) seed: u64,
    /// Said to the host's side when the machine has taken the connection.
    pub(crate) preamble: Vec<u8>,
}

#[derive(Debug)]
enum Stage {
    /// The host's side is being dialled, and the machine's first packet waits.
    Dialling {
        far: Far,
        first: Box<[u8]>,
        until: Instant,
    },
    Open(Box<Flow>),
}

#[derive(Debug)]
struct Connection {
    ends: Ends,
    machine: Mac,
    stage: Stage,
    /// For a connection to a machine: whom to tell what came of it, and when silence is an answer.
    ticket: Option<(u64, Instant)>,
    is_dirty: bool,
    /// The earliest entry for it among the timers.
    timer: Option<Instant>,
    /// Whether it leads out of the network.
    is_outward: bool,
}

impl Connection {
    fn is_dialled(&self) -> bool {
        matches!(self.stage, Stage::Dialling { .. })
    }

    /// Bytes promised to its buffers.
    fn promised(&self) -> usize {
        match &self.stage {
            Stage::Open(flow) => flow.size * 2,
            Stage::Dialling { .. } => 0,
        }
    }
}

/// What one machine has.
#[derive(Debug, Default, Clone, Copy)]
struct Load {
    connections: usize,
    dialled: usize,
    /// Bytes promised to its connections.
    promised: usize,
}

/// The table of connections.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    by_ends: HashMap<Ends, usize>,
    all: Slab<Connection>,
    budget: Budget,
    loads: HashMap<Mac, Load>,
    /// Connections that have something to do in this turn.
    dirty: Vec<usize>,
    /// Connections that wait for room in their machine's queue.
    waiting: Vec<usize>,
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    outcomes: Vec<Outcome>,
    refused: u64,
}

impl Connections {
    /// Connections there are.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Bytes promised for them.
    pub(crate) fn promised(&self) -> usize {
        self.budget.promised()
    }

    /// Connections that were not taken, because a limit was reached.
    pub(crate) fn refused(&self) -> u64 {
        self.refused
    }

    /// Hands a segment to its connection; false when it has none.
    pub(crate) fn receive(
        &mut self,
        machine: Mac,
        ends: Ends,
        packet: &Packet<'_>,
        sender: &mut Sender<'_>,
    ) -> bool {
        let Some(&at) = self.by_ends.get(&ends) else {
            return false;
        };
        let Some(connection) = self.all.get_mut(at) else {
            return false;
        };
        // Only its own machine speaks in a connection, whatever others write as their address.
        if connection.machine != machine {
            return true;
        }
        if let Stage::Open(flow) = &mut connection.stage {
            flow.receive(packet.whole, sender);
            self.mark(at);
        }
        true
    }

    fn mark(&mut self, at: usize) {
        if let Some(connection) = self.all.get_mut(at)
            && !connection.is_dirty
        {
            connection.is_dirty = true;
            self.dirty.push(at);
        }
    }

    /// Whether a machine may have another connection.
    pub(crate) fn admits(&mut self, machine: Mac) -> bool {
        let load = self.loads.get(&machine).copied().unwrap_or_default();
        let admits = self.all.len() < AT_ONCE
            && load.connections < AT_ONCE_EACH
            && load.dialled < DIALLED_EACH;
        self.refused += u64::from(!admits);
        admits
    }

    /// A machine begins a connection, and its other side is being dialled.
    pub(crate) fn dial(
        &mut self,
        call: Call,
        first: &Packet<'_>,
        far: Far,
        poller: &Poller,
        now: Instant,
    ) -> io::Result<()> {
        let at = self.insert(Connection {
            ends: call.ends,
            machine: call.machine,
            stage: Stage::Dialling {
                far,
                first: first.whole.into(),
                until: now + DIALLING,
            },
            ticket: None,
            is_dirty: false,
            timer: None,
            is_outward: call.is_outward,
        });
        self.schedule(at, now + DIALLING);
        self.watch(at, poller)
    }

    /// Promises a machine the buffers of another connection.
    fn promise(&mut self, machine: Mac) -> Option<usize> {
        let own = self.loads.get(&machine).map_or(0, |load| load.promised);
        self.budget.promise(own)
    }

    fn insert(&mut self, connection: Connection) -> usize {
        let ends = connection.ends;
        let load = self.loads.entry(connection.machine).or_default();
        load.connections += 1;
        load.promised += connection.promised();
        load.dialled += usize::from(connection.is_dialled());
        let at = self.all.insert(connection);
        self.by_ends.insert(ends, at);
        at
    }

    fn watch(&mut self, at: usize, poller: &Poller) -> io::Result<()> {
        let Some(connection) = self.all.get_mut(at) else {
            return Ok(());
        };
        let token = Source::Flow(at).token();
        let added = match &connection.stage {
            Stage::Dialling { far, .. } => poller.add(far, token),
            Stage::Open(flow) => flow.far().map_or(Ok(()), |far| poller.add(far, token)),
        };
        if added.is_err() {
            self.remove(at);
        }
        added
    }

    /// Whether these ends are those of a connection there is.
    pub(crate) fn has(&self, ends: &Ends) -> bool {
        self.by_ends.contains_key(ends)
    }

    /// Begins a connection to a machine. Its other side is there already, and comes back when there
    /// is no room for another.
    pub(crate) fn connect(
        &mut self,
        call: Call,
        beginning: Beginning,
        poller: &Poller,
        sender: &Sender<'_>,
    ) -> Result<(), Far> {
        let Call { machine, ends, .. } = call;
        let room = (self.all.len() < AT_ONCE)
            .then(|| self.promise(machine))
            .flatten();
        let Some(size) = room else {
            self.refused += 1;
            return Err(beginning.far);
        };
        let parts = Parts {
            ends,
            machine,
            size,
            mtu: sender.mtu,
            seed: beginning.seed,
            far: beginning.far,
            preamble: beginning.preamble,
        };
        let at = self.insert(Connection {
            ends,
            machine,
            stage: Stage::Open(Box::new(Flow::connecting(parts, sender.now))),
            ticket: Some((beginning.ticket, sender.now + OPENING)),
            is_dirty: false,
            timer: None,
            is_outward: false,
        });
        if let Err(error) = self.watch(at, poller) {
            tracing::warn!(%error, "a connection cannot be watched");
        }
        self.mark(at);
        Ok(())
    }

    /// Ends the connection with these ends and tells both sides.
    pub(crate) fn abort_ends(&mut self, ends: &Ends) {
        if let Some(at) = self.by_ends.get(ends).copied() {
            self.abort(at);
        }
    }

    /// Something became possible on the host's side of a connection.
    pub(crate) fn ready(
        &mut self,
        at: usize,
        ready: Ready,
        gateway: IpAddr,
        seed: u64,
        sender: &mut Sender<'_>,
    ) {
        let Some(connection) = self.all.get_mut(at) else {
            return;
        };
        match &mut connection.stage {
            Stage::Open(flow) => {
                flow.note(ready);
                self.mark(at);
            }
            Stage::Dialling { far, .. } if ready.writable => {
                let error = far.error();
                if error.is_none() && !far.is_connected() {
                    return;
                }
                match error {
                    None => self.establish(at, seed, sender),
                    Some(error) => self.fail(at, &error, gateway, sender),
                }
            }
            Stage::Dialling { .. } => {}
        }
    }

    /// The host's side is there: the machine's first packet is taken.
    fn establish(&mut self, at: usize, seed: u64, sender: &mut Sender<'_>) {
        let Some(mut connection) = self.remove(at) else {
            return;
        };
        let Stage::Dialling { far, first, .. } = connection.stage else {
            return;
        };
        let Some(size) = self.promise(connection.machine) else {
            self.refused += 1;
            refuse(connection.machine, &first, sender);
            return;
        };
        let parts = Parts {
            ends: connection.ends,
            machine: connection.machine,
            size,
            mtu: sender.mtu,
            seed,
            far,
            preamble: Vec::new(),
        };
        let mut flow = Flow::accepting(parts, sender.now);
        flow.receive(&first, sender);
        connection.stage = Stage::Open(Box::new(flow));
        // Under the number it had: the one that was freed last.
        let at = self.insert(connection);
        self.mark(at);
    }

    /// The host's side cannot be had: the machine is told why.
    fn fail(&mut self, at: usize, error: &io::Error, gateway: IpAddr, sender: &mut Sender<'_>) {
        let Some(connection) = self.remove(at) else {
            return;
        };
        let Stage::Dialling { first, .. } = connection.stage else {
            return;
        };
        match Refusal::of(error) {
            Some(Refusal::Port) => refuse(connection.machine, &first, sender),
            Some(refusal) => {
                if let Some(packet) = Packet::parse(&first) {
                    refusal::unreachable(refusal, gateway, connection.machine, &packet, sender);
                }
            }
            None => {}
        }
    }

    fn remove(&mut self, at: usize) -> Option<Connection> {
        let connection = self.all.remove(at)?;
        if self.by_ends.get(&connection.ends) == Some(&at) {
            self.by_ends.remove(&connection.ends);
        }
        self.budget.release(connection.promised());
        if let Some(load) = self.loads.get_mut(&connection.machine) {
            load.connections -= 1;
            load.promised -= connection.promised();
            load.dialled -= usize::from(connection.is_dialled());
            if load.connections == 0 {
                self.loads.remove(&connection.machine);
            }
        }
        Some(connection)
    }

    /// Ends every connection that leads out of the network, and tells both sides.
    pub(crate) fn cut_outward(&mut self) {
        let outward = |(at, connection): (usize, &Connection)| connection.is_outward.then_some(at);
        let all: Vec<usize> = self.all.iter().filter_map(outward).collect();
        for at in all {
            self.abort(at);
        }
    }

    /// Ends a connection and tells both sides.
    pub(crate) fn abort(&mut self, at: usize) {
        match self.all.get_mut(at).map(|connection| &mut connection.stage) {
            Some(Stage::Open(flow)) => {
                flow.abort();
                self.mark(at);
            }
            Some(Stage::Dialling { .. }) => drop(self.remove(at)),
            None => {}
        }
    }
}

/// Resets the connection a machine's first packet was to begin.
fn refuse(machine: Mac, first: &[u8], sender: &mut Sender<'_>) {
    if let Some(packet) = Packet::parse(first)
        && let Some(segment) = Segment::parse(packet.payload)
    {
        refusal::reset(machine, &packet, segment, sender);
    }
}

/// The ends of the connection a segment belongs to.
pub(crate) fn ends_of(packet: &Packet<'_>, segment: Segment) -> Ends {
    Ends {
        machine: SocketAddr::new(packet.source, segment.source),
        other: SocketAddr::new(packet.destination, segment.destination),
    }
}
