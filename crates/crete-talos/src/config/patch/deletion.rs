//! `$patch: delete`: on a key, on an element of a list, on a whole document.

use crate::Contract;
use crate::config::Configuration;
use crate::config::fault::{Fault, Faults};
use crate::config::schema::{MAIN, Record, Schema, Shape};
use crate::yaml::{Entry, Kind, Node};

const DIRECTIVE: &str = "$patch";

/// One step on the way to what is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    /// The element of a list whose key has this value; its place in the patch for messages.
    Element {
        index: usize,
        key: String,
        value: String,
    },
}

/// Something to delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deletion {
    api_version: String,
    kind: String,
    name: String,
    line: usize,
    /// Empty for the whole document.
    path: Vec<Step>,
}

/// Takes the deletions out of a patch; documents that held nothing else disappear.
pub(super) fn take(nodes: &mut Vec<Node>, contract: Contract) -> Result<Vec<Deletion>, Faults> {
    let mut deletions = Vec::new();
    let mut kept = Vec::new();
    for mut node in std::mem::take(nodes) {
        let about = Deletion {
            api_version: node.text_at(&["apiVersion"]).to_owned(),
            kind: node.text_at(&["kind"]).to_owned(),
            name: match node.get("kind") {
                Some(_) => node.text_at(&["name"]).to_owned(),
                None => String::new(),
            },
            line: node.line,
            path: Vec::new(),
        };
        if is_deleted(&node) {
            about.whole(contract)?;
            deletions.push(about);
            continue;
        }
        let before = deletions.len();
        collect(&mut node, &about, &mut Vec::new(), &mut deletions);
        let identity = ["apiVersion", "kind", "name"];
        let rest = |entry: &Entry| !identity.contains(&entry.key.as_str());
        let emptied = deletions.len() > before && !node.entries().iter().any(rest);
        if !emptied {
            kept.push(node);
        }
    }
    *nodes = kept;
    Ok(deletions)
}

fn is_deleted(node: &Node) -> bool {
    node.text_at(&[DIRECTIVE]) == "delete"
}

fn collect(node: &mut Node, about: &Deletion, path: &mut Vec<Step>, found: &mut Vec<Deletion>) {
    match &mut node.kind {
        Kind::Scalar { .. } => {}
        Kind::Mapping(entries) => entries.retain_mut(|entry| {
            path.push(Step::Key(entry.key.clone()));
            let keep = if is_deleted(&entry.value) {
                found.push(about.at(path));
                false
            } else {
                let had = !is_empty(&entry.value);
                collect(&mut entry.value, about, path, found);
                !(had && is_empty(&entry.value))
            };
            path.pop();
            keep
        }),
        Kind::Sequence(items) => {
            let mut index = 0;
            items.retain_mut(|item| {
                let selector = selector(item);
                path.push(Step::Element {
                    index,
                    key: selector.0,
                    value: selector.1,
                });
                let keep = if is_deleted(item) {
                    found.push(about.at(path));
                    false
                } else {
                    let before = found.len();
                    collect(item, about, path, found);
                    // What is left of an element that only led to a deletion is its selector.
                    found.len() == before || item.entries().len() > 1
                };
                path.pop();
                // Talos counts on while it takes elements out.
                index += usize::from(keep);
                keep
            });
        }
    }
}

fn is_empty(node: &Node) -> bool {
    match &node.kind {
        Kind::Mapping(entries) => entries.is_empty(),
        Kind::Sequence(items) => items.is_empty(),
        Kind::Scalar { .. } => false,
    }
}

/// The first key of an element that says which one it is.
fn selector(item: &Node) -> (String, String) {
    let entries = item.entries().iter();
    let found = entries
        .filter(|entry| entry.key != DIRECTIVE)
        .find_map(|entry| Some((entry.key.clone(), entry.value.as_text()?.to_owned())));
    found.unwrap_or_default()
}

impl Deletion {
    fn at(&self, path: &[Step]) -> Self {
        Self {
            path: path.to_vec(),
            ..self.clone()
        }
    }

    /// A whole document can go, but not the main one.
    fn whole(&self, contract: Contract) -> Result<(), Faults> {
        let missing = match (self.api_version.is_empty(), self.kind.is_empty()) {
            (true, _) => "apiVersion",
            (_, true) => "kind",
            _ => return Ok(()),
        };
        let mut text = format!("missing {missing} in document for which $patch: delete is used");
        if contract >= Contract::V1_12 {
            let line = self.line;
            text = format!("error processing patch delete statements at line {line}: {text}");
        }
        Err(Faults::one(Fault::new(DIRECTIVE, self.line, text)))
    }

    /// A document that is not there is passed over, as 1.14 does: before, Talos wrote the deletion
    /// itself into the configuration, which then could not be read.
    pub(super) fn apply(
        &self,
        configuration: &mut Configuration,
        schema: &Schema,
    ) -> Result<(), Faults> {
        let is_it = |document: &crate::config::Document| {
            document.kind() == self.kind
                && document.api_version() == self.api_version
                && document.name() == self.name
        };
        if self.path.is_empty() {
            configuration.documents.retain(|document| !is_it(document));
            return Ok(());
        }
        let Some(document) = configuration.documents.iter_mut().find(|d| is_it(d)) else {
            return Ok(());
        };
        let type_name = match document.is_main() {
            true => MAIN,
            false => schema.kind(&self.kind).unwrap_or_default(),
        };
        let shape = Shape::Record(type_name.to_owned());
        remove(&mut document.node, &self.path, &shape, schema).map_err(|reason| {
            let path = self.written();
            let place = match (self.kind.as_str(), self.name.as_str()) {
                ("", _) => "/v1alpha1".to_owned(),
                (kind, "") => format!("{}/{kind}", self.api_version),
                (kind, name) => format!("{}/{kind}/{name}", self.api_version),
            };
            let text = format!(
                "patch delete: path '{path}' in document '{place}': failed to delete path '{path}': {reason}"
            );
            Faults::one(Fault::new(path, self.line, text))
        })
    }

    fn written(&self) -> String {
        let steps = self.path.iter().map(|step| match step {
            Step::Key(key) => key.clone(),
            Step::Element { index, .. } => format!("[{index}]"),
        });
        steps.collect::<Vec<_>>().join(".")
    }
}

/// What Talos says when there is nothing at a path.
const LOST: &str = "lookup failed";

fn remove(
    node: &mut Node,
    path: &[Step],
    shape: &Shape,
    schema: &Schema,
) -> Result<(), &'static str> {
    let Some((step, rest)) = path.split_first() else {
        return Ok(());
    };
    match step {
        Step::Key(key) => {
            let (next, pointer) = match shape {
                // Certificates and keys read themselves: Talos finds nothing inside of them.
                Shape::Record(name) if schema.record(name).is_some_and(Record::is_pem) => None,
                Shape::Record(name) => schema
                    .record(name)
                    .and_then(|record| record.keys.get(key))
                    .map(|field| (&field.shape, field.go.starts_with('*'))),
                // What no map holds cannot be taken from it.
                Shape::Map(value) => node.get(key).map(|_| (value.as_ref(), true)),
                Shape::Free => node.get(key).map(|_| (shape, true)),
                _ => None,
            }
            .ok_or(LOST)?;
            if rest.is_empty() {
                node.remove(key);
                return Ok(());
            }
            match node.get_mut(key) {
                Some(inner) => remove(inner, rest, next, schema),
                // Nothing is found behind a pointer to nothing.
                None if pointer => Err(LOST),
                None => remove(&mut Node::empty_map(), rest, next, schema),
            }
        }
        Step::Element { key, value, .. } => {
            if !rest.is_empty() {
                return Err("searching for complex paths in slices is not supported");
            }
            let Kind::Sequence(items) = &mut node.kind else {
                return Err(LOST);
            };
            let before = items.len();
            items.retain(|item| item.text_at(&[key.as_str()]) != value);
            match items.len() == before {
                true => Err(LOST),
                false => Ok(()),
            }
        }
    }
}
