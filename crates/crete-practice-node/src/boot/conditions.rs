//! The stage of the machine, and what it still waits for.

use super::{Boot, State};
use crate::resources::{kinds, runtime};
use crate::settings::{Role, Settings};
use crete_talos::api::wire::machine as wire;
use std::sync::PoisonError;
pub(crate) use wire::machine_status_event::MachineStage as Stage;
use wire::machine_status_event::MachineStatus;
use wire::machine_status_event::machine_status::UnmetCondition;

/// What was told last.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    stage: Stage,
    unmet: Vec<(String, String)>,
}

impl Told {
    pub(super) fn is_ready(&self) -> bool {
        self.unmet.is_empty()
    }
}

impl Boot {
    /// Enters a stage.
    pub fn enter(&self, stage: Stage) {
        self.change(|state| state.stage = stage);
    }

    /// Tells the stage and its conditions when they are others than before, and shows the node as
    /// it is now.
    pub(super) fn refresh(&self) {
        let _telling = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
        self.tell();
        self.summarize();
    }

    fn tell(&self) {
        let static_pods = self.waiting_static_pods();
        let node = self.node_condition();
        let mut state = self.state();
        let told = Told {
            stage: state.stage,
            unmet: self.unmet(&state, static_pods, node),
        };
        if state.told.as_ref() == Some(&told) {
            return;
        }
        state.told = Some(told.clone());
        let ready = told.unmet.is_empty();
        let print = ready && told.stage == Stage::Running && !state.ready_printed;
        state.ready_printed |= print;
        drop(state);
        self.store.put(
            kinds::MACHINE_STATUS,
            "machine",
            runtime::machine_status(told.stage, &told.unmet),
        );
        let unmet_conditions = told.unmet.iter().map(|(name, reason)| UnmetCondition {
            name: name.clone(),
            reason: reason.clone(),
        });
        let event = wire::MachineStatusEvent {
            stage: told.stage.into(),
            status: Some(MachineStatus {
                ready,
                unmet_conditions: unmet_conditions.collect(),
            }),
        };
        self.events.happened("", &event);
        if print {
            let controller = "runtime.MachineStatusController";
            self.report(controller, "machine is running and ready", &[]);
        }
    }

    /// Only these two stages have conditions: the others are ready, which says nothing.
    fn unmet(
        &self,
        state: &State,
        static_pods: Vec<String>,
        node: Option<String>,
    ) -> Vec<(String, String)> {
        if !matches!(state.stage, Stage::Booting | Stage::Running) {
            return Vec::new();
        }
        let settings = state.settings.as_deref();
        let mut unmet = Vec::new();
        let mut add = |name: &str, reason: String| unmet.push((name.to_owned(), reason));
        let wants_time = settings.is_none_or(|settings| !settings.time_disabled);
        if wants_time && !state.synchronized {
            add("time", "time is not synced".to_owned());
        }
        let network = self.waiting_network(state);
        if !network.is_empty() {
            add("network", format!("waiting on: {}", network.join(", ")));
        }
        let services = waiting_services(state, settings);
        if !services.is_empty() {
            add("services", services.join(", "));
        }
        if !static_pods.is_empty() {
            add("staticPods", static_pods.join(", "));
        }
        if let Some(reason) = node {
            add("nodeReady", reason);
        }
        unmet
    }

    fn waiting_network(&self, state: &State) -> Vec<&'static str> {
        let mut waiting = Vec::new();
        if !self.has_address() {
            waiting.extend(["address", "connectivity"]);
        }
        if state.hostname.is_none() {
            waiting.push("hostname");
        }
        waiting
    }

    /// True when the network gave the node an address.
    pub fn has_address(&self) -> bool {
        let machine = &self.machine;
        let any = !machine.identity.network.get().addresses.is_empty();
        any && !machine.faults.has(crate::Fault::NoAddress)
    }

    /// Waits until the network gives it one.
    pub async fn until_address(&self) {
        let mut faults = self.machine.faults.watch();
        let mut network = self.machine.identity.network.watch();
        while !self.has_address() {
            tokio::select! {
                // Neither ends before this boot does.
                _ = faults.changed() => {}
                _ = network.changed() => {}
            }
        }
    }

    fn waiting_static_pods(&self) -> Vec<String> {
        let pods = self.store.list(kinds::STATIC_POD_STATUS);
        let waiting = pods.iter().filter(|pod| !runtime::is_ready(&pod.spec));
        waiting.map(|pod| format!("{} not ready", pod.id)).collect()
    }

    fn node_condition(&self) -> Option<String> {
        let name = {
            let state = self.state();
            state.settings.as_ref()?;
            state.hostname.clone()?
        };
        let Some(node) = self.store.get(kinds::NODE_STATUS, &name) else {
            return Some(format!("node \"{name}\" status is not available yet"));
        };
        let ready = node.spec.yaml.lines().any(|line| line == "nodeReady: true");
        (!ready).then(|| format!("node \"{name}\" is not ready"))
    }
}

fn waiting_services(state: &State, settings: Option<&Settings>) -> Vec<String> {
    let mut wanted = vec!["apid", "machined"];
    if let Some(settings) = settings {
        wanted.push("kubelet");
        if settings.role == Role::ControlPlane {
            wanted.extend(["etcd", "trustd"]);
        }
    }
    let reason = |id: &&str| match state.services.get(id) {
        Some(service) if service.is_bad() => Some(format!("{id} not healthy")),
        Some(service) if service.is_running() => None,
        _ => Some(format!("{id} not running")),
    };
    wanted.iter().filter_map(reason).collect()
}
