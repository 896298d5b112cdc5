//! Files that a person holds over the window: what would become of them is told before they are
//! let go.

use crate::Engine;
use crete_model::{DropView, ImageId, ImportPlan};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// The one item of the set.
const KEY: &str = "drop";
/// Files that are looked at; nobody means more at once.
const MOST: usize = 16;

impl Engine {
    /// Files came over the window.
    pub async fn drag_entered(&self, paths: Vec<PathBuf>) {
        let turn = self.drag_turn.fetch_add(1, Ordering::SeqCst) + 1;
        let files = self.examine_all(paths).await;
        // They may have left, or others may have come, while these were looked at.
        if self.drag_turn.load(Ordering::SeqCst) == turn {
            self.drops.set(KEY, DropView { files });
        }
    }

    /// They left again.
    pub fn drag_left(&self) {
        self.drag_turn.fetch_add(1, Ordering::SeqCst);
        self.drops.remove(KEY);
    }

    /// They were let go: what can be imported is. Returns the images begun.
    pub async fn dropped(&self, paths: Vec<PathBuf>) -> Vec<ImageId> {
        self.drag_left();
        let mut begun = Vec::new();
        for plan in self.examine_all(paths).await {
            if plan.found.is_none() {
                // It was said before the file was let go that this one cannot be used.
                continue;
            }
            match self.import(PathBuf::from(&plan.path)).await {
                Ok((image, _)) => begun.push(image),
                Err(error) => tracing::warn!(%error, path = plan.path, "a dropped file"),
            }
        }
        begun
    }

    async fn examine_all(&self, paths: Vec<PathBuf>) -> Vec<ImportPlan> {
        let mut plans = Vec::new();
        for path in paths.into_iter().take(MOST) {
            plans.push(self.examine(path).await);
        }
        plans
    }
}
