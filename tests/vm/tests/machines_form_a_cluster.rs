//! Three practice guests become a cluster over a real network, by the product's own client: from
//! maintenance to healthy, through a power cut, and back to maintenance.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use crete_talos::Contract;
use crete_talos::api::{
    ApplyMode, ClusterTrust, Node, Pin, Reset, ResetScope, Target, Tcp, Trust, kinds,
};
use crete_talos::config::{MachineRole, Options, generate};
use crete_talos::pki::{Bundle, ClientCertificate, Role, SystemEntropy, Validity};
use crete_talos::yaml;
use crete_testkit::factory::{self, PracticeFactory};
use crete_testkit::talos::Fault;
use crete_vm_tests::{Boot, Net, PATIENCE, Place, Vm, Ways};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Two whose Talos is on their disk already, and one that has it installed.
const BOOTS: [Boot; 3] = [Boot::DiskImage, Boot::DiskImage, Boot::Iso];

/// Asks again and again. What is asked is on another machine, so nothing tells when it changes.
async fn until<T, Fut: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> Fut) -> T {
    let begun = Instant::now();
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, looking).await;
    println!("{what} after {:.1} s", begun.elapsed().as_secs_f64());
    found.unwrap_or_else(|_| panic!("never {what}"))
}

/// What a person has of a cluster.
struct Cluster {
    bundle: Bundle,
    options: Options,
    start: Timestamp,
}

impl Cluster {
    fn new(endpoint: &Place) -> Self {
        // Dated back: a guest's clock may be a little behind.
        let start = Timestamp::now()
            .checked_sub(SignedDuration::from_mins(10))
            .unwrap();
        let contract = Contract::V1_13;
        let endpoint = format!("https://{}:6443", endpoint.seat().address);
        let image = "factory.crete.test/metal-installer/practice:v1.13.9";
        let mut options = Options::new(contract, "practice", endpoint, "1.36.3", image);
        options.install_disk = Some("/dev/vda".to_owned());
        Self {
            bundle: Bundle::generate(contract, start, &mut SystemEntropy).unwrap(),
            options,
            start,
        }
    }

    fn target(place: &Place, ways: Ways) -> Target {
        Target {
            dial: Arc::new(Tcp {
                host: ways.api.ip().to_string(),
                port: ways.api.port(),
            }),
            name: place.seat().address.to_string(),
        }
    }

    fn admin(&self, place: &Place, ways: Ways) -> Node {
        let authority = self.bundle.talos_authority().unwrap();
        let client = ClientCertificate::talos(
            &authority,
            &BTreeSet::from([Role::Admin]),
            Validity::CLIENT,
            self.start,
            &mut SystemEntropy,
        );
        let trust = ClusterTrust {
            authority: authority.certificate_pem().to_owned(),
            client: client.unwrap(),
        };
        Node::new(&Self::target(place, ways), &Trust::Cluster(trust)).unwrap()
    }

    fn anonymous(place: &Place, ways: Ways) -> Node {
        let trust = Trust::Maintenance(Pin::first_use());
        Node::new(&Self::target(place, ways), &trust).unwrap()
    }

    async fn until_in_maintenance(place: &Place, ways: Ways) {
        until("in maintenance", || async {
            let node = Self::anonymous(place, ways);
            let status = node.get(kinds::MACHINE_STATUS, "machine").await.ok()??;
            // Maintenance is 3 in Talos' interface.
            (status.spec.stage == 3).then_some(())
        })
        .await;
    }
}

/// The Kubernetes API of a machine, with the certificates of a kubeconfig.
struct Kubernetes(reqwest::Client, SocketAddr);

impl Kubernetes {
    fn of(kubeconfig: &str, at: SocketAddr) -> Self {
        use base64::Engine as _;
        let root = yaml::read_one(kubeconfig).unwrap().unwrap();
        let first = |list: &str| root.get(list).map(yaml::Node::items).unwrap()[0].clone();
        let pem = |node: &yaml::Node, path: &[&str]| {
            let text = node.text_at(path);
            base64::engine::general_purpose::STANDARD
                .decode(text)
                .unwrap()
        };
        let (cluster, user) = (first("clusters"), first("users"));
        let authority = pem(&cluster, &["cluster", "certificate-authority-data"]);
        let mut identity = pem(&user, &["user", "client-certificate-data"]);
        identity.extend(pem(&user, &["user", "client-key-data"]));
        let client = reqwest::Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(&authority).unwrap()])
            .identity(reqwest::Identity::from_pem(&identity).unwrap())
            .no_proxy()
            .timeout(Duration::from_secs(10))
            .build()
            .unwrap();
        Self(client, at)
    }

    /// How many nodes are ready.
    async fn ready(&self) -> Option<usize> {
        let url = format!("https://{}/api/v1/nodes", self.1);
        let answer = self.0.get(url).send().await.ok()?;
        let answer = answer.error_for_status().ok()?;
        let nodes: serde_json::Value = answer.json().await.ok()?;
        let is_ready = |node: &&serde_json::Value| {
            let conditions = node["status"]["conditions"].as_array();
            let mut conditions = conditions.into_iter().flatten();
            conditions.any(|one| one["type"] == "Ready" && one["status"] == "True")
        };
        Some(nodes["items"].as_array()?.iter().filter(is_ready).count())
    }

    async fn until_ready(&self, count: usize) {
        until(&format!("{count} nodes are ready"), || async {
            (self.ready().await? == count).then_some(())
        })
        .await;
    }
}

async fn until_running(node: &Node) {
    until("running and ready", || async {
        let status = node.get(kinds::MACHINE_STATUS, "machine").await.ok()??;
        let ready = status.spec.status.is_some_and(|status| status.ready);
        // Running is 4 in Talos' interface.
        (status.spec.stage == 4 && ready).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the practice images: cargo xtask test vm"]
async fn three_guests_become_a_cluster_and_one_of_them_comes_back() {
    let begun = Instant::now();
    let factory = PracticeFactory::start(factory::Options::default())
        .await
        .unwrap();
    let at = factory.url.trim_start_matches("http://").parse().unwrap();
    let mut places = Vec::new();
    for (number, boot) in (0..).zip(BOOTS) {
        places.push(Place::make(boot, number).await);
    }
    let seats: Vec<_> = places.iter().map(Place::seat).collect();
    let net = Net::carry(&seats, Some(at));
    let ways = net.ways.clone();
    let mut vms: Vec<Vm> = Vec::new();
    for place in &places {
        vms.push(place.switch_on().await);
    }
    let cluster = Cluster::new(&places[0]);
    let text = generate(&cluster.options, &cluster.bundle, MachineRole::ControlPlane).to_yaml();
    let mut nodes = Vec::new();
    for (place, ways) in places.iter().zip(&ways) {
        Cluster::until_in_maintenance(place, *ways).await;
        let node = Cluster::anonymous(place, *ways);
        node.apply(&text, ApplyMode::Auto, false).await.unwrap();
        nodes.push(cluster.admin(place, *ways));
    }
    until("bootstrapped", || async { nodes[0].bootstrap().await.ok() }).await;
    for node in &nodes {
        until_running(node).await;
    }
    let kubeconfig = nodes[0].kubeconfig().await.unwrap();
    let kubernetes = Kubernetes::of(kubeconfig.expose(), ways[0].kubernetes);
    kubernetes.until_ready(3).await;
    let mut here = factory.service.machines();
    here.sort();
    let mut expected: Vec<_> = places.iter().map(Place::uuid).collect();
    expected.sort();
    assert_eq!(here, expected, "each is known by its own UUID");

    // A fault is told while the guest runs, and taken back.
    factory
        .service
        .set_faults(&places[0].uuid(), &[Fault::CniMissing]);
    kubernetes.until_ready(2).await;
    factory.service.set_faults(&places[0].uuid(), &[]);
    kubernetes.until_ready(3).await;

    // Without power, and back from its disk: the third was booted from a CD at first.
    vms.pop().unwrap().cut_power().await;
    kubernetes.until_ready(2).await;
    vms.push(places[2].switch_on().await);
    kubernetes.until_ready(3).await;
    until_running(&nodes[2]).await;

    let reset = Reset {
        scope: ResetScope::BackToMaintenance,
        graceful: true,
        reboot: true,
    };
    nodes[1].reset(&reset).await.unwrap();
    Cluster::until_in_maintenance(&places[1], ways[1]).await;
    kubernetes.until_ready(2).await;
    println!("all of it in {:.1} s", begun.elapsed().as_secs_f64());
}
