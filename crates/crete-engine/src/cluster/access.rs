//! Files for a person's tools: kubeconfig and talosconfig, made at hand from the secrets, 0600.

use super::secrets;
use crate::Engine;
use crate::error::{Result, internal};
use crete_model::{ClusterId, ClusterSpec, NodeRole};
use crete_talos::pki::{
    Bundle, ClientCertificate, Kubeconfig, Role, SystemEntropy, Talosconfig, Validity,
};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Their names in a cluster's folder.
pub(super) const KUBECONFIG: &str = "kubeconfig";
pub(super) const TALOSCONFIG: &str = "talosconfig";

/// The kubeconfig of a cluster, as tools on this computer use it.
pub(super) fn kubeconfig(
    spec: &ClusterSpec,
    bundle: &Bundle,
    now: Timestamp,
) -> Result<Kubeconfig> {
    let api = spec
        .api
        .as_ref()
        .ok_or_else(|| internal("no endpoint yet"))?;
    let authority = bundle.kubernetes_authority().map_err(internal)?;
    let client =
        ClientCertificate::kubernetes_admin(&authority, Validity::CLIENT, now, &mut SystemEntropy);
    Ok(Kubeconfig {
        cluster: spec.name.clone(),
        server: format!("https://{}:{}", api.outside, api.outside_port),
        authority: authority.certificate_pem().to_owned(),
        client: client.map_err(internal)?,
    })
}

fn talosconfig(
    spec: &ClusterSpec,
    bundle: &Bundle,
    endpoints: &[String],
    now: Timestamp,
) -> Result<Talosconfig> {
    let authority = bundle.talos_authority().map_err(internal)?;
    let roles = BTreeSet::from([Role::Admin]);
    let client = ClientCertificate::talos(
        &authority,
        &roles,
        Validity::CLIENT,
        now,
        &mut SystemEntropy,
    );
    let client = client.map_err(internal)?;
    Ok(Talosconfig::new(
        &spec.name,
        endpoints,
        authority.certificate_pem(),
        &client,
    ))
}

/// Writes both files into a cluster's folder.
pub(super) fn write(
    folder: &Path,
    spec: &ClusterSpec,
    bundle: &Bundle,
    endpoints: &[String],
    now: Timestamp,
) -> Result<()> {
    let config = kubeconfig(spec, bundle, now)?;
    secrets::write_private(&folder.join(KUBECONFIG), &config.to_yaml())?;
    let config = talosconfig(spec, bundle, endpoints, now)?;
    secrets::write_private(&folder.join(TALOSCONFIG), &config.to_yaml())
}

impl Engine {
    /// Writes a kubeconfig into the cluster's folder; returns the file and the context in it.
    ///
    /// # Errors
    /// When there is no such cluster, it has no endpoint yet, or the file cannot be written.
    pub async fn write_kubeconfig(&self, id: ClusterId) -> Result<(PathBuf, String)> {
        let name = self.write_access(id).await?;
        Ok((
            self.roots.cluster(id).join(KUBECONFIG),
            format!("admin@{name}"),
        ))
    }

    /// Writes a talosconfig into the cluster's folder; returns the file and the context in it.
    ///
    /// # Errors
    /// As [`Engine::write_kubeconfig`].
    pub async fn write_talosconfig(&self, id: ClusterId) -> Result<(PathBuf, String)> {
        let name = self.write_access(id).await?;
        Ok((self.roots.cluster(id).join(TALOSCONFIG), name))
    }

    async fn write_access(&self, id: ClusterId) -> Result<String> {
        let spec = self.cluster(id)?.spec;
        let name = spec.name.clone();
        let endpoints = self.talos_endpoints(&spec);
        let (folder, clock) = (self.roots.cluster(id), self.clock.clone());
        let writing = tokio::task::spawn_blocking(move || {
            let bundle = secrets::of_cluster(&folder, &spec.talos, clock.as_ref())?;
            write(&folder, &spec, &bundle, &endpoints, clock.now())
        });
        writing.await.map_err(internal)??;
        Ok(name)
    }

    /// Addresses of the control planes, as their network gave them.
    pub(crate) fn talos_endpoints(&self, spec: &ClusterSpec) -> Vec<String> {
        let ground = self.ground();
        let nodes = spec.of_role(NodeRole::ControlPlane);
        nodes
            .filter_map(|node| ground.look(node.machine)?.address)
            .collect()
    }
}
