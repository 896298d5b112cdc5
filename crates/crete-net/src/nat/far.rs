//! The far end of a connection: a stream socket of the host.

use crate::poller::Ready;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

/// A stream of the host, and what is known of it.
#[derive(Debug)]
pub(crate) struct Far {
    stream: Stream,
    readable: bool,
    writable: bool,
    ended: bool,
}

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// What an attempt to move bytes came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moved {
    /// This many.
    Bytes(usize),
    /// None now.
    Later,
    /// The other side sends no more.
    End,
    /// The connection is broken.
    Broken,
}

impl From<TcpStream> for Far {
    fn from(stream: TcpStream) -> Self {
        Self::new(Stream::Tcp(stream))
    }
}

impl From<UnixStream> for Far {
    fn from(stream: UnixStream) -> Self {
        Self::new(Stream::Unix(stream))
    }
}

impl AsFd for Far {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.stream {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
        }
    }
}

impl Far {
    fn new(stream: Stream) -> Self {
        Self {
            stream,
            readable: true,
            writable: true,
            ended: false,
        }
    }

    /// Notes what the kernel tells. False when the connection is broken.
    pub(super) fn note(&mut self, ready: Ready) -> bool {
        self.readable |= ready.readable;
        self.writable |= ready.writable;
        self.ended |= ready.ended;
        !ready.broken || self.error().is_none()
    }

    /// Why the connection failed, if it did.
    pub(super) fn error(&self) -> Option<io::Error> {
        match &self.stream {
            Stream::Tcp(stream) => stream.take_error().ok().flatten(),
            Stream::Unix(stream) => stream.take_error().ok().flatten(),
        }
    }

    /// Whether a connection that was begun has been made.
    pub(super) fn is_connected(&self) -> bool {
        match &self.stream {
            Stream::Tcp(stream) => stream.peer_addr().is_ok(),
            Stream::Unix(_) => true,
        }
    }

    pub(super) fn can_read(&self) -> bool {
        self.readable
    }

    pub(super) fn can_write(&self) -> bool {
        self.writable
    }

    pub(super) fn read(&mut self, into: &mut [u8]) -> Moved {
        let read = match &mut self.stream {
            Stream::Tcp(stream) => stream.read(into),
            Stream::Unix(stream) => stream.read(into),
        };
        match read {
            Ok(0) => {
                self.readable = false;
                Moved::End
            }
            Ok(count) => {
                // Less than asked for was everything; behind it may only be the end.
                if count < into.len() {
                    self.readable = self.ended;
                }
                Moved::Bytes(count)
            }
            Err(error) => {
                let moved = failed(&error);
                self.readable = moved == Moved::Bytes(0);
                moved
            }
        }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Moved {
        let written = match &mut self.stream {
            Stream::Tcp(stream) => stream.write(bytes),
            Stream::Unix(stream) => stream.write(bytes),
        };
        match written {
            Ok(count) => {
                self.writable = count == bytes.len();
                Moved::Bytes(count)
            }
            Err(error) => {
                let moved = failed(&error);
                self.writable = moved == Moved::Bytes(0);
                moved
            }
        }
    }

    /// Says that no more will be sent.
    pub(super) fn finish(&self) {
        // An error means that the connection is gone already, which reading will tell.
        let _ = match &self.stream {
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write),
        };
    }

    /// Closes the connection as one that has failed, so that the other side knows.
    pub(crate) fn reset(self) {
        if let Stream::Tcp(stream) = &self.stream {
            // Closing with no time to linger sends a reset. Without it a plain end is sent.
            let _ =
                rustix::net::sockopt::set_socket_linger(stream, Some(std::time::Duration::ZERO));
        }
    }
}

fn failed(error: &io::Error) -> Moved {
    match error.kind() {
        io::ErrorKind::WouldBlock => Moved::Later,
        io::ErrorKind::Interrupted => Moved::Bytes(0),
        _ => Moved::Broken,
    }
}
