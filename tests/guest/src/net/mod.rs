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
use crate::error::Result;
use crete_practice_node::{Attachment, Prefix};
use std::convert::Infallible;

/// The loopback's index, which is the same everywhere.
const LOOPBACK: u32 = 1;

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

/// Tells which addresses the card has, whoever gave them, and whether it has a carrier.
async fn follow(link: &Link, network: &Attachment) -> Result<Infallible> {
    let changes = netlink::Changes::open()?;
    let mut netlink = Netlink::open()?;
    loop {
        let found = netlink.addresses()?.into_iter();
        let mut addresses: Vec<Prefix> = found
            .filter(|found| found.index == link.index && found.is_reachable())
            .map(|found| found.address)
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
