//! Time synchronization, as far as it is seen from outside.

use crate::Fault;
use crate::boot::Boot;
use std::convert::Infallible;

const CONTROLLER: &str = "time.SyncController";

/// Synchronizes as soon as a time server answers, and asks until then.
pub(super) async fn keep(boot: &Boot) -> Infallible {
    boot.rest(1000).await;
    // A configuration that came meanwhile may have begun it before.
    if !boot.state().synchronized {
        while let Some(fault) = blocked(boot) {
            let server = boot.time_servers().into_iter().next().unwrap_or_default();
            let text = format!("time query error with server \"{server}\"");
            boot.report(CONTROLLER, &text, &[("error", "i/o timeout".into())]);
            tokio::select! {
                () = boot.rest(6000) => {}
                () = boot.machine.faults.gone(fault) => {}
            }
        }
        synchronize(boot);
    }
    std::future::pending().await
}

fn blocked(boot: &Boot) -> Option<Fault> {
    let faults = &boot.machine.faults;
    let blocking = [Fault::ClockBehind, Fault::TimeNotSynchronized];
    blocking.into_iter().find(|fault| faults.has(*fault))
}

fn synchronize(boot: &Boot) {
    let server = boot.time_servers().into_iter().next().unwrap_or_default();
    let text = format!(
        "adjusting time (jump) by 505.118526ms via {server}, state TIME_OK, status STA_NANO"
    );
    boot.report(CONTROLLER, &text, &[]);
    boot.report(CONTROLLER, "synchronized RTC with system clock", &[]);
    boot.change(|state| state.synchronized = true);
    boot.publish_time();
}
