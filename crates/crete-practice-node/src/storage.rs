//! The disk of a node, as far as something on it outlives a reboot.

use crate::cluster::Etcd;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Where a node keeps what is on its disk.
pub trait Storage: Debug + Send + Sync {
    /// What was written last; nothing on an empty disk.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&self) -> io::Result<Option<Vec<u8>>>;

    /// Replaces everything. `disk` is the one that Talos is installed on, such as `vda`; without
    /// any, what was there is wiped.
    ///
    /// # Errors
    /// When it cannot be written.
    fn write(&self, disk: Option<&str>, content: &[u8]) -> io::Result<()>;
}

/// A disk in memory.
#[derive(Debug, Default)]
pub struct MemoryStorage(Mutex<Option<Vec<u8>>>);

impl Storage for MemoryStorage {
    fn read(&self) -> io::Result<Option<Vec<u8>>> {
        Ok(self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone())
    }

    fn write(&self, _: Option<&str>, content: &[u8]) -> io::Result<()> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(content.to_vec());
        Ok(())
    }
}

/// A disk in a file, replaced in one step.
#[derive(Debug)]
pub struct FileStorage(pub PathBuf);

impl Storage for FileStorage {
    fn read(&self) -> io::Result<Option<Vec<u8>>> {
        match fs::read(&self.0) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn write(&self, _: Option<&str>, content: &[u8]) -> io::Result<()> {
        let new = self.0.with_extension("new");
        let mut file = fs::File::create(&new)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(new, &self.0)
    }
}

/// What is on the disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Content {
    /// The disk that Talos is installed on, such as `vda`.
    pub system_disk: Option<String>,
    /// The version that is booted from it, with `v`.
    pub version: String,
    /// The version that a rollback goes back to.
    pub previous: Option<String>,
    /// The partition STATE; nothing when there is none.
    pub state: Option<StatePartition>,
    /// The partition EPHEMERAL; nothing when there is none.
    pub ephemeral: Option<Ephemeral>,
    /// META, which outlives even a reset of the others.
    pub meta: BTreeMap<u8, String>,
}

/// What is on STATE.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StatePartition {
    /// The configuration.
    pub configuration: Option<String>,
    /// The node's identity in discovery.
    pub node_id: String,
}

/// What is on EPHEMERAL.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ephemeral {
    /// The data of an etcd member: which it is,
    pub etcd: Option<EtcdData>,
    /// and what it knows.
    #[serde(default)]
    pub kept: Option<Etcd>,
}

/// Which etcd a member is of, and which member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EtcdData {
    pub cluster: u64,
    pub member: u64,
}

impl Content {
    /// Reads a disk. What cannot be read counts as an empty disk, as a machine's firmware does.
    pub fn load(storage: &dyn Storage) -> Self {
        let read = storage.read().ok().flatten();
        read.and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    pub fn save(&self, storage: &dyn Storage) -> io::Result<()> {
        storage.write(self.system_disk.as_deref(), &serde_json::to_vec(self)?)
    }

    /// True when a boot finds Talos on the disk.
    pub fn is_installed(&self) -> bool {
        self.system_disk.is_some()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_disk_reads_back_and_an_unreadable_one_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let file = FileStorage(folder.path().join("disk"));
        for storage in [&file as &dyn Storage, &MemoryStorage::default()] {
            assert_eq!(Content::load(storage), Content::default());
            let mut content = Content {
                system_disk: Some("vda".to_owned()),
                ..Content::default()
            };
            content.meta.insert(12, "x".to_owned());
            content.save(storage).unwrap();
            assert_eq!(Content::load(storage), content);
            storage.write(None, b"{").unwrap();
            assert_eq!(Content::load(storage), Content::default());
        }
    }
}
