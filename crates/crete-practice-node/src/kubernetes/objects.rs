//! The objects of Kubernetes that are asked for: nodes, and the pods of the system.

use super::Query;
use crate::boot::Boot;
use crate::cluster::{KubeNode, Kubernetes};
use crate::resources::kubernetes::{annotations, labels, pod_cidr, pod_status};
use jiff::Timestamp;
use serde_json::{Value, json};

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(super) fn version(boot: &Boot) -> Value {
    let version = boot
        .settings()
        .map(|settings| settings.kubernetes_version());
    let version = version.unwrap_or_default();
    let mut parts = version.trim_start_matches('v').split('.');
    json!({
        "major": parts.next().unwrap_or_default(),
        "minor": parts.next().unwrap_or_default(),
        "gitVersion": version,
        "gitCommit": "practice",
        "gitTreeState": "clean",
        "buildDate": moment(boot.began_at()),
        "goVersion": "go1.26.8",
        "compiler": "gc",
        "platform": "linux/amd64",
    })
}

/// What there is to ask for, as tools that know nothing beforehand ask first.
pub(super) fn resources() -> Value {
    let resource = |name: &str, kind: &str, short: &str, namespaced: bool, verbs: &[&str]| {
        json!({
            "name": name,
            "singularName": kind.to_lowercase(),
            "namespaced": namespaced,
            "kind": kind,
            "verbs": verbs,
            "shortNames": [short],
        })
    };
    json!({
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            resource("nodes", "Node", "no", false, &["delete", "get", "list"]),
            resource("pods", "Pod", "po", true, &["list"]),
        ],
    })
}

fn list(kind: &str, items: Vec<Value>) -> Value {
    json!({
        "kind": kind,
        "apiVersion": "v1",
        "metadata": {"resourceVersion": "897"},
        "items": items,
    })
}

fn fits(object: &Value, query: &Query) -> bool {
    let label = |(key, value): &(String, String)| object["metadata"]["labels"][key] == json!(value);
    let field = |(path, value): &(String, String)| {
        let found = path.split('.').fold(object, |object, key| &object[key]);
        found == &json!(value)
    };
    query.labels.iter().all(label) && query.fields.iter().all(field)
}

pub(super) fn nodes(kubernetes: &Kubernetes, query: &Query) -> Value {
    let nodes = kubernetes.nodes.values().map(node);
    list("NodeList", nodes.filter(|node| fits(node, query)).collect())
}

/// Why a node is ready or not, as its condition says it.
fn readiness(node: &KubeNode) -> (&'static str, &'static str, &'static str) {
    if node.lost {
        return (
            "Unknown",
            "NodeStatusUnknown",
            "Kubelet stopped posting node status.",
        );
    }
    if !node.kubelet_ready {
        return ("False", "KubeletNotReady", "kubelet is not ready");
    }
    match node.network_ready {
        true => ("True", "KubeletReady", "kubelet is posting ready status"),
        false => (
            "False",
            "KubeletNotReady",
            "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
        ),
    }
}

pub(super) fn node(node: &KubeNode) -> Value {
    let since = moment(node.since);
    let (status, reason, message) = readiness(node);
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({
            "type": kind,
            "status": status,
            "reason": reason,
            "message": message,
            "lastHeartbeatTime": since,
            "lastTransitionTime": since,
        })
    };
    let mut addresses: Vec<Value> = node
        .addresses
        .iter()
        .map(|address| json!({"type": "InternalIP", "address": address}))
        .collect();
    addresses.push(json!({"type": "Hostname", "address": node.name}));
    let mut taints = Vec::new();
    if node.control_plane {
        taints
            .push(json!({"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}));
    }
    if node.unschedulable {
        taints.push(json!({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}));
    }
    if status != "True" {
        taints.push(json!({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}));
    }
    let room = json!({
        "cpu": node.processors.to_string(),
        "memory": format!("{}Ki", node.memory >> 10),
        "pods": "110",
    });
    let mut spec = json!({
        "podCIDR": pod_cidr(node),
        "podCIDRs": [pod_cidr(node)],
        "taints": taints,
    });
    if node.unschedulable {
        spec["unschedulable"] = json!(true);
    }
    json!({
        "kind": "Node",
        "apiVersion": "v1",
        "metadata": {
            "name": node.name,
            "uid": node.uid,
            "creationTimestamp": since,
            "labels": labels(node),
            "annotations": annotations(node),
        },
        "spec": spec,
        "status": {
            "capacity": room,
            "allocatable": room,
            "addresses": addresses,
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                condition("Ready", status, reason, message),
            ],
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": node.uid,
                "containerRuntimeVersion": "containerd://2.2.9",
                "kernelVersion": "6.18.44-talos",
                "kubeProxyVersion": "",
                "kubeletVersion": node.kubelet_version,
                "machineID": node.uid,
                "operatingSystem": "linux",
                "osImage": node.os_image,
                "systemUUID": node.uid,
            },
        },
    })
}

/// A pod that a controller keeps.
struct Kept<'a> {
    app: &'a str,
    name: String,
    owner: &'a str,
    ready: bool,
}

fn pod(node: &KubeNode, kept: &Kept<'_>) -> Value {
    let since = moment(node.since);
    let ready = kept.ready && !node.lost;
    let condition = |kind: &str, met: bool| {
        json!({
            "type": kind,
            "status": if met { "True" } else { "False" },
            "lastProbeTime": null,
            "lastTransitionTime": since,
        })
    };
    let state = match kept.ready {
        true => json!({"running": {"startedAt": since}}),
        false => json!({"waiting": {"reason": "ImagePullBackOff"}}),
    };
    json!({
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "name": kept.name,
            "namespace": "kube-system",
            "uid": format!("{}-{}", node.uid, kept.app),
            "creationTimestamp": since,
            "labels": {"k8s-app": kept.app},
            "ownerReferences": [{
                "apiVersion": "apps/v1",
                "kind": kept.owner,
                "name": kept.app,
                "uid": node.uid,
                "controller": true,
            }],
        },
        "spec": {"nodeName": node.name, "containers": [{"name": kept.app, "image": kept.app}]},
        "status": {
            "phase": if kept.ready { "Running" } else { "Pending" },
            "conditions": [condition("Ready", ready), condition("ContainersReady", ready)],
            "containerStatuses": [{
                "name": kept.app,
                "ready": ready,
                "restartCount": 0,
                "image": kept.app,
                "imageID": "",
                "state": state,
            }],
        },
    })
}

/// The pods of the system, wherever they run.
pub(super) fn pods(kubernetes: &Kubernetes, query: &Query) -> Value {
    let mut items = Vec::new();
    for node in kubernetes.nodes.values() {
        items.extend(static_pods(node));
        let short: String = node.uid.chars().take(5).collect();
        if node.flannel {
            items.push(pod(
                node,
                &Kept {
                    app: "flannel",
                    name: format!("kube-flannel-{short}"),
                    owner: "DaemonSet",
                    ready: node.network_ready,
                },
            ));
        }
        if let Some(ready) = node.kube_proxy {
            items.push(pod(
                node,
                &Kept {
                    app: "kube-proxy",
                    name: format!("kube-proxy-{short}"),
                    owner: "DaemonSet",
                    ready,
                },
            ));
        }
    }
    let host = kubernetes.nodes.values().find(|node| node.is_ready());
    if let (Some(ready), Some(node)) = (kubernetes.core_dns, host) {
        for suffix in ["7xk2p", "q9d4m"] {
            items.push(pod(
                node,
                &Kept {
                    app: "kube-dns",
                    name: format!("coredns-54b6f9fd66-{suffix}"),
                    owner: "ReplicaSet",
                    ready,
                },
            ));
        }
    }
    items.retain(|item| fits(item, query));
    list("PodList", items)
}

fn static_pods(node: &KubeNode) -> Vec<Value> {
    let address = node.addresses.first().copied();
    let each = node.static_pods.iter().map(|own| {
        let name = format!("{}-{}", own.component, node.name);
        json!({
            "kind": "Pod",
            "apiVersion": "v1",
            "metadata": {
                "name": name,
                "namespace": "kube-system",
                "uid": format!("{}-{}", node.uid, own.component),
                "creationTimestamp": moment(own.since),
                "labels": {"k8s-app": own.component, "tier": "control-plane", "component": own.component},
                "annotations": {"kubernetes.io/config.source": "http"},
            },
            "spec": {
                "nodeName": node.name,
                "containers": [{"name": own.component, "image": own.image}],
            },
            "status": pod_status(own, address),
        })
    });
    each.collect()
}
