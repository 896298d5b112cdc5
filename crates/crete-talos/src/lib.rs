//! Talos: secrets and certificates, machine configuration, and the API of a node.
//!
//! ```text
//! contract ─▶ pki ─▶ config        pure: no socket, no clock, no randomness of their own
//!                    api           an address in, typed answers out
//! ```
//!
//! This crate knows an address, not a machine: what runs behind it is the engine's business.

#[cfg(feature = "api")]
pub mod api;
pub mod config;
mod contract;
pub mod pki;
pub mod yaml;

pub use contract::{Contract, UnknownContract};
