//! Images: listed, pulled with progress, and the installer in one of them run.

use super::streams::{Answers, all};
use crate::Fault;
use crate::boot::Boot;
use crate::life::{installer_lines, switch_to};
use crate::random::hex;
use crate::settings::installer_version;
use crete_talos::api::wire::common::{ContainerdInstance, ContainerdNamespace};
use crete_talos::api::wire::machine as wire;
use futures_util::stream::{self, StreamExt as _};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tonic::{Request, Response, Status};
use wire::image_service_pull_layer_progress::Status as Layer;
use wire::image_service_pull_response::Response as Pulled;
use wire::lifecycle_service_install_progress::Response as Step;

/// Bytes of an installer's layer.
const LAYER: i64 = 148_897_792;
/// Steps in which a layer comes.
const STEPS: i64 = 8;

pub(super) struct Images {
    boot: Arc<Boot>,
}

impl Images {
    pub fn new(boot: Arc<Boot>) -> Self {
        Self { boot }
    }

    /// The installer's work, told a line at a time.
    fn run<T: Send + 'static>(
        &self,
        image: String,
        disk: String,
        upgrade: bool,
        frame: impl Fn(Step) -> T + Send + Sync + 'static,
    ) -> Result<Answers<T>, Status> {
        if !self.boot.state().images.contains(&image) {
            let text = format!("installer image {image:?} not found: pull it first");
            return Err(Status::not_found(text));
        }
        let boot = Arc::clone(&self.boot);
        let version = installer_version(&image).unwrap_or_else(|| boot.version.clone());
        let version = version.to_string();
        boot.say(&format!(
            "starting upgrade: installer_image={image}, disk={disk}"
        ));
        let (lines, error) = installer_lines(&boot, &version, &disk, upgrade);
        let failed = error.is_some();
        let lines = lines.into_iter().chain(error);
        let mut steps: Vec<Step> = lines.map(Step::Message).collect();
        steps.push(Step::ExitCode(i32::from(failed)));
        let told = stream::iter(steps).then(move |step| {
            let (boot, version) = (Arc::clone(&boot), version.clone());
            async move {
                boot.rest(1500).await;
                Ok(match step {
                    Step::Message(line) => Step::Message(format!("{} {line}", boot.stamp())),
                    Step::ExitCode(code) => {
                        if code == 0 {
                            switch_to(&boot, &version);
                            boot.say("upgrade completed successfully: exit_code=0");
                        }
                        Step::ExitCode(code)
                    }
                })
            }
        });
        Ok(told
            .map(move |step: Result<Step, Status>| step.map(&frame))
            .boxed())
    }
}

fn digest(image: &str) -> String {
    format!("sha256:{}", hex(&Sha256::digest(image)))
}

/// The image's name with its digest.
fn pinned(image: &str) -> String {
    let name = image.rsplit_once(':').map_or(image, |(name, _)| name);
    format!("{name}@{}", digest(image))
}

fn no_such_namespace(instance: Option<ContainerdInstance>) -> Result<(), Status> {
    let namespace = instance.unwrap_or_default().namespace();
    match namespace {
        ContainerdNamespace::NsUnknown => Err(Status::invalid_argument(
            "invalid containerd namespace NS_UNKNOWN",
        )),
        _ => Ok(()),
    }
}

fn unreachable(image: &str) -> Status {
    let text = format!(
        "failed to pull image {image:?}: failed to resolve reference {image:?}: connection refused"
    );
    Status::unknown(text)
}

fn layer(image: &str, status: Layer, offset: i64, elapsed: Duration) -> Pulled {
    let progress = wire::ImageServicePullLayerProgress {
        status: status.into(),
        elapsed: prost_types::Duration::try_from(elapsed).ok(),
        offset,
        total: LAYER,
    };
    Pulled::PullProgress(wire::ImageServicePullProgress {
        layer_id: digest(&format!("layer of {image}")),
        progress: Some(progress),
    })
}

#[tonic::async_trait]
impl wire::image_service_server::ImageService for Images {
    type ListStream = Answers<wire::ImageServiceListResponse>;
    type PullStream = Answers<wire::ImageServicePullResponse>;

    async fn list(
        &self,
        request: Request<wire::ImageServiceListRequest>,
    ) -> Result<Response<Self::ListStream>, Status> {
        no_such_namespace(request.into_inner().containerd)?;
        let images = self.boot.state().images.clone();
        let answer = |name: String| wire::ImageServiceListResponse {
            digest: digest(&name),
            name,
            size: LAYER,
            created_at: Some(crate::services::wire_time(self.boot.began_at())),
            labels: Default::default(),
        };
        Ok(Response::new(all(images.into_iter().map(answer).collect())))
    }

    async fn pull(
        &self,
        request: Request<wire::ImageServicePullRequest>,
    ) -> Result<Response<Self::PullStream>, Status> {
        let request = request.into_inner();
        no_such_namespace(request.containerd)?;
        let image = request.image_ref;
        if image.is_empty() {
            return Err(Status::invalid_argument("image reference is required"));
        }
        if self.boot.machine.faults.has(Fault::InstallerUnreachable) {
            return Err(unreachable(&image));
        }
        let boot = Arc::clone(&self.boot);
        let steps = (0..=STEPS + 2).map(move |step| (step, image.clone()));
        let told = stream::iter(steps).then(move |(step, image)| {
            let boot = Arc::clone(&boot);
            async move {
                boot.rest(1000).await;
                if step == STEPS / 2 {
                    boot.machine.faults.gone(Fault::InstallerStalls).await;
                }
                let elapsed = Duration::from_secs(u64::try_from(step).unwrap_or_default());
                let response = match step {
                    step if step < STEPS => {
                        layer(&image, Layer::Downloading, LAYER * step / STEPS, elapsed)
                    }
                    STEPS => layer(&image, Layer::DownloadComplete, LAYER, elapsed),
                    step if step == STEPS + 1 => {
                        layer(&image, Layer::ExtractComplete, LAYER, elapsed)
                    }
                    _ => {
                        boot.change(|state| state.images.insert(image.clone()));
                        Pulled::Name(pinned(&image))
                    }
                };
                Ok(wire::ImageServicePullResponse {
                    response: Some(response),
                })
            }
        });
        Ok(Response::new(told.boxed()))
    }
}

#[tonic::async_trait]
impl wire::lifecycle_service_server::LifecycleService for Images {
    type InstallStream = Answers<wire::LifecycleServiceInstallResponse>;
    type UpgradeStream = Answers<wire::LifecycleServiceUpgradeResponse>;

    async fn install(
        &self,
        request: Request<wire::LifecycleServiceInstallRequest>,
    ) -> Result<Response<Self::InstallStream>, Status> {
        let request = request.into_inner();
        no_such_namespace(request.containerd)?;
        if self.boot.disk().is_installed() {
            let text = "Talos is already installed";
            return Err(Status::already_exists(text));
        }
        let image = request.source.unwrap_or_default().image_name;
        let disk = request.destination.unwrap_or_default().disk;
        let frame = |step| wire::LifecycleServiceInstallResponse {
            progress: Some(wire::LifecycleServiceInstallProgress {
                response: Some(step),
            }),
        };
        self.run(image, disk, false, frame).map(Response::new)
    }

    async fn upgrade(
        &self,
        request: Request<wire::LifecycleServiceUpgradeRequest>,
    ) -> Result<Response<Self::UpgradeStream>, Status> {
        let request = request.into_inner();
        no_such_namespace(request.containerd)?;
        let Some((_, disk)) = self.boot.system_disk() else {
            return Err(Status::failed_precondition("Talos is not installed"));
        };
        let image = request.source.unwrap_or_default().image_name;
        let frame = |step| wire::LifecycleServiceUpgradeResponse {
            progress: Some(wire::LifecycleServiceInstallProgress {
                response: Some(step),
            }),
        };
        self.run(image, disk.path(), true, frame).map(Response::new)
    }
}

pub(super) fn legacy_list(
    boot: &Boot,
    request: &wire::ImageListRequest,
) -> Result<Answers<wire::ImageListResponse>, Status> {
    if request.namespace() == ContainerdNamespace::NsUnknown {
        return Err(Status::invalid_argument("invalid namespace NS_UNKNOWN"));
    }
    let images = boot.state().images.clone();
    let answer = |name: String| wire::ImageListResponse {
        metadata: None,
        digest: digest(&name),
        name,
        size: LAYER,
        created_at: Some(crate::services::wire_time(boot.began_at())),
    };
    Ok(all(images.into_iter().map(answer).collect()))
}

pub(super) async fn legacy_pull(
    boot: &Boot,
    request: &wire::ImagePullRequest,
) -> Result<(), Status> {
    if request.namespace() == ContainerdNamespace::NsUnknown {
        return Err(Status::invalid_argument("invalid namespace NS_UNKNOWN"));
    }
    if boot.machine.faults.has(Fault::InstallerUnreachable) {
        return Err(unreachable(&request.reference));
    }
    boot.rest(10_000).await;
    boot.machine.faults.gone(Fault::InstallerStalls).await;
    boot.change(|state| state.images.insert(request.reference.clone()));
    Ok(())
}
