//! This computer: its checks, and its live figures while somebody looks.

mod fix;
mod watch;

use crate::Engine;
use crete_host::UsageMeter;
use crete_model::{HostReport, HostUsage};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Time between two looks at the live figures; processor load needs some.
const EVERY: Duration = Duration::from_secs(2);
/// The first check waits for the page at most this long.
const PAGE_FIRST: Duration = Duration::from_secs(3);
/// Key of the one report in its set.
pub(crate) const REPORT: &str = "host";

/// What the live figures are measured with, once they were asked for.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<Option<UsageMeter>>);

impl Engine {
    /// Checks this computer. One check runs at a time; the `host` set carries the result.
    ///
    /// Whoever asks while a check runs waits for the next one, and all who wait share it.
    pub async fn check_host(&self) -> HostReport {
        let asked = Instant::now();
        let mut last_begun = self.checking.lock().await;
        if last_begun.is_some_and(|begun| begun > asked)
            && let Some(report) = self.host.get(REPORT)
        {
            return report;
        }
        *last_begun = Some(Instant::now());
        let now = self.clock.text();
        let report = self.checks.run(self.data_dir(), &now).await;
        self.host.set(REPORT, report.clone());
        self.refresh_images();
        self.refresh_machines();
        report
    }

    /// The last report, or a new one when there is none yet.
    pub(crate) async fn host_report(&self) -> HostReport {
        match self.host.get(REPORT) {
            Some(report) => report,
            None => self.check_host().await,
        }
    }

    /// Tells whether anybody can see the page; figures stop while nobody can.
    pub fn set_visible(&self, visible: bool) {
        self.visible.send_replace(visible);
    }

    pub(crate) fn watch_computer(&self) {
        let engine = self.clone();
        self.tasks.spawn(async move {
            let closing = engine.closing.clone();
            tokio::select! {
                () = closing.cancelled() => {}
                () = engine.look_after_the_page() => {}
            }
        });
        let engine = self.clone();
        self.tasks.spawn(async move {
            let closing = engine.closing.clone();
            tokio::select! {
                () = closing.cancelled() => {}
                () = engine.recheck_on_change() => {}
            }
        });
    }

    /// The first check, and then the live figures. The page is drawn first: asking QEMU what it can
    /// do takes the processors away from it.
    async fn look_after_the_page(&self) {
        let mut visible = self.visible.subscribe();
        let drawn = visible.wait_for(|seen| *seen);
        // Without a page the check is not missing either.
        let _ = tokio::time::timeout(PAGE_FIRST, drawn).await;
        self.host_report().await;
        self.show_usage().await;
    }

    /// Measures what is in use now, and shows it. Nothing where the system cannot be asked.
    ///
    /// Reads a few files of the kernel for each machine.
    pub(crate) fn measure(&self) -> Option<HostUsage> {
        let mut kept = self.meter.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_none() {
            *kept = UsageMeter::new();
        }
        let meter = kept.as_mut()?;
        let usage = meter.sample(&*self.world, self.data_dir(), &self.claims());
        self.usage.set("usage", usage.clone());
        Some(usage)
    }

    async fn show_usage(&self) {
        let mut visible = self.visible.subscribe();
        loop {
            // Nothing is measured while hidden. The sender lives as long as the engine.
            if visible.wait_for(|seen| *seen).await.is_err() {
                return;
            }
            let engine = self.clone();
            // What is done again and again is kept off the runtime's threads.
            let _ = tokio::task::spawn_blocking(move || engine.measure()).await;
            tokio::time::sleep(EVERY).await;
        }
    }
}
