//! Images, installing and upgrading with progress: from 1.13 on.

use super::cause::Cause;
use super::error::ApiError;
use super::frames::Frames;
use super::node::Node;
use super::wire::common::{ContainerDriver, ContainerdInstance, ContainerdNamespace};
use super::wire::machine as wire;

/// A step of pulling an image.
#[derive(Debug, Clone, PartialEq)]
pub enum PullStep {
    /// A layer came further.
    Layer(wire::ImageServicePullProgress),
    /// Done: the image's name with its digest.
    Done(String),
}

/// A step of installing or upgrading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstallStep {
    /// A line of the installer.
    Line(String),
    /// It ended well.
    Done,
}

/// Pulls that report progress.
#[derive(Debug)]
pub struct Pull(Frames<wire::ImageServicePullResponse>);

/// An installer at work.
#[derive(Debug)]
pub struct Installer<T> {
    frames: Frames<T>,
    call: &'static str,
    node: String,
}

/// Where the images of the system are.
fn system_images() -> ContainerdInstance {
    ContainerdInstance {
        driver: ContainerDriver::Containerd.into(),
        namespace: ContainerdNamespace::NsSystem.into(),
    }
}

impl Node {
    /// Pulls an image for the system, such as an installer.
    #[must_use]
    pub fn pull_image(&self, image: &str) -> Pull {
        let request = wire::ImageServicePullRequest {
            containerd: Some(system_images()),
            image_ref: image.to_owned(),
        };
        let mut images = self.images();
        Pull(Frames::new("ImageService.Pull", self.name(), async move {
            images.pull(request).await
        }))
    }

    /// The images of the system.
    #[must_use]
    pub fn list_images(&self) -> Frames<wire::ImageServiceListResponse> {
        let request = wire::ImageServiceListRequest {
            containerd: Some(system_images()),
        };
        let mut images = self.images();
        Frames::new("ImageService.List", self.name(), async move {
            images.list(request).await
        })
    }

    /// Upgrades with an installer that was pulled before; a reboot is to follow.
    #[must_use]
    pub fn upgrade(&self, image: &str) -> Installer<wire::LifecycleServiceUpgradeResponse> {
        let request = wire::LifecycleServiceUpgradeRequest {
            containerd: Some(system_images()),
            source: Some(wire::InstallArtifactsSource {
                image_name: image.to_owned(),
            }),
        };
        let mut lifecycle = self.lifecycle();
        let call = "LifecycleService.Upgrade";
        Installer {
            frames: Frames::new(call, self.name(), async move {
                lifecycle.upgrade(request).await
            }),
            call,
            node: self.name().to_owned(),
        }
    }

    /// Installs on a disk with an installer that was pulled before.
    #[must_use]
    pub fn install(
        &self,
        image: &str,
        disk: &str,
    ) -> Installer<wire::LifecycleServiceInstallResponse> {
        let request = wire::LifecycleServiceInstallRequest {
            containerd: Some(system_images()),
            source: Some(wire::InstallArtifactsSource {
                image_name: image.to_owned(),
            }),
            destination: Some(wire::InstallDestination {
                disk: disk.to_owned(),
            }),
        };
        let mut lifecycle = self.lifecycle();
        let call = "LifecycleService.Install";
        Installer {
            frames: Frames::new(call, self.name(), async move {
                lifecycle.install(request).await
            }),
            call,
            node: self.name().to_owned(),
        }
    }
}

impl Pull {
    /// The next step; nothing when the node has ended the stream.
    ///
    /// # Errors
    /// What a stream can fail with.
    pub async fn next(&mut self) -> Result<Option<PullStep>, ApiError> {
        use wire::image_service_pull_response::Response;
        loop {
            let Some(message) = self.0.next().await? else {
                return Ok(None);
            };
            match message.response {
                None => {}
                Some(Response::Name(name)) => return Ok(Some(PullStep::Done(name))),
                Some(Response::PullProgress(layer)) => return Ok(Some(PullStep::Layer(layer))),
            }
        }
    }
}

/// An answer with the progress of an installer in it.
pub trait Progress {
    /// The progress.
    fn progress(self) -> Option<wire::LifecycleServiceInstallProgress>;
}

impl Progress for wire::LifecycleServiceInstallResponse {
    fn progress(self) -> Option<wire::LifecycleServiceInstallProgress> {
        self.progress
    }
}

impl Progress for wire::LifecycleServiceUpgradeResponse {
    fn progress(self) -> Option<wire::LifecycleServiceInstallProgress> {
        self.progress
    }
}

impl<T: Progress + Send + 'static> Installer<T> {
    /// The next step; nothing when the node has ended the stream.
    ///
    /// # Errors
    /// What a stream can fail with, and [`Cause::ProgramFailed`] when the installer did: to the
    /// node that is an answer like another.
    pub async fn next(&mut self) -> Result<Option<InstallStep>, ApiError> {
        use wire::lifecycle_service_install_progress::Response;
        loop {
            let Some(message) = self.frames.next().await? else {
                return Ok(None);
            };
            match message.progress().and_then(|progress| progress.response) {
                None => {}
                Some(Response::Message(line)) => return Ok(Some(InstallStep::Line(line))),
                Some(Response::ExitCode(0)) => return Ok(Some(InstallStep::Done)),
                Some(Response::ExitCode(code)) => {
                    let text = format!("the installer ended with exit code {code}");
                    return Err(ApiError::new(
                        Cause::ProgramFailed,
                        self.call,
                        &self.node,
                        text,
                    ));
                }
            }
        }
    }
}
