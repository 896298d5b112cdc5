//! What is wanted of a network, as whoever drives it writes it down.

use crate::address::Subnet;
use crate::error::NetError;
use crate::frame::Mac;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Version of the form of [`Config`].
pub const SCHEMA_VERSION: u32 = 1;
/// The least MTU: below it there is no IPv6 (RFC 8200).
pub const MIN_MTU: u16 = 1280;
/// The largest MTU: what a virtio card takes, and the longest frame with a VLAN tag still fits.
pub const MAX_MTU: u16 = 65_521;

/// Ports of the gateway that are its own: none, names, addresses, time.
const OWN_PORTS: [u16; 4] = [0, 53, 67, 123];

/// One network, as wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Version of this form.
    pub schema_version: u32,
    /// The network's id.
    pub network: Uuid,
    /// The largest IP packet, bytes.
    pub mtu: u16,
    /// Its IPv4 subnet. The gateway is its first host.
    pub subnet: Subnet,
    /// Its IPv6 prefix, 64 bits of it (the rest is zero); nothing for a network without IPv6.
    #[serde(default)]
    pub prefix6: Option<Ipv6Addr>,
    /// Whether machines may reach anything outside.
    #[serde(default = "yes")]
    pub internet: bool,
    /// Services of this computer that machines may use, at the gateway's address.
    #[serde(default)]
    pub offers: Vec<Offer>,
    /// Ports of this computer that lead to machines.
    #[serde(default)]
    pub forwards: Vec<Forward>,
    /// Ports of the gateway that lead to machines: endpoints of clusters.
    #[serde(default)]
    pub balancers: Vec<Balancer>,
    /// Names beside those of machines: endpoints of clusters.
    #[serde(default)]
    pub names: Vec<Name>,
    /// Whose links to dial.
    pub machines: Vec<Machine>,
}

fn yes() -> bool {
    true
}

/// What a port is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Connections.
    Tcp,
    /// Datagrams.
    Udp,
}

/// A service of this computer that is offered to machines by name. It is the one way in which they
/// reach an address of this computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// What it is called; a name of the gateway.
    pub name: String,
    /// What its port is of.
    pub protocol: Protocol,
    /// The gateway's port.
    pub port: u16,
    /// Where it really is.
    pub to: SocketAddr,
}

/// A place in the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Target {
    /// A port of a machine, wherever its address is.
    Machine {
        /// The machine's id.
        machine: String,
        /// Its port.
        port: u16,
    },
    /// A port of an address: one that moves between machines.
    Address {
        /// The address.
        address: IpAddr,
        /// Its port.
        port: u16,
    },
}

/// A port of this computer that leads to machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forward {
    /// What it is called by whoever drives the network.
    pub id: String,
    /// What it is of.
    pub protocol: Protocol,
    /// Where this computer listens: on 127.0.0.0/8, unless it is exposed.
    pub listen: SocketAddr,
    /// Where it leads: the first for datagrams, in turn for connections.
    pub targets: Vec<Target>,
    /// Chosen by a person: others than this computer may come in.
    #[serde(default)]
    pub exposed: bool,
}

/// A port of the gateway that leads to whichever of some machines takes connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Balancer {
    /// The gateway's port.
    pub port: u16,
    /// Where it leads.
    pub targets: Vec<Target>,
}

/// A name in the network, beside those of machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// In full.
    pub name: String,
    /// What it means; the gateway, when nothing is given.
    #[serde(default)]
    pub addresses: Vec<IpAddr>,
}

/// A machine, as far as its network has to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Who it is, in the words of whoever drives the network.
    pub id: String,
    /// The address of its card. It belongs to this machine alone.
    pub mac: Mac,
    /// The Unix socket QEMU listens on.
    pub socket: PathBuf,
    /// The address written down for it; without one it is computed from the id.
    #[serde(default)]
    pub address: Option<Ipv4Addr>,
    /// Its names in the network, in full. The first is the one it is told.
    #[serde(default)]
    pub names: Vec<String>,
    /// Whether its link is cut.
    #[serde(default)]
    pub cut: bool,
}

impl Machine {
    /// What it calls itself, and the domain around that.
    pub(crate) fn host_and_domain(&self) -> (Option<&str>, &str) {
        match self.names.first().and_then(|name| name.split_once('.')) {
            Some((host, domain)) => (Some(host), domain),
            None => (None, crete_model::NETWORK_DOMAIN),
        }
    }
}

/// What is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigFault {
    /// It was written by a program too new or too old.
    #[error("its form is {0}, and {SCHEMA_VERSION} is known")]
    Schema(u32),
    /// The MTU is out of range.
    #[error("an MTU of {0} is not between {MIN_MTU} and {MAX_MTU}")]
    Mtu(u16),
    /// Two machines share what is to be one's own.
    #[error("{0} is there twice")]
    Twice(String),
    /// No machine can have this address.
    #[error("{0} cannot be the address of one machine")]
    GroupMac(Mac),
    /// A machine's address must be in the subnet, and not the gateway's or the ends.
    #[error("{address} is no machine's address in {subnet}")]
    Outside {
        /// The address.
        address: Ipv4Addr,
        /// The network's subnet.
        subnet: Subnet,
    },
    /// Too small for a gateway and a machine, or too large for a flat segment.
    #[error("{0} is not between /16 and /28")]
    Subnet(Subnet),
    /// Not 64 bits of a unicast prefix.
    #[error("{0} is no /64 prefix")]
    Prefix(Ipv6Addr),
    /// A forward open to others that nobody has said may be.
    #[error("{0} is not on 127.0.0.0/8, and it is not said that it may be open to others")]
    Exposed(SocketAddr),
    /// A target in a machine that is not there.
    #[error("there is no machine {0}")]
    NoMachine(String),
    /// A port of the gateway that it uses itself, or none.
    #[error("port {0} of the gateway cannot be given away")]
    GatewayPort(u16),
    /// A name of a machine that DNS cannot carry.
    #[error("{0:?} is no name in {domain}", domain = crete_model::NETWORK_DOMAIN)]
    Name(String),
}

impl Config {
    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// When it cannot be read, does not parse, or asks for something impossible.
    pub fn read(path: &Path) -> Result<Self, NetError> {
        let text = std::fs::read(path).map_err(|source| NetError::File {
            path: path.to_owned(),
            source,
        })?;
        let config: Self = serde_json::from_slice(&text).map_err(|error| NetError::Parse {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        config.check()?;
        Ok(config)
    }

    /// Checks what the types do not.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(&self) -> Result<(), ConfigFault> {
        if self.schema_version != SCHEMA_VERSION {
            return Err(ConfigFault::Schema(self.schema_version));
        }
        if !(MIN_MTU..=MAX_MTU).contains(&self.mtu) {
            return Err(ConfigFault::Mtu(self.mtu));
        }
        if !(16..=28).contains(&self.subnet.prefix()) {
            return Err(ConfigFault::Subnet(self.subnet));
        }
        if let Some(prefix) = self.prefix6
            && (prefix.octets()[8..] != [0; 8] || prefix.is_multicast() || prefix.is_unspecified())
        {
            return Err(ConfigFault::Prefix(prefix));
        }
        self.check_machines()
    }

    fn check_machines(&self) -> Result<(), ConfigFault> {
        let mut seen = HashSet::new();
        let mut once = |what: String| {
            if seen.insert(what.clone()) {
                Ok(())
            } else {
                Err(ConfigFault::Twice(what))
            }
        };
        for offer in &self.offers {
            if OWN_PORTS.contains(&offer.port) {
                return Err(ConfigFault::GatewayPort(offer.port));
            }
            check_name(&offer.name)?;
            once(format!("{:?} port {}", offer.protocol, offer.port))?;
        }
        for balancer in &self.balancers {
            if OWN_PORTS.contains(&balancer.port) {
                return Err(ConfigFault::GatewayPort(balancer.port));
            }
            once(format!("{:?} port {}", Protocol::Tcp, balancer.port))?;
            self.check_targets(&balancer.targets)?;
        }
        for forward in &self.forwards {
            if !forward.exposed && !forward.listen.ip().is_loopback() {
                return Err(ConfigFault::Exposed(forward.listen));
            }
            once(format!("{:?} {}", forward.protocol, forward.listen))?;
            self.check_targets(&forward.targets)?;
        }
        for name in &self.names {
            check_name(&name.name)?;
            once(name.name.clone())?;
        }
        for machine in &self.machines {
            if machine.mac.is_group() {
                return Err(ConfigFault::GroupMac(machine.mac));
            }
            once(machine.id.clone())?;
            once(machine.mac.to_string())?;
            once(machine.socket.display().to_string())?;
            if let Some(address) = machine.address {
                if !self.subnet.can_be_a_machine(address) {
                    return Err(ConfigFault::Outside {
                        address,
                        subnet: self.subnet,
                    });
                }
                once(address.to_string())?;
            }
            for name in &machine.names {
                check_name(name)?;
                once(name.clone())?;
            }
        }
        Ok(())
    }

    fn check_targets(&self, targets: &[Target]) -> Result<(), ConfigFault> {
        let is_missing = |id: &&String| !self.machines.iter().any(|machine| machine.id == **id);
        let missing = targets.iter().find_map(|target| match target {
            Target::Machine { machine, .. } => Some(machine).filter(is_missing),
            Target::Address { .. } => None,
        });
        missing.map_or(Ok(()), |id| Err(ConfigFault::NoMachine(id.clone())))
    }

    /// The gateway's Ethernet address: of the network's own making, and none of a machine's.
    #[must_use]
    pub fn gateway_mac(&self) -> Mac {
        let [.., a, b, c, d] = *self.network.as_bytes();
        // 02: locally administered, where no card's vendor and no QEMU prefix (52:54:00) is.
        Mac([0x02, 0xc7, a, b, c, d])
    }
}

/// A name inside the network: labels as machines have them, under the one domain.
fn check_name(name: &str) -> Result<(), ConfigFault> {
    let inner = name
        .strip_suffix(crete_model::NETWORK_DOMAIN)
        .and_then(|inner| inner.strip_suffix('.'));
    let good = name.len() <= 253
        && inner.is_some_and(|inner| {
            inner
                .split('.')
                .all(|label| crete_model::check_machine_name(label).is_ok())
        });
    if good {
        Ok(())
    } else {
        Err(ConfigFault::Name(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(n: u8) -> Machine {
        Machine {
            id: format!("m{n}"),
            mac: Mac([0x52, 0x54, 0, 0, 0, n]),
            socket: PathBuf::from(format!("/run/{n}")),
            address: None,
            names: vec![format!("m{n}.crete.test")],
            cut: false,
        }
    }

    fn config() -> Config {
        Config {
            schema_version: SCHEMA_VERSION,
            network: Uuid::from_u128(7),
            mtu: 1500,
            subnet: "10.131.7.0/24".parse().unwrap(),
            prefix6: None,
            internet: true,
            offers: Vec::new(),
            forwards: Vec::new(),
            balancers: Vec::new(),
            names: Vec::new(),
            machines: vec![machine(1), machine(2)],
        }
    }

    #[test]
    fn what_is_one_machines_own_is_there_once() {
        assert_eq!(config().check(), Ok(()));
        let mut twice = config();
        twice.machines[1].mac = twice.machines[0].mac;
        assert_eq!(
            twice.check(),
            Err(ConfigFault::Twice("52:54:00:00:00:01".into()))
        );
    }

    #[test]
    fn addresses_and_names_must_belong_here() {
        for (address, good) in [
            ([10, 131, 7, 9], true),
            ([10, 131, 7, 1], false),
            ([10, 9, 9, 9], false),
        ] {
            let mut wanted = config();
            wanted.machines[0].address = Some(address.into());
            assert_eq!(wanted.check().is_ok(), good, "{address:?}");
        }
        for (name, good) in [
            ("a.k.crete.test", true),
            ("a.example.org", false),
            ("crete.test", false),
            ("A.crete.test", false),
            ("-.crete.test", false),
        ] {
            let mut wanted = config();
            wanted.machines[0].names = vec![name.into()];
            assert_eq!(wanted.check().is_ok(), good, "{name}");
        }
    }

    #[test]
    fn what_is_open_to_others_is_said_to_be() {
        for (listen, exposed, good) in [
            ("127.9.8.7:6443", false, true),
            ("0.0.0.0:6443", false, false),
            ("192.0.2.1:6443", true, true),
        ] {
            let mut wanted = config();
            wanted.forwards = vec![Forward {
                id: "f".into(),
                protocol: Protocol::Tcp,
                listen: listen.parse().unwrap(),
                targets: vec![Target::Machine {
                    machine: "m1".into(),
                    port: 6443,
                }],
                exposed,
            }];
            assert_eq!(wanted.check().is_ok(), good, "{listen}");
            wanted.forwards[0].targets = vec![Target::Machine {
                machine: "x".into(),
                port: 1,
            }];
            assert!(wanted.check().is_err());
        }
    }

    #[test]
    fn the_mtu_has_bounds() {
        for (mtu, good) in [(1279, false), (1280, true), (65_521, true), (65_522, false)] {
            let config = Config { mtu, ..config() };
            assert_eq!(config.check().is_ok(), good, "{mtu}");
        }
    }

    #[test]
    fn an_unknown_field_is_refused_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        let mut value = serde_json::to_value(config()).unwrap();
        value["bridge"] = "eth0".into();
        std::fs::write(&path, value.to_string()).unwrap();
        let error = Config::read(&path).unwrap_err().to_string();
        assert!(
            error.contains("bridge") && error.contains("config.json"),
            "{error}"
        );
    }
}
