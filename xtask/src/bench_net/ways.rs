//! The ways machines are connected here: Crete's own, and those it is measured beside.

use super::guest::{Image, Machine, Owned};
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Where the host's server is, and a machine's.
pub const HOST_PORT: u16 = 5301;
pub const MACHINE_PORT: u16 = 5201;
/// The port of this computer that leads to the first machine.
pub const FORWARD: u16 = 5401;

/// A way to connect machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Crete,
    User,
    Slirp,
    Multicast,
    Passt,
}

/// Machines connected in some way, and what connects them.
pub struct Rig {
    pub machines: Vec<Machine>,
    /// The process between them, where it is one of its own.
    pub between: Option<Owned>,
    /// Where the host is, as machines see it; nothing where it is not to be reached.
    pub host: Option<&'static str>,
    folder: PathBuf,
}

impl Drop for Rig {
    fn drop(&mut self) {
        // A folder of sockets, in a place for what is only here for a while.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Way {
    pub const ALL: [Self; 5] = [
        Self::Crete,
        Self::User,
        Self::Slirp,
        Self::Multicast,
        Self::Passt,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Crete => "crete-net",
            Self::User => "-netdev user",
            Self::Slirp => "libslirp-helper",
            Self::Multicast => "socket,mcast",
            Self::Passt => "passt",
        }
    }

    /// Whether a port of this computer leads to a machine. The helper is told of ports over D-Bus
    /// only, which the bench does not have.
    pub fn has_forward(self) -> bool {
        self != Self::Slirp
    }

    /// Whether machines reach one another.
    pub fn is_segment(self) -> bool {
        matches!(self, Self::Crete | Self::Multicast)
    }

    /// Starts the machines, and what is between them.
    pub fn set_up(self, image: &Image, qemu: &str, crete_net: &Path) -> Result<Rig> {
        let folder = std::env::temp_dir().join(format!("crete-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let private = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700);
        std::fs::set_permissions(&folder, private)?;
        let link = |n: usize| folder.join(format!("link-{n}"));
        let mut between = None;
        if self == Self::Passt {
            between = Some(passt(image, &link(1))?);
        }
        let mut wire = Stdio::null();
        if self == Self::Slirp {
            let (here, there) = UnixDatagram::pair()?;
            between = Some(slirp(image, there.into())?);
            wire = OwnedFd::from(here).into();
        }
        let netdev = |n: usize| match self {
            Self::Crete => format!(
                "stream,id=n,server=on,addr.type=unix,addr.path={}",
                link(n).display()
            ),
            Self::User => {
                format!("user,id=n,hostfwd=tcp:127.0.0.1:{FORWARD}-:{MACHINE_PORT}")
            }
            Self::Slirp => "dgram,id=n,local.type=fd,local.str=0".to_owned(),
            Self::Multicast => "socket,id=n,mcast=230.0.0.1:7771,localaddr=127.0.0.1".to_owned(),
            Self::Passt => format!(
                "stream,id=n,server=off,addr.type=unix,addr.path={}",
                link(n).display()
            ),
        };
        let count = if self.is_segment() { 2 } else { 1 };
        let machines: Result<Vec<Machine>> = (1..=count)
            .map(|n| {
                let wire = std::mem::replace(&mut wire, Stdio::null());
                Machine::start(image, qemu, &folder, n, (&netdev(n), wire))
            })
            .collect();
        let mut rig = Rig {
            machines: machines?,
            between,
            host: match self {
                Self::Crete => Some("10.0.2.1"),
                Self::User | Self::Slirp => Some("10.0.2.2"),
                Self::Multicast => None,
                Self::Passt => Some("198.51.100.2"),
            },
            folder: folder.clone(),
        };
        if self == Self::Crete {
            rig.between = Some(crete(crete_net, &folder)?);
        }
        for (n, machine) in rig.machines.iter_mut().enumerate() {
            match self {
                Self::Crete => machine.ready(&format!("10.0.2.{}/24", 31 + n), "10.0.2.1")?,
                Self::Passt => machine.ready("198.51.100.1/24", "198.51.100.2")?,
                _ => machine.ready(&format!("10.0.2.{}/24", 15 + n), "10.0.2.2")?,
            }
        }
        Ok(rig)
    }

    /// The second machine's address.
    pub fn neighbour(self) -> &'static str {
        if self == Self::Crete {
            "10.0.2.32"
        } else {
            "10.0.2.16"
        }
    }
}

fn wait_for(what: &Path) -> Result<()> {
    let begun = Instant::now();
    while !what.exists() {
        if begun.elapsed() > Duration::from_secs(20) {
            bail!("{} never was there", what.display());
        }
        std::thread::yield_now();
    }
    Ok(())
}

/// A network with an offer of the host's server, and a forward to the first machine.
fn crete(program: &Path, folder: &Path) -> Result<Owned> {
    let machine = |n: usize| {
        json!({"id": format!("m{n}"), "mac": format!("52:54:00:00:00:0{n}"),
            "socket": folder.join(format!("link-{n}")), "address": format!("10.0.2.{}", 30 + n)})
    };
    let offer = |protocol: &str| {
        json!({"name": "host.crete.test", "protocol": protocol, "port": HOST_PORT,
            "to": format!("127.0.0.1:{HOST_PORT}")})
    };
    let config = json!({"schema_version": 1, "network": "00000000-0000-0000-0000-000000005eed",
        "mtu": 1500, "subnet": "10.0.2.0/24", "offers": [offer("tcp"), offer("udp")],
        "forwards": [{"id": "f", "protocol": "tcp", "listen": format!("127.0.0.1:{FORWARD}"),
            "targets": [{"machine": "m1", "port": MACHINE_PORT}]}],
        "machines": [machine(1), machine(2)]});
    let path = folder.join("config.json");
    std::fs::write(&path, config.to_string())?;
    let control = folder.join("control");
    let mut command = std::process::Command::new(program);
    command
        .arg("--config")
        .arg(&path)
        .arg("--socket")
        .arg(&control);
    let process = Owned::spawn(&mut command)?;
    wait_for(&control)?;
    Ok(process)
}

/// The library of `-netdev user` in a process of its own; the wire is its standard input.
fn slirp(image: &Image, wire: OwnedFd) -> Result<Owned> {
    let mut command = image.tool("libslirp-helper");
    Owned::spawn_on(command.args(["--fd", "0"]), wire.into())
}

fn passt(image: &Image, socket: &Path) -> Result<Owned> {
    let mut command = image.tool("passt");
    // Its machine reaches the host at the gateway's address.
    command
        .args(["--foreground", "--quiet", "--runas", "0", "--tcp-ports"])
        .arg(format!("{FORWARD}:{MACHINE_PORT}"))
        .args(["--interface", "wire", "--address", "198.51.100.1"])
        .args(["--gateway", "198.51.100.2", "--socket"])
        .arg(socket)
        // It explains how QEMU is started.
        .stderr(std::process::Stdio::null());
    let process = Owned::spawn(&mut command)?;
    wait_for(socket).context("passt does not start here")?;
    Ok(process)
}
