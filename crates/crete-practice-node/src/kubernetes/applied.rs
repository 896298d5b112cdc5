//! What people apply, get and delete: server-side apply of objects, without anything that acts on
//! them. Refusals are worded as Kubernetes words them; none of this rests on a recording.

use super::of_node;
use crate::boot::Boot;
use http::{Method, StatusCode, request::Parts};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Namespaces that every cluster has.
const NAMESPACES: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];
/// What a server-side apply is sent as.
const APPLY: &str = "application/apply-patch+yaml";

/// The parts of an object's path.
struct Place<'a> {
    namespace: Option<&'a str>,
    plural: &'a str,
    name: &'a str,
}

impl<'a> Place<'a> {
    /// `/api/v1/…` or `/apis/GROUP/VERSION/…`; lists and what has a list of its own are none.
    fn of(path: &'a str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let rest = match parts.as_slice() {
            ["api", "v1", rest @ ..] => rest,
            ["apis", _, _, rest @ ..] => rest,
            _ => return None,
        };
        match *rest {
            ["nodes", _] => None,
            ["namespaces", namespace, plural, name] => Some(Self {
                namespace: Some(namespace),
                plural,
                name,
            }),
            [plural, name] => Some(Self {
                namespace: None,
                plural,
                name,
            }),
            _ => None,
        }
    }
}

fn status(code: StatusCode, reason: &str, message: &str) -> (StatusCode, Value) {
    let value = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code.as_u16(),
    });
    (code, value)
}

fn not_found(plural: &str, name: &str) -> (StatusCode, Value) {
    let message = format!("{plural} \"{name}\" not found");
    status(StatusCode::NOT_FOUND, "NotFound", &message)
}

/// Answers what is about one object; nothing for everything else.
pub(super) fn answer(boot: &Boot, head: &Parts, body: &[u8]) -> Option<(StatusCode, Value)> {
    let path = head.uri.path().trim_end_matches('/');
    let place = Place::of(path)?;
    let known = of_node(boot, |etcd| etcd.kubernetes.applied.get(path).cloned())?;
    match (&head.method, known) {
        (&Method::PATCH, known) => Some(apply(boot, head, &place, known, body)),
        (&Method::GET, Some(object)) => Some((StatusCode::OK, object)),
        (&Method::DELETE, Some(_)) => Some(delete(boot, path, &place)),
        (&Method::GET | &Method::DELETE, None) => Some(not_found(place.plural, place.name)),
        _ => None,
    }
}

fn apply(
    boot: &Boot,
    head: &Parts,
    place: &Place<'_>,
    known: Option<Value>,
    body: &[u8],
) -> (StatusCode, Value) {
    let kind = head.headers.get(http::header::CONTENT_TYPE);
    if kind.is_none_or(|kind| kind.as_bytes() != APPLY.as_bytes()) {
        let message = "the body of the request was in an unknown format";
        return status(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            message,
        );
    }
    let query = head.uri.query().unwrap_or_default();
    if !query.contains("fieldManager=") {
        let message = "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch";
        return status(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message);
    }
    let Ok(mut object) = serde_json::from_slice::<Value>(body) else {
        return status(StatusCode::BAD_REQUEST, "BadRequest", "error decoding YAML");
    };
    if let Some(namespace) = place.namespace
        && !has_namespace(boot, namespace)
    {
        return not_found("namespaces", namespace);
    }
    let code = match known {
        Some(_) => StatusCode::OK,
        None => StatusCode::CREATED,
    };
    let created = known.as_ref().map(|known| known["metadata"].clone());
    let metadata = created.unwrap_or_else(|| {
        json!({
            "uid": boot.machine.random.uuid(),
            "creationTimestamp": moment(boot.machine.clock.now()),
        })
    });
    object["metadata"]["uid"] = metadata["uid"].clone();
    object["metadata"]["creationTimestamp"] = metadata["creationTimestamp"].clone();
    object["metadata"]["resourceVersion"] = json!("898");
    let path = head.uri.path().trim_end_matches('/').to_owned();
    let kept = object.clone();
    change(boot, move |applied| {
        applied.insert(path.clone(), kept.clone());
    });
    (code, object)
}

/// A namespace goes with everything in it.
fn delete(boot: &Boot, path: &str, place: &Place<'_>) -> (StatusCode, Value) {
    let inside = format!("/namespaces/{}/", place.name);
    let (path, namespace) = (path.to_owned(), place.plural == "namespaces");
    change(boot, move |applied| {
        applied.remove(&path);
        if namespace {
            applied.retain(|path, _| !path.contains(&inside));
        }
    });
    let value = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": place.name, "kind": place.plural},
    });
    (StatusCode::OK, value)
}

fn has_namespace(boot: &Boot, name: &str) -> bool {
    let path = format!("/api/v1/namespaces/{name}");
    let made = of_node(boot, |etcd| etcd.kubernetes.applied.contains_key(&path));
    NAMESPACES.contains(&name) || made == Some(true)
}

fn change(boot: &Boot, change: impl Fn(&mut BTreeMap<String, Value>) + Send + Sync + 'static) {
    let Some(data) = boot.state().etcd else {
        return;
    };
    boot.machine.registry.change(move |meeting| {
        if let Some(etcd) = meeting.etcds.get_mut(&data.cluster) {
            change(&mut etcd.kubernetes.applied);
        }
    });
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
