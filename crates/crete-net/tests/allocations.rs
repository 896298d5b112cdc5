//! In the steady state nothing is allocated for a frame: not by the switch, not on the way through
//! the gateway, and not by the loop around them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod support;

use allocation_counter::measure;
use crete_net::{Forward, Protocol, Target};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use support::outside::{Bench, GUEST, SERVER};
use support::{Segment, frame, guest, mac, record};

/// Turns in which everything finds its size, and turns that are counted.
const WARM: usize = 100;
const COUNTED: usize = 300;

/// Allocations of the network alone, over many turns with work in each.
fn allocations(mut turn: impl FnMut(&mut dyn FnMut(&mut Segment))) -> u64 {
    let mut counted = 0;
    for n in 0..WARM + COUNTED {
        turn(&mut |segment| {
            let info = measure(|| segment.turn());
            if n >= WARM {
                counted += info.count_total;
            }
        });
    }
    counted
}

#[test]
fn frames_between_machines_allocate_nothing() {
    let mut segment = Segment::new(3, 1500);
    segment.connect_all();
    // To one station, to all, and more at once than one turn sends.
    let to_one = record(&frame(mac(1), mac(0), &[1; 1400])).repeat(40);
    let to_all = record(&frame(crete_net::Mac::BROADCAST, mac(0), &[2; 60]));
    let mut passed = 0;
    let mut sink = vec![0; 1 << 20];
    let count = allocations(|turn| {
        segment.machine(0).write_all(&to_one).unwrap();
        segment.machine(0).write_all(&to_all).unwrap();
        turn(&mut segment);
        for n in 1..3 {
            passed += segment.machine(n).read(&mut sink).unwrap_or(0);
        }
    });
    assert!(passed > (WARM + COUNTED) * to_one.len() / 2, "{passed}");
    assert_eq!(count, 0);
}

/// With a forward in the configuration: what is only looked at allocates nothing either.
#[test]
fn a_connection_through_the_gateway_allocates_nothing() {
    let mut bench = Bench::new(|wanted| {
        wanted.forwards = vec![Forward {
            id: "f".into(),
            protocol: Protocol::Tcp,
            listen: TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap(),
            targets: vec![Target::Machine {
                machine: "guest".into(),
                port: 22,
            }],
            exposed: false,
        }];
    });
    let (handle, mut stream) = bench.connected(80);
    let (block, mut sink) = (vec![7; 100_000], vec![0; 1 << 20]);
    let mut moved = 0;
    let count = allocations(|turn| {
        bench.guest.work(&mut bench.segment);
        let socket = bench.guest.tcp(handle);
        let _ = socket.send_slice(&block);
        moved += socket.recv_slice(&mut sink).unwrap_or(0);
        moved += both_ways(&mut stream, &block, &mut sink);
        turn(&mut bench.segment);
    });
    assert!(moved > 3_000_000, "{moved}");
    // Looks at the forward's port, one in five seconds, are no frames of the machine's.
    assert!(count < 20, "{count} allocations in {COUNTED} turns");
}

/// Writes what is taken and reads what is there: bytes read.
fn both_ways(stream: &mut TcpStream, block: &[u8], sink: &mut [u8]) -> usize {
    if let Err(error) = stream.write(block) {
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }
    stream.read(sink).unwrap_or(0)
}

#[test]
fn datagrams_through_the_gateway_allocate_nothing() {
    let entrance = UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut bench = Bench::new(|wanted| {
        wanted.forwards = vec![Forward {
            id: "f".into(),
            protocol: Protocol::Udp,
            listen: entrance,
            targets: vec![Target::Machine {
                machine: "guest".into(),
                port: 5353,
            }],
            exposed: false,
        }];
    });
    let server = bench.serve_datagrams(4000);
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(entrance).unwrap();
    let out = record(&guest::datagram(
        mac(1),
        (GUEST, 5000),
        (SERVER, 4000),
        &[5; 400],
    ));
    let mut sink = vec![0; 1 << 16];
    let (mut asked, mut answered) = (0, 0);
    let count = allocations(|turn| {
        bench.segment.machine(0).write_all(&out).unwrap();
        let _ = client.send(&[6; 400]);
        turn(&mut bench.segment);
        while let Ok((count, from)) = server.recv_from(&mut sink) {
            asked += 1;
            server.send_to(&sink[..count], from).unwrap();
        }
        answered += bench.segment.machine(0).read(&mut sink).unwrap_or(0);
    });
    assert!(
        asked > COUNTED / 2 && answered > COUNTED * 400,
        "{asked} {answered}"
    );
    assert_eq!(count, 0);
}
