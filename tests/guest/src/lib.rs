//! The practice guest: PID 1 of a small Linux image that is a practice Talos node. It is no Talos,
//! and says so on its console.
//!
//! ```text
//! main ─▶ machine ─┬─ crete-practice-node   everything that is Talos
//!                  ├─ net ─▶ dhcp           what the network gives it
//!                  ├─ disk                  what it keeps, and boots from once it is installed
//!                  ├─ service               where it meets the other guests
//!                  ├─ console               the kernel's log: the first serial port
//!                  ├─ dashboard             the second serial port
//!                  └─ power                 button, Ctrl-Alt-Del; power-off and reboot
//! ```
//!
//! The node is the very code that tests run in process; here it is given a real machine. What is here
//! knows nothing of Talos: codecs are pure and tested on the building computer; what calls the
//! kernel is thin.
//!
//! # Meeting others
//!
//! Guests of practice mode meet through the practice factory, which every network of practice mode
//! offers at its gateway (`factory.crete.test`, port 80; see `crete-testkit`, `factory/service.rs`).
//! Where nobody is, a guest is alone with itself, and tries again.
//!
//! # What it is told
//!
//! By the practice service, at any time: what is to go wrong (`PUT /practice/machines/UUID/faults`).
//! By arguments of its kernel, which QEMU hands over in SMBIOS too
//! (`io.systemd.stub.kernel-cmdline-extra=`):
//!
//! - `crete.practice.faults=NAME,…`: what goes wrong from the beginning on, by the names of
//!   [`crete_practice_node::Fault`].
//! - `crete.practice.faster=N`: how much faster than a real one the node lives (20).
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::cast_possible_truncation,
        reason = "a test fails by panicking"
    )
)]

pub mod cmdline;
pub mod console;
pub mod cpu;
pub mod dashboard;
pub mod dhcp;
pub mod disk;
pub mod error;
mod kernel;
pub mod machine;
pub mod modules;
pub mod mount;
pub mod net;
pub mod node;
pub mod power;
pub mod service;
pub mod smbios;
