//! The narrow seam between the checks and the computer.
//!
//! It exists so that the checks are functions of what was seen and of nothing else. It must not
//! interpret: no thresholds, no causes, no sentences. Nothing is changed through it.

use async_trait::async_trait;
use crete_model::Arch;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What running a program gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ran {
    /// It ended well; this is what it printed on standard output.
    Said(String),
    /// It ended badly or could not be started; these are its, or the system's, own words.
    Failed(String),
    /// It did not end in time and was cut off, together with what it had started.
    Hangs {
        /// How long was waited.
        seconds: u64,
    },
}

/// What opening `/dev/kvm` and asking it gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KvmProbe {
    /// There is no such device, or no driver behind it.
    Absent,
    /// This login may not open it.
    Denied,
    /// It could not be opened for another reason.
    NotOpened {
        /// The kernel's error number.
        errno: i32,
    },
    /// It was opened and asked.
    Opened {
        /// `KVM_GET_API_VERSION`.
        api: i32,
        /// Error number of `KVM_CREATE_VM`; absent when a machine could be created.
        create_errno: Option<i32>,
    },
}

/// Who runs Crete, by number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The user.
    pub uid: u32,
    /// All groups of this process, the primary one included: what *this login* may use.
    pub groups: Vec<u32>,
}

/// Who owns a file, and what the owner, the group and others may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ownership {
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// Permission bits.
    pub mode: u32,
}

/// What is looked at. Paths are those of the computer looked at.
///
/// Everything but [`World::run`] may block for as long as the computer likes (a dead network
/// drive, a device that hangs), so the checks never look from one of the runtime's own threads.
#[async_trait]
pub trait World: fmt::Debug + Send + Sync {
    /// The processor's architecture.
    fn arch(&self) -> Arch;
    /// A text file, the first MiB of it; bytes that are no UTF-8 are replaced.
    fn read(&self, path: &Path) -> Option<String>;
    /// True when a file begins so.
    fn begins_with(&self, path: &Path, start: &[u8]) -> bool;
    /// True when there is a file, folder or device, links followed.
    fn exists(&self, path: &Path) -> bool;
    /// Names of what is in a folder, sorted.
    fn list(&self, folder: &Path) -> Vec<String>;
    /// Who owns a file.
    fn ownership(&self, path: &Path) -> Option<Ownership>;
    /// The value of `system.posix_acl_access`, where the file has more than its mode.
    fn acl(&self, path: &Path) -> Option<Vec<u8>>;
    /// Programs of this name that may be run, in the order of the search path.
    fn find(&self, program: &str) -> Vec<PathBuf>;
    /// A variable of the program's environment.
    fn variable(&self, name: &str) -> Option<String>;
    /// Who runs Crete.
    fn login(&self) -> Login;
    /// How a hypervisor around this computer signs: CPUID leaf 0x4000_0000, on x86.
    fn hypervisor_signature(&self) -> Option<String>;
    /// Opens and asks `/dev/kvm`.
    fn kvm(&self) -> KvmProbe;
    /// Bytes free for this login where `path` is, or would be.
    fn disk_free(&self, path: &Path) -> Option<u64>;
    /// Runs a program to its end, without input; at the deadline it is ended.
    async fn run(&self, program: &Path, args: &[&str], deadline: Duration) -> Ran;
    /// Where changes would make another look worthwhile.
    fn watched(&self) -> Vec<WatchPlace> {
        Vec::new()
    }
}

/// A folder in which a change of some files makes another look worthwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchPlace {
    /// The folder, as this program reaches it.
    pub folder: PathBuf,
    /// Names that matter; all when empty.
    pub names: Vec<&'static str>,
}

impl WatchPlace {
    /// True when a change at `path` matters.
    #[must_use]
    pub fn covers(&self, path: &Path) -> bool {
        let Ok(inside) = path.strip_prefix(&self.folder) else {
            return false;
        };
        let first = inside.iter().next().and_then(std::ffi::OsStr::to_str);
        self.names.is_empty() || first.is_some_and(|name| self.names.contains(&name))
    }
}

/// The kernel's device, the package databases and the groups, below `root`.
pub(crate) fn watch_places(root: &Path) -> Vec<WatchPlace> {
    let place = |folder: &str, names: &[&'static str]| WatchPlace {
        folder: root.join(folder),
        names: names.to_vec(),
    };
    vec![
        place("dev", &["kvm"]),
        // Tools replace the file, so it is the folder that is watched.
        place("etc", &["group"]),
        place("etc/modprobe.d", &[]),
        place("var/lib/dpkg", &["status"]),
        place("var/lib/rpm", &[]),
        place("usr/lib/sysimage/rpm", &[]),
        place("var/lib/pacman/local", &[]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_files_of_a_folder_matter() {
        let places = watch_places(Path::new("/"));
        let covered = |path: &str| places.iter().any(|place| place.covers(Path::new(path)));
        assert!(covered("/dev/kvm"));
        assert!(covered("/etc/group"));
        assert!(covered("/var/lib/pacman/local/qemu-base-10.1.2-1"));
        assert!(!covered("/dev/tty1"));
        assert!(!covered("/etc/passwd"));
        assert!(!covered("/var/lib/dpkg/status-old"));
        assert!(!covered("/home/ariadne/group"));
    }
}
