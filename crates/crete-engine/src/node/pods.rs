//! The control plane's own pods, out of Kubernetes' words about them. Pure.

use super::facts::Known;
use crete_model::{Facts, NodeStaticPod};
use crete_talos::api::wire::talos::resource::definitions::k8s::StaticPodStatusSpec;
use prost_types::value::Kind;
use prost_types::{Struct, Value};

pub(super) fn static_pods(known: &Known<StaticPodStatusSpec>) -> Facts {
    let all = known.iter();
    let pods = all.map(|(id, resource)| {
        let empty = Struct::default();
        pod(id, resource.spec.pod_status.as_ref().unwrap_or(&empty))
    });
    Facts::StaticPods(pods.collect())
}

fn pod(id: &str, status: &Struct) -> NodeStaticPod {
    let containers = list(status, "containerStatuses");
    let restarts = containers
        .iter()
        .filter_map(|one| number(one, "restartCount"));
    let waiting = containers.iter().find_map(|one| {
        let waiting = structure(structure(one, "state")?, "waiting")?;
        text(waiting, "reason")
    });
    let ready = list(status, "conditions").iter().any(|condition| {
        text(condition, "type") == Some("Ready") && text(condition, "status") == Some("True")
    });
    NodeStaticPod {
        id: id.to_owned(),
        phase: text(status, "phase").unwrap_or_default().to_owned(),
        ready,
        restarts: restarts.sum(),
        waiting: waiting.unwrap_or_default().to_owned(),
    }
}

fn field<'a>(of: &'a Struct, name: &str) -> Option<&'a Kind> {
    of.fields.get(name)?.kind.as_ref()
}

fn text<'a>(of: &'a Struct, name: &str) -> Option<&'a str> {
    match field(of, name)? {
        Kind::StringValue(text) => Some(text),
        _ => None,
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count of restarts; what is out of range becomes the nearest"
)]
fn number(of: &Struct, name: &str) -> Option<u32> {
    match field(of, name)? {
        Kind::NumberValue(number) => Some(*number as u32),
        _ => None,
    }
}

fn structure<'a>(of: &'a Struct, name: &str) -> Option<&'a Struct> {
    match field(of, name)? {
        Kind::StructValue(inner) => Some(inner),
        _ => None,
    }
}

fn list<'a>(of: &'a Struct, name: &str) -> Vec<&'a Struct> {
    let Some(Kind::ListValue(list)) = field(of, name) else {
        return Vec::new();
    };
    let inner = |value: &'a Value| match value.kind.as_ref()? {
        Kind::StructValue(inner) => Some(inner),
        _ => None,
    };
    list.values.iter().filter_map(inner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(kind: Kind) -> Value {
        Value { kind: Some(kind) }
    }

    fn object<const N: usize>(fields: [(&str, Value); N]) -> Struct {
        Struct {
            fields: fields.map(|(name, value)| (name.to_owned(), value)).into(),
        }
    }

    fn string(text: &str) -> Value {
        value(Kind::StringValue(text.to_owned()))
    }

    fn inside(object: Struct) -> Value {
        value(Kind::StructValue(object))
    }

    fn listed(objects: Vec<Struct>) -> Value {
        let values = objects.into_iter().map(inside).collect();
        value(Kind::ListValue(prost_types::ListValue { values }))
    }

    #[test]
    fn a_pod_that_crashes_says_why_and_how_often() {
        let waiting = object([("reason", string("CrashLoopBackOff"))]);
        let container = object([
            ("restartCount", value(Kind::NumberValue(4.0))),
            ("state", inside(object([("waiting", inside(waiting))]))),
        ]);
        let condition = object([("type", string("Ready")), ("status", string("False"))]);
        let status = object([
            ("phase", string("Running")),
            ("conditions", listed(vec![condition])),
            ("containerStatuses", listed(vec![container])),
        ]);
        let expected = NodeStaticPod {
            id: "kube-system/kube-apiserver-cp-1".to_owned(),
            phase: "Running".to_owned(),
            ready: false,
            restarts: 4,
            waiting: "CrashLoopBackOff".to_owned(),
        };
        assert_eq!(pod(&expected.id, &status), expected);
    }

    #[test]
    fn a_pod_of_which_nothing_is_said_is_not_ready() {
        let pod = pod("a", &Struct::default());
        assert!(!pod.ready && pod.phase.is_empty() && pod.restarts == 0);
    }
}
