//! Network cards, as sysfs shows them.

use super::Netlink;
use crate::error::{GuestError, Result};
use std::path::{Path, PathBuf};

const CLASS: &str = "/sys/class/net";

/// A network card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The kernel's number for it.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its hardware address.
    pub mac: [u8; 6],
}

impl Link {
    /// The first card there is; links without a device behind them do not count.
    ///
    /// # Errors
    /// When sysfs cannot be read.
    pub fn first() -> Result<Option<Self>> {
        let entries = std::fs::read_dir(CLASS).map_err(GuestError::file(CLASS))?;
        let mut found: Vec<Self> = entries
            .flatten()
            .filter(|entry| entry.path().join("device").exists())
            .filter_map(|entry| Self::read(&entry.path()))
            .collect();
        found.sort_by_key(|link| link.index);
        Ok(found.into_iter().next())
    }

    fn read(folder: &Path) -> Option<Self> {
        let text = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
        Some(Self {
            index: text("ifindex")?.trim().parse().ok()?,
            name: folder.file_name()?.to_str()?.to_owned(),
            mac: parse_mac(text("address")?.trim())?,
        })
    }

    /// True while something is plugged in; what cannot be read is taken for good.
    #[must_use]
    pub fn has_carrier(&self) -> bool {
        let place = Path::new(CLASS).join(&self.name).join("carrier");
        std::fs::read_to_string(place).map_or(true, |text| text.trim() != "0")
    }

    /// Gives the card the name that follows from its place, as udev does on a real node. A card
    /// whose place is not known keeps its name.
    ///
    /// # Errors
    /// When the kernel refuses the name.
    pub fn renamed(mut self, netlink: &mut Netlink) -> Result<Self> {
        let device = Path::new(CLASS).join(&self.name).join("device");
        let place = std::fs::canonicalize(device).unwrap_or_else(|_| PathBuf::new());
        if let Some(name) = name_by_place(&place) {
            netlink.rename(self.index, &name)?;
            self.name = name;
        }
        Ok(self)
    }
}

/// `enp<bus>s<slot>[f<function>]` from the last PCI address of a device's path.
fn name_by_place(device: &Path) -> Option<String> {
    let address = device
        .components()
        .filter_map(|part| parse_pci(part.as_os_str().to_str()?))
        .next_back()?;
    let (bus, slot, function) = address;
    let mut name = format!("enp{bus}s{slot}");
    if function > 0 {
        name.push_str(&format!("f{function}"));
    }
    Some(name)
}

/// `0000:00:03.0` as bus, slot and function.
fn parse_pci(text: &str) -> Option<(u8, u8, u8)> {
    let mut parts = text.split(':');
    let (domain, bus, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let (slot, function) = rest.split_once('.')?;
    let hex = |text: &str| u8::from_str_radix(text, 16).ok();
    (domain == "0000" && parts.next().is_none())
        .then(|| Some((hex(bus)?, hex(slot)?, hex(function)?)))?
}

fn parse_mac(text: &str) -> Option<[u8; 6]> {
    let bytes: Vec<u8> = text
        .split(':')
        .map(|byte| u8::from_str_radix(byte, 16).ok())
        .collect::<Option<_>>()?;
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_follows_the_place() {
        let name = |path: &str| name_by_place(Path::new(path));
        assert_eq!(
            name("/sys/devices/pci0000:00/0000:00:03.0/virtio1").as_deref(),
            Some("enp0s3")
        );
        assert_eq!(
            name("/sys/devices/pci0000:00/0000:00:1c.0/0000:02:1f.1").as_deref(),
            Some("enp2s31f1")
        );
        assert_eq!(name("/sys/devices/virtual/net/dummy0"), None);
    }

    #[test]
    fn a_hardware_address_has_six_bytes() {
        assert_eq!(
            parse_mac("52:54:00:12:34:56"),
            Some([0x52, 0x54, 0, 0x12, 0x34, 0x56])
        );
        assert_eq!(parse_mac("52:54:00:12:34"), None);
        assert_eq!(parse_mac("no"), None);
    }
}
