//! Preferences in Tauri's store. Its save truncates the file first, so a last-good copy is kept
//! beside it: a crash in the middle costs at most the last change.

use crete_model::Settings;
use std::path::Path;
use tauri::AppHandle;
use tauri_plugin_store::StoreExt;

const FILE: &str = "preferences.json";
const GOOD: &str = "preferences.last-good.json";
const KEY: &str = "settings";

/// The preferences, and whether the last good copy had to be used.
pub fn load(app: &AppHandle, folder: &Path) -> (Settings, bool) {
    let stored = app
        .store(folder.join(FILE))
        .ok()
        .and_then(|store| store.get(KEY))
        .and_then(|value| serde_json::from_value(value).ok());
    if let Some(settings) = stored {
        return (settings, false);
    }
    let copy = std::fs::read(folder.join(GOOD)).ok();
    match copy.and_then(|text| serde_json::from_slice(&text).ok()) {
        Some(settings) => (settings, true),
        None => (Settings::default(), false),
    }
}

/// Keeps preferences: the copy first, so that there is always one whole file.
pub fn save(app: &AppHandle, folder: &Path, settings: &Settings) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let half = folder.join(format!("{GOOD}.writing"));
    std::fs::write(&half, serde_json::to_vec_pretty(settings)?)?;
    std::fs::File::open(&half)?.sync_all()?;
    std::fs::rename(&half, folder.join(GOOD))?;
    std::fs::File::open(folder)?.sync_all()?;
    let store = app.store(folder.join(FILE))?;
    store.set(KEY, serde_json::to_value(settings)?);
    store.save()?;
    Ok(())
}
