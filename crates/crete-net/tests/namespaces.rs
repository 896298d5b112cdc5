//! Real Linux stacks in network namespaces: a machine, the host and the world beyond it are all the
//! kernel's own, and between them is the network.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_net::{Offer, Protocol};
use hickory_proto::op::{Message, Query};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record, RecordType};
use std::io::ErrorKind;
use std::net::{IpAddr, TcpListener, UdpSocket};
use std::time::Duration;
use support::hostile::Hostile;
use support::linux::{WORLD, allow_pings};
use support::namespace::{Space, alone, ip};
use support::rig::{Rig, address, at, transfer};
use support::{mac, wait_until};

#[test]
fn a_linux_machine_reaches_the_world_by_both_versions() {
    alone("a_linux_machine_reaches_the_world_by_both_versions", || {
        let rig = Rig::new(1, 1500, |_| {});
        let guest = &rig.guests[0];
        let listener = rig.serve(5000);
        // The kernel of the machine has made itself an address and a route of the advertisement.
        wait_until("no IPv6 address was made", || {
            guest.space.enter(|| {
                let socket = UdpSocket::bind("[::]:0").ok()?;
                socket.connect(at(WORLD[1], 9)).ok()?;
                let own = socket.local_addr().ok()?.ip().to_string();
                own.starts_with("fd5e:ed00:0:1:").then_some(())
            })
        });
        for world in WORLD {
            let client = guest.connect(at(world, 5000)).unwrap();
            let server = listener.accept().unwrap().0;
            let up = transfer(client, &server, 16);
            let client = guest.connect(at(world, 5000)).unwrap();
            let down = transfer(listener.accept().unwrap().0, &client, 16);
            println!("{world}: {up:.2} Gbit/s out, {down:.2} Gbit/s in");
            let refused = guest.connect(at(world, 5001)).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused, "{world}");
        }
    });
}

#[test]
fn datagrams_of_any_size_come_back() {
    alone("datagrams_of_any_size_come_back", || {
        let rig = Rig::new(1, 1500, |_| {});
        let server = rig.world.enter(|| UdpSocket::bind("0.0.0.0:6000").unwrap());
        let client = rig.guests[0]
            .space
            .enter(|| UdpSocket::bind("0.0.0.0:0").unwrap());
        client
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        server
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        client.connect(at(WORLD[0], 6000)).unwrap();
        let mut bytes = [0; 70_000];
        for length in [0, 1, 1472, 1473, 4000, 60_000] {
            let payload = vec![0x2a; length];
            client.send(&payload).unwrap();
            let (count, from) = server.recv_from(&mut bytes).unwrap();
            assert!(bytes[..count] == payload, "{length}");
            server.send_to(&payload, from).unwrap();
            let count = client.recv(&mut bytes).unwrap();
            assert!(bytes[..count] == payload, "{length}");
        }
        // Nobody listens: the kernel of the machine hears it, and tells the program.
        client.connect(at(WORLD[0], 6001)).unwrap();
        client.send(b"x").unwrap();
        let refused = client.recv(&mut bytes).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    });
}

/// With sockets for pings and without: the kernel of the host is told to give them, or not.
#[test]
fn an_echo_comes_back_or_is_said_to_be_forbidden() {
    alone("an_echo_comes_back_or_is_said_to_be_forbidden", || {
        // A new namespace gives them to nobody.
        let rig = Rig::new(1, 1500, |_| {});
        let guest = &rig.guests[0];
        guest.ping("10.0.2.1".parse().unwrap()).unwrap();
        // Known from the beginning, and not only when somebody has tried.
        assert!(rig.network.status().nat.echo_denied);
        let world: IpAddr = WORLD[0].parse().unwrap();
        let forbidden = guest.ping(world).unwrap_err();
        assert_eq!(forbidden.kind(), ErrorKind::HostUnreachable);
        allow_pings();
        guest.ping(world).unwrap();
        assert!(!rig.network.status().nat.echo_denied);
        wait_until("no echo over IPv6", || {
            guest.ping(WORLD[1].parse().unwrap()).ok()
        });
    });
}

fn resolver(space: &Space, address: [u8; 4]) -> UdpSocket {
    let socket = space.enter(|| UdpSocket::bind("0.0.0.0:53").unwrap());
    let answering = socket.try_clone().unwrap();
    // It ends with the test's process.
    std::thread::spawn(move || {
        let mut bytes = [0; 2000];
        while let Ok((count, from)) = answering.recv_from(&mut bytes) {
            let asked = Message::from_vec(&bytes[..count]).unwrap();
            let mut answer = asked.clone().into_response();
            let name = asked.queries[0].name().clone();
            answer.add_answer(Record::from_rdata(name, 300, RData::A(A(address.into()))));
            answering.send_to(&answer.to_vec().unwrap(), from).unwrap();
        }
    });
    socket
}

#[test]
fn names_are_asked_for_where_the_host_asks_now() {
    alone("names_are_asked_for_where_the_host_asks_now", || {
        let rig = Rig::new(1, 1500, |_| {});
        resolver(&rig.world, [192, 0, 2, 7]);
        let vpn = Space::new();
        let pid = vpn.pid();
        ip(&format!("link add vpn type veth peer name vpn netns {pid}"));
        ip("addr add 100.64.0.1/24 dev vpn");
        ip("link set vpn up");
        vpn.ip("addr add 100.64.0.2/24 dev vpn");
        vpn.ip("link set vpn up");
        resolver(&vpn, [192, 0, 2, 9]);
        let ask = |name: &str| {
            let mut asked = Message::query();
            asked.add_query(Query::query(name.parse().unwrap(), RecordType::A));
            let socket = rig.guests[0]
                .space
                .enter(|| UdpSocket::bind("0.0.0.0:0").unwrap());
            socket
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            socket.connect("10.0.2.1:53").unwrap();
            socket.send(&asked.to_vec().unwrap()).unwrap();
            let mut bytes = [0; 2000];
            let count = socket.recv(&mut bytes).unwrap();
            let answer = Message::from_vec(&bytes[..count]).unwrap();
            answer.answers.first().map(|record| record.data.to_string())
        };
        assert_eq!(ask("node-0.crete.test.").as_deref(), Some("10.0.2.31"));
        std::fs::write(&rig.resolv_conf, format!("nameserver {}\n", WORLD[0])).unwrap();
        assert_eq!(ask("intranet.example.").as_deref(), Some("192.0.2.7"));
        // A VPN comes up: the same name is another thing, at once.
        let new = rig.resolv_conf.with_extension("new");
        std::fs::write(&new, "nameserver 100.64.0.2\n").unwrap();
        std::fs::rename(new, &rig.resolv_conf).unwrap();
        assert_eq!(ask("intranet.example.").as_deref(), Some("192.0.2.9"));
    });
}

/// A VPN's route appears that has addresses of the network: it is told while it is there, whichever
/// table it stands in. And without a way out for IPv6 no machine believes that there is one.
#[test]
fn a_change_of_the_hosts_routes_is_noticed() {
    alone("a_change_of_the_hosts_routes_is_noticed", || {
        let rig = Rig::new(1, 1500, |_| {});
        assert_eq!(rig.network.status().conflict, None);
        for (route, subnet) in [
            ("10.0.2.128/25", "10.0.2.128/25"),
            ("10.0.0.0/16 table 52", "10.0.0.0/16"),
        ] {
            ip(&format!("route add {route} via {}", WORLD[0]));
            let conflict = Some(subnet.parse().unwrap());
            rig.network.until("the conflict was not noticed", |status| {
                status.conflict == conflict
            });
            ip(&format!("route del {route}"));
            rig.network.until("the conflict was not over", |status| {
                status.conflict.is_none()
            });
        }
        let has_route = || {
            let mut show = rig.guests[0].space.command("ip");
            let output = show
                .args(["-6", "route", "show", "default"])
                .output()
                .unwrap();
            !output.stdout.is_empty()
        };
        wait_until("no default route", || has_route().then_some(()));
        ip("-6 route del default");
        wait_until("the route stayed", || (!has_route()).then_some(()));
    });
}

/// Every address by which this computer could be meant.
const OWN: &[&str] = &[
    "127.0.0.1",
    "127.0.0.53",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "198.51.100.1",
    "198.51.100.255",
    "192.0.2.10",
    "192.0.2.255",
    "10.99.0.1",
    "172.17.0.1",
    "169.254.7.7",
    "169.254.169.254",
    "255.255.255.255",
    "224.0.0.1",
    "240.0.0.1",
    "::1",
    "::",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:198.51.100.1",
    "::ffff:0.0.0.0",
    "2001:db8:1::1",
    "fd77::1",
    "fe80::77",
    "ff02::1",
    "ff05::1",
];

#[test]
fn no_address_of_this_computer_is_reached() {
    alone("no_address_of_this_computer_is_reached", || {
        let rig = Rig::new(1, 1500, |_| {});
        // A LAN, a tunnel, what a container engine makes, a link-local and a private IPv6 address.
        ip("link add lan type bridge");
        ip("link add docker0 type bridge");
        ip("tuntap add dev tun0 mode tun");
        for (device, own) in [
            ("lan", "192.0.2.10/24"),
            ("lan", "169.254.7.7/16"),
            ("lan", "fd77::1/64"),
            ("lan", "fe80::77/64"),
            ("tun0", "10.99.0.1/24"),
            ("docker0", "172.17.0.1/16"),
        ] {
            ip(&format!("link set {device} up"));
            // An IPv6 address is the computer's own only when nobody else was found to have it.
            let sure = if own.contains(':') { "nodad" } else { "" };
            ip(&format!("addr add {own} dev {device} {sure}"));
        }
        let listener = TcpListener::bind("[::]:7000").unwrap();
        let socket = UdpSocket::bind("[::]:7000").unwrap();
        listener.set_nonblocking(true).unwrap();
        socket.set_nonblocking(true).unwrap();
        let folder = rig.resolv_conf.parent().unwrap();
        let mut thief = Hostile::new(folder, "thief", mac(9), address(1));
        let mut wanted = rig.wanted.clone();
        wanted.machines.push(thief.machine());
        rig.network.apply(&wanted);
        thief.accept();
        for (n, own) in OWN.iter().enumerate() {
            let to: IpAddr = own.parse().unwrap();
            let ports = (20_000 + u16::try_from(n).unwrap(), 7000);
            thief.say(&thief.syn(to, ports));
            thief.say(&thief.datagram(to, ports, b"x"));
            let (protocol, request) = if to.is_ipv4() { (1, 8) } else { (58, 128) };
            thief.say(&thief.packet(to, protocol, &[request, 0, 0, 0, 9, 9, 0, 1]));
            thief.hear_the_gateway();
            let came = listener.accept().map(|(_, from)| from);
            assert_eq!(came.unwrap_err().kind(), ErrorKind::WouldBlock, "{own}");
            let heard = socket.recv(&mut [0; 10]);
            assert_eq!(heard.unwrap_err().kind(), ErrorKind::WouldBlock, "{own}");
        }
        let view = rig.network.status().nat;
        assert_eq!((view.connections, view.associations), (0, 0));
        // By name, what is offered is: the same two are heard at the gateway's port.
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            wanted.offers.push(Offer {
                name: "factory.crete.test".into(),
                protocol,
                port: 7000,
                to: at("127.0.0.1", 7000),
            });
        }
        rig.network.apply(&wanted);
        let gateway = "10.0.2.1".parse().unwrap();
        thief.say(&thief.syn(gateway, (30_000, 7000)));
        thief.say(&thief.datagram(gateway, (30_000, 7000), b"x"));
        wait_until("the offer is not there", || listener.accept().ok());
        wait_until("no datagram", || socket.recv(&mut [0; 10]).ok());
    });
}
