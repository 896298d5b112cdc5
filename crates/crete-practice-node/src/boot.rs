//! Everything that a node knows between two boots of it. The next boot begins with nothing but the
//! disk.
//!
//! Parts tell it what happens; it prints, records, sends events and keeps the resources and the
//! stage in step, so that no part can forget one of them.

mod conditions;
mod publish;

pub(crate) use conditions::Stage;

use crate::api::Serving;
use crate::certificates::Authority;
use crate::cluster::StaticPod;
use crate::console::{Value, with_fields};
use crate::error::NodeError;
use crate::events::Events;
use crate::identity::{Given, Medium};
use crate::life::Asked;
use crate::logs::Logs;
use crate::machine::{Machine, booted};
use crate::network::Listener;
use crate::services::{Services, State as ServiceState, name};
use crate::settings::Settings;
use crate::storage::{Content, EtcdData};
use crate::store::Store;
use crate::summary::Summary;
use crete_model::TalosVersion;
use crete_talos::Contract;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

/// Bytes that the kernel keeps to itself.
const KERNEL: u64 = 187 << 20;

/// What the parts of a boot share.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub stage: Stage,
    pub services: Services,
    /// The configuration that is lived by.
    pub settings: Option<Arc<Settings>>,
    /// The name, once there is one.
    pub hostname: Option<String>,
    pub synchronized: bool,
    /// The links are set up.
    pub network_is_up: bool,
    /// What the network was told to give.
    pub network: Given,
    /// Virtual addresses that the node holds.
    pub virtual_addresses: BTreeSet<IpAddr>,
    /// True from when bootstrapping can be asked for.
    pub bootstrappable: bool,
    /// etcd was asked to begin a new cluster.
    pub bootstrap_asked: bool,
    /// A snapshot was uploaded.
    pub snapshot: bool,
    /// The member that runs here.
    pub etcd: Option<EtcdData>,
    /// Who signs the certificate of the cluster.
    pub authority: Option<Arc<Authority>>,
    /// The API of the cluster is open.
    pub presents: bool,
    /// The services of the cluster are being started.
    pub starting: bool,
    /// How often somebody restarted the kubelet.
    pub kubelet_restarts: u64,
    pub static_pods: Vec<StaticPod>,
    /// The node is on its way down.
    pub going_down: bool,
    pub pods_stopped: bool,
    pub cluster_stopped: bool,
    /// An apply that reboots was accepted: nothing else is applied.
    pub applied_for_reboot: bool,
    /// Images in the node's containerd.
    pub images: BTreeSet<String>,
    /// The stage and conditions that were told last.
    told: Option<conditions::Told>,
    /// The line that the machine is ready was printed.
    ready_printed: bool,
}

impl State {
    /// True when the clock is right, or nobody is to ask.
    pub fn has_time(&self) -> bool {
        let disabled = self
            .settings
            .as_ref()
            .is_some_and(|settings| settings.time_disabled);
        self.synchronized || disabled
    }

    /// True when it was told last that nothing is waited for.
    pub fn is_ready(&self) -> bool {
        self.told.as_ref().is_some_and(conditions::Told::is_ready)
    }

    pub fn is_up(&self, id: &str) -> bool {
        self.services.get(id).is_some_and(|service| service.is_up())
    }
}

/// One boot.
#[derive(Debug)]
pub(crate) struct Boot {
    pub machine: Arc<Machine>,
    /// The Talos that runs, which an upgrade makes another one than the machine came with.
    pub version: TalosVersion,
    pub contract: Contract,
    pub store: Store,
    pub events: Events,
    pub logs: Logs,
    /// What the API shows and asks for; nothing while there is none.
    pub serving: watch::Sender<Option<Arc<Serving>>>,
    /// What the API asks of the node's life.
    pub asked: mpsc::UnboundedSender<Asked>,
    state: Mutex<State>,
    disk: Mutex<Content>,
    /// What a screen in front of the machine shows.
    summary: Arc<watch::Sender<Summary>>,
    /// Held while somebody looks and tells: who looked earlier never has the last word.
    telling: Mutex<()>,
    changed: watch::Sender<u64>,
    began: Instant,
    began_at: Timestamp,
}

impl Boot {
    pub fn new(
        machine: &Arc<Machine>,
        asked: mpsc::UnboundedSender<Asked>,
        summary: Arc<watch::Sender<Summary>>,
    ) -> Self {
        let mut content = Content::load(machine.storage.as_ref());
        if machine.identity.medium == Medium::DiskImage && !content.is_installed() {
            let mut disks = machine.identity.disks.iter();
            content.system_disk = disks.find(|disk| !disk.cdrom).map(|disk| disk.name.clone());
        }
        let (version, contract) = booted(machine, &content);
        let clock = machine.clock;
        let boot = Self {
            machine: Arc::clone(machine),
            version,
            contract,
            store: Store::new(clock),
            events: Events::new(clock, &machine.random),
            logs: Logs::default(),
            serving: watch::Sender::new(None),
            asked,
            state: Mutex::default(),
            disk: Mutex::new(content),
            summary,
            telling: Mutex::default(),
            changed: watch::Sender::new(0),
            began: Instant::now(),
            began_at: machine.now(false),
        };
        for log in [
            "auditd",
            "controller-runtime",
            "dashboard",
            "dns-resolve-cache",
            "early-startup",
            "kernel",
            "machined",
            "syslogd",
            "udevd",
        ] {
            boot.logs.register(log);
        }
        boot
    }

    /// `v1.13.9`, as the node says it.
    pub fn tag(&self) -> String {
        format!("{}{}", self.version, self.machine.identity.version_suffix)
    }

    /// True for versions whose ordinary services run in maintenance too.
    pub fn since_1_13(&self) -> bool {
        self.contract >= Contract::V1_13
    }

    /// What its own clock shows.
    pub fn now(&self) -> Timestamp {
        self.machine.now(self.state().synchronized)
    }

    /// When it began, by its own clock.
    pub fn began_at(&self) -> Timestamp {
        self.began_at
    }

    /// How long it runs, as real nodes count it.
    pub fn uptime(&self) -> Duration {
        self.began.elapsed()
    }

    /// Lets as much time pass as this takes on a real node.
    pub async fn rest(&self, milliseconds: u64) {
        sleep(self.machine.pace.of(Duration::from_millis(milliseconds))).await;
    }

    /// Opens a port; again and again while the system refuses it, as the controllers of a real node
    /// do.
    pub async fn listen(&self, port: u16) -> Box<dyn Listener> {
        loop {
            match self.machine.network.listen(port).await {
                Ok(listener) => return listener,
                Err(source) => self.say(&NodeError::Listen { port, source }.to_string()),
            }
            self.rest(1000).await;
        }
    }

    /// The shared state. Held for moments only, never across a wait.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the shared state, and everything that follows from it.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state());
        self.refresh();
        self.changed.send_modify(|count| *count += 1);
        result
    }

    /// Waits until a look at the shared state finds something.
    pub async fn wait<T>(&self, mut look: impl FnMut(&State) -> Option<T>) -> T {
        let mut changes = self.changed.subscribe();
        loop {
            changes.borrow_and_update();
            if let Some(found) = look(&self.state()) {
                return found;
            }
            // The sender is in `self`.
            let _ = changes.changed().await;
        }
    }

    pub(crate) fn show_summary(&self, summary: Summary) {
        self.summary.send_if_modified(|shown| {
            let differ = *shown != summary;
            *shown = summary;
            differ
        });
    }

    /// Hears of changes of the shared state.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Bytes of memory that the kernel leaves.
    pub fn usable_memory(&self) -> u64 {
        let memory = self.machine.identity.memory;
        memory.saturating_sub(KERNEL).max(memory / 2)
    }

    /// The version of etcd that comes with this Talos.
    pub fn etcd_version(&self) -> &'static str {
        match self.contract {
            Contract::V1_10 => "v3.5.21",
            Contract::V1_11 => "v3.6.4",
            Contract::V1_12 => "v3.6.11",
            Contract::V1_13 => "v3.6.12",
            Contract::V1_14 => "v3.7.1",
        }
    }

    /// True when the member of this node reaches a leader.
    pub fn etcd_answers(&self) -> bool {
        let Some(data) = self.state().etcd else {
            return false;
        };
        let quorum = self.machine.registry.look(|meeting| {
            let etcd = meeting.etcds.get(&data.cluster);
            etcd.is_some_and(|etcd| etcd.has_quorum() && etcd.member(data.member).is_some())
        });
        quorum && !self.machine.faults.has(crate::Fault::EtcdUnhealthy)
    }

    pub fn has_kubelet(&self) -> bool {
        let state = self.state();
        state
            .services
            .get("kubelet")
            .is_some_and(|service| service.is_running())
    }

    /// The names of the pods that the kubelet runs by itself.
    pub fn own_pods(&self) -> Vec<String> {
        let state = self.state();
        let hostname = state.hostname.as_deref().unwrap_or_default();
        let pods = state.static_pods.iter();
        pods.map(|pod| format!("{}-{hostname}", pod.component))
            .collect()
    }

    /// No new pods are to come to this node.
    pub fn cordon(&self) {
        let hostname = self.state().hostname.clone().unwrap_or_default();
        let Some(settings) = self.settings() else {
            return;
        };
        self.machine.registry.change(move |meeting| {
            let id = meeting.kubernetes(&settings.cluster_id);
            let etcd = id.and_then(|id| meeting.etcds.get_mut(&id));
            if let Some(node) = etcd.and_then(|etcd| etcd.kubernetes.nodes.get_mut(&hostname)) {
                node.unschedulable = true;
            }
        });
    }

    pub fn settings(&self) -> Option<Arc<Settings>> {
        self.state().settings.clone()
    }

    /// What is on the disk.
    pub fn disk(&self) -> Content {
        self.disk
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Writes to the disk. A disk that refuses is said on the console, as a kernel would.
    pub fn write_disk(&self, change: impl FnOnce(&mut Content)) {
        let mut disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut disk);
        let written = disk.save(self.machine.storage.as_ref());
        drop(disk);
        if let Err(error) = written {
            self.print("kern", "err", &format!("I/O error, {error}"));
        }
        self.publish_disks();
    }

    fn print(&self, facility: &str, priority: &str, line: &str) {
        self.machine.console.print(line);
        self.logs.kernel(self.now(), facility, priority, line);
    }

    /// Prints what the kernel says.
    pub fn kernel(&self, text: &str) {
        self.machine.console.print_for_kernel(text);
        self.logs.kernel(self.now(), "kern", "info", text);
    }

    /// Prints what the installer says, which is not tagged.
    pub fn installer(&self, text: &str) {
        self.print("user", "warning", &format!("{} {text}", self.stamp()));
    }

    /// Prints an untagged line as it is.
    pub fn untagged(&self, text: &str) {
        self.print("user", "warning", text);
    }

    /// The time as the installer writes it.
    pub fn stamp(&self) -> String {
        let now = self.now().to_zoned(jiff::tz::TimeZone::UTC);
        now.strftime("%Y/%m/%d %H:%M:%S").to_string()
    }

    /// Prints a line of Talos.
    pub fn say(&self, text: &str) {
        self.print("user", "warning", &format!("[talos] {text}"));
        self.logs.write("machined", &format!("[talos] {text}"));
    }

    /// Prints a line of a controller, with its fields.
    pub fn report(&self, controller: &str, text: &str, fields: &[(&str, Value)]) {
        let mut all = vec![
            ("component", "controller-runtime".into()),
            ("controller", controller.into()),
        ];
        all.extend_from_slice(fields);
        let line = with_fields(text, &all);
        self.print("user", "warning", &format!("[talos] {line}"));
        self.logs
            .write("controller-runtime", &format!("[talos] {line}"));
    }

    /// A service does something.
    pub fn service(&self, id: &str, state: ServiceState, message: &str) {
        let at = self.now();
        let event = self.state().services.enter(at, id, state, message);
        self.told(id, name(state), message, &event);
    }

    /// A running service was looked at; `problem` is what was found, if anything.
    pub fn look(&self, id: &str, problem: Option<&str>) {
        let at = self.now();
        let found = self.state().services.look(at, id, problem);
        if let Some((event, message)) = found {
            self.told(id, "Running", &message, &event);
        }
    }

    fn told(
        &self,
        id: &str,
        state: &str,
        message: &str,
        event: &crete_talos::api::wire::machine::ServiceStateEvent,
    ) {
        self.say(&format!("service[{id}]({state}): {message}"));
        self.logs.register(id);
        self.events.happened("", event);
        self.publish_service(id);
        self.change(|_| ());
    }
}
