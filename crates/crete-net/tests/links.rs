//! Links over real sockets: the test is QEMU, listening, hanging up and misbehaving.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod support;

use crete_net::{Counters, Duration, MAX_FRAME, Mac};
use std::io::{Read, Write};
use support::{Segment, frame, mac};

#[test]
fn frames_go_from_one_machine_to_another_and_only_there() {
    let mut segment = Segment::new(3, 1500);
    segment.connect_all();
    segment.send(0, &frame(mac(1), mac(0), b"to one"));
    segment.send(0, &frame(Mac::BROADCAST, mac(0), b"to all"));
    assert_eq!(segment.receive(1), frame(mac(1), mac(0), b"to one"));
    assert_eq!(segment.receive(1), frame(Mac::BROADCAST, mac(0), b"to all"));
    assert_eq!(segment.receive(2), frame(Mac::BROADCAST, mac(0), b"to all"));
}

#[test]
fn a_machine_that_comes_back_is_dialled_again() {
    let mut segment = Segment::new(2, 1500);
    segment.connect_all();
    for round in 0..6u8 {
        segment.hang_up(1);
        segment.until(|network| !network.ports()[1].up);
        segment.connect(1);
        segment.send(1, &frame(mac(0), mac(1), &[round]));
        assert_eq!(segment.receive(0), frame(mac(0), mac(1), &[round]));
    }
}

#[test]
fn a_link_whose_lengths_are_wrong_is_closed_and_dialled_again() {
    let mut segment = Segment::new(2, 1500);
    segment.connect_all();
    for length in [0u32, 13, 65_551, u32::MAX] {
        segment.machine(1).write_all(&length.to_be_bytes()).unwrap();
        segment.until(|network| {
            network.ports()[1].fault.as_deref()
                == Some(&format!("a frame of {length} bytes was announced"))
        });
        segment.connect(1);
        segment.send(1, &frame(mac(0), mac(1), b"well again"));
        assert_eq!(segment.receive(0), frame(mac(0), mac(1), b"well again"));
    }
}

#[test]
fn a_connection_that_begins_in_the_middle_of_a_frame_is_not_believed() {
    let mut segment = Segment::new(2, 1500);
    segment.connect_all();
    // What is left of a frame may look like a length and a frame of somebody.
    let mut rest = 20u32.to_be_bytes().to_vec();
    rest.extend([0xaa; 20]);
    segment.machine(1).write_all(&rest).unwrap();
    segment.until(|network| network.ports()[1].fault.is_some());
    segment.connect(1);
    segment.send(1, &frame(mac(0), mac(1), b"whole"));
    assert_eq!(segment.receive(0), frame(mac(0), mac(1), b"whole"));
}

#[test]
fn a_guest_that_changed_its_address_is_believed_after_all() {
    let mut segment = Segment::new(2, 1500);
    segment.connect_all();
    let stranger = Mac([2, 2, 2, 2, 2, 2]);
    for _ in 0..3 {
        segment.send(1, &frame(mac(0), stranger, b"I am another"));
        segment.until(|network| !network.ports()[1].up);
        segment.connect(1);
    }
    segment.send(1, &frame(mac(0), stranger, b"I am another"));
    assert_eq!(segment.receive(0), frame(mac(0), stranger, b"I am another"));
}

/// The largest frames there are, many at once: nothing is lost on the way to a reader, however
/// slowly it reads, because the sender is held back.
#[test]
fn a_slow_reader_holds_the_sender_back_and_loses_nothing() {
    let mut segment = Segment::new(2, 65_521);
    segment.connect_all();
    let count = 200u32;
    let payload = |n: u32| {
        let mut bytes = vec![0x5a; MAX_FRAME - 14 - 15];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        bytes
    };
    let wire: Vec<u8> = (0..count)
        .flat_map(|n| support::record(&frame(mac(1), mac(0), &payload(n))))
        .collect();
    let mut unsent = wire.as_slice();
    let mut received = Vec::new();
    while received.len() < wire.len() {
        if let Ok(n) = segment.machine(0).write(unsent) {
            unsent = &unsent[n..];
        }
        let mut some = [0; 30_000];
        if let Ok(n) = segment.machine(1).read(&mut some) {
            received.extend_from_slice(&some[..n]);
        }
        segment.turn();
    }
    assert!(received == wire);
    let ports = segment.network.ports();
    assert_eq!(ports[1].counters.frames_out, u64::from(count));
    assert_eq!(ports[1].counters.dropped_full, 0);
}

/// A machine that reads nothing at all costs the others a moment, and no more.
#[test]
fn a_paused_machine_stops_nobody_else() {
    let mut segment = Segment::new(3, 1500);
    segment.connect_all();
    let flood = frame(mac(1), mac(0), &[1; 1400]);
    let mut to_two = 0;
    segment.machine(0).set_nonblocking(true).unwrap();
    while to_two < 50 {
        // Until the paused machine's queue is full the sender can always send.
        let mut wire = support::record(&flood).repeat(20);
        wire.extend(support::record(&frame(mac(2), mac(0), b"still here")));
        while !wire.is_empty() {
            match segment.machine(0).write(&wire) {
                Ok(n) => drop(wire.drain(..n)),
                Err(_) => segment.advance(Duration::from_millis(20)),
            }
            segment.turn();
        }
        assert_eq!(segment.receive(2), frame(mac(2), mac(0), b"still here"));
        to_two += 1;
    }
    let Counters { dropped_full, .. } = segment.network.ports()[1].counters;
    assert!(dropped_full > 0, "its queue was never full");
}

#[test]
fn a_cut_link_passes_nothing_until_it_is_mended() {
    let mut segment = Segment::new(2, 1500);
    segment.connect_all();
    assert!(segment.network.set_cut("machine-1", true));
    segment.send(0, &frame(mac(1), mac(0), b"lost"));
    segment.send(1, &frame(mac(0), mac(1), b"lost too"));
    segment.until(|network| network.ports()[1].counters.dropped_down == 1);
    assert!(segment.network.set_cut("machine-1", false));
    segment.send(0, &frame(mac(1), mac(0), b"found"));
    assert_eq!(segment.receive(1), frame(mac(1), mac(0), b"found"));
    assert!(!segment.network.set_cut("nobody", true));
}

#[test]
fn forty_machines_each_hear_every_other() {
    let mut segment = Segment::new(40, 1500);
    segment.connect_all();
    for n in 0..40 {
        segment.send(
            n,
            &frame(Mac::BROADCAST, mac(n), &[u8::try_from(n).unwrap()]),
        );
        for other in (0..40).filter(|other| *other != n) {
            assert_eq!(segment.receive(other)[14], u8::try_from(n).unwrap());
        }
    }
}
