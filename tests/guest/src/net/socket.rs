//! Whole Ethernet frames of one link: what a client without an address needs to be answered.

use crate::error::{GuestError, Result};
use crate::kernel::{LinkAddress, watched};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use std::io;
use std::os::fd::OwnedFd;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

const IPV4: u16 = 0x0800;

/// A socket that takes part in a link's IPv4 traffic below the kernel's own.
pub struct PacketSocket(AsyncFd<OwnedFd>);

impl PacketSocket {
    /// Opens one on a link.
    ///
    /// # Errors
    /// When the kernel refuses it.
    pub fn open(index: u32) -> Result<Self> {
        let make = || -> io::Result<AsyncFd<OwnedFd>> {
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            let socket =
                rustix::net::socket_with(AddressFamily::PACKET, SocketType::RAW, flags, None)?;
            let index = i32::try_from(index).map_err(io::Error::other)?;
            rustix::net::bind(&socket, &LinkAddress::new(index, IPV4))?;
            watched(socket)
        };
        make()
            .map(Self)
            .map_err(GuestError::network("packet socket"))
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// When the link is down.
    pub async fn send(&self, frame: &[u8]) -> io::Result<()> {
        let send =
            |socket: &OwnedFd| Ok(rustix::net::send(socket, frame, SendFlags::empty()).map(drop)?);
        self.0.async_io(Interest::WRITABLE, send).await
    }

    /// Sends a frame at once, or not at all.
    ///
    /// # Errors
    /// When the link is down or its queue is full.
    pub fn send_now(&self, frame: &[u8]) -> io::Result<()> {
        Ok(rustix::net::send(self.0.get_ref(), frame, SendFlags::empty()).map(drop)?)
    }

    /// Waits for a frame.
    ///
    /// # Errors
    /// When the link goes down.
    pub async fn receive(&self) -> io::Result<Vec<u8>> {
        let receive = |socket: &OwnedFd| {
            let mut buffer = vec![0; 2048];
            let (_, read) = rustix::net::recv(socket, buffer.as_mut_slice(), RecvFlags::empty())?;
            buffer.truncate(read);
            Ok(buffer)
        };
        self.0.async_io(Interest::READABLE, receive).await
    }
}
