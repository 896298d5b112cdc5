//! The nodes: a cluster of practice ones that has come up and is at rest, in a process of its own.

use crete_talos::Contract;
use crete_talos::api::{ApplyMode, ClusterTrust, Node, PORT, Pin, Target, Tcp, Trust};
use crete_talos::config::{MachineRole, Options, generate};
use crete_talos::pki::{Bundle, ClientCertificate, Role, SystemEntropy, Validity};
use crete_testkit::talos::{Nodes, Pace};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::future::Future;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::IpAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const SECRETS: &str = "../fixtures/talos/golden/secrets/lab.yaml";
const VERSION: &str = "1.13.9";

fn bundle() -> Bundle {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SECRETS);
    Bundle::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The administrator of the nodes' cluster.
pub fn admin() -> ClusterTrust {
    let authority = bundle().talos_authority().unwrap();
    let roles = BTreeSet::from([Role::Admin]);
    let now = Timestamp::now();
    let client = ClientCertificate::talos(
        &authority,
        &roles,
        Validity::CLIENT,
        now,
        &mut SystemEntropy,
    );
    ClusterTrust {
        authority: authority.certificate_pem().to_owned(),
        client: client.unwrap(),
    }
}

pub fn target(address: IpAddr) -> Target {
    let host = address.to_string();
    Target {
        dial: Arc::new(Tcp {
            host: host.clone(),
            port: PORT,
        }),
        name: host,
    }
}

async fn until<Fut: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> Fut) {
    let trying = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let held = tokio::time::timeout(Duration::from_secs(300), trying).await;
    assert!(held.is_ok(), "never: {what}");
}

/// Waits until every node runs and waits for nothing.
async fn all_ready(nodes: &Nodes) {
    for one in &nodes.all {
        let summary = one.node.summary();
        until("a node is ready", || {
            let now = summary.borrow();
            std::future::ready(now.stage == "Running" && now.ready)
        })
        .await;
    }
}

/// Grows a cluster in fast motion, starts its machines again in real time, says where they are and
/// goes on until nobody reads any more.
pub async fn play(count: u8) {
    let mut nodes = Nodes::start(VERSION.parse().unwrap(), count, Pace::faster(200.0)).await;
    let endpoint = format!("https://{}:6443", nodes.all[0].address);
    let installer = format!("installer:v{VERSION}");
    let mut options = Options::new(Contract::V1_13, "bench", endpoint, "1.36.3", installer);
    options.install_disk = Some("/dev/vda".to_owned());
    for (at, one) in nodes.all.iter().enumerate() {
        let role = match at {
            0 => MachineRole::ControlPlane,
            _ => MachineRole::Worker,
        };
        let text = generate(&options, &bundle(), role).to_yaml();
        let pin = Trust::Maintenance(Pin::first_use());
        until("a node takes its configuration", || async {
            let node = Node::new(&target(one.address), &pin).unwrap();
            node.apply(&text, ApplyMode::Auto, false).await.is_ok()
        })
        .await;
    }
    let first = Node::new(&target(nodes.all[0].address), &Trust::Cluster(admin())).unwrap();
    until("the cluster begins", || async {
        first.bootstrap().await.is_ok()
    })
    .await;
    all_ready(&nodes).await;
    nodes.live_at(Pace::REAL);
    for index in 0..nodes.all.len() {
        nodes.all[index].node.cut_power().await;
        nodes.switch_on_again(index);
    }
    all_ready(&nodes).await;
    let addresses: Vec<IpAddr> = nodes.all.iter().map(|one| one.address).collect();
    println!("{}", serde_json::to_string(&addresses).unwrap());
    let read = tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0]));
    let _ = read.await;
    nodes.stop().await;
}

/// The process with the nodes.
pub struct Others {
    process: Child,
    pub addresses: Vec<IpAddr>,
}

impl Others {
    pub async fn start(count: u8) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["nodes", &count.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let line = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            said.read_line(&mut line).map(|_| line)
        });
        let line = line.await.unwrap().unwrap();
        Self {
            process,
            addresses: serde_json::from_str(&line).expect("where the nodes are"),
        }
    }
}

/// One that is left behind by a measurement that failed ends too.
impl Drop for Others {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
