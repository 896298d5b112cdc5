//! Files that a person holds over the window: what would become of them is told before they are
//! let go.

use crate::Engine;
use crete_model::{DropView, ImportPlan};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// The one item of the set.
const KEY: &str = "drop";
/// Files that are looked at; nobody means more at once.
const MOST: usize = 16;

impl Engine {
    /// Files came over the window. The set `drops` says what would become of them.
    pub fn drag_entered(&self, paths: Vec<PathBuf>) {
        let turn = self.drag_turn.fetch_add(1, Ordering::SeqCst) + 1;
        let engine = self.clone();
        self.tasks.spawn(async move {
            let files = engine.examine_all(paths).await;
            // They may have left, or others may have come, while these were looked at.
            if engine.drag_turn.load(Ordering::SeqCst) == turn {
                engine.drops.set(KEY, DropView { files });
            }
        });
    }

    /// They left again.
    pub fn drag_left(&self) {
        self.drag_turn.fetch_add(1, Ordering::SeqCst);
        self.drops.remove(KEY);
    }

    /// They were let go: those that can be used are imported.
    pub fn dropped(&self, paths: Vec<PathBuf>) {
        self.drag_left();
        let engine = self.clone();
        self.tasks.spawn(async move {
            for plan in engine.examine_all(paths).await {
                if plan.found.is_none() {
                    // It was said before the file was let go that this one cannot be used.
                    continue;
                }
                if let Err(error) = engine.import(PathBuf::from(&plan.path)).await {
                    tracing::warn!(%error, path = plan.path, "a dropped file");
                }
            }
        });
    }

    async fn examine_all(&self, paths: Vec<PathBuf>) -> Vec<ImportPlan> {
        let mut plans = Vec::new();
        for path in paths.into_iter().take(MOST) {
            plans.push(self.examine(path).await);
        }
        plans
    }
}
