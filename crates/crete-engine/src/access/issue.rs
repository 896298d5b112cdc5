//! New client certificates and the files around them. Pure, but for the time and randomness it is
//! given: no machine is asked.

use crate::error::{Result, internal};
use crete_model::{AccessKind, AccessRole, AuthorityOf, AuthorityView, ClusterSpec};
use crete_talos::pki::{
    Bundle, CaParts, Certificate, ClientCertificate, Entropy, KUBERNETES_ADMIN, Kubeconfig,
    PkiError, Role, Talosconfig, Validity, merge_kubeconfig, merge_talosconfig, renew_kubeconfig,
    renew_talosconfig,
};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// A cluster as access files name it.
#[derive(Debug, Clone)]
pub struct AccessTo {
    /// Its name, which contexts get.
    pub name: String,
    /// Its secrets.
    pub bundle: Bundle,
    /// Where its Talos APIs are reached from this computer, each with or without a port.
    pub talos: Vec<String>,
    /// The machines that a command means when it names none.
    pub nodes: Vec<String>,
    /// Where Kubernetes is reached from this computer: `https://127.0.0.1:6443`.
    pub kubernetes: String,
}

impl AccessTo {
    /// A cluster of this engine; nothing before its network is there, as nobody knows an address.
    pub(crate) fn of(
        spec: &ClusterSpec,
        bundle: Bundle,
        (talos, nodes): (Vec<String>, Vec<String>),
    ) -> Option<Self> {
        let api = spec.api.as_ref()?;
        Some(Self {
            name: spec.name.clone(),
            bundle,
            talos,
            nodes,
            kubernetes: format!("https://{}:{}", api.outside, api.outside_port),
        })
    }
}

/// A new file.
#[derive(Debug, Clone)]
pub(crate) enum Issued {
    Talos(Talosconfig),
    Kubernetes(Kubeconfig),
}

impl Issued {
    /// The whole as a file of its own. Holds a secret.
    pub fn text(&self) -> String {
        match self {
            Self::Talos(file) => file.to_yaml(),
            Self::Kubernetes(file) => file.to_yaml(),
        }
    }

    /// Which file it is.
    pub fn kind(&self) -> AccessKind {
        match self {
            Self::Talos(_) => AccessKind::Talosconfig,
            Self::Kubernetes(_) => AccessKind::Kubeconfig,
        }
    }

    /// Puts it into a text that is there, in place of the context `old` where that is given. Gives
    /// the new text and its name there.
    ///
    /// # Errors
    /// When the text cannot be read.
    pub fn merged(
        &self,
        existing: &str,
        old: Option<&str>,
    ) -> std::result::Result<(String, String), PkiError> {
        match self {
            Self::Talos(ours) => {
                let merged = match old {
                    Some(old) => renew_talosconfig(existing, old, ours),
                    None => merge_talosconfig(existing, ours),
                };
                merged.map(|(text, mut names)| (text, names.pop().unwrap_or_default()))
            }
            Self::Kubernetes(ours) => match old {
                Some(old) => renew_kubeconfig(existing, old, ours),
                None => merge_kubeconfig(existing, ours),
            },
        }
    }

    /// The context's name in it.
    pub fn context(&self) -> String {
        match self {
            Self::Talos(file) => file.context.clone(),
            Self::Kubernetes(file) => format!("admin@{}", file.cluster),
        }
    }
}

/// Issues a certificate and puts it into a file.
///
/// # Errors
/// For a reader of Kubernetes, which certificates cannot make; a defect otherwise.
pub(crate) fn issue(
    to: &AccessTo,
    kind: AccessKind,
    role: AccessRole,
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> Result<Issued> {
    let bundle = &to.bundle;
    let client = match (kind, role) {
        (AccessKind::Talosconfig, role) => {
            let authority = bundle.talos_authority().map_err(internal)?;
            let role = match role {
                AccessRole::Admin => Role::Admin,
                AccessRole::Reader => Role::Reader,
            };
            let roles = BTreeSet::from([role]);
            ClientCertificate::talos(&authority, &roles, Validity::CLIENT, now, entropy)
        }
        (AccessKind::Kubeconfig, AccessRole::Admin) => {
            let authority = bundle.kubernetes_authority().map_err(internal)?;
            ClientCertificate::kubernetes_admin(&authority, KUBERNETES_ADMIN, now, entropy)
        }
        (AccessKind::Kubeconfig, AccessRole::Reader) => {
            return Err(internal("a kubeconfig is the administrator's"));
        }
    };
    Ok(around(to, kind, role, &client.map_err(internal)?))
}

/// The file around a client's certificate.
pub(crate) fn around(
    to: &AccessTo,
    kind: AccessKind,
    role: AccessRole,
    client: &ClientCertificate,
) -> Issued {
    let authority = |ca: &Option<CaParts>| ca.as_ref().map(|ca| ca.crt.clone());
    let parts = to.bundle.parts();
    match kind {
        AccessKind::Talosconfig => {
            let name = match role {
                AccessRole::Admin => to.name.clone(),
                // Both may stand in one file.
                AccessRole::Reader => format!("{}-reader", to.name),
            };
            let authority = authority(&parts.os).unwrap_or_default();
            let mut made = Talosconfig::new(&name, &to.talos, &authority, client);
            for (_, context) in &mut made.contexts {
                context.nodes.clone_from(&to.nodes);
            }
            Issued::Talos(made)
        }
        AccessKind::Kubeconfig => Issued::Kubernetes(Kubeconfig {
            cluster: to.name.clone(),
            server: to.kubernetes.clone(),
            authority: authority(&parts.k8s).unwrap_or_default(),
            client: client.clone(),
        }),
    }
}

/// The authorities of a cluster, with their time.
pub(crate) fn authorities(parts: &crete_talos::pki::Parts, now: Timestamp) -> Vec<AuthorityView> {
    let all = [
        (AuthorityOf::Talos, &parts.os),
        (AuthorityOf::Kubernetes, &parts.k8s),
        (AuthorityOf::Etcd, &parts.etcd),
        (AuthorityOf::Aggregator, &parts.k8s_aggregator),
    ];
    all.into_iter()
        .filter_map(|(of, ca)| view(of, ca.as_ref()?, now))
        .collect()
}

fn view(of: AuthorityOf, ca: &CaParts, now: Timestamp) -> Option<AuthorityView> {
    let certificate = Certificate::parse("an authority", &ca.crt).ok()?;
    let lifetime = certificate.lifetime();
    Some(AuthorityView {
        of,
        expires_at: lifetime.not_after.to_string(),
        renew: lifetime.needs_renewal(now),
    })
}
