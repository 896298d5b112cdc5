//! Files that a person holds over the window: what would become of them is told before they are
//! let go.

use crate::Engine;
use crete_model::{DropView, ImportPlan};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// The one item of the set.
const KEY: &str = "drop";
/// The item that holds what was let go and could not be used.
const REFUSED: &str = "refused";
/// A schematic with a machine configuration in it is shorter than this.
const LONGEST: u64 = 1 << 20;
/// Files that are looked at one after the other; nobody means more at once.
const MOST: usize = 100;

impl Engine {
    /// Files came over the window. The set `drops` says what would become of them.
    pub fn drag_entered(&self, paths: Vec<PathBuf>) {
        let turn = self.drag_turn.fetch_add(1, Ordering::SeqCst) + 1;
        let engine = self.clone();
        self.tasks.spawn(async move {
            let files = engine.examine_all(paths).await;
            // They may have left, or others may have come, while these were looked at.
            if engine.drag_turn.load(Ordering::SeqCst) == turn {
                engine.drops.set(KEY, DropView { files, text: None });
            }
        });
    }

    /// They left again.
    pub fn drag_left(&self) {
        self.drops.remove(REFUSED);
        self.drag_turn.fetch_add(1, Ordering::SeqCst);
        self.drops.remove(KEY);
    }

    /// They were let go: those that can be used are imported, and why others cannot is told. The
    /// text of a small file, such as a schematic, is told with them.
    pub fn dropped(&self, paths: Vec<PathBuf>) {
        self.drag_left();
        let engine = self.clone();
        self.tasks.spawn(async move {
            let mut files = Vec::new();
            let mut text = None;
            for mut plan in engine.examine_all(paths).await {
                let path = PathBuf::from(&plan.path);
                if plan.found.is_none() {
                    let reading = tokio::task::spawn_blocking(move || small_text(&path));
                    text = reading.await.ok().flatten().or(text);
                } else if let Err(error) = engine.import(path).await {
                    plan.found = None;
                    plan.problem = Some(error.problem());
                } else {
                    continue;
                }
                files.push(plan);
            }
            if !files.is_empty() {
                engine.drops.set(REFUSED, DropView { files, text });
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

/// A plain file's text, when it is short and text.
fn small_text(path: &Path) -> Option<String> {
    let plain = crete_fetch::open_plain(path).ok()?;
    if plain.stamp.bytes > LONGEST {
        return None;
    }
    let mut text = String::new();
    plain.file.take(LONGEST).read_to_string(&mut text).ok()?;
    Some(text)
}
