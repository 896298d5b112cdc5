//! Machines against a fake QEMU that behaves as badly as its script wants.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod adoption;
mod consoles;
mod deletion;
mod ends;
mod ladder;
mod networks;
mod scopes;
mod starting;
#[path = "../support/mod.rs"]
mod support;
