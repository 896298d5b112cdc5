//! Echoes ("ping") to the outside, where the kernel gives ordinary users a socket for them.

use crate::frame::Mac;
use crate::poller::Poller;
use crate::slab::Slab;
use crate::token::Source;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, ipproto};
use smoltcp::time::{Duration, Instant};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;

/// Echo sockets of a network. Whoever pings more is answered a little later.
const AT_ONCE: usize = 256;
const IDLE: Duration = Duration::from_secs(30);
/// Type, code, checksum, identifier and number.
pub(crate) const HEADER: usize = 8;
const LONGEST: usize = 65_535;

/// Who pings whom, under which identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Pinging {
    pub(crate) machine: IpAddr,
    pub(crate) other: IpAddr,
    pub(crate) identifier: u16,
}

#[derive(Debug)]
struct Echo {
    pinging: Pinging,
    machine: Mac,
    socket: OwnedFd,
    heard: Instant,
}

/// All echo sockets.
#[derive(Debug)]
pub(crate) struct Echoes {
    by_pinging: HashMap<Pinging, usize>,
    all: Slab<Echo>,
    is_denied: bool,
}

impl Default for Echoes {
    /// None, after one was asked for: whether the kernel gives any is to be known before anybody
    /// has tried in vain.
    fn default() -> Self {
        Self {
            by_pinging: HashMap::new(),
            all: Slab::default(),
            is_denied: is_denial(&socket_like(Ipv4Addr::UNSPECIFIED.into())),
        }
    }
}

/// A socket for echoes to an address of this version.
fn socket_like(place: IpAddr) -> io::Result<OwnedFd> {
    let (family, protocol) = match place {
        IpAddr::V4(_) => (AddressFamily::INET, ipproto::ICMP),
        IpAddr::V6(_) => (AddressFamily::INET6, ipproto::ICMPV6),
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(rustix::net::socket_with(
        family,
        SocketType::DGRAM,
        flags,
        Some(protocol),
    )?)
}

fn is_denial(socket: &io::Result<OwnedFd>) -> bool {
    let denied = |error: &io::Error| error.kind() == io::ErrorKind::PermissionDenied;
    socket.as_ref().is_err_and(denied)
}

impl Echoes {
    /// Whether the kernel has said that it gives no such sockets.
    pub(crate) fn is_denied(&self) -> bool {
        self.is_denied
    }

    /// Sends an echo request: the message of the machine. The kernel puts in an identifier of its
    /// own and the checksum.
    pub(crate) fn send(
        &mut self,
        pinging: Pinging,
        machine: Mac,
        place: IpAddr,
        message: &[u8],
        poller: &Poller,
        now: Instant,
    ) -> io::Result<()> {
        let at = match self.by_pinging.get(&pinging) {
            Some(at) => *at,
            None => self.open(pinging, machine, place, poller, now)?,
        };
        if let Some(echo) = self.all.get_mut(at) {
            echo.heard = now;
            echo.machine = machine;
            // Lost is lost; a ping says so by itself.
            let _ = rustix::net::send(&echo.socket, message, SendFlags::DONTWAIT);
        }
        Ok(())
    }

    fn open(
        &mut self,
        pinging: Pinging,
        machine: Mac,
        place: IpAddr,
        poller: &Poller,
        now: Instant,
    ) -> io::Result<usize> {
        if self.all.len() >= AT_ONCE {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let socket = socket_like(place);
        self.is_denied = is_denial(&socket);
        let socket = socket?;
        rustix::net::connect(&socket, &SocketAddr::new(place, 0))?;
        let at = self.all.insert(Echo {
            pinging,
            machine,
            socket,
            heard: now,
        });
        self.by_pinging.insert(pinging, at);
        if let Some(echo) = self.all.get(at) {
            poller.add(&echo.socket, Source::Echo(at).token())?;
        }
        Ok(at)
    }

    /// Hands over the replies that have come to a socket: whole messages under the kernel's
    /// identifier.
    pub(crate) fn read(
        &mut self,
        at: usize,
        now: Instant,
        mut take: impl FnMut(Mac, Pinging, &[u8]),
    ) {
        let Some(echo) = self.all.get_mut(at) else {
            return;
        };
        let mut buffer = vec![0; LONGEST];
        while let Ok((length, _)) =
            rustix::net::recv(&echo.socket, &mut buffer[..], RecvFlags::DONTWAIT)
        {
            if length < HEADER {
                continue;
            }
            echo.heard = now;
            take(echo.machine, echo.pinging, &buffer[..length]);
        }
    }

    /// Closes sockets nobody uses any more.
    pub(crate) fn expire(&mut self, now: Instant) {
        let idle = |(at, echo): (usize, &Echo)| (now >= echo.heard + IDLE).then_some(at);
        let idle: Vec<usize> = self.all.iter().filter_map(idle).collect();
        for at in idle {
            if let Some(echo) = self.all.remove(at) {
                self.by_pinging.remove(&echo.pinging);
            }
        }
    }
}
