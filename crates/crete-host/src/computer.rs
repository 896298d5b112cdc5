//! The computer this runs on.
//!
//! The only place of this crate that touches files, devices and programs; it decides nothing.

use crate::program;
use crate::world::{KvmProbe, Login, Ownership, Ran, WatchPlace, World, watch_places};
use async_trait::async_trait;
use crete_model::Arch;
use kvm_ioctls::Kvm;
use rustix::fs::{Access, access};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A text longer than this is none of those the checks read.
const LONGEST_TEXT: u64 = 1 << 20;
/// An access list has a few entries of eight bytes.
const LONGEST_ACL: usize = 4096;
/// A desktop session's search path may lack what a shell's has; RHEL keeps QEMU in the last.
const ALWAYS_SEARCHED: [&str; 4] = ["/usr/local/bin", "/usr/bin", "/usr/sbin", "/usr/libexec"];

/// Variables that tell of sandboxes and of the person's own folders.
const VARIABLES: [&str; 4] = ["container", "SNAP_NAME", "XDG_CONFIG_HOME", "HOME"];

/// The computer this runs on, or a tree of files that looks like one.
#[derive(Debug, Clone)]
pub struct ThisComputer {
    root: PathBuf,
    search: Vec<PathBuf>,
    variables: BTreeMap<String, String>,
}

impl ThisComputer {
    /// `search` is the value of `PATH`; `user` the login name, for people whom `/etc/passwd` does
    /// not know.
    #[must_use]
    pub fn new(search: &str, user: String) -> Self {
        let mut search: Vec<PathBuf> = std::env::split_paths(search)
            .filter(|folder| folder.is_absolute())
            .collect();
        for extra in ALWAYS_SEARCHED.map(PathBuf::from) {
            if !search.contains(&extra) {
                search.push(extra);
            }
        }
        Self {
            root: PathBuf::from("/"),
            search,
            variables: BTreeMap::from([("USER".to_owned(), user)]),
        }
    }

    /// The same with those variables of the environment that the checks ask for.
    #[must_use]
    pub fn with_variables(mut self, read: impl Fn(&str) -> Option<String>) -> Self {
        let known = VARIABLES
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), read(name)?)));
        self.variables.extend(known);
        self
    }

    /// The same, but every path is looked at below `root`.
    #[must_use]
    pub fn below(self, root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            ..self
        }
    }

    fn real(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }
}

#[async_trait]
impl World for ThisComputer {
    fn arch(&self) -> Arch {
        if cfg!(target_arch = "aarch64") {
            Arch::Arm64
        } else {
            Arch::Amd64
        }
    }

    fn read(&self, path: &Path) -> Option<String> {
        let mut bytes = Vec::new();
        let file = File::open(self.real(path)).ok()?;
        file.take(LONGEST_TEXT).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn begins_with(&self, path: &Path, start: &[u8]) -> bool {
        let mut bytes = vec![0; start.len()];
        let read = File::open(self.real(path)).and_then(|mut file| file.read_exact(&mut bytes));
        read.is_ok() && bytes == start
    }

    fn exists(&self, path: &Path) -> bool {
        self.real(path).exists()
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.real(folder)) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn ownership(&self, path: &Path) -> Option<Ownership> {
        let found = std::fs::metadata(self.real(path)).ok()?;
        Some(Ownership {
            uid: found.uid(),
            gid: found.gid(),
            mode: found.mode() & 0o7777,
        })
    }

    fn acl(&self, path: &Path) -> Option<Vec<u8>> {
        let mut bytes = vec![0; LONGEST_ACL];
        let name = "system.posix_acl_access";
        let length = rustix::fs::getxattr(self.real(path), name, bytes.as_mut_slice()).ok()?;
        bytes.truncate(length);
        Some(bytes)
    }

    fn find(&self, program: &str) -> Vec<PathBuf> {
        let runs = |path: &PathBuf| {
            let real = self.real(path);
            real.is_file() && access(&real, Access::EXEC_OK).is_ok()
        };
        let mut found: Vec<PathBuf> = self
            .search
            .iter()
            .map(|folder| folder.join(program))
            .filter(runs)
            .collect();
        // Where /bin is a link to /usr/bin, the same program is not another one.
        let mut seen = Vec::new();
        found.retain(|path| {
            let target = self.real(path).canonicalize().unwrap_or_default();
            let new = !seen.contains(&target);
            seen.push(target);
            new
        });
        found
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn login(&self) -> Login {
        let mut groups = vec![rustix::process::getegid().as_raw()];
        // Fails only where the kernel knows no groups; the primary one still holds.
        let others = rustix::process::getgroups().unwrap_or_default();
        groups.extend(others.iter().map(|group| group.as_raw()));
        groups.sort_unstable();
        groups.dedup();
        Login {
            uid: rustix::process::geteuid().as_raw(),
            groups,
        }
    }

    fn hypervisor_signature(&self) -> Option<String> {
        signature()
    }

    fn kvm(&self) -> KvmProbe {
        let device = self.real(Path::new("/dev/kvm"));
        let Ok(device) = CString::new(device.as_os_str().as_bytes()) else {
            return KvmProbe::Absent;
        };
        match Kvm::new_with_path(&device) {
            Err(error) => not_opened(error.errno()),
            Ok(kvm) => KvmProbe::Opened {
                api: kvm.get_api_version(),
                create_errno: kvm.create_vm().err().map(|error| error.errno()),
            },
        }
    }

    fn disk_free(&self, path: &Path) -> Option<u64> {
        let path = self.real(path);
        // The folder may not be there yet: its nearest parent lies on the same file system.
        let there = path.ancestors().find(|folder| folder.exists())?;
        let found = rustix::fs::statvfs(there).ok()?;
        Some(found.f_bavail.saturating_mul(found.f_frsize))
    }

    async fn run(&self, program: &Path, args: &[&str], deadline: Duration) -> Ran {
        program::run(&self.real(program), args, deadline).await
    }

    fn watched(&self) -> Vec<WatchPlace> {
        watch_places(&self.root)
    }
}

fn not_opened(errno: i32) -> KvmProbe {
    match Errno::from_raw_os_error(errno) {
        // A device node without a driver behind it: udev makes it before the module is loaded.
        Errno::NOENT | Errno::NODEV | Errno::NXIO => KvmProbe::Absent,
        Errno::ACCESS | Errno::PERM => KvmProbe::Denied,
        _ => KvmProbe::NotOpened { errno },
    }
}

#[cfg(target_arch = "x86_64")]
fn signature() -> Option<String> {
    use std::arch::x86_64::__cpuid;
    /// "A hypervisor is present", in register C of leaf 1.
    const PRESENT: u32 = 1 << 31;
    if __cpuid(1).ecx & PRESENT == 0 {
        return None;
    }
    let leaf = __cpuid(0x4000_0000);
    let bytes: Vec<u8> = [leaf.ebx, leaf.ecx, leaf.edx]
        .into_iter()
        .flat_map(u32::to_le_bytes)
        .collect();
    let text = String::from_utf8_lossy(&bytes);
    Some(text.trim_matches(['\0', ' ']).to_owned())
}

#[cfg(not(target_arch = "x86_64"))]
fn signature() -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_program_is_found_wherever_it_may_be_run_and_once() {
        let root = tempfile::tempdir().unwrap();
        for (folder, mode) in [("text", 0o644), ("good", 0o755), ("late", 0o755)] {
            let folder = root.path().join(folder);
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("qemu-img"), "").unwrap();
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(folder.join("qemu-img"), mode).unwrap();
        }
        std::os::unix::fs::symlink("good", root.path().join("link")).unwrap();
        let computer =
            ThisComputer::new("/text:relative:/good:/link:/late", String::new()).below(root.path());
        assert_eq!(
            computer.find("qemu-img"),
            [Path::new("/good/qemu-img"), Path::new("/late/qemu-img")]
        );
        assert!(computer.find("qemu-system-x86_64").is_empty());
    }

    #[test]
    fn the_room_of_a_folder_that_is_not_there_yet_is_that_of_its_parent() {
        let root = tempfile::tempdir().unwrap();
        let computer = ThisComputer::new("", String::new()).below(root.path());
        let free = computer.disk_free(Path::new("/crete/images"));
        assert!(free.is_some_and(|free| free > 0), "{free:?}");
    }

    #[test]
    fn a_device_without_a_driver_is_none() {
        assert_eq!(not_opened(19), KvmProbe::Absent);
        assert_eq!(not_opened(13), KvmProbe::Denied);
        assert_eq!(not_opened(16), KvmProbe::NotOpened { errno: 16 });
    }

    #[test]
    fn a_plain_file_is_no_kvm() {
        let root = tempfile::tempdir().unwrap();
        let computer = ThisComputer::new("", String::new()).below(root.path());
        assert_eq!(computer.kvm(), KvmProbe::Absent);
        std::fs::create_dir(root.path().join("dev")).unwrap();
        std::fs::write(root.path().join("dev/kvm"), "").unwrap();
        // It opens, but no ioctl of KVM is answered.
        assert!(
            matches!(computer.kvm(), KvmProbe::Opened { api, create_errno: Some(_) } if api != 12)
        );
    }
}
