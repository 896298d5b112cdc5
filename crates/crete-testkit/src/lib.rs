//! Fakes that stand for things that are not ours, and behave as badly as the real ones.
//!
//! No product crate depends on this one; its program is started, not linked.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a fake that cannot go on should end loudly"
)]

mod built;
pub mod disks;
pub mod factory;
pub mod qemu;
pub mod rude;
mod skip;
pub mod systemd;
pub mod talos;
pub mod tls;

pub use built::built;
pub use skip::skip;
