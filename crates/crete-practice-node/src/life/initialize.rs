//! From the first line to a configuration: from the disk, or from somebody in maintenance.

use super::sequence::{Sequence, Step};
use super::{network, presence, time, trust};
use crate::Fault;
use crate::boot::{Boot, Stage};
use crate::console::go_duration;
use crate::services::State as Service;
use crate::settings::Settings;
use std::sync::Arc;
use tokio::sync::mpsc;

const ACQUIRE: &str = "config.AcquireController";
pub(super) const CONTAINERD: &str = "Process([\"/bin/containerd\" \"--address\" \"/system/run/containerd/containerd.sock\" \"--state\" \"/system/run/containerd\" \"--root\" \"/system/var/lib/containerd\"])";
pub(super) const UDEVD: &str = "Process([\"/sbin/systemd-udevd\" \"--resolve-names=never\"])";
pub(super) const DASHBOARD: &str = "Process([\"/sbin/dashboard\"])";
const PHASES: usize = 9;

/// Goes up to a configuration; true when it came in maintenance.
pub(super) async fn run(
    boot: &Arc<Boot>,
    mut configuration: mpsc::UnboundedReceiver<Arc<Settings>>,
) -> bool {
    greet(boot).await;
    boot.enter(Stage::Booting);
    let sequence = Sequence::begin(boot, "initialize", PHASES, "");
    sequence
        .pass(1, "systemRequirements", "enforceKSPPRequirements", 1046)
        .await;
    early_services(boot, &sequence).await;
    sequence.pass(3, "usb", "waitForUSB", 1).await;
    sequence.pass(4, "meta", "reloadMeta", 490).await;
    let step = sequence.step(6, "dashboard", "startDashboard");
    start_dashboard(boot).await;
    step.done();
    halt_if_installed(boot, &sequence).await;
    let step = sequence.step(9, "config", "loadConfig");
    if let Some(settings) = from_disk(boot) {
        boot.rest(1000).await;
        loaded(boot, step, "state");
        sequence.done();
        presence::configured(boot, settings);
        return false;
    }
    in_maintenance(boot, &mut configuration).await;
    boot.report(ACQUIRE, "leaving maintenance service", &[]);
    loaded(boot, step, "maintenance");
    sequence.done();
    true
}

fn loaded(boot: &Boot, step: Step<'_>, source: &str) {
    let sources = crate::console::Value::List(vec![source.to_owned()]);
    let text = "machine config loaded successfully";
    boot.report(ACQUIRE, text, &[("sources", sources)]);
    step.done();
}

/// The first program's lines, and the time the kernel takes before it.
async fn greet(boot: &Boot) {
    boot.rest(8600).await;
    let say = |text: &str| boot.say(&format!("[initramfs] {text}"));
    let identity = &boot.machine.identity;
    say("TPM device is not available, skipping PCR extension");
    say(&format!("booting Talos {}", boot.tag()));
    let processor = &identity.processor;
    // With one processor it says none.
    let cores = if processor.threads > 1 {
        processor.cores
    } else {
        0
    };
    let threads = processor.threads.checked_div(processor.cores).unwrap_or(1);
    say(&format!(
        "CPU: {}, {cores} core(s), {threads} thread(s) per core",
        processor.model
    ));
    say(&format!(
        "x86_64 microarchitecture level: {}",
        processor.level
    ));
    say("mounting the rootfs");
    say("entering the rootfs");
    say("executing /sbin/init");
    stop_if_faulty(boot).await;
    boot.rest(3500).await;
    boot.say("machined logger initialized");
    let early = [
        ("component", "early-startup".into()),
        ("mode", "metal".into()),
    ];
    boot.say(&crate::console::with_fields("platform information", &early));
    boot.rest(150).await;
    let early = [
        ("component", "early-startup".into()),
        (
            "duration",
            go_duration(boot.machine.pace.of(std::time::Duration::from_millis(142))).into(),
        ),
    ];
    boot.say(&crate::console::with_fields("early startup done", &early));
}

/// The services of every node. From 1.13 on the API's is among them.
async fn early_services(boot: &Boot, sequence: &Sequence<'_>) {
    let tasks = if boot.since_1_13() { 6 } else { 5 };
    let phase = sequence.phase(2, "earlyServices", tasks);
    let containerd = phase.task(tasks, "startContainerd");
    prepare(boot, "containerd");
    let udevd = phase.task(1, "startUdevd");
    let machined = phase.task(2, "startMachined");
    prepare(boot, "machined");
    if boot.since_1_13() {
        let apid = phase.task(3, "startApid");
        boot.service("apid", Service::Starting, "Starting service");
        let waits =
            "Waiting for service \"containerd\" to be \"up\", api certificates, config to be ready";
        boot.service("apid", Service::Waiting, waits);
        apid.done();
    }
    boot.service("machined", Service::Running, "Service started as goroutine");
    let syslogd = phase.task(tasks - 1, "startSyslogd");
    boot.service("syslogd", Service::Starting, "Starting service");
    boot.service(
        "syslogd",
        Service::Waiting,
        "Waiting for service \"machined\" to be \"up\"",
    );
    syslogd.done();
    let auditd = phase.task(tasks - 2, "startAuditd");
    prepare(boot, "auditd");
    auditd.done();
    boot.service("auditd", Service::Running, "Service started as goroutine");
    boot.service(
        "containerd",
        Service::Running,
        &format!("Process {CONTAINERD} started with PID 149"),
    );
    prepare(boot, "udevd");
    boot.service(
        "udevd",
        Service::Running,
        &format!("Process {UDEVD} started with PID 153"),
    );
    boot.rest(1000).await;
    boot.look("machined", None);
    machined.done();
    boot.service("syslogd", Service::Preparing, "Running pre state");
    boot.service("syslogd", Service::Preparing, "Creating service runner");
    boot.service("syslogd", Service::Running, "Service started as goroutine");
    boot.look("auditd", None);
    boot.rest(1000).await;
    boot.look("syslogd", None);
    boot.rest(3900).await;
    network::bring_up(boot);
    boot.look("containerd", None);
    containerd.done();
    if boot.since_1_13() {
        let waits = "Waiting for api certificates, config to be ready";
        boot.service("apid", Service::Waiting, waits);
    }
    boot.rest(1500).await;
    boot.look("udevd", None);
    udevd.done();
    phase.done();
    volumes(boot);
}

fn prepare(boot: &Boot, id: &str) {
    boot.service(id, Service::Starting, "Starting service");
    boot.service(id, Service::Preparing, "Running pre state");
    boot.service(id, Service::Preparing, "Creating service runner");
}

fn volumes(boot: &Boot) {
    let disk = boot.disk();
    for (volume, there) in [
        ("META", disk.is_installed()),
        ("STATE", disk.state.is_some()),
    ] {
        let phase = if there {
            "waiting -> ready"
        } else {
            "waiting -> missing"
        };
        let fields = [("volume", volume.into()), ("phase", phase.into())];
        boot.report("block.VolumeManagerController", "volume status", &fields);
    }
}

async fn start_dashboard(boot: &Boot) {
    boot.service("dashboard", Service::Starting, "Starting service");
    let waits = "Waiting for service \"machined\" to be \"up\", file \"/system/run/machined/machine.sock\" to exist";
    boot.service("dashboard", Service::Waiting, waits);
    boot.rest(55).await;
    boot.service("dashboard", Service::Preparing, "Running pre state");
    boot.service("dashboard", Service::Preparing, "Creating service runner");
    boot.service(
        "dashboard",
        Service::Running,
        &format!("Process {DASHBOARD} started with PID 221"),
    );
}

/// A machine whose Linux stops goes no further, for as long as the fault lasts.
async fn stop_if_faulty(boot: &Boot) {
    let faults = &boot.machine.faults;
    let ends = [
        (
            Fault::CpuTooOld,
            "This program can only be run on AMD64 processors with v2 microarchitecture support.",
        ),
        (
            Fault::KernelPanic,
            "Kernel panic - not syncing: VFS: Unable to mount root fs",
        ),
    ];
    for (fault, line) in ends {
        if faults.has(fault) {
            boot.say(line);
            faults.gone(fault).await;
        }
    }
}

/// A machine that boots from its CD although Talos is installed stops here, for as long as it does.
async fn halt_if_installed(boot: &Boot, sequence: &Sequence<'_>) {
    let faults = &boot.machine.faults;
    if !boot.disk().is_installed() || !faults.has(Fault::BootsFromCd) {
        return;
    }
    let step = sequence.step(8, "haltIfInstalled", "haltIfInstalled");
    while faults.has(Fault::BootsFromCd) {
        step.task.say("Talos is already installed to disk but booted from another media and talos.halt_if_installed kernel parameter is set. Please reboot from the disk.");
        boot.rest(30_000).await;
    }
    step.done();
}

/// The configuration on STATE, when there is one that this version reads.
fn from_disk(boot: &Boot) -> Option<Arc<Settings>> {
    let text = boot.disk().state?.configuration?;
    Settings::read(&text, boot.contract).ok().map(Arc::new)
}

/// Waits for somebody's configuration, and lives by it from then on.
async fn in_maintenance(
    boot: &Arc<Boot>,
    configuration: &mut mpsc::UnboundedReceiver<Arc<Settings>>,
) {
    boot.report(
        ACQUIRE,
        "downloading config",
        &[("platform", "metal".into())],
    );
    boot.report(ACQUIRE, "entering maintenance service", &[]);
    boot.events.happened("", &task("runningMaintenance", 0));
    boot.enter(Stage::Maintenance);
    let settings = tokio::select! {
        settings = trust::serve_maintenance(boot, configuration) => settings,
        never = time::keep(boot) => match never {},
    };
    presence::configured(boot, settings);
    boot.events.happened("", &task("runningMaintenance", 1));
    boot.enter(Stage::Booting);
}

fn task(name: &str, action: i32) -> crete_talos::api::wire::machine::TaskEvent {
    crete_talos::api::wire::machine::TaskEvent {
        task: name.to_owned(),
        action,
    }
}
