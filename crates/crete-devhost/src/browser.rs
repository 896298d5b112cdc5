//! A browser as a host: it has no window of ours and no dialogs, and says so.

use async_trait::async_trait;
use crete_api::{Host, HostFault, HostKind, WindowAction};
use crete_engine::{Engine, EngineError, Places};
use crete_model::{Problem, Settings};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The host behind a browser's page.
pub struct Browser {
    places: Places,
}

impl Browser {
    pub fn new(places: Places) -> Self {
        Self { places }
    }

    fn settings_path(&self) -> PathBuf {
        self.places.config.join("devhost-settings.json")
    }
}

fn not_here(what: &str) -> HostFault {
    HostFault(format!("{what} is not possible in a browser"))
}

#[async_trait]
impl Host for Browser {
    fn kind(&self) -> HostKind {
        HostKind::Browser
    }

    fn log_dir(&self) -> PathBuf {
        self.places.log.clone()
    }

    async fn open_engine(&self, practice: bool) -> Result<Arc<Engine>, Problem> {
        let settings = self.load_settings().0;
        self.places
            .open(settings, practice)
            .await
            .map(Arc::new)
            .map_err(EngineError::problem)
    }

    fn load_settings(&self) -> (Settings, bool) {
        let text = std::fs::read(self.settings_path()).unwrap_or_default();
        (serde_json::from_slice(&text).unwrap_or_default(), false)
    }

    async fn save_settings(&self, settings: &Settings) -> Result<(), HostFault> {
        let path = self.settings_path();
        let save = || -> std::io::Result<()> {
            std::fs::create_dir_all(&self.places.config)?;
            let half = path.with_extension("writing");
            let mut file = std::fs::File::create(&half)?;
            file.write_all(&serde_json::to_vec_pretty(settings)?)?;
            file.sync_all()?;
            std::fs::rename(&half, &path)
        };
        save().map_err(|error| HostFault(format!("{}: {error}", path.display())))
    }

    async fn window(&self, _: WindowAction) -> Result<(), HostFault> {
        Ok(())
    }

    async fn pick_folder(&self) -> Result<Option<PathBuf>, HostFault> {
        Err(not_here("choosing a folder"))
    }

    async fn pick_file(&self) -> Result<Option<PathBuf>, HostFault> {
        Err(not_here("choosing a file"))
    }

    async fn save_path(&self, suggested_name: &str) -> Result<Option<PathBuf>, HostFault> {
        std::fs::create_dir_all(&self.places.log).map_err(|error| HostFault(error.to_string()))?;
        Ok(Some(self.places.log.join(suggested_name)))
    }

    async fn open_folder(&self, _: &Path) -> Result<(), HostFault> {
        Err(not_here("opening a folder"))
    }

    async fn open_address(&self, _: &str) -> Result<(), HostFault> {
        Err(not_here("opening an address"))
    }

    async fn notify(&self, _: &str, _: &str) -> Result<(), HostFault> {
        Ok(())
    }
}
