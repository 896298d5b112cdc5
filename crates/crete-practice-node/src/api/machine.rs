//! The machine service. What a call does is beside it, by what it is about; here is only which call
//! is which, and what the smallest of them do.

use super::streams::{self, Answers};
use super::{access, apply, etcd, images, numbers, power};
use crate::boot::Boot;
use crate::life::Asked;
use crate::services::State as Service;
use crete_talos::api::wire::common::Data;
use crete_talos::api::wire::machine as wire;
use std::sync::Arc;
use tonic::{Request, Response, Status, Streaming};

type Answer<T> = Result<Response<T>, Status>;

pub(super) struct Machine {
    boot: Arc<Boot>,
    maintenance: bool,
}

impl Machine {
    pub fn new(boot: Arc<Boot>, maintenance: bool) -> Self {
        Self { boot, maintenance }
    }

    fn version_answer(&self) -> wire::VersionResponse {
        let version = wire::VersionInfo {
            tag: self.boot.tag(),
            sha: "undefined".to_owned(),
            go_version: "go1.26.8".to_owned(),
            os: "linux".to_owned(),
            arch: "amd64".to_owned(),
            ..wire::VersionInfo::default()
        };
        let platform = wire::PlatformInfo {
            name: "metal".to_owned(),
            mode: "metal".to_owned(),
        };
        wire::VersionResponse {
            messages: vec![wire::Version {
                metadata: None,
                version: Some(version),
                platform: Some(platform),
                // Roles are a matter of the configuration.
                features: (!self.maintenance).then_some(wire::FeaturesInfo { rbac: true }),
            }],
        }
    }

    /// A service that may be started or stopped over the API.
    fn operable(&self, id: &str, operation: &str) -> Result<(), Status> {
        if self.boot.state().services.get(id).is_none() {
            let text = format!("service {id:?} not defined");
            return Err(Status::unknown(text));
        }
        let allowed = id == "kubelet" && operation != "stop" || id.starts_with("ext-");
        if !allowed {
            let text = format!("service {id:?} doesn't support {operation} operation via API");
            return Err(Status::unknown(text));
        }
        Ok(())
    }

    fn log(&self, request: &wire::LogsRequest) -> Result<Answers<Data>, Status> {
        if request.namespace.is_empty() {
            return Err(numbers::no_namespace(&self.boot));
        }
        let last = u64::try_from(request.tail_lines).ok();
        let id = match request.namespace.as_str() {
            "system" => request.id.clone(),
            _ if request.id == "kubelet" => request.id.clone(),
            _ => format!("k8s.io/{}", request.id),
        };
        if !self.boot.logs.has(&id) {
            let text = format!("log {:?} was not registered", request.id);
            return Err(Status::unknown(text));
        }
        Ok(streams::log(&self.boot, &id, request.follow, last))
    }
}

fn answer<T>(message: T) -> Answer<T> {
    Ok(Response::new(message))
}

#[tonic::async_trait]
impl wire::machine_service_server::MachineService for Machine {
    type DmesgStream = Answers<Data>;
    type EventsStream = Answers<wire::Event>;
    type EtcdSnapshotStream = Answers<Data>;
    type KubeconfigStream = Answers<Data>;
    type LogsStream = Answers<Data>;
    type ReadStream = Answers<Data>;
    type ImageListStream = Answers<wire::ImageListResponse>;

    async fn apply_configuration(
        &self,
        request: Request<wire::ApplyConfigurationRequest>,
    ) -> Answer<wire::ApplyConfigurationResponse> {
        let applied = apply::apply(&self.boot, self.maintenance, &request.into_inner())?;
        answer(wire::ApplyConfigurationResponse {
            messages: vec![applied],
        })
    }

    async fn bootstrap(
        &self,
        request: Request<wire::BootstrapRequest>,
    ) -> Answer<wire::BootstrapResponse> {
        etcd::bootstrap(&self.boot, &request.into_inner()).await?;
        answer(wire::BootstrapResponse {
            messages: vec![wire::Bootstrap::default()],
        })
    }

    async fn containers(
        &self,
        request: Request<wire::ContainersRequest>,
    ) -> Answer<wire::ContainersResponse> {
        numbers::containers(&self.boot, &request.into_inner()).and_then(answer)
    }

    async fn cpu_freq_stats(&self, _: Request<()>) -> Answer<wire::CpuFreqStatsResponse> {
        answer(numbers::frequencies(&self.boot))
    }

    async fn cpu_info(&self, _: Request<()>) -> Answer<wire::CpuInfoResponse> {
        answer(numbers::processors(&self.boot))
    }

    async fn disk_stats(&self, _: Request<()>) -> Answer<wire::DiskStatsResponse> {
        answer(numbers::disk_counters(&self.boot))
    }

    async fn dmesg(&self, request: Request<wire::DmesgRequest>) -> Answer<Self::DmesgStream> {
        let request = request.into_inner();
        let last = request.tail.then_some(0);
        answer(streams::log(
            &self.boot,
            crate::logs::KERNEL,
            request.follow,
            last,
        ))
    }

    async fn events(&self, request: Request<wire::EventsRequest>) -> Answer<Self::EventsStream> {
        answer(streams::events(&self.boot, request.into_inner()))
    }

    async fn etcd_member_list(
        &self,
        _: Request<wire::EtcdMemberListRequest>,
    ) -> Answer<wire::EtcdMemberListResponse> {
        etcd::members(&self.boot).await.and_then(answer)
    }

    async fn etcd_remove_member_by_id(
        &self,
        request: Request<wire::EtcdRemoveMemberByIdRequest>,
    ) -> Answer<wire::EtcdRemoveMemberByIdResponse> {
        etcd::remove(&self.boot, request.into_inner().member_id).await?;
        answer(wire::EtcdRemoveMemberByIdResponse {
            messages: vec![wire::EtcdRemoveMemberById::default()],
        })
    }

    async fn etcd_leave_cluster(
        &self,
        _: Request<wire::EtcdLeaveClusterRequest>,
    ) -> Answer<wire::EtcdLeaveClusterResponse> {
        etcd::leave(&self.boot).await?;
        answer(wire::EtcdLeaveClusterResponse {
            messages: vec![wire::EtcdLeaveCluster::default()],
        })
    }

    async fn etcd_forfeit_leadership(
        &self,
        _: Request<wire::EtcdForfeitLeadershipRequest>,
    ) -> Answer<wire::EtcdForfeitLeadershipResponse> {
        etcd::forfeit(&self.boot).await.and_then(answer)
    }

    async fn etcd_recover(
        &self,
        request: Request<Streaming<Data>>,
    ) -> Answer<wire::EtcdRecoverResponse> {
        etcd::recover(&self.boot, request.into_inner()).await?;
        answer(wire::EtcdRecoverResponse {
            messages: vec![wire::EtcdRecover::default()],
        })
    }

    async fn etcd_snapshot(
        &self,
        _: Request<wire::EtcdSnapshotRequest>,
    ) -> Answer<Self::EtcdSnapshotStream> {
        etcd::snapshot(&self.boot).await.and_then(answer)
    }

    async fn etcd_alarm_list(&self, _: Request<()>) -> Answer<wire::EtcdAlarmListResponse> {
        let alarms = etcd::alarms(&self.boot, "etcd alarm list").await?;
        answer(wire::EtcdAlarmListResponse {
            messages: vec![wire::EtcdAlarm {
                metadata: None,
                member_alarms: alarms,
            }],
        })
    }

    async fn etcd_alarm_disarm(&self, _: Request<()>) -> Answer<wire::EtcdAlarmDisarmResponse> {
        let alarms = etcd::disarm(&self.boot).await?;
        answer(wire::EtcdAlarmDisarmResponse {
            messages: vec![wire::EtcdAlarmDisarm {
                metadata: None,
                member_alarms: alarms,
            }],
        })
    }

    async fn etcd_defragment(&self, _: Request<()>) -> Answer<wire::EtcdDefragmentResponse> {
        etcd::defragment(&self.boot).await?;
        answer(wire::EtcdDefragmentResponse {
            messages: vec![wire::EtcdDefragment::default()],
        })
    }

    async fn etcd_status(&self, _: Request<()>) -> Answer<wire::EtcdStatusResponse> {
        etcd::status(&self.boot).await.and_then(answer)
    }

    async fn hostname(&self, _: Request<()>) -> Answer<wire::HostnameResponse> {
        let hostname = self.boot.state().hostname.clone();
        answer(wire::HostnameResponse {
            messages: vec![wire::Hostname {
                metadata: None,
                hostname: hostname.unwrap_or_else(|| "(none)".to_owned()),
            }],
        })
    }

    async fn kubeconfig(&self, _: Request<()>) -> Answer<Self::KubeconfigStream> {
        access::kubeconfig(&self.boot).and_then(answer)
    }

    async fn load_avg(&self, _: Request<()>) -> Answer<wire::LoadAvgResponse> {
        answer(numbers::load(&self.boot))
    }

    async fn logs(&self, request: Request<wire::LogsRequest>) -> Answer<Self::LogsStream> {
        self.log(&request.into_inner()).and_then(answer)
    }

    async fn logs_containers(&self, _: Request<()>) -> Answer<wire::LogsContainersResponse> {
        answer(wire::LogsContainersResponse {
            messages: vec![wire::LogsContainer {
                metadata: None,
                ids: self.boot.logs.names(),
            }],
        })
    }

    async fn memory(&self, _: Request<()>) -> Answer<wire::MemoryResponse> {
        answer(numbers::memory(&self.boot))
    }

    async fn mounts(&self, _: Request<()>) -> Answer<wire::MountsResponse> {
        answer(numbers::mounts(&self.boot))
    }

    async fn network_device_stats(
        &self,
        _: Request<()>,
    ) -> Answer<wire::NetworkDeviceStatsResponse> {
        answer(numbers::network_counters(&self.boot))
    }

    async fn processes(&self, _: Request<()>) -> Answer<wire::ProcessesResponse> {
        answer(numbers::processes(&self.boot))
    }

    async fn read(&self, request: Request<wire::ReadRequest>) -> Answer<Self::ReadStream> {
        access::read(&self.boot, &request.into_inner().path).and_then(answer)
    }

    async fn reboot(&self, request: Request<wire::RebootRequest>) -> Answer<wire::RebootResponse> {
        let actor_id = power::reboot(&self.boot, request.into_inner())?;
        answer(wire::RebootResponse {
            messages: vec![wire::Reboot {
                metadata: None,
                actor_id,
            }],
        })
    }

    async fn rollback(&self, _: Request<wire::RollbackRequest>) -> Answer<wire::RollbackResponse> {
        power::roll_back(&self.boot)?;
        answer(wire::RollbackResponse {
            messages: vec![wire::Rollback::default()],
        })
    }

    async fn reset(&self, request: Request<wire::ResetRequest>) -> Answer<wire::ResetResponse> {
        let actor_id = power::reset(&self.boot, request.into_inner())?;
        answer(wire::ResetResponse {
            messages: vec![wire::Reset {
                metadata: None,
                actor_id,
            }],
        })
    }

    async fn service_list(&self, _: Request<()>) -> Answer<wire::ServiceListResponse> {
        answer(wire::ServiceListResponse {
            messages: vec![wire::ServiceList {
                metadata: None,
                services: self.boot.state().services.list(),
            }],
        })
    }

    async fn service_restart(
        &self,
        request: Request<wire::ServiceRestartRequest>,
    ) -> Answer<wire::ServiceRestartResponse> {
        let id = request.into_inner().id;
        self.operable(&id, "restart")?;
        power::ask(&self.boot, Asked::RestartKubelet)?;
        answer(wire::ServiceRestartResponse {
            messages: vec![wire::ServiceRestart {
                metadata: None,
                resp: format!("Service {id:?} restarted"),
            }],
        })
    }

    async fn service_start(
        &self,
        request: Request<wire::ServiceStartRequest>,
    ) -> Answer<wire::ServiceStartResponse> {
        let id = request.into_inner().id;
        self.operable(&id, "start")?;
        answer(wire::ServiceStartResponse {
            messages: vec![wire::ServiceStart {
                metadata: None,
                resp: format!("Service {id:?} started"),
            }],
        })
    }

    async fn service_stop(
        &self,
        request: Request<wire::ServiceStopRequest>,
    ) -> Answer<wire::ServiceStopResponse> {
        let id = request.into_inner().id;
        self.operable(&id, "stop")?;
        self.boot
            .service(&id, Service::Stopping, "Service stopping");
        answer(wire::ServiceStopResponse {
            messages: vec![wire::ServiceStop {
                metadata: None,
                resp: format!("Service {id:?} stopped"),
            }],
        })
    }

    async fn shutdown(
        &self,
        request: Request<wire::ShutdownRequest>,
    ) -> Answer<wire::ShutdownResponse> {
        let actor_id = power::shut_down(&self.boot, &request.into_inner())?;
        answer(wire::ShutdownResponse {
            messages: vec![wire::Shutdown {
                metadata: None,
                actor_id,
            }],
        })
    }

    async fn stats(&self, request: Request<wire::StatsRequest>) -> Answer<wire::StatsResponse> {
        numbers::stats(&self.boot, &request.into_inner()).and_then(answer)
    }

    async fn system_stat(&self, _: Request<()>) -> Answer<wire::SystemStatResponse> {
        answer(numbers::processor_counters(&self.boot))
    }

    async fn upgrade(
        &self,
        request: Request<wire::UpgradeRequest>,
    ) -> Answer<wire::UpgradeResponse> {
        let actor_id = power::upgrade(&self.boot, request.into_inner()).await?;
        answer(wire::UpgradeResponse {
            messages: vec![wire::Upgrade {
                metadata: None,
                ack: "Upgrade request received".to_owned(),
                actor_id,
            }],
        })
    }

    async fn version(&self, _: Request<()>) -> Answer<wire::VersionResponse> {
        answer(self.version_answer())
    }

    async fn generate_client_configuration(
        &self,
        request: Request<wire::GenerateClientConfigurationRequest>,
    ) -> Answer<wire::GenerateClientConfigurationResponse> {
        let message = access::client_configuration(&self.boot, &request.into_inner())?;
        answer(wire::GenerateClientConfigurationResponse {
            messages: vec![message],
        })
    }

    async fn meta_write(
        &self,
        request: Request<wire::MetaWriteRequest>,
    ) -> Answer<wire::MetaWriteResponse> {
        access::write_meta(&self.boot, &request.into_inner())?;
        answer(wire::MetaWriteResponse {
            messages: vec![wire::MetaWrite::default()],
        })
    }

    async fn meta_delete(
        &self,
        request: Request<wire::MetaDeleteRequest>,
    ) -> Answer<wire::MetaDeleteResponse> {
        access::delete_meta(&self.boot, request.into_inner().key)?;
        answer(wire::MetaDeleteResponse {
            messages: vec![wire::MetaDelete::default()],
        })
    }

    async fn image_list(
        &self,
        request: Request<wire::ImageListRequest>,
    ) -> Answer<Self::ImageListStream> {
        images::legacy_list(&self.boot, &request.into_inner()).and_then(answer)
    }

    async fn image_pull(
        &self,
        request: Request<wire::ImagePullRequest>,
    ) -> Answer<wire::ImagePullResponse> {
        images::legacy_pull(&self.boot, &request.into_inner()).await?;
        answer(wire::ImagePullResponse {
            messages: vec![wire::ImagePull::default()],
        })
    }
}
