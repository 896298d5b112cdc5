//! What was written where: kept beside a cluster's record, so that it can be shown, renewed and
//! undone after a restart too. Paths, names, times and fingerprints; no secret.
//!
//! ```text
//! intended ─▶ file written ─▶ among the files
//!     └─ killed in between: the next look at the records settles it by the file's fingerprint
//! ```

use super::personal::{self, Look, PersonalFault};
use crate::error::EngineError;
use crate::store;
use crete_model::{AccessHow, AccessKind, AccessRole};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The file in a cluster's folder.
const FILE: &str = "access.json";

/// All of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Records {
    schema_version: u32,
    /// What was written, oldest first.
    pub files: Vec<Record>,
    /// What is about to be written.
    intended: Option<Record>,
}

impl Default for Records {
    fn default() -> Self {
        Self {
            schema_version: 1,
            files: Vec::new(),
            intended: None,
        }
    }
}

/// One file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub id: String,
    pub kind: AccessKind,
    pub role: AccessRole,
    pub how: AccessHow,
    /// As the person named it, links included.
    pub path: PathBuf,
    /// The name of the cluster in it.
    pub context: String,
    /// How it was left.
    pub written: String,
    /// What it was before; nothing for files of their own, which are not undone but deleted.
    pub before: Option<Before>,
}

/// What a file was before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Before {
    /// Names the backup beside the file.
    pub backup: String,
    /// The fingerprint of its bytes; nothing when it was not there.
    pub digest: Option<String>,
    /// Folders that were made for it, outermost first.
    pub folders: Vec<PathBuf>,
}

impl Record {
    /// What lies beside the file is named by this.
    pub fn name(&self) -> &str {
        match &self.before {
            Some(before) => &before.backup,
            None => &self.id,
        }
    }

    /// Takes away what lies beside its file.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn tidy(&self, path: &Path) -> Result<(), PersonalFault> {
        let before = self.before.as_ref();
        let made = before.map(|before| before.folders.as_slice());
        personal::tidy(path, self.name(), made.unwrap_or_default())
    }
}

impl Records {
    /// Reads the records of a cluster and settles what a kill left open.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn open(folder: &Path) -> Result<Self, EngineError> {
        let path = folder.join(FILE);
        let Some(mut records) = store::read_if_there::<Self>(&path)? else {
            return Ok(Self::default());
        };
        if records.settle() {
            records.keep(folder)?;
        }
        Ok(records)
    }

    /// Notes what is about to be written.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn intend(&mut self, record: Record, folder: &Path) -> Result<(), EngineError> {
        self.intended = Some(record);
        self.keep(folder)
    }

    /// What was intended was done, or was not.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn end(&mut self, done: bool, folder: &Path) -> Result<(), EngineError> {
        if let Some(record) = self.intended.take()
            && done
        {
            self.put(record);
        }
        self.keep(folder)
    }

    fn put(&mut self, record: Record) {
        match self.files.iter_mut().find(|one| one.id == record.id) {
            Some(there) => *there = record,
            None => self.files.push(record),
        }
    }

    /// Writes them.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn keep(&self, folder: &Path) -> Result<(), EngineError> {
        store::write(&folder.join(FILE), self)
    }

    /// True when a file's backup is that of a record, and stays.
    fn has_backup(&self, name: &str) -> bool {
        self.files.iter().any(|one| one.name() == name)
    }

    /// Finds out what became of a write and of an undoing that nobody saw end. What cannot be
    /// looked at now, because its disk is not there, is not forgotten. True when something changed.
    fn settle(&mut self) -> bool {
        let mut changed = false;
        if let Some(record) = self.intended.clone()
            && let Ok(look) = Look::at(&record.path)
        {
            changed = true;
            self.intended = None;
            if look.digest().as_deref() == Some(&record.written) {
                self.put(record);
            } else if !self.has_backup(record.name()) {
                // Never written: what lies beside the file is of no use to anybody.
                let _ = record.tidy(&look.path);
            }
        }
        let count = self.files.len();
        self.files.retain(|record| {
            let Ok(look) = Look::at(&record.path) else {
                return true;
            };
            let now = look.digest();
            let undone = now.as_deref() != Some(&record.written)
                && record
                    .before
                    .as_ref()
                    .is_some_and(|before| before.digest == now);
            if undone {
                let _ = record.tidy(&look.path);
            }
            !undone
        });
        changed || self.files.len() != count
    }
}
