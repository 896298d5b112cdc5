//! Networks: each is owned by exactly one task, the driver; the engine holds handles. Frames are
//! carried by `crete-net`, one process a network.
//!
//! A machine says in its own record which network it is in; its address, and the ports that lead to
//! it, stand in the network's record. So each of the two has one owner.

mod draft;
mod driver;
mod endpoints;
mod forwards;
mod loading;
mod members;
mod process;
mod told;
mod view;
mod ways;

pub use loading::NetworkParts;
pub(crate) use ways::PortOf;
pub use ways::Ways;

use crate::error::{EngineError, Result};
use crate::{Engine, store};
use crete_model::{
    ErrorCode, FieldCode, FieldProblem, MachineId, MachineSpec, MachineState, NetworkChange,
    NetworkDraft, NetworkId, NetworkReveal, NetworkSpec, NetworkView, Params, Problem, Remedy,
    params,
};
use crete_net::Subnet;
use driver::{Edit, Handle, Request};
use members::{Ranges, resettle};
use process::gone;
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// The handles of all drivers.
#[derive(Debug, Default)]
pub(crate) struct Networks(Mutex<HashMap<NetworkId, Handle>>);

impl Networks {
    fn lock(&self) -> MutexGuard<'_, HashMap<NetworkId, Handle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    fn network(&self, id: NetworkId) -> Result<NetworkView> {
        let missing = || EngineError::NotFound {
            kind: "network",
            id: id.to_string(),
        };
        self.networks.get(&id.to_string()).ok_or_else(missing)
    }

    /// The network that machines are in for which none was chosen.
    fn default_network(&self) -> Option<NetworkView> {
        let networks = self.networks.all();
        networks.into_iter().find(|view| view.spec.is_default)
    }

    /// The network of a machine.
    pub(crate) fn network_of(&self, machine: &MachineSpec) -> Result<NetworkSpec> {
        let found = match machine.network {
            Some(id) => self.network(id).ok(),
            None => self.default_network(),
        };
        let missing = || {
            Problem::new(ErrorCode::NetworkMissing, Params::new())
                .with_remedy(Remedy::ChooseNetwork)
                .into()
        };
        found.map(|view| view.spec).ok_or_else(missing)
    }

    fn network_of_machine(&self, machine: MachineId) -> Result<NetworkId> {
        let missing = || EngineError::NotFound {
            kind: "machine",
            id: machine.to_string(),
        };
        let view = self
            .machines
            .get(&machine.to_string())
            .ok_or_else(missing)?;
        self.network_of(&view.spec).map(|spec| spec.id)
    }

    /// Whether a machine is in a network.
    pub(crate) fn is_in(&self, machine: &MachineSpec, network: &NetworkSpec) -> bool {
        match machine.network {
            Some(id) => id == network.id,
            None => network.is_default,
        }
    }

    /// Has a network's driver do something and waits for what comes of it.
    async fn ask_network<T>(
        &self,
        id: NetworkId,
        request: impl FnOnce(oneshot::Sender<Result<T>>) -> Request,
    ) -> Result<T> {
        let handle = self.handles_of_networks.lock().get(&id).cloned();
        let missing = || EngineError::NotFound {
            kind: "network",
            id: id.to_string(),
        };
        let (answer, done) = oneshot::channel();
        let handle = handle.ok_or_else(missing)?;
        handle.send(request(answer)).await.map_err(|_| gone())?;
        done.await.map_err(|_| gone())?
    }

    async fn change(&self, id: NetworkId, edit: Edit) -> Result<()> {
        self.ask_network(id, |answer| Request::Change { edit, answer })
            .await
    }

    /// Makes sure that a machine that comes on is carried by its network.
    pub(crate) async fn attach(&self, machine: &MachineSpec) -> Result<()> {
        let network = self.network_of(machine)?.id;
        let machine = machine.id;
        self.ask_network(network, |answer| Request::Attach { machine, answer })
            .await
    }

    /// Creates a network. It costs nothing until a machine of it is on.
    ///
    /// # Errors
    /// Field by field when the draft is not acceptable.
    pub fn create_network(&self, draft: &NetworkDraft) -> Result<NetworkId> {
        let fields = self.check_network(draft);
        if !fields.is_empty() {
            return Err(EngineError::Invalid(fields));
        }
        let spec = self.new_network(draft)?;
        let id = spec.id;
        store::create(&self.roots.network(id), &spec)?;
        self.take_up_network(spec, None);
        Ok(id)
    }

    /// Changes a network, also while machines run in it.
    ///
    /// # Errors
    /// When its new name is not acceptable, or there is no such network.
    pub async fn change_network(&self, change: NetworkChange) -> Result<()> {
        let fields = self.check_network_name(&change.name, Some(change.network));
        if !fields.is_empty() {
            return Err(EngineError::Invalid(fields));
        }
        let edit = move |spec: &mut NetworkSpec| {
            spec.name = change.name;
            spec.internet = change.internet;
            Ok(())
        };
        self.change(change.network, Box::new(edit)).await
    }

    /// Gives a network another subnet, which collides with nothing of this computer as it is now.
    /// Its machines keep the numbers of their hosts.
    ///
    /// # Errors
    /// While machines of it run: they would not notice.
    pub async fn resubnet(&self, id: NetworkId) -> Result<()> {
        let running = self.names_in(id, |state| !matches!(state, MachineState::Stopped { .. }))?;
        if !running.is_empty() {
            return Err(Problem::new(
                ErrorCode::MachinesRun,
                params! { "machines" => running.join(", ") },
            )
            .with_remedy(Remedy::Retry)
            .into());
        }
        let subnet = self.free_subnet(id)?;
        let edit = move |spec: &mut NetworkSpec| {
            resettle(spec, subnet);
            Ok(())
        };
        self.change(id, Box::new(edit)).await
    }

    /// Starts a network's process again. Connections through it end, machines go on.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn restart_network(&self, id: NetworkId) -> Result<()> {
        self.ask_network(id, |answer| Request::Restart { answer })
            .await
    }

    /// Moves a network to the trash; returns the trash id and its name.
    ///
    /// # Errors
    /// When machines are in it, or it is the default one.
    pub async fn delete_network(&self, id: NetworkId) -> Result<(String, String)> {
        let name = self.network(id)?.spec.name;
        let deleted = self.ask_network(id, |answer| Request::Delete { answer });
        Ok((deleted.await?, name))
    }

    fn why_not_deletable(&self, spec: &NetworkSpec) -> Option<Problem> {
        if spec.is_default {
            let problem = Problem::new(ErrorCode::NetworkIsDefault, Params::new());
            return Some(problem.with_remedy(Remedy::ChooseAnother));
        }
        let machines = self.names_in(spec.id, |_| true).unwrap_or_default();
        let used = params! { "machines" => machines.join(", ") };
        (!machines.is_empty())
            .then(|| Problem::new(ErrorCode::NetworkInUse, used).with_remedy(Remedy::ChooseNetwork))
    }

    /// Names of the machines in a network whose state is as wanted.
    fn names_in(
        &self,
        id: NetworkId,
        wanted: impl Fn(&MachineState) -> bool,
    ) -> Result<Vec<String>> {
        let spec = self.network(id)?.spec;
        let machines = self.machines.all().into_iter();
        let names = machines
            .filter(|view| self.is_in(&view.spec, &spec) && wanted(&view.state))
            .map(|view| view.spec.name);
        Ok(names.collect())
    }

    /// Cuts or mends a machine's link.
    ///
    /// # Errors
    /// When there is no such machine.
    pub async fn cut(&self, machine: MachineId, cut: bool) -> Result<()> {
        let network = self.network_of_machine(machine)?;
        let edit = move |spec: &mut NetworkSpec| {
            let member = spec.members.iter_mut().find(|one| one.machine == machine);
            let missing = || EngineError::NotFound {
                kind: "machine",
                id: machine.to_string(),
            };
            member.ok_or_else(missing)?.cut = cut;
            Ok(())
        };
        self.change(network, Box::new(edit)).await
    }

    /// Gives a machine another address. It takes it up when its lease is renewed, or it starts.
    ///
    /// # Errors
    /// When no machine of its network can have the address, or another has it.
    pub async fn set_address(&self, machine: MachineId, address: &str) -> Result<()> {
        let network = self.network_of_machine(machine)?;
        let spec = self.network(network)?.spec;
        let subnet: Subnet = Ranges::of(&spec)?.subnet;
        let wanted = address.trim().parse::<Ipv4Addr>().ok();
        let wanted = wanted.filter(|address| subnet.can_be_a_machine(*address));
        let refuse = |code, params| {
            Err(EngineError::Invalid(vec![FieldProblem {
                field: "address".to_owned(),
                code,
                params,
            }]))
        };
        let Some(wanted) = wanted else {
            return refuse(FieldCode::NotInSubnet, params! { "subnet" => subnet });
        };
        let text = wanted.to_string();
        let mut others = spec.members.iter().filter(|one| one.machine != machine);
        if let Some(other) = others.find(|one| one.address == text) {
            let owner = self.machines.get(&other.machine.to_string());
            let owner = owner.map_or_else(String::new, |view| view.spec.name);
            return refuse(FieldCode::InUse, params! { "owner" => owner });
        }
        let edit = move |spec: &mut NetworkSpec| {
            for member in &mut spec.members {
                if member.machine == machine {
                    member.address.clone_from(&text);
                }
            }
            Ok(())
        };
        self.change(network, Box::new(edit)).await
    }

    /// The YAML and the command behind a network.
    ///
    /// # Errors
    /// When there is no such network.
    pub fn reveal_network(&self, id: NetworkId) -> Result<NetworkReveal> {
        let view = self.network(id)?;
        let files = self.network_files(id);
        let program = self.network_parts.program.display();
        let [config, config_path, socket, socket_path] = files
            .arguments()
            .map(|one| one.to_string_lossy().into_owned());
        let yaml = |text: std::result::Result<String, _>| text.map_err(crate::error::internal);
        let guests = self.guests_of(&view.spec);
        let told = told::config(&view.spec, &guests, &[])?;
        Ok(NetworkReveal {
            yaml: yaml(serde_saphyr::to_string(&view.spec))?,
            command: format!("{program} \\\n  {config} {config_path} \\\n  {socket} {socket_path}"),
            told: yaml(serde_saphyr::to_string(&told))?,
            folder: self.roots.network(id).display().to_string(),
        })
    }

    /// A network's folder.
    ///
    /// # Errors
    /// When there is no such network.
    pub fn network_folder(&self, id: NetworkId) -> Result<PathBuf> {
        self.network(id).map(|_| self.roots.network(id))
    }
}
