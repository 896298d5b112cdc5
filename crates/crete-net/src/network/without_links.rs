//! A network whose machines speak and hear without links, for the fuzzer.

use super::Network;
use crate::link::PREFIX;
use crate::switch::{Forwarded, PortId};
use smoltcp::time::Instant;

impl Network {
    /// Takes a frame as if it had come over a machine's link.
    pub(crate) fn inject(&mut self, machine: usize, frame: &[u8], now: Instant) {
        let port = PortId(machine);
        if self.switch.port(port).is_some_and(|port| !port.is_up()) {
            self.switch.set_up(port, true);
        }
        if !self.gateway.admits(frame) {
            self.switch.refuse(port, frame.len());
        } else if self.switch.forward(port, frame, now) == Forwarded::Gateway {
            let (gateway, mut turn) = self.gateway_turn(now);
            gateway.receive(port, frame, &mut turn);
        }
    }

    /// What waits to be sent to a machine, as if it had been.
    pub(crate) fn said(&mut self, machine: usize) -> Vec<Vec<u8>> {
        let port = PortId(machine);
        let bytes = self.switch.pending(port).concat();
        self.switch.sent(port, bytes.len());
        let mut frames = Vec::new();
        let mut rest = bytes.as_slice();
        while let Some((length, more)) = rest.split_first_chunk::<PREFIX>() {
            let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
            frames.push(more[..length].to_vec());
            rest = &more[length..];
        }
        frames
    }
}
