//! What can be looked at: this computer, or a recorded one.

use async_trait::async_trait;
use crete_model::Arch;
use kvm_ioctls::Kvm;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// A program that takes longer to say its version is not waited for.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// What running a program gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ran {
    /// It ended; this is what it printed on standard output.
    Said(String),
    /// It ended badly; this is what it printed.
    Failed(String),
    /// It did not end in time and was cut off.
    Hangs {
        /// How long was waited.
        seconds: u64,
    },
}

/// What opening `/dev/kvm` and asking it gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KvmProbe {
    /// There is no such device.
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

/// What is looked at. Nothing is changed through it.
#[async_trait]
pub trait World: fmt::Debug + Send + Sync {
    /// The processor's architecture.
    fn arch(&self) -> Arch;
    /// A text file.
    fn read(&self, path: &Path) -> Option<String>;
    /// True when there is a file or folder.
    fn exists(&self, path: &Path) -> bool;
    /// Names of the files in a folder, sorted.
    fn list(&self, folder: &Path) -> Vec<String>;
    /// The absolute path of a program, by the search path.
    fn find(&self, program: &str) -> Option<PathBuf>;
    /// Runs a program, with a deadline.
    async fn run(&self, program: &Path, args: &[&str]) -> Ran;
    /// Opens and asks `/dev/kvm`.
    fn kvm(&self) -> KvmProbe;
    /// Names of the groups this login has.
    fn login_groups(&self) -> Vec<String>;
    /// The person's login name.
    fn user(&self) -> String;
    /// Memory in all and available, bytes.
    fn memory(&self) -> (u64, u64);
    /// Bytes free for this login where `path` is, or would be.
    fn disk_free(&self, path: &Path) -> u64;
}

/// The computer this runs on.
#[derive(Debug, Clone)]
pub struct ThisComputer {
    search: Vec<PathBuf>,
    user: String,
}

impl ThisComputer {
    /// `search` is the value of `PATH`; `user` the login name.
    #[must_use]
    pub fn new(search: &str, user: String) -> Self {
        let mut search: Vec<PathBuf> = std::env::split_paths(search).collect();
        // A desktop session's path may lack what a shell's has.
        for extra in ["/usr/local/bin", "/usr/bin", "/usr/sbin", "/usr/libexec"] {
            if !search.iter().any(|folder| folder == Path::new(extra)) {
                search.push(PathBuf::from(extra));
            }
        }
        Self { search, user }
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
        std::fs::read(path)
            .ok()
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn find(&self, program: &str) -> Option<PathBuf> {
        self.search
            .iter()
            .map(|folder| folder.join(program))
            .find(|path| path.is_file())
    }

    async fn run(&self, program: &Path, args: &[&str]) -> Ran {
        let mut command = tokio::process::Command::new(program);
        command.args(args).stdin(Stdio::null()).kill_on_drop(true);
        match tokio::time::timeout(ANSWERS_WITHIN, command.output()).await {
            Ok(Ok(output)) if output.status.success() => {
                Ran::Said(String::from_utf8_lossy(&output.stdout).into_owned())
            }
            Ok(Ok(output)) => Ran::Failed(String::from_utf8_lossy(&output.stderr).into_owned()),
            Ok(Err(error)) => Ran::Failed(error.to_string()),
            Err(_) => Ran::Hangs {
                seconds: ANSWERS_WITHIN.as_secs(),
            },
        }
    }

    fn kvm(&self) -> KvmProbe {
        let kvm = match Kvm::new() {
            Ok(kvm) => kvm,
            Err(error) => {
                let errno = error.errno();
                return match io::Error::from_raw_os_error(errno).kind() {
                    io::ErrorKind::NotFound => KvmProbe::Absent,
                    io::ErrorKind::PermissionDenied => KvmProbe::Denied,
                    _ => KvmProbe::NotOpened { errno },
                };
            }
        };
        let create_errno = kvm.create_vm().err().map(|error| error.errno());
        KvmProbe::Opened {
            api: kvm.get_api_version(),
            create_errno,
        }
    }

    fn login_groups(&self) -> Vec<String> {
        let mut ids = rustix::process::getgroups().unwrap_or_default();
        ids.push(rustix::process::getegid());
        let groups = self.read(Path::new("/etc/group")).unwrap_or_default();
        groups
            .lines()
            .filter_map(|line| {
                let mut fields = line.split(':');
                let name = fields.next()?;
                let id: u32 = fields.nth(1)?.parse().ok()?;
                ids.iter()
                    .any(|known| known.as_raw() == id)
                    .then(|| name.to_owned())
            })
            .collect()
    }

    fn user(&self) -> String {
        self.user.clone()
    }

    fn memory(&self) -> (u64, u64) {
        let text = self.read(Path::new("/proc/meminfo")).unwrap_or_default();
        let kib = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        };
        (
            kib("MemTotal:").unwrap_or(0) * 1024,
            kib("MemAvailable:").unwrap_or(0) * 1024,
        )
    }

    fn disk_free(&self, path: &Path) -> u64 {
        // The folder may not be there yet: its nearest parent lies on the same file system.
        let there = path
            .ancestors()
            .find(|folder| folder.exists())
            .unwrap_or(Path::new("/"));
        rustix::fs::statvfs(there).map_or(0, |stat| stat.f_bavail * stat.f_frsize)
    }
}

/// A computer written down: what a test looks at instead.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecordedWorld {
    arch: Arch,
    user: String,
    login_groups: Vec<String>,
    kvm: KvmProbe,
    /// In all and available, bytes.
    memory: (u64, u64),
    disk_free: u64,
    /// Text by path. Programs and devices are files too; their text does not matter.
    files: BTreeMap<PathBuf, String>,
    /// Answers by command line.
    programs: BTreeMap<String, Ran>,
}

#[async_trait]
impl World for RecordedWorld {
    fn arch(&self) -> Arch {
        self.arch
    }

    fn read(&self, path: &Path) -> Option<String> {
        self.files.get(path).cloned()
    }

    fn exists(&self, path: &Path) -> bool {
        self.files.keys().any(|file| file.starts_with(path))
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        let inside = self
            .files
            .keys()
            .filter_map(|file| file.strip_prefix(folder).ok());
        let first = inside.filter_map(|rest| rest.iter().next());
        let mut names: Vec<String> = first
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.dedup();
        names
    }

    fn find(&self, program: &str) -> Option<PathBuf> {
        let path = Path::new("/usr/bin").join(program);
        self.files.contains_key(&path).then_some(path)
    }

    async fn run(&self, program: &Path, args: &[&str]) -> Ran {
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let line = format!("{name} {}", args.join(" "));
        self.programs
            .get(&line)
            .cloned()
            .unwrap_or_else(|| Ran::Failed(format!("{line}: not recorded")))
    }

    fn kvm(&self) -> KvmProbe {
        self.kvm
    }

    fn login_groups(&self) -> Vec<String> {
        self.login_groups.clone()
    }

    fn user(&self) -> String {
        self.user.clone()
    }

    fn memory(&self) -> (u64, u64) {
        self.memory
    }

    fn disk_free(&self, _: &Path) -> u64 {
        self.disk_free
    }
}
