//! The wire of one connection, as the TCP stack sees it: packets in from where they lie, packets
//! out to where they are sent from.

use crate::frame::{MIN_FRAME, Mac};
use crate::wire::Sender;
use smoltcp::phy::{Checksum, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;

/// A connection's wire for the time of one call.
#[derive(Debug)]
pub(super) struct Wire<'a, 's> {
    pub(super) sender: &'a mut Sender<'s>,
    /// The machine's card.
    pub(super) machine: Mac,
    pub(super) ethertype: u16,
    pub(super) packet: Option<&'a [u8]>,
    /// Set when the machine's queue had no room.
    pub(super) is_full: bool,
}

pub(super) fn capabilities(mtu: usize) -> DeviceCapabilities {
    let mut capabilities = DeviceCapabilities::default();
    capabilities.medium = Medium::Ip;
    capabilities.max_transmission_unit = mtu;
    // A Unix socket flips no bits, so nothing is gained by checking; guests do check.
    capabilities.checksum.ipv4 = Checksum::Tx;
    capabilities.checksum.tcp = Checksum::Tx;
    capabilities
}

impl<'a, 's> Device for Wire<'a, 's> {
    type RxToken<'t>
        = In<'t>
    where
        Self: 't;
    type TxToken<'t>
        = Out<'t, 's>
    where
        Self: 't;

    fn receive(&mut self, _: Instant) -> Option<(In<'_>, Out<'_, 's>)> {
        let packet = self.packet.take()?;
        let out = Out {
            sender: self.sender,
            machine: self.machine,
            ethertype: self.ethertype,
        };
        Some((In(packet), out))
    }

    fn transmit(&mut self, _: Instant) -> Option<Out<'_, 's>> {
        let longest = MIN_FRAME + self.sender.mtu;
        if !self
            .sender
            .switch
            .has_room(self.machine, longest, self.sender.now)
        {
            self.is_full = true;
            return None;
        }
        Some(Out {
            sender: self.sender,
            machine: self.machine,
            ethertype: self.ethertype,
        })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        capabilities(self.sender.mtu)
    }
}

/// A packet that has come.
pub(super) struct In<'a>(&'a [u8]);

impl RxToken for In<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(self.0)
    }
}

/// Room for a packet that goes.
pub(super) struct Out<'a, 's> {
    sender: &'a mut Sender<'s>,
    machine: Mac,
    ethertype: u16,
}

impl TxToken for Out<'_, '_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        match self.sender.room(self.machine, self.ethertype, length) {
            Some(room) => write(room),
            // The machine's link is down, or its queue has filled up: the packet is lost, and sent
            // again like any other that is.
            None => write(&mut vec![0; length]),
        }
    }
}
