//! The switch against a model: nothing lost under the queues' limit, doubled or out of order, and
//! no known station's frame on anybody else's port.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use crete_net::{Forwarded, Header, Instant, Mac, PortId, Switch};
use proptest::prelude::*;
use std::collections::{HashMap, VecDeque};

const GATEWAY: Mac = Mac([0x52, 0x54, 0, 0xff, 0, 1]);
const PORTS: usize = 5;
const MTU: usize = 1500;

/// Stations: one per port that was given to it, then strangers who may turn up anywhere.
fn mac(n: usize) -> Mac {
    Mac([0x52, 0x54, 0, 0, 0, u8::try_from(n).unwrap()])
}

fn frame(to: Mac, from: Mac, number: u32, length: usize) -> Vec<u8> {
    let mut frame = vec![0; length.max(18)];
    Header {
        destination: to,
        source: from,
        ethertype: 0x88b5,
    }
    .write(&mut frame);
    frame[14..18].copy_from_slice(&number.to_be_bytes());
    frame
}

#[derive(Debug, Clone)]
enum Step {
    Send {
        port: usize,
        from: usize,
        to: usize,
        length: usize,
    },
    Drain {
        port: usize,
    },
    Down {
        port: usize,
    },
    Cut {
        port: usize,
        cut: bool,
    },
    Wait {
        seconds: i64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let port = 0..PORTS;
    prop::collection::vec(
        prop_oneof![
            20 => (port.clone(), 0..PORTS + 3, 0..PORTS + 5, 0usize..1600)
                .prop_map(|(port, from, to, length)| Step::Send { port, from, to, length }),
            6 => port.clone().prop_map(|port| Step::Drain { port }),
            1 => port.clone().prop_map(|port| Step::Down { port }),
            1 => (port, any::<bool>()).prop_map(|(port, cut)| Step::Cut { port, cut }),
            1 => (1i64..400).prop_map(|seconds| Step::Wait { seconds }),
        ],
        1..400,
    )
}

/// What a standard learning switch would do, written the slow and plain way.
struct Model {
    heard: HashMap<Mac, (usize, i64)>,
    queues: Vec<VecDeque<Vec<u8>>>,
    up: [bool; PORTS],
    cut: [bool; PORTS],
    now: i64,
}

impl Model {
    fn open(&self, port: usize) -> bool {
        self.up[port] && !self.cut[port]
    }

    fn place(&self, mac: Mac) -> Option<usize> {
        if let Some(own) = (0..PORTS).find(|n| crate::mac(*n) == mac) {
            return Some(own);
        }
        let (port, at) = self.heard.get(&mac)?;
        (self.now < at + 300).then_some(*port)
    }

    fn send(&mut self, port: usize, bytes: &[u8]) {
        let header = Header::of(bytes).unwrap();
        if !self.open(port) || bytes.len() > MTU + 18 {
            return;
        }
        if (0..PORTS).any(|n| n != port && mac(n) == header.source) {
            return;
        }
        let target = self.place(header.destination);
        self.heard.insert(header.source, (port, self.now));
        if header.destination == GATEWAY {
            return;
        }
        for to in 0..PORTS {
            let meant = target.is_none_or(|target| target == to);
            if to != port && meant && self.open(to) {
                self.queues[to].push_back(bytes.to_vec());
            }
        }
    }
}

/// Takes what waits on a port off its queue, as frames.
fn drain(switch: &mut Switch, port: PortId) -> Vec<Vec<u8>> {
    let mut bytes = switch.pending(port).concat();
    switch.sent(port, bytes.len());
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let length = u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
        frames.push(bytes[4..4 + length].to_vec());
        bytes.drain(..4 + length);
    }
    frames
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn it_does_what_a_learning_switch_does(steps in steps()) {
        let mut switch = Switch::new(GATEWAY, MTU, 0x1234_5678_9abc_def1);
        let ports: Vec<PortId> = (0..PORTS).map(|n| switch.add(Some(mac(n)))).collect();
        let mut model = Model {
            heard: HashMap::new(),
            queues: vec![VecDeque::new(); PORTS],
            up: [true; PORTS],
            cut: [false; PORTS],
            now: 0,
        };
        ports.iter().for_each(|port| switch.set_up(*port, true));
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Send { port, from, to, length } => {
                    let to = match to - to.min(PORTS + 3) {
                        0 => mac(to),
                        1 => Mac::BROADCAST,
                        _ => GATEWAY,
                    };
                    let bytes = frame(to, mac(from), u32::try_from(number).unwrap(), length);
                    let now = Instant::from_secs(model.now);
                    let became = switch.forward(ports[port], &bytes, now);
                    prop_assert!(!matches!(became, Forwarded::Held(_)), "below the limit");
                    model.send(port, &bytes);
                }
                Step::Drain { port } => {
                    let expected: Vec<_> = model.queues[port].drain(..).collect();
                    prop_assert_eq!(drain(&mut switch, ports[port]), expected);
                }
                Step::Down { port } => {
                    model.up[port] = !model.up[port];
                    switch.set_up(ports[port], model.up[port]);
                    model.queues[port].clear();
                    if !model.up[port] {
                        model.heard.retain(|_, (at, _)| *at != port);
                    }
                }
                Step::Cut { port, cut } => {
                    model.cut[port] = cut;
                    switch.set_cut(ports[port], cut);
                    if cut {
                        model.heard.retain(|_, (at, _)| *at != port);
                    }
                }
                Step::Wait { seconds } => {
                    model.now += seconds;
                    switch.age(Instant::from_secs(model.now));
                }
            }
        }
        for (port, queue) in model.queues.iter_mut().enumerate() {
            let expected: Vec<_> = queue.drain(..).collect();
            prop_assert_eq!(drain(&mut switch, ports[port]), expected);
        }
    }

    /// A queue at its limit holds the sender back; given up on, it loses frames and counts them.
    #[test]
    fn a_full_queue_holds_back_and_a_stuck_one_drops(length in 100usize..1500) {
        let now = Instant::from_secs(1);
        let mut switch = Switch::new(GATEWAY, MTU, 7);
        let [a, b, c] = [0, 1, 2].map(|n| switch.add(Some(mac(n))));
        [a, b, c].iter().for_each(|port| switch.set_up(*port, true));
        let mut sent = 0u32;
        let held = loop {
            match switch.forward(a, &frame(mac(1), mac(0), sent, length), now) {
                Forwarded::Done => sent += 1,
                other => break other,
            }
        };
        prop_assert_eq!(held, Forwarded::Held(b));
        prop_assert_eq!(switch.port(a).unwrap().counters().frames_in, u64::from(sent));
        // Others are not held back by it.
        prop_assert_eq!(switch.forward(a, &frame(mac(2), mac(0), 0, length), now), Forwarded::Done);
        switch.give_up_on(b);
        prop_assert_eq!(switch.forward(a, &frame(mac(1), mac(0), sent, length), now), Forwarded::Done);
        prop_assert_eq!(switch.port(b).unwrap().counters().dropped_full, 1);
        // Once it takes something, senders wait for it again.
        let numbers: Vec<u32> = drain(&mut switch, b)
            .iter()
            .map(|frame| u32::from_be_bytes(frame[14..18].try_into().unwrap()))
            .collect();
        prop_assert_eq!(numbers, (0..sent).collect::<Vec<_>>());
        let again = (0..=sent)
            .map(|n| switch.forward(a, &frame(mac(1), mac(0), n, length), now))
            .find(|became| *became != Forwarded::Done);
        prop_assert_eq!(again, Some(Forwarded::Held(b)));
    }
}

#[test]
fn nobody_speaks_under_an_address_of_the_gateway_or_of_another() {
    let now = Instant::from_secs(1);
    let mut switch = Switch::new(GATEWAY, MTU, 7);
    let [a, b] = [0, 1].map(|n| switch.add(Some(mac(n))));
    [a, b].iter().for_each(|port| switch.set_up(*port, true));
    for thief in [GATEWAY, mac(1)] {
        switch.forward(a, &frame(Mac::BROADCAST, thief, 0, 60), now);
    }
    switch.forward(a, &frame(Mac([1, 0x80, 0xc2, 0, 0, 0]), mac(0), 0, 60), now);
    switch.forward(a, &frame(mac(1), Mac::BROADCAST, 0, 60), now);
    let counters = switch.port(a).unwrap().counters();
    assert_eq!(
        (counters.dropped_spoofed, counters.dropped_malformed),
        (2, 2)
    );
    assert!(drain(&mut switch, b).is_empty());
}

#[test]
fn an_invented_frame_of_any_bytes_is_only_counted() {
    let mut switch = Switch::new(GATEWAY, MTU, 7);
    let port = switch.add(Some(mac(0)));
    switch.set_up(port, true);
    for length in 0..14 {
        switch.forward(port, &vec![0xff; length], Instant::ZERO);
    }
    assert_eq!(switch.port(port).unwrap().counters().dropped_malformed, 14);
}
