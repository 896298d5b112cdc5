//! The file with which `talosctl`, and people, reach a cluster.

use super::{ClientCertificate, PkiError, Secret, pem};
use crate::yaml::{self, Entry, Kind, Node};

/// A `talosconfig` that can be read, made and merged into a person's own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Talosconfig {
    /// The context in use.
    pub context: String,
    /// Contexts by name, in written order.
    pub contexts: Vec<(String, TalosconfigContext)>,
}

/// How to reach one cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TalosconfigContext {
    /// Hosts, each with or without a port.
    pub endpoints: Vec<String>,
    /// The nodes a command means when it names none.
    pub nodes: Vec<String>,
    /// The Talos API's authority, PEM.
    pub ca: String,
    /// The client's certificate, PEM.
    pub crt: String,
    /// Its key, PEM.
    pub key: Secret,
}

impl Talosconfig {
    /// The file for one cluster.
    #[must_use]
    pub fn new(
        cluster: &str,
        endpoints: &[String],
        authority_pem: &str,
        client: &ClientCertificate,
    ) -> Self {
        let context = TalosconfigContext {
            endpoints: endpoints.to_vec(),
            nodes: Vec::new(),
            ca: authority_pem.to_owned(),
            crt: client.certificate.clone(),
            key: client.key.clone(),
        };
        Self {
            context: cluster.to_owned(),
            contexts: vec![(cluster.to_owned(), context)],
        }
    }

    /// Reads a file. Contexts of other kinds of access (Omni) are passed over.
    ///
    /// # Errors
    /// When it is no YAML, or holds something that is not base64 where a certificate should be.
    pub fn parse(text: &str) -> Result<Self, PkiError> {
        let root = yaml::read_one(text)?.unwrap_or_else(Node::empty_map);
        let mut contexts = Vec::new();
        for Entry { key, value, .. } in root.get("contexts").map(Node::entries).unwrap_or_default()
        {
            let list = |name: &str| -> Vec<String> {
                let items = value.get(name).map(Node::items).unwrap_or_default();
                items
                    .iter()
                    .filter_map(Node::as_text)
                    .map(str::to_owned)
                    .collect()
            };
            let pem = |name: &str| {
                pem::from_base64(value.text_at(&[name])).map_err(|reason| PkiError::Field {
                    field: format!("contexts.{key}.{name}"),
                    line: value.get(name).map_or(value.line, |node| node.line),
                    reason,
                })
            };
            let mut endpoints = list("endpoints");
            // The one endpoint of very old files.
            endpoints.extend(
                value
                    .get("target")
                    .and_then(Node::as_text)
                    .map(str::to_owned),
            );
            let context = TalosconfigContext {
                endpoints,
                nodes: list("nodes"),
                ca: pem("ca")?,
                crt: pem("crt")?,
                key: Secret::new(pem("key")?),
            };
            contexts.push((key.clone(), context));
        }
        Ok(Self {
            context: root.text_at(&["context"]).to_owned(),
            contexts,
        })
    }

    /// Writes the file in Talos' own form.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        yaml::emit(&self.node())
    }

    fn node(&self) -> Node {
        let mut contexts = Node::empty_map();
        for (name, context) in &self.contexts {
            let mut node = Node::map([("endpoints", Node::texts(&context.endpoints))]);
            if !context.nodes.is_empty() {
                node.set("nodes", Node::texts(&context.nodes));
            }
            node.set("ca", Node::text(pem::to_base64(&context.ca)));
            node.set("crt", Node::text(pem::to_base64(&context.crt)));
            node.set("key", Node::text(pem::to_base64(context.key.expose())));
            contexts.set(name, node);
        }
        Node::map([
            ("context", Node::text(&self.context)),
            ("contexts", contexts),
        ])
    }
}

/// Puts our contexts into a person's file, whose text is `existing`; gives the new text and the
/// names under which ours are in it.
///
/// A context that says the same is left alone; a name that is taken gets `-1`, `-2` and so on, as
/// `talosctl` does. Everything else in the file stays, but not its comments. The file's current
/// context changes only when it had none.
///
/// # Errors
/// When the existing text cannot be read: it is then better left alone.
pub fn merge_talosconfig(
    existing: &str,
    ours: &Talosconfig,
) -> Result<(String, Vec<String>), PkiError> {
    let mut root = yaml::read_one(existing)?.unwrap_or_else(Node::empty_map);
    if !matches!(root.kind, Kind::Mapping(_)) {
        return Err(PkiError::Field {
            field: "the talosconfig".to_owned(),
            line: root.line,
            reason: format!("a mapping is needed, not {}", root.what()),
        });
    }
    let mut contexts = root
        .get("contexts")
        .cloned()
        .unwrap_or_else(Node::empty_map);
    let mut names = Vec::new();
    for entry in ours
        .node()
        .get("contexts")
        .map(Node::entries)
        .unwrap_or_default()
    {
        let name = free_name(&entry.key, |name| match contexts.get(name) {
            None => true,
            Some(there) => says_the_same(there, &entry.value),
        });
        contexts.set(&name, entry.value.clone());
        names.push(name);
    }
    root.set("contexts", contexts);
    if root.text_at(&["context"]).is_empty()
        && let Some(first) = names.first()
    {
        root.set("context", Node::text(first));
    }
    Ok((yaml::emit(&root), names))
}

/// Puts a new certificate into the context of that name; endpoints, nodes and all else that the
/// person set there stay. Where the context is another cluster's by now, or gone, ours is added as
/// [`merge_talosconfig`] does.
///
/// # Errors
/// When the existing text cannot be read.
pub fn renew_talosconfig(
    existing: &str,
    name: &str,
    ours: &Talosconfig,
) -> Result<(String, Vec<String>), PkiError> {
    let mut root = yaml::read_one(existing)?.unwrap_or_else(Node::empty_map);
    let fresh = ours.node();
    let fresh = fresh.get("contexts").map(Node::entries).unwrap_or_default();
    let (Some(there), [fresh]) = (
        root.get_mut("contexts")
            .and_then(|contexts| contexts.get_mut(name)),
        fresh,
    ) else {
        return merge_talosconfig(existing, ours);
    };
    if there.text_at(&["ca"]) != fresh.value.text_at(&["ca"]) {
        return merge_talosconfig(existing, ours);
    }
    for key in ["crt", "key"] {
        there.set(key, Node::text(fresh.value.text_at(&[key])));
    }
    Ok((yaml::emit(&root), vec![name.to_owned()]))
}

/// Equal as far as a reader is concerned: quotes do not count.
fn says_the_same(a: &Node, b: &Node) -> bool {
    yaml::emit(a) == yaml::emit(b)
}

/// The name itself, or the first of `name-1`, `name-2` and so on that is free.
pub(super) fn free_name(name: &str, free: impl Fn(&str) -> bool) -> String {
    if free(name) {
        return name.to_owned();
    }
    (1..)
        .map(|number: u32| format!("{name}-{number}"))
        .find(|name| free(name))
        .unwrap_or_default()
}
