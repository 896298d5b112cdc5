//! The ways down: reboot, shutdown, reset, upgrade, rollback.

use super::initialize::{CONTAINERD, DASHBOARD, UDEVD};
use super::sequence::Sequence;
use super::startup::CRI;
use super::{Ending, etcd, image, install};
use crate::boot::{Boot, Stage};
use crate::machine::Button;
use crate::services::State as Service;
use crate::settings::installer_version;

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Down {
    pub kind: DownKind,
    /// The call that asked; the button has an id of its own.
    pub actor: String,
}

#[derive(Debug, Clone)]
pub(crate) enum DownKind {
    Reboot {
        forced: bool,
        firmware: bool,
        button: bool,
    },
    Shutdown {
        forced: bool,
        button: bool,
    },
    Reset(Wipe),
    Upgrade {
        image: String,
    },
    Rollback,
}

/// What a reset wipes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wipe {
    pub graceful: bool,
    pub reboot: bool,
    /// Labels of partitions; none is the whole disk.
    pub partitions: Vec<String>,
}

impl Down {
    pub fn by(button: Button) -> Self {
        let kind = match button {
            Button::Power => DownKind::Shutdown {
                forced: true,
                button: true,
            },
            Button::CtrlAltDel => DownKind::Reboot {
                forced: true,
                firmware: true,
                button: true,
            },
        };
        Self {
            kind,
            actor: String::new(),
        }
    }
}

/// Goes down; the boot is over afterwards.
pub(super) async fn go(boot: &Boot, down: &Down) -> Ending {
    announce(boot, down);
    let stage = boot.state().stage;
    if matches!(stage, Stage::Booting | Stage::Maintenance) {
        cancel(boot);
    }
    // Drained as far as there is anything to drain.
    boot.change(|state| state.going_down = true);
    let actor = down.actor.as_str();
    match &down.kind {
        DownKind::Reboot {
            forced, firmware, ..
        } => {
            boot.enter(Stage::Rebooting);
            let sequence = Sequence::begin(boot, "reboot", 10, actor);
            let next = stop_workloads(boot, &sequence, 1, !forced).await;
            let next = unmount(&sequence, next).await;
            kexec(boot, &sequence, next).await;
            stop_everything(boot, &sequence, next + 1).await;
            leave(boot, "phase reboot (10/10): 1 tasks(s)", "reboot");
            end(boot, !firmware).await;
            Ending::Reboot
        }
        DownKind::Shutdown { forced, .. } => {
            boot.enter(Stage::ShuttingDown);
            let sequence = Sequence::begin(boot, "shutdown", 10, actor);
            sequence
                .pass(1, "storeShutdown", "storeShutdownEmergency", 1)
                .await;
            let next = stop_workloads(boot, &sequence, 2, !forced).await;
            let next = unmount(&sequence, next).await;
            stop_everything(boot, &sequence, next).await;
            leave(boot, "phase shutdown (10/10): 1 tasks(s)", "shutdown");
            power_down(boot).await
        }
        DownKind::Reset(wipe) => reset(boot, wipe, actor).await,
        DownKind::Upgrade { image } => upgrade(boot, image, actor).await,
        DownKind::Rollback => roll_back(boot).await,
    }
}

fn announce(boot: &Boot, down: &Down) {
    let actor = &down.actor;
    boot.say(&match &down.kind {
        DownKind::Reboot { button: true, .. } => "reboot via Ctrl-Alt-Del received".to_owned(),
        DownKind::Reboot { .. } => format!("reboot via API received. actor id: {actor}"),
        DownKind::Shutdown { button: true, .. } => "shutdown via ACPI received".to_owned(),
        DownKind::Shutdown { .. } => format!("shutdown via API received. actor id: {actor}"),
        DownKind::Reset(_) => format!("reset request received. actorID: {actor}"),
        DownKind::Upgrade { .. } => {
            "upgrade request received: staged false, force false, reboot mode DEFAULT".to_owned()
        }
        DownKind::Rollback => "rollback via API received".to_owned(),
    });
}

/// What was going up ends where it is.
fn cancel(boot: &Boot) {
    let maintenance = boot.settings().is_none();
    let lines = match maintenance {
        true => ["task loadConfig (1/1)", "phase config (9/9)", "initialize"],
        false => [
            "task startAllServices (1/1)",
            "phase startEverything (9/9)",
            "boot",
        ],
    };
    boot.say(&format!("{}: failed: context canceled", lines[0]));
    boot.say(&format!("{}: failed", lines[1]));
    boot.say(&format!("{} sequence: failed", lines[2]));
}

/// Stops the pods and the services of the cluster; gives the number of the next phase.
async fn stop_workloads(
    boot: &Boot,
    sequence: &Sequence<'_>,
    first: usize,
    graceful: bool,
) -> usize {
    stop_pods(boot, sequence, first, graceful).await;
    sequence.pass(first + 1, "dbus", "stopDBus", 14).await;
    stop_cluster_services(boot, sequence, first + 2).await;
    first + 3
}

async fn stop_pods(boot: &Boot, sequence: &Sequence<'_>, number: usize, graceful: bool) {
    let step = sequence.step(number, "cleanup", "stopAllPods");
    step.task.say("waiting for kubelet lifecycle finalizers");
    step.task.say("shutting down kubelet gracefully");
    let pods = boot.has_kubelet();
    boot.change(|state| state.pods_stopped = true);
    if pods {
        if graceful {
            // The kubelet gives its pods half a minute.
            boot.rest(23_000).await;
        }
        stop(
            boot,
            "kubelet",
            "task kubelet (PID 1017, container kubelet)",
        )
        .await;
        for pod in boot.own_pods() {
            boot.say(&format!(
                "stopping pod kube-system/{pod} with network mode \"NODE\""
            ));
            boot.rest(if graceful { 7500 } else { 500 }).await;
            boot.say(&format!("stopped pod kube-system/{pod}"));
        }
    }
    step.done();
}

async fn stop_cluster_services(boot: &Boot, sequence: &Sequence<'_>, number: usize) {
    let step = sequence.step(number, "stopServices", "stopServicesForUpgrade");
    boot.change(|state| state.cluster_stopped = true);
    for (id, what) in [
        ("trustd", "task trustd (PID 329, container trustd)"),
        ("etcd", "task etcd (PID 437, container etcd)"),
        ("cri", CRI),
    ] {
        stop(boot, id, what).await;
    }
    step.done();
}

async fn unmount(sequence: &Sequence<'_>, first: usize) -> usize {
    for (place, (phase, task, time)) in [
        ("umount", "unmountPodMounts", 2),
        ("unmountBind", "unmountSystemDiskBindMounts", 43),
        ("unmountSystem", "unmountEphemeralPartition", 1),
        ("volumeFinalize", "teardownLifecycle", 1418),
    ]
    .into_iter()
    .enumerate()
    {
        sequence.pass(first + place, phase, task, time).await;
    }
    first + 4
}

/// Loads the kernel that is to run next.
pub(super) async fn kexec(boot: &Boot, sequence: &Sequence<'_>, number: usize) {
    let step = sequence.step(number, "kexec", "kexecPrepare");
    let disk = boot
        .system_disk()
        .map(|(_, disk)| disk.path())
        .unwrap_or_default();
    boot.say(&format!("probing bootloader on \"{disk}\""));
    boot.say(&format!(
        "sd-boot: found UKI files: [Talos-{}.efi]",
        boot.disk().version
    ));
    boot.say(&format!("found sd-boot bootloader on \"{disk}\""));
    boot.rest(11_400).await;
    let cmdline = &boot.machine.identity.cmdline;
    boot.say(&format!("prepared kexec environment with kernel and initrd extracted from uki, cmdline=\"{cmdline}\""));
    step.done();
}

/// Stops what is left, the API with it.
pub(super) async fn stop_everything(boot: &Boot, sequence: &Sequence<'_>, number: usize) {
    let step = sequence.step(number, "stopEverything", "stopAllServices");
    stop_services(boot, &[]).await;
    step.done();
}

/// Stops every service that runs, but some.
pub(super) async fn stop_services(boot: &Boot, but: &[&str]) {
    boot.serving.send_replace(None);
    let order = [
        "apid",
        "udevd",
        "syslogd",
        "dashboard",
        "auditd",
        "machined",
        "containerd",
    ];
    for id in order.into_iter().filter(|id| !but.contains(id)) {
        let what = match id {
            "apid" => "task apid (PID 325, container apid)",
            "udevd" => UDEVD,
            "dashboard" => DASHBOARD,
            "containerd" => CONTAINERD,
            _ => "",
        };
        stop(boot, id, what).await;
    }
}

async fn stop(boot: &Boot, id: &str, what: &str) {
    if !boot
        .state()
        .services
        .get(id)
        .is_some_and(|one| one.is_running())
    {
        // Whatever it waited for, it waits no longer.
        if boot.state().services.get(id).is_some() {
            boot.service(id, Service::Finished, "Service finished successfully");
        }
        return;
    }
    let text = match what {
        "" => "Service stopping".to_owned(),
        what => format!("Sending SIGTERM to {what}"),
    };
    boot.service(id, Service::Stopping, &text);
    boot.rest(400).await;
    boot.service(id, Service::Finished, "Service finished successfully");
}

fn leave(boot: &Boot, phase: &str, task: &str) {
    boot.say(phase);
    boot.say(&format!("task {task} (1/1): starting"));
}

/// The last lines, and the time until the next kernel.
pub(super) async fn end(boot: &Boot, kexec: bool) {
    boot.say("controller runtime finished");
    boot.say("unmounted / (/dev/loop0)");
    boot.say("waiting for sync...");
    boot.say("sync done");
    match kexec {
        true => boot.kernel("kexec_core: Starting new kernel"),
        false => {
            boot.kernel("reboot: Restarting system");
            // The firmware takes its time too.
            boot.rest(8000).await;
        }
    }
}

async fn power_down(boot: &Boot) -> Ending {
    boot.say("controller runtime finished");
    boot.say("unmounted / (/dev/loop0)");
    boot.say("waiting for sync...");
    boot.say("sync done");
    boot.kernel("reboot: Power down");
    Ending::Off
}

async fn reset(boot: &Boot, wipe: &Wipe, actor: &str) -> Ending {
    boot.enter(Stage::Resetting);
    let whole = wipe.partitions.is_empty();
    let control_plane = boot
        .settings()
        .is_some_and(|settings| settings.is_control_plane());
    let leaves = wipe.graceful && control_plane;
    let phases = 13 + usize::from(wipe.graceful) + usize::from(leaves);
    let sequence = Sequence::begin(boot, "reset", phases, actor);
    let mut number = 1;
    if wipe.graceful {
        sequence
            .pass(number, "drain", "cordonAndDrainNode", 3000)
            .await;
        boot.cordon();
        number += 1;
    }
    stop_pods(boot, &sequence, number, wipe.graceful).await;
    sequence.pass(number + 1, "dbus", "stopDBus", 50).await;
    number += 2;
    if leaves {
        let step = sequence.step(number, "leave", "leaveEtcd");
        if let Err(refusal) = etcd::leave(boot).await {
            step.failed(refusal);
            let cause = format!(
                "error running phase {number} in reset sequence: task 1/1: failed, {refusal}"
            );
            sequence.failed(&cause);
            stop_services(boot, &[]).await;
            boot.say(&cause);
            install::count_down(boot).await;
            end(boot, false).await;
            return Ending::Reboot;
        }
        step.done();
        number += 1;
    }
    sequence
        .pass(number, "preReset", "sendResetSignal", 1)
        .await;
    stop_cluster_services(boot, &sequence, number + 1).await;
    let next = unmount(&sequence, number + 2).await;
    kexec(boot, &sequence, next).await;
    stop_everything(boot, &sequence, next + 1).await;
    sequence
        .pass(next + 2, "forceCleanup", "forceCleanup", 2820)
        .await;
    let (phase, task) = match whole {
        true => ("reset", "resetSystemDisk"),
        false => ("resetSpec", "resetSystemDiskSpec"),
    };
    let step = sequence.step(next + 3, phase, task);
    erase(boot, wipe, |text| step.task.say(text)).await;
    step.done();
    match wipe.reboot {
        true => {
            leave(
                boot,
                &format!("phase reboot ({phases}/{phases}): 1 tasks(s)"),
                "reboot",
            );
            end(boot, !whole).await;
            Ending::Reboot
        }
        false => {
            leave(
                boot,
                &format!("phase shutdown ({phases}/{phases}): 1 tasks(s)"),
                "shutdown",
            );
            power_down(boot).await
        }
    }
}

async fn erase(boot: &Boot, wipe: &Wipe, say: impl Fn(&str)) {
    etcd::forget(boot);
    if wipe.partitions.is_empty() {
        boot.rest(2000).await;
        boot.write_disk(|content| *content = crate::storage::Content::default());
        return;
    }
    let disk = boot
        .system_disk()
        .map(|(_, disk)| disk.path())
        .unwrap_or_default();
    for label in &wipe.partitions {
        let number = if label == "STATE" { 3 } else { 4 };
        let device = format!("{disk}{number}");
        say(&format!("wiping volume \"{label}\" ({device})"));
        boot.rest(800).await;
        say(&format!("block device \"{device}\" wiped with fast method"));
        say(&format!(
            "dropping partition {number} from device \"{disk}\""
        ));
        boot.write_disk(|content| match label.as_str() {
            "STATE" => content.state = None,
            "EPHEMERAL" => content.ephemeral = None,
            _ => {}
        });
    }
    say("reset the state encryption META config tag");
}

async fn upgrade(boot: &Boot, image: &str, actor: &str) -> Ending {
    boot.enter(Stage::Upgrading);
    let sequence = Sequence::begin(boot, "upgrade", 13, actor);
    sequence.pass(1, "drain", "cordonAndDrainNode", 3000).await;
    let next = stop_workloads(boot, &sequence, 2, true).await;
    let next = unmount(&sequence, next).await;
    let step = sequence.step(next, "upgrade", "upgrade");
    step.task
        .say(&format!("performing upgrade via \"{image}\""));
    let disk = boot
        .system_disk()
        .map(|(_, disk)| disk.path())
        .unwrap_or_default();
    let version = installer_version(image)
        .unwrap_or_else(|| boot.version.clone())
        .to_string();
    let (lines, error) = image::installer_lines(boot, &version, &disk, true);
    for line in lines {
        boot.installer(&line);
        boot.rest(1500).await;
    }
    match error {
        None => {
            switch_to(boot, &version);
            step.task.say("upgrade successful");
            step.done();
        }
        Some(error) => {
            boot.untagged(&format!("Error: {error}"));
            step.failed("task \"upgrade\" failed: exit code 1");
        }
    }
    kexec(boot, &sequence, next + 2).await;
    stop_everything(boot, &sequence, next + 3).await;
    leave(boot, "phase reboot (13/13): 1 tasks(s)", "reboot");
    end(boot, true).await;
    Ending::Reboot
}

/// The next boot is of another version; this one is kept to go back to.
pub(crate) fn switch_to(boot: &Boot, version: &str) {
    let own = boot.version.to_string();
    let fallback = format!("Talos-{}.efi", boot.tag());
    boot.write_disk(|content| {
        content.previous = Some(own);
        content.version = version.to_owned();
        content.meta.insert(6, fallback);
    });
}

async fn roll_back(boot: &Boot) -> Ending {
    let previous = boot.disk().previous.unwrap_or_default();
    boot.say(&format!(
        "reverting to previous UKI: /boot/EFI/EFI/Linux/Talos-{previous}.efi"
    ));
    boot.write_disk(|content| {
        content.version = content.previous.take().unwrap_or_default();
        content.meta.remove(&6);
    });
    boot.enter(Stage::Rebooting);
    let sequence = Sequence::begin(boot, "reboot", 10, "");
    let next = stop_workloads(boot, &sequence, 1, true).await;
    let next = unmount(&sequence, next).await;
    kexec(boot, &sequence, next).await;
    stop_everything(boot, &sequence, next + 1).await;
    leave(boot, "phase reboot (10/10): 1 tasks(s)", "reboot");
    end(boot, true).await;
    Ending::Reboot
}
