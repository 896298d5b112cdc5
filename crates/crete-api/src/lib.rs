//! The wire schema: which commands there are, what they take and give, what a page is told
//! without asking, and the router that every host (the window, the dev host) shares.
//!
//! This crate holds no logic of the domain: it turns JSON into calls of the engine and of the
//! narrow host, and the answers into JSON. It knows neither Tauri nor HTTP.

mod commands;
mod events;
mod streams;
mod types;
mod typescript;

pub use commands::{COMMANDS, CommandInfo, Handlers, dispatch};
pub use events::{Change, EventFrame, Topic};
pub use streams::{ByteChunk, ByteStream, StreamRequest, WINDOW_BYTES};
pub use types::*;
pub use typescript::typescript;
