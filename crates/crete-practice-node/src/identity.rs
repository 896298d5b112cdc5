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

/// What the network gives a machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// The addresses that others can reach, IPv4 first. None is a network without DHCP.
    pub addresses: Vec<Prefix>,
    /// The router.
    pub gateway: Option<IpAddr>,
    /// Name servers from DHCP.
    pub resolvers: Vec<IpAddr>,
    /// The host name from DHCP; it wins over a generated one.
    pub hostname: Option<String>,
    /// True while the card has no carrier.
    pub unplugged: bool,
}

/// How a machine hangs in its network. Clones are the same; a running node notices a change at
/// once, as when DHCP gives another address.
#[derive(Debug, Clone)]
pub struct Attachment(Arc<watch::Sender<Given>>);

impl Attachment {
    /// A network that gives this from the beginning on.
    #[must_use]
    pub fn of(given: Given) -> Self {
        Self(Arc::new(watch::Sender::new(given)))
    }

    /// A network that gives addresses and nothing else.
    #[must_use]
    pub fn with_addresses(addresses: Vec<Prefix>) -> Self {
        Self::of(Given {
            addresses,
            ..Given::default()
        })
    }

    /// Gives something else from now on.
    pub fn change(&self, change: impl FnOnce(&mut Given)) {
        self.0.send_if_modified(|given| {
            let before = given.clone();
            change(given);
            *given != before
        });
    }

    /// What it gives.
    #[must_use]
    pub fn get(&self) -> Given {
        self.0.borrow().clone()
    }

    /// Hears of changes.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Given> {
        self.0.subscribe()
    }
}

/// The processor, as the first lines of a boot tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processor {
    /// Its name.
    pub model: String,
    /// Cores of all sockets.
    pub cores: u32,
    /// Threads of all cores.
    pub threads: u32,
    /// x86-64 level, 1 to 4.
    pub level: u8,
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
    /// Name of the network card, as its place in the machine gives it.
    pub link: String,
    /// What the network gives.
    pub network: Attachment,
    /// The disks, in the kernel's order.
    pub disks: Vec<Disk>,
    /// Bytes of memory.
    pub memory: u64,
    /// The processor.
    pub processor: Processor,
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
            link: "enp0s3".to_owned(),
            network: Attachment::with_addresses(vec![Prefix {
                ip: address,
                length,
            }]),
            disks: vec![Disk::virtio("vda", 12 << 30)],
            memory: 4 << 30,
            processor: Processor {
                model: "QEMU TCG CPU version 2.5+".to_owned(),
                cores: 2,
                threads: 2,
                level: 3,
            },
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
        let given = self.network.0.borrow();
        given.addresses.iter().map(|address| address.ip).collect()
    }
}

const CMDLINE: &str = "talos.platform=metal console=tty0 console=ttyS0 init_on_alloc=1 slab_nomerge \
                       pti=on consoleblank=0 nvme_core.io_timeout=4294967295 printk.devkmsg=on \
                       proc_mem.force_override=never";
