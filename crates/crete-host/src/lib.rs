//! What this computer can do: checks with evidence, cause and remedy.
//!
//! Everything is looked at through [`World`], so that recorded computers can be checked in tests.
//! This crate knows nothing of images or machines; it only says whether they could be.

mod check;
mod cpu;
mod firmware;
mod kvm;
mod programs;
mod remedies;
mod usage;
mod world;

pub use check::check;
pub use usage::UsageMeter;
pub use world::{KvmProbe, Ran, RecordedWorld, ThisComputer, World};
