//! Networks at the program's start: read from disk, and taken back where they still run.

use super::driver::{Driver, Handle};
use super::process::Process;
use super::told::Guest;
use super::view::view;
use super::ways::Ways;
use crate::error::Result;
use crate::{Engine, store};
use crete_model::{MachineState, NetworkId, NetworkSpec, NetworkState};
use crete_net::Subnet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Requests that may wait for a driver.
const REQUESTS: usize = 16;

/// What networks are made with. By default there is no program, and no route is in the way.
#[derive(Debug, Clone)]
pub struct NetworkParts {
    /// The program that carries one network.
    pub program: PathBuf,
    /// This computer's routes: no network may have the same addresses.
    pub routes: fn() -> Vec<Subnet>,
    /// How machines are reached, where it is not through their networks: in tests.
    pub ways: Option<Arc<dyn Ways>>,
}

impl Default for NetworkParts {
    fn default() -> Self {
        Self {
            program: PathBuf::new(),
            routes: Vec::new,
            ways: None,
        }
    }
}

impl NetworkParts {
    /// This computer's, with the program at a path.
    #[must_use]
    pub fn of_this_computer(program: PathBuf) -> Self {
        let routes = || {
            let routes = crete_net::routes().unwrap_or_default();
            routes.into_iter().map(|route| route.subnet).collect()
        };
        Self {
            program,
            routes,
            ways: None,
        }
    }
}

/// The networks that were read, each with its process if it has one.
pub(crate) struct Loaded(Vec<(NetworkSpec, Option<Process>)>);

impl Engine {
    /// Reads all networks and finds their processes. Nobody drives them yet: it is not known which
    /// machines are on.
    pub(crate) async fn load_networks(&self) -> Result<Loaded> {
        let mut loaded = Vec::new();
        for found in store::list::<NetworkSpec>(&self.roots.networks())? {
            match found.record {
                Ok(spec) => {
                    let process = self.find_network(&spec).await;
                    self.show_network(&spec, process.as_ref());
                    loaded.push((spec, process));
                }
                Err(error) => self.show_broken("networks", &found.folder, &error),
            }
        }
        if !loaded.iter().any(|(spec, _)| spec.is_default) {
            let spec = self.new_default_network()?;
            store::create(&self.roots.network(spec.id), &spec)?;
            self.show_network(&spec, None);
            loaded.push((spec, None));
        }
        Ok(Loaded(loaded))
    }

    /// Puts drivers in charge. The machines have been read.
    pub(crate) fn take_up_networks(&self, loaded: Loaded) {
        for (spec, process) in loaded.0 {
            self.take_up_network(spec, process);
        }
    }

    /// Puts a driver in charge of a network.
    pub(super) fn take_up_network(&self, spec: NetworkSpec, process: Option<Process>) {
        let (requests, incoming): (Handle, _) = mpsc::channel(REQUESTS);
        self.handles_of_networks.lock().insert(spec.id, requests);
        // Shown before this returns, so that whoever made it can ask for it at once.
        self.show_network(&spec, process.as_ref());
        let driver = Driver::new(self, spec, incoming, process);
        self.tasks.spawn(driver.run());
    }

    fn show_network(&self, spec: &NetworkSpec, process: Option<&Process>) {
        let guests = self.guests_of(spec);
        let state = process.map_or(NetworkState::Off, Process::state);
        let seen = view(spec, state, &guests, &[], None);
        self.networks.set(spec.id.to_string(), seen);
    }

    /// The machines that are in a network now.
    pub(super) fn guests_of(&self, spec: &NetworkSpec) -> Vec<Guest> {
        let machines = self.machines.all().into_iter();
        let own = machines.filter(|view| self.is_in(&view.spec, spec));
        own.map(|view| Guest {
            id: view.spec.id,
            socket: self.frame_socket(view.spec.id),
            on: !matches!(view.state, MachineState::Stopped { .. }),
            name: view.spec.name,
            mac: view.spec.mac,
        })
        .collect()
    }

    pub(super) fn forget_network(&self, id: NetworkId) {
        let handle = self.handles_of_networks.lock().remove(&id);
        drop(handle);
        self.networks.remove(&id.to_string());
        self.traffic.remove(&id.to_string());
    }

    /// Shows a network that came back from the trash. What another has got meanwhile, it gets anew.
    pub(crate) fn restore_network(&self, folder: &Path) {
        let restored = store::read_object::<NetworkSpec>(folder).and_then(|mut spec| {
            let before = spec.clone();
            spec.name = self.free_network_name(&spec.name);
            self.make_room(&mut spec)?;
            if spec != before {
                store::write(&folder.join(store::SPEC), &spec)?;
            }
            Ok(spec)
        });
        match restored {
            Ok(spec) => self.take_up_network(spec, None),
            Err(error) => self.show_broken("networks", folder, &error),
        }
    }
}
