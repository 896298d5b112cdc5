//! The engine's own machines as the ground of clusters.

use super::configure::{network_draft, omni_arguments};
use super::ground::{Ground, GroundResult, ImageSight, MachineSight, Place, Power};
use crate::Engine;
use crate::error::{EngineError, internal};
use async_trait::async_trait;
use crete_model::{
    ClusterNode, ClusterSpec, ExitReason, ForwardDraft, ForwardId, HaltReason, ImageState,
    JobState, MachineDraft, MachineId, MachineState, NetworkId, Protocol,
};
use crete_qemu::serial;
use crete_talos::api::{Dial, Transport};
use std::io;
use std::sync::Arc;

/// How much of a console is looked at.
const CONSOLE: u64 = 64 << 10;

/// The engine's own machines.
#[derive(Debug)]
pub(crate) struct OwnMachines(pub Engine);

impl OwnMachines {
    fn network_named(&self, name: &str) -> Option<NetworkId> {
        let networks = self.0.networks.all();
        let found = networks.into_iter().find(|view| view.spec.name == name);
        found.map(|view| view.spec.id)
    }

    /// The network of a cluster: the one that was chosen, or the one of its own, which is known by
    /// its name when the program ended between making it and writing that down.
    fn network(&self, spec: &ClusterSpec) -> GroundResult<NetworkId> {
        if let Some(network) = spec.network {
            return Ok(network);
        }
        match self.network_named(&spec.name) {
            Some(network) => Ok(network),
            None => self
                .0
                .create_network(&network_draft(&spec.name, &spec.subnet)),
        }
    }
}

#[async_trait]
impl Ground for OwnMachines {
    fn image(&self, spec: &ClusterSpec) -> ImageSight {
        let choice = self.0.choice_of(spec);
        let found = spec
            .image
            .or_else(|| self.0.image_of_schematic(&choice, spec.schematic.as_ref()?));
        let Some(view) = found.and_then(|id| self.0.images.get(&id.to_string())) else {
            return ImageSight::Missing(None);
        };
        match view.state {
            ImageState::Ready => ImageSight::Ready(view.spec.id),
            ImageState::Working { job } => {
                let job = self.0.jobs.get(&job.to_string());
                let running = job.as_ref().and_then(|job| {
                    job.stages
                        .iter()
                        .find(|stage| stage.state == JobState::Running)
                });
                let blocker = running.and_then(|stage| stage.blocker.clone());
                ImageSight::OnItsWay(blocker.map(|blocker| (blocker.code, blocker.params)))
            }
            ImageState::Paused { .. } => ImageSight::Missing(None),
            ImageState::Incomplete { problem, .. } => ImageSight::Missing(problem.map(Box::new)),
        }
    }

    async fn order_image(&self, spec: &ClusterSpec) -> GroundResult<()> {
        if let Some(image) = spec.image {
            return self.0.resume(image).map(drop);
        }
        let choice = self.0.choice_of(spec);
        let schematic = spec.schematic.clone();
        let schematic = schematic.ok_or_else(|| internal("an image without a schematic"))?;
        self.0.download_schematic(&choice, schematic).map(drop)
    }

    async fn settle(&self, spec: &ClusterSpec) -> GroundResult<Place> {
        let network = self.network(spec)?;
        let api = self.0.settle_endpoint(network, spec).await?;
        Ok(Place { network, api })
    }

    async fn make(&self, spec: &ClusterSpec, node: &ClusterNode) -> GroundResult<()> {
        if self.0.machines.get(&node.machine.to_string()).is_some() {
            return Ok(());
        }
        let image = spec
            .image
            .ok_or_else(|| internal("machines without an image"))?;
        let draft = MachineDraft {
            name: spec.machine_name(node),
            image,
            vcpus: node.sizes.vcpus,
            memory_mib: node.sizes.memory_mib,
            disk_gib: node.sizes.disk_gib,
            network: spec.network,
        };
        let fields = self.0.check_draft(&draft);
        if !fields.is_empty() {
            return Err(EngineError::Invalid(fields));
        }
        let arguments = omni_arguments(&spec.omni).unwrap_or_default();
        self.0
            .create_machine_as(node.machine, &draft, arguments)
            .map(drop)
    }

    fn look(&self, machine: MachineId) -> Option<MachineSight> {
        let view = self.0.machines.get(&machine.to_string())?;
        let network = self.0.network_of(&view.spec).ok();
        let member = network.and_then(|spec| {
            spec.members
                .into_iter()
                .find(|member| member.machine == machine)
        });
        Some(MachineSight {
            power: power(&view.state, view.halted),
            address: member.as_ref().map(|member| member.address.clone()),
            cut: member.is_some_and(|member| member.cut),
            mac: view.spec.mac,
        })
    }

    async fn console(&self, machine: MachineId) -> String {
        let Ok((_, log)) = self.0.console_log(machine) else {
            return String::new();
        };
        let reading = tokio::task::spawn_blocking(move || tail(&log));
        reading.await.unwrap_or_default()
    }

    fn dial(&self, machine: MachineId, port: u16) -> Arc<dyn Dial> {
        Arc::new(ThroughNetwork {
            engine: self.0.clone(),
            machine,
            port,
        })
    }

    async fn switch_on(&self, machine: MachineId) -> GroundResult<()> {
        self.0.start(machine).await.map(drop)
    }

    async fn switch_off(&self, machine: MachineId) -> GroundResult<()> {
        self.0.stop(machine).await.map(drop)
    }

    async fn force_off(&self, machine: MachineId) -> GroundResult<()> {
        // Whoever is on the way up is off as soon as that is undone.
        match self.0.force_off(machine).await {
            Ok(()) | Err(EngineError::Denied { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn take_away(&self, machine: MachineId) -> GroundResult<()> {
        let Some(view) = self.0.machines.get(&machine.to_string()) else {
            return Ok(());
        };
        if !matches!(view.state, MachineState::Stopped { .. }) {
            return self.force_off(machine).await;
        }
        let (trash_id, _) = self.0.discard_machine(machine).await?;
        self.0.purge(&trash_id).await
    }

    async fn discard(&self, machine: MachineId) -> GroundResult<()> {
        match self.0.machines.get(&machine.to_string()) {
            Some(_) => self.0.discard_machine(machine).await.map(drop),
            None => Ok(()),
        }
    }

    async fn discard_network(&self, spec: &ClusterSpec) -> GroundResult<()> {
        let there = |network: &NetworkId| self.0.networks.get(&network.to_string()).is_some();
        match spec.network.filter(there) {
            Some(network) if spec.own_network => self.0.delete_network(network).await.map(drop),
            Some(network) => self.0.drop_endpoint(network, spec.id).await,
            None => Ok(()),
        }
    }

    async fn open_door(
        &self,
        machine: MachineId,
        port: u16,
        name: &str,
    ) -> GroundResult<ForwardId> {
        // A port's name has 60 characters at most.
        let name: String = name.chars().take(60).collect();
        let networks = self.0.networks.all();
        let mut open = networks.iter().flat_map(|view| &view.spec.forwards);
        let same = open.find(|one| one.machine == machine && one.port == port && one.name == name);
        if let Some(same) = same {
            return Ok(same.id);
        }
        let mut draft = ForwardDraft {
            name,
            protocol: Protocol::Tcp,
            machine,
            port,
            listen: String::new(),
            listen_port: 0,
            exposed: false,
        };
        let offer = self.0.offer_forward(&draft)?;
        draft.listen = offer.listen;
        draft.listen_port = offer.listen_port;
        self.0.open_forward(&draft).await
    }

    fn door(&self, forward: ForwardId) -> Option<String> {
        self.0.forward_address(forward).ok()
    }

    async fn close_door(&self, forward: ForwardId) -> GroundResult<()> {
        match self.0.close_forward(forward).await {
            Ok(_) | Err(EngineError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn leave(&self, spec: &ClusterSpec) -> GroundResult<()> {
        let known = spec.network.or_else(|| {
            let own = spec.own_network.then_some(&spec.name)?;
            self.network_named(own)
        });
        let Some(network) = known else {
            return Ok(());
        };
        self.0.drop_endpoint(network, spec.id).await?;
        if spec.own_network && self.0.networks.get(&network.to_string()).is_some() {
            let (trash_id, _) = self.0.delete_network(network).await?;
            self.0.purge(&trash_id).await?;
        }
        Ok(())
    }
}

fn power(state: &MachineState, halted: Option<HaltReason>) -> Power {
    match state {
        MachineState::Running { .. } if halted.is_some() => Power::Paused {
            words: halted.map(crate::error::wire_name).unwrap_or_default(),
        },
        MachineState::Stopped { exit } => Power::Off {
            fresh: matches!(exit, ExitReason::NeverStarted),
            failure: failure(exit),
        },
        MachineState::Preparing { .. } | MachineState::Starting { .. } => Power::Starting,
        MachineState::Running { .. } => Power::On,
        MachineState::Stopping { .. } => Power::Stopping,
    }
}

/// What went wrong when a machine went off without being told to.
fn failure(exit: &ExitReason) -> Option<String> {
    match exit {
        ExitReason::QemuExited {
            status,
            signal,
            words,
        } => Some(match words.is_empty() {
            false => words.clone(),
            true => format!("status {status:?}, signal {signal:?}"),
        }),
        ExitReason::StartFailed { problem } => Some(
            problem
                .detail
                .clone()
                .unwrap_or_else(|| crate::error::wire_name(problem.code)),
        ),
        ExitReason::NeverStarted
        | ExitReason::GuestShutdown
        | ExitReason::Stopped { .. }
        | ExitReason::Earlier
        | ExitReason::GoneWhileAway => None,
    }
}

/// The last of a console's file.
fn tail(log: &std::path::Path) -> String {
    let from = serial::length(log).saturating_sub(CONSOLE);
    let mut reader = serial::Reader::new(log.to_owned(), from);
    let mut text = Vec::new();
    while let Ok(Some((_, bytes))) = reader.next_chunk() {
        text.extend_from_slice(&bytes);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// A port of a machine, through its network's own socket.
#[derive(Debug)]
struct ThroughNetwork {
    engine: Engine,
    machine: MachineId,
    port: u16,
}

#[async_trait]
impl Dial for ThroughNetwork {
    async fn dial(&self) -> io::Result<Box<dyn Transport>> {
        let dialled = self.engine.dial(self.machine, self.port).await;
        let refused = |error: EngineError| {
            io::Error::new(io::ErrorKind::ConnectionRefused, error.to_string())
        };
        Ok(Box::new(dialled.map_err(refused)?))
    }
}
