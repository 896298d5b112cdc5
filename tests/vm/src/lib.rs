//! How tests start real machines: found, planned and spawned by the product's own parts, from the
//! images that `cargo xtask practice` built. Everything a machine leaves goes with its folder, and
//! a test that fails ends its machine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod api;
mod net;
mod plan;
mod vm;

pub use api::{Answer, ask_version, ask_version_at};
pub use net::{Net, Seat, Ways};
pub use plan::Boot;
pub use vm::{ADDRESS, Alone, Place, Vm};

use crete_engine::Places;
use std::path::PathBuf;
use std::time::Duration;

/// Emulation on a computer that compiles at the same time is slow; a hang still ends.
pub const PATIENCE: Duration = Duration::from_secs(300);
/// The last line of a boot that went well.
pub const LAST_LINE: &str = "service[apid](Running): Health check successful";

/// An image that was built, by its file's name.
///
/// # Panics
/// When it was not.
#[must_use]
pub fn image(name: &str) -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let read = |name: &str| std::env::var(name).ok();
    let path = Places::from_environment(read, &program)
        .practice
        .images
        .join(name);
    assert!(
        path.is_file(),
        "{} is not there: cargo xtask practice",
        path.display()
    );
    path
}
