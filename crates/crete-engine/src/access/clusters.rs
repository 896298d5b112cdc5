//! The access to clusters that this engine carries.

use super::personal::{self, Look};
use super::{Access, AccessTo, SecretsRead, read_secrets};
use crate::Engine;
use crate::cluster::secrets;
use crate::error::{EngineError, Result, file_problem, internal, wire_name};
use crete_model::{
    AccessFile, AccessKind, AccessRole, AccessView, ClusterDenied, ClusterId, ErrorCode, Problem,
    Remedy, SecretsSeen, params,
};
use jiff::Timestamp;
use std::path::{Path, PathBuf};

/// More than any bundle or configuration has.
const LARGEST: u64 = 4 << 20;

impl Engine {
    /// A cluster's name.
    ///
    /// # Errors
    /// When there is no such cluster.
    pub fn cluster_name(&self, id: ClusterId) -> Result<String> {
        self.cluster(id).map(|view| view.spec.name)
    }

    /// What there is to see of a cluster's access.
    ///
    /// # Errors
    /// When there is no such cluster, or it is not so far yet.
    pub async fn access(&self, id: ClusterId) -> Result<AccessView> {
        self.on_access(id, |access| access.view()).await
    }

    /// A new key file as text.
    ///
    /// # Errors
    /// As [`Engine::access`].
    pub async fn access_text(
        &self,
        id: ClusterId,
        kind: AccessKind,
        role: AccessRole,
    ) -> Result<String> {
        self.on_access(id, move |access| access.text(kind, role))
            .await
    }

    /// Saves a new key file for the person alone.
    ///
    /// # Errors
    /// As [`Engine::access`], and when it cannot be written.
    pub async fn save_access(
        &self,
        id: ClusterId,
        kind: AccessKind,
        role: AccessRole,
        path: PathBuf,
    ) -> Result<String> {
        self.on_access(id, move |access| access.save(kind, role, &path))
            .await
    }

    /// Merges a new key into the person's own file; gives what is to be seen of it.
    ///
    /// # Errors
    /// As [`Engine::access`], and when the file cannot be merged into: it is then as it was.
    pub async fn merge_access(
        &self,
        id: ClusterId,
        kind: AccessKind,
        role: AccessRole,
    ) -> Result<AccessFile> {
        self.on_access(id, move |access| {
            let id = access.merge(kind, role)?;
            let files = access.view()?.files.into_iter();
            let mut files = files.filter(|file| file.id == id);
            files
                .next()
                .ok_or_else(|| internal("what was merged is not there"))
        })
        .await
    }

    /// Makes a new key where the old one is.
    ///
    /// # Errors
    /// As [`Engine::access`], and when the file cannot be written.
    pub async fn renew_access(&self, id: ClusterId, file: String) -> Result<()> {
        self.on_access(id, move |access| access.renew(&file)).await
    }

    /// Gives a file back exactly as it was before.
    ///
    /// # Errors
    /// As [`Engine::access`], and when the file was changed since.
    pub async fn undo_access(&self, id: ClusterId, file: String) -> Result<()> {
        self.on_access(id, move |access| access.undo(&file)).await
    }

    /// Forgets that a file was written.
    ///
    /// # Errors
    /// As [`Engine::access`].
    pub async fn forget_access(&self, id: ClusterId, file: String) -> Result<()> {
        self.on_access(id, move |access| access.forget(&file)).await
    }

    /// Saves a cluster's secrets for the person alone.
    ///
    /// # Errors
    /// As [`Engine::access`], and when the file cannot be written.
    pub async fn save_secrets(&self, id: ClusterId, path: PathBuf) -> Result<()> {
        self.on_access(id, move |access| {
            let text = access.to.bundle.parts().to_yaml();
            write_secrets(&path, &text)
        })
        .await
    }

    async fn on_access<T: Send + 'static>(
        &self,
        id: ClusterId,
        work: impl FnOnce(&mut Access<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let spec = self.cluster(id)?.spec;
        let ways = self.talos_ways(&spec);
        if spec.api.is_none() || spec.leave_in_maintenance {
            return Err(too_early());
        }
        let folder = self.cluster_folder(id)?;
        let (clock, at) = (self.clock.clone(), folder.clone());
        let version = spec.talos.clone();
        let reading =
            tokio::task::spawn_blocking(move || secrets::of_cluster(&at, &version, clock.as_ref()));
        let bundle = reading.await.map_err(internal)??;
        let to = AccessTo::of(&spec, bundle, ways).ok_or_else(too_early)?;
        self.with_access(to, folder, work).await
    }
}

/// The network of the cluster is not there yet, so nobody knows an address.
fn too_early() -> EngineError {
    let reason = wire_name(ClusterDenied::NotFormed);
    Problem::new(ErrorCode::ClusterDenied, params! { "reason" => reason })
        .with_remedy(Remedy::Retry)
        .into()
}

fn write_secrets(path: &Path, text: &str) -> Result<()> {
    let look = Look::at(path).map_err(super::problem)?;
    let look = Look {
        mode: 0o600,
        ..look
    };
    personal::replace(&look, text, &super::fresh_id(), false).map_err(super::problem)
}

/// What a person's file holds of a cluster's secrets.
///
/// # Errors
/// When it cannot be read, or holds none; quotes nothing of it.
pub async fn look_into_secrets(path: PathBuf) -> Result<SecretsSeen> {
    let looking = tokio::task::spawn_blocking(move || seen(&path, Timestamp::now()));
    looking.await.map_err(internal)?
}

fn seen(path: &Path, now: Timestamp) -> Result<SecretsSeen> {
    Ok(read_file(path)?.seen(now))
}

/// The secrets in a person's file, complete or not.
///
/// # Errors
/// When it cannot be read, or holds none; quotes nothing of it.
pub(crate) fn read_file(path: &Path) -> Result<SecretsRead> {
    let unreadable = |reason: String| -> EngineError {
        Problem::new(
            ErrorCode::SecretsUnreadable,
            params! { "path" => path.display() },
        )
        .with_detail(reason)
        .with_remedy(Remedy::ChooseAnother)
        .into()
    };
    let at = |source: std::io::Error| EngineError::from(file_problem(path, &source));
    if std::fs::metadata(path).map_err(at)?.len() > LARGEST {
        return Err(unreadable(
            "it is larger than any file of secrets".to_owned(),
        ));
    }
    let bytes = std::fs::read(path).map_err(at)?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable("it is no text".to_owned()))?;
    read_secrets(&text).map_err(|error| unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn golden() -> String {
        let root = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/fixtures/talos/golden/"
        );
        std::fs::read_to_string(format!("{root}secrets/lab.yaml")).unwrap()
    }

    #[test]
    fn secrets_are_saved_for_the_person_alone_and_come_back() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("lab.secrets.yaml");
        std::fs::write(&path, "older").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        write_secrets(&path, &golden()).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 1);
        let seen = seen(&path, Timestamp::now()).unwrap();
        assert_eq!((seen.faults.len(), seen.authorities.len()), (0, 4));
    }

    #[test]
    fn what_holds_no_secrets_says_so_without_quoting() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("x");
        for text in [&b"hush: hush-hush\n"[..], b"\xff\xfe", b"secrets: ["] {
            std::fs::write(&path, text).unwrap();
            let problem = seen(&path, Timestamp::now()).unwrap_err().problem();
            assert_eq!(problem.code, ErrorCode::SecretsUnreadable);
            assert!(!format!("{problem:?}").contains("hush-hush"));
        }
        let gone = seen(&temp.path().join("gone"), Timestamp::now()).unwrap_err();
        assert_eq!(gone.problem().code, ErrorCode::File);
    }
}
