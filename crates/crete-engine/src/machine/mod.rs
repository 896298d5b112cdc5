//! Machines: each is owned by exactly one task, the driver; the engine holds handles.

mod admission;
mod budget;
mod console;
mod driver;
mod files;
mod launch;
mod loading;
mod offer;
mod removal;
mod requests;
mod start;
mod stop;

pub use console::copy_console;
pub use offer::MachineOffer;

use crate::error::{EngineError, Result};
use crate::{Engine, store};
use crete_model::{
    ErrorCode, ImageId, ImageState, JobId, MachineAction, MachineDraft, MachineId, MachineReveal,
    MachineSpec, MachineView, NetworkId, Problem, Remedy, SerialPort, params,
};
use driver::Handle;
use requests::{Done, Request, Wish};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// The handles of all drivers.
#[derive(Debug, Default)]
pub(crate) struct Handles(Mutex<HashMap<MachineId, Handle>>);

impl Handles {
    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<MachineId, Handle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    fn handle(&self, id: MachineId) -> Result<Handle> {
        let missing = || EngineError::NotFound {
            kind: "machine",
            id: id.to_string(),
        };
        self.handles.lock().get(&id).cloned().ok_or_else(missing)
    }

    fn machine(&self, id: MachineId) -> Result<MachineView> {
        let missing = || EngineError::NotFound {
            kind: "machine",
            id: id.to_string(),
        };
        self.machines.get(&id.to_string()).ok_or_else(missing)
    }

    /// Sends a request to a machine's driver and waits for what it decides.
    async fn ask(&self, id: MachineId, action: MachineAction) -> Result<Done> {
        self.wish(id, Wish::Action(action)).await
    }

    async fn wish(&self, id: MachineId, wish: Wish) -> Result<Done> {
        let handle = self.handle(id)?;
        let (answer, decided) = oneshot::channel();
        let gone = || EngineError::NotFound {
            kind: "machine",
            id: id.to_string(),
        };
        let request = Request { wish, answer };
        handle.requests.send(request).await.map_err(|_| gone())?;
        decided.await.map_err(|_| gone())?
    }

    /// Creates a machine. It is off until started.
    ///
    /// # Errors
    /// Field by field when the draft is not acceptable.
    pub fn create_machine(&self, draft: &MachineDraft) -> Result<MachineId> {
        let fields = self.check_draft(draft);
        if !fields.is_empty() {
            return Err(EngineError::Invalid(fields));
        }
        self.create_machine_as(MachineId(Uuid::now_v7()), draft, Vec::new())
    }

    /// Creates a machine under an id that was decided before, with more kernel arguments.
    pub(crate) fn create_machine_as(
        &self,
        id: MachineId,
        draft: &MachineDraft,
        kernel_args: Vec<String>,
    ) -> Result<MachineId> {
        let image = self.image(draft.image)?;
        let mut all = launch::kernel_args(&image.spec);
        all.extend(kernel_args);
        let spec = MachineSpec {
            schema_version: 1,
            id,
            name: draft.name.clone(),
            image: draft.image,
            // A file that does not tell is tried on this computer.
            arch: image.spec.arch.unwrap_or_else(|| self.arch()),
            vcpus: draft.vcpus,
            memory_mib: draft.memory_mib,
            disk_gib: draft.disk_gib,
            mac: mac_address(id),
            network: draft.network,
            kernel_args: all,
            created_at: self.clock.text(),
        };
        store::create(&self.roots.machine(id), &spec)?;
        self.take_up(
            spec,
            loading::Found::Off(crete_model::ExitReason::NeverStarted),
        );
        self.refresh_images();
        Ok(id)
    }

    /// Starts a machine; the job tells how far it is. No job when it runs already.
    ///
    /// # Errors
    /// When the machine's state does not allow it.
    pub async fn start(&self, id: MachineId) -> Result<Option<JobId>> {
        Ok(self.ask(id, MachineAction::Start).await?.job)
    }

    /// Stops a machine, gently first.
    ///
    /// # Errors
    /// When there is no such machine.
    pub async fn stop(&self, id: MachineId) -> Result<Option<JobId>> {
        Ok(self.ask(id, MachineAction::Stop).await?.job)
    }

    /// Ends a machine at once.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn force_off(&self, id: MachineId) -> Result<()> {
        self.ask(id, MachineAction::ForceOff).await.map(|_| ())
    }

    /// Moves a machine to the trash; returns the trash id and its name.
    ///
    /// # Errors
    /// When it runs, or belongs to a cluster.
    pub async fn delete_machine(&self, id: MachineId) -> Result<(String, String)> {
        if let Some(cluster) = self.cluster_of(id) {
            let problem = Problem::new(
                ErrorCode::MachineInCluster,
                params! { "cluster" => cluster },
            );
            return Err(problem.with_remedy(Remedy::Retry).into());
        }
        self.discard_machine(id).await
    }

    /// Moves a machine to the trash, also one of a cluster: on its cluster's behalf.
    pub(crate) async fn discard_machine(&self, id: MachineId) -> Result<(String, String)> {
        let name = self.machine(id)?.spec.name;
        let done = self.ask(id, MachineAction::Delete).await?;
        let unanswered = || crate::error::internal("a deletion without a place in the trash");
        Ok((done.trash.ok_or_else(unanswered)?, name))
    }

    /// Puts a machine into another network, with the ports that lead to it. One that runs is plugged in there at once, and asks for
    /// an address of the new network when its card tells it so.
    ///
    /// # Errors
    /// When there is no such machine or network.
    pub async fn connect_machine(&self, id: MachineId, network: NetworkId) -> Result<()> {
        if self.networks.get(&network.to_string()).is_none() {
            return Err(EngineError::NotFound {
                kind: "network",
                id: network.to_string(),
            });
        }
        let old = self.network_of(&self.machine(id)?.spec).map(|spec| spec.id);
        self.bring_forwards(id, network).await?;
        self.wish(id, Wish::Network(network)).await?;
        match old {
            Ok(old) if old != network => self.leave_forwards(id, old).await,
            _ => Ok(()),
        }
    }

    /// Where a machine's QEMU listens for frames.
    pub(crate) fn frame_socket(&self, id: MachineId) -> PathBuf {
        match self.handles.lock().get(&id) {
            Some(handle) => handle.frames.borrow().clone(),
            None => self.files(id).sockets.net,
        }
    }

    /// Bytes a machine takes.
    ///
    /// # Errors
    /// When there is no such machine.
    pub fn machine_loss(&self, id: MachineId) -> Result<u64> {
        self.machine(id)?;
        Ok(store::allocated(&self.roots.machine(id)))
    }

    /// A machine's folder.
    ///
    /// # Errors
    /// When there is no such machine.
    pub fn machine_folder(&self, id: MachineId) -> Result<PathBuf> {
        self.machine(id).map(|_| self.roots.machine(id))
    }

    /// The YAML and the command behind a machine.
    ///
    /// # Errors
    /// When there is no such machine, or this computer has no QEMU to name.
    pub fn reveal(&self, id: MachineId) -> Result<MachineReveal> {
        let view = self.machine(id)?;
        let report = self.host.get("host");
        let command = match report {
            Some(report) => match self.launch_plan(&view.spec, &report) {
                Ok(plan) => crete_qemu::args::shell_display(&plan),
                Err(problem) => format!("# {:?}", problem.code),
            },
            None => String::new(),
        };
        let yaml = serde_saphyr::to_string(&view.spec).map_err(crate::error::internal)?;
        Ok(MachineReveal {
            yaml,
            command,
            folder: self.roots.machine(id).display().to_string(),
        })
    }

    /// A serial port's bytes from the start of what is kept, with their place, then live.
    ///
    /// # Errors
    /// When there is no such machine.
    pub async fn console(
        &self,
        id: MachineId,
        port: SerialPort,
    ) -> Result<mpsc::Receiver<(u64, bytes::Bytes)>> {
        let handle = self.handle(id)?;
        Ok(console::follow(self, id, &handle, port))
    }

    /// A machine's name and the file of its console.
    ///
    /// # Errors
    /// When there is no such machine.
    pub fn console_log(&self, id: MachineId) -> Result<(String, PathBuf)> {
        let view = self.machine(id)?;
        Ok((view.spec.name, files::console_log(&self.roots.machine(id))))
    }

    /// Names of the machines that boot from an image.
    pub(crate) fn machine_names_of(&self, image: ImageId) -> Vec<String> {
        let machines = self.machines.all();
        machines
            .into_iter()
            .filter(|m| m.spec.image == image)
            .map(|m| m.spec.name)
            .collect()
    }

    /// Lets the drivers of an image's machines look at it again.
    pub(crate) fn refresh_machines_of(&self, image: ImageId) {
        for view in self.machines.all() {
            if view.spec.image == image {
                self.nudge(view.spec.id);
            }
        }
    }

    /// Lets all drivers look at their circumstances again.
    pub(crate) fn refresh_machines(&self) {
        for view in self.machines.all() {
            self.nudge(view.spec.id);
        }
    }

    fn nudge(&self, id: MachineId) {
        if let Some(handle) = self.handles.lock().get(&id) {
            handle.look_again.notify_one();
        }
    }

    pub(crate) fn image_is_ready(&self, image: ImageId) -> bool {
        self.image(image)
            .is_ok_and(|view| matches!(view.state, ImageState::Ready))
    }
}

/// A MAC address of QEMU's range, made from the machine's id, so that it is stable.
fn mac_address(id: MachineId) -> String {
    let bytes = id.0.as_bytes();
    format!(
        "52:54:00:{:02x}:{:02x}:{:02x}",
        bytes[13], bytes[14], bytes[15]
    )
}
