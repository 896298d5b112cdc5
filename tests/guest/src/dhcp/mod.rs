//! The DHCPv4 client: asks as real nodes ask (broadcast flag clear, client id from the hardware
//! address), keeps the lease, and starts over when it is lost.
//!
//! ```text
//! discover ─▶ offer ─▶ request ─▶ ack ─▶ bound ─▶ renew ─▶ bound …
//!     ▲                    └─ nak ─┐        └─ expired ─┐
//!     └────────────────────────────┴─────────────────────┘
//! ```

mod lease;
mod message;

pub use message::{Identity, Kind, Reply, discover, parse, renew, request};

use crate::error::{GuestError, Result};
use crate::net::{Link, Netlink, PacketSocket, packet};
use crete_practice_node::{Attachment, Prefix};
use std::convert::Infallible;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout, timeout_at};

const CLIENT: u16 = 68;
const SERVER: u16 = 67;
/// How long the first answer is waited for; each wait is twice the one before.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(16);

/// Gets a lease and keeps it, for ever.
///
/// # Errors
/// When the kernel refuses the network what it needs.
pub async fn keep(link: &Link, netlink: &mut Netlink, network: &Attachment) -> Result<Infallible> {
    loop {
        let identity = Identity {
            mac: link.mac,
            xid: random()?,
        };
        let lease = acquire(link, identity).await?;
        let bound = Instant::now();
        apply(link, netlink, network, &lease)?;
        lease::hold(&lease, bound, |wait| ask_again(identity, &lease, wait)).await;
        netlink.remove_address(link.index, lease.address, lease.prefix)?;
        network.change(|given| given.gateway = None);
    }
}

fn random() -> Result<u32> {
    let mut bytes = [0; 4];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|error| GuestError::system("random numbers")(error.into()))?;
    Ok(u32::from_ne_bytes(bytes))
}

/// Asks until a server gives a lease.
async fn acquire(link: &Link, identity: Identity) -> Result<Reply> {
    let socket = PacketSocket::open(link.index)?;
    let mut wait = FIRST_WAIT;
    loop {
        let offer = exchange(&socket, identity, &discover(&identity), wait).await;
        if let Some(offer) = offer.filter(|offer| offer.kind == Kind::Offer) {
            let ask = request(&identity, offer.address, offer.server);
            let answer = exchange(&socket, identity, &ask, wait).await;
            if let Some(lease) = answer.filter(|answer| answer.kind == Kind::Ack) {
                return Ok(lease);
            }
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Sends a message to everybody and waits for an answer to it; silence and a dead link are `None`.
async fn exchange(
    socket: &PacketSocket,
    identity: Identity,
    message: &[u8],
    wait: Duration,
) -> Option<Reply> {
    let frame = packet::broadcast_frame(identity.mac, CLIENT, SERVER, message);
    let deadline = Instant::now() + wait;
    let answer = async {
        socket.send(&frame).await.ok()?;
        loop {
            let frame = socket.receive().await.ok()?;
            let reply = packet::udp_payload(&frame, CLIENT).and_then(|text| parse(text, &identity));
            if let Some(reply) = reply {
                return Some(reply);
            }
        }
    };
    match timeout_at(deadline, answer).await {
        Ok(Some(reply)) => Some(reply),
        Ok(None) => {
            // A link that is down refuses at once: the pace stays the same.
            tokio::time::sleep_until(deadline).await;
            None
        }
        Err(_) => None,
    }
}

/// Gives the link what the lease holds.
fn apply(link: &Link, netlink: &mut Netlink, network: &Attachment, lease: &Reply) -> Result<()> {
    if let Some(name) = &lease.hostname {
        // The name is for display: a kernel that refuses it does not end the guest.
        let _ = rustix::system::sethostname(name.as_bytes());
    }
    if let Some(mtu) = lease.mtu {
        netlink.set_mtu(link.index, mtu)?;
    }
    netlink.add_address(link.index, lease.address, lease.prefix)?;
    let gateway = lease.routers.first().copied();
    if let Some(gateway) = gateway {
        netlink.add_default_route(link.index, gateway)?;
    }
    // Told in one: a node that has an address has its name too. The kernel tells the address again.
    network.change(|given| {
        given.hostname.clone_from(&lease.hostname);
        given.resolvers = lease.resolvers.iter().map(|ip| (*ip).into()).collect();
        given.gateway = gateway.map(Into::into);
        let address = Prefix {
            ip: lease.address.into(),
            length: lease.prefix,
        };
        if !given.addresses.contains(&address) {
            given.addresses.push(address);
            given.addresses.sort();
        }
    });
    Ok(())
}

/// One renewal: straight to the server, from the address in use.
async fn ask_again(identity: Identity, lease: &Reply, wait: Duration) -> Option<Reply> {
    let socket = UdpSocket::bind((lease.address, CLIENT)).await.ok()?;
    let message = renew(&identity, lease.address);
    socket
        .send_to(&message, (lease.server, SERVER))
        .await
        .ok()?;
    let answer = async {
        let mut buffer = vec![0; 2048];
        loop {
            let (read, _) = socket.recv_from(&mut buffer).await.ok()?;
            if let Some(reply) = parse(&buffer[..read], &identity) {
                return Some(reply);
            }
        }
    };
    timeout(wait, answer).await.ok().flatten()
}
