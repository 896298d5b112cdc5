//! Where the nodes of a cluster meet: discovery, trustd, etcd and Kubernetes, all in one.
//!
//! ```text
//! node ─▶ affiliate (discovery)      control plane ─▶ trustd ─▶ certificates of workers
//!      ─▶ etcd: members, quorum, leader ─▶ Kubernetes: nodes and what runs on them
//! ```
//!
//! On real nodes each of these is a network service with a state of its own; here they are one state,
//! of one process or, for machines with a network between them, of the practice service. What depends
//! on who runs (quorum, leader, API servers) is still decided by who runs.

mod etcd;
mod kubernetes;
mod letter;
mod registry;
mod remote;
mod service;

pub(crate) use etcd::{Etcd, EtcdRefusal, Member};
pub(crate) use kubernetes::{KubeNode, Kubernetes, StaticPod};
pub(crate) use letter::Will;
pub use registry::ClusterRegistry;
pub use remote::{Post, Remote};
pub use service::{LEASE, PracticeService};

use crate::settings::AuthorityParts;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What discovery tells of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Affiliate {
    pub addresses: Vec<IpAddr>,
    pub hostname: String,
    pub operating_system: String,
    pub control_plane: bool,
    pub api_server_port: u16,
    pub discovery: bool,
}

/// A control plane that signs certificates of workers. Here it hands its authority out, which a real
/// one would never do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trustd {
    pub token: String,
    pub authority: AuthorityParts,
}

/// Everything of every cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meeting {
    /// By cluster id and node id.
    #[serde(with = "pairs")]
    pub affiliates: BTreeMap<(String, String), Affiliate>,
    /// By cluster id and node id.
    #[serde(with = "pairs")]
    pub trustd: BTreeMap<(String, String), Trustd>,
    /// By id. Bootstrapping twice makes two of one cluster, as on real nodes.
    pub etcds: BTreeMap<u64, Etcd>,
}

impl Meeting {
    /// Changes something; an etcd that changes has been written to.
    pub fn settle<T>(&mut self, change: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.etcds.clone();
        let result = change(self);
        for (id, etcd) in &mut self.etcds {
            if before.get(id).is_some_and(|before| before != etcd) {
                etcd.index += 1;
            }
        }
        result
    }

    /// A machine is no longer there, from one moment to the next.
    pub fn leave(&mut self, will: &Will, now: Timestamp) {
        let key = (will.cluster.clone(), will.node_id.clone());
        self.affiliates.remove(&key);
        self.trustd.remove(&key);
        for (id, etcd) in &mut self.etcds {
            if let Some(data) = will.etcd.filter(|data| data.cluster == *id) {
                etcd.run(data.member, false);
            }
            if etcd.cluster == will.cluster {
                etcd.kubernetes.silence(&will.hostname, now);
            }
        }
    }

    /// Nobody else can be reached any more.
    pub fn forget_others(&mut self, own: Option<&Will>, now: Timestamp) {
        let key = own.map(|will| (will.cluster.clone(), will.node_id.clone()));
        self.affiliates.retain(|id, _| Some(id) == key.as_ref());
        self.trustd.retain(|id, _| Some(id) == key.as_ref());
        let member = own.and_then(|will| will.etcd).map(|data| data.member);
        let hostname = own.map(|will| will.hostname.as_str());
        for etcd in self.etcds.values_mut() {
            let others: Vec<u64> = etcd.running.iter().copied().collect();
            for other in others.into_iter().filter(|id| Some(*id) != member) {
                etcd.run(other, false);
            }
            let names: Vec<String> = etcd.kubernetes.nodes.keys().cloned().collect();
            for name in names.iter().filter(|name| Some(name.as_str()) != hostname) {
                etcd.kubernetes.silence(name, now);
            }
        }
    }

    /// A member brings back the data of its etcd, unless there is newer. Who runs, they say
    /// themselves.
    pub fn restore(&mut self, id: u64, kept: &Etcd, now: Timestamp) {
        let there = self.etcds.get(&id);
        if there.is_some_and(|there| there.index >= kept.index) {
            return;
        }
        let mut etcd = kept.clone();
        match there {
            Some(there) => {
                etcd.running.clone_from(&there.running);
                let servers = &there.kubernetes.api_servers;
                etcd.kubernetes.api_servers.clone_from(servers);
            }
            None => {
                etcd.running.clear();
                let names: Vec<String> = etcd.kubernetes.nodes.keys().cloned().collect();
                for name in names {
                    etcd.kubernetes.silence(&name, now);
                }
            }
        }
        etcd.elect();
        self.etcds.insert(id, etcd);
    }

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

/// Maps whose keys are no text, as lists of pairs: JSON knows no other keys.
mod pairs {
    use serde::de::{Deserialize, Deserializer};
    use serde::ser::{Serialize, Serializer};
    use std::collections::BTreeMap;

    pub fn serialize<K, V, S>(map: &BTreeMap<K, V>, serializer: S) -> Result<S::Ok, S::Error>
    where
        K: Serialize,
        V: Serialize,
        S: Serializer,
    {
        serializer.collect_seq(map)
    }

    pub fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(deserializer)?
            .into_iter()
            .collect())
    }
}
