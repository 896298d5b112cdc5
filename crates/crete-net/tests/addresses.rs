//! Addresses, as real Talos nodes ask for them: their recorded frames over a real socket.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod support;

use crete_net::{Mac, Trespass};
use support::recording::{dhcp_option, exchange, frames, frames_of_another, is_dhcp};
use support::{GATEWAY_MAC, Segment, config, mac, machine};

const MAINTENANCE: Mac = Mac([0x52, 0x54, 0, 0, 0, 0x31]);
const WORKER: Mac = Mac([0x52, 0x54, 0, 0, 0, 0x33]);
const VIRTUAL: Mac = Mac([0x52, 0x54, 0, 0, 0, 0x10]);
const UPGRADED: Mac = Mac([0x52, 0x54, 0, 0, 0, 0x32]);

/// A node with a name and an address of its own, and a bystander.
fn segment(node: Mac, address: u8) -> Segment {
    let mut own = machine("node", node, "x".into());
    own.address = Some([10, 0, 2, address].into());
    own.names = vec!["node-1.knossos.crete.test".into()];
    let mut wanted = config(vec![own, machine("bystander", mac(200), "y".into())], 1450);
    wanted.prefix6 = Some("fd5e:ed00:0:1::".parse().unwrap());
    let mut segment = Segment::of(wanted);
    segment.connect_all();
    segment
}

/// Every DHCP exchange of a recording: the kinds of the answers, and the addresses given.
fn dhcp(recording: &str, node: Mac, address: u8) -> (Vec<u8>, Segment) {
    let mut segment = segment(node, address);
    let mut kinds = Vec::new();
    for frame in frames(recording, node) {
        let answers = exchange(&mut segment, 0, &frame);
        if !is_dhcp(&frame) {
            assert!(
                !answers.iter().any(|answer| is_dhcp(answer)),
                "nobody asked: {frame:02x?}"
            );
            continue;
        }
        let answer = answers
            .iter()
            .find(|answer| is_dhcp(answer))
            .expect("no answer");
        assert_eq!(answer[58..62], [10, 0, 2, address]);
        assert_eq!(answer[..6], node.0, "the broadcast flag is clear");
        kinds.push(dhcp_option(answer, 53).unwrap()[0]);
    }
    (kinds, segment)
}

const OFFER: u8 = 2;
const ACK: u8 = 5;

#[test]
fn a_node_in_maintenance_gets_its_lease_and_renews_it() {
    let (kinds, segment) = dhcp("maintenance.pcap", MAINTENANCE, 31);
    assert_eq!(kinds, [OFFER, ACK, ACK, ACK]);
    let lease = &segment.network.leases(segment.now())[0];
    assert_eq!(
        (lease.mac, lease.machine.as_deref()),
        (MAINTENANCE, Some("node"))
    );
    assert!(lease.remaining_s > Some(23 * 3600));
}

#[test]
fn the_node_is_told_all_it_asks_for() {
    let mut segment = segment(MAINTENANCE, 31);
    let discover = &frames("maintenance.pcap", MAINTENANCE)
        .into_iter()
        .find(|frame| is_dhcp(frame))
        .unwrap();
    let answers = exchange(&mut segment, 0, discover);
    let offer = answers.iter().find(|answer| is_dhcp(answer)).unwrap();
    let gateway = vec![10, 0, 2, 1];
    let expected: [(u8, Vec<u8>); 9] = [
        (1, vec![255, 255, 255, 0]),
        (3, gateway.clone()),
        (6, gateway.clone()),
        (12, b"node-1".to_vec()),
        (15, b"knossos.crete.test".to_vec()),
        (26, 1450u16.to_be_bytes().to_vec()),
        (42, gateway.clone()),
        (54, gateway),
        (119, b"\x07knossos\x05crete\x04test\x00".to_vec()),
    ];
    for (code, value) in expected {
        assert_eq!(dhcp_option(offer, code), Some(value), "option {code}");
    }
}

#[test]
fn a_configured_node_asks_again_with_its_name_and_keeps_its_address() {
    let (kinds, segment) = dhcp("join.pcap", WORKER, 33);
    assert_eq!(kinds, [OFFER, ACK, OFFER, ACK, ACK, ACK]);
    let lease = &segment.network.leases(segment.now())[0];
    assert!(
        lease.host_name.as_deref().unwrap().starts_with("talos-"),
        "{lease:?}"
    );
}

#[test]
fn every_boot_of_an_upgrade_gets_the_same_address() {
    let (kinds, _) = dhcp("upgrade.pcap", UPGRADED, 32);
    assert_eq!(kinds.len(), 30);
    assert!(kinds.iter().all(|kind| [OFFER, ACK].contains(kind)));
}

/// The same words from a card of another maker, with another name and address: nothing of what is
/// answered hangs on who was recorded.
#[test]
fn another_node_that_says_the_same_is_answered_as_itself() {
    let other = Mac([0x02, 0x11, 0x22, 0xa3, 0xb4, 0xc5]);
    for (recording, node, address) in [
        ("maintenance.pcap", MAINTENANCE, 31),
        ("join.pcap", WORKER, 33),
        ("upgrade.pcap", UPGRADED, 32),
    ] {
        let mut own = machine("another", other, "x".into());
        own.address = Some([10, 0, 2, 177].into());
        own.names = vec!["worker-9.thebes.crete.test".into()];
        let mut wanted = config(vec![own, machine("bystander", mac(200), "y".into())], 9000);
        wanted.prefix6 = Some("fd5e:ed00:0:1::".parse().unwrap());
        let mut segment = Segment::of(wanted);
        segment.connect_all();
        let mut kinds = Vec::new();
        for frame in frames_of_another(recording, (node, address), (other, 177)) {
            let answers = exchange(&mut segment, 0, &frame);
            let found = answers.iter().find(|answer| is_dhcp(answer));
            let Some(answer) = found.filter(|_| is_dhcp(&frame)) else {
                continue;
            };
            assert_eq!(answer[..6], other.0, "{recording}");
            assert_eq!(answer[58..62], [10, 0, 2, 177], "{recording}");
            assert_eq!(dhcp_option(answer, 26), Some(vec![0x23, 0x28]));
            let name = dhcp_option(answer, 12);
            assert!(name.is_none_or(|name| name == b"worker-9"), "{recording}");
            kinds.push(dhcp_option(answer, 53).unwrap()[0]);
        }
        assert!(kinds.len() >= 4, "{recording}: {kinds:?}");
        assert!(
            kinds.iter().all(|kind| [OFFER, ACK].contains(kind)),
            "{recording}: {kinds:?}"
        );
        let known = segment.network.leases(segment.now());
        let own = known.iter().find(|lease| lease.mac == other).unwrap();
        assert_eq!(own.machine.as_deref(), Some("another"));
    }
}

/// A day passes: a lease that is not renewed lapses, and the address is the same when it is asked
/// for again.
#[test]
fn a_day_later_the_address_is_still_the_nodes() {
    let mut segment = segment(MAINTENANCE, 31);
    let all: Vec<_> = frames("maintenance.pcap", MAINTENANCE)
        .into_iter()
        .filter(|frame| is_dhcp(frame))
        .collect();
    let remaining = |segment: &Segment| segment.network.leases(segment.now())[0].remaining_s;
    for frame in &all[..2] {
        exchange(&mut segment, 0, frame);
    }
    for renewal in &all[2..] {
        segment.advance(crete_net::Duration::from_secs(12 * 3600));
        assert!(remaining(&segment) > Some(11 * 3600));
        let answers = exchange(&mut segment, 0, renewal);
        let answer = answers.iter().find(|answer| is_dhcp(answer)).unwrap();
        assert_eq!(dhcp_option(answer, 53), Some(vec![ACK]));
        assert!(remaining(&segment) > Some(23 * 3600));
    }
    segment.advance(crete_net::Duration::from_secs(25 * 3600));
    segment.turn();
    assert_eq!(remaining(&segment), None);
    let answers = exchange(&mut segment, 0, &all[2]);
    let answer = answers.iter().find(|answer| is_dhcp(answer)).unwrap();
    assert_eq!(dhcp_option(answer, 53), Some(vec![ACK]));
    assert_eq!(answer[58..62], [10, 0, 2, 31]);
}

#[test]
fn a_node_that_solicits_a_router_is_told_the_prefix() {
    let mut segment = segment(MAINTENANCE, 31);
    let solicitation = frames("maintenance.pcap", MAINTENANCE)
        .into_iter()
        .find(|frame| frame[12..14] == [0x86, 0xdd] && frame[54] == 133)
        .unwrap();
    // The first advertisement goes to everybody; this one to the node that asked.
    while segment.receive(0)[54] != 134 {}
    let answers = exchange(&mut segment, 0, &solicitation);
    let answer = answers
        .iter()
        .find(|answer| answer[12..14] == [0x86, 0xdd] && answer[54] == 134)
        .expect("no advertisement");
    assert_eq!(answer[..6], MAINTENANCE.0);
    assert_eq!(
        answer[38..54],
        solicitation[22..38],
        "to the asker's own address"
    );
    let prefix = [0xfd, 0x5e, 0xed, 0, 0, 0, 0, 1];
    assert!(answer.windows(8).any(|part| part == prefix));
    let body = &answer[54..];
    assert_eq!(
        u16::from_be_bytes([body[6], body[7]]),
        0,
        "there is no way out for IPv6"
    );
}

#[test]
fn a_virtual_address_is_heard_by_everybody_and_remembered() {
    let mut segment = segment(VIRTUAL, 15);
    let gratuitous = frames("vip.pcap", VIRTUAL)
        .into_iter()
        .find(|frame| frame[12..14] == [8, 6] && frame[28..32] == frame[38..42])
        .unwrap();
    segment.send(0, &gratuitous);
    let heard = loop {
        let frame = segment.receive(1);
        if frame[12..14] == [8, 6] {
            break frame;
        }
    };
    assert_eq!(heard, gratuitous);
    let neighbour = segment
        .network
        .neighbours(segment.now())
        .into_iter()
        .find(|neighbour| neighbour.address.to_string() == "10.0.2.50");
    assert_eq!(neighbour.unwrap().mac, VIRTUAL);
}

/// The bystander claims the node's address, the gateway's, and the office of DHCP server.
#[test]
fn what_is_anothers_is_not_claimed() {
    let mut segment = segment(VIRTUAL, 15);
    let thief = mac(200);
    let arp = |address: [u8; 4]| {
        let mut frame = [[0xff; 6], thief.0].concat();
        frame.extend([8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
        frame.extend(thief.0);
        frame.extend(address);
        frame.extend([0; 6]);
        frame.extend(address);
        frame
    };
    segment.send(1, &arp([10, 0, 2, 50]));
    segment.send(1, &arp([10, 0, 2, 15]));
    segment.send(1, &arp([10, 0, 2, 1]));
    let mut server = [[0xff; 6], thief.0].concat();
    server.extend([8, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 2, 9]);
    server.extend([255, 255, 255, 255, 0, 67, 0, 68, 0, 8, 0, 0]);
    segment.send(1, &server);
    segment.until(|network| network.ports()[1].counters.dropped_spoofed == 3);
    let seen = segment.network.trespasses();
    let kinds: Vec<_> = seen
        .iter()
        .map(|trespass| (trespass.kind, trespass.count))
        .collect();
    assert_eq!(
        kinds,
        [
            (Trespass::Dhcp, 1),
            (Trespass::Address, 1),
            (Trespass::Address, 1)
        ]
    );
    // Nothing of it reached the node; the claim of an address of nobody did.
    segment.send(1, &support::frame(VIRTUAL, thief, b"the end"));
    let mut claims = Vec::new();
    loop {
        let frame = segment.receive(0);
        match &frame[12..14] {
            [8, 6] => claims.push(frame[28..32].to_vec()),
            [8, 0] => unreachable!("the node heard a server"),
            _ if frame.ends_with(b"the end") => break,
            _ => {}
        }
    }
    assert_eq!(claims, [[10, 0, 2, 50]]);
}

#[test]
fn the_gateway_answers_for_its_address_and_to_a_ping() {
    let mut segment = segment(VIRTUAL, 15);
    let mut asks = [[0xff; 6], VIRTUAL.0].concat();
    asks.extend([8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
    asks.extend(VIRTUAL.0);
    asks.extend([10, 0, 2, 15]);
    asks.extend([0; 6]);
    asks.extend([10, 0, 2, 1]);
    // `exchange` ends with the answer to a ping.
    let answers = exchange(&mut segment, 0, &asks);
    let answer = answers
        .iter()
        .find(|answer| answer[12..14] == [8, 6])
        .unwrap();
    assert_eq!(answer[22..28], GATEWAY_MAC.0);
    assert_eq!(answer[28..32], [10, 0, 2, 1]);
}
