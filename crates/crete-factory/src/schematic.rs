//! Schematics: read strictly, written canonically, named by the digest of that text.
//!
//! ```text
//! text ─▶ node (YAML with lines) ─▶ decode (paths, types) ─▶ Schematic ─▶ emit ─▶ canonical ─▶ id
//! ```
//!
//! The id is a prediction: the factory's answer to the POST is the truth.

mod decode;
mod emit;
mod node;
mod quote;

use crete_model::Schematic;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

pub use emit::canonical;

/// Why a text is no schematic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchematicError {
    /// There is no document in it.
    #[error("the text is empty")]
    Empty,
    /// It is not YAML.
    #[error("not YAML: {0}")]
    Yaml(String),
    /// A field is not acceptable.
    #[error("line {line}: {field}: {reason}")]
    Field {
        /// Path of the field, for example `customization.meta[0].key`.
        field: String,
        /// Line in the text, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

/// Reads a schematic from YAML or JSON. Only the first document counts.
///
/// # Errors
/// Unknown and repeated keys, wrong types and values out of range, with the field named.
pub fn parse(text: &str) -> Result<Schematic, SchematicError> {
    let node = node::read(text)?.ok_or(SchematicError::Empty)?;
    decode::schematic(&node)
}

/// Reads the options of an overlay: a YAML mapping, or nothing.
///
/// # Errors
/// When the text is not YAML or no mapping.
pub fn parse_options(text: &str) -> Result<Map<String, Value>, SchematicError> {
    match node::read(text)? {
        None => Ok(Map::new()),
        Some(node) => decode::options(&node),
    }
}

/// The options of an overlay as text that [`parse_options`] reads back.
#[must_use]
pub fn options_text(options: &Map<String, Value>) -> String {
    emit::options(options)
}

/// Says where a text is no YAML. Any number of documents is fine.
///
/// # Errors
/// The parser's words, with line and column.
pub fn check_yaml(text: &str) -> Result<(), String> {
    node::check(text)
}

/// The id: lower-case hexadecimal SHA-256 of the canonical text.
#[must_use]
pub fn id(schematic: &Schematic) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(canonical(schematic).as_bytes()) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
