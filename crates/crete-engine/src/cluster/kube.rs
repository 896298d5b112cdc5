//! The cluster's Kubernetes API: one that answers, and what it tells.

use super::ground::Ground;
use crate::access::{AccessTo, issue};
use crate::error::{Result, internal};
use async_trait::async_trait;
use crete_kube::{Cluster, KubeError, NodeState, PodState};
use crete_model::{AccessKind, AccessRole, ClusterSpec, MachineId};
use crete_talos::pki::{Bundle, SystemEntropy};
use jiff::Timestamp;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// What Kubernetes tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct KubeSight {
    pub version: String,
    pub nodes: Vec<NodeState>,
    pub pods: Vec<PodState>,
}

impl KubeSight {
    pub fn node(&self, name: &str) -> Option<&NodeState> {
        self.nodes.iter().find(|node| node.name == name)
    }

    pub fn is_ready(&self, name: &str) -> bool {
        self.node(name).is_some_and(|node| node.ready == Some(true))
    }

    pub fn pods_of<'a>(&'a self, app: &'a str) -> impl Iterator<Item = &'a PodState> {
        self.pods.iter().filter(move |pod| pod.app == app)
    }
}

/// The way to a control plane's API server, as Kubernetes' client wants it.
#[derive(Debug)]
struct ToControlPlane(Arc<dyn crete_talos::api::Dial>);

#[async_trait]
impl crete_kube::Dial for ToControlPlane {
    async fn dial(&self) -> io::Result<Box<dyn crete_kube::Transport>> {
        Ok(Box::new(self.0.dial().await?))
    }
}

/// Clients of the control planes' API servers.
#[derive(Debug, Default)]
pub(super) struct KubeClients {
    kubeconfig: Option<(String, Vec<u8>)>,
    clients: Vec<(MachineId, Cluster)>,
}

/// The port of the API on control planes.
const PORT: u16 = super::plan::API_PORT;

impl KubeClients {
    /// Forgets everything: certificates are renewed, and control planes come and go.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// The client of one control plane.
    fn client(
        &mut self,
        machine: MachineId,
        (spec, bundle): (&ClusterSpec, &Bundle),
        ground: &dyn Ground,
        (now, patience): (Timestamp, Duration),
    ) -> Result<Cluster> {
        if let Some((_, client)) = self.clients.iter().find(|(id, _)| *id == machine) {
            return Ok(client.clone());
        }
        let endpoint = spec
            .api
            .as_ref()
            .map(|api| api.outside.clone())
            .unwrap_or_default();
        if self
            .kubeconfig
            .as_ref()
            .is_none_or(|(known, _)| *known != endpoint)
        {
            let to = AccessTo::of(spec, bundle.clone(), Default::default());
            let to = to.ok_or_else(|| internal("no endpoint yet"))?;
            let (kind, role) = (AccessKind::Kubeconfig, AccessRole::Admin);
            let text = issue(&to, kind, role, now, &mut SystemEntropy)?.text();
            self.kubeconfig = Some((endpoint, text.into_bytes()));
        }
        let text = self.kubeconfig.as_ref().map(|(_, text)| text.as_slice());
        let dial = Arc::new(ToControlPlane(ground.dial(machine, PORT)));
        let client =
            Cluster::new(text.unwrap_or_default(), dial).map_err(crate::error::internal)?;
        let client = client.with_patience(patience);
        self.clients.push((machine, client.clone()));
        Ok(client)
    }

    /// Clients of control planes, to be tried in turn.
    pub fn all(
        &mut self,
        control_planes: &[MachineId],
        given: (&ClusterSpec, &Bundle),
        ground: &dyn Ground,
        when: (Timestamp, Duration),
    ) -> Result<Vec<Cluster>> {
        let machines = control_planes.iter();
        machines
            .map(|machine| self.client(*machine, given, ground, when))
            .collect()
    }

    /// Asks control planes in turn until one answers; nothing when none does, with what the last
    /// one said.
    ///
    /// Read (facts 6.6): nodes, pods and their readiness are what `talosctl health` itself asks of
    /// Kubernetes, and with a CNI of one's own nodes are not ready before it is installed.
    pub async fn look(
        &mut self,
        control_planes: &[MachineId],
        given: (&ClusterSpec, &Bundle),
        ground: &dyn Ground,
        when: (Timestamp, Duration),
    ) -> std::result::Result<KubeSight, String> {
        let mut words = String::new();
        for machine in control_planes {
            let client = match self.client(*machine, given, ground, when) {
                Ok(client) => client,
                Err(error) => return Err(error.to_string()),
            };
            match ask(&client).await {
                Ok(sight) => return Ok(sight),
                Err(error) => words = error.to_string(),
            }
        }
        Err(words)
    }

    /// Forgets a node, by whichever control plane answers.
    pub async fn delete_node(
        &mut self,
        name: &str,
        control_planes: &[MachineId],
        given: (&ClusterSpec, &Bundle),
        ground: &dyn Ground,
        when: (Timestamp, Duration),
    ) -> std::result::Result<(), String> {
        let mut words = "no control plane answers".to_owned();
        for machine in control_planes {
            let client = self.client(*machine, given, ground, when);
            let client = client.map_err(|error| error.to_string())?;
            match client.delete_node(name).await {
                Ok(_) => return Ok(()),
                Err(error) => words = error.to_string(),
            }
        }
        Err(words)
    }
}

async fn ask(client: &Cluster) -> std::result::Result<KubeSight, KubeError> {
    let (version, nodes, pods) =
        tokio::join!(client.version(), client.nodes(), client.system_pods());
    Ok(KubeSight {
        version: version?,
        nodes: nodes?,
        pods: pods?,
    })
}
