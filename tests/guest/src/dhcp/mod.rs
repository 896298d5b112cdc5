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

use crate::console::{Console, Value};
use crate::error::{GuestError, Result};
use crate::net::{Link, Netlink, PacketSocket, packet, tell_assigned};
use crate::status::Board;
use std::convert::Infallible;
use std::net::Ipv4Addr;
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
pub async fn keep(
    link: &Link,
    netlink: &mut Netlink,
    console: &Console,
    board: &Board,
) -> Result<Infallible> {
    loop {
        let identity = Identity {
            mac: link.mac,
            xid: random()?,
        };
        let lease = acquire(link, identity).await?;
        let bound = Instant::now();
        apply(link, netlink, console, board, &lease)?;
        lease::hold(&lease, bound, |wait| ask_again(identity, &lease, wait)).await;
        console.say(&format!("lease of {} was lost", lease.address));
        netlink.remove_address(link.index, lease.address, lease.prefix)?;
        board.change(|status| status.gateway = None);
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
fn apply(
    link: &Link,
    netlink: &mut Netlink,
    console: &Console,
    board: &Board,
    lease: &Reply,
) -> Result<()> {
    if !lease.resolvers.is_empty() {
        console.report(
            "network.ResolverSpecController",
            "setting resolvers",
            &[
                ("resolvers", texts(&lease.resolvers)),
                ("searchDomains", Value::List(Vec::new())),
            ],
        );
    }
    if let Some(name) = &lease.hostname {
        // The name is for display: a kernel that refuses it does not end the guest.
        let _ = rustix::system::sethostname(name.as_bytes());
    }
    if let Some(mtu) = lease.mtu {
        netlink.set_mtu(link.index, mtu)?;
    }
    board.change(|status| status.hostname.clone_from(&lease.hostname));
    netlink.add_address(link.index, lease.address, lease.prefix)?;
    let address = format!("{}/{}", lease.address, lease.prefix);
    tell_assigned(console, &address, &link.name);
    if let Some(gateway) = lease.routers.first().copied() {
        netlink.add_default_route(link.index, gateway)?;
        board.change(|status| status.gateway = Some(gateway));
        tell_route(console, link, gateway);
    }
    Ok(())
}

fn tell_route(console: &Console, link: &Link, gateway: Ipv4Addr) {
    console.report(
        "network.RouteSpecController",
        "created route",
        &[
            ("destination", "default".into()),
            ("gateway", gateway.to_string().into()),
            ("table", "main".into()),
            ("link", link.name.as_str().into()),
            ("priority", Value::Number(1024)),
            ("family", "inet4".into()),
            ("type", "unicast".into()),
        ],
    );
}

fn texts(addresses: &[Ipv4Addr]) -> Value {
    Value::List(addresses.iter().map(Ipv4Addr::to_string).collect())
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
