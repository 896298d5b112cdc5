//! The way out: a guest's connections and datagrams to servers, which are the test's, on loopback
//! under addresses of the documentation range.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod support;

use crete_net::{Duration, Offer, Protocol};
use smoltcp::socket::tcp::State;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use support::guest;
use support::outside::{Bench, GATEWAY, GUEST, SERVER, is_icmp, pattern};
use support::{mac, machine};

#[test]
fn bytes_go_both_ways_and_both_ends_end() {
    let mut bench = Bench::new(|_| {});
    let (handle, mut stream) = bench.connected(80);
    bench.guest.send(&mut bench.segment, handle, b"question");
    let mut bytes = [0; 100];
    let count = bench.guest.until(&mut bench.segment, "no question", |_| {
        stream.read(&mut bytes).ok()
    });
    assert_eq!(&bytes[..count], b"question");
    stream.write_all(b"answer").unwrap();
    assert_eq!(
        bench.guest.receive(&mut bench.segment, handle, 6),
        b"answer"
    );
    drop(stream);
    bench.until_state(handle, State::CloseWait);
    bench.guest.tcp(handle).close();
    bench.until_state(handle, State::Closed);
    bench.until_gone();
}

/// Much more than any buffer, both ways at once, unchanged. The stacks are two, the sizes several.
#[test]
fn a_large_exchange_arrives_unchanged() {
    for (mtu, length) in [(1280, 3_000_000), (1500, 5_000_000), (9000, 8_000_000)] {
        let mut bench = Bench::with_mtu(mtu, |_| {});
        let (handle, mut stream) = bench.connected(80);
        let (up, down) = (pattern(length, 1), pattern(length, 2));
        let (mut to_send, mut to_write) = (up.as_slice(), down.as_slice());
        let (mut arrived, mut read) = (Vec::new(), Vec::new());
        let mut some = vec![0; 1 << 20];
        bench
            .guest
            .until(&mut bench.segment, "it never arrived", |guest| {
                let socket = guest.tcp(handle);
                to_send = &to_send[socket.send_slice(to_send).unwrap()..];
                let count = socket.recv_slice(&mut some).unwrap_or(0);
                arrived.extend_from_slice(&some[..count]);
                if let Ok(count) = stream.write(to_write) {
                    to_write = &to_write[count..];
                }
                if let Ok(count) = stream.read(&mut some) {
                    read.extend_from_slice(&some[..count]);
                }
                (arrived.len() == length && read.len() == length).then_some(())
            });
        assert!(arrived == down && read == up, "MTU {mtu}");
    }
}

#[test]
fn each_direction_ends_by_itself() {
    // The guest first: what the server still says arrives.
    let mut bench = Bench::new(|_| {});
    let (handle, mut stream) = bench.connected(80);
    bench.guest.tcp(handle).close();
    let end = bench.guest.until(&mut bench.segment, "no end", |_| {
        stream.read(&mut [0; 10]).ok()
    });
    assert_eq!(end, 0);
    stream.write_all(b"the rest").unwrap();
    assert_eq!(
        bench.guest.receive(&mut bench.segment, handle, 8),
        b"the rest"
    );
    drop(stream);
    bench.until_gone();
    // The server first.
    let (handle, mut stream) = bench.connected(81);
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    bench.until_state(handle, State::CloseWait);
    bench.guest.send(&mut bench.segment, handle, b"the rest");
    let mut bytes = Vec::new();
    bench.guest.until(&mut bench.segment, "no rest", |_| {
        let _ = stream.read_to_end(&mut bytes);
        (bytes == b"the rest").then_some(())
    });
    bench.guest.tcp(handle).close();
    bench.until_gone();
}

#[test]
fn a_reset_on_one_side_is_a_reset_on_the_other() {
    let mut bench = Bench::new(|_| {});
    let (handle, mut stream) = bench.connected(80);
    bench.guest.tcp(handle).abort();
    let error = bench.guest.until(&mut bench.segment, "no reset", |_| {
        stream
            .read(&mut [0; 10])
            .err()
            .filter(|error| error.kind() != std::io::ErrorKind::WouldBlock)
    });
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let (handle, stream) = bench.connected(81);
    rustix::net::sockopt::set_socket_linger(&stream, Some(std::time::Duration::ZERO)).unwrap();
    drop(stream);
    bench.until_state(handle, State::Closed);
    bench.until_gone();
}

/// Nothing is said to the guest before the server has answered: a port where nobody listens is
/// refused, and not taken and dropped.
#[test]
fn a_port_where_nobody_listens_is_refused() {
    let mut bench = Bench::new(|_| {});
    let handle = bench.guest.connect((SERVER, 99).into());
    let mut states = Vec::new();
    bench.guest.until(&mut bench.segment, "no reset", |guest| {
        states.push(guest.state(handle));
        (guest.state(handle) == State::Closed).then_some(())
    });
    assert!(!states.contains(&State::Established));
    bench.until_gone();
}

#[test]
fn what_may_not_be_reached_is_said_to_be_forbidden() {
    let mut bench = Bench::new(|_| {});
    let syn = |to: Ipv4Addr| {
        let mut body = vec![0; 20];
        body[..4].copy_from_slice(&[0x9c, 0x40, 0, 80]);
        body[12..14].copy_from_slice(&[0x50, 2]);
        guest::packet(mac(1), GUEST, to, 6, &body)
    };
    let cases = [
        (Ipv4Addr::new(127, 0, 0, 1), 13),
        (Ipv4Addr::new(198, 51, 100, 1), 0),
        (Ipv4Addr::new(10, 0, 2, 77), 1),
    ];
    for (to, code) in cases {
        let frame = syn(to);
        let answer = bench.answer(&frame, is_icmp);
        assert_eq!(answer[34..36], [3, code], "{to}");
        assert_eq!(answer[26..34], [10, 0, 2, 1, 10, 0, 2, 31]);
        assert_eq!(answer[42..70], frame[14..42], "it quotes what was refused");
        let frame = guest::datagram(mac(1), (GUEST, 5000), (to, 80), b"x");
        assert_eq!(bench.answer(&frame, is_icmp)[34..36], [3, code], "{to}");
    }
    assert_eq!(bench.segment.network.nat().connections, 0);
}

#[test]
fn without_internet_nothing_leaves() {
    let mut bench = Bench::new(|wanted| wanted.internet = false);
    let listener = bench.serve(80);
    let frame = guest::datagram(mac(1), (GUEST, 5000), (SERVER, 80), b"x");
    assert_eq!(bench.answer(&frame, is_icmp)[34..36], [3, 13]);
    bench.guest.connect((SERVER, 80).into());
    for _ in 0..50 {
        bench.guest.work(&mut bench.segment);
    }
    assert!(listener.accept().is_err());
}

#[test]
fn a_service_that_is_offered_is_reached_at_the_gateway() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut bench = Bench::new(|wanted| {
        wanted.internet = false;
        wanted.offers = vec![Offer {
            name: "factory.crete.test".into(),
            protocol: Protocol::Tcp,
            port: 8080,
            to: listener.local_addr().unwrap(),
        }];
    });
    let handle = bench.guest.connect((GATEWAY, 8080).into());
    bench.guest.until(&mut bench.segment, "nobody came", |_| {
        listener.accept().ok()
    });
    bench.until_state(handle, State::Established);
    // Another port of the gateway is not.
    let handle = bench.guest.connect((GATEWAY, 8081).into());
    bench.until_state(handle, State::Closed);
}

#[test]
fn datagrams_go_out_and_answers_come_back_to_who_asked() {
    let mut bench = Bench::new(|_| {});
    let server = bench.serve_datagrams(4000);
    let mut bytes = [0; 70_000];
    for port in [5000u16, 5001] {
        let frame = guest::datagram(mac(1), (GUEST, port), (SERVER, 4000), &port.to_be_bytes());
        bench.segment.send(0, &frame);
        let (count, from) = bench.guest.until(&mut bench.segment, "no datagram", |_| {
            server.recv_from(&mut bytes).ok()
        });
        assert_eq!(bytes[..count], port.to_be_bytes());
        server.send_to(b"answer", from).unwrap();
        let answer = loop {
            let frame = bench.segment.receive(0);
            if frame[12..14] == [8, 0] && frame[23] == 17 {
                break frame;
            }
        };
        assert_eq!(answer[26..34], [203, 0, 113, 7, 10, 0, 2, 31]);
        assert_eq!(
            answer[34..38],
            [4000u16.to_be_bytes(), port.to_be_bytes()].concat()
        );
        assert_eq!(answer[42..], *b"answer");
    }
    assert_eq!(bench.segment.network.nat().associations, 2);
    bench.segment.advance(Duration::from_secs(200));
    bench
        .segment
        .until(|network| network.nat().associations == 0);
}

/// Larger than the MTU, both ways: pieces are put together, and made.
#[test]
fn a_large_datagram_goes_in_pieces() {
    let mut bench = Bench::new(|_| {});
    let server = bench.serve_datagrams(4000);
    let payload = pattern(6000, 3);
    let whole = guest::datagram(mac(1), (GUEST, 5000), (SERVER, 4000), &payload);
    let body = &whole[34..];
    let mut pieces: Vec<Vec<u8>> = body
        .chunks(1480)
        .enumerate()
        .map(|(n, chunk)| {
            let mut frame = guest::packet(mac(1), GUEST, SERVER, 17, chunk);
            let offset = u16::try_from(n * 1480 / 8).unwrap();
            let more = if (n + 1) * 1480 < body.len() {
                0x2000
            } else {
                0
            };
            frame[18..20].copy_from_slice(&77u16.to_be_bytes());
            frame[20..22].copy_from_slice(&(offset | more).to_be_bytes());
            frame
        })
        .collect();
    pieces.reverse();
    for piece in pieces {
        bench.segment.send(0, &piece);
    }
    let mut bytes = vec![0; 70_000];
    let (count, from) = bench.guest.until(&mut bench.segment, "no datagram", |_| {
        server.recv_from(&mut bytes).ok()
    });
    assert!(bytes[..count] == payload);
    server.send_to(&payload, from).unwrap();
    let mut back = Vec::new();
    while back.len() < payload.len() + 8 {
        let frame = bench.segment.receive(0);
        if frame[12..14] == [8, 0] && frame[23] == 17 {
            let offset = usize::from(u16::from_be_bytes([frame[20], frame[21]]) & 0x1fff) * 8;
            assert_eq!(offset, back.len());
            assert!(frame.len() <= 1514);
            back.extend_from_slice(&frame[34..]);
        }
    }
    assert!(back[8..] == payload);
}

#[test]
fn nobody_who_takes_datagrams_is_told() {
    let mut bench = Bench::new(|_| {});
    let frame = guest::datagram(mac(1), (GUEST, 5000), (SERVER, 4001), b"x");
    let answer = bench.answer(&frame, is_icmp);
    assert_eq!(answer[34..36], [3, 3]);
    // Of the quoted packet, the ends are what the guest knows it by.
    assert_eq!(answer[42 + 12..42 + 24], frame[26..38]);
}

#[test]
fn a_packet_at_the_end_of_its_way_shows_the_gateway() {
    let mut bench = Bench::new(|_| {});
    bench.serve_datagrams(4000);
    let mut frame = guest::datagram(mac(1), (GUEST, 5000), (SERVER, 4000), b"x");
    frame[22] = 1;
    assert_eq!(bench.answer(&frame, is_icmp)[34..36], [11, 0]);
}

/// Whatever this kernel allows: an echo is answered, or said to be forbidden. Never is it silence.
#[test]
fn an_echo_is_answered_or_forbidden() {
    let mut bench = Bench::new(|_| {});
    bench
        .outside
        .0
        .lock()
        .unwrap()
        .insert((SERVER, 0).into(), ([127, 0, 0, 1], 0).into());
    let mut body = vec![8, 0, 0, 0, 0x12, 0x34, 0, 1];
    body.extend(b"sixteen bytes ok");
    let sum = !body.chunks(2).fold(0u32, |sum, pair| {
        sum + u32::from(pair[0]) * 256 + u32::from(pair[1])
    });
    let sum = u16::try_from((sum & 0xffff) - (!sum >> 16)).unwrap();
    body[2..4].copy_from_slice(&sum.to_be_bytes());
    let frame = guest::packet(mac(1), GUEST, SERVER, 1, &body);
    let answer = bench.answer(&frame, is_icmp);
    if bench.segment.network.nat().echo_denied {
        assert_eq!(answer[34..36], [3, 13]);
    } else {
        assert_eq!(answer[34..36], [0, 0]);
        assert_eq!(answer[26..30], SERVER.octets());
        assert_eq!(answer[38..], body[4..]);
    }
}

#[test]
fn a_segment_of_no_connection_is_reset() {
    let mut bench = Bench::new(|_| {});
    let mut body = vec![0; 20];
    body[..4].copy_from_slice(&[0x9c, 0x40, 0, 80]);
    body[8..12].copy_from_slice(&[0, 0, 0, 99]);
    body[12..14].copy_from_slice(&[0x50, 0x10]);
    let frame = guest::packet(mac(1), GUEST, SERVER, 6, &body);
    let answer = bench.answer(&frame, |frame| frame[23] == 6);
    assert_eq!(answer[47] & 4, 4);
    assert_eq!(
        answer[38..42],
        [0, 0, 0, 99],
        "it is believed only with this number"
    );
}

/// Another machine's segments do nothing to a connection, whatever address is in them.
#[test]
fn only_its_own_machine_speaks_in_a_connection() {
    let thief = mac(9);
    let mut bench = Bench::new(|wanted| wanted.machines.push(machine("thief", thief, "y".into())));
    let (handle, mut stream) = bench.connected(80);
    let port = bench.guest.tcp(handle).local_endpoint().unwrap().port;
    for flags in [4u8, 2, 0x14] {
        let mut body = vec![0; 20];
        body[..2].copy_from_slice(&port.to_be_bytes());
        body[2..4].copy_from_slice(&80u16.to_be_bytes());
        body[12..14].copy_from_slice(&[0x50, flags]);
        bench
            .segment
            .send(1, &guest::packet(thief, GUEST, SERVER, 6, &body));
    }
    bench.guest.send(&mut bench.segment, handle, b"still here");
    let mut bytes = [0; 20];
    bench
        .guest
        .until(&mut bench.segment, "nothing arrived", |_| {
            stream.read(&mut bytes).ok()
        });
    assert_eq!(&bytes[..10], b"still here");
    assert_eq!(bench.segment.network.nat().connections, 1);
}

/// A flood of beginnings takes what one machine may have, and no more; what was established before
/// goes on, and when the flood is over there is room again.
#[test]
fn a_flood_of_connections_is_bounded() {
    let mut bench = Bench::new(|_| {});
    let (handle, mut stream) = bench.connected(80);
    // A listener whose queue is full lets further dialling wait.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    bench
        .outside
        .0
        .lock()
        .unwrap()
        .insert((SERVER, 81).into(), listener.local_addr().unwrap());
    for n in 0..6000u16 {
        let mut body = vec![0; 20];
        body[..2].copy_from_slice(&(n + 1024).to_be_bytes());
        body[2..4].copy_from_slice(&81u16.to_be_bytes());
        body[12..14].copy_from_slice(&[0x50, 2]);
        bench
            .segment
            .send(0, &guest::packet(mac(1), GUEST, SERVER, 6, &body));
    }
    let view = bench.segment.network.nat();
    assert!(view.connections <= 2048, "{view:?}");
    assert!(view.promised <= 256 << 20, "{view:?}");
    bench.guest.send(&mut bench.segment, handle, b"still here");
    let mut bytes = [0; 20];
    bench
        .guest
        .until(&mut bench.segment, "nothing arrived", |_| {
            stream.read(&mut bytes).ok()
        });
    assert_eq!(&bytes[..10], b"still here");
}

#[test]
fn names_are_answered_over_a_connection_too() {
    use hickory_proto::op::{Message, Query};
    let mut bench = Bench::new(|wanted| wanted.machines[0].names = vec!["n.crete.test".into()]);
    let handle = bench.guest.connect((GATEWAY, 53).into());
    bench.until_state(handle, State::Established);
    let mut wire = Vec::new();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let mut message = Message::query();
        message.add_query(Query::query(
            "n.crete.test.".parse().unwrap(),
            hickory_proto::rr::RecordType::A,
        ));
        ids.push(message.metadata.id);
        let bytes = message.to_vec().unwrap();
        wire.extend(u16::try_from(bytes.len()).unwrap().to_be_bytes());
        wire.extend(bytes);
    }
    bench.guest.send(&mut bench.segment, handle, &wire);
    for id in ids {
        let length = bench.guest.receive(&mut bench.segment, handle, 2);
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let answer =
            Message::from_vec(&bench.guest.receive(&mut bench.segment, handle, length)).unwrap();
        assert_eq!((answer.metadata.id, answer.answers.len()), (id, 1));
    }
    bench.guest.tcp(handle).close();
    bench.until_gone();
}

/// The silence of a machine that is gone ends its connections, after a while.
#[test]
fn a_machine_that_vanished_leaves_nothing_behind() {
    let mut bench = Bench::new(|_| {});
    let (_handle, mut stream) = bench.connected(80);
    stream.write_all(b"are you there?").unwrap();
    for _ in 0..800 {
        bench.segment.advance(Duration::from_secs(1));
        bench.segment.turn();
        if bench.segment.network.nat().connections == 0 {
            break;
        }
    }
    assert_eq!(bench.segment.network.nat().connections, 0);
    let end = stream.read(&mut [0; 1]).map_err(|error| error.kind());
    assert_eq!(end, Err(std::io::ErrorKind::ConnectionReset));
}
