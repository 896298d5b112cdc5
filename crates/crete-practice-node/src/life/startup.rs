//! The boot sequence of a configured node: its own services, then those of the cluster.

use super::sequence::{Phase, Sequence};
use super::{presence, time, trust};
use crate::boot::{Boot, Stage};
use crate::services::State as Service;
use crate::settings::Settings;
use crate::storage::{Ephemeral, StatePartition};
use std::convert::Infallible;
use std::sync::Arc;

/// Bytes below which a node says so: control planes and workers.
const RECOMMENDED: [u64; 2] = [3946 << 20, 1898 << 20];
const MINIMUM: [u64; 2] = [1698 << 20, 874 << 20];
/// Bytes that EPHEMERAL should have.
const ROOM: u64 = 6 << 30;

/// Boots, and then keeps the clock.
pub(super) async fn run(boot: &Arc<Boot>) -> Infallible {
    if let Some(settings) = boot.settings() {
        boot.enter(Stage::Booting);
        tokio::select! {
            () = boot_sequence(boot, &settings) => {}
            never = time::keep(boot) => match never {},
        }
    }
    time::keep(boot).await
}

async fn boot_sequence(boot: &Arc<Boot>, settings: &Settings) {
    let sequence = Sequence::begin(boot, "boot", 9, "");
    check_memory(boot, settings, &sequence).await;
    adopt_disk_image(boot);
    presence::greet_cluster(boot);
    check_disk(boot, &sequence).await;
    let phase = sequence.phase(3, "env", 2);
    let environment = phase.task(1, "setUserEnvVars");
    environment.done();
    let roots = phase.task(2, "waitForCARoots");
    boot.rest(86).await;
    roots.done();
    phase.done();
    sequence.pass(4, "dbus", "startDBus", 204).await;
    sequence
        .pass(5, "ephemeral", "mountEphemeralPartition", 207)
        .await;
    sequence.pass(6, "udevSetup", "writeUdevRules", 104).await;
    sequence.pass(7, "userDisks", "mountUserDisks", 1).await;
    sequence.pass(8, "userSetup", "writeUserFiles", 1).await;
    let phase = sequence.phase(9, "startEverything", 1);
    start_everything(boot, settings, &phase).await;
    phase.done();
    sequence.done();
    boot.enter(Stage::Running);
}

async fn check_memory(boot: &Boot, settings: &Settings, sequence: &Sequence<'_>) {
    let step = sequence.step(1, "memorySizeCheck", "memorySizeCheck");
    boot.rest(14).await;
    let role = usize::from(!settings.is_control_plane());
    // The kernel keeps a part for itself.
    let memory = boot.usable_memory();
    let mebibytes = |bytes: u64| bytes >> 20;
    if memory < MINIMUM[role] {
        step.task
            .say("WARNING: memory size is less than recommended");
    }
    if memory < RECOMMENDED[role] {
        step.task.say(&format!(
            "NOTE: recommended memory size is {} MiB",
            mebibytes(RECOMMENDED[role])
        ));
        step.task.say(&format!(
            "NOTE: current total memory size is {} MiB",
            mebibytes(memory)
        ));
    } else {
        step.task.say("memory size is OK");
        step.task
            .say(&format!("memory size is {} MiB", mebibytes(memory)));
    }
    step.done();
}

/// A disk image has no partitions for the configuration and the data before it needs them.
fn adopt_disk_image(boot: &Boot) {
    let text = boot.settings().map(|settings| settings.text.clone());
    let node_id = presence::node_id(&boot.machine.random);
    boot.write_disk(|content| {
        let state = content.state.get_or_insert_with(StatePartition::default);
        if state.configuration.is_none() {
            state.configuration = text;
        }
        if state.node_id.is_empty() {
            state.node_id = node_id;
        }
        content.ephemeral.get_or_insert_with(Ephemeral::default);
    });
    boot.publish_configuration();
}

async fn check_disk(boot: &Boot, sequence: &Sequence<'_>) {
    let step = sequence.step(2, "diskSizeCheck", "diskSizeCheck");
    boot.rest(3100).await;
    let partitions = boot.partitions();
    let ephemeral = partitions.iter().find(|one| one.label == "EPHEMERAL");
    let size = ephemeral.map_or(0, |one| one.size);
    match size < ROOM {
        true => step.task.say("WARNING: disk size is less than recommended"),
        false => step.task.say("disk size is OK"),
    }
    step.task.say(&format!("disk size is {} MiB", size >> 20));
    step.done();
}

async fn start_everything(boot: &Arc<Boot>, settings: &Settings, phase: &Phase<'_>) {
    let task = phase.task(1, "startAllServices");
    boot.service("cri", Service::Starting, "Starting service");
    boot.service("cri", Service::Waiting, "Waiting for volumes /var/lib, /var/lib/cni, /var/lib/containerd, /var/run, /var/run/lock, /etc/cni, /etc/kubernetes, /usr/libexec/kubernetes, /opt to be mounted, network");
    let control_plane = settings.is_control_plane();
    if control_plane {
        boot.service("trustd", Service::Starting, "Starting service");
        boot.service(
            "trustd",
            Service::Waiting,
            "Waiting for service \"containerd\" to be \"up\", time sync, network",
        );
    }
    boot.change(|state| state.starting = true);
    let mut wanted = vec!["apid", "auditd", "containerd", "cri", "dashboard"];
    wanted.extend(control_plane.then_some("etcd"));
    wanted.extend(["kubelet", "machined", "syslogd"]);
    wanted.extend(control_plane.then_some("trustd"));
    wanted.push("udevd");
    task.say(&format!("waiting for {} services", wanted.len()));
    let up = async {
        tokio::join!(
            start_cri(boot),
            start_trustd(boot, control_plane),
            start_apid(boot, settings),
        );
        let all = wanted.clone();
        boot.wait(|state| {
            let up = |id: &&str| {
                state
                    .services
                    .get(id)
                    .is_some_and(|service| service.is_up())
            };
            // The dashboard has no health check.
            let all = all.iter().filter(|id| **id != "dashboard");
            all.into_iter().all(up).then_some(())
        })
        .await;
    };
    let telling = async {
        loop {
            let waiting: Vec<String> = wanted
                .iter()
                .filter(|id| {
                    !boot.state().services.get(id).is_some_and(|one| one.is_up())
                        && **id != "dashboard"
                })
                .map(|id| format!("service \"{id}\" to be \"up\""))
                .collect();
            if !waiting.is_empty() {
                task.say(&waiting.join(", "));
            }
            boot.rest(15_000).await;
        }
    };
    tokio::select! {
        () = up => {}
        () = telling => {}
    }
    task.done();
}

async fn start_cri(boot: &Boot) {
    boot.rest(2400).await;
    boot.service("cri", Service::Preparing, "Running pre state");
    boot.service("cri", Service::Preparing, "Creating service runner");
    boot.rest(200).await;
    boot.service(
        "cri",
        Service::Running,
        &format!("Process {CRI} started with PID 247"),
    );
    boot.rest(5000).await;
    boot.look("cri", None);
}

pub(super) const CRI: &str = "Process([\"/bin/containerd\" \"--address\" \"/run/containerd/containerd.sock\" \"--config\" \"/etc/cri/containerd.toml\"])";

async fn start_trustd(boot: &Boot, control_plane: bool) {
    if !control_plane {
        return;
    }
    boot.wait(|state| state.has_time().then_some(())).await;
    boot.rest(2000).await;
    boot.service("trustd", Service::Preparing, "Running pre state");
    boot.service("trustd", Service::Preparing, "Creating service runner");
    boot.rest(6000).await;
    boot.service(
        "trustd",
        Service::Running,
        "Started task trustd (PID 329) for container trustd",
    );
    boot.rest(3000).await;
    boot.look("trustd", None);
    trust::sign_for_workers(boot);
}

/// The API of the cluster. A worker's waits for a control plane that signs its certificate.
async fn start_apid(boot: &Arc<Boot>, settings: &Settings) {
    let kept = boot
        .state()
        .services
        .get("apid")
        .is_some_and(|one| one.is_up());
    if !kept && settings.is_control_plane() {
        boot.service("apid", Service::Waiting, "Waiting for config to be ready");
    }
    if let Err(error) = trust::serve_cluster(boot, settings).await {
        boot.say(&format!("service[apid](Waiting): {error}"));
        // Nothing mends a broken authority but another configuration.
        std::future::pending::<()>().await;
    }
    if !kept {
        boot.service("apid", Service::Preparing, "Running pre state");
        boot.service("apid", Service::Preparing, "Creating service runner");
        boot.rest(7000).await;
        boot.service(
            "apid",
            Service::Running,
            "Started task apid (PID 325) for container apid",
        );
        boot.rest(3000).await;
    }
    trust::present(boot);
    boot.look("apid", None);
}
