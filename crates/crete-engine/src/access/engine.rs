//! The engine's hold on access files: one at a time, on a thread that may wait for disks.

use super::personal::{self, Look};
use super::{Access, AccessTo, problem};
use crate::Engine;
use crate::error::{Result, internal};
use crete_talos::pki::SystemEntropy;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

/// Saves a text to a file that the person chose. What was there is replaced by the whole of it, or
/// stays.
///
/// # Errors
/// When it cannot be written.
pub async fn save_text(path: &Path, text: String) -> Result<()> {
    let path = path.to_owned();
    let saving = tokio::task::spawn_blocking(move || {
        let look = Look::at(&path)?;
        personal::replace(&look, &text, "text", false)
    });
    saving.await.map_err(internal)?.map_err(problem)
}

impl Engine {
    /// Works on the access to a cluster, whose folder remembers what was written.
    ///
    /// # Errors
    /// What the work says.
    pub async fn with_access<T: Send + 'static>(
        &self,
        to: AccessTo,
        folder: PathBuf,
        work: impl FnOnce(&mut Access<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let engine = self.clone();
        let working = tokio::task::spawn_blocking(move || {
            let files = engine
                .access_gate
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            work(&mut Access {
                to: &to,
                folder: &folder,
                files: &files,
                now: engine.clock.now(),
                entropy: &mut SystemEntropy,
            })
        });
        working.await.map_err(internal)?
    }
}
