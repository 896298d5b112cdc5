//! Where things are. Everything below two roots that the host passes in.

use crate::error::EngineError;
use crete_model::{ClusterId, ImageId, JobId, MachineId, NetworkId};
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The two roots and the folders below them.
#[derive(Debug, Clone)]
pub struct Roots {
    data: PathBuf,
    runtime: PathBuf,
}

/// The longest name of a socket below a machine's or a network's runtime folder.
const LONGEST_SOCKET: usize = "/12345678abcd/control.sock".len();
/// `sun_path` holds 108 bytes, the last of which is zero.
const SUN_PATH: usize = 107;

impl Roots {
    /// Makes the folders, all of them private to the person.
    ///
    /// # Errors
    /// When a folder cannot be made, or sockets below `runtime` would have too long a path.
    pub fn open(data: PathBuf, runtime: PathBuf) -> Result<Self, EngineError> {
        if runtime.as_os_str().len() + LONGEST_SOCKET > SUN_PATH {
            return Err(EngineError::RuntimePathTooLong { path: runtime });
        }
        let roots = Self { data, runtime };
        for folder in [
            roots.data.clone(),
            roots.images(),
            roots.machines(),
            roots.networks(),
            roots.clusters(),
            roots.jobs(),
            roots.drafts(),
            roots.catalogue(),
            roots.trash(),
            roots.runtime.clone(),
        ] {
            private_folder(&folder)?;
        }
        Ok(roots)
    }

    /// The data root.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    pub(crate) fn images(&self) -> PathBuf {
        self.data.join("images")
    }

    pub(crate) fn machines(&self) -> PathBuf {
        self.data.join("machines")
    }

    pub(crate) fn networks(&self) -> PathBuf {
        self.data.join("networks")
    }

    pub(crate) fn jobs(&self) -> PathBuf {
        self.data.join("jobs")
    }

    pub(crate) fn drafts(&self) -> PathBuf {
        self.data.join("drafts")
    }

    pub(crate) fn catalogue(&self) -> PathBuf {
        self.data.join("catalogue")
    }

    pub(crate) fn trash(&self) -> PathBuf {
        self.data.join("trash")
    }

    pub(crate) fn workbench(&self) -> PathBuf {
        self.data.join("studio.json")
    }

    pub(crate) fn versions(&self) -> PathBuf {
        self.catalogue().join("versions.json")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.data.join(".lock")
    }

    /// An image's folder.
    #[must_use]
    pub fn image(&self, id: ImageId) -> PathBuf {
        self.images().join(id.to_string())
    }

    pub(crate) fn clusters(&self) -> PathBuf {
        self.data.join("clusters")
    }

    /// How long earlier work on clusters took.
    pub(crate) fn cluster_runs(&self) -> PathBuf {
        self.clusters().join("runs.json")
    }

    /// A cluster's folder: its record, its secrets, and files for a person's tools.
    #[must_use]
    pub fn cluster(&self, id: ClusterId) -> PathBuf {
        self.clusters().join(id.to_string())
    }

    /// A network's folder.
    pub(crate) fn network(&self, id: NetworkId) -> PathBuf {
        self.networks().join(id.to_string())
    }

    /// A network's sockets and process record.
    pub(crate) fn network_runtime(&self, id: NetworkId) -> PathBuf {
        self.runtime.join(id.short())
    }

    /// A machine's folder.
    #[must_use]
    pub fn machine(&self, id: MachineId) -> PathBuf {
        self.machines().join(id.to_string())
    }

    pub(crate) fn job(&self, id: JobId) -> PathBuf {
        self.jobs().join(format!("{id}.json"))
    }

    pub(crate) fn job_log(&self, id: JobId) -> PathBuf {
        self.jobs().join(format!("{id}.log"))
    }

    /// Held while a file is written into a folder of the person's, where no lock may lie.
    pub(crate) fn save_lock(&self, id: JobId) -> PathBuf {
        self.runtime.join(format!("save-{}.lock", id.short()))
    }

    /// All of these that are there.
    pub(crate) fn save_locks(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.runtime).into_iter().flatten();
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let is_lock = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.starts_with("save-") && name.ends_with(".lock"))
        };
        paths.filter(is_lock).collect()
    }

    /// A machine's sockets and process record: gone after a reboot by design.
    pub(crate) fn machine_runtime(&self, id: MachineId) -> PathBuf {
        self.runtime.join(id.short())
    }
}

/// Makes a folder with mode 0700, or narrows an existing one to it.
pub(crate) fn private_folder(path: &Path) -> Result<(), EngineError> {
    let make = || {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))
    };
    make().map_err(|source| EngineError::File {
        path: path.to_owned(),
        source,
    })
}
