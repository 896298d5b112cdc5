//! The one place where the compiler cannot see what the kernel guarantees: descriptors that the
//! runtime watches, and the address of a packet socket, which rustix has no type for.

#![allow(unsafe_code, reason = "see each SAFETY note")]

use rustix::net::addr::{SocketAddrArg, SocketAddrLen, SocketAddrOpaque};
use std::io;
use std::os::fd::OwnedFd;
use tokio::io::unix::AsyncFd;

/// Lets the runtime watch a descriptor.
pub fn watched(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: the descriptor is owned by the AsyncFd from here on, so it stays open, and stays the
    // same file, until it is deregistered; an OwnedFd cannot be swapped through `&`.
    unsafe { AsyncFd::register(descriptor) }.map_err(Into::into)
}

/// Bytes of a packet socket's address.
const LENGTH: SocketAddrLen = 20;

/// `struct sockaddr_ll` of the kernel's interface.
#[repr(C)]
pub struct LinkAddress {
    family: u16,
    /// Big-endian.
    protocol: u16,
    index: i32,
    hardware: u16,
    kind: u8,
    length: u8,
    address: [u8; 8],
}

impl LinkAddress {
    /// All frames of one protocol on one link.
    pub fn new(index: i32, ether_type: u16) -> Self {
        Self {
            family: rustix::net::AddressFamily::PACKET.as_raw(),
            protocol: ether_type.to_be(),
            index,
            hardware: 0,
            kind: 0,
            length: 0,
            address: [0; 8],
        }
    }
}

// SAFETY: the closure is given a pointer to this very struct, which has the layout of the kernel's
// `sockaddr_ll` (repr(C), 20 bytes, no padding) and lives until the call returns, and its size.
unsafe impl SocketAddrArg for LinkAddress {
    unsafe fn with_sockaddr<R>(
        &self,
        f: impl FnOnce(*const SocketAddrOpaque, SocketAddrLen) -> R,
    ) -> R {
        f(std::ptr::from_ref(self).cast(), LENGTH)
    }
}

const _: () = assert!(size_of::<LinkAddress>() == LENGTH as usize);
