//! One TCP connection: a machine on one side, a stream of the host on the other.
//!
//! Each has a TCP stack of its own, of one socket: so a packet finds its connection by one look
//! into a table, timers are the connection's own, and no number of other connections slows it.
//!
//! ```text
//! outward:  SYN ──▶ dial the host's side ──▶ Open        (nothing is said to the machine before)
//! inward:   Opening (SYN sent) ──▶ Open
//! Open:     bytes both ways; each direction ends by itself
//!           reset or failure on one side is reset on the other
//! ```

use super::device::{Wire, capabilities};
use super::far::{Far, Moved};
use crate::frame::Mac;
use crate::packet::{IPV4, IPV6};
use crate::poller::Ready;
use crate::wire::Sender;
use smoltcp::iface::{Config, Interface, PollResult, SocketHandle, SocketSet};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{HardwareAddress, IpCidr, IpEndpoint, IpListenEndpoint};
use std::net::SocketAddr;

/// Between two questions whether a silent machine is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// How long a machine may be silent, when it owes an answer. Long enough for a pause by a person.
const TIMEOUT: Duration = Duration::from_secs(600);
/// How long a machine may take to take a connection.
pub(super) const OPENING: Duration = Duration::from_secs(5);

/// Both ends of a connection, as the machine sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Ends {
    /// The machine's.
    pub(crate) machine: SocketAddr,
    /// The other's.
    pub(crate) other: SocketAddr,
}

/// What became of a connection after some work on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// It goes on.
    Goes,
    /// It goes on when the machine's queue has room.
    Waits,
    /// It is over.
    Over,
}

/// One connection.
pub(crate) struct Flow {
    pub(super) ends: Ends,
    pub(super) machine: Mac,
    /// The size of each buffer, for whoever gave it.
    pub(super) size: usize,
    interface: Interface,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    far: Option<Far>,
    /// The host's side has sent everything.
    far_ended: bool,
    /// The machine has sent everything, and the host's side was told.
    machine_ended: bool,
    was_open: bool,
    preamble: Vec<u8>,
}

impl std::fmt::Debug for Flow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flow")
            .field("ends", &self.ends)
            .field("machine", &self.machine)
            .finish_non_exhaustive()
    }
}

/// What a flow is made of.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) ends: Ends,
    pub(super) machine: Mac,
    pub(super) size: usize,
    pub(super) mtu: usize,
    pub(super) seed: u64,
    pub(super) far: Far,
    /// Said to the host's side when the machine has taken the connection, before anything else.
    pub(super) preamble: Vec<u8>,
}

impl Flow {
    fn new(parts: Parts, now: Instant) -> Self {
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = parts.seed;
        let mut interface = Interface::new(config, &mut Caps(parts.mtu), now);
        let own = parts.ends.other.ip().into();
        let prefix = if parts.ends.other.is_ipv4() { 32 } else { 128 };
        interface.update_ip_addrs(|addresses| {
            // There is room for one, and this is the first.
            let _ = addresses.push(IpCidr::new(own, prefix));
        });
        let buffer = || SocketBuffer::new(vec![0; parts.size]);
        let mut socket = Socket::new(buffer(), buffer());
        socket.set_nagle_enabled(false);
        socket.set_ack_delay(None);
        socket.set_keep_alive(Some(KEEP_ALIVE));
        socket.set_timeout(Some(TIMEOUT));
        let mut sockets = SocketSet::new(Vec::with_capacity(1));
        let handle = sockets.add(socket);
        Self {
            ends: parts.ends,
            machine: parts.machine,
            size: parts.size,
            interface,
            sockets,
            handle,
            far: Some(parts.far),
            far_ended: false,
            machine_ended: false,
            was_open: false,
            preamble: parts.preamble,
        }
    }

    /// A connection a machine has begun, whose other side is there.
    pub(super) fn accepting(parts: Parts, now: Instant) -> Self {
        let mut flow = Self::new(parts, now);
        let endpoint = IpListenEndpoint {
            addr: Some(flow.ends.other.ip().into()),
            port: flow.ends.other.port(),
        };
        // It fails only for port 0 and for a socket in use, and this is neither.
        let _ = flow.socket().listen(endpoint);
        flow
    }

    /// A connection to a machine.
    pub(super) fn connecting(parts: Parts, now: Instant) -> Self {
        let mut flow = Self::new(parts, now);
        let remote = IpEndpoint::from(flow.ends.machine);
        let local = IpEndpoint::from(flow.ends.other);
        flow.socket().set_timeout(Some(OPENING));
        let socket = flow.sockets.get_mut::<Socket<'_>>(flow.handle);
        let _ = socket.connect(flow.interface.context(), remote, local);
        flow
    }

    fn socket(&mut self) -> &mut Socket<'static> {
        self.sockets.get_mut(self.handle)
    }

    /// The host's side, while there is one.
    pub(super) fn far(&self) -> Option<&Far> {
        self.far.as_ref()
    }

    /// Whether the handshake is done.
    pub(super) fn is_open(&self) -> bool {
        self.was_open
    }

    /// Takes a packet of the machine. What it leads to is done by [`Flow::work`], once for all the
    /// packets of a turn.
    pub(super) fn receive(&mut self, packet: &[u8], sender: &mut Sender<'_>) {
        let now = sender.now;
        let mut wire = self.wire(sender);
        wire.packet = Some(packet);
        self.interface
            .poll_ingress_single(now, &mut wire, &mut self.sockets);
    }

    fn wire<'a, 's>(&self, sender: &'a mut Sender<'s>) -> Wire<'a, 's> {
        Wire {
            sender,
            machine: self.machine,
            ethertype: if self.ends.machine.is_ipv4() {
                IPV4
            } else {
                IPV6
            },
            packet: None,
            is_full: false,
        }
    }

    /// Notes what became possible on the host's side.
    pub(super) fn note(&mut self, ready: Ready) {
        if self.far.as_mut().is_some_and(|far| !far.note(ready)) {
            self.socket().abort();
        }
    }

    /// Gives the connection up: both sides are told.
    pub(super) fn abort(&mut self) {
        self.socket().abort();
    }

    /// Moves what can be moved.
    pub(super) fn work(&mut self, sender: &mut Sender<'_>) -> Course {
        let now = sender.now;
        self.note_open();
        if self.was_open {
            self.carry_out();
            self.carry_in();
        }
        let mut wire = self.wire(sender);
        while self
            .interface
            .poll_egress(now, &mut wire, &mut self.sockets)
            == PollResult::SocketStateChanged
        {}
        if wire.is_full {
            return Course::Waits;
        }
        match self.socket().state() {
            // The last acknowledgement has been sent. Were it lost, the machine would be reset,
            // which ends a connection that is over no less well.
            State::TimeWait => Course::Over,
            State::Closed => {
                self.close();
                Course::Over
            }
            _ => Course::Goes,
        }
    }

    fn note_open(&mut self) {
        if !self.was_open && self.socket().may_send() {
            self.was_open = true;
            self.socket().set_timeout(Some(TIMEOUT));
            let preamble = std::mem::take(&mut self.preamble);
            if let Some(far) = self.far.as_mut().filter(|_| !preamble.is_empty()) {
                // Nothing was said to it yet, so there is room.
                far.write(&preamble);
            }
        }
    }

    /// The host's side of a connection the machine never took, for whatever comes next.
    pub(super) fn take_far(&mut self) -> Option<Far> {
        self.far.take()
    }

    /// The machine's side is closed. Unless both sides had ended, that was a failure.
    fn close(&mut self) {
        // One that was never open is somebody else's to end.
        if self.was_open
            && !(self.far_ended && self.machine_ended)
            && let Some(far) = self.far.take()
        {
            far.reset();
        }
    }

    /// From the machine to the host, straight from the receive buffer.
    fn carry_out(&mut self) {
        let Some(far) = self.far.as_mut() else { return };
        let socket = self.sockets.get_mut::<Socket<'_>>(self.handle);
        while far.can_write() && socket.can_recv() {
            let moved = socket.recv(|bytes| match far.write(bytes) {
                Moved::Bytes(count) => (count, Moved::Bytes(count)),
                other => (0, other),
            });
            if moved == Ok(Moved::Broken) {
                socket.abort();
                return;
            }
        }
        let has_ended = matches!(
            socket.state(),
            State::CloseWait | State::LastAck | State::Closing | State::TimeWait
        );
        if has_ended && !socket.can_recv() && !self.machine_ended {
            self.machine_ended = true;
            far.finish();
        }
    }

    /// From the host to the machine, straight into the transmit buffer.
    fn carry_in(&mut self) {
        let Some(far) = self.far.as_mut() else { return };
        let socket = self.sockets.get_mut::<Socket<'_>>(self.handle);
        while !self.far_ended && far.can_read() && socket.can_send() {
            let moved = socket.send(|room| match far.read(room) {
                Moved::Bytes(count) => (count, Moved::Bytes(count)),
                other => (0, other),
            });
            match moved {
                Ok(Moved::End) => {
                    self.far_ended = true;
                    socket.close();
                }
                Ok(Moved::Broken) => {
                    socket.abort();
                    return;
                }
                _ => {}
            }
        }
    }

    /// When the stack wants to work again by itself.
    pub(super) fn wakes_at(&mut self, now: Instant) -> Option<Instant> {
        self.interface.poll_at(now, &self.sockets)
    }
}

/// What an interface is told of a wire before there is one.
struct Caps(usize);

impl Device for Caps {
    type RxToken<'a> = Never;
    type TxToken<'a> = Never;

    fn receive(&mut self, _: Instant) -> Option<(Never, Never)> {
        None
    }

    fn transmit(&mut self, _: Instant) -> Option<Never> {
        None
    }

    fn capabilities(&self) -> DeviceCapabilities {
        debug_assert_eq!(capabilities(self.0).medium, Medium::Ip);
        capabilities(self.0)
    }
}

/// No token at all.
enum Never {}

impl RxToken for Never {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, _: F) -> R {
        match self {}
    }
}

impl TxToken for Never {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, _: usize, _: F) -> R {
        match self {}
    }
}
