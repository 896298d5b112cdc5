//! What real nodes said, replayed to a network that is not the one they said it in.

use super::{GATEWAY_MAC, Segment};
use crete_net::Mac;
use std::path::Path;

/// The recorded network's own side.
const RECORDED_GATEWAY: [u8; 4] = [10, 0, 2, 2];
const OWN_GATEWAY: [u8; 4] = [10, 0, 2, 1];

/// The frames a recorded node sent, in order, addressed to this network's gateway where they were
/// addressed to the recorded one.
pub fn frames(name: &str, node: Mac) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures/net")
        .join(name);
    let bytes = std::fs::read(path).unwrap();
    let mut frames = Vec::new();
    let mut at = 24;
    while at < bytes.len() {
        let length = u32::from_le_bytes(bytes[at + 8..at + 12].try_into().unwrap()) as usize;
        let frame = bytes[at + 16..at + 16 + length].to_vec();
        at += 16 + length;
        if frame[6..12] == node.0 {
            frames.push(readdress(frame));
        }
    }
    assert!(!frames.is_empty(), "{name} holds no frame of {node}");
    frames
}

/// As [`frames`], as if a node with another card and address had sent them: wherever they stand, and
/// in the addresses it has made of its card.
pub fn frames_of_another(
    name: &str,
    (node, address): (Mac, u8),
    (other, other_address): (Mac, u8),
) -> Vec<Vec<u8>> {
    let made = |mac: Mac| {
        let [a, b, c, d, e, f] = mac.0;
        [a ^ 2, b, c, 0xff, 0xfe, d, e, f]
    };
    // The group in which its owner listens holds the end of the address.
    let group = |mac: Mac| [0xff, mac.0[3], mac.0[4], mac.0[5]];
    let mut all = frames(name, node);
    for frame in &mut all {
        replace(frame, &made(node), &made(other));
        replace(frame, &node.0, &other.0);
        replace(frame, &group(node), &group(other));
        replace(frame, &[10, 0, 2, address], &[10, 0, 2, other_address]);
    }
    all
}

fn replace(frame: &mut [u8], from: &[u8], to: &[u8]) {
    for at in 0..=frame.len() - from.len() {
        if frame[at..].starts_with(from) {
            frame[at..at + to.len()].copy_from_slice(to);
        }
    }
}

fn readdress(mut frame: Vec<u8>) -> Vec<u8> {
    if frame[12..14] == [8, 0] && frame[30..34] == RECORDED_GATEWAY {
        frame[..6].copy_from_slice(&GATEWAY_MAC.0);
        frame[30..34].copy_from_slice(&OWN_GATEWAY);
    }
    if frame[12..14] == [8, 6] && frame[38..42] == RECORDED_GATEWAY {
        frame[38..42].copy_from_slice(&OWN_GATEWAY);
    }
    if is_dhcp(&frame) {
        let from = 14 + 20 + 8 + 240;
        let server: Vec<u8> = [54, 4].into_iter().chain(RECORDED_GATEWAY).collect();
        if let Some(at) = frame[from..].windows(6).position(|option| option == server) {
            frame[from + at + 2..from + at + 6].copy_from_slice(&OWN_GATEWAY);
        }
    }
    frame
}

/// Whether a frame is of DHCPv4, either way.
pub fn is_dhcp(frame: &[u8]) -> bool {
    frame[12..14] == [8, 0] && frame[23] == 17 && matches!(frame[36..38], [0, 67] | [0, 68])
}

/// Whether a frame is a datagram to this port of the gateway.
pub fn is_to_port(frame: &[u8], port: u16) -> bool {
    frame[12..14] == [8, 0] && frame[23] == 17 && frame[36..38] == port.to_be_bytes()
}

/// The DHCP options of a frame.
pub fn dhcp_option(frame: &[u8], wanted: u8) -> Option<Vec<u8>> {
    let mut options = &frame[14 + 20 + 8 + 240..];
    while let [code, rest @ ..] = options {
        match code {
            0 => options = rest,
            255 => return None,
            code => {
                let length = usize::from(rest[0]);
                if *code == wanted {
                    return Some(rest[1..=length].to_vec());
                }
                options = &rest[1 + length..];
            }
        }
    }
    None
}

/// Says a frame and returns what the network answers to it, if it does at once.
pub fn exchange(segment: &mut Segment, machine: usize, frame: &[u8]) -> Vec<Vec<u8>> {
    segment.send(machine, frame);
    // A ping behind it: what came before its answer is all there is.
    let ping = ping(frame[6..12].try_into().unwrap());
    segment.send(machine, &ping);
    let mut answers = Vec::new();
    loop {
        let answer = segment.receive(machine);
        if answer[12..14] == [8, 0]
            && answer[23] == 1
            && answer[34] == 0
            && answer.ends_with(b"recorded")
        {
            return answers;
        }
        answers.push(answer);
    }
}

fn ping(node: [u8; 6]) -> Vec<u8> {
    let mut frame = [GATEWAY_MAC.0, node].concat();
    frame.extend([8, 0, 0x45, 0, 0, 36, 0, 0, 0, 0, 64, 1, 0, 0]);
    frame.extend([10, 0, 2, 99]);
    frame.extend(OWN_GATEWAY);
    frame.extend([8, 0, 0, 0, 0, 1, 0, 1]);
    frame.extend(b"recorded");
    frame
}
