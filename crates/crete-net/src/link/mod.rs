//! Links: QEMU listens on a Unix socket (`-netdev stream,server=on`), we dial, and dial again.
//!
//! So either side may restart. `dgram` sockets would be simpler, and a trap: QEMU spins while an
//! unconnected peer's queue is full.
//!
//! ```text
//! Waiting(until) ──dial──> Up ──hung up, failed, bad length, foreign first frame──> Waiting
//! ```
//!
//! QEMU 7.2 may resume in the middle of a frame after a cut with a full socket. So the lengths are
//! checked always, and the first frame of a connection must be from the machine that is expected.

mod inbox;
mod outbox;

pub use inbox::BadLength;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use inbox::PREFIX;
pub(crate) use inbox::{Filled, Inbox};
pub(crate) use outbox::Outbox;

use crate::frame::{Header, Mac};
use crate::poller::Ready;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use smoltcp::time::{Duration, Instant};
use std::io::{self, IoSlice, Write};
use std::ops::Range;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// Room for what one read brings: about 170 frames at MTU 1500.
const INBOX: usize = 256 << 10;
/// First pause before dialling again.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// Longest pause before dialling again: a machine that is off costs one system call a second.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Connections in a row that may be refused for a foreign first frame. After that the guest has
/// simply another address, and the wire is sound.
const SUSPICIONS: u8 = 3;

/// Why a link went down.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The machine's end was closed.
    #[error("the machine's end was closed")]
    Closed,
    /// Reading or writing failed.
    #[error("the socket failed: {0}")]
    Socket(#[from] io::Error),
    /// What came is not framed as it must be.
    #[error(transparent)]
    Length(#[from] BadLength),
    /// The connection began with a frame of another sender than the machine's card.
    #[error("the first frame was of {0}")]
    Foreign(Mac),
}

#[derive(Debug)]
enum State {
    Waiting(Instant),
    Up(UnixStream),
}

/// One machine's link.
#[derive(Debug)]
pub(crate) struct Link {
    path: PathBuf,
    mac: Option<Mac>,
    state: State,
    pause: Duration,
    suspicions: u8,
    /// True until the first frame of this connection was looked at.
    unproven: bool,
    inbox: Inbox,
    /// What is known of the socket: edges are told once.
    readable: bool,
    writable: bool,
    ended: bool,
}

impl Link {
    /// A link to be dialled at once.
    pub(crate) fn new(path: PathBuf, mac: Option<Mac>, now: Instant) -> Self {
        Self {
            path,
            mac,
            state: State::Waiting(now),
            pause: FIRST_PAUSE,
            suspicions: 0,
            unproven: true,
            inbox: Inbox::new(INBOX),
            readable: false,
            writable: false,
            ended: false,
        }
    }

    /// Notes what the kernel tells of the socket.
    pub(crate) fn note(&mut self, ready: Ready) {
        self.readable |= ready.readable;
        self.writable |= ready.writable;
        self.ended |= ready.ended;
    }

    pub(crate) fn is_readable(&self) -> bool {
        self.readable
    }

    pub(crate) fn is_writable(&self) -> bool {
        self.writable
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn stream(&self) -> Option<&UnixStream> {
        match &self.state {
            State::Up(stream) => Some(stream),
            State::Waiting(_) => None,
        }
    }

    /// When to dial next; nothing while the link is up.
    pub(crate) fn dials_at(&self) -> Option<Instant> {
        match self.state {
            State::Waiting(at) => Some(at),
            State::Up(_) => None,
        }
    }

    /// Dials once. A Unix socket answers at once, one way or the other.
    pub(crate) fn dial(&mut self, now: Instant) -> io::Result<()> {
        match connect(&self.path) {
            Ok(stream) => {
                self.state = State::Up(stream);
                self.inbox.clear();
                self.unproven = true;
                self.readable = true;
                self.writable = true;
                self.ended = false;
                Ok(())
            }
            Err(error) => {
                self.wait(now);
                Err(error)
            }
        }
    }

    fn wait(&mut self, now: Instant) {
        self.state = State::Waiting(now + self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    /// Ends the connection and dials again after a pause.
    pub(crate) fn hang_up(&mut self, fault: &Fault, now: Instant) {
        if matches!(fault, Fault::Foreign(_)) {
            self.suspicions += 1;
        }
        self.inbox.clear();
        self.readable = false;
        self.writable = false;
        self.wait(now);
    }

    /// Reads once, if there may be something. False when there is nothing new.
    pub(crate) fn receive(&mut self) -> Result<bool, Fault> {
        let State::Up(stream) = &mut self.state else {
            return Ok(false);
        };
        if !self.readable {
            return Ok(false);
        }
        match self.inbox.fill(stream)? {
            Filled::Some | Filled::Full => Ok(true),
            Filled::All => {
                // Behind the last bytes may be the end, of which no further edge will tell.
                self.readable = self.ended;
                Ok(true)
            }
            Filled::Closed => Err(Fault::Closed),
        }
    }

    /// Where the next whole frame lies.
    pub(crate) fn peek(&mut self) -> Result<Option<Range<usize>>, Fault> {
        let Some(at) = self.inbox.peek()? else {
            return Ok(None);
        };
        if self.unproven {
            self.prove(&at)?;
        }
        Ok(Some(at))
    }

    /// Looks at the first frame of a connection.
    fn prove(&mut self, at: &Range<usize>) -> Result<(), Fault> {
        let sender = Header::of(self.inbox.frame(at.clone())).map(|header| header.source);
        if let (Some(sender), Some(own)) = (sender, self.mac)
            && sender != own
            && self.suspicions < SUSPICIONS
        {
            return Err(Fault::Foreign(sender));
        }
        self.unproven = false;
        self.suspicions = 0;
        self.pause = FIRST_PAUSE;
        Ok(())
    }

    pub(crate) fn frame(&self, at: Range<usize>) -> &[u8] {
        self.inbox.frame(at)
    }

    pub(crate) fn take(&mut self, at: &Range<usize>) {
        self.inbox.take(at);
    }

    /// Sends what waits, all of it in one system call where the socket takes it. Bytes sent.
    pub(crate) fn send(&mut self, outbox: &Outbox) -> Result<usize, Fault> {
        let State::Up(stream) = &mut self.state else {
            return Ok(0);
        };
        let [older, newer] = outbox.pending();
        match stream.write_vectored(&[IoSlice::new(older), IoSlice::new(newer)]) {
            Ok(sent) => {
                if sent < older.len() + newer.len() {
                    self.writable = false;
                }
                Ok(sent)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.writable = false;
                Ok(0)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}

fn connect(path: &Path) -> io::Result<UnixStream> {
    let address = SocketAddrUnix::new(path)?;
    let socket = rustix::net::socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        None,
    )?;
    rustix::net::connect(&socket, &address)?;
    Ok(UnixStream::from(socket))
}
