//! Every call passes here first: what a node in its state refuses to anybody, and what it refuses to
//! this caller, it refuses with the code and the words of a real node.

use super::roles::{Roles, SERVICES};
use super::{images, machine, other, state};
use crate::Fault;
use crate::boot::Boot;
use crete_talos::api::wire::cluster::cluster_service_server::ClusterServiceServer;
use crete_talos::api::wire::cosi::resource::state_server::StateServer;
use crete_talos::api::wire::machine::image_service_server::ImageServiceServer;
use crete_talos::api::wire::machine::lifecycle_service_server::LifecycleServiceServer;
use crete_talos::api::wire::machine::machine_service_server::MachineServiceServer;
use crete_talos::api::wire::storage::storage_service_server::StorageServiceServer;
use crete_talos::api::wire::time::time_service_server::TimeServiceServer;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use hyper::body::Incoming;
use std::convert::Infallible;
use std::sync::Arc;
use tonic::Status;
use tonic::body::Body;
use tower_service::Service;

/// The largest message that Talos takes.
const LARGEST: usize = 32 << 20;
/// What the maintenance service of 1.12 knows by name, and refuses.
const REFUSED_BY_1_12: &[&str] = &["MetaDelete", "MetaWrite", "Reset", "Upgrade", "Version"];

/// The services of a node behind their gate.
#[derive(Clone)]
pub(super) struct Gate {
    boot: Arc<Boot>,
    roles: Roles,
    maintenance: bool,
}

impl Gate {
    pub fn new(boot: &Arc<Boot>, roles: Roles, maintenance: bool) -> Self {
        Self {
            boot: Arc::clone(boot),
            roles,
            maintenance,
        }
    }

    /// Judges a call by its path, `/service/method`.
    fn admit(&self, path: &str) -> Result<(), Status> {
        let unknown = |text: String| Err(Status::unimplemented(text));
        let rest = path.strip_prefix('/').unwrap_or_default();
        let Some((service, method)) = rest.rsplit_once('/') else {
            return unknown(format!("malformed method name: {path:?}"));
        };
        let since_1_13 = self.boot.since_1_13();
        let newer = ["machine.ImageService", "machine.LifecycleService"].contains(&service);
        let old = self.maintenance && !since_1_13;
        let only = [
            "machine.MachineService",
            "storage.StorageService",
            "cosi.resource.State",
        ];
        let absent = (newer && !since_1_13) || (old && !only.contains(&service));
        if absent || !SERVICES.contains(&service) {
            return unknown(format!("unknown service {service}"));
        }
        if old {
            return admit_by_1_12(service, method);
        }
        // Anybody configures and wipes a node in maintenance.
        let open = ["ApplyConfiguration", "BlockDeviceWipe"];
        if self.maintenance && open.contains(&method) {
            return Ok(());
        }
        let denied = !self.maintenance && self.boot.machine.faults.has(Fault::CallsDenied);
        match self.roles.may(rest) && !denied {
            true => Ok(()),
            false => Err(Status::permission_denied("not authorized")),
        }
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let path = request.uri().path().to_owned();
        let is_grpc = request.headers().get("content-type");
        let is_grpc = is_grpc.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"));
        if !is_grpc {
            return Ok(not_grpc());
        }
        if let Err(status) = self.admit(&path) {
            return Ok(status.into_http());
        }
        if path.ends_with("/GenerateConfiguration") && !self.boot.since_1_13() {
            return Ok(Status::unknown("invalid generate request").into_http());
        }
        self.boot.machine.faults.gone(Fault::CallsHang).await;
        let response = self.dispatch(&path, request).await?;
        // What the generated code does not know it refuses without a word.
        let unimplemented = http::HeaderValue::from_static("12");
        let headers = response.headers();
        let mute = !headers.contains_key("grpc-message");
        Ok(
            match headers.get("grpc-status") == Some(&unimplemented) && mute {
                true => unknown(&path),
                false => response,
            },
        )
    }

    async fn dispatch(
        self,
        path: &str,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Infallible> {
        let service = path
            .rsplit_once('/')
            .map(|(service, _)| service)
            .unwrap_or_default();
        match service {
            "/machine.MachineService" => {
                let service = machine::Machine::new(self.boot, self.maintenance);
                let service = MachineServiceServer::new(service);
                call(service.max_decoding_message_size(LARGEST), request).await
            }
            "/cosi.resource.State" => {
                let service = state::State::new(self.boot, self.roles);
                call(StateServer::new(service), request).await
            }
            "/machine.ImageService" => {
                call(
                    ImageServiceServer::new(images::Images::new(self.boot)),
                    request,
                )
                .await
            }
            "/machine.LifecycleService" => {
                call(
                    LifecycleServiceServer::new(images::Images::new(self.boot)),
                    request,
                )
                .await
            }
            "/cluster.ClusterService" => {
                call(
                    ClusterServiceServer::new(other::Other::new(self.boot)),
                    request,
                )
                .await
            }
            "/storage.StorageService" => {
                call(
                    StorageServiceServer::new(other::Other::new(self.boot)),
                    request,
                )
                .await
            }
            "/time.TimeService" => {
                call(
                    TimeServiceServer::new(other::Other::new(self.boot)),
                    request,
                )
                .await
            }
            // Known to real nodes, and not played.
            _ => Ok(unknown(path)),
        }
    }
}

fn unknown(path: &str) -> Response<Body> {
    let (service, method) = path.rsplit_once('/').unwrap_or_default();
    let service = service.trim_start_matches('/');
    let text = format!("unknown method {method} for service {service}");
    Status::unimplemented(text).into_http()
}

async fn call<S>(mut service: S, request: Request<Incoming>) -> Result<Response<Body>, Infallible>
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>,
{
    service.call(request).await
}

/// The maintenance service of 1.12 is one of its own.
fn admit_by_1_12(service: &str, method: &str) -> Result<(), Status> {
    if service != "machine.MachineService" || method == "ApplyConfiguration" {
        return Ok(());
    }
    if REFUSED_BY_1_12.contains(&method) {
        let text = "API is not implemented in maintenance mode";
        return Err(Status::unimplemented(text));
    }
    Err(match method {
        "GenerateClientConfiguration" => Status::unimplemented(
            "client configuration (talosconfig) can't be generated in the maintenance mode",
        ),
        "GenerateConfiguration" => Status::unknown("invalid generate request"),
        _ => Status::unimplemented(format!("method {method} not implemented")),
    })
}

/// What a server of Go's library says to a request that is none of its.
fn not_grpc() -> Response<Body> {
    let text = "invalid gRPC request content-type \"\"";
    let mut response = Status::invalid_argument(text).into_http::<Body>();
    *response.status_mut() = http::StatusCode::UNSUPPORTED_MEDIA_TYPE;
    response
}

impl hyper::service::Service<Request<Incoming>> for Gate {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.clone().answer(request).boxed()
    }
}
