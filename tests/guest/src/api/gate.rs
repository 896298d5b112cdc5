//! Who may call what. Every call passes here first; what a real node in maintenance refuses is
//! refused with its code and words.

use super::machine::Machine;
use super::machine::proto::machine_service_server::MachineServiceServer;
use http::{Request, Response};
use hyper::body::Incoming;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use tonic::body::Body;
use tonic::{Code, Status};
use tower_service::Service;

const MACHINE: &str = "machine.MachineService";

/// Answered by the machine service.
const ANSWERED: &[&str] = &["ApplyConfiguration", "Hostname", "Version"];

/// Calls that need a role which nobody has before there is a configuration.
const FOR_ADMINS: &[(&str, &[&str])] = &[
    (
        MACHINE,
        &[
            "Bootstrap",
            "Copy",
            "EtcdAlarmDisarm",
            "EtcdDefragment",
            "EtcdDowngradeCancel",
            "EtcdDowngradeEnable",
            "EtcdDowngradeValidate",
            "EtcdForfeitLeadership",
            "EtcdLeaveCluster",
            "EtcdRecover",
            "EtcdRemoveMemberByID",
            "EtcdSnapshot",
            "GenerateClientConfiguration",
            "ImagePull",
            "Kubeconfig",
            "MetaDelete",
            "MetaWrite",
            "PacketCapture",
            "Read",
            "Reboot",
            "Reset",
            "Restart",
            "Rollback",
            "ServiceRestart",
            "ServiceStart",
            "ServiceStop",
            "Shutdown",
            "Upgrade",
        ],
    ),
    ("machine.LifecycleService", &["Install", "Upgrade"]),
    ("machine.ImageService", &["Pull"]),
];

/// Calls that only control planes answer, with their words.
const FOR_CONTROL_PLANES: &[(&str, &str, &str)] = &[
    (MACHINE, "EtcdAlarmList", "etcd alarm list"),
    (MACHINE, "EtcdMemberList", "member list"),
    (MACHINE, "EtcdStatus", "etcd status"),
    (
        "cluster.ClusterService",
        "HealthCheck",
        "cluster health check",
    ),
];

/// What becomes of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is passed on.
    Answer,
    /// It is refused.
    Refuse(Code, String),
}

/// Judges a call by its path, `/service/method`.
#[must_use]
pub fn verdict(path: &str) -> Verdict {
    let refuse = |code, text: String| Verdict::Refuse(code, text);
    let Some((service, method)) = path
        .strip_prefix('/')
        .and_then(|path| path.rsplit_once('/'))
    else {
        let text = format!("malformed method name: {path:?}");
        return refuse(Code::Unimplemented, text);
    };
    let admins = FOR_ADMINS
        .iter()
        .any(|(of, methods)| *of == service && methods.contains(&method));
    if admins {
        return refuse(Code::PermissionDenied, "not authorized".to_owned());
    }
    let control_planes = FOR_CONTROL_PLANES
        .iter()
        .find(|(of, name, _)| *of == service && *name == method);
    if let Some((_, _, what)) = control_planes {
        let text = format!("{what} is only available on control plane nodes");
        return refuse(Code::Unimplemented, text);
    }
    match (service == MACHINE, ANSWERED.contains(&method)) {
        (true, true) => Verdict::Answer,
        (true, false) => {
            let text = format!("unknown method {method} for service {service}");
            refuse(Code::Unimplemented, text)
        }
        (false, _) => refuse(Code::Unimplemented, format!("unknown service {service}")),
    }
}

/// The services behind their gate.
#[derive(Clone)]
pub struct Gate {
    machine: MachineServiceServer<Machine>,
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl Gate {
    /// Puts a gate in front of a machine service.
    #[must_use]
    pub fn new(machine: Machine) -> Self {
        Self {
            machine: MachineServiceServer::new(machine),
        }
    }

    /// Answers a call.
    pub fn call<B>(&self, request: Request<B>) -> Answer
    where
        B: http_body::Body + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send + 'static,
    {
        match verdict(request.uri().path()) {
            Verdict::Answer => Service::call(&mut self.machine.clone(), request),
            Verdict::Refuse(code, text) => {
                Box::pin(async move { Ok(Status::new(code, text).into_http()) })
            }
        }
    }
}

impl hyper::service::Service<Request<Incoming>> for Gate {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, request: Request<Incoming>) -> Answer {
        Gate::call(self, request)
    }
}
