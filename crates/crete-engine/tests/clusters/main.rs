//! Clusters on practice nodes in this process: real TLS, real certificates, real refusals, and a
//! life that is many times faster than that of real nodes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod drafts;
mod failing;
mod faults;
mod forming;
#[allow(dead_code, reason = "shared with the tests that kill")]
mod ground;
mod handed_over;
mod handover;
mod leaving;
mod living;
mod patches;
mod sample;
mod sleeping;
