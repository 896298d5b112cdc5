//! The file with which `kubectl`, and people, reach a cluster.

use super::talosconfig::free_name;
use super::{ClientCertificate, PkiError, pem};
use crate::yaml::{self, Kind, Node};

/// A `kubeconfig` for the administrator of one cluster, as Talos hands it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kubeconfig {
    /// The cluster's name; the user is `admin@` and this.
    pub cluster: String,
    /// Where the API server is reached. May be another address than the configured endpoint.
    pub server: String,
    /// Kubernetes' authorities, PEM.
    pub authority: String,
    /// The administrator's certificate.
    pub client: ClientCertificate,
}

impl Kubeconfig {
    fn user(&self) -> String {
        format!("admin@{}", self.cluster)
    }

    /// Writes the file.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let user = self.user();
        yaml::emit(&Node::map([
            ("apiVersion", Node::text("v1")),
            ("kind", Node::text("Config")),
            (
                "clusters",
                Node::list(vec![self.cluster_entry(&self.cluster)]),
            ),
            ("users", Node::list(vec![self.user_entry(&user)])),
            (
                "contexts",
                Node::list(vec![context_entry(&user, &self.cluster, &user)]),
            ),
            ("current-context", Node::text(user)),
        ]))
    }

    fn cluster_entry(&self, name: &str) -> Node {
        Node::map([
            ("name", Node::text(name)),
            (
                "cluster",
                Node::map([
                    ("server", Node::text(&self.server)),
                    (
                        "certificate-authority-data",
                        Node::text(pem::to_base64(&self.authority)),
                    ),
                ]),
            ),
        ])
    }

    fn user_entry(&self, name: &str) -> Node {
        let key = pem::to_base64(self.client.key.expose());
        Node::map([
            ("name", Node::text(name)),
            (
                "user",
                Node::map([
                    (
                        "client-certificate-data",
                        Node::text(pem::to_base64(&self.client.certificate)),
                    ),
                    ("client-key-data", Node::text(key)),
                ]),
            ),
        ])
    }
}

fn context_entry(name: &str, cluster: &str, user: &str) -> Node {
    Node::map([
        (
            "context",
            Node::map([
                ("cluster", Node::text(cluster)),
                ("namespace", Node::text("default")),
                ("user", Node::text(user)),
            ]),
        ),
        ("name", Node::text(name)),
    ])
}

/// Puts our cluster into a person's file, whose text is `existing`; gives the new text and the
/// name of our context in it.
///
/// Entries of the same server and authority are replaced, so that renewing does not pile up
/// entries; a name taken by another cluster gets `-1`, `-2` and so on. Everything else stays, but
/// not its comments, and the current context changes only when there was none.
///
/// # Errors
/// When the existing text cannot be read: it is then better left alone.
pub fn merge_kubeconfig(existing: &str, ours: &Kubeconfig) -> Result<(String, String), PkiError> {
    let blank = || {
        Node::map([
            ("apiVersion", Node::text("v1")),
            ("kind", Node::text("Config")),
        ])
    };
    let mut root = yaml::read_one(existing)?.unwrap_or_else(blank);
    if !matches!(root.kind, Kind::Mapping(_)) {
        return Err(PkiError::Field {
            field: "the kubeconfig".to_owned(),
            line: root.line,
            reason: format!("a mapping is needed, not {}", root.what()),
        });
    }
    let authority = pem::to_base64(&ours.authority);
    let same_cluster = |item: &Node| {
        item.text_at(&["cluster", "server"]) == ours.server
            && item.text_at(&["cluster", "certificate-authority-data"]) == authority
    };
    let taken = |list: &str, name: &str| {
        let items = root.get(list).map(Node::items).unwrap_or_default();
        let found = items.iter().find(|item| item.text_at(&["name"]) == name);
        found.cloned()
    };
    // One suffix for all three entries, so that they are seen to belong together.
    let suffixed = free_name("", |suffix| {
        let cluster = format!("{}{suffix}", ours.cluster);
        match taken("clusters", &cluster) {
            Some(item) => same_cluster(&item),
            None => {
                let user = format!("admin@{cluster}");
                taken("users", &user).is_none() && taken("contexts", &user).is_none()
            }
        }
    });
    let cluster = format!("{}{suffixed}", ours.cluster);
    let user = format!("admin@{cluster}");
    // A namespace that the person chose there stays.
    let leads_there = taken("contexts", &user)
        .is_some_and(|item| item.text_at(&["context", "cluster"]) == cluster);
    put(&mut root, "clusters", ours.cluster_entry(&cluster));
    put(&mut root, "users", ours.user_entry(&user));
    if !leads_there {
        put(&mut root, "contexts", context_entry(&user, &cluster, &user));
    }
    if root.text_at(&["current-context"]).is_empty() {
        root.set("current-context", Node::text(&user));
    }
    Ok((yaml::emit(&root), user))
}

/// What a person's file says of one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubeconfigEntry {
    /// The context's name.
    pub context: String,
    /// The API server's address.
    pub server: String,
    /// Its authorities, PEM; empty when they are elsewhere.
    pub authority: String,
    /// The client's certificate, PEM; empty when it is elsewhere.
    pub certificate: String,
}

/// What a person's file says, as far as certificates go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KubeconfigFile {
    /// The context in use; empty when there is none.
    pub current: String,
    /// Its contexts.
    pub entries: Vec<KubeconfigEntry>,
}

impl KubeconfigFile {
    /// Reads a file. Contexts without certificates in the file are listed without.
    ///
    /// # Errors
    /// When it is no YAML.
    pub fn parse(text: &str) -> Result<Self, PkiError> {
        let root = yaml::read_one(text)?.unwrap_or_else(Node::empty_map);
        let items = |list: &str| root.get(list).map(Node::items).unwrap_or_default();
        let named = |list: &str, name: &str| {
            let found = items(list)
                .iter()
                .find(|item| item.text_at(&["name"]) == name);
            found.cloned().unwrap_or_else(Node::empty_map)
        };
        // What is no base64 is no certificate of ours.
        let pem = |text: &str| pem::from_base64(text).unwrap_or_default();
        let entries = items("contexts").iter().map(|item| {
            let cluster = named("clusters", item.text_at(&["context", "cluster"]));
            let user = named("users", item.text_at(&["context", "user"]));
            KubeconfigEntry {
                context: item.text_at(&["name"]).to_owned(),
                server: cluster.text_at(&["cluster", "server"]).to_owned(),
                authority: pem(cluster.text_at(&["cluster", "certificate-authority-data"])),
                certificate: pem(user.text_at(&["user", "client-certificate-data"])),
            }
        });
        Ok(Self {
            current: root.text_at(&["current-context"]).to_owned(),
            entries: entries.collect(),
        })
    }
}

/// Puts a new certificate into the context of that name, whose server may have moved; everything
/// else the person set there stays. Where the context is another cluster's by now, or gone, ours is
/// added as [`merge_kubeconfig`] does.
///
/// # Errors
/// When the existing text cannot be read.
pub fn renew_kubeconfig(
    existing: &str,
    context: &str,
    ours: &Kubeconfig,
) -> Result<(String, String), PkiError> {
    let authority = pem::to_base64(&ours.authority);
    let Some(mut root) = yaml::read_one(existing)? else {
        return merge_kubeconfig(existing, ours);
    };
    let named = |root: &Node, list: &str, name: &str| {
        let items = root.get(list).map(Node::items).unwrap_or_default();
        items
            .iter()
            .find(|item| item.text_at(&["name"]) == name)
            .cloned()
    };
    let Some(there) = named(&root, "contexts", context) else {
        return merge_kubeconfig(existing, ours);
    };
    let cluster = named(&root, "clusters", there.text_at(&["context", "cluster"]));
    let Some(mut cluster) = cluster
        .filter(|cluster| cluster.text_at(&["cluster", "certificate-authority-data"]) == authority)
    else {
        return merge_kubeconfig(existing, ours);
    };
    if let Some(inner) = cluster.get_mut("cluster") {
        inner.set("server", Node::text(&ours.server));
    }
    put(&mut root, "clusters", cluster);
    put(
        &mut root,
        "users",
        ours.user_entry(there.text_at(&["context", "user"])),
    );
    Ok((yaml::emit(&root), context.to_owned()))
}

/// Replaces the item of that name in a list, or adds it.
fn put(root: &mut Node, list: &str, item: Node) {
    let mut items = root.get(list).map(Node::items).unwrap_or_default().to_vec();
    let name = item.text_at(&["name"]).to_owned();
    match items
        .iter_mut()
        .find(|other| other.text_at(&["name"]) == name)
    {
        Some(other) => *other = item,
        None => items.push(item),
    }
    root.set(list, Node::list(items));
}
