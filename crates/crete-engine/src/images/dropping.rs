//! Files that a person holds over the window: what would become of them is told before they are
//! let go.

use crate::Engine;
use crete_model::{DropView, ImportPlan};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// The one item of the set.
const KEY: &str = "drop";
/// The item that holds a text.
const TEXT: &str = "text";
/// A schematic with a machine configuration in it is shorter than this.
const LONGEST: u64 = 1 << 20;
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
                engine.drops.set(KEY, DropView { files, text: None });
            }
        });
    }

    /// They left again.
    pub fn drag_left(&self) {
        self.drops.remove(TEXT);
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
                    // It was said before the file was let go that this is no image.
                    engine.tell_text(Path::new(&plan.path)).await;
                    continue;
                }
                if let Err(error) = engine.import(PathBuf::from(&plan.path)).await {
                    tracing::warn!(%error, path = plan.path, "a dropped file");
                }
            }
        });
    }

    /// Shows the text of a small file, such as a schematic.
    async fn tell_text(&self, path: &Path) {
        let path = path.to_owned();
        let reading = tokio::task::spawn_blocking(move || small_text(&path));
        if let Ok(Some(text)) = reading.await {
            let files = Vec::new();
            let text = Some(text);
            self.drops.set(TEXT, DropView { files, text });
        }
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
