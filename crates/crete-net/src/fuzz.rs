//! Everything here that reads bytes of others, each by a name, for a fuzzer: none may panic, and
//! none may break a promise that is stated here.

use crate::address::dhcp::{self, Client, Naming, Terms};
use crate::address::guard;
use crate::address::lease::Leases;
use crate::address::nd::Message;
use crate::config::{Config, SCHEMA_VERSION};
use crate::control::{Ask, Hello, Reply};
use crate::frame::{MAX_FRAME, MIN_FRAME, Mac};
use crate::link::Inbox;
use crate::names::{query, resolvers, zone::Known};
use crate::nat::reassembly::Reassembly;
use crate::nat::refusal::Segment;
use crate::network::Network;
use crate::outside::{Barred, Outside, Surroundings};
use crate::packet::{Datagram, Packet};
use smoltcp::time::{Duration, Instant};
use std::net::{IpAddr, SocketAddr};

/// A target: its name, and what runs.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] = &[
    ("link", link),
    ("segment", segment),
    ("flow", flow),
    ("packet", packet),
    ("reassembly", reassembly),
    ("nd", nd),
    ("dhcp", dhcp),
    ("dns", dns),
    ("dns-answer", dns_answer),
    ("ntp", ntp),
    ("resolv-conf", resolv_conf),
    ("netlink", netlink),
    ("control", control),
];

/// The stream of a link: whatever is announced, a frame has a length that one may have.
fn link(bytes: &[u8]) {
    let mut inbox = Inbox::new(0);
    let mut source = bytes;
    while inbox.fill(&mut source).is_ok() {
        let before = source.len();
        while let Ok(Some(at)) = inbox.peek() {
            assert!((MIN_FRAME..=MAX_FRAME).contains(&inbox.frame(at.clone()).len()));
            inbox.take(&at);
        }
        if source.is_empty() || source.len() == before {
            return;
        }
    }
}

/// A host without any network.
struct Nothing;

impl Outside for Nothing {
    fn resolvers(&mut self) -> Vec<SocketAddr> {
        Vec::new()
    }

    fn admit(&mut self, _: IpAddr) -> Result<(), Barred> {
        Err(Barred::NoRoute)
    }

    fn leads_out_v6(&mut self) -> bool {
        false
    }
}

/// A whole network without a way out, and two machines that are not there.
fn network() -> Option<Network> {
    let machine = |n: u8| {
        serde_json::json!({"id": format!("m{n}"), "mac": Mac([0x52, 0x54, 0, 0, 0, n]).to_string(),
            "socket": format!("/nonexistent/{n}"), "address": format!("10.0.2.{}", 30 + n),
            "names": [format!("n{n}.crete.test")]})
    };
    let config: Config = serde_json::from_value(serde_json::json!({
        "schema_version": SCHEMA_VERSION, "network": "00000000-0000-0000-0000-000000005eed",
        "mtu": 1500, "subnet": "10.0.2.0/24", "prefix6": "fd5e:ed00:0:1::",
        "balancers": [{"port": 6443, "targets": [{"machine": "m1", "port": 6443}]}],
        "machines": [machine(1), machine(2)],
    }))
    .ok()?;
    let surroundings = Surroundings {
        outside: Box::new(Nothing),
        random: Box::new(|| 0x5eed),
        wall_clock: Box::new(|| std::time::Duration::ZERO),
    };
    Network::new(&config, surroundings, Instant::ZERO).ok()
}

/// Frames of two machines, in turn, each after its length: through guard, switch and gateway.
fn segment(bytes: &[u8]) {
    let Some(mut network) = network() else { return };
    let mut rest = bytes;
    let mut turn = 0usize;
    while let Some((length, more)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(more.len());
        let (frame, more) = more.split_at(length);
        if frame.len() >= MIN_FRAME {
            let now = Instant::from_millis(10 + i64::try_from(turn).unwrap_or(0));
            network.inject(turn % 2, frame, now);
            // What a frame has begun goes on before the next comes.
            let _ = network.turn(Some(Duration::ZERO), || now);
            network.said(turn % 2);
        }
        rest = more;
        turn += 1;
    }
    let later = Instant::from_secs(3600);
    let _ = network.turn(Some(Duration::ZERO), || later);
}

/// A connection of a machine to the gateway's resolver, and in it segments that no honest stack
/// sends: each of eight bytes that say how far it is from the one that is due, and what is in it.
fn flow(bytes: &[u8]) {
    let Some(mut network) = network() else { return };
    let mut ms = 10;
    let mut turn = |network: &mut Network, more: i64| {
        ms += more;
        let now = Instant::from_millis(ms);
        let _ = network.turn(Some(Duration::ZERO), || now);
        now
    };
    let now = turn(&mut network, 0);
    network.inject(0, &spoken(SYN, 1000, 0, 0xffff, &[], &[]), now);
    let mut begun = None;
    for _ in 0..4 {
        turn(&mut network, 1);
        begun = begun.or_else(|| network.said(0).iter().find_map(|frame| first_number(frame)));
    }
    let Some(begun) = begun else { return };
    let (mine, yours) = (1001u32, begun.wrapping_add(1));
    let now = turn(&mut network, 1);
    network.inject(0, &spoken(ACK, mine, yours, 0xffff, &[], &[]), now);
    let mut rest = bytes;
    while let Some((head, more)) = rest.split_first_chunk::<8>() {
        let [flags, lengths, s0, s1, a0, a1, window, wait] = *head;
        let options = usize::from(lengths >> 5) * 4;
        let payload = usize::from(lengths & 31) * 8;
        let (options, more) = more.split_at(options.min(more.len()) / 4 * 4);
        let (payload, more) = more.split_at(payload.min(more.len()));
        let near = |number: u32, high: u8, low: u8| {
            // Near by the lower half, and anywhere by the upper.
            let by = i32::from(i16::from_be_bytes([high, low]));
            let by = if by.unsigned_abs() > 0x4000 {
                by << 16
            } else {
                by
            };
            number.wrapping_add_signed(by)
        };
        let (sequence, acknowledged) = (near(mine, s0, s1), near(yours, a0, a1));
        let window = u16::from(window) << 8;
        let frame = spoken(flags, sequence, acknowledged, window, options, payload);
        let now = turn(&mut network, i64::from(wait) * i64::from(wait));
        network.inject(0, &frame, now);
        network.said(0);
        rest = more;
    }
    turn(&mut network, 700_000);
    assert!(network.nat().connections <= 1);
}

const SYN: u8 = 2;
const ACK: u8 = 0x10;

/// A segment of the first machine to the gateway's resolver, as a frame.
fn spoken(flags: u8, seq: u32, ack: u32, window: u16, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let length = 40 + options.len() + payload.len();
    let mut frame = vec![
        0x02, 0xc7, 0, 0, 0x5e, 0xed, 0x52, 0x54, 0, 0, 0, 1, 8, 0, 0x45, 0,
    ];
    frame.extend(u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 2, 31, 10, 0, 2, 1]);
    frame.extend([0x9c, 0x40, 0, 53]);
    frame.extend(seq.to_be_bytes());
    frame.extend(ack.to_be_bytes());
    let words = u8::try_from(5 + options.len() / 4).unwrap_or(15);
    frame.extend([words << 4, flags]);
    frame.extend(window.to_be_bytes());
    frame.extend([0, 0, 0, 0]);
    frame.extend(options);
    frame.extend(payload);
    frame
}

/// The number that a frame's answer to a SYN begins with.
fn first_number(frame: &[u8]) -> Option<u32> {
    let tcp = frame.get(34..54).filter(|_| frame.get(23) == Some(&6))?;
    let number: [u8; 4] = tcp[4..8].try_into().ok()?;
    (tcp[13] & 0x17 == SYN | ACK).then(|| u32::from_be_bytes(number))
}

/// A frame alone: what is found in it lies in it.
fn packet(bytes: &[u8]) {
    let _ = guard::inspect(bytes, |_| Some(Mac::BROADCAST));
    let Some(packet) = Packet::parse(bytes) else {
        return;
    };
    assert!(packet.whole.len() <= bytes.len() && packet.whole.ends_with(packet.payload));
    let _ = Segment::parse(packet.payload);
    let _ = Datagram::parse(packet.payload);
}

/// Packets one after the other, each after its length: what is put together is no longer than a
/// packet can be.
fn reassembly(bytes: &[u8]) {
    let mut reassembly = Reassembly::default();
    let mut rest = bytes;
    while let Some((length, more)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(more.len());
        let whole = Packet::parse(&more[..length])
            .and_then(|packet| reassembly.add(&packet, Instant::ZERO));
        assert!(whole.is_none_or(|whole| whole.len() <= 65_535));
        rest = &more[length..];
    }
    reassembly.expire(Instant::from_secs(60));
}

fn nd(bytes: &[u8]) {
    let _ = Message::parse(bytes);
}

/// A message to the DHCP server: an answer gives only addresses of the subnet.
fn dhcp(bytes: &[u8]) {
    let Ok(subnet) = "10.0.2.0/24".parse() else {
        return;
    };
    let terms = Terms { subnet, mtu: 1500 };
    let mut leases = Leases::new(subnet);
    // A client says its own card; the bytes there are whose they are.
    let mac = bytes.get(28..34).and_then(|mac| mac.try_into().ok());
    let client = Client {
        mac: Mac(mac.unwrap_or_default()),
        port: 0,
        naming: Naming {
            host_name: Some("n1"),
            domain: "crete.test",
        },
    };
    let answer = dhcp::answer(&terms, &mut leases, bytes, client, Instant::ZERO, |_| false);
    if let Some(answer) = answer {
        assert!(answer.payload.len() >= 300, "some clients refuse less");
    }
    for lease in leases.view(Instant::ZERO) {
        assert!(subnet.can_be_a_machine(lease.address));
    }
}

/// A question of a machine: it is answered, and put to others, or refused.
fn dns(bytes: &[u8]) {
    let Ok(question) = query::parse(bytes) else {
        return;
    };
    let _ = question.key();
    for known in [
        Known::NoSuchName,
        Known::Nothing,
        Known::Addresses(vec![[10, 0, 2, 1].into()]),
    ] {
        if let Some(message) = question.answer_from_zone(&known)
            && let Some(answer) = question.reply(message, true)
        {
            assert!(answer.len() <= 1232, "{} bytes", answer.len());
        }
    }
    if let Some(outward) = question.outward(7) {
        assert!(query::parse(&outward).is_ok());
    }
}

/// An answer of a resolver.
fn dns_answer(bytes: &[u8]) {
    if let Ok(message) = hickory_proto::op::Message::from_vec(bytes) {
        let _ = query::lifetime(&message);
        if let [asked] = message.queries.as_slice() {
            let mut question = hickory_proto::op::Message::query();
            question.add_query(asked.clone());
            let parsed = question
                .to_vec()
                .ok()
                .and_then(|text| query::parse(&text).ok());
            if let Some(question) = parsed {
                let _ = question.is_answered_by(message.metadata.id, &message);
                let _ = question.reply(message.clone(), true);
                let _ = question.reply(message, false);
            }
        }
    }
}

fn ntp(bytes: &[u8]) {
    let _ = crate::gateway::ntp::answer(bytes, std::time::Duration::from_secs(1_700_000_000));
}

fn resolv_conf(bytes: &[u8]) {
    let servers = resolvers::parse(&String::from_utf8_lossy(bytes), |_| Some(3));
    assert!(servers.len() <= 3);
}

fn netlink(bytes: &[u8]) {
    crate::host::read_anything(bytes);
}

/// A line on the control socket, either way: a configuration that is taken is one that can be.
fn control(bytes: &[u8]) {
    let _ = serde_json::from_slice::<Ask>(bytes);
    let _ = serde_json::from_slice::<Hello>(bytes);
    let _ = serde_json::from_slice::<Reply>(bytes);
    if let Ok(config) = serde_json::from_slice::<Config>(bytes)
        && config.check().is_ok()
    {
        let written = serde_json::to_vec(&config).unwrap_or_default();
        assert_eq!(
            serde_json::from_slice::<Config>(&written).ok(),
            Some(config)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// The fuzzer's connection is a real one: what is due is taken, and answered.
    #[test]
    fn a_question_in_the_connection_is_answered() {
        let mut network = network().unwrap();
        let mut ms = 0;
        let mut turn = |network: &mut Network| {
            ms += 10;
            let now = Instant::from_millis(ms);
            network.turn(Some(Duration::ZERO), || now).unwrap();
            now
        };
        let now = turn(&mut network);
        network.inject(0, &spoken(SYN, 1000, 0, 0xffff, &[], &[]), now);
        turn(&mut network);
        let now = turn(&mut network);
        let said = network.said(0);
        let begun = said.iter().find_map(|frame| first_number(frame)).unwrap();
        let question = [
            &[0, 31, 0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2][..],
            b"n1\x05crete\x04test\0\0\x01\0\x01",
        ]
        .concat();
        let yours = begun.wrapping_add(1);
        let frame = spoken(ACK, 1001, yours, 0xffff, &[], &question);
        network.inject(0, &frame, now);
        for _ in 0..4 {
            turn(&mut network);
        }
        let said = network.said(0);
        let address = |frame: &Vec<u8>| frame.windows(4).any(|part| part == [10, 0, 2, 31]);
        assert!(
            said.iter().any(|frame| frame.len() > 100 && address(frame)),
            "{said:02x?}"
        );
    }

    /// What real nodes said, and the same with a bit of it turned: a small part of what the fuzzer
    /// does, so that no target can rot.
    #[test]
    fn every_target_bears_what_real_nodes_say() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/net");
        for name in ["maintenance.pcap", "join.pcap", "vip.pcap"] {
            let recording = std::fs::read(folder.join(name)).unwrap();
            let mut rest = &recording[24..];
            while let Some(length) = rest.get(8..12) {
                let end = 16 + u32::from_le_bytes(length.try_into().unwrap()) as usize;
                let mut frame = rest[14..end].to_vec();
                // In place of two bytes of the recording's own: the length that `segment` reads.
                let announced = u16::try_from(end - 16).unwrap();
                frame[..2].copy_from_slice(&announced.to_be_bytes());
                let turned = end * 7 % frame.len();
                for round in 0..2 {
                    frame[turned] ^= round;
                    for (_, target) in TARGETS {
                        // From the frame, its packet, what is in a datagram or message of it.
                        [0, 2, 16, 36, 44, 56]
                            .into_iter()
                            .filter_map(|from| frame.get(from..))
                            .for_each(target);
                    }
                }
                rest = &rest[end..];
            }
        }
    }
}
