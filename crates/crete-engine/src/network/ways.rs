//! Ways to a port of a machine: through its network's own socket, so that no port of this computer
//! is opened for it and nobody else can use it.

use super::{Request, process};
use crate::Engine;
use crate::error::{EngineError, Result};
use async_trait::async_trait;
use crete_model::MachineId;
use crete_net::Target;
use crete_net::control::client::{Client, ClientError};
use crete_net::control::{REFUSED, SILENT};
use crete_talos::api::{Dial, Transport};
use std::fmt;
use std::io;
use tokio::io::BufReader;
use tokio::net::UnixStream;

/// Another way to machines than through their networks.
#[async_trait]
pub trait Ways: fmt::Debug + Send + Sync {
    /// A connection to a port of a machine.
    async fn open(&self, machine: MachineId, port: u16) -> io::Result<Box<dyn Transport>>;
    /// The address that the machine has there; nothing when it is not to be reached this way.
    fn address(&self, machine: MachineId) -> Option<String>;
}

/// Why a port was not reached.
enum Unreached {
    Engine(EngineError),
    Network(ClientError),
}

impl Engine {
    /// A connection to a port of a machine, through its network's own socket.
    ///
    /// # Errors
    /// When the machine is off, refuses, or does not answer.
    pub async fn dial(&self, machine: MachineId, port: u16) -> Result<BufReader<UnixStream>> {
        let network = self.network_of_machine(machine)?;
        let spec = self.network(network)?.spec;
        match self.connect_to(machine, port).await {
            Ok(stream) => Ok(stream),
            Err(Unreached::Engine(error)) => Err(error),
            Err(Unreached::Network(error)) => {
                Err(process::failed(&spec, &error.to_string()).into())
            }
        }
    }

    async fn connect_to(
        &self,
        machine: MachineId,
        port: u16,
    ) -> std::result::Result<BufReader<UnixStream>, Unreached> {
        let network = self
            .network_of_machine(machine)
            .map_err(Unreached::Engine)?;
        let socket = self
            .ask_network(network, |answer| Request::Socket { answer })
            .await
            .map_err(Unreached::Engine)?;
        let dialling = async {
            let client = Client::connect(&socket, network.0).await?;
            let machine = machine.to_string();
            client.dial(Target::Machine { machine, port }).await
        };
        dialling.await.map_err(Unreached::Network)
    }

    /// The address by which a machine is reached.
    pub(crate) fn address_of_machine(&self, machine: MachineId) -> Option<String> {
        if let Some(ways) = &self.network_parts.ways
            && let Some(address) = ways.address(machine)
        {
            return Some(address);
        }
        let networks = self.networks.all().into_iter();
        networks
            .flat_map(|view| view.machines)
            .find(|one| one.machine == machine)
            .map(|one| one.address)
    }
}

/// The way to one port of one machine, taken anew for each connection.
pub(crate) struct PortOf {
    pub engine: Engine,
    pub machine: MachineId,
    pub port: u16,
}

impl fmt::Debug for PortOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PortOf({}:{})", self.machine, self.port)
    }
}

#[async_trait]
impl Dial for PortOf {
    async fn dial(&self) -> io::Result<Box<dyn Transport>> {
        if let Some(ways) = &self.engine.network_parts.ways
            && ways.address(self.machine).is_some()
        {
            return ways.open(self.machine, self.port).await;
        }
        match self.engine.connect_to(self.machine, self.port).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(kind_of(error)),
        }
    }
}

/// What TCP itself would say.
fn kind_of(error: Unreached) -> io::Error {
    let (kind, text) = match error {
        // Off, or its network does not come up: nothing is there.
        Unreached::Engine(error) => (io::ErrorKind::ConnectionRefused, error.to_string()),
        Unreached::Network(error) => (kind_of_network(&error), error.to_string()),
    };
    io::Error::new(kind, text)
}

fn kind_of_network(error: &ClientError) -> io::ErrorKind {
    match error {
        ClientError::Refused(why) if why == REFUSED => io::ErrorKind::ConnectionRefused,
        ClientError::Refused(why) if why == SILENT => io::ErrorKind::TimedOut,
        ClientError::Refused(_) => io::ErrorKind::NotFound,
        ClientError::Silent { .. } => io::ErrorKind::TimedOut,
        ClientError::Connection { source, .. } => source.kind(),
        ClientError::Malformed { .. } | ClientError::Foreign { .. } => io::ErrorKind::Unsupported,
    }
}
