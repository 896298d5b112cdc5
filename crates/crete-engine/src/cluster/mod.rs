//! Clusters: each is owned by exactly one task, the driver; the engine holds handles.
//!
//! ```text
//! draft ─▶ check ─▶ spec on disk ─▶ driver: look ─▶ decide ─▶ act ─▶ show ─▶ look …
//!                                     │       (pure)
//!                          ground (machines) · Talos · Kubernetes
//! ```
//!
//! The driver never goes by what it remembers: at every turn it looks at what is true and does the
//! next thing. So it may be ended anywhere and begun again.

mod acts;
mod asks;
mod board;
mod causes;
mod change;
mod check;
mod cidr;
mod commands;
mod configure;
mod course;
mod draft;
mod driver;
mod errand;
mod ground;
mod health;
mod keys;
mod kube;
mod life;
mod looker;
mod origins;
mod ours;
mod plan;
mod progress;
mod recipe;
mod requests;
mod rollout;
mod sample;
pub(crate) mod secrets;
mod sight;
mod steps;
mod stuck;
mod view;
mod wake;
mod work;

pub use ground::{Ground, GroundResult, ImageSight, MachineSight, Place, Power};
pub use sample::sample_text;

use crate::error::{EngineError, Result};
use crate::{Engine, store};
use crete_model::{
    ClusterDenied, ClusterDraft, ClusterId, ClusterSpec, ClusterView, ClusterWork, ErrorCode,
    JobId, MachineId, NodeRole, Params, Problem, Remedy, params,
};
use driver::Driver;
use requests::{Ask, Handle};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// Requests that may wait for a driver.
const REQUESTS: usize = 16;

/// The handles of all drivers.
#[derive(Debug, Default)]
pub(crate) struct Clusters(Mutex<HashMap<ClusterId, Handle>>);

impl Clusters {
    fn lock(&self) -> MutexGuard<'_, HashMap<ClusterId, Handle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A refusal by a cluster's state.
fn denied(reason: ClusterDenied) -> EngineError {
    Problem::new(
        ErrorCode::ClusterDenied,
        params! { "reason" => crate::error::wire_name(reason) },
    )
    .with_remedy(Remedy::Retry)
    .into()
}

impl Engine {
    pub(crate) fn cluster(&self, id: ClusterId) -> Result<ClusterView> {
        let missing = || EngineError::NotFound {
            kind: "cluster",
            id: id.to_string(),
        };
        self.clusters.get(&id.to_string()).ok_or_else(missing)
    }

    /// The name of the cluster that a machine belongs to.
    pub(crate) fn cluster_of(&self, machine: MachineId) -> Option<String> {
        let clusters = self.clusters.all().into_iter();
        let mut own = clusters.filter(|view| view.spec.node(machine).is_some());
        own.next().map(|view| view.spec.name)
    }

    /// What clusters of this engine stand on.
    fn ground(&self) -> Arc<dyn Ground> {
        match &self.cluster_ground {
            Some(ground) => Arc::clone(ground),
            None => Arc::new(ours::OwnMachines(self.clone())),
        }
    }

    /// Sends a request to a cluster's driver and waits for what it decides.
    async fn ask_cluster<T>(
        &self,
        id: ClusterId,
        ask: impl FnOnce(oneshot::Sender<Result<T>>) -> Ask,
    ) -> Result<T> {
        let gone = || EngineError::NotFound {
            kind: "cluster",
            id: id.to_string(),
        };
        let handle = self.handles_of_clusters.lock().get(&id).cloned();
        let (answer, decided) = oneshot::channel();
        let handle = handle.ok_or_else(gone)?;
        handle.send(ask(answer)).await.map_err(|_| gone())?;
        decided.await.map_err(|_| gone())?
    }

    /// Creates a cluster; the job tells how far it is, until it is healthy.
    ///
    /// # Errors
    /// Field by field when the draft is not acceptable, and when this computer cannot carry it.
    pub fn create_cluster(&self, draft: &ClusterDraft) -> Result<(ClusterId, JobId)> {
        let fields = self.check_cluster(draft);
        if !fields.is_empty() {
            return Err(EngineError::Invalid(fields));
        }
        let given = match draft.secrets_file.trim() {
            "" => None,
            path => Some(
                secrets::from_file(Path::new(path))
                    .map_err(|reason| EngineError::Invalid(vec![check::not_secrets(reason)]))?,
            ),
        };
        let missing = || EngineError::NotFound {
            kind: "image",
            id: draft.name.clone(),
        };
        let mut spec = self.spec_of_draft(draft).ok_or_else(missing)?;
        spec.begun = Some(ClusterWork::Create);
        self.check_budget(plan::total(&spec.nodes))?;
        let id = spec.id;
        if let Some(bundle) = given {
            // Before the record: whoever finds a cluster without secrets makes new ones.
            secrets::bring(&self.roots.cluster(id), &bundle)?;
        }
        store::create(&self.roots.cluster(id), &spec)?;
        let job = self.take_up_cluster(spec);
        Ok((id, job.ok_or_else(|| denied(ClusterDenied::Busy))?))
    }

    /// Reads all clusters and puts drivers in charge of them.
    pub(crate) fn load_clusters(&self) -> Result<()> {
        for found in store::list::<ClusterSpec>(&self.roots.clusters())? {
            self.load_cluster(&found.folder, found.record);
        }
        Ok(())
    }

    /// Reads a cluster's folder.
    pub(crate) fn load_cluster(&self, folder: &Path, record: Result<ClusterSpec>) {
        match record {
            Ok(spec) => drop(self.take_up_cluster(spec)),
            Err(error) => self.show_broken("clusters", folder, &error),
        }
    }

    /// Puts a driver in charge of a cluster; gives the job of the work that is open.
    fn take_up_cluster(&self, spec: ClusterSpec) -> Option<JobId> {
        let (requests, incoming) = mpsc::channel(REQUESTS);
        self.handles_of_clusters.lock().insert(spec.id, requests);
        let mut driver = Driver::new(self, spec, self.ground(), incoming);
        // Shown before this returns, so that whoever made it can ask for it at once.
        driver.show();
        let job = driver.job();
        self.tasks.spawn(driver.run());
        job
    }

    /// Starts a cluster; no job when it is on already.
    ///
    /// # Errors
    /// When its state does not allow it.
    pub async fn start_cluster(&self, id: ClusterId) -> Result<Option<JobId>> {
        self.ask_cluster(id, |answer| Ask::Start { answer }).await
    }

    /// Stops a cluster, workers first.
    ///
    /// # Errors
    /// When its state does not allow it.
    pub async fn stop_cluster(&self, id: ClusterId) -> Result<Option<JobId>> {
        self.ask_cluster(id, |answer| Ask::Stop { answer }).await
    }

    /// Stops a cluster and starts it again.
    ///
    /// # Errors
    /// When its state does not allow it.
    pub async fn restart_cluster(&self, id: ClusterId) -> Result<Option<JobId>> {
        self.ask_cluster(id, |answer| Ask::Restart { answer }).await
    }

    /// Gives up creating a cluster and takes away what was made. The image stays in the library.
    ///
    /// # Errors
    /// When it was healthy already.
    pub async fn cancel_cluster(&self, id: ClusterId) -> Result<()> {
        self.ask_cluster(id, |answer| Ask::Cancel { answer }).await
    }

    /// Lets a cluster be looked at now.
    ///
    /// # Errors
    /// When there is no such cluster.
    pub fn look_at_cluster(&self, id: ClusterId) -> Result<()> {
        self.cluster(id)?;
        if let Some(handle) = self.handles_of_clusters.lock().get(&id) {
            // A full queue means that it looks anyway.
            let _ = handle.try_send(Ask::Look);
        }
        Ok(())
    }

    /// A cluster's folder.
    ///
    /// # Errors
    /// When there is no such cluster.
    pub fn cluster_folder(&self, id: ClusterId) -> Result<PathBuf> {
        self.cluster(id).map(|_| self.roots.cluster(id))
    }

    /// Where Talos is reached from this computer, and the machine that a command means when it names
    /// none: one alone, because a command such as a reset is for all that it means.
    pub(crate) fn talos_ways(&self, spec: &ClusterSpec) -> (Vec<String>, Vec<String>) {
        let ground = self.ground();
        let nodes = spec.of_role(NodeRole::ControlPlane);
        let addresses: Vec<String> = nodes
            .filter_map(|node| ground.look(node.machine)?.address)
            .collect();
        let first = addresses.first().cloned().into_iter().collect();
        let way = spec.api.as_ref().filter(|api| api.talos_port != 0);
        match way {
            Some(api) => (vec![format!("{}:{}", api.outside, api.talos_port)], first),
            None => (addresses, first),
        }
    }

    fn forget_cluster(&self, id: ClusterId) {
        let handle = self.handles_of_clusters.lock().remove(&id);
        drop(handle);
        self.clusters.remove(&id.to_string());
    }
}

/// A cancelled job's problem.
fn cancelled() -> Problem {
    Problem::new(ErrorCode::Cancelled, Params::new())
}

#[cfg(test)]
mod tests;
