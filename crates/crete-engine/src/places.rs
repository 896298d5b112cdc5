//! Where this person's data and this program's parts are. The environment is passed in.

use crate::access::PersonalFiles;
use crate::engine::{Config, Engine};
use crate::error::Result;
use crate::network::NetworkParts;
use crate::patience::Patience;
use crate::practice::{PracticeFactory, PracticeParts};
use crate::{SystemClock, clock::Clock};
use crete_host::ThisComputer;
use crete_model::Settings;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folders of one person and the program's own.
#[derive(Debug, Clone)]
pub struct Places {
    data_home: PathBuf,
    runtime_home: PathBuf,
    computer: ThisComputer,
    /// This person's bus, on which a systemd may be.
    systemd_bus: Option<String>,
    /// The program that carries one network.
    network_program: PathBuf,
    /// The files of this person that other tools read.
    personal: PersonalFiles,
    /// Parts of practice mode.
    pub practice: PracticeParts,
    /// Preferences, logs and window state.
    pub config: PathBuf,
    /// The program's own log.
    pub log: PathBuf,
}

impl Places {
    /// Reads the XDG variables; `program` is the running executable.
    pub fn from_environment(read: impl Fn(&str) -> Option<String>, program: &Path) -> Self {
        let set = |name: &str| read(name).filter(|value| !value.is_empty());
        let home = PathBuf::from(set("HOME").unwrap_or_else(|| "/".to_owned()));
        let folder = |name: &str, default: &str| {
            // The specification tells to ignore relative paths.
            set(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
                .unwrap_or_else(|| home.join(default))
        };
        let user_id = rustix::process::getuid().as_raw();
        let runtime_home = set("XDG_RUNTIME_DIR")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute());
        let systemd_bus = set("DBUS_SESSION_BUS_ADDRESS").or_else(|| {
            let socket = runtime_home.as_ref()?.join("bus");
            Some(format!("unix:path={}", socket.display()))
        });
        let runtime_home =
            runtime_home.unwrap_or_else(|| std::env::temp_dir().join(format!("crete-{user_id}")));
        let beside = |name: &str| program.parent().unwrap_or(Path::new("/")).join(name);
        let cache = folder("XDG_CACHE_HOME", ".cache").join("crete/practice/images");
        let state = folder("XDG_STATE_HOME", ".local/state").join("crete");
        Self {
            data_home: folder("XDG_DATA_HOME", ".local/share"),
            runtime_home,
            computer: ThisComputer::new(
                &set("PATH").unwrap_or_default(),
                set("USER").or_else(|| set("LOGNAME")).unwrap_or_default(),
            )
            .with_variables(set),
            systemd_bus,
            personal: PersonalFiles::from_environment(&read, &home),
            network_program: set("CRETE_NET").map_or_else(|| beside("crete-net"), PathBuf::from),
            practice: PracticeParts {
                factory: set("CRETE_PRACTICE_FACTORY")
                    .map_or_else(|| beside("crete-practice-factory"), PathBuf::from),
                images: set("CRETE_PRACTICE_IMAGES").map_or(cache, PathBuf::from),
            },
            config: folder("XDG_CONFIG_HOME", ".config").join("crete"),
            log: state.join("log"),
        }
    }

    /// The data folder: practice objects never mix with real ones.
    fn data(&self, settings: &Settings, practice: bool) -> PathBuf {
        let name = if practice { "crete-practice" } else { "crete" };
        match settings.data_dir.as_str() {
            "" => self.data_home.join(name),
            chosen => PathBuf::from(chosen).join(name),
        }
    }

    /// Opens the engine, and in practice mode the factory it works with.
    ///
    /// # Errors
    /// As [`Engine::open`]; in practice mode also when its parts are missing.
    pub async fn open(&self, settings: Settings, practice: bool) -> Result<Engine> {
        let data = self.data(&settings, practice);
        let runtime = self
            .runtime_home
            .join(if practice { "crete-practice" } else { "crete" });
        let factory = if practice {
            Some(PracticeFactory::start(&self.practice).await?)
        } else {
            None
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Engine::open(Config {
            data,
            runtime,
            settings,
            world: Arc::new(self.computer.clone()),
            clock,
            seen: false,
            patience: Patience::default(),
            systemd_bus: self.systemd_bus.clone(),
            network_parts: NetworkParts::of_this_computer(self.network_program.clone()),
            practice_parts: self.practice.clone(),
            // Practice and the person's own files never mix.
            personal: match practice {
                true => PersonalFiles::default(),
                false => self.personal.clone(),
            },
            practice: factory,
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(variables: &[(&str, &str)]) -> Places {
        let read = |name: &str| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Places::from_environment(read, Path::new("/opt/crete/crete"))
    }

    #[test]
    fn practice_has_a_data_folder_of_its_own() {
        let places = places(&[("HOME", "/home/ariadne")]);
        let settings = Settings::default();
        assert_eq!(
            places.data(&settings, false),
            Path::new("/home/ariadne/.local/share/crete")
        );
        assert_eq!(
            places.data(&settings, true),
            Path::new("/home/ariadne/.local/share/crete-practice")
        );
        assert_eq!(
            places.practice.factory,
            Path::new("/opt/crete/crete-practice-factory")
        );
    }

    #[test]
    fn the_bus_is_the_sessions_or_the_one_in_the_runtime_folder() {
        let bus = |variables: &[(&str, &str)]| places(variables).systemd_bus;
        let runtime = ("XDG_RUNTIME_DIR", "/run/user/1000");
        let session = ("DBUS_SESSION_BUS_ADDRESS", "unix:abstract=x");
        let home = ("HOME", "/home/a");
        assert_eq!(bus(&[home]), None);
        assert_eq!(
            bus(&[home, runtime]).as_deref(),
            Some("unix:path=/run/user/1000/bus")
        );
        assert_eq!(
            bus(&[home, runtime, session]).as_deref(),
            Some("unix:abstract=x")
        );
    }

    #[test]
    fn relative_xdg_folders_are_ignored() {
        let places = places(&[("HOME", "/home/a"), ("XDG_DATA_HOME", "data")]);
        assert_eq!(places.data_home, Path::new("/home/a/.local/share"));
    }
}
