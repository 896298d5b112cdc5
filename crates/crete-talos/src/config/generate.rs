//! The configurations of a new cluster, equal to what `talosctl gen config` of the version makes.

mod documents;
mod legacy;
mod shared;

use super::{Configuration, Document, Options};
use crate::Contract;
use crate::pki::{Bundle, CaParts, Parts};
use crate::yaml::Node;

pub(super) use shared::mirror_document;

/// What a machine is in its cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MachineRole {
    /// Runs etcd and the Kubernetes API.
    ControlPlane,
    /// Runs pods.
    Worker,
}

impl MachineRole {
    /// The name in configurations.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ControlPlane => "controlplane",
            Self::Worker => "worker",
        }
    }
}

/// Makes the configuration of all machines of a role.
#[must_use]
pub fn generate(options: &Options, bundle: &Bundle, role: MachineRole) -> Configuration {
    let make = Make {
        options,
        secrets: bundle.parts(),
        role,
    };
    let nodes = if options.contract >= Contract::V1_14 {
        make.documents()
    } else {
        make.legacy()
    };
    Configuration {
        documents: nodes.into_iter().map(|node| Document { node }).collect(),
    }
}

/// Everything a configuration is made of.
struct Make<'a> {
    options: &'a Options,
    secrets: &'a Parts,
    role: MachineRole,
}

impl Make<'_> {
    fn is_control_plane(&self) -> bool {
        self.role == MachineRole::ControlPlane
    }
}

/// The parts of an authority; a checked bundle has every one.
fn parts(ca: Option<&CaParts>) -> CaParts {
    ca.cloned().unwrap_or_default()
}

/// A document of a kind, its own keys to follow.
pub(super) fn document<const N: usize>(kind: &str, entries: [(&str, Node); N]) -> Node {
    let mut node = Node::map([
        ("apiVersion", Node::text("v1alpha1")),
        ("kind", Node::text(kind)),
    ]);
    for (key, value) in entries {
        node.set(key, value);
    }
    node
}
