//! The images folder, watched: a file that a person puts there is taken in.
//!
//! ```text
//! made ─▶ being written ─▶ closed, or moved in ─▶ looked at ─▶ taken in
//!              ▲                                     │
//!              └────────────── written again ◀── left, with the reason
//! ```
//!
//! A file is looked at when its writer has closed it, never because it was quiet for a while.
//! Only of files that were there before anybody watched, and of those that came as a second name
//! of a file elsewhere, the closing was not seen: those are taken to be complete when nothing
//! happens to them for [`QUIET`].
//!
//! Where the system does not tell what happens in the folder, it is looked at again and again.

use super::polling::{self, Looks};
use crate::Engine;
use crate::error::EngineError;
use crete_model::BrokenView;
use notify::event::{AccessKind, AccessMode, ModifyKind, RenameMode};
use notify::{Event, EventKind, RecursiveMode, Watcher};
use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How long a file that was there at the start must be left alone before it is taken in.
const QUIET: Duration = Duration::from_secs(2);
/// Endings that programs give to files they have not finished.
const UNFINISHED: &[&str] = &[
    "part",
    "partial",
    "crdownload",
    "download",
    "filepart",
    "tmp",
    "aria2",
];

/// What an event says about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// It is complete, as far as its writer is concerned.
    Complete,
    /// Somebody writes to it.
    Written,
    /// It is not there any more.
    Gone,
}

fn sign(kind: EventKind) -> Option<Sign> {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Some(Sign::Complete),
        EventKind::Modify(ModifyKind::Name(RenameMode::From)) | EventKind::Remove(_) => {
            Some(Sign::Gone)
        }
        EventKind::Create(_) | EventKind::Modify(ModifyKind::Data(_)) => Some(Sign::Written),
        _ => None,
    }
}

/// Whether a name is one that a person gave to a finished file.
fn is_finished_name(path: &Path) -> bool {
    let name = super::fetching::file_name(path);
    let ending = path.extension().map(|ending| ending.to_string_lossy());
    let unfinished = ending.is_some_and(|ending| {
        UNFINISHED
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known))
    });
    !name.starts_with('.') && !name.ends_with('~') && !unfinished
}

/// Files that wait, and until when.
#[derive(Debug, Default)]
struct Waiting(HashMap<PathBuf, Instant>);

impl Waiting {
    fn take(&mut self, path: &Path, sign: Sign, now: Instant) {
        match sign {
            Sign::Complete => {
                self.0.insert(path.to_owned(), now);
            }
            // Its closing will be seen.
            Sign::Written | Sign::Gone => {
                self.0.remove(path);
            }
        }
    }

    fn next(&self) -> Option<(PathBuf, Instant)> {
        let next = self.0.iter().min_by_key(|(_, due)| **due);
        next.map(|(path, due)| (path.clone(), *due))
    }
}

impl Engine {
    /// Watches the images folder until the engine closes.
    pub(crate) fn watch_inbox(&self) {
        let engine = self.clone();
        self.tasks.spawn(async move {
            let closing = engine.closing.clone();
            tokio::select! {
                () = closing.cancelled() => {}
                () = engine.keep_inbox() => {}
            }
        });
    }

    async fn keep_inbox(&self) {
        let folder = self.roots.images();
        let (sender, mut events) = mpsc::unbounded_channel();
        let tell = move |event: notify::Result<Event>| {
            // The receiver is gone only when nobody watches any more.
            let _ = sender.send(event);
        };
        let watcher = notify::recommended_watcher(tell).and_then(|mut watcher| {
            watcher.watch(&folder, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        let _watcher = match watcher {
            Ok(watcher) => watcher,
            Err(error) => {
                tracing::warn!(%error, folder = %folder.display(), "the images folder is looked at again and again");
                return self.keep_looking(&folder).await;
            }
        };
        let mut waiting = Waiting::default();
        look_around(&folder, &mut waiting);
        loop {
            let next = waiting.next();
            let due = async {
                match next {
                    Some((path, due)) => {
                        tokio::time::sleep_until(due).await;
                        path
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // What happened to a file is known before it is taken in.
                biased;
                event = events.recv() => match event {
                    Some(Ok(event)) if event.need_rescan() => look_around(&folder, &mut waiting),
                    Some(Ok(event)) => self.note(&event, &mut waiting),
                    Some(Err(error)) => tracing::warn!(%error, "watching the images folder"),
                    None => return,
                },
                path = due => {
                    waiting.0.remove(&path);
                    self.admit(&path).await;
                }
            }
        }
    }

    /// Looks into the folder again and again, where it cannot be watched. Not while nobody sees
    /// what comes of it.
    async fn keep_looking(&self, folder: &Path) {
        let mut looks = Looks::default();
        let mut seen = self.visible.subscribe();
        // The sender lives in the engine, so this never fails.
        while seen.wait_for(|seen| *seen).await.is_ok() {
            let found = looks.look(finished_files(folder).into_iter());
            for path in &found.gone {
                self.broken.remove(&path.display().to_string());
            }
            for path in &found.complete {
                self.admit(path).await;
            }
            tokio::time::sleep(polling::EVERY).await;
        }
    }

    fn note(&self, event: &Event, waiting: &mut Waiting) {
        let Some(sign) = sign(event.kind) else {
            return;
        };
        for path in &event.paths {
            if sign == Sign::Gone {
                self.broken.remove(&path.display().to_string());
            }
            if is_finished_name(path) && !path.is_dir() {
                waiting.take(path, sign, Instant::now());
                // A link is made in one step, and nobody ever closes it.
                if sign == Sign::Written && path.is_symlink() {
                    waiting.take(path, Sign::Complete, Instant::now());
                }
                // Nor a second name of a file, but that may still be written to.
                if matches!(event.kind, EventKind::Create(_)) && has_other_name(path) {
                    waiting.0.insert(path.clone(), Instant::now() + QUIET);
                }
            }
        }
    }

    /// Takes a file in, or lists it with the reason why not.
    async fn admit(&self, path: &Path) {
        let key = path.display().to_string();
        match self.take_in(path).await {
            Ok(image) => {
                tracing::info!(%image, path = key, "took in a file from the images folder");
                self.broken.remove(&key);
            }
            // It was moved away again before it could be looked at.
            Err(_) if std::fs::symlink_metadata(path).is_err() => {}
            Err(error) => {
                let text = error.to_string();
                let problem = EngineError::problem(error);
                let view = BrokenView {
                    kind: "images".to_owned(),
                    path: key.clone(),
                    error: problem.detail.clone().unwrap_or(text),
                    problem: Some(problem),
                };
                self.broken.set(key, view);
            }
        }
    }
}

/// Finds the files that nobody was seen to close.
fn look_around(folder: &Path, waiting: &mut Waiting) {
    for path in finished_files(folder) {
        waiting.0.entry(path).or_insert(Instant::now() + QUIET);
    }
}

fn finished_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    paths
        .filter(|path| is_finished_name(path) && !path.is_dir())
        .collect()
}

/// Whether a plain file has a second name, here or elsewhere.
fn has_other_name(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file() && meta.nlink() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_a_program_has_not_finished_are_known_by_their_names() {
        for name in [
            "metal-amd64.iso",
            "disk.raw.zst",
            "My image (1).qcow2",
            "noending",
        ] {
            assert!(is_finished_name(Path::new(name)), "{name}");
        }
        for name in [
            ".metal-amd64.iso.Xy1z",
            "a.iso.part",
            "a.iso.PART",
            "a.iso.crdownload",
            "a.iso~",
            ".hidden",
        ] {
            assert!(!is_finished_name(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn a_file_that_is_written_to_waits_for_its_writer() {
        let (path, now) = (Path::new("/images/a.iso"), Instant::now());
        let mut waiting = Waiting::default();
        waiting.0.insert(path.to_owned(), now + QUIET);
        waiting.take(path, Sign::Written, now);
        assert_eq!(waiting.next(), None, "its closing will be seen");
        waiting.take(path, Sign::Complete, now);
        assert_eq!(waiting.next(), Some((path.to_owned(), now)));
        waiting.take(path, Sign::Gone, now);
        assert_eq!(waiting.next(), None);
    }
}
