//! Looking again when the computer changed, without ever asking it whether it did.
//!
//! Three things are waited for: changes of watched files (the kernel's device, groups, packages),
//! the end of the process that holds the processor, and the page becoming visible again.

use super::REPORT;
use crate::Engine;
use crete_host::WatchPlace;
use crete_model::{CheckCode, HostReport};
use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::future::pending;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

/// A package tool writes its database many times; after this long without a change it is done.
const QUIET: Duration = Duration::from_millis(700);
/// A long installation is looked at this often all the same.
const LONGEST: Duration = Duration::from_secs(5);

impl Engine {
    /// Checks this computer after every change that may matter. Ends only by being dropped.
    pub(super) async fn recheck_on_change(&self) {
        let (sender, mut changes) = mpsc::channel(1);
        // Kept until this ends: dropping it ends the watch.
        let watcher = watch(self.world.watched(), sender.clone());
        if let Err(error) = &watcher {
            tracing::warn!(%error, "changes of this computer are not noticed by themselves");
        }
        let mut reports = self.host.subscribe().changes;
        let mut visible = self.visible.subscribe();
        let mut gone = None;
        loop {
            let rival = self.host.get(REPORT).as_ref().and_then(rival);
            // A process that ended and is still listed would be waited for without end.
            let waited_for = rival.filter(|pid| gone != Some(*pid));
            tokio::select! {
                // The sender kept here keeps the channel open.
                Some(()) = changes.recv() => settle(&mut changes).await,
                () = end_of(waited_for) => gone = waited_for,
                Ok(()) = visible.changed() => {
                    if !*visible.borrow_and_update() {
                        continue;
                    }
                }
                // Somebody else looked: there may be another process to wait for.
                _ = reports.recv() => continue,
            }
            self.check_host().await;
        }
    }
}

/// Watches the places that exist; those that do not belong to other distributions.
fn watch(places: Vec<WatchPlace>, tell: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let folders: Vec<_> = places.iter().map(|place| place.folder.clone()).collect();
    let matters = move |event: &Event| {
        // Looking itself opens and closes files.
        !matches!(event.kind, EventKind::Access(_))
            && event
                .paths
                .iter()
                .any(|path| places.iter().any(|place| place.covers(path)))
    };
    let told = move |event: notify::Result<Event>| {
        if event.is_ok_and(|event| matters(&event)) {
            // One that is not taken yet stands for this one too.
            let _ = tell.try_send(());
        }
    };
    let mut watcher = RecommendedWatcher::new(told, Config::default())?;
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        // One that may not be read is no reason to miss what happens in the others.
        if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
            tracing::warn!(%error, folder = %folder.display(), "is not watched");
        }
    }
    Ok(watcher)
}

/// Waits until changes have come to rest.
async fn settle(changes: &mut mpsc::Receiver<()>) {
    let latest = Instant::now() + LONGEST;
    while let Ok(Ok(Some(()))) = timeout_at(latest, timeout(QUIET, changes.recv())).await {}
}

/// The process that holds the processor for another hypervisor.
fn rival(report: &HostReport) -> Option<i32> {
    let kvm = report
        .checks
        .iter()
        .find(|check| check.code == CheckCode::Kvm)?;
    kvm.params.get("pid")?.parse().ok()
}

/// Waits for the end of a process; for ever when there is none, or none that can be watched.
async fn end_of(process: Option<i32>) {
    match process {
        Some(pid) if crete_qemu::process::end_of(pid).await.is_ok() => {}
        _ => pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_of_changes_is_one_change() {
        let (sender, mut changes) = mpsc::channel(1);
        let begun = Instant::now();
        let burst = async {
            for _ in 0..4 {
                tokio::time::sleep(QUIET / 2).await;
                let _ = sender.try_send(());
            }
        };
        tokio::join!(settle(&mut changes), burst);
        assert_eq!(begun.elapsed(), QUIET / 2 * 4 + QUIET);
    }

    #[tokio::test(start_paused = true)]
    async fn changes_without_end_are_looked_at_all_the_same() {
        let (sender, mut changes) = mpsc::channel(1);
        let begun = Instant::now();
        let burst = async {
            loop {
                tokio::time::sleep(QUIET / 2).await;
                let _ = sender.try_send(());
            }
        };
        tokio::select! {
            () = settle(&mut changes) => {}
            () = burst => {}
        }
        assert_eq!(begun.elapsed(), LONGEST);
    }

    #[tokio::test]
    async fn the_end_of_a_process_is_noticed() {
        let mut child = tokio::process::Command::new("sleep")
            .arg("600")
            .spawn()
            .unwrap();
        let pid = child.id().map(|pid| pid.try_into().unwrap());
        let waiting = end_of(pid);
        tokio::pin!(waiting);
        assert!(
            timeout(Duration::from_millis(50), &mut waiting)
                .await
                .is_err()
        );
        child.start_kill().unwrap();
        timeout(Duration::from_secs(30), waiting).await.unwrap();
    }
}
