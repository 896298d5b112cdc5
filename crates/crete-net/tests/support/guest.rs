//! A machine with a TCP/IP stack: another one than the kernel's, so that every step is the test's.

use super::{GATEWAY_MAC, Segment};
use crete_net::{Instant, Mac};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpAddress, IpCidr};
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};

/// The guest's card: frames in and out.
#[derive(Default)]
pub struct Card {
    pub arrived: VecDeque<Vec<u8>>,
    pub leaving: VecDeque<Vec<u8>>,
    mtu: usize,
}

impl Device for Card {
    type RxToken<'a> = In;
    type TxToken<'a> = Out<'a>;

    fn receive(&mut self, _: Instant) -> Option<(In, Out<'_>)> {
        let frame = self.arrived.pop_front()?;
        Some((In(frame), Out(&mut self.leaving)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Out<'_>> {
        (self.leaving.len() < 64).then_some(Out(&mut self.leaving))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = 14 + self.mtu;
        capabilities
    }
}

pub struct In(Vec<u8>);

impl RxToken for In {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

pub struct Out<'a>(&'a mut VecDeque<Vec<u8>>);

impl TxToken for Out<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut frame = vec![0; length];
        let result = write(&mut frame);
        self.0.push_back(frame);
        result
    }
}

pub struct Guest {
    pub card: Card,
    interface: Interface,
    pub sockets: SocketSet<'static>,
    machine: usize,
    next_port: u16,
}

impl Guest {
    /// The guest behind a machine of a segment. It says a frame at once, so that its link is known
    /// to be sound.
    pub fn new(machine: usize, mac: Mac, address: Ipv4Addr, mtu: usize) -> Self {
        let mut card = Card {
            mtu,
            ..Card::default()
        };
        let own = HardwareAddress::Ethernet(EthernetAddress(mac.0));
        let mut interface = Interface::new(Config::new(own), &mut card, Instant::ZERO);
        interface.update_ip_addrs(|addresses| {
            addresses
                .push(IpCidr::new(IpAddress::Ipv4(address), 24))
                .unwrap();
        });
        let gateway = Ipv4Addr::new(10, 0, 2, 1);
        interface
            .routes_mut()
            .add_default_ipv4_route(gateway)
            .unwrap();
        Self {
            card,
            interface,
            sockets: SocketSet::new(Vec::new()),
            machine,
            next_port: 40_000,
        }
    }

    /// Lets the guest and the network work.
    pub fn work(&mut self, segment: &mut Segment) {
        while let Some(frame) = segment.try_receive(self.machine) {
            self.card.arrived.push_back(frame);
        }
        let now = segment.now();
        self.interface.poll(now, &mut self.card, &mut self.sockets);
        while let Some(frame) = self.card.leaving.front() {
            if !segment.try_send(self.machine, frame) {
                break;
            }
            self.card.leaving.pop_front();
        }
        segment.turn();
    }

    pub fn listen(&mut self, port: u16) -> SocketHandle {
        let mut socket = tcp_socket();
        socket.listen(port).unwrap();
        self.sockets.add(socket)
    }

    pub fn connect(&mut self, to: SocketAddr) -> SocketHandle {
        let mut socket = tcp_socket();
        self.next_port += 1;
        socket
            .connect(
                self.interface.context(),
                (IpAddress::from(to.ip()), to.port()),
                self.next_port,
            )
            .unwrap();
        self.sockets.add(socket)
    }

    pub fn tcp(&mut self, handle: SocketHandle) -> &mut Socket<'static> {
        self.sockets.get_mut(handle)
    }

    pub fn state(&mut self, handle: SocketHandle) -> State {
        self.tcp(handle).state()
    }

    /// Works until something holds, or ten seconds have passed.
    pub fn until<T>(
        &mut self,
        segment: &mut Segment,
        what: &str,
        mut holds: impl FnMut(&mut Self) -> Option<T>,
    ) -> T {
        let begun = std::time::Instant::now();
        loop {
            self.work(segment);
            if let Some(value) = holds(self) {
                return value;
            }
            assert!(begun.elapsed().as_secs() < 20, "{what}");
        }
    }

    /// Sends everything on a connection.
    pub fn send(&mut self, segment: &mut Segment, handle: SocketHandle, mut bytes: &[u8]) {
        self.until(segment, "the guest could not send", |guest| {
            let sent = guest.tcp(handle).send_slice(bytes).unwrap();
            bytes = &bytes[sent..];
            bytes.is_empty().then_some(())
        });
    }

    /// Receives this many bytes of a connection.
    pub fn receive(
        &mut self,
        segment: &mut Segment,
        handle: SocketHandle,
        count: usize,
    ) -> Vec<u8> {
        let mut received = Vec::new();
        self.until(segment, "the guest received nothing", |guest| {
            let socket = guest.tcp(handle);
            while received.len() < count && socket.can_recv() {
                let mut some = vec![0; count - received.len()];
                let n = socket.recv_slice(&mut some).unwrap();
                received.extend_from_slice(&some[..n]);
            }
            (received.len() == count).then_some(())
        });
        received
    }
}

fn tcp_socket() -> Socket<'static> {
    let buffer = || SocketBuffer::new(vec![0; 128 << 10]);
    let mut socket = Socket::new(buffer(), buffer());
    socket.set_nagle_enabled(false);
    socket
}

/// A datagram of a guest to somewhere behind the gateway, as a frame.
pub fn datagram(mac: Mac, from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + payload.len()).unwrap();
    let mut body = from.1.to_be_bytes().to_vec();
    body.extend(to.1.to_be_bytes());
    body.extend(length.to_be_bytes());
    body.extend([0, 0]);
    body.extend(payload);
    packet(mac, from.0, to.0, 17, &body)
}

/// An IPv4 packet of a guest to somewhere behind the gateway, as a frame.
pub fn packet(mac: Mac, from: Ipv4Addr, to: Ipv4Addr, protocol: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = [GATEWAY_MAC.0, mac.0].concat();
    frame.extend([8, 0, 0x45, 0]);
    frame.extend(u16::try_from(20 + body.len()).unwrap().to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, protocol, 0, 0]);
    frame.extend(from.octets());
    frame.extend(to.octets());
    frame.extend(body);
    frame
}
