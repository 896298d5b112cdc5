//! Networks: what is wanted of one, and how it is seen to be.

use crate::{ClusterId, ForwardId, MachineId, NetworkId, Problem};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Largest IP packet of a new network, bytes: what every real network carries.
pub const DEFAULT_MTU: u16 = 1500;
/// The least MTU: below it there is no IPv6.
pub const MIN_MTU: u16 = 1280;
/// The largest MTU a virtio card takes.
pub const MAX_MTU: u16 = 65_521;

/// What a form sends; nothing in it has been checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NetworkDraft {
    /// A DNS label.
    pub name: String,
    /// Its IPv4 subnet, `10.131.7.0/24`; empty for one that collides with nothing.
    pub subnet: String,
    /// Whether it has IPv6 too.
    pub ipv6: bool,
    /// The largest IP packet, bytes.
    pub mtu: u16,
    /// Whether machines may reach anything outside.
    pub internet: bool,
}

/// What of a network can be changed while machines run in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NetworkChange {
    /// The network.
    pub network: NetworkId,
    /// A DNS label.
    pub name: String,
    /// Whether machines may reach anything outside.
    pub internet: bool,
}

/// A network as wanted, on disk as `networks/<id>/spec.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NetworkSpec {
    /// Version of this record's form.
    pub schema_version: u32,
    /// Its id.
    pub id: NetworkId,
    /// A DNS label, unique.
    pub name: String,
    /// True for the one that machines are in for which none was chosen.
    pub is_default: bool,
    /// Its IPv4 subnet.
    pub subnet: String,
    /// The 127.x.y.0/24 under which its machines are reached from this computer.
    pub loopback: String,
    /// Its IPv6 prefix, a /64; nothing without IPv6.
    pub prefix6: Option<String>,
    /// The largest IP packet, bytes.
    pub mtu: u16,
    /// Whether machines may reach anything outside.
    pub internet: bool,
    /// Addresses and links of its machines. Those in the trash keep theirs.
    pub members: Vec<Member>,
    /// Ports of this computer that lead to machines.
    pub forwards: Vec<Forward>,
    /// Endpoints of the clusters in it.
    #[serde(default)]
    pub endpoints: Vec<NetworkEndpoint>,
    /// RFC 3339.
    pub created_at: String,
}

/// Where the Kubernetes API of a cluster is reached, in its network and on this computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NetworkEndpoint {
    /// The cluster.
    pub cluster: ClusterId,
    /// Its name, which is part of the endpoint's name in the network.
    pub name: String,
    /// Its control planes.
    pub machines: Vec<MachineId>,
    /// The port in the network.
    pub port: u16,
    /// An address that moves between the machines; nothing for a port of the gateway.
    pub address: Option<String>,
    /// The address of this computer that leads there.
    pub listen: String,
    /// Its port.
    pub listen_port: u16,
    /// The port of the same address that leads to Talos on the control planes.
    #[serde(default)]
    pub talos_port: u16,
}

/// A machine's place in its network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Member {
    /// The machine.
    pub machine: MachineId,
    /// Its IPv4 address, which never changes by itself.
    pub address: String,
    /// True while its link is cut.
    pub cut: bool,
}

/// What a port is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Connections.
    Tcp,
    /// Datagrams.
    Udp,
}

/// What the form for a port of this computer sends; nothing in it has been checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ForwardDraft {
    /// What the person calls it; may be empty.
    pub name: String,
    /// What it is of.
    pub protocol: Protocol,
    /// The machine it leads to.
    pub machine: MachineId,
    /// The machine's port.
    pub port: u16,
    /// The address of this computer; empty for the machine's own on 127.0.0.0/8.
    pub listen: String,
    /// The port of this computer; 0 for a free one.
    pub listen_port: u16,
    /// True when others than this computer may come in.
    pub exposed: bool,
}

/// A port of this computer that leads to a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Forward {
    /// Its id.
    pub id: ForwardId,
    /// What the person calls it; may be empty.
    pub name: String,
    /// What it is of.
    pub protocol: Protocol,
    /// The machine it leads to.
    pub machine: MachineId,
    /// The machine's port.
    pub port: u16,
    /// Where this computer listens.
    pub listen: String,
    /// The port it listens on.
    pub listen_port: u16,
    /// A person said that others than this computer may come in.
    pub exposed: bool,
}

/// A free port of this computer for a port of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ForwardOffer {
    /// The address.
    pub listen: String,
    /// The port.
    pub listen_port: u16,
    /// Who has the port that would have been the first choice.
    pub taken_by: Option<String>,
    /// True when that one may only be used by an administrator.
    pub privileged: bool,
}

/// What a network is seen to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum NetworkState {
    /// No machine of it runs, so it has no process.
    Off,
    /// Its process was started and has not greeted yet.
    Starting {
        /// RFC 3339.
        since: String,
    },
    /// Its process does what is wanted.
    Running {
        /// RFC 3339.
        since: String,
        /// Its process.
        pid: i32,
        /// The version of its program.
        version: String,
        /// True when that is not this program's: it goes on as it is until it is restarted.
        outdated: bool,
    },
    /// It has no process that answers, and is tried again.
    Failed {
        /// Why.
        problem: Problem,
    },
}

/// A network as observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct NetworkView {
    /// As wanted.
    pub spec: NetworkSpec,
    /// What it does.
    #[serde(flatten)]
    pub state: NetworkState,
    /// The gateway's address.
    pub gateway: String,
    /// Its machines, by name.
    pub machines: Vec<NetworkMachine>,
    /// How each port of this computer stands, in the order of the spec.
    pub forwards: Vec<ForwardView>,
    /// Services of this computer that its machines may use.
    pub offers: Vec<OfferView>,
    /// A route of this computer that has the same addresses: machines do not reach what is there.
    pub conflict: Option<String>,
    /// True when this computer lets nobody without root ping, so machines' pings outside fail.
    pub echo_denied: bool,
    /// Who did what is not its to do.
    pub trespasses: Vec<Trespasser>,
}

/// A machine as its network sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NetworkMachine {
    /// The machine.
    pub machine: MachineId,
    /// Its name.
    pub name: String,
    /// Its name inside the network, in full.
    pub full_name: String,
    /// The address of its card.
    pub mac: String,
    /// Its IPv4 address.
    pub address: String,
    /// The address of this computer that stands for it.
    pub host_address: String,
    /// True while the machine is on.
    pub on: bool,
    /// True while its card is connected.
    pub connected: bool,
    /// True while its link is cut.
    pub cut: bool,
    /// Why it was last disconnected, in the network's own words.
    pub fault: Option<String>,
}

/// How a port of this computer stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ForwardView {
    /// The port.
    pub id: ForwardId,
    /// True while connections are taken.
    pub open: bool,
    /// Whether the machine takes connections there; nothing when nobody knows.
    pub answers: Option<bool>,
    /// Why the port is not held, in the system's own words.
    pub fault: Option<String>,
    /// Who has the port instead.
    pub owner: Option<String>,
}

/// A service of this computer that machines may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OfferView {
    /// Its name inside the network.
    pub name: String,
    /// The gateway's port.
    pub port: u16,
}

/// What a machine did that is not its to do; the network let none of it through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TrespassKind {
    /// It claimed an address of another.
    Address,
    /// It handed out addresses.
    Dhcp,
    /// It called itself a router.
    Router,
}

/// A card that used what is another's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Trespasser {
    /// The card.
    pub mac: String,
    /// What it did.
    pub kind: TrespassKind,
    /// The address it was about.
    pub address: Option<String>,
}

/// What passes through a network; only while the page is visible.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct NetworkTraffic {
    /// The network.
    pub network: NetworkId,
    /// Machine by machine.
    pub ports: Vec<PortTraffic>,
    /// Connections between machines and outside, and ways in.
    pub connections: u32,
    /// Connections that were refused because there were too many.
    #[ts(type = "number")]
    pub refused: u64,
    /// Who has which address.
    pub leases: Vec<Lease>,
    /// Who was heard under which address.
    pub neighbours: Vec<Neighbour>,
}

/// What passes through a machine's port.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PortTraffic {
    /// The machine.
    pub machine: MachineId,
    /// Bits a second that the machine sends.
    #[ts(type = "number")]
    pub sent_bps: u64,
    /// Bits a second that it receives.
    #[ts(type = "number")]
    pub received_bps: u64,
    /// Bytes it has sent.
    #[ts(type = "number")]
    pub sent: u64,
    /// Bytes it has received.
    #[ts(type = "number")]
    pub received: u64,
    /// Frames that did not reach it or came from it and were not passed on.
    #[ts(type = "number")]
    pub dropped: u64,
}

/// A lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Lease {
    /// The card.
    pub mac: String,
    /// Its address.
    pub address: String,
    /// Whose it is; nothing for a stranger behind a machine.
    pub machine: Option<MachineId>,
    /// What the guest calls itself.
    pub host_name: Option<String>,
    /// Seconds until it ends; nothing while the guest has not asked for it.
    #[ts(type = "number | null")]
    pub remaining_s: Option<u64>,
}

/// Somebody who was heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Neighbour {
    /// The address, IPv4 or IPv6.
    pub address: String,
    /// The card.
    pub mac: String,
    /// Seconds since.
    #[ts(type = "number")]
    pub heard_s: u64,
    /// True when two cards claim the address.
    pub contested: bool,
}

/// The expert's view of a network: what is on disk, and the command that runs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NetworkReveal {
    /// The spec as YAML.
    pub yaml: String,
    /// The command line of its process, shell-quoted for reading.
    pub command: String,
    /// What its process is told, as YAML.
    pub told: String,
    /// Folder of the network.
    pub folder: String,
}
