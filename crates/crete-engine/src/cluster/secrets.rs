//! A cluster's secrets: in a file of their own beside its record, 0600 in a folder that is 0700.
//! They never appear in an error, a log or a view.

use crate::clock::Clock;
use crate::error::{EngineError, Result, internal};
use crate::paths::private_folder;
use crate::store;
use crete_failpoint::step;
use crete_model::{ErrorCode, Problem, Remedy, TalosVersion, params};
use crete_talos::Contract;
use crete_talos::api::ClusterTrust;
use crete_talos::pki::{
    Authority, Bundle, CaParts, ClientCertificate, Parts, PrivateKey, Role, Secret, SystemEntropy,
    Validity,
};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

pub(super) const FILE: &str = "secrets.yaml";

fn unusable(path: &Path, reason: impl std::fmt::Display) -> EngineError {
    Problem::new(
        ErrorCode::SecretsUnusable,
        params! { "path" => path.display() },
    )
    .with_detail(reason.to_string())
    .with_remedy(Remedy::OpenFolder {
        path: path.parent().unwrap_or(path).display().to_string(),
    })
    .into()
}

/// Writes a secret text with mode 0600, whole or not at all.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    let at = |source: io::Error| EngineError::File {
        path: path.to_owned(),
        source,
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    step!("cluster.secret_folder", private_folder(folder))?;
    let create = || {
        tempfile::Builder::new()
            .prefix(store::HALF)
            .permissions(fs::Permissions::from_mode(0o600))
            .tempfile_in(folder)
    };
    let mut file = step!("cluster.secret_create", create()).map_err(at)?;
    step!("cluster.secret_write", file.write_all(text.as_bytes())).map_err(at)?;
    step!("cluster.secret_sync", file.as_file().sync_all()).map_err(at)?;
    step!("cluster.secret_rename", file.persist(path)).map_err(|error| at(error.error))?;
    store::sync_folder(folder)
}

/// The secrets of a cluster, made when there are none. What was made once is never made again:
/// machines may have them already.
pub(crate) fn of_cluster(folder: &Path, talos: &TalosVersion, clock: &dyn Clock) -> Result<Bundle> {
    let path = folder.join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) => Bundle::parse(&text).map_err(|error| unusable(&path, error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let contract = Contract::of(talos).map_err(internal)?;
            let made = Bundle::generate(contract, clock.now(), &mut SystemEntropy);
            let made = made.map_err(|error| unusable(&path, error))?;
            write_private(&path, &made.parts().to_yaml())?;
            Ok(made)
        }
        Err(source) => Err(EngineError::File { path, source }),
    }
}

/// The secrets in a person's file, with which a cluster can be made.
///
/// # Errors
/// Why not, in words that quote nothing of it.
pub(super) fn from_file(path: &Path) -> std::result::Result<Bundle, String> {
    if !path.is_absolute() {
        return Err("it is no absolute path".to_owned());
    }
    let read = crate::access::read_file(path).map_err(|error| {
        let problem = error.problem();
        let code = || crate::error::wire_name(problem.code);
        problem.detail.clone().unwrap_or_else(code)
    })?;
    read.bundle().map_err(|error| error.to_string())
}

/// Writes the secrets that a person brought into the folder of a cluster that is about to be made.
pub(super) fn bring(folder: &Path, bundle: &Bundle) -> Result<()> {
    write_private(&folder.join(FILE), &bundle.parts().to_yaml())
}

/// Takes away what a program that was killed left of clusters that were never made: secrets that a
/// person brought, without the record of their cluster. The person has them still.
pub(crate) fn sweep(clusters: &Path) {
    for entry in fs::read_dir(clusters).into_iter().flatten().flatten() {
        let folder = entry.path();
        let only_secrets = folder.join(FILE).exists()
            && fs::read_dir(&folder).is_ok_and(|entries| entries.count() == 1);
        if only_secrets {
            let _ = step!("cluster.sweep", fs::remove_file(folder.join(FILE)));
            let _ = fs::remove_dir(&folder);
        }
    }
}

/// Whom nodes of a cluster believe, and who we are to them: a certificate made at hand.
pub(super) fn trust(bundle: &Bundle, now: Timestamp) -> Result<ClusterTrust> {
    let authority = bundle.talos_authority().map_err(internal)?;
    let roles = BTreeSet::from([Role::Admin]);
    let client = ClientCertificate::talos(
        &authority,
        &roles,
        Validity::CLIENT,
        now,
        &mut SystemEntropy,
    );
    Ok(ClusterTrust {
        authority: authority.certificate_pem().to_owned(),
        client: client.map_err(internal)?,
    })
}

/// Secrets that no machine will ever have, to judge what a draft would become. A large key would
/// take seconds and tell nothing.
pub(super) fn nobodys() -> Result<Bundle> {
    let now = Timestamp::now();
    let mut entropy = SystemEntropy;
    let authority = |key: std::result::Result<PrivateKey, crete_talos::pki::PkiError>| {
        let made = Authority::generate("nobody", key.map_err(internal)?, now, &mut SystemEntropy);
        let made = made.map_err(internal)?;
        Ok::<_, EngineError>(Some(CaParts {
            crt: made.certificate_pem().to_owned(),
            key: made.key().pem().clone(),
        }))
    };
    let id = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let account = PrivateKey::p256(&mut entropy).map_err(internal)?;
    let parts = Parts {
        cluster_id: id.to_owned(),
        cluster_secret: Secret::new(id),
        bootstrap_token: Secret::new("aaaaaa.aaaaaaaaaaaaaaaa"),
        secretbox_encryption_secret: Secret::new(id),
        aescbc_encryption_secret: Secret::default(),
        trustd_token: Secret::new("aaaaaa.aaaaaaaaaaaaaaaa"),
        etcd: authority(PrivateKey::p256(&mut entropy))?,
        k8s: authority(PrivateKey::p256(&mut entropy))?,
        k8s_aggregator: authority(PrivateKey::p256(&mut entropy))?,
        k8s_service_account: Some(account.pem().clone()),
        os: authority(PrivateKey::ed25519(&mut entropy))?,
    };
    parts.check().map_err(internal)
}
