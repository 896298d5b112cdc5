//! YAML as Talos handles it: a tree of texts, each with its line, written back in Talos' own form.
//!
//! A scalar keeps the text it was written with.
//! What `1.10`, `off` or `0o644` mean depends on the field they stand in, and only a schema knows
//! that; reading them as YAML's own types first would lose what the person wrote.

mod emit;
mod node;
mod plain;
mod read;

pub use emit::{emit, emit_documents};
pub use node::{Entry, Kind, Node, Origin};
pub(crate) use plain::{Plain, resolve};
pub(crate) use read::read_all;
pub use read::{read, read_one};

/// Why a text is not YAML that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct YamlError {
    /// Line in the text, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}
