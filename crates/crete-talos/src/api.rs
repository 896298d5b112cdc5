//! The API of a node: an address in, typed answers out.
//!
//! ```text
//! Dial (address or socket) ─▶ TLS (Trust) ─▶ one channel ─▶ Node ─▶ calls, streams, resources
//!        └─▶ probe: maintenance, ours, another cluster's, not Talos, silent
//! ```
//!
//! One channel per node and no routing headers: every Talos serves that, and will go on to.
//! When a node goes from maintenance to configured its authority changes: make a new [`Node`].
//! Dropping a call's future or a stream cancels it on the node too.

mod capability;
mod cause;
mod control;
mod dial;
mod error;
mod etcd;
mod events;
mod frames;
mod image;
mod kubeconfig;
mod node;
mod probe;
mod resource;
mod system;
mod trust;
mod watch;

pub use capability::{Capability, NotOffered};
pub use cause::{Advice, Cause};
pub use control::{Applied, ApplyMode, Reset, ResetScope};
pub use dial::{Dial, Tcp, Transport, UnixSocket};
pub use error::ApiError;
pub use events::{Event, EventCursor, Events, Payload};
pub use frames::Frames;
pub use image::{InstallStep, Installer, Progress, Pull, PullStep};
pub use node::{Node, Target};
pub use probe::{Flaw, Presence, probe};
pub use resource::{Kind, Listing, Metadata, Resource, address, kinds, prefix};
pub use trust::{ClusterTrust, Pin, Trust};
pub use watch::{Bookmark, Change, Watch};

/// The messages as they travel, from our own `proto/`.
#[allow(missing_docs, clippy::all, clippy::pedantic, reason = "generated")]
pub mod wire {
    include!(concat!(env!("OUT_DIR"), "/wire.rs"));
}

/// The descriptors of the messages: for tests of what plays a node, which read recordings by them.
#[cfg(feature = "server")]
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The port of Talos' API on every node.
pub const PORT: u16 = 50_000;
