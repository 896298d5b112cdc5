//! Practice nodes on loopback addresses become a healthy cluster, by the real client over TCP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use crete_talos::Contract;
use crete_talos::api::{ApplyMode, ClusterTrust, Node, Pin, Target, Tcp, Trust, kinds};
use crete_talos::config::{MachineRole, Options, generate};
use crete_talos::pki::{Bundle, ClientCertificate, Role, SystemEntropy, Validity};
use crete_testkit::talos::{API_PORT, Fault, Nodes, Pace, TalosNode};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

const SECRETS: &str = "../../tests/fixtures/talos/golden/secrets/lab.yaml";

fn target(node: &TalosNode) -> Target {
    Target {
        dial: Arc::new(Tcp {
            host: node.address.to_string(),
            port: API_PORT,
        }),
        name: node.address.to_string(),
    }
}

/// Asks again and again; what does not come in a minute does not come.
async fn until<T, Fut: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> Fut) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    let found = timeout(Duration::from_secs(60), looking).await;
    found.unwrap_or_else(|_| panic!("{what} did not come"))
}

/// On several threads, as in the programs that are tested with them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_machines_become_a_cluster_over_tcp() {
    let nodes = Nodes::start("1.13.9".parse().unwrap(), 3, Pace::faster(200.0)).await;
    let bundle = Bundle::parse(&std::fs::read_to_string(SECRETS).unwrap()).unwrap();
    let endpoint = format!("https://{}:6443", nodes.all[0].address);
    let mut options = Options::new(
        Contract::V1_13,
        "loop",
        endpoint,
        "1.36.3",
        "installer:v1.13.9",
    );
    options.install_disk = Some("/dev/vda".to_owned());
    let text = generate(&options, &bundle, MachineRole::ControlPlane).to_yaml();

    let authority = bundle.talos_authority().unwrap();
    let roles = BTreeSet::from([Role::Admin]);
    let now = Timestamp::now();
    let client = ClientCertificate::talos(
        &authority,
        &roles,
        Validity::CLIENT,
        now,
        &mut SystemEntropy,
    );
    let trust = Trust::Cluster(ClusterTrust {
        authority: authority.certificate_pem().to_owned(),
        client: client.unwrap(),
    });
    let mut admins = Vec::new();
    for one in &nodes.all {
        let pin = Trust::Maintenance(Pin::first_use());
        let applied = || async {
            let node = Node::new(&target(one), &pin).unwrap();
            node.apply(&text, ApplyMode::Auto, false).await.ok()
        };
        until("maintenance", applied).await;
        admins.push(Node::new(&target(one), &trust).unwrap());
    }
    until("bootstrap", || async { admins[0].bootstrap().await.ok() }).await;
    for admin in &admins {
        until("ready", || async {
            let found = admin.get(kinds::MACHINE_STATUS, "machine").await.ok()??;
            let running = found.spec.stage == 4;
            (running && found.spec.status?.ready).then_some(())
        })
        .await;
    }
    assert_eq!(admins[2].etcd_members(false).await.unwrap().len(), 3);
    nodes.stop().await;
    assert!(
        admins[0].version().await.is_err(),
        "a machine without power says nothing"
    );
}

#[tokio::test]
async fn a_machine_goes_on_where_its_disk_is() {
    let mut nodes = Nodes::none("1.13.9".parse().unwrap(), Pace::faster(500.0)).await;
    let identity = nodes.identity(7);
    identity
        .network
        .change(|given| given.hostname = Some("seven".to_owned()));
    let stalls = Fault::InstallerStalls;
    nodes.switch_on(identity, &[stalls]);
    let pin = Trust::Maintenance(Pin::first_use());
    let name = until("maintenance", || async {
        let node = Node::new(&target(&nodes.all[0]), &pin).unwrap();
        node.get(kinds::HOSTNAME, "hostname").await.ok()?
    })
    .await;
    assert_eq!(name.spec.hostname, "seven");
    nodes.all[0].node.cut_power().await;
    nodes.switch_on_again(0);
    assert!(
        nodes.all[0].node.faults().has(stalls),
        "its faults are its own"
    );
    nodes.all[0]
        .console
        .wait_for("server certificate issued")
        .await;
    nodes.stop().await;
}
