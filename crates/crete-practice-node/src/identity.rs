//! What a node is before anybody configures it: its machine, its network and its Talos.

use crete_model::TalosVersion;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::watch;

/// An address with the length of its network's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prefix {
    /// The address.
    pub ip: IpAddr,
    /// Bits of the prefix.
    pub length: u8,
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ip, self.length)
    }
}

/// The addresses that others can reach, IPv4 first. None is a network without DHCP. Clones are the
/// same; a running node notices a change at once, as when DHCP gives another one.
#[derive(Debug, Clone)]
pub struct Addresses(Arc<watch::Sender<Vec<Prefix>>>);

impl Addresses {
    /// Addresses from the beginning on.
    #[must_use]
    pub fn of(addresses: Vec<Prefix>) -> Self {
        Self(Arc::new(watch::Sender::new(addresses)))
    }

    /// Has these from now on.
    pub fn set(&self, addresses: Vec<Prefix>) {
        self.0.send_if_modified(|now| {
            let differ = *now != addresses;
            *now = addresses;
            differ
        });
    }

    /// Those it has.
    #[must_use]
    pub fn get(&self) -> Vec<Prefix> {
        self.0.borrow().clone()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Vec<Prefix>> {
        self.0.subscribe()
    }
}

/// A disk of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// `vda` and the like.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// The serial number; empty when it has none.
    pub serial: String,
    /// True for a CD drive.
    pub cdrom: bool,
}

impl Disk {
    /// An empty disk of a virtual machine.
    #[must_use]
    pub fn virtio(name: &str, size: u64) -> Self {
        Self {
            name: name.to_owned(),
            size,
            serial: String::new(),
            cdrom: false,
        }
    }

    /// `/dev/vda` and the like.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/dev/{}", self.name)
    }
}

/// How the machine was booted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// From a CD or over the network: Talos is to be installed.
    Installer,
    /// From a disk image: Talos is installed already, and a configuration just goes on.
    DiskImage,
}

/// A machine with Talos on it.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The version, such as 1.13.9. Several answers depend on it.
    pub talos_version: TalosVersion,
    /// What follows the version on the console and in answers; empty on a real node.
    pub version_suffix: String,
    /// The machine's UUID, as its firmware has it.
    pub uuid: String,
    /// Address of the network card.
    pub mac: [u8; 6],
    /// Addresses that others can reach.
    pub addresses: Addresses,
    /// The router.
    pub gateway: Option<IpAddr>,
    /// Name servers from DHCP.
    pub resolvers: Vec<IpAddr>,
    /// The host name from DHCP; it wins over a generated one.
    pub hostname: Option<String>,
    /// The disks, in the kernel's order.
    pub disks: Vec<Disk>,
    /// Bytes of memory.
    pub memory: u64,
    /// Processors.
    pub processors: u32,
    /// The kernel's arguments.
    pub cmdline: String,
    /// Names of the installed extensions with their versions.
    pub extensions: Vec<(String, String)>,
    /// How it was booted.
    pub medium: Medium,
}

impl Identity {
    /// A usual virtual machine: 2 processors, 4 GiB of memory, an empty disk `vda` of 12 GiB.
    /// The number makes its card and UUID its own.
    #[must_use]
    pub fn virtual_machine(talos_version: TalosVersion, number: u8, address: IpAddr) -> Self {
        let length = if address.is_ipv4() { 24 } else { 64 };
        Self {
            talos_version,
            version_suffix: String::new(),
            uuid: format!("6e6f6465-0000-4000-8000-0000000000{number:02x}"),
            mac: [0x52, 0x54, 0, 0, 0, number],
            addresses: Addresses::of(vec![Prefix {
                ip: address,
                length,
            }]),
            gateway: None,
            resolvers: Vec::new(),
            hostname: None,
            disks: vec![Disk::virtio("vda", 12 << 30)],
            memory: 4 << 30,
            processors: 2,
            cmdline: CMDLINE.to_owned(),
            extensions: Vec::new(),
            medium: Medium::Installer,
        }
    }

    /// `v1.13.9`, as it is printed and answered.
    #[must_use]
    pub fn tag(&self) -> String {
        format!("{}{}", self.talos_version, self.version_suffix)
    }

    /// The addresses without their prefixes.
    #[must_use]
    pub fn ips(&self) -> Vec<IpAddr> {
        let addresses = self.addresses.0.borrow();
        addresses.iter().map(|address| address.ip).collect()
    }
}

const CMDLINE: &str = "talos.platform=metal console=tty0 console=ttyS0 init_on_alloc=1 slab_nomerge \
                       pti=on consoleblank=0 nvme_core.io_timeout=4294967295 printk.devkmsg=on \
                       proc_mem.force_override=never";
