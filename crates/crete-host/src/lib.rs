//! What this computer can do: checks with evidence, cause and remedy, and the changes that mend it.
//!
//! Everything is looked at through [`World`], so that recorded computers can be checked in tests.
//! The checks change nothing; [`pkexec`] carries out what the person agreed to.
//! This crate knows nothing of images or machines; it only says whether they could be.

mod accounts;
mod acl;
mod check;
pub mod company;
mod computer;
mod cpu;
mod distribution;
mod firmware;
mod fixes;
mod kvm;
pub mod pkexec;
mod program;
mod qemu;
mod recorded;
mod room;
mod surroundings;
pub mod tools;
mod usage;
mod world;

pub use check::{Checks, Limits};
pub use computer::ThisComputer;
pub use recorded::RecordedWorld;
pub use usage::{Claim, UsageMeter};
pub use world::{KvmProbe, Login, Ownership, Ran, WatchPlace, World};

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Writes a program from outside this process: a file this process has open for writing cannot be
    /// run while another test starts a program, because that one holds it open for an instant too.
    pub(crate) fn executable(path: &Path, text: &str) {
        use std::io::Write;
        let mut child = std::process::Command::new("install")
            .args(["-m", "755", "/dev/stdin"])
            .arg(path)
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        assert!(child.wait().unwrap().success());
    }
}
