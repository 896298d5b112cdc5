//! Machines that are Linux itself, and a network that runs beside them on a thread of its own.
//!
//! A machine is a namespace with a tap device, and a QEMU without a processor that carries frames
//! between the tap and the socket a network dials: the same code of QEMU as in a real machine.

use super::namespace::{Owned, Space, ip};
use super::{surroundings, wait_until};
use crete_net::control::{Hello, Reply, Status};
use crete_net::{Config, Host, Instant, Mac, Network};
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto};
use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::JoinHandle;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// The world's addresses.
pub const WORLD: [&str; 2] = ["198.51.100.2", "2001:db8:1::2"];

/// The host's own network: a wire to the world, where the default routes lead.
pub fn world() -> Space {
    let world = Space::new();
    ip("link set lo up");
    let pid = world.pid();
    ip(&format!(
        "link add wire type veth peer name wire netns {pid}"
    ));
    for (n, wire) in [
        (1, &ip as &dyn Fn(&str)),
        (2, &|words: &str| world.ip(words)),
    ] {
        wire(&format!("addr add 198.51.100.{n}/24 dev wire"));
        wire(&format!("addr add 2001:db8:1::{n}/64 dev wire nodad"));
        wire("link set wire up");
    }
    ip(&format!("route add default via {}", WORLD[0]));
    ip(&format!("-6 route add default via {}", WORLD[1]));
    world
}

/// A machine with Linux's own stack.
pub struct LinuxGuest {
    pub space: Space,
    pub socket: PathBuf,
    _qemu: Owned,
}

impl LinuxGuest {
    /// A machine whose card is there, and not yet up.
    pub fn new(folder: &Path, name: &str, mac: Mac, mtu: u16) -> Self {
        let space = Space::new();
        let socket = folder.join(name);
        space.ip("tuntap add dev eth0 mode tap");
        space.ip(&format!("link set dev eth0 address {mac} mtu {mtu}"));
        let named = std::env::var("CRETE_QEMUS").unwrap_or_else(|_| "qemu-system-x86_64".into());
        let program = named.split(':').next_back().unwrap_or_default();
        let mut command = space.command(program);
        command.args(["-machine", "none", "-nodefaults", "-display", "none"]);
        let path = socket.display();
        for (id, netdev) in [
            (
                "tap",
                "tap,ifname=eth0,script=no,downscript=no,vnet_hdr=off,id=tap".to_owned(),
            ),
            (
                "link",
                format!("stream,server=on,addr.type=unix,addr.path={path},id=link"),
            ),
        ] {
            command.args(["-netdev", &netdev, "-netdev"]);
            command.arg(format!("hubport,id=h{id},hubid=0,netdev={id}"));
        }
        let qemu = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn();
        Self {
            space,
            socket,
            _qemu: Owned(qemu.unwrap()),
        }
    }

    /// Brings the card up, with this address and the network's gateway. Only once the link is
    /// connected: a frame before that is more than QEMU 7.2 bears.
    pub fn up(&self, address: &str, gateway: &str) {
        self.space.ip(&format!("addr add {address} dev eth0"));
        self.space.ip("link set eth0 up");
        self.space.ip(&format!("route add default via {gateway}"));
        // Whoever may ping is anybody in this namespace.
        self.space.enter(allow_pings);
    }

    /// A connection from this machine.
    pub fn connect(&self, to: SocketAddr) -> io::Result<TcpStream> {
        self.space
            .enter(|| TcpStream::connect_timeout(&to, PATIENCE))
    }

    /// Pings from this machine.
    pub fn ping(&self, to: IpAddr) -> io::Result<()> {
        let (family, protocol, request, reply) = match to {
            IpAddr::V4(_) => (AddressFamily::INET, ipproto::ICMP, 8, 0),
            IpAddr::V6(_) => (AddressFamily::INET6, ipproto::ICMPV6, 128, 129),
        };
        let socket = self.space.enter(|| {
            let flags = SocketFlags::CLOEXEC;
            rustix::net::socket_with(family, SocketType::DGRAM, flags, Some(protocol))
        })?;
        let socket = UdpSocket::from(socket);
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.connect(SocketAddr::new(to, 0))?;
        socket.send(&[request, 0, 0, 0, 0, 0, 0, 1, 0x70, 0x69, 0x6e, 0x67])?;
        let mut bytes = [0; 100];
        let count = socket.recv(&mut bytes)?;
        assert_eq!((bytes[0], &bytes[8..count]), (reply, &b"ping"[..]));
        Ok(())
    }
}

/// Has the kernel give sockets for pings to the only user of the current namespace.
pub fn allow_pings() {
    std::fs::write("/proc/sys/net/ipv4/ping_group_range", "0 0").unwrap();
}

/// A network on a thread of its own, driven as the engine drives it.
pub struct Beside {
    thread: Option<JoinHandle<()>>,
    control: PathBuf,
}

impl Beside {
    /// Runs a network of the test's own namespace. The host's resolvers stand in `resolv_conf`.
    pub fn new(config: Config, folder: &Path, resolv_conf: PathBuf) -> Self {
        let only_us = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(folder, only_us).unwrap();
        let control = folder.join("control");
        let listens = control.clone();
        let thread = std::thread::spawn(move || {
            let begun = std::time::Instant::now();
            let clock =
                || Instant::from_micros(i64::try_from(begun.elapsed().as_micros()).unwrap());
            let host = surroundings(Box::new(Host::new(resolv_conf)));
            let mut network = Network::new(&config, host, clock()).unwrap();
            network.listen(&listens, std::process::id()).unwrap();
            while !network.ends() {
                network.turn(None, clock).unwrap();
            }
        });
        Self {
            thread: Some(thread),
            control,
        }
    }

    pub fn driver(&self) -> Driver {
        Driver::connect(&self.control)
    }

    pub fn status(&self) -> Status {
        let reply = self.driver().ask(&json!({"id": 1, "do": "status"}));
        serde_json::from_value(reply.done.unwrap()).unwrap()
    }

    pub fn apply(&self, config: &Config) {
        let ask = json!({"id": 1, "do": "apply", "config": config});
        assert_eq!(self.driver().ask(&ask).failed, None);
    }

    /// Waits until something holds of the network.
    pub fn until(&self, what: &str, holds: impl Fn(&Status) -> bool) {
        wait_until(what, || holds(&self.status()).then_some(()));
    }

    /// A connection to a place in the network, through the control socket.
    pub fn dial(&self, address: IpAddr, port: u16) -> Result<BufReader<UnixStream>, String> {
        let mut driver = self.driver();
        let to = json!({"address": address, "port": port});
        let reply = driver.ask(&json!({"id": 1, "do": "connect", "to": to}));
        reply.failed.map_or(Ok(driver.0), Err)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // A test that fails ends the thread with its process.
        let thread = self.thread.take().filter(|_| !std::thread::panicking());
        if let Some(thread) = thread.filter(|thread| !thread.is_finished()) {
            self.driver().ask(&json!({"id": 1, "do": "quit"}));
            let _ = thread.join();
        }
    }
}

/// A connection to the control socket of a network.
pub struct Driver(BufReader<UnixStream>);

impl Driver {
    /// Connects with a network that listens, or is about to.
    pub fn connect(control: &Path) -> Self {
        let stream = wait_until("the network does not listen", || {
            UnixStream::connect(control).ok()
        });
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut driver = Self(BufReader::new(stream));
        let hello: Hello = serde_json::from_value(driver.line()).unwrap();
        assert_eq!(hello.product, "crete-net");
        driver
    }

    fn line(&mut self) -> Value {
        let mut text = String::new();
        self.0.read_line(&mut text).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    pub fn ask(&mut self, request: &Value) -> Reply {
        let text = format!("{request}\n");
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
        serde_json::from_value(self.line()).unwrap()
    }
}
