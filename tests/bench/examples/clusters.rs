//! Three clusters of five machines at rest: what the engine that looks after them takes. The
//! machines are another process, so that nothing of them is counted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot go on should end loudly"
)]

#[path = "../../../crates/crete-engine/tests/clusters/ground.rs"]
#[allow(dead_code, reason = "shared with the tests of clusters")]
mod ground;
#[path = "../../../crates/crete-engine/tests/cluster_soak/remote.rs"]
mod remote;

use crete_engine::{ClusterPatience, Engine, Patience};
use crete_model::{BootMedium, ClusterPhase, ClusterPreset};
use ground::Practice;
use remote::Remote;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;
use tokio::net::UnixListener;
use tokio::process::Command;

/// Names of the clusters.
const NAMES: [&str; 3] = ["knossos", "malia", "zakros"];
/// How long nothing happens.
const REST: Duration = Duration::from_secs(30);
const MACHINES: &str = "machines";

#[tokio::main]
async fn main() {
    match std::env::args().nth(1) {
        Some(word) if word == MACHINES => {
            let socket = std::env::args().nth(2).unwrap();
            machines(Path::new(&socket)).await;
        }
        _ => println!("{}", Value::from(measure().await)),
    }
}

/// Plays the machines until its standard input ends.
async fn machines(socket: &Path) {
    let practice = Practice::new(BootMedium::DiskImage).await;
    let listener = UnixListener::bind(socket).unwrap();
    println!("ready");
    // Reading standard input blocks, so it gets a thread of its own.
    let closed = || std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
    tokio::select! {
        () = remote::serve(practice, listener) => {}
        ended = tokio::task::spawn_blocking(closed) => drop(ended.unwrap()),
    }
}

async fn measure() -> Vec<Value> {
    let root = tempfile::tempdir().unwrap();
    let socket = root.path().join("machines.sock");
    let mut machines = Command::new(std::env::current_exe().unwrap())
        .arg(MACHINES)
        .arg(&socket)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut ready = [0; 5];
    let mut said = machines.stdout.take().unwrap();
    said.read_exact(&mut ready).await.unwrap();
    let mut config = ground::config(root.path());
    config.patience = Patience {
        cluster: ClusterPatience {
            // Fast machines, looked at as often as real ones.
            speed: ground::SPEED,
            ..ClusterPatience::default()
        },
        ..Patience::default()
    };
    let engine = Engine::open_on(config, Arc::new(Remote(socket)))
        .await
        .unwrap();
    let alone = resident();
    let begun = Instant::now();
    for name in NAMES {
        let shape = ClusterPreset::HighAvailability;
        let mut draft = ground::draft(&engine, shape, BootMedium::DiskImage);
        draft.name = name.to_owned();
        engine.create_cluster(&draft).unwrap();
    }
    until_healthy(&engine).await;
    let formed = begun.elapsed();
    // What was made ready for the work is let go of first.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (from, since) = (processor_time(), Instant::now());
    tokio::time::sleep(REST).await;
    let share = (processor_time() - from).as_secs_f64() / since.elapsed().as_secs_f64();
    let memory = resident();
    let healthy = engine
        .clusters
        .all()
        .iter()
        .all(|view| view.phase == ClusterPhase::Healthy);
    assert!(healthy, "they stayed so");
    engine.close().await;
    drop(machines.stdin.take());
    machines.wait().await.unwrap();
    let figure = |name: &str, value: f64, unit: &str| {
        let name = format!("three clusters of five, in practice: {name}");
        json!({ "name": name, "value": value, "unit": unit })
    };
    vec![
        figure("until all are healthy", formed.as_secs_f64(), "s"),
        figure("processor at rest", share * 100.0, "% of one"),
        figure("memory of the engine", memory, "MiB"),
        figure("memory of the engine without them", alone, "MiB"),
    ]
}

async fn until_healthy(engine: &Engine) {
    let mut changes = engine.clusters.subscribe().changes;
    let healthy = || {
        let all = engine.clusters.all();
        let mut views = all.iter();
        views.all(|view| view.phase == ClusterPhase::Healthy && view.job.is_none())
    };
    while !healthy() {
        let waited = tokio::time::timeout(Duration::from_secs(600), changes.recv()).await;
        assert!(waited.is_ok(), "they do not become healthy");
    }
}

/// MiB of memory this process holds.
fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u32 = text.split_whitespace().nth(1).unwrap().parse().unwrap();
    let page = u32::try_from(rustix::param::page_size()).unwrap();
    f64::from(pages) * f64::from(page) / f64::from(1 << 20)
}

/// Time that processors spent on this process.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text[text.rfind(')').unwrap() + 2..].split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second())
}
