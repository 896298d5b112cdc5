//! Installing: the API is gone, only the console tells how far it is. What fails here forgets the
//! configuration.

use super::sequence::{Sequence, Step};
use super::{Ending, down, image};
use crate::boot::{Boot, Stage};
use crate::identity::Disk;
use crate::resources::block;
use crate::settings::installer_version;
use crate::storage::{Ephemeral, StatePartition};
use std::sync::Arc;

const VOLUMES: &str = "block.VolumeManagerController";
/// Less is not enough for the partitions that an installation makes.
const SMALLEST: u64 = block::EFI + block::META + block::STATE + (1 << 30);

/// Installs and reboots, or fails and reboots.
pub(super) async fn run(boot: &Arc<Boot>) -> Ending {
    // The certificates of maintenance are gone, and others are not there before the next boot.
    boot.serving.send_replace(None);
    let sequence = Sequence::begin(boot, "install", 8, "");
    sequence.pass(1, "env", "setUserEnvVars", 2).await;
    boot.enter(Stage::Installing);
    let step = sequence.step(2, "install", "install");
    if let Err(reason) = install(boot, &step).await {
        step.failed(&reason);
        let cause =
            format!("error running phase 2 in install sequence: task 1/1: failed, {reason}");
        sequence.failed(&cause);
        fail(boot, &cause).await;
        return Ending::Reboot;
    }
    step.task.say("install successful");
    step.done();
    sequence.pass(3, "meta", "reloadMeta", 7).await;
    sequence.pass(4, "saveMeta", "flushMeta", 2045).await;
    let step = sequence.step(5, "volumeFinalize", "teardownLifecycle");
    persist(boot);
    boot.rest(1851).await;
    step.done();
    down::stop_everything(boot, &sequence, 6).await;
    down::kexec(boot, &sequence, 7).await;
    // The last step is never done: another kernel runs.
    boot.say("phase reboot (8/8): 1 tasks(s)");
    boot.say("task reboot (1/1): starting");
    boot.enter(Stage::Rebooting);
    down::end(boot, true).await;
    Ending::Reboot
}

async fn install(boot: &Boot, step: &Step<'_>) -> Result<(), String> {
    step.task.say("waiting for the image cache");
    boot.rest(40).await;
    let settings = boot.settings().ok_or("no configuration")?;
    let disk = target(boot, settings.install_disk.as_deref())?;
    let path = disk.path();
    step.task.say(&format!("installing Talos to disk {path}"));
    let image = &settings.install_image;
    boot.say(&format!("pulling \"{image}\""));
    image::pull_installer(boot, image).await?;
    let version = installer_version(image).unwrap_or_else(|| boot.version.clone());
    let (lines, error) = image::installer_lines(boot, &version.to_string(), &path, false);
    for line in lines {
        boot.installer(&line);
        boot.rest(700).await;
    }
    let too_small = (disk.size < SMALLEST).then(|| {
        format!(
            "failed to partition {path}: no space left: {} needed",
            block::pretty(SMALLEST)
        )
    });
    if let Some(error) = error.or(too_small) {
        boot.untagged(&format!("Error: {error}"));
        boot.untagged(&error);
        return Err("task \"upgrade\" failed: exit code 1".to_owned());
    }
    partition(boot, &disk, &version.to_string()).await;
    Ok(())
}

/// The disk that is to be installed on. Nothing has looked for it before.
fn target(boot: &Boot, path: Option<&str>) -> Result<Disk, String> {
    let mut disks = boot.machine.identity.disks.iter();
    let found = match path {
        Some(path) => disks.find(|disk| disk.path() == path),
        None => disks.find(|disk| !disk.cdrom),
    };
    let path = path.unwrap_or("/dev/vda");
    found
        .cloned()
        .ok_or_else(|| format!("lstat {path}: no such file or directory"))
}

async fn partition(boot: &Boot, disk: &Disk, version: &str) {
    boot.write_disk(|content| {
        content.system_disk = Some(disk.name.clone());
        content.version = version.to_owned();
    });
    for (volume, number) in [("STATE", 3), ("EPHEMERAL", 4)] {
        boot.write_disk(|content| match number {
            3 => content.state = Some(StatePartition::default()),
            _ => content.ephemeral = Some(Ephemeral::default()),
        });
        let device = format!("{}{number}", disk.path());
        let created = [("volume", volume.into()), ("disk", disk.path().into())];
        boot.report(VOLUMES, "partition created", &created);
        let format = [
            ("volume", volume.into()),
            ("device", device.into()),
            ("filesystem", "xfs".into()),
        ];
        boot.report(VOLUMES, "formatting filesystem", &format);
        boot.rest(900).await;
    }
}

/// Only now is the configuration on the disk.
fn persist(boot: &Boot) {
    let text = boot.settings().map(|settings| settings.text.clone());
    let node_id = super::presence::node_id(&boot.machine.random);
    boot.write_disk(|content| {
        content.meta.insert(9, "null".to_owned());
        content.state = Some(StatePartition {
            configuration: text,
            node_id: node_id.clone(),
        });
    });
    let fields = [("node_id", node_id.into())];
    boot.report(
        "cluster.NodeIdentityController",
        "node identity established",
        &fields,
    );
    boot.report(
        "config.PersistenceController",
        "machine configuration persisted to STATE",
        &[],
    );
}

/// What follows a failed installation: half a minute of cleaning, ten seconds, another boot.
async fn fail(boot: &Boot, cause: &str) {
    boot.enter(Stage::Rebooting);
    down::stop_services(boot, &[]).await;
    boot.say("running emergency volume cleanup");
    let cleanup = Sequence::begin(boot, "emergencyVolumeCleanup", 4, "");
    cleanup.pass(1, "umount", "unmountPodMounts", 8).await;
    cleanup
        .pass(2, "unmountBind", "unmountSystemDiskBindMounts", 1)
        .await;
    cleanup
        .pass(3, "unmountSystem", "unmountEphemeralPartition", 2)
        .await;
    let step = cleanup.step(4, "volumeFinalize", "teardownLifecycle");
    boot.rest(30_000).await;
    step.failed("context deadline exceeded");
    let reason = "error running phase 4 in emergencyVolumeCleanup sequence: task 1/1: failed, context deadline exceeded";
    cleanup.failed(reason);
    boot.say(&format!(
        "WARNING: emergency volume cleanup failed: {reason}"
    ));
    boot.say("controller runtime finished");
    boot.say(cause);
    boot.say("no system disk found, nothing to revert");
    count_down(boot).await;
    down::end(boot, false).await;
}

/// Ten seconds in which somebody can read what happened.
pub(super) async fn count_down(boot: &Boot) {
    for seconds in (0..=10).rev() {
        boot.say(&format!("rebooting in {seconds} seconds"));
        boot.rest(1000).await;
    }
}
