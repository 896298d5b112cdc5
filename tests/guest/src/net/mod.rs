//! The network: one card, named as real nodes name it, an IPv4 address by DHCP, IPv6 addresses as
//! the kernel gives them to itself.

mod link;
mod netlink;
pub mod packet;
mod socket;

pub use link::Link;
pub use netlink::Netlink;
pub use socket::PacketSocket;

use crate::dhcp;
use crate::error::{GuestError, Result};
use crete_practice_node::{Attachment, HostNetwork, Listener, Network, Prefix};
use futures_util::future::BoxFuture;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The loopback's index, which is the same everywhere.
const LOOPBACK: u32 = 1;
/// The prefix of an address that is a network of its own.
const ALONE: u8 = 32;

/// Names the first card, if there is one.
///
/// # Errors
/// When the kernel refuses the name.
pub fn prepare() -> Result<Option<Link>> {
    let mut netlink = Netlink::open()?;
    netlink.set_up(LOOPBACK)?;
    Link::first()?
        .map(|link| link.renamed(&mut netlink))
        .transpose()
}

/// Brings a card up and keeps it up.
///
/// # Errors
/// When the kernel refuses what is needed for it.
pub async fn run(link: &Link, network: &Attachment) -> Result<Infallible> {
    let mut netlink = Netlink::open()?;
    netlink.set_up(link.index)?;
    let addresses = follow(link, network);
    let lease = dhcp::keep(link, &mut netlink, network);
    tokio::select! {
        ended = addresses => ended,
        ended = lease => ended,
    }
}

/// The node's side of the network: every address of this machine, and those it shares with others.
#[derive(Debug, Clone)]
pub struct Shared {
    link: Option<Link>,
}

impl Shared {
    /// The network of a card.
    #[must_use]
    pub fn new(link: Option<&Link>) -> Self {
        Self {
            link: link.cloned(),
        }
    }

    fn change(link: &Link, address: Ipv4Addr, held: bool) -> Result<()> {
        let mut netlink = Netlink::open()?;
        if !held {
            return netlink.remove_address(link.index, address, ALONE);
        }
        netlink.add_address(link.index, address, ALONE)?;
        let frame = packet::gratuitous_arp(link.mac, address);
        PacketSocket::open(link.index)?
            .send_now(&frame)
            .map_err(GuestError::network("gratuitous ARP"))
    }
}

impl Network for Shared {
    fn listen(&self, port: u16) -> BoxFuture<'_, io::Result<Box<dyn Listener>>> {
        Box::pin(async move {
            let all = HostNetwork(Ipv6Addr::UNSPECIFIED.into());
            all.listen(port).await
        })
    }

    fn hold(&self, address: IpAddr, held: bool) {
        if let (Some(link), IpAddr::V4(address)) = (&self.link, address) {
            // A kernel that refuses is heard by who asks for the address: nobody answers.
            let _ = Self::change(link, address, held);
        }
    }
}

/// Tells which addresses the card has, whoever gave them, and whether it has a carrier.
async fn follow(link: &Link, network: &Attachment) -> Result<Infallible> {
    let changes = netlink::Changes::open()?;
    let mut netlink = Netlink::open()?;
    loop {
        let found = netlink.addresses()?.into_iter();
        let mut addresses: Vec<Prefix> = found
            .filter(|found| found.index == link.index && found.is_reachable())
            .map(|found| found.address)
            // What is shared with others is not this machine's own.
            .filter(|address| address.ip.is_ipv6() || address.length != ALONE)
            .collect();
        addresses.sort();
        let unplugged = !link.has_carrier();
        network.change(|given| {
            given.addresses = addresses;
            given.unplugged = unplugged;
        });
        changes.next().await?;
    }
}
