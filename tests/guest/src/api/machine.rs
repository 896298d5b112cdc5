//! The machine service: what a node without a configuration tells and takes.

use crate::status::Board;
use crate::version;
use tonic::{Code, Request, Response, Status};

/// The generated interface.
#[allow(
    missing_docs,
    clippy::all,
    clippy::too_many_lines,
    reason = "generated"
)]
pub mod proto {
    tonic::include_proto!("machine");
}

use proto::machine_service_server::MachineService;
use proto::{
    ApplyConfigurationRequest, ApplyConfigurationResponse, Hostname, HostnameResponse,
    PlatformInfo, Version, VersionInfo, VersionResponse,
};

/// The node behind the service.
pub struct Machine {
    board: Board,
}

impl Machine {
    /// A service that tells what is on the board.
    #[must_use]
    pub fn new(board: Board) -> Self {
        Self { board }
    }
}

#[tonic::async_trait]
impl MachineService for Machine {
    async fn version(&self, _: Request<()>) -> Result<Response<VersionResponse>, Status> {
        let version = VersionInfo {
            tag: version::TAG.to_owned(),
            sha: "practice".to_owned(),
            os: "linux".to_owned(),
            arch: "amd64".to_owned(),
            ..VersionInfo::default()
        };
        let platform = PlatformInfo {
            name: "metal".to_owned(),
            mode: "metal".to_owned(),
        };
        let message = Version {
            version: Some(version),
            platform: Some(platform),
            features: None,
        };
        Ok(Response::new(VersionResponse {
            messages: vec![message],
        }))
    }

    async fn hostname(&self, _: Request<()>) -> Result<Response<HostnameResponse>, Status> {
        let name = self.board.now().hostname;
        let message = Hostname {
            hostname: name.unwrap_or_else(|| "(none)".to_owned()),
        };
        Ok(Response::new(HostnameResponse {
            messages: vec![message],
        }))
    }

    async fn apply_configuration(
        &self,
        request: Request<ApplyConfigurationRequest>,
    ) -> Result<Response<ApplyConfigurationResponse>, Status> {
        if request.get_ref().data.is_empty() {
            return Err(Status::new(Code::InvalidArgument, "config not found"));
        }
        Err(Status::new(
            Code::Unimplemented,
            "the practice guest takes no configuration yet",
        ))
    }
}
