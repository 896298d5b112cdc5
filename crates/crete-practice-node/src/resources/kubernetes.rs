//! The cluster, etcd and Kubernetes, as the node sees them.

use super::network::ip;
use super::{Fields, list, spec};
use crate::cluster::{Affiliate, KubeNode, StaticPod};
use crate::store::Spec;
use crete_talos::api::wire::common::NetIpPrefix;
use crete_talos::api::wire::talos::resource::definitions::enums::MachineType;
use crete_talos::api::wire::talos::resource::definitions::{cluster, etcd, k8s};
use crete_talos::yaml::Node;
use prost_types::value::Kind as ValueKind;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::IpAddr;

pub(crate) fn info(id: &str, name: &str) -> Spec {
    let message = cluster::InfoSpec {
        cluster_id: id.to_owned(),
        cluster_name: name.to_owned(),
    };
    let yaml = Fields::default()
        .text("clusterId", id)
        .text("clusterName", name);
    spec(&message, &yaml.node())
}

pub(crate) fn identity(node_id: &str) -> Spec {
    let message = cluster::IdentitySpec {
        node_id: node_id.to_owned(),
    };
    spec(&message, &Fields::default().text("nodeId", node_id).node())
}

pub(crate) fn member(node_id: &str, affiliate: &Affiliate) -> Spec {
    let (machine_type, name) = match affiliate.control_plane {
        true => (MachineType::ControlPlane, "controlplane"),
        false => (MachineType::Worker, "worker"),
    };
    let port = i64::from(affiliate.api_server_port);
    let message = cluster::MemberSpec {
        node_id: node_id.to_owned(),
        addresses: affiliate.addresses.iter().map(|one| ip(*one)).collect(),
        hostname: affiliate.hostname.clone(),
        machine_type: machine_type.into(),
        operating_system: affiliate.operating_system.clone(),
        control_plane: affiliate.control_plane.then_some(cluster::ControlPlane {
            api_server_port: port,
        }),
    };
    let yaml = Fields::default()
        .text("nodeId", node_id)
        .with("addresses", list(&affiliate.addresses))
        .text("hostname", &affiliate.hostname)
        .text("machineType", name)
        .text("operatingSystem", &affiliate.operating_system);
    let yaml = match affiliate.control_plane {
        true => yaml.with("controlPlane", Fields::default().bare("port", port).node()),
        false => yaml,
    };
    spec(&message, &yaml.node())
}

pub(crate) fn etcd_member(id: u64) -> Spec {
    let message = etcd::MemberSpec {
        member_id: format!("{id:016x}"),
    };
    spec(
        &message,
        &Fields::default()
            .text("memberID", &message.member_id)
            .node(),
    )
}

pub(crate) fn nodename(name: &str) -> Spec {
    let message = k8s::NodenameSpec {
        nodename: name.to_owned(),
        hostname_version: "1".to_owned(),
        skip_node_registration: false,
    };
    let yaml = Fields::default()
        .text("nodename", name)
        .text("hostnameVersion", "1")
        .bare("skipNodeRegistration", false);
    spec(&message, &yaml.node())
}

/// The labels that Kubernetes and Talos give a node.
pub(crate) fn labels(node: &KubeNode) -> BTreeMap<String, String> {
    let mut labels = vec![
        ("beta.kubernetes.io/arch", "amd64"),
        ("beta.kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", "amd64"),
        ("kubernetes.io/hostname", node.name.as_str()),
        ("kubernetes.io/os", "linux"),
    ];
    if node.control_plane {
        labels.push(("node-role.kubernetes.io/control-plane", ""));
        labels.push((
            "node.kubernetes.io/exclude-from-external-load-balancers",
            "",
        ));
    }
    let owned = labels.into_iter();
    owned
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// The network of a node's pods.
pub(crate) fn pod_cidr(node: &KubeNode) -> String {
    format!("10.244.{}.0/24", node.pod_network)
}

/// What Kubernetes and Talos note about a node.
pub(crate) fn annotations(node: &KubeNode) -> BTreeMap<String, String> {
    let owned = json!([
        "node-role.kubernetes.io/control-plane",
        "node.kubernetes.io/exclude-from-external-load-balancers",
    ]);
    let mut notes = vec![("node.alpha.kubernetes.io/ttl", "0".to_owned())];
    if node.control_plane {
        notes.push(("talos.dev/owned-labels", owned.to_string()));
    }
    let attach = "volumes.kubernetes.io/controller-managed-attach-detach";
    notes.push((attach, "true".to_owned()));
    let notes = notes.into_iter();
    notes.map(|(key, value)| (key.to_owned(), value)).collect()
}

fn texts(map: &BTreeMap<String, String>) -> Node {
    let mut node = Node::empty_map();
    for (key, value) in map {
        node.set(key, Node::text(value));
    }
    node
}

pub(crate) fn node_status(node: &KubeNode) -> Spec {
    let third = u8::try_from(node.pod_network).unwrap_or(u8::MAX);
    let (labels, annotations) = (labels(node), annotations(node));
    let message = k8s::NodeStatusSpec {
        nodename: node.name.clone(),
        node_ready: node.is_ready(),
        unschedulable: node.unschedulable,
        labels: labels.clone().into_iter().collect(),
        annotations: annotations.clone().into_iter().collect(),
        pod_cid_rs: vec![NetIpPrefix {
            ip: vec![10, 244, third, 0],
            prefix_length: 24,
        }],
    };
    let yaml = Fields::default()
        .text("nodename", &node.name)
        .bare("nodeReady", node.is_ready())
        .bare("unschedulable", node.unschedulable)
        .with("labels", texts(&labels))
        .with("annotations", texts(&annotations))
        .with("podCIDRs", list(&[pod_cidr(node)]));
    spec(&message, &yaml.node())
}

/// The status of a static pod, as the Kubernetes API has it too.
pub(crate) fn pod_status(pod: &StaticPod, address: Option<IpAddr>) -> Value {
    let since = pod.since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let address = address.map(|one| one.to_string()).unwrap_or_default();
    let condition = |kind: &str, met: bool| {
        json!({
            "lastProbeTime": null,
            "lastTransitionTime": since,
            "status": if met { "True" } else { "False" },
            "type": kind,
        })
    };
    let state = match pod.ready {
        true => json!({"running": {"startedAt": since}}),
        false => json!({"waiting": {"reason": "ContainerCreating"}}),
    };
    json!({
        "conditions": [
            condition("PodReadyToStartContainers", true),
            condition("Initialized", true),
            condition("Ready", pod.ready),
            condition("ContainersReady", pod.ready),
            condition("PodScheduled", true),
        ],
        "containerStatuses": [{
            "image": pod.image,
            "lastState": {},
            "name": pod.component,
            "ready": pod.ready,
            "restartCount": 0,
            "started": pod.ready,
            "state": state,
        }],
        "hostIP": address,
        "phase": if pod.ready { "Running" } else { "Pending" },
        "podIP": address,
        "qosClass": "Burstable",
        "startTime": since,
    })
}

pub(crate) fn static_pod(pod: &StaticPod, address: Option<IpAddr>) -> Spec {
    let status = pod_status(pod, address);
    let message = k8s::StaticPodStatusSpec {
        pod_status: match &status {
            Value::Object(map) => Some(wire_struct(map)),
            _ => None,
        },
    };
    spec(&message, &yaml_of(&status))
}

/// True for a static pod's status whose condition Ready is met.
pub(crate) fn is_ready(spec: &Spec) -> bool {
    let read: Result<k8s::StaticPodStatusSpec, _> = prost::Message::decode(spec.proto.as_slice());
    let status = read.ok().and_then(|read| read.pod_status);
    let phase = status
        .as_ref()
        .and_then(|status| status.fields.get("phase"));
    matches!(phase.and_then(|value| value.kind.as_ref()), Some(ValueKind::StringValue(text)) if text == "Running")
}

fn wire_struct(map: &serde_json::Map<String, Value>) -> prost_types::Struct {
    prost_types::Struct {
        fields: map
            .iter()
            .map(|(key, value)| (key.clone(), wire_value(value)))
            .collect(),
    }
}

fn wire_value(value: &Value) -> prost_types::Value {
    let kind = match value {
        Value::Null => ValueKind::NullValue(0),
        Value::Bool(truth) => ValueKind::BoolValue(*truth),
        Value::Number(number) => ValueKind::NumberValue(number.as_f64().unwrap_or_default()),
        Value::String(text) => ValueKind::StringValue(text.clone()),
        Value::Array(items) => ValueKind::ListValue(prost_types::ListValue {
            values: items.iter().map(wire_value).collect(),
        }),
        Value::Object(map) => ValueKind::StructValue(wire_struct(map)),
    };
    prost_types::Value { kind: Some(kind) }
}

fn yaml_of(value: &Value) -> Node {
    match value {
        Value::String(text) => Node::text(text),
        Value::Array(items) => Node::list(items.iter().map(yaml_of).collect()),
        Value::Object(map) => {
            let mut node = Node::empty_map();
            for (key, value) in map {
                node.set(key, yaml_of(value));
            }
            node
        }
        plain => Node::bare(plain),
    }
}
