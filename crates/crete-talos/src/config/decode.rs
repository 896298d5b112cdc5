//! Strict reading: every document of a known kind, every key known, every value of its type.

mod about;
mod check;
mod scalar;
mod words;

use super::fault::{Fault, Faults, What};
use super::schema::{MAIN, Schema, Shape};
use super::settle::settle;
use super::{Configuration, Document};
use crate::Contract;
use crate::yaml::{self, Kind, Node, YamlError};
use about::About;
use check::Check;
pub(super) use scalar::whole;

/// Kinds that describe a link: two of one name contradict each other.
const LINKS: &[&str] = &[
    "LinkConfig",
    "BondConfig",
    "BridgeConfig",
    "VLANConfig",
    "DummyLinkConfig",
    "WireguardConfig",
    "VethConfig",
    "VRFConfig",
];

/// Other kinds that contradict each other by their names.
const PAIRS: &[(&str, &str)] = &[
    ("UserVolumeConfig", "ExistingVolumeConfig"),
    ("Layer2VIPConfig", "HCloudVIPConfig"),
];

impl Configuration {
    /// Reads a configuration as Talos of a version does.
    ///
    /// # Errors
    /// Everything that this version would refuse to read.
    pub fn read(text: &str, contract: Contract) -> Result<Self, Faults> {
        let (mut nodes, broken) = yaml::read_all(text);
        let alone = nodes.iter().all(Node::is_null);
        // Before 1.12 a document without content was no document.
        if contract >= Contract::V1_12 || alone {
            nodes.retain(|node| !node.is_null());
        }
        let configuration = documents_of(nodes, contract, false)?;
        // Talos reads one document after the other.
        if let Some(error) = broken {
            return Err(not_yaml(&error));
        }
        if configuration.documents.is_empty() {
            let text = match text.trim().is_empty() || contract >= Contract::V1_12 {
                true => "config not found",
                false => "recovered: expected a mapping node",
            };
            return Err(Faults::one(Fault::new("", 0, text)));
        }
        configuration.check_conflicts(contract)?;
        Ok(configuration)
    }

    /// Refuses documents that contradict each other by their names alone.
    pub(super) fn check_conflicts(&self, contract: Contract) -> Result<(), Faults> {
        let schema = Schema::of(contract);
        let label = |one: &Document| match schema.is_named(one.kind()) {
            true => format!("{}/{}", one.kind(), one.name()),
            false => format!("{}/", one.kind()),
        };
        let mut links: Vec<(&str, String)> = Vec::new();
        for (index, one) in self.documents.iter().enumerate() {
            if one.is_main() {
                continue;
            }
            let before = self.documents[..index].iter();
            let before = before.filter(|other| !other.is_main());
            let mut same = before.clone().filter(|other| label(other) == label(one));
            if same.next().is_some() {
                let text = format!("duplicate document: {}", label(one));
                return Err(Faults::one(Fault::new("name", one.node.line, text)));
            }
            let mut contrary = before.filter(|other| contradict(other, one));
            if let Some(other) = contrary.next() {
                let text = format!("conflicting documents: {} and {}", label(other), label(one));
                return Err(Faults::one(Fault::new("name", one.node.line, text)));
            }
            if contract < Contract::V1_14 || !LINKS.contains(&one.kind()) {
                continue;
            }
            let peer = one.node.text_at(&["peer", "name"]);
            let peer = (one.kind() == "VethConfig").then_some(peer);
            for name in [Some(one.name()), peer].into_iter().flatten() {
                if let Some((_, owner)) = links.iter().find(|(known, _)| *known == name) {
                    let text = format!(
                        "conflicting link configurations: {owner} and {} both configure {name:?}",
                        label(one)
                    );
                    return Err(Faults::one(Fault::new("name", one.node.line, text)));
                }
                links.push((name, label(one)));
            }
        }
        Ok(())
    }
}

fn contradict(one: &Document, other: &Document) -> bool {
    let (a, b) = (one.kind(), other.kind());
    let pair = PAIRS.contains(&(a, b)) || PAIRS.contains(&(b, a));
    let links = LINKS.contains(&a) && LINKS.contains(&b) && a != b;
    (pair || links) && one.name() == other.name()
}

/// The fault of a text that is no YAML.
pub(super) fn not_yaml(error: &YamlError) -> Faults {
    let fault = Fault::new("", error.line, format!("not YAML: {}", error.reason));
    let fault = fault.of(What::Syntax);
    Faults::one(fault.worded(format!("decode error: yaml: {error}")))
}

/// Checks documents; in a patch, one may stand there twice where the version allows it.
pub(super) fn documents_of(
    nodes: Vec<Node>,
    contract: Contract,
    patch: bool,
) -> Result<Configuration, Faults> {
    let twice_allowed = patch && contract >= Contract::V1_14;
    let mut configuration = Configuration::default();
    let mut known = Vec::new();
    for node in nodes {
        let line = node.line;
        if !matches!(node.kind, Kind::Mapping(_)) {
            let text = match contract >= Contract::V1_12 {
                true => format!("expected a YAML document at line {line}"),
                false => "recovered: expected a mapping node".to_owned(),
            };
            return Err(Faults::one(Fault::new("", line, text)));
        }
        let identity = written_identity(&node);
        if !twice_allowed && known.contains(&identity) {
            let mut text = format!("duplicate document {identity} is not allowed");
            if contract >= Contract::V1_12 {
                text = format!("{text} (line {line})");
            }
            return Err(Faults::one(Fault::new("", line, text)));
        }
        configuration.documents.push(document(node, contract)?);
        known.push(identity);
    }
    let mut mains = configuration.documents.iter().filter(|one| one.is_main());
    if !twice_allowed && let Some(second) = mains.nth(1) {
        let fault = Fault::new("", second.node.line, "duplicate v1alpha1.Config");
        return Err(Faults::one(fault));
    }
    Ok(configuration)
}

/// What Talos takes for the same document while reading: a name counts in every kind.
fn written_identity(node: &Node) -> String {
    let text = |key| {
        let entry = node.entries().iter().find(|entry| entry.key == key);
        match entry.map(|entry| &entry.value.kind) {
            Some(Kind::Scalar { text, .. }) => text.as_str(),
            _ => "",
        }
    };
    let kind = match text("kind") {
        "" => "v1alpha1",
        kind => kind,
    };
    format!("{}/{kind}/{}", text("apiVersion"), text("name"))
}

fn document(node: Node, contract: Contract) -> Result<Document, Faults> {
    let line = node.line;
    let identity = written_identity(&node);
    let mut document = Document { node };
    let about = About {
        contract,
        identity,
        label: document.label(!document.name().is_empty()),
        line,
    };
    let schema = Schema::of(contract);
    let type_name = type_of(&document, schema, &about)?;
    let mut check = Check::new(schema, contract);
    let unknown = check.record(&document.node, type_name, "");
    if !check.problems.is_empty() {
        let kind = document.kind();
        return Err(about.mistyped(kind, type_name, check.problems));
    }
    if let Some(unknown) = unknown {
        return Err(about.unknown_keys(&unknown, &document));
    }
    if let Some(unfit) = check.unfit {
        return Err(about.fault(&unfit.path, unfit.line, &unfit.text));
    }
    if !check.nulls.is_empty() {
        return Err(about.nulls(check.nulls));
    }
    let shape = Shape::Record(type_name.to_owned());
    settle(&mut document.node, &shape, schema);
    Ok(document)
}

/// The type of a document, by its kind.
fn type_of(
    document: &Document,
    schema: &'static Schema,
    about: &About,
) -> Result<&'static str, Faults> {
    for entry in document.node.entries() {
        let what = match entry.key.as_str() {
            "kind" => "kind",
            "apiVersion" => "version",
            _ => continue,
        };
        let mut check = Check::new(schema, about.contract);
        if let Some(problem) = check.plain_text(&entry.value, &entry.key) {
            return Err(about.no_text(what, problem));
        }
    }
    let has = |key: &str| document.node.entries().iter().any(|entry| entry.key == key);
    let old = ["machine", "cluster", "debug", "persist"]
        .into_iter()
        .any(has);
    // The last word about the version counts.
    let last = document
        .node
        .entries()
        .iter()
        .rev()
        .find_map(|entry| match entry.key.as_str() {
            "machine" | "cluster" | "debug" | "persist" => Some("v1alpha1"),
            "apiVersion" => Some(document.api_version()),
            _ => None,
        });
    let version = last.unwrap_or_default();
    if document.kind().is_empty() {
        return match version {
            "v1alpha1" => Ok(MAIN),
            _ => Err(about.fault("", document.node.line, "missing kind")),
        };
    }
    if version.is_empty() && !old && about.contract >= Contract::V1_12 {
        let line = document.node.line;
        return Err(about.fault("apiVersion", line, "missing apiVersion"));
    }
    let registered = schema.kind(document.kind());
    registered.filter(|_| version == "v1alpha1").ok_or_else(|| {
        let text = format!("{:?} {version:?}: not registered", document.kind());
        let mut faults = about.fault("kind", document.kind_line(), &text);
        faults.0[0].what = What::UnknownKind;
        faults
    })
}

pub(super) fn join(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}
