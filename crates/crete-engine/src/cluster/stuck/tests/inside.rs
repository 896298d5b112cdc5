//! What Talos and Kubernetes tell, and what the checks of the cluster say of a machine.

use super::*;

/// A node whose service is in preparation, with the last line of its console.
fn prepares(id: &str, console: &str) -> Sight {
    let mut sight = node(vec![service(id, "Preparing", None, "Running pre state")]);
    sight.console = console.to_owned();
    sight
}

pub(super) fn fixtures() -> Vec<Fixture> {
    [etcds(), kubelets(), checks(), of_kubernetes()].concat()
}

fn etcds() -> Vec<Fixture> {
    let ill = service("etcd", "Running", Some(false), "context deadline exceeded");
    vec![
        fixture(
            StuckCode::TimeNotSynchronized,
            10,
            told(|node| node.synced = Some(false)),
        ),
        fixture(StuckCode::ImageStalls, 45, prepares("etcd", ETCD_PULLS)),
        fixture(StuckCode::PullingImage, 0, prepares("etcd", ETCD_PULLS)),
        fixture(StuckCode::EtcdImageMissing, 0, prepares("etcd", MISSING)),
        fixture(
            StuckCode::EtcdNoSpace,
            0,
            told(|node| node.etcd = etcd(false, &["Nospace"])),
        ),
        fixture(StuckCode::EtcdUnhealthy, 10, node(vec![ill])),
        fixture(
            StuckCode::EtcdLearner,
            30,
            told(|node| node.etcd = etcd(true, &[])),
        ),
    ]
}

fn kubelets() -> Vec<Fixture> {
    let ill = service("kubelet", "Running", Some(false), "connection refused");
    let again = "Error running Containerd(kubelet), going to restart forever";
    let ends = service("kubelet", "Waiting", None, again);
    let mut api = node(vec![service("etcd", "Running", Some(true), "")]);
    api.node.as_mut().unwrap().static_pods =
        vec![("kube-system/kube-apiserver-knossos-cp-1".to_owned(), false)];
    vec![
        fixture(StuckCode::ImageStalls, 45, prepares("kubelet", GETS_ON)),
        fixture(StuckCode::PullingImage, 0, prepares("kubelet", GETS_ON)),
        fixture(
            StuckCode::KubeletImageMissing,
            0,
            prepares("kubelet", KUBELET),
        ),
        fixture(StuckCode::KubeletCrashes, 10, node(vec![ill])),
        fixture(StuckCode::KubeletCrashes, 5, node(vec![ends])),
        fixture(StuckCode::ApiServerCrashes, 90, api),
        fixture(
            StuckCode::Diagnosed,
            0,
            told(|node| node.diagnostics = vec!["address-overlap".to_owned()]),
        ),
        fixture(
            StuckCode::Waits,
            60,
            told(|node| {
                node.unmet = vec![("services".to_owned(), "kubelet not running".to_owned())]
            }),
        ),
    ]
}

fn checks() -> Vec<Fixture> {
    let of = |code, after, check, text: &str| {
        let sight = told(|node| {
            node.memory = Some(512 << 20);
            node.ephemeral = Some(1 << 30);
        });
        fixture(code, after, sight).check(check, text)
    };
    use HealthCode as H;
    use StuckCode as S;
    vec![
        of(
            S::ControlPlaneNotReady,
            120,
            H::StaticPods,
            "kube-scheduler is not ready",
        ),
        of(S::EtcdNotMember, 60, H::EtcdMembers, "no voting member"),
        of(S::EtcdDisagrees, 60, H::EtcdAgrees, "knossos-cp-2"),
        of(
            S::MemoryTooSmall,
            10,
            H::Memory,
            "536870912 bytes of memory",
        ),
        of(S::DataTooSmall, 10, H::Disk, "1073741824 bytes for data"),
        of(S::Cordoned, 60, H::Schedulable, "spec.unschedulable: true"),
    ]
}

fn of_kubernetes() -> Vec<Fixture> {
    let proxy = PodState {
        name: "kube-proxy-x".to_owned(),
        app: "kube-proxy".to_owned(),
        node: "knossos-cp-1".to_owned(),
        ready: false,
        restarts: 0,
        waiting: "ImagePullBackOff".to_owned(),
        message: String::new(),
    };
    let cni = "container runtime network not ready: cni plugin not initialized";
    let healthy = |code, after| {
        fixture(
            code,
            after,
            node(vec![service("kubelet", "Running", Some(true), "")]),
        )
    };
    let without = || kube(Some(Some(false)), cni, Vec::new());
    vec![
        healthy(StuckCode::KubeletNotAdmitted, 30).kube(kube(None, "", Vec::new())),
        healthy(StuckCode::PodNetworkMissing, 30).kube(without()),
        healthy(StuckCode::KubeProxyNotReady, 20).kube(kube(Some(Some(true)), "", vec![proxy])),
        Fixture {
            cni_none: true,
            ..healthy(StuckCode::PodNetworkNone, 0).kube(without())
        },
    ]
}
