//! What is inside image files: their kind, whether their tables agree with themselves and with
//! the file's length, the files of their boot volumes, and which Talos that is.
//!
//! Everything is read at places through [`ReadAt`], never as a whole, and nothing is believed:
//! every number of a file is compared with the file's length before it is used.
//! Absent: downloads, machines, QEMU. Nothing here writes.
//!
//! ```text
//! file ─▶ kind ─▶ check (iso, gpt, qcow2)          is it whole?
//!                 recognise ─▶ tree (iso, fat) ─▶ uki ─▶ which Talos, for which processor?
//! ```

mod check;
mod error;
mod fat;
mod gpt;
mod iso;
mod kind;
mod qcow2;
mod recognise;
mod source;
mod tree;
mod uki;

pub use check::{check, virtual_size};
pub use error::ImageError;
pub use kind::{HEAD, Kind, kind};
pub use recognise::{Recognised, recognise};
pub use source::ReadAt;
