//! Key files and secrets that are saved where the person chooses.

use super::{Router, page};
use crate::host::Host;
use crate::types::{AccessRequest, Saved, SecretText};
use crete_model::{AccessFile, AccessKind, AccessRole, ClusterId, Problem};

impl<H: Host> Router<H> {
    pub(super) async fn access_as_text(
        &self,
        request: AccessRequest,
    ) -> Result<SecretText, Problem> {
        let AccessRequest {
            cluster,
            kind,
            role,
        } = request;
        let text = page(self.engine().access_text(cluster, kind, role).await)?;
        Ok(SecretText { text })
    }

    pub(super) async fn merge_access(&self, request: AccessRequest) -> Result<AccessFile, Problem> {
        let AccessRequest {
            cluster,
            kind,
            role,
        } = request;
        page(self.engine().merge_access(cluster, kind, role).await)
    }

    pub(super) async fn save_access(&self, request: AccessRequest) -> Result<Saved, Problem> {
        let AccessRequest {
            cluster,
            kind,
            role,
        } = request;
        let engine = self.engine();
        let name = page(engine.cluster_name(cluster))?;
        let suggested = match (kind, role) {
            (AccessKind::Kubeconfig, _) => format!("{name}.kubeconfig"),
            (AccessKind::Talosconfig, AccessRole::Admin) => format!("{name}.talosconfig"),
            (AccessKind::Talosconfig, AccessRole::Reader) => format!("{name}-reader.talosconfig"),
        };
        let Some(path) = self.host.save_path(&suggested).await? else {
            return Ok(Saved { path: None });
        };
        let told = path.display().to_string();
        page(engine.save_access(cluster, kind, role, path).await)?;
        Ok(Saved { path: Some(told) })
    }

    pub(super) async fn save_secrets(&self, cluster: ClusterId) -> Result<Saved, Problem> {
        let engine = self.engine();
        let name = page(engine.cluster_name(cluster))?;
        let suggested = format!("{name}.secrets.yaml");
        let Some(path) = self.host.save_path(&suggested).await? else {
            return Ok(Saved { path: None });
        };
        let told = path.display().to_string();
        page(engine.save_secrets(cluster, path).await)?;
        Ok(Saved { path: Some(told) })
    }
}
