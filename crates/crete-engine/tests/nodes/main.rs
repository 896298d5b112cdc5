//! Nodes that are looked at: practice nodes over real sockets and TLS, on machines of a fake QEMU.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod config;
mod life;
mod looking;
mod site;
mod telling;
mod trust;

#[path = "../support/mod.rs"]
mod support;
