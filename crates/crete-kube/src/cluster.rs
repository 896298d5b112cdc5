//! The API of one cluster.

use crate::connect::{Dial, client};
use crate::error::KubeError;
use crate::health::{NodeState, PodState};
use crate::kubeconfig::Access;
use crate::manifest::{Document, Reference, read};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::Api;
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// Who says that it wants a field to be so.
const MANAGER: &str = "crete";
/// Where the pods of the system are.
const SYSTEM: &str = "kube-system";
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The API of one cluster, as its administrator.
#[derive(Clone)]
pub struct Cluster {
    client: kube::Client,
    patience: Duration,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cluster")
    }
}

impl Cluster {
    /// The cluster that a kubeconfig's current context names, reached as `dial` does. Nothing is
    /// sent yet.
    ///
    /// # Errors
    /// When the kubeconfig cannot be used.
    pub fn new(kubeconfig: &[u8], dial: Arc<dyn Dial>) -> Result<Self, KubeError> {
        Ok(Self {
            client: client(Access::read(kubeconfig)?, dial),
            patience: PATIENCE,
        })
    }

    /// The same with another patience for answers.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    async fn answer<T>(
        &self,
        call: &'static str,
        asking: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, KubeError> {
        match tokio::time::timeout(self.patience, asking).await {
            Ok(answer) => answer.map_err(|error| KubeError::of(call, error)),
            Err(_) => Err(KubeError::Silent {
                call,
                within: self.patience,
            }),
        }
    }

    /// The version of the API server, with `v`.
    ///
    /// # Errors
    /// When no answer can be had.
    pub async fn version(&self) -> Result<String, KubeError> {
        let asking = self.client.apiserver_version();
        let info = self.answer("the version", asking).await?;
        Ok(info.git_version)
    }

    /// The nodes, by name.
    ///
    /// # Errors
    /// When no answer can be had.
    pub async fn nodes(&self) -> Result<Vec<NodeState>, KubeError> {
        let nodes: Api<Node> = Api::all(self.client.clone());
        let everything = ListParams::default();
        let list = self.answer("the nodes", nodes.list(&everything)).await?;
        let mut nodes: Vec<NodeState> = list.items.into_iter().map(NodeState::of).collect();
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(nodes)
    }

    /// The pods of the system, by name.
    ///
    /// # Errors
    /// When no answer can be had.
    pub async fn system_pods(&self) -> Result<Vec<PodState>, KubeError> {
        self.pods(SYSTEM).await
    }

    /// The pods of a namespace, by name.
    ///
    /// # Errors
    /// When no answer can be had.
    pub async fn pods(&self, namespace: &str) -> Result<Vec<PodState>, KubeError> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let everything = ListParams::default();
        let list = self.answer("the pods", pods.list(&everything)).await?;
        let mut pods: Vec<PodState> = list.items.into_iter().map(PodState::of).collect();
        pods.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(pods)
    }

    /// Forgets a node; false when it was not known.
    ///
    /// # Errors
    /// When Kubernetes refuses, or no answer can be had.
    pub async fn delete_node(&self, name: &str) -> Result<bool, KubeError> {
        let nodes: Api<Node> = Api::all(self.client.clone());
        let how = DeleteParams::default();
        match self
            .answer("deleting a node", nodes.delete(name, &how))
            .await
        {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn objects(&self, document: &Document) -> Api<DynamicObject> {
        let namespace = &document.reference.namespace;
        match namespace.is_empty() {
            true => Api::all_with(self.client.clone(), &document.resource),
            false => Api::namespaced_with(self.client.clone(), namespace, &document.resource),
        }
    }

    /// Makes everything in a manifest be as it says, document by document: server-side apply.
    ///
    /// # Errors
    /// When the manifest cannot be read, or Kubernetes refuses a document; those before it are as
    /// they say.
    pub async fn apply(&self, manifest: &str) -> Result<Vec<Reference>, KubeError> {
        let mut done = Vec::new();
        for document in read(manifest)? {
            let objects = self.objects(&document);
            let name = document.reference.name.clone();
            // Crete's own manifests are Crete's: what others changed in them goes back.
            let how = PatchParams::apply(MANAGER).force();
            let patch = Patch::Apply(&document.object);
            self.answer("applying a manifest", objects.patch(&name, &how, &patch))
                .await?;
            done.push(document.reference);
        }
        Ok(done)
    }

    /// Deletes everything in a manifest, last document first. What is gone is gone.
    ///
    /// # Errors
    /// When the manifest cannot be read, or Kubernetes refuses.
    pub async fn delete(&self, manifest: &str) -> Result<(), KubeError> {
        for document in read(manifest)?.into_iter().rev() {
            let objects = self.objects(&document);
            let how = DeleteParams::background();
            let name = &document.reference.name;
            match self
                .answer("deleting a manifest", objects.delete(name, &how))
                .await
            {
                Ok(_) => {}
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// An object as it is; nothing when there is none.
    ///
    /// # Errors
    /// When the manifest cannot be read, or no answer can be had.
    pub async fn get(&self, manifest: &str) -> Result<Option<serde_json::Value>, KubeError> {
        let Some(document) = read(manifest)?.into_iter().next() else {
            return Ok(None);
        };
        let asking = self.objects(&document);
        let found = asking.get_opt(&document.reference.name);
        let found = self.answer("an object", found).await?;
        let value = found.map(serde_json::to_value);
        value.transpose().map_err(|error| KubeError::Manifest {
            document: 1,
            reason: error.to_string(),
        })
    }
}
