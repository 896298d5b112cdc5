//! What is opened outside the page.

use super::{Router, page};
use crate::addresses;
use crate::host::Host;
use crate::types::OpenTarget;
use crete_model::Problem;

impl<H: Host> Router<H> {
    /// Opens a folder or an address in the desktop. Only what is known here can be opened.
    pub(super) async fn open_outside(&self, request: OpenTarget) -> Result<(), Problem> {
        let engine = self.engine();
        match request {
            OpenTarget::DataFolder => self.host.open_folder(engine.data_dir()).await?,
            OpenTarget::LogFolder => self.host.open_folder(&self.host.log_dir()).await?,
            OpenTarget::ImagesFolder => self.host.open_folder(&engine.images_folder()).await?,
            OpenTarget::Machine { machine } => {
                self.host
                    .open_folder(&page(engine.machine_folder(machine))?)
                    .await?;
            }
            OpenTarget::Network { network } => {
                self.host
                    .open_folder(&page(engine.network_folder(network))?)
                    .await?;
            }
            OpenTarget::Image { image } => {
                self.host
                    .open_folder(&page(engine.image_folder(image))?)
                    .await?;
            }
            OpenTarget::Forward { forward } => {
                let address = page(engine.forward_address(forward))?;
                self.host.open_address(&address).await?;
            }
            OpenTarget::Saved { job } => {
                self.host
                    .open_folder(&page(engine.save_folder(job))?)
                    .await?;
            }
            OpenTarget::Broken { path } => {
                let known = page(engine.broken_folder(&path))?;
                self.host.open_folder(&known).await?;
            }
            OpenTarget::TalosDocs { minor, page } => {
                self.host
                    .open_address(&addresses::docs(&minor, page)?)
                    .await?;
            }
            OpenTarget::TalosKind { version, document } => {
                self.host
                    .open_address(&addresses::kind(&version, &document)?)
                    .await?;
            }
            OpenTarget::TalosGuide { minor, place } => {
                let address = addresses::guide(engine.targets(), &minor, &place)?;
                self.host.open_address(&address).await?;
            }
            OpenTarget::ExtensionsSource => self.host.open_address(addresses::EXTENSIONS).await?,
            OpenTarget::OverlaySource { board } => {
                let address = addresses::overlay(engine.targets(), &board)?;
                self.host.open_address(&address).await?;
            }
        }
        Ok(())
    }
}
