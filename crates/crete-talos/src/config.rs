//! Machine configurations: made, read, patched and judged, without asking a node.
//!
//! ```text
//! Options + Bundle ─▶ generate ─▶ Configuration ─▶ validate ─▶ Verdict
//! text ─▶ read (strict, by version) ──▲    │
//! patches ─▶ read ─▶ apply ────────────────┘
//! ```
//!
//! A configuration stays the texts it was written with; a schema by version says what they mean.
//! What is refused, is refused in Talos' own words, with the field and the line beside them.

mod additions;
mod cel;
mod change;
mod concerns;
mod decode;
mod document;
mod fault;
mod formats;
mod generate;
mod keys;
mod options;
mod origins;
mod patch;
mod schema;
mod settle;
mod validate;

pub use additions::{
    Additions, DiskKey, InstallSelector, Link, Time, TrustedRoot, UserVolume, VirtualIp,
};
pub use change::{Change, Way, changes, secret_lines};
pub use concerns::{Surroundings, least_memory};
pub use document::{Configuration, Document};
pub use fault::{Fault, Faults, Stage, What};
pub use generate::{MachineRole, generate};
pub use keys::{keys, reference};
pub use options::{Cni, Mirror, Options, RegistryTrust};
pub use patch::{Applied, Patch};
pub use validate::{Disk, Machine, Mode, Verdict};

use crate::Contract;

/// The kinds of documents a version knows besides the main one, sorted.
#[must_use]
pub fn kinds(contract: Contract) -> Vec<&'static str> {
    schema::Schema::of(contract).kinds()
}
