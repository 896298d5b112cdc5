//! This computer: its checks, and its live figures while somebody looks.

use crate::Engine;
use crete_host::UsageMeter;
use crete_model::HostReport;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Time between two looks at the live figures; processor load needs some.
const EVERY: Duration = Duration::from_secs(2);

impl Engine {
    /// Checks this computer. One check runs at a time; the `host` set carries the result.
    pub async fn check_host(&self) -> HostReport {
        let _one = self.checking.lock().await;
        let now = self.clock.text();
        let report = crete_host::check(self.world.as_ref(), self.data_dir(), &now).await;
        self.host.set("host", report.clone());
        self.refresh_images();
        self.refresh_machines();
        report
    }

    /// The last report, or a new one when there is none yet.
    pub(crate) async fn host_report(&self) -> HostReport {
        match self.host.get("host") {
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
                () = async { engine.check_host().await; engine.meter().await } => {}
            }
        });
    }

    async fn meter(&self) {
        let Some(meter) = UsageMeter::new() else {
            return;
        };
        let meter = std::sync::Arc::new(Mutex::new(meter));
        let mut visible = self.visible.subscribe();
        loop {
            // Nothing is measured while hidden. The sender lives as long as the engine.
            if visible.wait_for(|seen| *seen).await.is_err() {
                return;
            }
            let (engine, meter) = (self.clone(), meter.clone());
            // Reading /proc of many processes blocks, so it is kept off the runtime's threads.
            let sample = tokio::task::spawn_blocking(move || {
                let pids: Vec<i32> = engine
                    .machines
                    .all()
                    .iter()
                    .filter_map(|view| view.pid)
                    .collect();
                let mut meter = meter.lock().unwrap_or_else(PoisonError::into_inner);
                meter.sample(engine.data_dir(), &pids)
            });
            if let Ok(usage) = sample.await {
                self.usage.set("usage", usage);
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}
