//! What Crete talks about: ids, specs (wanted), status (observed), drafts (unvalidated).
//!
//! Everything here is plain data that travels to disk and to the page, so it derives serde and
//! ts-rs and does nothing else: no runtime, no files, no sockets, no clock.
//!
//! Sentences never live here.
//! Whatever a person reads travels as a code and parameters, and becomes English in the page's
//! one catalogue; the codes are enums, so the catalogue's completeness is checked by TypeScript.

mod access;
mod cluster;
mod company;
mod config;
mod host;
mod ids;
mod image;
mod image_file;
mod import;
mod job;
mod machine;
mod name;
mod network;
mod node;
mod node_calls;
mod node_config;
mod node_figures;
mod node_stream;
mod problem;
mod save;
mod schematic;
mod settings;
mod studio;
mod tools;
mod trash;
mod version;

pub use access::*;
pub use cluster::*;
pub use company::*;
pub use config::*;
pub use host::*;
pub use ids::*;
pub use image::*;
pub use image_file::*;
pub use import::*;
pub use job::*;
pub use machine::*;
pub use name::*;
pub use network::*;
pub use node::*;
pub use node_calls::*;
pub use node_config::*;
pub use node_figures::*;
pub use node_stream::*;
pub use problem::*;
pub use save::*;
pub use schematic::*;
pub use settings::*;
pub use studio::*;
pub use tools::*;
pub use trash::*;
pub use version::*;

use std::collections::BTreeMap;

/// Values that a sentence of the page's catalogue fills in, by name.
///
/// Sizes are decimal bytes, durations decimal seconds, both as text without a unit: the page formats.
pub type Params = BTreeMap<String, String>;

/// Builds [`Params`]: `params! { "path" => path.display(), "needed" => bytes }`.
#[macro_export]
macro_rules! params {
    () => { $crate::Params::new() };
    ($($name:literal => $value:expr),+ $(,)?) => {
        $crate::Params::from([$(($name.to_owned(), $value.to_string())),+])
    };
}
