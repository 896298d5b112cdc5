//! Against the Kubernetes API of a practice cluster: TCP, TLS with the cluster's own authority, and
//! certificates on both sides.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use async_trait::async_trait;
use crete_kube::{Cluster, Dial, KubeError, Transport};
use crete_talos::Contract;
use crete_talos::api::{ApplyMode, ClusterTrust, Node, Pin, Target, Tcp, Trust};
use crete_talos::config::{MachineRole, Options, generate};
use crete_talos::pki::{Bundle, ClientCertificate, Kubeconfig, Role, SystemEntropy, Validity};
use crete_testkit::talos::{API_PORT, Fault, Nodes, Pace};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

const SECRETS: &str = "../../tests/fixtures/talos/golden/secrets/lab.yaml";

/// A way that is counted: nothing goes past it.
#[derive(Debug, Default)]
struct Counted {
    address: String,
    opened: AtomicUsize,
}

#[async_trait]
impl Dial for Counted {
    async fn dial(&self) -> io::Result<Box<dyn Transport>> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(TcpStream::connect(&self.address).await?))
    }
}

async fn until<T, Fut: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> Fut) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    let found = timeout(Duration::from_secs(120), looking).await;
    found.unwrap_or_else(|_| panic!("{what} did not come"))
}

/// A practice control plane with Kubernetes, and a kubeconfig made offline.
struct Lab {
    nodes: Nodes,
    cluster: Cluster,
    way: Arc<Counted>,
    kubeconfig: String,
}

impl Lab {
    async fn new() -> Self {
        let nodes = Nodes::start("1.13.9".parse().unwrap(), 1, Pace::faster(200.0)).await;
        let bundle = Bundle::parse(&std::fs::read_to_string(SECRETS).unwrap()).unwrap();
        let address = nodes.all[0].address.to_string();
        let mut options = Options::new(
            Contract::V1_13,
            "loop",
            format!("https://{address}:6443"),
            "1.36.3",
            "installer:v1.13.9",
        );
        options.install_disk = Some("/dev/vda".to_owned());
        let text = generate(&options, &bundle, MachineRole::ControlPlane).to_yaml();
        bootstrap(&address, &bundle, &text).await;
        let authority = bundle.kubernetes_authority().unwrap();
        let now = Timestamp::now();
        let client = ClientCertificate::kubernetes_admin(
            &authority,
            Validity::CLIENT,
            now,
            &mut SystemEntropy,
        );
        let kubeconfig = Kubeconfig {
            cluster: "loop".to_owned(),
            server: format!("https://{address}:6443"),
            authority: authority.certificate_pem().to_owned(),
            client: client.unwrap(),
        }
        .to_yaml();
        let way = Arc::new(Counted {
            address: format!("{address}:6443"),
            opened: AtomicUsize::new(0),
        });
        let cluster = Cluster::new(kubeconfig.as_bytes(), way.clone()).unwrap();
        until("the API", || async { cluster.version().await.ok() }).await;
        Self {
            nodes,
            cluster,
            way,
            kubeconfig,
        }
    }
}

async fn bootstrap(address: &str, bundle: &Bundle, text: &str) {
    let target = Target {
        dial: Arc::new(Tcp {
            host: address.to_owned(),
            port: API_PORT,
        }),
        name: address.to_owned(),
    };
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
    let pin = Trust::Maintenance(Pin::first_use());
    until("maintenance", || async {
        let node = Node::new(&target, &pin).unwrap();
        node.apply(text, ApplyMode::Auto, false).await.ok()
    })
    .await;
    let admin = Node::new(&target, &trust).unwrap();
    until("bootstrap", || async { admin.bootstrap().await.ok() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_is_read_and_manifests_are_applied() {
    let lab = Lab::new().await;
    let cluster = &lab.cluster;
    assert_eq!(cluster.version().await.unwrap(), "v1.36.3");
    let ready = || async {
        let nodes = cluster.nodes().await.ok()?;
        (nodes.len() == 1 && nodes[0].ready == Some(true)).then(|| nodes[0].clone())
    };
    let node = until("a node that is ready", ready).await;
    assert!(node.control_plane && node.schedulable);
    assert_eq!(node.kubelet, "v1.36.3");
    assert_eq!(node.addresses, [lab.nodes.all[0].address.to_string()]);
    let all = || async {
        let pods = cluster.system_pods().await.ok()?;
        let ready = |app: &str| pods.iter().any(|pod| pod.app == app && pod.ready);
        let wanted = [
            "kube-apiserver",
            "kube-controller-manager",
            "kube-scheduler",
            "kube-proxy",
            "kube-dns",
            "flannel",
        ];
        wanted.iter().all(|app| ready(app)).then_some(())
    };
    until("the system's pods", all).await;

    // Why a pod does not run is told in its own words.
    lab.nodes.all[0].node.faults().set(Fault::KubeProxyFails);
    let ill = || async {
        let pods = cluster.system_pods().await.ok()?;
        pods.into_iter()
            .find(|pod| pod.app == "kube-proxy" && !pod.ready)
    };
    assert_eq!(until("an ill pod", ill).await.waiting, "ImagePullBackOff");

    // Small manifests: applied twice they are there once; a missing namespace is Kubernetes' own word.
    let web = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: try\nspec:\n  replicas: 1\n";
    let refused = cluster.apply(web).await.unwrap_err();
    assert!(
        matches!(&refused, KubeError::Refused { code: 404, reason, .. } if reason.contains("namespaces \"try\"")),
        "{refused}"
    );
    let both = format!("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: try\n---\n{web}");
    let done = cluster.apply(&both).await.unwrap();
    assert_eq!(done[1].to_string(), "Deployment try/web");
    cluster
        .apply(&both.replace("replicas: 1", "replicas: 3"))
        .await
        .unwrap();
    let found = cluster.get(web).await.unwrap().unwrap();
    assert_eq!(found["spec"]["replicas"], 3);
    cluster.delete(&both).await.unwrap();
    assert_eq!(cluster.get(web).await.unwrap(), None);
    cluster.delete(&both).await.unwrap();

    assert!(cluster.delete_node(&node.name).await.unwrap());
    assert!(!cluster.delete_node("nobody").await.unwrap());
    // One connection carries a conversation of many calls, and every one goes the given way.
    let opened = lab.way.opened.load(Ordering::SeqCst);
    assert!((1..40).contains(&opened), "{opened} connections");
    lab.nodes.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_and_silence_are_told_apart() {
    let lab = Lab::new().await;
    // Somebody else's authority signed the client: the API does not let it in.
    let contract = Contract::V1_13;
    let other = Bundle::generate(contract, Timestamp::now(), &mut SystemEntropy).unwrap();
    let authority = other.kubernetes_authority().unwrap();
    let now = Timestamp::now();
    let client =
        ClientCertificate::kubernetes_admin(&authority, Validity::CLIENT, now, &mut SystemEntropy);
    let mut kubeconfig = Kubeconfig {
        cluster: "loop".to_owned(),
        server: format!("https://{}", lab.way.address),
        authority: authority.certificate_pem().to_owned(),
        client: client.unwrap(),
    };
    let stranger = Cluster::new(kubeconfig.to_yaml().as_bytes(), lab.way.clone()).unwrap();
    let error = stranger.version().await.unwrap_err().to_string();
    assert!(error.contains("certificate"), "{error}");
    let key = kubeconfig
        .client
        .key
        .expose()
        .lines()
        .nth(1)
        .unwrap()
        .to_owned();
    assert!(!error.contains(&key));

    // Nobody listens there.
    kubeconfig.server = "https://127.0.0.1:1".to_owned();
    let way = Arc::new(Counted {
        address: "127.0.0.1:1".to_owned(),
        opened: AtomicUsize::new(0),
    });
    let nobody = Cluster::new(lab.kubeconfig.as_bytes(), way).unwrap();
    let error = nobody.nodes().await.unwrap_err();
    assert!(matches!(error, KubeError::Unreachable { .. }), "{error}");

    // Somebody listens and says nothing.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let way = Arc::new(Counted {
        address: listener.local_addr().unwrap().to_string(),
        opened: AtomicUsize::new(0),
    });
    let silent = Cluster::new(lab.kubeconfig.as_bytes(), way).unwrap();
    let silent = silent.with_patience(Duration::from_millis(300));
    let error = silent.nodes().await.unwrap_err();
    assert!(matches!(error, KubeError::Silent { .. }), "{error}");
    lab.nodes.stop().await;
}
