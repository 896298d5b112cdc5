//! The wire schema: which commands there are, what they take and give, what a page is told
//! without asking, and the router that every host (the window, the dev host) shares.
//!
//! This crate holds no logic of the domain: it turns JSON into calls of the engine and of the
//! narrow [`Host`], and the answers into JSON. It knows neither Tauri nor HTTP.

mod addresses;
mod commands;
mod events;
mod host;
mod router;
mod streams;
mod types;
mod typescript;

pub use commands::{COMMANDS, CommandInfo, Handlers, dispatch};
pub use events::{Change, EventFrame, Topic, event_frames};
pub use host::{Host, HostFault};
pub use router::Router;
pub use streams::{ByteChunk, ByteStream, StreamRequest, WINDOW_BYTES};
pub use types::*;
pub use typescript::typescript;
