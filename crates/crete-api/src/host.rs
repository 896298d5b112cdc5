//! What a host must be able to do for the page. As narrow as today's commands need.
//!
//! A host holds no state of the domain: it shows dialogs, keeps preferences and moves a window.
//! Operations are in here, never the host's own objects, so that a browser can stand in.

use crate::types::{HostKind, WindowAction};
use async_trait::async_trait;
use crete_engine::Engine;
use crete_model::{ErrorCode, Params, Problem, Remedy, Settings};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a host could not do something.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct HostFault(pub String);

impl From<HostFault> for Problem {
    fn from(fault: HostFault) -> Self {
        Self::new(ErrorCode::Internal, Params::new())
            .with_detail(fault.0)
            .with_remedy(Remedy::Report)
    }
}

/// The window, or the dev host in its place.
#[async_trait]
pub trait Host: Send + Sync + 'static {
    /// Which host this is.
    fn kind(&self) -> HostKind;
    /// Folder of the program's log.
    fn log_dir(&self) -> PathBuf;
    /// Makes the engine for real work or for practice.
    async fn open_engine(&self, practice: bool) -> Result<Arc<Engine>, Problem>;
    /// The person's preferences, and whether the last good copy had to be used.
    fn load_settings(&self) -> (Settings, bool);
    /// Keeps preferences.
    async fn save_settings(&self, settings: &Settings) -> Result<(), HostFault>;
    /// Moves, sizes or closes the window.
    async fn window(&self, action: WindowAction) -> Result<(), HostFault>;
    /// Lets the person choose a folder.
    async fn pick_folder(&self) -> Result<Option<PathBuf>, HostFault>;
    /// Lets the person choose a file.
    async fn pick_file(&self) -> Result<Option<PathBuf>, HostFault>;
    /// Lets the person choose where to save.
    async fn save_path(&self, suggested_name: &str) -> Result<Option<PathBuf>, HostFault>;
    /// Opens a folder in the desktop's file browser.
    async fn open_folder(&self, folder: &Path) -> Result<(), HostFault>;
    /// Opens a web address in the desktop's browser. Only addresses made by the router.
    async fn open_address(&self, address: &str) -> Result<(), HostFault>;
    /// Tells the person something while the window is hidden.
    async fn notify(&self, title: &str, body: &str) -> Result<(), HostFault>;
}
