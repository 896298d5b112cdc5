//! Calls that take the node down. Each answers before it begins.

use crate::Fault;
use crate::boot::Boot;
use crate::life::{Asked, Down, DownKind, Wipe};
use crete_talos::api::wire::machine as wire;
use std::sync::Arc;
use tonic::Status;

/// Hands something to the node's life.
pub(super) fn ask(boot: &Boot, asked: Asked) -> Result<(), Status> {
    boot.asked
        .send(asked)
        .map_err(|_| Status::unavailable("the node is going down"))
}

fn go(boot: &Arc<Boot>, kind: DownKind) -> Result<String, Status> {
    if boot.state().going_down {
        return Err(Status::failed_precondition(
            "locked: another sequence is in progress",
        ));
    }
    let actor = boot.machine.random.uuid();
    let down = Down {
        kind,
        actor: actor.clone(),
    };
    ask(boot, Asked::Down(down))?;
    Ok(actor)
}

pub(super) fn reboot(boot: &Arc<Boot>, request: wire::RebootRequest) -> Result<String, Status> {
    use wire::reboot_request::Mode;
    let mode = request.mode();
    go(
        boot,
        DownKind::Reboot {
            button: false,
            forced: mode == Mode::Force,
            firmware: mode == Mode::Powercycle,
        },
    )
}

pub(super) fn shut_down(
    boot: &Arc<Boot>,
    request: &wire::ShutdownRequest,
) -> Result<String, Status> {
    let forced = request.force;
    go(
        boot,
        DownKind::Shutdown {
            forced,
            button: false,
        },
    )
}

pub(super) fn reset(boot: &Arc<Boot>, request: wire::ResetRequest) -> Result<String, Status> {
    use wire::reset_request::WipeMode;
    if boot.machine.faults.has(crate::Fault::ResetRefused) {
        let text = "failed to drain node: cannot evict pod as it would violate the pod's disruption budget";
        return Err(Status::unknown(text));
    }
    let mode = request.mode();
    if mode == WipeMode::UserDisks && !request.system_partitions_to_wipe.is_empty() {
        let text = "reset failed: invalid input, wipe mode USER_DISKS doesn't support SystemPartitionsToWipe parameter";
        return Err(Status::invalid_argument(text));
    }
    if mode == WipeMode::SystemDisk && !request.user_disks_to_wipe.is_empty() {
        let text = "reset failed: invalid input, wipe mode SYSTEM_DISK doesn't support UserDisksToWipe parameter";
        return Err(Status::invalid_argument(text));
    }
    let partitions = request.system_partitions_to_wipe.into_iter();
    let wipe = Wipe {
        graceful: request.graceful,
        reboot: request.reboot,
        partitions: partitions
            .filter(|one| one.wipe)
            .map(|one| one.label)
            .collect(),
    };
    go(boot, DownKind::Reset(wipe))
}

pub(super) fn roll_back(boot: &Arc<Boot>) -> Result<(), Status> {
    if boot.disk().previous.is_none() {
        let text = "cannot rollback to \"\", label does not exist";
        return Err(Status::unknown(text));
    }
    go(boot, DownKind::Rollback).map(drop)
}

/// The image is pulled before the answer, without a sign of progress.
pub(super) async fn upgrade(
    boot: &Arc<Boot>,
    request: wire::UpgradeRequest,
) -> Result<String, Status> {
    if request.image.is_empty() {
        return Err(Status::invalid_argument("image is required"));
    }
    let control_plane = boot
        .settings()
        .is_some_and(|settings| settings.is_control_plane());
    if control_plane && !request.force && !boot.etcd_answers() {
        let text = "error validating etcd for upgrade: etcd cluster is not healthy";
        return Err(Status::failed_precondition(text));
    }
    pull(boot, &request.image).await?;
    go(
        boot,
        DownKind::Upgrade {
            image: request.image,
        },
    )
}

async fn pull(boot: &Arc<Boot>, image: &str) -> Result<(), Status> {
    let faults = &boot.machine.faults;
    if faults.has(Fault::InstallerUnreachable) {
        let text = format!(
            "error validating installer image {image:?}: failed to pull image {image:?}: connection refused"
        );
        return Err(Status::unknown(text));
    }
    boot.rest(16_000).await;
    faults.gone(Fault::InstallerStalls).await;
    boot.change(|state| state.images.insert(image.to_owned()));
    Ok(())
}
