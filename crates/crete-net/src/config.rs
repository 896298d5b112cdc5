//! What is wanted of a network, as whoever drives it writes it down.

use crate::error::NetError;
use crate::frame::Mac;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Version of the form of [`Config`].
pub const SCHEMA_VERSION: u32 = 1;
/// The least MTU: below it there is no IPv6 (RFC 8200).
pub const MIN_MTU: u16 = 1280;
/// The largest MTU: what a virtio card takes, and the longest frame with a VLAN tag still fits.
pub const MAX_MTU: u16 = 65_521;

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
    /// Whose links to dial.
    pub machines: Vec<Machine>,
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
    /// Whether its link is cut.
    #[serde(default)]
    pub cut: bool,
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
        let mut seen = HashSet::new();
        let mut once = |what: String| {
            if seen.insert(what.clone()) {
                Ok(())
            } else {
                Err(ConfigFault::Twice(what))
            }
        };
        for machine in &self.machines {
            if machine.mac.is_group() {
                return Err(ConfigFault::GroupMac(machine.mac));
            }
            once(machine.id.clone())?;
            once(machine.mac.to_string())?;
            once(machine.socket.display().to_string())?;
        }
        Ok(())
    }

    /// The gateway's Ethernet address: of the network's own making, and none of a machine's.
    #[must_use]
    pub fn gateway_mac(&self) -> Mac {
        let [.., a, b, c, d] = *self.network.as_bytes();
        // 02: locally administered, where no card's vendor and no QEMU prefix (52:54:00) is.
        Mac([0x02, 0xc7, a, b, c, d])
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
            cut: false,
        }
    }

    fn config() -> Config {
        Config {
            schema_version: SCHEMA_VERSION,
            network: Uuid::from_u128(7),
            mtu: 1500,
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
