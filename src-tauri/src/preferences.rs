//! Preferences in Tauri's store. Its save truncates the file first, so a last-good copy is kept
//! beside it: a crash in the middle costs at most the last change.

use crete_failpoint::step;
use crete_model::Settings;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use tauri::AppHandle;
use tauri_plugin_store::StoreExt;

const FILE: &str = "preferences.json";
const GOOD: &str = "preferences.last-good.json";
const KEY: &str = "settings";

/// Tauri's store, as far as it is used.
trait Store {
    fn get(&self) -> Option<Value>;
    fn keep(&self, value: Value) -> anyhow::Result<()>;
}

/// The one of the program, in this file.
struct TauriStore<'a>(&'a AppHandle, PathBuf);

impl Store for TauriStore<'_> {
    fn get(&self) -> Option<Value> {
        let store = self.0.store(&self.1).ok()?;
        store.get(KEY)
    }

    fn keep(&self, value: Value) -> anyhow::Result<()> {
        let store = self.0.store(&self.1)?;
        store.set(KEY, value);
        Ok(store.save()?)
    }
}

/// The preferences, and whether the last good copy had to be used.
pub fn load(app: &AppHandle, folder: &Path) -> (Settings, bool) {
    load_from(&TauriStore(app, folder.join(FILE)), folder)
}

/// Keeps preferences: the copy first, so that there is always one whole file.
pub fn save(app: &AppHandle, folder: &Path, settings: &Settings) -> anyhow::Result<()> {
    save_to(&TauriStore(app, folder.join(FILE)), folder, settings)
}

fn half(folder: &Path) -> PathBuf {
    folder.join(format!("{GOOD}.writing"))
}

fn load_from(store: &impl Store, folder: &Path) -> (Settings, bool) {
    // Left by a program that ended before its copy was whole.
    let _ = fs::remove_file(half(folder));
    let stored = store
        .get()
        .and_then(|value| serde_json::from_value(value).ok());
    if let Some(settings) = stored {
        return (settings, false);
    }
    let copy = fs::read(folder.join(GOOD)).ok();
    match copy.and_then(|text| serde_json::from_slice(&text).ok()) {
        Some(settings) => (settings, true),
        None => (Settings::default(), false),
    }
}

fn save_to(store: &impl Store, folder: &Path, settings: &Settings) -> anyhow::Result<()> {
    step!("preferences.folder", fs::create_dir_all(folder))?;
    let half = half(folder);
    let mut file = step!("preferences.create", fs::File::create(&half))?;
    let text = serde_json::to_vec_pretty(settings)?;
    step!("preferences.write", file.write_all(&text))?;
    step!("preferences.sync", file.sync_all())?;
    step!("preferences.rename", fs::rename(&half, folder.join(GOOD)))?;
    let sync = || fs::File::open(folder).and_then(|folder| folder.sync_all());
    step!("preferences.sync_folder", sync())?;
    step!(
        "preferences.store",
        store.keep(serde_json::to_value(settings)?)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crete_failpoint::{Side, observe, steps};
    use crete_model::Theme;
    use std::process::Command;

    const CHILD: &str = "CRETE_TEST_PREFERENCES";

    /// Saves as Tauri's store does: the file is cut to nothing and written anew, which a power cut
    /// can find half done.
    struct Truncating(PathBuf);

    impl Store for Truncating {
        fn get(&self) -> Option<Value> {
            let text = fs::read(&self.0).ok()?;
            let value: Value = serde_json::from_slice(&text).ok()?;
            value.get(KEY).cloned()
        }

        fn keep(&self, value: Value) -> anyhow::Result<()> {
            let text = serde_json::to_vec(&serde_json::json!({ KEY: value }))?;
            let (first, second) = text.split_at(text.len() / 2);
            let mut file = fs::File::create(&self.0)?;
            step!("preferences.store_half", file.write_all(first))?;
            Ok(file.write_all(second)?)
        }
    }

    fn themed(theme: Theme) -> Settings {
        Settings {
            theme,
            ..Settings::default()
        }
    }

    fn parts(folder: &Path) -> Truncating {
        Truncating(folder.join(FILE))
    }

    /// Nothing but the program that the test below ends: it saves, and is killed at a step.
    #[test]
    fn a_save_that_is_killed() {
        let Ok(plan) = std::env::var(CHILD) else {
            return;
        };
        let (step, folder) = plan.split_once('|').unwrap();
        let step = step.to_owned();
        assert!(observe(move |name, side| {
            if format!("{name} {side:?}") == step {
                let own = rustix::process::getpid();
                rustix::process::kill_process(own, rustix::process::Signal::KILL).unwrap();
            }
        }));
        let folder = Path::new(folder);
        save_to(&parts(folder), folder, &themed(Theme::Dark)).unwrap();
        unreachable!("nobody was killed");
    }

    #[test]
    fn a_program_killed_at_any_step_of_a_save_loses_at_most_that_change() {
        let names: Vec<&str> = steps().iter().map(|step| step.name).collect();
        let own = names.iter().filter(|name| name.starts_with("preferences."));
        let mut killed = 0;
        for (name, side) in own.flat_map(|name| [(name, Side::Before), (name, Side::After)]) {
            let temp = tempfile::tempdir().unwrap();
            let folder = temp.path();
            save_to(&parts(folder), folder, &themed(Theme::Light)).unwrap();
            let ended = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "preferences::tests::a_save_that_is_killed"])
                .env(CHILD, format!("{name} {side:?}|{}", folder.display()))
                .output()
                .unwrap();
            assert_eq!(ended.status.code(), None, "{name} {side:?}: {ended:?}");
            killed += 1;

            let (found, _) = load_from(&parts(folder), folder);
            let theme = found.theme;
            assert!(
                matches!(theme, Theme::Light | Theme::Dark),
                "{name} {side:?}: the person's choice became {theme:?}"
            );
            let left = fs::read_dir(folder).unwrap().flatten();
            let mut left: Vec<_> = left.map(|entry| entry.file_name()).collect();
            left.sort();
            assert_eq!(left, [FILE, GOOD], "{name} {side:?}");
            // The next save is like any other.
            save_to(&parts(folder), folder, &themed(Theme::Dark)).unwrap();
            let expected = (themed(Theme::Dark), false);
            assert_eq!(load_from(&parts(folder), folder), expected);
        }
        assert_eq!(killed, 16, "every step, before and after: {names:?}");
    }

    #[test]
    fn the_copy_is_used_and_said_where_the_file_is_cut_off() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path();
        save_to(&parts(folder), folder, &themed(Theme::Dark)).unwrap();
        fs::write(folder.join(FILE), "{\"settings\":").unwrap();
        assert_eq!(
            load_from(&parts(folder), folder),
            (themed(Theme::Dark), true)
        );
        fs::write(folder.join(GOOD), "").unwrap();
        assert_eq!(
            load_from(&parts(folder), folder),
            (Settings::default(), false)
        );
    }
}
