//! How a network is driven: lines of JSON over a Unix socket in a folder of its user alone.
//!
//! The network greets with a [`Hello`], then answers each [`Ask`] with a [`Reply`] of the same id.
//! `connect` is the exception: after its reply the connection itself leads to the machine.
//!
//! The protocol's major number changes when an older driver would misunderstand; the minor when
//! something was added. A driver can drive what has its major number and at least its own minor
//! less one: so what is added is left out of a configuration while it is not used, and may be
//! missing in what a network says. `tests/fixtures/net/protocol-*.json` hold what was spoken.

pub mod client;
pub(crate) mod server;

use crate::address::{LeaseView, NeighbourView, Subnet};
use crate::config::{Config, Target};
use crate::gateway::TrespassView;
use crate::inward::{BalancerView, ForwardView};
use crate::nat::NatView;
use crate::network::PortView;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Version of the protocol: major, minor.
pub const PROTOCOL: (u16, u16) = (1, 0);
/// What a network says it is.
pub const PRODUCT: &str = "crete-net";
/// Why a machine was not reached: nothing listens there.
pub const REFUSED: &str = "the machine refused it";
/// Why a machine was not reached: nothing came back.
pub const SILENT: &str = "the machine does not answer";
/// The longest line taken. Configurations of hundreds of machines are far below.
pub(crate) const LONGEST_LINE: usize = 4 << 20;

/// The first line of a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PRODUCT`].
    pub product: String,
    /// Version of the protocol: major, minor.
    pub protocol: (u16, u16),
    /// Version of the program.
    pub version: String,
    /// The network's id.
    pub network: Uuid,
    /// The process.
    pub pid: u32,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Comes back with the reply.
    pub id: u64,
    /// What is asked for.
    #[serde(flatten)]
    pub request: Request,
}

/// What can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// The network as it is seen: a [`Status`].
    Status,
    /// Be as this says from now on. The id must be the same.
    Apply {
        /// What is wanted.
        config: Box<Config>,
    },
    /// Cut or mend a machine's link.
    Cut {
        /// The machine.
        machine: String,
        /// Whether it is to be cut.
        cut: bool,
    },
    /// Turn this connection into one to a machine.
    Connect {
        /// Where to.
        to: Target,
    },
    /// End the process.
    Quit,
}

/// A reply: exactly one of the two is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// Of the request.
    pub id: u64,
    /// It was done, and this came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<serde_json::Value>,
    /// It was not, for this reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// A network as it is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The network's id.
    pub network: Uuid,
    /// Its subnet.
    pub subnet: Subnet,
    /// A route of the host that shares addresses with it: machines do not reach what is there.
    pub conflict: Option<Subnet>,
    /// The largest IP packet, bytes.
    pub mtu: u16,
    /// Whether machines may reach anything outside.
    pub internet: bool,
    /// Microseconds since the process began, for rates out of counts.
    pub uptime_us: u64,
    /// The machines' ports.
    pub ports: Vec<PortView>,
    /// Who has which address.
    pub leases: Vec<LeaseView>,
    /// Who was heard under which address.
    pub neighbours: Vec<NeighbourView>,
    /// Who did what only another may do.
    pub trespasses: Vec<TrespassView>,
    /// Ports of this computer that lead to machines.
    pub forwards: Vec<ForwardView>,
    /// Ports of the gateway that lead to machines.
    pub balancers: Vec<BalancerView>,
    /// How busy the way to the host is.
    pub nat: NatView,
}

impl Reply {
    pub(crate) fn done(id: u64, done: serde_json::Value) -> Self {
        Self {
            id,
            done: Some(done),
            failed: None,
        }
    }

    pub(crate) fn failed(id: u64, why: &str) -> Self {
        Self {
            id,
            done: None,
            failed: Some(why.to_owned()),
        }
    }
}

/// The line after which a driver's connection leads to a machine.
pub(crate) fn accepted(id: u64) -> Vec<u8> {
    line(&Reply::done(id, true.into()))
}

/// The line that says why it does not.
pub(crate) fn refused(id: u64, why: &str) -> Vec<u8> {
    line(&Reply::failed(id, why))
}

/// A line of a message.
pub(crate) fn line(message: &impl Serialize) -> Vec<u8> {
    // Every message here is made of what JSON has.
    let mut line = serde_json::to_vec(message).unwrap_or_default();
    line.push(b'\n');
    line
}

/// Whether a driver of this program can drive a network that greets so.
#[must_use]
pub fn can_drive(hello: &Hello) -> bool {
    hello.product == PRODUCT && drives(PROTOCOL, hello.protocol)
}

/// Whether a driver of one version can drive a network of another.
const fn drives(own: (u16, u16), network: (u16, u16)) -> bool {
    network.0 == own.0 && network.1 + 1 >= own.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_read_as_they_are_written() {
        let text = r#"{"id":7,"do":"connect","to":{"machine":"m","port":50000}}"#;
        let ask: Ask = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&ask).unwrap(), text);
        assert!(serde_json::from_str::<Ask>(r#"{"id":7,"do":"dance"}"#).is_err());
    }

    #[test]
    fn the_minor_before_can_still_be_driven() {
        let cases = [
            ((1, 2), false),
            ((1, 3), true),
            ((1, 4), true),
            ((1, 9), true),
            ((2, 4), false),
            ((0, 4), false),
        ];
        assert!(drives((1, 0), (1, 0)) && drives((1, 1), (1, 0)));
        for (network, can) in cases {
            assert_eq!(drives((1, 4), network), can, "{network:?}");
        }
        let greets = |product: &str| Hello {
            product: product.into(),
            protocol: PROTOCOL,
            version: String::new(),
            network: Uuid::nil(),
            pid: 1,
        };
        assert!(can_drive(&greets(PRODUCT)) && !can_drive(&greets("another")));
    }

    /// What a network of 1.0 says is understood, and what is said to it holds nothing it does not
    /// know: it refuses a configuration with anything new in it.
    #[test]
    fn a_network_of_1_0_is_spoken_with_as_it_was() {
        let text = include_str!("../../../../tests/fixtures/net/protocol-1.0.json");
        let spoken: serde_json::Value = serde_json::from_str(text).unwrap();
        let hello: Hello = serde_json::from_value(spoken["hello"].clone()).unwrap();
        assert_eq!((hello.protocol, hello.pid), ((1, 0), 4242));
        let status: Status = serde_json::from_value(spoken["status"].clone()).unwrap();
        assert!(status.nat.echo_denied && status.forwards[0].owner.is_some());
        let config: Config = serde_json::from_value(spoken["config"].clone()).unwrap();
        assert_eq!(serde_json::to_value(&config).unwrap(), spoken["config"]);
        for said in spoken["asks"].as_array().unwrap() {
            let ask: Ask = serde_json::from_value(said.clone()).unwrap();
            assert_eq!(serde_json::to_value(ask).unwrap(), *said);
        }
    }
}
