//! The network: one card, named as real nodes name it, an IPv4 address by DHCP, IPv6 addresses as
//! the kernel gives them to itself.

mod link;
mod netlink;
pub mod packet;
mod socket;

pub use link::Link;
pub use netlink::Netlink;
pub use socket::PacketSocket;

use crate::console::Console;
use crate::dhcp;
use crate::error::Result;
use crate::status::{Address, Board};
use std::convert::Infallible;

/// The loopback's index, which is the same everywhere.
const LOOPBACK: u32 = 1;

/// Brings the network up and keeps it up.
///
/// # Errors
/// When the kernel refuses what is needed for it.
pub async fn run(console: &Console, board: &Board) -> Result<Infallible> {
    let mut netlink = Netlink::open()?;
    netlink.set_up(LOOPBACK)?;
    tell_assigned(console, "127.0.0.1/8", "lo");
    let Some(link) = Link::first()? else {
        console.say("no network link was found");
        return Ok(std::future::pending().await);
    };
    let link = link.renamed(&mut netlink)?;
    netlink.set_up(link.index)?;
    let addresses = follow_addresses(link.index, board);
    let lease = dhcp::keep(&link, &mut netlink, console, board);
    tokio::select! {
        ended = addresses => ended,
        ended = lease => ended,
    }
}

/// Tells the board which addresses the link has, whoever gave them.
async fn follow_addresses(index: u32, board: &Board) -> Result<Infallible> {
    let changes = netlink::Changes::open()?;
    let mut netlink = Netlink::open()?;
    loop {
        let mut addresses: Vec<Address> = netlink
            .addresses()?
            .into_iter()
            .filter(|found| found.index == index && found.is_reachable())
            .map(|found| found.address)
            .collect();
        addresses.sort();
        board.change(|status| status.addresses = addresses);
        changes.next().await?;
    }
}

/// The line about an address that was given to a link.
pub(crate) fn tell_assigned(console: &Console, address: &str, link: &str) {
    console.report(
        "network.AddressSpecController",
        "assigned address",
        &[("address", address.into()), ("link", link.into())],
    );
}
