//! QEMU machines: arguments, QMP, processes, serial consoles, disks.
//!
//! This crate knows how to run one QEMU and listen to it. It knows neither images nor jobs, and
//! nothing of Talos beyond what a console prints.

pub mod args;
pub mod boot;
pub mod disk;
pub mod lock;
pub mod process;
pub mod qmp;
pub mod scope;
pub mod screen;
pub mod serial;
