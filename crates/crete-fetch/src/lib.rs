//! Resumable downloads, digests, decompression, per-entry locks.
//!
//! This crate exists so that a file of gigabytes arrives whole or not at all: everything is
//! written to `TARGET.part`, and nothing but the final rename ever creates `TARGET`.
//! It must not know what the files are for: no Talos, no Image Factory, no catalogue.
//!
//! One download runs through these states:
//!
//! ```text
//! waiting for lock → asking → (building) → transfer → check → rename
//!                      ↑                       │ cut, 5xx, 429, timeout
//!                      └────── retrying ←──────┘
//! ```

mod client;
mod container;
mod digest;
mod download;
mod error;
mod lock;
mod partial;
mod rate;
pub mod resume;
mod space;
mod unpack;

pub use client::{HttpOptions, client};
pub use container::{Container, check_file};
pub use digest::{Digest, sha256_file};
pub use download::{Downloaded, Event, Request, download};
pub use error::{FetchError, classify};
pub use partial::{Partial, partial};
pub use space::{FreeSpace, RESERVE, available};
pub use unpack::{UnpackEvent, Unpacked, unpack};
