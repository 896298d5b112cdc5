//! What is written down of a process, so that it can be found again.

use super::ProcessError;
use crete_failpoint::step;
use crete_model::Accelerator;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// A running process, as kept in the runtime folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record<Run = MachineRun> {
    /// Version of this record's form.
    pub schema_version: u32,
    /// The machine or the network it runs.
    #[serde(alias = "machine")]
    pub owner: Uuid,
    /// Process id.
    pub pid: i32,
    /// Clock ticks from boot to the start of the process.
    pub start_ticks: u64,
    /// The boot this happened in.
    pub boot_id: String,
    /// The program, as it was at the spawn.
    pub executable: PathBuf,
    /// RFC 3339.
    pub started_at: String,
    /// What else is known of the run.
    #[serde(flatten)]
    pub run: Run,
}

/// What is known of a machine's run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineRun {
    /// How guest code is executed.
    pub accelerator: Accelerator,
    /// Length of the console's log when this run began.
    pub log_start: u64,
}

/// What is known of a network's run: nothing that it would not tell itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkRun {}

/// Ending of a record that is being written.
const HALF: &str = "writing";

impl<Run: Serialize + DeserializeOwned> Record<Run> {
    /// Writes the record, whole or not at all, mode 0600.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), ProcessError> {
        let file = |source| ProcessError::File {
            path: path.to_owned(),
            source,
        };
        let text = serde_json::to_vec_pretty(self).map_err(|error| file(error.into()))?;
        let half = path.with_extension(HALF);
        let create = || {
            fs::OpenOptions::new()
                .create(true)
                .truncate(true)
                .write(true)
                .mode(0o600)
                .open(&half)
        };
        let mut out = step!("record.create", create()).map_err(file)?;
        step!("record.write", out.write_all(&text)).map_err(file)?;
        step!("record.sync", out.sync_all()).map_err(file)?;
        step!("record.rename", fs::rename(&half, path)).map_err(file)
    }

    /// Reads a record; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read or does not parse.
    pub fn read(path: &Path) -> Result<Option<Self>, ProcessError> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(ProcessError::File {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| ProcessError::Record {
                path: path.to_owned(),
                reason: error.to_string(),
            })
    }
}

/// Removes a record, and what a write that was cut off left of one.
///
/// # Errors
/// When one that is there cannot be removed.
pub fn remove_record(path: &Path) -> Result<(), ProcessError> {
    for path in [path.with_extension(HALF), path.to_owned()] {
        match step!("record.remove", fs::remove_file(&path)) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(ProcessError::File { path, source });
            }
            _ => {}
        }
    }
    Ok(())
}
