//! Resumable downloads, digests, decompression, per-entry locks.
//!
//! This crate exists so that a file of gigabytes arrives whole or not at all: everything is
//! written to `TARGET.part`, and nothing but the final rename ever creates `TARGET`.
//! It must not know what the files are for: no Talos, no Image Factory, no catalogue.
//!
//! One download runs through these states:
//!
//! ```text
//! waiting for lock → asking → (building) → look → transfer → check → rename
//!                      ↑                            │ cut, stalled, 5xx, 429, link over
//!                      └───────── retrying ←────────┘
//! ```
//!
//! Nothing that is there is given up before an answer is known to be the file: a login page in
//! the middle of a resumed download costs nothing.

mod container;
mod digest;
mod download;
mod durable;
mod error;
mod http;
mod lock;
mod partial;
mod place;
mod plain;
mod rate;
pub mod resume;
pub mod retry;
mod space;
mod sparse;
mod unpack;

pub use container::{Container, check_file};
pub use digest::{Digest, sha256_file};
pub use download::{Check, Downloaded, Event, Patience, Request, download};
pub use durable::{remove, rename};
pub use error::{ClientPart, FetchError, NoWay, NotPlain, ProxyFault, TlsFault};
pub use http::{Http, HttpOptions, ProxyChoice, page_title};
pub use partial::{Partial, forget_arrival, forget_side, part_path, partial};
pub use place::Existing;
pub use plain::{Plain, open_plain, stamp};
pub use space::{FreeSpace, RESERVE, available};
pub use unpack::{UnpackEvent, Unpacked, check_packed, peek, take_over, unpack};
