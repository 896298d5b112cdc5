//! What both forms have in common.

use super::{Make, document, parts};
use crate::Contract;
use crate::config::{Mirror, Options};
use crate::pki::to_base64;
use crate::yaml::Node;

/// Keeps ordinary load balancers from sending traffic to control planes.
pub(super) const EXCLUDE_FROM_LOAD_BALANCERS: &str =
    "node.kubernetes.io/exclude-from-external-load-balancers";

impl Make<'_> {
    /// The main document down to the machine's features, which the two forms do differently.
    pub(super) fn main(&self) -> Node {
        let mut node = Node::map([
            ("version", Node::text("v1alpha1")),
            ("debug", Node::bare(self.options.debug)),
            ("persist", Node::bare(self.options.persist)),
        ]);
        node.set("machine", self.machine());
        node
    }

    fn machine(&self) -> Node {
        Node::map([
            ("type", Node::text(self.role.as_str())),
            ("token", Node::text(self.secrets.trustd_token.expose())),
            ("ca", self.ca(self.secrets.os.as_ref())),
            ("certSANs", Node::texts(&self.options.additional_sans)),
        ])
    }

    /// An authority in base64; workers get the certificate alone.
    pub(super) fn ca(&self, ca: Option<&crate::pki::CaParts>) -> Node {
        let ca = parts(ca);
        let key = match self.is_control_plane() {
            true => to_base64(ca.key.expose()),
            false => String::new(),
        };
        Node::map([
            ("crt", Node::text(to_base64(&ca.crt))),
            ("key", Node::text(key)),
        ])
    }

    /// The documents for registries, sorted by registry.
    pub(super) fn registry_documents(&self) -> Vec<Node> {
        let mut mirrors: Vec<_> = self.options.registry_mirrors.iter().collect();
        mirrors.sort_by(|a, b| a.registry.cmp(&b.registry));
        let mirrors = mirrors.into_iter().map(mirror_document);
        let mut trust: Vec<_> = self.options.registry_trust.iter().collect();
        trust.sort_by(|a, b| a.registry.cmp(&b.registry));
        let trust = trust.into_iter().map(|trust| {
            let mut node = document("RegistryTLSConfig", [("name", Node::text(&trust.registry))]);
            if !trust.ca.is_empty() {
                node.set("ca", Node::text(&trust.ca));
            }
            if trust.insecure {
                node.set("insecureSkipVerify", Node::bare(true));
            }
            node
        });
        mirrors.chain(trust).collect()
    }
}

/// The document of one mirror.
pub(in crate::config) fn mirror_document(mirror: &Mirror) -> Node {
    let endpoint = |url: &String| Node::map([("url", Node::text(url))]);
    let endpoints = mirror.endpoints.iter().map(endpoint).collect();
    document(
        "RegistryMirrorConfig",
        [
            ("name", Node::text(&mirror.registry)),
            ("endpoints", Node::list(endpoints)),
        ],
    )
}

pub(super) fn kubernetes_image(options: &Options, component: &str) -> Node {
    let version = &options.kubernetes_version;
    Node::text(format!("registry.k8s.io/{component}:v{version}"))
}

pub(super) fn kubelet_image(options: &Options) -> Node {
    let version = &options.kubernetes_version;
    Node::text(format!("ghcr.io/siderolabs/kubelet:v{version}"))
}

pub(super) fn hostname_document() -> Node {
    document("HostnameConfig", [("auto", Node::text("stable"))])
}

pub(super) fn kube_span_document() -> Node {
    document("KubeSpanConfig", [("enabled", Node::bare(true))])
}

/// Pods may not do what endangers the node, except in the system's own namespace.
pub(super) fn pod_security() -> Node {
    let latest = || Node::text("latest");
    Node::map([
        (
            "apiVersion",
            Node::text("pod-security.admission.config.k8s.io/v1alpha1"),
        ),
        (
            "defaults",
            Node::map([
                ("audit", Node::text("restricted")),
                ("audit-version", latest()),
                ("enforce", Node::text("baseline")),
                ("enforce-version", latest()),
                ("warn", Node::text("restricted")),
                ("warn-version", latest()),
            ]),
        ),
        (
            "exemptions",
            Node::map([
                ("namespaces", Node::texts(&["kube-system"])),
                ("runtimeClasses", Node::list(Vec::new())),
                ("usernames", Node::list(Vec::new())),
            ]),
        ),
        ("kind", Node::text("PodSecurityConfiguration")),
    ])
}

pub(super) fn audit_policy() -> Node {
    Node::map([
        ("apiVersion", Node::text("audit.k8s.io/v1")),
        ("kind", Node::text("Policy")),
        (
            "rules",
            Node::list(vec![Node::map([("level", Node::text("Metadata"))])]),
        ),
    ])
}

pub(super) fn sysctls(options: &Options) -> Node {
    let mut node = Node::empty_map();
    let mut sorted: Vec<_> = options.sysctls.iter().collect();
    sorted.sort();
    for (key, value) in sorted {
        node.set(key, Node::text(value));
    }
    node
}

/// True when the version keeps this setting in a document of its own.
pub(super) fn by_document(options: &Options, since: Contract) -> bool {
    options.contract >= since
}
