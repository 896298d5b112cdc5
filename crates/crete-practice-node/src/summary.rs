//! What a screen in front of the machine shows, as the dashboard of a real node does.

use crate::boot::{Boot, Stage};
use crate::identity::{Given, Prefix};
use crate::resources::{kinds, runtime};
use std::net::IpAddr;

/// The node at a glance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// `v1.13.9`, as the node says it.
    pub version: String,
    /// The host name.
    pub hostname: Option<String>,
    /// `Booting`, `Maintenance` and the like.
    pub stage: String,
    /// True when nothing is waited for.
    pub ready: bool,
    /// The cluster's name.
    pub cluster: Option<String>,
    /// `controlplane` or `worker`; nothing without a configuration.
    pub role: Option<&'static str>,
    /// Version of Kubernetes.
    pub kubernetes: Option<String>,
    /// Services and pods that are part of being a node, with what is known of them: up or not.
    pub parts: Vec<(String, bool)>,
    /// Nodes of the cluster.
    pub members: usize,
    /// Addresses that others can reach.
    pub addresses: Vec<Prefix>,
    /// The router.
    pub gateway: Option<IpAddr>,
}

fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Unknown => "Unknown",
        Stage::Booting => "Booting",
        Stage::Installing => "Installing",
        Stage::Maintenance => "Maintenance",
        Stage::Running => "Running",
        Stage::Rebooting => "Rebooting",
        Stage::ShuttingDown => "Shutting down",
        Stage::Resetting => "Resetting",
        Stage::Upgrading => "Upgrading",
    }
}

impl Boot {
    /// Shows the node as it is now.
    pub(crate) fn summarize(&self) {
        let summary = self.summary_now();
        self.show_summary(summary);
    }

    fn summary_now(&self) -> Summary {
        let pods = self.store.list(kinds::STATIC_POD_STATUS);
        let members = self.store.list(kinds::MEMBER).len();
        let given = match self.has_address() {
            true => self.machine.identity.network.get(),
            false => Given::default(),
        };
        let state = self.state();
        let settings = state.settings.as_deref();
        let up = |id: &str| (id.to_owned(), state.is_up(id));
        let mut parts = vec![up("apid")];
        if let Some(settings) = settings {
            parts.push(up("kubelet"));
            if settings.is_control_plane() {
                parts.extend([up("etcd"), up("trustd")]);
            }
        }
        parts.extend(pods.iter().map(|pod| {
            let name = pod
                .id
                .split_once('/')
                .map_or(pod.id.as_str(), |(_, name)| name);
            (name.to_owned(), runtime::is_ready(&pod.spec))
        }));
        Summary {
            version: self.tag(),
            hostname: state.hostname.clone(),
            stage: word(state.stage).to_owned(),
            ready: state.is_ready(),
            cluster: settings.map(|settings| settings.cluster_name.clone()),
            role: settings.map(|settings| match settings.is_control_plane() {
                true => "controlplane",
                false => "worker",
            }),
            kubernetes: settings.map(|settings| settings.kubernetes_version()),
            parts,
            members,
            addresses: given.addresses,
            gateway: given.gateway,
        }
    }
}
