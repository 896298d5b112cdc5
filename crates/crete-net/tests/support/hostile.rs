//! A machine whose frames are the test's own, for everything no honest stack would say.

use super::{GATEWAY_MAC, guest, machine, record, wait_until};
use crete_net::{Mac, Machine};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

const ACK: u8 = 0x10;
const SYN: u8 = 2;

pub struct Hostile {
    pub mac: Mac,
    pub own: Ipv4Addr,
    path: PathBuf,
    listener: UnixListener,
    stream: Option<UnixStream>,
}

impl Hostile {
    /// A machine that waits to be dialled.
    pub fn new(folder: &Path, name: &str, mac: Mac, own: Ipv4Addr) -> Self {
        let path = folder.join(name);
        Self {
            mac,
            own,
            listener: UnixListener::bind(&path).unwrap(),
            path,
            stream: None,
        }
    }

    /// Itself, in a configuration.
    pub fn machine(&self) -> Machine {
        let id = format!("of-{}", self.mac);
        let mut own = machine(&id, self.mac, self.path.clone());
        own.address = Some(self.own);
        own
    }

    /// Waits until it was dialled.
    pub fn accept(&mut self) {
        self.listener.set_nonblocking(true).unwrap();
        let dialled = || self.listener.accept().ok();
        let stream = wait_until("the machine was not dialled", dialled).0;
        stream.set_nonblocking(false).unwrap();
        let patience = Some(Duration::from_secs(20));
        stream.set_read_timeout(patience).unwrap();
        self.stream = Some(stream);
    }

    /// Another hold of its end of the link.
    pub fn stream(&self) -> UnixStream {
        self.stream.as_ref().unwrap().try_clone().unwrap()
    }

    pub fn say(&self, frame: &[u8]) {
        self.stream().write_all(&record(frame)).unwrap();
    }

    pub fn hear(&self) -> Vec<u8> {
        hear_on(&mut self.stream())
    }

    /// Pings the gateway: what was said before has been dealt with when it answers.
    pub fn hear_the_gateway(&self) {
        self.ping();
        while !is_echo_reply(&self.hear()) {}
    }

    pub fn ping(&self) {
        let gateway = Ipv4Addr::new(10, 0, 2, 1);
        self.say(&self.packet(gateway.into(), 1, &[8, 0, 0, 0, 0x77, 0x77, 0, 1]));
    }

    /// A packet to anywhere, as a frame to the gateway.
    pub fn packet(&self, to: IpAddr, protocol: u8, body: &[u8]) -> Vec<u8> {
        match to {
            IpAddr::V4(to) => guest::packet(self.mac, self.own, to, protocol, body),
            IpAddr::V6(to) => {
                let mut frame = [GATEWAY_MAC.0, self.mac.0].concat();
                frame.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
                frame.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
                frame.extend([protocol, 64]);
                let from: Ipv6Addr = "fd5e:ed00:0:1::77".parse().unwrap();
                frame.extend(from.octets());
                frame.extend(to.octets());
                frame.extend(body);
                frame
            }
        }
    }

    /// Begins a connection.
    pub fn syn(&self, to: IpAddr, ports: (u16, u16)) -> Vec<u8> {
        self.packet(to, 6, &segment(ports, 0, 0, SYN))
    }

    /// The last step of the handshake that this answer of the gateway's is the second of.
    pub fn acknowledge(&self, answer: &[u8]) -> Option<Vec<u8>> {
        let tcp = answer.get(34..54)?;
        let accepts = answer[12..14] == [8, 0] && answer[23] == 6 && tcp[13] & 0x17 == SYN | ACK;
        let number = |at: usize| u32::from_be_bytes(tcp[at..at + 4].try_into().unwrap());
        let port = |at: usize| u16::from_be_bytes([tcp[at], tcp[at + 1]]);
        let from: [u8; 4] = answer[26..30].try_into().unwrap();
        let body = segment(
            (port(2), port(0)),
            number(8),
            number(4).wrapping_add(1),
            ACK,
        );
        accepts.then(|| self.packet(IpAddr::from(from), 6, &body))
    }

    /// A datagram to anywhere.
    pub fn datagram(&self, to: IpAddr, ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(8 + payload.len()).unwrap();
        let mut body = ports.0.to_be_bytes().to_vec();
        body.extend(ports.1.to_be_bytes());
        body.extend(length.to_be_bytes());
        body.extend([0, 0]);
        body.extend(payload);
        self.packet(to, 17, &body)
    }
}

fn segment(ports: (u16, u16), sequence: u32, acknowledged: u32, flags: u8) -> Vec<u8> {
    let mut body = vec![0; 20];
    body[..2].copy_from_slice(&ports.0.to_be_bytes());
    body[2..4].copy_from_slice(&ports.1.to_be_bytes());
    body[4..8].copy_from_slice(&sequence.to_be_bytes());
    body[8..12].copy_from_slice(&acknowledged.to_be_bytes());
    body[12..16].copy_from_slice(&[0x50, flags, 0xff, 0xff]);
    body
}

/// The next frame of a link.
pub fn hear_on(stream: &mut UnixStream) -> Vec<u8> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut frame = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut frame).unwrap();
    frame
}

pub fn is_echo_reply(frame: &[u8]) -> bool {
    frame[12..14] == [8, 0] && frame[23] == 1 && frame[34] == 0
}
