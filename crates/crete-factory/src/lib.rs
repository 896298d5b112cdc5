//! The Image Factory: its catalogue, schematics and their ids, asset names, and a client.
//!
//! The schematic's canonical text and id are computed here, offline; the factory confirms them.
//! This crate downloads no images and knows nothing of machines.

mod asset;
pub mod catalogue;
mod client;
mod problem;
mod refusal;
pub mod schematic;
pub mod studio;
mod versions;

pub use asset::{
    ImageMedium, Savable, asset_name, estimated_size, image_url, output_url, parse_base, savable,
    serial_console_schematic,
};
pub use client::{Client, Created, FactoryError};
pub use problem::way_problem;
pub use refusal::{Blamed, Offered, blamed, suspect};
pub use versions::group_versions;
