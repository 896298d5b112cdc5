//! The life of a node, from switching it on to switching it off.
//!
//! ```text
//!            ┌──────────────── reboot ◀──────────────┬─────────────┐
//!            ▼                                       │             │
//! on ─▶ initialize ─▶ (maintenance) ─▶ install ─▶ (failed, done)   │
//!                 └─ configured ────────────────▶ boot ─▶ running ─┴▶ down: reboot, reset,
//!                                                                     upgrade, shutdown ─▶ off
//! ```
//!
//! One task lives it; what runs beside it (API, etcd, kubelet) are parts that end with their boot.

mod down;
mod etcd;
mod image;
mod initialize;
mod install;
mod kubelet;
mod network;
mod presence;
mod sequence;
mod startup;
mod time;
mod trust;
mod vip;

use crate::boot::Boot;
use crate::error::NodeError;
use crate::machine::{Boots, Button, Front, Machine, Power};
use crate::settings::Settings;
use crate::{api, kubernetes};
use futures_util::FutureExt as _;
use sequence::Sequence;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

pub(crate) use down::{Down, DownKind, Wipe, switch_to};
pub(crate) use etcd::leave as leave_etcd;
pub(crate) use image::installer_lines;

/// What the API asks of the node's life.
#[derive(Debug)]
pub(crate) enum Asked {
    /// A configuration came in maintenance.
    Configured(Arc<Settings>),
    /// A configured node was given another configuration.
    Reconfigured,
    /// A tried configuration is to be taken back, unless another one came.
    TakeBack(Arc<Settings>, Duration),
    /// The kubelet is to be started again.
    RestartKubelet,
    /// It is to go down.
    Down(Down),
}

/// How a boot ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Reboot,
    Off,
}

/// Lives until it is switched off, or is to boot again where that is for somebody else.
pub(crate) async fn run(machine: Arc<Machine>, mut front: Front, boots: Boots) {
    for number in 1.. {
        front.power.send_replace(Power::On(number));
        let (sender, asked) = mpsc::unbounded_channel();
        let boot = Arc::new(Boot::new(&machine, sender, Arc::clone(&front.summary)));
        let presence = presence::Presence(Arc::clone(&boot));
        let ending = tokio::select! {
            ending = live(&boot, asked, &mut front.button) => ending,
            () = front.plug.cancelled() => Ending::Off,
        };
        drop(presence);
        let end = match (ending, boots) {
            (Ending::Off, _) => Power::Off,
            (Ending::Reboot, Boots::Once) => Power::Restart,
            (Ending::Reboot, Boots::All) => continue,
        };
        front.power.send_replace(end);
        break;
    }
}

/// One boot.
async fn live(
    boot: &Arc<Boot>,
    mut asked: mpsc::UnboundedReceiver<Asked>,
    button: &mut mpsc::UnboundedReceiver<Button>,
) -> Ending {
    boot.publish_machine();
    // Dropped, and with it aborted, when the boot ends.
    let mut parts: JoinSet<Result<(), NodeError>> = JoinSet::new();
    parts.spawn(api::run(Arc::clone(boot)).map(Ok));
    parts.spawn(kubernetes::run(Arc::clone(boot)));
    parts.spawn(presence::follow(Arc::clone(boot)));
    parts.spawn(etcd::run(Arc::clone(boot)));
    parts.spawn(kubelet::run(Arc::clone(boot)));
    parts.spawn(vip::run(Arc::clone(boot)));
    let (configured, configuration) = mpsc::unbounded_channel();
    let ending = {
        let mut up = std::pin::pin!(go_up(boot, configuration));
        loop {
            tokio::select! {
                ending = &mut up => break ending,
                Some(asked) = asked.recv() => match asked {
                    // Nobody listens any more when it is configured already.
                    Asked::Configured(settings) => drop(configured.send(settings)),
                    Asked::Reconfigured => presence::reconfigured(boot),
                    Asked::TakeBack(settings, after) => {
                        parts.spawn(presence::take_back(Arc::clone(boot), settings, after));
                    }
                    Asked::RestartKubelet => boot.change(|state| state.kubelet_restarts += 1),
                    Asked::Down(down) => break down::go(boot, &down).await,
                },
                Some(button) = button.recv() => break down::go(boot, &Down::by(button)).await,
                Some(ended) = parts.join_next() => match ended {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => boot.say(&error.to_string()),
                    Err(defect) => boot.say(&format!("a part of the practice node: {defect}")),
                },
            }
        }
    };
    parts.shutdown().await;
    ending
}

/// Goes as far up as it can, and stays there; ends when an installation ends.
async fn go_up(boot: &Arc<Boot>, configuration: mpsc::UnboundedReceiver<Arc<Settings>>) -> Ending {
    let from_maintenance = initialize::run(boot, configuration).await;
    if from_maintenance && !boot.disk().is_installed() {
        return install::run(boot).await;
    }
    // It is installed: there is nothing to do, and that is said.
    Sequence::begin(boot, "install", 0, "").done();
    match startup::run(boot).await {}
}
