//! Strict reading: every document of a known kind, every key known, every value of its type.

use super::fault::{Fault, Faults, What};
use super::formats;
use super::schema::{Format, MAIN, Record, Schema, Shape};
use super::settle::settle;
use super::{Configuration, Document};
use crate::Contract;
use crate::pki::base64_problem;
use crate::yaml::{self, Entry, Kind, Node, Plain, YamlError, resolve};

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

impl Configuration {
    /// Reads a configuration as Talos of a version does.
    ///
    /// # Errors
    /// Everything that this version would refuse to read.
    pub fn read(text: &str, contract: Contract) -> Result<Self, Faults> {
        let nodes = yaml::read(text).map_err(|error| not_yaml(&error))?;
        let configuration = documents_of(nodes, contract, false)?;
        if configuration.documents.is_empty() {
            let text = match text.trim().is_empty() || contract >= Contract::V1_12 {
                true => "config not found",
                false => "recovered: expected a mapping node",
            };
            return Err(Faults::one(Fault::new("", 0, text)));
        }
        configuration.check_conflicts()?;
        Ok(configuration)
    }

    /// Refuses documents that contradict each other by their names alone.
    pub(super) fn check_conflicts(&self) -> Result<(), Faults> {
        for (index, one) in self.documents.iter().enumerate() {
            let conflict = self.documents[..index].iter().find(|other| {
                LINKS.contains(&one.kind())
                    && LINKS.contains(&other.kind())
                    && one.name() == other.name()
                    && one.kind() != other.kind()
            });
            if let Some(other) = conflict {
                let text = format!(
                    "conflicting documents: {} and {}",
                    other.label(true),
                    one.label(true)
                );
                return Err(Faults::one(Fault::new("name", one.node.line, text)));
            }
        }
        Ok(())
    }
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
    for node in nodes {
        let document = document(node, contract)?;
        let identity = document.identity();
        let twice = |other: &Document| other.identity() == identity;
        if !twice_allowed && configuration.documents.iter().any(twice) {
            let line = document.node.line;
            let mut text = format!("duplicate document {identity} is not allowed");
            if contract >= Contract::V1_12 {
                text = format!("{text} (line {line})");
            }
            return Err(Faults::one(Fault::new("", line, text)));
        }
        configuration.documents.push(document);
    }
    Ok(configuration)
}

fn document(node: Node, contract: Contract) -> Result<Document, Faults> {
    let line = node.line;
    if !matches!(node.kind, Kind::Mapping(_)) {
        let text = match contract >= Contract::V1_12 {
            true => format!("expected a YAML document at line {line}"),
            false => "recovered: expected a mapping node".to_owned(),
        };
        return Err(Faults::one(Fault::new("", line, text)));
    }
    let mut document = Document { node };
    let about = About {
        contract,
        identity: document.identity(),
        label: document.label(!document.name().is_empty()),
        line,
    };
    let schema = Schema::of(contract);
    let type_name = if document.is_main() {
        let known = ["version", "debug", "persist", "machine", "cluster"];
        let has = |key: &&str| document.node.entries().iter().any(|e| e.key == **key);
        if !known.iter().any(has) {
            return Err(about.fault("", line, "missing kind"));
        }
        MAIN
    } else {
        if document.api_version().is_empty() {
            return Err(about.fault("apiVersion", line, "missing apiVersion"));
        }
        let registered = schema.kind(document.kind());
        match registered.filter(|_| document.api_version() == "v1alpha1") {
            Some(name) => name,
            None => {
                let text = format!(
                    "{:?} {:?}: not registered",
                    document.kind(),
                    document.api_version()
                );
                let mut faults = about.fault("kind", document.kind_line(), &text);
                faults.0[0].what = What::UnknownKind;
                return Err(faults);
            }
        }
    };
    let mut check = Check {
        schema,
        contract,
        faults: Vec::new(),
    };
    let unknown = check.record(&document.node, type_name, "");
    if !check.faults.is_empty() {
        let kind = document.kind();
        let faults = check.faults.into_iter();
        let worded = faults.map(|fault| about.mistyped(kind, type_name, fault));
        return Err(Faults(worded.collect()));
    }
    if let Some(unknown) = unknown {
        return Err(about.unknown_keys(&unknown, &document));
    }
    let shape = Shape::Record(type_name.to_owned());
    settle(&mut document.node, &shape, schema);
    Ok(document)
}

/// The document that a refusal is about.
struct About {
    contract: Contract,
    identity: String,
    label: String,
    line: usize,
}

impl About {
    fn worded(&self, text: &str) -> String {
        match self.contract >= Contract::V1_12 {
            true => format!(
                "error decoding document {} (line {}): {text}",
                self.identity, self.line
            ),
            false => text.to_owned(),
        }
    }

    fn fault(&self, path: &str, line: usize, text: &str) -> Faults {
        let fault = Fault::new(path, line, text).worded(self.worded(text));
        Faults::one(self.labelled(fault))
    }

    fn labelled(&self, mut fault: Fault) -> Fault {
        fault.document.clone_from(&self.label);
        fault
    }

    /// A value of a wrong type, as the YAML reader of each version says it.
    fn mistyped(&self, kind: &str, type_name: &str, fault: Fault) -> Fault {
        let reason = fault.talos.as_str();
        let line = fault.line;
        if reason.starts_with("null value") {
            let text = self.worded(&format!("{reason} (line {line})"));
            return self.labelled(fault.clone().worded(text));
        }
        let said = match self.contract {
            Contract::V1_10 | Contract::V1_11 if !reason.starts_with("cannot") => reason.to_owned(),
            Contract::V1_10 | Contract::V1_11 | Contract::V1_12 => {
                format!("yaml: unmarshal errors:\n  line {line}: {reason}")
            }
            Contract::V1_13 => format!("yaml: construct errors:\n  line {line}: {reason}"),
            Contract::V1_14 => format!("yaml: construct errors: line {line}: {reason}"),
        };
        let text = self.worded(&format!("error decoding {kind} to *{type_name}: {said}"));
        self.labelled(fault.clone().worded(text))
    }

    fn unknown_keys(&self, unknown: &Node, document: &Document) -> Faults {
        let text = format!(
            "unknown keys found during decoding:\n{}",
            yaml::emit(unknown)
        );
        let text = self.worded(&text);
        let mut places = Vec::new();
        leaves(unknown, &document.node, "", &mut places);
        let reason = format!("there is no such key in Talos {}", self.contract);
        let faults = places.into_iter().map(|(path, line)| {
            let fault = Fault::new(path, line, reason.clone());
            self.labelled(fault.of(What::UnknownKey).worded(text.clone()))
        });
        Faults(faults.collect())
    }
}

/// The places of unknown keys: where the tree of them leaves the document's known part.
fn leaves(unknown: &Node, whole: &Node, path: &str, places: &mut Vec<(String, usize)>) {
    match &unknown.kind {
        Kind::Mapping(entries) if unknown.line == 0 => {
            for Entry { key, value, .. } in entries {
                let path = join(path, key);
                let inner = whole.get(key).unwrap_or(value);
                leaves(value, inner, &path, places);
            }
        }
        Kind::Sequence(items) if unknown.line == 0 => {
            for item in items {
                leaves(item, whole, &format!("{path}[]"), places);
            }
        }
        _ => places.push((path.to_owned(), unknown.line)),
    }
}

pub(super) fn join(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}

/// Walks values beside their shapes.
struct Check {
    schema: &'static Schema,
    contract: Contract,
    faults: Vec<Fault>,
}

impl Check {
    /// Checks a mapping of a known type; gives its unknown keys as a tree of made nodes down to
    /// values that were read.
    fn record(&mut self, node: &Node, name: &str, path: &str) -> Option<Node> {
        // A type without keys is one that reads itself: a web address written as text.
        let record = self.schema.record(name)?;
        if record.keys.is_empty() && !matches!(node.kind, Kind::Mapping(_)) {
            return None;
        }
        let Kind::Mapping(entries) = &node.kind else {
            if !node.is_null() {
                self.mismatch(node, path, name);
            }
            return None;
        };
        let mut unknown = Node::empty_map();
        for entry in entries {
            let path = join(path, &entry.key);
            let tree = self.entry(entry, record, name, &path);
            if let Some(tree) = tree {
                unknown.set(&entry.key, tree);
            }
        }
        sorted(unknown)
    }

    fn entry(&mut self, entry: &Entry, record: &Record, name: &str, path: &str) -> Option<Node> {
        match record.keys.get(&entry.key) {
            Some(shape) => self.shape(&entry.value, shape, path),
            // Kinds name themselves; their tables leave these two out here and there.
            None if name != MAIN && matches!(entry.key.as_str(), "kind" | "apiVersion") => None,
            None => Some(Node {
                line: entry.line.max(1),
                ..entry.value.clone()
            }),
        }
    }

    fn shape(&mut self, node: &Node, shape: &Shape, path: &str) -> Option<Node> {
        if node.is_null() {
            return None;
        }
        match shape {
            Shape::Free => None,
            Shape::Record(name) => self.record(node, name, path),
            Shape::List(item) => self.list(node, item, path),
            Shape::Map(value) => self.map(node, value, path),
            Shape::Boolean => {
                if node.as_bool().is_none() {
                    self.mismatch(node, path, "bool");
                }
                None
            }
            Shape::Integer => {
                if node.as_integer().is_none() {
                    self.mismatch(node, path, "int");
                }
                None
            }
            Shape::Text(format) => {
                self.text(node, format, path);
                None
            }
            Shape::ScalarOrList => {
                if matches!(node.kind, Kind::Mapping(_)) {
                    self.mismatch(node, path, "string");
                }
                None
            }
        }
    }

    fn list(&mut self, node: &Node, item: &Shape, path: &str) -> Option<Node> {
        let Kind::Sequence(items) = &node.kind else {
            self.mismatch(node, path, &go_type(&Shape::List(Box::new(item.clone()))));
            return None;
        };
        let mut unknown = Vec::new();
        for (index, value) in items.iter().enumerate() {
            let path = format!("{path}[{index}]");
            if value.is_null() && matches!(item, Shape::Record(_) | Shape::Free) {
                self.null(value, &path);
            }
            unknown.extend(self.shape(value, item, &path));
        }
        (!unknown.is_empty()).then(|| Node::list(unknown))
    }

    fn map(&mut self, node: &Node, shape: &Shape, path: &str) -> Option<Node> {
        let Kind::Mapping(entries) = &node.kind else {
            self.mismatch(node, path, &go_type(&Shape::Map(Box::new(shape.clone()))));
            return None;
        };
        let mut unknown = Node::empty_map();
        for Entry { key, value, .. } in entries {
            let path = join(path, key);
            if value.is_null() && matches!(shape, Shape::Record(_)) {
                self.null(value, &path);
            }
            if let Some(tree) = self.shape(value, shape, &path) {
                unknown.set(key, tree);
            }
        }
        sorted(unknown)
    }

    fn text(&mut self, node: &Node, format: &Format, path: &str) {
        let Some(text) = node.as_text() else {
            let target = if *format == Format::Duration {
                "time.Duration"
            } else {
                "string"
            };
            self.mismatch(node, path, target);
            return;
        };
        let problem = match format {
            Format::Any | Format::Usual(_) => None,
            Format::OneOf(options) => (!options.iter().any(|option| option == text))
                .then(|| format!("{text:?} is none of {}", options.join(", "))),
            Format::Prefix => formats::prefix(text).err(),
            Format::Address => formats::address(text).err(),
            Format::Url => formats::url(text).err(),
            Format::Size => formats::size(text).err(),
            Format::SizeMatch => formats::size_match(text).err(),
            Format::Base64 => base64_problem(text),
            Format::Duration => {
                if !formats::is_duration(text) {
                    self.mismatch(node, path, "time.Duration");
                }
                None
            }
        };
        if let Some(problem) = problem {
            let fault = Fault::new(path, node.line, problem);
            self.faults.push(fault.of(What::WrongValue));
        }
    }

    fn null(&mut self, node: &Node, path: &str) {
        if self.contract >= Contract::V1_14 {
            let text = format!("null value is not allowed at {path:?}");
            self.faults.push(Fault::new(path, node.line, text));
        }
    }

    fn mismatch(&mut self, node: &Node, path: &str, target: &str) {
        let verb = match self.contract >= Contract::V1_13 {
            true => "construct",
            false => "unmarshal",
        };
        let what = match &node.kind {
            Kind::Sequence(_) => "!!seq".to_owned(),
            Kind::Mapping(_) => "!!map".to_owned(),
            Kind::Scalar { text, plain } => {
                let tag = match (plain, resolve(text)) {
                    (true, Plain::Bool) => "!!bool",
                    (true, Plain::Integer(_)) => "!!int",
                    (true, Plain::Float) => "!!float",
                    (true, Plain::Timestamp) => "!!timestamp",
                    _ => "!!str",
                };
                let short: String = match text.chars().count() {
                    0..=10 => text.clone(),
                    _ => format!("{}...", text.chars().take(7).collect::<String>()),
                };
                format!("{tag} `{short}`")
            }
        };
        let fault = Fault::new(path, node.line, wanted(node, target)).of(What::WrongValue);
        let fault = fault.worded(format!("cannot {verb} {what} into {target}"));
        self.faults.push(fault);
    }
}

/// The plain sentence for a value of a wrong type.
fn wanted(node: &Node, target: &str) -> String {
    let needed = match target {
        "bool" => "true or false",
        "int" => "a whole number",
        "string" => "text",
        "time.Duration" => "a duration such as 10m or 1h30m",
        _ if target.starts_with("[]") => "a list",
        _ => "a mapping",
    };
    format!("{needed} is needed, not {}", node.what())
}

/// The name of the Go type behind a shape, which Talos' texts show.
fn go_type(shape: &Shape) -> String {
    match shape {
        Shape::Free | Shape::ScalarOrList => "interface {}".to_owned(),
        Shape::Text(Format::Duration) => "time.Duration".to_owned(),
        Shape::Text(_) => "string".to_owned(),
        Shape::Integer => "int".to_owned(),
        Shape::Boolean => "bool".to_owned(),
        Shape::Record(name) => name.clone(),
        Shape::List(item) => format!("[]{}", go_type(item)),
        Shape::Map(value) => format!("map[string]{}", go_type(value)),
    }
}

/// A tree with its keys in order, or nothing.
fn sorted(mut node: Node) -> Option<Node> {
    let Kind::Mapping(entries) = &mut node.kind else {
        return None;
    };
    if entries.is_empty() {
        return None;
    }
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    Some(node)
}
