//! The practice guest: PID 1 of a small Linux image that behaves towards its surroundings as a
//! Talos node without a configuration does. It is no Talos, and says so on its console.
//!
//! ```text
//! main ─▶ node ─┬─ net ─▶ dhcp        addresses
//!               ├─ api ─▶ certificate the maintenance API on port 50000
//!               ├─ dashboard          the second serial port
//!               └─ power              button, Ctrl-Alt-Del ─▶ shutdown
//!                      all told to, and by, `status`; every line of text through `console`
//! ```
//!
//! Codecs and texts are pure and tested on the building computer; what calls the kernel is thin.

pub mod api;
pub mod certificate;
pub mod cmdline;
pub mod console;
pub mod cpu;
pub mod dashboard;
pub mod dhcp;
pub mod error;
mod kernel;
pub mod modules;
pub mod mount;
pub mod net;
pub mod node;
pub mod power;
pub mod sequence;
pub mod shutdown;
pub mod smbios;
pub mod status;
pub mod version;
