//! A computer that was written down.
//!
//! It exists so that computers nobody has at hand (a busy processor, a person who is not at the
//! screen, a QEMU that hangs) can be checked in tests. It must not know the checks.

use crate::world::{KvmProbe, Login, Ownership, Ran, World};
use async_trait::async_trait;
use crete_model::Arch;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A recorded computer. Readable from YAML or JSON; see `tests/fixtures/host-worlds`.
///
/// A record may leave out what it shares with another: [`RecordedWorld::over`] completes it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedWorld {
    /// What is special about this computer, for people.
    #[serde(default)]
    pub about: String,
    /// Name of the record that completes this one.
    pub base: Option<String>,
    /// Its architecture; amd64 where nothing is said.
    arch: Option<Arch>,
    /// Who runs Crete.
    login: Option<Login>,
    /// What `/dev/kvm` answers.
    kvm: Option<KvmProbe>,
    /// CPUID leaf 0x4000_0000; empty for none.
    hypervisor_signature: Option<String>,
    /// Bytes free where Crete keeps its files.
    disk_free: Option<u64>,
    /// Folders in which programs are found, in this order.
    search: Option<Vec<PathBuf>>,
    /// Text by path; `null` for what the completing record has and this computer has not.
    #[serde(default)]
    files: BTreeMap<PathBuf, Option<String>>,
    /// Owner, group and mode by path.
    #[serde(default)]
    ownership: BTreeMap<PathBuf, Ownership>,
    /// Access lists by path, as `getfacl --omit-header --numeric` prints them, with commas.
    #[serde(default)]
    acls: BTreeMap<PathBuf, String>,
    /// Variables of the environment.
    #[serde(default)]
    variables: BTreeMap<String, String>,
    /// Programs by path: answers by arguments, or `null` as for files.
    #[serde(default)]
    programs: BTreeMap<PathBuf, Option<BTreeMap<String, Ran>>>,
    /// Whoever looks at these paths waits for ever, as on a drive that is gone.
    #[serde(default)]
    stuck: BTreeSet<PathBuf>,
}

impl RecordedWorld {
    /// This record, completed by `base` where it says nothing. What is kept by path or by name is
    /// completed one by one, everything else as a whole.
    #[must_use]
    pub fn over(self, base: Self) -> Self {
        fn merged<K: Ord, V>(mut base: BTreeMap<K, V>, own: BTreeMap<K, V>) -> BTreeMap<K, V> {
            base.extend(own);
            base
        }
        Self {
            about: self.about,
            base: base.base,
            arch: self.arch.or(base.arch),
            login: self.login.or(base.login),
            kvm: self.kvm.or(base.kvm),
            hypervisor_signature: self.hypervisor_signature.or(base.hypervisor_signature),
            disk_free: self.disk_free.or(base.disk_free),
            search: self.search.or(base.search),
            files: merged(base.files, self.files),
            ownership: merged(base.ownership, self.ownership),
            acls: merged(base.acls, self.acls),
            variables: merged(base.variables, self.variables),
            programs: merged(base.programs, self.programs),
            stuck: base.stuck.into_iter().chain(self.stuck).collect(),
        }
    }

    fn wait_if_stuck(&self, path: &Path) {
        while self.stuck.contains(path) {
            std::thread::park();
        }
    }

    /// Paths that exist, devices and programs included.
    fn present(&self) -> impl Iterator<Item = &Path> {
        let files = self.files.iter().filter(|(_, text)| text.is_some());
        let programs = self.programs.iter().filter(|(_, it)| it.is_some());
        files
            .map(|(path, _)| path.as_path())
            .chain(programs.map(|(path, _)| path.as_path()))
            .chain(self.ownership.keys().map(PathBuf::as_path))
    }
}

#[async_trait]
impl World for RecordedWorld {
    fn arch(&self) -> Arch {
        self.arch.unwrap_or(Arch::Amd64)
    }

    fn read(&self, path: &Path) -> Option<String> {
        self.wait_if_stuck(path);
        self.files.get(path)?.clone()
    }

    fn begins_with(&self, path: &Path, start: &[u8]) -> bool {
        self.read(path)
            .is_some_and(|text| text.as_bytes().starts_with(start))
    }

    fn exists(&self, path: &Path) -> bool {
        self.wait_if_stuck(path);
        self.present().any(|file| file.starts_with(path))
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        let inside = |file: &Path| {
            let first = file.strip_prefix(folder).ok()?.iter().next()?;
            Some(first.to_string_lossy().into_owned())
        };
        let names: BTreeSet<String> = self.present().filter_map(inside).collect();
        names.into_iter().collect()
    }

    fn ownership(&self, path: &Path) -> Option<Ownership> {
        self.ownership.get(path).copied()
    }

    fn acl(&self, path: &Path) -> Option<Vec<u8>> {
        self.acls.get(path).map(|text| acl_bytes(text))
    }

    fn find(&self, program: &str) -> Vec<PathBuf> {
        let folders = self.search.clone().unwrap_or_default();
        let there = |path: &PathBuf| self.programs.get(path).is_some_and(Option::is_some);
        folders
            .iter()
            .map(|folder| folder.join(program))
            .filter(there)
            .collect()
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn login(&self) -> Login {
        self.login.clone().unwrap_or(Login {
            uid: 1000,
            groups: vec![1000],
        })
    }

    fn hypervisor_signature(&self) -> Option<String> {
        self.hypervisor_signature
            .clone()
            .filter(|name| !name.is_empty())
    }

    fn kvm(&self) -> KvmProbe {
        self.kvm.unwrap_or(KvmProbe::Absent)
    }

    fn disk_free(&self, path: &Path) -> Option<u64> {
        self.wait_if_stuck(path);
        self.disk_free
    }

    async fn run(&self, program: &Path, args: &[&str], _: Duration) -> Ran {
        let line = args.join(" ");
        let answers = self.programs.get(program).and_then(Option::as_ref);
        // An asterisk stands for all arguments that are not written down.
        let answer = answers.and_then(|all| all.get(&line).or_else(|| all.get("*")));
        answer
            .cloned()
            .unwrap_or_else(|| Ran::Failed(format!("{} {line}: not recorded", program.display())))
    }
}

/// The kernel's form of `user::rw-,user:1000:rw-,group::rw-,mask::rw-,other::---`. What is no
/// entry is left out.
fn acl_bytes(text: &str) -> Vec<u8> {
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for entry in text.split(',') {
        let fields: Vec<&str> = entry.trim().split(':').collect();
        let [kind, id, letters] = fields[..] else {
            continue;
        };
        let tag: u16 = match (kind, id) {
            ("user", "") => 0x01,
            ("user", _) => 0x02,
            ("group", "") => 0x04,
            ("group", _) => 0x08,
            ("mask", _) => 0x10,
            _ => 0x20,
        };
        let bit = |letter, value: u16| if letters.contains(letter) { value } else { 0 };
        let may = bit('r', 4) | bit('w', 2) | bit('x', 1);
        bytes.extend(tag.to_le_bytes());
        bytes.extend(may.to_le_bytes());
        bytes.extend(id.parse().unwrap_or(u32::MAX).to_le_bytes());
    }
    bytes
}
