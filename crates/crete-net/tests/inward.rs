//! The way in: from this computer to machines, through forwards, a balanced port and the control
//! socket. Machines are stacks of the test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_net::control::{Hello, Reply, Status};
use crete_net::{Balancer, Config, Duration, Forward, Health, Protocol, Target};
use serde_json::{Value, json};
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::State;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use support::guest::{self, Guest};
use support::{Segment, config, mac, machine};

const FIRST: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 31);

fn address(n: usize) -> Ipv4Addr {
    Ipv4Addr::from_bits(FIRST.to_bits() + u32::try_from(n).unwrap())
}

fn target(n: usize, port: u16) -> Target {
    Target::Machine {
        machine: format!("machine-{n}"),
        port,
    }
}

/// A port of this computer that is free now.
fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

fn forward(listen: SocketAddr, targets: Vec<Target>) -> Forward {
    Forward {
        id: "f".into(),
        protocol: Protocol::Tcp,
        listen,
        targets,
        exposed: false,
    }
}

struct Bench {
    segment: Segment,
    guests: Vec<Guest>,
    wanted: Config,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(machines: usize, change: impl FnOnce(&mut Config)) -> Self {
        let cards = (0..machines)
            .map(|n| {
                let mut own = machine(&format!("machine-{n}"), mac(n + 1), PathBuf::new());
                own.address = Some(address(n));
                own
            })
            .collect();
        let mut wanted = config(cards, 1500);
        change(&mut wanted);
        let mut segment = Segment::of(wanted.clone());
        segment.connect_all();
        for (n, machine) in wanted.machines.iter_mut().enumerate() {
            machine.socket = segment.socket(n);
        }
        let folder = tempfile::tempdir().unwrap();
        let only_us = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(folder.path(), only_us).unwrap();
        segment
            .network
            .listen(&folder.path().join("control"), 77)
            .unwrap();
        Self {
            guests: (0..machines)
                .map(|n| Guest::new(n, mac(n + 1), address(n), 1500))
                .collect(),
            segment,
            wanted,
            folder,
        }
    }

    fn work(&mut self) {
        for guest in &mut self.guests {
            guest.work(&mut self.segment);
        }
    }

    fn until<T>(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> Option<T>) -> T {
        let begun = std::time::Instant::now();
        loop {
            self.work();
            if let Some(value) = holds(self) {
                return value;
            }
            assert!(begun.elapsed().as_secs() < 20, "{what}");
        }
    }

    fn until_open(&mut self, open: bool) {
        self.until("the forward never was as it should", |bench| {
            (bench.status().forwards[0].open == open).then_some(())
        });
    }

    fn status(&self) -> Status {
        self.segment.network.status(self.segment.now())
    }

    fn state(&mut self, n: usize, handle: SocketHandle) -> State {
        self.guests[n].state(handle)
    }

    /// Reads exactly this much of a stream of this computer.
    fn read(&mut self, stream: &mut impl Read, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        let mut at = 0;
        self.until("nothing came", |_| {
            match stream.read(&mut bytes[at..]) {
                Ok(0) => panic!("it ended after {at} bytes"),
                Ok(n) => at += n,
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
            (at == count).then_some(())
        });
        bytes
    }

    fn driver(&mut self) -> Driver {
        let stream = UnixStream::connect(self.folder.path().join("control")).unwrap();
        stream.set_nonblocking(true).unwrap();
        let mut driver = Driver {
            stream,
            received: Vec::new(),
        };
        let hello: Hello = serde_json::from_value(driver.line(self)).unwrap();
        assert_eq!((hello.network, hello.pid), (self.wanted.network, 77));
        driver
    }
}

struct Driver {
    stream: UnixStream,
    received: Vec<u8>,
}

impl Driver {
    fn line(&mut self, bench: &mut Bench) -> Value {
        let text = bench.until("no answer", |_| {
            let mut some = [0; 65_536];
            if let Ok(n) = self.stream.read(&mut some) {
                self.received.extend_from_slice(&some[..n]);
            }
            let end = self.received.iter().position(|byte| *byte == b'\n')?;
            Some(self.received.drain(..=end).collect::<Vec<u8>>())
        });
        serde_json::from_slice(&text).unwrap()
    }

    fn ask(&mut self, bench: &mut Bench, request: &Value) -> Reply {
        self.stream
            .write_all(format!("{request}\n").as_bytes())
            .unwrap();
        serde_json::from_value(self.line(bench)).unwrap()
    }
}

fn connect(at: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(at)?;
    stream.set_nonblocking(true)?;
    Ok(stream)
}

#[test]
fn a_forward_refuses_until_the_machine_listens_and_when_it_no_longer_does() {
    let listen = free_port();
    let mut bench = Bench::new(1, |wanted| {
        wanted.forwards = vec![forward(listen, vec![target(0, 6443)])]
    });
    bench.until("the port was not looked at", |bench| {
        (bench.status().forwards[0].targets[0].health == Health::Down).then_some(())
    });
    assert_eq!(
        connect(listen).unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
    let handle = bench.guests[0].listen(6443);
    bench.segment.advance(Duration::from_secs(2));
    bench.until_open(true);
    // The look is taken back before the machine's program would know of it.
    bench.until("the look was not taken back", |bench| {
        (bench.state(0, handle) == State::Listen).then_some(())
    });
    let mut stream = connect(listen).unwrap();
    bench.until("it never arrived", |bench| {
        (bench.state(0, handle) == State::Established).then_some(())
    });
    stream.write_all(b"question").unwrap();
    let Bench {
        segment, guests, ..
    } = &mut bench;
    assert_eq!(guests[0].receive(segment, handle, 8), b"question");
    guests[0].send(segment, handle, b"answer");
    assert_eq!(bench.read(&mut stream, 6), b"answer");
    // The listener is used up; the next look finds nobody.
    bench.segment.advance(Duration::from_secs(6));
    bench.until_open(false);
    assert_eq!(
        connect(listen).unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
    // What was established goes on.
    stream.write_all(b"more").unwrap();
    let Bench {
        segment, guests, ..
    } = &mut bench;
    assert_eq!(guests[0].receive(segment, handle, 4), b"more");
}

#[test]
fn a_machine_that_is_switched_off_closes_its_forwards_at_once() {
    let listen = free_port();
    let mut bench = Bench::new(1, |wanted| {
        wanted.forwards = vec![forward(listen, vec![target(0, 80)])]
    });
    bench.guests[0].listen(80);
    bench.until_open(true);
    bench.segment.hang_up(0);
    bench.segment.until(|network| {
        !network.ports()[0].up && !network.status(crete_net::Instant::ZERO).forwards[0].open
    });
    assert_eq!(
        connect(listen).unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
}

#[test]
fn a_port_somebody_else_has_is_told_with_its_owner_and_taken_when_it_is_free() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = other.local_addr().unwrap();
    let mut bench = Bench::new(1, |wanted| {
        wanted.forwards = vec![forward(listen, vec![target(0, 80)])]
    });
    bench.guests[0].listen(80);
    let view = bench.until("the conflict was not told", |bench| {
        Some(bench.status().forwards.remove(0)).filter(|view| view.fault.is_some())
    });
    assert!(
        view.owner
            .unwrap()
            .ends_with(&format!("({})", std::process::id()))
    );
    assert!(!view.open);
    drop(other);
    bench.segment.advance(Duration::from_secs(4));
    bench.until_open(true);
    assert_eq!(bench.status().forwards[0].fault, None);
}

#[test]
fn a_machine_that_refuses_resets_the_one_who_came() {
    let listen = free_port();
    let mut bench = Bench::new(1, |wanted| {
        wanted.forwards = vec![forward(listen, vec![target(0, 80)])]
    });
    let handle = bench.guests[0].listen(80);
    bench.until_open(true);
    bench.guests[0].tcp(handle).abort();
    let mut stream = connect(listen).unwrap();
    let error = bench.until("no reset", |_| {
        stream
            .read(&mut [0; 1])
            .err()
            .filter(|error| error.kind() != ErrorKind::WouldBlock)
    });
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    bench.until_open(false);
}

#[test]
fn connections_go_to_the_targets_in_turn_and_round_those_that_are_down() {
    let listen = free_port();
    let mut bench = Bench::new(3, |wanted| {
        wanted.forwards = vec![forward(listen, (0..3).map(|n| target(n, 6443)).collect())];
    });
    let handles: Vec<Vec<SocketHandle>> = [0, 2]
        .into_iter()
        .map(|n| (0..4).map(|_| bench.guests[n].listen(6443)).collect())
        .collect();
    bench.until("they never were as they should", |bench| {
        let healths: Vec<Health> = bench.status().forwards[0]
            .targets
            .iter()
            .map(|target| target.health)
            .collect();
        (healths == [Health::Up, Health::Down, Health::Up]).then_some(())
    });
    let _streams: Vec<TcpStream> = (0..4).map(|_| connect(listen).unwrap()).collect();
    let count = |bench: &mut Bench, n: usize, handles: &[SocketHandle]| {
        handles
            .iter()
            .filter(|handle| bench.state(n, **handle) == State::Established)
            .count()
    };
    bench.until("they were not spread", |bench| {
        (count(bench, 0, &handles[0]) == 2 && count(bench, 2, &handles[1]) == 2).then_some(())
    });
}

/// A machine that was well when last looked at, and is not: the connection goes to the next.
#[test]
fn a_connection_is_given_to_the_next_when_the_first_refuses() {
    let listen = free_port();
    let mut bench = Bench::new(2, |wanted| {
        wanted.forwards = vec![forward(listen, (0..2).map(|n| target(n, 6443)).collect())];
    });
    let gone: Vec<SocketHandle> = (0..2).map(|n| bench.guests[n].listen(6443)).collect();
    bench.until("they never were up", |bench| {
        let mut targets = bench.status().forwards.remove(0).targets.into_iter();
        targets
            .all(|target| target.health == Health::Up)
            .then_some(())
    });
    // The one whose turn it is goes away.
    bench.guests[1].tcp(gone[1]).abort();
    let mut stream = connect(listen).unwrap();
    bench.until("it was not given on", |bench| {
        (bench.state(0, gone[0]) == State::Established).then_some(())
    });
    stream.write_all(b"hello").unwrap();
    let Bench {
        segment, guests, ..
    } = &mut bench;
    assert_eq!(guests[0].receive(segment, gone[0], 5), b"hello");
}

#[test]
fn a_balanced_port_of_the_gateway_leads_machines_to_machines() {
    let gateway: SocketAddr = "10.0.2.1:6443".parse().unwrap();
    let mut bench = Bench::new(2, |wanted| {
        wanted.internet = false;
        wanted.balancers = vec![Balancer {
            port: 6443,
            targets: vec![target(0, 6443)],
        }];
    });
    // Nobody is there: refused.
    let refused = bench.guests[1].connect(gateway);
    bench.until("it was not refused", |bench| {
        (bench.state(1, refused) == State::Closed).then_some(())
    });
    let server = bench.guests[0].listen(6443);
    bench.segment.advance(Duration::from_secs(2));
    bench.until("it never was up", |bench| {
        (bench.status().balancers[0].targets[0].health == Health::Up).then_some(())
    });
    let client = bench.guests[1].connect(gateway);
    bench.until("they were not connected", |bench| {
        let both = [bench.state(1, client), bench.state(0, server)];
        (both == [State::Established; 2]).then_some(())
    });
    bench.guests[1].tcp(client).send_slice(b"question").unwrap();
    bench.until("no question", |bench| {
        let mut bytes = [0; 20];
        let count = bench.guests[0].tcp(server).recv_slice(&mut bytes).unwrap();
        (&bytes[..count] == b"question").then_some(())
    });
    bench.guests[0].tcp(server).send_slice(b"answer").unwrap();
    bench.guests[0].tcp(server).close();
    bench.until("no answer", |bench| {
        let mut bytes = [0; 20];
        let count = bench.guests[1].tcp(client).recv_slice(&mut bytes).unwrap();
        (&bytes[..count] == b"answer").then_some(())
    });
    bench.until("no end", |bench| {
        (bench.state(1, client) == State::CloseWait).then_some(())
    });
}

#[test]
fn datagrams_come_in_and_answers_go_back_to_who_sent_them() {
    let listen = free_port();
    let mut bench = Bench::new(1, |wanted| {
        wanted.forwards = vec![Forward {
            protocol: Protocol::Udp,
            ..forward(listen, vec![target(0, 5353)])
        }];
    });
    bench.until_open(true);
    let clients: Vec<UdpSocket> = (0..2)
        .map(|_| {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_nonblocking(true).unwrap();
            socket.connect(listen).unwrap();
            socket
        })
        .collect();
    for (n, client) in clients.iter().enumerate() {
        let n = u8::try_from(n).unwrap();
        client.send(&[b'q', n]).unwrap();
        let frame = loop {
            let frame = bench.segment.receive(0);
            if frame[12..14] == [8, 0] && frame[23] == 17 {
                break frame;
            }
        };
        assert_eq!(frame[26..34], [10, 0, 2, 1, 10, 0, 2, 31]);
        assert_eq!(frame[36..38], 5353u16.to_be_bytes());
        assert_eq!(frame[42..], [b'q', n]);
        let port = u16::from_be_bytes([frame[34], frame[35]]);
        let gateway = Ipv4Addr::new(10, 0, 2, 1);
        let answer = guest::datagram(mac(1), (FIRST, 5353), (gateway, port), &[b'a', n]);
        bench.segment.send(0, &answer);
        let mut bytes = [0; 10];
        let count = bench.until("no answer", |_| client.recv(&mut bytes).ok());
        assert_eq!(bytes[..count], [b'a', n]);
    }
}

#[test]
fn a_driver_dials_a_machine_through_the_control_socket() {
    let mut bench = Bench::new(1, |_| {});
    // No forward leads there: only this way is there.
    let handle = bench.guests[0].listen(50_000);
    let mut driver = bench.driver();
    let request = json!({"id": 1, "do": "connect", "to": {"machine": "machine-0", "port": 50_000}});
    assert_eq!(driver.ask(&mut bench, &request).failed, None);
    driver.stream.write_all(b"hello").unwrap();
    let Bench {
        segment, guests, ..
    } = &mut bench;
    assert_eq!(guests[0].receive(segment, handle, 5), b"hello");
    guests[0].send(segment, handle, b"talos");
    let mut stream = driver.stream;
    assert_eq!(bench.read(&mut stream, 5), b"talos");
    drop(stream);
    bench.until("no end", |bench| {
        (bench.state(0, handle) == State::CloseWait).then_some(())
    });
}

/// A machine that speaks first: its words come after the reply, never before it.
#[test]
fn the_reply_comes_before_the_machines_first_words() {
    let mut bench = Bench::new(1, |_| {});
    let handle = bench.guests[0].listen(22);
    let mut driver = bench.driver();
    let to = json!({"id": 5, "do": "connect", "to": {"address": "10.0.2.31", "port": 22}});
    driver
        .stream
        .write_all(format!("{to}\n").as_bytes())
        .unwrap();
    bench.until("it never arrived", |bench| {
        let socket = bench.guests[0].tcp(handle);
        socket
            .may_send()
            .then(|| socket.send_slice(b"SSH-2.0\r\n").unwrap())
    });
    let reply: Reply = serde_json::from_value(driver.line(&mut bench)).unwrap();
    assert_eq!((reply.id, reply.failed), (5, None));
    let banner = bench.until("no banner", |_| {
        let mut some = [0; 100];
        if let Ok(n) = driver.stream.read(&mut some) {
            driver.received.extend_from_slice(&some[..n]);
        }
        (driver.received.len() == 9).then(|| driver.received.clone())
    });
    assert_eq!(banner, b"SSH-2.0\r\n");
}

#[test]
fn a_driver_is_told_why_a_machine_is_not_reached() {
    let mut bench = Bench::new(1, |_| {});
    let cases = [
        (
            json!({"machine": "machine-0", "port": 50_000}),
            "the machine refused it",
        ),
        (
            json!({"machine": "nobody", "port": 50_000}),
            "there is no such machine",
        ),
        (
            json!({"address": "10.0.2.1", "port": 53}),
            "it is no address of a machine",
        ),
        (
            json!({"address": "127.0.0.1", "port": 22}),
            "it is no address of a machine",
        ),
    ];
    for (to, why) in cases {
        let mut driver = bench.driver();
        let reply = driver.ask(&mut bench, &json!({"id": 9, "do": "connect", "to": to}));
        assert_eq!(reply.failed.as_deref(), Some(why), "{to}");
    }
    let mut driver = bench.driver();
    let ask = json!({"id": 9, "do": "connect", "to": {"address": "10.0.2.200", "port": 1}});
    driver
        .stream
        .write_all(format!("{ask}\n").as_bytes())
        .unwrap();
    bench.work();
    bench.work();
    bench.segment.advance(Duration::from_secs(4));
    assert_eq!(driver.line(&mut bench)["failed"], "nobody has this address");
}

#[test]
fn what_is_no_request_is_answered_and_changes_nothing() {
    let mut bench = Bench::new(1, |_| {});
    let mut driver = bench.driver();
    for (text, id) in [
        (json!({"id": 3, "do": "dance"}), 3),
        (json!([]), 0),
        (
            json!({"id": 4, "do": "cut", "machine": "nobody", "cut": true}),
            4,
        ),
    ] {
        let reply = driver.ask(&mut bench, &text);
        assert_eq!(reply.id, id);
        assert!(reply.failed.is_some() && reply.done.is_none());
    }
    let mut other = bench.wanted.clone();
    other.network = uuid::Uuid::from_u128(1);
    let reply = driver.ask(
        &mut bench,
        &json!({"id": 5, "do": "apply", "config": other}),
    );
    assert!(
        reply
            .failed
            .unwrap()
            .contains("00000000-0000-0000-0000-000000000001")
    );
    assert_eq!(
        driver
            .ask(&mut bench, &json!({"id": 6, "do": "status"}))
            .failed,
        None
    );
    assert!(!bench.segment.network.ends());
    assert_eq!(
        driver
            .ask(&mut bench, &json!({"id": 7, "do": "quit"}))
            .failed,
        None
    );
    assert!(bench.segment.network.ends());
}

#[test]
fn a_changed_configuration_touches_nothing_else() {
    let listen = free_port();
    let mut bench = Bench::new(2, |wanted| {
        wanted.forwards = vec![forward(listen, vec![target(0, 80)])]
    });
    let handle = bench.guests[0].listen(80);
    bench.until_open(true);
    let mut stream = connect(listen).unwrap();
    bench.until("not connected", |bench| {
        (bench.state(0, handle) == State::Established).then_some(())
    });
    let mut driver = bench.driver();
    let mut changed = bench.wanted.clone();
    changed.machines.remove(1);
    changed.machines[0].names = vec!["n.crete.test".into()];
    changed.forwards[0].id = "renamed".into();
    bench.guests.truncate(1);
    let reply = driver.ask(
        &mut bench,
        &json!({"id": 1, "do": "apply", "config": changed}),
    );
    assert_eq!(reply.failed, None);
    let status = bench.status();
    assert_eq!(status.ports.len(), 1);
    assert!(status.ports[0].up);
    assert_eq!(status.forwards[0].id, "renamed");
    stream.write_all(b"still").unwrap();
    let Bench {
        segment, guests, ..
    } = &mut bench;
    assert_eq!(guests[0].receive(segment, handle, 5), b"still");
    // And back: the machine is dialled anew.
    let wanted = bench.wanted.clone();
    driver.ask(
        &mut bench,
        &json!({"id": 2, "do": "apply", "config": wanted}),
    );
    bench.segment.connect(1);
}

#[test]
fn the_control_socket_is_only_where_nobody_else_may_look() {
    let mut bench = Bench::new(0, |_| {});
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o750)).unwrap();
    let error = bench
        .segment
        .network
        .listen(&folder.path().join("control"), 1)
        .unwrap_err();
    assert!(
        error.to_string().contains(folder.path().to_str().unwrap()),
        "{error}"
    );
    // A socket left by a process that was killed is no hindrance; one in use is.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let path = folder.path().join("control");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    bench.segment.network.listen(&path, 1).unwrap();
    let mut other = Bench::new(0, |_| {});
    assert!(other.segment.network.listen(&path, 1).is_err());
}
