//! The Kubernetes API of a control plane: the few calls by which somebody finds out whether a cluster
//! is well, over TLS with the cluster's own authority.

mod applied;
mod objects;

use crate::api::{Clients, Owned, Tls};
use crate::boot::Boot;
use crate::certificates::{Authority, SERVER_LIFE, Validity};
use crate::cluster::Etcd;
use crate::error::NodeError;
use crate::network::{Connection, Listener};
use crate::settings::Settings;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

const HANDSHAKE: Duration = Duration::from_secs(10);
/// Far more than a small manifest has.
const LARGEST: usize = 1 << 20;

/// Serves Kubernetes whenever this node's API server runs.
///
/// # Errors
/// When the cluster's authority cannot be used.
pub(crate) async fn run(boot: Arc<Boot>) -> Result<(), NodeError> {
    loop {
        until(&boot, true).await;
        let Some(settings) = boot.settings() else {
            return Ok(());
        };
        let tls = Arc::new(tls(&boot, &settings)?);
        let port = settings.api_server_port;
        let listener = boot.listen(port).await;
        tokio::select! {
            () = serve(&boot, listener, &tls) => {}
            () = until(&boot, false) => {}
        }
    }
}

/// Waits until the API server of this node runs, or does not.
async fn until(boot: &Boot, runs: bool) {
    let mut own = boot.subscribe();
    let mut cluster = boot.machine.registry.watch();
    loop {
        let hostname = boot.state().hostname.clone().unwrap_or_default();
        let there = of_node(boot, |etcd| etcd.kubernetes.api_servers.contains(&hostname));
        if there.unwrap_or(false) == runs {
            return;
        }
        tokio::select! {
            // Neither ends before this boot does.
            _ = own.changed() => {}
            _ = cluster.changed() => {}
        }
    }
}

/// Looks at the etcd that this node is a member of.
fn of_node<T>(boot: &Boot, look: impl FnOnce(&Etcd) -> T) -> Option<T> {
    let data = boot.state().etcd?;
    boot.machine
        .registry
        .look(|meeting| meeting.etcds.get(&data.cluster).map(look))
}

fn tls(boot: &Arc<Boot>, settings: &Settings) -> Result<Tls, NodeError> {
    let authority = Authority::parse("cluster.ca", &settings.kubernetes_ca)?;
    let hostname = boot.state().hostname.clone().unwrap_or_default();
    let mut names = vec![
        settings.endpoint_host(),
        hostname,
        "127.0.0.1".to_owned(),
        "localhost".to_owned(),
        "10.96.0.1".to_owned(),
        "kubernetes".to_owned(),
        "kubernetes.default".to_owned(),
        "kubernetes.default.svc".to_owned(),
        "kubernetes.default.svc.cluster.local".to_owned(),
    ];
    names.extend(settings.api_server_sans.iter().cloned());
    names.extend(boot.machine.identity.ips().iter().map(IpAddr::to_string));
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    let validity = Validity {
        from: boot.now(),
        life: SERVER_LIFE * 365,
    };
    let issued = authority.serve("kube-apiserver", &names, validity, &boot.machine.random)?;
    Tls::new(
        boot,
        &issued,
        Clients::Optional(&settings.kubernetes_ca.certificate),
    )
}

async fn serve(boot: &Arc<Boot>, mut listener: Box<dyn Listener>, tls: &Arc<Tls>) {
    let mut conversations = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok(connection) = accepted {
                conversations.spawn(converse(Arc::clone(boot), Arc::clone(tls), connection));
            },
            Some(_) = conversations.join_next() => {}
        }
    }
}

/// One connection, to its end. How it ends is the client's business.
async fn converse(boot: Arc<Boot>, tls: Arc<Tls>, connection: Connection) {
    let acceptor = TlsAcceptor::from(tls.config(true));
    let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(connection)).await else {
        return;
    };
    let (_, session) = stream.get_ref();
    let admin = session.peer_certificates().and_then(<[_]>::first).is_some();
    let http2 = session.alpn_protocol() == Some(b"h2");
    let owned = Owned::new(CancellationToken::new());
    let _cut = owned.guard();
    let service = service_fn(move |request: Request<Incoming>| {
        let boot = Arc::clone(&boot);
        async move {
            let (head, body) = request.into_parts();
            // Only what is applied has a body; what cannot be read is an empty one.
            let body = Limited::new(body, LARGEST).collect().await;
            let body = body.map(|body| body.to_bytes()).unwrap_or_default();
            Ok::<_, Infallible>(answer(&boot, admin, &head, &body))
        }
    });
    let io = TokioIo::new(stream);
    // How it ends is the client's business.
    match http2 {
        true => drop(
            hyper::server::conn::http2::Builder::new(owned.clone())
                .serve_connection(io, service)
                .await,
        ),
        false => drop(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(io, service)
                .await,
        ),
    }
    owned.end().await;
}

fn answer(
    boot: &Boot,
    admin: bool,
    head: &http::request::Parts,
    body: &[u8],
) -> Response<Full<Bytes>> {
    let (method, uri) = (&head.method, &head.uri);
    let path = uri.path();
    let probe = ["/livez", "/readyz", "/healthz"].contains(&path);
    // Up to 1.13 not even a probe is for strangers.
    let open = probe && boot.contract >= crete_talos::Contract::V1_14;
    if !admin && !open {
        return refused(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized");
    }
    let healthy = of_node(boot, Etcd::has_quorum).unwrap_or(false);
    if probe {
        return match healthy || path == "/livez" {
            true => text(StatusCode::OK, "ok"),
            false => text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n",
            ),
        };
    }
    if path == "/version" {
        return json_answer(StatusCode::OK, &objects::version(boot));
    }
    if !healthy {
        let message = "etcdserver: request timed out";
        return refused(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message);
    }
    let query = Query::of(uri.query().unwrap_or_default());
    if let Some((code, value)) = applied::answer(boot, head, body) {
        return json_answer(code, &value);
    }
    match resource(boot, method, path, &query) {
        Some((code, value)) => json_answer(code, &value),
        None => {
            let message = "the server could not find the requested resource";
            refused(StatusCode::NOT_FOUND, "NotFound", message)
        }
    }
}

fn resource(
    boot: &Boot,
    method: &Method,
    path: &str,
    query: &Query,
) -> Option<(StatusCode, Value)> {
    let path = path.trim_end_matches('/');
    if let Some(name) = path.strip_prefix("/api/v1/nodes/") {
        if *method == Method::DELETE {
            return delete_node(boot, name);
        }
        let node = of_node(boot, |etcd| etcd.kubernetes.nodes.get(name).cloned())??;
        return Some((StatusCode::OK, objects::node(&node)));
    }
    let listed = of_node(boot, |etcd| match path {
        "/api" => Some(json!({"kind": "APIVersions", "versions": ["v1"]})),
        "/apis" => Some(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": []})),
        "/api/v1" => Some(objects::resources()),
        "/api/v1/nodes" => Some(objects::nodes(&etcd.kubernetes, query)),
        "/api/v1/pods" | "/api/v1/namespaces/kube-system/pods" => {
            Some(objects::pods(&etcd.kubernetes, query))
        }
        _ => None,
    })?;
    listed.map(|value| (StatusCode::OK, value))
}

/// What is deleted is gone until its kubelet comes again.
fn delete_node(boot: &Boot, name: &str) -> Option<(StatusCode, Value)> {
    let data = boot.state().etcd?;
    let name = name.to_owned();
    let gone = boot.machine.registry.change(move |meeting| {
        let etcd = meeting.etcds.get_mut(&data.cluster)?;
        etcd.kubernetes.nodes.remove(&name)
    })?;
    let details = json!({"name": gone.name, "kind": "nodes", "uid": gone.uid});
    let status = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
    });
    Some((StatusCode::OK, status))
}

/// The selectors of a list.
pub(crate) struct Query {
    /// Label and value that is wanted.
    pub labels: Vec<(String, String)>,
    /// Field and value that is wanted.
    pub fields: Vec<(String, String)>,
}

impl Query {
    fn of(text: &str) -> Self {
        let value = |name: &str| {
            let mut pairs = text.split('&').filter_map(|pair| pair.split_once('='));
            let found = pairs.find(|(key, _)| *key == name);
            found.map(|(_, value)| decode(value)).unwrap_or_default()
        };
        let pairs = |text: String| {
            let parts = text.split(',').filter_map(|part| part.split_once('='));
            parts
                .map(|(key, value)| (key.to_owned(), value.trim_start_matches('=').to_owned()))
                .collect()
        };
        Self {
            labels: pairs(value("labelSelector")),
            fields: pairs(value("fieldSelector")),
        }
    }
}

/// Text of a query.
fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |byte: Option<u8>| char::from(byte.unwrap_or(b'0')).to_digit(16);
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (hex(rest.next()), hex(rest.next()));
                let value = high.unwrap_or(0) * 16 + low.unwrap_or(0);
                u8::try_from(value).unwrap_or(b'?')
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn text(code: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    respond(
        code,
        "text/plain; charset=utf-8",
        Bytes::from_static(text.as_bytes()),
    )
}

fn json_answer(code: StatusCode, value: &Value) -> Response<Full<Bytes>> {
    respond(code, "application/json", Bytes::from(value.to_string()))
}

fn refused(code: StatusCode, reason: &str, message: &str) -> Response<Full<Bytes>> {
    let status = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code.as_u16(),
    });
    json_answer(code, &status)
}

fn respond(code: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = code;
    let kind = http::HeaderValue::from_static(kind);
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, kind);
    response
}
