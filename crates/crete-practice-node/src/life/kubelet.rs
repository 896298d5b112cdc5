//! The kubelet, and what of Kubernetes it brings to life on this node.

use super::image;
use crate::Fault;
use crate::boot::Boot;
use crate::cluster::{KubeNode, Kubernetes, StaticPod};
use crate::error::NodeError;
use crate::services::State as Service;
use crate::settings::Settings;
use jiff::SignedDuration;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

const WAITS: &str = "Waiting for volumes /var/lib, /var/lib/kubelet, /var/log, /var/log/audit, /var/log/containers, /var/log/pods, /var/lib/kubelet/seccomp, /var/lib/kubelet/seccomp/profiles, /var/log/audit/kube, /var/mnt to be mounted, service \"cri\" to be \"up\", time sync, network";
const STARTED: &str = "Started task kubelet (PID 422) for container kubelet";
const CRASHED: &str = "Error running Containerd(kubelet), going to restart forever: task \"kubelet\" failed: exit code 1 (last log \"failed to run Kubelet\")";
const REFUSED: &str =
    "Get \"http://127.0.0.1:10248/healthz\": dial tcp 127.0.0.1:10248: connect: connection refused";
/// After how long Kubernetes counts a silent node as lost.
const LOST: Duration = Duration::from_secs(40);
/// A control plane's own pods, with how long each takes to be ready, milliseconds.
const STATIC_PODS: [(&str, u64); 3] = [
    ("kube-apiserver", 22_000),
    ("kube-controller-manager", 28_000),
    ("kube-scheduler", 28_000),
];

/// Runs the kubelet until the pods are stopped, and again whenever somebody restarts it.
pub(super) async fn run(boot: Arc<Boot>) -> Result<(), NodeError> {
    boot.wait(|state| state.starting.then_some(())).await;
    boot.rest(3200).await;
    loop {
        let restarts = boot.state().kubelet_restarts;
        tokio::select! {
            never = work(&boot) => match never {},
            () = boot.wait(|state| state.pods_stopped.then_some(())) => break,
            () = boot.wait(|state| (state.kubelet_restarts > restarts).then_some(())) => {}
        }
        boot.service(
            "kubelet",
            Service::Stopping,
            "Sending SIGTERM to task kubelet (PID 422, container kubelet)",
        );
        boot.service(
            "kubelet",
            Service::Finished,
            "Service finished successfully",
        );
    }
    silence(&boot);
    Ok(())
}

/// Kubernetes hears nothing of the node any more.
fn silence(boot: &Boot) {
    let now = boot.machine.clock.now();
    change_kubernetes(boot, move |kubernetes, hostname| {
        kubernetes.silence(hostname, now);
    });
}

/// Changes what Kubernetes knows, wherever its API answers.
pub(super) fn change_kubernetes(
    boot: &Boot,
    change: impl Fn(&mut Kubernetes, &str) + Send + Sync + 'static,
) {
    let Some(settings) = boot.settings() else {
        return;
    };
    let hostname = boot.state().hostname.clone().unwrap_or_default();
    let own = boot.state().etcd.map(|data| data.cluster);
    boot.machine.registry.change(move |meeting| {
        let id = own.or_else(|| meeting.kubernetes(&settings.cluster_id));
        if let Some(etcd) = id.and_then(|id| meeting.etcds.get_mut(&id)) {
            change(&mut etcd.kubernetes, &hostname);
        }
    });
}

async fn work(boot: &Boot) -> Infallible {
    let Some(settings) = boot.settings() else {
        return std::future::pending().await;
    };
    boot.service("kubelet", Service::Starting, "Starting service");
    boot.service("kubelet", Service::Waiting, WAITS);
    boot.wait(|state| (state.has_time() && state.is_up("cri")).then_some(()))
        .await;
    boot.service("kubelet", Service::Preparing, "Running pre state");
    // It goes on trying for ever.
    while image::pull(boot, &settings.kubelet_image, Fault::KubeletImageMissing)
        .await
        .is_err()
    {}
    image::stall(boot, &settings.kubelet_image, Fault::KubeletImageStalls).await;
    boot.rest(1100).await;
    boot.service("kubelet", Service::Preparing, "Creating service runner");
    boot.rest(3800).await;
    boot.service("kubelet", Service::Running, STARTED);
    crash(boot).await;
    boot.rest(9600).await;
    boot.look("kubelet", None);
    let nodes = async {
        register(boot, &settings).await;
        tokio::join!(
            network(boot, &settings),
            proxy(boot, &settings),
            dns(boot, &settings)
        );
    };
    let (_, _, never) = tokio::join!(static_pods(boot, &settings), nodes, count_the_silent(boot));
    never
}

/// Ends and starts again for as long as the fault lasts.
async fn crash(boot: &Boot) {
    while boot.machine.faults.has(Fault::KubeletCrashes) {
        boot.rest(2000).await;
        boot.look("kubelet", Some(REFUSED));
        boot.service("kubelet", Service::Waiting, CRASHED);
        tokio::select! {
            () = boot.rest(5000) => {}
            () = boot.machine.faults.gone(Fault::KubeletCrashes) => {}
        }
        boot.service("kubelet", Service::Running, STARTED);
    }
}

/// The pods of a control plane: they need its own etcd.
async fn static_pods(boot: &Boot, settings: &Settings) {
    if !settings.is_control_plane() {
        return;
    }
    boot.wait(|state| state.is_up("etcd").then_some(())).await;
    let version = settings.kubernetes_version();
    let since = boot.machine.clock.now();
    for (component, _) in STATIC_PODS {
        let fields = [("id", component.into())];
        boot.report(
            "k8s.StaticPodServerController",
            "rendered new static pod",
            &fields,
        );
    }
    let pods = STATIC_PODS.map(|(component, _)| StaticPod {
        component: component.to_owned(),
        image: format!("registry.k8s.io/{component}:{version}"),
        since,
        ready: false,
    });
    show_pods(boot, pods.to_vec());
    let each = STATIC_PODS.map(|(component, time)| run_pod(boot, component, time));
    futures_util::future::join_all(each).await;
}

fn show_pods(boot: &Boot, pods: Vec<StaticPod>) {
    boot.state().static_pods = pods.clone();
    let told = pods.clone();
    change_kubernetes(boot, move |kubernetes, hostname| {
        if let Some(node) = kubernetes.nodes.get_mut(hostname) {
            node.static_pods.clone_from(&told);
        }
    });
    let hostname = boot.state().hostname.clone().unwrap_or_default();
    boot.publish_static_pods(&hostname, &pods);
    boot.change(|_| ());
}

/// One of them: ready after its time, and not while it is made to crash.
async fn run_pod(boot: &Boot, component: &'static str, milliseconds: u64) {
    boot.rest(milliseconds).await;
    let mut faults = boot.machine.faults.watch();
    loop {
        let crashes =
            component == "kube-apiserver" && boot.machine.faults.has(Fault::ApiServerCrashes);
        let mut pods = boot.state().static_pods.clone();
        for pod in pods.iter_mut().filter(|pod| pod.component == component) {
            pod.ready = !crashes;
        }
        if component == "kube-apiserver" {
            change_kubernetes(boot, move |kubernetes, hostname| match crashes {
                true => drop(kubernetes.api_servers.remove(hostname)),
                false => drop(kubernetes.api_servers.insert(hostname.to_owned())),
            });
        }
        show_pods(boot, pods);
        // The sender lives as long as the machine.
        let _ = faults.changed().await;
    }
}

/// Becomes a node of the cluster, once its API answers and somebody approves.
async fn register(boot: &Boot, settings: &Settings) {
    let registry = &boot.machine.registry;
    registry
        .wait(|meeting| meeting.kubernetes(&settings.cluster_id))
        .await;
    boot.rest(2000).await;
    boot.machine.faults.gone(Fault::KubeletNotAdmitted).await;
    let identity = &boot.machine.identity;
    let (name, static_pods) = {
        let state = boot.state();
        let name = state.hostname.clone().unwrap_or_default();
        (name, state.static_pods.clone())
    };
    let new = KubeNode {
        name,
        uid: boot.machine.random.uuid(),
        control_plane: settings.is_control_plane(),
        addresses: identity.ips(),
        kubelet_version: settings.kubernetes_version(),
        os_image: format!("Talos ({})", boot.tag()),
        since: boot.machine.clock.now(),
        pod_network: 0,
        unschedulable: false,
        kubelet_ready: true,
        network_ready: false,
        flannel: settings.flannel,
        kube_proxy: settings.kube_proxy.then_some(false),
        static_pods,
        silent_since: None,
        lost: false,
        processors: identity.processor.threads,
        memory: boot.usable_memory(),
    };
    change_kubernetes(boot, move |kubernetes, hostname| {
        let next = kubernetes.pod_networks;
        let nodes = &mut kubernetes.nodes;
        let node = nodes.entry(hostname.to_owned()).or_insert_with(|| {
            kubernetes.pod_networks += 1;
            KubeNode {
                pod_network: next,
                ..new.clone()
            }
        });
        node.kubelet_version.clone_from(&new.kubelet_version);
        node.os_image.clone_from(&new.os_image);
        node.static_pods.clone_from(&new.static_pods);
        node.kubelet_ready = true;
        node.unschedulable = false;
        kubernetes.hear(hostname);
    });
}

/// Keeps one thing of the node as a fault says.
async fn keep(boot: &Boot, fault: Fault, set: fn(&mut Kubernetes, &str, bool)) {
    let mut faults = boot.machine.faults.watch();
    loop {
        let good = !boot.machine.faults.has(fault);
        change_kubernetes(boot, move |kubernetes, hostname| {
            set(kubernetes, hostname, good);
        });
        // The sender lives as long as the machine.
        let _ = faults.changed().await;
    }
}

/// Flannel; a cluster that brings its own network stays without one here.
async fn network(boot: &Boot, settings: &Settings) {
    if !settings.flannel {
        return;
    }
    boot.rest(6000).await;
    keep(boot, Fault::CniMissing, |kubernetes, hostname, good| {
        if let Some(node) = kubernetes.nodes.get_mut(hostname) {
            node.network_ready = good;
        }
    })
    .await;
}

async fn proxy(boot: &Boot, settings: &Settings) {
    if !settings.kube_proxy {
        return;
    }
    boot.rest(4000).await;
    keep(boot, Fault::KubeProxyFails, |kubernetes, hostname, good| {
        if let Some(node) = kubernetes.nodes.get_mut(hostname) {
            node.kube_proxy = Some(good);
        }
    })
    .await;
}

/// The cluster's DNS runs on whichever node is ready first.
async fn dns(boot: &Boot, settings: &Settings) {
    if !settings.core_dns {
        return;
    }
    let own = boot.state().hostname.clone().unwrap_or_default();
    let registry = &boot.machine.registry;
    registry
        .wait(|meeting| {
            let node = boot.kube_node(meeting, &own)?;
            node.is_ready().then_some(())
        })
        .await;
    boot.rest(7000).await;
    keep(boot, Fault::CoreDnsFails, |kubernetes, _, good| {
        kubernetes.core_dns = Some(good)
    })
    .await;
}

/// Counts nodes that have been silent for too long as lost, which is what a controller manager does.
async fn count_the_silent(boot: &Boot) -> Infallible {
    let limit =
        SignedDuration::try_from(boot.machine.pace.of(LOST)).unwrap_or(SignedDuration::ZERO);
    loop {
        boot.rest(5000).await;
        let now = boot.machine.clock.now();
        let silent = move |node: &KubeNode| {
            let since = node.silent_since.filter(|_| !node.lost);
            since.is_some_and(|since| now.duration_since(since) > limit)
        };
        // Only a control plane counts.
        let Some(own) = boot.state().etcd else {
            continue;
        };
        let any = boot.machine.registry.look(|meeting| {
            let etcd = meeting.etcds.get(&own.cluster);
            etcd.is_some_and(|etcd| etcd.kubernetes.nodes.values().any(silent))
        });
        if any {
            change_kubernetes(boot, move |kubernetes, _| {
                for node in kubernetes.nodes.values_mut().filter(|node| silent(node)) {
                    node.lost = true;
                }
            });
        }
    }
}
