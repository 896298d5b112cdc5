//! Machines of one process, used by an engine in another that may be killed at any moment: a line
//! of JSON there, a line back.

use crate::ground::Practice;
use async_trait::async_trait;
use crete_engine::cluster::{Ground, GroundResult, ImageSight, MachineSight, Place, Power};
use crete_model::{ClusterNode, ClusterSpec, ForwardId, ImageId, MachineId, NetworkId};
use crete_talos::api::{Dial, Tcp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use uuid::Uuid;

/// What can be asked of the machines.
#[derive(Debug, Serialize, Deserialize)]
enum Call {
    Settle(Box<ClusterSpec>),
    Make(Box<ClusterSpec>, Box<ClusterNode>),
    Look(MachineId),
    Console(MachineId),
    SwitchOn(MachineId),
    SwitchOff(MachineId),
    ForceOff(MachineId),
    TakeAway(MachineId),
    Leave(Box<ClusterSpec>),
}

/// Serves machines at a socket, for as long as the future lives.
pub async fn serve(ground: Arc<Practice>, listener: UnixListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let ground = Arc::clone(&ground);
        tokio::spawn(async move {
            let (read, mut write) = stream.into_split();
            let mut lines = tokio::io::BufReader::new(read).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let answer = answer(&ground, serde_json::from_str(&line).unwrap()).await;
                // Whoever was killed meanwhile needs no answer.
                let _ = write.write_all(format!("{answer}\n").as_bytes()).await;
            }
        });
    }
}

async fn answer(ground: &Practice, call: Call) -> Value {
    match call {
        Call::Settle(spec) => {
            let place = ground.settle(&spec).await.unwrap();
            json!({ "network": place.network, "api": place.api })
        }
        Call::Make(spec, node) => done(ground.make(&spec, &node).await),
        Call::Look(machine) => sight(ground.look(machine)),
        Call::Console(machine) => json!(ground.console(machine).await),
        Call::SwitchOn(machine) => done(ground.switch_on(machine).await),
        Call::SwitchOff(machine) => done(ground.switch_off(machine).await),
        Call::ForceOff(machine) => done(ground.force_off(machine).await),
        Call::TakeAway(machine) => done(ground.take_away(machine).await),
        Call::Leave(spec) => done(ground.leave(&spec).await),
    }
}

fn done(done: GroundResult<()>) -> Value {
    done.unwrap();
    Value::Null
}

fn sight(sight: Option<MachineSight>) -> Value {
    let Some(sight) = sight else {
        return Value::Null;
    };
    let (power, fresh, failure) = match sight.power {
        Power::Off { fresh, failure } => ("off", fresh, failure),
        Power::Starting => ("starting", false, None),
        Power::On => ("on", false, None),
        Power::Paused { .. } => ("paused", false, None),
        Power::Stopping => ("stopping", false, None),
    };
    json!({
        "power": power,
        "fresh": fresh,
        "failure": failure,
        "address": sight.address,
        "cut": sight.cut,
        "mac": sight.mac,
    })
}

/// What comes over the wire of a machine.
#[derive(Deserialize)]
struct Seen {
    power: String,
    fresh: bool,
    failure: Option<String>,
    address: Option<String>,
    cut: bool,
    mac: String,
}

#[derive(Deserialize)]
struct Settled {
    network: NetworkId,
    api: crete_model::ClusterEndpoint,
}

/// The machines of another process.
#[derive(Debug)]
pub struct Remote(pub PathBuf);

impl Remote {
    /// Asks, and waits: the other side answers at once.
    fn ask<T: serde::de::DeserializeOwned>(&self, call: &Call) -> T {
        let mut stream = UnixStream::connect(&self.0).unwrap();
        let line = serde_json::to_string(call).unwrap() + "\n";
        stream.write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    fn tell(&self, call: &Call) -> GroundResult<()> {
        self.ask::<()>(call);
        Ok(())
    }

    fn seen(&self, machine: MachineId) -> Option<Seen> {
        self.ask(&Call::Look(machine))
    }
}

#[async_trait]
impl Ground for Remote {
    fn image(&self, _: &ClusterSpec) -> ImageSight {
        ImageSight::Ready(ImageId(Uuid::from_u128(1)))
    }

    async fn order_image(&self, _: &ClusterSpec) -> GroundResult<()> {
        Ok(())
    }

    async fn settle(&self, spec: &ClusterSpec) -> GroundResult<Place> {
        let settled: Settled = self.ask(&Call::Settle(Box::new(spec.clone())));
        Ok(Place {
            network: settled.network,
            api: settled.api,
        })
    }

    async fn make(&self, spec: &ClusterSpec, node: &ClusterNode) -> GroundResult<()> {
        let call = Call::Make(Box::new(spec.clone()), Box::new(node.clone()));
        self.tell(&call)
    }

    fn look(&self, machine: MachineId) -> Option<MachineSight> {
        let seen = self.seen(machine)?;
        Some(MachineSight {
            power: match seen.power.as_str() {
                "off" => Power::Off {
                    fresh: seen.fresh,
                    failure: seen.failure,
                },
                "starting" => Power::Starting,
                "stopping" => Power::Stopping,
                _ => Power::On,
            },
            address: seen.address,
            cut: seen.cut,
            mac: seen.mac,
        })
    }

    async fn console(&self, machine: MachineId) -> String {
        self.ask(&Call::Console(machine))
    }

    fn dial(&self, machine: MachineId, port: u16) -> Arc<dyn Dial> {
        let host = self.seen(machine).and_then(|seen| seen.address);
        Arc::new(Tcp {
            host: host.unwrap_or_default(),
            port,
        })
    }

    async fn switch_on(&self, machine: MachineId) -> GroundResult<()> {
        self.tell(&Call::SwitchOn(machine))
    }

    async fn switch_off(&self, machine: MachineId) -> GroundResult<()> {
        self.tell(&Call::SwitchOff(machine))
    }

    async fn force_off(&self, machine: MachineId) -> GroundResult<()> {
        self.tell(&Call::ForceOff(machine))
    }

    async fn take_away(&self, machine: MachineId) -> GroundResult<()> {
        self.tell(&Call::TakeAway(machine))
    }

    async fn discard(&self, machine: MachineId) -> GroundResult<()> {
        self.tell(&Call::TakeAway(machine))
    }

    async fn discard_network(&self, _: &ClusterSpec) -> GroundResult<()> {
        Ok(())
    }

    async fn open_door(&self, _: MachineId, _: u16, _: &str) -> GroundResult<ForwardId> {
        Ok(ForwardId(Uuid::from_u128(3)))
    }

    fn door(&self, _: ForwardId) -> Option<String> {
        None
    }

    async fn close_door(&self, _: ForwardId) -> GroundResult<()> {
        Ok(())
    }

    async fn leave(&self, spec: &ClusterSpec) -> GroundResult<()> {
        self.tell(&Call::Leave(Box::new(spec.clone())))
    }
}
