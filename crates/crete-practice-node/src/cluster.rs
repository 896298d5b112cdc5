//! Where the nodes of a cluster meet: discovery, trustd, etcd and Kubernetes, all of one process.
//!
//! ```text
//! node ─▶ affiliate (discovery)      control plane ─▶ trustd ─▶ certificates of workers
//!      ─▶ etcd: members, quorum, leader ─▶ Kubernetes: nodes and what runs on them
//! ```
//!
//! On real nodes each of these is a network service with a state of its own; here they share one
//! lock, so what a member writes the others see at once. What depends on who runs (quorum, leader,
//! API servers) is still decided by who runs.

mod etcd;
mod kubernetes;

pub(crate) use etcd::{Etcd, EtcdRefusal, Member};
pub(crate) use kubernetes::{KubeNode, Kubernetes, StaticPod};

use crate::certificates::Authority;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// What discovery tells of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Affiliate {
    pub addresses: Vec<IpAddr>,
    pub hostname: String,
    pub operating_system: String,
    pub control_plane: bool,
    pub api_server_port: u16,
    pub discovery: bool,
}

/// A control plane that signs certificates of workers.
#[derive(Debug, Clone)]
pub(crate) struct Trustd {
    pub token: String,
    pub authority: Arc<Authority>,
}

/// Everything of every cluster.
#[derive(Debug, Default)]
pub(crate) struct Meeting {
    /// By cluster id and node id.
    pub affiliates: BTreeMap<(String, String), Affiliate>,
    /// By cluster id and node id.
    pub trustd: BTreeMap<(String, String), Trustd>,
    /// By id. Bootstrapping twice makes two of one cluster, as on real nodes.
    pub etcds: BTreeMap<u64, Etcd>,
}

/// Where nodes find one another. Nodes that share one, and a configuration, become a cluster.
#[derive(Debug, Clone)]
pub struct ClusterRegistry {
    meeting: Arc<Mutex<Meeting>>,
    changed: Arc<watch::Sender<u64>>,
}

impl Default for ClusterRegistry {
    fn default() -> Self {
        Self {
            meeting: Arc::default(),
            changed: Arc::new(watch::Sender::new(0)),
        }
    }
}

impl ClusterRegistry {
    /// Looks.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Meeting) -> T) -> T {
        look(&self.meeting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes something, and tells everybody.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Meeting) -> T) -> T {
        let mut meeting = self.meeting.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut meeting);
        drop(meeting);
        self.changed.send_modify(|count| *count += 1);
        result
    }

    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Waits until a look finds something.
    pub(crate) async fn wait<T>(&self, mut look: impl FnMut(&Meeting) -> Option<T>) -> T {
        let mut changes = self.watch();
        loop {
            changes.borrow_and_update();
            if let Some(found) = self.look(&mut look) {
                return found;
            }
            // The sender is in `self`.
            let _ = changes.changed().await;
        }
    }
}

impl Meeting {
    /// An etcd of a cluster that has a quorum, which a new member can join.
    pub fn healthy_etcd(&self, cluster: &str) -> Option<u64> {
        let mut found = self
            .etcds
            .iter()
            .filter(|(_, etcd)| etcd.cluster == cluster);
        found.find(|(_, etcd)| etcd.has_quorum()).map(|(id, _)| *id)
    }

    /// An etcd of a cluster whose Kubernetes API answers.
    pub fn kubernetes(&self, cluster: &str) -> Option<u64> {
        let mut found = self
            .etcds
            .iter()
            .filter(|(_, etcd)| etcd.cluster == cluster);
        found
            .find(|(_, etcd)| etcd.has_quorum() && !etcd.kubernetes.api_servers.is_empty())
            .map(|(id, _)| *id)
    }

    /// The members of a cluster as one node sees them: without discovery, itself only.
    pub fn members(&self, cluster: &str, node_id: &str) -> Vec<(String, Affiliate)> {
        let all = self.affiliates.iter().filter(|((of, _), _)| of == cluster);
        let alone = self
            .affiliates
            .get(&(cluster.to_owned(), node_id.to_owned()))
            .is_none_or(|own| !own.discovery);
        let seen = all.filter(|((_, id), other)| id == node_id || (!alone && other.discovery));
        seen.map(|((_, id), one)| (id.clone(), one.clone()))
            .collect()
    }
}
