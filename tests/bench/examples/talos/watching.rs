//! What it costs the engine to watch nodes that are at rest.

use crate::nodes::admin;
use crate::support::{World, start, until};
use async_trait::async_trait;
use crete_engine::{Depth, Engine, Look, Ways};
use crete_model::{MachineId, NodePresence, NodeStage};
use crete_talos::api::Transport;
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// How long each way of watching is measured.
const MEASURED: Duration = Duration::from_secs(30);
/// What connecting and the first answers take is not what watching takes.
const SETTLED: Duration = Duration::from_secs(10);

/// Ways to the nodes of the other process.
#[derive(Debug, Default)]
struct Loopback(Mutex<HashMap<MachineId, IpAddr>>);

#[async_trait]
impl Ways for Loopback {
    async fn open(&self, machine: MachineId, port: u16) -> io::Result<Box<dyn Transport>> {
        let address = self.0.lock().unwrap()[&machine];
        let stream = TcpStream::connect((address, port)).await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }

    fn address(&self, machine: MachineId) -> Option<String> {
        let known = self.0.lock().unwrap();
        known.get(&machine).map(IpAddr::to_string)
    }
}

/// Processor time that this process has used.
fn used() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap(),
        u32::try_from(time.tv_nsec).unwrap(),
    )
}

/// How much of a core this process uses, in percent.
async fn share() -> f64 {
    tokio::time::sleep(SETTLED).await;
    let (begun, before) = (Instant::now(), used());
    tokio::time::sleep(MEASURED).await;
    let spent = used() - before;
    spent.as_secs_f64() / begun.elapsed().as_secs_f64() * 100.0
}

async fn watched(engine: &Engine, machines: &[MachineId], depth: Depth) -> f64 {
    let look = |machine: &MachineId| engine.look_at_node(*machine, depth).unwrap();
    let looks: Vec<Look> = machines.iter().map(look).collect();
    for machine in machines {
        until(&engine.nodes, &machine.to_string(), |view| {
            let says = view.says.as_ref();
            view.presence == NodePresence::Configured
                && view.stale_since.is_none()
                && says.is_some_and(|says| says.stage == NodeStage::Running)
        })
        .await;
    }
    let share = share().await;
    for machine in machines {
        let view = engine.nodes.get(&machine.to_string()).unwrap();
        assert_eq!(view.stale_since, None, "a node was lost meanwhile");
    }
    drop(looks);
    share
}

/// The figures of an engine that watches all of these nodes.
pub async fn measure(addresses: &[IpAddr]) -> Vec<Value> {
    let world = World::new();
    let ways = Arc::new(Loopback::default());
    let given: Arc<dyn Ways> = Arc::clone(&ways) as Arc<dyn Ways>;
    let engine = world
        .open_with(|config| config.network_parts.ways = Some(given))
        .await;
    let mut machines = Vec::new();
    for (number, address) in addresses.iter().enumerate() {
        let draft = world.draft(&format!("node-{}", number + 1));
        let machine = engine.create_machine(&draft).unwrap();
        ways.0.lock().unwrap().insert(machine, *address);
        engine.give_credentials(machine, admin());
        start(&engine, machine).await;
        machines.push(machine);
    }
    let unwatched = share().await;
    let summary = watched(&engine, &machines, Depth::Summary).await;
    let full = watched(&engine, &machines, Depth::Full).await;
    engine.close().await;
    let count = addresses.len();
    let figure = |what: &str, value: f64| {
        json!({
            "name": format!("{count} machines on, {what}, of a core"),
            "unit": "%",
            "value": value,
        })
    };
    let mut goal = figure("everything of each node watched", full);
    goal["goal"] = json!({ "most": 2.0 });
    vec![
        goal,
        figure("how each node is watched", summary),
        figure("no node watched", unwatched),
    ]
}
