//! Names over real sockets: machines ask the gateway, and the gateway asks the host's resolver,
//! which is the test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod support;

use crete_net::{Barred, Config, Duration, Mac, Name, Outside};
use hickory_proto::op::{Edns, Message, Query, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record, RecordType};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use support::recording::{frames, is_to_port};
use support::{GATEWAY_MAC, Segment, config, mac, machine};

/// A host with the resolvers somebody else keeps changing.
struct Resolving(Arc<Mutex<Vec<SocketAddr>>>);

impl Outside for Resolving {
    fn resolvers(&mut self) -> Vec<SocketAddr> {
        self.0.lock().unwrap().clone()
    }

    fn admit(&mut self, _: IpAddr) -> Result<(), Barred> {
        Err(Barred::NoRoute)
    }

    fn leads_out_v6(&mut self) -> bool {
        false
    }
}

struct Bench {
    segment: Segment,
    resolvers: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Bench {
    fn new(change: impl FnOnce(&mut Config)) -> Self {
        let mut node = machine("node", mac(1), "x".into());
        node.address = Some([10, 0, 2, 31].into());
        node.names = vec!["node-1.knossos.crete.test".into()];
        let mut wanted = config(vec![node], 1500);
        wanted.names = vec![Name {
            name: "knossos.crete.test".into(),
            addresses: Vec::new(),
        }];
        change(&mut wanted);
        let resolvers = Arc::new(Mutex::new(Vec::new()));
        let mut segment = Segment::beside(wanted, Box::new(Resolving(resolvers.clone())));
        segment.connect_all();
        Self { segment, resolvers }
    }

    fn resolver(&self) -> UdpSocket {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        self.resolvers
            .lock()
            .unwrap()
            .push(socket.local_addr().unwrap());
        socket
    }

    /// A question that has reached a resolver.
    fn asked(&mut self, resolver: &UdpSocket) -> (Message, SocketAddr) {
        let mut bytes = [0; 2000];
        let begun = std::time::Instant::now();
        loop {
            if let Ok((length, from)) = resolver.recv_from(&mut bytes) {
                return (Message::from_vec(&bytes[..length]).unwrap(), from);
            }
            assert!(begun.elapsed().as_secs() < 10, "the resolver was not asked");
            self.segment.turn();
        }
    }

    fn ask(&mut self, message: &Message) {
        let frame = datagram(53, &message.to_vec().unwrap());
        self.segment.send(0, &frame);
    }

    fn answer(&mut self) -> Message {
        loop {
            let frame = self.segment.receive(0);
            if frame[12..14] == [8, 0] && frame[23] == 17 && frame[34..36] == [0, 53] {
                assert_eq!(frame[26..34], [10, 0, 2, 1, 10, 0, 2, 31]);
                return Message::from_vec(&frame[42..]).unwrap();
            }
        }
    }
}

/// A datagram of the node to the gateway.
fn datagram(port: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = [GATEWAY_MAC.0, mac(1).0].concat();
    let length = u16::try_from(8 + payload.len()).unwrap();
    frame.extend([8, 0, 0x45, 0]);
    frame.extend((20 + length).to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 2, 31, 10, 0, 2, 1]);
    frame.extend(4444u16.to_be_bytes());
    frame.extend(port.to_be_bytes());
    frame.extend(length.to_be_bytes());
    frame.extend([0, 0]);
    frame.extend(payload);
    frame
}

fn question(name: &str, kind: RecordType) -> Message {
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name.parse().unwrap(), kind));
    let mut edns = Edns::new();
    edns.set_max_payload(1232);
    message.set_edns(edns);
    message
}

fn answered(asked: &Message, address: [u8; 4], ttl: u32) -> Vec<u8> {
    let mut answer = asked.clone().into_response();
    let name = asked.queries[0].name().clone();
    answer.add_answer(Record::from_rdata(name, ttl, RData::A(A(address.into()))));
    answer.to_vec().unwrap()
}

fn addresses(message: &Message) -> Vec<String> {
    message
        .answers
        .iter()
        .map(|record| record.data.to_string())
        .collect()
}

#[test]
fn names_inside_are_known_and_never_asked_for_outside() {
    let mut bench = Bench::new(|_| {});
    let resolver = bench.resolver();
    let cases = [
        (
            "node-1.knossos.crete.test.",
            RecordType::A,
            vec!["10.0.2.31"],
            ResponseCode::NoError,
        ),
        (
            "NODE-1.Knossos.Crete.Test.",
            RecordType::A,
            vec!["10.0.2.31"],
            ResponseCode::NoError,
        ),
        (
            "knossos.crete.test.",
            RecordType::A,
            vec!["10.0.2.1"],
            ResponseCode::NoError,
        ),
        (
            "gateway.crete.test.",
            RecordType::A,
            vec!["10.0.2.1"],
            ResponseCode::NoError,
        ),
        (
            "node-1.knossos.crete.test.",
            RecordType::AAAA,
            vec![],
            ResponseCode::NoError,
        ),
        (
            "nobody.crete.test.",
            RecordType::A,
            vec![],
            ResponseCode::NXDomain,
        ),
        (
            "31.2.0.10.in-addr.arpa.",
            RecordType::PTR,
            vec!["node-1.knossos.crete.test."],
            ResponseCode::NoError,
        ),
        (
            "32.2.0.10.in-addr.arpa.",
            RecordType::PTR,
            vec![],
            ResponseCode::NXDomain,
        ),
    ];
    for (name, kind, expected, code) in cases {
        let asked = question(name, kind);
        bench.ask(&asked);
        let answer = bench.answer();
        assert_eq!(answer.metadata.id, asked.metadata.id);
        assert_eq!(
            (addresses(&answer), answer.metadata.response_code),
            (expected.iter().map(ToString::to_string).collect(), code),
            "{name}"
        );
    }
    assert!(
        resolver.recv(&mut [0; 100]).is_err(),
        "the resolver was asked"
    );
}

#[test]
fn other_names_are_asked_for_once_and_then_remembered() {
    let mut bench = Bench::new(|_| {});
    let resolver = bench.resolver();
    let asked = question("example.org.", RecordType::A);
    bench.ask(&asked);
    let (outward, from) = bench.asked(&resolver);
    assert_eq!(outward.queries, asked.queries);
    resolver
        .send_to(&answered(&outward, [192, 0, 2, 7], 300), from)
        .unwrap();
    assert_eq!(addresses(&bench.answer()), ["192.0.2.7"]);
    bench.segment.advance(Duration::from_secs(100));
    let again = question("EXAMPLE.org.", RecordType::A);
    bench.ask(&again);
    let answer = bench.answer();
    assert_eq!(answer.answers[0].ttl, 200);
    assert_eq!(answer.metadata.id, again.metadata.id);
    bench.segment.advance(Duration::from_secs(200));
    bench.ask(&asked);
    bench.asked(&resolver);
}

#[test]
fn an_answer_to_another_question_is_not_believed() {
    let mut bench = Bench::new(|_| {});
    let resolver = bench.resolver();
    bench.ask(&question("example.org.", RecordType::A));
    let (outward, from) = bench.asked(&resolver);
    let mut forged = outward.clone();
    forged.metadata.id ^= 1;
    resolver
        .send_to(&answered(&forged, [192, 0, 2, 66], 300), from)
        .unwrap();
    let mut other = question("other.org.", RecordType::A);
    other.metadata.id = outward.metadata.id;
    resolver
        .send_to(&answered(&other, [192, 0, 2, 66], 300), from)
        .unwrap();
    resolver.send_to(b"\0\0", from).unwrap();
    resolver
        .send_to(&answered(&outward, [192, 0, 2, 7], 300), from)
        .unwrap();
    assert_eq!(addresses(&bench.answer()), ["192.0.2.7"]);
}

#[test]
fn a_silent_resolver_is_left_for_the_next_and_at_last_it_failed() {
    let mut bench = Bench::new(|_| {});
    let (silent, other) = (bench.resolver(), bench.resolver());
    bench.ask(&question("example.org.", RecordType::A));
    bench.asked(&silent);
    bench.segment.advance(Duration::from_secs(2));
    let (outward, from) = bench.asked(&other);
    other
        .send_to(&answered(&outward, [192, 0, 2, 7], 0), from)
        .unwrap();
    assert_eq!(addresses(&bench.answer()), ["192.0.2.7"]);
    bench.ask(&question("example.org.", RecordType::A));
    for resolver in [&silent, &other, &silent, &other] {
        bench.asked(resolver);
        bench.segment.advance(Duration::from_secs(2));
    }
    assert_eq!(
        bench.answer().metadata.response_code,
        ResponseCode::ServFail
    );
}

#[test]
fn a_resolver_that_refuses_is_left_at_once() {
    let mut bench = Bench::new(|_| {});
    let gone = bench.resolver();
    let other = bench.resolver();
    drop(gone);
    bench.ask(&question("example.org.", RecordType::A));
    // No time passes for this.
    bench.asked(&other);
}

/// A VPN comes up: the host's resolvers are others, and what the old ones said is forgotten.
#[test]
fn the_hosts_resolvers_are_those_it_has_now() {
    let mut bench = Bench::new(|_| {});
    let before = bench.resolver();
    bench.ask(&question("intranet.example.", RecordType::A));
    let (outward, from) = bench.asked(&before);
    before
        .send_to(&answered(&outward, [192, 0, 2, 1], 3000), from)
        .unwrap();
    bench.answer();
    bench.resolvers.lock().unwrap().clear();
    let after = bench.resolver();
    bench.ask(&question("intranet.example.", RecordType::A));
    let (outward, from) = bench.asked(&after);
    after
        .send_to(&answered(&outward, [192, 0, 2, 2], 3000), from)
        .unwrap();
    assert_eq!(addresses(&bench.answer()), ["192.0.2.2"]);
}

#[test]
fn without_internet_only_the_inside_has_names() {
    let mut bench = Bench::new(|wanted| wanted.internet = false);
    let resolver = bench.resolver();
    bench.ask(&question("example.org.", RecordType::A));
    assert_eq!(bench.answer().metadata.response_code, ResponseCode::Refused);
    bench.ask(&question("node-1.knossos.crete.test.", RecordType::A));
    assert_eq!(addresses(&bench.answer()), ["10.0.2.31"]);
    assert!(resolver.recv(&mut [0; 100]).is_err());
}

#[test]
fn one_machine_cannot_ask_without_end() {
    let mut bench = Bench::new(|_| {});
    let _silent = bench.resolver();
    for n in 0..80 {
        bench.ask(&question(&format!("n{n}.example."), RecordType::A));
    }
    for _ in 64..80 {
        assert_eq!(
            bench.answer().metadata.response_code,
            ResponseCode::ServFail
        );
    }
}

/// Every question a real node asked, as it asked it, gets an answer to that question.
#[test]
fn a_real_nodes_questions_are_answered() {
    const NODE: Mac = Mac([0x52, 0x54, 0, 0, 0, 0x31]);
    let mut bench = Bench::new(|wanted| {
        wanted.machines[0].mac = NODE;
        wanted.internet = false;
    });
    let mut names = std::collections::HashSet::new();
    for frame in frames("maintenance.pcap", NODE) {
        if is_to_port(&frame, 53) {
            let asked = Message::from_vec(&frame[42..]).unwrap();
            bench.segment.send(0, &frame);
            let answer = bench.answer();
            assert_eq!(answer.queries, asked.queries);
            assert_eq!(answer.metadata.id, asked.metadata.id);
            names.insert(asked.queries[0].name().to_string());
        }
    }
    assert!(names.contains("discovery.talos.dev."), "{names:?}");
}

/// And the time it asked for.
#[test]
fn a_real_nodes_question_for_the_time_is_answered() {
    const NODE: Mac = Mac([0x52, 0x54, 0, 0, 0, 0x31]);
    let mut bench = Bench::new(|wanted| wanted.machines[0].mac = NODE);
    let mut asked = 0;
    for frame in frames("maintenance.pcap", NODE) {
        if is_to_port(&frame, 123) {
            bench.segment.send(0, &frame);
            let answer = bench.segment.receive(0);
            assert_eq!(answer[34..38], [[0, 123], [frame[34], frame[35]]].concat());
            assert_eq!(
                answer[42 + 24..42 + 32],
                frame[42 + 40..42 + 48],
                "its own time comes back"
            );
            let seconds = u32::from_be_bytes(answer[42 + 40..42 + 44].try_into().unwrap());
            assert_eq!(u64::from(seconds) - 2_208_988_800, support::WALL_CLOCK);
            asked += 1;
        }
    }
    assert_eq!(asked, 4);
}
