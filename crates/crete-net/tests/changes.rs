//! What changes while a network runs: the way out is closed and opened again, machines and names
//! come and go, and what is not touched goes on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod support;

use crete_net::{Duration, Offer, Protocol};
use hickory_proto::op::{Message, Query};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record, RecordType};
use smoltcp::socket::tcp::State;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use support::guest;
use support::outside::{Bench, GATEWAY, GUEST, SERVER, is_icmp};
use support::{frame, mac};

fn set_internet(bench: &mut Bench, internet: bool) {
    bench.wanted.internet = internet;
    let now = bench.segment.now();
    bench.segment.network.apply(&bench.wanted, now).unwrap();
}

/// The switch, while it is used: what had left ends on both sides, at once; what is offered by the
/// host goes on; and when it is switched on again everything is as before.
#[test]
fn the_way_out_is_closed_and_opened_while_it_is_used() {
    let offered = TcpListener::bind("127.0.0.1:0").unwrap();
    offered.set_nonblocking(true).unwrap();
    let mut bench = Bench::new(|wanted| {
        wanted.offers = vec![Offer {
            name: "factory.crete.test".into(),
            protocol: Protocol::Tcp,
            port: 8080,
            to: offered.local_addr().unwrap(),
        }];
    });
    let (outward, mut far) = bench.connected(80);
    let inside = bench.guest.connect((GATEWAY, 8080).into());
    let mut near = bench
        .guest
        .until(&mut bench.segment, "nobody came", |_| offered.accept().ok());
    near.0.set_nonblocking(true).unwrap();
    bench.until_state(inside, State::Established);
    let server = bench.serve_datagrams(4000);
    let datagram = guest::datagram(mac(1), (GUEST, 5000), (SERVER, 4000), b"x");
    bench.segment.send(0, &datagram);
    bench.guest.until(&mut bench.segment, "no datagram", |_| {
        server.recv_from(&mut [0; 10]).ok()
    });

    set_internet(&mut bench, false);
    bench.until_state(outward, State::Closed);
    let error = bench.guest.until(&mut bench.segment, "no reset", |_| {
        let read = far.read(&mut [0; 1]).err()?;
        Some(read).filter(|error| error.kind() != ErrorKind::WouldBlock)
    });
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let nat = bench.segment.network.nat();
    assert_eq!((nat.connections, nat.associations), (1, 0));
    assert_eq!(bench.answer(&datagram, is_icmp)[34..36], [3, 13]);
    assert!(server.recv(&mut [0; 10]).is_err());
    bench.guest.send(&mut bench.segment, inside, b"still");
    let mut bytes = [0; 5];
    bench
        .guest
        .until(&mut bench.segment, "the offer ended", |_| {
            near.0.read(&mut bytes).ok()
        });
    assert_eq!(&bytes, b"still");

    set_internet(&mut bench, true);
    bench.connected(81);
    bench.segment.send(0, &datagram);
    bench.guest.until(&mut bench.segment, "no datagram", |_| {
        server.recv_from(&mut [0; 10]).ok()
    });
}

/// A question that came over a connection is asked over one, so that its answer may be long.
#[test]
fn a_question_over_a_connection_is_asked_over_one() {
    let mut bench = Bench::new(|_| {});
    let resolver = bench.serve(53);
    let handle = bench.guest.connect((GATEWAY, 53).into());
    bench.until_state(handle, State::Established);
    let mut asked = Message::query();
    asked.add_query(Query::query(
        "many.example.".parse().unwrap(),
        RecordType::A,
    ));
    let framed = |message: &Message| {
        let bytes = message.to_vec().unwrap();
        [
            &u16::try_from(bytes.len()).unwrap().to_be_bytes()[..],
            &bytes,
        ]
        .concat()
    };
    bench
        .guest
        .send(&mut bench.segment, handle, &framed(&asked));
    let mut stream = bench.guest.until(&mut bench.segment, "no connection", |_| {
        resolver.accept().ok()
    });
    stream.0.set_nonblocking(true).unwrap();
    let mut received = Vec::new();
    let outward = bench.guest.until(&mut bench.segment, "no question", |_| {
        let mut some = [0; 1000];
        let count = stream.0.read(&mut some).ok()?;
        received.extend_from_slice(&some[..count]);
        Message::from_vec(received.get(2..)?).ok()
    });
    assert_eq!(outward.queries, asked.queries);
    let mut answer = outward.into_response();
    for n in 0..200 {
        let name = asked.queries[0].name().clone();
        answer.add_answer(Record::from_rdata(
            name,
            60,
            RData::A(A([10, 9, 8, n].into())),
        ));
    }
    stream.0.write_all(&framed(&answer)).unwrap();
    let length = bench.guest.receive(&mut bench.segment, handle, 2);
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    assert!(length > 1232, "longer than any datagram of it");
    let bytes = bench.guest.receive(&mut bench.segment, handle, length);
    assert_eq!(Message::from_vec(&bytes).unwrap().answers.len(), 200);
}

/// Two machines that both insist on an address are told of; one to which it has moved is not.
#[test]
fn an_address_that_two_machines_insist_on_is_contested() {
    let mut segment = support::Segment::new(2, 1500);
    segment.connect_all();
    let claim = |n: usize| {
        let mut body = vec![0, 1, 8, 0, 6, 4, 0, 1];
        body.extend(mac(n).0);
        body.extend([10, 0, 2, 50]);
        body.extend(mac(n).0);
        body.extend([10, 0, 2, 50]);
        let mut claim = frame(crete_net::Mac::BROADCAST, mac(n), &body);
        claim[12..14].copy_from_slice(&[8, 6]);
        claim
    };
    let mut contested = |claims: &[usize]| {
        for n in claims {
            segment.send(*n, &claim(*n));
            let at = mac(*n);
            segment.until(|network| {
                let known = network.neighbours(crete_net::Instant::ZERO);
                known.iter().any(|known| known.mac == at)
            });
        }
        segment.network.neighbours(segment.now())[0].contested
    };
    assert!(!contested(&[0, 1]));
    assert!(contested(&[0, 1, 0, 1]));
    segment.advance(Duration::from_secs(61));
    assert!(!segment.network.neighbours(segment.now())[0].contested);
}
