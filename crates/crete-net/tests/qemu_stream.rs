//! Real QEMU as the far end: its `-netdev stream` code with a hub instead of a guest.
//!
//! The test speaks into one end as a guest's card would; what it says goes through QEMU, over the
//! link under test, through the network's process and to a second machine, which is the test again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::io::{BufRead, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::{config, frame, mac, machine, record};

/// A process of the test, ended with it.
struct Owned(Child);

impl Drop for Owned {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Owned {
    fn signal(&self, name: &str) {
        let pid = self.0.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &pid])
                .status()
                .unwrap()
                .success()
        );
    }
}

fn until<T>(what: &str, mut holds: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = holds() {
            return value;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::yield_now();
    }
}

/// Does the same with every QEMU there is, and says with which. `CRETE_QEMUS` names them, as a
/// search path is written.
fn with_every_qemu(test: impl Fn(&Path)) {
    let named = std::env::var("CRETE_QEMUS").unwrap_or_else(|_| "qemu-system-x86_64".into());
    let versions: Vec<String> = named
        .split(':')
        .map(|program| {
            test(Path::new(program));
            let version = Command::new(program).arg("--version").output().unwrap();
            let text = String::from_utf8_lossy(&version.stdout).into_owned();
            text.lines().next().unwrap_or_default().to_owned()
        })
        .collect();
    let alone = if versions.len() < 2 {
        "WITH ONE VERSION ONLY"
    } else {
        "with"
    };
    // Past what the test runner catches of a test that went well.
    let _ = writeln!(std::io::stderr(), "links tested {alone}: {versions:?}");
}

/// QEMU with a hub between two listening stream sockets.
fn qemu(program: &Path, folder: &Path) -> Owned {
    let mut command = Command::new(program);
    command.args(["-machine", "none", "-nodefaults", "-display", "none"]);
    for (id, name) in [("a", "guest"), ("b", "link")] {
        let path = folder.join(name);
        command.args([
            "-netdev",
            &format!(
                "stream,id={id},server=on,addr.type=unix,addr.path={}",
                path.display()
            ),
            "-netdev",
            &format!("hubport,id=h{id},hubid=0,netdev={id}"),
        ]);
    }
    let monitor = folder.join("monitor");
    command.args([
        "-chardev",
        &format!(
            "socket,id=qmp,server=on,wait=off,path={}",
            monitor.display()
        ),
        "-mon",
        "chardev=qmp,mode=control",
    ]);
    Owned(command.stdin(Stdio::null()).spawn().unwrap())
}

/// The guest's end of a QEMU that is ready. QEMU 7.2 listens in a thread of its own, and ends with a
/// fault when a frame for a socket comes before its main loop has had a connection there, which no
/// guest can make happen: so both ends are connected once before anything is said.
fn guest_end(folder: &Path) -> UnixStream {
    let open = |name: &str| {
        until("QEMU did not listen", || {
            UnixStream::connect(folder.join(name)).ok()
        })
    };
    let mut monitor = open("monitor");
    monitor
        .write_all(b"{\"execute\": \"qmp_capabilities\"}\n")
        .unwrap();
    monitor
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut lines = std::io::BufReader::new(monitor).lines().map(Result::unwrap);
    // Events are told only to who has been answered.
    assert!(lines.any(|line| line.contains("return")));
    let (guest, link) = (open("guest"), open("link"));
    for _ in 0..2 {
        assert!(lines.any(|line| line.contains("NETDEV_STREAM_CONNECTED")));
    }
    drop(link);
    guest.set_nonblocking(true).unwrap();
    guest
}

fn crete_net(config: &Path) -> Owned {
    Owned(
        Command::new(env!("CARGO_BIN_EXE_crete-net"))
            .arg("--config")
            .arg(config)
            .stdin(Stdio::null())
            .spawn()
            .unwrap(),
    )
}

fn numbered(n: u32) -> Vec<u8> {
    // A payload that reads as anything but a length, and one that reads as a plausible one, in turn.
    let filler = if n.is_multiple_of(2) {
        [0, 0, 0x05, 0xdc]
    } else {
        [0xff; 4]
    };
    let mut payload = n.to_be_bytes().to_vec();
    payload.extend(filler.repeat(300));
    frame(mac(2), mac(1), &payload)
}

struct Rig {
    folder: tempfile::TempDir,
    config: PathBuf,
    listener: UnixListener,
    qemu: Owned,
    guest: UnixStream,
}

impl Rig {
    fn new(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let card = |n, name: &str| machine(name, mac(n), folder.path().join(name));
        let wanted = config(vec![card(1, "link"), card(2, "peer")], 1500);
        let path = folder.path().join("config.json");
        std::fs::write(&path, serde_json::to_vec(&wanted).unwrap()).unwrap();
        let listener = UnixListener::bind(folder.path().join("peer")).unwrap();
        listener.set_nonblocking(true).unwrap();
        let qemu = qemu(program, folder.path());
        let guest = guest_end(folder.path());
        Self {
            config: path,
            listener,
            qemu,
            guest,
            folder,
        }
    }

    fn peer(&self) -> Peer {
        let stream = until("the peer was not dialled", || self.listener.accept().ok()).0;
        stream.set_nonblocking(true).unwrap();
        Peer {
            stream,
            bytes: Vec::new(),
        }
    }

    /// Says frames as the guest until the peer hears one of them.
    fn say_until_heard(&mut self, next: &mut u32, peer: &mut Peer) {
        let first = *next;
        let mut unsent: Vec<u8> = Vec::new();
        until("the peer heard nothing", || {
            if unsent.is_empty() {
                unsent = record(&numbered(*next));
                *next += 1;
            }
            match self.guest.write(&unsent) {
                Ok(n) => drop(unsent.drain(..n)),
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
            // Whole frames only: what is begun must also be ended.
            let heard = peer.hear().is_some_and(|number| number >= first);
            (unsent.is_empty() && heard).then_some(())
        });
    }
}

struct Peer {
    stream: UnixStream,
    bytes: Vec<u8>,
}

impl Peer {
    /// The number of the last frame that came, if one did; every frame must be as it was sent.
    fn hear(&mut self) -> Option<u32> {
        let mut some = [0; 65_536];
        while let Ok(n) = self.stream.read(&mut some) {
            assert!(n > 0, "the network hung up");
            self.bytes.extend_from_slice(&some[..n]);
        }
        let mut last = None;
        while let Some(prefix) = self.bytes.first_chunk::<4>() {
            let length = u32::from_be_bytes(*prefix) as usize;
            if self.bytes.len() < 4 + length {
                break;
            }
            let frame: Vec<u8> = self.bytes.drain(..4 + length).skip(4).collect();
            let number = u32::from_be_bytes(frame[14..18].try_into().unwrap());
            assert!(
                frame == numbered(number),
                "frame {number} came broken: {frame:02x?}"
            );
            assert!(
                last.is_none_or(|last| last < number),
                "{number} after {last:?}"
            );
            last = Some(number);
        }
        last
    }
}

/// kill -9 of the network while its socket is full, again and again: QEMU may go on in the middle
/// of a frame, and none of it may reach the other machines as a frame.
#[test]
fn the_network_may_be_killed_while_the_link_is_full() {
    with_every_qemu(killed_while_full);
}

fn killed_while_full(program: &Path) {
    let mut rig = Rig::new(program);
    let mut next = 0;
    for round in 0..12u32 {
        let network = crete_net(&rig.config);
        let mut peer = rig.peer();
        rig.say_until_heard(&mut next, &mut peer);
        network.signal("-STOP");
        // Fill the link beyond what the sockets hold; how much beyond differs by round.
        let mut full_since = None;
        let patience = Duration::from_millis(20 + u64::from(round) * 3);
        until("the link never filled", || {
            match rig.guest.write(&record(&numbered(next))) {
                Ok(n) if n == record(&numbered(next)).len() => {
                    next += 1;
                    full_since = None;
                    (next.is_multiple_of(4000)).then_some(())
                }
                // Half a frame: it must be ended, or the guest's own side would be misread.
                Ok(n) => {
                    let bytes = record(&numbered(next));
                    let mut rest = &bytes[n..];
                    while !rest.is_empty() {
                        if let Ok(n) = rig.guest.write(rest) {
                            rest = &rest[n..];
                        }
                    }
                    next += 1;
                    None
                }
                Err(_) => {
                    let since = *full_since.get_or_insert_with(Instant::now);
                    (since.elapsed() > patience).then_some(())
                }
            }
        });
        drop(peer);
        network.signal("-KILL");
    }
    let _network = crete_net(&rig.config);
    let mut peer = rig.peer();
    rig.say_until_heard(&mut next, &mut peer);
}

/// The other way round: QEMU ends and another begins, the network stays.
#[test]
fn qemu_may_be_killed_and_started_again() {
    with_every_qemu(qemu_killed);
}

fn qemu_killed(program: &Path) {
    let mut rig = Rig::new(program);
    let network = crete_net(&rig.config);
    let mut peer = rig.peer();
    let mut next = 0;
    for _ in 0..3 {
        rig.say_until_heard(&mut next, &mut peer);
        rig.qemu.signal("-KILL");
        let _ = rig.qemu.0.wait();
        // It must not take the link's end from the test while QEMU gets ready.
        network.signal("-STOP");
        rig.qemu = qemu(program, rig.folder.path());
        rig.guest = guest_end(rig.folder.path());
        network.signal("-CONT");
    }
    rig.say_until_heard(&mut next, &mut peer);
    // From the peer to the guest as well.
    let answer = frame(mac(1), mac(2), &[0x77; 100]);
    peer.stream.write_all(&record(&answer)).unwrap();
    let mut bytes = Vec::new();
    until("the guest heard nothing", || {
        let mut some = [0; 4096];
        if let Ok(n) = rig.guest.read(&mut some) {
            bytes.extend_from_slice(&some[..n]);
        }
        bytes.ends_with(&record(&answer)).then_some(())
    });
}
