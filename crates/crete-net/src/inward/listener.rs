//! A port of this computer that leads into the network.
//!
//! The port is held from the beginning, but connections are taken only while somebody inside would
//! take them: until then the kernel itself refuses, so that nobody is accepted and left hanging.

use crate::poller::Poller;
use rustix::net::{AddressFamily, Shutdown, SocketFlags, SocketType};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

const BACKLOG: i32 = 128;

/// A port that is held.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    is_open: bool,
}

impl Listener {
    /// Holds a port. Nobody is taken yet.
    pub(crate) fn hold(at: SocketAddr) -> io::Result<Self> {
        let family = match at {
            SocketAddr::V4(_) => AddressFamily::INET,
            SocketAddr::V6(_) => AddressFamily::INET6,
        };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
        // Connections of an earlier process that linger must not keep the port from us, nor must
        // our own when it is opened again.
        rustix::net::sockopt::set_socket_reuseaddr(&socket, true)?;
        rustix::net::bind(&socket, &at)?;
        // Two sockets with that option may hold a port together while neither listens. So each
        // listens for a moment, which only one can.
        rustix::net::listen(&socket, BACKLOG)?;
        let mut listener = Self {
            socket: TcpListener::from(socket),
            is_open: true,
        };
        listener.close()?;
        Ok(listener)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Takes connections from now on.
    pub(crate) fn open(&mut self) -> io::Result<()> {
        if !self.is_open {
            rustix::net::sockopt::set_socket_reuseaddr(&self.socket, true)?;
            rustix::net::listen(&self.socket, BACKLOG)?;
            self.is_open = true;
        }
        Ok(())
    }

    /// Takes none any more. Those that waited to be taken are reset; the port stays held.
    pub(crate) fn close(&mut self) -> io::Result<()> {
        if self.is_open {
            rustix::net::shutdown(&self.socket, Shutdown::Read)?;
            // Whoever listens has the port alone. Whoever does not has it alone only without this.
            rustix::net::sockopt::set_socket_reuseaddr(&self.socket, false)?;
            self.is_open = false;
        }
        Ok(())
    }

    pub(crate) fn watch(&self, poller: &Poller, token: u64) -> io::Result<()> {
        poller.add(&self.socket, token)
    }

    /// The next connection that waits.
    pub(crate) fn accept(&self) -> Option<TcpStream> {
        let (stream, _) = self.socket.accept().ok()?;
        stream.set_nonblocking(true).ok()?;
        Some(stream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_port_refuses_until_it_is_opened_and_is_nobody_elses() {
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let mut listener = Listener::hold(free).unwrap();
        let refused = || TcpStream::connect(free).map_err(|error| error.kind());
        assert!(matches!(refused(), Err(io::ErrorKind::ConnectionRefused)));
        for _ in 0..3 {
            listener.open().unwrap();
            let _stream = TcpStream::connect(free).unwrap();
            assert!(listener.accept().is_some());
            listener.close().unwrap();
            assert!(matches!(refused(), Err(io::ErrorKind::ConnectionRefused)));
        }
        let taken = TcpListener::bind(free).map_err(|error| error.kind());
        assert!(matches!(taken, Err(io::ErrorKind::AddrInUse)), "{taken:?}");
        let _second = TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(
            Listener::hold(_second.local_addr().unwrap())
                .unwrap_err()
                .kind(),
            io::ErrorKind::AddrInUse
        );
    }
}
