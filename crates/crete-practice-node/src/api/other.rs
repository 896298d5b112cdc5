//! The smaller services: health of the cluster, disks, time.

use super::streams::Answers;
use crate::Fault;
use crate::boot::Boot;
use crate::services::wire_time;
use crete_talos::api::wire::cluster as cluster_wire;
use crete_talos::api::wire::storage as storage_wire;
use crete_talos::api::wire::time as time_wire;
use futures_util::stream::{self, StreamExt as _};
use std::sync::Arc;
use std::time::Duration;
use storage_wire::disk::DiskType;
use tokio::time::Instant;
use tonic::{Request, Response, Status};

pub(super) struct Other {
    boot: Arc<Boot>,
}

impl Other {
    pub fn new(boot: Arc<Boot>) -> Self {
        Self { boot }
    }
}

/// A condition of the health check: its name, and what is still missing.
type Condition = (&'static str, fn(&Boot) -> Option<String>);

const CONDITIONS: &[Condition] = &[
    ("etcd to be healthy", |boot| waits_for_service(boot, "etcd")),
    ("etcd members to be consistent across nodes", |_| None),
    ("etcd members to be control plane nodes", |_| None),
    ("apid to be ready", |boot| waits_for_service(boot, "apid")),
    ("all nodes memory sizes", |_| None),
    ("all nodes disk sizes", |_| None),
    ("no diagnostics", |boot| {
        let diagnosed = boot.machine.faults.has(Fault::Diagnosed);
        diagnosed.then(|| "active diagnostics: address-overlap".to_owned())
    }),
    ("kubelet to be healthy", |boot| {
        waits_for_service(boot, "kubelet")
    }),
    ("all nodes to finish boot sequence", |boot| {
        let running = boot.state().stage == crate::boot::Stage::Running;
        (!running).then(|| "expected running".to_owned())
    }),
    ("all k8s nodes to report", |boot| {
        own_node(boot)
            .is_none()
            .then(|| "no nodes found".to_owned())
    }),
    ("all k8s nodes to report ready", |boot| {
        let ready = own_node(boot).is_some_and(|node| node.is_ready());
        (!ready).then(|| "some nodes are not ready".to_owned())
    }),
    ("kube-proxy to report ready", |boot| {
        let failing = own_node(boot).is_some_and(|node| node.kube_proxy == Some(false));
        failing.then(|| "no ready pods found for namespace \"kube-system\" and label selector \"k8s-app=kube-proxy\"".to_owned())
    }),
    ("all k8s nodes to report schedulable", |_| None),
];

fn waits_for_service(boot: &Boot, id: &str) -> Option<String> {
    let up = boot.state().is_up(id);
    (!up).then(|| format!("service {id:?} is not up"))
}

fn own_node(boot: &Boot) -> Option<crate::cluster::KubeNode> {
    let hostname = boot.state().hostname.clone()?;
    boot.machine
        .registry
        .look(|meeting| boot.kube_node(meeting, &hostname))
}

fn said(message: String) -> cluster_wire::HealthCheckProgress {
    cluster_wire::HealthCheckProgress {
        metadata: None,
        message,
    }
}

/// Where a health check is.
struct Check {
    boot: Arc<Boot>,
    limit: Instant,
    at: usize,
    last: String,
}

/// The next line; an error when the time is over.
async fn next(
    mut check: Check,
) -> Option<(Result<cluster_wire::HealthCheckProgress, Status>, Check)> {
    let (name, look) = CONDITIONS.get(check.at)?;
    loop {
        let missing = look(&check.boot);
        let line = match &missing {
            None => format!("waiting for {name}: OK"),
            Some(missing) => format!("waiting for {name}: {missing}"),
        };
        if missing.is_none() {
            check.at += 1;
        }
        if line != check.last {
            check.last.clone_from(&line);
            return Some((Ok(said(line)), check));
        }
        if Instant::now() >= check.limit {
            let status = Status::deadline_exceeded("context deadline exceeded");
            check.at = CONDITIONS.len();
            return Some((Err(status), check));
        }
        check.boot.rest(1000).await;
    }
}

#[tonic::async_trait]
impl cluster_wire::cluster_service_server::ClusterService for Other {
    type HealthCheckStream = Answers<cluster_wire::HealthCheckProgress>;

    async fn health_check(
        &self,
        request: Request<cluster_wire::HealthCheckRequest>,
    ) -> Result<Response<Self::HealthCheckStream>, Status> {
        let boot = &self.boot;
        let settings = boot
            .settings()
            .filter(|settings| settings.is_control_plane());
        let Some(settings) = settings else {
            let text = "cluster health check is only available on control plane nodes";
            return Err(Status::unimplemented(text));
        };
        let wait = request.into_inner().wait_timeout;
        let wait = wait
            .and_then(|wait| Duration::try_from(wait).ok())
            .unwrap_or_default();
        let node_id = boot.disk().state.unwrap_or_default().node_id;
        let members = boot
            .machine
            .registry
            .look(|meeting| meeting.members(&settings.cluster_id, &node_id));
        let addresses = members
            .iter()
            .filter_map(|(_, member)| member.addresses.first());
        let names: Vec<String> = addresses
            .map(|address| format!("{:?}", address.to_string()))
            .collect();
        let first = said(format!("discovered nodes: [{}]", names.join(" ")));
        let check = Check {
            boot: Arc::clone(boot),
            limit: Instant::now() + boot.machine.pace.of(wait),
            at: 0,
            last: String::new(),
        };
        let lines = stream::unfold(check, next);
        Ok(Response::new(
            stream::iter([Ok(first)]).chain(lines).boxed(),
        ))
    }
}

#[tonic::async_trait]
impl storage_wire::storage_service_server::StorageService for Other {
    async fn disks(&self, _: Request<()>) -> Result<Response<storage_wire::DisksResponse>, Status> {
        let system = self.boot.disk().system_disk;
        let subsystem = "/sys/class/block";
        let mut disks = vec![storage_wire::Disk {
            size: 108_310_528,
            device_name: "/dev/loop0".to_owned(),
            bus_path: "/virtual".to_owned(),
            subsystem: subsystem.to_owned(),
            readonly: true,
            ..storage_wire::Disk::default()
        }];
        for (place, disk) in self.boot.machine.identity.disks.iter().enumerate() {
            let kind = if disk.cdrom {
                DiskType::Cd
            } else {
                DiskType::Hdd
            };
            disks.push(storage_wire::Disk {
                size: disk.size,
                model: if disk.cdrom { "QEMU CD-ROM" } else { "" }.to_owned(),
                device_name: disk.path(),
                serial: disk.serial.clone(),
                modalias: if disk.cdrom {
                    "scsi:t-0x05"
                } else {
                    "virtio:d00000002v00001AF4"
                }
                .to_owned(),
                r#type: kind.into(),
                bus_path: format!(
                    "/pci0000:00/0000:00:{:02x}.0/virtio{}",
                    place + 4,
                    place + 2
                ),
                system_disk: system.as_ref() == Some(&disk.name),
                subsystem: subsystem.to_owned(),
                readonly: disk.cdrom,
                ..storage_wire::Disk::default()
            });
        }
        let messages = vec![storage_wire::Disks {
            metadata: None,
            disks,
        }];
        Ok(Response::new(storage_wire::DisksResponse { messages }))
    }

    async fn block_device_wipe(
        &self,
        request: Request<storage_wire::BlockDeviceWipeRequest>,
    ) -> Result<Response<storage_wire::BlockDeviceWipeResponse>, Status> {
        for wanted in request.into_inner().devices {
            let name = &wanted.device;
            let known = self
                .boot
                .machine
                .identity
                .disks
                .iter()
                .any(|disk| name.starts_with(&disk.name));
            if !known {
                let text = format!("blockdevice {name:?} not found");
                return Err(Status::not_found(text));
            }
            let system = self.boot.disk().system_disk;
            if system.is_some_and(|system| name.starts_with(&system)) && !wanted.skip_volume_check {
                let text = format!("blockdevice {name:?} is in use by volume \"META\"");
                return Err(Status::failed_precondition(text));
            }
        }
        Ok(Response::new(storage_wire::BlockDeviceWipeResponse {
            messages: vec![storage_wire::BlockDeviceWipe::default()],
        }))
    }
}

impl Other {
    fn ask_time(&self, server: String) -> Result<Response<time_wire::TimeResponse>, Status> {
        let faults = &self.boot.machine.faults;
        if faults.has(Fault::ClockBehind) || faults.has(Fault::TimeNotSynchronized) {
            let text = format!("error querying NTP server {server:?}: i/o timeout");
            return Err(Status::unknown(text));
        }
        let time = time_wire::Time {
            metadata: None,
            server,
            localtime: Some(wire_time(self.boot.now())),
            remotetime: Some(wire_time(self.boot.machine.clock.now())),
        };
        Ok(Response::new(time_wire::TimeResponse {
            messages: vec![time],
        }))
    }
}

#[tonic::async_trait]
impl time_wire::time_service_server::TimeService for Other {
    async fn time(&self, _: Request<()>) -> Result<Response<time_wire::TimeResponse>, Status> {
        let server = self
            .boot
            .time_servers()
            .into_iter()
            .next()
            .unwrap_or_default();
        self.ask_time(server)
    }

    async fn time_check(
        &self,
        request: Request<time_wire::TimeRequest>,
    ) -> Result<Response<time_wire::TimeResponse>, Status> {
        let server = request.into_inner().server;
        if server.is_empty() {
            return Err(match self.boot.since_1_13() {
                true => Status::invalid_argument("ntp server is required"),
                false => Status::unknown("error querying NTP server \"\": address string is empty"),
            });
        }
        self.ask_time(server)
    }
}
