//! The way between a network and the host: connections, associations and echoes over ordinary
//! sockets of the host. No route, no address and no privilege of the host is needed.

mod budget;
mod device;
pub(crate) mod echo;
pub(crate) mod far;
pub(crate) mod flow;
pub(crate) mod reassembly;
pub(crate) mod refusal;
pub(crate) mod tcp;
pub(crate) mod udp;

use echo::Echoes;
use reassembly::Reassembly;
use serde::{Deserialize, Serialize};
use smoltcp::time::Instant;
use tcp::Connections;
use udp::Associations;

/// How busy the way between a network and the host is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatView {
    /// TCP connections there are.
    pub connections: usize,
    /// Bytes promised to their buffers.
    pub promised: usize,
    /// Connections that were refused because a limit was reached.
    pub connections_refused: u64,
    /// UDP associations there are.
    pub associations: usize,
    /// Associations that were refused because a limit was reached.
    pub associations_refused: u64,
    /// Whether the kernel lets nobody ping.
    pub echo_denied: bool,
}

/// Everything under way between a network and the host.
#[derive(Debug, Default)]
pub(crate) struct Nat {
    pub(crate) connections: Connections,
    pub(crate) associations: Associations,
    pub(crate) echoes: Echoes,
    pub(crate) reassembly: Reassembly,
}

impl Nat {
    /// Ends everything that leads out of the network.
    pub(crate) fn cut_outward(&mut self) {
        self.connections.cut_outward();
        self.associations.cut_outward();
        self.echoes = Echoes::default();
    }

    /// Ends what nobody uses any more.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.associations.expire(now);
        self.echoes.expire(now);
        self.reassembly.expire(now);
    }

    pub(crate) fn view(&self) -> NatView {
        NatView {
            connections: self.connections.len(),
            promised: self.connections.promised(),
            connections_refused: self.connections.refused(),
            associations: self.associations.len(),
            associations_refused: self.associations.refused(),
            echo_denied: self.echoes.is_denied(),
        }
    }
}
