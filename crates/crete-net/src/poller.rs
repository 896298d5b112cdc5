//! The kernel's word on which descriptors are ready, as edges.
//!
//! Everything is registered once, for both directions and edge-triggered: who owns a descriptor
//! remembers what it may do until the kernel says otherwise, and no system call is spent on
//! changing one's mind.

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use smoltcp::time::Duration;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// Events taken from the kernel at once.
const BATCH: usize = 256;

const EDGES: epoll::EventFlags = epoll::EventFlags::IN
    .union(epoll::EventFlags::OUT)
    .union(epoll::EventFlags::RDHUP)
    .union(epoll::EventFlags::ET);

/// What became possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ready {
    /// What the descriptor was registered under.
    pub(crate) token: u64,
    /// Bytes, a connection or an end can be read.
    pub(crate) readable: bool,
    /// Bytes can be written, or a connection was made or refused.
    pub(crate) writable: bool,
    /// The other side has ended: reading on leads to that end, and it is told only once.
    pub(crate) ended: bool,
    /// Nothing can be sent any more either, or something has failed.
    pub(crate) broken: bool,
}

/// An epoll instance.
pub(crate) struct Poller {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
}

impl std::fmt::Debug for Poller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Poller").field(&self.epoll).finish()
    }
}

impl Poller {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(BATCH),
        })
    }

    /// Watches a descriptor until it is closed; one that is watched already, under this token from
    /// now on.
    pub(crate) fn add(&self, source: impl AsFd, token: u64) -> io::Result<()> {
        let data = epoll::EventData::new_u64(token);
        match epoll::add(&self.epoll, source.as_fd(), data, EDGES) {
            Err(rustix::io::Errno::EXIST) => epoll::modify(&self.epoll, source, data, EDGES)?,
            other => other?,
        }
        Ok(())
    }

    /// Waits until something is ready, or until the time is over; without one, as long as it takes.
    pub(crate) fn wait(
        &mut self,
        longest: Option<Duration>,
        ready: &mut Vec<Ready>,
    ) -> io::Result<()> {
        let longest = longest.map(|longest| Timespec {
            tv_sec: i64::try_from(longest.secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::try_from(longest.micros() % 1_000_000 * 1000).unwrap_or(0),
        });
        ready.clear();
        self.events.clear();
        match epoll::wait(
            &self.epoll,
            spare_capacity(&mut self.events),
            longest.as_ref(),
        ) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        ready.extend(self.events.drain(..).map(|event| {
            let flags = event.flags;
            let broken = flags.intersects(epoll::EventFlags::ERR | epoll::EventFlags::HUP);
            let ended = broken || flags.intersects(epoll::EventFlags::RDHUP);
            Ready {
                token: event.data.u64(),
                readable: ended || flags.intersects(epoll::EventFlags::IN),
                writable: broken || flags.intersects(epoll::EventFlags::OUT),
                ended,
                broken,
            }
        }));
        Ok(())
    }
}
